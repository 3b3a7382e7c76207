# %% [markdown]
# # The chaotic phase: Eq. 11 to 13 with their constants
#
# **Setting.** $\chi_1 > 1$ and normalised inputs.  A pair of inputs obeys (4.4) and (4.5) of chapter `tangent_kernel`,
# $$q_{l+1} = f(q_l), \qquad p_{l+1} = q_{l+1} + f'(q_l)\,p_l, \qquad p_1 = q_1,$$
# and $q_l \to q_{ab}^*$ with $\chi_c = f'(q_{ab}^*) < 1$ (chapter `fixed_points`, Section 4).
#
# | symbol | code | paper |
# |---|---|---|
# | $\chi_c$, $\chi_1$, $q_{ab}^* = c^*q^*$ | `chi`, `chi_1`, `q_ab` | Eq. 11, 12 |
# | $p_{ab}^*$, $p^{(l)}$; $\delta_l = q_l - q_{ab}^*$, $\eta_l = p_l - p_{ab}^*$ | `p_ab`, `p`; `delta`, `eta` | 11 |
# | $f'', f'''$ at $q_{ab}^*$; $E, V$, what depth keeps of a pair; the resonance $R$ | `f2`, `f3`; `E`, `V`; `R` | – |
# | $P(\Theta)y = \Theta_{td}\Theta_{dd}^{-1}y$, $d$ train, $t$ test | `mean_predictor` | Eq. 7, 13 |
#
# **Goals.** The constants behind $O(\chi_{c^*}^l)$, $O(l\chi_{c^*}^l)$, $O(1/p^{(l)})$ and $O(l(\chi_{c^*}/\chi_1)^l)$,
# the size of what they leave out, and where the last of them does not apply.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from sympy import Lambda, Matrix, diff, exp, expand, limit, log, oo, solve, symbols

import ntkref as nk
from ntkref.pair import Covariance, Pair
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q_star, q_ab, p_ab, chi, chi_1, f2 = symbols("q_star q_ab p_ab chi chi_1 f2", positive=True)
x, y, depth, xi = symbols("x y depth xi", positive=True)
f3, delta, eta, E, V, A, R, w2, slope, q_next = symbols("f3 delta eta E V A R w2 slope q_next", real=True)
l, m = symbols("l m", integer=True, positive=True)

# %% [markdown]
# ## 1. The limit
#
# The fixed point of $p' = q_{ab}^* + \chi_cp$ is Eq. 12,
# $$p_{ab}^* = \frac{q_{ab}^*}{1 - \chi_c}, \tag{7.1}$$
# and $\eta$ obeys, exactly,
# $$\eta_{l+1} = f'(q_l)\,\eta_l + \delta_{l+1} + (f'(q_l) - \chi_c)\,p_{ab}^*, \tag{7.2}$$
# a contraction, since $f'(q_l) \to \chi_c < 1$, with a forcing that vanishes.  So $\eta_l \to 0$.

# %%
p_ab_star = solve(p_ab - q_ab - chi * p_ab, p_ab)[0]
proved(p_ab_star, q_ab / (1 - chi))
forced = slope * eta + (q_next - q_ab) + (slope - chi) * p_ab
proved((q_next + slope * (p_ab + eta) - p_ab - forced).subs(p_ab, p_ab_star), 0)

# %% [markdown]
# ## 2. Koenigs' coordinate
#
# With $F(\delta) = \chi_c\delta + \frac12f_2\delta^2 + \frac16f_3\delta^3 + \dots$ the error is $\delta_{l+1} =
# F(\delta_l)$.  The ratios $\delta_{l+1}/(\chi_c\delta_l) = 1 + O(\delta_l)$ have a convergent product, so
# $$E = \lim_{l\to\infty}\delta_l/\chi_c^{l-1} \tag{7.3}$$
# exists, one number for each pair of inputs.  $f$ increases, so $E$ has the sign of $\delta_1$: positive for inputs
# more alike than $c^*$, negative for others.  In $x_l = E\chi_c^{l-1}$, which a layer multiplies by $\chi_c$, the
# whole orbit is one function, $\delta_l = h(x_l)$:
# $$h(\chi_cx) = F(h(x)), \qquad h(x) = x - ax^2 + bx^3 + O(x^4), \qquad a = \frac{f_2}{2\chi_c(1 - \chi_c)}, \quad
#   b = \frac{af_2 - \frac16f_3}{\chi_c(1 - \chi_c^2)}, \tag{7.4}$$
# $$\chi_c\,h'(\chi_cx) = F'(h(x))\,h'(x). \tag{7.5}$$

