# %% [markdown]
# # Gradient flow, the mean predictor, and the largest learning rate
#
# **Setting.** A wide network is trained on $m$ points by gradient descent on $\frac12\sum_j(f_j - y_j)^2$.  Its tangent
# kernel $\Theta$ stays fixed meanwhile, so training is linear algebra.  $\mu$ is the mean of $f$ over initialisations;
# it starts from 0, since the weights of the last layer are as often negative as positive.  Equations (4.n) are in
# chapter `tangent_kernel`.
#
# | symbol | code | paper |
# |---|---|---|
# | $\Theta_{dd}$ (train × train), $\Theta_{td}$ (test × train) | `k_train`, `k_test_train` | Eq. 5, 6 |
# | $\mu_t$ | `gradient_flow(...)` | Eq. 5, 6, 9 |
# | $P(\Theta) = \Theta_{td}\Theta_{dd}^{-1}$ | `mean_predictor(...)` | Eq. 7 |
# | $\lambda_0 \ge \dots \ge \lambda_{m-1}$, $\kappa = \lambda_0/\lambda_{m-1}$ | `spectrum(...)` | Section 4 |
# | largest learning rate | `max_learning_rate(...)` | Section 4, 7 |
# | $d$, $o$: the diagonal and a common off-diagonal entry | `diagonal`, `off` | $p^{(l)}$, $p_{ab}^{(l)}$ |
# | $w_{ab} = p - \Theta_{ab}$ | `Kernels.ntk_gap / 2` | – |
#
# **Goals.** Eq. 5, 6, 7 and 9; when gradient descent converges, in each phase; what $P(\Theta)$ makes of a kernel that
# has forgotten the data, and of one that has almost.

# %%
import pathlib
import runpy

import numpy as np
import scipy.linalg
import sympy
from sympy import Function, KroneckerDelta, Lambda, Matrix, cos, diff, exp, expand, eye, limit, ones, oo, sin, symbols
from sympy.concrete.delta import deltasummation

import ntkref as nk
from ntkref.recursion import pairs_by_depth

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

eta, lam, t, kappa, q, q_star, chi, chi_1, d, o = symbols("eta lambda t kappa q q_star chi chi_1 d o", positive=True)
x, a, b, g, xi, depth, bounded, tangent = symbols("x a b g xi depth bounded tangent", positive=True)
y, p, s, alpha, eps, u = symbols("y p s alpha epsilon u", real=True)
m, l, k = symbols("m l k", integer=True, positive=True)

# %% [markdown]
# ## 1. Gradient flow
#
# The parameters follow $\dot\theta = -\eta\,\partial_\theta\frac12\sum_j(f_j - y_j)^2$.  By the chain rule any output,
# of a training point or not, moves as $\dot f_i = -\eta\sum_j\Theta_{ij}(f_j - y_j)$ with $\Theta = JJ^T$, $j$ over
# the training points; and as $\Theta$ is fixed, so do the means,
# $$\dot\mu_d = -\eta\,\Theta_{dd}(\mu_d - y), \qquad \dot\mu_t = -\eta\,\Theta_{td}(\mu_d - y), \qquad \mu(0) = 0.
#   \tag{5.1}$$

# %%
parameters, targets = symbols("a b c"), symbols("y1 y2")
f = [Function(f"f{i}")(*parameters) for i in (1, 2, 3)]  # two training points and a test point
loss = sum((f_j - y_j) ** 2 for f_j, y_j in zip(f, targets, strict=False)) / 2
J = Matrix(f).jacobian(parameters)
f_dot = J * Matrix([-eta * diff(loss, parameter) for parameter in parameters])
proved(f_dot, -eta * J * J[:2, :].T * (Matrix(f[:2]) - Matrix(targets)))

