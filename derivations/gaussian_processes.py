# %% [markdown]
# # Wide networks are Gaussian processes
#
# **Setting.** One layer of Eq. 1 reads
# $$z_i(x) = \frac{\sigma_w}{\sqrt N}\sum_{j=1}^NW_{ij}\,a_j(x) + \sigma_b\,b_i, \qquad
#   W_{ij}, b_i \sim \mathcal N(0, 1) \text{ independent}, \tag{2.1}$$
# with $a_j(x) = x_j$ and $N = n_0$ in the first layer, $a_j = \phi(z_j^{(l)})$ and $N = N^{(l)}$ after it.  Equations
# (3.n), closed forms of the duals, are in chapter `arcsine_kernel`.
#
# | symbol | code | paper |
# |---|---|---|
# | $\mathcal K^{(l)}(x, x')$ | `Kernels.nngp` | Eq. 2 |
# | $\mathcal T = \mathbb E[\phi\phi']$, $\phi = \phi(u)$, $\phi' = \phi(u')$ | `activation.duals(...)` | Eq. 3 |
# | $\sigma_w^2, \sigma_b^2$; depth $L$ | `fcn(L, phi, sigma_w2, sigma_b2)` | Eq. 1 |
# | $S(x, x')$, covariance given the layer below | – | – |
#
# **Goals.** Which part of "the pre-activations are i.i.d. Gaussians with the covariance of Eq. 2" holds at any width,
# which only in the limit, and how fast the limit is reached.

# %%
import itertools
import pathlib
import runpy

import mpmath
import numpy as np
import sympy
from scipy.special import erf as erf_function
from sympy import I, KroneckerDelta, Lambda, Matrix, Rational, asin, diff, exp, factorial, integrate, log, oo, pi, sqrt
from sympy.concrete.delta import deltasummation

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

sigma_w2, q, second, fourth, y = sympy.symbols("sigma_w2 q second fourth y", positive=True)
sigma_b2 = sympy.Symbol("sigma_b2", nonnegative=True)
s, t, u, w = sympy.symbols("s t u w", real=True)
i, j, N, L = sympy.symbols("i j N L", integer=True, positive=True)

# %% [markdown]
# ## 1. Given the layer below, a layer is Gaussian
#
# Fix the numbers $a_j(x)$.  The parameters are independent, each with
# $$\mathbb E\,e^{isW} = e^{-s^2/2}, \tag{2.2}$$
# so for one unit and any inputs, with arguments $t_x$, the squares of what multiplies each parameter add up:
# $$\mathbb E\Big[e^{i\sum_xt_xz(x)}\,\Big|\,a\Big] = \exp\Big(-\frac12\sum_{x,x'}t_xt_{x'}S(x, x')\Big), \qquad
#   S(x, x') = \frac{\sigma_w^2}N\sum_{j=1}^Na_j(x)a_j(x') + \sigma_b^2. \tag{2.3}$$
# This is the characteristic function of $\mathcal N(0, S)$.  No central limit theorem is in it: the sum in (2.1) is
# Gaussian because the weights are.  Different units use different parameters, so given $a$ they are independent,
# with the same $S$.

# %%
proved(integrate(exp(I * s * w - w**2 / 2) / sqrt(2 * pi), (w, -oo, oo)), exp(-(s**2) / 2))

a, t_x = Matrix(2, 3, sympy.symbols("a:6", real=True)), Matrix(sympy.symbols("t:2", real=True))  # two inputs, N = 3
S_given = sigma_w2 / 3 * a * a.T + sigma_b2 * Matrix.ones(2)
multipliers = [*(sqrt(sigma_w2 / 3) * a.T * t_x), sqrt(sigma_b2) * sum(t_x)]  # of W_1 … W_N and of b
proved(sum(multiplier**2 for multiplier in multipliers), (t_x.T * S_given * t_x)[0])

# %% [markdown]
# ## 2. The first layer
#
# There $a_j(x) = x_j$ is not random.  So the first layer is Gaussian at any width, its units are independent, and
# $$\mathcal K^{(1)}(x, x') = \frac{\sigma_w^2}{n_0}\,x\cdot x' + \sigma_b^2. \tag{2.4}$$
# (Eq. 1 at $l = 0$, read to the letter, would apply $\phi$ to the inputs; they are meant to enter as they are.)

