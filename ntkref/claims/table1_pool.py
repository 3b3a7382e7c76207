"""Table 1, the cells of the CNN with average pooling: what the paper prints in blue."""

from __future__ import annotations

import math

import numpy as np

from ..numbers import Numbers, float64
from ..recursion import kernels
from ..spectrum import spectrum
from . import image_curves as curves
from .claim import CORRECTED, HOLDS, Claim, corrected, leading, printed
from .measures import BOUNDED, DECADE, SETTLED, drift, growth, logs, settling
from .setting import Setting
from .spatial import POOLED, rows

__all__ = ["POOL_CLAIMS", "equal", "factor_of_order", "pooled_kappa"]

_M, _D = 12, 36  # of Figure 1, for images all of whose pixels are at one angle to each other


def equal(setting: Setting, numbers: Numbers = float64, m: int = _M, d: int = _D) -> dict:
    """{l: (λ_max, λ_bulk, κ)} on the line of m images whose pixels are all at one angle: Θ has two numbers p, p_ab."""
    found, depths = {}, setting.decades if numbers is float64 else setting.digit_depths
    for l, k in setting.pair("critical", depths, numbers).items():
        p, gap = k.ntk_variances[0], k.ntk_gap / 2
        found[l] = gap / d + m * k.ntk, gap / d, 1 + m * d * (p - gap) / gap
    return found


def _log_term(setting: Setting, name, which, slope, log_factor):
    """λ − slope q* l at three decades: it isn't O(1) but has a logarithm, for images of equal entries."""
    laws, depths = setting.laws("critical"), setting.decades
    q, last = laws.mf.q_star, depths[-1]
    found = equal(setting)
    remainders = [float(found[l][which]) - slope * q * l for l in depths]
    yield printed(f"d (λ_{name} − {slope:.3g} q* l) is m O(1)", *drift([_D * r for r in remainders], q * _M, last))
    yield leading("leading term", remainders[-1] / (slope * q * last), *logs(last))
    rise = (remainders[-1] - remainders[-2]) / math.log(depths[-1] / depths[-2])
    yield corrected("coefficient of log l", rise / (log_factor * q * laws.rho / 3) - 1, *logs(depths[-2]))


def _critical_max(setting: Setting):
    yield from _log_term(setting, "max", 0, (_M * _D + 2) / (3 * _D), (_M * _D - 1) / _D)
    yield from _digits_on_line(setting, "λ_max", lambda law, l, C: law.lambda_max(l, C), 0)


def _critical_bulk(setting: Setting):
    yield from _log_term(setting, "bulk", 1, 2 / (3 * _D), -1 / _D)
    yield from _digits_on_line(setting, "λ_bulk", lambda law, l, C: law.lambda_bulk(l, C), slice(1, None))


def _digits_on_line(setting: Setting, name, law, which):
    """Eigenvalues for handwritten digits against the law, whose C are read from K alone."""
    digits = rows(setting, "critical")
    C, laws = digits.constants[0], digits.pooled_laws
    misses = []
    for l in digits.depths[-2:]:
        values = np.linalg.eigvalsh(digits.pooled(l)[0])[::-1][which]
        misses.append((values - law(laws, l, C)) * l**2 / math.log(l))
    yield corrected(f"{name} of digits against its law, over log l/l², does not grow", growth(misses), *BOUNDED)


