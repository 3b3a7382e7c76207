# %% [markdown]
# # The tangent kernel at large depth: order and chaos
#
# **Setting.** Inputs are normalised, $\mathcal K^{(l)}(x, x) = q^*$ at every layer (Section 6 of the paper).  Then one
# function of one variable governs a pair of inputs,
# $$f(t) = \sigma_w^2\,\mathcal T(q^*, q^*, t) + \sigma_b^2, \qquad f' = \sigma_w^2\dot{\mathcal T}, \tag{3.1}$$
# by Price's theorem (1.4); and Eq. 2 and 8, with $\Theta^{(1)} = \mathcal K^{(1)}$, become
# $$q_{l+1} = f(q_l), \qquad p_{l+1} = q_{l+1} + f'(q_l)\,p_l, \qquad p_1 = q_1. \tag{3.2}$$
# Equations (1.n) and (2.n) are in chapters `arcsine_kernel` and `fixed_points`.
#
# | symbol | code | paper |
# |---|---|---|
# | $q_l$: $q_{ab}^{(l)}$, or $q^*$ on the diagonal | `Kernels.nngp` | Eq. 11, 14 |
# | $p_l$: $p_{ab}^{(l)}$, or $p^{(l)}$ on the diagonal | `Kernels.ntk` | Eq. 11, 14 |
# | $\chi_1 = f'(q^*)$, $\chi_c = f'(q_{ab}^*)$ | `MeanField.chi_1`, `.chi_c` | Eq. 12 |
# | $f_2 = f''$ at $q^*$, or at $q_{ab}^*$ in chaos | `activation.slopes(...)` | – |
# | $p^*$, $p_{ab}^*$ | `MeanField.p_star`, `.p_ab_star` | Eq. 12, 14 |
# | $2(q^* - q_{ab})$, $2(p - p_{ab})$ | `Kernels.nngp_gap`, `.ntk_gap` | – |
#
# **Goals.** The exact solution of (3.2); the limits $p^*$ and $p_{ab}^*$; and how fast they are reached, with the
# constants that the paper's $O(l\chi^l)$ leaves open.

# %%
import pathlib
import runpy

import sympy
from sympy import Function, Lambda, Matrix, diff, exp, expand, limit, oo, rsolve, series, solve, symbols

import ntkref as nk
from ntkref.pair import Covariance, Pair
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q_star, q_ab, p_ab, chi, f2, E, D, S = symbols("q_star q_ab p_ab chi f2 E D S", positive=True)
delta, eta, t = symbols("delta eta t", real=True)
l, m = symbols("l m", integer=True, positive=True)

# %% [markdown]
# ## 1. The exact solution
#
# Let $D_L = \prod_{j<L}f'(q_j)$, so $D_1 = 1$ and $D_{L+1} = f'(q_L)D_L$; by the chain rule $D_L = dq_L/dq_1$.  Then
# $$p_L = D_L\sum_{k=1}^L\frac{q_k}{D_k}. \tag{3.3}$$
# *Induction.*  $L = 1$: $p_1 = q_1$.  Step: with $S = \sum_{k\le L}q_k/D_k$ the recursion (3.2) gives
# $q_{L+1} + f'(q_L)D_LS$, and (3.3) gives $D_{L+1}(S + q_{L+1}/D_{L+1})$; they are equal.

# %%
q_next, slope = symbols("q_next slope", positive=True)
D_next = slope * D
proved(q_next + slope * (D * S), D_next * (S + q_next / D_next))

# %% [markdown]
# The same without induction: four layers of an unknown $f$, unrolled.

# %%
f = Function("f")
slope_at = Lambda(t, diff(f(t), t))
q_list, p_list, D_list = [symbols("q1")], [symbols("q1")], [sympy.Integer(1)]


def exact_solution(qs, Ds):
    """(3.3) from the lists of q_1 … q_L and D_1 … D_L."""
    return Ds[-1] * sum(q / D for q, D in zip(qs, Ds, strict=True))


for _ in range(4):
    proved(p_list[-1], exact_solution(q_list, D_list))
    proved(D_list[-1], diff(q_list[-1], q_list[0]).doit())
    f_slope = diff(f(t), t).subs(t, q_list[-1]).doit()
    q_list.append(f(q_list[-1]))
    p_list.append(q_list[-1] + f_slope * p_list[-1])
    D_list.append(f_slope * D_list[-1])

