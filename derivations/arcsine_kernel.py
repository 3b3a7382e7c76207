# %% [markdown]
# # The arc-sine kernel
#
# **Setting.** A layer of a wide network sends two inputs to two jointly Gaussian numbers
# $(u, v) \sim \mathcal N(0, K)$, $K = \begin{pmatrix} q_1 & q_{12} \\ q_{12} & q_2 \end{pmatrix}$.
# What the next layer needs (Eq. 2, 3 and 8 of the paper) are the two *duals* of the activation $\phi$,
# $$\mathcal T = \mathbb E[\phi(u)\phi(v)], \qquad \dot{\mathcal T} = \mathbb E[\phi'(u)\phi'(v)].$$
#
# | symbol | code | paper |
# |---|---|---|
# | $q_1, q_2, q_{12}$ | `Covariance.x`, `.y`, `.xy` | entries of $\mathcal K(x, x')$, Eq. 2 |
# | $\Delta = q_1 q_2 - q_{12}^2$ | `Covariance.area ** 2` | – |
# | $\mathcal T$, $\dot{\mathcal T}$ | `activation.duals(...)` | Eq. 3; below Eq. 4 |
# | $f^{(n)}$, $d\mathcal T(q,q)/dq$ | `activation.slopes(...)` | Eq. 4 |
# | $g = \mathcal T(q_1,q_1) + \mathcal T(q_2,q_2) - 2\mathcal T(q_1,q_2)$ | `Covariance.gap` | – |
#
# **Goals.** Both duals in closed form, for $\phi = \operatorname{erf}$ (arc-sine) and for ReLU (arc-cosine); the
# derivatives of $\mathcal T$ that decide the phase of a deep network; the gap $g$ without a subtraction.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from scipy.special import erf as erf_function
from sympy import Lambda, Matrix, asin, atan, atan2, cos, diff, erf, exp, integrate, oo, pi, sin, sqrt, tan

import ntkref as nk
from ntkref.inputs import covariance_of_pair
from ntkref.pair import Covariance

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, q1, q2 = sympy.symbols("q q1 q2", positive=True)
q12, u, v, t = sympy.symbols("q12 u v t", real=True)

# %% [markdown]
# ## 1. The density, and a heat equation
#
# $$\rho(u, v) = \frac{1}{2\pi\sqrt\Delta}\exp\Big(-\frac{q_2u^2 - 2q_{12}uv + q_1v^2}{2\Delta}\Big). \tag{3.1}$$
# That this is the density of $\mathcal N(0, K)$ is checked by integration: total mass 1, covariance $q_{12}$,
# variance $q_1$.  SymPy integrates once it knows that $\Delta > 0$, so $q_2$ is written $(\Delta + q_{12}^2)/q_1$.

# %%
Delta = q1 * q2 - q12**2
rho = exp(-(q2 * u**2 - 2 * q12 * u * v + q1 * v**2) / (2 * Delta)) / (2 * pi * sqrt(Delta))

area2 = sympy.Symbol("Delta", positive=True)
rho_positive = sympy.simplify(rho.subs(q2, (area2 + q12**2) / q1))
for weight, moment in ((1, 1), (u * v, q12), (u**2, q1)):
    over_v = sympy.simplify(integrate(weight * rho_positive, (v, -oo, oo)))
    proved(integrate(over_v, (u, -oo, oo)), moment)

# %% [markdown]
# The density solves two heat equations in its own covariances:
# $$\frac{\partial\rho}{\partial q_{12}} = \frac{\partial^2\rho}{\partial u\,\partial v}, \qquad
#   \frac{\partial\rho}{\partial q_1} = \frac12\frac{\partial^2\rho}{\partial u^2}. \tag{3.2}$$

# %%
proved(diff(rho, q12) / rho, diff(rho, u, v) / rho)
proved(diff(rho, q1) / rho, diff(rho, u, 2) / rho / 2)

