"""Equations 11, 12, 14, 15, 17 and 18: the entries of Θ and its eigenvalues in the three phases."""

from __future__ import annotations

import math

import numpy as np

from .. import asymptotics
from ..activations import erf
from ..mean_field import mean_field
from ..numbers import digits, float64
from ..predictor import mean_predictor
from ..recursion import kernels
from . import curves
from .claim import CORRECTED, HOLDS, WRONG, Claim, both, corrected, leading, printed
from .measures import BOUNDED, SETTLED, STRAIGHT, drift, growth, logs, settling, straightness
from .setting import Setting

__all__ = ["PHASE_CLAIMS"]


def _float_error(depth):
    return 2.0**-53 * (20 + 4 * depth), "float64 rounding, (20 + 4 l) u"


def _eq11(setting: Setting, numbers):
    """K and Θ approach their limits at rates χ_c^l and l χ_c^l, the diagonals are q* and p⁽ˡ⁾ exactly."""
    mf = setting.mean_field("chaotic", numbers)
    floats = numbers is float64
    depths = (40, 60, 80) if floats else (100, 150, 200)  # the distances cancel digits: float64 has 16
    steps = setting.pair("chaotic", depths, numbers)
    nngp = [(steps[l].nngp - mf.c_star * mf.q_star) / mf.chi_c**l for l in depths]
    ntk = [(steps[l].ntk - mf.p_ab_star) / mf.chi_c**l for l in depths]
    yield printed("(q_ab − q_ab*)/χ_cˡ settles", settling(nngp), *STRAIGHT)
    yield printed("(p_ab − p_ab*)/χ_cˡ is a line in l", straightness(ntk), *STRAIGHT)
    last = depths[-1]
    (variance, _), (diagonal, _) = steps[last].nngp_variances, steps[last].ntk_variances
    allowed = _float_error(last) if floats else (10 * numbers.eps, "rounding to n digits")
    yield printed("q = q*", variance / mf.q_star - 1, *allowed)
    if not floats:
        allowed = 10 * last * numbers.eps, "the power l of χ₁ to n digits"
    yield printed(
        "p = q* (χ₁ˡ − 1)/(χ₁ − 1)", diagonal / setting.laws("chaotic", numbers).ntk_diagonal(last) - 1, *allowed
    )


def _eq11_derivation(setting: Setting):
    results, numbers = setting.chapter("tangent_kernel"), setting.digits
    mf = setting.mean_field("chaotic", numbers)
    steps = setting.pair("chaotic", (60,), numbers)
    p = setting.evaluate(results["p"], (mf.q_star, mf.chi_1, 60))
    yield printed("p at depth 60, derived", p / steps[60].ntk_variances[0] - 1, 100 * numbers.eps, "χ₁^60 of n digits")


def _eq12(setting: Setting, numbers):
    """p_ab* and χ_c: what Θ and the ratio of successive distances tend to."""
    mf = setting.mean_field("chaotic", numbers)
    deep = 400 if numbers is float64 else 20 * numbers.n
    steps = setting.pair("chaotic", (20, 21, deep), numbers)
    allowed = (1e-14, "30 roundings of p_ab*") if numbers is float64 else (10 * numbers.eps, "rounding to n digits")
    yield printed("p_ab tends to q_ab*/(1 − χ_c)", steps[deep].ntk / mf.p_ab_star - 1, *allowed)
    target = mf.c_star * mf.q_star
    ratio = (steps[21].nngp - target) / (steps[20].nngp - target)
    yield printed("q_ab − q_ab* shrinks by χ_c a layer", ratio / mf.chi_c - 1, 0.05, "O(χ_c^l) at l = 20 is 0.04")


def _eq12_derivation(setting: Setting):
    results, numbers = setting.chapter("chaotic_phase"), setting.digits
    mf = setting.mean_field("chaotic", numbers)
    p_ab = setting.evaluate(results["p_ab_star"], (mf.q_star * mf.c_star, mf.chi_c))
    deep = setting.pair("chaotic", (20 * numbers.n,), numbers)[20 * numbers.n]
    yield printed(
        "p_ab*, derived, is Θ at great depth", deep.ntk / p_ab - 1, 100 * numbers.eps, "1/(1 − χ_c) of n digits"
    )