def pooled_kappa(setting: Setting):
    """κ on the line: the O(1/l) of the table, the limit, and the logarithm."""
    laws, depths, found = setting.laws("critical"), setting.decades, equal(setting)
    limit, last = (_M * _D + 2) / 2, depths[-1]
    scaled = [(float(found[l][2]) - limit) * l for l in depths]
    yield printed("(κ − (md+2)/2) l is d m O(1)", *drift(scaled, _M * _D, last))
    yield leading("κ tends to (md+2)/2", scaled[-1] / last / limit, *logs(last))
    rise = (scaled[-1] - scaled[-2]) / math.log(depths[-1] / depths[-2])
    off = rise / (0.75 * _M * _D * laws.rho) - 1
    yield corrected("(κ − (md+2)/2) l has slope (3md/4)ρ in log l", off, *logs(depths[-2]))
    digits = rows(setting, "critical")
    C = digits.constants[0]
    left = [(np.linalg.cond(digits.pooled(l)[0]) - digits.pooled_laws.kappa(l, C)) * l**2 for l in digits.depths[-2:]]
    yield corrected("κ of digits against its law, times l², does not grow", growth(left), *BOUNDED)


def _critical_kappa_derivation(setting: Setting):
    results, numbers = setting.chapter("flattening_and_pooling"), setting.digits
    laws, exact = setting.laws("critical", numbers), (10 * numbers.eps, "rounding")
    log = setting.evaluate(results["kappa_log"], (_M, _D, laws.rho))
    yield printed("no log l/l term, derived", log, *exact)
    limit = setting.evaluate(results["kappa_critical"], (_M, _D))
    yield leading("(md+2)/2, derived", 2 * limit / (_M * _D + 2) - 1, *exact)
    yield corrected("(3md/4)ρ, derived", 4 * log / (3 * _M * _D * laws.rho) - 1, *exact)
    for l, (_, _, kappa) in equal(setting, numbers).items():
        k = setting.pair("critical", setting.digit_depths, numbers)[l]
        derived = setting.evaluate(results["kappa"], (k.ntk_variances[0], k.ntk, _M, _D))
        yield corrected(f"κ of equal entries at l = {l}, derived", derived / kappa - 1, *exact)


def _slope_derivation(setting: Setting, key, arguments, which):
    """The derived slope in l; what is beside it at two great depths has a logarithm."""
    results, numbers = setting.chapter("flattening_and_pooling"), setting.digits
    q, depths, found = setting.mean_field("critical", numbers).q_star, setting.digit_depths, equal(setting, numbers)
    slope = setting.evaluate(results[key], (*arguments, q))
    beside = [found[l][which] - slope * l for l in depths]
    yield leading(f"{key}, derived", beside[1] / (slope * depths[-1]), *logs(depths[-1]))
    rise = (beside[1] - beside[0]) / math.log(10)
    yield printed("no log l beside it", _D * rise / q, 0.01, "O(1)")
    factor = (_M * _D - 1 if which == 0 else -1) / (3 * _D)
    off = rise / (q * setting.laws("critical", numbers).rho * factor) - 1
    yield corrected("the coefficient of log l", off, *logs(depths[-2]))


def _ordered_max(setting: Setting):
    digits = rows(setting, "ordered")
    E, _, W, _ = digits.constants
    mf, laws, m = digits.mf, digits.pooled_laws, digits.m
    left = {l: digits.spectrum(l, "pool").lambda_max / m - mf.p_star for l in (40, 60)}
    yield printed("(λ_max − m p*)/(m l χ₁ˡ) is bounded", left[60] / (60 * mf.chi_1**60), 10, "s E and W/l, below 10")
    for l, found in left.items():
        room = 10 * l * mf.chi_1**l + 1e-14 / mf.chi_1**l, "l χ₁ˡ, and rounding over χ₁ˡ"
        yield printed(f"and the law's at l = {l}", found / (laws.lambda_max(l, E, W) / m - mf.p_star) - 1, *room)


def factor_of_order(setting: Setting) -> dict:
    """{l: κ of CNN-P over κ of CNN-F} in order."""
    digits = rows(setting, "ordered")
    return {l: digits.spectrum(l, "pool").kappa / digits.spectrum(l, "flatten").kappa for l in POOLED}


