# %% [markdown]
# # Layer normalisation: one recursion in three times
#
# **Setting.** Layer norm divides the vector of pre-activations of an input by its root mean square.  It stands behind
# every layer of a network without skip connections, or in residual networks $z' = z + \text{branch}(z)$ behind every
# sum ("post", $z' = \mathrm{LN}(z + W\phi(z))$) or at the head of every branch ("pre", $z' = z +
# W\phi(\mathrm{LN}\,z)$).
#
# | symbol | code | paper |
# |---|---|---|
# | $\hat{\mathcal K}$, $c$: $\mathcal K$ normed, off its diagonal; $\hat\Theta$ | `LayerNorm()` | Section 6.5 |
# | $s = \sigma_w^2\mathcal T(1) + \sigma_b^2$, with $\mathcal T(c) = \mathcal T(1, 1, c)$ | – | – |
# | $M(c)$, $\chi(c)$, $\chi_1 = \chi(1)$: cosine map and slope at $q^* = 1$ | `mean_field(...)` | Section 6 |
# | $\mu_l$, the step; $T$, the time; $a = q_1/s$ | `resnet(..., layer_norm="pre")` | – |
# | $q_l$, $\Theta_{aa}$; $t = \Theta/\sqrt{\mathcal K_{aa}\mathcal K_{bb}}$ | `Kernels.K`, `.Theta` | – |
#
# **Goals.** Why the kernels are only divided.  Layer norm makes every network one with $q^* = 1$; post-norm runs it in
# small steps, pre-norm in the time $\log l$.  What is left of the explosion, and of $\kappa$, with and without a bias.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from scipy.integrate import quad, solve_ivp
from sympy import Function, Lambda, Matrix, Rational, asin, cos, diff, expand, gamma, pi, sin, sqrt, symbols

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, theta, mu, x, T, s, a, E, chi, sigma_w2, q_1 = symbols("q theta mu x T s a E chi sigma_w2 q_1", positive=True)
zeta, Y, mu_min = symbols("zeta Y mu_min", positive=True)
sigma_b2 = sympy.Symbol("sigma_b2", nonnegative=True)
C, c, t = symbols("C c t", real=True)
m, l = symbols("m l", integer=True, positive=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the Laurent series of `expression` at 0."""
    expansion = expand(sympy.series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


# %% [markdown]
# ## 1. The norm as a layer
#
# Let $\hat z = z/r$ with $r^2 = \frac1N\sum_jz_j^2$.  Then
# $$\frac{\partial\hat z_i}{\partial z_k} = \frac1r\Big(\delta_{ik} - \frac{\hat z_i\hat z_k}N\Big): \tag{20.1}$$
# a projection, for the length of $\hat z$ does not change.  If $\hat\Theta_{ij} = \delta_{ij}\Theta$ below, above it
# is, exactly, with $\hat c = \frac1N\sum_j\hat z_j\hat z_j'$,
# $$\frac\Theta{r\,r'}\Big[\delta_{ij}
#   - \frac1N\big(\hat z_i\hat z_j + \hat z_i'\hat z_j' - \hat c\,\hat z_i\hat z_j'\big)\Big],
#   \qquad \text{on average over } i = j:\ \ \frac\Theta{r\,r'}\Big(1 - \frac{2 - \hat c^2}N\Big). \tag{20.2}$$
# Of $N$ directions at most two are lost, so the mean is $\Theta/(rr')$ up to $O(1/N)$.  The entries $i \ne j$ are of
# the order $1/N$, and although there are $N^2$ of them, the next layer's sum (4.2) makes of
# $\frac{\sigma_w^2}N\sum_{ij}W_iW_j\phi'_i\phi_j'\frac{\hat z_i\hat z_j}N$ the product of two sums $\frac1{\sqrt
# N}\sum_iW_i\phi'_i\hat z_i = O(1)$, over $N$.  As $r^2 \to \mathcal K(x, x)$, at infinite width, exactly,
# $$\hat{\mathcal K} = \frac{\mathcal K(x, x')}{\sqrt{\mathcal K(x, x)\,\mathcal K(x', x')}}, \qquad
#   \hat\Theta = \frac{\Theta(x, x')}{\sqrt{\mathcal K(x, x)\,\mathcal K(x', x')}}. \tag{20.3}$$
# Subtracting the mean of $z$ over units, as is usual, takes away one more direction, and the mean is $O(N^{-1/2})$.

# %%
for N in (2, 3):
    z, z_prime = (Matrix(symbols(f"{name}:{N}", real=True)) for name in ("u", "v"))
    (z_hat, J), (z_hat_prime, J_prime) = (
        (vector / r, (vector / r).jacobian(vector))
        for vector, r in ((vector, sqrt(vector.dot(vector) / N)) for vector in (z, z_prime))
    )
    r, r_prime = (sqrt(vector.dot(vector) / N) for vector in (z, z_prime))
    proved(J * r, sympy.eye(N) - z_hat * z_hat.T / N)
    c_hat = z_hat.dot(z_hat_prime) / N
    lost = z_hat * z_hat.T + z_hat_prime * z_hat_prime.T - c_hat * z_hat * z_hat_prime.T
    above = r * r_prime * J * J_prime.T
    proved(above, sympy.eye(N) - lost / N)
    proved(above.trace() / N, 1 - (2 - c_hat**2) / N)

# %% [markdown]
# ## 2. Without skip connections: a network with $q^* = 1$
#
# Behind the norm every variance is 1, so a layer adds the same number, $s = \sigma_w^2\mathcal T(1) + \sigma_b^2$, to
# every diagonal, and after the next norm
# $$c' = M(c) = \frac{\sigma_w^2\mathcal T(c) + \sigma_b^2}s, \qquad \hat\Theta' = M(c) + \chi(c)\,\hat\Theta, \qquad
#   \chi(c) = M'(c) = \frac{\sigma_w^2\dot{\mathcal T}(c)}s. \tag{20.4}$$
# This is, exactly and whatever the norms of the inputs, the network without layer norm at $(\sigma_w^2/s,
# \sigma_b^2/s)$, of which 1 is a fixed variance.  All of chapters `chaotic_phase` to `relu` applies, with $q^* = 1$;
# and if the last layer is not normed, $\Theta = s\,\hat\Theta$.  The phase depends on $\sigma_b^2/\sigma_w^2$ only:
# $$\chi_1 = \frac{\sigma_w^2\dot{\mathcal T}(1)}{\sigma_w^2\mathcal T(1) + \sigma_b^2}; \qquad
#   \chi_1 = 1: \quad \frac{\sigma_b^2}{\sigma_w^2} = \dot{\mathcal T}(1) - \mathcal T(1), \tag{20.5}$$
# a ray in the place of a curve.  *ReLU*: $\mathcal T(1) = \dot{\mathcal T}(1) = \frac12$.  Without a bias $M = f$, the
# map (6.13), and $\hat\Theta$ is *He's recursion* (10.11), $\hat\Theta_{aa} = l$, at every $\sigma_w^2$.  With a bias
# there is order, (10.14) to (10.19), at every $\sigma_w^2$, with
# $$\chi_1 = \frac{\sigma_w^2}{\sigma_w^2 + 2\sigma_b^2}, \qquad
#   M(c) = \chi_1f(c) + 1 - \chi_1, \qquad \chi(c) = \chi_1\Big(1 - \frac\theta\pi\Big). \tag{20.6}$$

# %%
T_of, Tdot_of, T_1 = Function("T"), Function("Tdot"), sympy.Symbol("T_1", positive=True)  # T_1 = 𝒯(1)
variance = sigma_w2 * T_1 + sigma_b2  # s
K_next = sigma_w2 * T_of(c) + sigma_b2
M, chi_of = K_next / variance, sigma_w2 * Tdot_of(c) / variance
proved((K_next + sigma_w2 * Tdot_of(c) * t) / variance, M + chi_of * t)
plain = {sigma_w2: sigma_w2 / s, sigma_b2: sigma_b2 / s}  # the network it is, without layer norm
proved([K_next.subs(plain), variance.subs(plain)], [K_next / s, variance / s])  # M and 1
f = cos(theta) + (sin(theta) - theta * cos(theta)) / pi  # (6.13), twice 𝒯 of ReLU; twice 𝒯̇ is 1 − θ/π
relu_chi = proved((sigma_w2 / 2) / (sigma_w2 / 2 + sigma_b2), sigma_w2 / (sigma_w2 + 2 * sigma_b2))
relu_M = M.subs({T_of(c): f / 2, T_1: Rational(1, 2)})
proved(relu_M, relu_chi * f + 1 - relu_chi)
erf_ray = 4 / (pi * sqrt(5)) - 2 / pi * asin(Rational(2, 3))  # (3.7), (3.8) at q = 1

# %% [markdown]
# ## 3. With skip connections: the same in smaller steps
#
# *Post-norm*: the sum has the variance $1 + s$.  *Pre-norm*: the stream's variance grows by $s$ a layer, and its branch
# sees $\hat{\mathcal K}$ and $\hat\Theta$.  Dividing $\Theta$ by $1 + s$, or looking at $t = \Theta/q$, gives one
# recursion,
# $$c_{l+1} = c_l + \mu_l\,(M(c_l) - c_l), \qquad t_{l+1} = t_l + \mu_l\,\big[M(c_l) + (\chi(c_l) - 1)\,t_l\big], \qquad
#   t_1 = c_1, \tag{20.7}$$
# | | $\mu_l$ | $\mathcal K_{aa}$ | $\Theta$ |
# |---|---|---|---|
# | no skip connection | 1 | 1 | $t$ |
# | post-norm | $\mu = s/(1 + s)$ | 1 | $t$ |
# | pre-norm | $1/(l + a)$, $a = q_1/s$ | $q_l = q_1 + s\,(l - 1)$ | $q_l\,t$ |
#
# post-norm for $q_1 = 1$ (or ReLU without a bias, whatever the norms), pre-norm for inputs of one variance $q_1$.  On
# the diagonal
# $$t_{aa} = \frac{1 - \chi_1\rho_l}{1 - \chi_1}, \qquad \rho_l = \prod_{k<l}\big(1 + \mu_k(\chi_1 - 1)\big), \qquad
#   \text{or } t_{aa} = T = 1 + \sum_{k<l}\mu_k \ \text{ if } \chi_1 = 1; \tag{20.8}$$
# $$\text{pre-norm: } \rho_l = \frac{\Gamma(l + a + \chi_1 - 1)\,\Gamma(1 + a)}{\Gamma(l + a)\,\Gamma(a + \chi_1)}
#   \approx \frac{\Gamma(1 + a)}{\Gamma(a + \chi_1)}\,l^{\chi_1 - 1}, \quad
#   T = 1 + \psi(l + a) - \psi(1 + a) \approx \log l, \tag{20.9}$$
# $\psi$ the digamma function.  Pre-norm is the network of Section 2 in the time $\log l$: exponentials become powers.

# %%
T_c, Tdot_c = T_of(c), Tdot_of(c)
post = {mu: variance / (1 + variance)}
t_next = t + mu * (M + (chi_of - 1) * t)
proved(((c + K_next) / (1 + variance)), (c + mu * (M - c)).subs(post))
proved((t + K_next + sigma_w2 * Tdot_c * t) / (1 + variance), t_next.subs(post))
pre = {mu: variance / (q + variance)}
proved((c * q + K_next) / (q + variance), (c + mu * (M - c)).subs(pre))
proved((t * q + K_next + sigma_w2 * Tdot_c * t) / (q + variance), t_next.subs(pre))
proved((s / (q + s)).subs(q, q_1 + s * (l - 1)).subs(q_1, a * s), 1 / (l + a))

rho, step = sympy.Symbol("rho"), 1 + mu * (chi - 1)
t_aa = (1 - chi * rho) / (1 - chi)
proved(t_aa.subs(rho, 1), 1)
proved(t_aa.subs(rho, rho * step), t_aa + mu * (1 + (chi - 1) * t_aa))
rho_pre = gamma(l + a + chi - 1) * gamma(1 + a) / (gamma(l + a) * gamma(a + chi))
proved(sympy.gammasimp(rho_pre.subs(l, l + 1) / rho_pre), step.subs(mu, 1 / (l + a)))
proved(rho_pre.subs(l, 1), 1)
T_pre = 1 + sympy.digamma(l + a) - sympy.digamma(1 + a)
proved(sympy.expand_func(T_pre.subs(l, l + 1) - T_pre), 1 / (l + a))

# %% [markdown]
# ## 4. ReLU without a bias
#
# $\chi_1 = 1$, $s = \sigma_w^2/2$, and post-norm has $\mu = \sigma_w^2/(2 + \sigma_w^2)$: (20.7) is (19.5).  *Post-norm
# takes the factor $g^{l-1}$ (and the norms) from $\Theta$ and leaves $t$*, and with it $\kappa$ and $P(\Theta)$ of
# inputs of one norm, (19.6) to (19.9).  This is what Section 6.5 hopes for.
#
# *Pre-norm* has $\Theta_{aa} = q_lT \approx \frac12\sigma_w^2\,l\log l$.  Its steps vanish, and (20.7) is a flow,
# $$\frac{d\theta}{dT} = -F(\theta), \quad F = \frac{\sin\theta - \theta\cos\theta}{\pi\sin\theta}
#   = \frac{\theta^2}{3\pi} + \frac{\theta^4}{45\pi} + \dots, \qquad
#   \frac{dt}{dT} = f - \frac\theta\pi\,t, \tag{20.10}$$
# up to a relative $O(\mu_l) = O(1/l)$ in each step, of finite sum.  So there is a constant $C$ for each pair with
# $$\Phi = \frac1\theta + \int_0^\theta\Big(\frac1{u^2} - \frac1{3\pi F(u)}\Big)du
#   = \frac1\theta + \frac\theta{15} + O(\theta^3) = \frac T{3\pi} + C + O(1/l), \qquad
#   \frac1\theta = \frac T{3\pi} + C + O(1/T), \tag{20.11}$$
# $$t_{ab} = \frac{3\pi}{4\theta} - \frac{31\pi}{40}\,\theta + \dots = \frac T4 + \frac{3\pi}4C + O\Big(\frac1T\Big),
#   \tag{20.12}$$
# $$\kappa = \frac{m + 3}3 + \frac{4\pi m}3\,\frac CT + O\Big(\frac1{T^2}\Big), \qquad
#   T\,P(\Theta)\,y \to \pi\Big[C_{td}\,y - \frac1{m + 3}\mathbf 1\mathbf 1^TC_{dd}\,y\Big], \tag{20.13}$$
# (for one $C$, and for $\mathbf 1^Ty = 0$): (19.6) to (19.9) at $\mu = 0$.  The limit is He's, but $T \approx \log l$.
# At $l = 10^6$ it is 14, and $\kappa$ is still a quarter off.  On the other hand $P(\Theta)y$ vanishes like $1/\log l$
# only.

# %%
F, chi_relu = (sin(theta) - theta * cos(theta)) / (pi * sin(theta)), 1 - theta / pi
proved((f - cos(theta)) / -sin(theta), -F)  # dc = −sin θ dθ
proved(coefficients(F, theta, 2, 4), [1 / (3 * pi), 0, 1 / (45 * pi)])
proved(coefficients(1 / theta**2 - 1 / (3 * pi * F), theta, 0, 0), [Rational(1, 15)])
curve = 3 * pi / (4 * theta) - 31 * pi / 40 * theta
proved(coefficients(-F * diff(curve, theta) - (f + (chi_relu - 1) * curve), theta, 0, 2), [0, 0, 0])
t_ab = proved(T / 4 + 3 * pi / 4 * C, 3 * pi / 4 * (T / (3 * pi) + C))
ratio = sympy.cancel(((T + (m - 1) * t_ab) / (T - t_ab)).subs(T, 1 / x))
kappa, kappa_next = proved(coefficients(ratio, x, 0, 1), [(m + 3) / 3, 4 * pi * m / 3 * C])
predictor = [sympy.limit(term, T, sympy.oo) for term in (T * diff(t_ab, C) / (T - t_ab), t_ab / (T + (m - 1) * t_ab))]
proved(predictor, [pi, 1 / (m + 3)])

# %% [markdown]
# ## 5. With a bias, and other activations
#
# *ReLU with a bias*: by (20.6) $\chi_1 < 1$.  $1 - c_l \approx E\rho_l$, and $t_{aa} \to \frac1{1 - \chi_1}$.  As in
# (10.16) the gap of $t$ is of the order of the angle, $t_{aa} - t_{ab} \approx Y\sqrt{E\rho_l}$, and for a constant
# step, with $\zeta = 1 - \mu(1 - \chi_1)$ and $\rho_l = \zeta^{l-1}$, and for pre-norm, $\mu \to 0$,
# $$Y = \frac{\sqrt2\,\mu\chi_1}{\pi(1 - \chi_1)(\sqrt\zeta - \zeta)} \quad\text{or}\quad
#   \frac{2\sqrt2\,\chi_1}{\pi(1 - \chi_1)^2}; \qquad
#   \kappa \approx \frac{m}{(1 - \chi_1)\,Y\mu_{\min}}\,\rho_l^{-1/2}, \tag{20.14}$$
# $\mu_{\min}$ the least eigenvalue of $-\Pi\sqrt E\,\Pi$.  $\kappa$ diverges: like $\chi_1^{-l/2}$ without skip
# connections, like $\zeta^{-l/2}$ with post-norm, and like the power $l^{(1 - \chi_1)/2}$ with pre-norm.  A bias that
# did nothing to the limit $\frac{m+3}3$ in chapter `skip_connections`, where the stream outgrew it, brings order here.
#
# *Other activations* have all three phases, by (20.5).  With post-norm the rates $\chi$ become $1 - \mu(1 - \chi)$;
# with pre-norm $\chi^l$ becomes $l^{\chi - 1}$, and the $l$ of (8.9) $\log l$.  For instance, in chaos $t_{ab} \to
# p_{ab}^* = c^*/(1 - \chi_c)$ and
# $$\kappa - 1 \approx \frac{m\,p_{ab}^*}{t_{aa}}, \qquad t_{aa} = \frac{\chi_1\rho_l - 1}{\chi_1 - 1}, \quad
#   \text{pre-norm: } \rho_l \propto l^{\chi_1 - 1}. \tag{20.15}$$
# With pre-norm $\Theta_{aa} = q_lt_{aa}$ grows like $l$ in order, $l\log l$ at criticality and $l^{\chi_1}$ in chaos.
#
# *Section 6.5.*  "Layer normalization could help address the issue of exploding of gradients": of ReLU networks, yes.
# Without a bias post-norm removes the explosion and does nothing else; pre-norm leaves powers of $l$ of any network.
# But erf in its chaos, $\sigma_b^2 < 0.1048\,\sigma_w^2$ (20.16), has with post-norm $\Theta_{aa} \propto (1 +
# \mu(\chi_1 - 1))^l$, which explodes faster than the $e^{2A\sqrt l}$ (19.15) without layer norm.

# %%
size = E * zeta ** (l - 1)  # of 1 − c, and θ is the root of twice that
theta_small, gap = sqrt(2 * size), Y * sqrt(size)
gap_next = gap * (1 + mu * (chi - 1)) + mu * chi * theta_small / pi / (1 - chi)  # (20.7), χ(c) = χ₁(1 − θ/π)
balance = sympy.powsimp(sympy.expand((gap * sqrt(zeta) - gap_next).subs(chi, 1 - (1 - zeta) / mu) / sqrt(size)))
Y_of = sqrt(2) * mu * chi / (pi * (1 - chi) * (sqrt(zeta) - zeta))
proved(balance.subs(Y, Y_of).subs(chi, 1 - (1 - zeta) / mu), 0)
Y_pre = 2 * sqrt(2) * chi / (pi * (1 - chi) ** 2)
proved(sympy.limit(Y_of.subs(zeta, 1 - mu * (1 - chi)), mu, 0), Y_pre)
of_chapter_10 = sqrt(2 * chi) / (pi * (1 - chi) * (1 - sqrt(chi)))  # s of (10.16) at q* = 1
proved(Y_of.subs({mu: 1, zeta: chi}), of_chapter_10)
kappa_order = m / ((1 - chi) * Y * mu_min)  # × ρ^(−1/2)

# %% [markdown]
# ## 6. Results, and the package's own functions

# %%
results = {
    "relu_chi_1": Lambda((sigma_w2, sigma_b2), relu_chi),
    "erf_ray": Lambda((), erf_ray),  # σ_b²/σ_w² at criticality
    "t_aa": Lambda((chi, rho), t_aa),
    "rho_pre": Lambda((chi, l, a), rho_pre),
    "time_pre": Lambda((l, a), T_pre),
    "t_ab": Lambda((T, C), t_ab),
    "t_ab_of_angle": Lambda(theta, curve),
    "kappa": Lambda(m, kappa),
    "kappa_next": Lambda((m, T, C), kappa_next / T),
    "predictor_factor": Lambda((), predictor[0]),  # of T P(Θ) y
    "predictor_mean": Lambda(m, predictor[1]),
    "gap": Lambda((mu, chi), Y_of.subs(zeta, 1 - mu * (1 - chi))),  # Y; × √(E ρ)
    "gap_pre": Lambda(chi, Y_pre),
    "kappa_order": Lambda((m, chi, Y, mu_min), kappa_order),  # × ρ^(−1/2)
}

# %% [markdown]
# (a) *On symbols*: ReLU's layer between two norms, post-norm and pre-norm.

# %%
tangent = sympy.Symbol("tangent", positive=True)  # of θ: an acute angle
acute, c_now = {theta: sympy.atan(tangent)}, cos(theta)
at_relu = {T_1: Rational(1, 2), T_of(c): f / 2, Tdot_of(c): chi_relu / 2, c: c_now, t: c_now, q: 1}
dense = nk.Dense(sigma_w2, sigma_b2)
normed = nk.Network([dense, nk.LayerNorm(), nk.relu, dense, nk.LayerNorm()])
resnets = [nk.resnet(2, nk.relu, sigma_w2, sigma_b2, layer_norm=place) for place in ("post", "pre")]
for net, at, size in zip([normed, *resnets], ({mu: 1}, post, pre), (1, 1, q + variance), strict=True):
    k = nk.kernels_of_pair(net, 1, 1 - 1 / sqrt(1 + tangent**2), nk.symbols())
    expected = [(size * formula.subs(at)).subs(at_relu).subs(acute) for formula in (c + mu * (M - c), t_next)]
    proved([k.nngp, k.ntk], expected)

# %% [markdown]
# (b) *At 50 digits* and (c) *in float64*, handwritten digits of all norms: ReLU's layers between norms are He's
# network, with post-norm the residual network without it; the diagonal of pre-norm.  erf at $\sigma_b^2/\sigma_w^2 =
# 0.06$ is chaos with every norm.


# %%
def between_norms(depth, phi, *point):
    """The network with `LayerNorm` behind every Dense layer."""
    return nk.Network([nk.Dense(*point), nk.LayerNorm(), *[phi, nk.Dense(*point), nk.LayerNorm()] * (depth - 1)])


rows = nk.optical_digits()[0][:4].reshape(4, -1)
for system, depth, digits in ((nk.digits(50), 20, 48), (nk.float64, 300, 10)):  # float64: (20 + 4 l) u
    he, skip = nk.fcn(depth, nk.relu, 2), nk.resnet(depth, nk.relu, 3)
    unit = nk.normalised(rows, he, q=1, numbers=system)
    wanted = nk.kernels(he, unit, None, system), nk.kernels(skip, nk.normalised(rows, skip, 1, system), None, system)
    found = [between_norms(depth, nk.relu, 3), nk.resnet(depth, nk.relu, 3, layer_norm="post")]
    for before, net, size in zip(wanted, found, (1, Rational(5, 2) ** (depth - 1)), strict=True):
        after = nk.kernels(net, rows, None, system)
        for name in ("ntk", "ntk_gap", "nngp_gap"):
            agree(getattr(before, name)[0, 1], size * sympy.sympify(getattr(after, name)[0, 1]), digits)
    k = nk.kernels_of_pair(nk.resnet(depth, nk.relu, 2, layer_norm="pre"), 3, "0.7", system)
    agree(k.Theta.x, (2 + depth) * value(results["time_pre"], depth, 3), digits)  # q_l = 3 + l − 1

s_erf = value(Lambda((), 6 / pi * asin(Rational(2, 3)) + Rational("0.18")))
equal = nk.fcn(60, nk.erf, float(3 / s_erf), float(Rational("0.18") / s_erf))
ours, theirs = (nk.kernels_of_pair(net, 1, "0.5") for net in (equal, between_norms(60, nk.erf, 3, "0.18")))
for name in ("x", "xy", "gap"):
    agree(getattr(ours.Theta, name), getattr(theirs.Theta, name), digits=11)
chi_1 = (12 / (pi * sqrt(5) * s_erf)).n(30)
k = nk.kernels_of_pair(nk.resnet(300, nk.erf, 3, "0.18", layer_norm="pre"), 1, "0.5")
rho_now = value(results["rho_pre"], chi_1, 300, 1 / s_erf)
agree(k.Theta.x / k.K.x, value(results["t_aa"], chi_1, rho_now), digits=11)
k = nk.kernels_of_pair(nk.resnet(100, nk.erf, 3, "0.18", layer_norm="post"), 1, "0.5")
rho_now = (1 + s_erf / (1 + s_erf) * (chi_1 - 1)) ** 99
agree(k.Theta.x, value(results["t_aa"], chi_1, rho_now), digits=11)

# %% [markdown]
# *Pre-norm ReLU*: $C$ is read from the integral in (20.11) at $l = 2000$, where $T = 8$; the flow (20.10), from there
# to $T = 10^4$, a depth of $e^{10^4}$, must arrive at (20.11) to (20.13).

# %%
integrand = sympy.lambdify(theta, 1 / theta**2 - 1 / (3 * pi * F))  # 1/15 up to θ = 0.01, below which it cancels
flow = sympy.lambdify((theta, t), (-F, f - theta / pi * t))
states = []
for depth, k in pairs_by_depth(nk.resnet(2000, nk.relu, 2, layer_norm="pre"), 1, "0.5"):
    if depth in (1000, 2000):
        angle = 2 * np.arcsin(np.sqrt(k.nngp_gap / k.K.x) / 2)
        time = float(value(results["time_pre"], depth, 1))
        C_now = 1 / angle + 0.01 / 15 + quad(integrand, 0.01, angle)[0] - time / (3 * np.pi)
        states.append((time, angle, float(k.ntk / k.K.x), C_now))
(*before, C_before), (*now, C_now) = states
agree(C_before, C_now, digits=3)  # 1/l
half_way = solve_ivp(lambda _, y: flow(*y), (before[0], now[0]), before[1:], rtol=1e-10).y[:, -1]
for ours, theirs in zip(half_way, now[1:], strict=True):
    agree(ours, theirs, digits=3)  # 1/l
angle, entry = solve_ivp(lambda _, y: flow(*y), (now[0], 1e4), now[1:], rtol=1e-10, atol=1e-12).y[:, -1]
agree(1 / angle, 1e4 / (3 * np.pi) + C_now, digits=6)  # 1/T, of T
agree(entry, value(results["t_ab"], 1e4, C_now), digits=6)
agree(entry, value(results["t_ab_of_angle"], angle), digits=9)  # θ², of T
agree((1e4 + 11 * entry) / (1e4 - entry), value(results["kappa"], 12) + value(results["kappa_next"], 12, 1e4, C_now), 6)
holds(8 < (now[0] + 11 * now[2]) / (now[0] - now[2]) < 8.3, "κ at l = 2000, of m = 12; the limit is 5")

# %% [markdown]
# *With a bias*, $\sigma_w^2 = 1$, $\sigma_b^2 = 0.5$, $\chi_1 = \frac12$: the gap of one pair, from $E\rho_l = 1 -
# c_l$.

# %%
for place, depth, Y_now, digits in (
    ("post", 60, value(results["gap"], Rational(1, 2), Rational(1, 2)), 3),  # the angle, 6e-4
    ("pre", 2000, value(results["gap_pre"], Rational(1, 2)), 1),  # the angle, 0.1
):
    k = nk.kernels_of_pair(nk.resnet(depth, nk.relu, 1, "0.5", layer_norm=place), 1, "0.5")
    gap = k.ntk_gap / (2 * k.K.x)
    agree(gap, Y_now * sqrt(k.nngp_gap / (2 * k.K.x)), digits)

# %% [markdown]
# ## Exercise
#
# At which $\sigma_b^2/\sigma_w^2$ are erf networks with layer norm critical?  In which phase are they without a bias?
#
# **Solution.**  By (20.5), (3.7) and (3.8), or from (6.9) at $q^* = 1$,
# $$\frac{\sigma_b^2}{\sigma_w^2} = \frac4{\pi\sqrt5} - \frac2\pi\arcsin\frac23 = 0.1048. \tag{20.16}$$
# Without a bias $\chi_1 = 1.226$ at every $\sigma_w^2$: chaos, also where $\sigma_w^2 < \frac\pi4$ and in the network
# without layer norm the signal dies out, $q^* = 0$.

# %%
line = pi / 4 * sqrt(5), 1 - sqrt(5) / 2 * asin(Rational(2, 3))  # (6.9)
proved(line[1] / line[0], results["erf_ray"]())
without_bias = (4 / (pi * sqrt(5))) / (2 / pi * asin(Rational(2, 3)))
agree(nk.mean_field(nk.erf, *(float(v) for v in line)).chi_1, 1, digits=12)
small = between_norms(60, nk.erf, "0.1"), nk.fcn(60, nk.erf, "0.1")
cosines = [k.nngp / k.K.x for k in (nk.kernels_of_pair(net, 1, "0.5", nk.digits(20)) for net in small)]
holds(bool(cosines[0] < 0.01 and cosines[1] > 0.1) and without_bias.n() > 1, "layer norm leads to chaos")
k = nk.kernels_of_pair(between_norms(60, nk.erf, "0.1"), 1, "0.5")
agree(k.Theta.x, (without_bias**60 - 1) / (without_bias - 1), digits=11)  # (4.7) with q* = 1

# %% [markdown]
# ## Summary
#
# | | between norms | post-norm | pre-norm |
# |---|---|---|---|
# | step $\mu_l$ (20.7) | 1 | $s/(1 + s)$ | $1/(l + a)$ |
# | $\Theta_{aa}$, $\chi_1 = 1$ (20.8) | $l$ | $T = 1 + \mu(l - 1)$ | $q_lT \approx s\,l\log l$ (20.9) |
# | ReLU, no bias | He's recursion | $t$ of (19.5) | (19.6) to (19.9) at $\mu = 0$: (20.11) to (20.13) |
# | $\kappa \to \frac{m + 3}3$, at the rate | $\log l/l$ | $\log l/l$ | $1/\log l$ |
# | ReLU, bias: $\kappa \sim$ (20.14) | $\chi_1^{-l/2}$ | $\zeta^{-l/2}$ | $l^{(1 - \chi_1)/2}$ |
# | chaos: $\kappa - 1 \sim$ (20.15) | $\chi_1^{-l}$ | $(1 + \mu(\chi_1 - 1))^{-l}$ | $l^{1 - \chi_1}$ |