# %%
inputs = Matrix([[1, 2, -1], [3, -1, 1]])
first = nk.kernels(nk.fcn(1, nk.erf, sigma_w2, sigma_b2), inputs.tolist(), numbers=nk.symbols())
proved(Matrix(first.nngp), S_given.subs(dict(zip(a, inputs, strict=True))))

# %% [markdown]
# ## 3. Equation 2, and the fluctuations about it
#
# In the next layer $S$ is random: it averages $N$ independent copies of $\phi\phi'$, $(u, u') \sim \mathcal N(0, K)$
# where $K = \mathcal K^{(1)}$.  By (2.3) $\mathbb E[zz'] = \mathbb E[S]$, hence with $\mathcal T$ of Eq. 3
# $$\mathbb E[z(x)z(x')] = \sigma_w^2\mathcal T(K)(x, x') + \sigma_b^2, \tag{2.5}$$
# $$\operatorname{Cov}\big(S(x, x'), S(y, y')\big) = \frac{\sigma_w^4}N
#   \operatorname{Cov}\big(\phi(u_x)\phi(u_{x'}),\ \phi(u_y)\phi(u_{y'})\big). \tag{2.6}$$
# So Eq. 2 is exact for one hidden layer of any width; and by Chebyshev's inequality $S$ tends to it in probability,
# with a variance $O(1/N)$, if $\mathbb E\phi^4 < \infty$.  (In the double sum of (2.6)
# only $N$ terms, those of one unit with itself, do not factorise.)

# %%
T = sympy.Symbol("T", real=True)
kernel_step = sympy.expand(sigma_w2 / N * sympy.summation(T, (j, 1, N)) + sigma_b2)
proved(kernel_step, sigma_w2 * T + sigma_b2)

mean_1, mean_2, mean_12 = sympy.symbols("mean_1 mean_2 mean_12", real=True)  # of two products φφ', of both together
double_sum = mean_1 * mean_2 + (mean_12 - mean_1 * mean_2) * KroneckerDelta(i, j)
for index in (i, j):
    double_sum = deltasummation(double_sum, (index, 1, N), no_piecewise=True)
covariance_of_S = (sigma_w2 / N) ** 2 * double_sum - sigma_w2**2 * mean_1 * mean_2
proved(covariance_of_S, sigma_w2**2 / N * (mean_12 - mean_1 * mean_2))
variance_of_S = covariance_of_S.subs({mean_1: second, mean_2: second, mean_12: fourth})  # E φ² and E φ⁴

# %% [markdown]
# ## 4. Fourth cumulants: dependent though uncorrelated
#
# Four derivatives of (2.3) at $t = 0$ give the fourth moments, given $S$, of any four of the $z$, equal or not:
# $$\mathbb E[z_1z_2z_3z_4 \mid S] = S_{12}S_{34} + S_{13}S_{24} + S_{14}S_{23}, \tag{2.7}$$
# where $S_{ab} = 0$ between different units.  Odd moments vanish.  Average over $S = \bar S + \delta$ and subtract the
# three products of second moments; the joint fourth cumulant remains:
# $$\kappa(z_1, z_2, z_3, z_4) = \operatorname{Cov}(S_{12}, S_{34}) + \operatorname{Cov}(S_{13}, S_{24})
#   + \operatorname{Cov}(S_{14}, S_{23}). \tag{2.8}$$
# * One unit, one input: $\mathbb Ez^4 - 3(\mathbb Ez^2)^2 = 3\operatorname{Var}S$.
# * One unit, inputs $x, x, x', x'$: $\operatorname{Cov}(S_{xx}, S_{x'x'}) + 2\operatorname{Var}S_{xx'}$.
# * Two units $i \ne k$, input $x$: $\operatorname{Cov}(z_i^2, z_k^2) = \operatorname{Var}S$.  They are uncorrelated at
#   any width, $\mathbb E[z_iz_k] = 0$, but they share $S$; only as $N \to \infty$ do they become independent.

