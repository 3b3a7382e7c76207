# %% [markdown]
# # Gauss–Hermite quadrature, and how fast it converges
#
# **Setting.** For most activations the duals (Eq. 3 and 8 of the paper) have no closed form.  On the diagonal they are
# integrals over one $z \sim \mathcal N(0, 1)$, $\mathcal T(q, q) = \mathbb E[\phi(\sqrt q\,z)^2]$; off it chapter
# `hermite_expansion` makes them such integrals too.  A quadrature rule replaces $\mathbb E[f(z)]$ by a sum
# $Q_n[f] = \sum_iw_if(x_i)$.  This chapter is about its error $e_n[f] = \mathbb E[f] - Q_n[f]$.
#
# | symbol | code | meaning |
# |---|---|---|
# | $\gamma(x) = e^{-x^2/2}/\sqrt{2\pi}$ | `gamma` | density of $z$ |
# | $\mathrm{He}_n$; $h_n = \mathrm{He}_n/\sqrt{n!}$ | `He(n, x)` | Hermite polynomials (probabilists') |
# | $x_i, w_i$ | `gauss.gauss_hermite(n, numbers)` | nodes and weights |
# | $h$, step; $\omega = 2\pi/h$ | `gauss.trapezoid(step, numbers)` | trapezoid rule |
#
# **Goals.** The rule; its error for a function with poles, exactly; the rates $e^{-2y\sqrt n}$ of Gauss–Hermite and
# $e^{-2\pi y/h}$ of the trapezoid rule, and how many nodes each needs; what a kink costs, and the cure.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from mpmath.ctx_mp import MPContext
from scipy.linalg import eigh_tridiagonal
from scipy.special import wofz
from sympy import I, Lambda, Rational, diff, exp, factorial, hermite_prob, integrate, limit, oo, pi, sqrt, symbols

import ntkref as nk
from ntkref import gauss
from ntkref.inputs import covariance_of_pair

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

a, b, h, q, t, y, L, omega = symbols("a b h q t y L omega", positive=True)
n, k = symbols("n k", integer=True, positive=True)
x, z = symbols("x z", real=True)
gamma, He = Lambda(x, exp(-(x**2) / 2) / sqrt(2 * pi)), hermite_prob


def mean(polynomial):
    """E over x ~ N(0, 1) of a polynomial in x: E[x^2j] = (2j - 1)!!."""
    terms = sympy.Poly(polynomial, x).terms()
    return sum(c * sympy.factorial2(power - 1) for (power,), c in terms if power % 2 == 0)


# %% [markdown]
# ## 1. The rule
#
# $$\mathrm{He}_{n+1} = x\,\mathrm{He}_n - n\,\mathrm{He}_{n-1}, \qquad \mathrm{He}_n' = n\,\mathrm{He}_{n-1}, \qquad
#   \mathrm{He}_n\gamma = (-1)^n\gamma^{(n)}. \tag{11.1}$$
# Integration by parts, $n$ times, gives
# $$\mathbb E[\mathrm{He}_nf] = \mathbb E[f^{(n)}], \qquad
#   \mathbb E[\mathrm{He}_m\mathrm{He}_n] = n!\,\delta_{mn}. \tag{11.2}$$

# %%
for degree in range(1, 7):
    proved(He(degree + 1, x), x * He(degree, x) - degree * He(degree - 1, x))
    proved(diff(He(degree, x), x), degree * He(degree - 1, x))
    proved((-1) ** degree * diff(gamma(x), x, degree), He(degree, x) * gamma(x))
    proved(mean(He(degree, x) * x**9), mean(diff(x**9, x, degree)))
    proved([mean(He(degree, x) * He(m, x)) for m in range(degree)], [0] * degree)
    proved(mean(He(degree, x) ** 2), factorial(degree))