def _ordered(setting: Setting, name, value, law, unit):
    """Rates, the factor d, and the law, of a number of the spectrum; `value` of (λ_max, λ_bulk)."""
    digits = rows(setting, "ordered")
    (E, _, W, _), mf, laws = digits.constants, digits.mf, digits.pooled_laws
    found = {l: value(*digits.ordered_spectrum(l)) for l in digits.depths}
    before, last = digits.depths[-2:]
    scaled = [found[l] / (l * mf.chi_1**l) ** unit for l in (before, last)]
    yield leading(f"{name} over its size settles", settling(scaled), *SETTLED)
    whole, flat = (digits.spectrum(60, readout) for readout in ("pool", "flatten"))
    whole, flat = (value(s.lambda_max, s.lambda_bulk) for s in (whole, flat))
    off = np.max(np.abs(whole / flat * float(digits.d) ** unit - 1))
    yield printed("it is CNN-F's times or over d", off, 0.25, "on the line (md+2)/(m+2) is 0.78 d here")
    yield corrected("the law's, with Ē", np.max(np.abs(found[last] / law(laws, last, E, 0) - 1)), 10 / last, "O(1/l)")
    off = np.max(np.abs(found[last] / law(laws, last, E, W) - 1))
    yield corrected("the law's, with Ē and W̄", off, 1e-8, "E and W are good to ten digits")
    off = np.max(np.abs(whole / law(laws, 60, E, W) - 1))
    yield corrected("as is the spectrum of all pixels pooled, at l = 60", off, 10 * 60 * mf.chi_1**60, "l χ₁ˡ")


def _ordered_bulk(setting: Setting):
    yield from _ordered(setting, "λ_bulk", lambda top, bulk: bulk, lambda laws, *of: laws.lambda_bulk(*of), unit=1)


def _ordered_kappa(setting: Setting):
    yield from _ordered(setting, "κ", lambda top, bulk: top / bulk[-1], lambda laws, *of: laws.kappa(*of), unit=-1)
    digits = rows(setting, "ordered")
    smaller = max(0.0, 1 - min(factor_of_order(setting).values()))
    yield corrected("κ is never below CNN-F's", smaller, 0, "an inequality, by (17.4)")
    train = np.broadcast_to(digits.images[0][:, :1], digits.images[0].shape)
    pool, flat = (spectrum(kernels(digits.network(20, readout), train)).kappa for readout in ("pool", "flatten"))
    yield corrected("for images whose pixels are equal it is CNN-F's", pool / flat - 1, 1e-9, "rounding, times κ = 1e4")


def _ordered_predictor(setting: Setting):
    digits = rows(setting, "ordered")
    E, E_test, W, W_test = digits.constants
    laws, y = digits.pooled_laws, digits.images[2]
    found = {l: digits.prediction(l, "pool") for l in (20, 40, 60)}
    yield printed("P(Θ)y is bounded", growth([found[40], found[60]]), *BOUNDED)
    law = laws.predictor(60, E, E_test, y, W, W_test)
    scale = np.max(np.abs(y))
    room = 10 * 60 * digits.mf.chi_1**60, "l χ₁ˡ at l = 60"
    yield printed("and the law's, kriging with w̄", np.max(np.abs(found[60] - law)) / scale, *room)
    over = np.max(np.abs(found[60] / digits.prediction(60, "flatten")))
    yield printed("there is no factor d in it", over / digits.d, 0.25, "P(Θ)y of CNN-P over that of CNN-F, over d")
    yield printed(
        "and it depends on the test point", 1e-2 * scale / np.ptp(found[60]), 1, "spread above 1e-2 of labels"
    )


def _critical_predictor(setting: Setting):
    digits = rows(setting, "critical")
    C, C_test, _, _ = digits.constants
    laws, y, depths = digits.pooled_laws, digits.images[2], digits.depths
    found = {l: digits.pooled(l)[1] @ np.linalg.solve(digits.pooled(l)[0], y) for l in depths[-2:]}
    misses = [(found[l] - laws.predictor(l, C, C_test, y)) * l**2 for l in depths[-2:]]
    yield printed("P(Θ)y against its law: what is left, times l²/d, falls", growth(misses), *BOUNDED)
    far = [l * laws.predictor(l, C, C_test, y) for l in (1e5, 1e6)]
    yield printed("l times the law settles", settling(far), *DECADE)


