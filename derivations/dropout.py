# %% [markdown]
# # Dropout: a ridge in closed form
#
# **Setting.** Dropout with keep rate $\varrho$ acts on the last hidden activations: each is kept with probability
# $\varrho$ and divided by it, or set to 0, independently from unit to unit and from input to input.  The rest is the
# fully-connected network of chapter `tangent_kernel`; from Section 3 on inputs are normalised.  (The paper has $\rho$
# for other things; $\rho$ here is the coefficient (9.13) of the logarithm.)
#
# | symbol | code | paper |
# |---|---|---|
# | $\varrho$; $g = \frac1\varrho - 1$ | `Dropout(keep)`; `g` | –, Section 6.5 |
# | $r$, $r_K$: what the diagonals of $\Theta$ and $\mathcal K$ gain | `.ntk`, `.nngp` | – |
# | $p = p^{(L)}$, $p_{ab}$, $q^*$, $p^*$ without dropout | `kernels(fcn(...))`, `mean_field(...)` | Section 6 |
# | $\kappa^*$, the limit of $\kappa$ | `spectrum(...)` | Section 6.5, Figure 4 |
#
# **Goals.** The kernels of the masked network.  They are those without masks and a ridge, exactly; so $\kappa$ is
# bounded, with its limits and their approach in all phases.  What becomes of $P(\Theta)$.  Dropout in every layer.

# %%
import itertools
import pathlib
import runpy

import numpy as np
import sympy
from sympy import Lambda, Matrix, Rational, diff, expand, eye, limit, oo, pi, solve, sqrt, symbols

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

g, keep, q, p, p_star, chi, h, a = symbols("g keep q p p_star chi h a", positive=True)
sigma_w, sigma_b, alpha, x, epsilon, r = symbols("sigma_w sigma_b alpha x epsilon r", positive=True)
sigma_b2 = sympy.Symbol("sigma_b2", nonnegative=True)
rho, C, lam, Sigma, mu, k = symbols("rho C lambda Sigma mu k", real=True)
m, l = symbols("m l", integer=True, positive=True)
of_keep = {g: 1 / keep - 1}


def coefficients(expression, variable, low, high):
    """The coefficients of variable^low … variable^high in the series of `expression` at 0."""
    expansion = expand(sympy.series(expression, variable, 0, high + 1).removeO())
    return [expansion.coeff(variable, power) for power in range(low, high + 1)]


# %% [markdown]
# ## 1. From masks to kernels
#
# With masks $s_j \in \{0, 1\}$, $s_j = 1$ with probability $\varrho$, the output is
# $$z(x) = \frac{\sigma_w}{\sqrt N}\sum_jW_j\,\frac{s_j(x)}\varrho\,\phi(u_j(x)) + \sigma_bb. \tag{18.1}$$
# So (4.2) holds with $\frac s\varrho\phi$ and $\frac s\varrho\phi'$ for $\phi$ and $\phi'$.  Two inputs have
# independent masks, and $\mathbb E[s_is_j']/\varrho^2 = 1$; for one input with itself
# $$\frac{\mathbb E[s_is_j]}{\varrho^2} = 1 + g\,\delta_{ij}, \qquad g = \frac1\varrho - 1. \tag{18.2}$$
# The averages over units tend to these means as before, and the terms $i \ne j$ of (4.2) vanish with
# $\mathbb E[W_iW_j]$.  Therefore, with $\delta = 1$ where an input meets itself, else 0,
# $$\mathcal K_{\text{drop}} = \sigma_w^2\,\mathcal T\,(1 + g\,\delta) + \sigma_b^2, \qquad
#   \Theta_{\text{drop}} = \mathcal K_{\text{drop}}
#   + \sigma_w^2\,\dot{\mathcal T}\,\Theta^{(L-1)}\,(1 + g\,\delta). \tag{18.3}$$


# %%
N, gain = 2, 1 + g.subs(of_keep)
W, s, t, phi, phi_x, slope, slope_x = (symbols(f"{name}:{N}") for name in ("W", "s", "t", "f", "g", "d", "e"))  # x, x'
M = Matrix(N, N, symbols(f"M:{N}:{N}"))  # Θ̂ of the layer below
direct = sigma_w**2 / N * sum(s[j] * t[j] / keep**2 * phi[j] * phi_x[j] for j in range(N)) + sigma_b**2  # (4.2)
both = itertools.product(range(N), repeat=2)
below = sigma_w**2 / N * sum(W[i] * W[j] * s[i] * t[j] / keep**2 * slope[i] * slope_x[j] * M[i, j] for i, j in both)