# %% [markdown]
# *Nodes: the zeros of $\mathrm{He}_n$.*  A polynomial of degree $\le 2n - 1$ is $p = \mathrm{He}_ns + r$, the degrees
# of $s$ and $r$ below $n$.  $\mathbb E[\mathrm{He}_ns] = 0$ by (11.2), $Q_n[\mathrm{He}_ns] = 0$, and weights right
# below degree $n$ are right for $r$.  So $e_n[p] = 0$.  Degree $2n$ fails: $e_n[x^{2n}] = e_n[\mathrm{He}_n^2] = n!$.
#
# *Golub and Welsch.*  (11.1) says $x\,h_k = \sqrt{k+1}\,h_{k+1} + \sqrt k\,h_{k-1}$.  Let $J$ be the $n \times n$
# matrix with $\sqrt1, \dots, \sqrt{n-1}$ beside the diagonal.  Then
# $$J\,\mathbf h(x) = x\,\mathbf h(x) - \sqrt n\,h_n(x)\,\mathbf e_n, \qquad \mathbf h = (h_0, \dots, h_{n-1}), \qquad
#   \det(x - J) = \mathrm{He}_n(x). \tag{11.3}$$
# The nodes are the eigenvalues, with eigenvectors $\mathbf h(x_i)$, and $Q_n[f] = f(J)_{11}$ has the weights
# $$\frac1{w_i} = |\mathbf h(x_i)|^2 = \sum_{k<n}\frac{\mathrm{He}_k(x_i)^2}{k!} =
#   \frac{n\,\mathrm{He}_{n-1}(x_i)^2}{(n-1)!}. \tag{11.4}$$
# The last is the formula of Christoffel and Darboux, $(n-1)!\sum_{k<n}\mathrm{He}_k^2/k! =
# \mathrm{He}_n'\mathrm{He}_{n-1} - \mathrm{He}_n\mathrm{He}_{n-1}'$, at a zero.


# %%
def jacobi(size):
    return sympy.Matrix(size, size, lambda i, j: sqrt(max(i, j)) if abs(i - j) == 1 else 0)


for size in range(1, 6):
    J, h_of = jacobi(size), sympy.Matrix([He(m, x) / sqrt(factorial(m)) for m in range(size)])
    rest = sympy.Matrix([0] * (size - 1) + [sqrt(size) * He(size, x) / sqrt(factorial(size))])
    proved(J * h_of, x * h_of - rest)
    proved((x * sympy.eye(size) - J).det(), He(size, x))
    powers = [(J**power)[0, 0] for power in range(2 * size + 1)]
    short = [mean(x**power) - power_of_J for power, power_of_J in enumerate(powers)]
    proved(short, [0] * (2 * size) + [factorial(size)])  # exact to degree 2n − 1, and n! too small at 2n
    darboux = diff(He(size, x), x) * He(size - 1, x) - He(size, x) * diff(He(size - 1, x), x)
    proved(factorial(size - 1) * h_of.dot(h_of), darboux)

# %% [markdown]
# ## 2. The error for a pole, exactly
#
# Let $f(x) = 1/(z - x)$, $z$ off the real axis.  The rule gives $\sum_iw_i/(z - x_i) = [(z - J)^{-1}]_{11}$, a
# rational function with the denominator $\mathrm{He}_n(z)$; its numerator is
# $$\det(z - J)\,[(z - J)^{-1}]_{11} =
#   \mathbb E_x\Big[\frac{\mathrm{He}_n(z) - \mathrm{He}_n(x)}{z - x}\Big], \tag{11.5}$$
# for $Q_n$ is exact for the polynomial in $x$ on the right.  Hence
# $$e_n\Big[\frac1{z - \cdot}\Big] = K_n(z) := \frac{\rho_n(z)}{\mathrm{He}_n(z)}, \qquad
#   \rho_n(z) = \mathbb E_x\Big[\frac{\mathrm{He}_n(x)}{z - x}\Big]. \tag{11.6}$$
# By Cauchy's formula on the two lines $\operatorname{Im}z = \pm y$, for $f$ analytic between them,
# $$e_n[f] = \frac1{2\pi i}\oint f(z)\,K_n(z)\,dz, \tag{11.7}$$
# and if the lines can be pushed out over the poles of $f$, the error is the sum of what these contribute.

