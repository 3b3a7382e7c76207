# %% [markdown]
# # A toy example: the RBF kernel, wide and narrow
#
# **Setting.** Section 5 of the paper looks at $m$ distinct inputs $x_i \in \mathbb R^{n_0}$ and the kernel
# $$K_h(x, x') = e^{-|x - x'|^2/h}, \qquad D_{ij} = |x_i - x_j|^2, \tag{1.1}$$
# with a bandwidth that grows or shrinks with a "depth" $l$: $h = 2^l$ plays the ordered phase, $h = 1/l$ the chaotic
# one.  It needs no network, and all of its rates can be found.
#
# | symbol | code | paper |
# |---|---|---|
# | $h$; $t = 1/h$ | `h`; `t` | Eq. 10 |
# | $D_{ij}$, squared distances; $D_{\min}$ the smallest | `squared_distances`, `D_min` | – |
# | $\kappa = \lambda_{\max}/\lambda_{\min}$ | `kappa` | Section 4 |
# | $P(K)y = K_{td}K_{dd}^{-1}y$, $d$ train, $t$ test | `flat_limit` | Eq. 7 |
# | $\Pi = \mathrm{Id} - \mathbf 1\mathbf 1^T/m$ | `Pi` | – |
#
# **Goals.** The exact $\kappa$ of two inputs; the order in $h$ of every eigenvalue of the wide kernel, where the
# paper's "$\lambda_{\text{bulk}} \approx 2^{-l}$" is right for $m \le n_0 + 1$ only; the narrow kernel's $\kappa - 1$
# with its constant; and what the mean predictor does in both.

# %%
import pathlib
import runpy

import mpmath
import numpy as np
import sympy
from sympy import QQ, Lambda, Matrix, Rational, binomial, coth, exp, factorial, limit, oo, series, symbols
from sympy.polys.matrices import DomainMatrix

import ntkref as nk

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

D, h, t, D_min, D_2 = symbols("D h t D_min D_2", positive=True)
n, m, k, l = symbols("n m k l", integer=True, positive=True)


def squared_distances(xs, zs):
    return [[sum((a - b) ** 2 for a, b in zip(x, z, strict=True)) for z in zs] for x in xs]


# %% [markdown]
# ## 1. Two inputs, exactly
#
# $K$ has $\mathbf 1$ and $e_1 - e_2$ as eigenvectors, $\lambda = 1 \pm e^{-D/h}$, and
# $$\kappa = \frac{1 + e^{-D/h}}{1 - e^{-D/h}} = \coth\frac D{2h}. \tag{1.2}$$
# Wide: $\kappa = 2h/D + O(1/h)$, so $\kappa \sim 2^{l+1}/D$.  Narrow, $h = 1/l$:
# $$\kappa - 1 = \frac2{e^{lD} - 1} = 2e^{-lD}\,(1 + O(e^{-lD})). \tag{1.3}$$

# %%
K_two, vectors = Matrix([[1, exp(-D / h)], [exp(-D / h), 1]]), Matrix([[1, 1], [1, -1]])
lambda_0, lambda_1 = 1 + exp(-D / h), 1 - exp(-D / h)
proved(K_two * vectors, vectors * sympy.diag(lambda_0, lambda_1))
kappa_two = coth(D / (2 * h))
proved(lambda_0 / lambda_1, kappa_two.rewrite(exp))
wide = series(kappa_two.subs(h, 1 / t), t, 0, 2).removeO()
proved([wide.coeff(t, power) for power in (-1, 0, 1)], [2 / D, 0, D / 6])
kappa_minus_1 = 2 / (exp(l * D) - 1)
proved(kappa_two.rewrite(exp).subs(h, 1 / l) - 1, kappa_minus_1)
x = sympy.Symbol("x", positive=True)
narrow = 2 * exp(-x)  # x = lD
proved(limit((kappa_minus_1.subs(D, x / l) / narrow - 1) * exp(x), x, oo), 1)