# %% [markdown]
# ## 2. The diagonal
#
# On the diagonal $q_k = q^*$ and $D_k = \chi_1^{k-1}$, and the sum in (3.3) is geometric:
# $$p^{(l)} = q^*\,\frac{\chi_1^l - 1}{\chi_1 - 1}, \tag{3.4}$$
# exactly, in both phases (Eq. 11); for $\chi_1 \to 1$ it is $l\,q^*$ (Eq. 17).

# %%
p = q_star * (chi**l - 1) / (chi - 1)
recursion = Function("p")
proved(rsolve(recursion(l + 1) - q_star - chi * recursion(l), recursion(l), {recursion(1): q_star}), p)
proved(p.subs(l, 1), q_star)
proved(p.subs(l, l + 1), q_star + chi * p)
proved(limit(p, chi, 1), l * q_star)

# %% [markdown]
# * Order, $\chi_1 < 1$:  $p^* = q^*/(1 - \chi_1)$ and $p^{(l)} = p^* - p^*\chi_1^l$ (Eq. 14).
# * Chaos, $\chi_1 > 1$:  $p^{(l)}/\chi_1^l \to q^*/(\chi_1 - 1)$.
#
# SymPy takes the limits with $\chi_1 = e^{\mp1/\xi}$, $\xi > 0$ the paper's depth scale.

# %%
xi, depth = symbols("xi depth", positive=True)
p_star = q_star / (1 - chi)
proved(p, p_star - p_star * chi**l)
ordered, chaotic = {chi: exp(-1 / xi), l: depth}, {chi: exp(1 / xi), l: depth}
proved(limit(p.subs(ordered), depth, oo), p_star.subs(ordered))
proved(limit((p / chi**l).subs(chaotic), depth, oo), (q_star / (chi - 1)).subs(chaotic))

# %% [markdown]
# ## 3. The limit off the diagonal
#
# Let $q_l \to q_{ab}^*$ with $\chi_c = f'(q_{ab}^*) < 1$.  The fixed point of (3.2) is
# $$p_{ab}^* = \frac{q_{ab}^*}{1 - \chi_c}, \tag{3.5}$$
# which is Eq. 12 in chaos and, with $q_{ab}^* = q^*$ and $\chi_c = \chi_1$, Eq. 14 in order.  It is reached: the error
# $\eta_l = p_l - p_{ab}^*$ obeys, exactly,
# $$\eta_{l+1} = f'(q_l)\,\eta_l + (q_{l+1} - q_{ab}^*) + (f'(q_l) - \chi_c)\,p_{ab}^*, \tag{3.6}$$
# a contraction ($f'(q_l) \to \chi_c < 1$) with a forcing that vanishes.

# %%
p_ab_star = solve(p_ab - q_ab - chi * p_ab, p_ab)[0]
proved(p_ab_star, q_ab / (1 - chi))
forced = slope * eta + (q_next - q_ab) + (slope - chi) * p_ab_star
proved(q_next + slope * (p_ab_star + eta) - p_ab_star, forced)

# %% [markdown]
# ## 4. The rate of $q_{ab}$: Koenigs' coordinate
#
# $\delta_l = q_l - q_{ab}^*$ obeys $\delta' = \chi\delta + \frac12f_2\delta^2 + \dots$.  The ratio
# $\delta_{l+1}/(\chi\delta_l) = 1 + O(\delta_l)$ has a convergent product, so
# $$E = \lim_{l\to\infty}\delta_l/\chi^{l-1} \tag{3.7}$$
# exists.  It depends on the inputs and it is all that large depth remembers of them:
# $$\delta_l = E\chi^{l-1} - \frac{f_2}{2\chi(1 - \chi)}\,(E\chi^{l-1})^2 + \dots \tag{3.8}$$

# %%
step = Lambda(delta, chi * delta + f2 * delta**2 / 2)  # the cubic term enters none of the orders below
x = sympy.Symbol("x", positive=True)  # E χ^(l−1), which the next layer multiplies by χ
koenigs = Lambda(x, x - f2 / (2 * chi * (1 - chi)) * x**2)
residual = expand(step(koenigs(x)) - koenigs(chi * x))
proved([residual.coeff(x, power) for power in (0, 1, 2)], [0, 0, 0])