# %%
F = Lambda(delta, chi * delta + f2 * delta**2 / 2 + f3 * delta**3 / 6)
dF = Lambda(delta, diff(F(delta), delta))
a = f2 / (2 * chi * (1 - chi))
b = (a * f2 - f3 / 6) / (chi * (1 - chi**2))
h = Lambda(x, x - a * x**2 + b * x**3)
dh = Lambda(x, diff(h(x), x))
residual = expand(F(h(x)) - h(chi * x))
proved([residual.coeff(x, power) for power in range(4)], [0, 0, 0, 0])

# %% [markdown]
# ## 3. The resonance, and a second constant
#
# Along an orbit the recursion for $p$ is linear.  Two of its solutions differ by one of $p' = f'(q)p$, which (7.5)
# solves by $\chi_c^l\,h'(x_l)$.  A particular solution is sought as $p_{ab}^*$, plus $l$ times that solution, plus a
# function of $x_l$ alone:
# $$p_{ab}^{(l)} = p_{ab}^* + \chi_c^l\,h'(x_l)\,(l\,E\,R + V) + W(x_l), \qquad W(x) = w_2x^2 + O(x^3). \tag{7.6}$$
# The terms with $V$ cancel in the recursion, those with $l$ but for a remainder, and with (7.1) what is left is
# $$W(\chi_cx) - F'(h)\,W(x) = h(\chi_cx) + (F'(h) - \chi_c)\,p_{ab}^* - R\,\chi_c^2\,x\,h'(\chi_cx). \tag{7.7}$$
# At order $x$ the left side is $(\chi_c - \chi_c)w_1 = 0$ for any $w_1$: the forcing decays just like the free
# solution.  *That resonance is the origin of the factor $l$.*  The right side must vanish too, which fixes $R$; $w_1$
# would only shift $V$ and is left out.  The next order gives $w_2$:
# $$R = \frac{\chi_c + f_2\,p_{ab}^*}{\chi_c^2}, \qquad
#   w_2 = -\frac{\chi_c^2f_2 + (2\chi_c - 1)f_2^2p_{ab}^* + \chi_c(1 - \chi_c)f_3p_{ab}^*}{2\chi_c^2(1 - \chi_c)^2}.
#   \tag{7.8}$$

# %%
# One layer of l χ^l E R h'(x_l), with χ^l E = χx and h'(χx) from (7.5); the remainder is the last term of (7.7).
dh_x, dh_next = symbols("dh_x dh_next", real=True)
resonant = (l + 1) * R * chi**2 * x * dh_next - slope * (l * R * chi * x * dh_x)
proved(resonant.subs(slope, chi * dh_next / dh_x), R * chi**2 * x * dh_next)
right = h(chi * x) + (dF(h(x)) - chi) * p_ab - R * chi**2 * x * dh(chi * x)
orders = expand(w2 * (chi * x) ** 2 - dF(h(x)) * w2 * x**2 - right)
resonance = (chi + f2 * p_ab) / chi**2
proved(orders.coeff(x, 0), 0)
proved(solve(orders.coeff(x, 1), R)[0], resonance)
w2_of = solve(orders.coeff(x, 2).subs(R, resonance), w2)[0]
bracket = chi**2 * f2 + (2 * chi - 1) * f2**2 * p_ab + chi * (1 - chi) * f3 * p_ab
proved(w2_of, -bracket / (2 * chi**2 * (1 - chi) ** 2))