# %% [markdown]
# ## 2. The wide kernel, to first order
#
# $$K = \mathbf 1\mathbf 1^T - \frac Dh + \frac{D^{\circ2}}{2h^2} - \dots \tag{1.4}$$
# The limit has one eigenvalue $m$ and the rest are 0.  To first order in $1/h$ the $m - 1$ others are those of
# $-\Pi D\Pi/h$.  With $s_i = |x_i|^2$, $D = s\mathbf 1^T + \mathbf 1s^T - 2XX^T$, and $\Pi\mathbf 1 = 0$:
# $$-\Pi D\Pi = 2\,\Pi XX^T\Pi, \qquad \lambda_{\text{bulk}} = \tfrac1h\operatorname{eig}(2\,\Pi XX^T\Pi) + O(h^{-2}),
#   \qquad \lambda_{\max} = m - \frac{\mathbf 1^TD\mathbf 1}{mh} + O(h^{-2}). \tag{1.5}$$
# The trace, exactly $m$, ties the last two together.

# %%
generic = [symbols(f"x{i}_:2", real=True) for i in range(4)]  # four points of the plane
D_generic, X = Matrix(squared_distances(generic, generic)), Matrix(generic)
Pi = Matrix.eye(4) - Matrix.ones(4) / 4
proved(-Pi * D_generic * Pi, 2 * Pi * X * X.T * Pi)
proved((2 * Pi * X * X.T * Pi).trace(), sum(D_generic) / 4)

# %% [markdown]
# But $X$ has $n_0$ columns: **the rank of $\Pi XX^T\Pi$ is at most $n_0$.**  If $m - 1 > n_0$, then $m - 1 - n_0$
# eigenvalues have no term $1/h$, and $\kappa$ grows faster than $2^l$.  If $m \le n_0 + 1$ and the inputs do not lie in
# a plane of dimension below $m - 1$, all of the bulk is of order $1/h$.
#
# ## 3. Every order
#
# The kernel factors: $e^{-|x - x'|^2/h} = e^{-|x|^2/h}\,e^{2x\cdot x'/h}\,e^{-|x'|^2/h}$, and the middle is a
# power series in the monomials $x^\alpha$, of degree $|\alpha|$, of the coordinates,
# $$e^{2x\cdot x'/h} = \sum_\alpha\frac1{\alpha!}\Big(\frac2h\Big)^{|\alpha|}x^\alpha x'^\alpha,
#   \qquad K = S\,\Phi\Lambda\Phi^TS, \tag{1.6}$$
# with $\Phi_{i\alpha} = x_i^\alpha$, $\Lambda$ diagonal and graded by degree, and $S \to \mathrm{Id}$.  In $n_0$
# variables there are
# $$N_j = \binom{n_0 + j}j, \qquad N_j(n_0) = N_j(n_0 - 1) + N_{j-1}(n_0) \tag{1.7}$$
# monomials of degree $\le j$: those without the last variable, and the last variable times one of degree $\le j - 1$.

# %%
u, v = Matrix(symbols("u0:2", real=True)), Matrix(symbols("v0:2", real=True))
proved((u - v).dot(u - v), u.dot(u) - 2 * u.dot(v) + v.dot(v))
cubic = [(i, j) for i in range(4) for j in range(4 - i)]  # degrees up to 3
weights = [(2 * t) ** (i + j) / factorial(i) / factorial(j) for i, j in cubic]
features = [(u[0] * v[0]) ** i * (u[1] * v[1]) ** j for i, j in cubic]
proved(series(exp(2 * t * u.dot(v)), t, 0, 4).removeO(), Matrix(weights).dot(features))

count = Lambda((n, k), binomial(n + k, k))
proved((count(n - 1, k) + count(n, k - 1) - count(n, k)).rewrite(sympy.gamma), 0)
proved([count(1, k), count(n, 1)], [k + 1, n + 1])  # where the recursion starts