# %% [markdown]
# ## 2. The solution
#
# Let $\Theta_{dd} = U^TDU$ and $\tilde\mu = U\mu$, $\tilde y = Uy$.  Each mode is on its own,
# $\dot{\tilde\mu}_i = -\eta\lambda_i(\tilde\mu_i - \tilde y_i)$, so (Eq. 9, 5 and 6)
# $$\tilde\mu_i = (1 - e^{-\eta\lambda_it})\,\tilde y_i, \tag{5.2}$$
# $$\mu_d = (\mathrm{Id} - e^{-\eta\Theta_{dd}t})\,y, \qquad
#   \mu_t = \Theta_{td}\Theta_{dd}^{-1}(\mathrm{Id} - e^{-\eta\Theta_{dd}t})\,y, \tag{5.3}$$
# and for $t \to \infty$ the training points are learnt and the test points get the mean prediction $P(\Theta)\,y$,
# $P(\Theta) = \Theta_{td}\Theta_{dd}^{-1}$ (Eq. 7).  (Eq. 9 prints Id for the 1 of a scalar equation.  And $m$ points
# have the eigenvalues $\lambda_0 \dots \lambda_{m-1}$; Section 4 counts to $\lambda_m$.)

# %%
mu = Function("mu")
learnt = 1 - exp(-eta * lam * t)
proved(sympy.dsolve(diff(mu(t), t) + eta * lam * (mu(t) - y), mu(t), ics={mu(0): 0}).rhs, learnt * y)

angle, lam1, t1, t2 = symbols("angle lambda1 t1 t2", real=True)
U = Matrix([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])  # every symmetric 2 × 2 matrix is UᵀDU
Theta, Y, Theta_td = U.T * sympy.diag(lam, lam1) * U, Matrix(targets), Matrix([[t1, t2]])
mu_d = U.T * sympy.diag(learnt, learnt.subs(lam, lam1)) * U * Y
mu_t = Theta_td * U.T * sympy.diag(1 / lam, 1 / lam1) * U * mu_d
proved(diff(mu_d, t), -eta * Theta * (mu_d - Y))
proved(diff(mu_t, t), -eta * Theta_td * (mu_d - Y))
proved([mu_d.subs(t, 0), mu_t.subs(t, 0)], [0 * Y, Matrix([0])])

# %% [markdown]
# How exactly must $\lambda$ be known?  With $x = \eta\lambda t$
# $$\frac{\partial\log(1 - e^{-x})}{\partial\log\lambda} = \frac x{e^x - 1} \in (0, 1), \tag{5.4}$$
# so the part learnt is known to at least the relative accuracy of $\lambda$, of the smallest as of the largest, if
# $1 - e^{-x}$ is formed without subtraction (`expm1`).

# %%
sensitivity = (lam * diff(learnt, lam) / learnt).subs(t, x / (eta * lam))
proved(sensitivity, x / (exp(x) - 1))
proved([limit(sensitivity, x, 0), limit(sensitivity, x, oo)], [1, 0])
proved(diff(exp(x) - 1 - x, x), exp(x) - 1)  # is positive, and so is e^x − 1 − x, which is 0 at 0

# %% [markdown]
# ## 3. Gradient descent
#
# Steps of size $\eta$ multiply the error of a mode by $1 - \eta\lambda$.  They converge if and only if this is below 1
# in size for every mode, that is,
# $$\mu_k = \big(1 - (1 - \eta\lambda)^k\big)\,y, \quad 0 < \eta < \frac2{\lambda_{\max}}; \qquad
#   \eta = \frac2{\lambda_0}: \quad e^{-\eta\lambda_{m-1}t} = e^{-2t/\kappa}. \tag{5.5}$$
# This belongs to the loss $\frac12\sum(f - y)^2$.  For the mean loss, $\frac1m$ of it, all gradients are divided by $m$
# and the bound becomes $2m/\lambda_{\max}$.  (Section 7 runs $\eta = \rho\cdot2/\lambda_{\max}$ and finds networks
# untrainable "when $\rho$ exceeds 2 as predicted"; what is predicted is 1.)  At the largest step the slowest mode
# decays at the rate $2/\kappa$; the text below Eq. 9 has $1/\kappa$.

# %%
step = sympy.rsolve(mu(k + 1) - mu(k) + eta * lam * (mu(k) - y), mu(k), {mu(0): 0})
proved(step, (1 - (1 - eta * lam) ** k) * y)
stable = sympy.solve_univariate_inequality(abs(1 - u) < 1, u, relational=False)  # u = ηλ
proved([stable.start, stable.end], [0, 2])
largest_step = stable.end / lam
proved(sympy.solve(eta / m - largest_step, eta)[0], 2 * m / lam)  # the mean loss
slowest_rate = (eta * lam / kappa).subs(eta, largest_step)  # λ is λ_0, and λ_{m−1} = λ/κ
proved(slowest_rate, 2 / kappa)