# %%
four = Matrix(sympy.symbols("t1:5", real=True))
S, mean, delta = (
    Matrix(4, 4, lambda m, n, kind=kind: sympy.Symbol(f"{kind}{min(m, n) + 1}{max(m, n) + 1}", real=True))
    for kind in ("S", "mean", "delta")
)
moment = diff(exp(-(four.T * S * four)[0] / 2), *four).subs(dict.fromkeys(four, 0))
proved(moment, S[0, 1] * S[2, 3] + S[0, 2] * S[1, 3] + S[0, 3] * S[1, 2])
about_mean = sympy.expand(moment.subs(dict(zip(S, mean + s * delta, strict=True))))
proved(about_mean.coeff(s, 0), moment.subs(dict(zip(S, mean, strict=True))))  # what is subtracted
cumulant = about_mean.coeff(s, 2)  # order 1 averages to 0; δ_ab δ_cd stands for Cov(S_ab, S_cd)

xx, xy, yy = sympy.symbols("xx xy yy", real=True)  # δ of S(x, x), S(x, x'), S(x', x')
for off_diagonal, result in (  # δ_12, δ_13, δ_14, δ_23, δ_24, δ_34
    ([xx] * 6, 3 * xx**2),
    ([xx, xy, xy, xy, xy, yy], xx * yy + 2 * xy**2),
    ([xx, 0, 0, 0, 0, xx], xx**2),
):
    pairs = itertools.combinations(range(4), 2)
    proved(cumulant.subs({delta[pair]: entry for pair, entry in zip(pairs, off_diagonal, strict=True)}), result)

# %% [markdown]
# ## 5. The excess kurtosis, and all orders
#
# With (2.6) the relative fourth cumulant of one unit at one input is, exactly,
# $$\frac{\mathbb Ez^4}{(\mathbb Ez^2)^2} - 3 = \frac{3\operatorname{Var}S}{(\mathbb ES)^2}
#   = \frac3N\,\frac{\sigma_w^4\,(\mathbb E\phi^4 - (\mathbb E\phi^2)^2)}{(\sigma_w^2\,\mathbb E\phi^2 + \sigma_b^2)^2}.
#   \tag{2.9}$$
# It is never negative: a finite network has heavier tails than its limit.  Higher orders fall faster.  The function
# $\log\mathbb Ee^{tz} = \log\mathbb Ee^{St^2/2}$ generates the cumulants $\kappa_n$ of $z$ and of $S$; those of the $N$
# terms of $S$ add up, and so
# $$\kappa_{2k}(z) = (2k-1)!!\;\kappa_k(S), \qquad
#   \kappa_k(S) = \sigma_w^{2k}\,\kappa_k(\phi^2)\,N^{1-k} \quad (k \ge 2). \tag{2.10}$$

# %%
excess = 3 * variance_of_S / kernel_step.subs(T, second) ** 2
proved(excess, 3 / N * sigma_w2**2 * (fourth - second**2) / (sigma_w2 * second + sigma_b2) ** 2)

cumulants = sympy.symbols("kappa1:6", positive=True)
generating = Lambda(s, sum(kappa * s**k / factorial(k) for k, kappa in enumerate(cumulants, start=1)))
of_S = Lambda(s, N * generating(sigma_w2 * s / N) + sigma_b2 * s)  # if κ_k are those of φ²
for k, kappa in enumerate(cumulants, start=1):
    proved(diff(generating(t**2 / 2), t, 2 * k).subs(t, 0), sympy.factorial2(2 * k - 1) * kappa)
    proved(diff(of_S(s), s, k).subs(s, 0), sigma_w2**k * kappa * N ** (1 - k) + (sigma_b2 if k == 1 else 0))

# %% [markdown]
# ## 6. The moments of ReLU and erf
#
# ReLU halves the even moments of a Gaussian of variance $q$; and so at $\sigma_b^2 = 0$
# $$\mathbb E\phi^2 = \frac q2, \quad \mathbb E\phi^4 = \frac{3q^2}2, \qquad
#   \frac{\mathbb Ez^4}{(\mathbb Ez^2)^2} - 3 = \frac{15}N. \tag{2.11}$$
# A second route is the law of $z$ itself.  $\mathbb Ee^{-s\phi^2} = \frac12 + \frac12(1 + 2qs)^{-1/2}$, and so by (2.3)
# $$\mathbb Ee^{itz} = \Big[\tfrac12 + \tfrac12\big(1 + \sigma_w^2q\,t^2/N\big)^{-1/2}\Big]^N
#   \longrightarrow e^{-\sigma_w^2q\,t^2/4}, \tag{2.12}$$
# whose logarithm has the fourth cumulant in its term $\kappa_4t^4/4!$.

