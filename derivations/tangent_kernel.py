# %% [markdown]
# # The tangent kernel: its recursion, and the exact solution
#
# **Setting.** The network of Eq. 1 has all its weights $W_{ij}$ and biases $b_i$ drawn from $\mathcal N(0, 1)$.  (At
# $l = 0$ read $\phi(z^{(0)})$ in Eq. 1 as the input $x$.)  Its neural tangent kernel collects the derivatives of the
# outputs by every one of them; at large width it is a fixed function of two inputs.  The covariances $\mathcal K$ are
# those of chapter `gaussian_processes`, the duals $\mathcal T$, $\dot{\mathcal T}$ of chapter `arcsine_kernel`, (3.n).
#
# | symbol | code | paper |
# |---|---|---|
# | $z_i = z_i^{(l)}(x)$, $z'_i = z_i^{(l)}(x')$; $\hat\Theta^{(l)}_{ij}$, at width $N$ | – | Eq. 1; $JJ^T$, Section 3 |
# | $\mathcal K^{(l)}$, $\Theta^{(l)}$ | `Kernels.nngp`, `.ntk` | Eq. 2, Eq. 8 |
# | $q_l$: $q_{ab}^{(l)}$, or $q^*$ on the diagonal | `Kernels.nngp` | Section 6 |
# | $p_l$: $p_{ab}^{(l)}$, or $p^{(l)}$ on the diagonal | `Kernels.ntk` | Section 6 |
# | $\chi_1 = f'(q^*)$, $\chi_q$ | `MeanField.chi_1`, `.chi_q` | Section 6, – |
#
# **Goals.** Eq. 8 from Eq. 1, by differentiating a network; the exact solution of Eq. 8 at every depth; the two
# eigenvalues of the matrices that appear; and what changes if the inputs are not normalised.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from scipy.special import erf
from sympy import Function, KroneckerDelta, Lambda, Matrix, Symbol, diff, exp, limit, log, oo, pi, sqrt, symbols
from sympy.concrete.delta import deltasummation

import ntkref as nk
from ntkref.pair import Covariance, Pair
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

sigma_w, sigma_b, q, q_star, chi = symbols("sigma_w sigma_b q q_star chi", positive=True)
sigma_w2, sigma_b2, q1, q2 = symbols("sigma_w2 sigma_b2 q1 q2", positive=True)
t, g, w = symbols("t g w", real=True)
l, m = symbols("l m", integer=True, positive=True)

# %% [markdown]
# ## 1. A sum over parameters
#
# By definition $\hat\Theta_{ij}(x, x') = \sum_\alpha\partial_\alpha z_i(x)\,\partial_\alpha z_j(x')$ over all
# parameters $\alpha$.  In $z_i^{(l+1)}$ those of the last layer have the derivatives $\sigma_w\phi(z_j)/\sqrt N$, by
# $W_{ij}$, and $\sigma_b$, by $b_i$; and the weights of another output do not occur.  So
# $$\hat\Theta^{(l+1)}_{ij} = \delta_{ij}\hat{\mathcal K}^{(l+1)}
#   + \sum_{\alpha\text{ below}}\partial_\alpha z_i^{(l+1)}\,\partial_\alpha z_j'^{(l+1)}, \qquad
#   \hat{\mathcal K}^{(l+1)} = \frac{\sigma_w^2}N\sum_{k=1}^N\phi(z_k)\phi(z'_k) + \sigma_b^2. \tag{4.1}$$
# Take three layers with 2 inputs, hidden widths 2 and 3, and 2 outputs, and an unknown $\phi$ with a named derivative.


# %%
class phi(Function):
    def fdiff(self, argindex=1):
        return phi_prime(*self.args)


phi_prime = Function("phi_prime")
widths, outputs = (2, 2, 3, 2), ((0, 0), (0, 1), (1, 1))
W = {n: Matrix(widths[n], widths[n - 1], symbols(f"W{n}_:{widths[n]}_:{widths[n - 1]}")) for n in (1, 2, 3)}
b = {n: Matrix(symbols(f"b{n}_:{widths[n]}")) for n in (1, 2, 3)}
h, z = {1: [Matrix(symbols("x0 x1")), Matrix(symbols("y0 y1"))]}, {}  # for two inputs, x and y
for n in (1, 2, 3):  # Eq. 1
    z[n] = [sigma_w / sqrt(widths[n - 1]) * W[n] * h_n + sigma_b * b[n] for h_n in h[n]]
    h[n + 1] = [z_n.applyfunc(phi) for z_n in z[n]]