# %% [markdown]
# ## 4. The largest step, phase by phase
#
# By (4.8) $\lambda_{\max} = p + (m-1)p_{ab}$, with $p$ from (4.7).  In chaos $p_{ab}$ stays bounded while $p$ grows; in
# order both tend to $p^* = q^*/(1 - \chi_1)$; on the critical line $p = l\,q$ and $p_{ab}/p \to \frac13$ for smooth
# activations (9.8), $\frac14$ for ReLU (chapter `relu`).  So $2/\lambda_{\max}$ is, to leading order in $l$,
# $$\text{chaos } \frac{2(\chi_1 - 1)}{q^*\chi_1^l}, \quad
#   \text{critical } \frac6{(m+2)\,q^*l}, \quad
#   \text{critical ReLU } \frac8{(m+3)\,q\,l}, \quad
#   \text{order } \frac{2(1 - \chi_1)}{m\,q^*}. \tag{5.6}$$
# (Section 1 has it "decay … linearly" on the critical line; it decays as $1/l$.)

# %%
p_diagonal = q_star * (chi**l - 1) / (chi - 1)  # (4.7)
lambda_max = Lambda((d, o, m), d + (m - 1) * o)  # (4.8)
eta_chaotic = 2 * (chi - 1) / (q_star * chi**l)
eta_critical, eta_relu = 6 / ((m + 2) * q_star * l), 8 / ((m + 3) * q * l)
eta_ordered = 2 * (1 - chi) / (m * q_star)
ordered, chaotic = {chi: exp(-1 / xi), l: depth}, {chi: exp(1 / xi), l: depth}
proved(limit((eta_chaotic * lambda_max(p_diagonal, bounded, m)).subs(chaotic), depth, oo), 2)
p_limit = limit(p_diagonal.subs(ordered), depth, oo)
proved(eta_ordered.subs(ordered) * lambda_max(p_limit, p_limit, m), 2)
proved(eta_critical * lambda_max(l * q_star, l * q_star / 3, m), 2)
proved(eta_relu * lambda_max(l * q, l * q / 4, m), 2)

# %% [markdown]
# ## 5. A kernel that has forgotten the data
#
# Let all inputs, test inputs too, have the diagonal $d$ and share one off-diagonal entry $o$.  Then
# $\Theta_{dd}\mathbf 1 = \lambda_{\max}\mathbf 1$ and $\Theta_{td} = o\,\mathbf 1\mathbf 1^T$, so
# $$P(\Theta) = \frac o{d + (m-1)\,o}\,\mathbf 1\mathbf 1^T, \qquad
#   P\,\mathbf 1 = \frac{m\,o}{d + (m-1)\,o}\,\mathbf 1. \tag{5.7}$$
# It annihilates labels of zero mean; but $P$ itself is not small.  Its entries are $\frac1{m+2}$ on the critical line,
# $\frac1{m+3}$ for critical ReLU, $\frac1m$ in order ($o \to d$), and 0 in chaos ($o/d \to 0$).
# Where the paper writes $P(\Theta^{(l)}) = O(1/l)$ (Sections 6.3 and 6.5) it is $P(\Theta^{(l)})\,Y$, $Y$ of zero mean.
# In order the small differences between pairs keep their effect, and (5.12) replaces $\frac1m$.

# %%
p_constant = o / (d + (m - 1) * o)
i, j = symbols("i j", integer=True, positive=True)
row = p_constant * (o + (d - o) * KroneckerDelta(i, j))
proved(deltasummation(row, (j, 1, m), no_piecewise=True), o)  # P Θ_dd = Θ_td, any m
for off, entry in ((d / 3, 1 / (m + 2)), (d / 4, 1 / (m + 3)), (d, 1 / m), (0, 0)):
    proved(p_constant.subs(o, off), entry)

