# %% [markdown]
# # Flattening against pooling
#
# **Setting.** The last activations of a CNN, $N$ channels on $d$ pixels, are read out in one of two ways,
# $$z_F = \frac{\sigma_w}{\sqrt{Nd}}\sum_{j,i}W_{ji}\,a_{ji} + \sigma_b\,b, \qquad
#   z_P = \frac{\sigma_w}{\sqrt N}\sum_jW_j\,\frac1d\sum_ia_{ji} + \sigma_b\,b: \tag{17.1}$$
# a CNN-F flattens, a CNN-P pools.  Padding is circular, the stride 1, pixels are normalised (Section 6 of chapter 16).
#
# | symbol | code | paper |
# |---|---|---|
# | $\Theta_F$, $\Theta_P$ on $m$ images | `kernels(cnn(..., readout="flatten"), x)`, `"pool"` | Section 6.4 |
# | $\bar\Theta_o(x, x')$, $o = i' - i$ one of $d$ offsets | `by_offset(...)` | – |
# | $p$, $p_{ab}$: an FCN's NTK on and off the diagonal | `asymptotics.of(...)` | Section 6 |
# | $\bar E$, $\bar C$, $\bar c_0$: means over offsets of (8.3), (9.6), (9.12) | `asymptotics.pooled(...)` | – |
#
# **Goals.** What the factor $d$ of Section 6.4 and Table 1 multiplies, and what it doesn't: eigenvalues, $\kappa$ and
# the predictor of $\Theta_P$ in every phase, also where each offset has constants of its own.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from sympy import I, KroneckerDelta, Lambda, Matrix, Rational, diff, eye, limit, log, ones, oo, series, sqrt, symbols
from sympy.concrete.delta import deltasummation

import ntkref as nk

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, alpha, p, p_ab, L, omega, chi_1, chi_c, x = symbols("q alpha p p_ab L omega chi_1 chi_c x", positive=True)
sigma_w, sigma_b = symbols("sigma_w sigma_b", positive=True)
rho, lam, mu, nu, Sigma, B, C, R, c_star = symbols("rho lambda mu nu Sigma B C R c_star", real=True)
a, b, i, j, m, d, l = symbols("a b i j m d l", integer=True, positive=True)

# %% [markdown]
# ## 1. Two means over pairs of pixels
#
# As in (16.2), products of what multiplies one parameter are added up.  $\mathcal T[i, i']$ stands for
# $\frac1N\sum_ja_{ji}a'_{ji'}$ at large $N$:
# $$\mathcal K_F = \frac{\sigma_w^2}d\sum_i\mathcal T[i, i] + \sigma_b^2, \qquad
#   \mathcal K_P = \frac{\sigma_w^2}{d^2}\sum_{i,i'}\mathcal T[i, i'] + \sigma_b^2, \tag{17.2}$$
# and for $\Theta$ the same means of $\dot{\mathcal T}\Theta$ come on top.  A further convolution would not have changed
# the mean over positions at any offset (Section 3 of chapter 16).  So the readout may be counted as one: with
# $\bar\Theta_o = \frac1d\sum_i\Theta^{(l)}[i, i+o]$ of the recursion (16.3), (16.5) on pairs of pixels
# $$\Theta_F^{(l)}(x, x') = \bar\Theta_0(x, x'), \qquad
#   \Theta_P^{(l)}(x, x') = \frac1d\sum_o\bar\Theta_o(x, x') = \frac1d\sum_o\Theta_F^{(l)}(x, \tau_ox'), \tag{17.3}$$
# where $(\tau_ox')_i = x'_{i+o}$ is the image shifted: *a CNN-P is a CNN-F averaged over the shifts of one image.*  It
# cannot tell an image from its shifts; two such images make $\Theta_P$ singular at any depth.

# %%
acts = [Matrix(2, 3, symbols(f"{name}:6")) for name in ("a", "b")]  # two channels, three pixels, two images
W_F, W_P, bias = Matrix(2, 3, symbols("W:6")), Matrix(1, 2, symbols("V:2")), sympy.Symbol("bias")
flat = [sigma_w / sqrt(6) * (W_F * act.T).trace() + sigma_b * bias for act in acts]
pool = [sigma_w / sqrt(2) * (W_P * act * ones(3, 1) / 3)[0] + sigma_b * bias for act in acts]
T = acts[0].T * acts[1] / 2
for (ours, theirs), mean in ((flat, T.trace() / 3), (pool, sum(T) / 9)):
    products = sum(diff(ours, weight) * diff(theirs, weight) for weight in (*W_F, *W_P, bias))
    proved(products, sigma_w**2 * mean + sigma_b**2)