K_hat = {n: sigma_w**2 / widths[n - 1] * h[n][0].dot(h[n][1]) + sigma_b**2 for n in (1, 2, 3)}


def tangent(n, i, j, layers):
    """The sum, over the parameters of `layers`, of the products of derivatives of z_i^(n)(x) and z_j^(n)(y)."""
    parameters = [parameter for layer in layers for parameter in (*W[layer], *b[layer])]
    return sum(diff(z[n][0][i], parameter) * diff(z[n][1][j], parameter) for parameter in parameters)


for n in (1, 2, 3):
    for i, j in outputs:
        proved(tangent(n, i, j, [n]), KroneckerDelta(i, j) * K_hat[n])

# %% [markdown]
# ## 2. The rest, by the chain rule
#
# The parameters below act on $z_a^{(l+1)}$ through the $z_i^{(l)}$ only, with
# $\partial z_a^{(l+1)}/\partial z_i^{(l)} = \sigma_wW_{ai}\phi'(z_i)/\sqrt N$.  At any width, exactly,
# $$\hat\Theta^{(l+1)}_{ab} = \delta_{ab}\hat{\mathcal K}^{(l+1)}
#   + \frac{\sigma_w^2}N\sum_{i,j=1}^NW_{ai}W_{bj}\,\phi'(z_i)\phi'(z'_j)\,\hat\Theta^{(l)}_{ij}, \qquad
#   \hat\Theta^{(1)}_{ij} = \delta_{ij}\mathcal K^{(1)}. \tag{4.2}$$
# Checked at both hidden layers, with every derivative taken.  The start was (4.1) at $n = 1$, where
# $\mathcal K^{(1)} = \sigma_w^2x\cdot x'/n_0 + \sigma_b^2$ holds no random number.

# %%
for n, N in ((2, 2), (3, 3)):
    theta = Matrix(N, N, lambda i, j, n=n: tangent(n - 1, i, j, range(1, n)))
    slopes_x, slopes_y = (Matrix.diag(*z_n.applyfunc(phi_prime)) for z_n in z[n - 1])
    for i, j in outputs:
        rest = sigma_w**2 / N * (W[n].row(i) * slopes_x * theta * slopes_y * W[n].row(j).T)[0]
        proved(tangent(n, i, j, range(1, n + 1)), KroneckerDelta(i, j) * K_hat[n] + rest)

# %% [markdown]
# ## 3. Infinite width: Eq. 8
#
# Let the widths go to infinity one after another, as in the paper, and let
# $\hat\Theta^{(l)}_{ij} \to \delta_{ij}\Theta^{(l)}$ be known; for $l = 1$ it is (4.2).  The double sum is
# $\frac{\sigma_w^2}N\sum_{ij}W_{ai}W_{bj}M_{ij}$ with $M$ from below, independent of the $W$.  As
# $\mathbb E[W_{ai}W_{bj}] = \delta_{ab}\delta_{ij}$, its mean over them is $\delta_{ab}\frac{\sigma_w^2}N\sum_iM_{ii}$;
# and as $M$ is diagonal in the limit, its variance is $(1 + \delta_{ab})\frac{\sigma_w^4}{N^2}\sum_iM_{ii}^2 = O(1/N)$.
# The $z_i$ are independent copies of one Gaussian of covariance $\mathcal K^{(l)}$, so the averages over $i$ of
# $M_{ii} = \phi'(z_i)\phi'(z'_i)\Theta^{(l)}$ and of $\phi(z_i)\phi(z'_i)$ tend to $\dot{\mathcal T}\Theta^{(l)}$ and
# $\mathcal T$.  Hence $\hat\Theta^{(l+1)}_{ab} \to \delta_{ab}\Theta^{(l+1)}$ with Eq. 8,
# $$\Theta^{(l+1)} = \mathcal K^{(l+1)} + \sigma_w^2\,\dot{\mathcal T}(\mathcal K^{(l)})\,\Theta^{(l)}, \qquad
#   \Theta^{(1)} = \mathcal K^{(1)}. \tag{4.3}$$
# That $\hat\Theta$ also stays the same during training is a theorem of Jacot et al. (2018), not taken up here.