# %% [markdown]
# ## 2. Price's theorem
#
# Move the two derivatives of (3.2) from $\rho$ to $\phi$.  For any smooth $\phi$
# $$\phi(u)\phi(v)\,\partial_u\partial_v\rho - \phi'(u)\phi'(v)\,\rho
#   = \partial_u\big[\phi(u)\phi(v)\,\partial_v\rho\big] - \partial_v\big[\phi'(u)\phi(v)\,\rho\big], \tag{3.3}$$
# $$\phi(u)\phi(v)\,\partial_u^2\rho - \phi''(u)\phi(v)\,\rho
#   = \partial_u\big[\phi(u)\phi(v)\,\partial_u\rho - \phi'(u)\phi(v)\,\rho\big].$$
# The right-hand sides are divergences of fields that vanish at infinity ($\rho$ decays like a Gaussian, $\phi$ grows
# at most polynomially), so they integrate to zero and
# $$\frac{\partial\mathcal T}{\partial q_{12}} = \mathbb E[\phi'(u)\phi'(v)] = \dot{\mathcal T}, \qquad
#   \frac{\partial\mathcal T}{\partial q_1} = \tfrac12\,\mathbb E[\phi''(u)\phi(v)]. \tag{3.4}$$

# %%
phi = sympy.Function("phi")
flux_u, flux_v = phi(u) * phi(v) * diff(rho, v), -diff(phi(u), u) * phi(v) * rho
mixed = phi(u) * phi(v) * diff(rho, u, v) - diff(phi(u), u) * diff(phi(v), v) * rho
proved(mixed, diff(flux_u, u) + diff(flux_v, v))

flux = phi(u) * phi(v) * diff(rho, u) - diff(phi(u), u) * phi(v) * rho
pure = phi(u) * phi(v) * diff(rho, u, 2) - diff(phi(u), u, 2) * phi(v) * rho
proved(pure, diff(flux, u))

# %% [markdown]
# ## 3. $\dot{\mathcal T}$ of erf: one Gaussian integral
#
# $\operatorname{erf}'(u) = \frac{2}{\sqrt\pi}e^{-u^2}$, so $\phi'\phi'\rho$ is again a Gaussian.  Its quadratic form
# is $M = K^{-1} + 2\,\mathrm{Id}$, and for any form $\begin{pmatrix} a & -b \\ -b & (d + b^2)/a \end{pmatrix}$ of
# determinant $d > 0$
# $$\iint e^{-\frac12(au^2 - 2buv + \frac{d+b^2}{a}v^2)}\,du\,dv = \frac{2\pi}{\sqrt d}, \qquad
#   \iint uv\;e^{\cdots}\,du\,dv = \frac{2\pi}{\sqrt d}\,\frac bd. \tag{3.5}$$

# %%
proved(diff(erf(u), u), 2 / sqrt(pi) * exp(-(u**2)))

a, d = sympy.symbols("a d", positive=True)
b = sympy.Symbol("b", real=True)
form = exp(-(a * u**2 - 2 * b * u * v + (d + b**2) / a * v**2) / 2)
for weight, result in ((1, 2 * pi / sqrt(d)), (u * v, 2 * pi / sqrt(d) * b / d)):
    over_u = sympy.simplify(integrate(weight * form, (u, -oo, oo)))
    proved(integrate(over_u, (v, -oo, oo)), result)

# %% [markdown]
# The combined form enters only through $\Delta\det M$:
# $$\Delta\det(K^{-1} + 2\,\mathrm{Id}) = \det(\mathrm{Id} + 2K) = (1 + 2q_1)(1 + 2q_2) - 4q_{12}^2 =: m^2, \tag{3.6}$$
# $$\dot{\mathcal T} = \frac4\pi\cdot\frac1{2\pi\sqrt\Delta}\cdot\frac{2\pi}{\sqrt{\det M}}
#   = \frac4\pi\,\frac1{\sqrt{(1 + 2q_1)(1 + 2q_2) - 4q_{12}^2}}. \tag{3.7}$$

