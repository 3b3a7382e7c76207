"""Large-depth laws of residual networks and of layer norm against the recursion."""

import math
from itertools import pairwise

import numpy as np
import pytest
from law_cases import U, images, misses
from scipy.integrate import solve_ivp

import ntkref as nk
from ntkref.recursion import pairs_by_depth

E_VALUES = np.array([0.5, 0.9, 1.5])  # 1 - c of the first layer
Q = "0.7"


def relu(layer_norm, sigma_w2=1, q=Q, numbers=nk.float64):
    return nk.asymptotics.of_resnet(nk.mean_field(nk.relu, sigma_w2, numbers=numbers), q, layer_norm)


def at(net, depths, q=Q):
    return {l: k for l, k in pairs_by_depth(net, q, E_VALUES, nk.float64) if l in depths}


@pytest.mark.parametrize("layer_norm", [None, "post", "pre"])
@pytest.mark.parametrize("sigma_w2", [1, "0.3", 5])
def test_variances_and_diagonals_are_exact(layer_norm, sigma_w2):
    """K(x, x) and Θ(x, x) from the first layer on, and vectors of depths."""
    laws = relu(layer_norm, sigma_w2)
    steps = at(nk.resnet(300, nk.relu, sigma_w2, layer_norm=layer_norm), (1, 2, 3, 300))
    for l, k in steps.items():
        assert abs(k.nngp_variances[0][0] / laws.variance(l) - 1) < (20 + 4 * l) * U
        assert abs(k.ntk_variances[0][0] / laws.ntk_diagonal(l) - 1) < (20 + 4 * l) * U
        assert laws.ntk_diagonal([1, l])[1] == laws.ntk_diagonal(l)


def second(mu):
    """A₂ of t = A u + B + A₁/u + A₂/u² + …, by SymPy from the recursion of t: the first term that the law lacks."""
    return 1 - mu * (100 * mu**2 + 99 * math.pi**2) / (720 * math.pi**2)


@pytest.mark.parametrize("layer_norm", [None, "post"])
@pytest.mark.parametrize("sigma_w2", [1, "0.3"])
def test_skip_entries(layer_norm, sigma_w2):
    """Θ/v leaves A₂/u², and K a relative O(1/T³)."""
    laws, depths = relu(layer_norm, sigma_w2), (400, 1500)
    C = laws.coordinate(E_VALUES)
    gaps = []
    for l, k in at(nk.resnet(1500, nk.relu, sigma_w2, layer_norm=layer_norm), depths).items():
        T, v = laws.time(l), laws.variance(l)
        left = (k.ntk - laws.ntk_offdiagonal(l, C)) / v * laws.in_time._u(T, C) ** 2
        assert np.max(np.abs(left / second(laws.mu) - 1)) < 36 / T  # log T/T
        assert np.max(np.abs((k.ntk_gap - laws.ntk_gap(l, C)) / v / T**-2)) < 2 * 9 * math.pi**2
        gaps.append(T**3 * (k.nngp_gap / laws.nngp_gap(l, C) - 1))
        assert np.max(np.abs(k.nngp / laws.nngp_offdiagonal(l, C) - 1)) < 1e3 / T**5 + 1e-8 / T**2
    assert np.max(np.abs(gaps[1])) < 4
    assert np.max(np.abs(gaps[1] / gaps[0])) < 1.6  # tends to a constant, as log T/T


def test_mu_is_the_theory_s_depth_scale():
    """THEORY.md e: p_ab/v = μ (l/4 + (3/8) log l + 3π C_l/(4μ) − 1/8), C_l in 1/θ = τ l + (3/2) τ log l + C_l."""
    laws, l = relu(None, 3), 10**7
    mu, C = 1.5 / 2.5, 0.5
    assert abs(laws.mu - mu) < 1e-15
    of_l = C + mu / (2 * math.pi) * math.log(mu)
    theory = mu * (l / 4 + 3 / 8 * math.log(l) + 3 * math.pi * of_l / (4 * mu) - 1 / 8) + (1 - mu) / 4
    assert abs(laws.in_time.ntk_offdiagonal(laws.time(l), C) - theory) < 1e-5


