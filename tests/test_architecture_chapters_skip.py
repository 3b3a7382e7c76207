"""Chapters 18 to 20 run, and their formulas are the package's numbers, of its kernels and of its large-depth laws."""

import numpy as np
import pytest
import sympy
from test_derivations import agree, at, chapter, systems

import ntkref as nk
from ntkref.recursion import pairs_by_depth

dropout, skip_connections = chapter("dropout"), chapter("skip_connections")
layer_normalisation = chapter("layer_normalisation")
ROWS = nk.optical_digits()[0][:8].reshape(8, -1)
LABELS = np.array([2, 1, 0, 0, -1, -2])  # of mean 0
KEEPS = pytest.mark.parametrize("keep", ["0.9", "0.5", "0.05"])


def dropped(depth, phi, sigma_w2, sigma_b2=0, keep="0.9"):
    *layers, last = nk.fcn(depth, phi, sigma_w2, sigma_b2).layers
    return nk.Network([*layers, nk.Dropout(keep), last])


def both(depth, phi, point, keep, q=None, rows=ROWS):
    """(train, test) without dropout and with it, six rows to train on, all normalised."""
    x = nk.normalised(rows, nk.fcn(depth, phi, *point), q=q)
    nets = nk.fcn(depth, phi, *point), dropped(depth, phi, *point, keep)
    return [(nk.kernels(net, x[:6]), nk.kernels(net, x[6:], x[:6])) for net in nets]


def angle(k):
    """θ from the gap 4q sin²(θ/2)."""
    return at(sympy.Lambda(GAP, 2 * sympy.asin(sympy.sqrt(GAP) / 2)), k.nngp_gap / k.K.x)


GAP = sympy.Symbol("gap", positive=True)


# ---- dropout


@systems
@KEEPS
@pytest.mark.parametrize("phi", [nk.erf, nk.relu, nk.cos], ids=str)
def test_ridge(dropout, phi, keep, system, digits):
    """Whatever the norms: the diagonal gains r, and nothing else changes."""
    rows = ROWS[:3] / 8
    plain, masked = (nk.kernels(net, rows, None, system)
                     for net in (nk.fcn(4, phi, "1.5", "0.3"), dropped(4, phi, "1.5", "0.3", keep)))  # fmt: skip
    for name in ("nngp", "ntk"):
        before, after = getattr(plain, name), getattr(masked, name)
        for i in range(3):
            # The ridge is a difference of entries that may be 10 times as large: a digit, and one for depth 4.
            agree(after[i, i] - before[i, i], at(dropout["ridge"], before[i, i], "0.3", keep), digits - 2)
            assert after[i, i - 1] == before[i, i - 1]


@KEEPS
@pytest.mark.parametrize("m", [2, 6])
def test_kappa_star_is_that_of_the_laws(dropout, m, keep):
    fraction = sympy.Rational(keep)
    point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=nk.digits(30))
    points = ("1", "0.18"), ("3", "0.18"), (point.sigma_w2, point.sigma_b2)
    order, chaos, line = (nk.mean_field(nk.erf, *point, nk.digits(30)) for point in points)
    laws = [nk.asymptotics.dropped(nk.asymptotics.of(mf), keep) for mf in (order, line)]
    agree(laws[0].kappa_star(m), at(dropout["kappa_ordered"], m, order.p_star, "0.18", keep), 29)
    agree(laws[1].kappa_star(m), at(dropout["kappa_critical"], m, fraction), 29)
    for law, mf in zip(laws, (order, line), strict=True):
        nngp = at(dropout["kappa_nngp"], m, mf.q_star, sympy.Rational(str(mf.sigma_b2)), keep)
        agree(law.kappa_star(m, "nngp"), nngp, 28)
    relu = nk.asymptotics.dropped(nk.asymptotics.of(nk.mean_field(nk.relu, 2), 1), keep)
    agree(relu.kappa_star(m), at(dropout["kappa_relu"], m, fraction), 15)
    law = nk.asymptotics.dropped(nk.asymptotics.of(nk.mean_field(nk.erf, "3", "0.18")), keep)
    agree(law.kappa_star(m, "nngp"), at(dropout["kappa_nngp_chaotic"], m, chaos.c_star, chaos.q_star, "0.18", keep), 13)


def test_kappa_star_in_order(dropout):
    mf = nk.mean_field(nk.erf, "1", "0.18", nk.digits(30))
    agree(at(dropout["kappa_ordered"], 6, mf.p_star, "0.18", "0.9"), "60.6687371282556", 15)  # THEORY's figure


