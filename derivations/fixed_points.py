# %% [markdown]
# # Fixed points, and the line between order and chaos
#
# **Setting.** One layer maps the covariances of two inputs to
# $\mathcal K' = \sigma_w^2\mathcal T(\mathcal K) + \sigma_b^2$ (Eq. 2).  What happens after many layers is decided by
# the fixed points of this map and by the slopes there.  The duals $\mathcal T$, $\dot{\mathcal T}$ and their
# derivatives come from chapter `arcsine_kernel`, whose equations are cited as (3.n).  The activation is erf, except
# in the exercise.
#
# | symbol | code | paper |
# |---|---|---|
# | $\sigma_w^2, \sigma_b^2$ | `sigma_w2`, `sigma_b2` | Eq. 1 |
# | $q^*$ | `mean_field(...).q_star` | Section 3 |
# | $c^*$, $q_{ab}^* = c^*q^*$ | `.c_star`, `.one_minus_c_star` | Section 3 |
# | $\chi_1 = \sigma_w^2\dot{\mathcal T}(q^*)$ | `.chi_1` | Section 6 |
# | $\chi_{c^*} = \sigma_w^2\dot{\mathcal T}(q_{ab}^*)$ | `.chi_c` | Eq. 12 |
# | $\chi_q$, slope of the variance map | `.chi_q` | – |
# | critical line $\chi_1 = 1$ | `critical_point(...)` | Section 3 |
#
# **Goals.** Why there is one $q^*$ and it is stable; why $\chi_1$ alone decides whether two inputs become parallel;
# the critical line of erf, by $q^*$ and explicitly.

# %%
import pathlib
import runpy

import sympy
from sympy import Lambda, Matrix, Rational, asin, atan, cos, diff, factor, log, oo, pi, series, sin, sqrt

import ntkref as nk
from ntkref.inputs import covariance_of_pair

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

q, q1, q2, sigma_w2, s = sympy.symbols("q q1 q2 sigma_w2 s", positive=True)
q12, c = sympy.symbols("q12 c", real=True)
sigma_b2 = sympy.Symbol("sigma_b2", nonnegative=True)

T = Lambda((q1, q2, q12), 2 / pi * asin(2 * q12 / sqrt((1 + 2 * q1) * (1 + 2 * q2))))  # (3.8)
Tdot = Lambda((q1, q2, q12), 4 / pi / sqrt((1 + 2 * q1) * (1 + 2 * q2) - 4 * q12**2))  # (3.7)
T_package, Tdot_package = nk.erf.duals(covariance_of_pair(q, 0, nk.symbols()), nk.symbols())
proved(sin(pi * T(q, q, q) / 2), sin(pi * T_package.xy / 2))  # the package writes an arctangent
proved(diff(T(q1, q2, q12), q12), Tdot(q1, q2, q12))

# %% [markdown]
# ## 1. The variance has one fixed point, and it is stable
#
# On the diagonal the map is $V(q) = \sigma_w^2\mathcal T(q, q) + \sigma_b^2$.  By (3.11)
# $$V'(q) = \frac{4\sigma_w^2}{\pi}\,\frac1{(1 + 2q)\sqrt{1 + 4q}} > 0, \qquad V''(q) < 0, \tag{6.1}$$
# an increasing, concave map; and $\mathcal T < 1$, so far out $V(q) < q$.

# %%
V = sigma_w2 * T(q, q, q) + sigma_b2
V_slope = 4 * sigma_w2 / pi / ((1 + 2 * q) * sqrt(1 + 4 * q))
proved(diff(V, q), V_slope)
holds(V_slope.is_positive, "V is increasing")
holds(factor(diff(V_slope, q)).is_negative, "V is concave")
proved(sympy.limit(T(q, q, q), q, oo), 1)

# %% [markdown]
# *At a fixed point $q^* > 0$ the slope is below 1.*  The height of the tangent over the origin,
# $g(q) = \mathcal T(q, q) - q\,\mathcal T'(q)$, is 0 at $q = 0$ and grows, $g' = -q\,\mathcal T'' > 0$.  So
# $\sigma_w^2\mathcal T' < \sigma_w^2\mathcal T/q$, and at the fixed point
# $$\chi_q = V'(q^*) < \frac{\sigma_w^2\mathcal T(q^*, q^*)}{q^*} = \frac{q^* - \sigma_b^2}{q^*} \le 1. \tag{6.2}$$
# A graph that crosses the diagonal only from above crosses it once: $q^* > 0$ is unique, and iteration converges to it
# like $\chi_q^l$.  It exists if $\sigma_b^2 > 0$; at $\sigma_b^2 = 0$, where $q = 0$ is fixed, it exists if the
# slope there, $V'(0) = 4\sigma_w^2/\pi$, exceeds 1.