def mean_over(expression, masks):
    """The mean over the masks, each 1 with probability keep, and over W, of moments E[W_i W_j] = δ_ij."""
    total = 0
    for outcome in itertools.product((0, 1), repeat=len(masks)):
        chance = sympy.prod(keep if kept else 1 - keep for kept in outcome)
        total += chance * expression.subs(dict(zip(masks, outcome, strict=True)))
    terms = sympy.Poly(expand(total), *W).terms()
    return sum(coefficient for powers, coefficient in terms if powers in ((0, 0), (2, 0), (0, 2)))


for same, masks, factor in (({}, (*s, *t), 1), (dict(zip(t, s, strict=True)), s, gain)):
    T_hat = sum(a_unit * b_unit for a_unit, b_unit in zip(phi, phi_x, strict=True)) / N
    Tdot_hat = sum(slope[j] * slope_x[j] * M[j, j] for j in range(N)) / N  # times Θ̂
    proved(mean_over(direct.subs(same), masks), sigma_w**2 * T_hat * factor + sigma_b**2)
    proved(mean_over(below.subs(same), masks), sigma_w**2 * Tdot_hat * factor)

# %% [markdown]
# ## 2. The ridge
#
# What the diagonal gains is $g(\sigma_w^2\mathcal T + \sigma_w^2\dot{\mathcal T}\Theta^{(L-1)})$, and this is
# $g(\Theta^{(L)} - \sigma_b^2)$ by Eq. 8.  For any activation, depth and norms, exactly,
# $$\Theta_{\text{drop}} = \Theta + \mathrm{diag}(r), \quad r_a = g\,(\Theta_{aa} - \sigma_b^2); \qquad
#   \mathcal K_{\text{drop}} = \mathcal K + \mathrm{diag}(r_K), \quad r_{K,a} = g\,(\mathcal K_{aa} - \sigma_b^2).
#   \tag{18.4}$$
# Section 6.5 says "a similar effect to adding a diagonal regularization term"; it is one.  For normalised inputs all
# eigenvalues move up by one number, $r = g(p - \sigma_b^2)$, and $P(\Theta_{\text{drop}}) = \Theta_{td}(\Theta_{dd} +
# r)^{-1}$ is ridge regression.  As $\lambda_0 \le \mathrm{tr}\,\Theta = m\,p$,
# $$\kappa = \frac{\lambda_0 + r}{\lambda_{m-1} + r} \le 1 + \frac{\lambda_0}r \le 1 + \frac{m\,p}{g\,(p - \sigma_b^2)}
#   \le 1 + \frac{m\,q^*}{g\,(q^* - \sigma_b^2)}, \tag{18.5}$$
# at every depth $l \ge 2$ and in all phases: $p \ge q^*$, and $\frac p{p - \sigma_b^2}$ falls with $p$.  At
# $\sigma_b^2 = 0$ it says $\kappa \le 1 + m\,\frac\varrho{1-\varrho}$.

# %%
T, slope, theta_before, lam_0, lam_min = symbols("T slope theta_before lambda_0 lambda_min", positive=True)
K = sigma_w**2 * T + sigma_b2  # Eq. 2
Theta = K + sigma_w**2 * slope * theta_before  # Eq. 8
K_drop = sigma_w**2 * T * (1 + g) + sigma_b2
Theta_drop = K_drop + sigma_w**2 * slope * theta_before * (1 + g)
proved([K_drop - K, Theta_drop - Theta], [g * (K - sigma_b2), g * (Theta - sigma_b2)])
ridge = Lambda((p, sigma_b2, g), g * (p - sigma_b2))
short = 1 + lam_0 / r - (lam_0 + r) / (lam_min + r)
proved(short, lam_min * (lam_0 + r) / (r * (lam_min + r)))  # ≥ 0
proved(diff(p / (p - sigma_b2), p), -sigma_b2 / (p - sigma_b2) ** 2)
proved((1 + m * p / ridge(p, 0, g)).subs(of_keep), 1 + m * keep / (1 - keep))

