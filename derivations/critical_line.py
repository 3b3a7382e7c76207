# %% [markdown]
# # The critical line: thirds, quarters and a logarithm
#
# **Setting.** On the line $\chi_1 = 1$ the fixed point $q_{ab} = q^*$ attracts only marginally.  Inputs are normalised,
# so (3.2) of chapter `ntk_limits` holds: $q_{l+1} = f(q_l)$, $p_{l+1} = q_{l+1} + f'(q_l)p_l$, $p_1 = q_1$, and on the
# diagonal $p^{(l)} = l\,q^*$ exactly (3.4).  (Eq. 17 prints $l\,p^*$; but $p^* = q^*/(1 - \chi_1)$ is infinite here,
# and Eq. 18 has $q^*$.)
#
# | symbol | code | paper |
# |---|---|---|
# | $e_l = q^* - q_{ab}^{(l)}$ | `Kernels.nngp_gap / 2` | Eq. 17 |
# | $p_{ab}^{(l)}$ | `Kernels.ntk` | Eq. 17 |
# | $p^{(l)} - p_{ab}^{(l)}$ | `Kernels.ntk_gap / 2` | Eq. 18 |
# | $q^*$, $\sigma_w^2$, $\sigma_b^2$ on the line | `critical_point(...)` | Section 6.3 |
# | $\lambda_{\max}, \lambda_{\text{bulk}}, \kappa$ | – | Eq. 18, Table 1 |
# | $\alpha, \beta, r, \rho$, defined below | – | – |
#
# **Goals.** $\Theta^{(l)}/l \to \frac{q^*}3(\mathbf 1\mathbf 1^T + 2\,\mathrm{Id})$ and $\kappa \to \frac{m+2}2$; the
# next order, where the paper's $O(1)$ turns out to be $O(\log l)$; and the same for ReLU, with quarters.

# %%
import pathlib
import runpy