class Case:
    """Three training and two test inputs under a residual network."""

    def __init__(self, net, laws, depths):
        x = np.random.default_rng(5).normal(size=(5, 9))
        x = x * np.sqrt(laws.first_variance / float(laws.mf.sigma_w2) / np.mean(x**2, axis=1, keepdims=True))
        train, test = nk.kernels_by_depth(net, x[:3]), nk.kernels_by_depth(net, x[3:], x[:3])
        self.at = {l: (k, c) for (l, k), (_, c) in zip(train, test, strict=True) if l in depths}
        constants = (laws.coordinate(laws.one_minus_c(*pair)) for pair in ((x[:3],), (x[3:], x[:3])))
        self.data = (*constants, 0, 0)


@pytest.mark.parametrize("layer_norm", [None, "post"])
def test_skip_spectrum_and_predictor(layer_norm):
    """λ_max, λ_bulk, κ, P y: what is left falls at least as 1/T²; the exponential growth has left κ and P y alone."""
    laws, depths = relu(layer_norm, 1), (300, 1200)
    case = Case(nk.resnet(1200, nk.relu, 1, layer_norm=layer_norm), laws, depths)
    for kernel in ("ntk", "nngp"):
        before, after = (misses(laws, l, case.at[l], case.data, kernel) for l in depths)
        assert max(after) < 1e4 / 400**3
        for a, b in zip(before, after, strict=True):
            assert b < a / 10 or b < 1e-9
    other, C = relu("post" if layer_norm is None else None), case.data[0]
    assert abs(other.kappa(300, C) / laws.kappa(300, C) - 1) < 1e-14
    scale = laws.variance(300) / other.variance(300)
    assert abs(laws.lambda_max(300, C) / other.lambda_max(300, C) / scale - 1) < 1e-12
    assert np.max(np.abs(laws.lambda_bulk(300, C) / other.lambda_bulk(300, C) / scale - 1)) < 1e-12
    assert laws.max_learning_rate(300, C) == 2 / laws.lambda_max(300, C)


def test_leading_constants():
    """κ = (m + 3)/3 + (2m/3) μ log T/T: with skip connections (2m/3) log l/l whatever μ."""
    C = np.full((12, 12), 0.5)
    for layer_norm, sigma_w2 in ((None, 1), ("post", "0.3")):
        laws = relu("post", sigma_w2)
        near, far = (l * (laws.kappa(l, C) - 5) for l in (1e8, 1e12))
        assert abs((far - near) / (8 * math.log(1e4)) - 1) < 2e-3, layer_norm
    pre = relu("pre").in_time  # without a logarithm: T (κ − 5) tends to 12 π C · 4/3
    near, far = (T * (pre.kappa(T, C) - 5) for T in (1e6, 1e9))
    assert abs(near / far - 1) < 1e-4
    assert abs(far / (12 * math.pi * 0.5 * 4 / 3) - 1) < 1e-5


@pytest.mark.parametrize("normed_at_the_end", [False, True])
def test_layer_norm_without_skip_is_critical(normed_at_the_end):
    """ReLU, σ_b² = 0: Θ(x, x) = l q with q = 1, or σ_w²/2 where the last Dense is not normed."""
    l, blocks = 600, 599 * (nk.LayerNorm(), nk.relu, nk.Dense("0.3"))
    net = nk.Network([nk.Dense("0.3"), *blocks, *(nk.LayerNorm(),) * normed_at_the_end])
    k = nk.kernels_of_pair(net, Q, E_VALUES)
    laws = nk.asymptotics.of(nk.mean_field(nk.relu, 2), 1 if normed_at_the_end else "0.15")
    assert abs(k.ntk_variances[0][0] / laws.ntk_diagonal(l) - 1) < (20 + 4 * l) * U
    C = laws.coordinate(E_VALUES)
    assert np.max(np.abs(k.ntk / laws.ntk_offdiagonal(l, C) - 1)) < 1e3 / l**3
    assert np.max(np.abs(k.nngp_gap / laws.nngp_gap(l, C) - 1)) < 10 / l**3 + 1e-8 / l