# %% [markdown]
# ## 5. The rate of $p_{ab}$ in chaos: a resonance
#
# With $q = q_{ab}^* + \delta$ the equation (3.6) reads, to first order in the small $\delta$ and $\eta$,
# $$\eta_{l+1} = \chi_c\eta_l + (\chi_c + f_2\,p_{ab}^*)\,\delta_l + O(\delta^2, \delta\eta), \qquad
#   f_2 = f''(q_{ab}^*). \tag{3.9}$$
# The forcing $\delta_l \approx E\chi_c^{l-1}$ decays just as the free solution does, so $\eta$ gains a factor $l$:
# $$p_{ab}^{(l)} - p_{ab}^* = l\,\chi_c^l\;\frac{\chi_c + f_2\,p_{ab}^*}{\chi_c^2}\,E + O(\chi_c^l). \tag{3.10}$$
# What was dropped is $O(l\chi_c^{2l})$, and adds only $\chi_c^l$ times the convergent sum $\sum_kO(k\chi_c^k)$.

# %%
small = sympy.Symbol("small")  # scales δ and η together
first_slope = Lambda(delta, diff(step(delta), delta))
forcing = forced.subs({slope: first_slope(delta), q_next: q_ab + step(delta)}).subs(
    {delta: small * delta, eta: small * eta}
)
linear = expand(series(forcing, small, 0, 2).removeO()).coeff(small, 1)
proved(linear, chi * eta + (chi + f2 * p_ab_star) * delta)
quadratic = expand(expand(forcing).coeff(small, 2))
proved(quadratic, f2 * delta * (eta + delta / 2))  # what is dropped contains δ

resonance = (chi + f2 * p_ab) / chi**2
A = sympy.Symbol("A")
free, forced_by_E = A * l * chi**l, (chi + f2 * p_ab) * E * chi ** (l - 1)
solution = solve(sympy.simplify((free.subs(l, l + 1) - chi * free - forced_by_E) / chi**l), A)
proved(solution[0], resonance * E)
y = sympy.Symbol("y", positive=True)
tail = sympy.summation(l * (1 + y) ** (-l), (l, 1, oo))  # Σ k χ^k at χ = 1/(1 + y) < 1
proved(tail, (1 + y) / y**2)

# %% [markdown]
# ## 6. The rate of $p - p_{ab}$ in order
#
# In order the bulk of the spectrum is the difference $w = p - p_{ab}$.  With $\delta = q^* - q_{ab}$ it obeys, exactly,
# $$w_{l+1} = f'(q_l)\,w_l + \delta_{l+1} + (\chi_1 - f'(q_l))\,p^{(l)}, \tag{3.11}$$
# and $\chi_1 - f'(q^* - \delta) = f_2\delta + O(\delta^2)$, $p^{(l)} \to p^*$: the same resonance, with
# $\delta_l \approx E\chi_1^{l-1}$, $E > 0$, and
# $$\lim_{l\to\infty}\frac{p^{(l)} - p_{ab}^{(l)}}{l\,\chi_1^{l-1}} = sE, \qquad s = 1 + \frac{f_2\,p^*}{\chi_1}.
#   \tag{3.12}$$

# %%
w, p_l, d_next = symbols("w p_l d_next", real=True)
diagonal_next, off_next = q_star + chi * p_l, (q_star - d_next) + slope * (p_l - w)
proved(diagonal_next - off_next, slope * w + d_next + (chi - slope) * p_l)

# f about q*, downwards: q* − δ' = f(q* − δ), so δ' = χδ − f₂δ²/2 + …, and its slope in δ is f'(q* − δ).
down = Lambda(delta, -step(-delta))
slope_down = diff(down(delta), delta)
proved(slope_down, first_slope(-delta))
w_next = slope_down * w + down(delta) + (chi - slope_down) * p_l
linear = expand(series(w_next.subs({delta: small * delta, w: small * w}), small, 0, 2).removeO()).coeff(small, 1)
proved(linear, chi * w + (chi + f2 * p_l) * delta)