# %%
T_slope = V_slope / sigma_w2
height = T(q, q, q) - q * T_slope
proved(height.subs(q, 0), 0)
proved(diff(height, q), -q * diff(T_slope, q))
holds(factor(diff(height, q)).is_positive, "the tangent's height over the origin grows")
proved(V_slope.subs(q, 0), 4 * sigma_w2 / pi)
pinned = {sigma_b2: q - sigma_w2 * T(q, q, q)}  # σ_b² that makes q fixed: from here on q stands for q*
proved(V.subs(pinned), q)

# %% [markdown]
# ## 2. The three slopes
#
# The map moves $(q_1, q_2, q_{12})$ together.  Its Jacobian at $(q^*, q^*, c\,q^*)$ is triangular, since a variance
# does not feel the covariance, and its eigenvalues are
# $$\chi_q,\ \chi_q,\ \chi_c: \qquad
#   \chi_q = \frac{\chi_1}{1 + 2q^*}, \quad
#   \chi_1 = \frac{4\sigma_w^2}{\pi\sqrt{1 + 4q^*}}, \quad
#   \chi_c = \frac{4\sigma_w^2}{\pi\sqrt{(1 + 2q^*)^2 - 4c^2{q^*}^2}}. \tag{6.3}$$
# So Eq. 4 of the paper, $\delta\mathcal K' = \sigma_w^2\dot{\mathcal T}\,\delta\mathcal K$ for all entries, holds for
# the off-diagonal ones only: on the diagonal it would give $\chi_1$, and for $\chi_1 > 1$ an unstable $q^*$.

# %%
chi_1 = 4 * sigma_w2 / (pi * sqrt(1 + 4 * q))
chi_q = chi_1 / (1 + 2 * q)
radicand = (1 + 2 * q) ** 2 - 4 * c**2 * q**2
chi_c = 4 * sigma_w2 / (pi * sqrt(radicand))
proved(chi_q, V_slope)
proved(chi_1, sigma_w2 * Tdot(q, q, q))
proved(chi_c, sigma_w2 * Tdot(q, q, c * q))
proved(chi_c.subs(c, 1), chi_1)

layer = Matrix([sigma_w2 * T(*k) + sigma_b2 for k in ((q1, q1, q1), (q2, q2, q2), (q1, q2, q12))])
jacobian = layer.jacobian([q1, q2, q12]).subs({q1: q, q2: q, q12: c * q})
x = sympy.Symbol("x")
proved(jacobian.charpoly(x).as_expr(), (x - chi_q) ** 2 * (x - chi_c))

# %% [markdown]
# ## 3. The map of the cosine
#
# With the variances at $q^*$ one number is left, $c = q_{12}/q^*$, with the map
# $$M(c) = f(c\,q^*)/q^*, \qquad f(t) = \sigma_w^2\mathcal T(q^*, q^*, t) + \sigma_b^2. \tag{6.4}$$
# $c = 1$ is fixed, because $q^*$ is; the slope is $M'(c) = \chi_c$, and $M'(1) = \chi_1$; and on $0 < c \le 1$ the map
# is convex, since $(1 + 2q)^2 - 4c^2q^2 > 0$ (checked with $c = 1/(1 + x)$, $x \ge 0$):
# $$M''(c) = \frac{4c\,{q^*}^2}{(1 + 2q^*)^2 - 4c^2{q^*}^2}\,\chi_c > 0. \tag{6.5}$$

# %%
f = sigma_w2 * T(q, q, q12) + pinned[sigma_b2]
M = f.subs(q12, c * q) / q
proved(M.subs(c, 1), 1)
proved(diff(M, c), chi_c)

convexity = 4 * c * q**2 / radicand
proved(diff(M, c, 2), convexity * chi_c)
x = sympy.Symbol("x", nonnegative=True)
numerator, denominator = sympy.together(radicand.subs(c, 1 / (1 + x))).as_numer_denom()
holds((numerator.expand() / denominator).is_positive, "the radicand is positive for 0 < c <= 1")