# %%
K = Matrix([[q1, q12], [q12, q2]])
M = K.inv() + 2 * Matrix.eye(2)
m2 = (1 + 2 * q1) * (1 + 2 * q2) - 4 * q12**2
proved(Delta * M.det(), m2)
proved((Matrix.eye(2) + 2 * K).det(), m2)
proved(M[0, 1], -q12 / Delta)  # so b = q12/Δ in (3.5)

Tdot_erf = 4 / pi / sqrt(m2)
proved(Tdot_erf**2, (4 / pi / (2 * pi)) ** 2 / Delta * (2 * pi) ** 2 / M.det())

# %% [markdown]
# ## 4. $\mathcal T$ of erf: integrate back
#
# At $q_{12} = 0$ the two are independent and erf is odd, so $\mathcal T = \mathbb E[\operatorname{erf} u]^2 = 0$.
# With $n^2 = (1 + 2q_1)(1 + 2q_2)$, Price's theorem (3.4) gives
# $$\mathcal T = \frac4\pi\int_0^{q_{12}}\frac{dt}{\sqrt{n^2 - 4t^2}}
#   = \frac2\pi\arcsin\frac{2q_{12}}{\sqrt{(1 + 2q_1)(1 + 2q_2)}}. \tag{3.8}$$

# %%
proved(erf(-u), -erf(u))  # while the density of u is even
n = sympy.Symbol("n", positive=True)
primitive = integrate(Tdot_erf.subs({q1: (n - 1) / 2, q2: (n - 1) / 2, q12: t}), t)  # only n² = n·n matters
T_erf = (primitive.subs(t, q12) - primitive.subs(t, 0)).subs(n, sqrt((1 + 2 * q1) * (1 + 2 * q2)))
proved(T_erf, 2 / pi * asin(2 * q12 / sqrt((1 + 2 * q1) * (1 + 2 * q2))))
proved(diff(T_erf, q12), Tdot_erf)

# %% [markdown]
# The package avoids the subtraction in $1 - \sin^2$ by $\arcsin x = \arctan(x/\sqrt{1 - x^2})$ and
# $m^2 = 1 + 2q_1 + 2q_2 + 4\Delta$:
# $$\mathcal T = \frac2\pi\arctan\frac{2q_{12}}{\sqrt{1 + 2q_1 + 2q_2 + 4\Delta}}. \tag{3.9}$$

# %%
proved(m2, 1 + 2 * q1 + 2 * q2 + 4 * Delta)
x = sympy.Symbol("x", real=True)
proved(diff(atan(x / sqrt(1 - x**2)) - asin(x), x), 0)  # and both vanish at x = 0
T_atan = 2 / pi * atan(2 * q12 / sqrt(1 + 2 * q1 + 2 * q2 + 4 * Delta))
proved(T_atan.subs(q12, 0), T_erf.subs(q12, 0))
proved(diff(T_atan, q12), Tdot_erf)

# %% [markdown]
# ## 5. The derivatives at coincidence
#
# Let $f(t) = \mathcal T$ at $q_1 = q_2 = q$, $q_{12} = t$.  Price's theorem applied $n$ times says
# $f^{(n)}(t) = \mathbb E[\phi^{(n)}(u)\phi^{(n)}(v)]$, so at $t = q$ all are positive.  With $S = 1 + 4q$
# $$f' = \frac4{\pi\sqrt S}, \quad f'' = \frac{4q}S f', \quad
#   f''' = \Big(\frac4S + \frac{48q^2}{S^2}\Big)f', \quad
#   f'''' = \Big(\frac{144q}{S^2} + \frac{960q^3}{S^3}\Big)f'. \tag{3.10}$$
# As a second route for $f''$: $\operatorname{erf}''(u) = -\frac{4u}{\sqrt\pi}e^{-u^2}$, and the moment (3.5) with
# $b/d = (M^{-1})_{12}$ gives $\mathbb E[\phi''(u)\phi''(v)] = \dot{\mathcal T}\cdot 4\,(M^{-1})_{12}$.

