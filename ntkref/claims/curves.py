"""Prediction and computation over depth, for the plots of the audit's page."""

from __future__ import annotations

import math

import numpy as np

from ..numbers import float64
from ..predictor import gradient_flow
from .claim import Curve
from .definition import rbf_spectrum, squared_distances
from .setting import Setting

PHASES = ("ordered", "critical", "chaotic")


def _or_nan(law, *arguments) -> float:
    """What a law says, or nan at depths where it does not hold yet."""
    try:
        return float(law(*arguments))
    except ValueError:
        return math.nan


def _spectra(setting: Setting, phase: str, what: str, value, law, log: str, first=1) -> Curve:
    """A number of the spectrum of the training images against its law, where the law holds."""
    laws, (E, _, offset, _) = setting.laws(phase), setting.constants(phase)
    depths = [l for l in setting.depths(phase) if l >= first]
    computed = [value(setting.spectrum(phase, l), l) for l in depths]
    return Curve(what, depths, computed, [_or_nan(law, laws, l, E, offset) for l in depths], log)


def _predictions(setting: Setting, phase: str, what: str, scale, log: str, mean=False, first=1) -> Curve:
    """The first test image's prediction, as `scale` of it and l, against its law."""
    laws, (E, E_test, offset, offset_test) = setting.laws(phase), setting.constants(phase)
    y = setting.ones if mean else setting.images(phase)[2]
    depths = [l for l in setting.depths(phase) if l >= first]
    computed = [scale(setting.prediction(phase, l, y=y)[0], l) for l in depths]

    def law(l):
        return scale(laws.predictor(l, E, E_test, y, offset, offset_test)[0], l)

    return Curve(what, depths, computed, [_or_nan(law, l) for l in depths], log)


def _pairs(setting: Setting, phase: str, depths, what, value, law, log, numbers=float64) -> Curve:
    """An entry of the pair of the first two images against its law."""
    laws, steps = setting.laws(phase, numbers), setting.pair(phase, depths, numbers)
    E = setting.constants(phase)[0][0, 1]
    computed = [float(value(steps[l])) for l in depths]
    return Curve(what, depths, computed, [_or_nan(law, laws, l, E) for l in depths], log)


_LONG, _SHORT = (1, 3, 10, 30, 100, 300, 1000, 3000), tuple(range(1, 82, 10))


def chaotic_cosine(setting: Setting) -> Curve:
    depths = tuple(range(1, 42, 5))
    steps, mf = setting.pair("chaotic", depths, float64), setting.mean_field("chaotic")
    cosines = [float(steps[l].nngp) / mf.q_star for l in depths]
    return Curve("cosine of two images, chaos", depths, cosines, [mf.c_star] * len(depths))


def chaotic_nngp(setting: Setting) -> Curve:
    mf = setting.mean_field("chaotic", setting.digits)
    target = mf.q_star * mf.c_star
    return _pairs(
        setting,
        "chaotic",
        _SHORT,
        "|q_ab − q_ab*|",
        lambda k: abs(k.nngp - target),
        lambda laws, l, E: abs(E) * laws.mf.chi_c ** (l - 1),
        "y",
        setting.digits,
    )


def chaotic_ntk(setting: Setting) -> Curve:
    numbers = setting.digits
    mf, V = setting.mean_field("chaotic", numbers), setting.constants("chaotic")[2]
    return _pairs(
        setting,
        "chaotic",
        _SHORT,
        "|p_ab − p_ab*|",
        lambda k: abs(k.ntk - mf.p_ab_star),
        lambda laws, l, E: abs(laws.ntk_offdiagonal(l, E, float(V[0, 1])) - mf.p_ab_star),
        "y",
        numbers,
    )


def chaotic_top(setting: Setting) -> Curve:
    return _spectra(
        setting, "chaotic", "λ_max", lambda s, l: s.lambda_max, lambda law, l, E, V: law.lambda_max(l, E, V), "y"
    )