# %% [markdown]
# **Law.**  Let the points be in *general position*: the columns of $\Phi$ of degree $\le j$ have rank
# $\min(N_j, m)$ for every $j$.  Then, with $N_{-1} = 0$ and eigenvalues numbered from 1 in descending order,
# $$\lambda_i \asymp h^{-j} \quad\text{for}\quad N_{j-1} < i \le \min(N_j, m). \tag{1.8}$$
# *From above.*  On vectors orthogonal to the $N_{j-1}$ columns of $S\Phi$ of degree $< j$ only degrees $\ge j$ of (1.6)
# are left, a form of size $O(h^{-j})$; so by Courant and Fischer $\lambda_{N_{j-1}+1} = O(h^{-j})$.  *From below.*  All
# terms of (1.6) are positive semi-definite.  Keep degrees $\le j$: the form is at least a constant times
# $h^{-j}\,S\Phi_{\le j}\Phi_{\le j}^TS$, of rank $\min(N_j, m)$; so that many eigenvalues are $\ge c\,h^{-j}$.
#
# For the smallest eigenvalue
# $$\lambda_{\min} \asymp h^{-k}, \qquad \kappa \asymp 2^{kl}, \qquad
#   k = \min\Big\{k : \binom{n_0 + k}k \ge m\Big\}. \tag{1.9}$$
# The paper's "$\lambda_{\text{bulk}} \approx 2^{-l}$" is the case $k = 1$, $m \le n_0 + 1$; its
# "$\kappa \gtrsim 2^l$" is true as a lower bound, and for many inputs a weak one.  ($n_0$ is the dimension of the plane
# the inputs span.  For 1000 images of $3072$ pixels $k = 1$, for 50000 $k = 2$.)


# %%
def orders(n0, m):
    """(1.8): the power of 1/h of each of the m eigenvalues, descending."""
    powers = []
    while len(powers) < m:
        j = powers[-1] + 1 if powers else 0
        powers += [j] * (int(count(n0, j)) - len(powers))
    return powers[:m]


def order(n0, m):
    """(1.9): κ grows like h^k, that is 2^(kl)."""
    return orders(n0, m)[-1]


holds([order(3072, size) for size in (1000, 3073, 3074, 50_000)] == [1, 1, 2, 2])

# %% [markdown]
# SymPy sees the law without approximation.  The coefficients of the characteristic polynomial are, up to signs, the
# elementary symmetric functions $e_j(\lambda)$.  The eigenvalues are positive, so nothing cancels in them, and
# $e_j \sim \lambda_1\cdots\lambda_j$ in order: the order of $\lambda_j$ is that of $e_j$ less that of $e_{j-1}$.
# For integer points they are power series in $t = 1/h$ with rational coefficients, found exactly by cutting
# $e^{-Dt}$ after the power of the determinant.  As long as $j \le n_0 + 1$ their leading coefficients hold the
# eigenvalues of (1.5): $e_j = m\,e_{j-1}(2\,\Pi XX^T\Pi)\,h^{-(j-1)} + \dots$


# %%
def characteristic(distances, power, *names):
    """e_0, e_1, … of the matrix exp(−t distances), exact to t^power, as polynomials in t; `names`: its symbols."""
    ring = QQ[(t, *names)]
    entry = Lambda(D, sum((-D * t) ** p / factorial(p) for p in range(power + 1)))
    rows = [[ring.from_sympy(sympy.expand(entry(d))) for d in row] for row in distances]
    signed = DomainMatrix(rows, (len(rows),) * 2, ring).charpoly()
    return [sympy.Poly(ring.to_sympy(c) * (-1) ** j, t) for j, c in enumerate(signed)]


def leading(polynomial):
    """(order, coefficient) of the lowest power of t."""
    power = min(power for (power,) in polynomial.monoms())
    return power, polynomial.coeff_monomial(t**power)


def orders_of(points):
    bound = sum(orders(len(points[0]), len(points))) + 1  # room for one more than the law allows
    e = characteristic(squared_distances(points, points), bound)
    return np.diff([leading(c)[0] for c in e]).tolist()


