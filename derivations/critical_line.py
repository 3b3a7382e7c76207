# %% [markdown]
# # The critical line: a third and a logarithm
#
# **Setting.** On the line $\chi_1 = 1$ the fixed point $q_{ab} = q^*$ attracts only marginally.  Inputs are normalised,
# so (4.5) of chapter `tangent_kernel` holds: $q_{l+1} = f(q_l)$, $p_{l+1} = q_{l+1} + f'(q_l)p_l$, $p_1 = q_1$, and on
# the diagonal $p^{(l)} = l\,q^*$ exactly (4.7).  (Eq. 17 prints $l\,p^*$; but $p^* = q^*/(1 - \chi_1)$ is infinite
# here, and Eq. 18 has $q^*$.)  Activations are smooth and $q^* > 0$; ReLU has a chapter of its own.
#
# | symbol | code | paper |
# |---|---|---|
# | $e_l = q^* - q_{ab}^{(l)}$ | `Kernels.nngp_gap / 2` | Eq. 17 |
# | $p_{ab}^{(l)}$ | `Kernels.ntk` | Eq. 17 |
# | $q^*$, $\sigma_w^2$, $\sigma_b^2$ on the line | `critical_point(...)` | Section 6.3 |
# | $\lambda_{\max}, \lambda_{\text{bulk}}, \kappa$ | `spectrum(...)` | Eq. 18, Table 1 |
# | $P(\Theta)\,y$ | `mean_predictor(...)` | Eq. 7, Section 6.3 |
#
# **Goals.** $\Theta^{(l)}/l \to \frac{q^*}3(\mathbf 1\mathbf 1^T + 2\,\mathrm{Id})$ and $\kappa \to \frac{m+2}2$; the
# next order, where the paper's $O(1)$ turns out to be $O(\log l)$; and what is left of the predictor.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from sympy import KroneckerDelta, Lambda, Matrix, Rational, asin, diff, eye, limit, log, ones, oo, series, solve, sqrt
from sympy.concrete.delta import deltasummation

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, alpha, beta, e, u, f2, f3, L = sympy.symbols("q alpha beta e u f2 f3 L", positive=True)
gamma, delta, r, s1, C, A, B, A1, t, x = sympy.symbols("gamma delta r s1 C A B A1 t x", real=True)
lam, mu, nu, n, rho, omega, Sigma = sympy.symbols("lambda mu nu n rho omega Sigma", real=True)
a, b, i, j, k, m, l = sympy.symbols("a b i j k m l", integer=True, positive=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the Laurent series of `expression` at 0."""
    expansion = sympy.expand(series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


# %% [markdown]
# ## 1. The error and its map
#
# With $f(q^*) = q^*$, $f'(q^*) = 1$ the Taylor series of $f$ about $q^*$ gives, for $e = q^* - q_{ab}$,
# $$e' = e - \alpha e^2 + \beta e^3 - \gamma e^4 + \dots, \qquad
#   \alpha = \tfrac12f''(q^*), \quad \beta = \tfrac16f'''(q^*), \quad \gamma = \tfrac1{24}f''''(q^*), \tag{9.1}$$
# $$f'(q^* - e) = \frac{de'}{de} = 1 - 2\alpha e + 3\beta e^2 - \dots \tag{9.2}$$
# For erf on the line $\sigma_w^2 = \frac\pi4\sqrt S$, $S = 1 + 4q^*$ (6.9), so
# $f(t) = \frac12\sqrt S\arcsin\frac{2t}{1 + 2q^*} + \sigma_b^2$ and
# $$\alpha = \frac{2q^*}{S}, \qquad \beta = \frac{2\,(12{q^*}^2 + 4q^* + 1)}{3\,S^2}, \qquad
#   \gamma = \frac{6q^*}{S^2} + \frac{40{q^*}^3}{S^3}. \tag{9.3}$$

# %%
e_next = e - alpha * e**2 + beta * e**3 - gamma * e**4 + delta * e**5
slope = diff(e_next, e)  # f'(q* − e), by the chain rule
f = Lambda(t, q + (t - q) + f2 * (t - q) ** 2 / 2 + f3 * (t - q) ** 3 / 6 + gamma * (t - q) ** 4 + delta * (t - q) ** 5)
proved(q - f(q - e), e_next.subs({alpha: f2 / 2, beta: f3 / 6}))

S = 1 + 4 * q
alpha_erf = 2 * q / S
beta_erf = 2 * (12 * q**2 + 4 * q + 1) / (3 * S**2)
gamma_erf = 6 * q / S**2 + 40 * q**3 / S**3
f_erf = sqrt(S) / 2 * asin(2 * t / (1 + 2 * q))
taylor_erf = [diff(f_erf, t, order).subs(t, q) / sympy.factorial(order) for order in range(1, 6)]
proved(taylor_erf[:4], [1, alpha_erf, beta_erf, gamma_erf])
at_erf = dict(zip((alpha, beta, gamma, delta), taylor_erf[1:], strict=True))

# %% [markdown]
# ## 2. How fast $q_{ab}$ approaches $q^*$
#
# In $u = 1/e$ the map is nearly a translation,
# $$u' = u + \alpha + \frac Ru + \frac T{u^2} + O(u^{-3}), \qquad
#   R = \alpha^2 - \beta, \quad T = \gamma - 2\alpha\beta + \alpha^3, \tag{9.4}$$
# so $u_l \sim \alpha l$.  *Fatou's coordinate* is a function of $u$ that makes it one:
# $$\Phi(u) = u - r\log u + \frac{s_1}u, \qquad \Phi(u') = \Phi(u) + \alpha + O(u^{-3}), \qquad
#   r = \frac R\alpha, \quad s_1 = \frac{T - rR + r\alpha^2/2}\alpha. \tag{9.5}$$

# %%
R, T = alpha**2 - beta, gamma - 2 * alpha * beta + alpha**3
proved(coefficients(1 / e_next - 1 / e, e, 0, 2), [alpha, R, T])
Phi = Lambda(u, u - r * log(u) + s1 / u)
r_of, s1_of = R / alpha, ((T - r * R + r * alpha**2 / 2) / alpha).subs(r, R / alpha)
steps_of_Phi = coefficients(1 / e_next - 1 / e - r * log(e / e_next) + s1 * (e_next - e), e, 0, 2)  # Φ(u') − Φ(u)
proved([c.subs({r: r_of, s1: s1_of}) for c in steps_of_Phi], [alpha, 0, 0])

# %% [markdown]
# The errors $O(u_l^{-3}) = O(l^{-3})$ have a finite sum, so $\Phi(u_l) - \alpha l$ converges, with an error
# $O(l^{-2})$; without $s_1$ it would be $O(l^{-1})$.  Inverting $\Phi$,
# $$\frac1{e_l} = \alpha l + r\log l + C + O\Big(\frac{\log l}l\Big), \qquad
#   C = \lim_{l\to\infty}\Phi(u_l) - \alpha l + r\log\alpha. \tag{9.6}$$
# $C$ depends on the inputs, and it is all that large depth remembers of them.

# %%
u_l = alpha * L + r * log(L) + C
constant = Phi(u_l) - alpha * L + r * log(alpha)
proved(limit(constant, L, oo), C)
proved(limit((constant - C) * L / log(L), L, oo), -(r**2) / alpha)  # so (9.6) is off by O(log l / l)

# %% [markdown]
# ## 3. One third
#
# The exact solution (4.6), $p_L = \sum_{k\le L}q_kD_L/D_k$, has $D_{l+1}/D_l = f'(q^* - e_l)$.  Compare with a function
# of $e$: $K(e) = e^2(1 + r\,e)$, with the $r$ of (9.5), changes by the same factor,
# $$\frac{K(e')}{K(e)} = f'(q^* - e)\,(1 + O(e^3)), \tag{9.7}$$
# so $D_l/K(e_l)$ converges, $D_l \propto e_l^2 \propto l^{-2}$, and $D_L/D_k \to (k/L)^2$:
# $$\frac{p_{ab}^{(L)}}L \to \lim_{L\to\infty}\frac{q^*}{L^3}\sum_{k=1}^Lk^2 = \frac{q^*}3. \tag{9.8}$$

# %%
K = Lambda(e, e**2 * (1 + r * e))
proved([c.subs(r, r_of) for c in coefficients(K(e_next) / K(e) / slope, e, 0, 2)], [1, 0, 0])
proved(limit(u_l / u_l.subs(L, 2 * L), L, oo), Rational(1, 2))  # u_k/u_L → k/L, here at k = L/2
p_ab_slope = proved(limit(q * sympy.summation((k / L) ** 2, (k, 1, L)) / L, L, oo), q / 3)

# %% [markdown]
# ## 4. The spectrum
#
# With $p^{(l)} = l\,q^*$, $\Theta^{(l)}/l \to \frac{q^*}3(\mathbf 1\mathbf 1^T + 2\,\mathrm{Id})$.  Its eigenvectors
# are $\mathbf 1$ and $e_i - e_j$, and (Eq. 18)
# $$\lambda_{\max} \sim \frac{(m+2)\,q^*}3\,l, \qquad \lambda_{\text{bulk}} \sim \frac{2q^*}3\,l, \qquad
#   \kappa \to \frac{m+2}2. \tag{9.9}$$

# %%
lambda_max_slope, lambda_bulk_slope, kappa = (m + 2) * q / 3, 2 * q / 3, (m + 2) / 2
entry = Lambda((i, j), p_ab_slope + (q - p_ab_slope) * KroneckerDelta(i, j))  # of Θ/l
proved(deltasummation(entry(i, j), (j, 1, m), no_piecewise=True), lambda_max_slope)  # the vector 1, any m
proved(entry(i, a) - entry(i, b), lambda_bulk_slope * (KroneckerDelta(i, a) - KroneckerDelta(i, b)))  # e_a − e_b
proved(lambda_max_slope / lambda_bulk_slope, kappa)

# %% [markdown]
# ## 5. The next order is a logarithm
#
# Look for a solution of the recursion that depends on depth only through $e$, a Laurent series
# $$P(e) = \frac Ae + B + A_1e + \dots, \qquad P(e') = q^* - e' + f'(q^* - e)\,P(e). \tag{9.10}$$
# A term $e^n$ of $P$ enters the equation at order $e^{n+1}$, with the factor $(2 - n)\alpha$; so
# $$A = \frac{q^*}{3\alpha}, \quad B = \frac{q^*}2 - \frac23q^*\rho - \frac1{2\alpha}, \quad
#   A_1 = 1 - \frac{3\beta}{2\alpha^2} + q^*\,\frac{12\beta^2 + \alpha^2\beta - 2\alpha^4 - 10\alpha\gamma}{6\alpha^3},
#   \quad \rho = 1 - \frac\beta{\alpha^2} = \frac r\alpha. \tag{9.11}$$

# %%
P = Lambda(e, A / e + B + A1 * e)
orders = coefficients(P(e_next) - (q - e_next + slope * P(e)), e, 0, 3)
rho_of = proved(1 - beta / alpha**2, r_of / alpha)
A_of, B_of = q / (3 * alpha), q / 2 - Rational(2, 3) * q * rho_of - 1 / (2 * alpha)
numerator = 12 * beta**2 + alpha**2 * beta - 2 * alpha**4 - 10 * alpha * gamma
A1_of = 1 - 3 * beta / (2 * alpha**2) + q * numerator / (6 * alpha**3)
in_P = {A: A_of, B: B_of, A1: A1_of}
proved([order.subs(in_P) for order in orders[:3]], [0, 0, 0])
proved(diff(sympy.expand(e_next / e) ** n - slope, e).subs(e, 0), (2 - n) * alpha)
proved(orders[3].subs(in_P).subs(at_erf).subs(q, 1), Rational(1033, 3375))  # erf at q* = 1: e² log e is there

# %% [markdown]
# At $n = 2$ the factor is 0, for $e^2 \propto D_l$ solves the homogeneous equation.  What these terms leave at order
# $e^3$, not 0 for erf, only $e^2\log e$ can match; so the series is cut after $A_1e$.  By (4.6) the residual $O(e^3)$
# becomes $D_L\sum_kO(e_k^3)/D_k = O(e_L^2\log L)$, and any two solutions differ by a multiple of $D_L = O(L^{-2})$:
# $p_{ab} = A/e + B + A_1e + O(l^{-2}\log l)$ for all inputs, with no constant to fit.  Put (9.6) into it:
# $$p_{ab}^{(l)} = \frac{q^*}3\big(l + \rho\log l\big) + c_0 + O\Big(\frac{\log l}l\Big), \qquad
#   c_0 = \frac{q^*C}{3\alpha} + B. \tag{9.12}$$
# Unless $\rho = 0$, the $O(1)$ of Eq. 17 and 18 and of Table 1 is $O(\log l)$.  In terms of $f$ and for erf
# $$\rho = 1 - \frac23\,\frac{f'''}{f''^2}, \qquad
#   \rho_{\text{erf}} = -\frac{6{q^*}^2 + 4q^* + 1}{6{q^*}^2} < -1, \tag{9.13}$$
# so erf's logarithm never vanishes.

# %%
c0 = q * C / (3 * alpha) + B_of
proved((A_of * u_l + B_of).subs(r, r_of), q / 3 * (L + rho_of * log(L)) + c0)
proved(rho_of.subs({alpha: f2 / 2, beta: f3 / 6}), 1 - Rational(2, 3) * f3 / f2**2)
rho_erf = proved(-(6 * q**2 + 4 * q + 1) / (6 * q**2), rho_of.subs(at_erf))
holds(sympy.expand(rho_erf + 1).is_negative, "erf's rho is below -1")

# %% [markdown]
# ## 6. The next order of the spectrum
#
# If all pairs share one $C$, then $\kappa = \frac{p + (m-1)p_{ab}}{p - p_{ab}}$ is, with $k = 3c_0/q^*$,
# $$\kappa = \frac{m+2}2 + \frac{3m}4\,\frac{\rho\log l + k}l + O\Big(\frac{\log^2l}{l^2}\Big). \tag{9.14}$$
# The paper's rate $m\,O(1/l)$ is $\frac{3m}4\rho\log l/l$, and for erf the limit is approached from below.
# In general $c_0$ is a matrix, one number per pair with zeros on its diagonal, and
# $$\lambda_{\max} = \frac{(m+2)q^*}3l + \frac{(m-1)q^*\rho}3\log l + \Sigma, \qquad
#   \lambda_{\text{bulk},i} = \frac{2q^*}3l - \frac{q^*\rho}3\log l + \mu_i, \tag{9.15}$$
# up to $o(1)$, where $\Sigma = \frac1m\sum_{a\ne b}(c_0)_{ab}$ and the $\mu_i$ are the eigenvalues of $\Pi c_0\Pi$,
# $\Pi = \mathrm{Id} - \frac1m\mathbf 1\mathbf 1^T$, on the vectors of zero sum.  Then (9.14) has
# $$k = \frac{2\Sigma - (m+2)\,\mu_{\min}}{m\,q^*}. \tag{9.16}$$
# *Proof.*  $\Theta = (p - \omega)\mathrm{Id} + \omega\mathbf 1\mathbf 1^T + c_0 + o(1)$ with
# $\omega = \frac{q^*}3(l + \rho\log l) \to \infty$; an $o(1)$ in the entries is $o(1)$ in the eigenvalues.  Now
# $\det(\omega\mathbf 1\mathbf 1^T + c_0 - \mu) = \det(c_0 - \mu) + \omega\mathbf 1^T\mathrm{adj}(c_0 - \mu)\mathbf 1$:
# the roots that stay finite tend to those of the last factor, the $\mu_i$; the other is $m\omega + \Sigma + o(1)$.
# (SymPy expands in $x = 1/l$; $\lambda$ stands for $\log l$, which no power of $x$ can imitate.)


# %%
def symmetric(name, size):
    """A symmetric matrix of symbols with zeros on its diagonal."""
    return Matrix(size, size, lambda a, b: sympy.Symbol(f"{name}{min(a, b)}{max(a, b)}") if a != b else 0)


for size in (2, 3):
    N, one, Pi = symmetric("c", size), ones(size, 1), eye(size) - ones(size) / size
    finite = (one.T * (N - mu * eye(size)).adjugate() * one)[0]
    proved((omega * ones(size) + N - mu * eye(size)).det(), (N - mu * eye(size)).det() + omega * finite)
    proved((Pi * N * Pi - mu * eye(size)).det(), -mu * finite / size)  # the root 0 is of the vector 1
    large = (omega * ones(size) + N - (size * omega + nu) * eye(size)).det().as_poly(omega)
    proved(large.LC(), (-size) ** (size - 1) * ((one.T * N * one)[0] / size - nu))  # so ν → Σ

ratio = (lambda_max_slope / x + (m - 1) * q * rho / 3 * lam + Sigma) / (lambda_bulk_slope / x - q * rho / 3 * lam + mu)
kappa_log = 3 * m * rho / 4
k_of = (2 * Sigma - (m + 2) * mu) / (m * q)
proved(coefficients(sympy.cancel(ratio), x, 0, 1), [kappa, kappa_log * lam + 3 * m * k_of / 4])
proved(k_of.subs({Sigma: (m - 1) * c0, mu: -c0}), 3 * c0 / q)  # c0 (11ᵀ − Id), one C for all pairs

# %% [markdown]
# ## 7. The mean predictor
#
# $P(\Theta) = \Theta_{td}\Theta_{dd}^{-1}$, $t$ for test and $d$ for training points, tends to what it is for
# $\frac13(\mathbf 1\mathbf 1^T + 2\,\mathrm{Id})$, and that is not 0:
# $$P(\Theta^{(l)}) \to \frac1{m+2}\mathbf 1\mathbf 1^T, \qquad P(\Theta^{(l)})\,\mathbf 1 \to \frac m{m+2}\mathbf 1.
#   \tag{9.17}$$
# Section 6.3's $P(\Theta^{(l)}) = O(l^{-1})$ is true only of $P(\Theta)\,y$ with $\mathbf 1^Ty = 0$; and "decreases
# linearly with depth" should read "as $1/l$".  For such $y$, (5.8) of chapter `mean_predictor` says: if
# $\Theta_{dd} = (d - o)\mathrm{Id} + o\,\mathbf 1\mathbf 1^T + \epsilon H_{dd}$ and
# $\Theta_{td} = o\,\mathbf 1\mathbf 1^T + \epsilon H_{td}$,
# $$P\,y = \frac\epsilon{d - o}\Big[H_{td}\,y - \frac o{d + (m-1)o}\mathbf 1\mathbf 1^TH_{dd}\,y\Big] + O(\epsilon^2).
#   \tag{9.18}$$
# Here $d = l\,q^*$, $o = \frac{q^*}3(l + \rho\log l) + B$ and $\epsilon H = \frac{q^*}{3\alpha}C$, 0 on the diagonal:
# $$\lim_{l\to\infty}l\,P(\Theta^{(l)})\,y
#   = \frac1{2\alpha}\Big[C_{td}\,y - \frac1{m+2}\mathbf 1\mathbf 1^TC_{dd}\,y\Big]. \tag{9.19}$$
# *The NNGP* has the matrix $q^*\mathbf 1\mathbf 1^T - e$ with
# $e_{ab} = \frac1{\alpha l} - \frac{r\log l + C_{ab}}{(\alpha l)^2} + \dots$; so $d - o \sim \frac1{\alpha l}$ is
# small too, but $\epsilon H = C/(\alpha l)^2$ is smaller by $1/l$, as the expansion needs:
# $$\kappa(\mathcal K) \sim m\,q^*\alpha\,l, \qquad
#   \lim_{l\to\infty}l\,P(\mathcal K^{(l)})\,y = \frac1\alpha\Big[C_{td}\,y - \frac1m\mathbf 1\mathbf 1^TC_{dd}\,y\Big],
#   \qquad P(\mathcal K^{(l)}) \to \frac1m\mathbf 1\mathbf 1^T. \tag{9.20}$$
# All laws need $\alpha l \gg 1/e_1$, so $l \gg 1/(\alpha q^*)$, for erf $(1 + 4q^*)/(2{q^*}^2)$: infinite at the tip.
# The code finds both limits again without (9.18), from the matrices in $x = 1/l$, for any $C$.  With $e = xN$,
# $v = w/l$ and $\tau = q^*\,\mathbf 1^Tw$ the system $\mathcal Kw = y$ is $\tau\mathbf 1 - Nv = y$,
# $\mathbf 1^Tv = x\tau/q^*$, which stays regular at $x = 0$.

# %%
off = p_ab_slope * (L + rho * log(L))
predictor_factor = proved(limit(L * A_of / (L * q - off), L, oo), 1 / (2 * alpha))
predictor_mean = proved(limit(off / (L * q + (m - 1) * off), L, oo), 1 / (m + 2))
nngp_kappa = proved(limit((m * q - (m - 1) / u_l) * u_l / L, L, oo) * l, m * q * alpha * l)  # λ_max, λ_bulk of one C


def law(factor, mean, C_td, C_dd, y):
    return factor * (C_td * y - mean * ones(C_td.rows, y.rows) * C_dd * y)


def first_two(test, train, y):
    """P y and its derivative by x at x = 0: the limits of P y and, if that is 0, of l P y."""
    weights = train.subs(x, 0).LUsolve(y)
    change = train.subs(x, 0).LUsolve(diff(train, x).subs(x, 0) * weights)
    return [(test.subs(x, 0) * weights)[0], (diff(test, x).subs(x, 0) * weights - test.subs(x, 0) * change)[0]]


for size in (2, 3):
    C_dd, C_td, one = symmetric("C", size), Matrix([sympy.symbols(f"c:{size}")]), ones(size, 1)
    y = (eye(size) - ones(size) / size) * Matrix(sympy.symbols(f"y:{size}"))
    entry_of = Lambda(C, q / 3 * (1 + x * rho * lam) + x * (q * C / (3 * alpha) + B))  # of x Θ, with λ held
    test, train = C_td.applyfunc(entry_of), C_dd.applyfunc(entry_of) + eye(size) * (q - entry_of(0))
    expected = law(predictor_factor, predictor_mean.subs(m, size), C_td, C_dd, y)[0]
    proved(first_two(test, train, y), [0, expected])
    proved(first_two(test, train, one)[0], (m / (m + 2)).subs(m, size))

    entry_of = Lambda(C, 1 / (alpha + x * (r * lam + C)))  # of N
    N = C_dd.applyfunc(entry_of) - eye(size) * entry_of(0)
    test, train = C_td.applyfunc(entry_of).row_join(-ones(1)), Matrix([[N, -one], [-one.T, ones(1) * x / q]])
    expected = law(1 / alpha, Rational(1, size), C_td, C_dd, y)[0]
    proved(first_two(test, train, Matrix([*y, 0])), [0, expected])  # the system with its signs turned
    proved(first_two(test, train, Matrix([*one, 0]))[0], 1)

# %% [markdown]
# ## 8. Results, and the package's own functions

# %%
results = {
    "alpha_erf": Lambda(q, alpha_erf),  # q is q* throughout
    "beta_erf": Lambda(q, beta_erf),
    "gamma_erf": Lambda(q, gamma_erf),
    "rho_erf": Lambda(q, rho_erf),
    "r": Lambda((alpha, beta), r_of),
    "s1": Lambda((alpha, beta, gamma), s1_of),
    "A1": Lambda((q, alpha, beta, gamma), A1_of),
    "c0": Lambda((q, alpha, beta, C), c0),
    "p_ab_slope": Lambda(q, p_ab_slope),
    "lambda_max_slope": Lambda((m, q), lambda_max_slope),
    "lambda_bulk_slope": Lambda((m, q), lambda_bulk_slope),
    "kappa": Lambda(m, kappa),
    "kappa_log": Lambda((m, rho), kappa_log),  # the coefficient of log(l)/l
    "predictor_factor": Lambda((alpha,), predictor_factor),
    "predictor_mean": Lambda((m,), predictor_mean),
    "nngp_kappa": Lambda((m, q, alpha, l), nngp_kappa),
}

# %% [markdown]
# (a) *On symbols.*  The package's derivatives, on its own critical line, are (9.3).  (b) *At 50 digits* and (c) *in
# float64* one pair, and in float64 five handwritten digits to learn from and two to predict, with labels of zero sum;
# $C$ is taken from $\Phi$.  Beside each comparison stands the size of what it leaves out.

# %%
numbers = nk.symbols()
point = nk.critical_point(nk.erf, q_star=q, numbers=numbers)
_, package_orders = nk.erf.slopes(q, numbers)
proved(point.sigma_w2 * package_orders[0], 1)
for order, name in enumerate(("alpha_erf", "beta_erf", "gamma_erf"), start=2):
    proved(point.sigma_w2 * package_orders[order - 1] / sympy.factorial(order), results[name](q))

constants = at_erf | {rho: rho_erf, r: r_of.subs(at_erf), s1: s1_of.subs(at_erf)}
curve_at = Lambda((q, e), P(e).subs(in_P).subs(constants))
C_at = Lambda((q, u, L), (Phi(u) - alpha * L + r * log(alpha)).subs(constants))
for system in (nk.digits(50), nk.float64):
    point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=system)
    network, q_star = nk.fcn(2000, nk.erf, point.sigma_w2, point.sigma_b2), point.q_star
    C_values = {}
    for depth, pair in pairs_by_depth(network, q_star, "0.5", system):
        if depth not in (1000, 2000):
            continue
        C_values[depth] = value(C_at, q_star, 2 / pair.nngp_gap, depth)
        agree(pair.Theta.x, depth * q_star, digits=12)  # float64: 4 l units in the last place
        agree(pair.ntk, value(curve_at, q_star, pair.nngp_gap / 2), digits=6)  # e³ log e of 1, 1e-7
    agree(C_values[1000], C_values[2000], digits=6)  # l⁻², 1e-6

inputs, labels = nk.optical_digits()[0].reshape(1797, -1)[[0, 1, 2, 3, 4, 10, 15]], [1, 2, 0, -1, -2]
inputs = nk.normalised(inputs, network)
k_dd, k_td = nk.kernels(network, inputs[:5]), nk.kernels(network, inputs[5:], inputs[:5])
C_of = np.vectorize(lambda gap: value(C_at, q_star, 2 / gap, depth) if gap else sympy.S.Zero, otypes=[object])
C_dd, C_td = Matrix(C_of(k_dd.nngp_gap)), Matrix(C_of(k_td.nngp_gap))

at_point = [value(results[name], q_star) for name in ("alpha_erf", "beta_erf")]
c0_data = np.array(C_dd.applyfunc(lambda C: C and value(results["c0"], q_star, *at_point, C)), dtype=float)
centre = np.eye(5) - 1 / 5  # 0 is its other eigenvalue: moved away, it is not the least
mu_min = np.linalg.eigvalsh(centre @ c0_data @ centre + 1e3 * (np.eye(5) - centre))[0]
k_data = value(Lambda((Sigma, mu, q), k_of.subs(m, 5)), c0_data.sum() / 5, mu_min, q_star)
kappa_next = value(results["kappa_log"], 5, value(results["rho_erf"], q_star)) * log(depth) + Rational(15, 4) * k_data
agree(nk.spectrum(k_dd).kappa, value(results["kappa"], 5) + kappa_next / depth, digits=4)  # (log l / l)²
agree(nk.spectrum(k_dd, "nngp").kappa, value(results["nngp_kappa"], 5, q_star, at_point[0], depth), digits=1)

factor, mean = value(results["predictor_factor"], at_point[0]), value(results["predictor_mean"], 5)
for kernel, numbers, digits in (("ntk", (factor, mean), 3), ("nngp", (2 * factor, Rational(1, 5)), 1.5)):
    predicted = depth * nk.mean_predictor(k_dd, k_td, labels, kernel)  # what is left out: (log l)/l, a factor 0.2 and 5
    for ours, theirs in zip(law(*numbers, C_td, C_dd, Matrix(labels)), predicted, strict=True):
        agree(ours, theirs, digits)

# %% [markdown]
# ## Exercise
#
# What replaces all this at the line's tip $(\sigma_w^2, \sigma_b^2) = (\frac\pi4, 0)$, where $q^* = 0$?
#
# **Solution.**  The variance is not fixed; let it be $q_l$, common to all inputs, and $c_l$ the cosine.  By (3.8)
# $$q' = q - 2q^2 + \dots, \qquad c' = c - \tfrac23c(1 - c^2)\,q^2 + \dots, \qquad
#   f' = 1 - 2q + (4 + 2c^2)\,q^2 + \dots; \tag{9.21}$$
# so $q_l \sim \frac1{2l}$, and $\sum_lq_l^2$ is finite: $c_l = c_\infty + O(1/l)$ keeps the memory of the inputs.  The
# product $D_l$ falls like $q_l$, not like its square: $p_{ab} \to \sum_{k\le L}\frac kL\frac{c_\infty}{2k} =
# \frac12c_\infty$.  The next order is $q\log q$:
# $$\Theta_{ab}^{(l)} = c_\infty\Big[\frac12 + \frac{1 + 2c_\infty^2}{12}\,\frac{\log l}l\Big] + O(1/l), \qquad
#   \Theta_{aa}^{(l)} = \frac12 + \frac{\log l}{4l} + O(1/l). \tag{9.22}$$
# So $\Theta$ tends to half the matrix of the cosines $c_\infty$: $\kappa$ and $P(\Theta)\,y$ have finite limits that
# depend on the data, not $\frac{m+2}2$ and 0.  Section 6.3 and Table 1 need $q^* > 0$.

# %%
c, log_q = sympy.symbols("c log_q", real=True)
q_next, covariance = asin(2 * q / (1 + 2 * q)) / 2, asin(2 * c * q / (1 + 2 * q)) / 2
c_next, tip_slope = covariance / q_next, 1 / sqrt((1 + 2 * q) ** 2 - 4 * c**2 * q**2)
series_of = [term for function in (q_next, c_next, tip_slope) for term in coefficients(function, q, 0, 2)]
proved(series_of, [0, 1, -2, c, 0, -2 * c * (1 - c**2) / 3, 1, -2, 4 + 2 * c**2])
tip = Lambda((q, log_q, c), c * (A + B * q * log_q))
after = tip(q_next, log_q + log(q_next / q), c_next)
orders = coefficients(after - covariance - tip_slope * tip(q, log_q, c), q, 0, 2)
half, bend = (solve(orders[1:], [A, B], dict=True)[0][symbol] for symbol in (A, B))
proved([half, bend], [Rational(1, 2), -(1 + 2 * c**2) / 6])
proved(limit((bend * log(1 / (2 * L)) / (2 * L)) * L / log(L), L, oo), (1 + 2 * c**2) / 12)  # q = 1/(2l)

tip_at = Lambda((q, c), tip(q, log(q), c).subs({A: half, B: bend}))
network, remains = nk.fcn(2000, nk.erf, nk.critical_point(nk.erf, sigma_b2=0).sigma_w2), []
for depth, pair in pairs_by_depth(network, "0.3", "0.5"):
    if depth in (1000, 2000):
        ends = ((pair.Theta.x, 1), (pair.ntk, pair.nngp / pair.K.x))
        remains.append([(entry - value(tip_at, pair.K.x, cosine)) / pair.K.x for entry, cosine in ends])
for before, after in zip(*remains, strict=True):
    agree(before, after, digits=3)  # a constant, but for q log²q of it

# %% [markdown]
# ## Summary
#
# | | on the line, $q^* > 0$ | |
# |---|---|---|
# | $1/e_l$ | $\alpha l + r\log l + C$, $C = \lim\Phi(1/e_l) - \alpha l + r\log\alpha$ | (9.6) |
# | $p_{ab}^{(l)}$ | $A/e + B + A_1e = \frac{q^*}3(l + \rho\log l) + c_0$ | (9.11, 9.12) |
# | $\lambda_{\max}, \lambda_{\text{bulk}}$ | $\frac{m+2}3q^*l$, $\frac23q^*l$, and $\log l$ | (9.9, 9.15) |
# | $\kappa$ | $\frac{m+2}2 + \frac{3m}4(\rho\log l + k)/l$ | (9.14, 9.16) |
# | $P(\Theta)$, $P(\Theta)y$ | $\frac1{m+2}\mathbf 1\mathbf 1^T$, $\frac1{2\alpha l}[C_{td}y - \dots]$ | (9.17, 9.19) |
# | NNGP | $\kappa \sim mq^*\alpha l$, $\frac1{\alpha l}[C_{td}y - \dots]$ | (9.20) |
# | tip, $q^* = 0$ | $\Theta \to \frac12c_\infty$ | (9.22) |