# %% [markdown]
# Hence the off-diagonal entries of Eq. 11, where the paper leaves $O(l\chi_{c^*}^l)$ open:
# $$p_{ab}^{(l)} = p_{ab}^* + \chi_c^l\,(l\,E\,R + V) + O(l\,\chi_c^{2l}). \tag{7.9}$$
#
# *$V$ as a sum.*  Let $v_l = \eta_l/\chi_c^l$.  By (7.2), exactly,
# $$v_{l+1} - v_l = \frac{\delta_{l+1} + (f'(q_l) - \chi_c)(p_{ab}^* + \eta_l)}{\chi_c^{l+1}} = E\,R + O(l\,\chi_c^l),
#   \tag{7.10}$$
# the remainder being $x_lf_2(lER + V)/\chi_c$ and terms without $l$.  What is dropped thus sums geometrically,
# $\sum_kO(k\chi_c^k) < \infty$, so $v_l - l\,E\,R$ converges, with a tail $O(l\chi_c^l)$, to
# $$V = \frac{\eta_1}{\chi_c} - E\,R + \sum_{k\ge1}\big(v_{k+1} - v_k - E\,R\big). \tag{7.11}$$
# As $\Theta^{(1)} = \mathcal K^{(1)}$, $V$ is a function of $E$, with $V = -p_{ab}^*$ at $E = 0$: inputs that start at
# the fixed point have $p_{ab}^{(l)} = p_{ab}^*(1 - \chi_c^l)$.
#
# For erf, by the logarithmic derivative of $f'$, which is (6.3),
# $$f_2 = \chi_c\,\frac{4q_{ab}^*}{(1 + 2q^*)^2 - 4{q_{ab}^*}^2}. \tag{7.12}$$

# %%
# With δ = h(x), η = χ^l A, χ^l = χx/E.
change = (h(chi * x) + (dF(h(x)) - chi) * (p_ab + A * chi * x / E)) * E / (chi**2 * x)
orders = expand(expand(change).subs(R, resonance))
proved(orders.coeff(x, 0), E * resonance)
proved(diff(orders.coeff(x, 1), A), f2 / chi)  # A = l E R + V: the only l in it
proved(sympy.summation(l * (1 + y) ** (-l), (l, 1, oo)), (1 + y) / y**2)  # Σ k χ^k at χ = 1/(1 + y) < 1
proved((q_ab - p_ab_star) / chi, -p_ab_star)  # (7.11) at E = δ = 0, where v does not change
radicand = (1 + 2 * q_star) ** 2 - 4 * q_ab**2
slope_erf = 1 / sympy.sqrt(radicand)  # f' but for a constant factor
f2_erf = chi * 4 * q_ab / radicand
proved(diff(slope_erf, q_ab), f2_erf.subs(chi, slope_erf))

# %% [markdown]
# ## 4. The kernel becomes the identity
#
# On the diagonal (4.7) holds, $p^{(l)} = q^*(\chi_1^l - 1)/(\chi_1 - 1)$, which diverges.  So
# $$\frac{\Theta^{(l)}}{p^{(l)}} \to \mathrm{Id}, \qquad
#   \frac{p_{ab}^{(l)}}{p^{(l)}} \approx g\,\chi_1^{-l}, \qquad g = \frac{p_{ab}^*(\chi_1 - 1)}{q^*}. \tag{7.13}$$
# By (7.9) $\Theta = (p - p_{ab}^*)\,\mathrm{Id} + p_{ab}^*\,\mathbf 1\mathbf 1^T + H$, with $H$ zero on the diagonal,
# $O(l\chi_c^l)$ off it.  Without $H$ the eigenvalues are $p + (m - 1)p_{ab}^*$, of $\mathbf 1$, and $p - p_{ab}^*$;
# and $H$ moves an eigenvalue by its norm at most (Weyl).  So
# $$\lambda_{\max} = p^{(l)} + (m - 1)p_{ab}^* + O(m\,l\chi_c^l), \qquad
#   \lambda_{\text{bulk}} = p^{(l)} - p_{ab}^* + O(m\,l\chi_c^l), \tag{7.14}$$
# $$\kappa - 1 = \frac{m\,p_{ab}^*}{p^{(l)} - p_{ab}^*}\,\big(1 + O(l\chi_c^l)\big)
#   = m\,g\,\chi_1^{-l}\,\big(1 + O(\chi_1^{-l}) + O(l\chi_c^l)\big). \tag{7.15}$$
# The paper's $\lambda = p + O(1)$, $\kappa = 1 + O(1/p)$ and Table 1's $1 + O(\chi_1^{-l})$ leave out $m$: $\kappa$ is
# near 1 only beyond a depth $\log(m\,g)/\log\chi_1$, which grows with the training set.