# %%
moments = [sympy.integrate(w**n * exp(-(w**2) / 2) / sqrt(2 * pi), (w, -oo, oo)) for n in range(5)]


def mean_over(polynomial):
    """The expectation over the independent standard Gaussians Wa and Wb, from their moments."""
    terms = sympy.Poly(polynomial, *Wa, *Wb).terms()
    return sum(coefficient * sympy.prod(moments[n] for n in powers) for powers, coefficient in terms)


Wa, Wb, M = Matrix(symbols("Wa:3")), Matrix(symbols("Wb:3")), Matrix(3, 3, symbols("M:3:3"))
proved([mean_over((Wa.T * M * other)[0]) for other in (Wa, Wb)], [M.trace(), 0])
M = Matrix.diag(*symbols("M:3"))
for other, same in ((Wa, 1), (Wb, 0)):
    double_sum = (Wa.T * M * other)[0]
    proved(mean_over(double_sum**2) - mean_over(double_sum) ** 2, (1 + same) * (M**2).trace())

# %% [markdown]
# ## 4. One function of one variable
#
# From here on the inputs are normalised, $\mathcal K^{(1)}(x, x) = q^*$, and then all layers have this variance, the
# fixed point of Eq. 2; only Section 8 drops this.  A pair of inputs is left with one entry, and one function,
# $$f(t) = \sigma_w^2\,\mathcal T(q^*, q^*, t) + \sigma_b^2, \qquad f'(t) = \sigma_w^2\,\dot{\mathcal T}(q^*, q^*, t),
#   \tag{4.4}$$
# the slope by Price's theorem (3.4).  Eq. 2 and (4.3) become
# $$q_{l+1} = f(q_l), \qquad p_{l+1} = q_{l+1} + f'(q_l)\,p_l, \qquad p_1 = q_1. \tag{4.5}$$
# What multiplies $p_l$ is the very slope with which $q_l$ moves.  That is what makes (4.5) solvable.  (Section 9 runs
# the package's Eq. 2 and 8 on an unknown $\mathcal T$ against the solution.)

# %%
n = sqrt((1 + 2 * q1) * (1 + 2 * q2))
T, Tdot = (Lambda((q1, q2, t), dual) for dual in (2 / pi * sympy.asin(2 * t / n), 4 / pi / sqrt(n**2 - 4 * t**2)))
f_of_t = sigma_w2 * T(q, q, t) + q - sigma_w2 * T(q, q, q)  # erf, (3.8), and the σ_b² that makes q fixed
f_prime = sigma_w2 * Tdot(q, q, t)  # (3.7)
proved(diff(f_of_t, t), f_prime)

# %% [markdown]
# ## 5. The exact solution
#
# Let $D_L = \prod_{j<L}f'(q_j)$, so $D_1 = 1$ and $D_{L+1} = f'(q_L)D_L$; by the chain rule $D_L = dq_L/dq_1$.  Then
# $$p_L = D_L\sum_{k=1}^L\frac{q_k}{D_k}. \tag{4.6}$$
# *Induction.*  $L = 1$: $p_1 = q_1$.  Step: with $S = \sum_{k\le L}q_k/D_k$ the recursion (4.5) gives
# $q_{L+1} + f'(q_L)D_LS$, and (4.6) gives $D_{L+1}(S + q_{L+1}/D_{L+1})$; they are equal.
# The same without induction: four layers of an unknown $f$, unrolled.


# %%
def exact_solution(qs, Ds):
    """(4.6) from the lists of q_1 … q_L and D_1 … D_L."""
    return Ds[-1] * sum(q_k / D_k for q_k, D_k in zip(qs, Ds, strict=True))


q_next, slope, D, S = symbols("q_next slope D S", positive=True)
proved(q_next + slope * (D * S), slope * D * (S + q_next / (slope * D)))


def unrolled(next_q, factor):
    """Four layers of q' = next_q(q), p' = q' + factor(q) p: the lists of q_k, p_k, D_k."""
    qs, ps, Ds = [Symbol("q1")], [Symbol("q1")], [sympy.Integer(1)]
    for _ in range(3):
        Ds.append(factor(qs[-1]) * Ds[-1])
        ps.append(next_q(qs[-1]) + factor(qs[-1]) * ps[-1])
        qs.append(next_q(qs[-1]))
    return qs, ps, Ds