@KEEPS
@pytest.mark.parametrize("point", [("1", "0.18"), ("3", "0.18"), ("1.5", "0")], ids=str)
def test_kappa_is_bounded_at_every_depth(dropout, point, keep):
    mf = nk.mean_field(nk.erf, *point)
    bound = at(dropout["kappa_nngp"], 6, mf.q_star, point[1], keep)
    for depth in (2, 3, 10, 100):
        _, (train, _) = both(depth, nk.erf, point, keep)
        assert nk.spectrum(train).kappa < bound


@KEEPS
def test_critical_relu_with_dropout(dropout, keep):
    """κ of one pair to the next order, and l P(Θ) y, whose law leaves O(log l/l)."""
    plain, masked = (
        nk.kernels_of_pair(net, 1, 1) for net in (nk.fcn(2000, nk.relu, 2), dropped(2000, nk.relu, 2, 0, keep))
    )
    log_and_k = (plain.ntk - 500) * 8 / 3  # p_ab = l/4 + (3/8)(log l + k)
    kappa = at(dropout["kappa_relu"], 2, keep) + at(dropout["kappa_relu_log"], 2, keep) * log_and_k / 2000
    agree((masked.Theta.x + masked.ntk) / (masked.Theta.x - masked.ntk) - 1, kappa - 1, 3)  # ((log l)/l)², 1e-5

    plain, masked = both(2000, nk.relu, (2, 0), keep, q=1)
    C_dd, C_td = ((kernel.ntk - 500) * 4 / (3 * np.pi) for kernel in plain)
    np.fill_diagonal(C_dd, 0)
    factor, mean = (float(v) for v in dropout["predictor_relu"](6, sympy.Rational(keep)))
    law = factor * (C_td @ LABELS - mean * np.sum(C_dd @ LABELS))
    assert np.max(np.abs(2000 * nk.mean_predictor(*masked, LABELS) - law)) < 0.02 * np.max(np.abs(law))


@KEEPS
def test_chaos_gains_the_factor_keep(keep):
    """κ − 1 and P(Θ) y, up to χ₁^(−l) = 1e-9 and what rounding does to κ − 1 = 1e-8."""
    plain, masked = both(80, nk.erf, ("3", "0.18"), keep)
    before, after = (nk.spectrum(train).kappa - 1 for train, _ in (plain, masked))
    agree(after, float(keep) * before, 5)
    predictions = (nk.mean_predictor(*kernels, LABELS) for kernels in (plain, masked))
    for before, after in zip(*predictions, strict=True):
        agree(after, float(keep) * before, 6)


@systems
@KEEPS
@pytest.mark.parametrize(("phi", "sigma_b2"), [(nk.erf, "0.18"), (nk.relu, "0.3"), (nk.relu, "0")], ids=str)
def test_equal_inputs_part_where_every_layer_drops(dropout, phi, sigma_b2, keep, system, digits):
    """Of variance q, the fixed one or with σ_b² = 0 that of ReLU at σ_w² = 2 keep; masks differ."""
    sigma_w2 = sympy.Rational(keep) * (2 if sigma_b2 == "0" else 1)
    plain = nk.mean_field(phi, str(sigma_w2 / sympy.Rational(keep)), sigma_b2, system)
    q = 1 if sigma_b2 == "0" else plain.q_star
    layer = nk.Dense(str(sigma_w2), sigma_b2)
    k = nk.kernels_of_pair(nk.Network([layer, phi, nk.Dropout(keep), layer]), q, 0, system)
    agree(k.K.x, q, digits - 1)
    agree(k.nngp_gap / 2 / k.K.x, at(dropout["every_one_minus_M"], q, sigma_b2, keep), digits - 1)


# ---- skip_connections

WEIGHTS = pytest.mark.parametrize("sigma_w2", ["0.3", "2"])


