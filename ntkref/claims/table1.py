"""Table 1, the cells of the fully-connected network."""

from __future__ import annotations

import math

import numpy as np

from .. import asymptotics
from ..predictor import mean_predictor
from ..spectrum import spectrum
from .claim import CORRECTED, HOLDS, Claim, corrected, leading, printed
from .laws import BOUNDED, SETTLED, STRAIGHT, drift, growth, settling, straightness
from .phases import critical_spectra
from .setting import Setting

__all__ = ["TABLE_CLAIMS"]

_ORDERED = (100, 200, 400)
_CHAOTIC = (30, 60)


def _ordered_spectra(setting):
    return {l: spectrum(k) for l, (k, _) in setting.kernels("ordered", _ORDERED).items()}


def _ordered_max(setting: Setting):
    mf, depths = setting.mean_field("ordered"), (40, 80)
    spectra = {l: spectrum(k) for l, (k, _) in setting.kernels("ordered", depths).items()}
    remainders = [(spectra[l].lambda_max / setting.m - mf.p_star) / (l * mf.chi_1**l) for l in depths]
    yield printed("(λ_max − m p*)/(m l χ₁ˡ) is bounded", growth(remainders), *BOUNDED)


def _ordered_law(setting: Setting):
    laws = asymptotics.of(setting.mean_field("ordered"))
    return laws, laws.coordinate(setting.one_minus_c("ordered"))


def _ordered_bulk(setting: Setting):
    mf, spectra = setting.mean_field("ordered"), _ordered_spectra(setting)
    laws, E = _ordered_law(setting)
    scaled = [spectra[l].lambda_bulk / (l * mf.chi_1**l) for l in _ORDERED]
    yield printed("λ_bulk/(l χ₁ˡ) settles", settling(scaled), *SETTLED)
    miss = [l * np.max(np.abs(spectra[l].lambda_bulk / laws.lambda_bulk(l, E) - 1)) for l in _ORDERED]
    yield printed("against s μ_i l χ₁^(l−1), times l, is bounded", growth(miss), *BOUNDED)


def _ordered_kappa(setting: Setting):
    mf, spectra = setting.mean_field("ordered"), _ordered_spectra(setting)
    laws, E = _ordered_law(setting)
    scaled = [spectra[l].kappa * (l * mf.chi_1**l) / (setting.m * mf.p_star) for l in _ORDERED]
    yield printed("κ l χ₁ˡ/(m p*) settles above 0", settling(scaled), *SETTLED)
    miss = [l * abs(spectra[l].kappa / laws.kappa(l, E) - 1) for l in _ORDERED]
    yield printed("κ against its law with constants, times l, is bounded", growth(miss), *BOUNDED)


def _predictions(setting, phase, depths):
    _, _, y = setting.images(phase)
    return [mean_predictor(k, cross, y) for k, cross in setting.kernels(phase, depths).values()]


def _ordered_predictor(setting: Setting):
    """P y tends to a limit that depends on the data; the distance halves as l doubles."""
    first, second, third = _predictions(setting, "ordered", _ORDERED)
    yield printed("P(Θ)y is bounded", growth([second, third]), *BOUNDED)
    steps = np.max(np.abs(second - first)), np.max(np.abs(third - second))
    yield printed("its steps halve as l doubles", abs(2 * steps[1] / steps[0] - 1), 0.1, "next order, 1/l")
    yield printed("and its limit depends on the test point", 1e-3 / np.ptp(third), 1, "spread above 1e-3 of labels")


def _critical_max(setting: Setting):
    yield from _critical(setting, "max", lambda s: s.lambda_max, (setting.m + 2) / 3, setting.m - 1)


def _critical_bulk(setting: Setting):
    yield from _critical(setting, "bulk", lambda s: np.mean(s.lambda_bulk), 2 / 3, -1)


