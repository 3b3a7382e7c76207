# %% [markdown]
# # Convolution and Fourier modes
#
# **Setting.** Images have $d$ pixels $i$ on a grid, $k^D$ in $D$ dimensions, and channels.  A convolution with a filter
# $v_\beta \ge 0$, $\sum_\beta v_\beta = 1$, and weights $W, b \sim \mathcal N(0, 1)$ reads
# $$z_{c,o}(x) = \frac{\sigma_w}{\sqrt N}\sum_{j=1}^N\sum_\beta\sqrt{v_\beta}\,W_{cj\beta}\,a_{j,\,i(o)+\beta}(x)
#   + \sigma_b\,b_c, \tag{16.1}$$
# where $i(o)$ is the pixel that output $o$ is centred on, and $a_j = \phi(z_j)$, or channel $j$ of the image in the
# first layer.  Equations (2.n) to (9.n) are those of the chapters on the fully-connected network (FCN).
#
# | symbol | code | paper |
# |---|---|---|
# | $\mathcal K[i, i'](x, x')$, $\Theta[i, i'](x, x')$ | – | $(m, k, k, m, k, k)$, Section 6.4 |
# | $\mathcal A$; $\rho_q$, $q$ the total momentum | `Conv`; `convolution_spectrum(...).eigenvalues` | Eq. 19 |
# | $s(i)$, $t(i)$: $\mathcal K$, $\Theta$ at one offset $o = i' - i$; $\delta_q$ mode $q$ of $s$ | – | Eq. 19 |
#
# **Goals.** The recursion of $\mathcal K$ and $\Theta$ on pairs of pixels; the eigenvalues $\rho_q$ and how often each
# occurs; what Eq. 19 says when $q$ is read right, and where it fails; what the padding has to do with it.

# %%
import itertools
import pathlib
import runpy

import numpy as np
import sympy
from sympy import Function, I, Lambda, Matrix, Rational, cos, diff, expand, limit, log, oo, pi, sin, sqrt, symbols

import ntkref as nk
from ntkref.inputs import covariance_of_pair
from ntkref.pair import Pair

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

sigma_w, sigma_b, chi, q_star, L, alpha, k, x = symbols("sigma_w sigma_b chi q_star L alpha k x", positive=True)
f_2, g, C, r_log, rho_q, theta, y, v_left, v_right = symbols("f_2 g C r rho_q theta y v_left v_right", real=True)
r, n, l, j = symbols("r n l j", integer=True, positive=True)
v = {-1: v_left, 0: 1 - v_left - v_right, 1: v_right}  # any filter of three taps

# %% [markdown]
# ## 1. The covariance of two pixels
#
# All pixels share the weights.  Given the layer below, (2.3) adds up, parameter by parameter, the products of what
# multiplies it in the two pre-activations: $W_{cj\beta}$ is multiplied by pixel $i(o) + \beta$ in the one and by
# $i(o') + \beta$ in the other.  So a channel is Gaussian with the covariance
# $$S[o, o'](x, x') = \frac{\sigma_w^2}N\sum_j\sum_\beta v_\beta\,a_{j,i(o)+\beta}(x)\,a_{j,i(o')+\beta}(x')
#   + \sigma_b^2, \tag{16.2}$$
# channels are independent, and with many channels (Section 8 of chapter 2, with pairs of pixels for inputs)
# $$\mathcal K'[o, o'] = \sigma_w^2\sum_\beta v_\beta\,\mathcal T(\mathcal K)[i(o) + \beta, i(o') + \beta] + \sigma_b^2,
#   \qquad \mathcal K^{(1)}[o, o'] = \frac{\sigma_w^2}{n_c}\sum_\beta v_\beta\,x_{i(o)+\beta}\cdot x'_{i(o')+\beta}
#   + \sigma_b^2, \tag{16.3}$$
# with $\mathcal T$ of Eq. 3, at the entries $[i, i]$, $[i', i']$ and $[i, i']$ of the covariance of the two pixels.


# %%
class phi(Function):
    def fdiff(self, argindex=1):
        return phi_prime(*self.args)


class phi_prime(Function):
    def fdiff(self, argindex=1):
        return Function("phi_second")(*self.args)


root = Matrix.diag(*symbols("u:3", positive=True))  # √v; that v sums to 1 plays no part yet