# %%
p = q_star * (chi_1**l - 1) / (chi_1 - 1)  # (4.7)
growing = {chi_1: exp(1 / xi), l: depth}
g = p_ab * (chi_1 - 1) / q_star
proved(limit((p_ab / p * chi_1**l).subs(growing), depth, oo), g.subs(growing))
diagonal = sympy.Symbol("diagonal", positive=True)
top, bulk = diagonal + (m - 1) * p_ab, diagonal - p_ab
for size in (2, 3, 5):
    Theta = (diagonal - p_ab) * Matrix.eye(size) + p_ab * Matrix.ones(size)
    proved((x * Matrix.eye(size) - Theta).det(), ((x - top) * (x - bulk) ** (m - 1)).subs(m, size))
kappa_minus_1 = m * p_ab / (diagonal - p_ab)
proved(top / bulk - 1, kappa_minus_1)
leading = m * p_ab * (chi_1 - 1) / q_star * chi_1**-l
proved(leading / kappa_minus_1.subs(diagonal, p), 1 - chi_1**-l * (1 + g))  # the O(χ₁^−l) of (7.15)

# %% [markdown]
# *No bias.*  If $\sigma_b^2 = 0$ and $\phi$ is odd then $f$ is odd, $q_{ab}^* = p_{ab}^* = f_2 = 0$ and $R = 1/\chi_c$.
# Now $H$ is all there is, and with $\nu$ the eigenvalues of the matrix of the $E_{ab}$, zero on its diagonal,
# $$\kappa - 1 = \frac{\nu_{\max} - \nu_{\min}}{\chi_c}\,\frac{\chi_1 - 1}{q^*}\,l\Big(\frac{\chi_c}{\chi_1}\Big)^l
#   \big(1 + O(1/l)\big): \tag{7.16}$$
# it decays faster than in (7.15), and its constant depends on the data.

# %%
proved(resonance.subs({p_ab: 0, f2: 0}), 1 / chi)
nu_max, nu_min = symbols("nu_max nu_min", real=True)
odd = (p + nu_max * l * chi ** (l - 1)) / (p + nu_min * l * chi ** (l - 1)) - 1
rate = l * (chi / chi_1) ** l
shrinking = {**growing, chi: exp(-1 / y)}
odd_constant = (nu_max - nu_min) / chi * (chi_1 - 1) / q_star
proved(limit(sympy.simplify((odd / rate).subs(shrinking)), depth, oo), odd_constant.subs(shrinking))

# %% [markdown]
# ## 5. The mean predictor, for labels of zero mean
#
# For $\Theta_{dd} = (d - o)\,\mathrm{Id} + o\,\mathbf 1\mathbf 1^T + \epsilon H_{dd}$,
# $\Theta_{td} = o\,\mathbf 1\mathbf 1^T + \epsilon H_{td}$ and $\mathbf 1^Ty = 0$, (5.8) of chapter `mean_predictor` is
# $$P\,y = \frac\epsilon{d - o}\Big[H_{td}y - \frac o{d + (m-1)o}\mathbf 1\mathbf 1^TH_{dd}y\Big] + O(\epsilon^2).$$
# Here $d = p^{(l)}$, $o = p_{ab}^*$, and $\epsilon H = \chi_c^l(l\,E\,R + V)$ by (7.9), zero on the diagonal of $dd$.
# The $O(\epsilon^2)$ is $O(\epsilon^2/(d - o)^2)$, uniformly in $d$: each order brings one more $\epsilon H$ and one
# more inverse, of norm $1/(d - o)$.  The cross term has the factor $o/(d + (m-1)o) \approx g\,\chi_1^{-l}$, so it is
# $O(l\,\chi_c^l\chi_1^{-2l})$, negligible, and
# $$P(\Theta)\,y = \frac{\chi_c^l}{p^{(l)} - p_{ab}^*}\,(l\,R\,E_{td} + V_{td})\,y\,
#   \big(1 + O(l\chi_c^l) + O(\chi_1^{-l})\big), \tag{7.17}$$
# $$P(\Theta)\,y = l\,\Big(\frac{\chi_c}{\chi_1}\Big)^l\,\frac{\chi_1 - 1}{q^*}\,R\,E_{td}\,y\,
#   \big(1 + O(1/l)\big). \tag{7.18}$$
# This is Eq. 13.  *What decays is the size of the prediction; its direction tends to $E_{td}\,y$,* which depends on the
# data at every depth (see the exercise).