PLANE = [(0, 0), (1, 0), (0, 1), (2, 3), (-1, 2), (1, -2), (3, 1)]
LINE = [(0,), (1,), (3,), (4,), (7,)]
SPACE = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 2, 3)]
for points in (LINE, LINE[:3], PLANE[:3], PLANE[:4], PLANE[:6], PLANE, SPACE[:4], SPACE):
    holds(orders_of(points) == orders(len(points[0]), len(points)), f"(1.8) for {points}")

for points in (PLANE[:3], SPACE[:4]):
    size, X = len(points), Matrix(points)
    Pi = Matrix.eye(size) - Matrix.ones(size) / size
    bulk = (2 * Pi * X * X.T * Pi).charpoly().all_coeffs()
    e = characteristic(squared_distances(points, points), size)
    proved([leading(c)[1] for c in e[1:]], [size * c * (-1) ** j for j, c in enumerate(bulk[:size])])

# %% [markdown]
# *Inputs on a line,* $n_0 = 1$: all orders differ.  By Cauchy and Binet $\det K$ begins with the Vandermonde
# determinant $V$ squared times $\prod_j2^j/(j!\,h^j)$, $e_{m-1}$ is the sum of such determinants with one input left
# out, and their ratio is
# $$\lambda_{\min} = \frac{2^{m-1}}{(m-1)!}\,\Big[\sum_i\prod_{j\ne i}(x_i - x_j)^{-2}\Big]^{-1}h^{-(m-1)}
#   \,(1 + O(1/h)). \tag{1.10}$$


# %%
def line_constant(points):
    """λ_min h^(m−1) of inputs on a line, (1.10)."""
    xs, power = [x for (x,) in points], len(points) - 1
    weights = [sympy.prod(x - z for z in xs if z != x) ** Rational(-2) for x in xs]
    return Rational(2**power, factorial(power)) / sum(weights)


for points in (LINE[:2], LINE[:3], LINE):
    *_, before, last = characteristic(squared_distances(points, points), sum(orders(1, len(points))))
    proved(leading(last)[1] / leading(before)[1], line_constant(points))

# %% [markdown]
# ## 4. The wide kernel still predicts
#
# Take $m = N_k$ points in general position, so that $\Phi$ cut after degree $k$ is square.  By (1.6)
# $K_{td} \approx S_t\Phi_t\Lambda\Phi^TS$ and $K_{dd}^{-1} \approx S^{-1}\Phi^{-T}\Lambda^{-1}\Phi^{-1}S^{-1}$: the
# graded $\Lambda$, which holds all of the bad conditioning, cancels, and
# $$P(K)\,y = \Phi_t\Phi^{-1}y + O(1/h), \tag{1.11}$$
# *the polynomial of degree $\le k$ through the data*.  (The cut drops $h^{-k-1}$ beside $h^{-k}$.)  On a line it is
# Lagrange's; for $m = n_0 + 1$ it is affine, and for fewer points the affine function of least slope.  So $P(K)y$ has
# a limit that depends on the data, while $\kappa \to \infty$: just what Eq. 16 says of the ordered phase.


# %%
def flat_limit(points, test, *names):
    """The weights lim P(K), by Cramer's rule on leading coefficients: one training row becomes the test row."""
    power = sum(orders(len(test), len(points)))
    distances, (to_test,) = squared_distances(points, points), squared_distances([test], points)
    replaced = [[to_test if j == i else row for j, row in enumerate(distances)] for i in range(len(points))]
    determinants = [characteristic(d, power, *names)[-1] for d in (distances, *replaced)]
    whole, *parts = (determinant.coeff_monomial(t**power) for determinant in determinants)
    return [part / whole for part in parts]


a, b, c, z = symbols("a b c z")
lagrange = [(z - 1) * (z - c) / c, z * (z - c) / (1 - c), z * (z - 1) / (c * (c - 1))]  # inputs at 0, 1 and c
proved(flat_limit([(0,), (1,), (c,)], (z,), c, z), lagrange)

