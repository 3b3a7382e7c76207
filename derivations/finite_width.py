# %% [markdown]
# # Finite width: the error of order 1/N
#
# **Setting.** Every hidden layer has $N$ units, parameters are those of Eq. 1, and $S^{(l)}$ is the random covariance
# of layer $l$ given the layers below, as in chapter `gaussian_processes`; $\hat\Theta$ is the sum (4.1).  Their limits
# are $\mathcal K$ and $\Theta$.  For a pair of inputs $(u, v) \sim \mathcal N(0, \mathcal K^{(1)})$ are the first
# pre-activations of a unit, and
# $$f = (\phi(u)^2,\ \phi(v)^2,\ \phi(u)\phi(v)), \qquad \psi = \phi'(u)\,\phi'(v). \tag{22.1}$$
#
# | symbol | code | paper |
# |---|---|---|
# | $S^{(L)}(x, x')$, $\hat\Theta^{(L)}(x, x')$ | `finite_kernels(...).nngp`, `.ntk` | – |
# | $\mathcal K^{(l)}$, $\Theta^{(l)}$ | `Kernels.nngp`, `.ntk` | Eq. 2, 8 |
# | $\mathcal T$, $\dot{\mathcal T}$; $\partial_\alpha$, by $q_1$, $q_2$, $q_{12}$ | `activation.duals(...)` | Eq. 3 |
#
# **Goals.** Means and variances of both kernels of one hidden layer, exactly; the bias of their means for two, to order
# $1/N$; what depth makes of them, and for linear networks and ReLU the exact law, which depends on $L/N$.

# %%
import itertools
import pathlib
import runpy

import numpy as np
import sympy
from scipy.special import erf as erf_function
from sympy import Lambda, Matrix, Rational, acos, cos, diff, exp, integrate, limit, oo, pi, sin, sqrt

import ntkref as nk
from ntkref.finite import finite_kernels

# The checks live in steps.py beside this file; a notebook has no __file__ and runs in this folder.
steps = runpy.run_path(str(pathlib.Path(globals().get("__file__", "chapter.py")).with_name("steps.py")))
holds, proved, value = (steps[name] for name in ("holds", "proved", "value"))

q1, q2, q, sigma_w2, K, T, Tdot, theta, c, rho = sympy.symbols("q1 q2 q sigma_w2 K T Tdot theta c rho", positive=True)
u, v, t, w = sympy.symbols("u v t w", real=True)
N, L = sympy.symbols("N L", integer=True, positive=True)

# %% [markdown]
# ## 1. One hidden layer: the NNGP kernel
#
# $S^{(2)} = \frac{\sigma_w^2}N\sum_j\phi(u_j)\phi(v_j) + \sigma_b^2$ is a mean over independent units.  Its mean is
# $\mathcal K^{(2)}$ at any width (2.5), and by (2.6)
# $$\operatorname{Var}S^{(2)}(x, x') = \frac{\sigma_w^4}N\Big(\mathbb E[\phi(u)^2\phi(v)^2] - \mathcal T^2\Big).
#   \tag{22.2}$$
# For ReLU, Price's theorem lowers the powers: by $q_{12}$ the mean has the derivative $4\mathcal T$, and two
# independent halves at $q_{12} = 0$ leave $\frac14q_1q_2$.  With $q_{12} = \sqrt{q_1q_2}\cos\theta$
# $$\mathbb E[\phi(u)^2\phi(v)^2] = \frac{q_1q_2}{2\pi}\,\big[3\sin\theta\cos\theta
#   + (\pi - \theta)(1 + 2\cos^2\theta)\big]. \tag{22.3}$$
# A second route is polar coordinates: the wedge of (3.14), and $\int r^5e^{-r^2/2}dr = 8$.

# %%
T_relu = Lambda((q1, q2, t), (sqrt(q1 * q2 - t**2) + (pi - acos(t / sqrt(q1 * q2))) * t) / (2 * pi))  # (3.15)
bracket = 3 * sin(theta) * cos(theta) + (pi - theta) * (1 + 2 * cos(theta) ** 2)
relu_fourth = Lambda((q1, q2, theta), q1 * q2 / (2 * pi) * bracket)
slope = diff(bracket / (2 * pi), theta) / diff(cos(theta), theta)
proved(slope, 4 * (sin(theta) + (pi - theta) * cos(theta)) / (2 * pi))
proved(relu_fourth(q1, q2, pi / 2), q1 * q2 / 4)
wedge = integrate((cos(w) * cos(w - theta)).expand(trig=True) ** 2, (w, theta - pi / 2, pi / 2))
proved(8 / (2 * pi) * wedge, relu_fourth(1, 1, theta))
proved(relu_fourth(q, q, 0), 3 * q**2 / 2)  # (2.11)

