# %% [markdown]
# # ReLU away from criticality
#
# **Setting.** Chapter `relu` solved $(\sigma_w^2, \sigma_b^2) = (2, 0)$ for inputs of one norm, and the ordered phase
# from $q^*$.  Here is the rest of the plane, and inputs of any norms.  Notation as there: $\theta_l$ is the angle of a
# pair, $\chi = \sigma_w^2/2$, $b = \sigma_b^2$, $D_L = \prod_{j<L}f'$, and $n_a = \mathcal K_{aa}^{(1)}$.
#
# | symbol | code | paper |
# |---|---|---|
# | $q_l = \mathcal K_{aa}^{(l)}$, $p_l = \Theta_{aa}^{(l)}$ | `Kernels.nngp_variances`, `ntk_variances` | Section 6 |
# | $g = q_a + q_b - 2q_{ab}$, and the same of $\Theta$ | `Kernels.nngp_gap`, `ntk_gap` | – |
# | $p_{ab}^{(l)} = \Theta_{ab}^{(l)}$ | `Kernels.ntk` | Eq. 14, 17 |
# | $\kappa$, $P(\Theta)\,y$ | `spectrum(...).kappa`, `mean_predictor(...)` | Eq. 15, Eq. 7 |
# | $\chi = \chi_1 = \chi_q$ | `mean_field(...)` | Section 6 |
#
# **Goals.** $c \to 1$ everywhere, so chaos is missing from ReLU's plane.  The limits of $\kappa$, for inputs of one
# norm: $\frac{m+3}3$ where $\sigma_b^2 = 0$ or $\sigma_w^2 > 2$, infinity in order, and $\frac{4m+3}3$ on the ray
# $\sigma_w^2 = 2$, $\sigma_b^2 > 0$.  What other norms do to each.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from sympy import Lambda, Rational, cos, diff, eye, limit, log, oo, pi, sin, sqrt

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, b, chi, Q, lam, h, x, j, L, theta, A, n = sympy.symbols("q b chi Q lambda h x j L theta A n", positive=True)
C, C_other, G, Delta, l_log, epsilon = sympy.symbols("C C_other G Delta l_log epsilon", real=True)
m, l = sympy.symbols("m l", integer=True, positive=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the Laurent series of `expression` at 0."""
    expansion = sympy.expand(sympy.series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


# %% [markdown]
# ## 1. Variances, and no chaos anywhere
#
# The variance map $q' = \chi q + b$ of (10.1) has no more to it than a geometric series: at every depth, for any input,
# $$q_l = \chi^{l-1}\Big(n_a + \frac b{\chi - 1}\Big) - \frac b{\chi - 1}, \qquad q_l = n_a + b\,(l - 1)
#   \quad (\chi = 1), \tag{21.1}$$
# and with the slope $\chi$, by (4.9), $p_{l+1} = q_{l+1} + \chi\,p_l$ on the diagonal:
# $$p_l = \chi^{l-1}\Big(n_a + \frac b{\chi - 1}\Big)l - \frac b{\chi - 1}\,\frac{\chi^l - 1}{\chi - 1}, \qquad
#   p_l = n_a\,l + \tfrac12b\,l(l - 1) \quad (\chi = 1). \tag{21.2}$$
# Write (10.2) as $\cos\theta' = k(\theta)$.  Two inputs of one norm have, with a bias,
# $$\cos\theta_{l+1} = \frac{\chi q_l\,k(\theta_l) + b}{\chi q_l + b}
#   = k(\theta_l) + \frac b{\chi q_l + b}\,\big(1 - k(\theta_l)\big) \ge k(\theta_l). \tag{21.3}$$
# As $k$ falls with the angle, induction says: at every point of the plane $\theta_l$ is at most what it is at
# criticality after as many layers, which is $O(1/l)$ (10.4).  So $c \to 1$ always, also where $\chi > 1$.

# %%
start = q + b / (chi - 1)
q_l = chi ** (l - 1) * start - b / (chi - 1)
p_l = chi ** (l - 1) * start * l - b / (chi - 1) * (chi**l - 1) / (chi - 1)
q_of = sympy.Function("q_of")
proved(sympy.rsolve(q_of(l + 1) - chi * q_of(l) - b, q_of(l), {q_of(1): q}), q_l)
proved([q_l.subs(l, 1), p_l.subs(l, 1)], [q, q])
proved(q_l.subs(l, l + 1) + chi * p_l, p_l.subs(l, l + 1))
q_ray, p_ray = q + b * (l - 1), q * l + b * l * (l - 1) / 2
proved([limit(entry, chi, 1) for entry in (q_l.subs(l, 4), p_l.subs(l, 4))], [q_ray.subs(l, 4), p_ray.subs(l, 4)])
proved(q_ray.subs(l, l + 1) + p_ray, p_ray.subs(l, l + 1))
cosine = (sin(theta) + (pi - theta) * cos(theta)) / pi  # k
proved((chi * q * cosine + b) / (chi * q + b) - cosine, b / (chi * q + b) * (1 - cosine))
proved(diff(cosine, theta), -(1 - theta / pi) * sin(theta))  # negative: k falls

# %% [markdown]
# ## 2. No bias, other norms: the spectrum
#
# Where $b = 0$, (10.11) and (10.12) say that $\chi$ is only a scale, and that at depth
# $\Theta^{(l)}/(l\chi^{l-1}) \to M = N^{\frac12}(\frac34\mathrm{Id} + \frac14\mathbf 1\mathbf 1^T)N^{\frac12}$ with
# $N = \mathrm{diag}(n)$.  This is a diagonal matrix and a square of one vector: with
# $\det(D + uu^T) = \det D\,(1 + u^TD^{-1}u)$
# $$\det(M - \lambda) = \prod_a\Big(\frac{3n_a}4 - \lambda\Big)\Big[1 - \sum_a\frac{n_a}{4\lambda - 3n_a}\Big], \qquad
#   \operatorname{tr}M = \sum_an_a, \quad \det M = \frac{m+3}3\prod_a\frac{3n_a}4. \tag{21.4}$$
# The bracket rises from $-\infty$ to $\infty$ between two neighbouring poles: with $n_1 \le \dots \le n_m$ there is one
# eigenvalue in each $[\frac34n_i, \frac34n_{i+1}]$, and the last lies above $\frac34n_m$.  One vector, $N^{1/2}\mathbf
# 1$, and Cauchy's inequality $m\sum n^2 \ge (\sum n)^2$ show that it is at least
# $$\lambda_{\max} \ge \frac34\,\frac{\sum_an_a^2}{\sum_an_a} + \frac14\sum_an_a \ge \frac{m+3}4\,\bar n, \qquad
#   \lambda_{\min} \le \frac{m\bar n - \lambda_{\max}}{m-1} \le \frac34\,\bar n, \tag{21.5}$$
# the second because the least of $m - 1$ numbers is at most their mean.  Hence, and by Ostrowski's theorem,
# $$\frac{m+3}3 \le \kappa \le \frac{m+3}3\,\frac{n_{\max}}{n_{\min}}. \tag{21.6}$$
# On the left, equality holds for equal norms only: other norms make it worse.

# %%
for size in (2, 3, 4):
    norms = sympy.symbols(f"n1:{size + 1}", positive=True)
    D, u = sympy.diag(*(3 * norm / 4 for norm in norms)), sympy.Matrix([sqrt(norm) / 2 for norm in norms])
    M, total = D + u * u.T, sum(norms)
    secular = 1 - sum(norm / (4 * lam - 3 * norm) for norm in norms)
    proved((M - lam * eye(size)).det(), (D - lam * eye(size)).det() * secular)
    proved([M.trace(), M.det()], [total, Rational(size + 3, 3) * D.det()])
    rising = sum(4 * norm / (4 * lam - 3 * norm) ** 2 for norm in norms)
    proved(diff(secular, lam), rising)
    trial = sympy.Matrix([sqrt(norm) for norm in norms])
    squares = sum(norm**2 for norm in norms)
    proved((trial.T * M * trial)[0] / total, 3 * squares / (4 * total) + total / 4)
    spread = sum((a - c) ** 2 for i, a in enumerate(norms) for c in norms[:i])
    proved(size * squares - total**2, spread)  # Cauchy's inequality
floor = (m + 3) * x / 4  # x is the mean norm
proved(floor / ((m * x - floor) / (m - 1)), (m + 3) / 3)

# %% [markdown]
# ## 3. Order from other norms
#
# Let $\chi < 1$, $b > 0$.  By (21.1) and (21.2) $q_l - q^* = O(\chi^l)$ and $p_l - p^* = O(l\chi^l)$.  For the pair let
# $s = \sqrt{q_aq_b}$ and $\delta = s - q_{ab} = s\,(1 - \cos\theta)$.  The difference $\Delta_l = q_a - q_b$ is
# $\chi^{l-1}\Delta_1$.  With $2\bar q = q_a + q_b$
# $$\delta' = \chi\,s\,\big(1 - k(\theta)\big) + s' - (\chi s + b), \qquad
#   s = \bar q - \frac{\Delta^2}{8\bar q} + O(\Delta^4). \tag{21.7}$$
# The last terms are $O(\Delta^2) = O(\chi^{2l})$, less than $\delta^{3/2} \propto \chi^{3l/2}$ in (10.14).  So
# $E = \lim\delta_l/\chi^{l-1}$ exists for inputs of any norms, and $g/2$ in the place of $\delta$ gives the same $E$.
# As $p_a - p^*$ is $O(l\chi^l)$ and not $\chi^{l/2}$, $\Theta_{ab} = p^* - s\sqrt E\chi^{(l-1)/2} + \dots$, $s$ as in
# (10.16): the leading order, (10.16) to (10.19), needs no normalised inputs.  Only the numbers $E$ depend on norms.

# %%
root_of_product = sqrt(q**2 - epsilon**2 * Delta**2 / 4)  # q is the mean, εΔ the difference
proved(coefficients(root_of_product, epsilon, 0, 3), [q, 0, -(Delta**2) / (8 * q), 0])
half_gap = q - sympy.Symbol("q12")
proved((2 * q - 2 * sympy.Symbol("q12")) / 2, half_gap)  # g/2 and δ differ by q̄ − s = O(Δ²)

# %% [markdown]
# ## 4. The ray $\sigma_w^2 = 2$, $\sigma_b^2 > 0$
#
# Here each layer adds $b$ to all covariances.  Count depth by $j = q_l/b = l - 1 + n/b$.  For inputs of one norm
# $1 - \cos\theta' = \frac j{j+1}(1 - k(\theta))$, and with (10.3) and the corresponding $v = 1/\theta$
# $$v_{l+1} = \sqrt{\frac{j+1}j}\,\Big(v + \frac1{3\pi} + \frac1{6\pi^2v} + \dots\Big), \qquad
#   \frac1{\theta_l} = \frac2{3\pi}\,(j - 1) + C\sqrt j + O(j^{-\frac12}). \tag{21.8}$$
# So $\theta_l \sim \frac{3\pi}{2l}$, half of what it is at criticality, whatever $b > 0$ is; the constant of a pair
# comes with $\sqrt l$ instead of 1, and no logarithm occurs.  The slope is $1 - \theta/\pi = 1 - \frac3{2j} + \dots$,
# so $D_l \propto l^{-3/2}$ instead of $l^{-3}$, and with $q_{ab} = q_l + O(1/l)$
# $$\frac{p_{ab}}b = \frac27\,j^2 + \frac{3\pi}{14}\,C\,j^{\frac32} + O(j), \qquad \frac{p_l}b = \frac{l^2}2 + O(l),
#   \qquad \frac{p_{ab}}{p_l} \to \frac47. \tag{21.9}$$
# $$\kappa = \frac{4m+3}3 + \frac{7\pi}3\,m\,\frac C{\sqrt l} + O\Big(\frac1l\Big) \tag{21.10}$$
# for one $C$; and (9.18) with $\epsilon H = \frac{3\pi}{14}b\,C\,l^{3/2}$ gives, for $\mathbf 1^Ty = 0$ in the second,
# $$P(\Theta^{(l)}) \to \frac4{4m+3}\mathbf 1\mathbf 1^T, \qquad \sqrt l\,P(\Theta^{(l)})\,y
#   \to \pi\Big[C_{td}\,y - \frac4{4m+3}\mathbf 1\mathbf 1^TC_{dd}\,y\Big]. \tag{21.11}$$
# At criticality (10.10) it falls like $1/l$.

# %%
alpha, r = 1 / (3 * pi), 1 / (2 * pi)
theta_next = theta - alpha * theta**2 - theta**3 / (18 * pi**2)  # (10.3)
proved(coefficients(1 / theta_next, theta, -1, 1), [1, alpha, r * alpha])
v_of = Lambda(x, 2 * alpha / x**2 + C / x + G)  # x = 1/√j
bias_step = sqrt(1 + x**2) * (v_of(x) + alpha + r * alpha / v_of(x))
orders = coefficients(bias_step - v_of(x / sqrt(1 + x**2)), x, -2, 2)
constant = sympy.solve(orders[4], G)[0]
proved([order.subs(G, constant) for order in orders] + [constant], [0, 0, 0, 0, 0, -2 * alpha])
p_of = Lambda(x, Rational(2, 7) / x**4 + 3 * pi * C / 14 / x**3)
slope = 1 - 1 / (pi * v_of(x))
orders = coefficients(1 / x**2 + 1 + slope * p_of(x) - p_of(x / sqrt(1 + x**2)), x, -4, -1)
proved(orders, [0, 0, 0, 0])
diagonal = 1 / (2 * x**4)  # x = 1/√l from here on: j − l is O(1)
orders = coefficients((diagonal + (m - 1) * p_of(x)) / (diagonal - p_of(x)), x, 0, 1)
ray_kappa, ray_kappa_root = (4 * m + 3) / 3, 7 * pi * m * C / 3
proved(orders, [ray_kappa, ray_kappa_root])
ray_factor = proved(limit(diff(p_of(x), C) / x / (diagonal - p_of(x)), x, 0), pi)
ray_mean = proved(limit(p_of(x) / (diagonal + (m - 1) * p_of(x)), x, 0), 4 / (4 * m + 3))

# %% [markdown]
# *Other norms.*  Now $\Delta = n_a - n_b$ stays as it is.  In (21.7) the last terms are
# $\frac{\Delta^2}8(1/\bar q - 1/\bar q') = \frac{\Delta^2}{8bl^2} + \dots$, as large as a change of $\delta \sim A/l$:
# norms are not forgotten.  With $\theta \sim \tau/l$, $A = \frac12b\tau^2$, and $D_l \propto l^{-n}$, $n = \tau/\pi$,
# $$n^2(2n - 3) = \frac{3\,\Delta^2}{4\pi^2b^2}, \qquad \frac{p_{ab}}{b\,l^2} \to \frac1{n+2}, \qquad
#   \frac{2\,\Theta^{(l)}_{ab}}{b\,l^2} \to \frac2{n_{ab} + 2}, \tag{21.12}$$
# with 1 on the diagonal.  The root $n \ge \frac32$ is one and rises with $|\Delta|$, so $\kappa$ is data dependent,
# through $|n_a - n_b|/\sigma_b^2$ alone: orthogonal and parallel inputs have the same limit.  A deviation of $q_{ab}$
# falls as $D_l$ (4.6), so $l^{-n}$, against $\delta \propto 1/l$; hence the limit is reached at the rate $l^{1-n}$, or
# $1/l$ (with logarithms) where that is slower.

# %%
tau = pi * n
delta_l = Lambda(x, b * tau**2 / 2 * x)  # x = 1/l
mean_q = Lambda(x, b / x)
forcing = Delta**2 / 8 * (1 / mean_q(x) - 1 / mean_q(x / (1 + x)))
balance = delta_l(x) - mean_q(x) * (tau * x) ** 3 / (3 * pi) + forcing - delta_l(x / (1 + x))
proved(coefficients(mean_q(x) * (1 - cosine).subs(theta, tau * x), x, 1, 2), [b * tau**2 / 2, -b * tau**3 / (3 * pi)])
exponent_equation = n**2 * (2 * n - 3) - 3 * Delta**2 / (4 * pi**2 * b**2)
proved(coefficients(balance, x, 1, 2), [0, -b * pi**2 / 6 * exponent_equation])
proved(exponent_equation.subs({n: Rational(3, 2), Delta: 0}), 0)
proved(diff(exponent_equation, n), 6 * n * (n - 1))  # positive from 3/2 on: one root
ray_entry = proved(limit(2 * sympy.integrate(q ** (n + 1), (q, 0, L)) / L ** (n + 2), L, oo), 2 / (n + 2))

# %% [markdown]
# ## 5. $\sigma_w^2 > 2$, $\sigma_b^2 > 0$
#
# By (21.1) variances explode, $q_l = Q\chi^{l-1} - \frac b{\chi-1}$ with
# $$Q_a = n_a + \frac b{\chi - 1}, \tag{21.13}$$
# and the bias matters less and less: (21.3) is (10.2) but for $O(\chi^{-l})$, also for other norms, as (21.7)
# is bounded by a constant against $s \sim \sqrt{Q_aQ_b}\,\chi^{l-1}$.  So (10.4) holds with another $C$, in which the
# bias of the first layers remains, and (10.8) holds: what (4.6) adds to $P$ is a multiple of $D_l \propto l^{-3}$.
# On the diagonal (21.2) adds a constant,
# $$\frac{p_{ab}}{\chi^{l-1}} = \sqrt{Q_aQ_b}\,\Big[\frac l4 + \frac38\log l + \frac{3\pi}4C - \frac18\Big] + \dots,
#   \qquad \frac{p_l}{\chi^{l-1}} = Q\,(l - \beta) + \dots, \qquad \beta = \frac{b\,\chi}{(\chi - 1)^2Q}. \tag{21.14}$$
# $$\kappa = \frac{m+3}3 + \frac{2m}3\,\frac{\log l + k}l + \dots, \qquad k = 2\pi C - \frac13 + \frac{2\beta}3,
#   \tag{21.15}$$
# for equal norms and one $C$, and for other norms (21.4) to (21.6) with $Q$ for $n$.  The $Q_a$ are closer, relatively,
# than the $n_a$: here a bias helps.  And $P(\Theta^{(l)})_{ta} \to \frac1{m+3}\sqrt{Q_t/Q_a}$, by (10.12).

# %%
beta = b * chi / ((chi - 1) ** 2 * Q)
p_from_Q = p_l.subs(q, Q - b / (chi - 1)) / chi ** (l - 1)
proved(p_from_Q - Q * (l - beta), chi ** (1 - l) * b / (chi - 1) ** 2)
shift, w = sympy.symbols("shift w", real=True)  # β and 3πC/4 − 1/8; x = 1/l
p_now, p_diagonal = 1 / (4 * x) + 3 * l_log / 8 + w, 1 / x - shift
orders = coefficients(sympy.cancel((p_diagonal + (m - 1) * p_now) / (p_diagonal - p_now)), x, 0, 1)
orders = [order.subs({shift: beta, w: 3 * pi * C / 4 - Rational(1, 8)}) for order in orders]
explosive_k = 2 * pi * C - Rational(1, 3) + 2 * beta / 3
proved(orders, [(m + 3) / 3, 2 * m / 3 * (l_log + explosive_k)])

# %% [markdown]
# ## 6. Results, and the package's own functions

# %%
results = {
    "q_l": Lambda((q, chi, b, l), q_l),  # q is the variance of the first layer
    "p_l": Lambda((q, chi, b, l), p_l),
    "q_ray": Lambda((q, b, l), q_ray),
    "p_ray": Lambda((q, b, l), p_ray),
    "kappa_m2": Lambda(h, 16 * (1 + h) ** 2 / (15 * h) - 2),  # κ + 1/κ, b = 0, m = 2, h = n₂/n₁
    "ray_kappa": Lambda(m, ray_kappa),
    "ray_kappa_root": Lambda((m, C), ray_kappa_root),  # the coefficient of l^(−1/2)
    "ray_mean": Lambda(m, ray_mean),
    "ray_factor": Lambda((), ray_factor),
    "ray_exponent": Lambda((n, Delta, b), exponent_equation),  # 0 at n
    "ray_entry": Lambda(n, ray_entry),
    "explosive_Q": Lambda((q, chi, b), q + b / (chi - 1)),
    "explosive_k": Lambda((C, Q, chi, b), explosive_k),
}

# %% [markdown]
# (a) *On symbols.*  The package's layers, with a free $\sigma_w^2 = 2\chi$ and $\sigma_b^2$, against (21.1) and (21.2).

# %%
for depth, k in pairs_by_depth(nk.fcn(4, nk.relu, 2 * chi, b), q, 0, nk.symbols()):
    proved([k.K.x, k.Theta.x], [results[name](q, chi, b, depth) for name in ("q_l", "p_l")])

# %% [markdown]
# (b) *At 50 digits* and (c) *in float64*: pairs of one norm on the ray and beyond, their constants read off (21.8) and
# (10.4) at two depths; then a pair of other norms.  What is left out stands beside each comparison.

# %%
ray_C = Lambda((x, j), (1 / x - 2 * alpha * (j - 1)) / sqrt(j))
critical_C = Lambda(
    (x, l), 1 / x - r * log(1 / x) + (Rational(1, 15) + 1 / (9 * pi**2)) * x - alpha * l + r * log(alpha)
)
for system, digits in ((nk.digits(50), 48), (nk.float64, 13)):
    Cs, left = {}, {}
    for depth, k in pairs_by_depth(nk.fcn(1000, nk.relu, 2, "0.5"), "0.7", "0.5", system):
        if depth in (500, 1000):
            Cs[depth] = value(ray_C, system.atan2(k.K.area, k.K.xy), Rational("1.4") + depth - 1)
            kappa = (k.Theta.x + 11 * k.ntk) / (k.ntk_gap / 2)
            predicted = value(results["ray_kappa"], 12) + value(results["ray_kappa_root"], 12, Cs[depth]) / depth**0.5
            left[depth] = depth * (kappa - predicted)
    agree(k.K.x, value(results["q_ray"], "0.7", "0.5", 1000), digits)
    agree(k.Theta.x, value(results["p_ray"], "0.7", "0.5", 1000), digits)
    agree(Cs[500], Cs[1000], digits=3)  # 1/l
    agree(left[500], left[1000], digits=0.7)  # (21.10) leaves 1/l; were its root's factor another, 30 % here
    for depth, k in pairs_by_depth(nk.fcn(800, nk.relu, 3, "0.5"), "0.7", "0.5", system):
        if depth in (400, 800):
            Cs[depth] = value(critical_C, system.atan2(k.K.area, k.K.xy), depth)
    kappa = (k.Theta.x + 11 * k.ntk) / (k.ntk_gap / 2)
    Q_value = value(results["explosive_Q"], "0.7", "1.5", "0.5")
    constant = value(results["explosive_k"], Cs[800], Q_value, "1.5", "0.5")
    agree(kappa, 5 + 8 * (sympy.log(800) + constant) / 800, digits=3.5)  # (log l / l)²
    agree(Cs[400], Cs[800], digits=5)  # l⁻²
    agree(k.Theta.x, value(results["p_l"], "0.7", "1.5", "0.5", 800), digits - 1)  # 800 factors, rounded

# %% [markdown]
# In float64: seven handwritten digits of their own norms, five to learn from.  Without bias $\sigma_w^2$ changes
# neither $\kappa$ nor $P$, and (21.4) to (21.6) hold; order (10.16) and explosion (21.15) need no common norm.

# %%
rows, labels = nk.optical_digits()[0].reshape(1797, -1)[[0, 1, 2, 3, 4, 10, 15]], np.array([1.0, 2, 0, -1, -2])


def train_and_test(depth, sigma_w2, sigma_b2=0, inputs=rows):
    network = nk.fcn(depth, nk.relu, sigma_w2, sigma_b2)
    return nk.kernels(network, inputs[:5]), nk.kernels(network, inputs[5:], inputs[:5])


def limit_matrix(norms):
    return np.diag(norms) * 3 / 4 + np.sqrt(np.outer(norms, norms)) / 4


critical, scaled = train_and_test(1000, 2), train_and_test(1000, 3)
agree(nk.spectrum(critical[0]).kappa, nk.spectrum(scaled[0]).kappa, digits=10)  # (20 + 4 l) u, twice
holds(np.allclose(nk.mean_predictor(*critical, labels), nk.mean_predictor(*scaled, labels), rtol=1e-9, atol=0))
norms = np.sort(critical[0].nngp_variances[0])
eigenvalues = np.linalg.eigvalsh(limit_matrix(norms))
holds(np.allclose(np.sum(norms[:, None] / (4 * eigenvalues - 3 * norms[:, None]), axis=0), 1, rtol=1e-12), "(21.4)")
holds(bool(np.all(0.75 * norms < eigenvalues) and np.all(eigenvalues[:-1] < 0.75 * norms[1:])), "interlacing")
holds(8 / 3 < eigenvalues[-1] / eigenvalues[0] < 8 / 3 * norms[-1] / norms[0], "(21.6)")
agree(nk.spectrum(critical[0]).kappa, eigenvalues[-1] / eigenvalues[0], digits=1.5)  # (log l)/l, 0.7 %, times 2

kernel, _ = train_and_test(1000, 3, "0.5")
Qs = [float(value(results["explosive_Q"], norm, "1.5", "0.5")) for norm in norms * 1.5 + 0.5]  # n ∝ σ_w²
agree(nk.spectrum(kernel).kappa, np.linalg.cond(limit_matrix(Qs)), digits=1.5)  # (log l)/l, 0.7 %, times 2

mf, off = nk.mean_field(nk.relu, "1", "0.4"), ~np.eye(5, dtype=bool)
gap, deep = train_and_test(80, 1, "0.4")[0].ntk_gap[off] / 2, train_and_test(160, 1, "0.4")[0].nngp_gap[off] / 2
ratio = gap / (nk.asymptotics.of(mf).s * np.sqrt(deep / mf.chi_1**159) * mf.chi_1**39.5)
holds(np.allclose(ratio, 1, rtol=1e-9, atol=0), "(10.16)")  # l χ₁^(l/2) = 1e-10

# %% [markdown]
# The ray: one norm (21.11), the constants read off as above; and other norms (21.12), two of the inputs parallel.

# %%
depth, C_of = 2000, sympy.lambdify((x, j), ray_C(x, j))
inputs = nk.normalised(rows, nk.fcn(2, nk.relu, 2, "0.5"), q=1)
shallow, deep = (train_and_test(layers, 2, "0.5", inputs) for layers in (depth // 4, depth))
angles = [np.where(k.distinct, np.arctan2(k.K.area, k.K.xy), np.nan) for k in deep]
C_dd, C_td = (np.nan_to_num(C_of(angle, depth + 1)) for angle in angles)  # j = l − 1 + n/b
mean, factor = float(value(results["ray_mean"], 5)), float(value(results["ray_factor"]))
expected = factor * (C_td @ labels - mean * np.sum(C_dd @ labels))
roots = [layers**0.5 * nk.mean_predictor(*k, labels) for layers, k in ((depth // 4, shallow), (depth, deep))]
for ours, theirs in zip(expected, 2 * roots[1] - roots[0], strict=True):
    agree(ours, theirs, digits=1.5)  # a miss by l^(−1/2) drops out, one by 1/l stays
kappas = [nk.spectrum(k[0]).kappa for k in (shallow, deep)]
agree(2 * kappas[1] - kappas[0], value(results["ray_kappa"], 5), digits=1.5)  # likewise

apart = np.array([[0.5, 0, 0], [2, 0, 0], [0, 4, 0]])
entries, first = (nk.kernels(nk.fcn(layers, nk.relu, 2, "0.5"), apart) for layers in (depth, 1))
for a, c in ((0, 1), (0, 2), (1, 2)):
    difference = Rational(float(first.nngp[a, a] - first.nngp[c, c]))
    exponent = sympy.nsolve(results["ray_exponent"](n, difference, Rational(1, 2)), n, 5)
    cosine_of_ntk = entries.ntk[a, c] / np.sqrt(entries.ntk[a, a] * entries.ntk[c, c])
    agree(cosine_of_ntk, value(results["ray_entry"], exponent), digits=2)  # l^(1−n), n = 1.79, 3.17, 2.77

# %% [markdown]
# ## Exercise
#
# Let $\sigma_w^2 = 2$, and let the bias variance change with depth so that $q_l \sim l^\gamma$, $0 \le \gamma < 2$.
# What are $\theta_l$ and $\lim\kappa$, for inputs of one norm?
#
# **Solution.**  In (21.8) the root becomes $\sqrt{q_{l+1}/q_l} = 1 + \frac\gamma{2l} + \dots$, so
# $v \sim v_0l$ with $v_0(1 - \frac\gamma2) = \frac1{3\pi}$; and $D_l \propto l^{-n}$ with $n = 1/(\pi v_0)$, so
# $$\theta_l \sim 3\pi\Big(1 - \frac\gamma2\Big)\frac1l, \qquad \frac{p_{ab}}{p_l} \to \frac{\gamma+1}{n + \gamma + 1},
#   \qquad \kappa \to 1 + \frac{2m}3\,\frac{1 + \gamma}{2 - \gamma}. \tag{21.16}$$
# $\gamma = 0$ is criticality, $\gamma = 1$ the ray.  Biases that grow only make it worse.

# %%
grow = sympy.Symbol("gamma", nonnegative=True)
v0 = sympy.solve(q * (1 - grow / 2) - alpha, q)[0]
power = proved(1 / (pi * v0), 3 * (1 - grow / 2))
fraction = (1 + grow) / (power + 1 + grow)  # ∫ k^(n+γ) against ∫ k^γ
general = proved(1 + m * fraction / (1 - fraction), 1 + 2 * m / 3 * (1 + grow) / (2 - grow))
proved([general.subs(grow, 0), general.subs(grow, 1)], [(m + 3) / 3, ray_kappa])
holds(sympy.factor(diff(general, grow)).subs(grow, 2 - x).is_positive, "worse")

# %% [markdown]
# ## Summary
#
# | $\sigma_w^2$, $\sigma_b^2$ | $\mathcal K_{aa}$ | $\theta_l$ | $\kappa$, one norm | other norms | |
# |---|---|---|---|---|---|
# | any, $0$ | $\propto\chi^l$ | $3\pi/l$ | $\frac{m+3}3$, exactly as at 2 | $\ge\frac{m+3}3$ | (10.11), (21.6) |
# | $< 2$, $> 0$ | $\to q^*$ | $\propto\chi^{l/2}$ | $\propto\chi^{-l/2}$ | other $E$ | (10.17), (21.7) |
# | $= 2$, $> 0$ | $\sim bl$ | $3\pi/2l$ | $\frac{4m+3}3 + O(l^{-1/2})$ | depends on $\Delta/b$ | (21.10), (21.12) |
# | $> 2$, $> 0$ | $\propto\chi^l$ | $3\pi/l$ | $\frac{m+3}3 + O(\log l/l)$ | $Q$ for $n$ | (21.13), (21.15) |