# %%
f = T_erf.subs({q1: q, q2: q, q12: t})
S = 1 + 4 * q
first = 4 / (pi * sqrt(S))
orders = (first, first * 4 * q / S, first * (4 / S + 48 * q**2 / S**2), first * (144 * q / S**2 + 960 * q**3 / S**3))
for order, derivative in enumerate(orders, start=1):
    proved(diff(f, t, order).subs(t, q), derivative)
    holds(derivative.is_positive, f"derivative {order} of f is positive")

proved(diff(erf(u), u, 2), -4 * u / sqrt(pi) * exp(-(u**2)))
second = (Tdot_erf * 4 * M.inv()[0, 1]).subs({q1: q, q2: q, q12: t})
proved(second, diff(f, t, 2))

# %% [markdown]
# The variance map $q \mapsto \mathcal T(q, q)$ moves all three covariances at once.  By (3.4) its slope is
# $\mathbb E[\phi\phi''] + \mathbb E[\phi'^2]$, and it is smaller than $f'$ because erf saturates:
# $$\frac{d}{dq}\mathcal T(q, q) = \frac4\pi\,\frac1{(1 + 2q)\sqrt{1 + 4q}} = \frac{f'(q)}{1 + 2q}. \tag{3.11}$$

# %%
variance_slope = 4 / (pi * (1 + 2 * q) * sqrt(1 + 4 * q))
proved(diff(T_erf.subs({q1: q, q2: q, q12: q}), q), variance_slope)
proved(sum(diff(T_erf, s) for s in (q1, q2, q12)).subs({q1: q, q2: q, q12: q}), variance_slope)
proved(variance_slope, first / (1 + 2 * q))

# %% [markdown]
# ## 6. The gap, with nothing subtracted
#
# For equal variances $q$ and $q_{12} = q(1 - \varepsilon)$ the gap is $\frac4\pi(\arcsin a - \arcsin b)$ with
# $a = 2q/(1 + 2q)$, $b = a(1 - \varepsilon)$; as $\varepsilon \to 0$ every digit cancels.  But with
# $a = \sin\alpha$, $b = \sin\beta$
# $$\frac{\sin\alpha - \sin\beta}{\cos\alpha + \cos\beta} = \tan\frac{\alpha - \beta}2
#   \quad\Longrightarrow\quad
#   \arcsin a - \arcsin b = 2\arctan\frac{a - b}{\sqrt{1 - a^2} + \sqrt{1 - b^2}}, \tag{3.12}$$
# and $a - b = a\varepsilon$ is known exactly:
# $$g = \frac8\pi\arctan\frac{2q\varepsilon}{\sqrt{1 + 4q} + \sqrt{1 + 4q + 4q^2\varepsilon(2 - \varepsilon)}}.
#   \tag{3.13}$$

# %%
middle, half = sympy.symbols("middle half", real=True)  # (α + β)/2 and (α − β)/2
alpha, beta = middle + half, middle - half
tangent = sympy.expand_trig((sin(alpha) - sin(beta)) / (cos(alpha) + cos(beta)))
proved(tangent, tan(half))

e = sympy.Symbol("e", positive=True)
a_, b_ = 2 * q / (1 + 2 * q), 2 * q / (1 + 2 * q) * (1 - e)
proved((1 - a_**2) * (1 + 2 * q) ** 2, 1 + 4 * q)
proved((1 - b_**2) * (1 + 2 * q) ** 2, 1 + 4 * q + 4 * q**2 * e * (2 - e))
half_tangent = 2 * q * e / (sqrt(1 + 4 * q) + sqrt(1 + 4 * q + 4 * q**2 * e * (2 - e)))
gap = 8 / pi * atan(half_tangent)
proved(half_tangent, (a_ - b_) / (sqrt(1 - a_**2) + sqrt(1 - b_**2)))
by_subtraction = [T_erf.subs({q1: q, q2: q, q12: q12_}) for q12_ in (q, q * (1 - e))]
proved(2 * (by_subtraction[0] - by_subtraction[1]), 4 / pi * (asin(a_) - asin(b_)))
proved(gap, 4 / pi * 2 * atan(half_tangent))  # (3.12)