# %% [markdown]
# ## 3. Order: a finite $\kappa^*$
#
# Without dropout $\lambda_0 \to m\,p^*$ and the others vanish, (8.14) and (8.16).  Now, with
# $r^* = g(p^* - \sigma_b^2)$, the bound (18.5) is reached:
# $$\kappa^* = 1 + \frac{m\,p^*}{r^*} = 1 + \frac{m\,p^*\varrho}{(1 - \varrho)(p^* - \sigma_b^2)}
#   = 1 + \frac\varrho{1 - \varrho}\cdot\frac{m\,q^*}{q^* - (1 - \chi_1)\,\sigma_b^2}. \tag{18.6}$$
# *How fast.*  To first order in $w = p - p_{ab}$, with $\mu_{\min}(w)$ the least eigenvalue of $-\Pi w\Pi$ on the
# complement of $\mathbf 1$, (8.14) and $p = p^*(1 - \chi_1^l)$ give
# $$\kappa - \kappa^* = -\frac1{r^*}\Big[\frac1m\sum_{a\ne b}w_{ab} + \kappa^*\mu_{\min}(w)
#   - \frac{m\,\sigma_b^2}{p^* - \sigma_b^2}\,p^*\chi_1^l\Big] + O(w^2), \tag{18.7}$$
# where $w = \chi_1^{l-1}(sE\,l + W)$ by (8.9).  So $\kappa^*$ is approached from below, like $l\chi_1^l$.
#
# *The NNGP* likewise, $q^*$ for $p^*$: $r_K = g(q^* - \sigma_b^2)$, and from (8.23) and (9.20), in order with an error
# $O(\chi_1^l)$ and on the critical line with $O(1/l)$,
# $$\kappa(\mathcal K) \to 1 + \frac{m\,q^*}{r_K}. \tag{18.8}$$

# %%
ordered = 1 + m * p_star / ridge(p_star, sigma_b2, g)
proved(ordered.subs(of_keep), 1 + m * p_star * keep / ((1 - keep) * (p_star - sigma_b2)))
in_q = 1 + keep / (1 - keep) * m * q / (q - (1 - chi) * sigma_b2)
proved(ordered.subs(of_keep).subs(p_star, q / (1 - chi)), in_q)
rest = ridge(p_star * (1 - epsilon), sigma_b2, g)  # ε = χ₁^l, and Σ and μ are those of w/ε in (8.14) and (8.16)
ratio = (m * p_star * (1 - epsilon) - epsilon * Sigma + rest) / (epsilon * mu + rest)
approach = -(Sigma + ordered * mu - m * sigma_b2 / (p_star - sigma_b2) * p_star) / ridge(p_star, sigma_b2, g)
proved(coefficients(ratio, epsilon, 0, 1), [ordered, approach])
nngp = ordered.subs(p_star, q)

# %% [markdown]
# ## 4. Criticality and chaos
#
# On the critical line $p = l\,q^*$, $p_{ab} = \frac{q^*}3(l + \rho\log l) + c_0$ (9.12): now $r$ grows like the rest of
# the spectrum.  With $\Sigma$ and $\mu_{\min}$ of the matrix $c_0$ as in (9.15), up to $O(\log^2l/l^2)$
# $$\kappa = 1 + \frac m{2 + 3g} + \frac3{(2 + 3g)\,l}\Big[m\,\frac{(1 + g)\rho\log l + g\,\sigma_b^2/q^*}{2 + 3g}
#   + \frac\Sigma{q^*} - \Big(1 + \frac m{2 + 3g}\Big)\frac{\mu_{\min}}{q^*}\Big],
#   \quad \frac m{2 + 3g} = \frac{m\,\varrho}{3 - \varrho}. \tag{18.9}$$
# If all pairs share one $c_0$, the last two terms are $m\frac{1 + g}{2 + 3g}\cdot\frac{3c_0}{q^*}$.
# Critical ReLU, $\sigma_b^2 = 0$, has $p_{ab} = q[\frac l4 + \frac38(\log l + k)]$ with $k = 2\pi C - \frac13$ (10.8):
# $$\kappa = 1 + \frac m{3 + 4g} + \frac{6m(1 + g)}{(3 + 4g)^2}\,\frac{\log l + k}l + O\Big(\frac{\log^2l}{l^2}\Big),
#   \qquad \frac m{3 + 4g} = m\,\frac\varrho{4 - \varrho}. \tag{18.10}$$
# In chaos $p$ outgrows $p_{ab} \to p_{ab}^*$, $r \approx g\,p$, and with (7.15) and (7.21)
# $$\kappa - 1 \approx \varrho\,\frac{m\,p_{ab}^*}{p}, \qquad
#   \kappa(\mathcal K) \to 1 + \frac{m\,c^*q^*}{(1 - c^*)\,q^* + r_K}. \tag{18.11}$$
# $\kappa - 1$ is multiplied by $\varrho$, no more: where $\kappa$ was finite dropout changes constants only.