class TestPre:
    """Pre-layer norm is a flow in T = log l + …: the recursion gives its start, an ODE the depths e^(10⁴)."""

    laws = relu("pre")
    first = 1 << 14

    def start(self):
        """θ and t at depth `first`, typed in; at depth 1000 they are the package's."""
        h = 0.5
        q, c = float(Q), 1 - E_VALUES
        K, Theta = q * c, q * c
        for l in range(1, self.first):
            if l == 1000:
                k = at(nk.resnet(1000, nk.relu, 1, layer_norm="pre"), (1000,))[1000]
                assert np.max(np.abs(K / k.nngp - 1)) < 1e-12
                assert np.max(np.abs(Theta / k.ntk - 1)) < 1e-12
            theta = np.arccos(K / q)
            block = h / np.pi * (np.sin(theta) + (np.pi - theta) * np.cos(theta))
            K, Theta = K + block, Theta + block + h * (1 - theta / np.pi) * Theta / q
            q = q + h
        return np.arccos(K / q), Theta / q

    def test_entries_at_depths_beyond_any_network(self):
        """u² (t − law) → A₂ = 1, and 1/θ − T/(3π) → C."""
        theta, t = self.start()
        C, laws, depths = self.laws.coordinate(E_VALUES), self.laws.in_time, (1e3, 1e4)

        def flow(_, state):
            u, t = state[:3], state[3:]
            angle = 1 / u
            crescent = nk.float64.crescent(angle)
            f = np.cos(angle) + crescent / np.pi
            return np.concatenate([u**2 * crescent / (np.pi * np.sin(angle)), f - angle * t / np.pi])

        begin = self.laws.time(self.first)
        found = solve_ivp(
            flow, (begin, depths[-1]), np.concatenate([1 / theta, t]), "DOP853", depths, rtol=1e-12, atol=1e-12
        )
        for T, state in zip(depths, found.y.T, strict=True):
            u, t = state[:3], state[3:]
            assert np.max(np.abs(laws._u(T, C) - u)) < 1e-4  # O(1/first), what the layers to come still add
            left = (t - laws.ntk_offdiagonal(T, C) - 3 * np.pi / 4 * (u - laws._u(T, C))) * u**2
            assert np.max(np.abs(left - second(0))) < 100 / T
            assert np.max(np.abs(t / T - 1 / 4)) < 10 / T

    def test_growth(self):
        """Θ(x, x) ~ (σ_w²/2) l log l."""
        ratios = [self.laws.ntk_diagonal(l) / (0.5 * l * math.log(l)) for l in (10**6, 10**12, 10**24)]
        assert abs(math.log(10**6) * (ratios[0] - 1) / (math.log(10**24) * (ratios[2] - 1)) - 1) < 1e-3
        assert abs(ratios[2] - 1) < 0.03

    def test_too_early(self):
        with pytest.raises(ValueError, match=r"do not hold yet at time T = 7.2.*: they set in well beyond C/alpha"):
            self.laws.ntk_offdiagonal(1000, self.laws.coordinate(0.5))

    def test_in_digits(self):
        many = relu("pre", numbers=nk.digits(30))
        for name in ("variance", "time", "ntk_diagonal"):
            assert abs(float(getattr(many, name)(1000)) / getattr(self.laws, name)(1000) - 1) < 1e-14
        assert np.max(np.abs(many.coordinate(E_VALUES).astype(float) / self.laws.coordinate(E_VALUES) - 1)) < 1e-14


def erf_skip(sigma_w2, sigma_b2, q, depths):
    """{l: (q, log p, c, p_ab)} of pairs under erf with skip connections, closed forms typed in."""
    sw2, sb2, k = float(sigma_w2), float(sigma_b2), q * (1 - E_VALUES[:2])
    log_p, t, found = math.log(q), k, {}
    for l in range(1, max(depths) + 1):
        if l in depths:
            found[l] = q, log_p, k / q, t
        block = sw2 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + sb2
        log_p += math.log1p(sw2 * 4 / math.pi / math.sqrt(1 + 4 * q) + block * math.exp(-log_p))
        blocks = sw2 * 2 / np.pi * np.arcsin(2 * k / (1 + 2 * q)) + sb2
        t = t * (1 + sw2 * 4 / np.pi / np.sqrt((1 + 2 * q) ** 2 - 4 * k**2)) + blocks
        q, k = q + block, k + blocks
    return found