f = Function("f")
f_slope = Lambda(t, diff(f(t), t))
qs, ps, Ds = unrolled(f, lambda q_l: f_slope(q_l).doit())
for L in range(1, 5):
    proved(ps[L - 1], exact_solution(qs[:L], Ds[:L]))
    proved(Ds[L - 1], diff(qs[L - 1], qs[0]).doit())

# %% [markdown]
# ## 6. The diagonal
#
# On the diagonal $q_k = q^*$ and $D_k = \chi_1^{k-1}$, and the sum in (4.6) is geometric:
# $$p^{(l)} = q^*\,\frac{\chi_1^l - 1}{\chi_1 - 1}, \qquad p^{(l)} \to l\,q^* \quad (\chi_1 \to 1), \tag{4.7}$$
# exactly, at every depth and in all phases (Eq. 11).  Eq. 17 prints $l\,p^*$ for the second; but
# $p^* = q^*/(1 - \chi_1)$ is infinite there.

# %%
p, p_of = q_star * (chi**l - 1) / (chi - 1), Function("p")
proved(sympy.rsolve(p_of(l + 1) - q_star - chi * p_of(l), p_of(l), {p_of(1): q_star}), p)
proved(exact_solution([q_star] * 6, [chi**k for k in range(6)]), sympy.cancel(p.subs(l, 6)))
proved(limit(p, chi, 1), l * q_star)

# %% [markdown]
# ## 7. The two eigenvalues
#
# Deep kernels of $m$ inputs have nearly two entries only, `diagonal` and `off`.  If exactly two, the eigenvectors are
# $\mathbf 1$ and the $e_a - e_c$, which span the space, with one eigenvalue $\lambda_{\max}$ and $m - 1$ equal ones:
# $$\lambda_{\max} = \mathtt{diagonal} + (m-1)\,\mathtt{off}, \qquad
#   \lambda_{\text{bulk}} = \mathtt{diagonal} - \mathtt{off}, \qquad
#   \kappa = \frac{\lambda_{\max}}{\lambda_{\text{bulk}}}
#          = 1 + \frac{m\,\mathtt{off}}{\mathtt{diagonal} - \mathtt{off}}. \tag{4.8}$$
# (The names suppose $\mathtt{off} \ge 0$; below 0 the second is the larger.)

# %%
diagonal, off = symbols("diagonal off", positive=True)
lambda_max, lambda_bulk, kappa = diagonal + (m - 1) * off, diagonal - off, 1 + m * off / (diagonal - off)
i, j, a, c = symbols("i j a c", integer=True, positive=True)
entry = Lambda((i, j), off + (diagonal - off) * KroneckerDelta(i, j))
proved(deltasummation(entry(i, j), (j, 1, m), no_piecewise=True), lambda_max)  # the vector 1, any m
proved(entry(i, a) - entry(i, c), lambda_bulk * (KroneckerDelta(i, a) - KroneckerDelta(i, c)))  # e_a − e_c, any m
proved(lambda_max / lambda_bulk, kappa)

# %% [markdown]
# ## 8. Inputs that are not normalised
#
# Section 6 of the paper normalises its inputs "without a loss of generality".  Let $q_1 \ne q^*$.  On the diagonal
# $$q_{l+1} = V(q_l), \qquad p_{l+1} = q_{l+1} + \chi(q_l)\,p_l, \qquad
#   \chi(q) = \sigma_w^2\,\dot{\mathcal T}(q, q, q), \tag{4.9}$$
# with $V$ of (6.1).  This has the solution (4.6) with $D_L = \prod_{j<L}\chi(q_j)$, which is no longer $dq_L/dq_1$.
# By (6.2) $q_l - q^* = O(\chi_q^l)$, so $\sum_l\log(\chi(q_l)/\chi_1)$ is finite, and
# $$D_L/\chi_1^{L-1} \to R = \prod_{j=1}^\infty\chi(q_j)/\chi_1, \qquad 0 < R < \infty. \tag{4.10}$$
# So compared with $p^{(l)}$ of (4.7), an input of variance $q_1$ has
# $$\text{chaos: }\ \frac{p_l}{p^{(l)}} \to \frac{R\,(\chi_1 - 1)}{q^*\chi_1}\sum_{k=1}^\infty\frac{q_k}{D_k}, \qquad
#   \text{criticality: }\ p_l - l\,q^* \to \sum_{k=1}^\infty\Big(\frac{R\,q_k}{D_k} - q^*\Big). \tag{4.11}$$
# In order $p_l - p^*$ contracts by $\chi(q_l) \to \chi_1 < 1$, driven by what vanishes: $p_l \to p^*$ from any $q_1$.
# To first order in $\delta = q_1 - q^*$ let $p_l = p^{(l)} + \delta\,\pi_l$.  With $g = (\log\chi)'(q^*)$ then
# $\pi_{l+1} = \chi_q^l + \chi_1\pi_l + \chi_1g\,\chi_q^{l-1}p^{(l)}$, $\pi_1 = 1$, and the limits of (4.11) are
# $$1 + \frac\delta{q^*}\,\frac{\chi_1 - 1}{\chi_1 - \chi_q}\,G, \qquad
#   \frac{\delta\,G}{1 - \chi_q}, \qquad G = 1 + \frac{g\,q^*}{1 - \chi_q}. \tag{4.12}$$
# For erf $g = -2/(1 + 4q^*)$, and the second is $\delta\,(1 + 2q^*)/(1 + 4q^*)$.  So in chaos an input's norm changes
# the prefactor of its $p^{(l)}$ at any depth; the other phases forget it to leading order.