# %% [markdown]
# ## 2. Pooling lowers every eigenvalue
#
# Take Fourier transforms in the offset; this $k$ is a *relative* momentum, where that of Eq. 19 is the total one.  The
# matrices $\hat\Theta(k)_{ab} = \sum_oe^{ik\cdot o}\bar\Theta_o(x_a, x_b) =
# \frac1d\sum_{i,i'}e^{ik\cdot(i'-i)}\Theta[i, i'](x_a, x_b)$ are positive semi-definite, as $\Theta$ is, and
# $$\Theta_P = \frac1d\hat\Theta(0), \qquad \Theta_F = \frac1d\sum_k\hat\Theta(k), \qquad
#   \Theta_F - \Theta_P = \frac1d\sum_{k\ne0}\hat\Theta(k) \ge 0. \tag{17.4}$$
# So $\lambda_i(\Theta_P) \le \lambda_i(\Theta_F)$ for all $i$, in every phase and for any images.

# %%
offsets = symbols("theta:4")  # of a circle of four pixels and one pair of images
hat = [sum(I ** (k * o) * offsets[o] for o in range(4)) for k in range(4)]
proved([hat[0] / 4, sum(hat) / 4], [sum(offsets) / 4, offsets[0]])
entries = Matrix(4, 4, symbols("theta:4:4"))  # Θ[i, i'] of all pairs
for k in range(4):
    wave = Matrix([I ** (k * i_) for i_ in range(4)])
    by_offsets = [I ** (k * o) * entries[i_, (i_ + o) % 4] for o in range(4) for i_ in range(4)]
    proved((wave.H * entries * wave)[0], sum(by_offsets))

# %% [markdown]
# ## 3. Equal entries off the diagonal
#
# A pixel of an image is identical to one pixel among all, itself.  Let all other pairs of pixels have the same entry
# $p_{ab}$.  Then $\Theta_F$ is the FCN's matrix on $m$ inputs, and for $a \ne b$
# $$(\Theta_P)_{aa} = \frac{p + (d-1)\,p_{ab}}d, \qquad (\Theta_P)_{ab} = p_{ab}, \tag{17.5}$$
# $$\lambda_{\max} = \frac{p + (md-1)\,p_{ab}}d, \qquad \lambda_{\text{bulk}} = \frac{p - p_{ab}}d, \qquad
#   \kappa_P = 1 + \frac{m\,d\,p_{ab}}{p - p_{ab}}. \tag{17.6}$$
# So $\kappa_P$ of $m$ images is the FCN's $\kappa$ of $m\,d$ inputs, and
# $$\kappa_P - 1 = d\,(\kappa_F - 1): \tag{17.7}$$
# *it is $\kappa - 1$ that grows by the factor $d$*, exactly, in all phases.

# %%
diagonal = (p + (d - 1) * p_ab) / d
lambda_max, lambda_bulk, kappa = (p + (m * d - 1) * p_ab) / d, (p - p_ab) / d, 1 + m * d * p_ab / (p - p_ab)
entry = Lambda((i, j), p_ab + (diagonal - p_ab) * KroneckerDelta(i, j))
proved(deltasummation(entry(i, j), (j, 1, m), no_piecewise=True), lambda_max)  # the vector 1
proved(entry(i, a) - entry(i, b), lambda_bulk * (KroneckerDelta(i, a) - KroneckerDelta(i, b)))  # e_a − e_b
proved([lambda_max / lambda_bulk, kappa - 1], [kappa, d * (kappa.subs(d, 1) - 1)])