#
# *On the imaginary axis* both parts of $K_n$ are integrals of positive functions.  For $z = iy$, $y > 0$,
# $1/(z - x) = -i\int_0^\infty e^{it(z - x)}dt$, and $\mathbb E[\mathrm{He}_n(x)e^{-itx}] = (-it)^ne^{-t^2/2}$ by
# (11.2).  And $\mathrm{He}_n(x) = \mathbb E[(x + iX)^n]$, $X \sim \mathcal N(0, 1)$, so that
# $$\rho_n(iy) = (-i)^{n+1}I_n(y), \qquad I_n(y) = \int_0^\infty t^ne^{-t^2/2 - ty}\,dt, \tag{11.8}$$
# $$\mathrm{He}_n(iy) = i^n\eta_n(y), \qquad \eta_n(y) = \mathbb E[(y + X)^n] =
#   \frac{e^{-y^2/2}}{\sqrt{2\pi}}\big(I_n(-y) + (-1)^nI_n(y)\big), \tag{11.9}$$
# $$K_n(iy) = -i\,(-1)^n\kappa_n(y), \qquad \kappa_n = I_n/\eta_n > 0. \tag{11.10}$$

# %%
for size in range(1, 6):
    minor = (z * sympy.eye(size) - jacobi(size))[1:, 1:].det()
    proved(minor, mean(sympy.cancel((He(size, z) - He(size, x)) / (z - x))))
for size in range(3):
    characteristic = integrate(sympy.expand(He(size, x) * gamma(x)) * exp(-I * t * x), (x, -oo, oo))
    proved(characteristic, (-I * t) ** size * exp(-(t**2) / 2))
    proved(He(size, I * y), I**size * mean((y + x) ** size))
    halves = [integrate(t**size * exp(-(t**2) / 2 + s * t * y), (t, 0, oo)) for s in (1, -1)]
    proved(exp(-(y**2) / 2) / sqrt(2 * pi) * (halves[0] + (-1) ** size * halves[1]), mean((y + x) ** size))

# %% [markdown]
# *Size.*  The total derivative of $t^{n+1}e^{-t^2/2 - ty}$ integrates to 0, which is a differential equation for $I_n$;
# with $I = e^{y^2/4}w$ and $a = n + \frac12$ it is Weber's,
# $$I_n'' = y\,I_n' + (n + 1)I_n, \qquad w'' = p^2w, \qquad p(y) = \sqrt{a + y^2/4}. \tag{11.11}$$
# $I_n(-y)$ solves it too.  For large $a$ the solutions are $p^{-1/2}e^{\pm\int p}(1 + O(a^{-3/2}))$: they miss the
# equation by a relative $-1/(8a)$ only, which changes $p$ by $1/(16a^{3/2})$.  So $I_n$ falls like $e^{-y\sqrt n}$;
# $I_n(-y)$, which dominates $\mathrm{He}_n(iy)$ in (11.9), grows like $e^{y\sqrt n}$; their ratio is
# $$\kappa_n(y) = \sqrt{2\pi}\,e^{y^2/2}\exp\Big(-2\int_0^yp\Big)\,(1 + O(n^{-3/2}))
#   \approx\sqrt{2\pi}\,e^{y^2/2 - 2y\sqrt{n + 1/2}}. \tag{11.12}$$

# %%
w, S = sympy.Function("w"), sympy.Function("S")
integrand = t**n * exp(-(t**2) / 2 - t * y)
proved(diff(t * integrand, t), (n + 1) * integrand + y * diff(integrand, y) - diff(integrand, y, 2))
I_w = exp(y**2 / 4) * w(y)
weber = diff(w(y), y, 2) - (a + y**2 / 4) * w(y)
proved(diff(I_w, y, 2) - y * diff(I_w, y) - (a + Rational(1, 2)) * I_w, exp(y**2 / 4) * weber)
p = sqrt(a + y**2 / 4)
for sign in (1, -1):
    trial = p ** Rational(-1, 2) * exp(sign * S(y))
    second = diff(trial, y, 2).subs(diff(S(y), y, 2), diff(p, y)).subs(diff(S(y), y), p)
    missed = sympy.simplify(second / trial - p**2)
    proved(limit(missed * a, a, oo), -Rational(1, 8))
