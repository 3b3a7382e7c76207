# %% [markdown]
# # Price's theorem, and what a kink or a jump does to it
#
# **Setting.** $(u, v) \sim \mathcal N(0, K)$, $K = \begin{pmatrix} q_1 & q_{12} \\ q_{12} & q_2 \end{pmatrix}$, and the
# duals of an activation are $\mathcal T = \mathbb E[\phi(u)\phi(v)]$, $\dot{\mathcal T} = \mathbb E[\phi'(u)\phi'(v)]$.
# Chapter `arcsine_kernel` proved $\partial\mathcal T/\partial q_{12} = \dot{\mathcal T}$ (3.4) for smooth $\phi$.  Here
# $\phi$ is any activation of the package: with a kink, with a jump, or without a closed form in sight.
#
# | symbol | code | paper |
# |---|---|---|
# | $q_1, q_2, q_{12}$ | `Covariance.x`, `.y`, `.xy` | entries of $\mathcal K(x, x')$, Eq. 2 |
# | $\Delta = q_1q_2 - q_{12}^2$ | `Covariance.area ** 2` | – |
# | $\mathcal T$, $\dot{\mathcal T}$ | `activation.duals(...)` | Eq. 3; below Eq. 4 |
# | $d\mathcal T(q, q)/dq$, $\mathbb E[\phi^{(n)2}]$ | `activation.slopes(...)` | Eq. 4 |
# | $\rho(u, v)$ | the density of $\mathcal N(0, K)$ | – |
# | $n$, $\Phi$ | density and distribution function of $\mathcal N(0, 1)$ | – |
#
# **Goals.** The theorem for any order, for the variances, and with its hypotheses; what becomes of it where $\phi'$ or
# $\phi''$ is a delta function, and why the NTK of `sign` is a matter of convention; GELU in closed form.

# %%
import pathlib
import runpy

import numpy as np
import sympy
from scipy.special import ndtr
from sympy import I, Lambda, Rational, acos, asin, cos, cosh, diff, erf, exp, factorial, integrate, pi, sin, sinh, sqrt

import ntkref as nk
from ntkref.pair import Covariance

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, q1, q2, e, w, x, k, J, omega, theta = sympy.symbols("q q1 q2 e w x k J omega theta", positive=True)
q12, s, t, u, v, a, b = sympy.symbols("q12 s t u v a b", real=True)
Delta = q1 * q2 - q12**2
rho = exp(-(q2 * u**2 - 2 * q12 * u * v + q1 * v**2) / (2 * Delta)) / (2 * pi * sqrt(Delta))  # (3.1)

# %% [markdown]
# ## 1. By the characteristic function
#
# For the exponential $F = e^{i(su + tv)}$ the expectation is the characteristic function
# $$\hat\rho(s, t) = \mathbb E\,e^{i(su + tv)} = e^{-\frac12(q_1s^2 + 2q_{12}st + q_2t^2)}, \qquad
#   \frac{\partial^n\hat\rho}{\partial q_{12}^n} = (-st)^n\hat\rho, \quad
#   \frac{\partial\hat\rho}{\partial q_1} = -\tfrac12s^2\hat\rho, \tag{13.1}$$
# and since $\partial_uF = isF$, $\partial_vF = itF$, the factors are those that $\partial_u^n\partial_v^n$ and
# $\frac12\partial_u^2$ put on $F$.  Every $F$ that is a sum or an integral of exponentials inherits this:
# $$\frac{\partial^n}{\partial q_{12}^n}\mathbb E[F] = \mathbb E[\partial_u^n\partial_v^nF], \qquad
#   \frac\partial{\partial q_1}\mathbb E[F] = \tfrac12\mathbb E[\partial_u^2F]. \tag{13.2}$$
# Nothing here asks for $\Delta > 0$.

# %%
F = exp(I * (s * u + t * v))
characteristic = exp(-(q1 * s**2 + 2 * q12 * s * t + q2 * t**2) / 2)
for order in range(1, 5):
    factor_of_F = proved(diff(F, u, order, v, order) / F, (-s * t) ** order)
    proved(diff(characteristic, q12, order), factor_of_F * characteristic)
proved(diff(characteristic, q1), diff(F, u, 2) / F / 2 * characteristic)