# %%
density = exp(-(u**2) / (2 * q)) / sqrt(2 * pi * q)
relu_second, relu_fourth = (integrate(u**n * density, (u, 0, oo)) for n in (2, 4))
proved([relu_second, relu_fourth], [q / 2, 3 * q**2 / 2])
relu_excess = excess.subs({sigma_b2: 0, second: relu_second, fourth: relu_fourth})
proved(relu_excess, 15 / N)

positive_half = integrate(exp(-y * u**2) * density, (u, 0, oo))
proved(positive_half, 1 / (2 * sqrt(1 + 2 * q * y)))
bracket = Rational(1, 2) + positive_half.subs(y, sigma_w2 * t**2 / (2 * N))
log_characteristic = sympy.expand(sympy.series(N * log(bracket), t, 0, 6).removeO())
kappa_2, kappa_4 = -2 * log_characteristic.coeff(t, 2), 24 * log_characteristic.coeff(t, 4)
proved([kappa_2, kappa_4 / kappa_2**2], [sigma_w2 * q / 2, relu_excess])
proved(sympy.limit(log_characteristic, N, oo), -sigma_w2 * q * t**2 / 4)

# %% [markdown]
# For erf $\mathbb E\phi^2 = \frac2\pi\arcsin\frac{2q}{1+2q}$ by (3.8), and $\mathbb E\phi^4$ is a numerical integral.
# One value is known: at $q = \frac12$ the density of $u$ is $\frac12\operatorname{erf}'$, so $\operatorname{erf}(u)$ is
# uniform on $[-1, 1]$; for $\sigma_b^2 = 0$
# $$\mathbb E\phi^2 = \tfrac13, \quad \mathbb E\phi^4 = \tfrac15, \qquad
#   \frac{\mathbb Ez^4}{(\mathbb Ez^2)^2} - 3 = \frac{12}{5N}. \tag{2.13}$$

# %%
erf_second = Lambda(q, 2 / pi * asin(2 * q / (1 + 2 * q)))
proved(density.subs(q, Rational(1, 2)), diff(sympy.erf(u), u) / 2)
uniform = [integrate(w**n / 2, (w, -1, 1)) for n in (2, 4)]
proved(uniform, [erf_second(Rational(1, 2)), Rational(1, 5)])
proved(excess.subs({sigma_b2: 0, second: uniform[0], fourth: uniform[1]}), Rational(12, 5) / N)

context = mpmath.MPContext()
context.dps = 30


def erf_moment(power, variance):
    """E[erf(u)^power], u ~ N(0, variance): beyond 13 deviations 1e-38 of the mass lies."""
    scale = context.sqrt(context.mpf(variance))
    half = context.quad(lambda z: context.erf(scale * z) ** power * context.exp(-z * z / 2), [0, 2, 4, 7, 13])
    return 2 * half / context.sqrt(2 * context.pi)


for variance in ("0.2", "0.5", "3"):
    agree(erf_moment(2, variance), value(erf_second, variance), digits=25)  # Gauss–Legendre on four smooth pieces
agree(erf_moment(4, "0.5"), uniform[1], digits=25)

# %% [markdown]
# ## 7. The limit: independent Gaussians, at the rate $1/N$
#
# Take any finite number of units and inputs, and arguments $t$.  Given $S$ the units are independent, so their joint
# characteristic function is $\mathbb Ee^{-Q/2}$ with $Q = \sum_i\sum_{x,x'}t_{ix}t_{ix'}S(x, x') \ge 0$, linear in $S$.
# The tangent of $e^{-x}$ lies below it, by at most the parabola that bends as $e^0$ does; averaged, this says
# $$0 \le e^{-x} - e^{-y} + (x - y)e^{-y} \le \tfrac12(x - y)^2 \ (x, y \ge 0) \quad\Longrightarrow\quad
#   0 \le \mathbb Ee^{-Q/2} - e^{-\mathbb EQ/2} \le \tfrac18\operatorname{Var}Q. \tag{2.14}$$
# By (2.6) $\operatorname{Var}Q = O(1/N)$.  And $e^{-\mathbb EQ/2}$ is a product over units of Gaussian characteristic
# functions with $\mathcal K$ of (2.5): in the limit the units are i.i.d. Gaussian processes.  The rate is real: to
# second order in $Q - \mathbb EQ$ the difference is $\frac18e^{-\mathbb EQ/2}\operatorname{Var}Q$, as (2.12) confirms.