# %% [markdown]
# ## 6. A kernel that has almost forgotten
#
# Let $\Theta_{dd} = (d - o)\,\mathrm{Id} + o\,\mathbf 1\mathbf 1^T + \varepsilon H_{dd}$,
# $\Theta_{td} = o\,\mathbf 1\mathbf 1^T + \varepsilon H_{td}$ and $\mathbf 1^Ty = 0$.  The weights
# $\Theta_{dd}^{-1}y$ are
# $\frac1{d-o}\big(y - \varepsilon\,\Theta_0^{-1}H_{dd}y\big) + O(\varepsilon^2)$, with
# $\Theta_0^{-1} = \frac1{d-o}\big(\mathrm{Id} - \frac o{d+(m-1)o}\mathbf 1\mathbf 1^T\big)$ and
# $\mathbf 1^T\Theta_0^{-1} = \mathbf 1^T/\lambda_{\max}$.  Therefore
# $$P(\Theta)\,y = \frac\varepsilon{d - o}\Big[H_{td}\,y
#   - \frac o{d + (m-1)\,o}\,\mathbf 1\,\mathbf 1^TH_{dd}\,y\Big] + O(\varepsilon^2), \tag{5.8}$$
# for any $m$ and any symmetric $H_{dd}$, hollow or not.  It serves wherever $\varepsilon H \ll d - o$: in chaos and on
# the critical line.  In order $d - o$ vanishes as $H$ does, and the next section is needed.

# %%
first_order, first_order_mean = 1 / (d - o), p_constant
for size in (2, 3, 4):  # the weights are put into Θ_dd · weights = y, with no inverse taken
    H, one = Matrix(size, size, lambda i, j: symbols(f"H{min(i, j)}{max(i, j)}")), ones(size, 1)
    H_td, Y = Matrix(1, size, symbols(f"h:{size}")), Matrix(symbols(f"y:{size - 1}"))
    Y = Matrix([*Y, -sum(Y)])
    c = p_constant.subs(m, size)
    weights = (Y - eps * (H * Y - c * one * (one.T * H * Y)) / (d - o)) / (d - o)
    residual = (((d - o) * eye(size) + o * one * one.T + eps * H) * weights - Y).applyfunc(sympy.expand)
    proved(residual.applyfunc(lambda entry: entry.coeff(eps, 0)), 0 * Y)
    proved(residual.applyfunc(lambda entry: entry.coeff(eps, 1)), 0 * Y)
    prediction = expand(((o * one.T + eps * H_td) * weights)[0])
    bracket = (H_td * Y)[0] - first_order_mean.subs(m, size) * (one.T * H * Y)[0]
    proved([prediction.coeff(eps, 0), prediction.coeff(eps, 1)], [0, first_order * bracket])

# %% [markdown]
# ## 7. A kernel close to a constant: kriging
#
# Normalised inputs share the diagonal $p$.  So, exactly, with a hollow *variogram* $w$, half the gap,
# $$\Theta = p\,\mathbf 1\mathbf 1^T - w, \qquad w_{ab} = p - \Theta_{ab}. \tag{5.9}$$
# If $\Theta_{dd}$ is positive definite, $w_{dd}$ is negative definite on vectors of zero sum; so it has one positive
# eigenvalue, its trace being 0, and an inverse $V$.  With $s = \mathbf 1^TV\mathbf 1$
# $$0 < \det\Theta_{dd} = (ps - 1)\,|\det w_{dd}|, \qquad ps > 1. \tag{5.10}$$
# By Sherman and Morrison
# $$P(\Theta) = w_{td}V + \frac1{s - 1/p}\,(\mathbf 1 - w_{td}V\mathbf 1)\,\mathbf 1^TV. \tag{5.11}$$
# *Proof for any $m$.*  Multiply by $\Theta_{dd} = p\,\mathbf 1\mathbf 1^T - w_{dd}$.  With
# $\alpha = w_{td}V\mathbf 1$ the first term gives $p\,\alpha\mathbf 1^T - w_{td}$; the second
# $\frac1{s - 1/p}(1 - \alpha)(ps - 1)\mathbf 1^T = p\,(1 - \alpha)\mathbf 1^T$; the sum is $\Theta_{td}$.
# For $ps \to \infty$
# $$P \to P_\infty = w_{td}V + \hat A, \quad
#   \hat A = \frac{(\mathbf 1 - w_{td}V\mathbf 1)\,\mathbf 1^TV}{\mathbf 1^TV\mathbf 1}, \quad
#   P_\infty\mathbf 1 = \mathbf 1, \qquad P = P_\infty + \frac{\hat A}{ps - 1}, \tag{5.12}$$
# the last exactly.  $P_\infty$ is *ordinary kriging*: the best linear interpolation that keeps constants.  It is the
# limit of Eq. 16, and $\hat A$ the "correction term" that the main text leaves open.