# %%
critical = 1 + m / (2 + 3 * g)
proved(critical.subs(of_keep), 1 + m * keep / (3 - keep))
rest = g * (q - x * sigma_b2)  # r, like all that follows times x = 1/l; λ = log l
ratio = (m + 2) * q / 3 + x * ((m - 1) * q * rho / 3 * lam + Sigma) + rest  # (9.15)
ratio /= 2 * q / 3 + x * (-q * rho / 3 * lam + mu) + rest
one_c0 = m * (1 + g) / (2 + 3 * g) * k  # c₀ = q k/3 (11ᵀ − Id)
proved(((Sigma - critical * mu) / q).subs({Sigma: (m - 1) * q * k / 3, mu: -q * k / 3}), one_c0)
bracket = m * ((1 + g) * rho * lam + g * sigma_b2 / q) / (2 + 3 * g) + (Sigma - critical * mu) / q
critical_next = 3 / (2 + 3 * g) * bracket
proved(coefficients(ratio, x, 0, 1), [critical, critical_next])
off = q / 4 + Rational(3, 8) * q * x * (lam + k)
relu, relu_next = 1 + m / (3 + 4 * g), 6 * m * (1 + g) / (3 + 4 * g) ** 2
proved(coefficients(1 + m * off / (q - off + g * q), x, 0, 1), [relu, relu_next * (lam + k)])
proved(relu.subs(of_keep), 1 + m * keep / (4 - keep))
p_ab, c = symbols("p_ab c", positive=True)
proved(limit(m * p_ab / (p - p_ab + ridge(p, sigma_b2, g)) * p, p, oo).subs(of_keep), keep * m * p_ab)
nngp_chaotic = 1 + m * c * q / ((1 - c) * q + g * (q - sigma_b2))
proved(nngp_chaotic.subs(c, 1), nngp)

# %% [markdown]
# ## 5. What it costs: the predictor
#
# Let $\mathbf 1^Ty = 0$.  (5.8) now applies in order too, since $d - o \to r^*$ while $\varepsilon H = -w$ vanishes:
# $$P(\Theta_{\text{drop}})\,y = -\frac1{r^*}\Big[w_{td}\,y
#   - \frac{p^*}{r^* + m\,p^*}\mathbf 1\mathbf 1^Tw_{dd}\,y\Big] + O(w^2), \tag{18.12}$$
# $$\frac{P(\Theta_{\text{drop}})\,y}{l\,\chi_1^{l-1}} \to -\frac s{r^*}\Big[E_{td}\,y
#   - \frac{p^*}{r^* + m\,p^*}\mathbf 1\mathbf 1^TE_{dd}\,y\Big], \qquad
#   P(\Theta_{\text{drop}}) \to \frac{p^*}{r^* + m\,p^*}\mathbf 1\mathbf 1^T. \tag{18.13}$$
# The first limit has an error $O(1/l)$, because of $W$.  Without dropout $P(\Theta)\,y$ tended to kriging (8.20), which
# depends on the data; with it, to 0, at the very rate $l\chi_1^l$ at which $\kappa$ used to diverge.  What trains fast
# now does not generalise: only the mean of labels is seen, as $P\,\mathbf 1 \to (1 - 1/\kappa^*)\,\mathbf 1$.  The NNGP
# lacks the factor $l$: it has (18.12) with $r_K$, $q^*$ and $\delta = E\chi_1^{l-1}$.
#
# On the critical line $d - o = \frac{2 + 3g}3q^*l$, and for ReLU $\frac{3 + 4g}4q\,l$; from (9.19) and (10.10)
# $$l\,P\,y \to \frac1{(2 + 3g)\,\alpha}\Big[C_{td}\,y - \frac{\mathbf 1\mathbf 1^TC_{dd}\,y}{m + 2 + 3g}\Big], \qquad
#   \text{ReLU: } \frac{3\pi}{3 + 4g}\Big[C_{td}\,y - \frac{\mathbf 1\mathbf 1^TC_{dd}\,y}{m + 3 + 4g}\Big];
#   \tag{18.14}$$
# while $l^2P(\mathcal K_{\text{drop}})\,y \to \frac1{r_K\alpha^2}[C_{td}\,y - \frac{q^*}{r_K + m\,q^*}\mathbf 1\mathbf
# 1^TC_{dd}\,y]$, faster by $1/l$ than (9.20).  In chaos $d \approx p/\varrho$: $P(\Theta)y$ is multiplied by $\varrho$.