# %% [markdown]
# *Negative cosines* need no care of their own.  Let $O(c) = M(c) - \sigma_b^2/q^*$, odd because $\mathcal T$ is odd
# in $q_{12}$.  Then $M(-c) - (-c) = \sigma_b^2/q^* + c - O(c)$; and for $0 \le c \le 1$ the convex $O$, with
# $O(0) = 0$ and $O(1) = 1 - \sigma_b^2/q^*$, lies below its chord, so the whole is at least
# $(1 + c)\,\sigma_b^2/q^*$.  A bias lifts every negative cosine until it is positive.

# %%
bias = pinned[sigma_b2] / q
odd = M - bias
proved(odd.subs(c, -c), -odd)
proved(odd.subs(c, 0), 0)
proved(odd.subs(c, 1), 1 - bias)
chord = (1 - sigma_b2 / q) * c
proved(sigma_b2 / q + c - chord, (1 + c) * sigma_b2 / q)

# %% [markdown]
# ## 4. Why $\chi_1$ decides
#
# Write $\varepsilon = 1 - c$.  Near $c = 1$
# $$\varepsilon' = 1 - M(1 - \varepsilon) = \chi_1\varepsilon - a\,\varepsilon^2 + O(\varepsilon^3), \qquad
#   a = \tfrac12 M''(1) = \frac{2{q^*}^2}{1 + 4q^*}\chi_1. \tag{6.6}$$
# * $\chi_1 \le 1$: by convexity $M$ lies above its tangent, $M(c) > 1 - \chi_1(1 - c) \ge c$ for $c < 1$.  The cosine
#   rises at every layer to the only fixed point, $c^* = 1$: the **ordered** phase; for $\chi_1 = 1$ the critical line.
# * $\chi_1 > 1$: just below 1 the graph is under the diagonal, while $M(0) = \sigma_b^2/q^* \ge 0$.  A convex graph
#   meets a line at most twice, so there is exactly one other fixed point $c^* \in [0, 1)$.  The chord from $c^*$ to 1
#   has slope 1 and lies between the end slopes: $\chi_{c^*} < 1 < \chi_1$.  So $c^*$ attracts: the **chaotic** phase.
#   (Section 3 of the paper prints "$c^* > 1$"; no cosine is.)  $c^* = 0$ only if $\sigma_b^2 = 0$.

# %%
epsilon = sympy.Symbol("epsilon", positive=True)
a = 2 * q**2 / (1 + 4 * q) * chi_1
falling = series(1 - M.subs(c, 1 - epsilon), epsilon, 0, 3).removeO()
proved([falling.coeff(epsilon, power) for power in range(3)], [0, chi_1, -a])
proved(a, diff(M, c, 2).subs(c, 1) / 2)
proved(M.subs(c, 0), bias)

# %% [markdown]
# *Close to the line* the two fixed points exchange their stability.  Let $\varepsilon' = (1 + h)\varepsilon
# - a\varepsilon^2 + b\varepsilon^3$ with $h = \chi_1 - 1$ small.  Then
# $$\varepsilon^* = \frac ha + O(h^2), \qquad \chi_{c^*} = 1 - h + O(h^2) = 2 - \chi_1 + O((\chi_1 - 1)^2), \tag{6.7}$$
# $$\frac1{\xi_{c^*}} = -\log\chi_{c^*} = h + O(h^2), \qquad
#   \frac1{\xi_*} = \log\chi_1 - \log\chi_{c^*} = 2h + O(h^2). \tag{6.8}$$
# The predictor's depth $\xi_*$ is half of $\xi_{c^*}$ there.  (Section 7 prints $\xi_* = -1/(\log\xi_c - \log\xi_1)$,
# with $\xi$ for $\chi$.)

# %%
h, k, A, B = sympy.symbols("h k A B", positive=True)
step = Lambda(epsilon, (1 + h) * epsilon - A * epsilon**2 + B * epsilon**3)
fixed = h / A + k * h**2  # k is found from the next order
residual = series(step(fixed) - fixed, h, 0, 4).removeO()
proved(residual.coeff(h, 2), 0)
fixed = fixed.subs(k, sympy.solve(residual.coeff(h, 3), k)[0])
slope = series(diff(step(epsilon), epsilon).subs(epsilon, fixed), h, 0, 2).removeO()
proved(slope, 1 - h)
proved(series(-log(slope), h, 0, 2).removeO(), h)
proved(series(log(1 + h) - log(slope), h, 0, 2).removeO(), 2 * h)

