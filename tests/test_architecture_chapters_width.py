"""Chapters 21 (ReLU away from criticality) and 22 (finite width) run, and their formulas are the package's numbers."""

import numpy as np
import pytest
import sympy
from compare import covariance
from scipy.special import erf
from test_derivations import agree, at, chapter, systems

import ntkref as nk
from ntkref.finite import finite_kernels

relu_away, finite_width = chapter("relu_away"), chapter("finite_width")
SAMPLES = 20_000


def within(samples, expected, remainder=0.0, errors=4):
    """The mean of the samples is `expected` to 4 standard errors: by chance it misses once in 16 000."""
    error = np.std(samples) / len(samples) ** 0.5
    assert abs(np.mean(samples) - float(expected)) < errors * error + remainder


# ---- chapter 21


@systems
@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [("1.2", "0.5"), ("3", "0.5"), ("2.5", "0")])
def test_variances(relu_away, sigma_w2, sigma_b2, system, digits):
    k = nk.kernels_of_pair(nk.fcn(30, nk.relu, sigma_w2, sigma_b2), "0.7", "0.5", system)
    point = "0.7", sympy.Rational(sigma_w2) / 2, sigma_b2, 30
    agree(k.K.x, at(relu_away["q_l"], *point), digits - 1)  # 30 layers of rounding
    agree(k.Theta.x, at(relu_away["p_l"], *point), digits - 1)


@systems
def test_variances_on_the_ray(relu_away, system, digits):
    k = nk.kernels_of_pair(nk.fcn(30, nk.relu, 2, "0.3"), "0.7", "1.9", system)
    agree(k.K.x, at(relu_away["q_ray"], "0.7", "0.3", 30), digits - 1)
    agree(k.Theta.x, at(relu_away["p_ray"], "0.7", "0.3", 30), digits - 1)


@pytest.mark.parametrize("ratio", [1, 2, 9])
def test_kappa_of_two_norms(relu_away, ratio):
    """At the rate (log l)/l: twice the depth, less than 0.6 of the miss."""
    x = np.diag([1.0, ratio**0.5])
    expected = float(at(relu_away["kappa_m2"], ratio))
    misses = []
    for depth in (500, 1000):
        kappa = nk.spectrum(nk.kernels(nk.fcn(depth, nk.relu, 2), x)).kappa
        misses.append(kappa + 1 / kappa - expected)
    assert 0.5 < misses[1] / misses[0] < 0.6
    assert misses[1] < 0.02 * expected


def test_kappa_on_the_ray(relu_away):
    """κ to l^(−1/2), for m = 3 orthogonal inputs, which have one C; and the limit of P."""
    depth, b = 3000, 0.8
    x = nk.normalised(np.eye(3), nk.fcn(2, nk.relu, 2, b), q=1)
    k = nk.kernels(nk.fcn(depth, nk.relu, 2, b), x)
    j = depth - 1 + 1 / b
    C = (1 / np.arctan2(k.K.area[0, 1], k.K.xy[0, 1]) - 2 / (3 * np.pi) * (j - 1)) / j**0.5
    step = float(at(relu_away["ray_kappa_root"], 3, C)) / depth**0.5
    left = nk.spectrum(k).kappa - float(at(relu_away["ray_kappa"], 3))
    assert abs(step) > 0.01
    assert abs(left - step) < step**2  # the square of the first order
    weight = k.ntk[0, 1] / (k.ntk[0, 0] + 2 * k.ntk[0, 1])  # of P for a test input as far from all as they are
    assert abs(weight / float(at(relu_away["ray_mean"], 3)) - 1) < abs(step)


@pytest.mark.parametrize(("difference", "exponent"), [(12, 2.4), (40, 4.5)])
def test_norms_are_not_forgotten_on_the_ray(relu_away, difference, exponent):
    n = sympy.Symbol("n")
    root = sympy.nsolve(relu_away["ray_exponent"](n, difference, 1), n, exponent)
    expected = float(at(relu_away["ray_entry"], root))
    kernels = nk.kernels(nk.fcn(4000, nk.relu, 2, 1), np.diag([1.0, (1 + difference) ** 0.5])).ntk
    cosine = kernels[0, 1] / (kernels[0, 0] * kernels[1, 1]) ** 0.5
    assert abs(cosine / expected - 1) < 0.005  # of the order 1/l
    assert expected < 0.9 * 4 / 7  # other than for one norm