# %%
E_y, V_y = symbols("E_y V_y", positive=True)  # E_td y and V_td y at one test point
factor = (chi_1 - 1) / q_star * R
ratio = chi**l / (p - p_ab) * (l * R * E_y + V_y) / (rate * factor * E_y)  # of (7.17) to (7.18)
ratio = sympy.simplify(ratio.subs(shrinking))
proved(limit(ratio, depth, oo), 1)
proved(limit(depth * (ratio - 1), depth, oo), V_y / (R * E_y))  # the O(1/l)
cross = p_ab / top
proved(limit((cross * chi_1**l).subs(diagonal, p).subs(growing), depth, oo), g.subs(growing))

# %% [markdown]
# ## 6. Labels of another mean, and the matrix $P$ itself
#
# To leading order the test rows are $p_{ab}^*\mathbf 1^T$, and $\Theta_{dd}^{-1}\mathbf 1 = \mathbf 1/(p +
# (m-1)p_{ab}^*)$.  If $\mathbf 1^Ty \ne 0$, therefore
# $$P(\Theta)\,y = \frac{p_{ab}^*\,(\mathbf 1^Ty)}{p + (m-1)p_{ab}^*}\,\mathbf 1\,\big(1 + O(l\chi_c^l)\big)
#   \approx g\,\chi_1^{-l}\,(\mathbf 1^Ty)\,\mathbf 1. \tag{7.19}$$
# The same number for every test point, and slower than $(\chi_c/\chi_1)^l$; and so decay the entries of the matrix
# $P(\Theta)$, all $\approx g\,\chi_1^{-l}$.  Section 4's "the mean predictor scales as $l(\chi_{c^*}/\chi_1)^l$" is
# true of $P(\Theta)y$ with $\mathbf 1^Ty = 0$ only (or with $p_{ab}^* = 0$).

# %%
proved(p_ab * Theta.inv() * Matrix.ones(5, 1), cross.subs(m, 5) * Matrix.ones(5, 1))  # Theta is that of five points

# %% [markdown]
# ## 7. The depth scales
#
# $(\chi_c/\chi_1)^l = e^{-l/\xi_*}$ with
# $$\frac1{\xi_*} = -\log\frac{\chi_c}{\chi_1} = \frac1{\xi_c} + \log\chi_1, \qquad \xi_c = -\frac1{\log\chi_c}:
#   \tag{7.20}$$
# the predictor of zero-mean labels dies over $\xi_* < \xi_c$, a constant offset over $1/\log\chi_1 > \xi_*$.  The
# factor $l$ is "slowly varying" for $l \gg \xi_*$ only: $l\,e^{-l/\xi_*}$ *grows* up to $l = \xi_*$.

# %%
xi_star, xi_c = -1 / log(chi / chi_1), -1 / log(chi)
proved(sympy.expand_log(1 / xi_star), 1 / xi_c + log(chi_1))
proved(solve(diff(depth * exp(-depth / xi), depth), depth), [xi])

# %% [markdown]
# ## 8. The NNGP
#
# $\mathcal K$ has the diagonal $q^*$ and off-diagonal entries $q_{ab}^* + E\chi_c^{l-1} + O(\chi_c^{2l})$, so
# $$\kappa(\mathcal K) = 1 + \frac{m\,c^*}{1 - c^*} + O(\chi_c^l), \tag{7.21}$$
# $$P(\mathcal K)\,y = \frac{\chi_c^{l-1}}{q^*(1 - c^*)}\Big[E_{td}\,y - \frac{c^*}{1 + (m-1)c^*}\,\mathbf 1\mathbf
#   1^TE_{dd}\,y\Big] + O(\chi_c^{2l}) \tag{7.22}$$
# by (5.8) with $d = q^*$, $o = c^*q^*$; now the cross term counts.  No factor $l$, no $\chi_1$: the posterior mean
# vanishes over $\xi_c > \xi_*$ and outlives the NTK's predictor, while $\kappa$ stays finite but not 1.

