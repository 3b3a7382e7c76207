# %% [markdown]
# # Skip connections: what explodes, and what $\kappa$ does
#
# **Setting.** A first layer as in Eq. 1, then $z' = z + {}$ branch, with fresh weights in every branch: an activation
# and a weight layer, so that the stream $z$ is Gaussian; in Section 3 in the other order.  $\mathcal T$, $\dot{\mathcal
# T}$ are those of chapter `arcsine_kernel`; $l$ counts weight layers.
#
# | symbol | code | paper |
# |---|---|---|
# | $z' = z + \text{branch}(z)$ | `Residual([activation, Dense])`, `resnet(...)` | Section 6.5 |
# | $\mathcal K_{ab}$, $\Theta_{ab}$; on the diagonal $q_l$, $\Theta_{aa}$ | `Kernels.K`, `.Theta` | Eq. 2, Eq. 8 |
# | $\theta$, $c = \cos\theta$, the cosine of $\mathcal K_{ab}$; $f$, the right-hand side of (6.13) | – | – |
# | $g$, $\mu$: ReLU's growth and step; $s = \sigma_w^2 + \sigma_b^2$, $A$: erf's | – | – |
#
# **Goals.** Section 6.5: skip connections make "all entries of the NTK … diverge exponentially" and "do not alter the
# dynamics of $\kappa$".  Both, with constants, for ReLU; what holds of them if branches end in the activation; and for
# erf, tanh and other bounded activations, of which neither is true.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from sympy import Lambda, Matrix, Rational, asin, cos, diff, expand, log, pi, sin, solve, sqrt, symbols, tan

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, theta, mu, x, T, sigma_w, sigma_w2, s, A, A_q = symbols("q theta mu x T sigma_w sigma_w2 s A A_q", positive=True)
c, c_star, lam, psi, u, beta, E, y, h = symbols("c c_star lambda psi u beta E y h", positive=True)
sigma_b2 = sympy.Symbol("sigma_b2", nonnegative=True)
C, log_l, e, F, R, K0 = symbols("C log_l e F R K0", real=True)
m, l = symbols("m l", integer=True, positive=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the Laurent series of `expression` at 0."""
    expansion = expand(sympy.series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


# %% [markdown]
# ## 1. The kernels
#
# $$z'_a = z_a + \frac{\sigma_w}{\sqrt N}\sum_jW_{aj}\,\phi(z_j) + \sigma_bb_a. \tag{19.1}$$
# The new weights have mean 0, so stream and branch are uncorrelated, and $\partial z'_a/\partial z_i = \delta_{ai} +
# \sigma_wW_{ai}\phi'(z_i)/\sqrt N$.  Beside the terms of (4.2) the chain rule gives $\hat\Theta$ itself and, twice, a
# cross term $\frac{\sigma_w}{\sqrt N}W_{ab}\,\phi'(z_b)\Theta$, of mean 0 and variance $O(1/N)$.  At infinite width
# $$\mathcal K' = \mathcal K + \sigma_w^2\mathcal T + \sigma_b^2, \qquad
#   \Theta' = \Theta + \sigma_w^2\mathcal T + \sigma_b^2 + \sigma_w^2\dot{\mathcal T}\,\Theta: \tag{19.2}$$
# the kernels of the branch are added.  If the branch ends in an activation, so that $h' = h + \phi(z)$ with $z =
# \frac{\sigma_w}{\sqrt N}Wh$, the features have means.  $z_j$ depends on $h_j$ as little as on any other of the $N$
# units, and $\frac1N\sum_jh_j\phi(z_j') \to m_h\,m_\phi'$, the product of the means.  So $G = \frac1N\sum_jh_jh_j'$,
# and the features' own tangent kernel $\vartheta$, obey
# $$G' = G + \mathcal T + m_hm_\phi' + m_\phi m_h', \qquad m_h \to m_h + m_\phi, \qquad
#   \vartheta' = \vartheta + \dot{\mathcal T}\,(\mathcal K + \sigma_w^2\vartheta), \quad \mathcal K = \sigma_w^2G
#   \tag{19.3}$$
# ($\sigma_b = 0$).  $\vartheta$ has no such term: derivatives by different weights do not meet.

# %%
N = 2
W, M = Matrix(N, N, symbols("W:2:2")), Matrix(N, N, symbols("M:2:2"))  # M is Θ̂ of the stream
slopes = [Matrix.diag(*symbols(f"{name}:2")) for name in ("d", "e")]  # φ'(z_i) at x and at x'
J, J_x = (sympy.eye(N) + sigma_w / sqrt(N) * W * D for D in slopes)
below = (J * M * J_x.T).applyfunc(expand)


def mean_over_W(polynomial):
    """The mean over independent W of variance 1, at most two of them in a term."""
    terms = sympy.Poly(polynomial, *W).terms()
    return sum(number for powers, number in terms if all(power % 2 == 0 for power in powers))


for i in range(N):
    rest = sigma_w**2 / N * sum(slopes[0][j, j] * slopes[1][j, j] * M[j, j] for j in range(N))
    proved(mean_over_W(below[i, i]), M[i, i] + rest)
proved(mean_over_W(below[0, 1]), M[0, 1])
cross = (sigma_w / sqrt(N) * (W * slopes[0] * M + M * slopes[1] * W.T))[0, 0].subs({M[0, 1]: 0, M[1, 0]: 0})
proved(mean_over_W(expand(cross**2)), sigma_w**2 / N * M[0, 0] ** 2 * (slopes[0][0, 0] + slopes[1][0, 0]) ** 2)

# %% [markdown]
# ## 2. ReLU
#
# Let $\sigma_b^2 = 0$.  $\mathcal T$ is $\frac12\sqrt{q_1q_2}\,f$ and $\dot{\mathcal T} = \frac12(1 - \frac\theta\pi)$,
# so all norms grow by one factor.  By the steps that led to (10.11), for inputs of norms $n_a = \mathcal K^{(1)}_{aa}$,
# $$\mathcal K_{ab}^{(l)} = g^{l-1}\sqrt{n_an_b}\,\cos\theta_l, \quad
#   \Theta_{ab}^{(l)} = g^{l-1}\sqrt{n_an_b}\;t_l, \qquad
#   g = 1 + \frac{\sigma_w^2}2, \quad \mu = \frac{g - 1}g = \frac{\sigma_w^2}{2 + \sigma_w^2}, \tag{19.4}$$
# $$c_{l+1} = c_l + \mu\,(f(c_l) - c_l), \qquad t_{l+1} = \Big(1 - \frac{\mu\theta_l}\pi\Big)t_l + \mu f(c_l), \qquad
#   t_{aa} = T = 1 + \mu(l - 1), \tag{19.5}$$
# $t_1 = c_1$, all exactly.  $\mu = 1$ would be He's network; the skip connection shortens its steps, and $T$ is time.
# As in (10.3) to (10.8)
# $$\theta' = \theta - \alpha\theta^2 - \tfrac12\alpha^2\theta^3 - \dots, \quad \alpha = \frac\mu{3\pi}; \qquad
#   \frac1\theta = \frac T{3\pi} + \frac\mu{2\pi}\log T + C + O\Big(\frac{\log T}T\Big), \tag{19.6}$$
# $$t_{ab} = \frac{3\pi}{4\theta} - \frac\mu8 + O(\theta) = \frac T4 + \frac{3\mu}8\log T + \frac{3\pi}4C - \frac\mu8
#   + O\Big(\frac{\log T}T\Big), \tag{19.7}$$
# $$\kappa = \frac{m + 3}3 + \frac{2m}3\,\frac{\mu\log T + k}T + O\Big(\frac{\log^2T}{T^2}\Big), \qquad
#   k = 2\pi C - \frac\mu3, \tag{19.8}$$
# for one $C$ for all pairs and equal norms.  With (5.8), $P(\Theta) \to \frac1{m+3}\mathbf 1\mathbf 1^T$ and, if
# $\mathbf 1^Ty = 0$,
# $$\lim_{l\to\infty}T\,P(\Theta^{(l)})\,y = \pi\Big[C_{td}\,y - \frac1{m+3}\mathbf 1\mathbf 1^TC_{dd}\,y\Big].
#   \tag{19.9}$$
# So for ReLU both sentences are true, at every $\sigma_w^2$: entries grow like $g^ll$; $\kappa$ has He's limit and,
# since $\mu\log T/T \approx \log l/l$, even He's next term.  (It is not He's network at depth $T$: $\log T$ would lack
# the $\mu$.)  A bias, $\sigma_b^2 > 0$, multiplies $1 - \cos\theta$ by factors $1 - O(g^{-l})$ and adds $O(g^{-l})$ of
# its size to $\Theta$: this changes $C$ and $k$, and nothing else here.

# %%
f = cos(theta) + (sin(theta) - theta * cos(theta)) / pi  # (6.13)
g, t = 1 + sigma_w2 / 2, sympy.Symbol("t", real=True)
mu_of = proved((g - 1) / g, sigma_w2 / (2 + sigma_w2))
cosine_next = cos(theta) + mu * (f - cos(theta))
proved((cos(theta) + sigma_w2 / 2 * f) / g, cosine_next.subs(mu, mu_of))
t_next = (1 - mu * theta / pi) * t + mu * f
proved((t + sigma_w2 / 2 * f + sigma_w2 / 2 * (1 - theta / pi) * t) / g, t_next.subs(mu, mu_of))
proved(t_next.subs({t: 1 + mu * (l - 1), theta: 0}), 1 + mu * l)

alpha = mu / (3 * pi)
theta_next = (
    theta - alpha * theta**2 - alpha**2 / 2 * theta**3 - mu * (5 * mu**2 + 6 * pi**2) / (270 * pi**3) * theta**4
)
proved(coefficients(cos(theta_next) - cosine_next, theta, 0, 5), [0] * 6)
r, s1 = mu / (2 * pi), Rational(1, 15) + alpha**2  # Φ(v) = v − r log v + s₁/v of v = 1/θ, as in (9.5)
step_of_Phi = 1 / theta_next - 1 / theta + r * log(theta_next / theta) + s1 * (theta_next - theta)
proved(coefficients(step_of_Phi, theta, 0, 2), [alpha, 0, 0])
A1 = -(25 * mu**2 + 186 * pi**2) / (240 * pi)
curve = Lambda(theta, 3 * pi / (4 * theta) - mu / 8 + A1 * theta)
proved(coefficients(curve(theta_next) - t_next.subs(t, curve(theta)), theta, 0, 2), [0, 0, 0])
v = T / (3 * pi) + r * log(T) + C
C_of = 1 / theta + r * log(theta) + s1 * theta - T / (3 * pi) - r * log(3 * pi)
proved(sympy.limit(C_of.subs(theta, 1 / v) - C, T, sympy.oo), 0)
t_ab = proved(T / 4 + 3 * mu / 8 * log(T) + 3 * pi / 4 * C - mu / 8, 3 * pi / 4 * v - mu / 8)
kappa, kappa_next, k_of = (m + 3) / 3, 2 * m / 3, 2 * pi * C - mu / 3
off = t_ab.subs({log(T): log_l, T: 1 / x})  # x = 1/T; log T, which no power of x can imitate
ratio = sympy.cancel((1 / x + (m - 1) * off) / (1 / x - off))
proved(coefficients(ratio, x, 0, 1), [kappa, kappa_next * (mu * log_l + k_of)])
factor = sympy.limit(T * diff(t_ab, C) / (T - t_ab), T, sympy.oo)
mean = sympy.limit(t_ab / (T + (m - 1) * t_ab), T, sympy.oo)
proved([factor, mean], [pi, 1 / (m + 3)])

# %% [markdown]
# ## 3. ReLU, branches that end in the activation
#
# Now (19.3) with $m_\phi = \sqrt{q/2\pi}$, $q = \sigma_w^2G$.  Let $G_{aa} = n_l^2$, $m_h = u_ln_l$ and $\beta^2 =
# \sigma_w^2/2\pi$.  Then $m_\phi = \beta n$, $\sigma_w^2/2 = \pi\beta^2$, and the part $u$ of the mean in a feature
# tends to the positive root of the cubic, with the growth $\nu^2$ of $G$:
# $$2u^3 + \pi\beta u^2 - 2u - \beta = 0, \qquad \nu = 1 + \frac\beta u, \qquad
#   \nu^2 = 1 + \pi\beta^2 + 2u\beta. \tag{19.10}$$
# But the means are the same for all inputs.  In $G_{aa} - G_{ab} = n^2(1 - c)$ they cancel:
# $$1 - c' = \frac{(1 - c) + \pi\beta^2(1 - f(c))}{\nu^2}, \qquad
#   1 - c_l \sim E\,\zeta^l, \quad \zeta = \frac{1 + \pi\beta^2}{1 + \pi\beta^2 + 2u\beta} < 1. \tag{19.11}$$
# *This is order*, at every $\sigma_w^2$: $\zeta$ is in the place of $\chi_1$, and as in (10.16) $\theta$ is of the
# order of the root.  $\vartheta_{aa}/G \to \vartheta^* = \pi\beta^2/(\nu^2 - 1 - \pi\beta^2)$, with no factor $l$, and
# $$1 - \frac{\Theta_{ab}}{\Theta_{aa}} \approx \frac{\beta^2\sqrt{2E}}{\nu^2(\sqrt\zeta - \zeta)}\,\zeta^{l/2}, \qquad
#   \kappa \approx \frac{m\,\nu^2(\sqrt\zeta - \zeta)}{\sqrt2\,\beta^2\mu_{\min}}\,\zeta^{-l/2}, \tag{19.12}$$
# $\mu_{\min}$ the least eigenvalue of $-\Pi\sqrt E\,\Pi$ as in (10.17).  So "do not alter" depends on where a block
# ends.

# %%
nu = 1 + beta / u
cubic = proved(u**2 / beta * (1 + pi * beta**2 + 2 * u * beta - nu**2), 2 * u**3 + pi * beta * u**2 - 2 * u - beta)
vartheta, gap = symbols("vartheta gap", positive=True)  # ϑ/G and (ϑ_aa − ϑ_ab)/G
K = 2 * pi * beta**2  # 𝒦/G
growth = symbols("nu", positive=True) ** 2
vartheta_star = solve(growth * vartheta - (vartheta + (K + K * vartheta) / 2), vartheta)[0]
proved(vartheta_star, pi * beta**2 / (growth - 1 - pi * beta**2))
zeta = (1 + pi * beta**2) / growth
gap_next = gap + K * gap / 2 + theta / (2 * pi) * (K + K * vartheta_star)  # 𝒯̇ = (1 − θ/π)/2; the gap of G is O(θ²)
settled = solve(growth * sqrt(zeta) * gap - gap_next, gap)[0].subs(theta, sqrt(2 * E))  # all ∝ ζ^(l/2)
relative_gap = beta**2 * sqrt(2 * E) / (growth * (sqrt(zeta) - zeta))
proved(settled / (1 + vartheta_star), relative_gap)

# %% [markdown]
# ## 4. Bounded activations: the diagonal
#
# Let $\phi(\pm\infty) = \pm1$, quickly enough.  The variance grows, a Gaussian of large variance is flat where $\phi$
# is not $\pm1$, and
# $$\mathcal T = 1 - \frac\tau{\sqrt q} + O(q^{-3/2}), \quad \dot{\mathcal T} = \frac\eta{\sqrt q} + O(q^{-3/2}), \qquad
#   \tau = \int\frac{1 - \phi^2}{\sqrt{2\pi}}\,dx, \quad \eta = \int\frac{\phi'^2}{\sqrt{2\pi}}\,dx. \tag{19.13}$$
# erf has $\tau = \eta = \frac2\pi$, tanh $\tau = \frac2{\sqrt{2\pi}}$, $\eta = \frac4{3\sqrt{2\pi}}$.  Each layer adds
# to $q$ nearly $s = \sigma_w^2 + \sigma_b^2$, and multiplies $\Theta_{aa}$ by $1 + \sigma_w^2\eta/\sqrt{q_l}$:
# $$q_l = s\,l - 2A_q\sqrt l - \frac{A_q^2}s\log l + O(1), \qquad A_q = \frac{\sigma_w^2\tau}{\sqrt s}, \quad
#   A = \frac{\sigma_w^2\eta}{\sqrt s}, \tag{19.14}$$
# $$\log\Theta_{aa} = 2A\sqrt l + A\Big(\frac{A_q}s - \frac A2\Big)\log l + O(1), \tag{19.15}$$
# each $O(1)$ a constant and $O(l^{-1/2}\log l)$: a step leaves out $O(l^{-3/2}\log l)$, and what the layers' own
# weights and biases add to $\Theta_{aa}$ has a finite sum beside its growth.  $e^{2A\sqrt l}$ is not exponential.

# %%
T_erf, Tdot_erf = 1 - 2 / pi * sympy.atan(y * sqrt(y**2 + 4) / 2), 4 / pi * y / sqrt(y**2 + 4)  # q = 1/y²
proved(sympy.tan(pi / 2 * (1 - T_erf)), 1 / (2 / y**2 / sqrt(1 + 4 / y**2)))  # (3.9)
proved(coefficients(T_erf, y, 0, 2), [1, -2 / pi, 0])
proved(coefficients(Tdot_erf, y, 0, 2), [0, 2 / pi, 0])
tau_tanh, eta_tanh = 2 / sqrt(2 * pi), Rational(4, 3) / sqrt(2 * pi)
proved(eta_tanh, sympy.integrate(1 - c**2, (c, -1, 1)) / sqrt(2 * pi))
q_large = Lambda((x, log_l), s / x**2 - 2 * A_q / x - A_q**2 / s * log_l + C)  # x = 1/√l
log_Theta = Lambda((x, log_l), 2 * A / x + A * (A_q / s - A / 2) * log_l)
later = x / sqrt(1 + x**2), log_l + log(1 + x**2)  # the next layer's
root = sqrt(s / q_large(x, log_l))
proved(coefficients(q_large(*later) - q_large(x, log_l) - (s - A_q * root), x, 0, 2), [0, 0, 0])
proved(coefficients(log_Theta(*later) - log_Theta(x, log_l) - log(1 + A * root), x, 0, 2), [0, 0, 0])

# %% [markdown]
# ## 5. Bounded activations: the rest
#
# Between two inputs $\phi$ becomes the sign: up to $O(1/q)$ of them $\mathcal T_{ab} = \frac2\pi\arcsin c$ and
# $\dot{\mathcal T}_{ab} = \frac2{\pi q\sqrt{1 - c^2}}$ for any such $\phi$.  As $q_{ab}$ gains $\sigma_w^2\mathcal
# T_{ab} + \sigma_b^2$ and $q$ gains $s$, the cosine moves by
# $$\frac{dc}{d\log l} = \frac1s\Big[\sigma_w^2\Big(\frac2\pi\arcsin c - c\Big) + \sigma_b^2(1 - c)\Big]. \tag{19.16}$$
# At $c = 1$ this is 0, with a slope $+\infty$: equal inputs are repelled.  It is convex on $[0, 1]$ and $\ge 0$ on
# $(-1, 0]$; so exactly one zero $c^* \in [0, 1)$ attracts, and $c^* = 0$ iff $\sigma_b^2 = 0$.  With $c^* = \cos\psi$
# $$\frac{\sigma_w^2}s = \frac{\pi(1 - \cos\psi)}{2\psi}, \qquad
#   \lambda = 1 - \frac{2\,\sigma_w^2}{\pi s\sqrt{1 - {c^*}^2}} = 1 - \frac{\tan(\psi/2)}\psi
#   \in \Big[1 - \frac2\pi, \frac12\Big): \tag{19.17}$$
# $$c_l = c^* + E\,l^{-\lambda} + O(l^{-1/2}), \qquad
#   \text{the last with the constant } -\frac{c^*A_q}{s(\frac12 - \lambda)} \text{ for all pairs}, \tag{19.18}$$
# $$\Theta_{ab} = \frac{s\,c^*}\lambda\,l + R\,E\,l^{1-\lambda}\log l + O(l^{1-\lambda}), \qquad
#   R = s(1 - \lambda)\Big[1 + \frac{{c^*}^2}{\lambda(1 - {c^*}^2)}\Big]. \tag{19.19}$$
# While $\Theta_{aa}$ grows like $e^{2A\sqrt l}$, $\Theta_{ab}$ grows like $l$.  Therefore, at *all* $(\sigma_w^2,
# \sigma_b^2)$,
# $$\kappa - 1 \approx \frac{m\,s\,c^*l}{\lambda\,\Theta_{aa}} \to 0, \qquad
#   P(\Theta)\,y \approx \frac{R\,l^{1-\lambda}\log l}{\Theta_{aa}}\,E_{td}\,y \to 0 \quad (\mathbf 1^Ty = 0),
#   \tag{19.20}$$
# the second by (5.8) (and the first with $RE\,l^{1-\lambda}\log l$ if $c^* = 0$).  There is no order and no critical
# line: skip connections cure $\kappa$, and ruin the predictor, over $\sqrt l \sim 1/(2A)$.  For other limits
# $\phi(\pm\infty) = m_0 \pm d$, $\mathcal T_{ab} \to m_0^2 + d^2\frac2\pi\arcsin c$.  So all holds of $(\phi - m_0)/d$
# with $d^2\sigma_w^2$ for $\sigma_w^2$ and $\sigma_b^2 + m_0^2\sigma_w^2$ for $\sigma_b^2$, but for $A_q$ and the
# $O(l^{-1/2})$ of (19.18) if that is not odd.  Sigmoid, $m_0 = d = \frac12$, has $c^* > 0$ even without a bias.
#
# *Section 6.5.*  "All entries diverge exponentially", "do not alter the dynamics of $\kappa$": true of ReLU whose
# branches end in the weights.  False of erf and tanh, the paper's own activations: no entry grows exponentially,
# entries off the diagonal grow linearly, and $\kappa \to 1$ everywhere.

# %%
move = (sigma_w2 * (2 / pi * asin(c) - c) + sigma_b2 * (1 - c)) / (sigma_w2 + sigma_b2)
proved(move.subs(c, 1), 0)
proved(diff(move, c, 2) * (sigma_w2 + sigma_b2), sigma_w2 * 2 / pi * c / (1 - c**2) ** Rational(3, 2))  # ≥ 0
share = pi * (1 - cos(psi)) / (2 * psi)  # σ_w²/s, and asin c* = π/2 − ψ
proved(share * (2 / pi * (pi / 2 - psi) - cos(psi)) + (1 - share) * (1 - cos(psi)), 0)
lam_of = 1 - tan(psi / 2) / psi
proved(sympy.expand_trig((1 - share * 2 / pi / sin(psi)).subs(psi, 2 * h)), lam_of.subs(psi, 2 * h))
proved([lam_of.subs(psi, pi / 2), sympy.limit(lam_of, psi, 0)], [1 - 2 / pi, Rational(1, 2)])
proved(diff(tan(x) / x, x), (2 * x - sin(2 * x)) / (2 * x**2 * cos(x) ** 2))  # > 0: λ falls with ψ

slope_c = (1 - lam) * s  # 2σ_w²/(π√(1 − c*²))
T_next = s * c_star + slope_c * (e + F * x)  # σ_w²𝒯_ab + σ_b² near c*, to first order in e = E l^(−λ) and x
c_now, c_later = c_star + e + F * x, c_star + e * (1 - lam * x**2) + F * later[0]
q_now, q_later = (q_large(x, log_l), q_large(*later))
moved = expand(sympy.series(c_later * q_later - c_now * q_now - T_next, x, 0, 2).removeO())
F_of = c_star * A_q / (s * (lam - Rational(1, 2)))
proved([moved.coeff(x, 0), sympy.expand(moved.coeff(x, 1).subs(F, F_of)).coeff(e, 0)], [0, 0])

P0, R_of = s * c_star / lam, s * (1 - lam) * (1 + c_star**2 / (lam * (1 - c_star**2)))
p_now = (P0 + e * (R_of * log_l + K0)) / x**2
p_later = (P0 + e * (1 - lam * x**2) * (R_of * later[1] + K0)) / later[0] ** 2
Tdot_ab = slope_c * (1 + c_star / (1 - c_star**2) * e) * x**2 / s  # σ_w²𝒯̇_ab to first order in e
grown = coefficients(p_later - p_now - Tdot_ab * p_now - (s * c_star + slope_c * e), x, 0, 0)[0]
proved([expand(grown).coeff(e, power) for power in (0, 1)], [0, 0])

# %% [markdown]
# ## 6. Results, and the package's own functions

# %%
results = {
    "growth": Lambda(sigma_w2, g),
    "mu": Lambda(sigma_w2, mu_of),
    "time": Lambda((mu, l), 1 + mu * (l - 1)),  # T
    "t_ab": Lambda((mu, T, C), t_ab),
    "kappa": Lambda(m, kappa),
    "kappa_next": Lambda((m, mu, T, C), kappa_next * (mu * log(T) + k_of) / T),
    "C": Lambda((mu, theta, T), C_of),  # but for O(T⁻²)
    "predictor_factor": Lambda((), factor),  # of T P(Θ) y
    "predictor_mean": Lambda(m, mean),
    "ends_cubic": Lambda((u, beta), cubic),  # 0 at the u of (19.10)
    "ends_zeta": Lambda((u, beta), (1 + pi * beta**2) / nu**2),
    "ends_vartheta": Lambda((u, beta), vartheta_star.subs(growth, nu**2)),
    "ends_gap": Lambda((u, beta, E), relative_gap.subs(sqrt(growth), nu)),  # × ζ^(l/2)
    "log_Theta": Lambda((s, A, A_q, l), log_Theta(1 / sqrt(l), log(l))),  # but for a constant
    "q": Lambda((s, A_q, l), q_large(1 / sqrt(l), log(l)).subs(C, 0)),  # but for a constant
    "tau_tanh": Lambda((), tau_tanh),
    "eta_tanh": Lambda((), eta_tanh),
    "c_moves": Lambda((c, sigma_w2, sigma_b2), move),  # 0 at c*
    "lambda": Lambda(c, lam_of.subs(psi, sympy.acos(c))),
    "F": Lambda((s, c_star, lam, A_q), F_of),
    "Theta_ab_slope": Lambda((s, c_star, lam), P0),
    "R": Lambda((s, c_star, lam), R_of),
}

# %% [markdown]
# (a) *On symbols*: the package's second layer is (19.2).  (b) *At 50 digits* and (c) *in float64*: ReLU at $\sigma_w^2
# = \frac12$, one pair to $l = 2000$, whose $C$ must be the same at 1000.  Beside each comparison stands what it leaves
# out.

# %%
tangent = sympy.Symbol("tangent", positive=True)  # of θ: an acute angle
acute = {theta: sympy.atan(tangent)}
net = nk.resnet(2, nk.relu, sigma_w2, sigma_b2)
(_, first), (_, second) = pairs_by_depth(net, q, 1 - 1 / sqrt(1 + tangent**2), nk.symbols())
proved(second.nngp, (q * (cos(theta) + sigma_w2 / 2 * f) + sigma_b2).subs(acute))
proved(second.ntk, second.nngp + (sigma_w2 / 2 * (1 - theta / pi)).subs(acute) * first.nngp)

angle_at = Lambda(x, 2 * asin(sqrt(x) / 2))  # θ from the gap 4q sin²(θ/2), over q
mu_half = results["mu"](Rational(1, 2))
for system in (nk.digits(50), nk.float64):
    at_depth, C_values = dict(pairs_by_depth(nk.resnet(2000, nk.relu, "0.5"), "0.7", "0.5", system)), []
    for depth in (1000, 2000):
        k, time = at_depth[depth], results["time"](mu_half, depth)
        C_values.append(value(results["C"], mu_half, value(angle_at, k.nngp_gap / k.K.x), time))
    agree(*C_values, digits=4)  # T⁻²
    size = Rational(7, 10) * results["growth"](Rational(1, 2)) ** 1999
    agree(k.Theta.x, size * time, digits=11)
    agree(k.ntk, size * value(results["t_ab"], mu_half, time, C_values[1]), digits=3)  # (log T)/T, of T
    kappa_12 = value(results["kappa"], 12) + value(results["kappa_next"], 12, mu_half, time, C_values[1])
    agree((k.Theta.x + 11 * k.ntk) / (k.ntk_gap / 2), kappa_12, digits=3)  # ((log T)/T)²

# %% [markdown]
# Branches that end in ReLU, $\sigma_w^2 = 1$: the mean's part $u = 0.842$, $\zeta = 0.691$.

# %%
beta_1 = sympy.N(1 / sqrt(2 * pi), 30)
u_1 = sympy.nsolve(results["ends_cubic"](u, beta_1), u, 0.8, prec=30)
zeta_1 = value(results["ends_zeta"], u_1, beta_1)
blocks = [nk.Dense(1), nk.relu], nk.Residual([nk.Dense(1), nk.relu]), nk.Dense(1)
nets = [nk.Network([*blocks[0], *[blocks[1]] * branches, blocks[2]]) for branches in (59, 60)]
before, k = (nk.kernels_of_pair(net, 1, "0.7") for net in nets)
agree(k.Theta.x / k.K.x - 1, value(results["ends_vartheta"], u_1, beta_1), digits=8)
one_minus_c = k.nngp_gap / (2 * k.K.x)  # E ζ^l
agree(one_minus_c / (before.nngp_gap / (2 * before.K.x)), zeta_1, digits=4)  # ζ^(l/2) = 1.5e-5
agree(k.ntk_gap / 2 / k.Theta.x, value(results["ends_gap"], u_1, beta_1, one_minus_c), digits=3)  # 7 ζ^(l/2) = 1e-4

# %% [markdown]
# Bounded activations: (19.13) of tanh at $q = 10^4$, where $O(1/q)$ is left out; (19.15) at $(1, 0.18)$; and (19.18),
# (19.19) at $\sigma_w^2 = 10^6$, where $A_q/\sqrt{sl}$ is small from the start, for two pairs near $c^*$: their
# difference.

# %%
T_tanh, _, Tdot_tanh = nk.tanh.moments(10**4, nk.float64)
agree((1 - T_tanh) * 100, value(results["tau_tanh"]), digits=3)
agree(Tdot_tanh * 100, value(results["eta_tanh"]), digits=3)

at_depth, s_1 = dict(pairs_by_depth(nk.resnet(1600, nk.erf, "1", "0.18"), 1, "0.5")), Rational("1.18")
A_1 = 2 / (pi * sqrt(s_1))
logs, sums = (
    [value(results[name], *arguments, l_) for l_ in (400, 1600)]
    for name, arguments in (("log_Theta", (s_1, A_1, A_1)), ("q", (s_1, A_1)))
)
agree(logs[1] - logs[0], log(at_depth[1600].Theta.x / at_depth[400].Theta.x), digits=3)  # l^(−1/2) log l of 24
agree(sums[1] - sums[0], at_depth[1600].K.x - at_depth[400].K.x, digits=4)  # l^(−1/2) log l of 1400
kappa = nk.spectrum(nk.kernels(nk.resnet(400, nk.erf, "1", "0.18"), np.eye(3))).kappa
holds(bool(kappa - 1 < 1e-6), "where the network without skip connections is in order")
for bias in (0, 180000):
    c_fixed = sympy.nsolve(results["c_moves"](c, 10**6, bias), c, 0.2) if bias else sympy.S.Zero
    power, total = value(results["lambda"], c_fixed), 10**6 + bias
    pairs = [1 - float(c_fixed) - small for small in (0.001, -0.001)]
    net, kept = nk.resnet(400, nk.erf, 10**6, bias), {}
    for depth, k in pairs_by_depth(net, total, pairs, nk.digits(20)):
        if depth in (100, 400):
            cosines = k.nngp / k.K.x
            kept[depth] = [(v[0] - v[1]) * depth**w for v, w in ((cosines, power), (k.ntk, power - 1))]
    agree(kept[100][0], kept[400][0], digits=2.5)  # 2 E: l^(−1/2) A/s
    slope = (kept[400][1] - kept[100][1]) / log(4).n(20)
    agree(slope / kept[400][0], value(results["R"], total, c_fixed, power), digits=1.5)  # l^(λ−1)

# %% [markdown]
# ## Exercise
#
# Scale every branch by $1/\sqrt L$, $L$ the number of branches.  What is left of the explosion, and of $\kappa$?
#
# **Solution.**  $\sigma_w^2$ becomes $\sigma_w^2/L$.  For ReLU $g^L \to e^{\sigma_w^2/2}$ and $T \to 1 + \sigma_w^2/2$:
# nothing explodes at any depth.  $\theta$ and $t$ follow a flow for the time $\tau$ from 0 to $\sigma_w^2/2$ only,
# $$\frac{d\theta}{d\tau} = -\frac{\sin\theta - \theta\cos\theta}{\pi\sin\theta}, \qquad
#   \frac{dt}{d\tau} = f - \frac\theta\pi t, \tag{19.21}$$
# so $\kappa$ depends on the data as in a network of a few layers, and never comes near $\frac{m+3}3$.

# %%
flow = (sin(theta) - theta * cos(theta)) / (pi * sin(theta))
proved(sympy.limit((cosine_next - cos(theta)) / mu / sin(theta), mu, 0), flow)
nets = [nk.resnet(branches + 1, nk.relu, Rational(2, branches)) for branches in (200, 400)]
entries = [k.ntk / k.K.x for k in (nk.kernels_of_pair(net, 1, "0.5") for net in nets)]  # t, but for O(1/L)
rates, at = sympy.lambdify((theta, t), (-flow, f - theta / pi * t)), np.array([np.pi / 3, 0.5])
for _ in range(1000):  # the midpoint rule, to 1e-7
    at = at + np.array(rates(*(at + np.array(rates(*at)) / 2000))) / 1000
agree(2 * entries[1] - entries[0], at[1], digits=4)  # L⁻²

# %% [markdown]
# ## Summary
#
# | | ReLU | ReLU, branch ends in it | bounded |
# |---|---|---|---|
# | $\mathcal K_{aa}$ | $g^{l-1}$ (19.4) | $\nu^{2l}$ (19.10) | $s\,l$ (19.14) |
# | $\Theta_{aa}$ | $g^{l-1}T$ (19.5) | $\nu^{2l}$ | $e^{2A\sqrt l}$ (19.15) |
# | $\Theta_{ab}$ | $\frac14g^{l-1}T$ (19.7) | $\nu^{2l}$ | $s\,c^*l/\lambda$ (19.19) |
# | $\kappa$ | $\frac{m+3}3 + \frac{2m}3\,\frac{\log l}l$ (19.8) | $\zeta^{-l/2}$ (19.12) | $1$ (19.20) |
# | $P(\Theta)y$ | $\pi[C_{td}y - \dots]/T$ (19.9) | kriging with $\sqrt E$, as (10.19) | vanishes (19.20) |