# %%
qs, ps, Ds = unrolled(Function("V"), Function("chi"))
proved(ps[-1], exact_solution(qs, Ds))
chi_erf = sigma_w2 * Tdot(q, q, q)
proved(diff(sigma_w2 * T(q, q, q), q), chi_erf / (1 + 2 * q))  # (3.11): V' is not χ
r, X, Y, u, v, z = symbols("r X Y u v z", positive=True)  # r = χ_q, X = χ₁^l, Y = χ_q^l
variation = Lambda((X, Y), u * X + v * Y + z * X * Y)  # π_l
forced = Y + chi * variation(X, Y) + chi * g * Y / r * p.subs(chi**l, X)
mismatch = sympy.Poly(sympy.expand(variation(chi * X, r * Y) - forced), X, Y)
solution = sympy.solve([*mismatch.coeffs(), variation(chi, r) - 1], [u, v, z], dict=True)[0]
u, v, z = (sympy.factor(solution[unknown]) for unknown in (u, v, z))
G = 1 + g * q_star / (1 - r)
proved(u / (q_star / (chi - 1)), (chi - 1) / (chi - r) * G / q_star)  # X outgrows Y, X Y; p^(l) is X q*/(χ₁ − 1)
proved(sympy.cancel((v + z) * (chi - 1)).subs(chi, 1), 0)  # the poles cancel: at χ₁ = 1, v Y + z X Y is O(l Y)
proved(u.subs(chi, 1), G / (1 - r))
g_erf = diff(log(chi_erf), q).subs(q, q_star)
proved(g_erf, -2 / (1 + 4 * q_star))
critical_shift_erf = (1 + 2 * q_star) / (1 + 4 * q_star)
proved(u.subs({chi: 1, g: g_erf, r: 1 / (1 + 2 * q_star)}), critical_shift_erf)  # χ_q by (6.3)

# %% [markdown]
# ## 9. Results, and the package's own functions

# %%
chi_1 = Symbol("chi_1", positive=True)
results = {
    "p": Lambda((q_star, chi_1, l), p.subs(chi, chi_1)),
    "lambda_max": Lambda((diagonal, off, m), lambda_max),
    "lambda_bulk": Lambda((diagonal, off), lambda_bulk),
    "kappa": Lambda((diagonal, off, m), kappa),
    "critical_shift_erf": Lambda(q_star, critical_shift_erf),  # × (q₁ − q*)
}

# %% [markdown]
# (a) *On symbols.*  The package's recursion, run on an activation of which nothing is known but that it keeps $q^*$:
# its four layers must be (4.6) and (4.7), and its carried gaps the differences.

# %%
T_of, Tdot_of, e = Function("T"), Function("Tdot"), Symbol("e", positive=True)


def unknown_duals(k, numbers):
    """T and Tdot as functions of q_ab without a formula; on the diagonal q* is fixed and the slope is χ₁."""
    T_qq, slope_qq = (q_star - sigma_b2) / sigma_w2, chi_1 / sigma_w2
    T, Tdot, zero = T_of(k.xy), Tdot_of(k.xy), 0 * k.xy
    K = Covariance(T_qq, T_qq, T, zero, 2 * (T_qq - T), 2 * (T_qq + T), sqrt(T_qq**2 - T**2))
    return K, Pair(slope_qq, slope_qq, Tdot, zero, 2 * (slope_qq - Tdot))