def window(a, o):
    """The three pixels about o on a circle of three, for every channel: (channels, 3)."""
    return Matrix(a.rows, 3, lambda channel, tap: a[channel, (o + tap - 1) % 3])


def convolved(weights, bias, a, o):
    return sigma_w / sqrt(a.rows) * (weights * root * window(a, o).T).trace() + sigma_b * bias  # (16.1)


def covariance(a, o, a_prime, o_prime):
    return sigma_w**2 / a.rows * (window(a, o) * root**2 * window(a_prime, o_prime).T).trace() + sigma_b**2  # (16.2)


W, V, bias = Matrix(2, 3, symbols("W:6")), Matrix(2, 3, symbols("V:6")), symbols("b:3")
images = [Matrix([symbols(f"{name}:3")]) for name in "xy"]  # of one channel; then two channels; then one output
hidden = [Matrix(2, 3, lambda c, o, x=x: convolved(W[c, :], bias[c], x, o)) for x in images]
activations = [z.applyfunc(phi) for z in hidden]


def tangent(o, parameters):
    """The sum over parameters of the products of derivatives of output 0 of x and output o of y."""
    outputs = [convolved(V, bias[2], a, at) for a, at in zip(activations, (0, o), strict=True)]
    return sum(diff(outputs[0], parameter) * diff(outputs[1], parameter) for parameter in parameters)


for o in (0, 1):
    proved(tangent(o, [*V, bias[2]]), covariance(activations[0], 0, activations[1], o))

# %% [markdown]
# ## 2. The tangent kernel
#
# The chain rule of Section 2 of chapter 4, the sum now over channels and taps, gives at any width, exactly,
# $$\hat\Theta'_{cc'}[o, o'] = \delta_{cc'}S[o, o'] + \frac{\sigma_w^2}N\sum_{j\beta,\,j'\beta'}
#   \sqrt{v_\beta v_{\beta'}}\,W_{cj\beta}W_{c'j'\beta'}\,\phi'(z_{j,i(o)+\beta})\,\phi'(z'_{j',i(o')+\beta'})\,
#   \hat\Theta_{jj'}[i(o) + \beta, i(o') + \beta']. \tag{16.4}$$
# The mean over these $W$ keeps $c = c'$, $j = j'$, $\beta = \beta'$.  What they multiply is no longer diagonal when
# $\hat\Theta_{jj'} \to \delta_{jj'}\Theta$, as it was in chapter 4: a channel keeps a block $M_j$ of its taps.  The
# variance is $\frac{\sigma_w^4}{N^2}\sum_j[\mathrm{tr}\,M_jM_j^T + \delta_{cc'}\mathrm{tr}\,M_j^2]$, still $O(1/N)$.
# So with many channels
# $$\Theta'[o, o'] = \mathcal K'[o, o'] + \sigma_w^2\sum_\beta v_\beta\,
#   \big(\dot{\mathcal T}(\mathcal K)\,\Theta\big)[i(o) + \beta, i(o') + \beta], \qquad
#   \Theta^{(1)} = \mathcal K^{(1)}. \tag{16.5}$$


# %%
for o in (0, 1):
    chain = 0
    for c, tap, tap_prime in itertools.product(range(2), range(3), range(3)):  # two channels share no weight below
        here, there = (tap - 1) % 3, (o + tap_prime - 1) % 3
        product = root[tap, tap] * root[tap_prime, tap_prime] * V[c, tap] * V[c, tap_prime]
        slopes = phi_prime(hidden[0][c, here]) * phi_prime(hidden[1][c, there])
        chain += sigma_w**2 / 2 * product * slopes * covariance(images[0], here, images[1], there)
    proved(tangent(o, [*W, *bias[:2]]), chain)


def mean_over(polynomial, gaussians):
    for w in gaussians:
        coefficients = sympy.Poly(polynomial, w).all_coeffs()[::-1]
        polynomial = sum(c * moment for c, moment in zip(coefficients, (1, 0, 1, 0, 3), strict=False))
    return polynomial


M = sympy.diag(*(Matrix(2, 2, symbols(f"M{channel}_:2:2")) for channel in range(2)))
W_a, W_b = Matrix(symbols("W_a:4")), Matrix(symbols("W_b:4"))
for other, same in ((W_a, 1), (W_b, 0)):
    form = (W_a.T * M * other)[0]
    mean, square = (mean_over(form**power, [*W_a, *W_b]) for power in (1, 2))
    proved([mean, square - mean**2], [same * M.trace(), (M * M.T).trace() + same * (M * M).trace()])