# %% [markdown]
# ## 4. Every offset has its own entry
#
# In reality $\bar\Theta_o(x_a, x_b) = \omega + h_{ab}[o]$ with a part $\omega$ in common and a rest, for all but the
# pair of a pixel and itself, $p$.  Exactly,
# $$\Theta_P = \frac{p - \omega}d\,\mathrm{Id} + \omega\,\mathbf 1\mathbf 1^T + \bar h, \qquad
#   \bar h_{ab} = \frac1d\sum_oh_{ab}[o], \quad h_{aa}[0] := 0. \tag{17.8}$$
# $\bar h$ is not hollow: its diagonal knows the likeness of the pixels of one image.  The $\mathrm{Id}$ has become
# smaller by $d$, and $\bar h$ has not, but for the averaging.  Entries between test and training images are plain means
# over the $d$ offsets.  Which $h$ belong to which phase chapters 7 to 9 say, offset by offset.

# %%
h, sizes = symbols("h:4"), (2, 3)
symmetric = {size: Matrix(size, size, lambda a, b: sympy.Symbol(f"h{min(a, b)}{max(a, b)}")) for size in sizes}
proved((p + sum(omega + h_o for h_o in h[1:])) / 4, (p - omega) / 4 + omega + sum(h[1:]) / 4)

# %% [markdown]
# ## 5. The critical line
#
# By (9.12) $\omega = \frac{q^*}3(l + \rho\log l)$ and $h = c_0 + o(1)$, with $c_0 = \frac{q^*C}{3\alpha} + B$ and the
# $C$ of the offset.  The steps to (9.15) hold for any symmetric $\bar c_0$, hollow or not: up to $o(1)$
# $$\lambda_{\max} = \frac{(md+2)\,q^*}{3d}\,l + \frac{(md-1)\,q^*\rho}{3d}\log l + \Sigma, \qquad
#   \lambda_{\text{bulk},i} = \frac{2q^*}{3d}\,l - \frac{q^*\rho}{3d}\log l + \mu_i, \tag{17.9}$$
# where $\Sigma = \frac1m\mathbf 1^T\bar c_0\mathbf 1$, with the diagonal, and the $\mu_i$ are the eigenvalues of
# $\Pi\bar c_0\Pi$ on the vectors of zero sum.  Hence
# $$\kappa_P = \frac{md+2}2 + \frac{3md}4\,\frac{\rho\log l + k}l + O\Big(\frac{\log^2l}{l^2}\Big), \qquad
#   k = \frac{2\Sigma - (md+2)\,\mu_{\min}}{m\,q^*}. \tag{17.10}$$
# $\kappa_P/\kappa_F \to \frac{md+2}{m+2}$, which is $d$ only for $m \gg 2$.  If all pairs share one $c_0$,
# $k = 3c_0/q^*$ as in (9.14).  If they don't, the $\mu_i$ are of order 1 but $\lambda_{\text{bulk}}$ is $d$ times
# smaller: the limit is reached only at $l \gg \frac{3d}{2q^*}|\mu_{\min}|$, up to $d$ times deeper than the FCN's.

# %%
for size in sizes:
    N, one, Pi = symmetric[size], ones(size, 1), eye(size) - ones(size) / size
    finite = (one.T * (N - mu * eye(size)).adjugate() * one)[0]
    proved((omega * ones(size) + N - mu * eye(size)).det(), (N - mu * eye(size)).det() + omega * finite)
    proved((Pi * N * Pi - mu * eye(size)).det(), -mu * finite / size)  # the root 0 is of the vector 1
    large = (omega * ones(size) + N - (size * omega + nu) * eye(size)).det().as_poly(omega)
    proved(large.LC(), (-size) ** (size - 1) * ((one.T * N * one)[0] / size - nu))  # so ν → Σ

common = q / 3 * (1 / x + rho * lam)  # x = 1/l, λ = log l, which no power of x can imitate
thin = (q / x - common) / d
top, bulk = thin + m * common + Sigma, thin + mu
lambda_max_slope, lambda_bulk_slope = (m * d + 2) * q / (3 * d), 2 * q / (3 * d)
proved(top, lambda_max_slope / x + (m * d - 1) * q * rho / (3 * d) * lam + Sigma)
proved(bulk, lambda_bulk_slope / x - q * rho / (3 * d) * lam + mu)
kappa_critical, kappa_log = (m * d + 2) / 2, 3 * m * d * rho / 4
k_of = (2 * Sigma - (m * d + 2) * mu) / (m * q)
expansion = series(sympy.cancel(top / bulk), x, 0, 2).removeO()
proved(expansion, kappa_critical + x * (kappa_log * lam + 3 * m * d * k_of / 4))
proved(k_of.subs({Sigma: m * C - C / d, mu: -C / d}), 3 * C / q)  # c̄₀ = C (11ᵀ − Id/d)
proved(kappa.subs({p: l * q, p_ab: l * q / 3}), kappa_critical)

