# %% [markdown]
# # The Hermite expansion of a dual, and Mehler's formula
#
# **Setting.** $\mathcal T = \mathbb E[\phi(u)\phi(v)]$ (Eq. 3 of the paper), $u = \sqrt{q_1}\,x$, $v = \sqrt{q_2}\,y$,
# where $x$, $y$ are standard normal with correlation $c$.  In Hermite polynomials the variances and the cosine come
# apart: one list of numbers for each input, one power series for each pair.  Chapters `arcsine_kernel`,
# `fixed_points` and `gauss_hermite` are cited as (3.n), (6.n) and (11.n).
#
# | symbol | code | paper |
# |---|---|---|
# | $c = q_{12}/\sqrt{q_1q_2}$ | `Covariance` | – |
# | $\mathrm{He}_n$; $h_n = \mathrm{He}_n/\sqrt{n!}$ | `He(n, x)`; `nk.hermite(n)` | – |
# | $a_n(q) = \mathbb E[\phi(\sqrt q\,x)\,h_n(x)]$ | `expansion.coefficients(...)` | – |
# | $b_n(q)$, the same of $\phi'$ | | – |
# | $\mathcal T$, $\dot{\mathcal T}$ | `activation.duals(...)` | Eq. 3; below Eq. 4 |
#
# **Goals.** $\mathcal T = \sum a_n(q_1)a_n(q_2)c^n$, and Mehler's formula; what its signs say about the map of the
# cosine; what a cut series leaves out; the gap without a subtraction; $da_n/dq$; examples; how fast the $a_n$ fall.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from sympy import I, Lambda, Matrix, Rational, diff, exp, factorial, factorial2, integrate, oo, pi, sin, sqrt, symbols

import ntkref as nk
from ntkref.expansion import coefficients
from ntkref.inputs import covariance_of_pair

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, q1, q2 = symbols("q q1 q2", positive=True)
s, t, x, y, z, c, root = symbols("s t x y z c root", real=True)
k, n = symbols("k n", integer=True, nonnegative=True)
gamma, He = Lambda(x, exp(-(x**2) / 2) / sqrt(2 * pi)), sympy.hermite_prob


def mean(polynomial, *variables):
    """E of a polynomial in independent standard normal variables: E[x^2j] = (2j - 1)!!."""
    terms = sympy.Poly(polynomial, *variables).terms()
    moment = [factorial2(power - 1) if power % 2 == 0 else 0 for power in range(20)]
    return sum(coefficient * sympy.prod(moment[power] for power in powers) for powers, coefficient in terms)


# %% [markdown]
# ## 1. The generating function
#
# $$G(t, x) = e^{tx - t^2/2} = \sum_{n\ge0}\frac{t^n}{n!}\,\mathrm{He}_n(x). \tag{12.1}$$
# $\partial_xG = tG$ and $\partial_tG = (x - t)G$, by powers of $t$, are the recurrences (11.1).  Let $x$, $y$ have
# correlation $c$.  $sx + ty$ is Gaussian of variance $s^2 + 2cst + t^2$, and so
# $$\mathbb E[G(s, x)\,G(t, y)] = e^{cst}, \qquad \mathbb E[h_m(x)\,h_n(y)] = \delta_{mn}\,c^n: \tag{12.2}$$
# powers of $s$ and $t$ come in pairs.  At $c = 1$ the $h_n$ are orthonormal.

# %%
G = Lambda((t, x), exp(t * x - t**2 / 2))
proved([diff(G(t, x), x), diff(G(t, x), t)], [t * G(t, x), (x - t) * G(t, x)])
expanded = sympy.series(G(t, x), t, 0, 7).removeO()
for order in range(7):
    proved(expanded.coeff(t, order) * factorial(order), He(order, x))
variance = Matrix([s, t]).dot(Matrix([[1, c], [c, 1]]) * Matrix([s, t]))
proved(exp(variance / 2) * exp(-(s**2) / 2 - t**2 / 2), exp(c * s * t))  # E[e^w] = e^(Var w/2)
second = c * x + root * z  # y, with z independent of x; root = √(1 − c²)
for m, order in ((2, 2), (3, 3), (1, 3), (2, 4)):
    product = mean(He(m, x) * He(order, second), x, z).subs(root, sqrt(1 - c**2))
    proved(product, factorial(m) * c**m if m == order else 0)