# %% [markdown]
# ## 3. Circular padding: every offset by itself
#
# From here to Section 8 the image is a torus and the stride 1.  The sums above are one linear operator,
# $$(\mathcal AS)[i, i'] = \sum_\beta v_\beta\,S[i + \beta, i' + \beta]. \tag{16.6}$$
# It moves both pixels together, so it never mixes two offsets $o = i' - i$: at each offset the $d$ numbers
# $s_o(i) = S[i, i+o]$ undergo the same convolution, $(\mathcal As_o)(i) = \sum_\beta v_\beta s_o(i + \beta)$.  A plane
# wave $e^{i(q_1\cdot i + q_2\cdot i')}$ of the pair is, at offset $o$, $e^{iq_2\cdot o}e^{i(q_1+q_2)\cdot i}$; so
# $$\mathcal A\,e^{i(q_1\cdot i + q_2\cdot i')} = \rho_{q_1+q_2}\,e^{i(q_1\cdot i + q_2\cdot i')}, \qquad
#   \rho_q = \sum_\beta v_\beta\,e^{iq\cdot\beta}, \quad q \in \tfrac{2\pi}k\{0, \dots, k-1\}^D. \tag{16.7}$$
# *The momentum in Eq. 19 is the total one*, and each of the $d$ eigenvalues occurs $d$ times, once for every offset.
# In particular $\rho_0 = 1$ is $d$-fold: any function of $i' - i$ is left alone.  And $\mathcal A$ conserves the mean
# over positions at each offset, for its columns sum to 1 like its rows.


# %%
def averaged(s, taps, axes=-1):
    """𝒜 on pairs of pixels of a circle: with both axes, or at one offset with positions on the last axis."""
    return sum(np.roll(s, 1 - at, axes) * tap for at, tap in enumerate(taps))


def rho_of(momentum):
    return sum(v_beta * sympy.exp(I * momentum * beta) for beta, v_beta in v.items())


for n_1, n_2 in itertools.product(range(4), repeat=2):  # a circle of four pixels: its waves are powers of i
    pairs = np.array([[I ** (n_1 * i + n_2 * i_prime) for i_prime in range(4)] for i in range(4)])
    proved(Matrix(averaged(pairs, v.values(), (0, 1))), rho_of(pi / 2 * (n_1 + n_2)) * Matrix(pairs))
both = np.array(symbols("s:16")).reshape(4, 4)
both = both, averaged(both, v.values(), (0, 1))
at_offsets = [[[S[i, (i + o) % 4] for i in range(4)] for o in range(4)] for S in both]
proved(Matrix(at_offsets[1]), Matrix(averaged(at_offsets[0], v.values())))
proved(*(Matrix(rows) * Matrix([1] * 4) for rows in at_offsets))

# %% [markdown]
# ## 4. The eigenvalues of the uniform filter
#
# For $(2r+1)^D$ equal taps $\rho_q$ is a product over the dimensions of Dirichlet's kernel,
# $$\rho_q = \prod_{\nu=1}^D\frac{\sin\big((2r+1)\,\pi n_\nu/k\big)}{(2r+1)\sin(\pi n_\nu/k)}, \qquad
#   q_\nu = \frac{2\pi n_\nu}k, \tag{16.8}$$
# with 1 for a factor of $n_\nu = 0$: the sum $1 + 2\sum_{\beta\le r}\cos\beta\theta$ telescopes when multiplied by
# $\sin\frac\theta2$.  For $k = 6$, $r = 1$ the factors are $1, \frac23, 0, -\frac13, 0, \frac23$; for $k = 2r + 1$ they
# are $1, 0, \dots, 0$: then one layer wipes out every dependence on position.

# %%
half = sin((2 * r + 1) * theta / 2)
gained = expand((half.subs(r, r + 1) - half - 2 * cos((r + 1) * theta) * sin(theta / 2)).rewrite(sympy.exp))
proved(sympy.powsimp(gained))  # from r to r + 1
proved(expand(half.subs(r, 1), trig=True), expand((1 + 2 * cos(theta)) * sin(theta / 2), trig=True))
rho = Lambda((r, k, n), sin((2 * r + 1) * pi * n / k) / ((2 * r + 1) * sin(pi * n / k)))
proved([rho(1, 6, momentum) for momentum in range(1, 6)], [Rational(2, 3), 0, -Rational(1, 3), 0, Rational(2, 3)])
proved([rho(2, 5, momentum) for momentum in range(1, 5)], [0, 0, 0, 0])

