# %% [markdown]
# # Notation, conventions, and how to read the chapters
#
# **Setting.** A fully-connected network of $L$ weight layers, Eq. 1, with the NNGP kernel $\mathcal K$ and the tangent
# kernel $\Theta$ of every layer.  `net`, `k`, `mf` and the other small names in the table are made in the next cell.
#
# | symbol | code | paper |
# |---|---|---|
# | $\sigma_w^2, \sigma_b^2$, variances | `net.layers[0].sigma_w2`, `net.layers[0].sigma_b2` | Eq. 1 |
# | $\phi$; its duals $\mathcal T, \dot{\mathcal T}$ | `nk.erf`, `nk.relu`; `nk.erf.duals` | Eq. 3; below Eq. 4 |
# | $l = 1 \dots L$; $m$ training points of $n_0$ features | `k.depth`, `net.depth`; `train.shape` | Eq. 1 |
# | $\mathcal K^{(l)}(x, x')$, off the diagonal $q_{ab}^{(l)}$ | `k.nngp` | Eq. 2; Section 6 |
# | $\Theta^{(l)}(x, x')$: $p_{ab}^{(l)}$, on the diagonal $p^{(l)}$ | `k.ntk` | Eq. 8; Eq. 11 |
# | $\mathcal K(x,x) + \mathcal K(x',x') - 2\mathcal K(x,x')$, and of $\Theta$ | `k.nngp_gap`, `k.ntk_gap` | – |
# | $q^*$; $c^*$, $1 - c^*$; phase | `mf.q_star`; `mf.c_star`, `mf.one_minus_c_star`; `mf.phase` | Section 3 |
# | $\chi_1$; $\chi_{c^*}$, or $\chi_c$; $\chi_q$ | `mf.chi_1`; `mf.chi_c`; `mf.chi_q` | Section 6; Eq. 12; – |
# | $\xi_1, \xi_{c^*}, \xi_*$ | `ordered.xi_1`, `mf.xi_c`, `mf.xi_star` | Sections 3, 4, 6.2 |
# | $p_{ab}^*$; $p^*$ | `mf.p_ab_star`; `ordered.p_star` | Eq. 12; Eq. 14 |
# | $f(t) = \sigma_w^2\mathcal T(q^*, q^*, t) + \sigma_b^2$; $D_l = \prod_{j<l}f'(q_j)$ | – | – |
# | $\lambda_{\max} = \lambda_0 \ge \dots \ge \lambda_{m-1}$ | `s.lambda_max`, `s.eigenvalues` | Section 4 |
# | $\lambda_{\text{bulk}}$; $\kappa = \lambda_0/\lambda_{m-1}$ | `s.lambda_bulk`, `s.kappa` | Section 4 |
# | $P(\Theta)Y$; $\mu_t$ | `nk.mean_predictor`; `nk.gradient_flow` | Eq. 7; 5, 6 |
# | $2/\lambda_0$; laws of large depth | `nk.max_learning_rate`; `nk.asymptotics.of` | Section 4; Table 1 |
# | the line $\chi_1 = 1$ | `nk.critical_point` | Sections 3, 6.3 |
#
# **Goals.** To fix what each symbol means, by computations that come out otherwise under the rival convention.

# %%
import pathlib
import re
import runpy

import numpy as np
import sympy
from sympy import Lambda, Matrix, log, pi, sqrt

import ntkref as nk

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
here = pathlib.Path(globals().get("__file__", "notation.py"))
steps = runpy.run_path(str(here.with_name("steps.py")))
agree, holds, proved, value = (steps[name] for name in ("agree", "holds", "proved", "value"))

sigma_w2, sigma_b2 = sympy.symbols("sigma_w2 sigma_b2", positive=True)
net = nk.fcn(3, nk.erf, sigma_w2="3", sigma_b2="0.18")
mf, ordered = nk.mean_field(nk.erf, "3", "0.18"), nk.mean_field(nk.erf, "1", "0.18")
train = nk.normalised(nk.optical_digits()[0][:5].reshape(5, 64), net)
test = nk.normalised(nk.optical_digits()[0][5:7].reshape(2, 64), net)
k, k_test = nk.kernels(net, train), nk.kernels(net, test, train)
s = nk.spectrum(k)

# Every name in the table above exists: the second column is read from this file and evaluated.
rows = re.findall(r"^# \| [^`\n]+ \| (`[^|\n]+) \| [^|\n]+ \|$", here.read_text(encoding="utf-8"), re.MULTILINE)
names = re.findall(r"`([^`]+)`", " ".join(rows))
holds(len(names) > 30 and all(eval(name) is not None for name in names), "the table names what exists")