def _critical_predictor_derivation(setting: Setting):
    """The derived limit of l P(Θ)y for the digits' C, against the law."""
    results, digits = setting.chapter("flattening_and_pooling"), rows(setting, "critical")
    C, C_test, _, _ = digits.constants
    alpha, l, (_, _, y) = setting.laws("critical", setting.digits).alpha, 1e10, digits.images
    factor = float(setting.evaluate(results["predictor_factor"], (digits.d, alpha)))
    share = float(setting.evaluate(results["predictor_mean"], (digits.m, digits.d)))
    mean, mean_test = np.mean(C, axis=2), np.mean(C_test, axis=2)  # C is 0 for a pixel and itself
    derived = factor * (mean_test @ y - share * np.sum(mean @ y))
    law = l * digits.pooled_laws.predictor(l, C, C_test, y)
    off = np.max(np.abs(law / derived - 1))
    yield printed("lim l P(Θ)y, derived, is the law's at l = 1e10", off, 1e-6, "d m C log l/l")
    yield printed(
        "and its factor is d times the FCN's 1/2α", factor * 2 * float(alpha) / digits.d - 1, 1e-15, "rounding"
    )


def _chaotic_max(setting: Setting):
    yield from _chaotic_eigenvalue(setting, "λ_max", lambda s: s.lambda_max, lambda laws: laws.lambda_max)


def _chaotic_bulk(setting: Setting):
    yield from _chaotic_eigenvalue(setting, "λ_bulk", lambda s: s.lambda_bulk, lambda laws: laws.lambda_bulk)


def _chaotic_eigenvalue(setting: Setting, name, value, law):
    digits = rows(setting, "chaotic")
    (E, _, V, _), chi = digits.constants, digits.mf.chi_1
    found = {l: value(digits.spectrum(l, "pool")) for l in (40, 60)}
    yield printed(f"d {name}/χ₁ˡ settles", settling([found[l] / chi**l for l in (40, 60)]), *SETTLED)
    limit = found[60] * digits.d * (chi - 1) / (chi**60 * digits.mf.q_star)
    yield printed("at q*/(χ₁ − 1)", np.max(np.abs(limit - 1)), 2 * digits.m * digits.d * chi**-60, "m d p_ab*/p⁽ˡ⁾")
    off = np.max(np.abs(found[60] / law(digits.pooled_laws)(60, E, V) - 1))
    yield printed(
        "it is the law's", off, 10 * digits.d * digits.mf.chi_c**120 / chi**60 + 1e-11, "l χ_c^(2l), rounding"
    )


def _chaotic_kappa(setting: Setting):
    digits = rows(setting, "chaotic")
    (E, _, V, _), laws, d = digits.constants, digits.pooled_laws, digits.d
    over = {l: (digits.spectrum(l, "pool").kappa - 1) / laws.kappa_minus_1(l, E, V) - 1 for l in (20, 40)}
    yield printed("(κ − 1)/law tends to 1", over[40], 3e-4, "l χ_c^(2l) at l = 40 is 7e-5, times E")
    yield printed("faster than it was at l = 20", abs(over[40] / over[20]), 0.01, "2 χ_c^40 is 0.003")
    ratio = (digits.spectrum(60, "pool").kappa - 1) / (digits.spectrum(60, "flatten").kappa - 1)
    yield printed("it is d times CNN-F's", ratio / d - 1, 1e-3, "l χ_cˡ at l = 60 is 3e-3, its mean over offsets less")