# %% [markdown]
# ## 5. When $|\rho_q| < 1$
#
# $\rho_q$ is a mean of points on the unit circle.  So $|\rho_q| \le 1$, with equality if and only if all
# $e^{iq\cdot\beta}$ with $v_\beta > 0$ are equal:
# $$|\rho_q|^2 = 1 - \sum_{\beta,\beta'}v_\beta v_{\beta'}\big(1 - \cos q\cdot(\beta - \beta')\big). \tag{16.9}$$
# *All modes $q \ne 0$ fade if and only if the differences $\beta - \beta'$ of the taps generate the whole torus.*  A
# uniform filter has to be larger than 1 in each dimension; $1 \times 3$ is not enough, nor are the taps
# $(\frac12, 0, \frac12)$ on a circle of even length (see the exercise).  For small $q$ (16.9) is
# $1 - \operatorname{Var}_v(q\cdot\beta)$: a large image remembers its long waves for $O(k^2)$ layers.

# %%
squared = expand(rho_of(theta) * rho_of(-theta))
deficit = sum(v[a] * v[b] * (1 - cos(theta * (a - b))) for a in v for b in v)
proved(sympy.simplify(expand((squared - 1 + deficit).rewrite(sympy.exp))))
variance_of_taps = sum(v_beta * beta**2 for beta, v_beta in v.items()) - sum(v[beta] * beta for beta in v) ** 2
proved(sympy.series(deficit, theta, 0, 3).removeO(), variance_of_taps * theta**2)

# %% [markdown]
# ## 6. Eq. 19 made exact
#
# Let the pixels be normalised, $\mathcal K^{(1)}[i, i](x, x) = q^*$ at every pixel.  They stay so, because $\mathcal A$
# keeps constants, and with $f$ of (4.4) each pair of images has at each offset, by itself,
# $$s' = \mathcal A\,f(s), \qquad t' = s' + \mathcal A\,\big(f'(s)\,t\big), \qquad t^{(1)} = s^{(1)}, \tag{16.10}$$
# for the $d$ numbers $s(i) = \mathcal K[i, i+o]$ and $t(i) = \Theta[i, i+o]$.  If $s$ doesn't depend on $i$, these are
# the FCN's (4.5): *each offset is an FCN pair of its own*, with its own covariance, and stays apart from the others
# for ever.  If $s^{(1)}(i) = q_1 + \epsilon g\,e^{iq\cdot i}$, then at every depth and in every phase
# $$\begin{pmatrix}s\\t\end{pmatrix}^{(l)}(i) = \begin{pmatrix}q_l\\p_l\end{pmatrix}
#   + \epsilon g\,\rho_q^{l-1}e^{iq\cdot i}\;\frac{\partial}{\partial q_1}\begin{pmatrix}q_l\\p_l\end{pmatrix}
#   + O(\epsilon^2), \tag{16.11}$$
# with the FCN's $q_l$ and $p_l$ as functions of $q_1$.  *Proof.*  $\mathcal A$ multiplies by $\rho_q$ what is
# proportional to $e^{iq\cdot i}$; the rest of the linearised (16.10) is the derivative of (4.5).


# %%
epsilon, q_1, f, f_prime = *symbols("epsilon q_1", real=True), phi, phi_prime  # f is as unknown
for momentum in (1, 2):
    s = t = [q_1 + epsilon * g * I ** (momentum * i) for i in range(4)]
    q_l = p_l = q_1
    for depth in (2, 3):
        weighted = averaged([f_prime(s_i) * t_i for s_i, t_i in zip(s, t, strict=True)], v.values())
        s = averaged([f(s_i) for s_i in s], v.values())
        t = s + weighted
        q_l, p_l = f(q_l), f(q_l) + f_prime(q_l) * p_l  # (4.5)
        growth = g * rho_of(pi / 2 * momentum) ** (depth - 1)
        for field, single in ((s, q_l), (t, p_l)):
            changes = Matrix([diff(field[i], epsilon).subs(epsilon, 0) for i in (0, 1)])
            proved(changes, growth * diff(single, q_1) * Matrix([1, I**momentum]))