# %%
correction = 1 / (s - 1 / p)
proved(p * alpha + correction * (1 - alpha) * (p * s - 1), p)
proved(correction, 1 / s + 1 / (s * (p * s - 1)))


def kriging(w_dd, w_td, p=oo):
    """(5.11); p = oo gives (5.12)."""
    V, one = w_dd.inv(), ones(w_dd.rows, 1)
    total = (one.T * V * one)[0]
    return w_td * V + (ones(w_td.rows, 1) - w_td * V * one) * (one.T * V) / (total - 1 / p)


w_dd = Matrix(3, 3, lambda i, j: symbols(f"w{min(i, j)}{max(i, j)}") if i != j else 0)
w_td, one = Matrix(1, 3, symbols("v:3")), ones(3, 1)
at_p, at_infinity = kriging(w_dd, w_td, p), kriging(w_dd, w_td)
total = (one.T * w_dd.inv() * one)[0]
proved((p * one * one.T - w_dd).det(), (p * total - 1) * w_dd.det())  # det w_dd > 0 for three points
proved(at_p * (p * one * one.T - w_dd), p * one.T - w_td)
proved(at_infinity * one, ones(1, 1))

# %% [markdown]
# *What $P$ does not see:* a factor of $\Theta$; and, for $ps \to \infty$, a constant added to all its entries.
# $$P_{p}(a\,w + b\,\mathbf 1\mathbf 1^T) = P_{(p-b)/a}(w), \qquad
#   P_\infty(a\,w + b\,\mathbf 1\mathbf 1^T) = P_\infty(w), \tag{5.13}$$
# because $p\,\mathbf 1\mathbf 1^T - (a\,w + b\,\mathbf 1\mathbf 1^T)
# = a\,(\frac{p-b}a\mathbf 1\mathbf 1^T - w)$.  The constant must be added on the diagonal as well.  A shift $g$ of the
# diagonal alone, $w_{dd} + g\,\mathrm{Id}$, is a *nugget*, and seen:
# $$P_\infty \to P_\infty\,(\mathrm{Id} - g\,Q) + O(g^2), \qquad
#   Q = V - \frac{V\mathbf 1\mathbf 1^TV}{\mathbf 1^TV\mathbf 1}. \tag{5.14}$$
# ($P_\infty$ is fixed by $P_\infty\mathbf 1 = \mathbf 1$ and $P_\infty w_{dd} - w_{td} \propto \mathbf 1^T$.  Both
# survive the nugget to first order, since $Q\mathbf 1 = 0$ and $\mathrm{Id} - Qw_{dd} = V\mathbf 1\mathbf 1^T/s$.)

# %%
shifted = [a * block + b * ones(*block.shape) for block in (w_dd, w_td)]
proved(at_p.subs(p, (p - b) / a) * (p * one * one.T - shifted[0]), p * one.T - shifted[1])
proved(kriging(shifted[0][:2, :2], shifted[1][:, :2]), kriging(w_dd[:2, :2], w_td[:, :2]))

V = w_dd.inv()
Q = V - V * one * one.T * V / (one.T * V * one)[0]
proved(Q * one, 0 * one)
proved(eye(3) - Q * w_dd, V * one * one.T / (one.T * V * one)[0])
example = {w_dd[0, 1]: 1, w_dd[0, 2]: 2, w_dd[1, 2]: 4}
with_nugget = kriging(w_dd.subs(example) + g * eye(3), w_td)
proved(diff(with_nugget, g).subs(g, 0), (-at_infinity * Q).subs(example))

# %% [markdown]
# ## 8. Results, and the package's own functions

# %%
results = {
    "learnt": Lambda((eta, lam, t), learnt),
    "slowest_rate": Lambda((kappa,), slowest_rate),
    "largest_step": Lambda((lam,), largest_step),
    "p_constant": Lambda((d, o, m), p_constant),  # (diagonal, off, m): every entry of P
    "first_order": Lambda((d, o), first_order),
    "first_order_mean": Lambda((d, o, m), first_order_mean),
    "eta_chaotic": Lambda((q_star, chi_1, l), eta_chaotic.subs(chi, chi_1)),
    "eta_critical": Lambda((m, q_star, l), eta_critical),
    "eta_relu": Lambda((m, q, l), eta_relu),
    "eta_ordered": Lambda((m, q_star, chi_1), eta_ordered.subs(chi, chi_1)),
}

