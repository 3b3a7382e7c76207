# %% [markdown]
# # The critical line of tanh
#
# **Setting.** The recipe $\sigma_w^2 = 1.76$, $\sigma_b^2 = 0.05$ of the literature is a point of tanh, not of erf.
# For tanh none of the expectations has a closed form, so the line of chapter `fixed_points` has to be drawn by
# quadrature; but what holds along it can be proved.  Throughout $x = \sqrt q\,z$, $z \sim \mathcal N(0, 1)$, and $q$ is
# $q^*$.
#
# | symbol | code | paper |
# |---|---|---|
# | $t = \tanh x$, $s^2 = 1 - t^2 = \operatorname{sech}^2x$ | – | – |
# | $\mathcal T(q) = \mathbb E[t^2]$, $A(q) = \mathbb E[\phi'^2] = \mathbb E[s^4]$ | `nk.tanh.slopes(...)` | Eq. 2, 4 |
# | $\sigma_w^2, \sigma_b^2, q^*$ on the line | `critical_point(nk.tanh, ...)` | Section 3 |
# | $\chi_q$, slope of the variance map | `mean_field(...).chi_q` | – |
# | $\alpha, \beta, \gamma, \rho$ | `asymptotics` | Eq. 17 |
#
# **Goals.** That $q^*$ is unique and stable; that both coordinates increase along the line, so that either names one
# point of it; its two ends; the constants of the laws of chapter `critical_line`; and the recipe's third decimal.

# %%
import functools
import pathlib
import runpy

import mpmath
import sympy
from sympy import Lambda, Rational, cosh, diff, integrate, pi, series, sinh, sqrt, tanh

import ntkref as nk

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, x, z = sympy.symbols("q x z", positive=True)  # every integrand below is even, so x > 0 is no loss
t = sympy.Symbol("t", positive=True)
m = sympy.symbols("m0 m2 m4 m6 m8 m10", positive=True)  # E[t^0] = 1, E[t²], …, E[t^10]
s2 = 1 - t**2


def slope(polynomial):
    """d/dx of a polynomial in t = tanh x."""
    return sympy.expand(diff(polynomial, t) * s2)