# %% [markdown]
# ## 5. The critical line, by $q^*$
#
# $\chi_1 = 1$ fixes $\sigma_w^2$ by (6.3), and then the fixed point fixes $\sigma_b^2$:
# $$\sigma_w^2 = \frac\pi4\sqrt{1 + 4q^*}, \qquad
#   \sigma_b^2 = q^* - \tfrac12\sqrt{1 + 4q^*}\,\arcsin\frac{2q^*}{1 + 2q^*}. \tag{6.9}$$
# On it the variance still converges exponentially, $\chi_q = 1/(1 + 2q^*)$.

# %%
line_sigma_w2 = pi / 4 * sqrt(1 + 4 * q)
line_sigma_b2 = q - sqrt(1 + 4 * q) / 2 * asin(2 * q / (1 + 2 * q))
proved(chi_1.subs(sigma_w2, line_sigma_w2), 1)
proved(V.subs({sigma_w2: line_sigma_w2, sigma_b2: line_sigma_b2}), q)
proved(chi_q.subs(sigma_w2, line_sigma_w2), 1 / (1 + 2 * q))

# %% [markdown]
# ## 6. The critical line, explicitly
#
# With $s = 4\sigma_w^2/\pi = \sqrt{1 + 4q^*} \ge 1$ the argument of the arcsine is $(s^2 - 1)/(s^2 + 1)$, and
# $$\arcsin\frac{s^2 - 1}{s^2 + 1} = 2\arctan s - \frac\pi2, \tag{6.10}$$
# $$q^* = \frac{s^2 - 1}4, \qquad
#   \sigma_b^2 = \frac{s^2 - 1}4 - s\Big(\arctan s - \frac\pi4\Big). \tag{6.11}$$

# %%
difference = asin((s**2 - 1) / (s**2 + 1)) - 2 * atan(s)
proved(diff(difference, s), 0)
proved(difference.subs(s, 1), -pi / 2)
by_s = {q: (s**2 - 1) / 4}
proved((2 * q / (1 + 2 * q)).subs(by_s), (s**2 - 1) / (s**2 + 1))
proved(line_sigma_w2.subs(by_s), pi / 4 * s)
explicit = (s**2 - 1) / 4 - s * (atan(s) - pi / 4)
by_arcsine = sympy.simplify(line_sigma_b2.subs(by_s))
by_arctangent = by_arcsine.subs(asin((s**2 - 1) / (s**2 + 1)), 2 * atan(s) - pi / 2)  # (6.9) with (6.10)
proved(by_arctangent, explicit)

# %% [markdown]
# Both coordinates increase along the line, so either of them singles out one critical point: $\sigma_b^2$ and its first
# derivative by $s$ vanish at $s = 1$ and the second is positive beyond.  The line starts at its *tip*
# $(\sigma_w^2, \sigma_b^2) = (\pi/4, 0)$, $q^* = 0$, and leaves it tangentially to the axis:
# $$\sigma_w^2 = \frac\pi4 + \frac\pi2q^* + O({q^*}^2), \qquad
#   \sigma_b^2 = \frac43{q^*}^3 + O({q^*}^4). \tag{6.12}$$

# %%
proved(explicit.subs(s, 1), 0)
proved(diff(explicit, s).subs(s, 1), 0)
bend = Rational(1, 2) - 2 / (1 + s**2) ** 2  # 0 at s = 1, positive beyond
proved(diff(explicit, s, 2), bend)
proved(bend.subs(s, 1), 0)
holds(factor(bend.subs(s, 1 + h)).is_positive, "σ_b² is convex in s > 1")
holds(diff(line_sigma_w2, q).is_positive, "σ_w² increases")
proved(line_sigma_w2.subs(q, 0), pi / 4)
proved(series(line_sigma_w2, q, 0, 2).removeO(), pi / 4 + pi / 2 * q)
proved(series(line_sigma_b2, q, 0, 4).removeO(), Rational(4, 3) * q**3)

# %% [markdown]
# ## 7. Results, and the package's own functions

