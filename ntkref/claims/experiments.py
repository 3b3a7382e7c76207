"""Sections 1, 4 and 7 and the abstract: what experiments are said to show, where theory decides it."""

from __future__ import annotations

import math

import numpy as np

from .. import asymptotics
from ..activations import erf
from ..datasets import optical_digits
from ..mean_field import mean_field
from ..network import fcn
from ..normalise import normalised
from ..predictor import gradient_flow
from ..recursion import kernels
from ..spectrum import spectrum
from . import curves, image_curves
from .claim import CORRECTED, HOLDS, WRONG, Claim, corrected, leading, printed, sentence
from .measures import SETTLED
from .setting import Setting
from .spatial import Rows, rows

__all__ = ["EXPERIMENT_CLAIMS", "descent"]

_LEARNT = 1e-3  # of the labels


def _weak(setting: Setting):
    """How far the entries of Θ between different images are apart, over the largest entry."""
    depths = {"ordered": (20, 60), "critical": (100, setting.gram_decades[-1]), "chaotic": (20, 60)}
    off = ~np.eye(setting.m, dtype=bool)
    for phase, (first, last) in depths.items():
        spread = {l: np.ptp(setting.kernels(phase)[l][0].ntk[off]) / np.max(setting.kernels(phase)[l][0].ntk)
                  for l in (first, last)}  # fmt: skip
        yield printed(f"at depth {last} the spread of entries is small, {phase}", spread[last], 1e-2, "weak: below 1 %")
        yield printed(f"and falls, {phase}", spread[last] / spread[first], 0.1, "from the first depth on")


def _steps(setting: Setting, phase: str, depth: int, steps: float) -> tuple:
    """(what is left of the training labels, the largest prediction over the labels) after so many steps of η/10."""
    k, cross = setting.kernels(phase)[depth]
    y = setting.images(phase)[2]
    eta = 0.1 * 2 / setting.spectrum(phase, depth).lambda_max
    train, test = gradient_flow(k, cross, y, steps, eta)
    return np.linalg.norm(y - train) / np.linalg.norm(y), np.max(np.abs(test)) / np.max(np.abs(y))


def _memorise(setting: Setting):
    """10⁴ steps at η = 0.1 · 2/λ_max, deep in chaos, at several depths."""
    for depth in (40, 60, 80):
        left, predicted = _steps(setting, "chaotic", depth, 1e4)
        yield printed(f"chaos, l = {depth}: the training labels are learnt", left, _LEARNT, "0.1 % of them left")
        yield printed("and nothing is said of test images", predicted, _LEARNT, "0.1 % of the largest label")
    for w in ("2.5", "4", "8"):
        mf = mean_field(erf, w, "0.18")
        yield printed(f"P(Θ)y falls exponentially at σ_w² = {w} too: χ_c/χ₁", mf.chi_c / mf.chi_1, 0.95, "below 1")


def _lines(setting: Setting):
    """10⁴ steps at η = 0.1 · 2/λ_max: what is left, below and above where κ is too large, or P(Θ)y too small."""
    left, predicted = _steps(setting, "ordered", 10, 1e4)
    yield printed("order, l = 10: the labels are learnt", left, 0.05, "κ = 200: e^{−0.2 · 10⁴/κ}, but for rounding")
    yield printed("and test images predicted", 0.1 / predicted, 1, "above 10 % of the labels")
    left, predicted = _steps(setting, "ordered", 60, 1e4)
    yield printed("order, l = 60: they are not, κ is too large", 0.1 / left, 1, "above 10 % left")
    left, predicted = _steps(setting, "chaotic", 60, 1e4)
    yield printed("chaos, l = 60: they are", left, _LEARNT, "κ = 1: e^{−0.2 · 10⁴}")
    yield printed("and test images are not predicted, P(Θ)y is too small", predicted, _LEARNT, "0.1 % of the labels")
    left, predicted = _steps(setting, "chaotic", 5, 1e4)
    yield printed("chaos, l = 5: both", max(left / 0.05, 0.01 / predicted), 1, "all but 5 % learnt, and more than 1 %")