# %%
d, o, change = symbols("d o change", positive=True)
law = Lambda((d, o, change), (change / (d - o), o / (d + (m - 1) * o)))  # (5.8); C, or w, stands in Θ times `change`
ordered_factors = law(p_star + r, p_star, -1)
proved(list(ordered_factors), [-1 / r, p_star / (r + m * p_star)])
proved(m * ordered_factors[1], 1 - 1 / ordered.subs(g, r / (p_star - sigma_b2)))
critical_factors = law((1 + g) * q, q / 3, q / (3 * alpha))  # of x Θ, and C with q/(3α) (9.12)
proved(list(critical_factors), [1 / ((2 + 3 * g) * alpha), 1 / (m + 2 + 3 * g)])
relu_factors = law((1 + g) * q, q / 4, 3 * pi / 4 * q)  # (10.8)
proved(list(relu_factors), [3 * pi / (3 + 4 * g), 1 / (m + 3 + 4 * g)])
e_l = 1 / (alpha / x + C)  # (9.6) without its logarithm: what multiplies C is −e²
proved(coefficients(diff(-e_l, C), x, 2, 2), [1 / alpha**2])

# %% [markdown]
# ## 6. Dropout in every layer
#
# Then (18.3) holds in every layer.  A diagonal entry has the slope and variance map of $\sigma_w^2/\varrho$, all others
# those of $\sigma_w^2$:
# $$\bar q = \frac{\sigma_w^2}\varrho\mathcal T(\bar q, \bar q) + \sigma_b^2, \qquad
#   \bar\chi_1 = \frac{\sigma_w^2}\varrho\dot{\mathcal T}(\bar q, \bar q), \qquad
#   p^{(l)} = \bar q\,\frac{\bar\chi_1^l - 1}{\bar\chi_1 - 1}, \tag{18.15}$$
# the last exactly, if $\mathcal K^{(1)}_{aa} = \bar q$.  But the map of the cosine, $M(c) = (\sigma_w^2\mathcal
# T(\bar q, \bar q, c\,\bar q) + \sigma_b^2)/\bar q$, has lost its fixed point 1:
# $$1 - M(1) = h = (1 - \varrho)(1 - \sigma_b^2/\bar q), \qquad M'(1) = \varrho\,\bar\chi_1. \tag{18.16}$$
# For erf $M$ is convex on $[0, 1]$ (6.5), $M(0) \ge 0$ and $M(1) < 1$: at all $(\sigma_w^2, \sigma_b^2)$ there is one
# $c^* < 1$, with $\chi_c = M'(c^*) < 1$, and there is no ordered phase.  $\mathcal K$ has one limit, $p_{ab}$ tends to
# $p_{ab}^* = c^*\bar q/(1 - \chi_c)$; only the diagonal has phases, by $\bar\chi_1$, and they meet where $\sigma_w^2$
# is $\varrho$ times its critical value.  For $m$ inputs
# $$\bar\chi_1 < 1:\ \kappa \to 1 + \frac{m\,p_{ab}^*}{\bar q/(1 - \bar\chi_1) - p_{ab}^*}, \qquad
#   \bar\chi_1 = 1:\ \kappa \approx 1 + \frac{m\,p_{ab}^*}{l\,\bar q}, \qquad
#   \bar\chi_1 > 1:\ \kappa \to 1. \tag{18.17}$$
# For $\varrho \to 1$ and $a = \frac12M''(1)$ it is the first term of $1 - c^* = \frac h{1 - \varrho\bar\chi_1} + \dots$
# in order, and $\sqrt{h/a}$ at $\bar\chi_1 = 1$.  Critical ReLU is $\sigma_w^2 = 2\varrho$, $\sigma_b^2 = 0$, with
# $M(c) = \varrho$ times the right-hand side of (6.13).