# %% [markdown]
# *What this makes of Eq. 19.*  In order and in chaos the derivative decays as the deviation does: by (8.9), that of
# $(\delta, w)$, as $\chi_1^{l-1}(1,\ s\,l + W'(E))$; by (7.9), that of $(\delta, \eta)$, as
# $\chi_c^{l-1}(1,\ \chi_c(R\,l + V'(E)))$.  So $\delta\Theta^{(l)}(q)$ is $\rho_q^l$ times an FCN's deviation, as
# printed.  On the critical line it is smaller: by (9.6) and (9.12) with $e = q^* - q_{ab}$
# $$\frac{\partial e}{\partial C} \Big/ e \sim -\frac1{\alpha l}, \qquad
#   \frac{\partial p_{ab}}{\partial C} \Big/ (p - p_{ab}) \sim \frac1{2\alpha l}: \tag{16.12}$$
# mode $q$ is to the mean not as $\rho_q^l$ but as $\rho_q^l/l$, for $\mathcal K$ and for $\Theta$.

# %%
e_l = 1 / (alpha * L + r_log * log(L) + C)
gap_l = L * q_star - (q_star / 3 * (L + g * log(L)) + q_star * C / (3 * alpha) + y)  # g for ρ, y for B of (9.11)
proved([limit(L * sympy.simplify(diff(d, C) / d), L, oo) for d in (e_l, gap_l)], [-1 / alpha, -1 / (2 * alpha)])

# %% [markdown]
# ## 7. Beyond first order
#
# Take $\delta = s - q_{ab}^*$ in chaos, with $\chi = \chi_c$; in order $\delta = q^* - s$, $\chi = \chi_1$, and $-f_2$
# for $f_2$.  With $\delta(i) = \sum_q\delta_qe^{iq\cdot i}$, (16.10) is
# $$\delta_q' = \rho_q\Big[\chi\,\delta_q + \frac{f_2}2\sum_{q'}\delta_{q'}\delta_{q-q'} + \dots\Big]. \tag{16.13}$$
# *The mean.*  Every product fades faster than $\bar\delta = \delta_0$, so $E_o = \lim\bar\delta^{(l)}/\chi^{l-1}$
# exists, one number for each pair of images and each offset.  It is not Koenigs' coordinate of the mean, though: the
# modes leave their trace in it before they fade,
# $$E_o = \bar\delta + \sum_qa_q\,|\delta_q|^2 + O(\delta^3), \qquad
#   a_q = \frac{f_2}{2\chi\,(1 - \chi\,|\rho_q|^2)}; \tag{16.14}$$
# $a_0$ is the $a$ of (7.4).  Once the modes have faded the mean is an FCN pair: the laws of chapters 7 to 9 hold for
# each offset, *with its own $E_o$, $V_o$ (or $W_o$) or $C_o$, from the orbit (16.10) of all its positions.*

# %%
amplitudes = Matrix(symbols("d:4", real=True))  # δ(i), at four positions
waves = Matrix(4, 4, lambda momentum, i: I ** (-momentum * i)) / 4
bend = f_2 / (2 * chi * (1 - chi * rho_q))  # rho_q stands for |ρ_q|²
bends = [bend.subs(rho_q, expand(rho_of(pi / 2 * c) * rho_of(-pi / 2 * c))) for c in range(4)]
layer = Matrix(averaged([chi * x * d + f_2 / 2 * (x * d) ** 2 for d in amplitudes], v.values()))  # x counts orders
coordinates = []  # (16.14) of a layer and of what it acts on
for modes in (waves * layer, waves * x * amplitudes):
    coordinates.append(modes[0] + sum(bends[c] * expand(modes[c] * modes[-c % 4]) for c in range(4)))
orders = [diff(coordinates[0] - chi * coordinates[1], x, power).subs(x, 0) for power in (1, 2)]
proved(Matrix(orders).applyfunc(sympy.expand_complex), sympy.zeros(2, 1))