def _eq13_derivation(setting: Setting):
    """The constant of l (χ_c/χ₁)ˡ E_test y against the package's R."""
    results, numbers = setting.chapter("chaotic_phase"), setting.digits
    mf, laws = setting.mean_field("chaotic", numbers), setting.laws("chaotic", numbers)
    q_ab = mf.q_star * mf.c_star
    f2 = setting.evaluate(results["f2_erf"], (mf.q_star, q_ab, mf.chi_c))
    R = setting.evaluate(results["resonance"], (f2, mf.p_ab_star, mf.chi_c))
    yield printed("R, derived", R / laws.resonance - 1, 1000 * numbers.eps, "q*, c* and χ_c to n digits")


def _eq13_digits(setting: Setting):
    """A few training images and a test image, with labels of mean 0, at depths where float64 has no digit left."""
    numbers, depths, laws = setting.digits, (60,) if setting.quick else (60, 90), setting.laws("chaotic")
    train, test, _ = setting.images("chaotic")
    y = np.array([1.0, -1.0] if setting.quick else [2.0, -3.0, 1.0])
    train, test = train[: len(y)], test[:1]
    among, across = laws.one_minus_c(train), laws.one_minus_c(test, train)
    E, E_test, V, V_test = (f(e) for f in (laws.coordinate, laws.offset) for e in (among, across))
    for l in depths:
        net = setting.network("chaotic", l)
        k, cross = kernels(net, train, None, numbers), kernels(net, test, train, numbers)
        exact = float(mean_predictor(k, cross, y)[0])
        law = laws.predictor(l, E, E_test, y, V, V_test)[0]
        yield printed(f"P(Θ) y at l = {l}, of size l (χ_c/χ₁)ˡ", exact / law - 1, 10 * l * laws.mf.chi_c**l, "l χ_cˡ")


def _eq14(setting: Setting, numbers):
    mf = setting.mean_field("ordered", numbers)
    depths = (40, 60, 80)
    steps = setting.pair("ordered", depths, numbers)
    nngp = [steps[l].nngp_gap / mf.chi_1**l for l in depths]
    ntk = [steps[l].ntk_gap / mf.chi_1**l for l in depths]
    yield printed("(q* − q_ab)/χ₁ˡ settles", settling(nngp), *STRAIGHT)
    yield printed("(p − p_ab)/χ₁ˡ is a line in l", straightness(ntk), *STRAIGHT)
    last = depths[-1]
    allowed = _float_error(last) if numbers is float64 else (10 * numbers.eps, "rounding to n digits")
    yield printed("q = q*", steps[last].nngp_variances[0] / mf.q_star - 1, *allowed)
    exact = setting.laws("ordered", numbers).ntk_diagonal(last)
    yield printed("p = p* (1 − χ₁ˡ), so p* + O(χ₁ˡ)", steps[last].ntk_variances[0] / exact - 1, *allowed)


def _eq14_derivation(setting: Setting):
    results, numbers = setting.chapter("ordered_phase"), setting.digits
    mf = setting.mean_field("ordered", numbers)
    p = setting.evaluate(results["p_star"], (mf.q_star, mf.chi_1))
    steps = setting.pair("ordered", (20 * numbers.n,), numbers)
    yield printed("p*, derived, at great depth", p / steps[20 * numbers.n].ntk - 1, 100 * numbers.eps, "1/(1 − χ₁)")