# %% [markdown]
# The same in the plane: where $\Delta > 0$ the density is $\hat\rho$ transformed back, and solves a heat equation of
# every order,
# $$\frac{\partial^n\rho}{\partial q_{12}^n} = \frac{\partial^{2n}\rho}{\partial u^n\partial v^n}, \qquad
#   \frac{\partial\rho}{\partial q_1} = \frac12\frac{\partial^2\rho}{\partial u^2}. \tag{13.3}$$
# *Hypotheses.*  Let $|F| \le Ce^{c(|u| + |v|)}$.  Near a $K$ with $\Delta > 0$ every derivative of $\rho$ is at most a
# polynomial times a Gaussian, so the integral may be differentiated, and **all derivatives fall on $\rho$**: for
# $\Delta > 0$, $\mathbb E[F]$ is an analytic function of $K$, whatever the kinks and jumps of $F$.  To move them to $F$
# is an integration by parts.  It leaves no boundary term if $F$ has the derivatives asked for, as functions within the
# same bound whose integrals give $F$ back ($\phi$ absolutely continuous).  A kink may be stepped over, a jump may not:
# $$\frac{\partial^n\mathcal T}{\partial q_{12}^n} = \mathbb E[\phi^{(n)}(u)\phi^{(n)}(v)], \qquad
#   \frac{\partial\mathcal T}{\partial q_1} = \tfrac12\mathbb E[\phi''(u)\phi(v)], \tag{13.4}$$
# with $\phi^{(n-1)}$ absolutely continuous for the first, and $\phi'$ for the second.  On the diagonal
# $$\frac d{dq}\mathcal T(q, q) = \mathbb E[\phi'^2] + \mathbb E[\phi\phi'']. \tag{13.5}$$

# %%
for order in (1, 2):
    proved(diff(rho, q12, order) / rho, diff(rho, u, order, v, order) / rho)
proved(diff(rho, q1) / rho, diff(rho, u, 2) / rho / 2)


