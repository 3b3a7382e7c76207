# %% [markdown]
# # Universality: what of the activation decides the law at criticality
#
# **Setting.** Chapter `critical_line` found $p_{ab} \sim \frac13l\,q^*$ for erf, chapter `relu` $\frac14l\,q$.  On the
# line $\chi_1 = 1$ inputs become parallel so slowly that only the map near $c = 1$ matters,
# $e' = q^* - f(q^* - e)$ with $f(t) = \sigma_w^2\mathcal T(q^*, q^*, t) + \sigma_b^2$; so few properties of $\phi$ do.
#
# | symbol | code | paper |
# |---|---|---|
# | $e = q^* - q_{ab}$, $\varepsilon = 1 - c = e/q^*$ | `Kernels.nngp_gap / 2` | Eq. 17 |
# | $p_{ab}^{(l)}$, $p^{(l)} = l\,q^*$ | `Kernels.ntk`, `.Theta.x` | Eq. 17 |
# | $\chi_1 = \sigma_w^2A$, $A = \mathbb E[\phi'^2]$; $\chi_q$ | `mean_field(...)` | Section 6 |
# | $\sigma_w^2, \sigma_b^2, q^*$ on the line | `critical_point(...)` | Section 3 |
# | $\phi^{(k)}$ jumps by $J$ at $a$; $p(a) = e^{-a^2/(2q)}/\sqrt{2\pi q}$ | – | – |
#
# **Goals.** The classes: smooth, a kink, a jump, the tip $q^* = 0$, scale invariance.  What a jump of $\phi''$ does.
# For which activations a stable critical line exists at all.

# %%
import pathlib
import runpy

import mpmath
import sympy
from sympy import Lambda, Rational, acos, asin, cos, diff, exp, factorial, gamma, limit, log, oo, pi, sin, sqrt, tanh