# %% [markdown]
# ## 6. Chaos
#
# By (7.9) $\omega = p_{ab}^*$ and $h = \chi_c^l(l\,R\,E_o + V_o)$.  So $\bar h = \chi_c^l(l\,R\,\bar E + \bar V)$ and
# $$\lambda_{\max} = \frac{p - p_{ab}^*}d + m\,p_{ab}^* + O(m\,l\chi_c^l), \qquad
#   \lambda_{\text{bulk}} = \frac{p - p_{ab}^*}d + O(m\,l\chi_c^l), \tag{17.11}$$
# $$\kappa_P - 1 = \frac{m\,d\,p_{ab}^*}{p - p_{ab}^*}\Big(1 + O(l\chi_c^l) + d\,O\big(l(\chi_c/\chi_1)^l\big)\Big)
#   \approx m\,d\,p_{ab}^*\,\frac{\chi_1 - 1}{q^*}\,\chi_1^{-l}. \tag{17.12}$$
# Both eigenvalues are of the size $p/d$.  For $p_{ab}^* = 0$, (7.16) holds with the factor $d$ and the eigenvalues of
# $\bar E$, whose diagonal is not 0.

# %%
xi, depth = symbols("xi depth", positive=True)
growing = {chi_1: sympy.exp(1 / xi), l: depth}
p_chaotic = q * (chi_1**l - 1) / (chi_1 - 1)  # (4.7)
leading = m * d * p_ab * (chi_1 - 1) / q * chi_1**-l
proved(limit(((kappa - 1) / leading).subs(p, p_chaotic).subs(growing), depth, oo), 1)
proved(lambda_max, (p - p_ab) / d + m * p_ab)

# %% [markdown]
# ## 7. Order
#
# $\Theta_P = p\,\mathbf 1\mathbf 1^T - \bar w$, exactly, $\bar w$ the mean over offsets of $w = p - p_{ab}$; by (8.9)
# $\bar w \approx \chi_1^{l-1}(s\,l\,\bar E + \bar W)$, and $\bar E_{aa} = \frac1d\sum_{o\ne0}E_{aa}[o] > 0$.  As
# $\Pi u\mathbf 1^T\Pi = 0$, nothing changes if rows and columns are shifted to make it hollow,
# $$\Pi\bar E\,\Pi = \Pi E_P\Pi, \qquad (E_P)_{ab} = \bar E_{ab} - \tfrac12(\bar E_{aa} + \bar E_{bb}), \tag{17.13}$$
# half the gap of $\Theta_P$ but for the factor.  So chapter 8 holds with $E_P$ for $E$: the eigenvalues are $m\,p^*$
# and $s\,l\chi_1^{l-1}\mu_i$, $\mu_i$ those of $-\Pi E_P\Pi$, and $\kappa_P\,l\chi_1^{l-1} \to m\,p^*/(s\,\mu_{\min})$.
# The ratio to the CNN-F is set by the data, at any depth, and by (17.4)
# $$\frac{\kappa_P}{\kappa_F} \to \frac{\mu_{\min}(-\Pi E_F\Pi)}{\mu_{\min}(-\Pi E_P\Pi)} \ge 1. \tag{17.14}$$
# It is $d$ if all $E$ are equal, $\bar E = E\,(\mathbf 1\mathbf 1^T - \frac1d\mathrm{Id})$; 1 for images that are
# constant in space; and infinite if two images are shifts of each other.

# %%
for size in sizes:
    E_bar, Pi = symmetric[size], eye(size) - ones(size) / size
    E_P = Matrix(size, size, lambda a, b, E=E_bar: E[a, b] - (E[a, a] + E[b, b]) / 2)
    proved(Pi * E_bar * Pi, Pi * E_P * Pi)
    proved(-Pi * (C * (ones(size) - eye(size) / d)) * Pi, C / d * Pi)