# %% [markdown]
# ## 1. How to read the chapters
#
# A chapter is a script, and every displayed step is followed by its check.  Four functions do this: `proved(a, b)`
# returns `a` once SymPy has shown that $a - b$ is 0; `holds(claim)` wants the value true, not an undecided relation;
# `agree(a, b, n)` compares numbers to a relative error $10^{-n}$; `value(formula, ...)` evaluates one to 70 digits.  A
# step that fails raises AssertionError and ends the chapter.  Below, `refuses` is used for the rival conventions.


# %%
def refuses(check, *arguments):
    """Raise unless `check` raises: what it would have confirmed is not so."""
    try:
        check(*arguments)
    except AssertionError:
        return
    raise AssertionError(f"{check.__name__} accepts {arguments}")


def chosen(found, convention, *rivals):
    """`found` is what the convention says, to 13 digits, and no rival's number, to 2 digits."""
    agree(found, convention, 13)  # float64, a few operations
    for rival in rivals:
        refuses(agree, found, rival, 2)


x = sympy.Symbol("x", positive=True)
refuses(proved, proved(sympy.sin(x) ** 2, 1 - sympy.cos(x) ** 2), 1 + sympy.cos(x) ** 2)
refuses(holds, x > 1)
refuses(agree, "0.333", 1 / sympy.Integer(3), 3.1)  # the error is 10⁻³
refuses(agree, value(Lambda(x, x), 0.1), value(Lambda(x, x), "0.1"), 20)  # a float64 beside one tenth; one tenth

# %% [markdown]
# ## 2. The first layer: variances, parameterisation, bias
#
# NTK parameterisation: $z^{(1)} = \frac{\sigma_w}{\sqrt{n_0}}Wx + \sigma_bb$ with $W, b \sim \mathcal N(0, 1)$.  Its
# Jacobian $J$ gives
# $$\Theta^{(1)} = JJ^T = \mathcal K^{(1)} = \frac{\sigma_w^2}{n_0}\,x\cdot x' + \sigma_b^2. \tag{0.1}$$
# Given are variances, exact: `"0.18"` is 18/100.  Rivals: standard deviations; no $1/n_0$; no bias in $\Theta^{(1)}$;
# weights that carry their variance, $JJ^T = x\cdot x' + 1$; $\phi$ of the inputs (Eq. 1 at $l = 0$, to the letter).

# %%
inputs = Matrix([[1, 2, -1], [3, -1, 1]])
parameters = Matrix(sympy.symbols("W:3 b"))
z = sqrt(sigma_w2 / 3) * inputs * parameters[:3, :] + sqrt(sigma_b2) * parameters[3] * Matrix.ones(2, 1)
jacobian = z.jacobian(parameters)
first = nk.kernels(nk.fcn(1, nk.erf, sigma_w2, sigma_b2), inputs.tolist(), numbers=nk.symbols())
ntk_1, gram, bias = Matrix(first.ntk), inputs * inputs.T, sigma_b2 * Matrix.ones(2)
for same in (jacobian * jacobian.T, sigma_w2 * gram / 3 + bias, Matrix(first.nngp)):
    proved(ntk_1, same)
for rival in (sigma_w2**2 * gram / 3 + bias, sigma_w2 * gram + bias, sigma_w2 * gram / 3, gram + Matrix.ones(2)):
    refuses(proved, ntk_1, rival)
refuses(proved, ntk_1, sigma_w2 * inputs.applyfunc(sympy.erf) * inputs.applyfunc(sympy.erf).T / 3 + bias)

# %% [markdown]
# ## 3. Depth, recursion, normalised inputs
#
# $L$ counts weight layers: $L = 1$ is linear, $L = 2$ has one hidden layer.  erf integrates $\frac2{\sqrt\pi}e^{-t^2}$,
# not $e^{-t^2/2}$.  Normalised inputs have $\mathcal K^{(1)}(x, x) = q^*$, $|x|^2/n_0 = (q^* - \sigma_b^2)/\sigma_w^2$
# and not $q^*$ (which "variance $q^*$" in Section 6 might mean).  Then, by (4.7) of chapter `tangent_kernel`,
# $$\mathcal K^{(l)}(x, x) = q^*, \qquad p^{(l)} = q^*\,\frac{\chi_1^l - 1}{\chi_1 - 1}. \tag{0.2}$$