def E(polynomial):
    """The expectation of an even polynomial in t, in the moments m."""
    terms = sympy.Poly(polynomial, t).terms()
    return sum(coefficient * (m[power // 2] if power else 1) for (power,), coefficient in terms)


# %% [markdown]
# ## 1. The line, by $q^*$
#
# The derivatives of tanh are polynomials in $t$,
# $$\phi' = s^2, \quad \phi'' = -2ts^2, \quad \phi''' = 2s^2(3t^2 - 1), \quad \phi'''' = 8ts^2(2 - 3t^2), \tag{14.1}$$
# so all that is ever needed are moments $\mathbb E[t^{2k}]$.  $\chi_1 = \sigma_w^2A = 1$ and the fixed point give
# $$\sigma_w^2 = \frac1{A(q)}, \qquad \sigma_b^2 = q - \frac{\mathcal T(q)}{A(q)}, \qquad
#   \chi_q = \frac{\mathcal T'(q)}{A(q)}, \tag{14.2}$$
# with $\mathcal T' = \mathbb E[\phi'^2 + \phi\phi''] = \mathbb E[s^2(1 - 3t^2)]$ by (13.5).

# %%
phi = [t]
while len(phi) < 5:
    phi.append(slope(phi[-1]))
proved(phi[1:], [s2, -2 * t * s2, 2 * s2 * (3 * t**2 - 1), 8 * t * s2 * (2 - 3 * t**2)])
for order in (1, 2):
    proved(diff(tanh(x), x, order), phi[order].subs(t, tanh(x)))
A, T = E(phi[1] ** 2), E(t**2)
T_slope = E(phi[1] ** 2 + t * phi[2])
proved(T_slope, E(sympy.expand(s2 * (1 - 3 * t**2))))
line_sigma_w2, line_sigma_b2, chi_q = 1 / A, q - T / A, T_slope / A
proved(line_sigma_w2 * T + line_sigma_b2, q)

# %% [markdown]
# ## 2. $q^*$ is unique and stable
#
# Differentiate under the expectation, at fixed $z$.  With $h(x) = ts^2/x$, a product of two falling functions,
# $$\mathcal T' = \mathbb E\big[z^2\,h(\sqrt q\,z)\big] > 0, \qquad \frac{d}{dx}\frac tx
#   = -\frac{\sinh 2x - 2x}{2x^2\cosh^2x} < 0, \tag{14.3}$$
# so $\mathcal T$ increases and $\mathcal T'$ falls with $q$: $\mathcal T$ is concave, and bounded by 1.  That is all
# that (6.1) and (6.2) asked of erf.  So for every $\sigma_w^2$, $\sigma_b^2 > 0$ there is one $q^*$, and it attracts.
# On the line one can say more:
# $$0 < \chi_q = 1 - \frac{2\,\mathbb E[t^2s^2]}{\mathbb E[s^4]} < 1. \tag{14.4}$$

# %%
at_z = tanh(sqrt(q) * z) ** 2
h = tanh(x) * (1 - tanh(x) ** 2) / x  # h of (14.3)
proved(diff(at_z, q), z**2 * h.subs(x, sqrt(q) * z))
falls = proved(diff(tanh(x) / x, x), -(sinh(2 * x) - 2 * x) / (2 * x**2 * cosh(x) ** 2))
proved(diff(sinh(2 * x) - 2 * x, x), 4 * sinh(x) ** 2)  # and sinh 2x − 2x is 0 at 0
holds((4 * sinh(x) ** 2).is_positive, "sinh 2x > 2x")
proved(chi_q, 1 - 2 * E(sympy.expand(t**2 * s2)) / A)

# %% [markdown]
# ## 3. Both coordinates increase
#
# *$\sigma_w^2$*: $s^4$ falls with $|x|$, hence $A$ with $q$, and $\sigma_w^2 = 1/A$ rises from 1.
#
# *$\sigma_b^2$* is a difference and takes more.  By (13.4) $A' = \mathbb E[\phi''^2 + \phi'\phi''']$, so
# $$\frac{d\sigma_b^2}{dq} = 1 - \frac{\mathcal T'}A + \frac{\mathcal TA'}{A^2}
#   = \frac2{A^2}\Big(5\,\mathbb E[t^2]\,\mathbb E[t^2s^4] - \mathbb E[t^4]\,\mathbb E[s^4]\Big), \tag{14.5}$$
# and the claim is $\mathbb E[t^4]/\mathbb E[t^2] < 5\,\mathbb E[t^2s^4]/\mathbb E[s^4]$.  At large $q$ both sides tend
# to 1: nothing can be given away.

# %%
sech2 = 1 - tanh(x) ** 2
proved(diff((sech2**2).subs(x, sqrt(q) * z), q), -2 * z**2 * (h * sech2).subs(x, sqrt(q) * z))
A_slope = E(phi[2] ** 2 + phi[1] * phi[3])
m2, m4 = m[1], m[2]
rise = 1 - T_slope / A + T * A_slope / A**2
proved(rise, 2 / A**2 * (5 * m2 * E(sympy.expand(t**2 * s2**2)) - m4 * A))

# %% [markdown]
# Stein's lemma (13.6), $q\,\mathbb E[G'(t)\,s^2] = \mathbb E[x\,G(t)]$, with $G = t - \frac13t^3$ and with
# $G = \frac13t^3 - \frac15t^5$, turns the right-hand side into a quotient of one weight $w = x\,t\,(3 - t^2) > 0$:
# $$\frac{5\,\mathbb E[t^2s^4]}{\mathbb E[s^4]} = \frac{\mathbb E[x\,t^3(5 - 3t^2)]}{\mathbb E[x\,t(3 - t^2)]}
#   > \frac{\mathbb E[w\,t^2]}{\mathbb E[w]}, \qquad \text{as} \quad
#   \frac{5 - 3t^2}{3 - t^2} = 1 + \frac{2s^2}{3 - t^2} > 1. \tag{14.6}$$
# The left-hand side is the mean of the same $t^2$ with the weight $t^2$.  The quotient of the weights increases with
# $|x|$,
# $$\frac{d}{dx}\,\frac w{t^2} = \frac{s^2(3 + t^2)}{t^2}\,\big[\Psi(t) - x\big] > 0, \qquad
#   \Psi = \frac{t(3 - t^2)}{s^2(3 + t^2)}, \quad
#   \frac{d\Psi}{dt} - \frac1{s^2} = \Big(\frac{4t^2}{s^2(3 + t^2)}\Big)^2 > 0, \tag{14.7}$$
# ($x = \operatorname{artanh}t$ has the derivative $1/s^2$ by $t$, and $\Psi = x$ at 0), so $w$ leans to where $t^2$ is
# large, and by Chebyshev's inequality, $\mathbb E[(w\,t'^2 - w't^2)(t^2 - t'^2)] \ge 0$ for an independent copy $x'$,
# $$\frac{\mathbb E[w\,t^2]}{\mathbb E[w]} \ge \frac{\mathbb E[t^4]}{\mathbb E[t^2]}, \qquad\text{and}\qquad
#   \frac{d\sigma_b^2}{dq} > 0. \tag{14.8}$$
# So $\sigma_b^2 \ge 0$, or $\sigma_w^2 \ge 1$, or $q^* \ge 0$ each single out one critical point.

# %%
for G, image in ((t - t**3 / 3, s2**2), (t**3 / 3 - t**5 / 5, t**2 * s2**2)):
    proved(slope(G), image)
weight = x * t * (3 - t**2)
proved(5 * x * (t**3 / 3 - t**5 / 5) / (x * (t - t**3 / 3)), t**2 * (1 + 2 * s2 / (3 - t**2)))
Psi = t * (3 - t**2) / (s2 * (3 + t**2))
w_over = (weight / t**2).subs(t, tanh(x))
proved(diff(w_over, x), (s2 * (3 + t**2) / t**2 * (Psi - x)).subs(t, tanh(x)))
proved(diff(Psi, t) - 1 / s2, (4 * t**2 / (s2 * (3 + t**2))) ** 2)
proved(Psi.subs(t, 0), 0)

# %% [markdown]
# ## 4. The tip
#
# Near $q = 0$ put the Taylor series of tanh, all of whose derivatives are bounded, under the expectation, with
# $\mathbb E[x^{2k}] = (2k - 1)!!\,q^k$.  The series in $q$ diverge, since tanh has poles, but any number of terms
# leaves an error of the size of the next:
# $$\sigma_w^2 = 1 + 2q - 3q^2 + \tfrac{34}3q^3 + \dots, \quad \sigma_b^2 = \tfrac43q^3 - 8q^4 + \dots, \quad
#   \chi_q = 1 - 2q + 6q^2 + \dots \tag{14.9}$$
# The tip is $(\sigma_w^2, \sigma_b^2) = (1, 0)$, and the line leaves it along the axis, with erf's $\frac43q^3$ (6.12).
# The constants of (9.1) and $\rho = 1 - \beta/\alpha^2$ of (9.13) are there
# $$\alpha = 2q - 12q^2 + \dots, \quad \beta = \tfrac23 - 4q + \dots, \quad \gamma = \tfrac{32}3q + \dots, \quad
#   \rho = -\frac1{6q^2} - \frac1q - \frac{29}{18} + \dots \tag{14.10}$$

# %%
orders = 5  # powers of q kept
taylor = sympy.Poly(series(tanh(x), x, 0, 2 * orders + 2).removeO(), x)


def moment_series(k):
    """E[t^k] to q^5, from the Taylor series and the moments (2j − 1)!! q^j of a Gaussian."""
    terms = [(power, coefficient) for (power,), coefficient in (taylor**k).terms() if power <= 2 * orders]
    return sum(c * sympy.factorial2(power - 1) * q ** (power // 2) for power, c in terms)


small = {m[j]: moment_series(2 * j) for j in range(1, 6)}


def near_tip(function, count):
    return sympy.expand(series(sympy.cancel(function.subs(small)), q, 0, count).removeO())


alpha, beta, gamma = (E(sympy.expand(phi[k] ** 2)) / A / sympy.factorial(k) for k in (2, 3, 4))
rho = 1 - beta / alpha**2
tip_sigma_w2 = proved(1 + 2 * q - 3 * q**2 + Rational(34, 3) * q**3, near_tip(line_sigma_w2, 4))
tip_sigma_b2 = proved(Rational(4, 3) * q**3 - 8 * q**4, near_tip(line_sigma_b2, 5))
proved(near_tip(chi_q, 3), 1 - 2 * q + 6 * q**2)
proved(
    [near_tip(f, k) for f, k in ((alpha, 3), (beta, 2), (gamma, 2))],
    [2 * q - 12 * q**2, Rational(2, 3) - 4 * q, Rational(32, 3) * q],
)
tip_rho = proved(-1 / (6 * q**2) - 1 / q - Rational(29, 18), near_tip(rho, 1))

# %% [markdown]
# ## 5. The far end
#
# At large $q$ an integrable even function $g(x)$ sees only the middle of the Gaussian,
# $$\mathbb E[g(x)] = \frac1{\sqrt{2\pi q}}\Big(\int g\,dx - \frac1{2q}\int x^2g\,dx + O(q^{-2})\Big). \tag{14.11}$$
# With $dt = s^2dx$ the first integrals are of polynomials: $\int s^4 = \frac43$, $\int s^2 = 2$.  The second are
# $\int x^2s^2\,dx = \frac{\pi^2}6$ and $\int x^2s^4\,dx = \frac{\pi^2 - 6}9$.  So $\phi'^2$ acts as $\frac43\delta(x)$,
# and
# $$A = \frac1{\sqrt{2\pi q}}\Big(\frac43 - \frac{\pi^2 - 6}{18q} + \dots\Big), \qquad
#   \mathcal T = 1 - \frac1{\sqrt{2\pi q}}\Big(2 - \frac{\pi^2}{12q} + \dots\Big), \tag{14.12}$$
# $$\sigma_w^2 = \tfrac34\sqrt{2\pi q}\,\Big(1 + \frac{\pi^2 - 6}{24q} + \dots\Big), \qquad
#   \sigma_b^2 = q - \tfrac34\sqrt{2\pi q} + \tfrac32 + O(q^{-1/2}), \qquad \chi_q = \frac3{4q} + \dots \tag{14.13}$$
# The line opens like a parabola, $\sigma_w^4 \approx \frac{9\pi}8\sigma_b^2$.  The constants tend to
# $$\alpha \to \tfrac25, \qquad \beta \to \tfrac8{21}, \qquad \gamma \to \tfrac8{15}, \qquad
#   \rho \to -\tfrac{29}{21}. \tag{14.14}$$

# %%
root = sqrt(2 * pi * q)


def middle(polynomial):
    """∫ of s² · polynomial dx over the line."""
    return integrate(sympy.cancel(polynomial / s2), (t, -1, 1))


def far(function):
    """Of the two integrals in (14.11)."""
    return (function[0] - function[1] / (2 * q)) / root


plain = mpmath.MPContext()
plain.dps = 40
for power, integral in ((1, pi**2 / 6), (2, (pi**2 - 6) / 9)):
    agree(
        plain.quad(lambda y, k=power: y**2 * plain.sech(y) ** (2 * k), [-60, -20, -5, 0, 5, 20, 60]),
        integral,
        digits=30,
    )
A_far, T_far = far((middle(s2**2), (pi**2 - 6) / 9)), 1 - far((middle(s2), pi**2 / 6))
limits = [middle(sympy.expand(phi[k] ** 2)) / middle(s2**2) / sympy.factorial(k) for k in (2, 3, 4)]
proved([*limits, 1 - limits[1] / limits[0] ** 2], [Rational(2, 5), Rational(8, 21), Rational(8, 15), -Rational(29, 21)])
far_sigma_w2 = Rational(3, 4) * root * (1 + (pi**2 - 6) / (24 * q))
far_sigma_b2 = q - Rational(3, 4) * root + Rational(3, 2)
proved(sympy.limit((1 / A_far / far_sigma_w2 - 1) * q, q, sympy.oo), 0)
proved(sympy.limit(q - T_far / A_far - far_sigma_b2, q, sympy.oo), 0)
proved(sympy.limit(diff(T_far, q) / A_far * q, q, sympy.oo), Rational(3, 4))

# %% [markdown]
# ## 6. The trapezoid rule
#
# $\mathbb E[f(z)] \approx h\sum_kf(kh)\,n(kh)$, $n$ the density of $z$.  By Poisson's summation formula what it leaves
# out is the Fourier transform of $fn$ at the multiples of $2\pi/h$, and moving the line of integration up to the first
# pole of $\tanh\sqrt q\,z$, at $iy$, makes that
# $$\text{error} \approx e^{-2\pi y/h}, \qquad y = \frac\pi{2\sqrt q}, \tag{14.15}$$
# times a power of $1/h$ less than the order of the pole, 10 for $t^{10}$.  Halving the step about squares the error.
# Here $h = 1/(14\sqrt q)$, at most $\frac18$, leaves less than $10^{-40}$.


# %%
@functools.lru_cache(maxsize=1024)
def moments(q_number, step=None):
    """E[t^2], …, E[t^10] at the decimal string or mpmath number q, to 38 digits."""
    root_q = plain.sqrt(plain.mpf(q_number))
    step = step or min(plain.mpf(1) / 8, 1 / (14 * root_q))
    total = [plain.zero] * 5
    for k in range(1, int(14 / step)):
        t2, density = plain.tanh(root_q * k * step) ** 2, plain.exp(-((k * step) ** 2) / 2)
        for j in range(5):
            density *= t2
            total[j] += density
    return tuple(2 * step * part / plain.sqrt(2 * plain.pi) for part in total)  # 0 at z = 0


exact = moments("4", plain.mpf(1) / 32)
errors = [abs(moments("4", plain.mpf(1) / n)[0] - exact[0]) for n in (4, 8)]
rate = plain.log(errors[0] / errors[1]) / (2 * plain.pi * (plain.pi / 4) * 4)  # y = π/4, 1/h grows by 4
holds(bool(0.9 < rate < 1.1), "the error falls as (14.15)")
for ours, theirs in zip(moments("4"), exact, strict=True):
    agree(ours, theirs, digits=37)

# %% [markdown]
# ## 7. Results, and the numbers

# %%
of_m = m[1:]
results = {
    "line_sigma_w2": Lambda(of_m, line_sigma_w2),  # of E[t²], E[t⁴], …, E[t¹⁰]
    "line_sigma_b2": Lambda((q, *of_m), line_sigma_b2),
    "chi_q": Lambda(of_m, chi_q),
    "variance_slope": Lambda(of_m, T_slope),
    "orders": tuple(Lambda(of_m, E(sympy.expand(phi[k] ** 2))) for k in (1, 2, 3, 4)),  # E[φ'²], …, E[φ''''²]
    "alpha": Lambda(of_m, alpha),
    "beta": Lambda(of_m, beta),
    "gamma": Lambda(of_m, gamma),
    "rho": Lambda(of_m, rho),
    "tip_sigma_w2": Lambda(q, tip_sigma_w2),  # to q³
    "tip_sigma_b2": Lambda(q, tip_sigma_b2),  # to q⁴
    "tip_rho": Lambda(q, tip_rho),
    "far_sigma_w2": Lambda(q, far_sigma_w2),
    "far_sigma_b2": Lambda(q, far_sigma_b2),
    "sigmoid_sigma_w2": Lambda(of_m, 16 * line_sigma_w2),  # of the moments at q/4
    "sigmoid_sigma_b2": Lambda((q, *of_m), 4 * (line_sigma_b2.subs(q, q / 4) - line_sigma_w2)),
}


def at(name, q_number):
    arguments = moments(q_number)
    return value(results[name], *((q_number,) if name.endswith("sigma_b2") else ()), *arguments, digits=36)


# %% [markdown]
# The two ends against the quadrature, and $\rho$ between them.  It is negative there and at both ends: for tanh as for
# erf $\kappa$ approaches $\frac{m+2}2$ from below (9.14).

# %%
for name, digits in (("sigma_w2", 6), ("sigma_b2", 3)):  # what is left out: 61 q⁴; 748/15 q⁵ of 4/3 q³
    agree(value(results[f"tip_{name}"], "0.005"), at(f"line_{name}", "0.005"), digits)
agree(value(results["tip_rho"], "0.005"), at("rho", "0.005"), digits=5)  # 11/3 q of 1/(6 q²)
for name, digits in (("sigma_w2", 5), ("sigma_b2", 4)):  # q⁻²; q^(−1/2) of q
    agree(value(results[f"far_{name}"], "1000"), at(f"line_{name}", "1000"), digits)
rhos = {"0.1": "-28.13", "0.25": "-8.088", "0.5": "-4.069", "1": "-2.5586", "2": "-1.928", "4": "-1.644"}
for q_number, rho_number in rhos.items():
    agree(at("rho", q_number), rho_number, digits=3.5)

# %% [markdown]
# *The recipe.*  At $\sigma_b^2 = 0.05$ the line is at
# $$q^* = 0.57004788164\ldots, \qquad \sigma_w^2 = 1.76095463960673913\ldots; \tag{14.16}$$
# the recipe's 1.76 lies below it, in the ordered phase with $\xi_1 = -1/\log\chi_1 \approx 4912$ layers.  For erf 1.76
# is nothing special: by (6.11) its line passes $\sigma_b^2 = 0.18$ at $\sigma_w^2 = 1.747603749767703\ldots$


# %%
def root_of(function, low, high):
    return plain.findroot(lambda y: plain.convert(function(y)), (low, high), solver="secant", tol=plain.mpf(10) ** -60)


recipe = root_of(lambda y: at("line_sigma_b2", y) - Rational("0.05"), 0.56, 0.58)
agree(recipe, "0.57004788164076415", digits=16)
agree(at("line_sigma_w2", recipe), "1.760954639606739131631552", digits=23)
rounded = root_of(lambda y: Rational("1.76") * moments(y)[0] + Rational("0.05") - y, 0.56, 0.58)
agree(-1 / plain.log(plain.mpf("1.76") / plain.convert(at("line_sigma_w2", rounded))), 4911.675, digits=6)
of_erf = root_of(lambda s: (s**2 - 1) / 4 - s * (plain.atan(s) - plain.pi / 4) - plain.mpf("0.18"), 2.2, 2.3)
agree(plain.pi / 4 * of_erf, "1.747603749767703", digits=15)

# %% [markdown]
# (b) *The package*, at 30 digits and in float64, by rules of its own.

# %%
point = nk.critical_point(nk.tanh, sigma_b2="0.05")
agree(point.q_star, recipe, digits=13)  # a cancellation of a digit in σ_b²
agree(point.sigma_w2, at("line_sigma_w2", recipe), digits=13)
for system, digits in ((nk.digits(30), 28), (nk.float64, 13)):
    slope_package, orders_package = nk.tanh.slopes(system.asarray("2", "q"), system)
    agree(slope_package, at("variance_slope", "2"), digits)
    for theirs, formula in zip(orders_package, results["orders"], strict=True):
        agree(theirs, value(formula, *moments("2"), digits=36), digits)
agree(nk.mean_field(nk.tanh, point.sigma_w2, point.sigma_b2).chi_q, at("chi_q", recipe), digits=13)

# %% [markdown]
# ## Exercise
#
# Draw the critical line of the logistic sigmoid, $\phi = 1/(1 + e^{-x})$, without a new integral.  Where does it begin?
#
# **Solution.**  $\phi(x) = \frac12 + \frac12\tanh\frac x2$, so with $r = q/4$, and $\mathcal T$, $A$ those of tanh,
# $\mathbb E[\phi^2] = \frac14(1 + \mathcal T(r))$ and $\mathbb E[\phi'^2] = \frac1{16}A(r)$.  By (14.2)
# $$\sigma_w^2 = 16\,\sigma_{w,\tanh}^2(r), \qquad
#   \sigma_b^2 = 4\big(\sigma_{b,\tanh}^2(r) - \sigma_{w,\tanh}^2(r)\big), \qquad
#   \chi_q = \chi_{q,\tanh}(r). \tag{14.17}$$
# Its constant $\frac12$ feeds the variance, and $\sigma_b^2 \ge 0$ only where tanh has $\sigma_b^2 \ge \sigma_w^2$:
# from $q^* = 45.6243$, $\sigma_w^2 = 103.0076$ on.  From there on it is stable, by (14.4).

# %%
logistic = (1 + tanh(x / 2)) / 2
proved(logistic.rewrite(sympy.exp), 1 / (1 + sympy.exp(-x)))
T_logistic, A_logistic = (1 + T) / 4, A / 16  # moments at r; the mean of tanh is 0
proved(sympy.expand(((1 + t) / 2) ** 2 - t / 2), (1 + t**2) / 4)
proved(diff(logistic, x) ** 2, (s2**2 / 16).subs(t, tanh(x / 2)))
proved(results["sigmoid_sigma_w2"](*of_m), 1 / A_logistic)
proved(results["sigmoid_sigma_b2"](q, *of_m), q - T_logistic / A_logistic)
begins = root_of(lambda r: at("line_sigma_b2", r) - at("line_sigma_w2", r), 11.3, 11.5)
agree(4 * begins, "45.624277797379713", digits=16)
agree(16 * at("line_sigma_w2", begins), "103.007553855519", digits=14)

# %% [markdown]
# ## Summary
#
# | | tanh | |
# |---|---|---|
# | line | $\sigma_w^2 = 1/A$, $\sigma_b^2 = q - \mathcal T/A$, both increasing | (14.2, 14.8) |
# | $\chi_q$ on it | $1 - 2\,\mathbb E[t^2s^2]/\mathbb E[s^4]$, between 0 and 1 | (14.4) |
# | $q \to 0$ | $\sigma_w^2 = 1 + 2q$, $\sigma_b^2 = \frac43q^3$, $\rho = -1/(6q^2)$ | (14.9, 14.10) |
# | $q \to \infty$ | $\sigma_w^2 = \frac34\sqrt{2\pi q}$, $\chi_q = 3/(4q)$, $\rho \to -29/21$ | (14.13, 14.14) |
# | $\sigma_b^2 = 0.05$ | $\sigma_w^2 = 1.760954639606\ldots$ | (14.16) |
# | sigmoid | $16\,\sigma_w^2$, $4(\sigma_b^2 - \sigma_w^2)$ at $q/4$ | (14.17) |
#
# **Sources.**  The line by $q^*$: S. Schoenholz and others, *Deep information propagation* (2017).  The error (14.15):
# L. Trefethen and J. Weideman, *The exponentially convergent trapezoidal rule* (2014).  The proofs are derived here.
