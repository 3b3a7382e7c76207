"""Section 3: wide networks, fixed points and their stability (Eq. 1, 4 and the sentences around them)."""

from __future__ import annotations

import numpy as np

from ..activations import erf
from ..datasets import optical_digits
from ..mean_field import mean_field
from ..network import fcn
from ..numbers import float64
from ..recursion import kernels, kernels_of_pair
from . import curves
from .claim import CORRECTED, HOLDS, WRONG, Claim, both, corrected, leading, printed
from .definition import sampled_outputs
from .measures import DECADE, logs, settling
from .setting import Setting

__all__ = ["BACKGROUND_CLAIMS"]


def _eq1_derivation(setting: Setting):
    """The fourth cumulant of an output falls as 1/N: ReLU's excess kurtosis is 15/N for one hidden layer."""
    results, numbers = setting.chapter("gaussian_processes"), setting.digits
    general = setting.evaluate(results["excess_kurtosis"], (2, 0, "0.5", "1.5", 100))  # E φ², E φ⁴ of ReLU at q = 1
    yield printed("excess kurtosis of 100 ReLU, derived", general * 100 / 15 - 1, 10 * numbers.eps, "rounding")
    for_relu = setting.evaluate(results["relu_excess_kurtosis"], (1000,))
    yield printed("of 1000 it is a tenth of that", 10 * for_relu / general - 1, 10 * numbers.eps, "rounding")


def _eq1_float64(setting: Setting):
    samples = 60_000 if setting.quick else 240_000
    rng = np.random.default_rng(3)
    for width in (10, 40):
        mean, variance, excess, error = sampled_outputs(width, samples, rng)
        yield printed(f"mean at width {width}, in standard errors", mean, 4, "6e-5 by chance")
        yield printed(f"variance at width {width}, in standard errors", variance, 4, "6e-5 by chance")
        yield printed(f"excess kurtosis is 15/N at N = {width}", (excess - 15 / width) / error, 4, "8e-4 by chance")


def _fixed_points(setting: Setting):
    """Two sets of images as they are, not normalised, end at the same K*."""
    images, _ = optical_digits()
    for phase in ("ordered", "chaotic"):
        mf, depth = setting.mean_field(phase), 400
        limit = mf.q_star * (mf.c_star + (1 - mf.c_star) * np.eye(5))
        for first in (0, 5):
            k = kernels(setting.network(phase, depth), images[first : first + 5].reshape(5, -1))
            off = np.max(np.abs(k.nngp / limit - 1))
            yield printed(f"K = q*[δ + c*(1 − δ)], {phase}", off, (20 + 4 * depth) * 2.0**-53, "(20 + 4 l) u")