def _conjugate(setting: Setting):
    """The spectrum of K at depth, for two sets of images, and ξ at the line."""
    images, m = optical_digits()[0], 6
    for phase, depth in (("ordered", 120), ("chaotic", 200)):
        mf, net = setting.mean_field(phase), setting.network(phase, depth)
        c = mf.c_star
        limit = mf.q_star * np.array([1 - c + m * c] + [1 - c] * (m - 1))
        for first in (0, m):
            x = normalised(images[first : first + m].reshape(m, -1), net)
            s = spectrum(kernels(net, x), "nngp")
            off = np.max(np.abs(s.eigenvalues - limit)) / mf.q_star
            rate = m * mf.chi_c**depth + 1e-13
            yield printed(f"the spectrum of K at l = {depth} is q*(1 − c*), q*(1 − c* + m c*), {phase}", off, rate,
                          "m χ_cˡ, and rounding")  # fmt: skip
    line = float(setting.mean_field("critical").sigma_w2)
    for step in (-1e-4, 1e-4):
        mf = mean_field(erf, line * (1 + step), "0.18")
        yield printed(f"ξ |χ₁ − 1| → 1 at σ_w² (1 {step:+.0e})", mf.xi_c * abs(mf.chi_1 - 1) - 1, 1e-3, "O(χ₁ − 1)")


def _phases(setting: Setting):
    for phase, depths in (("ordered", (20, 60)), ("chaotic", (20, 60))):
        kappas = [setting.spectrum(phase, l).kappa for l in depths]
        predicted = [np.max(np.abs(setting.prediction(phase, l))) for l in depths]
        if phase == "ordered":
            yield printed("order: κ grows with depth", kappas[0] / kappas[1], 1e-3, "χ₁^40, over 3")
            yield printed("order: P(Θ)y stays", predicted[1] / predicted[0] - 1, 0.2, "W/(s E l), at l = 20")
        else:
            yield printed("chaos: κ falls to 1", (kappas[1] - 1) / (kappas[0] - 1), 1e-3, "χ₁^−40 is 4e-5")
            yield printed("chaos: P(Θ)y falls to 0", predicted[1] / predicted[0], 1e-5, "3 (χ_c/χ₁)^40 is 1e-7")


def _dataset(setting: Setting):
    """Two sets of twelve images of handwritten digits: what of their spectra and predictors is the same at depth."""
    m, images = setting.m, optical_digits()[0]
    found = {}
    for phase, depth in (("ordered", 200), ("chaotic", 60), ("critical", 1000)):
        net = setting.network(phase, depth)
        for first in (0, 100):
            x = normalised(images[first : first + m].reshape(m, -1), net)
            found[phase, first] = spectrum(kernels(net, x)).kappa
    for phase, room in (("chaotic", 1e-6), ("critical", 0.02)):
        off = found[phase, 0] / found[phase, 100] - 1
        yield leading(f"κ is the same for both, {phase}", off, room, "m p_ab* l χ_cˡ/p⁽ˡ⁾; m C/l at l = 1000")
    apart = found["ordered", 0] / found["ordered", 100]
    yield printed("κ is the same for both, ordered", apart - 1, 0.02, "as on the line")
    deeper = {}
    net = setting.network("ordered", 400)
    for first in (0, 100):
        x = normalised(images[first : first + m].reshape(m, -1), net)
        deeper[first] = spectrum(kernels(net, x)).kappa
    yield corrected("in order κ's ratio settles", deeper[0] / deeper[100] / apart - 1, *SETTLED)
    away = 0.02 / abs(deeper[0] / deeper[100] - 1)
    yield corrected("away from 1", away, 1, "by more than 2 %")