# %% [markdown]
# ## 2. One hidden layer: the NTK
#
# With a readout $W_j$, (4.2) is a mean over independent units too,
# $$\hat\Theta^{(2)} = \frac{\sigma_w^2}N\sum_j\big[\phi(u_j)\phi(v_j) + W_j^2\,\psi_j\,\mathcal K^{(1)}\big]
#   + \sigma_b^2: \qquad \mathbb E\hat\Theta^{(2)} = \Theta^{(2)} \tag{22.4}$$
# exactly, at any width, as $\mathbb EW^2 = 1$ and $W$ is independent of the $u$.  As $\mathbb EW^4 = 3$, with
# $K = \mathcal K^{(1)}$
# $$\operatorname{Var}\hat\Theta^{(2)} = \frac{\sigma_w^4}N\big\{\mathbb E[\phi(u)^2\phi(v)^2]
#   + 2K\,\mathbb E[\phi(u)\phi(v)\psi] + 3K^2\,\mathbb E[\psi^2] - (\mathcal T + K\dot{\mathcal T})^2\big\}.
#   \tag{22.5}$$
# For ReLU, as $\phi\phi' = \phi$ and $\phi'^2 = \phi'$, the means are (22.3), $\mathcal T$, $\dot{\mathcal T}$.  On the
# diagonal at $\sigma_b^2 = 0$ the relative variances of $S^{(2)}$ and $\hat\Theta^{(2)}$ are
# $$\text{ReLU: } \frac5N, \ \frac3N; \qquad \text{linear: } \frac2N, \ \frac1N. \tag{22.6}$$

# %%
fourth, mixed, slope_fourth = sympy.symbols("fourth mixed slope_fourth", positive=True)  # the three means of (22.5)
gaussian = [integrate(w**power * exp(-(w**2) / 2) / sqrt(2 * pi), (w, -oo, oo)) for power in range(5)]
second = fourth + 2 * gaussian[2] * K * mixed + gaussian[4] * K**2 * slope_fourth
nngp_variance = sigma_w2**2 / N * (fourth - T**2)
ntk_variance = sigma_w2**2 / N * (second - (T + K * Tdot) ** 2)
relu = {T: q / 2, Tdot: Rational(1, 2), K: q, fourth: relu_fourth(q, q, 0), mixed: q / 2, slope_fourth: Rational(1, 2)}
linear = {T: q, Tdot: 1, K: q, fourth: 3 * q**2, mixed: q, slope_fourth: 1}
for moments, expected in ((relu, (5, 3)), (linear, (2, 1))):
    relative = nngp_variance / (sigma_w2 * T) ** 2, ntk_variance / (sigma_w2 * (T + K * Tdot)) ** 2
    proved([variance.subs(moments) for variance in relative], [size / N for size in expected])