# %% [markdown]
# ## 2. Mehler's formula
#
# $$\sum_{n\ge0}c^n\,h_n(x)\,h_n(y) =
#   \frac1{\sqrt{1 - c^2}}\exp\frac{2cxy - c^2(x^2 + y^2)}{2(1 - c^2)}, \qquad |c| < 1. \tag{12.3}$$
# $\mathrm{He}_n(x) = \mathbb E[(x + iX)^n]$ with $X$ standard normal: $\mathbb E[e^{t(x + iX)}] = G(t, x)$.  Hence the
# left-hand side is $\mathbb E[\sum_n(c(x + iX))^n\mathrm{He}_n(y)/n!] = \mathbb E[G(c(x + iX), y)]$, a Gaussian
# integral; it converges because $c^2 < 1$.  The right-hand side is the density of $(x, y)$ over
# $\gamma(x)\gamma(y)$: (3.1) with unit variances.

# %%
proved(integrate(exp(I * t * x) * gamma(x), (x, -oo, oo)), exp(-(t**2) / 2))
exponent = sympy.expand((c * (x + I * z)) * y - (c * (x + I * z)) ** 2 / 2 - z**2 / 2)
square, linear, constant = (exponent.coeff(z, power) for power in (2, 1, 0))  # ∫ dz/√2π: e^(… − …²/4…)/√(−2…)
proved(-2 * square, 1 - c**2)
mehler = (2 * c * x * y - c**2 * (x**2 + y**2)) / (2 * (1 - c**2))
proved(constant - linear**2 / (4 * square), mehler)
proved(-(x**2 - 2 * c * x * y + y**2) / (2 * (1 - c**2)) + (x**2 + y**2) / 2, mehler)

# %% [markdown]
# ## 3. The expansion
#
# The $h_n$ are complete in $L^2(\gamma)$, so a $\phi$ with $\mathbb E[\phi(\sqrt q\,x)^2] < \infty$ has the series
# $\phi(\sqrt q\,x) = \sum a_n(q)h_n(x)$, and by (12.2)
# $$\mathcal T = \sum_{n\ge0}a_n(q_1)\,a_n(q_2)\,c^n, \quad
#   a_n(q) = \mathbb E[\phi(\sqrt qx)h_n(x)] = \frac{q^{n/2}}{\sqrt{n!}}\mathbb E[\phi^{(n)}(\sqrt q\,x)]. \tag{12.4}$$
# The last is (11.2), for smooth $\phi$.  It converges absolutely for $|c| \le 1$, by Schwarz.  By parts
# $\sqrt q\,\mathbb E[\phi'\,\mathrm{He}_n] = \mathbb E[\phi\,\mathrm{He}_{n+1}]$, so those of $\phi'$ are known,
# $$b_n(q) = \sqrt{\frac{n + 1}q}\,a_{n+1}(q), \qquad \dot{\mathcal T} = \sum_nb_n(q_1)\,b_n(q_2)\,c^n. \tag{12.5}$$
# This is $\partial\mathcal T/\partial q_{12}$, term by term: Price's theorem (3.4).  Checked on a general cubic.

# %%
cubic = Lambda(x, sum(p * x**power for power, p in enumerate(symbols("p_:4"))))


def expansion(phi, at, count=4):
    return [mean(phi(sqrt(at) * x) * He(order, x), x) / sqrt(factorial(order)) for order in range(count)]


def series_of(first, second):
    return sum(one * two * c**order for order, (one, two) in enumerate(zip(first, second, strict=True)))


slope_of = Lambda(x, diff(cubic(x), x))
for phi in (cubic, slope_of):
    T = mean(phi(sqrt(q1) * x) * phi(sqrt(q2) * second), x, z).subs(root, sqrt(1 - c**2))
    proved(series_of(expansion(phi, q1), expansion(phi, q2)), T)
a_of, b_of = expansion(cubic, q), expansion(slope_of, q)
proved(b_of[:3], [sqrt((order + 1) / q) * a_of[order + 1] for order in range(3)])
derivatives = [mean(diff(cubic(x), x, order).subs(x, sqrt(q) * x), x) for order in range(4)]
proved(a_of, [q ** Rational(order, 2) * d / sqrt(factorial(order)) for order, d in enumerate(derivatives)])
term = sqrt((n + 1) / q1) * sqrt((n + 1) / q2) * c**n  # of Ṫ, without a_(n+1) a_(n+1); dc/dq12 = 1/√(q1 q2)
proved(term, (n + 1) * c**n / sqrt(q1 * q2))