test = (Rational(1, 2), 3)
for points, degree in ((PLANE[:3], 1), (PLANE[:6], 2)):
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    Phi, Phi_t = (Matrix([[x**i * y**j for i, j in powers] for x, y in xs]) for xs in (points, [test]))
    proved(Matrix([flat_limit(points, test)]) * Phi, Phi_t)  # every monomial is reproduced
along = Matrix(test).dot(Matrix([2, 3])) / 13  # inputs at 0 and (2, 3): the slope lies along (2, 3)
proved(flat_limit([(0, 0), (2, 3)], test), [1 - along, along])

# %% [markdown]
# ## 5. The narrow kernel
#
# With $h = 1/l$ the largest off-diagonal entry is $\varepsilon = e^{-lD_{\min}}$; let one pair have it, and let the
# others be at most $\rho = e^{-lD_2}$, $D_2 > D_{\min}$.  Then $K$ is $\mathrm{Id}$, plus $\varepsilon$ in the block of
# the nearest pair, plus $R = O(\rho)$.  The block has the eigenvalues $1 \pm \varepsilon$ with eigenvectors
# $v = (e_1 \pm e_2)/\sqrt2$; $v^TRv = 0$, because $R$ is zero on that block; so $R$ acts in second order only, as
# $|Rv|^2/\varepsilon = O(\rho^2/\varepsilon)$.  For a third point at $a\rho$ and $b\rho$ from the pair,
# $$\lambda_{\max} = 1 + \varepsilon + \frac{(a + b)^2}{2\varepsilon}\rho^2 + \dots, \qquad
#   \lambda_{\min} = 1 - \varepsilon - \frac{(a - b)^2}{2\varepsilon}\rho^2 + \dots \tag{1.12}$$
# Hence (1.3) holds with $D_{\min}$ for $D$:
# $$\lambda_{\max} - 1 \approx e^{-lD_{\min}}, \qquad
#   \kappa - 1 = \frac2{e^{lD_{\min}} - 1}\big(1 + O(e^{-2l(D_2 - D_{\min})})\big) \approx 2e^{-lD_{\min}}. \tag{1.13}$$
# If several pairs are nearest, $\lambda - 1 \approx \varepsilon\nu$ with $\nu$ the eigenvalues of their graph, and 2
# becomes $\nu_{\max} - \nu_{\min}$.

# %%
epsilon, rho, shift = symbols("epsilon rho shift", positive=True)
K_three = Matrix([[1, epsilon, a * rho], [epsilon, 1, b * rho], [a * rho, b * rho, 1]])
for sign in (1, -1):
    moved = 1 + sign * epsilon + shift * rho**2
    polynomial = sympy.Poly((K_three - moved * Matrix.eye(3)).det(method="berkowitz"), rho)
    proved([polynomial.coeff_monomial(rho**power) for power in (0, 1)], [0, 0])
    solution = sympy.solve(polynomial.coeff_monomial(rho**2), shift)[0]
    proved(solution, sign * (a + sign * b) ** 2 / (2 * epsilon))
relative = (rho**2 / epsilon / epsilon).subs({epsilon: exp(-l * D_min), rho: exp(-l * D_2)})
proved(relative, exp(-2 * l * (D_2 - D_min)))

# %% [markdown]
# *The predictor.*  $K_{dd}^{-1} = \mathrm{Id} + O(\varepsilon)$.  At a test point whose nearest training input, at a
# squared distance $D_t$, has the label $y_1$, and whose second nearest is at $D_{t2}$,
# $$P(K)\,y = e^{-lD_t}\,\big(y_1 + O(e^{-l(D_{t2} - D_t)}) + O(e^{-lD_{\min}})\big) \to 0. \tag{1.14}$$
# $\kappa \to 1$ and the predictor dies, as in chaos.  The likeness has its limits: here the rates belong to the data,
# $D_{\min}$ and $D_t$; in a deep network they belong to the hyperparameters, and the data enter the constants.  And the
# zero mean of $y$ plays no part, since the off-diagonal entries tend to 0; those of $\Theta$ need not.
#
# Nor is the wide kernel quite like order.  Its gaps are squared distances in $n_0$ dimensions, whence the loss of rank
# and (1.9).  Those of the ordered NTK are not of low dimension, and its bulk has one order for any $m$ (chapter
# `ordered_phase`).