def _eq15_float64(setting: Setting):
    """λ_max of the Gram matrix of m images against p + (m−1) p_ab and m p*."""
    mf, depths = setting.mean_field("ordered"), (40, 60)
    remainders = []
    for l in depths:
        k, _ = setting.kernels("ordered")[l]
        top, m = setting.spectrum("ordered", l).lambda_max, setting.m
        mean = (np.trace(k.ntk) + np.sum(k.ntk - np.diag(np.diag(k.ntk)))) / m
        small = l * mf.chi_1**l
        remainders.append((top / m - mf.p_star) / small)
        room = 10 * small**2 + 1e-14, "of second order in the spread, and rounding"
        yield printed(f"λ_max ≈ p + (m−1) p_ab at l = {l}", top / mean - 1, *room)
    yield printed("(λ_max − m p*)/(m l χ₁ˡ) is bounded", remainders[-1], 10, "s E and W/l, below 10")


def _just_ordered(setting: Setting):
    """p⁽ˡ⁾ against l p* next to the line, where p* = q*/(1 − χ₁) is still finite."""
    numbers = digits(30)
    mf = setting.mean_field("critical", numbers)
    near = mean_field(erf, mf.sigma_w2 * (1 - numbers.context.mpf(10) ** -12), mf.sigma_b2, numbers)
    off = asymptotics.of(near).ntk_diagonal(100) / (100 * near.p_star) - 1
    yield printed(
        "p = l p*, p* = q*/(1 − χ₁), 1e-12 from the line", off, 1e-9, "100 layers times the distance from the line"
    )


def _eq16_float64(setting: Setting):
    """The limit exists, is A_test A⁻¹ + Â with Â in closed form, depends on the data, and is the NNGP's too."""
    laws, (E, E_test, W, W_test) = setting.laws("ordered"), setting.constants("ordered")
    y, ones = setting.images("ordered")[2], np.ones(setting.m)
    A, A_test = -laws.s * E / laws.mf.chi_1, -laws.s * E_test / laws.mf.chi_1  # hollow, off the diagonal of Θ − p*
    first, weight = A_test @ np.linalg.solve(A, y), np.linalg.solve(A, ones)
    correction = (1 - A_test @ weight) * (weight @ y) / (weight @ ones)  # Â y
    limit, scale = first + correction, np.max(np.abs(y))
    extrapolated = 2 * setting.prediction("ordered", 400) - setting.prediction("ordered", 200)
    yield printed("P(Θ) y → A_test A⁻¹ y + Â y", np.max(np.abs(extrapolated - limit)) / scale, 1e-3, "O(1/l²)")
    nngp = setting.prediction("ordered", 400, "nngp")
    yield printed(
        "P(K) y tends to it too", np.max(np.abs(nngp - limit)) / scale, 1e-10, "400 layers' rounding, and Â's"
    )
    sharp = laws.predictor(400, E, E_test, y, W, W_test) - setting.prediction("ordered", 400)
    yield printed("with W/(s l) beside E it is met at once", np.max(np.abs(sharp)) / scale, 1e-10, "rounding")
    yield printed("Â y is not 0", 1e-3 * scale / np.max(np.abs(correction)), 1, "above 1e-3 of the labels")
    yield printed("the limit differs from point to point", 1e-2 * scale / np.ptp(limit), 1, "above 1e-2 of the labels")


def _eq17_float64(setting: Setting):
    mf, depths = setting.mean_field("critical"), setting.decades
    steps, laws = setting.pair("critical", depths, float64), setting.laws("critical")
    q, last = mf.q_star, depths[-1]
    yield from _just_ordered(setting)
    nngp = [steps[l].nngp_gap * l for l in depths]
    yield corrected("l (q* − q_ab) settles", settling(nngp), *SETTLED)
    yield corrected("p = l q*", steps[last].ntk_variances[0] / (last * q) - 1, *_float_error(last))
    third = steps[last].ntk / (last * q)
    yield corrected("p_ab/(l q*) tends to 1/3", 3 * third - 1, *logs(last))
    remainders = [steps[l].ntk - l * q / 3 for l in depths]
    slope = (remainders[-1] - remainders[-2]) / math.log(depths[-1] / depths[-2])
    off = slope / (q * laws.rho / 3) - 1
    yield corrected("p_ab − l q*/3 has slope q*ρ/3 in log l", off, *logs(depths[-2]))