# %%
T_bar = solve(sigma_w**2 / keep * T + sigma_b2 - q, T)[0]
one_minus_M = proved(1 - (sigma_w**2 * T_bar + sigma_b2) / q, (1 - keep) * (1 - sigma_b2 / q))
remains = Lambda(epsilon, h + keep * chi * epsilon - a * epsilon**2 - epsilon)  # 0 at ε = 1 − c*
proved(coefficients(remains(h / (1 - keep * chi)), h, 0, 1), [0, 0])
proved(remains(sqrt(h / a)).subs({chi: 1, keep: 1}), 0)  # the term left out is (1 − ϱ) ε, smaller than h
kappa_every = proved(1 + m * p_ab / (p - p_ab), (p + (m - 1) * p_ab) / (p - p_ab))

# %% [markdown]
# ## 7. Results, and the package's own functions

# %%
results = {
    "ridge": Lambda((p, sigma_b2, keep), ridge(p, sigma_b2, g).subs(of_keep)),
    "kappa_ordered": Lambda((m, p_star, sigma_b2, keep), ordered.subs(of_keep)),
    "kappa_nngp": Lambda((m, q, sigma_b2, keep), nngp.subs(of_keep)),
    # of (18.7), with Sigma = Σ w/m and mu = μ_min(w), both over χ₁^l
    "kappa_ordered_next": Lambda((m, p_star, sigma_b2, keep, Sigma, mu), approach.subs(of_keep)),
    "kappa_critical": Lambda((m, keep), critical.subs(of_keep)),
    # × 1/l; lam is log l, Sigma and mu those of c₀
    "kappa_critical_next": Lambda((m, keep, q, sigma_b2, rho, lam, Sigma, mu), critical_next.subs(of_keep)),
    "kappa_relu": Lambda((m, keep), relu.subs(of_keep)),
    "kappa_relu_log": Lambda((m, keep), relu_next.subs(of_keep)),  # × (log l + k)/l
    "kappa_nngp_chaotic": Lambda((m, c, q, sigma_b2, keep), nngp_chaotic.subs(of_keep)),
    "every_one_minus_M": Lambda((q, sigma_b2, keep), one_minus_M),
    "every_kappa": Lambda((m, p_ab, p), kappa_every),
    "predictor_ordered": Lambda((r, m, p_star), ordered_factors),
    "predictor_critical": Lambda((alpha, m, keep), tuple(factor.subs(of_keep) for factor in critical_factors)),
    "predictor_relu": Lambda((m, keep), tuple(factor.subs(of_keep) for factor in relu_factors)),
}


def dropped(depth, phi, sigma_w2, sigma_b2=0, rate="0.9", everywhere=False):
    """The network `fcn(...)` with dropout on the last hidden activations, or on all."""
    first, *hidden = nk.fcn(depth, phi, sigma_w2, sigma_b2).layers
    every = [part for dense in hidden[1::2] for part in (phi, nk.Dropout(rate), dense)]
    return nk.Network([first, *(every if everywhere else [*hidden[:-2], *every[-3:]])])


# %% [markdown]
# (a) *On symbols*: the package's two layers are (18.3) and (18.4).  (b) *At 50 digits* and (c) *in float64*: (18.4) of
# handwritten digits, whatever their norms; and $\kappa^*$.

# %%
sigma_w2 = sympy.Symbol("sigma_w2", positive=True)
nets = nk.fcn(2, nk.erf, sigma_w2, sigma_b2), dropped(2, nk.erf, sigma_w2, sigma_b2, keep)
plain, masked = (nk.kernels_of_pair(net, q, Rational(1, 3), nk.symbols()) for net in nets)
proved([masked.nngp, masked.ntk], [plain.nngp, plain.ntk])
for before, after in ((plain.K.x, masked.K.x), (plain.Theta.x, masked.Theta.x)):
    proved(after - before, results["ridge"](before, sigma_b2, keep))

rows, y = nk.optical_digits()[0][:8].reshape(8, -1), np.array([2, 1, 0, 0, -1, -2])
for system, phi, digits in ((nk.digits(50), nk.relu, 48), (nk.float64, nk.tanh, 12)):
    plain, masked = (nk.kernels(net(5, phi, "1.5", "0.3"), rows[:3], None, system).ntk for net in (nk.fcn, dropped))
    for i in range(3):
        agree(masked[i, i] - plain[i, i], value(results["ridge"], plain[i, i], "0.3", "0.9"), digits)