# %%
by_sigma_w2 = {s: 4 * sigma_w2 / pi}
results = {
    "chi_1_erf": Lambda((sigma_w2, q), chi_1),  # (σ_w², q*)
    "chi_q_erf": Lambda((sigma_w2, q), chi_q),  # (σ_w², q*)
    "chi_c_erf": Lambda((sigma_w2, q, c), chi_c),  # (σ_w², q*, c)
    "line_sigma_w2": Lambda(q, line_sigma_w2),  # (q*)
    "line_sigma_b2": Lambda(q, line_sigma_b2),  # (q*)
    "line_q": Lambda(sigma_w2, ((s**2 - 1) / 4).subs(by_sigma_w2)),  # (σ_w²)
    "line_sigma_b2_explicit": Lambda(sigma_w2, explicit.subs(by_sigma_w2)),  # (σ_w²)
}

# %% [markdown]
# (a) *On symbols.*  `critical_point` takes $q^*$ or $\sigma_w^2$ as a symbol.  Its $\sigma_b^2$ holds an arctangent of
# another form, so what is compared is the sine of $\frac\pi2\mathcal T = \frac\pi2(q^* - \sigma_b^2)/\sigma_w^2$.

# %%
numbers = nk.symbols()
sine = Lambda((sigma_w2, sigma_b2, q), sin(pi / 2 * (q - sigma_b2) / sigma_w2))
point = nk.critical_point(nk.erf, q_star=q, numbers=numbers)
ours = (results["line_sigma_w2"](q), results["line_sigma_b2"](q), q)
proved(point.sigma_w2, ours[0])
proved(sine(point.sigma_w2, point.sigma_b2, point.q_star), sine(*ours))

point = nk.critical_point(nk.erf, sigma_w2=sigma_w2, numbers=numbers)
ours = (sigma_w2, results["line_sigma_b2_explicit"](sigma_w2), results["line_q"](sigma_w2))
proved(point.sigma_w2, ours[0])
proved(point.q_star, ours[2])
proved(sine(point.sigma_w2, point.sigma_b2, point.q_star), sympy.expand_trig(sine(*ours)))

variance_slope, (first, *_) = nk.erf.slopes(q, numbers)
proved(sigma_w2 * first, results["chi_1_erf"](sigma_w2, q))
proved(sigma_w2 * variance_slope, results["chi_q_erf"](sigma_w2, q))
_, Tdot_package = nk.erf.duals(covariance_of_pair(q, 1 / (1 + h), numbers), numbers)
proved(sigma_w2 * Tdot_package.xy, results["chi_c_erf"](sigma_w2, q, 1 - 1 / (1 + h)))

# %% [markdown]
# (b) *At 50 digits* and (c) *in float64*.  `mean_field` finds the fixed points by root-finding; here they are put into
# the equations they should solve.  49 and 15 digits: the last place of a rounded result.

# %%
V_of = Lambda((sigma_w2, sigma_b2, q), V)
M_of = Lambda((sigma_w2, sigma_b2, q, c), (sigma_w2 * T(q, q, c * q) + sigma_b2) / q)
for system, digits in ((nk.digits(50), 49), (nk.float64, 15)):
    for w, b in (("1", "0.18"), ("2", "0"), ("1.76", "0.18"), ("3", "0.18")):
        mf = nk.mean_field(nk.erf, w, b, system)
        agree(value(V_of, w, b, mf.q_star), mf.q_star, digits)
        agree(value(M_of, w, b, mf.q_star, mf.c_star) + 1, mf.c_star + 1, digits)  # c* = 0 at σ_b² = 0
        agree(value(results["chi_1_erf"], w, mf.q_star), mf.chi_1, digits)
        agree(value(results["chi_q_erf"], w, mf.q_star), mf.chi_q, digits)
        agree(value(results["chi_c_erf"], w, mf.q_star, mf.c_star), mf.chi_c, digits)
        holds(bool(mf.chi_q < 1 and mf.chi_c < 1), "the fixed point is stable")
        holds(mf.phase == ("ordered" if mf.chi_1 < 1 else "chaotic"), "χ₁ decides the phase")
        holds((mf.c_star < 1) == (mf.chi_1 > 1), "c* < 1 in chaos only")
    for given in ({"sigma_b2": "0.18"}, {"sigma_w2": "1.5"}, {"q_star": "2"}):
        point = nk.critical_point(nk.erf, **given, numbers=system)
        agree(value(results["line_sigma_w2"], point.q_star), point.sigma_w2, digits)
        agree(value(results["line_sigma_b2"], point.q_star), point.sigma_b2, digits - 1)  # it is a difference
        agree(value(results["line_q"], point.sigma_w2), point.q_star, digits - 1)
        agree(value(results["line_sigma_b2_explicit"], point.sigma_w2), point.sigma_b2, digits - 1)