phase = y * p / 2 + a * sympy.asinh(y / (2 * sqrt(a)))
proved(diff(phase, y), p)
proved(phase.subs(y, 0), 0)
proved(limit((phase - y * sqrt(a)) * sqrt(a), a, oo), y**3 / 24)
kappa_law = (sqrt(2 * pi) * exp(y**2 / 2 - 2 * phase)).subs(a, n + Rational(1, 2))

# %% [markdown]
# What the law leaves is $-y/(8a^{3/2})$ to leading order.  Beside the axis
# $|K_n(s + iy)| \approx \kappa_n(y)\,e^{-s^2/2}$ for $s$ small against $\sqrt n$.  So if $|f| \le M$ in the strip,
# $$|e_n[f]| \le \frac M\pi\int|K_n(s + iy)|\,ds \approx M\sqrt{\tfrac2\pi}\,\kappa_n(y) \approx
#   2M\,e^{y^2/2 - 2y\sqrt n}. \tag{11.13}$$
# The first $\approx$ is $1 + O(n^{-1/2})$: at $y = 1$ a factor of 1.061 for $n = 20$, 1.029 for $n = 80$.

# %%
mp = MPContext()
mp.dps = 40
half = mp.mpf(1) / 2


def kappa(n, y):
    """κ_n and its derivative: I_n' = −I_(n+1) and η_n' = n η_(n−1)."""
    (here, ahead), last, this = (mp.factorial(m) * mp.pcfu(m + half, y) for m in (n, n + 1)), mp.zero, mp.one
    for m in range(n):
        last, this = this, y * this + m * last
    scale = mp.exp(y * y / 4) / this  # mpmath's pcfu is n! w
    return here * scale, -(ahead + here * n * last / this) * scale


agree(mp.pcfu(7.5, 2) * 5040 * mp.e, mp.quad(lambda t: t**7 * mp.exp(-t * t / 2 - 2 * t), [0, 2, 5, 16]), 35)
for size, at in ((50, mp.mpf("1.5")), (400, mp.mpf("0.4")), (400, mp.mpf("1.5"))):
    off = kappa(size, at)[0] / value(Lambda((n, y), kappa_law), size, at) - 1
    agree(off * 8 * (size + half) ** 1.5, -at, digits=1)
for size, factor in ((20, 1.061), (80, 1.029)):
    (nodes, weights), s = np.polynomial.hermite_e.hermegauss(size), np.linspace(-60, 60, 6001)
    resolvent = (weights / weights.sum() / (s[:, None] + 1j - nodes)).sum(1)
    K_line = np.abs(-1j * np.sqrt(np.pi / 2) * wofz((s + 1j) / np.sqrt(2)) - resolvent)  # ρ_0: Faddeeva's function
    agree(K_line.sum() * (s[1] - s[0]) / np.sqrt(2 * np.pi), factor * kappa(size, mp.one)[0], digits=3)

# %% [markdown]
# ## 3. Why tanh is slow
#
# The poles of tanh are $i(k + \frac12)\pi$, each of residue 1; those of $\tanh(\sqrt q\,z)$ are
# $$\pm iy_k, \quad y_k = \frac{(k + \frac12)\pi}{\sqrt q}, \qquad
#   \tanh^2(\sqrt q\,z) = 1 + \frac1q\sum_{k\in\mathbb Z}\frac1{(z - iy_k)^2}. \tag{11.14}$$
# (Their difference is bounded and entire, so constant, and 0 at $z = 0$.)  By (11.6), $e_n[(z - \cdot)^{-2}] =
# -K_n'(z)$, and with (11.10) the error is a sum over the poles, exactly:
# $$e_n[\tanh^2(\sqrt q\,\cdot)] = (-1)^n\,\frac2q\sum_{k\ge0}\kappa_n'(y_k) \approx
#   -(-1)^n\,\frac{2\sqrt{2\pi}}q\,(2p - y)\,e^{y^2/2 - 2\int_0^yp}, \quad y = y_0 = \frac\pi{2\sqrt q}. \tag{11.15}$$
# The rate is $e^{-\pi\sqrt{n/q}}$.  Measured with 40 digits:
#
# | nodes | 20 | 50 | 100 | 200 |
# |---|---|---|---|---|
# | $q = 1$ | 8.1e-5 | 4.2e-8 | 6.5e-12 | 2.2e-17 |
# | $q = 16$ | 7.9e-2 | 1.7e-2 | 2.5e-3 | 1.4e-4 |
#
# (In float64, 200 nodes at $q = 1$ leave some 1e-15: rounding.)  At $q = 1$ the leading term is right to 0.2%.