# %%
c_star = sympy.Symbol("c_star", positive=True)
nngp_kappa = 1 + m * c_star / (1 - c_star)
nngp_cross = c_star / (1 + (m - 1) * c_star)
by_cosine = {diagonal: q_star, p_ab: c_star * q_star}
proved([1 + kappa_minus_1.subs(by_cosine), cross.subs(by_cosine)], [nngp_kappa, nngp_cross])

# %% [markdown]
# ## 9. Results, and the package's own functions

# %%
results = {
    "p_ab_star": Lambda((q_ab, chi), p_ab_star),  # (q_ab*, χ_c)
    "resonance": Lambda((f2, p_ab, chi), resonance),  # R (f″(q_ab*), p_ab*, χ_c)
    "second_order": Lambda((f2, f3, p_ab, chi), w2_of),  # w₂ (f″, f‴ at q_ab*, p_ab*, χ_c)
    "f2_erf": Lambda((q_star, q_ab, chi), f2_erf),  # (q*, q_ab*, χ_c)
    "kappa_minus_1": Lambda((m, p_ab, q_star, chi_1, l), leading),  # (m, p_ab*, q*, χ₁, l), leading
    "kappa_minus_1_odd": Lambda((nu_max, nu_min, chi, chi_1, q_star), odd_constant),  # of l (χ_c/χ₁)^l, if p_ab* = 0
    "predictor_factor": Lambda((q_star, chi_1, R), factor),  # (q*, χ₁, R): of l (χ_c/χ₁)^l E_td y
    "predictor_of_mean": Lambda((p_ab, q_star, chi_1), g),  # (p_ab*, q*, χ₁): of χ₁^−l (1ᵀy)
    "xi_star": Lambda((chi, chi_1), xi_star),  # (χ_c, χ₁)
    "nngp_kappa": Lambda((m, c_star), nngp_kappa),  # (m, c*)
}

# %% [markdown]
# (a) *On symbols.*  The package's recursion, for an activation of which only $f$ is known, to third order at
# $q_{ab}^*$.  A pair starts at $\delta_1 = h(E)$; (7.6) at $l = 1$ gives its $V$, and (7.6) with this $V$ must be the
# package's $p_2$ and $p_3$ up to $O(E^3)$.  And erf's curvature is (7.12).

# %%
numbers = nk.symbols()
sigma_w2, sigma_b2, small = symbols("sigma_w2 sigma_b2 small", positive=True)


def cubic_duals(k, numbers):
    """T and Tdot of an f that is F about q_ab* and keeps q*."""
    T_qq, T = ((t - sigma_b2) / sigma_w2 for t in (q_star, q_ab + F(k.xy - q_ab)))
    slope_qq, Tdot = chi_1 / sigma_w2, dF(k.xy - q_ab) / sigma_w2
    K = Covariance(T_qq, T_qq, T, 0, 2 * (T_qq - T), 2 * (T_qq + T), 0)  # the area, here 0, is not used
    return K, Pair(slope_qq, slope_qq, Tdot, 0, 2 * (slope_qq - Tdot))


cubic = nk.Activation("cubic", value=None, derivative=None, duals=cubic_duals, slopes=None)
at_limit = {p_ab: p_ab_star, R: resonance.subs(p_ab, p_ab_star), w2: w2_of.subs(p_ab, p_ab_star)}
q_1 = q_ab + h(small)
V_of_E = (q_1 - p_ab - w2 * small**2) / (chi * dh(small)) - small * R
_, *later = pairs_by_depth(nk.fcn(3, cubic, sigma_w2, sigma_b2), q_star, 1 - q_1 / q_star, numbers)
for at_depth, k in later:
    x_l = small * chi ** (at_depth - 1)
    ours = p_ab + chi**at_depth * dh(x_l) * (at_depth * small * R + V_of_E) + w2 * x_l**2
    proved([diff((k.ntk - ours).subs(at_limit), small, power).subs(small, 0) for power in range(3)], [0, 0, 0])

first = nk.kernels_of_pair(nk.fcn(1, nk.erf, 1), q_star, 1 - 1 / (1 + y), numbers).K
_, Tdot = nk.erf.duals(first, numbers)
proved(nk.erf.curvature(first, numbers), results["f2_erf"](q_star, q_star / (1 + y), Tdot.xy))