# %% [markdown]
# ## 7. ReLU: a wedge in polar coordinates
#
# Let $\theta \in [0, \pi]$ be the angle between the inputs, $q_{12} = \sqrt{q_1q_2}\cos\theta$.  With a point of the
# plane in polar coordinates $(r, \psi)$ under the standard Gaussian, $u = \sqrt{q_1}\,r\cos\psi$ and
# $v = \sqrt{q_2}\,r\cos(\psi - \theta)$ have the covariances $q_1, q_2, q_{12}$:

# %%
r, theta, psi = sympy.symbols("r theta psi", positive=True)
u_polar, v_polar = sqrt(q1) * r * cos(psi), sqrt(q2) * r * cos(psi - theta)


def polar(integrand, low, high):
    """E[integrand] over the wedge low < ψ < high: the standard Gaussian density is exp(−r²/2)/(2π) r dr dψ."""
    inner = integrate(sympy.expand_trig(integrand), (psi, low, high))
    return sympy.simplify(integrate(sympy.expand(inner * r * exp(-(r**2) / 2) / (2 * pi)), (r, 0, oo)))


for product, moment in ((u_polar**2, q1), (v_polar**2, q2), (u_polar * v_polar, sqrt(q1 * q2) * cos(theta))):
    proved(polar(product, -pi, pi), moment)

# %% [markdown]
# Both are positive on the wedge $\theta - \frac\pi2 < \psi < \frac\pi2$ of opening $\pi - \theta$.  There
# $\phi(u)\phi(v) = uv$ and $\phi'(u)\phi'(v) = 1$:
# $$\mathcal T = \frac{\sqrt{q_1q_2}}{2\pi}\,J(\pi - \theta), \quad J(t) = \sin t - t\cos t, \qquad
#   \dot{\mathcal T} = \frac{\pi - \theta}{2\pi}. \tag{3.14}$$
# In covariances, with $\theta = \operatorname{atan2}(\sqrt\Delta, q_{12})$:
# $$\mathcal T = \frac{\sqrt\Delta + (\pi - \theta)\,q_{12}}{2\pi}. \tag{3.15}$$

# %%
wedge = (theta - pi / 2, pi / 2)
T_wedge, Tdot_wedge = polar(u_polar * v_polar, *wedge), polar(sympy.Integer(1), *wedge)
J = Lambda(t, sin(t) - t * cos(t))
proved(T_wedge, sqrt(q1 * q2) / (2 * pi) * J(pi - theta))
proved(Tdot_wedge, (pi - theta) / (2 * pi))

angle = atan2(sqrt(Delta), q12)
T_relu = (sqrt(Delta) + (pi - angle) * q12) / (2 * pi)
Tdot_relu = (pi - angle) / (2 * pi)
proved(cos(angle), q12 / sqrt(q1 * q2))  # so `angle` is θ
proved(T_relu, T_wedge.subs(theta, angle))
proved(Tdot_relu, Tdot_wedge.subs(theta, angle))
proved(diff(T_relu, q12), Tdot_relu)  # Price's theorem again, though ReLU is not smooth
proved(diff(Tdot_relu, q12), 1 / (2 * pi * sqrt(Delta)))  # infinite at q12 = q1 = q2
proved(T_wedge.subs({theta: 0, q2: q1}), q1 / 2)  # so the slope of the variance map is 1/2

# %% [markdown]
# ## 8. Results, and the package's own functions
#
# `results` maps a label to a formula; the order of its arguments stands beside it.

# %%
results = {
    "T_erf": Lambda((q1, q2, q12), T_erf),
    "Tdot_erf": Lambda((q1, q2, q12), Tdot_erf),
    "T_relu": Lambda((q1, q2, q12), T_relu),
    "Tdot_relu": Lambda((q1, q2, q12), Tdot_relu),
    "erf_derivatives": tuple(Lambda(q, order) for order in orders),  # orders 1 to 4 at q12 = q1 = q2 = q
    "variance_slope_erf": Lambda(q, variance_slope),  # (q)
    "gap_erf": Lambda((q, e), gap),  # (q, e), q12 = q (1 - e)
}