def chaotic_bulk(setting: Setting) -> Curve:
    return _spectra(
        setting, "chaotic", "smallest λ_bulk", lambda s, l: s.lambda_bulk[-1],
        lambda law, l, E, V: law.lambda_bulk(l, E, V)[-1], "y", 5,
    )  # fmt: skip


def chaotic_kappa(setting: Setting) -> Curve:
    return _spectra(
        setting, "chaotic", "κ − 1", lambda s, l: s.kappa - 1,
        lambda law, l, E, V: law.kappa_minus_1(l, E, V), "y", 5,
    )  # fmt: skip


def chaotic_predictor(setting: Setting) -> Curve:
    return _predictions(setting, "chaotic", "|P(Θ) y| at a test image", lambda p, l: abs(p), "y", first=5)


def chaotic_predictor_of_ones(setting: Setting) -> Curve:
    return _predictions(setting, "chaotic", "P(Θ) 1 at a test image", lambda p, l: p, "y", mean=True, first=5)


def ordered_nngp(setting: Setting) -> Curve:
    return _pairs(
        setting,
        "ordered",
        _SHORT,
        "q* − q_ab",
        lambda k: k.nngp_gap / 2,
        lambda laws, l, E: laws.nngp_gap(l, E) / 2,
        "y",
    )


def ordered_ntk(setting: Setting) -> Curve:
    W = setting.constants("ordered")[2][0, 1]
    return _pairs(
        setting, "ordered", _SHORT, "p − p_ab", lambda k: k.ntk_gap / 2,
        lambda laws, l, E: laws.ntk_gap(l, E, W) / 2, "y",
    )  # fmt: skip


def ordered_top(setting: Setting) -> Curve:
    m, p = setting.m, setting.mean_field("ordered").p_star
    return _spectra(
        setting, "ordered", "λ_max/(m p*)", lambda s, l: s.lambda_max / (m * p),
        lambda law, l, E, W: law.lambda_max(l, E, W) / (m * p), "x",
    )  # fmt: skip


def ordered_bulk(setting: Setting) -> Curve:
    return _spectra(
        setting, "ordered", "λ_1", lambda s, l: s.lambda_bulk[0], lambda law, l, E, W: law.lambda_bulk(l, E, W)[0], "y"
    )


def ordered_kappa(setting: Setting) -> Curve:
    return _spectra(setting, "ordered", "κ", lambda s, l: s.kappa, lambda law, l, E, W: law.kappa(l, E, W), "y")


def ordered_figure_1b(setting: Setting) -> Curve:
    chi = setting.mean_field("ordered").chi_1
    return _spectra(
        setting, "ordered", "κ χ₁ˡ", lambda s, l: s.kappa * chi**l,
        lambda law, l, E, W: law.kappa(l, E, W) * chi**l, "xy",
    )  # fmt: skip


def ordered_spread(setting: Setting) -> Curve:
    return _spectra(
        setting, "ordered", "λ_1/λ_{m−1}", lambda s, l: s.lambda_bulk[0] / s.lambda_bulk[-1],
        lambda law, l, E, W: law.lambda_bulk(l, E, W)[0] / law.lambda_bulk(l, E, W)[-1], "x",
    )  # fmt: skip


def ordered_predictor(setting: Setting) -> Curve:
    return _predictions(setting, "ordered", "P(Θ) y at a test image", lambda p, l: p, "x")


def critical_nngp(setting: Setting) -> Curve:
    return _pairs(
        setting, "critical", _LONG, "q* − q_ab", lambda k: k.nngp_gap / 2,
        lambda laws, l, C: laws.nngp_gap(l, C) / 2, "xy",
    )  # fmt: skip


def critical_ntk(setting: Setting) -> Curve:
    q = setting.mean_field("critical").q_star
    return _pairs(
        setting, "critical", _LONG, "p_ab − l q*/3", lambda k: k.ntk - k.depth * q / 3,
        lambda laws, l, C: laws.ntk_offdiagonal(l, C) - l * q / 3, "x",
    )  # fmt: skip


def critical_top(setting: Setting) -> Curve:
    return _spectra(
        setting, "critical", "λ_max/l", lambda s, l: s.lambda_max / l,
        lambda law, l, C, _: law.lambda_max(l, C) / l, "x", 10,
    )  # fmt: skip