# %% [markdown]
# (b) *At 80 digits,* at two points $(\sigma_w^2, \sigma_b^2)$, for two pairs on either side of $c^*$.  $E$ and $V$ are
# taken at $l = 400$, neglecting $l\chi_c^l$: 1e-26 at the first point, 1e-17 at the second.  At $l = 200$ (7.9) then
# leaves a relative $\chi_c^{200}$, 5e-15 and 1e-10, with a constant near 2.


# %%
def coordinates(mf, k):
    """R, and E and V of the deep kernels `k`."""
    f2_value = value(results["f2_erf"], mf.q_star, mf.q_star * mf.c_star, mf.chi_c)
    R = mf.numbers.context.mpf(value(results["resonance"], f2_value, mf.p_ab_star, mf.chi_c))
    E = (k.nngp - mf.q_star * mf.c_star) / mf.chi_c ** (k.depth - 1)
    return R, E, (k.ntk - mf.p_ab_star) / mf.chi_c**k.depth - k.depth * R * E


for point, digits in ((("3", "0.18"), 13), (("2.2", "0.05"), 9)):
    mf = nk.mean_field(nk.erf, *point, nk.digits(80))
    layers = dict(pairs_by_depth(nk.fcn(400, nk.erf, *point), mf.q_star, ["0.2", "1.4"], mf.numbers))
    R_value, E_pair, V_pair = coordinates(mf, layers[400])
    agree(value(results["p_ab_star"], mf.q_star * mf.c_star, mf.chi_c), mf.p_ab_star, digits=68)  # `value` has 70
    agree(value(results["xi_star"], mf.chi_c, mf.chi_1), mf.xi_star, digits=68)
    holds(bool(E_pair[0] > 0 > E_pair[1]), "E has the sign of δ")
    for i in (0, 1):
        expected = 200 * E_pair[i] * R_value + V_pair[i]
        agree((layers[200].ntk[i] - mf.p_ab_star) / mf.chi_c**200, expected, digits)

mf = nk.mean_field(nk.erf, "3", "0", nk.digits(60))  # no bias, two inputs: ν = ±E; left out: l χ_c^(2l), 3e-10
layers = dict(pairs_by_depth(nk.fcn(101, nk.erf, "3", "0"), mf.q_star, "0.2", mf.numbers))
kappas = [4 * layers[depth].ntk / layers[depth].ntk_gap * (mf.chi_1 / mf.chi_c) ** depth for depth in (100, 101)]
E_pair = layers[101].nngp / mf.chi_c**100
predicted = value(results["kappa_minus_1_odd"], E_pair, -E_pair, mf.chi_c, mf.chi_1, mf.q_star)
agree(kappas[1] - kappas[0], predicted, digits=9)

# %% [markdown]
# *Images,* at 50 digits and (c) *in float64*: four handwritten threes and eights to train on, two to test.  $E$ and $V$
# from $l = 150$ at 50 digits are good to 1e-9.  At $l = 100$ what is left out is $l\chi_c^l = 7\cdot10^{-6}$ times a
# constant of order 1; and float64 gives $P(\Theta)y$, that small a remainder of its sum, to about 1e-10.

