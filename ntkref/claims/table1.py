"""Table 1, the cells of the fully-connected network."""

from __future__ import annotations

import math

import numpy as np

from . import curves
from .claim import CORRECTED, HOLDS, Claim, corrected, leading, printed
from .measures import BOUNDED, DECADE, SETTLED, STRAIGHT, drift, growth, logs, settling, straightness
from .setting import Setting

__all__ = ["TABLE_CLAIMS", "critical_kappa"]

_ORDERED = (100, 200, 400)
_CHAOTIC = (30, 60)


def _ordered_max(setting: Setting):
    mf, laws, (E, _, W, _) = setting.mean_field("ordered"), setting.laws("ordered"), setting.constants("ordered")
    left = [setting.spectrum("ordered", l).lambda_max / setting.m - mf.p_star for l in (40, 60)]
    yield printed("(λ_max − m p*)/(m l χ₁ˡ) is bounded", left[1] / (60 * mf.chi_1**60), 10, "s E and W/l, below 10")
    law = [laws.lambda_max(l, E, W) / setting.m - mf.p_star for l in (40, 60)]
    yield printed("and the law's at l = 40", left[0] / law[0] - 1, 1e-3, "l χ₁ˡ, and rounding over it")
    yield printed("and at l = 60", left[1] / law[1] - 1, 1e-5, "l χ₁ˡ, and rounding over it")


def _ordered(setting: Setting, name, value, law, unit):
    """A number of the spectrum over its size settles, and its law with both constants is met to rounding."""
    mf, laws, (E, _, W, _) = setting.mean_field("ordered"), setting.laws("ordered"), setting.constants("ordered")
    found = {l: value(setting.spectrum("ordered", l)) for l in _ORDERED}
    scaled = [found[l] / (l * mf.chi_1**l) ** unit for l in _ORDERED]
    yield printed(f"{name} over its size settles", settling(scaled), *SETTLED)
    miss = [l * np.max(np.abs(found[l] / law(laws, l, E, 0) - 1)) for l in _ORDERED]
    yield printed("against its law with E, times l, settles", settling(miss), *SETTLED)
    last = np.max(np.abs(found[400] / law(laws, 400, E, W) - 1))
    yield printed("against its law with E and W", last, 1e-11, "rounding: 400 layers, and what κ costs")


def _ordered_bulk(setting: Setting):
    yield from _ordered(
        setting, "λ_bulk", lambda s: s.lambda_bulk, lambda laws, l, E, W: laws.lambda_bulk(l, E, W), unit=1
    )


def _ordered_kappa(setting: Setting):
    yield from _ordered(setting, "κ", lambda s: s.kappa, lambda laws, l, E, W: laws.kappa(l, E, W), unit=-1)


def _ordered_predictor(setting: Setting):
    """P y tends to a limit that depends on the data; the distance halves as l doubles."""
    first, second, third = (setting.prediction("ordered", l) for l in _ORDERED)
    yield printed("P(Θ)y is bounded", growth([second, third]), *BOUNDED)
    laws, (E, E_test, W, W_test) = setting.laws("ordered"), setting.constants("ordered")
    law = laws.predictor(400, E, E_test, setting.images("ordered")[2], W, W_test)
    yield printed("and the law's", np.max(np.abs(third / law - 1)), 1e-9, "rounding, in kriging")
    steps = np.max(np.abs(second - first)), np.max(np.abs(third - second))
    yield printed("its steps halve as l doubles", abs(2 * steps[1] / steps[0] - 1), 0.1, "next order, 1/l")
    yield printed("and its limit depends on the test point", 1e-3 / np.ptp(third), 1, "spread above 1e-3 of labels")


def _critical_max(setting: Setting):
    yield from _critical(setting, "max", lambda s: s.lambda_max, (setting.m + 2) / 3, setting.m - 1)


def _critical_bulk(setting: Setting):
    yield from _critical(setting, "bulk", lambda s: np.mean(s.lambda_bulk), 2 / 3, -1)


def _critical(setting, name, value, slope, log_factor):
    mf, laws, depths = setting.mean_field("critical"), setting.laws("critical"), setting.gram_decades
    found = [value(setting.spectrum("critical", l)) for l in depths]
    remainders = [v - slope * mf.q_star * l for v, l in zip(found, depths, strict=True)]
    yield printed(f"λ_{name} − {slope:.3g} q* l is O(1)", *drift(remainders, mf.q_star, depths[-1]))
    last = depths[-1]
    yield leading("leading term", remainders[-1] / (slope * mf.q_star * last), *logs(last))
    rise = (remainders[-1] - remainders[-2]) / math.log(depths[-1] / depths[-2])
    off = rise / (log_factor * mf.q_star * laws.rho / 3) - 1
    yield corrected("coefficient of log l", off, *logs(depths[-2]))
    C = setting.constants("critical")[0]
    law = laws.lambda_max(last, C) if name == "max" else np.mean(laws.lambda_bulk(last, C))
    room = 100 * math.log(last) / last**2 + 4 * last * 2.0**-53 * last, "C² log l/l², and rounding of l q*"
    yield corrected("against its law with C, over m", (found[-1] - law) / setting.m, *room)