# %% [markdown]
# ## 3. Two hidden layers: the NNGP kernel is biased
#
# Given $S = S^{(2)}$ the next layer averages Gaussians of that covariance (2.15): $\mathbb E[S^{(3)}] =
# \sigma_w^2\,\mathbb E[\mathcal T(S)] + \sigma_b^2$.  Let $\delta = S - \mathcal K^{(2)}$, of mean 0.
# By (2.6) $\mathbb E[\delta_\alpha\delta_\beta] = \frac{\sigma_w^4}N\operatorname{Cov}(f_\alpha, f_\beta)$.  The third
# and fourth moments of a mean of $N$ terms are $O(N^{-2})$, so for smooth $\mathcal T$ of polynomial growth Taylor's
# theorem gives
# $$\mathbb E[S^{(3)}] = \mathcal K^{(3)} + \frac{b_{\mathcal K}}N + O(N^{-2}), \qquad b_{\mathcal K}
#   = \frac{\sigma_w^6}2\sum_{\alpha\beta}\partial_\alpha\partial_\beta\mathcal T(\mathcal K^{(2)})\,
#   \operatorname{Cov}(f_\alpha, f_\beta). \tag{22.7}$$
# On the diagonal all three entries are one, and with $V = \sigma_w^2\mathcal T(q, q)$
# $$b_{\mathcal K} = \tfrac12\sigma_w^4\,V''(q_2)\operatorname{Var}\phi(u)^2: \tag{22.8}$$
# negative for erf, whose $V$ is concave, as (2.16) said; 0 for linear networks and ReLU.  (For ReLU $V'' = 0$ only
# there: at $\theta \ne 0$ $\partial\partial\mathcal T \ne 0$.)
#
# ## 4. Two hidden layers: the NTK is biased
#
# In (4.2) at $l = 2$ only $i = j$ survives the mean over the last weights, and with (4.2) at $l = 1$ for
# $\hat\Theta^{(2)}_{ii}$, which contains $W_{ik}^2$ of unit $i$,
# $$\mathbb E\hat\Theta^{(3)} = \mathbb ES^{(3)} + \sigma_w^2\,\mathbb E\Big[\phi'(z_i)\phi'(z_i')\Big(S^{(2)}
#   + \frac{\sigma_w^2}N\sum_kW_{ik}^2\psi_k\,\mathcal K^{(1)}\Big)\Big]. \tag{22.9}$$
# But $W_{ik}$ is in $z_i$ as well.  Given the first layer, two integrations by parts over $W$ say
# $\mathbb E[(W^2 - 1)g(W)] = \mathbb E[g''(W)]$, and as $\partial z_i/\partial W_{ik} = \sigma_w\phi(u_k)/\sqrt N$ the
# second derivative of $\phi'(z)\phi'(z')$ is, by (13.2), $2\sum_\alpha f_\alpha\partial_\alpha$ of the mean:
# $$\mathbb E[(W_{ik}^2 - 1)\,\phi'(z_i)\phi'(z_i')] = \frac{2\sigma_w^2}N\sum_\alpha f_\alpha^{(k)}\,
#   \partial_\alpha\dot{\mathcal T}(S^{(2)}). \tag{22.10}$$
# Expand the rest in $\delta$ as before.  $\mathbb E\hat\Theta^{(3)} = \Theta^{(3)} + b_\Theta/N + O(N^{-2})$ with
# $$b_\Theta = b_{\mathcal K} + \frac{\sigma_w^6}2\,\Theta^{(2)}\sum_{\alpha\beta}\partial_\alpha\partial_\beta
#   \dot{\mathcal T}\operatorname{Cov}(f_\alpha, f_\beta) + \sigma_w^6\sum_\alpha\partial_\alpha\dot{\mathcal T}\,
#   \big\{\operatorname{Cov}(f_\alpha, f_3 + \mathcal K^{(1)}\psi) + 2\mathcal K^{(1)}\,\mathbb E[f_\alpha\psi]\big\},
#   \tag{22.11}$$
# derivatives at $\mathcal K^{(2)}$.  The last term is not a fluctuation of $S$: it is there because the weights on the
# way back are those on the way forth.

# %%
q12, a, b = sympy.symbols("q12 a b", real=True)  # a, b: what multiplies W in z and in z'
g, density = sympy.Function("g"), exp(-(w**2) / 2)
integrand = (w**2 - 1) * g(w) * density - diff(g(w), w, 2) * density
proved(integrand, diff(-w * g(w) * density - diff(g(w), w) * density, w))  # a derivative, whose mean is 0
plane_wave = exp(-(q1 * u**2 + q2 * v**2 + 2 * q12 * u * v) / 2)  # the mean of e^(iuz + ivz'), as in (13.1)
shifted = diff(exp(sympy.I * w * (a * u + b * v)) * plane_wave, w, 2).subs(w, 0)
proved(shifted, 2 * sum(f * diff(plane_wave, x) for f, x in ((a**2, q1), (b**2, q2), (a * b, q12))))


def biases(duals, K_1, K_2, Theta_2, covariance, with_psi, raw_psi, sigma_w2):
    """(22.7) and (22.11), from the duals as functions of K, Cov(f, f), Cov(f, ψ) and E[f ψ]; K_2 is (q1, q2, q12)."""
    unknown, at = (q1, q2, q12), dict(zip((q1, q2, q12), K_2, strict=True))
    bends = [(covariance * sympy.hessian(dual(*unknown), unknown).subs(at)).trace() for dual in duals]
    b_K = sigma_w2**3 / 2 * bends[0]
    slopes = [diff(duals[1](*unknown), entry).subs(at) for entry in unknown]
    rest = sum(slopes[k] * (covariance[k, 2] + K_1 * (with_psi[k] + 2 * raw_psi[k])) for k in range(3))
    return b_K, b_K + sigma_w2**3 * (bends[1] * Theta_2 / 2 + rest)