def _critical(setting, name, value, slope, logs):
    mf, spectra = setting.mean_field("critical"), critical_spectra(setting)
    laws, depths = asymptotics.of(mf), list(spectra)
    remainders = [value(spectra[l]) - slope * mf.q_star * l for l in depths]
    yield printed(f"λ_{name} − {slope:.3g} q* l is O(1)", *drift(remainders, mf.q_star, depths[-1]))
    last = depths[-1]
    yield leading("leading term", remainders[-1] / (slope * mf.q_star * last), 5 * math.log(last) / last, "log l/l")
    rise = (remainders[-1] - remainders[-2]) / math.log(depths[-1] / depths[-2])
    off = rise / (logs * mf.q_star * laws.rho / 3) - 1
    yield corrected("coefficient of log l", off, 5 * math.log(last) / depths[-2], "O(log l/l)")


def _critical_kappa(setting: Setting):
    mf, spectra, m = setting.mean_field("critical"), critical_spectra(setting), setting.m
    laws, depths = asymptotics.of(mf), list(spectra)
    limit = (m + 2) / 2
    scaled = [(spectra[l].kappa - limit) * l for l in depths]
    yield printed("(κ − (m+2)/2) l is O(1)", *drift(scaled, m, depths[-1]))
    last = depths[-1]
    yield leading("κ tends to (m+2)/2", spectra[last].kappa / limit - 1, 5 * math.log(last) / last, "log l/l")
    rise = (scaled[-1] - scaled[-2]) / math.log(depths[-1] / depths[-2])
    off = rise / (0.75 * m * laws.rho) - 1
    yield corrected("(κ − (m+2)/2) l has slope (3m/4)ρ in log l", off, 10 * math.log(last) / depths[-2], "O(log l/l)")


def _critical_kappa_derivation(setting: Setting):
    results, numbers = setting.chapter("critical_line"), setting.digits
    q, m = setting.mean_field("critical", numbers).q_star, setting.m
    laws = asymptotics.of(setting.mean_field("critical", numbers))
    rho = setting.evaluate(results["rho_erf"], (q,))
    log = setting.evaluate(results["kappa_log"], (m, rho))
    yield printed("no log l/l term", log, 10 * numbers.eps, "rounding")
    limit = setting.evaluate(results["kappa"], (m,))
    yield leading("(m+2)/2, derived", 2 * limit / (m + 2) - 1, 10 * numbers.eps, "rounding")
    yield corrected("(3m/4)ρ, derived", 4 * log / (3 * m * laws.rho) - 1, 100 * numbers.eps, "rounding")


def _critical_predictor(setting: Setting):
    depths = setting.gram_decades
    scaled = [l * p for l, p in zip(depths, _predictions(setting, "critical", depths), strict=True)]
    yield printed("l P(Θ)y settles, for labels of mean 0", settling(scaled), *SETTLED)


def _chaotic_spectra(setting):
    return {l: spectrum(k) for l, (k, _) in setting.kernels("chaotic", _CHAOTIC).items()}


def _chaotic_max(setting: Setting):
    mf, spectra = setting.mean_field("chaotic"), _chaotic_spectra(setting)
    laws = asymptotics.of(mf)
    yield printed("λ_max/χ₁ˡ settles", settling([spectra[l].lambda_max / mf.chi_1**l for l in _CHAOTIC]), *SETTLED)
    last = _CHAOTIC[-1]
    off = spectra[last].lambda_max - laws.lambda_max(last, setting.m)
    yield printed("λ_max = p + (m−1) p_ab* + m O(l χ_cˡ)", off / setting.m, 10 * last * mf.chi_c**last, "E of order 1")


def _chaotic_bulk(setting: Setting):
    mf, spectra = setting.mean_field("chaotic"), _chaotic_spectra(setting)
    laws = asymptotics.of(mf)
    scaled = [spectra[l].lambda_bulk / mf.chi_1**l for l in _CHAOTIC]
    yield printed("λ_bulk/χ₁ˡ settles", settling(scaled), *SETTLED)
    last = _CHAOTIC[-1]
    off = np.max(np.abs(spectra[last].lambda_bulk - laws.lambda_bulk(last)))
    yield printed("λ_bulk = p − p_ab* + O(l χ_cˡ)", off, 20 * last * mf.chi_c**last, "E of order 1, m of them")