def _pooling_depths(setting: Setting):
    """By how many layers P(Θ)y lasts longer in chaos, over twelve test images; and where κ rises to 1e6 in order."""
    chaos, order = rows(setting, "chaotic"), rows(setting, "ordered")
    train, _, y = chaos.images
    more = normalised(optical_digits()[0][100:112].reshape(-1, chaos.d), chaos.network(2, "none"))
    E_test, _ = asymptotics.constants_of_images(chaos.laws, chaos.network(2, "pool"), more.reshape(-1, 8, 8), train)
    flat, pool = E_test[..., 0] @ y, chaos.d * np.mean(E_test, axis=2) @ y  # P(Θ)y but for a common factor
    gained = math.log(np.linalg.norm(pool) / np.linalg.norm(flat))
    yield printed("in chaos P(Θ)y is larger with pooling, over the test images", max(0.0, -gained), 0, "an inequality")
    yield printed("by less than the factor d", gained / math.log(chaos.d), 1, "means over offsets that cancel in part")
    modest = gained * chaos.mf.xi_star / _depth(lambda l: l * (chaos.mf.chi_c / chaos.mf.chi_1) ** l, 1e-3)
    yield printed("so that it falls to a thousandth a few layers later: modestly", modest, 0.25, "below a quarter")
    E, _, W, _ = order.constants
    reach = [
        _depth(lambda l: 1 / order.laws.kappa(l, E[..., 0], W[..., 0]), 1e-6),
        _depth(lambda l: 1 / order.pooled_laws.kappa(l, E, W), 1e-6),
    ]
    factor = order.spectrum(40, "pool").kappa / order.spectrum(40, "flatten").kappa
    lost = (reach[0] - reach[1]) / (order.mf.xi_1 * math.log(factor))
    room = 2 * order.mf.xi_1 / reach[1], "log l beside l/ξ₁"
    yield printed("in order κ = 1e6 comes earlier, by ξ₁ times the log of what κ grows by", lost - 1, *room)
    for readout in ("flatten", "pool"):
        size = np.max(np.abs(order.prediction(60, readout))) / np.max(np.abs(order.images[2]))
        yield printed(f"while P(Θ)y stays, {readout}", 0.01 / size, 1, "above 1 % of the labels")


def _depth(value, threshold: float) -> float:
    """Where a falling law meets the threshold, between whole depths."""
    l = next(l for l in range(15, 400) if value(l) < threshold)
    before, after = math.log(value(l - 1) / threshold), math.log(value(l) / threshold)
    return l - 1 + before / (before - after)


def descent(theta, y, eta: float, steps: int = 4000) -> float:
    """The size of what `steps` of gradient descent on ½ Σ (f − y)² leave of y, over that of y; 1e100 ends it."""
    residual = y.copy()
    for _ in range(steps):
        residual -= eta * (theta @ residual)
        size = np.linalg.norm(residual) / np.linalg.norm(y)
        if size > 1e100:
            break
    return size


def _learning_rate(setting: Setting):
    """Depth 10, several σ_w²: descent at ρ 2/λ_max for ρ about 1 and 2."""
    images = optical_digits()[0][: setting.m].reshape(setting.m, -1)
    y = setting.images("chaotic")[2] + 1
    for w in ("1.0", "1.7476", "3.0"):
        net = fcn(10, erf, w, "0.18")
        theta = kernels(net, normalised(images, net))
        step = 2 / spectrum(theta).lambda_max
        sizes = {rho: descent(theta.ntk, y, rho * step) for rho in (0.98, 1.02, 1.5, 1.98)}
        for rho in (1.02, 1.5, 1.98):
            yield printed(f"σ_w² = {w}: descent at ρ = {rho} converges", sizes[rho], 1, "ρ < 2")
            yield corrected(f"σ_w² = {w}: descent at ρ = {rho} diverges", 1 / sizes[rho], 1, "ρ > 1")
        yield corrected(f"σ_w² = {w}: descent at ρ = 0.98 converges", sizes[0.98], 1, "ρ < 1")


def _learning_rate_derivation(setting: Setting):
    results, numbers = setting.chapter("mean_predictor"), setting.digits
    top = numbers.context.mpf("3.7")
    largest = setting.evaluate(results["largest_step"], (top,))
    over = largest / (2 / top)
    yield corrected("the largest step, derived, is ρ = 1", over - 1, 10 * numbers.eps, "rounding")
    yield printed("the largest step, derived, is ρ = 2", over / 2 - 1, 10 * numbers.eps, "rounding")


def _eta_theory(setting: Setting):
    """The flow of Eq. 5 at ten times 2/λ_max, and descent at 0.98 and 1.02 times it."""
    k, cross = setting.kernels("critical")[10]
    y, top = setting.images("critical")[2], setting.spectrum("critical", 10).lambda_max
    sizes = [descent(k.ntk, y + 1, factor * 2 / top) for factor in (0.98, 1.02)]
    yield leading("descent converges at 0.98 of it", sizes[0], 1, "an inequality")
    yield leading("and diverges at 1.02 of it", 1 / sizes[1], 1, "an inequality")
    left = {}
    for factor in (0.98, 10):
        train, _ = gradient_flow(k, cross, y, 1e4, factor * 2 / top)
        left[factor] = np.linalg.norm(y - train) / np.linalg.norm(y)
    yield printed("Equation 5 diverges at ten times it", 1 / max(left[10], 1e-300), 1, "if it had a largest rate")
    room = left[0.98] + 1e-12, "not worse than at 0.98 of it"
    yield corrected("Equation 5, a flow, converges at any η", left[10], *room)