P = sympy.Symbol("p_star", positive=True)
s = 1 + f2 * P / chi
ansatz = A * l * chi ** (l - 1)
forced_by_E = (chi + f2 * P) * E * chi ** (l - 1)
solution = solve(sympy.simplify((ansatz.subs(l, l + 1) - chi * ansatz - forced_by_E) / chi**l), A)
proved(solution[0], s * E)

# %% [markdown]
# For erf $f_2 = \chi_1\cdot4q^*/(1 + 4q^*)$ by (1.10), and with $p^* = q^*/(1 - \chi_1)$
# $$s = 1 + \frac{4{q^*}^2}{(1 - \chi_1)(1 + 4q^*)}. \tag{3.13}$$
# In chaos $f'' = f'\cdot4t/((1 + 2q^*)^2 - 4t^2)$ is needed at $t = q_{ab}^*$.

# %%
slope_erf = ((1 + 2 * q_star) ** 2 - 4 * t**2) ** sympy.Rational(-1, 2)  # f' but for a constant factor, (1.7)
ratio_erf = 4 * t / ((1 + 2 * q_star) ** 2 - 4 * t**2)
proved(diff(slope_erf, t), ratio_erf * slope_erf)
proved(ratio_erf.subs(t, q_star), 4 * q_star / (1 + 4 * q_star))
s_erf = 1 + 4 * q_star**2 / ((1 - chi) * (1 + 4 * q_star))
proved(s.subs({f2: chi * ratio_erf.subs(t, q_star), P: p_star}), s_erf)

# %% [markdown]
# ## 7. The spectrum in order
#
# Let all pairs have the same $p_{ab}$.  $\Theta = (p - p_{ab})\,\mathrm{Id} + p_{ab}\,\mathbf 1\mathbf 1^T$ sends
# $\mathbf 1$ to $[p + (m-1)p_{ab}]\,\mathbf 1$ and $e_i - e_j$ to $(p - p_{ab})(e_i - e_j)$; so (Eq. 15)
# $$\lambda_{\max} = p + (m-1)p_{ab} \to m\,p^*, \qquad \lambda_{\text{bulk}} = p - p_{ab} \approx sE\,l\chi_1^{l-1},
#   \qquad \kappa\,l\chi_1^{l-1} \to \frac{m\,p^*}{sE}. \tag{3.14}$$
# With $E$ differing from pair to pair the bulk spreads by a factor that depends on the data and does not fade.

# %%
diagonal, off = symbols("diagonal off", positive=True)
for size in range(2, 6):
    Theta = (diagonal - off) * Matrix.eye(size) + off * Matrix.ones(size)
    proved(Theta * Matrix.ones(size, 1), (diagonal + (size - 1) * off) * Matrix.ones(size, 1))
    spectrum = {diagonal + (size - 1) * off: 1, diagonal - off: size - 1}
    holds({expand(k): n for k, n in Theta.eigenvals().items()} == {expand(k): n for k, n in spectrum.items()})

lambda_max, bulk = m * P, s * E * depth * chi ** (depth - 1)
p_order = p.subs({q_star: P * (1 - chi), l: depth})
top = p_order + (m - 1) * (p_order - bulk)
by_xi = {chi: exp(-1 / xi)}
proved(limit(top.subs(by_xi), depth, oo), lambda_max)
kappa_scaled = (top / bulk * depth * chi ** (depth - 1)).subs(by_xi)
proved(limit(sympy.simplify(kappa_scaled), depth, oo), (m * P / (s * E)).subs(by_xi))

# %% [markdown]
# ## 8. Results, and the package's own functions

# %%
chi_1, chi_c = symbols("chi_1 chi_c", positive=True)
results = {
    "p": Lambda((q_star, chi, l), p),  # (q_star, chi_1, l)
    "p_star": Lambda((q_star, chi), p_star),  # (q_star, chi_1)
    "p_ab_star": Lambda((q_ab, chi), p_ab_star),  # (q_ab_star, chi_c)
    "s": Lambda((f2, P, chi), s),  # (f2, p_star, chi_1)
    "s_erf": Lambda((q_star, chi), s_erf),  # (q_star, chi_1)
    "resonance": Lambda((f2, p_ab, chi), resonance),  # (f2 at q_ab_star, p_ab_star, chi_c): of l chi_c^l E
    "lambda_max_ordered": Lambda((m, P), lambda_max),  # (m, p_star)
}