def _chaotic_kappa_derivation(setting: Setting):
    results, numbers = setting.chapter("flattening_and_pooling"), setting.digits
    mf = setting.mean_field("chaotic", numbers)
    derived = setting.evaluate(results["kappa_minus_1_chaotic"], (_M, _D, mf.p_ab_star, mf.q_star, mf.chi_1, 400))
    k = setting.pair("chaotic", (400,), numbers)[400]
    exact = _M * _D * k.ntk / (k.ntk_gap / 2)
    yield printed("κ − 1 of equal entries at l = 400, derived", exact / derived - 1, 1e-25, "l χ_cˡ is 1e-26")


def _chaotic_predictor(setting: Setting):
    """Labels of mean 0, and two depths at which float64 still resolves the distances to p_ab*."""
    digits = rows(setting, "chaotic")
    E, E_test, V, V_test = digits.constants
    laws, (_, _, y), mf = digits.pooled_laws, digits.images, digits.mf
    found, law = {}, {}
    for l in (40, 60):
        train, test = digits.pooled(l)
        found[l] = (test - mf.p_ab_star) @ np.linalg.solve(train, y) + mf.p_ab_star * _weights(train, y)
        law[l] = laws.predictor(l, E, E_test, y, V, V_test)
    off = np.max(np.abs(found[60] - law[60])) / np.max(np.abs(law[60]))
    yield printed("P(Θ)y is the law's at l = 60", off, 10 * 60 * mf.chi_c**60, "l χ_cˡ")
    far = [laws.predictor(l, E, E_test, y) / (l * (mf.chi_c / mf.chi_1) ** l) for l in (400, 800)]
    yield printed("the law over l (χ_c/χ₁)ˡ settles", settling(far), *SETTLED)
    leading_term = digits.d * (mf.chi_1 - 1) / mf.q_star * laws.laws.resonance * (np.mean(E_test, axis=2) @ y)
    yield printed("at d (χ₁−1)/q* R Ē_test y", np.max(np.abs(far[1] / leading_term - 1)), 1e-12, "rounding")


def _weights(train, y):
    """The sum of Θ⁻¹y for y of mean 0, from 1ᵀΘ Θ⁻¹y = 0 with the mean of Θ's columns taken off: it is tiny."""
    columns, weights = np.sum(train, axis=0), np.linalg.solve(train, y)
    return -np.sum((columns - columns.mean()) @ weights) / columns.mean()


def _cell(row, column, paper, verdict, law, curve, truth="", **routes):
    where = f"Table 1, {row}, {column}, CNN-P"
    name = f"table-1-{row}-{column}-pool"
    return Claim(name, where, paper, verdict, "flattening_and_pooling", routes, truth, law, curve)