def _scales(setting: Setting):
    """Over how many layers κ grows in order and P(Θ)y falls in chaos, of CNN-F and CNN-P, over the plane."""
    for w in ("1.2",) if setting.quick else ("0.9", "1.2"):
        for readout in ("flatten", "pool"):
            digits = Rows(mean_field(erf, w, "0.18"), "ordered", setting.quick)
            logs = [math.log(digits.spectrum(l, readout).kappa * l) for l in (20, 40)]
            over = (logs[1] - logs[0]) / 20 * digits.mf.xi_1
            yield printed(f"κ l grows by e over ξ₁ layers at σ_w² = {w}, {readout}", over - 1, 0.05, "W/(s E l²)")
    digits = Rows(mean_field(erf, "3.5", "0.18"), "chaotic", setting.quick)
    for readout, which in (("flatten", lambda a: a[..., 0]), ("pool", lambda a: a)):
        E, E_test, V, V_test = map(which, digits.constants)
        laws = digits.laws if readout == "flatten" else digits.pooled_laws
        found = {l: digits.prediction(l, readout) for l in (30, 50)}
        law = laws.predictor(50, E, E_test, digits.images[2], V, V_test)
        off = np.max(np.abs(found[50] - law)) / np.max(np.abs(law))
        room = 50 * (digits.mf.chi_c**50 + 5 * digits.m * digits.d * digits.mf.chi_1**-50)
        yield printed(f"P(Θ)y is the law's at l = 50, σ_w² = 3.5, {readout}", off, room, "l χ_cˡ, and m d l χ₁^−l")
        sizes = [np.linalg.norm(p) / l for l, p in found.items()]
        over = math.log(sizes[0] / sizes[1]) / 20 * digits.mf.xi_star
        room = 0.05, "V/(R E l²), which at l = 30 is a few hundredths of 1/ξ_*"
        yield printed(f"over l it falls by e over ξ_* layers, σ_w² = 3.5, {readout}", over - 1, *room)


def _spatial(setting: Setting):
    """P(Θ)y and gradient descent in order, with and without pooling."""
    digits = rows(setting, "ordered")
    y, d = digits.images[2], digits.d
    E, E_test, W, W_test = digits.constants
    both = [digits.prediction(60, readout) for readout in ("pool", "flatten")]
    over = np.max(np.abs(both[0])) / np.max(np.abs(both[1]))
    off = min(abs(math.log(over / d)), abs(math.log(over * d)))
    yield printed("in order P(Θ)y of CNN-P is d or 1/d times CNN-F's", off, math.log(1.5), "within half as much again")
    laws = digits.laws.predictor(60, E[..., 0], E_test[..., 0], y, W[..., 0], W_test[..., 0])
    pooled = digits.pooled_laws.predictor(60, E, E_test, y, W, W_test)
    room = 10 * 60 * digits.mf.chi_1**60, "l χ₁ˡ"
    for name, found, law in (("CNN-P", both[0], pooled), ("CNN-F", both[1], laws)):
        off = np.max(np.abs(found - law)) / np.max(np.abs(y))
        yield corrected(f"P(Θ)y of {name} is kriging, of order 1 without d", off, *room)
    steps, left = digits.spectrum(20, "flatten").kappa, {}
    for readout in ("pool", "flatten"):
        k, cross = digits.kernels(20, readout)
        train, _ = gradient_flow(k, cross, y, steps, 2 / spectrum(k).lambda_max)
        left[readout] = np.linalg.norm(y - train) / np.linalg.norm(y)
    yield corrected("after κ_F steps at η = 2/λ_max CNN-F has learnt its labels", left["flatten"], math.exp(-2), "e⁻²")
    yield corrected("CNN-P, whose κ is larger, has not", 0.5 / left["pool"], 1, "more than half is left")