# %% [markdown]
# (a) *On symbols.*  The package's recursion, run on an activation of which nothing is known but that it keeps $q^*$:
# its four layers must be (3.3) and (3.4), and its carried gaps the differences.

# %%
numbers = nk.symbols()
sigma_w2, sigma_b2, e = symbols("sigma_w2 sigma_b2 e", positive=True)
T_of, Tdot_of = Function("T"), Function("Tdot")


def unknown_duals(k, numbers):
    """T and Tdot as functions of q_ab without a formula; on the diagonal q* is fixed and the slope is χ₁."""
    T_qq, slope_qq = (q_star - sigma_b2) / sigma_w2, chi_1 / sigma_w2
    T, Tdot, zero = T_of(k.xy), Tdot_of(k.xy), 0 * k.xy
    area = sympy.sqrt(T_qq**2 - T**2)
    return (
        Covariance(T_qq, T_qq, T, zero, 2 * (T_qq - T), 2 * (T_qq + T), area),
        Pair(slope_qq, slope_qq, Tdot, zero, 2 * (slope_qq - Tdot)),
    )


unknown = nk.Activation("unknown", value=None, derivative=None, duals=unknown_duals, slopes=None)
network = nk.fcn(4, unknown, sigma_w2, sigma_b2)
qs, Ds = [q_star * (1 - e)], [sympy.Integer(1)]
for depth_now, k in pairs_by_depth(network, q_star, e, numbers):
    proved(k.nngp, qs[-1])
    proved(k.ntk, exact_solution(qs, Ds))
    proved(k.Theta.x, results["p"](q_star, chi_1, depth_now))
    proved([k.nngp_gap, k.ntk_gap], [2 * (q_star - k.nngp), 2 * (k.Theta.x - k.ntk)])
    Ds.append(Ds[-1] * sigma_w2 * Tdot_of(qs[-1]))
    qs.append(sigma_w2 * T_of(qs[-1]) + sigma_b2)

# %% [markdown]
# (b) *At 50 digits.*  The limits, and the constants of (3.10) and (3.12).  With $E = \delta_l/\chi^{l-1}$, the
# differences of $\eta_l/\chi_c^l$ and of $w_l/\chi_1^{l-1}$ from one layer to the next tend to them exponentially.
# In chaos $\eta$ and $\delta$ are subtracted from a limit, so more digits are carried than are compared.


# %%
def last_two(sigma_w2, one_minus_c, depth, system):
    """Mean field at σ_b² = 0.18, and the kernels of a normalised pair at depth and depth + 1."""
    mf = nk.mean_field(nk.erf, sigma_w2, "0.18", system)
    *_, (_, before), (_, last) = pairs_by_depth(
        nk.fcn(depth + 1, nk.erf, sigma_w2, "0.18"), mf.q_star, one_minus_c, system
    )
    return mf, before, last


mf, before, last = last_two("1", "0.5", 400, nk.digits(50))
f2_of = Lambda((q_star, t, chi), chi * ratio_erf)  # f'' = f' · 4t/((1 + 2q*)² − 4t²)
s_value = value(results["s_erf"], mf.q_star, mf.chi_1)
agree(value(results["s"], value(f2_of, mf.q_star, mf.q_star, mf.chi_1), mf.p_star, mf.chi_1), s_value, digits=49)
agree(value(results["p_star"], mf.q_star, mf.chi_1), mf.p_star, digits=49)
agree(value(results["p_ab_star"], mf.q_star, mf.chi_1), mf.p_star, digits=49)
agree(value(results["p"], mf.q_star, mf.chi_1, 400), before.Theta.x, digits=48)
agree(before.ntk, mf.p_star, digits=48)  # l χ₁^l = 1e-53
scaled = [k.ntk_gap / 2 / mf.chi_1 ** (k.depth - 1) for k in (before, last)]
agree(scaled[1] - scaled[0], s_value * (last.nngp_gap / 2 / mf.chi_1**400), digits=45)
agree(before.Theta.x + 4 * before.ntk, value(results["lambda_max_ordered"], 5, mf.p_star), digits=47)