# %%
v = sympy.Symbol("v")
proved(sympy.series(sympy.tanh(v + I * pi / 2) ** 2, v, 0, 0).removeO(), 1 / v**2)  # and no 1/v
proved(1 - 2 * sympy.Sum(1 / ((k - Rational(1, 2)) * pi) ** 2, (k, 1, oo)).doit(), 0)
proved(-diff(kappa_law, y) / kappa_law, (2 * p - y).subs(a, n + Rational(1, 2)))
gauss_law = (2 / q * -diff(kappa_law, y)).subs(y, pi / (2 * sqrt(q)))


def rule(size, reach=12):
    """Nodes 0 <= x < reach and weights: eigenvalues of J, then Newton's steps.  Beyond 12 the mass is 4e-33."""
    start = eigh_tridiagonal(np.zeros(size), np.sqrt(np.arange(1, size)), eigvals_only=True)
    xs, root = np.array([mp.mpf(float(s)) for s in start if -1e-9 < s < reach]), [mp.sqrt(m) for m in range(size + 1)]
    for _ in range(3):
        last, this = 0 * xs, 0 * xs + 1
        for m in range(size):
            last, this = this, (xs * this - last * root[m]) / root[m + 1]
        weights, xs = 1 / (size * last**2), xs - this / (last * root[size])  # (11.4), and h_n' = √n h_(n−1)
    return xs, weights


def step_rule(step, reach=14):
    xs = [step * m for m in range(int(reach / step) + 1)]
    return xs, [step * mp.exp(-node * node / 2) / mp.sqrt(2 * mp.pi) for node in xs]


def even(f, xs, weights):
    """The sum over all nodes of an even function, of which the nodes x >= 0 are given."""
    return sum(weight * f(node) * (2 if node > 1e-9 else 1) for node, weight in zip(xs, weights, strict=True))


square = {q: lambda node, q=q: mp.tanh(mp.sqrt(q) * node) ** 2 for q in (1, 4, 16)}
exact = {q: even(square[q], *step_rule(mp.mpf(step))) for q, step in ((1, "0.08"), (4, "0.04"), (16, "0.02"))}
printed = {1: ("8.1e-5", "4.2e-8", "6.5e-12", "2.2e-17"), 16: ("7.9e-2", "1.7e-2", "2.5e-3", "1.4e-4")}
error = Lambda((n, q), -((-1) ** n) * gauss_law)
for column, size in enumerate((20, 50, 100, 200)):
    nodes, weights = rule(size)
    for q_, table in printed.items():
        measured = exact[q_] - even(square[q_], nodes, weights)
        holds(mp.nstr(abs(measured), 2) == mp.nstr(mp.mpf(table[column]), 2), "the table")
        agree(measured, value(error, size, q_), digits=2.7 if q_ == 1 else 1.2)
        if size == 50:
            series = sum(kappa(size, (m + half) * mp.pi / mp.sqrt(q_))[1] for m in range(10))
            agree(measured, (-1) ** size * series * 2 / q_, digits=12)