def _eq17_digits(setting: Setting):
    """The constant too: p_ab − (q*/3)(l + ρ log l) tends to c₀, which the orbit's Fatou constant gives."""
    numbers = setting.digits
    depths = (60, 600) if setting.quick else (300, 3000)
    laws, steps = setting.laws("critical", numbers), setting.pair("critical", depths, numbers)
    yield from _just_ordered(setting)
    last = depths[-1]
    yield corrected(
        "p = l q*",
        steps[last].ntk_variances[0] / laws.ntk_diagonal(last) - 1,
        10 * last * numbers.eps,
        "rounding of l layers to n digits",
    )
    C = float(setting.constants("critical")[0][0, 1])
    misses = [abs(float(steps[l].ntk - laws.ntk_offdiagonal(l, C))) for l in depths]
    bound = 20 * math.log(last) / last**2
    yield corrected("p_ab = (q*/3)(l + ρ log l) + c₀ + A₁/u", misses[-1], bound, "O(log l/l²)")
    scaled = [miss * l**2 / math.log(l) for miss, l in zip(misses, depths, strict=True)]
    yield corrected("what is left, over log l/l², does not grow", growth(scaled), *BOUNDED)
    gaps = [abs(float(steps[l].nngp_gap / laws.nngp_gap(l, C) - 1)) * l**3 for l in depths]
    yield corrected("q* − q_ab against its law, times l³, is bounded", gaps[-1], 10, "of order 1")


def _eq17_derivation(setting: Setting):
    results, numbers = setting.chapter("critical_line"), setting.digits
    mf = setting.mean_field("critical", numbers)
    laws = setting.laws("critical", numbers)
    yield from _just_ordered(setting)
    slope = setting.evaluate(results["p_ab_slope"], (mf.q_star,))
    yield corrected("p_ab ~ l q*/3, derived", 3 * slope / mf.q_star - 1, 10 * numbers.eps, "rounding")
    rho = setting.evaluate(results["rho_erf"], (mf.q_star,))
    yield corrected("ρ, derived, against the package's α and β", rho / laws.rho - 1, 100 * numbers.eps, "rounding")


def _eq18_float64(setting: Setting):
    mf, m = setting.mean_field("critical"), setting.m
    laws, q, depths = setting.laws("critical"), mf.q_star, setting.gram_decades
    spectra = {l: setting.spectrum("critical", l) for l in depths}
    last = depths[-1]
    tops = [spectra[l].lambda_max - (m + 2) * q * l / 3 for l in depths]
    bulks = [np.mean(spectra[l].lambda_bulk) - 2 * q * l / 3 for l in depths]
    for name, remainders, top, log in (
        ("λ_max", tops, (m + 2) / 3, (m - 1) * laws.rho / 3),
        ("λ_bulk", bulks, 2 / 3, -laws.rho / 3),
    ):
        yield printed(f"{name} − leading term is O(1)", *drift(remainders, q, last))
        yield leading(f"{name} ~ its leading term", remainders[-1] / (top * q * last), *logs(last))
        slope = (remainders[-1] - remainders[-2]) / math.log(depths[-1] / depths[-2])
        yield corrected(f"{name}'s slope in log l", slope / (q * log) - 1, *logs(depths[-2]))


def _eq18_derivation(setting: Setting):
    results, numbers = setting.chapter("critical_line"), setting.digits
    mf, m, laws = setting.mean_field("critical", numbers), setting.m, setting.laws("critical", numbers)
    rho = setting.evaluate(results["rho_erf"], (mf.q_star,))
    yield printed("no log l term: ρ = 0", rho, 10 * numbers.eps, "rounding")
    for key, factor, arguments in (
        ("lambda_max_slope", (m + 2) * mf.q_star / 3, (m, mf.q_star)),
        ("lambda_bulk_slope", 2 * mf.q_star / 3, (m, mf.q_star)),
    ):
        derived = setting.evaluate(results[key], arguments)
        yield leading(f"{key}, derived", derived / factor - 1, 10 * numbers.eps, "rounding")
    yield corrected("ρ, derived, against the package's α and β", rho / laws.rho - 1, 100 * numbers.eps, "rounding")