@WEIGHTS
def test_residual_relu(skip_connections, sigma_w2):
    """At l = 2000; C to O(T⁻²), and for the rest what the laws leave, beside each."""
    weight = sympy.Rational(sigma_w2)
    mu, system = skip_connections["mu"](weight), nk.digits(30)
    k = nk.kernels_of_pair(nk.resnet(2000, nk.relu, sigma_w2), 1, "0.3", system)
    time, size = skip_connections["time"](mu, 2000), skip_connections["growth"](weight) ** 1999
    agree(k.K.x, size, 29)
    agree(k.Theta.x, size * time, 29)
    C = at(skip_connections["C"], mu, angle(k), time)
    laws = nk.asymptotics.of_resnet(nk.mean_field(nk.relu, sigma_w2), 1)
    agree(laws.coordinate(0.3), C, 4)  # T⁻²
    agree(k.ntk, size * at(skip_connections["t_ab"], mu, time, C), 2.5)  # 2.4 θ of T/4, and T = 260 or more
    kappa = at(skip_connections["kappa"], 5) + at(skip_connections["kappa_next"], 5, mu, time, C)
    agree((k.Theta.x + 4 * k.ntk) / (k.ntk_gap / 2), kappa, 3)  # ((log T)/T)²


def test_predictor_of_residual_relu(skip_connections):
    net = nk.resnet(1500, nk.relu, "0.7")
    x, mu = nk.normalised(ROWS, net, q=1), skip_connections["mu"](sympy.Rational("0.7"))
    train, test, time = nk.kernels(net, x[:6]), nk.kernels(net, x[6:], x[:6]), float(1 + 1499 * mu)
    C_dd, C_td = (4 / (3 * np.pi) * (k.ntk / k.K.x - time / 4) for k in (train, test))  # and a constant
    np.fill_diagonal(C_dd, 0)
    factor, mean = float(skip_connections["predictor_factor"]()), float(skip_connections["predictor_mean"](6))
    law = factor * (C_td @ LABELS - mean * np.sum(C_dd @ LABELS))
    assert np.max(np.abs(time * nk.mean_predictor(train, test, LABELS) - law)) < 0.03 * np.max(np.abs(law))  # (log T)/T


def test_a_bias_changes_constants_only(skip_connections):
    """T/(3π) + (μ/2π) log T of 1/θ between two depths; left out: (log T)/T."""
    mu = skip_connections["mu"](sympy.Rational("0.7"))
    layers = dict(pairs_by_depth(nk.resnet(1600, nk.relu, "0.7", "0.4"), 1, "0.3"))
    C = [at(skip_connections["C"], mu, angle(layers[l]), 1 + mu * (l - 1)) for l in (400, 1600)]
    agree(*C, 3)
    ratio = layers[1600].ntk / layers[1600].Theta.x
    assert 0.25 < ratio < 0.27  # a quarter, and (3/8)(log T)/T


@pytest.mark.parametrize("sigma_w2", ["0.25", "1", "4"])
def test_branches_that_end_in_relu(skip_connections, sigma_w2):
    """Order: the growth, ζ and the gap, leaving ζ^(l/2) times a few, where ζ^l = 1e-13 and more."""
    beta = sympy.sqrt(sympy.Rational(sigma_w2) / (2 * sympy.pi)).n(40)
    u = sympy.nsolve(skip_connections["ends_cubic"](sympy.Symbol("u"), beta), 0.8, prec=40)
    zeta = at(skip_connections["ends_zeta"], u, beta)
    branches = int(sympy.ceiling(30 / -sympy.log(zeta)))
    block = nk.Residual([nk.Dense(sigma_w2), nk.relu])
    nets = [nk.Network([nk.Dense(sigma_w2), nk.relu, *[block] * n, nk.Dense(sigma_w2)])
            for n in (branches - 1, branches)]  # fmt: skip
    before, k = (nk.kernels_of_pair(net, 1, "0.7") for net in nets)
    agree(k.K.x / before.K.x, (1 + beta / u) ** 2, 10)
    agree(k.Theta.x / k.K.x - 1, at(skip_connections["ends_vartheta"], u, beta), 5)
    agree(k.nngp_gap / k.K.x / (before.nngp_gap / before.K.x), zeta, 6)
    gap = at(skip_connections["ends_gap"], u, beta, k.nngp_gap / (2 * k.K.x))
    agree(k.ntk_gap / 2 / k.Theta.x, gap, 5)