# %% [markdown]
# ## 4. The trapezoid rule
#
# $T_h[f] = h\sum_jF(jh)$ with $F = \gamma f$.  Poisson's summation formula gives its error, exactly, in the Fourier
# transform $\hat F(\omega) = \int F(x)e^{-i\omega x}dx$:
# $$T_h[f] - \mathbb E[f] = \sum_{k\ne0}\hat F\Big(\frac{2\pi k}h\Big). \tag{11.16}$$
# For $f = \cos bx$, $\hat F(\omega) = \frac12(e^{-(\omega-b)^2/2} + e^{-(\omega+b)^2/2})$; for $f = 1$ the error is
# $$T_h[1] - 1 = 2e^{-2\pi^2/h^2} + 2e^{-8\pi^2/h^2} + \dots \tag{11.17}$$
# For $f$ analytic in the strip shift the path to $\operatorname{Im}x = -y$: $|\hat F(\omega)| \le
# M\,e^{y^2/2 - \omega y}$.  A pole on the way gives its residue.  For $\tanh^2$, with $\omega = 2\pi/h$,
# $$T_h - \mathbb E \approx -\frac{2\sqrt{2\pi}}q\,(\omega - y)\,e^{y^2/2 - \omega y}, \qquad
#   e^{-\omega y} = e^{-\pi^2/(h\sqrt q)}. \tag{11.18}$$
# This is (11.15) with $\omega$ for $2\sqrt n$: Gauss–Hermite is about a trapezoid rule of step $\pi/\sqrt n$, the
# distance of its nodes near 0.  But its nodes reach to $2\sqrt n$, far beyond where $\gamma$ has anything to weigh.

# %%
waves = exp(I * (b - omega) * x) + exp(-I * (b + omega) * x)  # E[e^(itx)] = e^(−t²/2), above
proved(2 * sympy.cos(b * x).rewrite(exp) * exp(-I * omega * x), waves)
residue = sympy.residue(exp(-(v**2) / 2 - I * omega * v) / sqrt(2 * pi) / (q * (v + I * y) ** 2), v, -I * y)
pole_term = -sqrt(2 * pi) / q * (omega - y) * exp(y**2 / 2 - omega * y)
proved(-2 * pi * I * residue, pole_term)
step_law = (-2 * pole_term).subs({omega: 2 * pi / h, y: pi / (2 * sqrt(q))})
for b_ in (0, 1):  # k beyond 2 is below e^(−18π²)
    alias = sum(mp.exp(-((2 * mp.pi * m + b_) ** 2) / 2) for m in (-2, -1, 1, 2))
    agree(even(lambda s: mp.cos(b_ * s), *step_rule(mp.one)) - mp.exp(-half * b_**2), alias, digits=25)  # noqa: B023
for q_, step in ((1, "0.4"), (4, "0.2"), (16, "0.1")):  # ω y is the same: what is left is e^(−ωy), relatively
    agree(exact[q_] - even(square[q_], *step_rule(mp.mpf(step))), value(Lambda((h, q), step_law), step, q_), digits=10)

# %% [markdown]
# ## 5. How many nodes
#
# For an error $\tau$ let $L = \log(1/\tau)$.  To leading order (11.15) and (11.18) ask for
# $$n = \frac{L^2}{\pi^2}\,q, \qquad h = \frac{\pi^2}{L\sqrt q}, \quad
#   N = \frac{2R}h = \frac{2RL}{\pi^2}\sqrt q, \tag{11.19}$$
# with $R = \sqrt{2L}$, where $\gamma$ has fallen to $\tau$: **the nodes that Gauss–Hermite needs are proportional to
# $q$, those of the trapezoid rule to $\sqrt q$.**  By the whole laws, $\tau = 10^{-14}$ and $R = 8$:
#
# | $q$ | 1 | 4 | 16 | 64 |
# |---|---|---|---|---|
# | Gauss–Hermite | 148 | 543 | 2061 | 7893 |
# | trapezoid | 63 | 121 | 233 | 455 |

# %%
leading = {a: L**2 / pi**2 * q, h: pi**2 / (L * sqrt(q)), y: pi / (2 * sqrt(q))}
proved([exponent.subs(leading) for exponent in (2 * y * sqrt(a), 2 * pi * y / h)], [L, L])
laws = [sympy.lambdify(s, law, mp) for s, law in (((n, q), gauss_law), ((h, q), step_law))]
for q_, many, few in ((1, 148, 63), (4, 543, 121), (16, 2061, 233), (64, 7893, 455)):
    sizes = [[many - 1, many], [mp.mpf(16) / (size - 1) for size in (few - 2, few)]]
    for law, make, (short, enough) in zip(laws, (rule, step_rule), sizes, strict=True):
        holds(law(enough, q_) < 1e-14 < law(short, q_), "the table")
        left = [abs(exact[1] - even(square[1], *make(size, 9))) for size in (short, enough) if q_ == 1]
        holds(not left or left[1] < 1e-14 < left[0], "the table, measured")