def _chaotic_kappa(setting: Setting):
    mf, m = setting.mean_field("chaotic"), setting.m
    laws, depths = asymptotics.of(mf), (60, 90)
    ratios = []
    for l, (k, _) in setting.kernels("chaotic", depths).items():
        ratios.append((spectrum(k).kappa - 1) / laws.kappa_minus_1(l, m) - 1)
    yield printed("(κ − 1)(p − p_ab*)/(m p_ab*) tends to 1", ratios[-1], 0.01, "l χ_cˡ at l = 90, and u/(κ − 1)")
    yield printed("faster than it was at l = 60", abs(ratios[1] / ratios[0]), 0.5, "χ_c^30 is 0.007, before rounding")


def _chaotic_predictor(setting: Setting):
    """Labels of mean 0; the distances to p_ab* cancel, so depth is kept to what float64 resolves."""
    mf, depths = setting.mean_field("chaotic"), (40, 60, 80)
    predictions = _predictions(setting, "chaotic", depths)
    scaled = [p / (mf.chi_c / mf.chi_1) ** l for l, p in zip(depths, predictions, strict=True)]
    yield printed("P(Θ)y/(χ_c/χ₁)ˡ is a line in l", straightness(scaled), *STRAIGHT)


def _cell(row, column, paper, verdict, chapter, truth="", **routes):
    return Claim(f"table-1-{row}-{column}", f"Table 1, {row}, {column}", paper, verdict, chapter, routes, truth)


TABLE_CLAIMS = (
    _cell("lambda_max", "ordered", "λ_max = m p* + m O(l χ₁ˡ)", HOLDS, "ntk_limits", float64=_ordered_max),
    _cell("lambda_bulk", "ordered", "λ_bulk = O(l χ₁ˡ)", HOLDS, "ntk_limits", float64=_ordered_bulk),
    _cell("kappa", "ordered", "κ = m p* Ω(χ₁^{−l}/l)", HOLDS, "ntk_limits", float64=_ordered_kappa),
    _cell("predictor", "ordered", "P(Θ)y = O(1)", HOLDS, "ntk_limits", float64=_ordered_predictor),
    _cell(
        "lambda_max",
        "critical",
        "λ_max = (m+2) l q*/3 + m O(1)",
        CORRECTED,
        "critical_line",
        "(m+2) l q*/3 + (m−1)(q*ρ/3) log l + m O(1)",
        float64=_critical_max,
    ),
    _cell(
        "lambda_bulk",
        "critical",
        "λ_bulk = 2 l q*/3 + O(1)",
        CORRECTED,
        "critical_line",
        "2 l q*/3 − (q*ρ/3) log l + O(1)",
        float64=_critical_bulk,
    ),
    _cell(
        "kappa",
        "critical",
        "κ = (m+2)/2 + m O(1/l)",
        CORRECTED,
        "critical_line",
        "(m+2)/2 + (3m/4) ρ log l/l + m O(1/l)",
        derivation=_critical_kappa_derivation,
        float64=_critical_kappa,
    ),
    _cell("predictor", "critical", "P(Θ)y = O(1/l)", HOLDS, "critical_line", float64=_critical_predictor),
    _cell("lambda_max", "chaotic", "λ_max = Θ(χ₁ˡ)", HOLDS, "ntk_limits", float64=_chaotic_max),
    _cell("lambda_bulk", "chaotic", "λ_bulk = Θ(χ₁ˡ)", HOLDS, "ntk_limits", float64=_chaotic_bulk),
    _cell("kappa", "chaotic", "κ = 1 + O(χ₁^{−l})", HOLDS, "ntk_limits", float64=_chaotic_kappa),
    _cell("predictor", "chaotic", "P(Θ)y = O(l (χ_c/χ₁)ˡ)", HOLDS, "ntk_limits", float64=_chaotic_predictor),
)