# %% [markdown]
# *The check: $\phi = x^2$,* for which $\mathcal T = q_1q_2 + 2q_{12}^2$ and $\dot{\mathcal T} = 4q_{12}$ are
# polynomials of degree 2 and 1.  Then nothing is left out: the means are $\mathcal K + b_{\mathcal K}/N$ and
# $\Theta + b_\Theta/N$ at every width.  Against them, networks of one or two units a layer are written out,
# differentiated by every weight and averaged over all weights; two inputs, $\sigma_b^2 = 0$.


# %%
def network(width, depth, phi, inputs):
    """Polynomials in the weights: Σ φφ' of the last hidden layer and Σ ∂z ∂z', but for the factors σ_w²/N."""
    sizes = [len(inputs[0]), *[width] * (depth - 1), 1]
    W = [Matrix(m, k, sympy.symbols(f"W{l}_:{m}_:{k}")) for l, (k, m) in enumerate(itertools.pairwise(sizes))]
    weights, h = [entry for matrix in W for entry in matrix], [Matrix(x) for x in inputs]
    for matrix in W[:-1]:
        h = [(matrix * column).applyfunc(phi) for column in h]
    z = [sympy.Poly((W[-1] * column)[0], weights) for column in h]
    return sympy.Poly(h[0].dot(h[1]), weights), sum((z[0].diff(x) * z[1].diff(x) for x in weights), z[0] * 0)


def average(polynomial):
    """The mean over independent standard Gaussians: moment n is (n − 1)!!, or 0 for odd n."""
    moment = [0 if power % 2 else sympy.factorial2(power - 1) for power in range(40)]
    return sum(coefficient * sympy.prod(moment[n] for n in powers) for powers, coefficient in polynomial.terms())