# %%
q, w, b, chi = mf.q_star, 3.0, 0.18, mf.chi_1
chosen((train[0] ** 2).mean(), (q - b) / w, q, q - b)
chosen(k.nngp[0, 0], q, w * q + b)
T_erf = Lambda(x, 2 / pi * sympy.asin(2 * x / (1 + 2 * x)))
one_layer = nk.kernels_of_pair(nk.fcn(2, nk.erf, "3", "0.18"), q="0.4", one_minus_c=0).K.x
chosen(one_layer, w * value(T_erf, "0.4") + b, w * value(T_erf, "0.2") + b, 0.4)  # 0.2: e^(−t²/2); 0.4: no layer
p = [q * (chi**l - 1) / (chi - 1) for l in range(5)]  # p[l]
chosen(k.ntk[0, 0], p[3], p[2], p[4], p[3] - chi**2 * b)  # or l − 1, l + 1, or Θ^(1) = K^(1) − σ_b²
holds(net.depth == k.depth == 3 and len(net.layers) == 5, "three Dense and two activations")

# %% [markdown]
# ## 4. Gaps, slopes and depth scales
#
# A *gap* is a squared distance, so for normalised inputs twice a difference,
# $$\mathtt{nngp\_gap} = 2(q^* - q_{ab}), \quad \mathtt{ntk\_gap} = 2(p - p_{ab}); \qquad
#   \chi = f', \quad \xi = -1/\log\chi, \quad \frac1{\xi_*} = \frac1{\xi_{c^*}} + \log\chi_1. \tag{0.3}$$
# Logarithms are natural, and $\xi_1 < 0$ in chaos.  Section 7 prints $\xi_* = -1/(\log\xi_c - \log\xi_1)$, with $\xi$
# for $\chi$; in chaos, the phase it is meant for, $\log\xi_1$ is not even real.

# %%
chosen(k.nngp_gap[0, 1], 2 * (q - k.nngp[0, 1]), q - k.nngp[0, 1], (2 * (q - k.nngp[0, 1])) ** 0.5)
chosen(k.ntk_gap[0, 1], 2 * (p[3] - k.ntk[0, 1]), p[3] - k.ntk[0, 1])
xi = -1 / log(x)
chosen(mf.xi_c, value(Lambda(x, xi), mf.chi_c), value(Lambda(x, -1 / log(x, 2)), mf.chi_c), 1 / (1 - mf.chi_c))
chosen(mf.xi_star, 1 / (1 / mf.xi_c + np.log(chi)), 1 / (1 / mf.xi_c - np.log(chi)), mf.xi_c)
holds(bool(mf.xi_1 < 0 < mf.xi_c), "Section 7's formula as printed is complex")

# %% [markdown]
# ## 5. Loss, spectrum, predictor
#
# Gradient descent of step $\eta$ on $\frac12\sum_a(f_a - y_a)^2$, $f = J\theta$, and gradient flow from $f = 0$ give
# $$f' - y = (\mathrm{Id} - \eta\,\Theta)(f - y), \qquad
#   \tilde\mu_{t,i} = (1 - e^{-\eta\lambda_it})\,\tilde y_i, \tag{0.4}$$
# where $\Theta = JJ^T$ and $\sim$ marks components along eigenvectors; descent converges iff $\eta < 2/\lambda_0$.
# (With a mean over the $m$ points it would be $\Theta/m$, without $\frac12$ it would be $2\Theta$.)
#
# $P(\Theta) = \Theta_{td}\Theta_{dd}^{-1}$ has test points ($t$) in rows and training points ($d$) in columns.
# *Zero-mean labels* are $\mathbf 1^TY = 0$, summed over training points.  They matter because a kernel with one value
# $p$ on the diagonal and one value $p_{ab}$ off it predicts
# $$P(\Theta)\,Y = \frac{p_{ab}}{p + (m - 1)\,p_{ab}}\,\mathbf 1\,(\mathbf 1^TY). \tag{0.5}$$

# %%
J, theta, y = Matrix(2, 3, sympy.symbols("J:6")), Matrix(sympy.symbols("theta:3")), Matrix(sympy.symbols("y:2"))
eta, square = sympy.Symbol("eta"), sum(residual**2 for residual in J * theta - y)
contracted = (Matrix.eye(2) - eta * J * J.T) * (J * theta - y)
for loss, check in ((square / 2, proved), (square / 4, lambda *sides: refuses(proved, *sides))):
    check(J * (theta - eta * Matrix([loss]).jacobian(theta).T) - y, contracted)