mf, net = nk.mean_field(nk.erf, "1", "0.18", nk.digits(50)), dropped(400, nk.erf, "1", "0.18")
masked = nk.kernels(net, nk.normalised(rows[:3], net, numbers=mf.numbers), None, mf.numbers)
agree(nk.spectrum(masked).kappa, value(results["kappa_ordered"], 3, mf.p_star, "0.18", "0.9"), digits=50)  # l χ₁^l

# %% [markdown]
# The rest in float64, six digits to train on and two to test, labels of zero sum.  *Order*, with $w$ from the network
# without dropout; *criticality*, with $c_0$, and so $C$, what its $p_{ab}$ leaves at $l = 2000$.


# %%
def with_and_without(depth, phi, *point, q_first=None):
    """(train, test) without dropout, (train, test) with it, and P(Θ) y of the latter."""
    x = nk.normalised(rows, nk.fcn(depth, phi, *point), q=q_first)
    nets = [net(depth, phi, *point) for net in (nk.fcn, dropped)]
    both = [(nk.kernels(net, x[:6]), nk.kernels(net, x[6:], x[:6])) for net in nets]
    return *both, nk.mean_predictor(*both[1], y)


def of_pairs(M):
    """Σ over pairs divided by m, and the least eigenvalue of ΠMΠ on the complement of the vector 1."""
    basis = np.linalg.svd(np.ones((1, 6)))[2][1:]
    return M.sum() / 6, np.linalg.eigvalsh(basis @ M @ basis.T)[0]


def agree_with_law(factors, H_dd, H_td, predicted, digits):
    factor, share = map(float, factors)
    for ours, theirs in zip(factor * (H_td @ y - share * np.sum(H_dd @ y)), predicted, strict=True):
        agree(ours, theirs, digits)


mf = nk.mean_field(nk.erf, "1", "0.18")
plain, masked, P_y = with_and_without(60, nk.erf, "1", "0.18")
w_dd, w_td = (kernel.ntk_gap / 2 for kernel in plain)
at_60 = of_pairs(w_dd)[0] / mf.chi_1**60, of_pairs(-w_dd)[1] / mf.chi_1**60
kappa_star = value(results["kappa_ordered"], 6, mf.p_star, "0.18", "0.9")
change = value(results["kappa_ordered_next"], 6, mf.p_star, "0.18", "0.9", *at_60) * mf.chi_1**60
agree(nk.spectrum(masked[0]).kappa - kappa_star, change, digits=5)  # w, 1e-7, over r*
agree(nk.spectrum(masked[0], "nngp").kappa, value(results["kappa_nngp"], 6, mf.q_star, "0.18", "0.9"), digits=6)
r_star = value(results["ridge"], mf.p_star, "0.18", "0.9")
agree_with_law(results["predictor_ordered"](r_star, 6, mf.p_star), w_dd, w_td, P_y, digits=5)

point, L = nk.critical_point(nk.erf, sigma_b2="0.18"), 2000
q_star, alpha_star, log_L = point.q_star, 2 * point.q_star / (1 + 4 * point.q_star), np.log(L)
rho_star = -(6 * q_star**2 + 4 * q_star + 1) / (6 * q_star**2)  # (9.13)
plain, masked, P_y = with_and_without(L, nk.erf, point.sigma_w2, point.sigma_b2)
c0_dd, c0_td = (kernel.ntk - q_star / 3 * (L + rho_star * log_L) for kernel in plain)
np.fill_diagonal(c0_dd, 0)
arguments = "0.9", q_star, point.sigma_b2, rho_star, log_L, *of_pairs(c0_dd)
kappa = value(results["kappa_critical"], 6, "0.9") + value(results["kappa_critical_next"], 6, *arguments) / L
agree(nk.spectrum(masked[0]).kappa, kappa, digits=4)  # (log l/l)²
C_dd, C_td = (3 * alpha_star / q_star * c0 for c0 in (c0_dd, c0_td))  # and a constant, which y does not see
agree_with_law(results["predictor_critical"](alpha_star, 6, Rational(9, 10)), C_dd, C_td, L * P_y, digits=2)  # log l/l