# %%
x = sympy.Symbol("x", nonnegative=True)
above_tangent = exp(-x) - exp(-y) + (x - y) * exp(-y)
for nonnegative in (above_tangent, (x - y) ** 2 / 2 - above_tangent):  # convex, and with its minimum 0 at x = y
    proved([nonnegative.subs(x, y), diff(nonnegative, x).subs(x, y)], [0, 0])
    bend = diff(nonnegative, x, 2).subs(x, log(1 + w)).subs(w, sympy.Symbol("w", nonnegative=True))
    holds(sympy.factor(bend).is_nonnegative, "convex")

log_exact = sympy.series(log(bracket.subs(N, 1 / y)) / y, y, 0, 2).removeO()  # y = 1/N
mean_of_Q, variance_of_Q = t**2 * kappa_2, t**4 * kappa_4 / 3  # Q = t² S, and (2.10)
proved([log_exact.coeff(y, 0), log_exact.coeff(y, 1)], [-mean_of_Q / 2, N * variance_of_Q / 8])

# %% [markdown]
# ## 8. From layer to layer
#
# For more hidden layers let $S^{(l)}$ be the random covariance of layer $l$ at a finite set of inputs, with
# $S^{(1)} = \mathcal K^{(1)}$.  By (2.3) the units of layer $l$ are, given $S^{(l)}$, independent Gaussians of that
# covariance.  So Section 3 applies with $K = S^{(l)}$, and $S^{(1)}, S^{(2)}, \dots$ is a Markov chain with
# $$\mathbb E[S^{(l+1)} \mid S^{(l)}] = \sigma_w^2\mathcal T(S^{(l)}) + \sigma_b^2, \qquad
#   \operatorname{Var}[S^{(l+1)} \mid S^{(l)}] = \frac{\sigma_w^4}{N^{(l)}}\operatorname{Var}[\phi\phi' \mid S^{(l)}].
#   \tag{2.15}$$
# *Induction.*  Suppose $S^{(l)} \to \mathcal K^{(l)}$ in probability; at $l = 1$ they are equal.  For continuous $\phi$
# of polynomial growth $\mathcal T$ and $\operatorname{Var}\phi\phi'$ are continuous in the covariance.  So the mean in
# (2.15) tends to $\sigma_w^2\mathcal T(\mathcal K^{(l)}) + \sigma_b^2$, the variance to 0, and by Chebyshev again
# $S^{(l+1)} \to \mathcal K^{(l+1)}$ of Eq. 2.  Then $\mathbb Ee^{-Q/2}$ of Section 7 converges, because
# $0 \le e^{-Q/2} \le 1$, and the units of every layer become i.i.d. Gaussian.
#
# The paper lets $N^{(1)}, N^{(2)}, \dots$ go to infinity one after another.  The argument exchanges no limits and does
# not need that order: at a fixed depth all widths may grow together.  (If the depth grows too, see the exercise.)
#
# *At finite width* Eq. 2, with $\mathcal K$ read as $\mathbb E[zz']$, fails from the third layer on.  For one input let
# $V(q) = \sigma_w^2\mathcal T(q, q) + \sigma_b^2$.  By (2.15) $\mathbb E[S^{(3)}] = \mathbb E[V(S^{(2)})]$, and as the
# $V$ of erf is strictly concave (chapter `fixed_points`, (6.1)), Jensen's inequality says
# $$\mathbb E[S^{(3)}] < V(\mathbb E[S^{(2)}]) = V(V(\mathcal K^{(1)})). \tag{2.16}$$
# For ReLU $V$ is linear, and Eq. 2 stays exact on the diagonal.

# %%
holds(sympy.factor(diff(erf_second(q), q, 2)).is_negative, "erf's variance map is concave")

# %% [markdown]
# ## 9. Random networks
#
# Networks drawn from Eq. 1: erf, one hidden layer of 2 or 6 units, three features, two inputs, a fixed seed.  The
# covariance must be that of Eq. 2 at both widths, and the fourth moments those of (2.8).  A mean over the networks may
# miss by 4 of its standard errors: by chance once in 16 000.  For the test to have power the cumulants must be more
# than 5 standard errors away from a Gaussian's 0.  So must be the bias (2.16), by the chain (2.15) of two hidden layers
# of 8 units.


# %%
def standard_error(samples):
    return np.std(samples) / len(samples) ** 0.5