# %% [markdown]
# (a) *On symbols.*  The predictor takes numbers only.  What (5.11) needs of its input holds on symbols: the gap the
# package carries, here through a ReLU layer, is twice the variogram.  (An acute angle decides its branches.)

# %%
for _, pair in pairs_by_depth(nk.fcn(2, nk.relu, 2), q, 1 - 1 / sympy.sqrt(1 + tangent**2), nk.symbols()):
    proved(pair.ntk_gap / 2, pair.Theta.x - pair.ntk)

# %% [markdown]
# (b) *At 50 digits* and (c) *in float64*.  Six images and three test images in order at depth 40, against (5.11); five
# orthogonal inputs, whose kernel has two entries exactly (48 and 13 digits: some tens of units in the last place); and
# the images in chaos at depth 60, against the first order (5.8) with $o = p_{ab}^*$, which leaves out $H/d$, 1e-9.

# %%
images, labels = nk.optical_digits()
images, y_train = images.reshape(-1, 64)[:9], labels[:6] - 2.5  # the labels 0 … 5, of zero mean


def exact(array):
    return Matrix([[value(Lambda(t, t), entry) for entry in line] for line in array])


def image_kernels(network, system):
    points = nk.normalised(images, network, numbers=system)
    return nk.kernels(network, points[:6], numbers=system), nk.kernels(network, points[6:], points[:6], system)


def all_agree(left, right, digits):
    for ours, theirs in zip(left, right, strict=True):
        agree(ours, theirs, digits)


network, corners, y_four = nk.fcn(40, nk.erf, "1", "0.18"), np.eye(5), [1, 2, 3, 6]
for system, digits in ((nk.digits(50), 48), (nk.float64, 13)):
    k_train, k_test = image_kernels(network, system)
    ours = kriging(exact(k_train.ntk_gap) / 2, exact(k_test.ntk_gap) / 2, exact(k_train.ntk)[0]) * Matrix(y_train)
    all_agree(ours, nk.mean_predictor(k_train, k_test, y_train), digits)

    k_train, k_test = (nk.kernels(network, *x, numbers=system) for x in ((corners[:4],), (corners[4:], corners[:4])))
    diagonal, bulk = exact(k_train.ntk)[0], exact(k_train.ntk_gap)[1] / 2
    top, P_entry = (value(formula, diagonal, diagonal - bulk, 4) for formula in (lambda_max, results["p_constant"]))
    agree(nk.max_learning_rate(k_train), value(results["largest_step"], top), digits)
    agree(nk.mean_predictor(k_train, k_test, y_four)[0], 12 * P_entry, digits)
    for time in ("1e-20", "1", "1e5"):
        mean, rest = (value(results["learnt"], "0.1", mode, time) for mode in (top, bulk))
        expected = [3 * mean + rest * (target - 3) for target in y_four]
        flow_train, flow_test = nk.gradient_flow(k_train, k_test, y_four, time, "0.1")
        all_agree([*expected, P_entry * sum(expected)], [*flow_train, *flow_test], digits)

system, point = nk.digits(50), ("3", "0.18")
k_train, k_test = image_kernels(nk.fcn(60, nk.erf, *point), system)
Theta, off = exact(k_train.ntk), value(Lambda(t, t), nk.mean_field(nk.erf, *point, system).p_ab_star)
H_dd, H_td = Theta - Theta[0] * eye(6) - off * (ones(6, 6) - eye(6)), exact(k_test.ntk) - off * ones(3, 6)
mean_part = value(results["first_order_mean"], Theta[0], off, 6) * sum(H_dd * Matrix(y_train))
ours = value(results["first_order"], Theta[0], off) * (H_td * Matrix(y_train) - mean_part * ones(3, 1))
all_agree(ours, nk.mean_predictor(k_train, k_test, y_train), digits=8)

# %% [markdown]
# *Learning rates* of five orthogonal inputs, with the size of what (5.6) leaves out; and on the images, in float64, the
# two sides of $2/\lambda_{\max}$, and (5.3) with a matrix exponential.