# %% [markdown]
# *In every layer*, at $\varrho$ times $\sigma_w^2 = 1$, its critical value and 3: $\bar q$, $\bar\chi_1$ are known.

# %%
for plain_w2 in ("1", point.sigma_w2, "3"):
    mf, weight = nk.mean_field(nk.erf, plain_w2, "0.18"), Rational(plain_w2) * Rational(9, 10)
    q_bar, p_bar = mf.q_star, mf.q_star * sum(mf.chi_1**k for k in range(150))
    net = dropped(150, nk.erf, str(weight), "0.18", everywhere=True)
    layers = dict(pairs_by_depth(net, q_bar, [0, 0.5]))
    agree(1 - layers[2].nngp[0] / q_bar, value(results["every_one_minus_M"], q_bar, "0.18", "0.9"), digits=12)
    q_ab, p_ab_star = layers[150].nngp[1], layers[150].ntk[1]
    chi_c = 4 / np.pi * float(weight) / np.sqrt((1 + 2 * q_bar) ** 2 - 4 * q_ab**2)  # (6.3)
    agree(p_ab_star, q_ab / (1 - chi_c), digits=12)
    agree(layers[150].Theta.x[1], p_bar, digits=12)
    inputs = nk.normalised(rows[:6], net, q=q_bar)
    agree(nk.spectrum(nk.kernels(net, inputs)).kappa, value(results["every_kappa"], 6, p_ab_star, p_bar), digits=12)

# %% [markdown]
# ## Exercise
#
# Two training inputs are equal.  Each place has its own mask (so does the package).  What becomes of $\kappa$ and of
# the prediction?
#
# **Solution.**  They meet as two inputs, with the entry $p$, not $p + r$.  $\Theta_{\text{drop}}$ still has an inverse:
# $e_a - e_b$ has the eigenvalue $r$, and the two act as one input whose label is the mean of theirs and whose ridge is
# $r/2$.  (Were the mask a function of the input, it would be singular.)  $\Theta_{\text{drop}}$ is not continuous:
# $$\Theta_{\text{drop}}(x, x) + \Theta_{\text{drop}}(x', x') - 2\,\Theta_{\text{drop}}(x, x')
#   = \mathrm{gap} + 2r \ge 2r \quad\text{for any two places}. \tag{18.18}$$

# %%
o_1, y_1, y_2, y_3 = symbols("o_1 y_1 y_2 y_3")
twice = Matrix([[p, p, o_1], [p, p, o_1], [o_1, o_1, p]]) + r * eye(3)
proved(twice * Matrix([1, -1, 0]), r * Matrix([1, -1, 0]))
once = Matrix([[p + r / 2, o_1], [o_1, p + r]])
weights = once.LUsolve(Matrix([(y_1 + y_2) / 2, y_3])).applyfunc(sympy.cancel)
each_one = [weights[0] / 2 + sign * (y_1 - y_2) / (2 * r) for sign in (1, -1)]  # the weights of the two add up to one
proved(twice * Matrix([*each_one, weights[1]]), Matrix([y_1, y_2, y_3]))
kernel = nk.kernels(dropped(5, nk.erf, "1", "0.18"), rows[[0, 0, 1]])
agree(nk.spectrum(kernel).eigenvalues[-1], kernel.ntk_gap[0, 1] / 2, digits=12)

# %% [markdown]
# ## Summary
#
# | | last hidden layer only | every layer |
# |---|---|---|
# | kernels | $+\,\mathrm{diag}(r)$, $r = g(\Theta_{aa} - \sigma_b^2)$ (18.4) | $\bar q$ (18.15), $c^* < 1$ (18.16) |
# | order, $\kappa \to$ | $1 + m\,p^*/r^*$ (18.6), from below, $l\chi_1^l$ (18.7) | finite (18.17) |
# | criticality, $\kappa \to$ | $1 + \frac m{2 + 3g}$ (18.9), ReLU $1 + \frac m{3 + 4g}$ (18.10) | 1, as $1/l$ |
# | chaos, $\kappa - 1$ | multiplied by $\varrho$ (18.11) | vanishes |
# | $P(\Theta)y$ | order: vanishes, $l\chi_1^l$ (18.13); else constants (18.14) | vanishes |
# | NNGP, $\kappa \to$ | $1 + m\,q^*/r_K$ (18.8), chaos (18.11) | $1 + m\,c^*/(1 - c^*)$ |
