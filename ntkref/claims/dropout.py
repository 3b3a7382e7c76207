"""Section 6.5: dropout; and what it does to a sentence of Section 6.2."""

from __future__ import annotations

import numpy as np

from .. import asymptotics
from ..numbers import Numbers, float64
from ..predictor import mean_predictor
from ..recursion import kernels, pairs_by_depth
from ..spectrum import spectrum
from . import architecture_curves as curves
from .claim import CORRECTED, HOLDS, both, corrected, leading, printed, sentence
from .measures import SETTLED, settling
from .setting import Setting
from .variants import KEEP, dropped

__all__ = ["DROPOUT_CLAIMS"]


def _ridge(setting: Setting, numbers: Numbers):
    """Three digits as they are, of any norm, ten layers deep."""
    x, _, _ = setting.images("ordered")
    x = x[:3] * np.array([[0.5], [1.0], [2.0]])
    plain, masked = (
        kernels(net, x, numbers=numbers) for net in (setting.network("ordered", 10), dropped(setting, "ordered", 10))
    )
    sb2 = numbers.convert(setting.mean_field("ordered").sigma_b2)
    gain = 1 / numbers.convert(KEEP) - 1
    allowed = (1e-14, "some tens of roundings") if numbers is float64 else (100 * numbers.eps, "rounding")
    for name, before, after in (("Θ", plain.ntk, masked.ntk), ("K", plain.nngp, masked.nngp)):
        diagonal = np.diag(before)
        ridge = np.diag((diagonal - sb2) * gain)
        off = np.max(np.abs(after - before - ridge) / np.max(diagonal))
        yield printed(f"{name} gains (1/keep − 1)({name}_aa − σ_b²) on the diagonal, no more", off, *allowed)


def _ridge_derivation(setting: Setting):
    results, numbers = setting.chapter("dropout"), setting.digits
    laws = asymptotics.dropped(setting.laws("ordered", numbers), KEEP)
    p, sb2 = laws.laws.ntk_diagonal(30), numbers.convert(laws.mf.sigma_b2)
    derived = setting.evaluate(results["ridge"], (p, sb2, numbers.convert(KEEP)))
    yield printed("r at l = 30, derived, is the law's", laws.ridge(30) / derived - 1, 100 * numbers.eps, "rounding")
    net = dropped(setting, "ordered", 30)
    *_, (_, k) = pairs_by_depth(net, laws.mf.q_star, 1, numbers)
    off = (k.ntk_variances[0] - p) / derived - 1
    yield printed("and what Θ_aa gains", off, 1000 * numbers.eps, "rounding of p, over r")


def _kappa_star(setting: Setting):
    """κ of digits with and without dropout."""
    x, m = setting.images("ordered")[0], setting.m
    laws = asymptotics.dropped(setting.laws("ordered"), KEEP)
    kappas = {l: spectrum(kernels(dropped(setting, "ordered", l), x)).kappa for l in (20, 100)}
    chi = laws.mf.chi_1
    star = laws.kappa_star(m)
    yield printed(
        "κ → κ* = 1 + m p* keep/((1 − keep)(p* − σ_b²))", kappas[100] / star - 1, 10 * 100 * chi**100, "l χ₁ˡ"
    )
    yield printed("which is finite", star / 1e3, 1, "below 1000, for 12 inputs at keep = 0.9")
    yield printed("it comes closer", abs(kappas[100] / star - 1) / abs(kappas[20] / star - 1), chi**70, "χ₁^80, l")
    gained = star / setting.spectrum("ordered", 100).kappa
    yield printed("without dropout κ at l = 100 is larger by far", gained, 1e-9, "l χ₁ˡ")


def _kappa_star_derivation(setting: Setting):
    results, numbers = setting.chapter("dropout"), setting.digits
    laws = asymptotics.dropped(setting.laws("ordered", numbers), KEEP)
    mf, convert, m = laws.mf, numbers.convert, 2
    derived = setting.evaluate(results["kappa_ordered"], (m, mf.p_star, convert(mf.sigma_b2), convert(KEEP)))
    exact = 100 * numbers.eps, "1/(1 − χ₁) of n digits"
    yield printed("κ*, derived, is the law's", laws.kappa_star(m) / derived - 1, *exact)
    deep = 15 * numbers.n
    *_, (_, k) = pairs_by_depth(dropped(setting, "ordered", deep), mf.q_star, 1, numbers)
    kappa = (k.ntk_variances[0] + k.ntk) / (k.ntk_variances[0] - k.ntk)
    yield printed("κ of two inputs at great depth is it", kappa / derived - 1, *exact)