# %% [markdown]
# ## 8. The mean predictor
#
# With (17.8) in (5.8), whose $H_{dd}$ need not be hollow: for $\mathbf 1^Ty = 0$ and $\epsilon H = \bar h$
# $$P(\Theta_P)\,y = \frac d{p - \omega}\Big[\bar h_{td}\,y
#   - \frac{d\,\omega}{p + (md-1)\,\omega}\,\mathbf 1\mathbf 1^T\bar h_{dd}\,y\Big] + O(\bar h^2). \tag{17.15}$$
# *Critical line.*  The constant $B$ of $c_0$ drops out, also on the diagonal, where $\frac{d-1}dB$ stands, and
# $$\lim_{l\to\infty}l\,P(\Theta_P^{(l)})\,y = \frac d{2\alpha}\Big[\bar C_{td}\,y
#   - \frac d{md+2}\,\mathbf 1\mathbf 1^T\bar C_{dd}\,y\Big], \qquad
#   P(\Theta_P^{(l)}) \to \frac d{md+2}\,\mathbf 1\mathbf 1^T. \tag{17.16}$$
# *Chaos.*  As in (7.18), the cross term is negligible:
# $$P(\Theta_P)\,y = d\,l\,\Big(\frac{\chi_c}{\chi_1}\Big)^l\frac{\chi_1 - 1}{q^*}\,R\,\bar E_{td}\,y\,
#   \big(1 + O(1/l)\big). \tag{17.17}$$
# In both the *formula* has the factor $d$; the *prediction* is not $d$ times the CNN-F's, for means over $d$ offsets
# stand where that has offset 0, and where they differ in sign they cancel.
#
# *Order.*  Kriging (8.20) with $\bar E$, of order 1 and without a factor $d$: it doesn't see factors, nor $u$ in
# $$\bar E_{dd} + u\mathbf 1^T + \mathbf 1u^T, \qquad \bar E_{td} + u_t\mathbf 1^T + \mathbf 1_tu^T, \tag{17.18}$$
# so that $E_P$ serves again, with $(E_P)_{tb} = \bar E_{tb} - \frac12(\bar E_{tt} + \bar E_{bb})$.

# %%
first_order, first_order_mean = 1 / (diagonal - p_ab), p_ab / (diagonal + (m - 1) * p_ab)  # of (5.8)
proved([first_order, first_order_mean], [d / (p - p_ab), d * p_ab / (p + (m * d - 1) * p_ab)])
predictor_factor, predictor_mean = d / (2 * alpha), d / (m * d + 2)
line = {p: L * q, p_ab: q / 3 * (L + rho * log(L))}
proved(limit((L * first_order * q / (3 * alpha)).subs(line), L, oo), predictor_factor)
proved(limit(first_order_mean.subs(line), L, oo), predictor_mean)
chaotic_factor = d * (chi_1 - 1) / q * R
proved(limit((first_order * R * chi_1**l).subs(p, p_chaotic).subs(growing), depth, oo), chaotic_factor.subs(growing))


def bracket(mean, H_td, H_dd, y):
    return H_td * y - mean * ones(H_td.rows, H_dd.rows) * H_dd * y


def kriging(E_dd, E_td):
    """(8.20)"""
    V, one = E_dd.inv(), ones(E_dd.rows, 1)
    return E_td * V + (ones(E_td.rows, 1) - E_td * V * one) * (one.T * V) / (one.T * V * one)[0]


for size in sizes:
    H_dd, H_td, y = symmetric[size], ones(1, size) * nu, (eye(size) - ones(size) / size) * Matrix(symbols(f"y:{size}"))
    with_B = bracket(predictor_mean, H_td + B * ones(1, size), H_dd + B * (ones(size) - eye(size) / d), y)
    proved(with_B, bracket(predictor_mean, H_td, H_dd, y))
u, numbers_E = Matrix(symbols("u:2")), Matrix([[1, 5], [5, 3]])
shifted = numbers_E + u * ones(1, 2) + ones(2, 1) * u.T, Matrix([[4, 7]]) + nu * ones(1, 2) + u.T
proved(kriging(*shifted), kriging(numbers_E, Matrix([[4, 7]])))

