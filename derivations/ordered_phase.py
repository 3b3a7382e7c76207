# %% [markdown]
# # The ordered phase
#
# **Setting.** $\chi_1 < 1$, a smooth activation (erf where a formula needs one), inputs normalised:
# $\mathcal K^{(l)}(x, x) = q^*$.  By chapter `fixed_points` every covariance then tends to $q^*$, and $q^* > 0$ takes
# $\sigma_b^2 > 0$.  Chapter `tangent_kernel` gives $q_{l+1} = f(q_l)$, $p_{l+1} = q_{l+1} + f'(q_l)\,p_l$ (4.5) and the
# diagonal $p^{(l)} = p^*(1 - \chi_1^l)$ with $p^* = q^*/(1 - \chi_1)$ (4.7), exactly.  All inputs become one.
#
# | symbol | code | paper |
# |---|---|---|
# | $q^*$, $\chi_1$, $p^*$ | `MeanField.q_star`, `.chi_1`, `.p_star` | Eq. 14 |
# | $\delta = q^* - q_{ab}$, $w = p - p_{ab}$ | `Kernels.nngp_gap / 2`, `.ntk_gap / 2` | Eq. 14 |
# | $f_2 = f''(q^*)$ | `sigma_w2` times `activation.slopes(...)[1][1]` | – |
# | $E_{ab}$, $s$, $W_{ab}$, in $\mathbf A^{(l)}$ | `asymptotics.Ordered.coordinate`, `.s`, `.offset` | Eq. 16 |
# | $\lambda_{\max}, \lambda_{\text{bulk}}, \kappa$; $P(\Theta)$ | `spectrum(...)`; `mean_predictor(...)` | Eq. 15; 16 |
#
# **Goals.** The constants behind Eq. 14 to 16: the number $E$ that a pair of inputs leaves to all later layers, $w$
# with its second constant, every eigenvalue, and the limit of $P(\Theta)$ in closed form and how fast it is reached.

# %%
import pathlib
import runpy