# %%
line = nk.critical_point(nk.erf, sigma_b2="0.18")
chaos, order = (nk.mean_field(nk.erf, w, "0.18") for w in ("3", "1"))
for network, q_value, formula, at, digits in (
    (nk.fcn(100, nk.erf, "3", "0.18"), chaos.q_star, "eta_chaotic", (chaos.q_star, chaos.chi_1, 100), 9),
    (nk.fcn(1000, nk.erf, line.sigma_w2, line.sigma_b2), line.q_star, "eta_critical", (5, line.q_star, 1000), 2),
    (nk.fcn(1000, nk.relu, 2), 0.7, "eta_relu", (5, "0.7", 1000), 2),  # log(l)/l
    (nk.fcn(100, nk.erf, "1", "0.18"), order.q_star, "eta_ordered", (5, order.q_star, order.chi_1), 10),
):
    rate = nk.max_learning_rate(nk.kernels(network, nk.normalised(corners, network, q=q_value)))
    agree(rate, value(results[formula], *at), digits)

k_train, k_test = image_kernels(nk.fcn(30, nk.erf, line.sigma_w2, line.sigma_b2), nk.float64)
Theta, largest = k_train.ntk, nk.max_learning_rate(k_train)


def error_after(n, rate):
    return np.linalg.norm(np.linalg.matrix_power(np.eye(6) - rate * Theta, n) @ y_train)


holds(bool(error_after(3000, 0.99 * largest) < 1e-9), "converges below the largest step")
holds(bool(error_after(3000, 1.01 * largest) > 1e9), "diverges above it")
flow_train, flow_test = nk.gradient_flow(k_train, k_test, y_train, 3, largest)
expected = y_train - scipy.linalg.expm(-3 * largest * Theta) @ y_train
holds(np.allclose(flow_train, expected, rtol=0, atol=1e-12), "Eq. 5")
holds(np.allclose(flow_test, k_test.ntk @ np.linalg.solve(Theta, expected), rtol=0, atol=1e-12), "Eq. 6")

# %% [markdown]
# ## Exercise
#
# Which step makes gradient descent fastest?
#
# **Solution.**  A step multiplies the errors by $1 - \eta\lambda$; the largest in size is at $\lambda_0$ or
# $\lambda_{m-1}$.  $|1 - \eta\lambda_0|$ grows where $1 - \eta\lambda_{m-1}$ falls; the best step makes them equal,
# $$\eta = \frac2{\lambda_0 + \lambda_{m-1}}, \qquad \text{factor } \frac{\kappa - 1}{\kappa + 1}. \tag{5.15}$$
# On the critical line, $\kappa = \frac{m+2}2$ (9.9), this is $\frac m{m+4}$ a step; in chaos, $\kappa \to 1$, one step
# learns everything.

# %%
step = sympy.solve(1 - eta * lam / kappa - (eta * lam - 1), eta)[0]
proved(step, 2 / (lam + lam / kappa))
factor = 1 - step * lam / kappa
proved(factor, (kappa - 1) / (kappa + 1))
proved(factor.subs(kappa, (m + 2) / 2), m / (m + 4))
spectrum = nk.spectrum(k_train)
best = float(value(Lambda((lam, kappa), step), spectrum.lambda_max, spectrum.kappa))
expected = float(value(Lambda(kappa, factor), spectrum.kappa))
agree((error_after(60, best) / error_after(50, best)) ** 0.1, expected, digits=2)  # the other modes have gone

# %% [markdown]
# ## Summary
#
# | | |
# |---|---|
# | $\tilde\mu_i = (1 - e^{-\eta\lambda_it})\tilde y_i$ | (5.2) |
# | $\mu_t(\text{test}) = P(\Theta)\,\mu_t(\text{train})$, $P(\Theta) = \Theta_{td}\Theta_{dd}^{-1}$ | (5.3) |
# | converges if and only if $0 < \eta < 2/\lambda_{\max}$; then the slowest rate is $2/\kappa$ | (5.5) |
# | largest steps by phase | (5.6) |
# | two entries: $P = \frac o{d+(m-1)o}\mathbf 1\mathbf 1^T$, which annihilates zero-mean labels | (5.7) |
# | almost: $\frac1{d-o}[H_{td}y - \frac o{d+(m-1)o}\mathbf 1\mathbf 1^TH_{dd}y]$ | (5.8) |
# | near a constant: kriging, $P = P_\infty + \hat A/(ps - 1)$ | (5.12) |
# | invariant under $w \to a\,w + b\,\mathbf 1\mathbf 1^T$, not under a nugget | (5.13), (5.14) |