EXPERIMENT_CLAIMS = (
    Claim(
        "abstract-weak",
        "Abstract",
        "for deep networks the NTK maintains only weak data dependence",
        HOLDS,
        "ordered_phase",
        {"float64": _weak},
        law="entries between images are apart by l χ₁ˡ in order, log l/l on the line, χ₁^{−l} in chaos, over Θ(x, x)",
    ),
    Claim(
        "abstract-memorise",
        "Abstract",
        "large regions of hyperparameters memorise the training set and completely fail to generalise",
        HOLDS,
        "chaotic_phase",
        {"float64": _memorise},
        law="chaos: κ − 1 ~ χ₁^{−l}, P(Θ)y ~ l (χ_c/χ₁)ˡ",
        curve=curves.chaotic_predictor,
    ),
    sentence(
        "1-conjugate",
        "1",
        "the spectrum of K approaches a data-independent limit beyond a depth ξ, which diverges at the transition",
        HOLDS,
        "fixed_points",
        _conjugate,
        law="q*(1 − c* + m c*) and m − 1 times q*(1 − c*); ξ ≈ 1/|χ₁ − 1|",
    ),
    sentence(
        "1-phases",
        "1",
        "in order trainability degrades with depth and generalisation persists, in chaos it is the other way round",
        HOLDS,
        "ordered_phase",
        _phases,
        law="order: κ ~ χ₁^{−l}/l, P(Θ)y = O(1); chaos: κ → 1, P(Θ)y ~ l (χ_c/χ₁)ˡ",
        curve=curves.ordered_kappa,
    ),
    sentence(
        "1-dataset",
        "1",
        "the theory is dataset-independent",
        CORRECTED,
        "ordered_phase",
        _dataset,
        truth="rates are, and limits in chaos and on the line; in order κ l χ₁ˡ and P(Θ)y keep the data for ever",
        law="κ l χ₁^(l−1) → m p*/(s μ_min(−ΠEΠ)), P(Θ)y → kriging with E",
        curve=curves.ordered_figure_1b,
    ),
    sentence(
        "4-pooling",
        "4",
        "pooling modestly augments the depth over which networks can generalise in chaos, and reduces it in order",
        HOLDS,
        "flattening_and_pooling",
        _pooling_depths,
        law="in chaos by ξ_* log(d |Ē_test y|/|E_test y|) layers; in order trainability ends ξ₁ log(κ_P/κ_F) earlier",
        curve=image_curves.chaotic_predictor,
    ),
    sentence(
        "7-eta",
        "7",
        "Equation 5 implies the maximal convergent learning rate 2/λ_max",
        CORRECTED,
        "mean_predictor",
        _eta_theory,
        truth="of descent in steps on ½ Σ (f − y)²; the flow of Equation 5 converges at any η",
        curve=curves.critical_rate,
    ),
    sentence(
        "7-learning-rate",
        "7, Figure 2c",
        "networks become untrainable when ρ = η/η_theory exceeds 2, as predicted, η_theory = 2/λ_max",
        WRONG,
        "mean_predictor",
        {"derivation": _learning_rate_derivation, "float64": _learning_rate},
        truth="the prediction is ρ = 1: at 2/λ_max descent on ½ Σ (f − y)² begins to diverge",
        law="ρ = 2 would be for η_theory = 1/λ_max, or for half the loss; beyond it finite networks leave this theory",
        curve=curves.critical_rate,
    ),
    sentence(
        "7-depth-scales",
        "7, Figure 2d–f",
        "ξ₁ in order and ξ_* in chaos capture the performance of CNN-F and CNN-P",
        HOLDS,
        "flattening_and_pooling",
        _scales,
        law="up to the factors 1/l and l",
        curve=image_curves.chaotic_predictor,
    ),
    sentence(
        "7-lines",
        "7, Figure 2a–b",
        "networks are untrainable where κ is too large and do not generalise where P(Θ)y is too small",
        HOLDS,
        "mean_predictor",
        _lines,
        law="the slowest mode leaves e^{−2ρt/κ} after t steps at ρ 2/λ_max",
    ),
    sentence(
        "7-spatial",
        "7, Figure 2f",
        "in order CNN-F outperforms CNN-P due to the correction d, as predicted by the P(Θ)-row of Table 1",
        WRONG,
        "flattening_and_pooling",
        _spatial,
        truth="that row has no d in order: P(Θ)y is kriging, with E or with Ē; the larger factor is κ's, which makes "
        "CNN-P slower to train",
        law="κ_P/κ_F = μ_min(−ΠE_FΠ)/μ_min(−ΠĒΠ)",
        curve=image_curves.ordered_predictor,
    ),
)