# %% [markdown]
# The numbers of (6.7) and (6.8) at a distance of 1e-8 from the line, whose $O(h)$ terms are then below 1e-7:

# %%
system = nk.digits(30)
near = nk.mean_field(nk.erf, nk.critical_point(nk.erf, sigma_b2="0.18", numbers=system).sigma_w2 + 1e-8, "0.18", system)
h_near, a_of = near.chi_1 - 1, Lambda((sigma_w2, q), a)
agree(near.one_minus_c_star, h_near / value(a_of, near.sigma_w2, near.q_star), digits=7)
agree(1 - near.chi_c, h_near, digits=7)
agree(near.xi_c / near.xi_star, 2, digits=7)

# %% [markdown]
# ## Exercise
#
# Show that ReLU with $\sigma_b^2 = 0$ has no chaotic phase: $c^* = 1$ for every $\sigma_w^2$.
#
# **Solution.**  By (3.14) $V(q) = \frac12\sigma_w^2q$ and, with $c = \cos\theta$, the cosine follows
# $$c' = \frac{\sigma_w^2\mathcal T}{\sigma_w^2q/2} = \frac{\sin\theta + (\pi - \theta)\cos\theta}\pi, \tag{6.13}$$
# from which $\sigma_w^2$ has cancelled.  Its slope is $1 - \theta/\pi$, equal to 1 at $\theta = 0$ and smaller
# elsewhere; so $c' - c$ falls to 0 as $c$ rises to 1, is positive before, and every cosine rises to 1.

# %%
theta = sympy.Symbol("theta", positive=True)
T_relu = q * (sin(theta) + (pi - theta) * cos(theta)) / (2 * pi)
V_relu = sigma_w2 * T_relu.subs(theta, 0)
proved(V_relu, sigma_w2 * q / 2)
cosine = sigma_w2 * T_relu / V_relu
proved(cosine, (sin(theta) + (pi - theta) * cos(theta)) / pi)
relu_slope = diff(cosine, theta) / diff(cos(theta), theta)
proved(relu_slope, 1 - theta / pi)
proved((cosine - cos(theta)).subs(theta, 0), 0)
for w in ("0.5", "2", "7"):
    K = nk.kernels_of_pair(nk.fcn(2, nk.relu, w), q="1.5", one_minus_c="0.5", numbers=nk.digits(50)).K
    agree(K.xy / K.x, value(Lambda(theta, cosine), pi / 3), digits=49)

# %% [markdown]
# ## Summary
#
# | quantity | erf |
# |---|---|
# | $\chi_1$ | $4\sigma_w^2/(\pi\sqrt{1 + 4q^*})$ (6.3) |
# | $\chi_q$ | $\chi_1/(1 + 2q^*)$ (6.3) |
# | $\chi_{c}$ | $4\sigma_w^2/(\pi\sqrt{(1 + 2q^*)^2 - 4c^2{q^*}^2})$ (6.3) |
# | phase | ordered $\chi_1 < 1$, $c^* = 1$; chaotic $\chi_1 > 1$, $0 \le c^* < 1$, $\chi_{c^*} < 1$ (Section 4) |
# | near the line | $\chi_{c^*} = 2 - \chi_1 + O((\chi_1 - 1)^2)$, $\xi_{c^*}/\xi_* \to 2$ (6.7, 6.8) |
# | line by $q^*$ | $\sigma_w^2 = \frac\pi4\sqrt{1 + 4q^*}$, $\sigma_b^2$ (6.9) |
# | line by $s = 4\sigma_w^2/\pi$ | $q^* = \frac14(s^2 - 1)$, $\sigma_b^2 = q^* - s(\arctan s - \frac\pi4)$ (6.11) |
# | tip | $(\pi/4, 0)$, $\sigma_b^2 \approx \frac43{q^*}^3$ (6.12) |