# %%
K_pair, K_test = Matrix([[1, epsilon], [epsilon, 1]]), Matrix([[rho, rho * x]])  # x: the second over the first
y_1, y_2 = symbols("y_1 y_2", real=True)
prediction = (K_test * K_pair.inv() * Matrix([y_1, y_2]))[0] / rho
proved(series(prediction, epsilon, 0, 2).removeO(), (y_1 + x * y_2) - epsilon * (y_2 + x * y_1))

# %% [markdown]
# ## 6. Results, and numbers on real data

# %%
results = {
    "kappa_two_points": Lambda((D, h), kappa_two),  # (D, h)
    "order": order,  # (n0, m), a Python function
    "orders": orders,  # (n0, m), a Python function
    "features": count,  # (n0, k): the monomials of degree <= k
    "kappa_minus_1_chaotic": Lambda((l, D_min), narrow.subs(x, l * D_min)),  # (l, D_min), leading
    "kappa_minus_1_nearest": Lambda((l, D_min), kappa_minus_1.subs(D, D_min)),  # (l, D_min), every power of ε
}

# %% [markdown]
# (a) The package has no RBF kernel to compare with on symbols: matrices are formed from (1.1).
#
# (b) *At 100 digits.*  The bundled handwritten digits, cut down to $n_0 = 3$ features, sums over vertical strips: 4, 5,
# 10 and 11 inputs must have $k = 1, 2, 2, 3$.  From $h = 2^{60}$ to $2^{61}$ each eigenvalue falls by $2^j$ up to a
# relative $O(1/h)$ with a constant below $10^4$: 14 digits.

# %%
images, _ = nk.optical_digits()
strips = [images[:, :, :3], images[:, :, 3:5], images[:, :, 5:]]
sums = np.stack([strip.sum(axis=(1, 2)) for strip in strips], axis=1)[:11].astype(int).tolist()
context = mpmath.MPContext()
context.dps = 100
inputs = [[context.mpf(value) / 100 for value in row] for row in sums]


def gram(xs, zs, h):
    return context.matrix([[context.exp(-d / h) for d in row] for row in squared_distances(xs, zs)])


def eigenvalues(points, h):
    return sorted(context.eigsy(gram(points, points, h), eigvals_only=True), reverse=True)


for size in (4, 5, 10, 11):
    before, after = (eigenvalues(inputs[:size], context.mpf(2) ** depth) for depth in (60, 61))
    for first, second, power in zip(before, after, results["orders"](3, size), strict=True):
        agree(1 + context.log(first / second, 2), 1 + power, digits=14)
    slope = context.log(after[0] / after[-1] / (before[0] / before[-1]), 2)
    agree(slope, results["order"](3, size), digits=14)
agree(before[0], 11, digits=14)  # λ_max → m
for width in ("0.01", "1", "1e20"):  # 20 of the 100 digits cancel in the last
    top, low = eigenvalues(inputs[:2], context.mpf(width))
    agree(top / low, value(results["kappa_two_points"], squared_distances(inputs[:1], inputs[1:2])[0][0], width), 50)

# %% [markdown]
# The predictor (1.11) from four inputs with one feature each, at a fifth: the cubic through the data, up to an
# $O(1/h) = 2^{-100}$ of constant below $10^4$.  (Solving costs $\kappa \approx 10^{90}$ of the digits: 200 are used.)

# %%
context.dps = 200
line, labels = [[context.mpf(row[1]) / 100] for row in sums[:5]], [1, -1, 2, 0]
weights = context.lu_solve(gram(line[:4], line[:4], context.mpf(2) ** 100), labels)
predicted = context.fdot(weights, gram(line[:4], line[4:], context.mpf(2) ** 100))
cubic = sympy.interpolate([(row[1], label) for row, label in zip(sums, labels, strict=False)], z)
agree(predicted, cubic.subs(z, sums[4][1]), digits=26)