# %% [markdown]
# ## 6. A kink, and the cure
#
# By (11.6) and (11.10) $e_n[1/(x^2 + y^2)] = (-1)^n\kappa_n(y)/y$.  A kink is a row of poles down to the real axis,
# $|x| = \frac2\pi\int_0^\infty\frac{x^2}{x^2 + y^2}dy$, and
# $$e_n[|x|] = -(-1)^n\,\frac2\pi\int_0^\infty y\,\kappa_n\,dy \approx
#   -(-1)^n\sqrt{\frac8\pi}\int_0^\infty\frac{y\,dy}{e^{2y\sqrt n} + (-1)^n} =
#   \mp\frac{(3 \mp 1)\,\pi^2\gamma(0)}{24\,n} \tag{11.20}$$
# for even and odd $n$: $10^{13}$ nodes for $10^{-14}$.  The trapezoid rule, a node on the kink, leaves
# $T_h - \mathbb E \approx -\frac16h^2\gamma(0)$.  (Any symmetric rule has $\mathbb E[\mathrm{relu}^2] = 1/2$ right.)
#
# So split the integral at the kinks, and use Gauss–Legendre in between.  Its kernel is, for large $n$,
# $$K_n(u) \approx 2\pi\,\big(u + \sqrt{u^2 - 1}\big)^{-2n-1}, \tag{11.21}$$
# $u$ the pole, the panel mapped to $[-1, 1]$, the root such that the modulus $r$ of the bracket exceeds 1: the same
# factor $r^{-2}$ for every node.  For $|\tanh x|$ on $[0, 1]$, $u = -1 + i\pi$, that is 1.65 digits a node.

# %%
proved(2 / pi * integrate(b**2 / (b**2 + y**2), (y, 0, oo)), b)
for sign, plain in ((1, pi**2 / 12), (-1, pi**2 / 6)):  # y/(e^y ± 1) in powers of e^(−y), then y → 2 y √n
    proved(sympy.Sum((-sign) ** (k + 1) * integrate(y * exp(-k * y), (y, 0, oo)), (k, 1, oo)).doit(), plain)
    proved(sqrt(8 / pi) * plain / 4, (3 - sign) * pi**2 * gamma(0) / 24)
for size, sign in ((20, 1), (21, -1), (100, 1), (101, -1)):
    kink_error = mp.sqrt(2 / mp.pi) - even(abs, *rule(size))
    agree(-sign * kink_error * size / mp.pi**2 * mp.sqrt(2 * mp.pi), mp.mpf(3 - sign) / 24, digits=1.7)
    if size < 50:
        with mp.workdps(12):
            agree(kink_error, -sign * 2 / mp.pi * mp.quad(lambda s: s * kappa(size, s)[0], [0, 1, 3]), 7)  # noqa: B023
agree(mp.sqrt(2 / mp.pi) - even(abs, *step_rule(mp.mpf("0.01"))), 1e-4 / 6 / mp.sqrt(2 * mp.pi), digits=4)
panel = mp.quad(lambda s: mp.tanh(s) * mp.exp(-s * s / 2), [0, 1])
bracket = (u := -1 + 1j * np.pi) - np.sqrt(u * u - 1)
agree(2 * np.log10(abs(bracket)), 1.65, digits=2)
for size in (4, 6, 7):
    nodes, weights = np.polynomial.legendre.leggauss(size)
    miss = panel - weights / 2 @ (np.tanh((1 + nodes) / 2) * np.exp(-(((1 + nodes) / 2) ** 2) / 2))
    agree(miss, -4 * np.pi * np.exp(np.pi**2 / 8) * (bracket ** (-2 * size - 1)).real, digits=1.1)  # both poles

# %% [markdown]
# ## 7. Results, and the package's own functions