def test_explosion(relu_away):
    Q = float(at(relu_away["explosive_Q"], "0.7", "1.5", "0.5"))
    depth = 600
    k = nk.kernels_of_pair(nk.fcn(depth, nk.relu, 3, "0.5"), "0.7", "0.5")
    agree(k.K.x / 1.5 ** (depth - 1), Q, 12)  # 600 factors, rounded
    angle, pi = np.arctan2(k.K.area, k.K.xy), np.pi
    C = 1 / angle + np.log(angle) / (2 * pi) - depth / (3 * pi) - np.log(3 * pi) / (2 * pi)
    constant = float(at(relu_away["explosive_k"], C, Q, "1.5", "0.5"))
    kappa = (k.Theta.x + k.ntk) / (k.ntk_gap / 2)  # m = 2
    assert abs(kappa - 5 / 3 - 4 / 3 * (np.log(depth) + constant) / depth) < 5 * (np.log(depth) / depth) ** 2


# ---- chapter 22


@pytest.mark.parametrize(
    ("entries", "system", "digits"),
    [
        (("0.49", "4", "1.33"), nk.float64, 13),
        (("1", "1", "-0.9"), nk.float64, 11),  # the mean is small, beside √(E[φ⁴] E[φ'⁴])
        (("0.49", "4", "0.5"), nk.digits(30), 29),
    ],
)
def test_fourth_moment_of_relu(finite_width, entries, system, digits):
    """E[φ²φ'²] is the dual of max(0, x)², which the package integrates."""
    q1, q2, q12 = map(sympy.Rational, entries)
    angle = sympy.acos(q12 / sympy.sqrt(q1 * q2)).evalf(60)
    T, _ = nk.rectified_monomial(2).duals(
        covariance(system, *(system.asarray(entries[place], "entry") for place in (0, 2, 1))), system
    )
    agree(T.xy, at(finite_width["relu_fourth"], q1, q2, angle), digits)


@pytest.mark.parametrize(("name", "c"), [("monomial", 2), ("relu", 5)])
def test_depth_over_width(finite_width, name, c):
    """(22.15) and (22.17), which tell the two activations apart."""
    activation, sigma_w2 = (nk.monomial(1), 1) if name == "monomial" else (nk.relu, 2)
    depth, width = 4, 9
    ratio = finite_kernels(nk.fcn(depth, activation, sigma_w2), [[1.0]], width=width, samples=SAMPLES, seed=5).ntk
    ratio = ratio[:, 0, 0] / (depth * sigma_w2)
    expected = [float(at(finite_width["second_moment"], depth, width, c)) for c in (c, 7 - c)]
    within(ratio, 1)
    within(ratio**2, expected[0])
    with pytest.raises(AssertionError):
        within(ratio**2, expected[1], errors=5)


@pytest.mark.parametrize("rho", ["0.1", "1"])
def test_limit_of_depth_over_width(finite_width, rho):
    depth = sympy.Float(1e6)  # an integer would be raised to its own power exactly
    exact = at(finite_width["second_moment"], depth, depth / sympy.Rational(rho), 5)
    agree(exact, at(finite_width["second_moment_limit"], rho, 5), 4)  # a relative c² ρ²/(2 L), 1e-5


def gauss_hermite(K):
    """Nodes (u, v) of covariance K and their weights, for the mean of what is smooth."""
    z, w = np.polynomial.hermite_e.hermegauss(80)
    root = np.linalg.cholesky(K)
    return root[0, 0] * z[:, None] + 0 * z, root[1, 0] * z[:, None] + root[1, 1] * z, np.outer(w, w) / np.sum(w) ** 2