# %% [markdown]
# ## 9. ReLU, and the NNGP
#
# *Critical ReLU* has $\omega = \frac q4(l + \frac32\log l)$ by (10.8), $h = \frac{3\pi q}4C - \frac q8$, so
# $$\lambda_{\max} \approx \frac{(md+3)\,q}{4d}\,l, \quad \lambda_{\text{bulk}} \approx \frac{3q}{4d}\,l, \quad
#   \kappa_P = \frac{md+3}3 + \frac{2md}3\,\frac{\log l}l + O\Big(\frac1l\Big), \tag{17.19}$$
# $$\lim_{l\to\infty}l\,P(\Theta_P^{(l)})\,y = \pi d\,\Big[\bar C_{td}\,y
#   - \frac d{md+3}\,\mathbf 1\mathbf 1^T\bar C_{dd}\,y\Big]. \tag{17.20}$$
# *The NNGP* is (17.6) and (17.15) with $q^*$ and $q_{ab}$ for $p$ and $p_{ab}$.  In order it is kriging with $\bar E$
# again; on the critical line, where $q^* - q_{ab} \approx \frac1{\alpha l}$ and $h = C/(\alpha l)^2$, and in chaos
# $$\kappa(\mathcal K_P) \sim m\,d\,q^*\alpha\,l, \qquad
#   l\,P(\mathcal K_P)\,y \to \frac d\alpha\Big[\bar C_{td}\,y - \frac1m\mathbf 1\mathbf 1^T\bar C_{dd}\,y\Big],
#   \tag{17.21}$$
# $$\kappa(\mathcal K_P) \to 1 + \frac{m\,d\,c^*}{1 - c^*}, \qquad
#   P(\mathcal K_P)\,y \approx \frac{d\,\chi_c^{l-1}}{q^*(1 - c^*)}\Big[\bar E_{td}\,y
#   - \frac{d\,c^*}{1 + (md-1)\,c^*}\,\mathbf 1\mathbf 1^T\bar E_{dd}\,y\Big]. \tag{17.22}$$

# %%
common = q / 4 * (1 / x + Rational(3, 2) * lam)
relu_kappa, relu_kappa_log = (m * d + 3) / 3, 2 * m * d / 3
expansion = series(sympy.cancel(kappa.subs({p: q / x, p_ab: common})), x, 0, 2).removeO()
proved(expansion, relu_kappa + x * relu_kappa_log * lam)
relu_line = {p: L * q, p_ab: q / 4 * (L + Rational(3, 2) * log(L))}
relu_slopes = [(m * d + 3) * q / (4 * d), 3 * q / (4 * d)]
proved([limit(mode.subs(relu_line) / L, L, oo) for mode in (lambda_max, lambda_bulk)], relu_slopes)
relu_factor, relu_mean = sympy.pi * d, d / (m * d + 3)
proved(limit((L * first_order * 3 * sympy.pi * q / 4).subs(relu_line), L, oo), relu_factor)
proved(limit(first_order_mean.subs(relu_line), L, oo), relu_mean)

nngp_line, nngp_chaos = {p: q, p_ab: q - 1 / (alpha * L)}, {p: q, p_ab: c_star * q}
nngp_kappa_critical, nngp_kappa_chaotic = m * d * q * alpha * l, 1 + m * d * c_star / (1 - c_star)
proved(limit(kappa.subs(nngp_line) / L, L, oo) * l, nngp_kappa_critical)
proved(limit((L * first_order / (alpha * L) ** 2).subs(nngp_line), L, oo), d / alpha)
proved(limit(first_order_mean.subs(nngp_line), L, oo), 1 / m)
proved(kappa.subs(nngp_chaos), nngp_kappa_chaotic)
cross = d * c_star / (1 + (m * d - 1) * c_star)
proved([v.subs(nngp_chaos) for v in (first_order, first_order_mean)], [d / (q * (1 - c_star)), cross])

# %% [markdown]
# ## 10. Results, and the package's own functions