# %% [markdown]
# *The other modes.*  Mode $2q$ decays freely as $(\chi\rho_{2q})^l$, and is driven by the square of mode $q$:
# $$\delta_{2q} \approx B\,\delta_q^2, \qquad B = \frac{f_2\,\rho_{2q}}{2\chi\,(\chi\rho_q^2 - \rho_{2q})}, \qquad
#   \text{if } \chi\,\rho_q^2 > |\rho_{2q}|. \tag{16.15}$$
# Then it decays as $(\chi\rho_q)^{2l}$, and Eq. 19 is not right for it, not even to leading order.  That is the rule
# where $\chi$ is near 1: for small $q$, $\rho_q^2 \approx 1 - \operatorname{Var}_v(q\cdot\beta)$ and
# $\rho_{2q} \approx 1 - 2\operatorname{Var}_v(q\cdot\beta)$ for a symmetric filter.  Only the slowest mode is safe.

# %%
driven, rho_2q, amplitude = symbols("B rho_2q amplitude", real=True)
forced = f_2 * rho_2q / (2 * chi * (chi * rho_q**2 - rho_2q))
step = rho_2q * (chi * driven * amplitude**2 + f_2 / 2 * amplitude**2) - driven * (rho_q * chi * amplitude) ** 2
proved(sympy.solve(step, driven)[0], forced)

# %% [markdown]
# ## 8. Constant images, and zero padding
#
# If every image is constant in space, so is everything: all offsets start alike and the CNN is the FCN on the pixels'
# channels, at every depth.  With zeros around the image this fails.  A window that hangs over the edge has
# $\sum v_\beta < 1$ inside, so $\mathcal A$ does not keep constants: pixels at the edge have smaller variances, no
# common $q^*$ exists, and the $d$-fold 1 is split.  On $k$ pixels in a row with three equal taps an offset has
# $k - |o|$ positions, and there the eigenvalues are
# $$\rho_{o,j} = \frac13\Big(1 + 2\cos\frac{\pi j}{k - |o| + 1}\Big) < 1, \qquad j = 1, \dots, k - |o|. \tag{16.16}$$

# %%
rho_zero = Lambda((n, j), (1 + 2 * cos(pi * j / (n + 1))) / 3)
wave = Lambda(x, sin(pi * j * x / (n + 1)))
inside = (wave(x - 1) + wave(x) + wave(x + 1)) / 3 - rho_zero(n, j) * wave(x)
proved(sympy.simplify(expand(inside, trig=True)))  # any position x: at x = 1 and x = n the missing term is 0
proved([wave(0), wave(n + 1)], [0, 0])

# %% [markdown]
# ## 9. Results, and the package's own functions

# %%
results = {
    "rho": rho,  # (r, k, n): one dimension's factor of ρ_q, n not a multiple of k
    "rho_zero": rho_zero,  # (n, j): three equal taps, zero padding, n = k − |o| positions
    "second_order": Lambda((f_2, chi, rho_q), bend),  # a_q (f₂, χ, |ρ_q|²); in order −f₂ for f₂
    "forced": Lambda((f_2, chi, rho_q, rho_2q), forced),  # B
}

# %% [markdown]
# (a) *The recursion,* at 50 digits and in float64.  Two handwritten digits, as eight pixels (their rows) of eight
# channels, all offsets at once, against the package's CNN-F of the second one shifted: as $\mathcal A$ conserves
# means, its kernel is the mean over positions.


# %%
def orbit(mf, e, depth, taps):
    """(16.10) from s = q*(1 − e): the gaps q* − s and p − t at `depth`."""
    numbers, q = mf.numbers, mf.q_star
    K = Theta = covariance_of_pair(q, e, numbers)
    for _ in range(1, depth):
        T, Tdot = mf.activation.duals(K, numbers)
        K = covariance_of_pair(q, averaged(T.gap, taps) * (numbers.convert(mf.sigma_w2) / (2 * q)), numbers)
        Theta = Tdot.times(Theta, numbers) * numbers.convert(mf.sigma_w2)
        Theta = K + Pair(Theta.x, Theta.y, averaged(Theta.xy, taps), Theta.diff, averaged(Theta.gap, taps))
    return K.gap / 2, Theta.gap / 2