unknown = nk.Activation("unknown", value=None, derivative=None, duals=unknown_duals, slopes=None)
qs, Ds = [q_star * (1 - e)], [sympy.Integer(1)]
for depth, k in pairs_by_depth(nk.fcn(4, unknown, sigma_w2, sigma_b2), q_star, e, nk.symbols()):
    p_l, p_ab = results["p"](q_star, chi_1, depth), exact_solution(qs, Ds)
    proved([k.nngp, k.ntk, k.Theta.x], [qs[-1], p_ab, p_l])
    proved([k.nngp_gap, k.ntk_gap], [2 * (q_star - qs[-1]), 2 * (p_l - p_ab)])
    Ds.append(Ds[-1] * sigma_w2 * Tdot_of(qs[-1]))
    qs.append(sigma_w2 * T_of(qs[-1]) + sigma_b2)

# %% [markdown]
# (b) *At 50 digits* and (c) *in float64*: (4.6) and (4.7) at depth 60, in order and in chaos; (4.8) of orthogonal
# inputs, whose kernel has exactly two entries; then (4.11) at $q_1 = 0.3\,q^*$ (the factor is 0.881) and (4.12).

# %%
slope_of, number = Lambda((q, t, sigma_w2), sigma_w2 * Tdot(q, q, t)), Lambda(t, t)


def solved(q1, one_minus_c, network, system):
    """The last layer's kernels; and the lists q_k, D_k of (4.6), from the package's covariances."""
    ks, Ds = [k for _, k in pairs_by_depth(network, q1, one_minus_c, system)], [sympy.Integer(1)]
    for k in ks[:-1]:
        Ds.append(Ds[-1] * value(slope_of, k.K.x, k.nngp, sympy.Rational(network.layers[0].sigma_w2)))
    return ks[-1], [value(number, k.nngp) for k in ks], Ds


for system, digits in ((nk.digits(50), 48), (nk.float64, 13)):  # 4 l units in the last place, l = 60
    for w in ("1", "3"):
        mf, network = nk.mean_field(nk.erf, w, "0.18", system), nk.fcn(60, nk.erf, w, "0.18")
        k, qs, Ds = solved(mf.q_star, "0.5", network, system)
        agree(k.ntk, exact_solution(qs, Ds), digits)
        agree(k.Theta.x, value(results["p"], mf.q_star, mf.chi_1, 60), digits)
        kernel = nk.kernels(network, np.eye(4), numbers=system)
        p_l, gap = value(number, kernel.ntk[0, 0]), value(number, kernel.ntk_gap[0, 1])
        agree(nk.spectrum(kernel).kappa, value(results["kappa"], p_l, p_l - gap / 2, 4), digits)

mf, network = nk.mean_field(nk.erf, "3", "0.18", nk.digits(50)), nk.fcn(200, nk.erf, "3", "0.18")
k, qs, Ds = solved(3 * mf.q_star / 10, 0, network, nk.digits(50))  # the diagonal is a pair of equal inputs
constant = Ds[-1] / mf.chi_1**199 * sum(q_k / D_k for q_k, D_k in zip(qs, Ds, strict=True))  # R and the sum
constant *= (mf.chi_1 - 1) / (mf.q_star * mf.chi_1)
agree(k.Theta.x, constant * value(results["p"], mf.q_star, mf.chi_1, 200), digits=20)  # χ₁^−200 = 1e-22
holds(bool(constant < 0.9), "the prefactor of p^(l) is another")

point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=nk.digits(50))
network, delta = nk.fcn(120, nk.erf, point.sigma_w2, point.sigma_b2), point.q_star / 10**10
k = nk.kernels_of_pair(network, point.q_star + delta, 0, nk.digits(50))
agree(k.Theta.x - 120 * point.q_star, delta * value(results["critical_shift_erf"], point.q_star), 9)  # δ², of δ

# %% [markdown]
# (d) *A sampled network.*  Two real images, depth 3, width 512, every derivative formed and (4.1) summed, 100 times.
# The mean must be Eq. 8 within 4 standard errors; the bias of finite width, $O(1/N)$, is smaller than one.