import ntkref as nk
from ntkref.inputs import covariance_of_pair

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, e, c, u, J2, eta, alpha, x, y, L = sympy.symbols("q e c u J2 eta alpha x y L", positive=True)  # J2 = Σ J² p(a)
sigma_w2, g, k, m, A, G = sympy.symbols("sigma_w2 g k m A G", positive=True)
a, a1, a2, a3, a5, theta = sympy.symbols("a a1 a2 a3 a5 theta", real=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the series of `expression` at 0."""
    expansion = sympy.expand(sympy.series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


# %% [markdown]
# ## 1. What a jump leaves in the map
#
# Let $\phi^{(k)}$ jump by $J$ at $a$, and $\phi$ be smooth elsewhere.  Then $\phi^{(k+1)}$ holds $J\delta(x - a)$, and
# by Price's theorem (13.4) with (13.12), $f^{(k+1)}(q^* - e) \approx \sigma_w^2J^2p(a)/(2\sqrt{\pi e})$.  Since
# $(d/de)^{k+1}e' = (-1)^kf^{(k+1)}(q^* - e)$, and $e^{-1/2}$ integrated $k + 1$ times is
# $\sqrt\pi\,e^{k+\frac12}/\Gamma(k + \frac32)$,
# $$e' = \sum_{1\le j\le k}\frac{(-1)^{j+1}}{j!}f^{(j)}(q^*)\,e^j + (-1)^k\eta_k\,e^{k+\frac12} + \dots, \qquad
#   \eta_k = \frac{\sigma_w^2}{2\,\Gamma(k + \frac32)}\sum_{\text{jumps}}J^2p(a), \tag{15.1}$$
# $$\eta_0 = \frac{\sigma_w^2}{\sqrt\pi}\sum J^2p, \qquad \eta_1 = \frac{2\,\sigma_w^2}{3\sqrt\pi}\sum J^2p, \qquad
#   \eta_2 = \frac{4\,\sigma_w^2}{15\sqrt\pi}\sum J^2p. \tag{15.2}$$
# Two jumps at different places add: their $\rho(a, b)$, $a \ne b$, vanishes faster than any power as $e \to 0$.

# %%
eta_of = Lambda((k, sigma_w2, J2), sigma_w2 * J2 / (2 * gamma(k + Rational(3, 2))))
etas = [eta_of(order, sigma_w2, J2) for order in range(3)]
proved(etas, [sigma_w2 * J2 * factor / sqrt(pi) for factor in (1, Rational(2, 3), Rational(4, 15))])
for order, coefficient in enumerate(etas):
    term = (-1) ** order * coefficient * e ** (order + Rational(1, 2))
    proved(diff(term, e, order + 1), (-1) ** order * sigma_w2 * J2 / (2 * sqrt(pi * e)))
p_at = Lambda((q, a), exp(-(a**2) / (2 * q)) / sqrt(2 * pi * q))
proved(limit(exp(-(a1**2 + 1) / (4 * e)) / sqrt(e) / e**5, e, 0), 0)  # u − v = a − b ≠ 0, of variance 2e

# %% [markdown]
# *Known cases.*  Sign has $k = 0$, $J = 2$; by (13.8) $e' = \frac2\pi\sigma_w^2\arccos(1 - e/q)$.  $|x|$ and ReLU have
# $k = 1$, $J = 2$ and 1; ReLU's $\eta_1$ at $\sigma_w^2 = 2$ is the $2\sqrt2/(3\pi\sqrt q)$ of (10.14).  For $x|x|/2$,
# whose second derivative is sign, $k = 2$, $J = 2$ and
# $$\mathcal T(c) = \frac1{4\pi}\big[6\sin\theta\cos\theta + (\pi - 2\theta)(1 + 2\cos^2\theta)\big], \qquad
#   \dot{\mathcal T} = \frac2\pi\Big[\sin\theta + \Big(\frac\pi2 - \theta\Big)\cos\theta\Big]\quad(q = 1). \tag{15.3}$$

# %%
jumps_at_0 = Lambda((q, a), a**2 * p_at(q, 0))  # J² p(0)
proved(limit(2 / pi * sigma_w2 * acos(1 - e / q) / sqrt(e), e, 0), etas[0].subs(J2, jumps_at_0(q, 2)))
proved(etas[1].subs({J2: jumps_at_0(q, 1), sigma_w2: 2}), 2 * sqrt(2) / (3 * pi * sqrt(q)))

c_theta, s_theta = cos(theta), sin(theta)
T_xx = (6 * s_theta * c_theta + (pi - 2 * theta) * (1 + 2 * c_theta**2)) / (4 * pi)
Tdot_xx = 2 / pi * (s_theta + (pi / 2 - theta) * c_theta)
proved([diff(f, theta) for f in (T_xx, Tdot_xx)], [-s_theta * Tdot_xx, -s_theta * (1 - 2 * theta / pi)])  # sign's T
proved([T_xx.subs(theta, pi / 2), Tdot_xx.subs(theta, pi / 2)], [0, 2 / pi])  # E[u|u|] = 0, E[|u|]² = 2/π
e_theta = 1 - c_theta  # and σ_w² = 1: f' = f'' = 1 at c = 1
left = coefficients(T_xx.subs(theta, 0) - T_xx - (e_theta - e_theta**2 / 2), theta, 0, 5)
eta_xx = etas[2].subs({J2: jumps_at_0(1, 2), sigma_w2: 1})
proved(left, [0, 0, 0, 0, 0, eta_xx / sqrt(2) ** 5])  # e = θ²/2

# %% [markdown]
# ## 2. The classes
#
# On the line $f'(q^*) = 1$.  What comes next in $e' = e - \dots$ decides, by (10.20) with $\nu$ the extra power of $e$:
#
# | | $e' - e$ | $\nu$ | $p_{ab}^{(l)}/(l\,q^*)$ | $\kappa$ |
# |---|---|---|---|---|
# | no kink | $-\alpha e^2$, $\alpha = \frac12\sigma_w^2\mathbb E[\phi''^2]$ | 1 | $\frac13$ | $\frac{m+2}2$ |
# | a kink: $\phi'$ jumps | $-\eta_1e^{3/2}$ | $\frac12$ | $\frac14$ | $\frac{m+3}3$ |
# | $\phi$ jumps | $\eta_0e^{1/2}$: $\chi_1 = \infty$ | – | – | – |
#
# One kink is enough for the second class, however smooth the rest, and
# $$\frac1{\sqrt{e_l}} = \frac{\eta_1}2\,l + O(\log l), \qquad e_l \sim \frac4{\eta_1^2l^2}. \tag{15.4}$$
# A jump of $\phi$ has no critical line and no order: $e' \approx \eta_0\sqrt e > e$ for small $e$, so that nearby
# inputs part at every $\sigma_w^2 > 0$, and $c^* < 1$ always.

# %%
kink_map = y**2 - eta * y**3  # of e = y²
proved(limit(1 / sqrt(kink_map) - 1 / y, y, 0), eta / 2)
fractions = [nu / (1 + 2 * nu) for nu in (Rational(1, 2), sympy.Integer(1))]  # (10.20)
proved(fractions, [Rational(1, 4), Rational(1, 3)])
proved([1 + m * part / (1 - part) for part in fractions], [(m + 3) / 3, (m + 2) / 2])
holds(limit(etas[0] * sqrt(e) / e, e, 0) == oo, "the slope at a jump is infinite")

# %% [markdown]
# ## 3. A jump of $\phi''$: the logarithm becomes a square root
#
# ELU has a continuous $\phi'$ and a jump of $\phi''$.  It is in the class of $\frac13$, but $f'''(q^*) = \infty$, so
# the $\beta$, $\rho$ and $\log l$ of chapter `critical_line` do not exist.  From $e' = e - \alpha e^2 + \eta_2e^{5/2}$
# $$u = \frac1e: \quad u' = u + \alpha - \frac{\eta_2}{\sqrt u} + \dots, \qquad
#   u_l = \alpha l - \frac{2\eta_2}{\sqrt\alpha}\sqrt l + O(\log l), \tag{15.5}$$
# and the recursion (9.10) is solved by half powers, $P(e) = \frac Ae + \frac G{\sqrt e} + \dots$ with $A =
# \frac{q^*}{3\alpha}$ and $G = \frac{7\,\eta_2\,q^*}{15\,\alpha^2}$, so that
# $$p_{ab}^{(l)} = \frac{q^*}3\big(l - b\sqrt l\big) + O(\log l), \quad
#   \kappa = \frac{m+2}2 - \frac{3m}4\,\frac b{\sqrt l} + \dots, \quad b = \tfrac35\eta_2\,\alpha^{-3/2}. \tag{15.6}$$
# The limit is reached from below.  For $k = 3$ ($\phi'''$ jumps) only $\gamma$ is infinite, and $\rho$ stands.

# %%
bent = y**2 - alpha * y**4 + eta * y**5  # e = y²
proved(coefficients(1 / bent - 1 / y**2, y, 0, 1), [alpha, -eta])
u_l = alpha * L - 2 * eta * sqrt(L / alpha)
proved(limit((u_l.subs(L, L + 1) - u_l - alpha) * sqrt(u_l), L, oo), -eta)
P = Lambda(y, A / y**2 + G / y)
orders = coefficients(P(y * sqrt(bent / y**2)) - (q - bent) - diff(bent, y) / (2 * y) * P(y), y, 0, 1)  # f' = de'/de
in_P = {A: q / (3 * alpha), G: 7 * eta * q / (15 * alpha**2)}
proved([order.subs(in_P) for order in orders], [0, 0])
b_of = 3 * eta / (5 * alpha ** Rational(3, 2))
proved(limit((in_P[A] * u_l + in_P[G] * sqrt(u_l) - q * L / 3) / sqrt(L), L, oo), -q * b_of / 3)
p_ab = (1 - g * y) / 3  # of l q, with y = 1/√l and g for b
proved(coefficients((1 + (m - 1) * p_ab) / (1 - p_ab), y, 0, 1), [(m + 2) / 2, -3 * m * g / 4])

# x|x|/2 at its critical point q = 1, σ_w² = 1, α = 1/2, layer by layer in float64.  (Its variance map is unstable
# there, Section 6, which e at fixed norms does not feel.)
fast, e_now, p_now, seen = mpmath.fp, 0.5, 0.5, {}
for depth in range(1, 160001):
    if depth in (40000, 160000):
        seen[depth] = 3 * p_now - depth
    cosine, sine = 1 - e_now, fast.sqrt(e_now * (2 - e_now))
    angle = fast.atan2(sine, cosine)
    e_now = 0.75 - (6 * sine * cosine + (fast.pi - 2 * angle) * (1 + 2 * cosine**2)) / (4 * fast.pi)
    p_now = 1 - e_now + 2 / fast.pi * (sine + (fast.pi / 2 - angle) * cosine) * p_now
b_xx = value(Lambda((eta, alpha), b_of), eta_xx, Rational(1, 2))
agree((seen[160000] - seen[40000]) / 200, -b_xx, digits=1.5)  # O(log l) of √l

# %% [markdown]
# ## 4. The tip
#
# Let $\phi$ be odd and smooth, $r = \phi'''(0)/\phi'(0)$.  At $q^* = 0$, $\sigma_b^2 = 0$, $\sigma_w^2 = 1/\phi'(0)^2$
# the moments of a Gaussian give
# $$q' = q + rq^2 + \dots, \qquad c' = c - \frac{r^2}6c(1 - c^2)\,q^2 + \dots, \qquad f' = 1 + rq + \dots \tag{15.7}$$
# For $r < 0$ all is as in (9.21) and (9.22): $q_l \sim 1/(|r|l)$, the cosines keep a memory $c_\infty$ of the inputs,
# $D_l \propto q_l$, and
# $$\Theta_{aa}^{(l)} \to \frac1{|r|}, \qquad \Theta_{ab}^{(l)} \to \frac{c_\infty}{|r|}. \tag{15.8}$$
# erf and tanh both have $r = -2$, sin has $-1$.  For $r > 0$ the tip repels.  The line leaves the tip as
# $$\sigma_w^2 = \frac{1 - rq}{\phi'(0)^2} + \dots, \qquad \sigma_b^2 = \frac{r^2}3q^3 + \dots, \qquad
#   \chi_q = 1 + rq + \dots; \tag{15.9}$$
# if $\phi$ is not odd, but $\phi(0) = 0$, then $\chi_q = 1 + [r + \frac12\phi''(0)^2/\phi'(0)^2]\,q + \dots$: the curve
# of GELU, SiLU and Mish, with a positive bracket, leaves it unstably.


# %%
def moment(i, j):
    """E[x^i y^j] of variances q and cosine c, as in chapter `price`."""
    parts = [(h, (i - h) // 2, (j - h) // 2) for h in range(i % 2, min(i, j) + 1, 2) if (i - j) % 2 == 0]
    weights = [c**h / factorial(h) / (2 ** (f + d) * factorial(f) * factorial(d)) for h, f, d in parts]
    return factorial(i) * factorial(j) * q ** ((i + j) // 2) * sum(weights)


def mean(polynomial):
    """E of a polynomial in x and y."""
    return sum(w * moment(i, j) for (i, j), w in sympy.Poly(polynomial, x, y).terms())


odd = a1 * x + a3 * x**3 / 6 + a5 * x**5 / 120
T_tip = mean(sympy.expand(odd * odd.subs(x, y))) / a1**2
T_tip = sum(sympy.expand(T_tip).coeff(q, power) * q**power for power in range(4))
ratio = a3 / a1
slope_tip = mean(sympy.expand(diff(odd, x) * diff(odd, x).subs(x, y))) / a1**2
proved([coefficients(f, q, 0, 1) for f in (T_tip.subs(c, 1) / q, slope_tip)], [[1, ratio], [1, ratio]])
proved(coefficients(T_tip / T_tip.subs(c, 1), q, 0, 2), [c, 0, -(ratio**2) / 6 * c * (1 - c**2)])
line_w = 1 / slope_tip.subs(c, 1)  # times 1/a1²: 1 − rq
proved(coefficients(q - line_w * T_tip.subs(c, 1), q, 0, 3), [0, 0, 0, ratio**2 / 3])
proved(coefficients(diff(T_tip.subs(c, 1), q) * line_w, q, 0, 1), [1, ratio])
general = a1 * x + a2 * x**2 / 2 + a3 * x**3 / 6
lift = mean(general * diff(general, x, 2)) / mean(diff(general, x) ** 2)  # E[φφ'']/A
proved(coefficients(lift.subs(c, 1), q, 0, 1), [0, ratio + (a2 / a1) ** 2 / 2])
for function, r_of in ((sympy.erf, -2), (tanh, -2), (sin, -1)):
    proved((diff(function(x), x, 3) / diff(function(x), x)).subs(x, 0), r_of)

# %% [markdown]
# ## 5. Scale invariance
#
# Let $\phi = s_+x$ for $x > 0$ and $s_-x$ for $x < 0$: ReLU, leaky ReLU, $|x|$, the identity.  With the gain
# $g = \frac12(s_+^2 + s_-^2)$ both $A = g$ and $\mathcal T = gq$, $\chi_q = \chi_1 = \sigma_w^2g$, and (14.2) makes the
# whole line **one point**, $(\sigma_w^2, \sigma_b^2) = (1/g, 0)$, where every $q$ is fixed.  With $J = s_+ - s_-$
# $$\cos\theta' = \cos\theta + \frac\lambda\pi(\sin\theta - \theta\cos\theta), \qquad f' = 1 - \frac{\lambda\theta}\pi,
#   \qquad \lambda = \frac{J^2}{2g} = \frac{(s_+ - s_-)^2}{s_+^2 + s_-^2}. \tag{15.10}$$
# ReLU has $\lambda = 1$, (10.2); $|x|$ has 2; a leak of slope $h$ has $(1 - h)^2/(1 + h^2)$; for the identity, 0, no
# cosine moves.  All laws are ReLU's in the depth $\lambda l$ to leading order: $1/\theta_l \sim \lambda l/(3\pi)$, and
# for every $\lambda > 0$ again $p_{ab} \sim \frac14lq$.

# %%
s_plus, s_minus = sympy.symbols("s_plus s_minus", real=True)
gain, jump = (s_plus**2 + s_minus**2) / 2, s_plus - s_minus
T_relu, Tdot_relu = (sin(theta) + (pi - theta) * cos(theta)) / (2 * pi), (pi - theta) / (2 * pi)  # (3.14), q = 1
T_pair = jump**2 * T_relu + (jump * s_minus + s_minus**2) * cos(theta)  # φ = J max(0, x) + s₋ x; E[max(0, u) v] = c/2
lam = jump**2 / (2 * gain)
proved(T_pair / gain, cos(theta) + lam / pi * (sin(theta) - theta * cos(theta)))
proved(-diff(T_pair, theta) / sin(theta) / gain, 1 - lam * theta / pi)
third = proved(coefficients(T_pair / gain - cos(theta), theta, 0, 3)[3] * 2 * sqrt(2), 2 * sqrt(2) / (3 * pi) * lam)
proved(etas[1].subs({J2: jumps_at_0(q, jump), sigma_w2: 1 / gain}) * sqrt(q), third)  # of ε^(3/2), ε = θ²/2

# %% [markdown]
# ## 6. Which activations have a stable critical line
#
# Every $q$ gives a point of the curve $\chi_1 = 1$: $\sigma_w^2 = 1/A$, $\sigma_b^2 = q - \mathcal T/A$, as in (14.2).
# It is a critical point of a network if $\sigma_b^2 \ge 0$, and one that a variance finds if $|\chi_q| < 1$.  Let
# $\mathcal T(c) = \sum_na_n^2c^n$ be the expansion in Hermite polynomials, so that $qA = \sum na_n^2$.  Then
# $$\sigma_b^2A = \sum_{n\ge2}(n-1)\,a_n^2 - a_0^2, \qquad (\chi_q - 1)\,A = \mathbb E[\phi\phi'']. \tag{15.11}$$
# * $\mathbb E\phi = a_0 = 0$, in particular $\phi$ odd: $\sigma_b^2 \ge 0$ for all $q$.
# * $\phi\phi'' \ge 0$ everywhere: $\chi_q \ge 1$, **no stable point**: exp, softplus, $x^n$ and $\max(0, x)^n$ for
#   $n \ge 2$ ($\chi_q = 2 - \frac1n$).
# * $\phi\phi'' \le 0$ and $x\phi\phi' \ge 0$: $0 < \chi_q < 1$, stable throughout: tanh, erf; ELU and SELU, whose
#   $\phi\phi''$ lives on $x < 0$; hard tanh.
# * Otherwise it has to be computed.  In closed form, by (13.20) and (13.21),
# $$\sin: \sigma_b^2 = q - \tanh q, \ \chi_q = \frac2{e^{2q} + 1}; \qquad
#   \cos: \sigma_b^2 = q - \coth q, \ \chi_q = -\frac2{e^{2q} - 1}; \tag{15.12}$$
# $$e^{-x^2}: \sigma_w^2 = \frac{(1 + 4q)^{3/2}}{4q}, \ \sigma_b^2 = q - 1 - \frac1{4q}, \ \chi_q = -\frac1{2q}; \qquad
#   x^n: \sigma_b^2 = \frac{(n-1)^2}{n^2}q. \tag{15.13}$$

# %%
on_diagonal = {  # T(q), A(q), and what is claimed of σ_b² and χ_q
    "sin": ((1 - exp(-2 * q)) / 2, (1 + exp(-2 * q)) / 2, q - sympy.tanh(q), 2 / (exp(2 * q) + 1)),
    "cos": ((1 + exp(-2 * q)) / 2, (1 - exp(-2 * q)) / 2, q - sympy.coth(q), -2 / (exp(2 * q) - 1)),
    "gaussian": (1 / sqrt(1 + 4 * q), 4 * q / (1 + 4 * q) ** Rational(3, 2), q - 1 - 1 / (4 * q), -1 / (2 * q)),
    "exp": (exp(2 * q), exp(2 * q), q - 1, 2),
}
for order in (2, 3, 4):
    T_n, A_n = sympy.factorial2(2 * order - 1) * q**order, order**2 * sympy.factorial2(2 * order - 3) * q ** (order - 1)
    bias_n = Rational((order - 1) ** 2, order**2) * q
    on_diagonal[f"x{order}"] = (T_n, A_n, bias_n, 2 - Rational(1, order))
for T_of, A_of, bias, chi_q in on_diagonal.values():
    proved([(q - T_of / A_of).rewrite(exp), diff(T_of, q) / A_of], [bias.rewrite(exp), chi_q])
T_c = sum(sympy.Symbol(f"a_{order}") ** 2 * c**order for order in range(6))  # 𝒯, and qA = d𝒯/dc at c = 1
proved((diff(T_c, c) - T_c).subs(c, 1), sum((order - 1) * sympy.Symbol(f"a_{order}") ** 2 for order in range(6)))

# %% [markdown]
# Cosine's points have $\sigma_b^2 \ge 0$ from $q^* = \coth q^*$, 1.19968, on; those of $e^{-x^2}$ from
# $\frac12(1 + \sqrt2)$, 1.20711.  There, and on sin's line, one $q^*$ attracts.  For GELU (13.19) says that
# $\chi_q = 1$ where $2 + 3q - q^2 = 0$:
# $$q^* = \frac{3 + \sqrt{17}}2 = 3.56155\ldots, \qquad (\sigma_w^2, \sigma_b^2) = (1.983058\ldots, 0.172922\ldots).
#   \tag{15.14}$$
# Below, $\chi_q > 1$: the points of the curve are unstable fixed points.  Beyond, $\chi_q < 1$: **a stable critical
# line**, up to $q^* \to \infty$, where GELU becomes ReLU.  The point between is known in the literature as
# *half-stable*: as $V'' = \sigma_w^2\mathcal T'' \ne 0$ there, the variance map $V$ touches the diagonal, and attracts
# from one side only.

# %%
P_gelu, N = Rational(1, 4) + asin(q / (1 + q)) / (2 * pi), sqrt(1 + 2 * q)  # (13.17) and (13.18) on the diagonal
T_gelu, A_gelu = q * P_gelu + q**2 / (pi * (1 + q) * N), P_gelu + q / (2 * pi * N) * (2 / (1 + q) + 1 / N**2)
lift_gelu = q * (2 + 3 * q - q**2) / (2 * pi * (1 + q) ** 2 * N**3)  # (13.19)
proved(diff(T_gelu, q), A_gelu + lift_gelu)
half_gelu = proved(sympy.solve(2 + 3 * q - q**2, q)[0], (3 + sqrt(17)) / 2)

# %% [markdown]
# For the others the expectations are sums by the trapezoid rule (14.15):
#
# | | half-stable $q^*$ | $\sigma_w^2$ | $\sigma_b^2$ | $V''$ | no other fixed $q$ from $q^* =$ |
# |---|---|---|---|---|---|
# | GELU | 3.561553 | 1.983058 | 0.172922 | $-2.87\cdot10^{-4}$ | 3.563799 |
# | GELU, with tanh | 3.556773 | 1.982888 | 0.172895 | $-3.24\cdot10^{-4}$ | 3.559587 |
# | SiLU | 14.320174 | 1.988005 | 0.555143 | $+5.70\cdot10^{-6}$ | 14.320284 |
# | Mish | 1.670169 | 2.013524 | 0.094522 | $+1.58\cdot10^{-2}$ | 2.008585 |
#
# The last column: just beyond its touching point $V$ cuts the diagonal again nearby, and what starts behind that cut
# goes elsewhere: at GELU's $q^* = 3.562$ variances below 3.53 go to 3.06, at Mish's 1.8, where $\sigma_w^2 > 2$, those
# above 2.25 to infinity.  It ends where $V$ touches the diagonal at a second place, found with it.  The sigmoid's line
# begins at $q^* = 45.6243$ (14.17), with $\chi_q = 0.06$; it has one $q^*$, as tanh does.

# %%
plain = mpmath.MPContext()
plain.dps = 20
definitions = {
    "gelu": x * (1 + sympy.erf(x / sqrt(2))) / 2,
    "gelu_tanh": x * (1 + tanh(sqrt(2 / pi) * (x + Rational(44715, 10**6) * x**3))) / 2,
    "silu": x / (1 + exp(-x)),
    "mish": x * tanh(log(1 + exp(x))),
}
functions = {
    name: sympy.lambdify(x, [diff(f, x, j) for j in range(3)], plain, cse=True) for name, f in definitions.items()
}


def expectations(name, q_number):
    """E[φ²], E[φ'²], E[φφ''] at q, by the trapezoid rule of step 1/9 on ±10, where the density is 1e-22."""
    total, root = plain.zeros(3, 1), plain.sqrt(q_number)
    for j in range(-90, 91):
        f0, f1, f2 = functions[name](root * j / 9)
        total += plain.exp(-plain.mpf(j * j) / 162) * plain.matrix([f0 * f0, f1 * f1, f0 * f2])
    return total / (9 * plain.sqrt(2 * plain.pi))


table = {  # half-stable q*, σ_w², σ_b², V''; q* and the other q where a second touching ends the column
    "gelu": "3.56155281281 1.98305825744 0.172922390756 -2.8725e-4 3.56379881 3.282689062",
    "gelu_tanh": "3.55677284472 1.98288823982 0.172895198264 -3.2364e-4 3.559587269 3.247183203",
    "silu": "14.3201736180 1.98800467827 0.555143170722 5.7000e-6 14.320284483 14.455709290",
    "mish": "1.67016913248 2.01352406972 0.0945217873707 1.5788e-2 2.008584586 8.421871831",
}
for name, row in table.items():
    half, w, bias, bend, start, other = map(plain.mpf, row.split())
    before, after = (expectations(name, half + h)[2] for h in (-1e-10 * half, 1e-10 * half))
    holds(bool(before > 0 > after), "χ_q falls through 1")
    T_now, A_now, _ = expectations(name, half)
    ahead, behind = (sum(expectations(name, half + h)[1:]) for h in (1e-4, -1e-4))  # T' by (13.5)
    agree((ahead - behind) / 2e-4 / A_now, bend, digits=3)
    agree(1 / A_now, w, digits=10)
    agree(half - T_now / A_now, bias, digits=10)
    T_now, A_now, _ = expectations(name, start)
    T_other, *T_slope = expectations(name, other)
    gaps = ((T_other - T_now) / A_now - (other - start), sum(T_slope) / A_now - 1)
    holds(all(abs(gap) < 1e-10 for gap in gaps), "V(q) = q and V'(q) = 1 at the other q too")

# %% [markdown]
# ## 7. Results, and the package's own functions

# %%
results = {
    "eta": eta_of,  # (k, σ_w², Σ J² p(a)): the coefficient of e^(k + 1/2), up to its sign
    "p_ab_slope": tuple(Lambda(q, q * fraction) for fraction in fractions),  # a kink, smooth
    "sqrt_b": Lambda((eta, alpha), b_of),  # of (15.6)
    "scale_lambda": Lambda((s_plus, s_minus), lam),
    "T_scale": Lambda((s_plus, s_minus, theta), T_pair),  # at q = 1
    "half_stable_gelu": Lambda((), half_gelu),
}  # and σ_w², σ_b², χ_q on the curve χ₁ = 1
on_diagonal["gelu"] = (T_gelu, A_gelu, q - T_gelu / A_gelu, 1 + lift_gelu / A_gelu)
results |= {f"line_{name}": tuple(Lambda(q, f) for f in (1 / row[1], *row[2:])) for name, row in on_diagonal.items()}
for formula, theirs in zip(results["line_gelu"], (*table["gelu"].split()[1:3], 1), strict=True):
    agree(formula(half_gelu).evalf(30), theirs, digits=11)  # the closed form against the rule

# %% [markdown]
# (b) *The package*: points of these lines, and the step from $e$ to $e'$ at the kinks, to what stands beside.

# %%
for name, q_star in (("gelu", "10"), ("sin", "0.7")):
    point = nk.critical_point(getattr(nk, name), q_star=q_star)
    for ours, formula in zip((point.sigma_w2, point.sigma_b2), results[f"line_{name}"][:2], strict=True):
        agree(ours, value(formula, q_star), digits=12)  # a cancellation of one or two digits
cases = ((nk.absolute, 2, "1e-6", 2), (nk.selu, Rational("0.707398"), "1e-6", 2), (nk.elu(), 1, "1e-4", 1.5))
for activation, jump_of, epsilon, digits in cases:  # what is left out: √e of the jump's term
    _, orders = activation.slopes(1.5, nk.float64)
    T_pair, _ = activation.duals(covariance_of_pair("1.5", epsilon, nk.float64), nk.float64)
    first, *rest = map(sympy.sympify, orders)  # a kink makes E[φ''²] infinite: it is not listed
    order = 1 + len(rest)
    e_now, e_next = Rational("1.5") * Rational(epsilon), sympy.sympify(T_pair.gap * 1) / 2 / first
    left = (-1) ** order * (e_next - e_now + sum(rest) / first / 2 * e_now**2) / e_now ** (order + Rational(1, 2))
    agree(left, value(eta_of, order, 1 / first, value(jumps_at_0, "1.5", jump_of)), digits)

# %% [markdown]
# ## Exercise
#
# Which class is hard tanh, $\phi = \min(1, \max(-1, x))$, and where is its critical line?
#
# **Solution.**  $\phi'' = \delta(x + 1) - \delta(x - 1)$: two kinks, $\frac14$ at every $q^* > 0$.  With
# $A = \mathbb P(|x| < 1) = \operatorname{erf}(1/\sqrt{2q})$ and $p = p(1)$,
# $$\sigma_w^2 = \frac1A, \qquad \sigma_b^2 = \frac{2qp - (1 - A)}A, \qquad \chi_q = 1 - \frac{2p}A, \qquad
#   \eta_1 = \frac{4p}{3\sqrt\pi A}. \tag{15.15}$$
# $\sigma_b^2 \ge 0$, as $\phi$ is odd (15.11), and $A > 2p$, the density falling on $(0, 1)$: stable throughout.  At
# the tip $(1, 0)$ all corrections vanish like $e^{-1/(2q)}$: there hard tanh is the identity, and (15.7) has $r = 0$.

# %%
p_1, A_hard = p_at(q, 1), sympy.erf(1 / sqrt(2 * q))
T_hard = proved(q * A_hard - 2 * q * p_1 + 1 - A_hard, 2 * sympy.integrate(x**2 * p_at(q, x), (x, 0, 1)) + 1 - A_hard)
bias_hard = (2 * q * p_1 - (1 - A_hard)) / A_hard
proved([bias_hard, 1 - 2 * p_1 / A_hard], [q - T_hard / A_hard, diff(T_hard, q) / A_hard])
proved(etas[1].subs({sigma_w2: 1 / A_hard, J2: 2 * p_1}), 4 * p_1 / (3 * sqrt(pi) * A_hard))
holds(all(value(Lambda(q, bias_hard), number) > 0 for number in ("0.1", "1", "10")), "σ_b² > 0")

# %% [markdown]
# ## Summary
#
# | class | $p_{ab}^{(l)}$ | |
# |---|---|---|
# | no kink, $q^* > 0$ | $\frac13q^*(l + \rho\log l)$; if $\phi''$ jumps $\frac13q^*(l - b\sqrt l)$ | (15.6) |
# | a kink, $q^* > 0$ | $\frac14q^*l$, $e_l \sim 4/(\eta_1l)^2$ | (15.4) |
# | scale invariant | $\frac14q\,l$, at one point $(1/g, 0)$, in the depth $\lambda l$ | (15.10) |
# | tip, $\phi$ odd, $r < 0$ | $c_\infty/\lvert r\rvert$ | (15.8) |
# | a jump; $\phi\phi'' \ge 0$ | no critical line; no stable one | (15.2, 15.11) |
# | GELU, SiLU, Mish | beyond a half-stable point | (15.14) |
#
# **Sources.**  D. Roberts, S. Yaida and B. Hanin, *The principles of deep learning theory* (2022), for half-stable
# points; S. Hayou and others, *On the impact of the activation function on deep neural networks training* (2019).