# %% [markdown]
# (c) *In float64.*  The narrow kernel of the first 12 images, all 64 pixels, in units of their $D_{\min}$, and its
# prediction at image 13.  $\kappa - 1 = 7\cdot10^{-4}$ at $l = 8$ has an absolute error of about 1e-15; larger is what
# (1.13) and (1.14) leave out, computed beside them.

# %%
pixels = images[:13].reshape(13, -1).tolist()
distances = np.array(squared_distances(pixels, pixels))
train, to_test = distances[:12, :12], distances[12, :12]
nearest, second = np.sort(train[np.triu_indices(12, 1)])[:2]
closest, next_closest = np.argsort(to_test)[:2]
holds(bool(second > nearest), "one nearest pair")
for depth in (4, 8):
    narrow_gram, rate = np.exp(-depth * train / nearest), depth / nearest
    spectrum = np.linalg.eigvalsh(narrow_gram)
    digits = -np.log10(10 * np.exp(-2 * rate * (second - nearest)))
    agree(spectrum[-1] / spectrum[0] - 1, value(results["kappa_minus_1_nearest"], depth, 1), digits)
    one_hot = np.linalg.solve(narrow_gram, np.eye(12)[closest])  # the label of the nearest is 1, the others' 0
    agree(np.exp(-rate * to_test) @ one_hot, np.exp(-rate * to_test[closest]), -np.log10(10 * np.exp(-depth)))

# %% [markdown]
# ## Exercise
#
# The paper normalises its inputs: they lie on a sphere.  What becomes of (1.9)?
#
# **Solution.**  On the sphere $x_{n_0}^2$ is a polynomial in the other variables, so a monomial needs $x_{n_0}$ to the
# power 0 or 1 only.  The columns of $\Phi$ of degree $\le k$ have the rank
# $$N_k(n_0 - 1) + N_{k-1}(n_0 - 1), \tag{1.15}$$
# which replaces $N_k$: $2k + 1$ on the circle and $(k + 1)^2$ on the sphere of $\mathbb R^3$.  So six inputs on a
# circle have $k = 3$, where six in general position in the plane have $k = 2$.

# %%
on_sphere = Lambda((n, k), count(n - 1, k) + count(n - 1, k - 1))
proved(on_sphere(2, k).rewrite(sympy.gamma), 2 * k + 1)
proved(on_sphere(3, k).rewrite(sympy.gamma), (k + 1) ** 2)
CIRCLE = [(3, 4), (4, 3), (5, 0), (0, 5), (-3, 4), (-4, -3)]
holds(orders_of(CIRCLE) == [0, 1, 1, 2, 2, 3])
holds(orders_of(PLANE[:6]) == [0, 1, 1, 2, 2, 2])

# %% [markdown]
# ## Summary
#
# | | wide, $h = 2^l$ | narrow, $h = 1/l$ |
# |---|---|---|
# | $m = 2$ | $\kappa = \coth(D/2h)$ (1.2) | $\kappa - 1 = 2/(e^{lD} - 1)$ (1.3) |
# | $\lambda_{\max}$ | $m - \mathbf 1^TD\mathbf 1/(mh)$ (1.5) | $1 + e^{-lD_{\min}}$ (1.13) |
# | bulk | $\binom{n_0 + j - 1}j$ eigenvalues $\asymp h^{-j}$ (1.8) | $1 + O(e^{-lD_{\min}})$ |
# | $\kappa$ | $\asymp 2^{kl}$, $\binom{n_0 + k}k \ge m$ (1.9) | $1 + 2e^{-lD_{\min}}$ (1.13) |
# | $P(K)y$ | polynomial interpolation (1.11) | $y_1e^{-lD_t} \to 0$ (1.14) |