# %% [markdown]
# ## 4. Signs
#
# At equal variances the coefficients are squares:
# $$\frac{\partial^k\mathcal T}{\partial c^k} = \sum_{n\ge k}\frac{n!}{(n-k)!}a_n^2c^{n-k} \ge 0 \quad (0 \le c < 1),
#   \qquad |\mathcal T(-c) - a_0^2| \le \mathcal T(c) - a_0^2: \tag{12.6}$$
# $\mathcal T$ is *absolutely monotone* in $c$, whatever $\phi$ is.  (Its Gram matrix is positive semi-definite, since
# by Schur's theorem those of $c^n$ are.)  With the variances at a fixed point $q^*$ the cosine has the map
# $M(c) = (\sigma_w^2\mathcal T + \sigma_b^2)/q^*$ (6.4), $M(1) = 1$.  It is convex on $[0, 1]$, strictly unless $\phi$
# is affine.  Section 4 of chapter `fixed_points` used no more of (6.5): **at a stable $q^*$ of any activation
# $\chi_1$ decides between order and chaos.**  And a negative cosine rises: $M(c) - M(0)$ lies below its chord, and
# with (12.6)
# $$M(-c) \ge M(0) - c\,(1 - M(0)) = -c + (1 + c)\,M(0) \ge -c. \tag{12.7}$$

# %%
M0, cosine = symbols("M_0 c", nonnegative=True)
A = symbols("A_:7", nonnegative=True)  # a_n²
power_series = sum(coefficient * cosine**order for order, coefficient in enumerate(A))
for order in range(7):
    holds(diff(power_series, cosine, order).expand().is_nonnegative, "a derivative of T")
holds(sympy.expand(power_series - A[0] + (power_series.subs(cosine, -cosine) - A[0])).is_nonnegative, "the lower bound")
holds(sympy.expand(power_series - power_series.subs(cosine, -cosine)).is_nonnegative, "the upper bound")
proved(M0 - cosine * (1 - M0), -cosine + (1 + cosine) * M0)

# %% [markdown]
# ## 5. What a cut series leaves out
#
# (12.4) at $c = 1$ is Parseval's equation.  It knows the size of all that has not been computed:
# $$r_N(q) := \sum_{n\ge N}a_n(q)^2 = \mathbb E[\phi(\sqrt q\,x)^2] - \sum_{n<N}a_n(q)^2, \tag{12.8}$$
# $$\Big|\mathcal T - \sum_{n<N}a_n(q_1)a_n(q_2)c^n\Big| \le |c|^N\sqrt{r_N(q_1)\,r_N(q_2)}, \tag{12.9}$$
# by Schwarz.  The subtraction in (12.8) cannot see an $r_N$ below the rounding of $\mathbb E[\phi^2]$.
#
# ## 6. The gap, with nothing subtracted
#
# Near $c = 1$ the difference $\mathcal T(1) - \mathcal T(c)$ loses every digit; but $1 - c$ is known as a number of
# its own.  With $A_n = a_n^2$ and $1 - c^n = (1 - c)(1 + c + \dots + c^{n-1})$
# $$\mathcal T(1) - \mathcal T(c) = \sum_nA_n(1 - c^n) = (1 - c)\sum_{k\ge0}c^k\sum_{n>k}A_n, \tag{12.10}$$
# a sum of positive terms for $c \ge 0$.  For two variances, $\mathcal T(q_1, q_1) + \mathcal T(q_2, q_2) -
# 2\mathcal T(q_1, q_2)$ is
# $$g = \sum_n\big(a_n(q_1) - a_n(q_2)\big)^2 + 2\sum_na_n(q_1)\,a_n(q_2)\,(1 - c^n). \tag{12.11}$$

# %%
by_tails = (1 - cosine) * sum(cosine**order * sum(A[order + 1 :]) for order in range(6))
proved(power_series.subs(cosine, 1) - power_series, by_tails)
one, two = symbols("a_:7"), symbols("e_:7")
plain = sum(f**2 + g**2 - 2 * f * g * c**order for order, (f, g) in enumerate(zip(one, two, strict=True)))
both = sum((f - g) ** 2 + 2 * f * g * (1 - c**order) for order, (f, g) in enumerate(zip(one, two, strict=True)))
proved(plain, both)