# %%
results = {
    "gauss_hermite_tanh": Lambda((n, q), -((-1) ** n) * gauss_law),  # (n, q): E − Q_n of tanh², leading
    "trapezoid_tanh": Lambda((h, q), step_law),  # (h, q): E − T_h of tanh², leading
    "pole": Lambda((n, y), kappa_law),  # (n, y): |e_n| of 1/(iy − x), leading
    "nodes_gauss_hermite": Lambda((L, q), leading[a]),  # (L, q), L = log(1/τ)
    "nodes_trapezoid": Lambda((L, q), 2 * sqrt(2 * L) / leading[h]),  # (L, q)
}
for system, digits in ((nk.float64, 7), (nk.digits(30), 20)):  # of 4e-8, 1e-16 is 8 digits
    theirs = gauss.gauss_hermite(50, system), gauss.trapezoid(system.asarray("0.4", "h"), system)
    for ours, (nodes, weights) in zip((rule(50), step_rule(mp.mpf("0.4"))), theirs, strict=True):
        by_package = weights @ nk.tanh.value(system, nodes) ** 2
        agree(exact[1] - mp.mpf(by_package), exact[1] - even(square[1], *ours), digits)
for q_, expected in exact.items():
    T, _ = nk.tanh.duals(covariance_of_pair(q_, "0.5", nk.float64), nk.float64)
    agree(T.x, expected, digits=14)
nodes, weights = gauss.panels(np.arange(0.0, 14.0), 12, nk.float64)
agree(2 * weights @ nodes, sqrt(2 / pi), digits=14)

# %% [markdown]
# ## Exercise
#
# $\mathbb E[\sin^2(\sqrt q\,z)]$ has no pole to fear.  How many nodes does it need?
#
# **Solution.**  The classical form of the error, from interpolation at double nodes, is
# $e_n[f] = f^{(2n)}(\xi)\,n!/(2n)!$.  Here $f = \frac12 - \frac12\cos2\sqrt q\,x$, so
# $$|e_n| \le \frac{(4q)^n\,n!}{2\,(2n)!} \approx \frac1{2\sqrt2}\Big(\frac{eq}n\Big)^n, \tag{11.22}$$
# falling faster than any geometric sequence beyond $n = eq$; the truth is about $e^{-q}$ of it.  The trapezoid rule has
# $\frac12e^{-(\omega - 2\sqrt q)^2/2}$, from (11.16).

# %%
proved([factorial(j) * 4**j * sympy.gamma(j + Rational(1, 2)) / factorial(2 * j) for j in range(9)], [sqrt(pi)] * 9)
stirling = sympy.series(sympy.loggamma(a + Rational(1, 2)) - a * sympy.log(a) + a, a, oo, 1).removeO()
proved(sympy.expand_log(stirling), sympy.log(2 * pi).expand() / 2)  # so n!/(2n)! (4n/e)^n → 1/√2
sine_error = (1 - mp.exp(-8)) / 2 - even(lambda s: mp.sin(2 * s) ** 2, *rule(40))  # q = 4
bound = mp.mpf(16) ** 40 * mp.factorial(40) / mp.factorial(80) / 2
agree(abs(sine_error), bound * mp.exp(-4), digits=1.2)

# %% [markdown]
# ## Summary
#
# | error | Gauss–Hermite, $n$ nodes | trapezoid, step $h$ |
# |---|---|---|
# | exactly | $\oint fK_n\,dz/2\pi i$ (11.7) | $\sum_{k\ne0}\hat F(2\pi k/h)$ (11.16) |
# | analytic to $\pm y$ | $2Me^{y^2/2 - 2y\sqrt n}$ (11.13) | $2Me^{y^2/2 - 2\pi y/h}$ |
# | $\tanh^2(\sqrt q\,\cdot)$ | $e^{-\pi\sqrt{n/q}}$ (11.15) | $e^{-\pi^2/(h\sqrt q)}$ (11.18) |
# | nodes for $\tau$ | $\propto q\log^2\tau$ (11.19) | $\propto\sqrt q\,\lvert\log\tau\rvert^{3/2}$ (11.19) |
# | a kink | $1/n$ (11.20) | $h^2$ |
#
# *Sources.*  G. H. Golub and J. H. Welsch, Math. Comp. 23 (1969) 221; W. Barrett, Comput. J. 3 (1961) 272, the error
# as a contour integral; L. N. Trefethen and J. A. C. Weideman, SIAM Review 56 (2014) 385, the trapezoid rule.