@pytest.mark.parametrize("width", [1, 3])
def test_one_hidden_layer_of_erf(finite_width, width):
    """No bias at any width, and both variances, of a pair and with biases."""
    x, net = np.array([[1.0, 0.2], [0.4, -0.9]]), nk.fcn(2, nk.erf, "1.7", "0.2")
    (_, first), (_, second) = nk.kernels_by_depth(net, x)
    u, v, weights = gauss_hermite(first.nngp)
    f, psi = erf(u) * erf(v), 4 / np.pi * np.exp(-(u**2) - v**2)
    T, Tdot, fourth, mixed, slope_fourth = (np.sum(weights * array) for array in (f, psi, f**2, f * psi, psi**2))
    nngp, ntk = (kernel[:, 0, 1] for kernel in finite_kernels(net, x, width=width, samples=SAMPLES, seed=2))
    within(nngp, second.nngp[0, 1])
    within(ntk, second.ntk[0, 1])
    expected = at(finite_width["nngp_variance"], "1.7", width, T, fourth)
    within((nngp - second.nngp[0, 1]) ** 2, expected)
    expected = at(finite_width["ntk_variance"], "1.7", width, first.nngp[0, 1], T, Tdot, fourth, mixed, slope_fourth)
    within((ntk - second.ntk[0, 1]) ** 2, expected)


def test_variance_and_bias_of_a_deep_network(finite_width):
    """(22.13) at depth 12, where χ_q^11 is 1e-5; what it leaves out is of the order b/N = 0.01."""
    net, width = nk.fcn(12, nk.erf, 2, "0.1"), 16
    mf = nk.mean_field(nk.erf, 2, "0.1")
    q = mf.q_star
    z, w = np.polynomial.hermite_e.hermegauss(80)
    second, fourth = (np.sum(w * erf(np.sqrt(q) * z) ** n) / np.sum(w) for n in (2, 4))
    step = 1e-3
    low, middle, high = (nk.erf.moments(q + shift, nk.float64)[0] for shift in (-step, 0, step))
    V2 = mf.sigma_w2 * (low - 2 * middle + high) / step**2
    x = nk.normalised([[1.0]], net)
    miss = finite_kernels(net, x, width=width, samples=SAMPLES, seed=4).nngp[:, 0, 0] - q
    within(width * miss**2, at(finite_width["C_deep"], 2, fourth - second**2, mf.chi_q), remainder=0.01)
    bias = at(finite_width["b_deep"], 2, fourth - second**2, mf.chi_q, V2)
    within(width * miss, bias, remainder=0.01)
    with pytest.raises(AssertionError):
        within(width * miss, 0, errors=5)


def test_biases_of_two_hidden_layers(finite_width):
    """(22.7) and (22.11) on the diagonal, where all entries are one; erf of large σ_w², no bias parameters."""
    net, width, x = nk.fcn(3, nk.erf, 6), 16, np.array([[0.4]])
    layers = [k for _, k in nk.kernels_by_depth(net, x)]
    K_1, K_2, Theta_2 = layers[0].nngp[0, 0], layers[1].nngp[0, 0], layers[1].ntk[0, 0]
    z, w = np.polynomial.hermite_e.hermegauss(120)
    u, w = np.sqrt(K_1) * z, w / np.sum(w)
    f, psi = erf(u) ** 2, 4 / np.pi * np.exp(-2 * u**2)
    mean_f, mean_psi, variance, raw_psi = (np.sum(w * a) for a in (f, psi, f**2, f * psi))
    variance -= mean_f**2
    q1, q2, t = sympy.symbols("q1 q2 q12")
    norm = sympy.sqrt((1 + 2 * q1) * (1 + 2 * q2))
    duals = (
        sympy.Lambda((q1, q2, t), 2 / sympy.pi * sympy.asin(2 * t / norm)),
        sympy.Lambda((q1, q2, t), 4 / sympy.pi / sympy.sqrt(norm**2 - 4 * t**2)),
    )
    moments = variance * sympy.ones(3), [raw_psi - mean_f * mean_psi] * 3, [raw_psi] * 3
    biases = finite_width["biases"](duals, K_1, [K_2] * 3, Theta_2, *moments, 6)
    samples = finite_kernels(net, x, width=width, samples=SAMPLES, seed=1, outputs=8)
    for kernel, limit, bias in zip(samples, (layers[2].nngp, layers[2].ntk), biases, strict=True):
        within(width * (kernel[:, 0, 0] - limit[0, 0]), bias, remainder=abs(float(bias)) / width)
    with pytest.raises(AssertionError):
        within(samples.nngp[:, 0, 0], layers[2].nngp[0, 0], errors=5)