def critical_kappa(setting: Setting):
    """κ on the line: the O(1/l) of the text, the limit, and the logarithm."""
    laws, depths, m = setting.laws("critical"), setting.gram_decades, setting.m
    limit = (m + 2) / 2
    scaled = [(setting.spectrum("critical", l).kappa - limit) * l for l in depths]
    yield printed("(κ − (m+2)/2) l is O(1)", *drift(scaled, m, depths[-1]))
    last = depths[-1]
    yield leading("κ tends to (m+2)/2", scaled[-1] / last / limit, *logs(last))
    rise = (scaled[-1] - scaled[-2]) / math.log(depths[-1] / depths[-2])
    off = rise / (0.75 * m * laws.rho) - 1
    yield corrected("(κ − (m+2)/2) l has slope (3m/4)ρ in log l", off, 10 * math.log(last) / depths[-2], "O(log l/l)")


def _critical_kappa_derivation(setting: Setting):
    results, numbers = setting.chapter("critical_line"), setting.digits
    q, m = setting.mean_field("critical", numbers).q_star, setting.m
    laws = setting.laws("critical", numbers)
    rho = setting.evaluate(results["rho_erf"], (q,))
    log = setting.evaluate(results["kappa_log"], (m, rho))
    yield printed("no log l/l term", log, 10 * numbers.eps, "rounding")
    limit = setting.evaluate(results["kappa"], (m,))
    yield leading("(m+2)/2, derived", 2 * limit / (m + 2) - 1, 10 * numbers.eps, "rounding")
    yield corrected("(3m/4)ρ, derived", 4 * log / (3 * m * laws.rho) - 1, 100 * numbers.eps, "rounding")


def _critical_predictor(setting: Setting):
    depths = setting.gram_decades
    scaled = [l * setting.prediction("critical", l) for l in depths]
    yield printed("l P(Θ)y settles, for labels of mean 0", settling(scaled), *DECADE)
    misses = setting.predictor_misses("critical", depths[-2:])
    yield printed("at the constant (1/2α)[C_test − 11ᵀC/(m+2)] y: the rest, times l², falls", growth(misses), *BOUNDED)


def _chaotic_max(setting: Setting):
    mf, laws, (E, V) = setting.mean_field("chaotic"), setting.laws("chaotic"), setting.training_constants("chaotic")
    found = {l: setting.spectrum("chaotic", l).lambda_max for l in _CHAOTIC}
    yield printed("λ_max/χ₁ˡ settles", settling([found[l] / mf.chi_1**l for l in _CHAOTIC]), *SETTLED)
    off = found[60] / laws.lambda_max(60, E, V) - 1
    yield printed("λ_max = p + (m−1) p_ab* + 1ᵀH1/m", off, 1e-12, "60 layers' rounding")


def _chaotic_bulk(setting: Setting):
    mf, laws, (E, V) = setting.mean_field("chaotic"), setting.laws("chaotic"), setting.training_constants("chaotic")
    found = {l: setting.spectrum("chaotic", l).lambda_bulk for l in _CHAOTIC}
    yield printed("λ_bulk/χ₁ˡ settles", settling([found[l] / mf.chi_1**l for l in _CHAOTIC]), *SETTLED)
    off = np.max(np.abs(found[60] / laws.lambda_bulk(60, E, V) - 1))
    yield printed("λ_bulk = p − p_ab* + eigenvalues of ΠHΠ", off, 1e-12, "60 layers' rounding")


def _chaotic_kappa(setting: Setting):
    laws, (E, V) = setting.laws("chaotic"), setting.training_constants("chaotic")
    ratios = [(setting.spectrum("chaotic", l).kappa - 1) / laws.kappa_minus_1(l, E, V) - 1 for l in (20, 40)]
    yield printed("(κ − 1)/law tends to 1", ratios[1], 3e-4, "l χ_c^(2l) at l = 40 is 7e-5, times E")
    yield printed("faster than it was at l = 20", abs(ratios[1] / ratios[0]), 0.01, "2 χ_c^40 is 0.003")


def _chaotic_predictor(setting: Setting):
    """Labels of mean 0; the distances to p_ab* cancel, so depth is kept to what float64 resolves."""
    mf, depths = setting.mean_field("chaotic"), (50, 70, 90)
    predictions = [setting.prediction("chaotic", l) for l in depths]
    scaled = [p / (mf.chi_c / mf.chi_1) ** l for l, p in zip(depths, predictions, strict=True)]
    yield printed("P(Θ)y/(χ_c/χ₁)ˡ is a line in l", straightness(scaled), *STRAIGHT)