conv = nk.Conv("3", "0.18", filter_variance=("1/2", "1/3", "1/6"))
deep = nk.Network([conv, nk.erf] * 5 + [nk.Flatten(), nk.Dense("3", "0.18")])
for system, digits in ((nk.digits(50), 48), (nk.float64, 13)):  # some tens of units in the last place
    mf, first_layer = nk.mean_field(nk.erf, "3", "0.18", system), nk.fcn(2, nk.erf, "3", "0.18")
    pixels = nk.normalised(nk.optical_digits()[0][:2].reshape(16, 8), first_layer, numbers=system)
    between = nk.kernels(nk.fcn(1, nk.erf, "3", "0.18"), pixels[:8], pixels[8:], system).nngp_gap
    by_offset = np.array([[between[i, (i + o) % 8] for i in range(8)] for o in range(8)])
    taps = [system.convert(tap) for _, tap in conv.taps(1)]
    ours = orbit(mf, averaged(by_offset, taps) / (2 * mf.q_star), 6, taps)
    k = nk.kernels(deep, pixels[None, :8], np.stack([np.roll(pixels[8:], -o, 0) for o in range(8)]), system)
    for gaps, theirs in zip(ours, (k.nngp_gap[0], k.ntk_gap[0]), strict=True):
        for o in range(8):
            agree(2 * np.mean(gaps[o]), theirs[o], digits)

# %% [markdown]
# (b) *Eq. 19,* (16.11), at 50 digits in three phases, 30 layers deep on a circle of six, where $\rho_q = \frac23$ for
# the longest wave: the derivative is a difference quotient, and it and the mode are off by $h^2$.

# %%
system, h = nk.digits(50), nk.digits(50).context.mpf("1e-12")
wave = system.asarray([2, 1, -1, -2, -1, 1], "wave") / 2  # cos 2πi/6
line = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=system)
for point in (("1", "0.18"), (line.sigma_w2, line.sigma_b2), ("3", "0.18")):
    mf, e_1 = nk.mean_field(nk.erf, *point, system), system.context.mpf("0.4")
    fields = orbit(mf, e_1 + h * wave, 30, [system.context.mpf(1) / 3] * 3)
    ends = nk.kernels_of_pair(nk.fcn(30, nk.erf, *point), mf.q_star, [e_1 - h, e_1 + h], system)
    for field, gaps in zip(fields, (ends.nngp_gap, ends.ntk_gap), strict=True):
        slope = value(Lambda(x, x * rho(1, 6, 1) ** 29), (gaps[1] - gaps[0]) / (4 * h))
        agree(np.mean(2 * field * wave) / h, slope, digits=20)

# %% [markdown]
# ## Exercise
#
# What does a CNN with the taps $(\frac12, 0, \frac12)$ remember for ever?
#
# **Solution.**  On a circle of even length even and odd pixels never mix: $\rho_q = \cos q$ is $-1$ at $q = \pi$.  If
# $s$ of (16.10) is one number $s_0$ on even and another, $s_1$, on odd pixels, they trade places,
# $$(s_0, s_1)' = (f(s_1), f(s_0)), \tag{16.17}$$
# two FCN pairs at each offset.  In general $|\rho_q| = 1$ for the $q$ orthogonal to the group $H$ that the differences
# of the taps generate, and each of its $d/|H|$ cosets forgets for itself; with a $1 \times 3$ filter, every row.

# %%
halves = {v_left: Rational(1, 2), v_right: Rational(1, 2)}
proved(sympy.simplify(rho_of(theta).subs(halves).rewrite(cos)), cos(theta))
traded = averaged([f(g), f(y)] * 3, [v_beta.subs(halves) for v_beta in v.values()])
proved(list(traded), [f(y), f(g)] * 3)

# %% [markdown]
# ## Summary
#
# | | | |
# |---|---|---|
# | $\mathcal K'$, $\Theta'$ of two pixels | an FCN layer's at $[i + \beta, i' + \beta]$, averaged | (16.3), (16.5) |
# | $\rho_q$, $q$ the total momentum, $d$-fold | $\sum_\beta v_\beta e^{iq\cdot\beta}$, Dirichlet's kernel | (16.8) |
# | $\lvert\rho_q\rvert < 1$ | differences of taps generate the torus; circular padding | (16.9), (16.16) |
# | mode $q$, first order | $\rho_q^{l-1}$ times the FCN's derivative by $q_1$ | (16.11) |
# | that, to the mean | $\rho_q^l$; on the critical line $\rho_q^l/l$ | (16.12) |
# | mean at offset $o$ | an FCN pair with its own $E_o$, $V_o$, $C_o$ | (16.10), (16.14) |