def critical_bulk(setting: Setting) -> Curve:
    return _spectra(
        setting, "critical", "mean λ_bulk/l", lambda s, l: np.mean(s.lambda_bulk) / l,
        lambda law, l, C, _: np.mean(law.lambda_bulk(l, C)) / l, "x", 10,
    )  # fmt: skip


def critical_kappa(setting: Setting) -> Curve:
    return _spectra(
        setting, "critical", "κ; the limit is (m+2)/2 = 7", lambda s, l: s.kappa,
        lambda law, l, C, _: law.kappa(l, C), "x", 30,
    )  # fmt: skip


def critical_rate(setting: Setting) -> Curve:
    return _spectra(
        setting, "critical", "2/λ_max", lambda s, l: 2 / s.lambda_max,
        lambda law, l, C, _: law.max_learning_rate(l, C), "xy", 10,
    )  # fmt: skip


def critical_predictor(setting: Setting) -> Curve:
    return _predictions(setting, "critical", "l P(Θ) y at a test image", lambda p, l: l * p, "x", first=10)


def critical_predictor_of_ones(setting: Setting) -> Curve:
    return _predictions(setting, "critical", "P(Θ) 1 at a test image", lambda p, l: p, "x", mean=True, first=10)


def relu_ntk(setting: Setting) -> Curve:
    return _pairs(
        setting, "relu", _LONG, "p_ab/(l q)", lambda k: k.ntk / k.depth,
        lambda laws, l, C: laws.ntk_offdiagonal(l, C) / l, "x",
    )  # fmt: skip


def relu_kappa(setting: Setting) -> Curve:
    return _spectra(
        setting, "relu", "κ; the limit is (m+3)/3 = 5", lambda s, l: s.kappa,
        lambda law, l, C, _: law.kappa(l, C), "x", 30,
    )  # fmt: skip


def relu_predictor(setting: Setting) -> Curve:
    return _predictions(setting, "relu", "l P(Θ) y at a test image", lambda p, l: l * p, "x", first=10)


def flow_train(setting: Setting) -> Curve:
    return _flow(setting, "training", 0)


def flow_test(setting: Setting) -> Curve:
    return _flow(setting, "test", 1)


def _flow(setting: Setting, kind: str, which: int) -> Curve:
    """Eq. 5 or 6 at the first image, against eigenvectors and plain linear algebra."""
    k, cross = setting.kernels("critical")[30]
    y = setting.images("critical")[2]
    values, vectors = np.linalg.eigh(k.ntk)
    times = np.geomspace(0.01, 30, 16) / np.mean(values)
    computed = gradient_flow(k, cross, y, times)[which][:, 0]
    learnt = -np.expm1(-np.outer(times, values)) * (vectors.T @ y)  # Eq. 9
    train = learnt @ vectors.T
    predicted = train[:, 0] if which == 0 else train @ np.linalg.solve(k.ntk, cross.ntk[0])
    return Curve(f"μ_t at a {kind} image", times, computed, predicted, "x", "time t")


def rbf_smallest(setting: Setting) -> Curve:
    distances, depths = squared_distances(5, 3), range(0, 31, 3)
    computed = [float(rbf_spectrum(distances, l)[0]) for l in depths]
    return Curve("λ_min, 5 points of 3 features", depths, computed,
                 [computed[5] * 4.0 ** (15 - l) for l in depths], "y", "l")  # fmt: skip


def rbf_narrow(setting: Setting) -> Curve:
    distances, depths = squared_distances(setting.m, 64), range(2, 40, 4)
    nearest = np.min(distances[np.triu_indices(setting.m, 1)]) * setting.m * (setting.m - 1) / distances.sum()
    spectra = [rbf_spectrum(distances, -math.log2(l)) for l in depths]
    computed = [float(v[-1] / v[0] - 1) for v in spectra]
    return Curve("κ − 1", depths, computed, [2 * math.exp(-l * nearest) for l in depths], "y", "l")