# %% [markdown]
# ## 7. How the coefficients move with the variance
#
# $\mathbb E[f(\sqrt q\,x)]$ solves the heat equation (3.2): its $q$-derivative is $\frac12\mathbb E[f''(\sqrt q\,x)]$.
# With $f = \phi^{(n)}$ in (12.4)
# $$\frac{da_n}{dq} = \frac1{2q}\Big(n\,a_n + \sqrt{(n+1)(n+2)}\,a_{n+2}\Big). \tag{12.12}$$
# It is what (12.11) needs at nearly equal variances, and the slope of the variance map follows without new integrals:
# $$\frac d{dq}\mathcal T(q, q) = \frac1q\sum_n\Big(n\,a_n^2 + \sqrt{(n+1)(n+2)}\,a_na_{n+2}\Big) =
#   \mathbb E[\phi'^2] + \mathbb E[\phi\,\phi'']. \tag{12.13}$$

# %%
e = sympy.Function("e")  # e(n) = E[φ^(n)(√q x)], of which the derivative in q is e(n + 2)/2
rate = diff(q ** (n / 2), q) * e(n) + q ** (n / 2) * e(n + 2) / 2  # of a_n √n!
proved(rate, (n * q ** (n / 2) * e(n) + q ** ((n + 2) / 2) * e(n + 2)) / (2 * q))
proved(sympy.combsimp((n + 1) * (n + 2) * factorial(n) / factorial(n + 2)), 1)
moved = [order * a_of[order] + sqrt((order + 1) * (order + 2)) * (*a_of, 0, 0)[order + 2] for order in range(4)]
proved([diff(coefficient, q) for coefficient in a_of], [m / (2 * q) for m in moved])
curvature = mean((cubic(x) * diff(cubic(x), x, 2) + slope_of(x) ** 2).subs(x, sqrt(q) * x), x)
proved(sum(a * m for a, m in zip(a_of, moved, strict=True)) / q, curvature)

# %% [markdown]
# ## 8. Examples
#
# | $\phi$ | $a_n(q)$ | $\mathcal T$ at equal variances |
# |---|---|---|
# | $e^x$ | $q^{n/2}e^{q/2}/\sqrt{n!}$ | $e^{q(1 + c)}$ |
# | $\sin x$ | $q^{n/2}e^{-q/2}\sin(n\pi/2)/\sqrt{n!}$ | $e^{-q}\sinh cq$ (3.16) |
# | step | $\frac12$; $\mathrm{He}_{n-1}(0)/\sqrt{2\pi\,n!}$ | $(\pi - \theta)/2\pi$ (3.14) |
# | ReLU | $\sqrt{q/2\pi}$, $\frac12\sqrt q$; $\sqrt{q/2\pi}\,\mathrm{He}_{n-2}(0)/\sqrt{n!}$ | (3.15) |
#
# The first two are (12.4), for which $\mathbb E[e^{\sqrt q\,x}] = e^{q/2}$ and $\mathbb E[\cos\sqrt q\,x] = e^{-q/2}$.
# For the step $\int_0^\infty\mathrm{He}_n\gamma = \gamma(0)\mathrm{He}_{n-1}(0)$, from $(\mathrm{He}_{n-1}\gamma)' =
# -\mathrm{He}_n\gamma$; ReLU, of which the step is the derivative, follows by (12.5).  $\mathrm{He}_{2m}(0) =
# (-1)^m(2m - 1)!!$, and $\mathrm{He}_{2m+1}(0) = 0$.

# %%
sine = q ** (n / 2) * exp(-q / 2) * sin(n * pi / 2) / sqrt(factorial(n))
exponential = q ** (n / 2) * exp(q / 2) / sqrt(factorial(n))


def step_coefficient(order):
    return He(order - 1, 0) / sqrt(2 * pi * factorial(order)) if order else Rational(1, 2)


def relu_coefficient(order):
    return sqrt(q) * (sqrt(Rational(1, order)) * step_coefficient(order - 1) if order else gamma(0))