import sympy
from sympy import KroneckerDelta, Lambda, Matrix, Rational, asin, cos, diff, expand, log, pi, series, sin, solve, sqrt
from sympy.concrete.delta import deltasummation

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, alpha, beta, e, u, f2, f3, L = sympy.symbols("q alpha beta e u f2 f3 L", positive=True)
gamma, r, C, A, B, A1, t, lam, rho = sympy.symbols("gamma r C A B A1 t lambda rho", real=True)
i, j, k, m, l = sympy.symbols("i j k m l", integer=True, positive=True)


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the Laurent series of `expression` at 0."""
    expansion = expand(series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


def at_infinity(expression):
    return sympy.limit(expression, L, sympy.oo)


# %% [markdown]
# ## 1. The error and its map
#
# With $f(q^*) = q^*$, $f'(q^*) = 1$ the Taylor series of $f$ about $q^*$ gives, for $e = q^* - q_{ab}$,
# $$e' = e - \alpha e^2 + \beta e^3 - \gamma e^4 + \dots, \qquad
#   \alpha = \tfrac12f''(q^*), \quad \beta = \tfrac16f'''(q^*), \tag{4.1}$$
# $$f'(q^* - e) = \frac{de'}{de} = 1 - 2\alpha e + 3\beta e^2 - \dots \tag{4.2}$$
# For erf on the line $\sigma_w^2 = \frac\pi4\sqrt S$, $S = 1 + 4q^*$ (2.9), so
# $f(t) = \frac12\sqrt S\arcsin\frac{2t}{1 + 2q^*} + \sigma_b^2$ and
# $$\alpha = \frac{2q^*}{S}, \qquad \beta = \frac{2\,(12{q^*}^2 + 4q^* + 1)}{3\,S^2}. \tag{4.3}$$

# %%
e_next = e - alpha * e**2 + beta * e**3 - gamma * e**4
slope = diff(e_next, e)
f = Lambda(t, q + (t - q) + f2 * (t - q) ** 2 / 2 + f3 * (t - q) ** 3 / 6 + gamma * (t - q) ** 4)
proved(q - f(q - e), e_next.subs({alpha: f2 / 2, beta: f3 / 6}))
proved(diff(f(t), t).subs(t, q - e), slope.subs({alpha: f2 / 2, beta: f3 / 6}))

S = 1 + 4 * q
alpha_erf = 2 * q / S
beta_erf = 2 * (12 * q**2 + 4 * q + 1) / (3 * S**2)
f_erf = sqrt(S) / 2 * asin(2 * t / (1 + 2 * q))
proved(diff(f_erf, t).subs(t, q), 1)
proved(diff(f_erf, t, 2).subs(t, q) / 2, alpha_erf)
proved(diff(f_erf, t, 3).subs(t, q) / 6, beta_erf)
at_erf = {alpha: alpha_erf, beta: beta_erf}

# %% [markdown]
# ## 2. How fast $q_{ab}$ approaches $q^*$
#
# In $u = 1/e$ the map is nearly a translation,
# $$u' = u + \alpha + \frac{\alpha^2 - \beta}u + O(u^{-2}), \tag{4.4}$$
# so $u_l \sim \alpha l$.  One more order comes from a function $\psi$ that grows by 1 at every step:
# $$\psi(u) = \frac{u - r\log u}\alpha, \qquad \psi(u') = \psi(u) + 1 + O(u^{-2})
#   \quad\text{if}\quad r = \frac{\alpha^2 - \beta}\alpha. \tag{4.5}$$

# %%
proved(coefficients(1 / e_next, e, -1, 1), [1, alpha, alpha**2 - beta])
psi = Lambda(u, (u - r * log(u)) / alpha)
steps_of_psi = coefficients((1 / e_next - 1 / e - r * log(e / e_next)) / alpha, e, -1, 1)  # ψ(u') − ψ(u)
proved(steps_of_psi[:2], [0, 1])
r_of = solve(steps_of_psi[2], r)[0]
proved(r_of, (alpha**2 - beta) / alpha)

# %% [markdown]
# The errors $O(u_l^{-2}) = O(l^{-2})$ have a finite sum, so $\psi(u_l) - l$ converges, and inverting $\psi$
# $$\frac1{e_l} = \alpha l + r\log l + C + O\Big(\frac{\log l}l\Big). \tag{4.6}$$
# $C$ depends on the inputs: $\psi(u_l) - l \to (C - r\log\alpha)/\alpha$.

# %%
u_l = alpha * L + r * log(L) + C
offset = (C - r * log(alpha)) / alpha
proved(at_infinity(psi(u_l) - L), offset)
proved(at_infinity((psi(u_l) - L - offset) * L / log(L)), -((r / alpha) ** 2))  # so (4.6) is off by O(log l / l)

# %% [markdown]
# ## 3. One third
#
# The exact solution (3.3), $p_L = \sum_{k\le L}q_kD_L/D_k$, has $D_{l+1}/D_l = f'(q^* - e_l)$.  Compare with a function
# of $e$: $K(e) = e^2(1 + r\,e)$, with the $r$ of (4.5), changes by the same factor,
# $$\frac{K(e')}{K(e)} = f'(q^* - e)\,(1 + O(e^3)), \tag{4.7}$$
# so $D_l/K(e_l)$ converges, $D_l \propto e_l^2 \propto l^{-2}$, and $D_L/D_k \to (k/L)^2$:
# $$\frac{p_{ab}^{(L)}}L \to \lim_{L\to\infty}\frac{q^*}{L^3}\sum_{k=1}^Lk^2 = \frac{q^*}3. \tag{4.8}$$

# %%
K = Lambda(e, e**2 * (1 + r * e))
mismatch = coefficients(K(e_next) / K(e) / slope, e, 0, 2)
proved(mismatch[:2], [1, 0])
proved(solve(mismatch[2], r)[0], r_of)
proved(at_infinity(u_l / u_l.subs(L, 2 * L)), Rational(1, 2))  # u_k/u_L → k/L, here at k = L/2
p_ab_slope = at_infinity(q * sympy.summation((k / L) ** 2, (k, 1, L)) / L)
proved(p_ab_slope, q / 3)

# %% [markdown]
# ## 4. The spectrum
#
# With $p^{(l)} = l\,q^*$, $\Theta^{(l)}/l \to \frac{q^*}3(\mathbf 1\mathbf 1^T + 2\,\mathrm{Id})$.  Its eigenvectors
# are $\mathbf 1$ and $e_i - e_j$, and (Eq. 18)
# $$\lambda_{\max} \sim \frac{(m+2)\,q^*}3\,l, \qquad \lambda_{\text{bulk}} \sim \frac{2q^*}3\,l, \qquad
#   \kappa \to \frac{m+2}2. \tag{4.9}$$


# %%
def check_spectrum(slope, top, bulk):
    """That Θ/l with diagonal q and off-diagonal `slope` has the eigenvalues `top` and, m − 1 times, `bulk`."""
    entry = Lambda((i, j), slope + (q - slope) * KroneckerDelta(i, j))
    proved(deltasummation(entry(i, j), (j, 1, m), no_piecewise=True), top)  # the vector 1, any m
    a, b = sympy.symbols("a b", integer=True, positive=True)
    proved(entry(i, a) - entry(i, b), bulk * (KroneckerDelta(i, a) - KroneckerDelta(i, b)))  # e_a − e_b, any m
    for size in range(2, 6):  # and that there are no others
        values = Matrix(size, size, entry).eigenvals()
        expected = {top.subs(m, size): 1, bulk: size - 1}
        holds({expand(x): n for x, n in values.items()} == {expand(x): n for x, n in expected.items()}, "eigenvalues")


lambda_max_slope, lambda_bulk_slope, kappa = (m + 2) * q / 3, 2 * q / 3, (m + 2) / 2
check_spectrum(p_ab_slope, lambda_max_slope, lambda_bulk_slope)
proved(lambda_max_slope / lambda_bulk_slope, kappa)

# %% [markdown]
# ## 5. The next order is a logarithm
#
# Look for a solution of the recursion that depends on depth only through $e$, a Laurent series
# $$P(e) = \frac Ae + B + A_1e + \dots, \qquad P(e') = q^* - e' + f'(q^* - e)\,P(e). \tag{4.10}$$
# Matching powers of $e$,
# $$A = \frac{q^*}{3\alpha}, \qquad B = \frac{q^*}2 - \frac23q^*\rho - \frac1{2\alpha}, \qquad
#   \rho = 1 - \frac\beta{\alpha^2} = \frac r\alpha. \tag{4.11}$$
# Cut after $B$, it leaves a residual $O(e^2)$ in the recursion, which (3.3) turns into
# $D_L\sum_kO(e_k^2)/D_k = O(e_L^2L) = O(1/L)$; and any two solutions differ by a multiple of $D_L$, $O(L^{-2})$.
# So $p_{ab} = A/e + B + O(1/l)$, for all inputs, with no logarithm and no constant to fit.

# %%
P = Lambda(e, A / e + B + A1 * e)
orders = coefficients(P(e_next) - (q - e_next + slope * P(e)), e, 0, 2)
A_of = solve(orders[0], A)[0]
proved(A_of, q / (3 * alpha))
B_of = solve(orders[1].subs(A, A_of), B)[0]
rho_of = 1 - beta / alpha**2
proved(rho_of, r_of / alpha)
proved(B_of, q / 2 - Rational(2, 3) * q * rho_of - 1 / (2 * alpha))
A1_of = solve(orders[2].subs({A: A_of, B: B_of}), A1)[0]

# %% [markdown]
# Put (4.6) into $A/e + B$:
# $$p_{ab}^{(l)} = \frac{q^*}3\big(l + \rho\log l\big) + c_0 + O\Big(\frac{\log l}l\Big), \qquad
#   c_0 = \frac{q^*C}{3\alpha} + B. \tag{4.12}$$
# Unless $\rho = 0$, the $O(1)$ of Eq. 17 and 18 and of Table 1 is $O(\log l)$.  In terms of $f$ and for erf
# $$\rho = 1 - \frac23\,\frac{f'''}{f''^2}, \qquad
#   \rho_{\text{erf}} = -\frac{6{q^*}^2 + 4q^* + 1}{6{q^*}^2} < -1, \tag{4.13}$$
# so erf's logarithm never vanishes.

# %%
c0 = q * C / (3 * alpha) + B_of
proved((A_of * u_l + B_of).subs(r, r_of), q / 3 * (L + rho_of * log(L)) + c0)
proved(rho_of.subs({alpha: f2 / 2, beta: f3 / 6}), 1 - Rational(2, 3) * f3 / f2**2)
rho_erf = -(6 * q**2 + 4 * q + 1) / (6 * q**2)
proved(rho_of.subs(at_erf), rho_erf)
holds(expand(rho_erf + 1).is_negative, "erf's rho is below -1")

# %% [markdown]
# For the condition number, with $p_{ab} = \frac{q^*}3(l + \rho\log l + c)$ for every pair, $c = 3c_0/q^*$,
# $$\kappa = \frac{p + (m-1)p_{ab}}{p - p_{ab}} = \frac{m+2}2 + \frac{3m}4\,\frac{\rho\log l + c}l
#   + O\Big(\frac{\log^2l}{l^2}\Big). \tag{4.14}$$
# The paper's rate $m\,O(1/l)$ is $\frac{3m}4\rho\log l/l$, and for erf the limit is approached from below.
# (SymPy expands in $x = 1/l$; $\lambda$ stands for $\log l$, which no power of $x$ can imitate.)

# %%
x, c = sympy.symbols("x c", real=True)


def kappa_expansion(fraction):
    """κ to order x, for p = q/x and p_ab = fraction · q (1/x + ρλ + c)."""
    p, p_ab = q / x, fraction * q * (1 / x + rho * lam + c)
    return coefficients(sympy.cancel((p + (m - 1) * p_ab) / (p - p_ab)), x, 0, 1)


kappa_limit, kappa_correction = kappa_expansion(p_ab_slope / q)
kappa_log = 3 * m * rho / 4
proved(kappa_limit, kappa)
proved(kappa_correction, kappa_log * lam + Rational(3, 4) * m * c)

# %% [markdown]
# ## 6. ReLU: one quarter
#
# ReLU is critical at $\sigma_w^2 = 2$, $\sigma_b^2 = 0$, for every $q$.  By (1.14), with $q_{ab} = q\cos\theta$,
# $$\cos\theta' = \frac{\sin\theta + (\pi - \theta)\cos\theta}\pi, \qquad f' = 1 - \frac\theta\pi. \tag{4.15}$$
# $f''$ is infinite at $q_{ab} = q$, so the error is not the right variable; the angle is:
# $$\theta' = \theta - \frac{\theta^2}{3\pi} - \frac{\theta^3}{18\pi^2} + \dots, \qquad
#   \frac1{\theta'} = \frac1\theta + \frac1{3\pi} + \frac\theta{6\pi^2} + \dots, \tag{4.16}$$
# which is (4.4) with $\alpha = \frac1{3\pi}$, $\beta = -\frac1{18\pi^2}$, hence
# $1/\theta_l = \frac l{3\pi} + \frac{\log l}{2\pi} + O(1)$ by (4.6).

# %%
theta = sympy.Symbol("theta", positive=True)
a, b = sympy.symbols("a b", real=True)
theta_next = theta - a * theta**2 + b * theta**3
cosine_next = (sin(theta) + (pi - theta) * cos(theta)) / pi
orders = coefficients(cos(theta_next) - cosine_next, theta, 3, 4)
relu = solve(orders, [a, b], dict=True)[0]
proved([relu[a], relu[b]], [1 / (3 * pi), -1 / (18 * pi**2)])
proved(coefficients((1 / theta_next).subs(relu), theta, -1, 1), [1, 1 / (3 * pi), 1 / (6 * pi**2)])
r_relu = r_of.subs({alpha: relu[a], beta: relu[b]})
proved(r_relu, 1 / (2 * pi))

# %% [markdown]
# But the slope is $1 - \frac\theta\pi = 1 - 3\alpha\theta$, where (4.2) had $1 - 2\alpha e$.  So $D_l \propto l^{-3}$,
# $$p_{ab}^{(l)} \sim \frac{q}{l^3}\sum_{k\le l}k^3 \sim \frac{l\,q}4, \qquad
#   \lambda_{\max} \sim \frac{(m+3)\,q}4l, \quad \lambda_{\text{bulk}} \sim \frac{3q}4l, \quad
#   \kappa \to \frac{m+3}3. \tag{4.17}$$
# The next order by the Laurent series in $\theta$, $P = A/\theta + B + \dots$:
# $$p_{ab}^{(l)} = \frac q4\Big(l + \frac32\log l\Big) + O(1), \qquad
#   \kappa = \frac{m+3}3 + \frac{2m}3\,\frac{\log l}l + O(1/l), \tag{4.18}$$
# from above.

# %%
slope_relu = diff(cosine_next, theta) / diff(cos(theta), theta)
proved(slope_relu, 1 - theta / pi)
fall = coefficients((theta_next / theta).subs(relu) ** 3 / slope_relu, theta, 0, 1)
proved(fall, [1, 0])  # θ³ falls like D
relu_p_ab_slope = at_infinity(q * sympy.summation((k / L) ** 3, (k, 1, L)) / L)
proved(relu_p_ab_slope, q / 4)

relu_lambda_max_slope, relu_lambda_bulk_slope, relu_kappa = (m + 3) * q / 4, 3 * q / 4, (m + 3) / 3
check_spectrum(relu_p_ab_slope, relu_lambda_max_slope, relu_lambda_bulk_slope)
proved(relu_lambda_max_slope / relu_lambda_bulk_slope, relu_kappa)

P_relu = Lambda(theta, A / theta + B)
orders = coefficients(P_relu(theta_next.subs(relu)) - q * cosine_next - slope_relu * P_relu(theta), theta, 0, 1)
A_relu = solve(orders[0], A)[0]
B_relu = solve(orders[1].subs(A, A_relu), B)[0]
proved(A_relu, 3 * pi * q / 4)
proved(B_relu, -q / 8)
rho_relu = Rational(3, 2)
proved(A_relu * (relu[a] * L + r_relu * log(L)), q / 4 * (L + rho_relu * log(L)))

kappa_limit, kappa_correction = kappa_expansion(relu_p_ab_slope / q)
relu_kappa_log = 2 * m / 3
proved(kappa_limit, relu_kappa)
proved(kappa_correction.coeff(lam).subs(rho, rho_relu), relu_kappa_log)

# %% [markdown]
# ## 7. Results, and the package's own functions
#
# In `results` $q$ is $q^*$, and ReLU's is any variance.

# %%
results = {
    "alpha_erf": Lambda(q, alpha_erf),
    "beta_erf": Lambda(q, beta_erf),
    "rho_erf": Lambda(q, rho_erf),
    "r": Lambda((alpha, beta), r_of),
    "p_ab_slope": Lambda(q, p_ab_slope),
    "lambda_max_slope": Lambda((m, q), lambda_max_slope),
    "lambda_bulk_slope": Lambda((m, q), lambda_bulk_slope),
    "kappa": Lambda(m, kappa),
    "kappa_log": Lambda((m, rho), kappa_log),  # the coefficient of log(l)/l
    "relu_p_ab_slope": Lambda(q, relu_p_ab_slope),
    "relu_kappa": Lambda(m, relu_kappa),
    "relu_kappa_log": Lambda(m, relu_kappa_log),
    "relu_lambda_max_slope": Lambda((m, q), relu_lambda_max_slope),
    "relu_lambda_bulk_slope": Lambda((m, q), relu_lambda_bulk_slope),
}

# %% [markdown]
# (a) *On symbols.*  The package's derivatives, on its own critical line, are (4.3); and its ReLU layer turns the angle
# as (4.15) says.

# %%
numbers = nk.symbols()
point = nk.critical_point(nk.erf, q_star=q, numbers=numbers)
_, package_orders = nk.erf.slopes(q, numbers)
proved(point.sigma_w2 * package_orders[0], 1)
proved(point.sigma_w2 * package_orders[1] / 2, results["alpha_erf"](q))
proved(point.sigma_w2 * package_orders[2] / 6, results["beta_erf"](q))
proved(results["rho_erf"](q), (results["r"](alpha, beta) / alpha).subs(at_erf))

tangent = sympy.Symbol("tangent", positive=True)  # of θ: an acute angle, which decides the package's branches
one_minus_c, acute = 1 - 1 / sqrt(1 + tangent**2), {theta: sympy.atan(tangent)}
(_, first), (_, second) = pairs_by_depth(nk.fcn(2, nk.relu, 2), q, one_minus_c, numbers)
proved(first.nngp, q * cos(theta).subs(acute))
proved(second.nngp, q * cosine_next.subs(acute))
proved(second.ntk, second.nngp + slope_relu.subs(acute) * first.nngp)

# %% [markdown]
# (b) *At 50 digits and* (c) *in float64*.  Beside each comparison stands the size of what it leaves out.

# %%
at_erf |= {gamma: diff(f_erf, t, 4).subs(t, q) / 24, rho: rho_erf, r: r_of.subs(at_erf)}
curve = P(e).subs(A1, A1_of).subs({A: A_of, B: B_of})
curve_at, psi_at, C_at, p_at, kappa_at = (
    Lambda(arguments, formula.subs(at_erf))
    for arguments, formula in (
        ((q, e), curve),
        ((q, u), psi(u)),
        ((q, t), alpha * t + r * log(alpha)),  # C from t = lim ψ(u) − l
        ((q, C, L), q / 3 * (L + rho * log(L)) + c0),
        ((q, C, L), (kappa + kappa_log * log(L) / L + Rational(3, 4) * m * (3 * c0 / q) / L).subs(m, 12)),
    )
)
for system in (nk.digits(50), nk.float64):
    point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=system)
    network, q_value = nk.fcn(2000, nk.erf, point.sigma_w2, point.sigma_b2), point.q_star
    for depth, pair in pairs_by_depth(network, q_value, "0.5", system):
        if depth not in (1000, 2000):
            continue
        counted = value(psi_at, q_value, 2 / pair.nngp_gap)
        C_value = value(C_at, q_value, counted - depth)
        kappa_12 = (pair.Theta.x + 11 * pair.ntk) / (pair.ntk_gap / 2)
        agree(pair.Theta.x, depth * q_value, digits=12)  # float64: 4 l units in the last place
        agree(pair.ntk, value(curve_at, q_value, pair.nngp_gap / 2), digits=6)  # e² log e of p = A/e
        agree(pair.ntk, value(p_at, q_value, C_value, depth), digits=5)  # (log l)/l of l
        agree(kappa_12, value(kappa_at, q_value, C_value, depth), digits=5)  # (log l / l)², and a small factor
        holds(bool(kappa_12 < value(results["kappa"], 12)), "from below")
        if depth == 1000:
            counted_before = counted
    agree(counted - counted_before, 1000, digits=6)  # the sum of α⁻² k⁻² over the layers, 1e-3, of 1000

    scaled = {}
    for depth, pair in pairs_by_depth(nk.fcn(2000, nk.relu, 2), "0.7", "0.5", system):
        kappa_12 = (pair.Theta.x + 11 * pair.ntk) / (pair.ntk_gap / 2)
        scaled[depth] = (kappa_12 - value(results["relu_kappa"], 12)) * depth
    angle = (pair.nngp_gap / pair.K.x) ** 0.5  # 2 sin(θ/2), which is θ to O(θ³)
    agree(pair.ntk, value(Lambda((q, theta), A_relu / theta + B_relu), "0.7", angle), digits=4)  # θ² of A/θ
    agree(scaled[2000] - scaled[1000], value(results["relu_kappa_log"], 12) * log(2), digits=2)  # (log l)²/l

# %% [markdown]
# ## Exercise
#
# Smooth activations give a third, ReLU a quarter.  Find $\lim p_{ab}^{(l)}/(l\,q^*)$ and $\kappa$ if
# $e' = e - \alpha e^{1+\nu} + \dots$, and recover both.
#
# **Solution.**  $f' = de'/de = 1 - (1+\nu)\alpha e^\nu$.  Then $e^{-\nu}$ grows by $\nu\alpha$ a layer, and
# $e^{1+\nu}$ falls by the factor $f'$; so $D_l \propto l^{-n}$ with $n = (1+\nu)/\nu$ and
# $$\frac{p_{ab}^{(l)}}{l\,q^*} \to \int_0^1x^n\,dx = \frac1{n+1} = \frac\nu{1 + 2\nu}, \qquad
#   \kappa \to 1 + \frac{m\,\nu}{1+\nu}. \tag{4.19}$$
# $\nu = 1$ gives $\frac13$ and $\frac{m+2}2$.  For ReLU $e = q(1 - \cos\theta) \approx \frac12q\theta^2$, so
# $e' - e \propto \theta^3 \propto e^{3/2}$: $\nu = \frac12$ gives $\frac14$ and $\frac{m+3}3$.

# %%
nu, y = sympy.symbols("nu y", positive=True)  # y = e^ν, small
grow = (1 - alpha * y) ** (-nu)  # (e'/e)^(−ν)
proved(coefficients(grow, y, 0, 1), [1, nu * alpha])
fall = (1 - alpha * y) ** (1 + nu) - (1 - (1 + nu) * alpha * y)  # (e'/e)^(1+ν) against f'
proved(coefficients(fall, y, 0, 1), [0, 0])
n = (1 + nu) / nu
fraction = sympy.integrate(y**n, (y, 0, 1))
proved(fraction, nu / (1 + 2 * nu))
general_kappa = 1 + m * fraction / (1 - fraction)
proved(general_kappa, 1 + m * nu / (1 + nu))
for power, slope_of_p, limit_of_kappa in ((1, p_ab_slope, kappa), (Rational(1, 2), relu_p_ab_slope, relu_kappa)):
    proved(q * fraction.subs(nu, power), slope_of_p)
    proved(general_kappa.subs(nu, power), limit_of_kappa)
change = (cos(theta) - cosine_next) / (1 - cos(theta)) ** Rational(3, 2)  # its limit at 0 is finite: ν = 1/2
proved(sympy.limit(change, theta, 0), -2 * sqrt(2) / (3 * pi))

# %% [markdown]
# ## Summary
#
# | | smooth, erf | ReLU, $\sigma_w^2 = 2$ |
# |---|---|---|
# | small parameter | $e = q^* - q_{ab}$ | $\theta$, $q_{ab} = q\cos\theta$ |
# | its inverse | $\alpha l + r\log l + C$ (4.6) | $\frac l{3\pi} + \frac{\log l}{2\pi}$ (4.16) |
# | $p_{ab}^{(l)}$ | $\frac{q^*}3(l + \rho\log l) + c_0$ (4.12) | $\frac q4(l + \frac32\log l) + O(1)$ (4.18) |
# | $\lambda_{\max}/l$ | $\frac{m+2}3q^*$ (4.9) | $\frac{m+3}4q$ (4.17) |
# | $\lambda_{\text{bulk}}/l$ | $\frac23q^*$ (4.9) | $\frac34q$ (4.17) |
# | $\kappa$ | $\frac{m+2}2 + \frac{3m}4\rho\frac{\log l}l$ (4.14) | $\frac{m+3}3 + \frac{2m}3\frac{\log l}l$ (4.18) |
#
# erf: $\alpha = \frac{2q^*}{1+4q^*}$ (4.3), $r = \alpha\rho$, $\rho = -\frac{6{q^*}^2+4q^*+1}{6{q^*}^2}$ (4.13).