POOL_CLAIMS = (
    _cell(
        "lambda_max",
        "ordered",
        "λ_max = m p* + m O(l χ₁ˡ)",
        HOLDS,
        "m p⁽ˡ⁾ − 1ᵀw̄1/m, w̄ the means over offsets of p − p_ab ≈ χ₁^(l−1) (s E l + W)",
        curves.ordered_top,
        float64=_ordered_max,
    ),
    _cell(
        "lambda_bulk",
        "ordered",
        "λ_bulk = O(l χ₁ˡ)/d",
        CORRECTED,
        "s μ_i l χ₁^(l−1) (1 + O(1/l)), μ_i: eigenvalues of −ΠĒΠ",
        curves.ordered_bulk,
        "O(l χ₁ˡ), at most CNN-F's; 1/d of it if all pixels are alike far apart, all of it for images of one colour",
        float64=_ordered_bulk,
    ),
    _cell(
        "kappa",
        "ordered",
        "κ = d m p* Ω(χ₁^{−l}/l)",
        CORRECTED,
        "m p*/(s μ_min l χ₁^(l−1)) (1 + O(1/l)), μ_min of −ΠĒΠ",
        curves.ordered_kappa,
        "m p* Ω(χ₁^{−l}/l), at least CNN-F's: d times that only if all pixels are alike far apart",
        float64=_ordered_kappa,
    ),
    _cell(
        "predictor",
        "ordered",
        "P(Θ)y = O(1)",
        HOLDS,
        "ordinary kriging with variogram Ē + W̄/(s l), up to O(l χ₁ˡ): no factor d",
        curves.ordered_predictor,
        float64=_ordered_predictor,
    ),
    _cell(
        "lambda_max",
        "critical",
        "λ_max = (md+2) l q*/(3d) + m O(1)",
        CORRECTED,
        "(md+2) l q*/(3d) + (md−1)(q*ρ/3d) log l + (1/m) Σ c̄₀ + m O(log l/l), c₀ = 0 for a pixel and itself",
        curves.critical_top,
        "(md+2) l q*/(3d) + (md−1)(q*ρ/3d) log l + m O(1)",
        derivation=lambda setting: _slope_derivation(setting, "lambda_max_slope", (_M, _D), 0),
        float64=_critical_max,
    ),
    _cell(
        "lambda_bulk",
        "critical",
        "λ_bulk = 2 l q*/(3d) + O(1)/d",
        CORRECTED,
        "2 l q*/(3d) − (q*ρ/3d) log l + eigenvalues of Π c̄₀ Π + O(log l/l)",
        curves.critical_bulk,
        "2 l q*/(3d) − (q*ρ/3d) log l + O(1): the O(1), of Π c̄₀ Π, has no 1/d",
        derivation=lambda setting: _slope_derivation(setting, "lambda_bulk_slope", (_D,), 1),
        float64=_critical_bulk,
    ),
    _cell(
        "kappa",
        "critical",
        "κ = (md+2)/2 + d m O(1/l)",
        CORRECTED,
        "(md+2)/2 + (3md/4) ρ log l/l + d m O(1/l); m d² O(1/l) where Π c̄₀ Π is not small",
        curves.critical_kappa,
        "the remainder is (3md/4) ρ log l/l + d m O(1/l)",
        derivation=_critical_kappa_derivation,
        float64=pooled_kappa,
    ),
    _cell(
        "predictor",
        "critical",
        "P(Θ)y = d O(1/l)",
        HOLDS,
        "(d/(2αl)) [C̄_test − d 11ᵀC̄/(md+2)] y + d O(log l/l²), C̄ = 0 at offset 0 of an image and itself",
        curves.critical_predictor,
        derivation=_critical_predictor_derivation,
        float64=_critical_predictor,
    ),
    _cell(
        "lambda_max",
        "chaotic",
        "λ_max = Θ(χ₁ˡ)/d",
        HOLDS,
        "q*(χ₁ˡ−1)/((χ₁−1)d) + (m − 1/d) p_ab* + m O(l χ_cˡ)",
        curves.chaotic_top,
        float64=_chaotic_max,
    ),
    _cell(
        "lambda_bulk",
        "chaotic",
        "λ_bulk = Θ(χ₁ˡ)/d",
        HOLDS,
        "q*(χ₁ˡ−1)/((χ₁−1)d) − p_ab*/d + m O(l χ_cˡ)",
        curves.chaotic_bulk,
        float64=_chaotic_bulk,
    ),
    _cell(
        "kappa",
        "chaotic",
        "κ = 1 + O(d χ₁^{−l})",
        HOLDS,
        "1 + m d p_ab* (χ₁−1)/q* χ₁^(−l) (1 + O(l χ_cˡ) + d O(l (χ_c/χ₁)ˡ)), for σ_b² > 0",
        curves.chaotic_kappa,
        derivation=_chaotic_kappa_derivation,
        float64=_chaotic_kappa,
    ),
    _cell(
        "predictor",
        "chaotic",
        "P(Θ)y = d O(l (χ_c/χ₁)ˡ)",
        HOLDS,
        "d l (χ_c/χ₁)ˡ (χ₁−1)/q* R Ē_test y (1 + O(1/l)): means over offsets, so not d times CNN-F's",
        curves.chaotic_predictor,
        float64=_chaotic_predictor,
    ),
)