theta = sympy.acos(c)
duals = {  # a_n, and T at q1 = q2 = q
    "exp": (Lambda(k, exponential.subs(n, k)), exp(q * (1 + c))),
    "sin": (Lambda(k, sine.subs(n, k)), exp(-q) * sympy.sinh(c * q)),
    "step": (step_coefficient, (pi - theta) / (2 * pi)),
    "relu": (relu_coefficient, q * (sqrt(1 - c**2) + (pi - theta) * c) / (2 * pi)),
}
for coefficient, T in duals.values():
    expanded = sympy.series(T, c, 0, 8).removeO()
    proved([expanded.coeff(c, order) for order in range(8)], [coefficient(order) ** 2 for order in range(8)])
for order in range(1, 6):
    weighted, norm = He(order, x) * gamma(x), sqrt(factorial(order))
    proved(integrate(weighted, (x, 0, oo)) / norm, step_coefficient(order))
    proved(integrate(sqrt(q) * x * weighted, (x, 0, oo)) / norm, relu_coefficient(order))
proved(integrate(exp(sqrt(q) * x) * gamma(x), (x, -oo, oo)), exp(q / 2))

# %% [markdown]
# ## 9. How fast they fall
#
# *A kink or a jump: like a power.*  $\mathrm{He}_{2m}(0)^2/(2m)! = \binom{2m}m4^{-m} \approx1/\sqrt{\pi m}$, so for
# ReLU at even $n$, and with one coefficient in two in the tail,
# $$a_n^2 \approx \frac q{\sqrt{2\pi^3}}\,n^{-5/2}, \qquad
#   r_N \approx \frac q{3\sqrt{2\pi^3}}\,N^{-3/2}. \tag{12.14}$$
# At $c = 1$ the series is hopeless, and that of $\dot{\mathcal T}$ more so, with $r_N \propto N^{-1/2}$; for $|c| < 1$
# there is the factor $|c|^N$ of (12.9).
#
# *A pole: like* $e^{-y\sqrt n}$.  $\tanh x$ is the sum of $1/(x - i(k + \frac12)\pi)$ over all integers $k$.  With
# $y_k = (k + \frac12)\pi/\sqrt q$ and $\mathbb E[\mathrm{He}_n(x)/(iy - x)] = (-i)^{n+1}I_n(y)$ (11.8), for odd $n$
# $$a_n(q) = (-1)^{(n-1)/2}\frac2{\sqrt{q\,n!}}\sum_{k\ge0}I_n(y_k) \approx
#   \pm\frac2{\sqrt q}\Big(\frac\pi{2n}\Big)^{1/4}e^{y_0^2/4 - y_0\sqrt{n + 1/2}}: \tag{12.15}$$
# by (11.11) $I_n(y)$ falls from $I_n(0) = 2^{(n-1)/2}\,\Gamma(\frac{n+1}2) \approx \sqrt{n!}\,(\pi/2n)^{1/4}$ like
# $e^{y^2/4 - y\sqrt{n + 1/2}}$.  So for a $\phi$ analytic in $|\operatorname{Im}x| < Y$ **the rate is
# $e^{-Y\sqrt{n/q}}$, with no further constant.**  The terms of $\mathcal T$ fall like its square, and so does the
# error of $n$ Gauss–Hermite nodes (11.15).

# %%
m = symbols("m", positive=True)
central = sympy.gamma(m + Rational(1, 2)) / (sqrt(pi) * sympy.gamma(m + 1))  # binomial(2m, m)/4^m
proved(central.subs(m, 3), He(6, 0) ** 2 / factorial(6))
stirling = sympy.loggamma(m + Rational(1, 2)) - sympy.loggamma(m + 1) + sympy.log(m) / 2
proved(sympy.expand_log(sympy.series(stirling, m, oo, 1).removeO()), 0)  # so central √(πm) → 1
a_square = q / (2 * pi) * central / ((2 * m + 1) * (2 * m + 2))  # n = 2m + 2
proved(a_square.subs(m, 2), relu_coefficient(6) ** 2)
proved(sympy.limit(a_square / central / sqrt(pi * m) * (2 * m) ** Rational(5, 2), m, oo), q / sqrt(2 * pi**3))
proved(integrate(t ** Rational(-5, 2) / 2, (t, k + 1, oo)), (k + 1) ** Rational(-3, 2) / 3)
proved(integrate(x**n * exp(-(x**2) / 2), (x, 0, oo)), 2 ** ((n - 1) / 2) * sympy.gamma((n + 1) / 2))