# %% [markdown]
# (a) *On symbols.*  The package's duals, called with `ntkref.symbols()`, are these formulas.  For erf it writes
# $\mathcal T$ with an arctangent and the gap as (3.13), $g = \frac8\pi\arctan X$; so the sines of
# $\frac\pi2\mathcal T$ are compared, and the $X$.  Where the package chooses the form that rounds best, each of
# its forms must be the formula.


# %%
def forms(expression):
    """All values of a `Piecewise`."""
    folded = sympy.piecewise_fold(expression)
    return [form for form, _ in folded.args] if isinstance(folded, sympy.Piecewise) else [folded]


numbers = nk.symbols()
p12 = sympy.Symbol("q12", positive=True)  # its sign decides some of the package's branches
general = Covariance(q1, q2, p12, q1 - q2, q1 + q2 - 2 * p12, q1 + q2 + 2 * p12, sqrt(q1 * q2 - p12**2))
by_area = {q2: (area2 + p12**2) / q1}
for name, compared in (("erf", lambda T: sin(pi * T / 2)), ("relu", lambda T: T)):
    T, Tdot = getattr(nk, name).duals(general, numbers)
    for form in forms(T.xy):
        proved(compared(form).subs(by_area), compared(results[f"T_{name}"](q1, q2, p12)).subs(by_area))
    for form in forms(Tdot.xy):
        proved(form.subs(by_area), results[f"Tdot_{name}"](q1, q2, p12).subs(by_area))
    proved(Tdot.x, results[f"Tdot_{name}"](q1, q1, q1))
    proved(compared(T.x), compared(results[f"T_{name}"](q1, q1, q1)))

package_slope, package_orders = nk.erf.slopes(q, numbers)
proved(package_slope, results["variance_slope_erf"](q))
for ours, theirs in zip(results["erf_derivatives"], package_orders, strict=True):
    proved(ours(q), theirs)

w = sympy.Symbol("w", positive=True)
acute = 1 / (1 + w)  # an ε between 0 and 1, for the same reason
T, _ = nk.erf.duals(covariance_of_pair(q, acute, numbers), numbers)
for form in forms(T.gap):
    proved(tan(pi * form / 8), half_tangent.subs(e, acute))

# %% [markdown]
# (b) *At 50 digits and* (c) *in float64.*  Also against the definition: the double integral (3.1), by 160 × 160
# Gauss–Legendre nodes in float64 over the region where the integrand is smooth (all of the plane for erf, the
# quadrant $u, v > 0$ for ReLU).

# %%
nodes, weights = np.polynomial.legendre.leggauss(160)


def expectation(function, low, c1, c2, c12):
    """E[function(u) function(v)] over u, v from `low` to 9 deviations, beyond which 1e-18 of the mass lies."""
    (x, wx), (y, wy) = (
        (s * (low + (9 - low) * (1 + nodes) / 2), s * (9 - low) / 2 * weights) for s in (c1**0.5, c2**0.5)
    )
    det = c1 * c2 - c12**2
    square = c2 * x[:, None] ** 2 - 2 * c12 * np.outer(x, y) + c1 * y**2
    density = np.exp(-square / (2 * det)) / (2 * np.pi * det**0.5)
    return (wx * function(x)) @ density @ (wy * function(y))