import mpmath
import sympy
from sympy import Lambda, Matrix, Rational, diff, expand, series, solve, symbols

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q_star, p_star, chi, f2, E, x, s, mu_min = symbols("q_star p_star chi_1 f2 E x s mu_min", positive=True)
delta, W, t, a, b, y = symbols("delta W t a b y", real=True)
l, m = symbols("l m", integer=True, positive=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the series of `expression` at 0."""
    expansion = expand(series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


def hollow(name, size):
    return Matrix(size, size, lambda i, j: 0 if i == j else symbols(f"{name}_{min(i, j)}{max(i, j)}", positive=True))


# %% [markdown]
# ## 1. The coordinate $E$
#
# $\delta = q^* - q_{ab}$ follows $\delta_{l+1} = F(\delta_l)$ with
# $$F(\delta) = q^* - f(q^* - \delta) = \chi_1\delta - \tfrac12f_2\delta^2 + \dots, \qquad
#   F'(\delta) = f'(q^* - \delta). \tag{8.1}$$
# Let $E_l = \delta_l/\chi_1^{l-1}$.  From layer to layer it changes by the factor
# $$\frac{E_{l+1}}{E_l} = \frac{F(\delta_l)}{\chi_1\delta_l} = 1 - f_2\,\delta_l/(2\chi_1) + O(\delta_l^2). \tag{8.2}$$
# Each factor is positive: $f' > 0$ ($\phi$ increases), so $F$ increases from $F(0) = 0$.  And
# $\delta_{l+1}/\delta_l \to \chi_1 < 1$, so $\sum\delta_l$ is finite and the product of the factors converges, not to
# 0.  Therefore
# $$E = \lim_{l\to\infty}\frac{q^* - q_{ab}^{(l)}}{\chi_1^{l-1}} \tag{8.3}$$
# exists, $E_{ab} > 0$ for two different inputs, and $E_{aa} = 0$.  It is called Koenigs' coordinate.

# %%
f = Lambda(t, q_star + chi * (t - q_star) + f2 * (t - q_star) ** 2 / 2)
F = Lambda(delta, chi * delta - f2 * delta**2 / 2)
proved(q_star - f(q_star - delta), F(delta))
proved(diff(f(t), t).subs(t, q_star - delta), diff(F(delta), delta))
proved(coefficients(F(delta) / (chi * delta), delta, 0, 1), [1, -f2 / (2 * chi)])

# %% [markdown]
# As a function of $\delta_1$, $E$ turns a layer into a multiplication: $E(F(\delta)) = \chi_1E(\delta)$.  Its inverse
# $\psi$ gives all layers at once, $\delta_l = \psi(x_l)$ with $x_l = E\chi_1^{l-1}$, and
# $$F(\psi(x)) = \psi(\chi_1x), \qquad F'(\psi(x)) = \chi_1\,\frac{\psi'(\chi_1x)}{\psi'(x)}, \tag{8.4}$$
# $$\psi(x) = x + ax^2 + bx^3 + \dots, \qquad a = \frac{f_2}{2\chi_1(1 - \chi_1)}, \qquad
#   E(\delta) = \delta - a\delta^2 + \dots \tag{8.5}$$
# So $E_l$ reaches $E$ at the rate $\chi_1^l$.

# %%
psi = Lambda(x, x + a * x**2 + b * x**3)
d_psi = Lambda(x, diff(psi(x), x))
orders = coefficients(F(psi(x)) - psi(chi * x), x, 1, 2)
a_of = solve(orders[1], a)[0]
proved([orders[0], a_of], [0, f2 / (2 * chi * (1 - chi))])
slope_mismatch = diff(F(delta), delta).subs(delta, psi(x)) - chi * d_psi(chi * x) / d_psi(x)
proved([order.subs(a, a_of) for order in coefficients(slope_mismatch, x, 0, 1)], [0, 0])
coordinate = Lambda(delta, delta - a * delta**2)
proved(coefficients(psi(coordinate(x)), x, 1, 2), [1, 0])

# %% [markdown]
# ## 2. $w = p - p_{ab}$, exactly
#
# Subtract the recursion of $p_{ab}$ from that of the diagonal:
# $$w_{l+1} = f'(q_l)\,w_l + \delta_{l+1} + (\chi_1 - f'(q_l))\,p^{(l)}, \qquad w_1 = \delta_1. \tag{8.6}$$
# By (8.4) it has the solution
# $$w_l = (1 - \psi'(x_l))\,p^{(l)} + \psi'(x_l)\,x_l\sum_{k=1}^l\tau(x_k), \qquad
#   \tau(x) = \frac1x\Big[q^* - \frac{q^* - \psi(x)}{\psi'(x)}\Big]. \tag{8.7}$$
# *Induction:* with $S = \sum_{k\le l}\tau(x_k)$, $\psi'_l$, $\psi'_{l+1}$, $\psi_{l+1}$ as unknowns, (8.6) gives (8.7).

# %%
w_l, p_l, S, d_l, d_next, delta_next, slope = symbols("w_l p_l S d_l d_next delta_next slope", positive=True)
p_next = q_star + chi * p_l
w_next = slope * w_l + delta_next + (chi - slope) * p_l
proved(p_next - ((q_star - delta_next) + slope * (p_l - w_l)), w_next)
tau = Lambda((x, t, y), (q_star - (q_star - t) / y) / x)  # t for ψ(x), y for ψ'(x)
w_of = Lambda((p_l, y, x, S), (1 - y) * p_l + y * x * S)
proved(w_of(q_star, d_l, x, tau(x, delta, d_l)), delta)  # l = 1
by_recursion = w_next.subs(slope, chi * d_next / d_l).subs(w_l, w_of(p_l, d_l, x, S))
proved(by_recursion, w_of(p_next, d_next, chi * x, S + tau(chi * x, delta_next, d_next)))

# %% [markdown]
# ## 3. $w$ at large depth: two constants
#
# $\tau$ starts with a constant, $\tau(x) = s + \tau_1x + O(x^2)$, and
# $$s = \tau(0) = 1 + 2aq^* = 1 + \frac{f_2\,p^*}{\chi_1}, \tag{8.8}$$
# so $\sum_{k\le l}\tau(x_k)$ grows like $s\,l$: this is the factor $l$ in Eq. 14.  What remains of the sum,
# $\sum(\tau(x_k) - s)$, converges like $\sum\chi_1^k$.  The first term of (8.7) adds
# $(1 - \psi'(x_l))\,p^{(l)} \approx -2ap^*x_l$.  Together
# $$w_l = \chi_1^{l-1}(sE\,l + W) + O(l\chi_1^{2l}), \qquad
#   W = -\frac{s-1}{1-\chi_1}\,E + E\sum_{k=1}^\infty\big[\tau(E\chi_1^{k-1}) - s\big]. \tag{8.9}$$
# The next order is $(2as\,l + O(1))\,x_l^2$, so the remainder is not smaller than stated.  (In the code $g$ is the sum
# in (8.9), of which $O(x_l)$ is missing at depth $l$; and $\chi_1^l = \chi_1x_l/E$.)

# %%
g, missing = symbols("g missing", real=True)
(constant,) = coefficients(tau(x, psi(x), d_psi(x)), x, 0, 0)
s_of = 1 + f2 * p_star / chi
proved(constant, 1 + 2 * a * q_star)
proved(constant.subs(a, a_of).subs(q_star, p_star * (1 - chi)), s_of)
w_series = w_of(p_star * (1 - chi * x / E), d_psi(x), x, s * l + g - missing * x)
first, second = coefficients(w_series, x, 1, 2)
proved(first.subs(a, a_of), s * l - (s_of - 1) / (1 - chi) + g)
proved(second.coeff(l), 2 * a * s)

# %% [markdown]
# $W$ depends on the data, but only through $E$: it is one function of $E$ for each network.  As $\tau(x) - s = O(x)$,
# $$\frac WE = -\frac{s-1}{1-\chi_1} + O(E). \tag{8.10}$$
# At $(\sigma_w^2, \sigma_b^2) = (1, 0.18)$ the correction $W/(sE)$ to $l$ is $-2.04$ for close inputs, $-2.95$ at a
# cosine of $\frac12$, and $-4.16$ for opposite ones.
#
# For erf $f'(t) \propto ((1 + 2q^*)^2 - 4t^2)^{-1/2}$ by (6.3), whence
# $$f_2 = \frac{4q^*}{1 + 4q^*}\,\chi_1, \qquad s = 1 + \frac{4{q^*}^2}{(1 - \chi_1)(1 + 4q^*)}. \tag{8.11}$$

# %%
slope_erf = chi * sympy.sqrt(1 + 4 * q_star) * ((1 + 2 * q_star) ** 2 - 4 * t**2) ** Rational(-1, 2)
f2_erf = diff(slope_erf, t).subs(t, q_star)
proved(slope_erf.subs(t, q_star), chi)
proved(f2_erf, 4 * q_star / (1 + 4 * q_star) * chi)
s_erf = 1 + 4 * q_star**2 / ((1 - chi) * (1 + 4 * q_star))
proved(s_of.subs({f2: f2_erf, p_star: q_star / (1 - chi)}), s_erf)

# %% [markdown]
# ## 4. The matrix $\mathbf A^{(l)}$ of Section 6.2
#
# The diagonal is $p^{(l)}$ for every input, so with the hollow matrix $w$ (zero diagonal), and without approximation,
# $$\Theta^{(l)} = p^{(l)}\,\mathbf 1\mathbf 1^T - w. \tag{8.12}$$
# The paper writes $\Theta^{(l)} = p^*\mathbf 1\mathbf 1^T + \mathbf A^{(l)}\,l\chi_1^l$.  Solved for $\mathbf A^{(l)}$,
# with $W$ hollow as $E$ is,
# $$\mathbf A^{(l)} = -\frac s{\chi_1}E - \frac1l\Big(p^*\,\mathbf 1\mathbf 1^T + \frac W{\chi_1}\Big) + O(\chi_1^l),
#   \qquad \mathbf A_{aa}^{(l)} = -\frac{p^*}l \text{ exactly}. \tag{8.13}$$
# So $\mathbf A = -(s/\chi_1)E$, with zeros on its diagonal, and $\mathbf A^{(l)} \to \mathbf A$ (the paper's Lemma 2),
# but only at the rate $1/l$.

# %%
entry = Lambda(t, (p_star * (1 - chi**l) - t - p_star) / (l * chi**l))  # t for w
proved(entry(0), -p_star / l)
proved(entry(chi ** (l - 1) * (s * E * l + W)), -s / chi * E - (p_star + W / chi) / l)

# %% [markdown]
# ## 5. The spectrum
#
# For $\lambda_{\max}$, near the vector $\mathbf 1$, perturbation theory gives, with $\Pi = 1 - \mathbf 1\mathbf 1^T/m$,
# $$\lambda_{\max} = m\,p^{(l)} - \frac{\mathbf 1^Tw\mathbf 1}m + \frac{\mathbf 1^Tw\,\Pi\,w\mathbf 1}{m^2p^{(l)}} +
#   O(w^3/p^2) = m\,p^* + O(l\chi_1^l). \tag{8.14}$$
# Eq. 15 has the first two terms, for equal $p_{ab}$.  For the others, let the columns of $B$ be $e_i - e_m$.  Any
# $\det(M - p\,\mathbf 1\mathbf 1^T)$ is linear in $p$, namely $\det M - p\det(B^TMB)$.  With $M = \lambda + w$ it is
# $\det(\lambda - \Theta)$, so an eigenvalue obeys
# $$\det\!\big(B^T(\lambda + w)B\big) = \det(\lambda + w)/p^{(l)}. \tag{8.15}$$
# At $\lambda \sim w$ the right-hand side is smaller by $w/p$.  So the bulk is the spectrum of $-\Pi w\Pi$ on the
# complement of $\mathbf 1$, to relative $O(w/p)$; and with (8.9)
# $$\lambda_i = l\chi_1^{l-1}\,s\,\mu_i\Big(1 + O\Big(\frac1l\Big)\Big), \qquad
#   \mu_1 \ge \dots \ge \mu_{m-1} \text{ those of } -\Pi E\Pi. \tag{8.16}$$
# With $E + W/(sl)$ for $E$ the $O(1/l)$ is gone.  The paper has one $\lambda_{\text{bulk}}$.  There are $m - 1$, and
# $\kappa$ differs from $\lambda_0/\lambda_1$ by the factor $\mu_1/\mu_{m-1}$, set by the data and the same at any
# depth:
# $$\kappa\,l\chi_1^{l-1} \to \frac{m\,p^*}{s\,\mu_{\min}}; \qquad
#   \text{equal } E:\ \kappa \approx \frac{\chi_1}{sE}\cdot\frac{m\,p^*}{l\chi_1^l}, \quad
#   \chi_1^l = e^{-l/\xi_1},\ \xi_1 = -\frac1{\log\chi_1}. \tag{8.17}$$
# Section 4 prints the second factor as a bound for $\kappa$; the first may be on either side of 1.

# %%
p, lam, epsilon, c, d, h = symbols("p lambda epsilon c d h", positive=True)
for size in (2, 3):
    ones, one, w = Matrix.ones(size, size), Matrix.ones(size, 1), hollow("w", size)
    Pi = Matrix.eye(size) - ones / size
    top = size * p - epsilon * (one.T * w * one)[0] / size + epsilon**2 * (one.T * w * Pi * w * one)[0] / (size**2 * p)
    characteristic = expand((top * Matrix.eye(size) - p * ones + epsilon * w).det())
    proved([characteristic.coeff(epsilon, power) for power in range(3)], [0, 0, 0])
    B, M = Matrix.vstack(Matrix.eye(size - 1), -Matrix.ones(1, size - 1)), lam * Matrix.eye(size) + w
    proved((M - p * ones).det(), M.det() - p * (B.T * M * B).det())
proved(-Pi * (E * (ones - Matrix.eye(3))) * Pi, E * Pi)  # equal E: every μ is E
kappa = m * p_star / (s * mu_min * l * chi ** (l - 1))
proved(kappa.subs(mu_min, E), chi / (s * E) * m * p_star / (l * sympy.exp(-l / (-1 / sympy.log(chi)))))

# %% [markdown]
# ## 6. Why the bulk is positive
#
# $\mathcal K = q^*\mathbf 1\mathbf 1^T - \delta$ is positive semi-definite at every layer and $\Pi$ removes its first
# term: $-\Pi\delta\Pi = \Pi\mathcal K\Pi \ge 0$.  Divide by $\chi_1^{l-1}$, let $l \to \infty$: $-\Pi E\Pi \ge 0$, or
# $E$ is *conditionally negative definite*; equivalently $E_{ab} = |\phi_a - \phi_b|^2$ for some vectors $\phi$.
#
# *No $\mu_i$ is 0 for different inputs.*  The map of the cosine $M$ (6.4) is $\sigma_b^2/q^*$ plus an arcsine with a
# power series $\ge 0$; as $\sigma_b^2 > 0$, all coefficients of $M(M(c))$ are positive, and those of its iterates.  So
# $$E(c) = \lim_{l\to\infty}q^*\,\frac{1 - M^{l-1}(c)}{\chi_1^{l-1}} = \sum_{n\ge1}e_n(1 - c^n) \tag{8.18}$$
# with $e_n > 0$, and for $\mathbf 1^Tv = 0$, $-v^TEv = \sum_ne_n\sum_{ab}v_av_bc_{ab}^n$.  Every term is $\ge 0$
# (entrywise powers of a Gram matrix), and for large $n$ two successive sums over $a, b$ add up to about $2|v|^2 > 0$.

# %%
proved(-Pi * w * Pi, Pi * (q_star * ones - w) * Pi)  # any hollow matrix
holds(min(coefficients(sympy.asin(x), x, 1, 7)) >= 0)
holds(min(coefficients(sympy.asin(Rational(1, 2) + x), x, 1, 7)) > 0)  # M at M(0) > 0

# %% [markdown]
# ## 7. The limit of the mean predictor, Eq. 16
#
# Let $\Theta_{dd} = p\,\mathbf 1\mathbf 1^T + \varepsilon A_{dd}$ between training points,
# $\Theta_{td} = p\,\mathbf 1_t\mathbf 1^T + \varepsilon A_{td}$ to test points, and
# $\sigma = \mathbf 1^TA_{dd}^{-1}\mathbf 1$.  The inverse of $\Theta_{dd}$ by Sherman and Morrison gives, exactly,
# $$P(\Theta) = A_{td}A_{dd}^{-1} + (\mathbf 1_t - A_{td}A_{dd}^{-1}\mathbf 1)\,
#   \frac{p\,\mathbf 1^TA_{dd}^{-1}}{\varepsilon + p\,\sigma}. \tag{8.19}$$
# At $\varepsilon \to 0$ $p$ cancels, and this is Eq. 16 with its "correction term" in closed form:
# $$\lim_{l\to\infty}P(\Theta^{(l)}) = \mathbf A_{td}\mathbf A_{dd}^{-1} + \hat{\mathbf A}, \qquad
#   \hat{\mathbf A} = \frac{(\mathbf 1_t - \mathbf A_{td}\mathbf A_{dd}^{-1}\mathbf 1)\,\mathbf 1^T\mathbf A_{dd}^{-1}}
#   {\mathbf 1^T\mathbf A_{dd}^{-1}\mathbf 1}. \tag{8.20}$$
# It is *ordinary kriging* with the variogram $E$, (5.12) of chapter `mean_predictor`.  $P\mathbf 1 = \mathbf 1_t$, the
# network reproduces constants; and $\mathbf A \mapsto c\,\mathbf A + d\,\mathbf 1\mathbf 1^T$ changes nothing, so $s$,
# $\chi_1$ and $p^*$ drop out and $E$ alone decides.  $\mathbf A_{dd}$ has an inverse: with trace 0 and positive on the
# complement of $\mathbf 1$ it has one negative and $m - 1$ positive eigenvalues.  On labels of zero mean
# $\hat{\mathbf A}$ vanishes if $\mathbf A_{dd}^{-1}\mathbf 1 \propto \mathbf 1$ ($m = 2$, or equal $E$), else it need
# not.


# %%
def kriging(E_train, E_test_train):
    """The limit (8.20) of P(Θ), (t, m), from matrices E (m, m) and (t, m), which may be given up to a factor."""
    inverse, test = Matrix(E_train).inv(), Matrix(E_test_train)
    one, one_test = Matrix.ones(inverse.rows, 1), Matrix.ones(test.rows, 1)
    return test * inverse + (one_test - test * inverse * one) * (one.T * inverse) / (one.T * inverse * one)[0]


# E and W between training points, and of a test point with them; at m = 3 in numbers, for letters take long.
samples = {2: (hollow("E", 2), Matrix([symbols("e:2")]), hollow("W", 2), Matrix([symbols("v:2")]))}
triangles = [[0, 2, 3], [2, 0, 4], [3, 4, 0]], [[2, 5, 1]], [[0, 2, 1], [2, 0, 5], [1, 5, 0]], [[3, 1, 4]]
samples[3] = tuple(map(Matrix, triangles))
for size in (2, 3):
    A, A_test, one = hollow("A", size), Matrix([symbols(f"a:{size}")]), Matrix.ones(size, 1)
    inverse, simple = A.inv(), A_test * A.inv()
    P = simple + (1 - (simple * one)[0]) * p * (one.T * inverse) / (epsilon + p * (one.T * inverse * one)[0])
    proved(P * (p * one * one.T + epsilon * A), p * one.T + epsilon * A_test)
    proved(P.subs(epsilon, 0), kriging(A, A_test))
    proved(kriging(A, A_test) * one, Matrix([1]))
    A, A_test, *_ = samples[size]
    proved(kriging(c * A + d * one * one.T, c * A_test + d * one.T), kriging(A, A_test))
    A_hat = kriging(A, A_test) - A_test * A.inv()
    holds((sympy.simplify(A_hat[0] - A_hat[1]) == 0) == (size == 2), "Â is constant along the row only at m = 2")

# %% [markdown]
# ## 8. How fast the limit is reached
#
# By (8.12) and (8.9) $P(\Theta^{(l)})$ is kriging with $E + W/(sl)$, up to $O(l\chi_1^l)$: the diagonal's
# $-p^*\chi_1^l$ belongs to the multiple of $\mathbf 1\mathbf 1^T$ and has no effect.  The approach is slow because of
# $W$, as far as it is not proportional to $E$ (8.10).  To all orders in $1/l$, with $P$ the limit,
# $$P(\Theta^{(l)}) = P + \frac1l\,C\Big(1 + \frac1{sl}W_{dd}G\Big)^{-1} + O(l\chi_1^l), \qquad
#   C = \frac1s\,(W_{td} - P\,W_{dd})\,G, \tag{8.21}$$
# $$G = E_{dd}^{-1} - \frac{E_{dd}^{-1}\mathbf 1\mathbf 1^TE_{dd}^{-1}}{\mathbf 1^TE_{dd}^{-1}\mathbf 1}, \qquad
#   \text{the pseudo-inverse of } \Pi E_{dd}\Pi. \tag{8.22}$$
# *The NNGP*, $\mathcal K = q^*\mathbf 1\mathbf 1^T - \delta$ with $\delta = E\chi_1^{l-1} + O(\chi_1^{2l})$, has the
# same limit.  There is no $l$ and no $W$, so it gets there exponentially, and $\kappa$ has no factor $l$:
# $$P(\mathcal K^{(l)}) = P + O(\chi_1^l), \qquad
#   \kappa(\mathcal K^{(l)}) = \frac{m\,q^*}{\mu_{\min}}\,\chi_1^{-(l-1)}\,(1 + O(\chi_1^l)). \tag{8.23}$$

# %%
for size, (E_train, E_test, W_train, W_test) in samples.items():
    inverse, ones, identity = E_train.inv(), Matrix.ones(size, size), Matrix.eye(size)
    P, G = kriging(E_train, E_test), inverse - inverse * ones * inverse / (ones * inverse).trace()
    proved(G * (identity - ones / size) * E_train * (identity - ones / size), identity - ones / size)
    C = (W_test - P * W_train) * G  # times s; h = 1/(s l)
    shifted = kriging(E_train + h * W_train, E_test + h * W_test).applyfunc(sympy.cancel)
    proved(shifted, (P + h * C * (identity + h * W_train * G).inv()).applyfunc(sympy.cancel))
    K_train, K_test = q_star * ones - h * E_train, q_star * ones[0, :] - h * E_test  # here h = χ₁^(l−1)
    proved((K_test * K_train.adjugate() / K_train.det()).applyfunc(sympy.cancel).subs(h, 0), P)
nngp_kappa = m * q_star / (mu_min * chi ** (l - 1))
proved(nngp_kappa, l * kappa.subs({p_star: q_star, s: 1}))

# %% [markdown]
# ## 9. Results, and the package's own functions

# %%
results = {
    "p_star": Lambda((q_star, chi), q_star / (1 - chi)),
    "s": Lambda((f2, p_star, chi), s_of),
    "s_erf": Lambda((q_star, chi), s_erf),
    "lambda_max": Lambda((m, p_star), m * p_star),
    "kappa": Lambda((m, p_star, s, mu_min, chi, l), kappa),
    "nngp_kappa": Lambda((m, q_star, mu_min, chi, l), nngp_kappa),
    "kriging": kriging,  # (E between training points, E of test with training points) → P
}
sigma_w2 = sympy.Symbol("sigma_w2", positive=True)  # (a) on symbols: s from the package's derivatives of f
first, second, *_ = (sigma_w2 * order for order in nk.erf.slopes(q_star, nk.symbols())[1])
proved(results["s"](second, results["p_star"](q_star, first), first), results["s_erf"](q_star, first))

# %% [markdown]
# (b) *At 120 digits*, three pairs to $l = 400$, where $l\chi_1^l$ is 5e-54.  $W$ is (8.9), summed over the layers of
# $\mathcal K$ alone, with $\psi'(x_k)$ the product of $\chi_1/f'(q_j)$ over $j \ge k$ (8.4).

# %%
mf = nk.mean_field(nk.erf, "1", "0.18", nk.digits(120))
q, rate, s_value = mf.q_star, mf.chi_1, nk.asymptotics.of(mf).s
agree(s_value, value(results["s_erf"], q, rate), digits=68)  # `value` has 70
agree(mf.p_star, value(results["p_star"], q, rate), digits=68)
pairs = [k for _, k in pairs_by_depth(nk.fcn(400, nk.erf, "1", "0.18"), q, ["1e-6", "0.5", "1.5"], mf.numbers)]
a_value, last = (s_value - 1) / (2 * q), pairs[-1].nngp_gap / 2  # (8.8)
E_value = (last - a_value * last**2) / rate**399
psi_slope, W_value = 1 + 2 * a_value * rate**400 * E_value, -(s_value - 1) / (1 - rate) * E_value
for k in reversed(pairs):
    psi_slope = psi_slope * (((1 + 2 * q) ** 2 - 4 * k.nngp**2) / (1 + 4 * q)) ** 0.5
    W_value = W_value + (q - (q - k.nngp_gap / 2) / psi_slope) / rate ** (k.depth - 1) - s_value * E_value
for i in range(3):
    agree(pairs[-1].ntk_gap[i] / 2 / rate**399, 400 * s_value * E_value[i] + W_value[i], digits=50)
laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1", "0.18"))  # (c) in float64, settled after ξ₁ log(1/u) = 115 layers
agree(laws.coordinate("0.5"), E_value[1], digits=12)  # 115 layers of rounding, (20 + 4 l) u = 5e-14
agree(laws.offset("0.5"), W_value[1], digits=10)  # a factor l more
agree(W_value[0] / E_value[0], -(s_value - 1) / (1 - rate), digits=5)  # (8.10), E = 5e-7
holds(bool(s_value * E_value[1] < rate < s_value * E_value[2]), "κ is on either side of m p*/(l χ₁^l)")

# %% [markdown]
# *Images.*  $E$ and $W$, measured at one depth, predict another: at 50 digits from $l = 150$ down to 100 ($l\chi_1^l$
# is 1e-12), and (c) in float64 from 100 to 400 (gaps are good to 5e-14; $W$ and the condition of $E$ cost 100 each).

# %%
images, labels = nk.optical_digits()
context = mpmath.MPContext()
context.dps = 50
for system, size, measured, depth, digits in ((nk.digits(50), 4, 150, 100, 10), (nk.float64, 10, 100, 400, 10)):
    net, targets = nk.fcn(max(measured, depth), nk.erf, "1", "0.18"), labels[:size].tolist()
    inputs = nk.normalised(images[: size + 2].reshape(size + 2, -1), net, numbers=system)
    train = dict(nk.kernels_by_depth(net, inputs[:size], numbers=system))
    test = dict(nk.kernels_by_depth(net, inputs[size:], inputs[:size], numbers=system))
    E_of, V_of = [], []
    for k in (train[measured], test[measured]):
        gap, w = (Matrix(matrix) / 2 / rate ** (measured - 1) for matrix in (k.nngp_gap, k.ntk_gap))
        E_of.append(gap)
        V_of.append(gap + (w - s_value * measured * gap) / (s_value * depth))  # E + W/(s l)
    Pi = Matrix.eye(size) - Matrix.ones(size, size) / size
    matrices = (context.matrix((-Pi * M * Pi).tolist()) for M in (V_of[0], E_of[0]))
    mu, mu_limit = (sorted(context.eigsy(matrix, eigvals_only=True))[1:] for matrix in matrices)  # without the 0
    spectrum, nngp = (nk.spectrum(train[depth], kernel) for kernel in ("ntk", "nngp"))
    agree(spectrum.lambda_max, value(results["lambda_max"], size, mf.p_star), digits)
    for ours, theirs in zip(mu, spectrum.lambda_bulk[::-1], strict=True):
        agree(depth * rate ** (depth - 1) * s_value * ours, theirs, digits)
    agree(spectrum.kappa, value(results["kappa"], size, mf.p_star, s_value, mu[0], rate, depth), digits)
    agree(nngp.kappa, value(results["nngp_kappa"], size, q, mu_limit[0], rate, depth), digits)
    holds(bool(mu_limit[-1] > 2 * mu_limit[0] > 0), "the bulk is positive, and spread")
    for kernel, matrices in (("ntk", V_of), ("nngp", E_of)):
        predicted = kriging(*matrices) * Matrix(targets)
        for ours, theirs in zip(predicted, nk.mean_predictor(train[depth], test[depth], targets, kernel), strict=True):
            agree(ours, theirs, digits)

# %% [markdown]
# ## Exercise
#
# Find the limit of $P(\Theta^{(l)})$ for two training points and one test point.  When does it leave the labels' range?
#
# **Solution.**  Kriging at $m = 2$ is
# $$P = \Big(\frac{1 - r}2, \frac{1 + r}2\Big), \qquad r = \frac{E_{t1} - E_{t2}}{E_{12}}. \tag{8.24}$$
# With $E_{ab} = |\phi_a - \phi_b|^2$ (Section 6) these are the coordinates, on the line through $\phi_1$ and $\phi_2$,
# of the foot of the perpendicular from $\phi_t$.  It leaves the segment if $|r| > 1$: an obtuse angle at one of them.

# %%
e_1, e_2, e_12 = symbols("e_1 e_2 e_12", positive=True)
answer = Matrix([[e_12 - e_1 + e_2, e_12 + e_1 - e_2]]) / (2 * e_12)
proved(kriging([[0, e_12], [e_12, 0]], [[e_1, e_2]]), answer)
u, v, width = symbols("u v width", positive=True)  # φ₁ = (0, 0), φ₂ = (width, 0), φ_t = (u, v)
proved(answer.subs({e_12: width**2, e_1: u**2 + v**2, e_2: (u - width) ** 2 + v**2}), [[1 - u / width, u / width]])
train, test = nk.kernels(net, inputs[:2]), nk.kernels(net, inputs[2:3], inputs[:2])  # w for E, exact up to w/p = 1e-53
ratio = (test.ntk_gap[0, 0] - test.ntk_gap[0, 1]) / train.ntk_gap[0, 1]
agree(nk.mean_predictor(train, test, [0, 1])[0], (1 + ratio) / 2, digits=10)

# %% [markdown]
# ## Summary
#
# | | NTK | NNGP |
# |---|---|---|
# | $w$, $\delta$ | $\chi_1^{l-1}(sE\,l + W) + O(l\chi_1^{2l})$ (8.9) | $E\chi_1^{l-1} + O(\chi_1^{2l})$ (8.5) |
# | $\lambda_{\max}$ | $m\,p^* + O(l\chi_1^l)$ (8.14) | $m\,q^* + O(\chi_1^l)$ |
# | bulk, $\mu_i$ of $-\Pi E\Pi$ | $l\chi_1^{l-1}s\,\mu_i$ (8.16) | $\chi_1^{l-1}\mu_i$ |
# | $\kappa$ | $m\,p^*/(s\,\mu_{\min}\,l\chi_1^{l-1})$ (8.17) | $m\,q^*/(\mu_{\min}\chi_1^{l-1})$ (8.23) |
# | mean predictor | kriging with $E$ (8.20) $+\ C/l$ (8.21) | kriging with $E$ $+\ O(\chi_1^l)$ (8.23) |
#
# $s = 1 + f_2p^*/\chi_1$ (8.8), for erf $1 + 4{q^*}^2/((1 - \chi_1)(1 + 4q^*))$ (8.11); $W$: (8.9), (8.10).