def gaussian_moment(m, k):
    """E[u^m v^k] of the first layer, for the inputs (1, 2) and (1, −1); m + k is even."""
    return (sigma_w2 / 2) ** ((m + k) // 2) * average(sympy.Poly((u + 2 * v) ** m * (u - v) ** k, u, v))


powers, duals = [(4, 0), (0, 4), (2, 2)], (Lambda((q1, q2, q12), q1 * q2 + 2 * q12**2), Lambda((q1, q2, q12), 4 * q12))
mean_f, K_1 = [gaussian_moment(*f) for f in powers], gaussian_moment(1, 1)
both = Matrix(3, 3, lambda i, j: gaussian_moment(*np.add(powers[i], powers[j])))
raw_psi = Matrix([4 * gaussian_moment(f[0] + 1, f[1] + 1) for f in powers])  # ψ is 4uv
K_2, Theta_2 = [sigma_w2 * f for f in mean_f], sigma_w2 * (mean_f[2] + 4 * K_1 * K_1)
covariances = both - Matrix(mean_f) * Matrix(mean_f).T, raw_psi - 4 * K_1 * Matrix(mean_f)
b_K, b_Theta = biases(duals, K_1, K_2, Theta_2, *covariances, raw_psi, sigma_w2)
K_3, slope_3 = (sigma_w2 * dual(*K_2) for dual in duals)
for width in (1, 2):
    means = [average(p) for p in network(width, 3, lambda z: z**2, [(1, 2), (1, -1)])]
    scale = (sigma_w2 / width) ** 3 * (sigma_w2 / 2) ** 4
    proved([scale * mean for mean in means], [K_3 + b_K / width, K_3 + slope_3 * Theta_2 + b_Theta / width])

# %% [markdown]
# ## 5. Deeper: what accumulates
#
# For one input (2.15) is a chain of numbers.  Let $\operatorname{Var}S^{(l)} = C_l/N$ and
# $\mathbb ES^{(l)} = q_l + b_l/N$, to order $1/N$.  As in Section 3
# $$C_{l+1} = V'(q_l)^2\,C_l + \sigma_w^4\operatorname{Var}\phi_l^2, \qquad
#   b_{l+1} = V'(q_l)\,b_l + \tfrac12V''(q_l)\,C_l, \qquad C_1 = b_1 = 0. \tag{22.12}$$
# At a fixed point, $V'(q^*) = \chi_q < 1$, what the layers add is forgotten at that rate, and
# $$C_l \to \frac{\sigma_w^4\operatorname{Var}\phi^2}{1 - \chi_q^2}, \qquad
#   b_l \to \frac{V''(q^*)}{2(1 - \chi_q)}\,C_\infty. \tag{22.13}$$
# So for erf, whose $\chi_q < 1$ in all phases, the error of $\mathcal K_{aa}$ stays $O(1/N)$ at any depth.  For linear
# networks and ReLU $V' = 1$ at criticality, and $C_l$ grows like $l$.  The check is $\phi = x^2$ again.  There
# $S^{(l+1)} = \sigma_w^2(S^{(l)})^2R_l$, $R_l$ the mean of $N$ independent $g^4$, so $S^{(l)}$ is a product of powers,
# $R_k^{2^{l-1-k}}$, and $\mathbb ER^n = 3^n(1 + \binom n2\frac{96}9\frac1N + \dots)$, as $\operatorname{Var}g^4 = 96$.

# %%
V = Lambda(q, 3 * sigma_w2 * q**2)
V_slope, bend = Lambda(q, diff(V(q), q)), diff(V(q), q, 2)
q_now, C_now, b_now = q, 0, 0
for layer in range(1, 6):
    product = sum(sympy.binomial(2 ** (layer - 1 - k), 2) for k in range(1, layer))
    proved(b_now / q_now, Rational(96, 9) * product)
    C_next = V_slope(q_now) ** 2 * C_now + 96 * sigma_w2**2 * q_now**4
    q_now, C_now, b_now = V(q_now), C_next, V_slope(q_now) * b_now + bend * C_now / 2
chi_q, V2, variance = sympy.symbols("chi_q V2 variance", real=True)
C_deep = sigma_w2**2 * variance / (1 - chi_q**2)
b_deep = V2 * C_deep / (2 * (1 - chi_q))
proved([chi_q**2 * C_deep + sigma_w2**2 * variance, chi_q * b_deep + V2 * C_deep / 2], [C_deep, b_deep])

# %% [markdown]
# ## 6. Linear networks and ReLU: depth over width
#
# Let $\phi(x) = x$, $\sigma_w^2 = 1$, or ReLU with $\sigma_w^2 = 2$; $\sigma_b^2 = 0$ and one input (another
# $\sigma_w^2$ is a factor).  Derivatives by the weights of layer $k$ are units times $\partial z/\partial z^{(k)}$, so
# $$\hat\Theta^{(L)} = \sum_{k=1}^LS^{(k)}\beta_k, \qquad
#   \beta_k = \sum_i\Big(\frac{\partial z^{(L)}}{\partial z_i^{(k)}}\Big)^2, \qquad S^{(1)} = q. \tag{22.14}$$
# *ReLU's gates* $D_{rr} = \phi'(z_r)$.  Multiply each row of each hidden $W$ by a random sign: the law stays, and the
# signs make the gates fair coins, independent of the $W$.  The signs themselves multiply the units that are open, and
# the next $W$ takes them up in its columns, which leaves its law, and its independence of all before.  So the squared
# norms have the law of those in a *linear* network with $D\,W$ for $W$, where all $D$ and $W$ are independent.  Hence
# $S^{(k)}$, of $W^{(1)} \dots W^{(k-1)}$, and $\beta_k$, of $W^{(k+1)} \dots$, are independent, of means $q$ and 1:
# $$\mathbb E\,\hat\Theta^{(L)} = L\,q: \tag{22.15}$$
# the NTK's diagonal (4.7) at any width and depth.  (For linear networks every entry, $L\,q_{ab}$.)
#
# *Second moment.*  A layer multiplies $\mathbb E[S^2]$ and $\mathbb E[\beta^2]$ by $x = 1 + \frac cN$, with $c = 2$,
# or 5 for ReLU (2.11).  If $j < k$, then $S^{(k)}$ and $\beta_j$ share the layers between.  Let $J$ be the derivative
# of the units by $z^{(j)}$, $P = JJ^T$, $h$ the units: then $(\mathbb E|h|^2\operatorname{tr}P,\ \mathbb Eh^TPh)$ is
# multiplied by a matrix at each layer, of eigenvalues $x$ and $y$,
# $$\begin{pmatrix}1 & \frac2N\\ \frac1N & 1 + \frac1N\end{pmatrix}, \quad
#   \begin{pmatrix}1 + \frac1N & \frac4N\\ \frac2N & 1 + \frac3N\end{pmatrix} \text{ (ReLU)}; \qquad
#   x = 1 + \frac cN, \quad y = 1 - \frac1N, \tag{22.16}$$
# and starts from $(1, 0)$.  With $d = k - j$ this makes $(x^d + 2y^d)/3$ of it; the other $L - 1 - d$ layers give $x$:
# $$\frac{\mathbb E\,\hat\Theta^2}{(Lq)^2} = \frac1{L^2}\Big[L\,x^{L-1} + 2\sum_{d=1}^{L-1}(L - d)\,x^{L-1-d}\,
#   \frac{x^d + 2y^d}3\Big]. \tag{22.17}$$


# %%
def one_layer(width, gated, first):
    """Where a layer of (22.16) takes a state: h' = D W h, P' = D W P Wᵀ D, or D if it is `first`; both states."""
    W = Matrix(width, width, sympy.symbols(f"W:{width}:{width}"))
    D = sympy.diag(*sympy.symbols(f"D:{width}")) if gated else sympy.eye(width)
    h, P = Matrix(sympy.symbols(f"h:{width}")), sympy.diag(*sympy.symbols(f"P:{width}"))
    scale = Rational(2 if gated else 1, width)  # σ_w²/N
    h_next, P_next = D * W * h, D * (sympy.eye(width) if first else W * P * W.T) * D
    after = [(h_next.T * h_next)[0] * P_next.trace(), (h_next.T * P_next * h_next)[0]]
    after = [sympy.expand(scale**2 * average(sympy.Poly(entry, *W))) for entry in after]
    # D² = D, and its mean is 1/2.
    after = [entry.replace(lambda x: x.is_Pow and x.base in D.free_symbols, lambda x: x.base) for entry in after]
    after = [entry.subs(dict.fromkeys(D.free_symbols, Rational(1, 2))) for entry in after]
    before = [(h.T * h)[0], 0] if first else [(h.T * h)[0] * P.trace(), (h.T * P * h)[0]]
    return Matrix(after), Matrix(before)


e = sympy.Symbol("e", positive=True)  # 1/N
for gain, matrix in ((2, Matrix([[1, 2 * e], [e, 1 + e]])), (5, Matrix([[1 + e, 4 * e], [2 * e, 1 + 3 * e]]))):
    for width, first in itertools.product((1, 2, 3), (True, False)):
        after, before = one_layer(width, gain == 5, first)
        proved(after, matrix.subs(e, Rational(1, width)) * before)
    proved(matrix * Matrix([1, 1]), (1 + gain * e) * Matrix([1, 1]))
    proved(matrix * Matrix([2, -1]), (1 - e) * Matrix([2, -1]))
proved(Matrix([1, 1]) / 3 + Matrix([2, -1]) / 3, Matrix([1, 0]))  # so the first entry is (x^d + 2 y^d)/3

# %% [markdown]
# The sum is geometric, differentiated once.  Against it, networks of $\phi(x) = x$ written out, as in Section 4; one
# unit wide ReLU's path is open or not, and the moment is the linear one times 2 for each layer.  With $L = \rho N$ and
# $N \to \infty$ (22.17) has a limit, and so depth over width is what counts: with $a = (c+1)\rho$
# $$\frac{\mathbb E\,\hat\Theta^2}{(Lq)^2} \to e^{c\rho}\Big[\frac13
#   + \frac43\Big(\frac1a - \frac{1 - e^{-a}}{a^2}\Big)\Big] = 1 + \frac{7c - 2}9\,\rho + O(\rho^2): \tag{22.18}$$
# a relative variance $\frac43\frac LN$ for linear networks and $\frac{11}3\frac LN$ for ReLU, less than the $2\frac LN$
# and $5\frac LN$ of $S^{(L)}$, as $\hat\Theta$ averages over the layers.

# %%
x, y, X, Y = sympy.symbols("x y X Y", positive=True)  # X = x^L, Y = y^L
geometric = y * (L * X / x * (x - y) - X + Y) / (x - y) ** 2
for depth in (1, 2, 5):
    total = sum((depth - k) * x ** (depth - 1 - k) * y**k for k in range(1, depth))
    proved(geometric.subs({X: x**depth, Y: y**depth, L: depth}), total)
moment = (L * X / x * (1 + (L - 1) / sympy.Integer(3)) + geometric * 4 / 3) / L**2
second_moment = Lambda((L, N, c), moment.subs({X: x**L, Y: y**L}).subs({x: 1 + c / N, y: 1 - 1 / N}))
for depth, width in ((2, 1), (2, 2), (3, 1), (3, 2), (4, 1)):
    _, tangent = network(width, depth, lambda z: z, [(1,), (1,)])
    moments = [average(tangent**n) / width ** (n * (depth - 1)) for n in (1, 2)]
    proved(moments, [depth, depth**2 * second_moment(depth, width, 2)])
    proved(second_moment(depth, 1, 5), 2 ** (depth - 1) * second_moment(depth, 1, 2))
proved([second_moment(2, N, 2) - 1, second_moment(2, N, 5) - 1], [1 / N, 3 / N])  # (22.6)
deep = moment.subs({x: 1 + c * rho / w, y: 1 - rho / w}).subs(L, w)
deep = sympy.limit(sympy.factor(deep), w, oo).subs({X: exp(c * rho), Y: exp(-rho)})
proved([limit((1 + c * rho / w) ** w, w, oo), limit((1 - rho / w) ** w, w, oo)], [exp(c * rho), exp(-rho)])
a = (c + 1) * rho
proved(deep, exp(c * rho) * (Rational(1, 3) + Rational(4, 3) * (1 / a - (1 - exp(-a)) / a**2)))
proved(sympy.series(deep, rho, 0, 2).removeO(), 1 + (7 * c - 2) * rho / 9)

# %% [markdown]
# ## 7. Results, and the package's own functions

# %%
results = {
    "relu_fourth": relu_fourth,  # E[φ(u)² φ(v)²]
    "nngp_variance": Lambda((sigma_w2, N, T, fourth), nngp_variance),
    "ntk_variance": Lambda((sigma_w2, N, K, T, Tdot, fourth, mixed, slope_fourth), ntk_variance),
    "C_deep": Lambda((sigma_w2, variance, chi_q), C_deep),
    "b_deep": Lambda((sigma_w2, variance, chi_q, V2), b_deep),  # V2 = V''(q*), variance = Var φ²
    "second_moment": second_moment,  # (L, N, c): of the NTK over L q
    "second_moment_limit": Lambda((rho, c), deep),
    "biases": biases,
}
proved(nk.kernels_of_pair(nk.fcn(5, nk.relu, 2), q, 0, nk.symbols()).Theta.x, 5 * q)  # on symbols: (22.15)

# %% [markdown]
# The other checks are networks, sampled and differentiated by `finite_kernels`, which knows none of the above: a fixed
# seed, and means that may miss by 4 of their standard errors.  What is excluded misses by more than 5.  First ReLU: one
# hidden layer of 4 units, both kernels of a pair; then (22.15) and (22.17) of a deep, narrow network.


# %%
def misses(samples, expected):
    """By how many standard errors the mean of the samples misses."""
    return abs(np.mean(samples) - float(expected)) / (np.std(samples) / len(samples) ** 0.5)


pair = np.array([[1.0, 0.5, 1.0], [0.5, -1.0, 1.5]])
(_, first), (_, second) = nk.kernels_by_depth(nk.fcn(2, nk.relu, 2), pair)
K_ab, angle = first.nngp[0, 1], np.arctan2(first.K.area[0, 1], first.K.xy[0, 1])
T_ab, Tdot_ab = second.nngp[0, 1] / 2, (np.pi - angle) / (2 * np.pi)
fourth_ab = value(results["relu_fourth"], *first.nngp.diagonal(), angle)
nngp, ntk = finite_kernels(nk.fcn(2, nk.relu, 2), pair, width=4, samples=20_000)
variance_nngp = value(results["nngp_variance"], 2, 4, T_ab, fourth_ab)
variance_ntk = value(results["ntk_variance"], 2, 4, K_ab, T_ab, Tdot_ab, fourth_ab, T_ab, Tdot_ab)
for samples, limiting, expected in ((nngp, second.nngp, variance_nngp), (ntk, second.ntk, variance_ntk)):
    away = samples[:, 0, 1] - limiting[0, 1]
    holds(misses(away, 0) < 4 and misses(away**2, expected) < 4, "(22.2), (22.4), (22.5)")

samples = finite_kernels(nk.fcn(6, nk.relu, 2), [[1.0]], width=12, samples=20_000).ntk[:, 0, 0] / 12  # L q
holds(misses(samples, 1) < 4, "(22.15)")
holds(misses(samples**2, value(second_moment, 6, 12, 5)) < 4, "(22.17)")
holds(misses(samples**2, value(second_moment, 6, 12, 2)) > 5, "the linear network is excluded")

# %% [markdown]
# Then erf at $\sigma_w^2 = 8$, $N = 16$: (22.7) and (22.11) with moments by Gauss–Hermite sums.  The next order,
# $O(N^{-2})$, is below the standard errors.

# %%
network_8, width = nk.fcn(3, nk.erf, 8, "0.05"), 16
(_, first), (_, second), (_, third) = nk.kernels_by_depth(network_8, pair / 2)
nodes, weights = np.polynomial.hermite_e.hermegauss(60)
weights = np.outer(weights, weights) / np.sum(weights) ** 2
root = np.linalg.cholesky(first.nngp)
points = root[0, 0] * nodes[:, None] + 0 * nodes, root[1, 0] * nodes[:, None] + root[1, 1] * nodes
first_phi, second_phi = map(erf_function, points)
features = np.array([first_phi**2, second_phi**2, first_phi * second_phi])
psi = 4 / np.pi * np.exp(-(points[0] ** 2) - points[1] ** 2)
mean_f, raw_psi = (np.sum(weights * array, axis=(1, 2)) for array in (features, features * psi))
covariance = Matrix(np.einsum("ijk,ljk,jk", features, features, weights) - np.outer(mean_f, mean_f))
with_psi = raw_psi - mean_f * np.sum(weights * psi)
norm = (1 + 2 * q1) * (1 + 2 * q2)
T_erf = Lambda((q1, q2, q12), 2 / pi * sympy.asin(2 * q12 / sqrt(norm)))  # (3.8)
Tdot_erf = Lambda((q1, q2, q12), 4 / pi / sqrt(norm - 4 * q12**2))  # (3.7)
K_2 = [second.nngp[0, 0], second.nngp[1, 1], second.nngp[0, 1]]
K_1, Theta_2 = first.nngp[0, 1], second.ntk[0, 1]
b_K, b_Theta = biases((T_erf, Tdot_erf), K_1, K_2, Theta_2, covariance, with_psi, raw_psi, 8)
nngp, ntk = finite_kernels(network_8, pair / 2, width=width, samples=20_000, outputs=8)
holds(misses(nngp[:, 0, 1], third.nngp[0, 1] + b_K / width) < 4, "(22.7)")
holds(misses(ntk[:, 0, 1], third.ntk[0, 1] + b_Theta / width) < 4, "(22.11)")
holds(misses(ntk[:, 0, 1], third.ntk[0, 1]) > 5, "no bias is excluded")

# %% [markdown]
# ## Exercise
#
# To order $1/N$, what is the relative variance of $\hat\Theta_{aa}$ at finite $L$?  How wide must a deep ReLU network
# be, for a standard deviation of 10 %?
#
# **Solution.**  With $\sum_d(L - d) = \binom L2$ and $\sum_dd\,(L - d) = \frac16L(L^2 - 1)$, (22.17) gives
# $$\frac{L - 1}N\Big[c - \frac{2(c + 1)}9\,\frac{L + 1}L\Big], \tag{22.19}$$
# which is (22.6) at $L = 2$.  So $N = \frac{1100}3L$, eleven thousand at $L = 30$; for $S^{(L)}$ it is $500\,L$.

# %%
relative_variance = (L - 1) * (c - 2 * (c + 1) * (L + 1) / (9 * L)) * e
for depth in (2, 3, 7):
    proved(diff(sympy.cancel(second_moment(depth, 1 / e, c)), e).subs(e, 0), relative_variance.subs(L, depth) / e)
proved([limit(relative_variance.subs(c, gain) / (L * e), L, oo) for gain in (2, 5)], [Rational(4, 3), Rational(11, 3)])

# %% [markdown]
# ## Summary
#
# | statement | valid |
# |---|---|
# | one hidden layer: both kernels unbiased, variances (22.2), (22.5) | any width |
# | two: biases of the means $b_{\mathcal K}/N$ (22.7) and $b_\Theta/N$ (22.11) | to $O(N^{-2})$ |
# | deeper, one input: variance and bias of $S$ (22.12); bounded where $\chi_q < 1$ (22.13) | to $O(N^{-2})$ |
# | linear, ReLU: $\mathbb E\hat\Theta_{aa} = Lq$ (22.15), second moment (22.17) | any width and depth |
# | its limit (22.18); relative variance $\frac43\frac LN$ and $\frac{11}3\frac LN$ | $L/N$ fixed, and small |