numbers = nk.digits(30)
mp = numbers.context


def tanh_coefficient(order, variance):
    """a_n(q) of tanh for odd n, by (12.15): mpmath's U(n + 1/2, y) is I_n(y) e^(−y²/4)/n!."""
    ys = [(index + mp.mpf(1) / 2) * mp.pi / mp.sqrt(variance) for index in range(12)]
    total = sum(mp.pcfu(order + mp.mpf(1) / 2, y) * mp.exp(y * y / 4) for y in ys)
    return (-1) ** ((order - 1) // 2) * 2 * mp.sqrt(mp.factorial(order) / variance) * total


for order in (41, 81, 161):  # the law is within 0.25/√n of it, relatively
    law = 2 * (mp.pi / (2 * order)) ** 0.25 * mp.exp(mp.pi**2 / 16 - mp.pi / 2 * mp.sqrt(order + 0.5))
    agree(law, abs(tanh_coefficient(order, 1)), digits=0.6 + mp.log10(order) / 2)

# %% [markdown]
# ## 10. Results, and the package's own functions

# %%
results = {
    "a_exp": Lambda((n, q), exponential),  # (n, q)
    "a_sin": Lambda((n, q), sine),  # (n, q)
    "a_step": step_coefficient,  # (n), a Python function
    "a_relu": relu_coefficient,  # (n), a Python function; holds the symbol q
    "mehler": Lambda((x, y, c), exp(mehler) / sqrt(1 - c**2)),  # (x, y, c)
    "tail_relu": Lambda((n, q), q / (3 * sqrt(2 * pi**3)) * n ** Rational(-3, 2)),  # (N, q), leading
}

# %% [markdown]
# (a) *Coefficients*, at 30 digits and in float64, to the rounding of a number of order 1.

# %%
at = "0.7"
wanted = {
    nk.exp: [value(results["a_exp"], order, at) for order in range(12)],
    nk.sin: [value(results["a_sin"], order, at) for order in range(12)],
    nk.step: [sympy.N(step_coefficient(order), 50) for order in range(12)],
    nk.relu: [value(Lambda(q, relu_coefficient(order)), at) for order in range(12)],
}
for system, digits in ((nk.float64, 14), (numbers, 28)):
    for activation, formulas in wanted.items():
        for ours, theirs in zip(formulas, coefficients(activation, at, 12, system), strict=True):
            agree(2 + ours, 2 + mp.mpf(theirs), digits)
    agree(2 + mp.mpf(coefficients(nk.tanh, at, 42, system)[41]), 2 + tanh_coefficient(41, mp.mpf(at)), digits)

# %% [markdown]
# (b) *Duals of tanh*, from 200 coefficients, against `nk.tanh.duals` in float64: $\mathcal T$, $\dot{\mathcal T}$,
# the gap by (12.10) down to $1 - c = 10^{-12}$, and the slope of the variance map by (12.13).

# %%
a_tanh = coefficients(nk.tanh, at, 200, nk.float64)
order = np.arange(200)
tails = np.cumsum((a_tanh**2)[::-1])[::-1]  # Σ_{n >= k}
for one_minus_c in (1e-12, 0.3, 1.6):
    T, Tdot = nk.tanh.duals(covariance_of_pair(at, one_minus_c, nk.float64), nk.float64)
    powers = (1 - one_minus_c) ** order
    agree(T.xy, powers @ a_tanh**2, digits=13)
    agree(Tdot.xy, powers[:-1] @ ((order[1:] / float(at)) * a_tanh[1:] ** 2), digits=13)  # (12.5)
    left_out = abs(T.xy - powers[:20] @ a_tanh[:20] ** 2)
    holds(bool(left_out <= abs(powers[20]) * tails[20] + 1e-15), "(12.9)")
    agree(T.gap, 2 * one_minus_c * (powers[:-1] @ tails[1:]), digits=13)
agree(T.x, tails[0], digits=13)
holds(float(tails[40]) < 1e-7 < float(tails[20]), "the tail of tanh")
moving = order[:-2] * a_tanh[:-2] + np.sqrt((order[:-2] + 1) * (order[:-2] + 2)) * a_tanh[2:]
agree(nk.tanh.slopes(at, nk.float64)[0], a_tanh[:-2] @ moving / float(at), digits=12)

for size in (40, 400):  # the tail of ReLU: 1/2 less the first two, less the even ones below N
    kept = sum(Rational(sympy.binomial(2 * j, j), 4**j * (2 * j + 1) * (2 * j + 2)) for j in range(size // 2 - 1))
    tail = Rational(1, 4) - (1 + kept) / (2 * pi)
    agree(tail, results["tail_relu"](size, 1), digits=sympy.log(size, 10).n() - 0.6)

# %% [markdown]
# ## Exercise
#
# Find the coefficients of erf from its arc-sine kernel, and how many of them $\mathcal T$ needs.
#
# **Solution.**  At equal variances (3.8) is $\frac2\pi\arcsin(\zeta c)$ with $\zeta = 2q/(1 + 2q)$; the power series of
# the arcsine gives the squares, and $\operatorname{erf}^{(n)}$ in (12.4) the signs:
# $$a_{2k+1} = (-1)^k\sqrt{\frac2\pi\binom{2k}k\frac{\zeta^{2k+1}}{4^k(2k + 1)}}. \tag{12.16}$$
# erf is entire, but grows like $e^{y^2}$ up the imaginary axis: its $a_n$ fall like $\zeta^{n/2}$, faster than any
# $e^{-y\sqrt n}$ and no faster than geometrically.  For $\tau$ it takes $n = \log(1/\tau)/\log(1/\zeta) \approx
# 2q\log(1/\tau)$ terms.

# %%
zeta = 2 * q / (1 + 2 * q)
erf_square = Lambda(k, 2 / pi * sympy.binomial(2 * k, k) * zeta ** (2 * k + 1) / (4**k * (2 * k + 1)))
expanded = sympy.series(2 / pi * sympy.asin(z), z, 0, 10).removeO()
proved([expanded.coeff(z, 2 * j + 1) * zeta ** (2 * j + 1) for j in range(5)], [erf_square(j) for j in range(5)])
for j in range(3):
    density = exp(-(x**2) / (2 * q)) / sqrt(2 * pi * q)
    mean_derivative = integrate(sympy.expand(diff(sympy.erf(x), x, 2 * j + 1)) * density, (x, -oo, oo))
    proved(q ** Rational(2 * j + 1, 2) * mean_derivative / sqrt(factorial(2 * j + 1)), (-1) ** j * sqrt(erf_square(j)))
theirs = coefficients(nk.erf, at, 20, numbers)[1::2]
for j, theirs_j in enumerate(theirs):
    agree(2 + theirs_j, 2 + (-1) ** j * sympy.sqrt(value(Lambda(q, erf_square(j)), at)), digits=28)
proved(sympy.limit(2 * q * sympy.log(1 / zeta), q, oo), 1)

# %% [markdown]
# ## Summary
#
# | | |
# |---|---|
# | dual | $\mathcal T = \sum a_n(q_1)a_n(q_2)c^n$, $\dot{\mathcal T} = \sum b_n(q_1)b_n(q_2)c^n$, (12.4), (12.5) |
# | $\phi'$ | $b_n = \sqrt{(n + 1)/q}\;a_{n+1}$ (12.5) |
# | tail | $\lvert c\rvert^N\sqrt{r_N(q_1)r_N(q_2)}$, $r_N = \mathbb E[\phi^2] - \sum_{n<N}a_n^2$ (12.8), (12.9) |
# | gap | $(1 - c)\sum_kc^k\sum_{n>k}a_n^2$ (12.10); two variances (12.11) |
# | $da_n/dq$ | $(n\,a_n + \sqrt{(n+1)(n+2)}\,a_{n+2})/2q$ (12.12) |
# | $a_n$, pole of $\phi$ at $iY$; kink; jump | $e^{-Y\sqrt{n/q}}$ (12.15); $n^{-5/4}$ (12.14); $n^{-3/4}$ |
#
# *Sources.*  F. G. Mehler, J. reine angew. Math. 66 (1866) 161; A. Daniely, R. Frostig and Y. Singer, NIPS 2016, for
# the expansion of a dual; I. J. Schoenberg, Duke Math. J. 9 (1942) 96, for its signs.