_TWO = np.array([[0.0, 1.0], [1.0, 0.0]])  # two inputs with E, C = 1, for which μ_min = 1
_ROUNDING = 1e-12, "float64 laws, a few hundred roundings"


def _ordered_kappa_derivation(setting: Setting):
    """The chapter's constant against the package's law at l = 300, where all but the leading term is gone."""
    results, numbers = setting.chapter("ordered_phase"), setting.digits
    mf = setting.mean_field("ordered", numbers)
    s = setting.evaluate(results["s_erf"], (mf.q_star, mf.chi_1))
    kappa = setting.evaluate(results["kappa"], (2, mf.p_star, s, 1, mf.chi_1, 300))
    yield printed("κ of two inputs, derived", setting.laws("ordered").kappa(300, _TWO) / float(kappa) - 1, *_ROUNDING)


def _critical_slope_derivation(setting: Setting, key, value):
    """The derived leading term, and the logarithm that the package's law has beside it."""
    results, numbers, m = setting.chapter("critical_line"), setting.digits, setting.m
    laws, q = setting.laws("critical"), setting.mean_field("critical", numbers).q_star
    slope = float(setting.evaluate(results[key], (m, q)))
    C, depths = np.ones((m, m)), (1e8, 1e10)
    beyond = [value(laws, l, C) - slope * l for l in depths]
    yield leading("leading term, derived", beyond[1] / (slope * depths[1]), 1e-7, "log l/l")
    rho = float(setting.evaluate(results["rho_erf"], (q,)))
    of_rho = (m - 1 if key == "lambda_max_slope" else -1) * float(q) * rho / 3
    rise = (beyond[1] - beyond[0]) / math.log(100)
    yield printed("no log l beside it", rise, 1e-3, "O(1)")
    yield corrected("the derived coefficient of log l", rise / of_rho - 1, 1e-5, "log l/l at 1e8, and rounding of 1e10")


def _critical_max_derivation(setting: Setting):
    yield from _critical_slope_derivation(setting, "lambda_max_slope", lambda laws, l, C: laws.lambda_max(l, C))


def _critical_bulk_derivation(setting: Setting):
    yield from _critical_slope_derivation(setting, "lambda_bulk_slope", lambda laws, l, C: laws.lambda_bulk(l, C)[0])


def _critical_predictor_derivation(setting: Setting):
    results, laws, m = setting.chapter("critical_line"), setting.laws("critical"), 2
    alpha = setting.laws("critical", setting.digits).alpha
    factor = setting.evaluate(results["predictor_factor"], (alpha,))
    share = setting.evaluate(results["predictor_mean"], (m,))
    y, C_test = np.array([1.0, -1.0]), np.array([[1.5, 0.5]])
    l = 1e9
    derived = float(factor) * (C_test @ y - float(share) * np.sum(_TWO @ y))
    law = l * laws.predictor(l, _TWO, C_test, y)
    yield printed("lim l P y, derived, against the law at l = 1e9", law[0] / derived[0] - 1, 1e-6, "log l/l")


def _chaotic_kappa_derivation(setting: Setting):
    results, numbers = setting.chapter("chaotic_phase"), setting.digits
    mf, laws = setting.mean_field("chaotic", numbers), setting.laws("chaotic")
    derived = setting.evaluate(results["kappa_minus_1"], (2, mf.p_ab_star, mf.q_star, mf.chi_1, 300))
    yield printed("κ − 1, derived, at l = 300", laws.kappa_minus_1(300, _TWO) / float(derived) - 1, *_ROUNDING)


def _chaotic_predictor_derivation(setting: Setting):
    results, numbers = setting.chapter("chaotic_phase"), setting.digits
    mf, laws, l = setting.mean_field("chaotic", numbers), setting.laws("chaotic"), 300
    factor = setting.evaluate(results["predictor_factor"], (mf.q_star, mf.chi_1, laws.resonance))
    rate = float(factor * l * (mf.chi_c / mf.chi_1) ** l)
    law = laws.predictor(l, _TWO, np.array([[1.5, 0.5]]), np.array([1.0, -1.0]))[0]
    yield printed("P(Θ) y of labels 1, −1, derived", law / rate - 1, *_ROUNDING)


def _cell(row, column, paper, verdict, law, curve, truth="", **routes):
    chapter = {"ordered": "ordered_phase", "critical": "critical_line", "chaotic": "chaotic_phase"}[column]
    where = f"Table 1, {row}, {column}"
    return Claim(f"table-1-{row}-{column}", where, paper, verdict, chapter, routes, truth, law, curve)