# %%
results = {
    "diagonal": Lambda((p, p_ab, d), diagonal),
    "lambda_max": Lambda((p, p_ab, m, d), lambda_max),
    "lambda_bulk": Lambda((p, p_ab, d), lambda_bulk),
    "kappa": Lambda((p, p_ab, m, d), kappa),
    "kappa_critical": Lambda((m, d), kappa_critical),
    "kappa_log": Lambda((m, d, rho), kappa_log),  # the coefficient of log(l)/l
    "k": Lambda((m, d, q, Sigma, mu), k_of),  # of (17.10): Σ, μ_min
    "lambda_max_slope": Lambda((m, d, q), lambda_max_slope),
    "lambda_bulk_slope": Lambda((d, q), lambda_bulk_slope),
    "kappa_minus_1_chaotic": Lambda((m, d, p_ab, q, chi_1, l), leading),  # (m, d, p_ab*, q*, χ₁, l)
    "predictor_factor": Lambda((d, alpha), predictor_factor),
    "predictor_mean": Lambda((m, d), predictor_mean),
    "predictor_factor_chaotic": Lambda((d, q, chi_1, R), chaotic_factor),  # of l (χ_c/χ₁)^l Ē_td y
    "relu_kappa": Lambda((m, d), relu_kappa),
    "relu_kappa_log": Lambda((m, d), relu_kappa_log),
    "relu_predictor_mean": Lambda((m, d), relu_mean),
    "nngp_kappa_critical": Lambda((m, d, q, alpha, l), nngp_kappa_critical),
    "nngp_kappa_chaotic": Lambda((m, d, c_star), nngp_kappa_chaotic),
}

# %% [markdown]
# (a) *At 50 digits and in float64.*  Images whose pixels are all orthogonal, which have equal entries off the diagonal:
# (17.5), with $p$ and $p_{ab}$ from the FCN.  And two handwritten digits, as eight pixels (their rows) of eight
# channels: (17.3).


# %%
def normalised(images, point, system=nk.float64):
    vectors = np.reshape(images, (-1, np.shape(images)[-1]))
    return np.reshape(nk.normalised(vectors, nk.fcn(2, nk.erf, *point), numbers=system), np.shape(images))


def by_offset(depth, point, x1, x2, system=nk.float64):
    """CNN-F of images x1 with all shifts of images x2, (n1, n2, d) each: half the gaps of K and of Θ, and Θ."""
    shifted = np.concatenate([np.roll(x2, -o, 1) for o in range(x2.shape[1])])
    k = nk.kernels(nk.cnn(depth, nk.erf, *point), x1, shifted, system)
    fields = (k.nngp_gap / 2, k.ntk_gap / 2, k.ntk)
    return [np.moveaxis(np.reshape(field, (len(x1), -1, len(x2))), 1, 2) for field in fields]


rows, chaos, order = nk.optical_digits()[0][[0, 1, 2, 3, 10, 15]], ("3", "0.18"), ("1", "0.18")
for system, digits in ((nk.digits(50), 48), (nk.float64, 13)):
    orthogonal = normalised(np.eye(6).reshape(2, 3, 6), chaos, system)
    single = nk.kernels(nk.fcn(5, nk.erf, *chaos), orthogonal.reshape(6, 6), numbers=system).ntk
    pooled = nk.kernels(nk.cnn(5, nk.erf, *chaos, readout="pool"), orthogonal, numbers=system).ntk
    agree(pooled[0, 0], value(results["diagonal"], single[0, 0], single[0, 1], 3), digits)
    agree(pooled[0, 1], single[0, 1], digits)
    two = normalised(rows[:2], chaos, system)
    pooled = nk.kernels(nk.cnn(5, nk.erf, *chaos, readout="pool"), two, numbers=system).ntk
    for ours, theirs in zip(np.mean(by_offset(5, chaos, two, two, system)[2], -1), pooled, strict=True):
        agree(ours[0], theirs[0], digits)

# %% [markdown]
# (b) *Four digits to learn from, two to predict,* $d = 8$, in float64.  In order $E$ and $W$ of depth 100 ($l\chi_1^l$
# is 1e-12) give spectrum and predictor at 200.  On the critical line the $C$ of depth 1000 give $\kappa$ there, up to
# $(\log l/l)^2$, and (17.16) is the limit of what their entries make of $l = 10^8$, up to $d\log l/l$.

# %%
y, across = np.array([1.0, 2, 0, -3]), np.linalg.qr(np.column_stack([np.ones(4), np.eye(4)[:, 1:]]))[0][:, 1:]
mf, images = nk.mean_field(nk.erf, *order), normalised(rows, order)
rate, s_of = mf.chi_1, nk.asymptotics.of(mf).s
E, w, _ = (field / rate**99 for field in by_offset(100, order, images, images[:4]))
V_dd, V_td = np.split(np.mean(E + (w - 100 * s_of * E) / (200 * s_of), -1), [4])  # E + W/(s l), train and test
pool = nk.cnn(200, nk.erf, *order, readout="pool")
train, test = nk.kernels(pool, images[:4]), nk.kernels(pool, images[4:], images[:4])
bulk = 200 * rate**199 * s_of * np.linalg.eigvalsh(-across.T @ V_dd @ across)
holds(np.allclose(bulk[::-1], nk.spectrum(train).lambda_bulk, rtol=1e-10, atol=0), "the bulk in order")
predicted = (kriging(Matrix(V_dd), Matrix(V_td)) * Matrix(y)).T.tolist()
holds(np.allclose(np.array(predicted, float), nk.mean_predictor(train, test, y), rtol=1e-9, atol=0), "kriging")