@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [("1.0", "0.18"), ("2.0", "0"), ("1.0", "1.0")])
def test_erf_with_skip_connections(sigma_w2, sigma_b2):
    """K(x, x) to O(1), Θ(x, x) to O(log l/√l), c* at a rate l^(−λ), Θ(x, x′), and κ → 1."""
    laws = nk.asymptotics.of_resnet(nk.mean_field(nk.erf, sigma_w2, sigma_b2), "0.5")
    depths = (1000, 5000, 25_000, 125_000)
    found = erf_skip(sigma_w2, sigma_b2, 0.5, depths)
    k = nk.kernels_of_pair(nk.resnet(1000, nk.erf, sigma_w2, sigma_b2), "0.5", E_VALUES[:2])
    q, log_p, _, t = found[1000]
    assert abs(k.nngp_variances[0][0] / q - 1) < 1e-12
    assert abs(math.log(k.ntk_variances[0][0]) - log_p) < 1e-11
    assert np.max(np.abs(k.ntk / t - 1)) < 1e-11
    rests = [found[l][0] - laws.variance(l) for l in depths]
    assert max(map(abs, rests)) < 2
    assert abs(rests[3] - rests[2]) < 0.02  # log l/√l
    for l in depths:
        assert abs(found[l][1] - laws.log_ntk_diagonal(l)) < 0.5 * math.log(l) / math.sqrt(l)
    lam = laws.decay
    apart = [abs(found[l][2][0] - found[l][2][1]) * l**lam for l in depths]  # of two pairs: what is common drops out
    assert abs(apart[3] / apart[2] - 1) < 0.02
    assert abs(apart[3] / apart[2] - 1) < 0.7 * abs(apart[2] / apart[1] - 1)  # l^(−λ), 0.5 for a factor 5
    if laws.c_star:
        left = [found[l][3] / laws.ntk_offdiagonal(l) - 1 for l in depths]
        scaled = [r * l**lam / math.log(l) for r, l in zip(left, depths, strict=True)]
        assert np.max(np.abs(scaled[3] / scaled[2] - 1)) < 0.2
        kappa = 20 * found[25_000][3] / math.exp(found[25_000][1])
        assert np.max(np.abs(kappa / laws.kappa_minus_1(25_000, 20) - 1 - left[2])) < 0.03
    else:
        E = found[depths[3]][2] * depths[3] ** lam
        grown = [found[l][3] * l ** (lam - 1) for l in depths]  # (2σ_w²/π) E log l + a constant
        slopes = [(b - a) / math.log(5) / (2 * float(sigma_w2) / math.pi * E) for a, b in pairwise(grown)]
        assert np.max(np.abs(slopes[2] - 1)) < 0.05
        assert np.max(np.abs(slopes[2] - 1) / np.abs(slopes[1] - 1)) < 0.6  # c's l^(−λ) and l^(−1/2): 0.5
        with pytest.raises(ValueError, match="at sigma_b2 = 0"):
            laws.ntk_offdiagonal(100)


def test_erf_with_skip_connections_forgets():
    """THEORY.md e: κ − 1 of 20 inputs at (1.0, 0.18), and the fixed cosine and power typed in."""
    laws = nk.asymptotics.of_resnet(nk.mean_field(nk.erf, "1.0", "0.18"), "0.5")
    c = laws.c_star
    assert abs(2 / math.pi * math.asin(c) - c + 0.18 * (1 - c)) < 1e-15
    assert abs(laws.decay - (1 - 2 / math.pi / math.sqrt(1 - c * c) + 0.18) / 1.18) < 1e-14
    assert laws.kappa_minus_1(10**4, 20) < 1e-44
    assert [round(math.log10(laws.kappa_minus_1(l, 20))) for l in (1000, 10_000)] == [-12, -46]
    decays = [nk.asymptotics.of_resnet(nk.mean_field(nk.erf, 1, b), 1).decay for b in (0, "0.01", "0.1", 1, 10, 1000)]
    assert abs(decays[0] - (1 - 2 / math.pi)) < 1e-15
    assert all(a < b < 0.5 for a, b in pairwise(decays))