TABLE_CLAIMS = (
    _cell(
        "lambda_max",
        "ordered",
        "λ_max = m p* + m O(l χ₁ˡ)",
        HOLDS,
        "m p*(1 − χ₁ˡ) − (1/m) Σ_{a≠b} (s E_ab l + W_ab) χ₁^(l−1) + m O(l² χ₁^(2l))",
        curves.ordered_top,
        float64=_ordered_max,
    ),
    _cell(
        "lambda_bulk",
        "ordered",
        "λ_bulk = O(l χ₁ˡ)",
        HOLDS,
        "s μ_i l χ₁^(l−1) (1 + O(1/l)), μ_i: eigenvalues of −ΠEΠ, s = 1 + 4q*²/((1−χ₁)(1+4q*))",
        curves.ordered_bulk,
        float64=_ordered_bulk,
    ),
    _cell(
        "kappa",
        "ordered",
        "κ = m p* Ω(χ₁^{−l}/l)",
        HOLDS,
        "m p*/(s μ_min l χ₁^(l−1)) (1 + O(1/l))",
        curves.ordered_kappa,
        derivation=_ordered_kappa_derivation,
        float64=_ordered_kappa,
    ),
    _cell(
        "predictor",
        "ordered",
        "P(Θ)y = O(1)",
        HOLDS,
        "ordinary kriging with variogram E + W/(s l), up to O(l χ₁ˡ)",
        curves.ordered_predictor,
        float64=_ordered_predictor,
    ),
    _cell(
        "lambda_max",
        "critical",
        "λ_max = (m+2) l q*/3 + m O(1)",
        CORRECTED,
        "(m+2) l q*/3 + (m−1)(q*ρ/3) log l + (1/m) Σ_{a≠b} c₀ + m O(log l/l), ρ = −(6q*²+4q*+1)/(6q*²)",
        curves.critical_top,
        "(m+2) l q*/3 + (m−1)(q*ρ/3) log l + m O(1)",
        derivation=_critical_max_derivation,
        float64=_critical_max,
    ),
    _cell(
        "lambda_bulk",
        "critical",
        "λ_bulk = 2 l q*/3 + O(1)",
        CORRECTED,
        "2 l q*/3 − (q*ρ/3) log l + eigenvalues of Π c₀ Π + O(log l/l)",
        curves.critical_bulk,
        "2 l q*/3 − (q*ρ/3) log l + O(1)",
        derivation=_critical_bulk_derivation,
        float64=_critical_bulk,
    ),
    _cell(
        "kappa",
        "critical",
        "κ = (m+2)/2 + m O(1/l)",
        CORRECTED,
        "(m+2)/2 + (3m/4) ρ log l/l + m O(1/l)",
        curves.critical_kappa,
        "the remainder is (3m/4) ρ log l/l + m O(1/l)",
        derivation=_critical_kappa_derivation,
        float64=critical_kappa,
    ),
    _cell(
        "predictor",
        "critical",
        "P(Θ)y = O(1/l)",
        HOLDS,
        "(1/(2αl)) [C_test − 11ᵀC/(m+2)] y + O(log l/l²), α = 2q*/(1+4q*)",
        curves.critical_predictor,
        derivation=_critical_predictor_derivation,
        float64=_critical_predictor,
    ),
    _cell(
        "lambda_max",
        "chaotic",
        "λ_max = Θ(χ₁ˡ)",
        HOLDS,
        "q*(χ₁ˡ−1)/(χ₁−1) + (m−1) p_ab* + m O(l χ_cˡ)",
        curves.chaotic_top,
        float64=_chaotic_max,
    ),
    _cell(
        "lambda_bulk",
        "chaotic",
        "λ_bulk = Θ(χ₁ˡ)",
        HOLDS,
        "q*(χ₁ˡ−1)/(χ₁−1) − p_ab* + m O(l χ_cˡ)",
        curves.chaotic_bulk,
        float64=_chaotic_bulk,
    ),
    _cell(
        "kappa",
        "chaotic",
        "κ = 1 + O(χ₁^{−l})",
        HOLDS,
        "1 + m p_ab* (χ₁−1)/q* χ₁^(−l) (1 + O(l χ_cˡ) + O(χ₁^(−l))), for σ_b² > 0",
        curves.chaotic_kappa,
        derivation=_chaotic_kappa_derivation,
        float64=_chaotic_kappa,
    ),
    _cell(
        "predictor",
        "chaotic",
        "P(Θ)y = O(l (χ_c/χ₁)ˡ)",
        HOLDS,
        "l (χ_c/χ₁)ˡ (χ₁−1)/q* R E_test y (1 + O(1/l)), R = (χ_c + f″(q_ab*) p_ab*)/χ_c²",
        curves.chaotic_predictor,
        derivation=_chaotic_predictor_derivation,
        float64=_chaotic_predictor,
    ),
)