@pytest.mark.parametrize("sigma_b2", ["0.02", "0.18", "2"])
def test_saturated_laws_are_those_of_the_package(skip_connections, sigma_b2):
    mf = nk.mean_field(nk.tanh, "1.3", sigma_b2)
    laws = nk.asymptotics.of_resnet(mf, 1)
    s = sympy.Rational("1.3") + sympy.Rational(sigma_b2)
    A, A_q = (sympy.Rational("1.3") * skip_connections[name]() / sympy.sqrt(s) for name in ("eta_tanh", "tau_tanh"))
    agree(laws.A, A, 15)
    agree(laws.variance(1000), at(skip_connections["q"], s, A_q.n(40), 1000), 14)
    agree(
        laws.log_ntk_diagonal(1000) - laws.log_constant,
        at(skip_connections["log_Theta"], s, A.n(40), A_q.n(40), 1000),
        13,
    )
    assert abs(at(skip_connections["c_moves"], laws.c_star, "1.3", sigma_b2)) < 1e-15
    lam = at(skip_connections["lambda"], laws.c_star)
    agree(laws.decay, lam, 13)
    agree(laws.ntk_offdiagonal(1000), 1000 * at(skip_connections["Theta_ab_slope"], s, laws.c_star, lam), 13)


@pytest.mark.parametrize("sigma_b2", [20_000, 1_000_000])
def test_what_the_cosine_remembers(skip_connections, sigma_b2):
    """E l^(−λ) and R E l^(1−λ) log l, of two pairs near c*, at σ_w² = 10⁶, where l^(−1/2) has a coefficient of 1e-3."""
    total = 10**6 + sigma_b2
    laws = nk.asymptotics.of_resnet(nk.mean_field(nk.erf, 10**6, sigma_b2), total)
    ends = [1 - laws.c_star - small for small in (1e-4, -1e-4)]
    net, kept = nk.resnet(900, nk.erf, 10**6, sigma_b2), {}
    for l, k in pairs_by_depth(net, total, ends, nk.digits(20)):
        if l in (100, 300, 900):
            cosines, entries = k.nngp / k.K.x, k.ntk
            kept[l] = [(v[0] - v[1]) * l ** (laws.decay - n) for n, v in enumerate((cosines, entries))]
    agree(kept[300][0], kept[900][0], 3)
    R = at(skip_connections["R"], total, laws.c_star, laws.decay)
    slope = (kept[900][1] - kept[300][1]) / np.log(3)
    assert abs(slope / kept[900][0] / R - 1) < 0.03  # l^(λ−1)


def test_what_all_cosines_share(skip_connections):
    """F l^(−1/2): taken away, what is left at (1, 0.18) is E l^(−λ), to E² l^(−2λ); not taken away, it isn't."""
    laws = nk.asymptotics.of_resnet(nk.mean_field(nk.erf, "1", "0.18"), 1)
    F = float(at(skip_connections["F"], "1.18", laws.c_star, laws.decay, laws.B))
    k = {l: k for l, k in pairs_by_depth(nk.resnet(2500, nk.erf, "1", "0.18"), 1, "0.5") if l in (100, 500, 2500)}
    with_F, without = (
        [float((k[l].nngp / k[l].K.x - laws.c_star - f / l**0.5) * l**laws.decay) for l in k] for f in (F, 0)
    )
    assert abs(with_F[2] - with_F[1]) < 0.6 * abs(with_F[1] - with_F[0]) < 0.03 * with_F[2]
    assert abs(without[2] - without[1]) > 0.05 * with_F[2]


# ---- layer_normalisation


def between_norms(depth, phi, *point):
    return nk.Network([nk.Dense(*point), nk.LayerNorm(), *[phi, nk.Dense(*point), nk.LayerNorm()] * (depth - 1)])


@systems
@pytest.mark.parametrize("point", [("0.4", "0"), ("1", "0.3"), ("6", "2")], ids=str)
def test_relu_between_norms_is_an_ordinary_network(layer_normalisation, point, system, digits):
    chi_1 = layer_normalisation["relu_chi_1"](*map(sympy.Rational, point))
    wanted = nk.kernels_of_pair(nk.fcn(40, nk.relu, str(2 * chi_1), str(1 - chi_1)), 1, "0.7", system)
    found = nk.kernels_of_pair(between_norms(40, nk.relu, *point), "1.7", "0.7", system)
    for name in ("nngp", "ntk", "nngp_gap", "ntk_gap"):
        agree(getattr(found, name), getattr(wanted, name), digits - 2)  # 40 layers