def within(samples, expected):
    miss = abs(np.mean(samples) - float(expected)) / standard_error(samples)
    holds(bool(miss < 4), f"{np.mean(samples)} is {expected}, to {miss} standard errors")


def draw(width, networks, x, sigma_w2, sigma_b2):
    """Eq. 1 twice: outputs (networks, 2 units, points) for inputs (points, features)."""
    a = np.broadcast_to(x.T, (networks, *x.T.shape))
    for units in (width, 2):
        W, b = rng.standard_normal((networks, units, a.shape[1])), rng.standard_normal((networks, units, 1))
        z = (sigma_w2 / a.shape[1]) ** 0.5 * W @ a + sigma_b2**0.5 * b
        a = erf_function(z)
    return z


rng, x_two = np.random.default_rng(0), np.array([[1.0, 0.5, 1.0], [0.5, -1.0, 1.5]])
(_, below), (_, above) = nk.kernels_by_depth(nk.fcn(2, nk.erf, 1.5, 0.05), x_two)
(k_xx, k_xy), (_, k_yy) = above.nngp
variance_of_square = erf_moment(4, below.nngp[0, 0]) - erf_moment(2, below.nngp[0, 0]) ** 2
for width in (2, 6):
    z = draw(width, 100_000, x_two, 1.5, 0.05)
    z_ix, z_iy, z_kx = z[:, 0, 0], z[:, 0, 1], z[:, 1, 0]
    for samples, expected in ((z_ix**2, k_xx), (z_ix * z_iy, k_xy), (z_iy**2, k_yy), (z_ix * z_kx, 0)):
        within(samples, expected)
    variance_number = 1.5**2 / width * variance_of_square  # Var S, (2.6)
    for samples, count in ((z_ix**4, 3), (z_ix**2 * z_kx**2, 1)):
        within(samples, count * (k_xx**2 + variance_number))
        holds(bool(count * variance_number > 5 * standard_error(samples)), "a Gaussian is excluded")


def chain(phi, q_first, width, hidden_layers, sigma_w2, sigma_b2, networks=200_000):
    """Samples of S(x, x) after `hidden_layers` of `width` units: given S, the units are √S times normal numbers."""
    S = np.full(networks, q_first)
    for _ in range(hidden_layers):
        units = np.sqrt(S)[:, None] * rng.standard_normal((networks, width))
        S = sigma_w2 * np.mean(phi(units) ** 2, axis=1) + sigma_b2
    return S


third_layer = 1.5 * float(erf_second(k_xx)) + 0.05  # V of (2.16)
shortfall = third_layer - chain(erf_function, below.nngp[0, 0], 8, 2, 1.5, 0.05)
holds(bool(np.mean(shortfall) > 5 * standard_error(shortfall)), "Eq. 2 is excluded")

# %% [markdown]
# ## 10. Results, and the package's own functions

# %%
deep_excess = 3 * ((1 + 5 / N) ** (L - 1) - 1)  # the exercise's
results = {
    "kernel_step": Lambda((sigma_w2, sigma_b2, T), kernel_step),  # Eq. 2
    "excess_kurtosis": Lambda((sigma_w2, sigma_b2, second, fourth, N), excess),  # second = E φ², fourth = E φ⁴
    "relu_excess_kurtosis": Lambda((N,), relu_excess),  # one hidden layer, σ_b² = 0
    "relu_deep_excess_kurtosis": Lambda((N, L), deep_excess),  # L weight layers, σ_b² = 0
}

# %% [markdown]
# (a) *On symbols.*  Each layer of the package is one step of Eq. 2; its second layer is (2.5) with the dual of
# (3.8), compared through its sine because the package writes an arctangent.  (b) *At 50 digits* and (c) *in float64*:
# Eq. 2 is iterated from the inner products of two images.

# %%
numbers, c = nk.symbols(), 1 / (1 + y)  # an acute angle, which decides the package's branches
for activation in (nk.erf, nk.relu):
    layers = [k for _, k in pairs_by_depth(nk.fcn(3, activation, sigma_w2, sigma_b2), q, 1 - c, numbers)]
    for previous, current in itertools.pairwise(layers):
        duals, _ = activation.duals(previous.K, numbers)
        proved(current.nngp, results["kernel_step"](sigma_w2, sigma_b2, duals.xy))
    if activation is nk.erf:
        T_layer = (layers[1].nngp - sigma_b2) / sigma_w2
        proved(sympy.sin(pi / 2 * T_layer), 2 * c * q / (1 + 2 * q))