def _eq4(setting: Setting, numbers):
    """A small step off the fixed point, of the variance and of the covariance, and its size a layer later."""
    mf = setting.mean_field("chaotic", numbers)
    step = 1e-6 if numbers is float64 else numbers.context.mpf(10) ** (-numbers.n // 2)
    allowed = (1e-5, "O(step), and rounding over the step") if numbers is float64 else (100 * step, "O(step)")
    net = fcn(2, mf.activation, mf.sigma_w2, mf.sigma_b2)
    off = kernels_of_pair(net, mf.q_star, mf.one_minus_c_star - step, numbers)
    covariance = (off.nngp - mf.q_star * mf.c_star) / (step * mf.q_star)
    on = kernels_of_pair(net, mf.q_star * (1 + step), 1, numbers)
    variance = (on.nngp_variances[0] - mf.q_star) / (step * mf.q_star)
    yield leading("off the diagonal δK′/δK = χ_c", covariance / mf.chi_c - 1, *allowed)
    yield printed("on the diagonal δK′/δK = σ_w² 𝒯̇(q*) = χ₁", variance / mf.chi_1 - 1, *allowed)
    yield corrected("on the diagonal δK′/δK = χ_q", variance / mf.chi_q - 1, *allowed)


def _eq4_derivation(setting: Setting):
    results, numbers = setting.chapter("fixed_points"), setting.digits
    mf = setting.mean_field("chaotic", numbers)
    chi_q = setting.evaluate(results["chi_q_erf"], (mf.sigma_w2, mf.q_star))
    chi_c = setting.evaluate(results["chi_c_erf"], (mf.sigma_w2, mf.q_star, mf.c_star))
    allowed = 100 * numbers.eps, "q* and c* to n digits"
    yield leading("χ_c, derived, off the diagonal", chi_c / mf.chi_c - 1, *allowed)
    yield printed("the derived slope of the variance is χ₁", chi_q / mf.chi_1 - 1, *allowed)
    yield corrected("the derived slope of the variance is χ_q", chi_q / mf.chi_q - 1, *allowed)


def _multiplicity(setting: Setting):
    biased, unbiased = setting.mean_field("chaotic"), mean_field(erf, "3.0", 0)
    once = kernels_of_pair(setting.network("chaotic", 2), biased.q_star, 1)
    yield printed("c = 0 is fixed at σ_b² = 0.18", once.nngp / biased.q_star, 1e-15, "one rounding")
    yield leading("c* solves its equation beside c = 1", _residual(setting, float64), 1e-15, "a few roundings")
    once = kernels_of_pair(fcn(2, erf, "3.0", 0), unbiased.q_star, 1)
    yield corrected("c* = 0 is fixed at σ_b² = 0", abs(once.nngp) + unbiased.c_star, 0, "exact")
    yield corrected("and at σ_b² = 0.18 c* is above 0", max(0, 1e-3 - biased.c_star), 0, "an inequality")


def _residual(setting, numbers):
    mf = setting.mean_field("chaotic", numbers)
    k = kernels_of_pair(setting.network("chaotic", 2), mf.q_star, mf.one_minus_c_star, numbers)
    return k.nngp / (mf.q_star * mf.c_star) - 1


def _always_at_1(setting: Setting, numbers):
    """Next to c = 1 the distance 1 − c is multiplied by χ₁, at every point of the plane."""
    tiny = 1e-14 if numbers is float64 else numbers.context.mpf(10) ** (-numbers.n - 5)
    allowed = (1e-13, "O(1 − c)") if numbers is float64 else (10 * numbers.eps, "O(1 − c) and rounding")
    for w, b in (("0.9", "0"), ("1.0", "0.18"), ("1.76", "0.18"), ("3.0", "0.18"), ("8.0", "0")):
        mf = mean_field(erf, w, b, numbers)
        k = kernels_of_pair(fcn(2, erf, w, b), mf.q_star, tiny, numbers)
        ratio = k.nngp_gap / (2 * mf.q_star * tiny)
        yield printed(f"(1 − c)′/(1 − c) = χ₁ at ({w}, {b})", ratio / mf.chi_1 - 1, *allowed)


def _always_at_1_derivation(setting: Setting):
    results, numbers = setting.chapter("fixed_points"), setting.digits
    mf = setting.mean_field("chaotic", numbers)
    slope = setting.evaluate(results["chi_c_erf"], (mf.sigma_w2, mf.q_star, 1))
    yield printed("the slope of c ↦ c′ at 1, derived, is χ₁", slope / mf.chi_1 - 1, 100 * numbers.eps, "q* to n digits")


def _chaotic_cosine(setting: Setting, numbers):
    mf = setting.mean_field("chaotic", numbers)
    allowed = (1e-15, "a few roundings") if numbers is float64 else (10 * numbers.eps, "rounding")
    yield printed("c* > 1", 0 if mf.c_star > 1 else 1 - mf.c_star, 0, "an inequality")
    yield corrected("0 ≤ c* < 1", 0 if 0 <= mf.c_star < 1 else 1, 0, "an inequality")
    yield corrected("and c* solves its equation", _residual(setting, numbers), *allowed)


def _depth_scale(setting: Setting):
    numbers = setting.digits
    mf, depths = setting.mean_field("chaotic", numbers), (100, 150)
    steps = setting.pair("chaotic", depths, numbers)
    logs = [numbers.context.log(abs(steps[l].nngp - mf.q_star * mf.c_star)) for l in depths]
    slope = (logs[1] - logs[0]) / (depths[1] - depths[0])
    yield printed("log |K − K*| falls by 1/ξ_c a layer", slope * mf.xi_c + 1, 10 * mf.chi_c ** depths[0], "O(χ_cˡ)")


def _power_law(setting: Setting):
    steps = setting.pair("critical", setting.decades, float64)
    scaled = [steps[l].nngp_gap * l for l in setting.decades]
    yield printed("l (q* − q_ab) settles: a power, not an exponential", settling(scaled), *DECADE)
    limit = 2 / (scaled[-1] * setting.laws("critical").alpha) - 1
    yield printed("and tends to 1/α", limit, *logs(setting.decades[-1]))


BACKGROUND_CLAIMS = (
    Claim(
        "eq-1",
        "Equation 1",
        "z = σ_w/√N Σ W φ(z) + σ_b b: as N → ∞ the z_i are Gaussian with mean 0",
        HOLDS,
        "gaussian_processes",
        {"derivation": _eq1_derivation, "float64": _eq1_float64},
        law="excess kurtosis 3 σ_w⁴ Var(φ²)/(N K²), one hidden layer",
    ),
    Claim(
        "sec-3-fixed-points",
        "Section 3",
        "K⁽ˡ⁾ → K* = q*[δ + c*(1 − δ)], whatever the inputs",
        HOLDS,
        "fixed_points",
        {"float64": _fixed_points},
        curve=curves.chaotic_cosine,
    ),
    Claim(
        "sec-3-multiplicity",
        "Section 3",
        "Eq. 2 has multiple fixed points (e.g. c* = 0, 1)",
        CORRECTED,
        "fixed_points",
        {"float64": _multiplicity},
        truth="c = 1 always; in chaos one more, c* = 0 if σ_b² = 0 and φ is odd, else 0 < c* < 1",
    ),
    Claim(
        "eq-4",
        "Equation 4",
        "δK⁽ˡ⁺¹⁾ ≈ σ_w² 𝒯̇(K*) δK⁽ˡ⁾ for all entries",
        CORRECTED,
        "fixed_points",
        {"derivation": _eq4_derivation} | both(_eq4),
        truth="off the diagonal; on it the slope is χ_q, for erf χ₁/(1 + 2q*), not χ₁",
    ),
    Claim(
        "sec-3-always",
        "Section 3",
        "there is always a fixed point at c* = 1, whose stability χ₁ decides",
        HOLDS,
        "fixed_points",
        {"derivation": _always_at_1_derivation} | both(_always_at_1),
    ),
    Claim(
        "sec-3-chaotic",
        "Section 3",
        "the chaotic phase has c* > 1",
        WRONG,
        "fixed_points",
        both(_chaotic_cosine),
        truth="0 ≤ c* < 1, as Section 6.1 says",
    ),
    Claim(
        "sec-3-depth-scale",
        "Section 3",
        "K⁽ˡ⁾ approaches K* over ξ_c = −1/log χ_c layers",
        HOLDS,
        "chaotic_phase",
        {"digits": _depth_scale},
        law="q_ab − q_ab* = E χ_c^(l−1) + O(χ_c^(2l))",
        curve=curves.chaotic_nngp,
    ),
    Claim(
        "sec-3-power-law",
        "Section 3",
        "where χ = 1 convergence is non-exponential",
        HOLDS,
        "critical_line",
        {"float64": _power_law},
        law="q* − q_ab = 1/(α l + r log l + C), leaving O(log l/l³)",
        curve=curves.critical_nngp,
    ),
)