@systems
@pytest.mark.parametrize("place", ["pre", "post"])
@pytest.mark.parametrize("point", [("3", "0.18"), ("1", "0.5")], ids=str)
def test_diagonals_with_erf(layer_normalisation, place, point, system, digits):
    """In chaos and in order, K⁽¹⁾ = 1 with "post", 0.7 with "pre"."""
    w, b = map(sympy.Rational, point)
    s = (w * 2 / sympy.pi * sympy.asin(sympy.Rational(2, 3)) + b).n(70)
    chi_1 = (w * 4 / (sympy.pi * sympy.sqrt(5)) / s).n(70)
    q, size = (1, 1) if place == "post" else (sympy.Rational("0.7"), sympy.Rational("0.7") + 49 * s)
    rho = (
        (1 + s / (1 + s) * (chi_1 - 1)) ** 49
        if place == "post"
        else at(layer_normalisation["rho_pre"], chi_1, 50, q / s)
    )
    k = nk.kernels_of_pair(nk.resnet(50, nk.erf, *point, layer_norm=place), str(q), "0.5", system)
    agree(k.K.x, size, digits - 1)
    agree(k.Theta.x, size * at(layer_normalisation["t_aa"], chi_1, rho), digits - 2)  # 50 layers


def test_pre_norm_relu_is_the_law(layer_normalisation):
    laws = nk.asymptotics.of_resnet(nk.mean_field(nk.relu, 3), 2, "pre")
    for l in (2.0, 100.0, 1e6):  # floats: SymPy writes the ψ of large rationals as sums
        agree(laws.time(int(l)), at(layer_normalisation["time_pre"], l, sympy.Rational(4, 3)), 14)
    C = laws.coordinate(0.5)
    far = float(laws.in_time.ntk_offdiagonal(1e6, C))
    agree(far, at(layer_normalisation["t_ab"], 1e6, C), 10)  # 25/T, of T/4
    kappa = (1e6 + 4 * far) / (1e6 - far)
    wanted = at(layer_normalisation["kappa"], 5) + at(layer_normalisation["kappa_next"], 5, 1e6, C)
    agree(kappa, wanted, 10)  # T⁻²
    k = nk.kernels_of_pair(nk.resnet(2000, nk.relu, 3, layer_norm="pre"), 2, "0.5")
    theta = angle(k)
    # 1/θ + θ/15 leaves O(θ³), t's curve O(θ²): θ = 0.6, with coefficients below 1/10 and 1.
    assert abs(1 / theta + theta / 15 - laws.time(2000) / (3 * np.pi) - C) < theta**3 / 10
    assert abs(k.ntk / k.K.x - at(layer_normalisation["t_ab_of_angle"], theta)) < theta**2


@pytest.mark.parametrize("point", [("1", "0.5"), ("2", "0.2")], ids=str)
def test_post_norm_with_a_bias_is_order(layer_normalisation, point):
    """κ of six digits; left out is the angle, below 1e-4 where the largest entry of 1 − c is 1e-9."""
    w, b = map(sympy.Rational, point)
    chi_1, mu = layer_normalisation["relu_chi_1"](w, b), (w / 2 + b) / (1 + w / 2 + b)
    depth = int(20 / -np.log(float(1 - mu * (1 - chi_1))))
    net = nk.resnet(depth, nk.relu, *point, layer_norm="post")
    k = nk.kernels(net, nk.normalised(ROWS[:6], net, q=1))
    Y = at(layer_normalisation["gap"], mu, chi_1)
    basis = np.linalg.svd(np.ones((1, 6)))[2][1:]
    mu_min = np.linalg.eigvalsh(-basis @ np.sqrt(k.nngp_gap / 2) @ basis.T)[0]  # of √(E ρ)
    agree(nk.spectrum(k).kappa, at(layer_normalisation["kappa_order"], 6, chi_1, Y, mu_min), 3)


def test_pre_norm_with_a_bias_is_a_power(layer_normalisation):
    """The gap over √(1 − c) tends to Y like the angle: the miss shrinks with it."""
    Y, misses = float(layer_normalisation["gap_pre"](sympy.Rational(1, 2))), []
    layers = dict(pairs_by_depth(nk.resnet(2000, nk.relu, 1, "0.5", layer_norm="pre"), 1, "0.5"))
    for l in (125, 2000):  # the angle falls like l^(−1/4), by 2
        k = layers[l]
        misses.append(k.ntk_gap / (2 * k.K.x) / np.sqrt(k.nngp_gap / (2 * k.K.x)) / Y - 1)
    assert abs(misses[1]) < 0.6 * abs(misses[0])


def test_critical_ray(layer_normalisation):
    point = nk.critical_point(nk.erf, q_star=1, numbers=nk.digits(30))
    agree(point.sigma_b2 / point.sigma_w2, at(layer_normalisation["erf_ray"]), 29)