# %%
def sampled(x, width, w, b, rng):
    """The sum (4.1) of one random network of depth 3, on two inputs: layers 1, 2 and 3 apart, shape (3, 2, 2)."""
    sizes, h, slopes = (x.shape[1], width, width, 1), [x.T], []
    weights = [(w / sizes[n]) ** 0.5 * rng.normal(size=(sizes[n + 1], sizes[n])) for n in range(3)]
    for weight in weights:
        z = weight @ h[-1] + b**0.5 * rng.normal(size=(len(weight), 1))
        h.append(erf(z))
        slopes.append(2 / np.pi**0.5 * np.exp(-(z**2)))
    parts, back = [None] * 3, np.ones((1, 2))  # `back` is ∂z^(3)/∂z^(n+1), a column for each input
    for n in (2, 1, 0):
        by_weight = [(w / sizes[n]) ** 0.5 * np.outer(back[:, k], h[n][:, k]).ravel() for k in (0, 1)]
        J = np.hstack([by_weight, b**0.5 * back.T])
        parts[n] = J @ J.T
        back = slopes[n - 1] * (weights[n].T @ back) if n else None
    return parts


network, rng = nk.fcn(3, nk.erf, "1.5", "0.3"), np.random.default_rng(0)
images = nk.normalised(nk.optical_digits()[0].reshape(-1, 64)[:2], network)
draws = np.array([sampled(images, 512, 1.5, 0.3, rng) for _ in range(100)])
mean, error = draws.sum(axis=1).mean(axis=0), draws.sum(axis=1).std(axis=0, ddof=1) / 10
holds(bool(np.all(np.abs(mean - nk.kernels(network, images).ntk) < 4 * error)), "Eq. 8")
holds(bool(np.all(error < 0.01 * mean)), "which says something: the error is small")

# %% [markdown]
# ## Exercise
#
# Which part of $p_L$ comes from the parameters of layer $k$?
#
# **Solution.**  Mark $q_k$ in (4.5) by a factor $t_k$: as the first term of (4.1) it is all that layer $k$ adds.  The
# coefficient of $t_k$ in $p_L$ is the $k$-th term of (4.6),
# $$\Theta^{(L)}\big|_{\text{layer }k} = q_kD_L/D_k, \qquad \text{on the diagonal } q^*\chi_1^{L-k}. \tag{4.13}$$
# In chaos the first layers carry the kernel, in order the last; on the critical line all carry the same.

# %%
qs, _, Ds = unrolled(f, lambda q_l: f_slope(q_l).doit())
marks, marked = symbols("t1:5"), 0
for k in range(4):
    marked = marks[k] * qs[k] + (f_slope(qs[k - 1]).doit() * marked if k else 0)
proved([diff(marked, mark) for mark in marks], [Ds[3] / D_k * q_k for q_k, D_k in zip(qs, Ds, strict=True)])

mf, parts = nk.mean_field(nk.erf, "1.5", "0.3"), draws[:, :, 0, 0]
excess = np.abs(parts.mean(axis=0) - mf.q_star * mf.chi_1 ** np.array([2, 1, 0]))
holds(bool(np.all(excess < 4 * parts.std(axis=0, ddof=1) / 10)), "the parts on the diagonal")

# %% [markdown]
# ## Summary
#
# | | |
# |---|---|
# | Eq. 8: $\Theta^{(l+1)} = \mathcal K^{(l+1)} + \sigma_w^2\dot{\mathcal T}\,\Theta^{(l)}$, out of (4.2) | (4.3) |
# | $q_{l+1} = f(q_l)$, $p_{l+1} = q_{l+1} + f'(q_l)p_l$, $f' = \sigma_w^2\dot{\mathcal T}$ | (4.4), (4.5) |
# | $p_L = D_L\sum_{k\le L}q_k/D_k$, $D_L = \prod_{j<L}f'(q_j) = dq_L/dq_1$; term $k$ is layer $k$'s | (4.6), (4.13) |
# | $p^{(l)} = q^*(\chi_1^l - 1)/(\chi_1 - 1)$; $l\,q^*$ at $\chi_1 = 1$ | (4.7) |
# | $\lambda_{\max} = p + (m-1)p_{ab}$, $\lambda_{\text{bulk}} = p - p_{ab}$, for one common $p_{ab}$ | (4.8) |
# | other norms: a factor in chaos, $O(1)$ at criticality, nothing in order | (4.11), (4.12) |