def test_tanh_with_skip_connections():
    """Its own a₀ and a₁; c* and λ are erf's."""
    laws = nk.asymptotics.of_resnet(nk.mean_field(nk.tanh, "1.0", "0.18"), "0.5")
    k = nk.kernels_of_pair(nk.resnet(1000, nk.tanh, "1.0", "0.18"), "0.5", 0.5)
    assert abs(math.log(k.ntk_variances[0]) - laws.log_ntk_diagonal(1000)) < 0.5 * math.log(1000) / math.sqrt(1000)
    assert abs(k.nngp_variances[0] - laws.variance(1000)) < 2
    erf = nk.asymptotics.of_resnet(nk.mean_field(nk.erf, "1.0", "0.18"), "0.5")
    assert (laws.c_star, laws.decay) == (erf.c_star, erf.decay)
    x = np.linspace(-40, 40, 80_001)
    square, slope = (float(np.sum(v) * 1e-3 / math.sqrt(2 * math.pi)) for v in (1 - np.tanh(x) ** 2, np.cosh(x) ** -4))
    assert abs(laws.B * math.sqrt(1.18) - square) < 1e-12
    assert abs(laws.A * math.sqrt(1.18) - slope) < 1e-12


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("relu", 1), TypeError, "mf must be what"),
        ((nk.mean_field(nk.relu, 1), 1, "both"), ValueError, "layer_norm must be"),
        ((nk.mean_field(nk.relu, 1), 0), ValueError, "q must be positive"),
        ((nk.mean_field(nk.relu, 1, "0.1"), 1), ValueError, "ReLU with sigma_b2 = 0"),
        ((nk.mean_field(nk.erf, 1, "0.1"), 1, "pre"), ValueError, "layer_norm = 'pre'"),
        ((nk.mean_field(nk.sin, 1, "0.1"), 1), ValueError, "got sin"),
        ((nk.mean_field(nk.erf, 0, "0.1"), 1), ValueError, "sigma_w2 must be positive"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        nk.asymptotics.of_resnet(*arguments)


def test_what_leaves_float64_raises():
    with pytest.raises(OverflowError, match=r"\(1 \+ σ_w²/2\)\^l overflows float64 at depth 3000"):
        relu(None).ntk_diagonal(3000)
    assert abs(relu(None).kappa(3000, np.full((3, 3), 0.5)) - 2) < 0.1  # κ itself is a number


def test_inputs_must_have_the_first_variance():
    laws = relu(None)
    x = images(3, (2,), nk.asymptotics.of(nk.mean_field(nk.relu, 2), 1), channels=4)
    with pytest.raises(ValueError, match=r"inputs must have K\(x, x\) = 0.7 in the first layer"):
        laws.one_minus_c(x)


@pytest.mark.parametrize("sigma_w2", ["1", "3"])
def test_relu_without_biases_is_critical_relu_scaled(sigma_w2):
    """Exactly: what the critical laws leave at depth 400, below 100/l² here, is all that is left."""
    laws = nk.asymptotics.of(nk.mean_field(nk.relu, sigma_w2), "1.7")
    critical = nk.asymptotics.of(nk.mean_field(nk.relu, 2), "1.7")
    net = nk.fcn(400, nk.relu, sigma_w2)
    x = nk.normalised(np.random.default_rng(2).standard_normal((4, 3)), net, q="1.7")
    k = nk.kernels(net, x)
    C, s = laws.coordinate(laws.one_minus_c(x)), nk.spectrum(k)
    assert abs(laws.ntk_diagonal(400) / k.ntk[0, 0] - 1) < (20 + 4 * 400) * 2.0**-53
    for ours, true in (
        (laws.ntk_offdiagonal(400, C)[0, 1], k.ntk[0, 1]),
        (laws.nngp_gap(400, C)[0, 1], k.nngp_gap[0, 1]),
        (laws.ntk_gap(400, C)[0, 1], k.ntk_gap[0, 1]),
        (laws.lambda_max(400, C), s.lambda_max),
        (laws.lambda_bulk(400, C)[-1], s.lambda_bulk[-1]),
        (laws.kappa(400, C), s.kappa),
    ):
        assert abs(ours / true - 1) < 100 / 400**2
    assert laws.kappa(400, C) == critical.kappa(400, C)
    with pytest.raises(FloatingPointError if sigma_w2 == "1" else OverflowError, match="float64"):
        laws.growth(5000)