values, U = np.linalg.eigh(k.ntk)
labels, time = np.array([1.0, -1, 1, -1, 0]), 0.7 / values[-1]
flow, _ = nk.gradient_flow(k, k_test, labels, time)
chosen((U.T @ flow)[-1], (1 - np.exp(-0.7)) * (U.T @ labels)[-1], (1 - np.exp(-0.7 / 5)) * (U.T @ labels)[-1])
chosen(nk.max_learning_rate(k), 2 / values[-1], 1 / values[-1], 10 / values[-1])
holds(len(s.eigenvalues) == len(train) == 5 and len(s.lambda_bulk) == 4, "λ_0 … λ_{m−1}: m of them")
chosen(s.kappa, values[-1] / values[0], values[-1] / values[-2])

chosen(nk.mean_predictor(k, k_test, labels)[0], (k_test.ntk @ np.linalg.solve(k.ntk, labels))[0])
diagonal, off = sympy.symbols("diagonal off", positive=True)
Theta_dd, Y = (diagonal - off) * Matrix.eye(3) + off * Matrix.ones(3), Matrix(sympy.symbols("Y:3"))
proved(off * Matrix.ones(1, 3) * Theta_dd.inv() * Y, Matrix([off / (diagonal + 2 * off) * sum(Y)]))

# %% [markdown]
# ## 6. Slips of notation in the paper
#
# | place | as printed | what is meant |
# |---|---|---|
# | throughout | $\sigma_w$ and $\sigma_\omega$ | one number |
# | Sections 6.4, 7 | $\rho$: eigenvalue of a convolution; multiple of $2/\lambda_{\max}$ | two things |
# | Eq. 19, Table 1 | $q$, a Fourier mode; $\Theta(\chi_1^l)$, an order of growth | no variance; no kernel |
# | Section 7 | $\xi_* = -1/(\log\xi_c - \log\xi_1)$ | $\chi$ for $\xi$ (0.3) |
# | Eq. 9 | $(\mathrm{Id} - e^{-\eta\lambda_it})$, of a scalar | $1 - e^{-\eta\lambda_it}$ (0.4) |
# | Section 4 | $\lambda_0 \ge \dots \ge \lambda_m$ | $\lambda_0 \dots \lambda_{m-1}$ for $m$ points |
# | Section 4 | "in section 4", of the largest learning rate | Section 7 |
# | Section 6 | $\mathcal T(\mathcal K^{(l+1)})$ by $\mathcal K^{(l)}$ (true) | $\mathcal T(\mathcal K^{(l)})$ |
# | Section 6.2 | $\mathbf 1_n\mathbf 1_m^T$ | $\mathbf 1_m\mathbf 1_m^T$ |
#
# ## 7. Results, and the package's own functions at 50 digits

# %%
results = {"xi": Lambda(x, xi)}  # (chi)
fine = nk.mean_field(nk.erf, "3", "0.18", nk.digits(50))
for chi_, xi_ in ((fine.chi_c, fine.xi_c), (fine.chi_1, fine.xi_1)):
    agree(value(results["xi"], chi_), xi_, 48)  # log χ of a rounded χ near 1 loses a digit

# %% [markdown]
# ## Exercise
#
# Another library takes `W_std=1.5`, `b_std=0.3`, two *hidden* layers, and $\phi(z) = \operatorname{erf}(z/\sqrt2)$.
# Write its network here.
#
# **Solution.**  Three weight layers; every pre-activation over $\sqrt2$, so variances halved except the readout's.

# %%
dense, readout = nk.Dense("1.125", "0.045"), nk.Dense("2.25", "0.09")
other = nk.Network([dense, nk.erf, dense, nk.erf, readout])
T_other = Lambda(x, 2 / pi * sympy.asin(x / (1 + x)))  # E erf(u/√2)², Var u = x
variance = [0.8]  # of its first pre-activation; ours has half
for _ in range(2):
    variance.append(1.5**2 * value(T_other, variance[-1]) + 0.3**2)
chosen(nk.kernels_of_pair(other, q="0.4", one_minus_c=0).K.x, variance[2], variance[1], variance[2] / 2)

# %% [markdown]
# ## Summary
#
# | convention | equation |
# |---|---|
# | $L$ weight layers; $\Theta^{(1)} = \mathcal K^{(1)} = \sigma_w^2x\cdot x'/n_0 + \sigma_b^2$ | (0.1) |
# | normalised: $\mathcal K(x, x) = q^*$, $p^{(l)} = q^*(\chi_1^l - 1)/(\chi_1 - 1)$ | (0.2) |
# | gaps are squared distances; $\xi = -1/\log\chi$ | (0.3) |
# | loss $\frac12\sum(f - y)^2$; $P(\Theta) = \Theta_{td}\Theta_{dd}^{-1}$; $\mathbf 1^TY = 0$ | (0.4), (0.5) |