# %%
images, classes = nk.optical_digits()
chosen = np.stack([np.flatnonzero(classes == c)[:40] for c in (3, 8)], axis=1).ravel()  # 3, 8, 3, 8, …
inputs, labels = images[chosen].reshape(80, 64), np.tile([1, -1], 20)
network = nk.fcn(150, nk.erf, "3", "0.18")
for system in (nk.digits(50), nk.float64):
    scaled = nk.normalised(inputs[:6], network, numbers=system)
    dd = dict(nk.kernels_by_depth(network, scaled[:4], None, system))
    td = dict(nk.kernels_by_depth(network, scaled[4:], scaled[:4], system))
    if system != nk.float64:  # else they are kept
        mf = nk.mean_field(nk.erf, "3", "0.18", system)
        (_, E_dd, _), (R_value, E_td, V_td) = coordinates(mf, dd[150]), coordinates(mf, td[150])
        np.fill_diagonal(E_dd, 0)
        predicted = value(results["kappa_minus_1"], 4, mf.p_ab_star, mf.q_star, mf.chi_1, 100)  # 3e-11
        agree(nk.spectrum(dd[100]).kappa - 1, predicted, digits=4)
        agree(nk.spectrum(dd[100]).lambda_max - dd[100].ntk[0, 0], 3 * mf.p_ab_star, digits=4)
    agree(nk.spectrum(dd[100], kernel="nngp").kappa, value(results["nngp_kappa"], 4, mf.c_star), digits=6)
    P_y, P_mixed = (nk.mean_predictor(dd[100], td[100], y) for y in (labels[:4], [1, 1, 1, -1]))
    posterior = nk.mean_predictor(dd[100], td[100], labels[:4], kernel="nngp")
    of_E = value(results["predictor_factor"], mf.q_star, mf.chi_1, R_value)
    of_mean = value(results["predictor_of_mean"], mf.p_ab_star, mf.q_star, mf.chi_1)
    E_y, V_y, cross_y = (matrix @ labels[:4] for matrix in (E_td, V_td, E_dd))
    cross_y = np.sum(cross_y) * value(Lambda((m, c_star), nngp_cross), 4, mf.c_star)
    for i in (0, 1):
        agree(P_y[i] * (mf.chi_1 / mf.chi_c) ** 100, of_E * (100 * E_y[i] + V_y[i] / R_value), digits=4)
        agree(P_mixed[i] * mf.chi_1**100, 2 * of_mean, digits=4)
        agree(posterior[i] * mf.q_star * (1 - mf.c_star) / mf.chi_c**99, E_y[i] - cross_y, digits=6)

# %% [markdown]
# ## Exercise
#
# Only the size of the prediction decays.  Does its *sign*, for $y = \pm1$, still classify?
#
# **Solution.**  With exact kernels and no noise, yes.  By (7.18) it tends to the sign of $E_{td}\,y$, and that is the
# sign of $\mathcal K_{td}\,y$, because $\mathbf 1^Ty = 0$ takes $q_{ab}^*$ away.  What is lost is the size of
# $P(\Theta)y$ beside all that does not decay: the random function at initialisation, of variance $q^*$; finite width.

# %%
known, unseen = np.split(nk.normalised(inputs, network), 2)
P_y = nk.mean_predictor(nk.kernels(network, known), nk.kernels(network, unseen, known), labels)  # at l = 150
K_y = nk.kernels(nk.fcn(50, nk.erf, "3", "0.18"), unseen, known).nngp @ labels
holds(bool(np.max(np.abs(P_y)) < 1e-20), "the size is gone")
holds(bool(np.all(np.sign(P_y) == np.sign(K_y))), "the sign is that of E_td y")
holds(bool(np.mean(np.sign(P_y) == labels) > 0.9), "it classifies")

# %% [markdown]
# ## Summary
#
# | quantity | chaotic phase |
# |---|---|
# | $p_{ab}^{(l)}$ | $p_{ab}^* + \chi_c^l(l\,E\,R + V)$ (7.9), $p_{ab}^* = q_{ab}^*/(1 - \chi_c)$ (7.1) |
# | $R$ | $(\chi_c + f_2p_{ab}^*)/\chi_c^2$ (7.8) |
# | $\lambda_{\max}$, $\lambda_{\text{bulk}}$ | $p^{(l)} + (m-1)p_{ab}^*$, $p^{(l)} - p_{ab}^*$ (7.14) |
# | $\kappa - 1$ | $m\,g\,\chi_1^{-l}$, $g = p_{ab}^*(\chi_1 - 1)/q^*$ (7.15); if $p_{ab}^* = 0$, (7.16) |
# | $P(\Theta)y$, $\mathbf 1^Ty = 0$ | $l(\chi_c/\chi_1)^l\,\frac{\chi_1 - 1}{q^*}R\,E_{td}\,y$ (7.18) |
# | $P(\Theta)y$, $\mathbf 1^Ty \ne 0$ | $g\,\chi_1^{-l}(\mathbf 1^Ty)\,\mathbf 1$ (7.19) |
# | NNGP | $\kappa \to 1 + m\,c^*/(1 - c^*)$ (7.21), $P(\mathcal K)y = O(\chi_c^l)$ (7.22) |