images = nk.optical_digits()[0][:2].reshape(2, 64) / 16  # exact in binary
gram = Matrix(images.tolist()).applyfunc(Rational)
gram = gram * gram.T / 64
q1, q2, q12 = sympy.symbols("q1 q2 q12", positive=True)
T_erf = Lambda((q1, q2, q12), 2 / pi * asin(2 * q12 / sqrt((1 + 2 * q1) * (1 + 2 * q2))))  # (3.8)
for system, digits in ((nk.digits(50), 49), (nk.float64, 14)):  # (20 + 4 l) units are 4e-15 at l = 5
    T_before = gram  # (2.4): the first layer's "dual"
    for _, k in nk.kernels_by_depth(nk.fcn(5, nk.erf, "1.5", "0.18"), images, numbers=system):
        K = T_before.applyfunc(lambda dual: value(results["kernel_step"], "1.5", "0.18", dual))
        for m, n in itertools.product(range(2), repeat=2):
            agree(k.nngp[m, n], K[m, n], digits)
        T_before = Matrix(2, 2, lambda m, n, K=K: value(T_erf, K[m, m], K[n, n], K[m, n]))

# %% [markdown]
# ## Exercise
#
# The paper sends the widths to infinity first and the depth afterwards.  Show for ReLU with $\sigma_b^2 = 0$ and $N$
# units in each of the $L - 1$ hidden layers that the excess kurtosis of an output is exactly
# $$3\Big[\Big(1 + \frac5N\Big)^{L-1} - 1\Big], \tag{2.17}$$
# and that the two limits do not commute.
#
# **Solution.**  Units of layer $l$ are $\sqrt{S^{(l)}}\,g_j$, $g_j \sim \mathcal N(0, 1)$.  ReLU is homogeneous, so
# $S^{(l+1)} = S^{(l)}R$ with $R = \frac{\sigma_w^2}N\sum_j\phi(g_j)^2$ independent of $S^{(l)}$.  Each layer multiplies
# $\mathbb ES^2/(\mathbb ES)^2$ by $\mathbb ER^2/(\mathbb ER)^2 = 1 + 5/N$ (2.11), and (2.9) gives (2.17).  At a fixed
# depth it tends to 0 as $N \to \infty$, with $L = rN$ to $3(e^{5r} - 1)$, and at a fixed width it diverges with depth.
# The limit of the paper is meant for $L \ll N/5$.

# %%
proved(deep_excess.subs(L, 2), relu_excess)
proved(1 + deep_excess.subs(L, L + 1) / 3, (1 + deep_excess / 3) * (1 + relu_excess / 3))
r, real_N = sympy.symbols("r real_N", positive=True)
proved(sympy.limit(deep_excess.subs({N: real_N, L: 4}), real_N, oo), 0)
proved(sympy.limit(deep_excess.subs({N: real_N, L: r * real_N}), real_N, oo), 3 * (exp(5 * r) - 1))
samples = chain(lambda z: np.maximum(z, 0), 1.0, 16, 3, 2, 0)
ratio = 1 + value(results["relu_deep_excess_kurtosis"], 16, 4) / 3
within(samples**2, ratio)
holds(bool(ratio - (1 + 3 * 5 / 16) > 5 * standard_error(samples**2)), "the layers multiply, they do not add")

# %% [markdown]
# ## Summary
#
# | statement | valid |
# |---|---|
# | first layer i.i.d. Gaussian (2.4); every layer Gaussian and independent given the one below (2.3) | at any width |
# | Eq. 2 (2.5) | second layer: at any width; deeper: $N \to \infty$, not at finite width (2.16) |
# | fourth cumulants: covariances of $S$ (2.8); excess kurtosis $3\operatorname{Var}S/(\mathbb ES)^2$ | at any width |
# | that in moments of $\phi$ (2.9), ReLU $15/N$ (2.11), order $2k$ falls as $N^{1-k}$ (2.10) | one hidden layer |
# | units i.i.d. Gaussian processes (2.14) | $N \to \infty$ at fixed depth, in any order of the widths |
# | ReLU at depth $L$: $3[(1 + 5/N)^{L-1} - 1]$ (2.17) | exact; depth before width diverges |