definitions = {  # φ, φ' and where they are smooth
    "erf": (-9, erf_function, lambda x: 2 / np.sqrt(np.pi) * np.exp(-(x**2))),
    "relu": (0, lambda x: x, np.ones_like),
}
for c1, c2, c12 in (("0.7", "1.3", "0.4"), ("2", "0.5", "-0.3")):
    floats = tuple(map(float, (c1, c2, c12)))
    for name, (low, function, derivative) in definitions.items():
        T_number = value(results[f"T_{name}"], c1, c2, c12)
        Tdot_number = value(results[f"Tdot_{name}"], c1, c2, c12)
        agree(T_number, expectation(function, low, *floats), digits=12)  # float64, sums of 25600 terms
        agree(Tdot_number, expectation(derivative, low, *floats), digits=12)
        for system, digits in ((nk.digits(50), 49), (nk.float64, 14)):  # a few units in the last place
            x, y, xy = (system.asarray(c, "c") for c in (c1, c2, c12))
            pair = Covariance(x, y, xy, x - y, x + y - 2 * xy, x + y + 2 * xy, system.sqrt(x * y - xy**2))
            T, Tdot = getattr(nk, name).duals(pair, system)
            agree(T.xy, T_number, digits)
            agree(Tdot.xy, Tdot_number, digits)
            # The package's gap for unequal variances, against the subtraction it avoids.
            subtracted = value(results[f"T_{name}"], c1, c1, c1) + value(results[f"T_{name}"], c2, c2, c2)
            agree(T.gap, subtracted - 2 * T_number, digits)

for variance, one_minus_c in (("0.9", "1e-30"), ("0.9", "0.25"), ("3", "1.7"), ("0.2", "2")):
    for system, digits in ((nk.digits(50), 49), (nk.float64, 14)):
        T, _ = nk.erf.duals(covariance_of_pair(variance, one_minus_c, system), system)
        agree(T.gap, value(results["gap_erf"], variance, one_minus_c), digits)

# %% [markdown]
# ## Exercise
#
# Find $\mathcal T$ for $\phi = \sin$ by the same route.
#
# **Solution.**  $\cos u\cos v = \frac12[\cos(u - v) + \cos(u + v)]$, and $u \mp v$ is Gaussian of variance
# $s = q_1 + q_2 \mp 2q_{12}$, for which $\mathbb E[\cos w] = e^{-s/2}$.  So
# $\dot{\mathcal T} = e^{-(q_1+q_2)/2}\cosh q_{12}$, and since $\sin$ is odd $\mathcal T$ vanishes at $q_{12} = 0$:
# $$\mathcal T = e^{-(q_1 + q_2)/2}\sinh q_{12}. \tag{3.16}$$

# %%
s = sympy.Symbol("s", positive=True)
characteristic = integrate(cos(u) * exp(-(u**2) / (2 * s)) / sqrt(2 * pi * s), (u, -oo, oo))
proved(characteristic, exp(-s / 2))
proved(cos(u) * cos(v), (cos(u - v) + cos(u + v)) / 2)
Tdot_sin = sum(characteristic.subs(s, q1 + q2 + sign * 2 * q12) for sign in (-1, 1)) / 2
T_sin = integrate(Tdot_sin.subs(q12, t), (t, 0, q12))
proved(T_sin.rewrite(exp), (exp(-(q1 + q2) / 2) * sympy.sinh(q12)).rewrite(exp))
agree(T_sin.subs({q1: 0.7, q2: 1.3, q12: 0.4}), expectation(np.sin, -9, 0.7, 1.3, 0.4), digits=12)

# %% [markdown]
# ## Summary
#
# | | erf | ReLU |
# |---|---|---|
# | $\mathcal T$ | $\frac2\pi\arcsin(2q_{12}/n)$ (3.8) | $\frac1{2\pi}(\sqrt\Delta + (\pi - \theta)q_{12})$ (3.15) |
# | $\dot{\mathcal T}$ | $\frac4\pi(n^2 - 4q_{12}^2)^{-1/2}$ (3.7) | $\frac1{2\pi}(\pi - \theta)$ (3.14) |
# | $d\mathcal T(q,q)/dq$ | $f'/(1 + 2q)$ (3.11) | $\frac12$ |
# | $f''/f'$ at $q_{12} = q$ | $4q/(1 + 4q)$ (3.10) | infinite |
# | gap at equal variances | (3.13) | |
#
# Here $n^2 = (1 + 2q_1)(1 + 2q_2)$ and $\theta = \operatorname{atan2}(\sqrt\Delta, q_{12})$.  For any $\phi$,
# $\partial\mathcal T/\partial q_{12} = \dot{\mathcal T}$ (3.4).