mf, before, last = last_two("3", "0.5", 400, nk.digits(120))
agree(value(results["p"], mf.q_star, mf.chi_1, 400), before.Theta.x, digits=68)  # `value` gives 70 digits
p_ab_limit, q_ab_star = value(results["p_ab_star"], mf.c_star * mf.q_star, mf.chi_c), mf.c_star * mf.q_star
agree(p_ab_limit, mf.p_ab_star, digits=68)
f2_value = value(f2_of, mf.q_star, q_ab_star, mf.chi_c)
scaled = [(k.ntk - mf.p_ab_star) / mf.chi_c**k.depth for k in (before, last)]
E_value = (last.nngp - q_ab_star) / mf.chi_c**400
constant = value(results["resonance"], f2_value, mf.p_ab_star, mf.chi_c) * E_value
agree(scaled[1] - scaled[0], constant, digits=25)  # l χ_c^l = 1e-26

# %% [markdown]
# (c) *In float64*, from the carried gaps.  At $l = 100$ they are good to 4e-14, and the difference of two layers costs
# another factor 100: 11 digits.

# %%
mf, before, last = last_two("1", "0.5", 100, nk.float64)
scaled = [k.ntk_gap / 2 / mf.chi_1 ** (k.depth - 1) for k in (before, last)]
agree(scaled[1] - scaled[0], value(results["s_erf"], mf.q_star, mf.chi_1) * (last.nngp_gap / 2 / mf.chi_1**100), 11)
agree(before.ntk, mf.p_star, digits=12)  # l χ₁^l = 1e-12

# %% [markdown]
# ## Exercise
#
# Table 1 gives $\kappa = 1 + O(\chi_1^{-l})$ in chaos.  Find the constant, for $m$ inputs whose pairs share one
# $p_{ab}$.
#
# **Solution.**  By (3.14), $\kappa - 1 = \frac{p + (m-1)p_{ab}}{p - p_{ab}} - 1 = \frac{m\,p_{ab}}{p - p_{ab}}$; with
# (3.4) and (3.5) it is
# $$\kappa - 1 \approx m\,p_{ab}^*\,\frac{\chi_1 - 1}{q^*}\,\chi_1^{-l}. \tag{3.15}$$
# The number of inputs $m$, absent from the table, belongs there.

# %%
kappa = (diagonal + (m - 1) * off) / (diagonal - off)
proved(kappa - 1, m * off / (diagonal - off))
growing = chi**l * (kappa - 1).subs(diagonal, p)
constant = m * off * (chi - 1) / q_star
proved(limit(growing.subs(chaotic), depth, oo), constant.subs(chaotic))
mf, before, last = last_two("3", "0.5", 200, nk.digits(50))
kappa_minus_1 = 20 * before.ntk / (before.ntk_gap / 2)
predicted = value(Lambda((off, chi, q_star), constant.subs(m, 20)), mf.p_ab_star, mf.chi_1, mf.q_star)
agree(kappa_minus_1 * mf.chi_1**200, predicted, digits=10)

# %% [markdown]
# ## Summary
#
# In any phase $p_L = D_L\sum_{k\le L}q_k/D_k$ (3.3), and $p^{(l)} = q^*(\chi_1^l - 1)/(\chi_1 - 1)$ (3.4).
#
# | | order, $\chi_1 < 1$ | chaos, $\chi_1 > 1$ |
# |---|---|---|
# | $p^{(l)}$ | $p^* - p^*\chi_1^l$, $p^* = q^*/(1 - \chi_1)$ | $\approx q^*\chi_1^l/(\chi_1 - 1)$ |
# | $p_{ab}^{(l)}$ | $\to p^*$ | $\to q_{ab}^*/(1 - \chi_c)$ (3.5) |
# | rate | $p - p_{ab} \approx sE\,l\chi_1^{l-1}$ (3.12) | $p_{ab} - p_{ab}^* \propto l\chi_c^lE$ (3.10) |
# | $\lambda_{\max}$ | $m\,p^*$ (3.14) | $p^{(l)} + O(m)$ |
# | $\kappa$ | $\approx m\,p^*/(sE\,l\chi_1^{l-1})$ (3.14) | $1 + m\,p_{ab}^*(\chi_1 - 1)\chi_1^{-l}/q^*$ (3.15) |