point = nk.critical_point(nk.erf, sigma_b2="0.18")
line = point.sigma_w2, point.sigma_b2
laws, images = nk.asymptotics.of(nk.mean_field(nk.erf, *line)), normalised(rows, line)
e, _, theta = by_offset(1000, line, images, images[:4])
u_l = 1 / np.where(e > 0, e, 1)  # 1 at a pixel and itself
C_of = np.where(e > 0, u_l - laws.r * np.log(u_l / laws.alpha) + laws._s1 / u_l - laws.alpha * 1000, 0)
c0_dd = np.where(e > 0, laws.c0(C_of), 0)[:4].mean(-1)
at_mu = c0_dd.sum() / 4, np.linalg.eigvalsh(across.T @ c0_dd @ across)[0]
k_value = value(results["k"], 4, 8, point.q_star, *at_mu)
next_order = value(results["kappa_log"], 4, 8, laws.rho) * log(1000) + 24 * k_value
agree(np.linalg.cond(theta[:4].mean(-1)), value(results["kappa_critical"], 4, 8) + next_order / 1000, digits=4)
far = np.where(e > 0, laws.ntk_offdiagonal(1e8, C_of), laws.ntk_diagonal(1e8))
(T_dd, T_td), (C_dd, C_td) = (np.split(np.mean(field, -1), [4]) for field in (far, C_of))
limit_of = value(results["predictor_mean"], 4, 8), Matrix(C_td), Matrix(C_dd), Matrix(y)
for ours, theirs in zip(bracket(*limit_of), 1e8 * T_td @ np.linalg.solve(T_dd, y), strict=True):
    agree(value(results["predictor_factor"], 8, laws.alpha) * ours, theirs, digits=5)

# %% [markdown]
# ## Exercise
#
# In between: means over windows of $w$ pixels, then flattening.  Find $\kappa$ for equal entries off the diagonal.
#
# **Solution.**  Two pooled pixels of one window share $w$ of $w^2$ pairs, so they have (17.5) with $w$ for $d$.  So
# $$\kappa = 1 + \frac{m\,w\,p_{ab}}{p - p_{ab}}, \tag{17.23}$$
# $\frac{mw+2}2$ on the critical line: *the factor is the number of pixels averaged, not that of the image.*

# %%
windows = nk.Network([nk.Conv(*chaos), nk.erf] * 4 + [nk.AvgPool(2), nk.Flatten(), nk.Dense(*chaos)])
single = nk.kernels(nk.fcn(5, nk.erf, *chaos), normalised(np.eye(8), chaos)).ntk
k = nk.kernels(windows, normalised(np.eye(8).reshape(2, 4, 8), chaos))
agree(nk.spectrum(k).kappa, value(results["kappa"], single[0, 0], single[0, 1], 2, 2), digits=13)

# %% [markdown]
# ## Summary
#
# | | CNN-P | the FCN with $md$ inputs? |
# |---|---|---|
# | equal entries | $\kappa - 1 = md\,p_{ab}/(p - p_{ab})$ (17.6) | yes, eigenvalues over $d$ |
# | critical | $\frac{md+2}2 + \frac{3md}4(\rho\log l + k)/l$ (17.10), ReLU (17.19) | yes, at leading order |
# | chaos | $\kappa - 1 \approx md\,p_{ab}^*\frac{\chi_1-1}{q^*}\chi_1^{-l}$ (17.12) | yes, at leading order |
# | order | $m\,p^*/(s\,\mu_{\min}l\chi_1^{l-1})$ with $E_P$ (17.13), $\ge$ the CNN-F's (17.14) | no |
# | predictor | $d$ times a mean over offsets (17.16), (17.17); in order kriging, no $d$ (17.18) | |
