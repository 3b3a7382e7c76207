# %% [markdown]
# # ReLU: quarters, square roots, and no chaos
#
# **Setting.** ReLU is positively homogeneous and has a kink.  The first makes the variance map a straight line, so the
# phases differ from those of a smooth activation; the second puts a square root where chapters `ordered_phase` and
# `critical_line` had a Taylor series.  As there, $f$, $q_l$, $p_l$, $D_L$ are those of (4.4) to (4.6) of chapter
# `tangent_kernel`, $\Theta^{(1)} = \mathcal K^{(1)}$, and inputs have one variance, unless said otherwise.
#
# | symbol | code | paper |
# |---|---|---|
# | $\theta_l$, $q_{ab}^{(l)} = q\cos\theta_l$ | `Kernels.nngp` | – |
# | $\delta_l = q^* - q_{ab}^{(l)}$ | `Kernels.nngp_gap / 2` | – |
# | $p_{ab}^{(l)}$, $w_l = p^{(l)} - p_{ab}^{(l)}$ | `Kernels.ntk`, `Kernels.ntk_gap / 2` | Eq. 14, 17 |
# | $\lambda_{\max}, \lambda_{\text{bulk}}, \kappa$ | `spectrum(...)` | Eq. 15, 18 |
# | $P(\Theta)\,y$ | `mean_predictor(...)` | Eq. 7 |
# | $q^*$, $\chi_1$ | `mean_field(...)` | Section 6 |
#
# **Goals.** At He's $\sigma_w^2 = 2$, $\sigma_b^2 = 0$: $p_{ab} \sim \frac14lq$ and $\kappa \to \frac{m+3}3$, with what
# comes next, and what of this other norms and variances change.  In the ordered phase: $\kappa \sim \chi_1^{-l/2}$.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from sympy import Lambda, Rational, cos, diff, eye, limit, log, ones, oo, pi, series, sin, solve, sqrt

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, theta, sigma_w2, L, chi, E, x, v = sympy.symbols("q theta sigma_w2 L chi_1 E x v", positive=True)
sigma_b2 = sympy.Symbol("sigma_b2", nonnegative=True)
alpha, beta, gamma, A, B, A1, C, lam, n = sympy.symbols("alpha beta gamma A B A1 C lambda n", real=True)
m, l = sympy.symbols("m l", integer=True, positive=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the Laurent series of `expression` at 0."""
    expansion = sympy.expand(series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


# %% [markdown]
# ## 1. The phases
#
# By (3.14) and (3.15), with $q_{ab} = q\cos\theta$,
# $$f = \frac{\sigma_w^2q}{2\pi}\,[\sin\theta + (\pi - \theta)\cos\theta] + \sigma_b^2, \qquad
#   f' = \frac{\sigma_w^2}2\Big(1 - \frac\theta\pi\Big); \qquad V(q) = \frac{\sigma_w^2}2q + \sigma_b^2 \tag{10.1}$$
# is the variance map.  Its slope is $\chi_1 = \sigma_w^2/2$ everywhere, so $\chi_q = \chi_1$:
# * $\sigma_w^2 < 2$: $q^* = \sigma_b^2/(1 - \chi_1)$ is stable, $\chi_1 < 1$: order ($q^* = 0$ if $\sigma_b^2 = 0$);
# * $\sigma_w^2 = 2$, $\sigma_b^2 = 0$: every $q$ is fixed, $\chi_1 = 1$: criticality;
# * $\sigma_w^2 \ge 2$ otherwise: no stable $q^*$.  Where $\chi_1 > 1$, what chaos is defined by is missing.

# %%
T = q * (sin(theta) + (pi - theta) * cos(theta)) / (2 * pi)
f = sigma_w2 * T + sigma_b2
slope = proved(diff(f, theta) / diff(q * cos(theta), theta), sigma_w2 / 2 * (1 - theta / pi))
V = f.subs(theta, 0)
q_star = proved(solve(V - q, q)[0], sigma_b2 / (1 - sigma_w2 / 2))
proved([diff(V, q), slope.subs(theta, 0)], [sigma_w2 / 2, sigma_w2 / 2])

# %% [markdown]
# ## 2. Criticality: the angle
#
# At $\sigma_w^2 = 2$, $\sigma_b^2 = 0$
# $$\cos\theta' = \frac{\sin\theta + (\pi - \theta)\cos\theta}\pi, \qquad f' = 1 - \frac\theta\pi. \tag{10.2}$$
# $f''$ is infinite at $\theta = 0$, so $e = q - q_{ab}$ is not the right variable; the angle is:
# $$\theta' = \theta - \alpha\theta^2 + \beta\theta^3 - \gamma\theta^4 + \dots, \qquad
#   \alpha = \frac1{3\pi}, \quad \beta = -\frac1{18\pi^2}, \quad \gamma = \frac{6\pi^2 + 5}{270\pi^3}, \tag{10.3}$$
# which is (9.1).  So (9.5) holds for $v = 1/\theta$, and with it (9.6):
# $$\Phi(v) = v - \frac{\log v}{2\pi} + \frac{s_1}v, \quad s_1 = \frac1{15} + \frac1{9\pi^2}; \qquad
#   \frac1{\theta_l} = \frac l{3\pi} + \frac{\log l}{2\pi} + C + O\Big(\frac{\log l}l\Big), \tag{10.4}$$
# where $C = \lim\Phi(v_l) - \alpha l + r\log\alpha$, $r = \frac1{2\pi}$, is reached with an error $O(l^{-2})$.

# %%
critical = {sigma_w2: 2, sigma_b2: 0}
cosine_next, slope = (f / q).subs(critical), slope.subs(critical)
theta_next = theta - alpha * theta**2 + beta * theta**3 - gamma * theta**4
orders = coefficients(cos(theta_next) - cosine_next, theta, 3, 5)
angle = solve(orders, [alpha, beta, gamma], dict=True)[0]
proved([angle[s] for s in (alpha, beta, gamma)], [1 / (3 * pi), -1 / (18 * pi**2), (6 * pi**2 + 5) / (270 * pi**3)])
theta_next, a = theta_next.subs(angle), angle[alpha]
r, s1 = 1 / (2 * pi), Rational(1, 15) + 1 / (9 * pi**2)
step_of_Phi = 1 / theta_next - 1 / theta + r * log(theta_next / theta) + s1 * (theta_next - theta)
proved(coefficients(step_of_Phi, theta, 0, 2), [a, 0, 0])
v_l = a * L + r * log(L) + C
Phi = Lambda(v, v - r * log(v) + s1 / v)
proved(limit(Phi(v_l) - a * L + r * log(a), L, oo), C)

# %% [markdown]
# ## 3. One quarter
#
# The slope is $1 - \frac\theta\pi = 1 - 3\alpha\theta$, where (9.2) had $1 - 2\alpha e$.  So $D_l$ falls like a cube:
# $$K(\theta) = \theta^3(1 + r\,\theta): \qquad \frac{K(\theta')}{K(\theta)} = f'\,(1 + O(\theta^3)),\qquad
#   D_l \propto \theta_l^3 \propto l^{-3}, \tag{10.5}$$
# and by (4.6), with $p^{(l)} = l\,q$ on the diagonal (4.7),
# $$p_{ab}^{(l)} \sim \frac q{l^3}\sum_{k\le l}k^3 \sim \frac{l\,q}4, \qquad
#   \lambda_{\max} \sim \frac{(m+3)\,q}4l, \quad \lambda_{\text{bulk}} \sim \frac{3q}4l, \quad
#   \kappa \to \frac{m+3}3. \tag{10.6}$$

# %%
K = Lambda(theta, theta**3 * (1 + r * theta))
proved(coefficients(K(theta_next) / K(theta) / slope, theta, 0, 2), [1, 0, 0])
p_ab_slope = proved(limit(q * sympy.summation((l / L) ** 3, (l, 1, L)) / L, L, oo), q / 4)
lambda_max_slope, lambda_bulk_slope, kappa = (m + 3) * q / 4, 3 * q / 4, (m + 3) / 3
for size in range(2, 6):
    spectrum = ((q - p_ab_slope) * eye(size) + p_ab_slope * ones(size)).eigenvals()
    holds(spectrum == {lambda_max_slope.subs(m, size): 1, lambda_bulk_slope: size - 1}, "the eigenvalues of Θ/l")
proved(lambda_max_slope / lambda_bulk_slope, kappa)

# %% [markdown]
# ## 4. The next order
#
# As in Section 5 of `critical_line` a Laurent series solves the recursion,
# $$P(\theta) = \frac A\theta + B + A_1\theta + \dots, \qquad
#   A = \frac{3\pi q}4, \quad B = -\frac q8, \quad A_1 = -\frac{186\pi^2 + 25}{240\pi}\,q. \tag{10.7}$$
# A term $\theta^n$ now enters with the factor $(3 - n)\alpha$: the resonance is at $n = 3$, beyond the $\theta^2$ left
# out here, and $p_{ab} = A/\theta + B + A_1\theta + O(l^{-2})$.  With (10.4)
# $$p_{ab}^{(l)} = q\Big[\frac l4 + \frac38\log l + \frac{3\pi}4C - \frac18\Big] + O\Big(\frac{\log l}l\Big),
#   \tag{10.8}$$
# $$\kappa = \frac{m+3}3 + \frac{2m}3\,\frac{\log l + k}l + O\Big(\frac{\log^2l}{l^2}\Big), \qquad
#   k = 2\pi C - \frac13, \tag{10.9}$$
# for one $C$ for all pairs.  The limit is approached from above, and again the rate is not $1/l$.

# %%
P = Lambda(theta, A / theta + B + A1 * theta)
orders = coefficients(P(theta_next) - q * cosine_next - slope * P(theta), theta, 0, 2)
in_P = {A: 3 * pi * q / 4, B: -q / 8, A1: -(186 * pi**2 + 25) * q / (240 * pi)}
proved([order.subs(in_P) for order in orders], [0, 0, 0])
proved(diff(sympy.expand(theta_next / theta) ** n - slope, theta).subs(theta, 0), (3 - n) * a)

p_ab = q * (l / 4 + 3 * log(l) / 8 + 3 * pi * C / 4 - Rational(1, 8))
proved(p_ab.subs(l, L), in_P[A] * v_l + in_P[B])
kappa_log, k_of = 2 * m / 3, 2 * pi * C - Rational(1, 3)
p_now, diagonal = p_ab.subs({log(l): lam, l: 1 / x}), q / x  # x = 1/l, λ = log l
orders = coefficients(sympy.cancel((diagonal + (m - 1) * p_now) / (diagonal - p_now)), x, 0, 1)
proved(orders, [kappa, kappa_log * (lam + k_of)])

# %% [markdown]
# ## 5. The mean predictor
#
# (9.18) with $d = l\,q$, $o \sim \frac14lq$ and $\epsilon H = \frac{3\pi q}4C$, zero on the diagonal, gives
# $$P(\Theta^{(l)}) \to \frac1{m+3}\mathbf 1\mathbf 1^T, \qquad \lim_{l\to\infty}l\,P(\Theta^{(l)})\,y
#   = \pi\Big[C_{td}\,y - \frac1{m+3}\mathbf 1\mathbf 1^TC_{dd}\,y\Big] \quad (\mathbf 1^Ty = 0). \tag{10.10}$$

# %%
off = p_ab.subs(l, L)
predictor_factor = proved(limit(L * diff(p_ab, C) / (L * q - off), L, oo), pi)  # ε H = (∂p_ab/∂C) C
predictor_mean = proved(limit(off / (L * q + (m - 1) * off), L, oo), 1 / (m + 3))

# %% [markdown]
# ## 6. Other norms, other variances
#
# Let $\sigma_b^2 = 0$ and $n_a = \mathcal K^{(1)}_{aa}$.  By (3.14) $\mathcal T$ is $\sqrt{q_1q_2}$ times a function of
# the angle, and $\dot{\mathcal T}$ a function of the angle: it does not see $\sigma_w^2$ or the norms.  By induction
# $$\Theta_{ab}^{(l)} = \Big(\frac{\sigma_w^2}2\Big)^{l-1}\sqrt{n_an_b}\;t_l(\theta_{ab}), \qquad
#   t_{l+1} = \cos\theta_{l+1} + \Big(1 - \frac{\theta_l}\pi\Big)t_l, \quad t_1 = \cos\theta_1, \tag{10.11}$$
# exactly, $t_l$ being $\Theta^{(l)}$ at criticality and $q = 1$, and $\mathcal K_{ab}^{(l)}$ the same with
# $\cos\theta_l$.  (From the same inputs, rather than the same $n$, one more factor: $n \propto \sigma_w^2$.)  For
# *equal norms* $\kappa$ and $P(\Theta)$ are those of criticality at every $\sigma_w^2$: cosines go to 1 also where
# $\sigma_w^2 > 2$, and only the scale explodes or vanishes.  For *unequal norms*, with $N = \mathrm{diag}(n)$,
# $$\frac{\Theta^{(l)}}l \to N^{\frac12}\Big(\frac34\mathrm{Id} + \frac14\mathbf 1\mathbf 1^T\Big)N^{\frac12}, \qquad
#   P(\Theta^{(l)}) = N_t^{\frac12}\,P_{n=1}\,N_d^{-\frac12}, \tag{10.12}$$
# (the first at $\sigma_w^2 = 2$), and $\frac{m+3}3$ does not hold: for $m = 2$ and $n_2/n_1 = h$
# $$\kappa + 2 + \frac1\kappa = \frac{16}{15}\,\frac{(1 + h)^2}h, \tag{10.13}$$
# least at $h = 1$, where $\kappa = \frac53$.  And $P\,y$ vanishes like $1/l$ if $\sum_by_b/\sqrt{n_b} = 0$, instead of
# $\mathbf 1^Ty = 0$.

# %%
q1, q2, h, g, t_now, theta_now = sympy.symbols("q1 q2 h g t_now theta_now", positive=True)
q12 = sympy.Symbol("q12", real=True)
angle_of = sympy.acos(q12 / sqrt(q1 * q2))
T_of = Lambda((q1, q2, q12), (sqrt(q1 * q2 - q12**2) + (pi - angle_of) * q12) / (2 * pi))  # (3.15)
Tdot_of = Lambda((q1, q2, q12), (pi - angle_of) / (2 * pi))
root = g * sqrt(q1 * q2)  # g = (σ_w²/2)^(l−1)
state = (g * q1, g * q2, root * cos(theta_now))
acute = {sympy.acos(cos(theta_now)): theta_now, sympy.Abs(sin(theta_now)): sin(theta_now)}
K_next = sigma_w2 * sympy.simplify(T_of(*state)).subs(acute)
Theta_next = K_next + sigma_w2 * sympy.simplify(Tdot_of(*state)).subs(acute) * (root * t_now)
scale = sigma_w2 / 2 * root
proved(K_next, scale * cosine_next.subs(theta, theta_now))
proved(Theta_next, scale * (cosine_next + slope * t_now).subs(theta, theta_now))
roots = sympy.diag(1, sqrt(h))
Theta_2 = roots * (Rational(3, 4) * eye(2) + ones(2) / 4) * roots
excess = proved(Theta_2.trace() ** 2 / Theta_2.det(), Rational(16, 15) * (1 + h) ** 2 / h)  # κ + 2 + 1/κ
proved(diff(excess, h), Rational(16, 15) * (h**2 - 1) / h**2)
proved(excess.subs(h, 1), kappa.subs(m, 2) + 2 + 1 / kappa.subs(m, 2))

# %% [markdown]
# *He's initialisation.*  Section 6.5 says that the entries of the NTK diverge linearly: true, and only at
# $\sigma_w^2 = 2$.  That $\kappa \to \frac{m+3}3$: true for equal norms, at the rate $\log l/l$.  That
# $P(\Theta) = O(1/l)$: true of $P(\Theta)\,y$ for labels as above, while $P(\Theta)$ itself tends to
# $\frac1{m+3}\mathbf 1\mathbf 1^T$.
#
# ## 7. Order: a square root
#
# Let $\sigma_w^2 < 2$, $\sigma_b^2 > 0$, $\mathcal K^{(1)}_{aa} = q^*$.  By (10.1), for $\delta = q^*(1 - \cos\theta)$,
# $$\delta' = \chi_1\Big[\delta - \frac{q^*}\pi(\sin\theta - \theta\cos\theta)\Big]
#   = \chi_1\Big[\delta - \frac{2\sqrt2}{3\pi\sqrt{q^*}}\,\delta^{3/2} + \dots\Big], \qquad
#   \theta = \sqrt{\frac{2\delta}{q^*}} + \dots, \tag{10.14}$$
# so $\delta_{l+1}/(\chi_1\delta_l) = 1 + O(\chi_1^{l/2})$ and $E = \lim\delta_l/\chi_1^{l-1}$ exists, as in (8.3), with
# $$\delta_l = x + \frac{2\sqrt2}{3\pi\sqrt{q^*}}\,\frac{x^{3/2}}{1 - \sqrt{\chi_1}} + \dots, \qquad
#   x = E\,\chi_1^{l-1}. \tag{10.15}$$

# %%
y, w, s_ = sympy.symbols("y w s", positive=True)  # y is √δ, and √x
proved(V - f, sigma_w2 / 2 * (q * (1 - cos(theta)) - q / pi * (sin(theta) - theta * cos(theta))))
proved(coefficients(q / pi * (sin(theta) - theta * cos(theta)), theta, 0, 4), [0, 0, 0, q / (3 * pi), 0])
theta_of_y = proved(limit(sympy.acos(1 - y**2 / q) / y, y, 0), sqrt(2 / q)) * y
bend = proved(q / (3 * pi) * (theta_of_y / y) ** 3, 2 * sqrt(2) / (3 * pi * sqrt(q)))
delta_next = chi * (y**2 - bend * y**3)
root_of_delta = y * sqrt(1 + bend / (1 - sqrt(chi)) * y)  # (10.15), of y = √x
koenigs = Lambda(y, root_of_delta**2)
proved(coefficients(koenigs(sqrt(chi) * y) - delta_next.subs(y, root_of_delta), y, 0, 3), [0, 0, 0, 0])

# %% [markdown]
# The NTK's gap $w = p - p_{ab}$ obeys (8.6), $w' = f'w + \delta' + (\chi_1 - f')\,p$.  Here
# $\chi_1 - f' = \chi_1\theta/\pi$ is of the order $\sqrt\delta$, not $\delta$.  The forcing decays like
# $\chi_1^{l/2}$, more slowly than the free solution $\chi_1^l$, so there is no resonance and no factor $l$:
# $$\frac{p^{(l)} - p_{ab}^{(l)}}{\chi_1^{(l-1)/2}} \to s\sqrt E, \qquad
#   s = \frac{\chi_1}\pi\sqrt{\frac2{q^*}}\,\frac{p^*}{\sqrt{\chi_1} - \chi_1}
#   = \frac{\sqrt{2q^*\chi_1}}{\pi(1 - \chi_1)(1 - \sqrt{\chi_1})}. \tag{10.16}$$
# The next order $\chi_1^l$ is resonant, so an $O(l\chi_1^l)$ of $w$ is left out.  By the steps from (8.12) to (8.16),
# where $w$ was $sE\,l\chi_1^{l-1}$,
# $$\lambda_{\max} \to m\,p^*, \qquad \lambda_{\text{bulk},i} \approx s\,\mu_i\,\chi_1^{(l-1)/2}, \qquad
#   \kappa \approx \frac{m\,p^*}{s\,\mu_{\min}}\,\chi_1^{-(l-1)/2}, \tag{10.17}$$
# with $\mu_i$ the $m - 1$ eigenvalues of $-\Pi\sqrt E\,\Pi$ (entrywise root) other than that of $\mathbf 1$.  Table 1's
# $\kappa \sim \chi_1^{-l}/l$ is the law of smooth activations; ReLU's depth scale of trainability is $2\xi_1$.  The
# $\mu_i$ are positive if no $E_{ab}$, $a \ne b$, is 0: $E_{ab} = |\phi_a - \phi_b|^2$ as in Section 6 of chapter 8, so
# $e^{-tE}$ is a Gaussian kernel, positive definite; and $\sqrt E$ is, but for constants, an integral of $-e^{-tE}$:
# $$\sqrt E = \frac1{2\sqrt\pi}\int_0^\infty\big(1 - e^{-tE}\big)\,t^{-3/2}\,dt. \tag{10.18}$$
# The limit of $P(\Theta)$ is (8.20), kriging, with $w \propto \sqrt E$ in the place of $E$; but the NNGP's gap is
# $\delta \propto E$.  So, unlike for smooth activations, the two predictors part:
# $$\lim P(\Theta^{(l)}) = \text{kriging with the variogram } \sqrt E, \qquad
#   \lim P(\mathcal K^{(l)}) = \text{kriging with } E. \tag{10.19}$$

# %%
p_star = q / (1 - chi)
w_next = chi * (1 - theta_of_y / pi) * w + delta_next + chi * theta_of_y / pi * p_star
orders = coefficients(w_next.subs(w, s_ * y) - s_ * sqrt(chi) * y, y, 0, 1)
ordered_s = sqrt(2 * q * chi) / (pi * (1 - chi) * (1 - sqrt(chi)))
proved(ordered_s, chi / pi * sqrt(2 / q) * p_star / (sqrt(chi) - chi))
proved([order.subs(s_, ordered_s) for order in orders], [0, 0])
proved(sympy.integrate((1 - sympy.exp(-x * E)) * x ** Rational(-3, 2), (x, 0, oo)) / (2 * sqrt(pi)), sqrt(E))

# %% [markdown]
# ## 8. Results, and the package's own functions

# %%
results = {
    "p_ab_slope": Lambda(q, p_ab_slope),  # at criticality, q is the variance
    "kappa": Lambda(m, kappa),
    "kappa_log": Lambda(m, kappa_log),  # the coefficient of log(l)/l
    "lambda_max_slope": Lambda((m, q), lambda_max_slope),
    "lambda_bulk_slope": Lambda((m, q), lambda_bulk_slope),
    "p_ab": Lambda((q, l, C), p_ab),
    "k": Lambda(C, k_of),  # of (10.9)
    "s1": Lambda((), s1),
    "predictor_mean": Lambda(m, predictor_mean),
    "predictor_factor": Lambda((), predictor_factor),
    "ordered_q_star": Lambda((sigma_w2, sigma_b2), q_star),
    "ordered_s": Lambda((q, chi), ordered_s),  # (q*, chi_1)
}

# %% [markdown]
# (a) *On symbols.*  The package's layer turns the angle as (10.2) says, and scales with $\sigma_w^2$ as in (10.11).

# %%
numbers = nk.symbols()
tangent = sympy.Symbol("tangent", positive=True)  # of θ: an acute angle, which decides the package's branches
one_minus_c, acute = 1 - 1 / sqrt(1 + tangent**2), {theta: sympy.atan(tangent)}
(_, first), (_, second) = pairs_by_depth(nk.fcn(2, nk.relu, sigma_w2), q, one_minus_c, numbers)
proved(first.nngp, q * cos(theta).subs(acute))
proved(second.nngp, sigma_w2 / 2 * q * cosine_next.subs(acute))
proved(second.ntk, second.nngp + sigma_w2 / 2 * slope.subs(acute) * first.nngp)

# %% [markdown]
# (b) *At 50 digits* and (c) *in float64*: one pair at criticality, at another $\sigma_w^2$, and in order, which holds
# at 50 digits to $l\chi_1^l$.  Beside each comparison stands the size of what it leaves out.

# %%
angle_at = Lambda(x, 2 * sympy.asin(sqrt(x) / 2))  # θ from the gap 2q(1 − cos θ) = 4q sin²(θ/2), over q
P_at = Lambda((q, theta), P(theta).subs(in_P))
C_at = Lambda((v, L), Phi(v) - a * L + r * log(a))
kappa_at = Lambda((L, C), (kappa + kappa_log * (log(L) + k_of) / L).subs(m, 12))
ordered_gap_at = Lambda((q, chi, E, l), results["ordered_s"](q, chi) * sqrt(E) * chi ** ((l - 1) / 2))
for system, digits, deep in ((nk.digits(50), 45, 300), (nk.float64, 11, 60)):
    C_values = {}
    for depth, pair in pairs_by_depth(nk.fcn(2000, nk.relu, 2), "0.7", "0.5", system):
        if depth in (1000, 2000):
            angle = value(angle_at, pair.nngp_gap / pair.K.x)
            C_values[depth] = value(C_at, 1 / angle, depth)
            agree(pair.ntk, value(P_at, "0.7", angle), digits=6)  # l⁻², of l
            agree(pair.ntk, value(results["p_ab"], "0.7", depth, C_values[depth]), digits=4)  # (log l)/l, of l
            kappa_12 = (pair.Theta.x + 11 * pair.ntk) / (pair.ntk_gap / 2)
            agree(kappa_12, value(kappa_at, depth, C_values[depth]), digits=4)  # (log l / l)²
            holds(bool(kappa_12 > value(results["kappa"], 12)), "from above")
    agree(C_values[1000], C_values[2000], digits=6)  # l⁻²

    ours, theirs = (nk.kernels_of_pair(nk.fcn(30, nk.relu, w2), "0.7", "0.5", system) for w2 in (2, 3))
    agree(theirs.ntk, Rational(3, 2) ** 29 * sympy.sympify(ours.ntk), digits)
    agree(theirs.ntk_gap, Rational(3, 2) ** 29 * sympy.sympify(ours.ntk_gap), digits)

    mf = nk.mean_field(nk.relu, "1", "0.4", system)
    agree(value(results["ordered_q_star"], "1", "0.4"), mf.q_star, digits)
    pair = nk.kernels_of_pair(nk.fcn(deep, nk.relu, "1", "0.4"), mf.q_star, "0.5", system)
    E_value = pair.nngp_gap / 2 / mf.chi_1 ** (deep - 1)
    agree(value(ordered_gap_at, mf.q_star, mf.chi_1, E_value, deep), pair.ntk_gap / 2, digits - 4)  # l χ₁^(l/2)

# %% [markdown]
# In float64, five handwritten digits to learn from and two to predict: of one norm at criticality (10.10), of their own
# norms (10.12), and of one norm in order (10.17), (10.19).

# %%
rows, labels = nk.optical_digits()[0].reshape(1797, -1)[[0, 1, 2, 3, 4, 10, 15]], np.array([1.0, 2, 0, -1, -2])
network, depth = nk.fcn(2000, nk.relu, 2), 2000


def train_and_test(network, inputs):
    return nk.kernels(network, inputs[:5]), nk.kernels(network, inputs[5:], inputs[:5])


unit, own = (train_and_test(network, inputs) for inputs in (nk.normalised(rows, network, q=1), rows))
C_of = np.vectorize(lambda gap: float(value(C_at, 1 / value(angle_at, gap), depth)) if gap else 0.0)
C_dd, C_td = (C_of(kernel.nngp_gap) for kernel in unit)
mean, factor = float(value(results["predictor_mean"], 5)), float(value(results["predictor_factor"]))
prediction = nk.mean_predictor(*unit, labels)
for ours, theirs in zip(factor * (C_td @ labels - mean * np.sum(C_dd @ labels)), depth * prediction, strict=True):
    agree(ours, theirs, digits=2)  # (log l)/l

n_train, n_test = own[0].nngp_variances[0], own[1].nngp_variances[0]
entries = np.sqrt(np.outer(n_test, n_train)) * unit[1].ntk
holds(np.allclose(entries, own[1].ntk, rtol=1e-12, atol=0))  # (20 + 4 l) u
prediction_own = nk.mean_predictor(*own, np.sqrt(n_train) * labels)
holds(np.allclose(prediction_own, np.sqrt(n_test) * prediction, rtol=1e-9, atol=0))  # what is promised of P
limit_own = np.diag(n_train) * 3 / 4 + np.sqrt(np.outer(n_train, n_train)) / 4
agree(np.linalg.cond(limit_own), nk.spectrum(own[0]).kappa, digits=2)  # (log l)/l

network, further = nk.fcn(60, nk.relu, "1", "0.4"), nk.fcn(120, nk.relu, "1", "0.4")
inputs = nk.normalised(rows, network)
train, test = train_and_test(network, inputs)
E_dd, E_td = (kernel.nngp_gap / 2 / mf.chi_1**119 for kernel in train_and_test(further, inputs))
centre, spectrum = np.eye(5) - 1 / 5, nk.spectrum(train)
mu = np.linalg.eigvalsh(-centre @ np.sqrt(E_dd) @ centre)[:0:-1]  # descending, without the 0 of the vector 1
bulk = float(value(results["ordered_s"], mf.q_star, mf.chi_1)) * mf.chi_1**29.5 * mu
for ours, theirs in zip([5 * mf.p_star, *bulk], spectrum.eigenvalues, strict=True):
    agree(ours, theirs, digits=6)  # l χ₁^(l/2) = 6e-8


def kriging(E_dd, E_td, y):  # (8.20)
    weights, ones_solved = np.linalg.solve(E_dd, y), np.linalg.solve(E_dd, np.ones(5))
    return E_td @ weights + (1 - E_td @ ones_solved) * weights.sum() / ones_solved.sum()


for kernel, variogram, digits in (("ntk", np.sqrt, 6), ("nngp", np.asarray, 8)):  # l χ₁^(l/2), χ₁^(l/2) = 1e-9
    predicted = nk.mean_predictor(train, test, labels, kernel)
    for ours, theirs in zip(kriging(variogram(E_dd), variogram(E_td), labels), predicted, strict=True):
        agree(ours, theirs, digits)

# %% [markdown]
# ## Exercise
#
# Smooth activations give a third, ReLU a quarter.  Find $\lim p_{ab}^{(l)}/(l\,q^*)$ and $\kappa$ at criticality if
# $e' = e - \alpha e^{1+\nu} + \dots$ for $e = q^* - q_{ab}$, and recover both.
#
# **Solution.**  $f' = de'/de = 1 - (1+\nu)\alpha e^\nu$.  Then $e^{-\nu}$ grows by $\nu\alpha$ a layer, and
# $e^{1+\nu}$ falls by the factor $f'$; so $D_l \propto l^{-n}$ with $n = (1+\nu)/\nu$ and
# $$\frac{p_{ab}^{(l)}}{l\,q^*} \to \int_0^1x^n\,dx = \frac1{n+1} = \frac\nu{1 + 2\nu}, \qquad
#   \kappa \to 1 + \frac{m\,\nu}{1+\nu}. \tag{10.20}$$
# $\nu = 1$ gives $\frac13$ and $\frac{m+2}2$, (9.8) and (9.9).  For ReLU $e \approx \frac12q\theta^2$ and
# $e' - e \propto \theta^3 \propto e^{3/2}$, as in (10.14): $\nu = \frac12$ gives $\frac14$ and $\frac{m+3}3$.

# %%
nu, z = sympy.symbols("nu z", positive=True)  # z = e^ν, small
proved(coefficients((1 - alpha * z) ** (-nu), z, 0, 1), [1, nu * alpha])  # (e'/e)^(−ν)
fall = (1 - alpha * z) ** (1 + nu) - (1 - (1 + nu) * alpha * z)  # (e'/e)^(1+ν) against f'
proved(coefficients(fall, z, 0, 1), [0, 0])
fraction = proved(sympy.integrate(z ** ((1 + nu) / nu), (z, 0, 1)), nu / (1 + 2 * nu))
general_kappa = proved(1 + m * fraction / (1 - fraction), 1 + m * nu / (1 + nu))
for power, *expected in ((1, Rational(1, 3), (m + 2) / 2), (Rational(1, 2), p_ab_slope / q, kappa)):
    proved([fraction.subs(nu, power), general_kappa.subs(nu, power)], expected)
change = (cos(theta) - cosine_next) / (1 - cos(theta)) ** Rational(3, 2)  # its limit at 0 is finite: ν = 1/2
proved(limit(change, theta, 0), -2 * sqrt(2) / (3 * pi))

# %% [markdown]
# ## Summary
#
# | | criticality, $(\sigma_w^2, \sigma_b^2) = (2, 0)$ | order, $\sigma_w^2 < 2$, $\sigma_b^2 > 0$ |
# |---|---|---|
# | $\theta$, $\delta$ | $1/\theta = \frac l{3\pi} + \frac{\log l}{2\pi} + C$ (10.4) | $E\chi_1^{l-1}$ (10.15) |
# | $p_{ab}$ | $q(\frac l4 + \frac38\log l + \frac{3\pi}4C - \frac18)$ (10.8) | $p - s\sqrt E\chi_1^{(l-1)/2}$ (10.16) |
# | $\lambda$ | $\frac{m+3}4lq$, $\frac34lq$ (10.6) | $mp^*$, $s\mu_i\chi_1^{(l-1)/2}$ (10.17) |
# | $\kappa$ | $\frac{m+3}3 + \frac{2m}3(\log l + k)/l$ (10.9) | $mp^*\chi_1^{-(l-1)/2}/(s\mu_{\min})$ (10.17) |
# | $P(\Theta)$ | $\frac1{m+3}\mathbf 1\mathbf 1^T$, $Py \sim \frac\pi l[\dots]$ (10.10) | kriging, $\sqrt E$ (10.19) |