def moment(i, j):
    """E[u^i v^j]: the term s^i t^j of exp(q₁s²/2) exp(q₁₂st) exp(q₂t²/2), times i! j!."""
    fields = [(m, (i - m) // 2, (j - m) // 2) for m in range(i % 2, min(i, j) + 1, 2) if (i - j) % 2 == 0]
    terms = [q12**m / factorial(m) * (q1 / 2) ** f / factorial(f) * (q2 / 2) ** g / factorial(g) for m, f, g in fields]
    return factorial(i) * factorial(j) * sum(terms, start=sympy.Integer(0))


proved([moment(2, 0), moment(1, 1), moment(4, 0), moment(2, 2)], [q1, q12, 3 * q1**2, q1 * q2 + 2 * q12**2])
for i in range(2, 6):
    for j in range(1, 6):  # (13.2) for the monomials, and so for every polynomial
        proved(diff(moment(i, j), q12), i * j * moment(i - 1, j - 1))
        proved(diff(moment(i, j), q1), i * (i - 1) * moment(i - 2, j) / 2)

# %% [markdown]
# ## 2. Stein's lemma
#
# The first derivatives of $\rho$ say $u\,\rho = -(q_1\partial_u + q_{12}\partial_v)\rho$.  By parts, for any $g(u, v)$
# that is absolutely continuous,
# $$\mathbb E[u\,g] = q_1\,\mathbb E[\partial_ug] + q_{12}\,\mathbb E[\partial_vg], \qquad
#   \mathbb E[v\,g] = q_{12}\,\mathbb E[\partial_ug] + q_2\,\mathbb E[\partial_vg]. \tag{13.6}$$
# It takes a factor $u$ out of an expectation, as Price's theorem takes out a covariance.


# %%
def stein(g):
    """What E[u g] and E[v g] are the expectations of."""
    return q1 * diff(g, u) + q12 * diff(g, v), q12 * diff(g, u) + q2 * diff(g, v)


proved([-part / rho for part in stein(rho)], [u, v])
for i in range(1, 5):
    for j in range(1, 5):
        proved(moment(i + 1, j), q1 * i * moment(i - 1, j) + q12 * j * moment(i, j - 1))


# %% [markdown]
# ## 3. A jump
#
# Let $\phi$ be the step $\mathbb 1[x > a]$ and $\psi$ the step at $b$.  The derivative falls on $\rho$, and the
# integral over the quadrant $u > a$, $v > b$ is the value at its corner,
# $$\frac{\partial}{\partial q_{12}}\mathbb E[\phi(u)\psi(v)] = \int_a^\infty\!\!\int_b^\infty\partial_u\partial_v\rho
#   \;dv\,du = \rho(a, b). \tag{13.7}$$
# This is what (13.4) says if $\phi' = \delta(x - a)$: the theorem holds at jumps as it stands, with $\phi'$ **as a
# distribution**, $\mathbb E[\delta(u - a)\delta(v - b)] = \rho(a, b)$.  With the pointwise derivative, which is 0
# almost everywhere, it would say that $\mathcal T$ is constant.  For the step at 0 and for sign $= 2\cdot$step $-\,1$
# $$\mathcal T_{\text{step}} = \frac14 + \frac1{2\pi}\arcsin c, \quad
#   \dot{\mathcal T}_{\text{step}} = \frac1{2\pi\sqrt\Delta}; \qquad
#   \mathcal T_{\text{sign}} = \frac2\pi\arcsin c, \quad \dot{\mathcal T}_{\text{sign}} = \frac2{\pi\sqrt\Delta},
#   \tag{13.8}$$
# $c = q_{12}/\sqrt{q_1q_2}$, the constant being that of independent $u$, $v$.

# %%
corner = rho.subs({u: a, v: b})  # at the three other corners ρ = 0
c12 = q12 / sqrt(q1 * q2)
Tdot_step = proved(corner.subs({a: 0, b: 0}), 1 / (2 * pi * sqrt(Delta)))
T_step = Rational(1, 4) + asin(c12) / (2 * pi)
proved(diff(T_step, q12), Tdot_step)
proved(T_step.subs(q12, 0), Rational(1, 2) ** 2)
T_sign, Tdot_sign = 2 / pi * asin(c12), 2 / (pi * sqrt(Delta))
proved([T_sign, Tdot_sign], [4 * T_step - 4 * Rational(1, 2) + 1, 4 * Tdot_step])  # E[(2φ − 1)(2ψ − 1)], and E[φ] = ½

# %% [markdown]
# It is also the limit of smooth activations: erf$(kx)$ tends to sign, and by (3.8) and (3.7) with $k^2K$ for $K$
# both duals tend to (13.8) where $\Delta > 0$; but at coincidence
# $$\dot{\mathcal T}_{\operatorname{erf}(kx)}(q, q, q) = \frac{4k^2}{\pi\sqrt{1 + 4k^2q}} \sim \frac{2k}{\pi\sqrt q}
#   \to \infty, \tag{13.9}$$
# as $2/(\pi\sqrt\Delta)$ does at $\Delta \to 0$.

# %%
steep = {q1: k**2 * q1, q2: k**2 * q2, q12: k**2 * q12}
sine_erf2 = 4 * q12**2 / ((1 + 2 * q1) * (1 + 2 * q2))  # of πT/2, squared
Tdot_erf2 = 16 / pi**2 / ((1 + 2 * q1) * (1 + 2 * q2) - 4 * q12**2)
for function, limit in ((sine_erf2, c12**2), (k**4 * Tdot_erf2, Tdot_sign**2)):
    in_x = sympy.cancel(function.subs(steep, simultaneous=True).subs(k, 1 / x))  # regular at x = 1/k = 0
    proved(in_x.subs(x, 0), limit)
diagonal, near = {q1: q, q2: q, q12: q}, {q1: q, q2: q, q12: q - e}
proved(in_x.subs(diagonal), 16 / pi**2 / (x**2 * (x**2 + 4 * q)))
proved(sympy.limit(4 * k / (pi * sqrt(1 + 4 * k**2 * q)), k, sympy.oo), 2 / (pi * sqrt(q)))
holds(sympy.limit(Tdot_sign.subs(near), e, 0) == sympy.oo, "the distribution's slope is infinite at coincidence")

# %% [markdown]
# *Two derivatives, two kernels.*  $\chi = \sigma_w^2\dot{\mathcal T}$ is the slope of the NNGP's map, so it takes the
# distribution: for a jump $\chi_1 = \infty$, and nearby inputs part at any $\sigma_w^2$.  The NTK's recursion
# $\Theta' = \mathcal K' + \sigma_w^2\dot{\mathcal T}\,\Theta$ uses the same letter for something else, the expected
# product of two *computed* gradients.  A program computes $\phi'$ pointwise.  For absolutely continuous $\phi$ that is
# the same function almost everywhere; for step and sign it is 0, no gradient passes a hidden layer, and
# $$\dot{\mathcal T}_{\text{pointwise}} = 0: \qquad \Theta^{(l)} = \mathcal K^{(l)}, \tag{13.10}$$
# the NTK of a network of which only the readout is trained.  That is the convention of other libraries.  With the
# distribution, $\Theta$ is the limit of the kernels of erf$(kx)$: infinite on the diagonal after one hidden layer,
# finite off it.  Both are consistent; what must not be done is to mix them.
#
# ## 4. A kink
#
# Let $\phi'$ jump by $J$ at $a$ and be smooth elsewhere: $\phi'' = J\delta(x - a) + g$.  One order later the same
# happens.  $\mathcal T$ and $\dot{\mathcal T}$ are as (13.4) says, and
# $$\frac{\partial^2\mathcal T}{\partial q_{12}^2} = J^2\rho(a, a) + 2J\,\mathbb E[\delta(u - a)g(v)]
#   + \mathbb E[g(u)g(v)], \tag{13.11}$$
# where at equal variances $q$ and $q_{12} = q - e$ the first term dominates and diverges like
# $$\rho(a, a) = \frac{e^{-a^2/(2q - e)}}{2\pi\sqrt{e(2q - e)}}
#   = \frac{p(a)}{2\sqrt{\pi e}}\,(1 + O(e)), \qquad p(a) = \frac{e^{-a^2/(2q)}}{\sqrt{2\pi q}}. \tag{13.12}$$
# (The density of $u$ at $a$ times that of $u - v$, of variance $2e$, at 0.)  ReLU has $J = 1$, $a = 0$, $g = 0$:
# $$\frac{\partial^2\mathcal T_{\text{ReLU}}}{\partial q_{12}^2} = \frac1{2\pi\sqrt\Delta}, \qquad
#   \frac{\partial\mathcal T_{\text{ReLU}}}{\partial q_1} = \tfrac12\mathbb E[\delta(u)\max(0, v)]
#   = \frac{\sqrt\Delta}{4\pi q_1}. \tag{13.13}$$
# The second by the density $p(0) = 1/\sqrt{2\pi q_1}$ of $u$ and the half-mean $\sqrt{w/2\pi}$ of $v$ at $u = 0$, whose
# variance is $w = \Delta/q_1$.  On the diagonal it vanishes: $\phi\,\phi'' = 0$, and (13.5) is $\frac12$.

# %%
density = exp(-(a**2) / (2 * q)) / sqrt(2 * pi * q)
rho_aa = exp(-(a**2) / (2 * q - e)) / (2 * pi * sqrt(e * (2 * q - e)))
proved(sympy.simplify(rho.subs({u: a, v: a} | near)), rho_aa)
kink = density / (2 * sqrt(pi * e))
ratio = sympy.simplify(rho_aa / kink)  # smooth in e, so the next term is O(e)
proved([ratio.subs(e, 0), diff(ratio, e).subs(e, 0)], [1, 1 / (4 * q) - a**2 / (4 * q**2)])
proved(density / sqrt(2 * pi * 2 * e), kink)  # p(a) times the density of u − v at 0

T_relu = (sqrt(Delta) + (pi - acos(c12)) * q12) / (2 * pi)  # (3.15)
proved(diff(T_relu, q12, 2), 1 / (2 * pi * sqrt(Delta)))
half_mean = proved(integrate(x * exp(-(x**2) / (2 * w)) / sqrt(2 * pi * w), (x, 0, sympy.oo)), sqrt(w / (2 * pi)))
relu_by_q1 = proved(half_mean.subs(w, Delta / q1) / sqrt(2 * pi * q1) / 2, sqrt(Delta) / (4 * pi * q1))
proved(sympy.simplify(diff(T_relu, q1)), relu_by_q1)

# %% [markdown]
# ## 5. GELU
#
# $\phi(x) = x\,\Phi(x)$.  Let $N^2 = (1 + q_1)(1 + q_2) - q_{12}^2 = \det(\mathrm{Id} + K)$.  Two expectations are
# known without work.  $\Phi(u)$ is the probability that a further $\xi \sim \mathcal N(0, 1)$ lies below $u$, so
# $\mathbb E[\Phi(u)\Phi(v)]$ is (13.8) for $(u - \xi, v - \eta)$, of covariance $\mathrm{Id} + K$; and
# $\mathbb E[n(u)n(v)]$ is the density of that pair at 0:
# $$P := \mathbb E[\Phi(u)\Phi(v)] = \frac14 + \frac1{2\pi}\arcsin\frac{q_{12}}{\sqrt{(1 + q_1)(1 + q_2)}}, \qquad
#   D := \mathbb E[n(u)n(v)] = \frac1{2\pi N}. \tag{13.14}$$
# The rest is (13.6), three times, with $\Phi' = n$ and $n' = -x\,n$:
# $$\mathbb E[u\,n(u)\Phi(v)] = \frac{q_{12}D}{1 + q_1}, \qquad
#   \mathbb E[v\,n(u)\Phi(v)] = q_2D - \frac{q_{12}^2D}{1 + q_1}, \tag{13.15}$$
# $$\mathcal T = \mathbb E[u\cdot v\,\Phi(u)\Phi(v)] = q_1\mathbb E[v\,n(u)\Phi(v)] + q_{12}P
#   + q_{12}\mathbb E[v\,\Phi(u)n(v)]. \tag{13.16}$$

# %%
widened = {q1: 1 + q1, q2: 1 + q2}
P, D = T_step.subs(widened, simultaneous=True), rho.subs(widened, simultaneous=True).subs({u: 0, v: 0})
N2 = (1 + q1) * (1 + q2) - q12**2
proved([D, diff(P, q12)], [1 / (2 * pi * sqrt(N2)), D])  # Price's theorem for Φ
Phi, n = Lambda(x, (1 + erf(x / sqrt(2))) / 2), Lambda(x, exp(-(x**2) / 2) / sqrt(2 * pi))
proved(diff(Phi(u), u), n(u))
X = sympy.Symbol("X")  # the first of (13.15)
proved(stein(n(u) * Phi(v))[0], -q1 * (u * n(u) * Phi(v)) + q12 * n(u) * n(v))
X_of = proved(sympy.solve(X + q1 * X - q12 * D, X)[0], q12 * D / (1 + q1))
proved(stein(n(u) * Phi(v))[1], -q12 * (u * n(u) * Phi(v)) + q2 * n(u) * n(v))
Y_of = -q12 * X_of + q2 * D
X_exchanged = X_of.subs({q1: q2, q2: q1}, simultaneous=True)
proved(stein(v * Phi(u) * Phi(v))[0], q1 * v * n(u) * Phi(v) + q12 * (Phi(u) * Phi(v) + v * Phi(u) * n(v)))
T_gelu = q1 * Y_of + q12 * P + q12 * X_exchanged

# %% [markdown]
# Collected, and differentiated by $q_{12}$,
# $$\mathcal T_{\text{GELU}} = q_{12}P + D\Big[q_1q_2 - q_{12}^2 + q_{12}^2\Big(\frac1{1 + q_1} + \frac1{1 + q_2}\Big)
#   \Big], \tag{13.17}$$
# $$\dot{\mathcal T}_{\text{GELU}} = P + q_{12}D\Big[\frac1{1 + q_1} + \frac1{1 + q_2} + \frac1{N^2}\Big], \tag{13.18}$$
# which is $\mathbb E[(\Phi(u) + u\,n(u))(\Phi(v) + v\,n(v))]$: the bracket's first two terms are (13.15), the last
# $\mathbb E[uv\,n(u)n(v)]$, a Gaussian moment.  And $\phi'' = (2 - x^2)\,n$ gives what (13.5) needs,
# $$\mathbb E[\phi\phi''] = \frac{q\,(2 + 3q - q^2)}{2\pi(1 + q)^2(1 + 2q)^{3/2}}, \qquad
#   \mathbb E[\phi'^2] = \dot{\mathcal T}(q, q, q). \tag{13.19}$$

# %%
both = 1 / (1 + q1) + 1 / (1 + q2)
T_gelu = proved(q12 * P + D * (Delta + q12**2 * both), T_gelu)
Tdot_gelu = P + q12 * D * (both + 1 / N2)
W, V2 = sympy.symbols("W V2")  # E[u v n(u) n(v)] and E[v² n(u) n(v)]
proved(stein(v * n(u) * n(v))[0], (-q1 * u * v + q12 * (1 - v**2)) * n(u) * n(v))
proved(stein(v * n(u) * n(v))[1], (-q12 * u * v + q2 * (1 - v**2)) * n(u) * n(v))
moments = sympy.solve([W + q1 * W - q12 * (D - V2), V2 + q12 * W - q2 * (D - V2)], [W, V2])
W_of = proved(moments[W], q12 * D / N2)
proved(P + X_of + X_exchanged + W_of, Tdot_gelu)
proved(diff(T_gelu, q12), Tdot_gelu)
proved(diff(Phi(u) * u, u, 2), (2 - u**2) * n(u))
phi_phi2 = q * (2 + 3 * q - q**2) / (2 * pi * (1 + q) ** 2 * (1 + 2 * q) ** Rational(3, 2))
proved(sympy.simplify(2 * diff(T_gelu, q1).subs(diagonal)), phi_phi2)
variance_slope = proved(Tdot_gelu.subs(diagonal) + phi_phi2, diff(T_gelu.subs(diagonal), q))

# %% [markdown]
# ## 6. Exponentials and their kin
#
# The package's other closed forms come from (13.1) with real or complex exponents, and Price's theorem gives
# $\dot{\mathcal T}$.  With $G_\pm = \mathbb E\cos(\omega(u \pm v)) = e^{-\frac12\omega^2(q_1 + q_2 \pm 2q_{12})}$
# $$\mathcal T_{\exp} = \dot{\mathcal T}_{\exp} = e^{\frac12(q_1 + q_2) + q_{12}}, \qquad
#   \mathcal T_{\sin(\omega x + b)} = \tfrac12\big(G_- - \cos(2b)\,G_+\big), \quad
#   \dot{\mathcal T}_{\sin(\omega x + b)} = \tfrac12\omega^2\big(G_- + \cos(2b)\,G_+\big); \tag{13.20}$$
# $b = 0$ is sin (3.16), $b = \frac\pi2$ cos.  For $e^{-x^2}$ widen $K$ as in (13.14): with
# $m^2 = (1 + 2q_1)(1 + 2q_2) - 4q_{12}^2$
# $$\mathcal T_{\text{Gauss}} = \frac1m, \qquad \dot{\mathcal T}_{\text{Gauss}} = \frac{4q_{12}}{m^3}. \tag{13.21}$$

# %%
T_exp = characteristic.subs({s: -I, t: -I})
proved(T_exp, exp((q1 + q2) / 2 + q12))
G_minus, G_plus = (exp(-(omega**2) * (q1 + q2 + sign * 2 * q12) / 2) for sign in (-1, 1))
proved(G_plus, characteristic.subs({s: omega, t: omega}))  # an even function of (s, t): the cosine's share is all of it
proved(sin(omega * u + b) * sin(omega * v + b), (cos(omega * (u - v)) - cos(omega * (u + v) + 2 * b)) / 2)
T_sinusoid = (G_minus - cos(2 * b) * G_plus) / 2  # E sin(ω(u + v)) = 0
Tdot_sinusoid = omega**2 * (G_minus + cos(2 * b) * G_plus) / 2
T_sin, T_cos = (exp(-(q1 + q2) / 2) * f(q12) for f in (sinh, cosh))
for shift, T in ((0, T_sin), (pi / 2, T_cos)):
    proved(T_sinusoid.subs({omega: 1, b: shift}), T.rewrite(exp))
m2 = (1 + 2 * q1) * (1 + 2 * q2) - 4 * q12**2
by_density = pi * rho.subs({q1: q1 + Rational(1, 2), q2: q2 + Rational(1, 2)}, simultaneous=True).subs({u: 0, v: 0})
T_gaussian = proved(1 / sqrt(m2), by_density)  # e^(−x²) is √π times a density of variance ½
Tdot_gaussian = 4 * q12 / m2 ** Rational(3, 2)
by_q1 = {T_exp: T_exp, T_sinusoid: -(omega**2) * T_sinusoid, T_gaussian: -2 * (1 + 2 * q2) / m2 ** Rational(3, 2)}
for T, Tdot in ((T_exp, T_exp), (T_sinusoid, Tdot_sinusoid), (T_gaussian, Tdot_gaussian)):
    proved([diff(T, q12), diff(T, q1)], [Tdot, by_q1[T] / 2])  # E[φ''φ]/2: φ'' = φ, φ'' = −ω²φ

# %% [markdown]
# ## 7. Results, and the package's own functions

# %%
at_K = (q1, q2, q12)
closed = {
    "gelu": (T_gelu, Tdot_gelu),
    "gaussian": (T_gaussian, Tdot_gaussian),
    "step": (T_step, Tdot_step),  # the distribution's, as for sign
    "sign": (T_sign, Tdot_sign),
    "exp": (T_exp, T_exp),
}
results = {f"{label}_{name}": Lambda(at_K, closed[name][i]) for i, label in enumerate(("T", "Tdot")) for name in closed}
results |= {
    "variance_slope_gelu": Lambda(q, variance_slope),
    "phi_phi2_gelu": Lambda(q, phi_phi2),  # E[φ φ'']
    "T_sinusoid": Lambda((*at_K, omega, b), T_sinusoid),  # of sin(ωx + b)
    "Tdot_sinusoid": Lambda((*at_K, omega, b), Tdot_sinusoid),
    "kink": Lambda((J, a, q, e), J**2 * kink),  # the diverging part of ∂²T/∂q₁₂² at equal variances, q₁₂ = q − e
}

# %% [markdown]
# (a) *Against the definition*, in float64: the double integral, by 120 × 120 Gauss–Legendre nodes over the region in
# which the integrand is smooth: the plane for GELU and the Gaussian, the quadrant $u, v > 0$ for the step.

# %%
nodes, weights = np.polynomial.legendre.leggauss(120)


def expectation(function, low, c1, c2, c12):
    """E[function(u) function(v)] over u, v from `low` to 9 deviations, beyond which 1e-18 of the mass lies."""
    y, z = (d**0.5 * (low + (9 - low) * (1 + nodes) / 2) for d in (c1, c2))
    det = c1 * c2 - c12**2
    square = c2 * y[:, None] ** 2 - 2 * c12 * np.outer(y, z) + c1 * z**2
    density = (9 - low) ** 2 / 4 * (c1 * c2 / det) ** 0.5 / (2 * np.pi) * np.exp(-square / (2 * det))
    return (weights * function(y)) @ density @ (weights * function(z))


points = (("0.7", "1.3", "0.4"), ("2", "0.5", "-0.3"))
for label, low, function in (
    ("T_gelu", -9, lambda y: y * ndtr(y)),
    ("Tdot_gelu", -9, lambda y: ndtr(y) + y * np.exp(-(y**2) / 2) / np.sqrt(2 * np.pi)),
    ("T_gaussian", -9, lambda y: np.exp(-(y**2))),
    ("T_step", 0, np.ones_like),
):
    for entries in points:  # sums of 14400 terms
        agree(value(results[label], *entries), expectation(function, low, *map(float, entries)), digits=12)

# %% [markdown]
# (b) *The package*, at 30 digits and in float64; it integrates GELU and the Gaussian, here in float64.

# %%
cases = [(name, name) for name in closed] + [("sin", "sinusoid", 1, 0), ("cos", "sinusoid", 1, pi / 2)]
for system, digits in ((nk.digits(30), 28), (nk.float64, 13)):  # some ten operations, and a cancellation of a digit
    for entries in points:
        y, z, yz = (system.asarray(entry, "entry") for entry in entries)
        pair = Covariance(y, z, yz, y - z, y + z - 2 * yz, y + z + 2 * yz, system.sqrt(y * z - yz**2))
        for name, formula, *parameters in cases[2 * (system is not nk.float64) :]:
            T, Tdot = getattr(nk, name).duals(pair, system)
            agree(T.xy, value(results[f"T_{formula}"], *entries, *parameters), digits)
            pointwise = name in ("step", "sign")  # 0, (13.10)
            agree(Tdot.xy, 0 if pointwise else value(results[f"Tdot_{formula}"], *entries, *parameters), digits)
    for variance in ("0.1", "20"):
        slope_package, (first, *_) = nk.gelu.slopes(system.asarray(variance, "q"), system)
        agree(slope_package, value(results["variance_slope_gelu"], variance), digits)
        agree(first, value(results["Tdot_gelu"], variance, variance, variance), digits)

# %% [markdown]
# ## Exercise
#
# Find $\mathcal T_n$ of $\phi = \max(0, x)^n$ at $q_1 = q_2 = 1$ for every $n$.
#
# **Solution.**  $\phi' = n\max(0, x)^{n-1}$, so by (13.4) $\dot{\mathcal T}_n = n^2\mathcal T_{n-1}$; and at $c = -1$,
# where $v = -u$, one of the two factors is 0.  So, with $c = \cos\theta$, $dc = -\sin\theta\,d\theta$ and (13.8),
# $$\mathcal T_n(\theta) = n^2\int_\theta^\pi\mathcal T_{n-1}(t)\sin t\,dt, \qquad
#   \mathcal T_0 = \frac{\pi - \theta}{2\pi}, \tag{13.22}$$
# with $\mathcal T_1$ of (3.14), and
# $$\mathcal T_2 = \frac1{2\pi}\big[3\sin\theta\cos\theta + (\pi - \theta)(1 + 2\cos^2\theta)\big]. \tag{13.23}$$
# At $\theta = 0$ they are half the moments $(2n - 1)!!$ of a Gaussian.

# %%
T_n = [(pi - theta) / (2 * pi)]
proved(T_step.subs({q1: 1, q2: 1, q12: sin(pi / 2 - theta)}).subs(asin(cos(theta)), pi / 2 - theta), T_n[0])
for order in (1, 2, 3):
    over = integrate(sympy.expand(order**2 * T_n[-1].subs(theta, t) * sin(t)), t)
    T_n.append(over.subs(t, pi) - over.subs(t, theta))
    proved(diff(T_n[-1], theta), -sin(theta) * order**2 * T_n[-2])
    proved(T_n[-1].subs(theta, 0), sympy.factorial2(2 * order - 1) / 2)
proved(T_n[2], (3 * sin(theta) * cos(theta) + (pi - theta) * (1 + 2 * cos(theta) ** 2)) / (2 * pi))
agree(T_n[2].subs(theta, acos(Rational(3, 10))), expectation(np.square, 0, 1.0, 1.0, 0.3), digits=12)

# %% [markdown]
# ## Summary
#
# | | $\mathcal T$ | $\dot{\mathcal T}$ | |
# |---|---|---|---|
# | any $\phi$ | | $\partial\mathcal T/\partial q_{12}$, $\phi'$ as a distribution | (13.4, 13.7) |
# | step | $\frac14 + \frac1{2\pi}\arcsin c$ | $1/(2\pi\sqrt\Delta)$; pointwise 0 | (13.8, 13.10) |
# | kink $J$ at $a$ | | its slope diverges like $J^2p(a)/(2\sqrt{\pi e})$ | (13.11, 13.12) |
# | GELU | (13.17) | (13.18) | |
# | exp, sin, cos | (13.20) | (13.20) | |
# | $e^{-x^2}$ | $1/m$ | $4q_{12}/m^3$ | (13.21) |
# | $\max(0, x)^n$ | $n^2\int\mathcal T_{n-1}\,dc$ | $n^2\mathcal T_{n-1}$ | (13.22) |
#
# **Sources.**  (13.2): R. Price, *A useful theorem for nonlinear devices having Gaussian inputs* (1958).  (13.6):
# C. Stein, *Estimation of the mean of a multivariate normal distribution* (1981).  (13.22): Y. Cho and L. Saul, *Kernel
# methods for deep learning* (2009).  GELU: R. Tsuchida and others, *Avoiding kernel fixed points* (2021).