PHASE_CLAIMS = (
    Claim(
        "eq-11",
        "Equation 11",
        "chaos: q_ab = q_ab* + O(χ_cˡ), q = q*, p_ab = p_ab* + O(l χ_cˡ), p = q*(χ₁ˡ − 1)/(χ₁ − 1)",
        HOLDS,
        "chaotic_phase",
        {"derivation": _eq11_derivation} | both(_eq11),
        law="p_ab = p_ab* + (R E l + V) χ_cˡ + O(l χ_c^(2l))",
        curve=curves.chaotic_ntk,
    ),
    Claim(
        "eq-12",
        "Equation 12",
        "chaos: p_ab* = q_ab*/(1 − χ_c), χ_c = σ_w² 𝒯̇(q_ab*)",
        HOLDS,
        "chaotic_phase",
        {"derivation": _eq12_derivation} | both(_eq12),
        curve=curves.chaotic_ntk,
    ),
    Claim(
        "eq-13",
        "Equation 13",
        "chaos: P(Θ⁽ˡ⁾) y = O(l (χ_c/χ₁)ˡ) → 0",
        HOLDS,
        "chaotic_phase",
        {"derivation": _eq13_derivation, "digits": _eq13_digits},
        law="l (χ_c/χ₁)ˡ (χ₁−1)/q* R E_test y (1 + O(1/l)) for labels of mean 0",
        curve=curves.chaotic_predictor,
    ),
    Claim(
        "eq-14",
        "Equation 14",
        "order: q_ab = q* + O(χ₁ˡ), q = q*, p_ab = p* + O(l χ₁ˡ), p = p* + O(χ₁ˡ), p* = q*/(1 − χ₁)",
        HOLDS,
        "ordered_phase",
        {"derivation": _eq14_derivation} | both(_eq14),
        law="p − p_ab = (s E l + W) χ₁^(l−1) + O(l χ₁^(2l))",
        curve=curves.ordered_ntk,
    ),
    Claim(
        "eq-15",
        "Equation 15",
        "order: λ_max ≈ (m−1) p_ab + p = m p* + O(l χ₁ˡ)",
        HOLDS,
        "ordered_phase",
        {"float64": _eq15_float64},
        law="m p⁽ˡ⁾ − 1ᵀw1/m, w = p − p_ab",
        curve=curves.ordered_top,
    ),
    Claim(
        "eq-16",
        "Equation 16",
        "order: lim P(Θ⁽ˡ⁾) y = (A_test A⁻¹ + Â) y",
        HOLDS,
        "ordered_phase",
        {"float64": _eq16_float64},
        law="Â = (1 − A_test A⁻¹1)(1ᵀA⁻¹)/(1ᵀA⁻¹1): ordinary kriging with variogram E, reached as 1/l",
        curve=curves.ordered_predictor,
    ),
    Claim(
        "eq-17",
        "Equation 17",
        "critical: q_ab = q* + O(1/l), q = q*, p_ab = l p*/3 + O(1), p = l p*",
        WRONG,
        "critical_line",
        {"derivation": _eq17_derivation, "digits": _eq17_digits, "float64": _eq17_float64},
        truth="p = l q*, p_ab = (q*/3)(l + ρ log l) + c₀ + O(log l/l), ρ = −(6q*² + 4q* + 1)/(6q*²)",
        curve=curves.critical_ntk,
    ),
    Claim(
        "eq-18",
        "Equation 18",
        "critical: λ_max = (m+2) q* l/3 + O(1), λ_bulk = 2 q* l/3 + O(1)",
        CORRECTED,
        "critical_line",
        {"derivation": _eq18_derivation, "float64": _eq18_float64},
        truth="O(log l): λ_max gains (m−1)(q*ρ/3) log l, λ_bulk loses (q*ρ/3) log l",
        curve=curves.critical_top,
    ),
)