def _price(setting: Setting):
    """P(Θ) y at depth, in order, with and without dropout; with it in digits, as the rounding of p* 11ᵀ hides it."""
    numbers, depths = setting.digits, (50, 100) if setting.quick else (100, 200)
    train, test, y = setting.images("ordered")
    plain, labels = [setting.prediction("ordered", l) for l in (200, 400)], np.max(np.abs(y))
    step = np.max(np.abs(plain[1] - plain[0])) / np.max(np.abs(plain[1]))
    yield leading("without dropout P(Θ)y tends to a limit", step, *SETTLED)
    yield leading("which is not 0", 1e-2 * labels / np.max(np.abs(plain[1])), 1, "above 1e-2 of the labels")
    kappa = asymptotics.dropped(setting.laws("ordered"), KEEP).kappa_star(setting.m)
    yield leading("with dropout κ stays finite, so networks can be trained", kappa / 1e3, 1, "below 1000")
    laws, y = setting.laws("ordered", numbers), np.array([2, -3, 1])
    train, test, m, found = train[:3], test[:1], 3, {}
    for l in depths:
        net = dropped(setting, "ordered", l)
        k, cross = kernels(net, train, numbers=numbers), kernels(net, test, train, numbers)
        found[l] = mean_predictor(k, cross, y)[0]
    last = depths[-1]
    over = float(abs(found[last])) / 3
    yield printed("and with it P(Θ)y stays of order 1", 1e-2 / over, 1, "above 1e-2 of the labels, as without")
    scaled = [float(found[l] / (l * laws.mf.chi_1**l)) for l in depths]
    yield corrected("with dropout P(Θ)y/(l χ₁ˡ) settles", settling(scaled), 2 / depths[0], "W/(s E l)")
    w, w_test = k.ntk_gap / 2, cross.ntk_gap / 2
    r = asymptotics.dropped(laws, KEEP).ridge(last)
    law = -(w_test @ y - laws.mf.p_star / (r + m * laws.mf.p_star) * np.sum(w @ y)) / r
    ridged = float(found[last] / law[0] - 1)
    yield corrected("at −(1/r)[w_test y − p*/(r + m p*) 11ᵀw y]", ridged, 1e-9, "l χ₁ˡ")


def _price_derivation(setting: Setting):
    """The two factors of l χ₁ˡ, derived, against the law for two inputs."""
    results = setting.chapter("dropout")
    laws = asymptotics.dropped(setting.laws("ordered"), KEEP)
    mf, l = laws.mf, 100
    r = laws.ridge(l)
    factors = results["predictor_ordered"](*[float(v) for v in (r, 2, mf.p_star)])
    E, E_test, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.5, 0.5]]), np.array([1.0, -1.0])
    law = laws.predictor(l, E, E_test, y)[0]
    w = laws.laws.ntk_gap(l, 1.0) / 2
    derived = -float(factors[0]) * w * (E_test @ y)[0]
    yield corrected("P(Θ)y = −w_test y/r, derived", abs(law / derived) - 1, 1e-9, "l χ₁ˡ at l = 100")
    yield printed("it stays of order 1, derived", 1e-2 / abs(derived), 1, "above 1e-2 of the labels")
    kriging = laws.laws.predictor(l, E, E_test, y)[0]
    yield leading("without dropout it does", 1e-2 / abs(kriging), 1, "above 1e-2 of the labels")


DROPOUT_CLAIMS = (
    sentence(
        "6.2-generalise",
        "6.2",
        "in order networks generalise whenever they can be trained",
        CORRECTED,
        "dropout",
        {"derivation": _price_derivation, "digits": _price},
        truth="not with the dropout of Section 6.5, the price of a finite κ*: P(Θ)y falls as l χ₁ˡ",
        law="P(Θ)y = −(1/r)[w_test y − p*/(r + m p*) 11ᵀ w y], r = (1/keep − 1)(p* − σ_b²)",
        curve=curves.dropped_predictor,
    ),
    sentence(
        "6.5-dropout",
        "6.5",
        "dropout on the penultimate layer is like a diagonal regularisation of the NTK",
        HOLDS,
        "dropout",
        {"derivation": _ridge_derivation} | both(_ridge),
        law="Θ + diag(r), r = (1/keep − 1)(Θ_aa − σ_b²), exactly",
    ),
    sentence(
        "6.5-dropout-kappa",
        "6.5, Figure 4",
        "in order one dropout layer makes κ converge to a finite κ* rather than diverge exponentially",
        HOLDS,
        "dropout",
        {"derivation": _kappa_star_derivation, "float64": _kappa_star},
        law="κ* = 1 + keep m q*/((1 − keep)(q* − (1 − χ₁)σ_b²)); critical 1 + keep m/(3 − keep), ReLU 4 − keep; "
        "its price: P(Θ)y falls as l χ₁ˡ (Section 6.2)",
        curve=curves.dropped_kappa,
    ),
)
