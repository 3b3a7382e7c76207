"""Sections 6.3, 6.5 and 7: the critical line, critical ReLU, and a depth scale."""

from __future__ import annotations

import cmath
import math

import numpy as np

from . import curves
from .claim import CORRECTED, HOLDS, WRONG, corrected, leading, printed, sentence
from .measures import BOUNDED, DECADE, bend, growth, logs, settling
from .setting import Setting
from .table1 import critical_kappa

__all__ = ["LINE_CLAIMS"]


def _limit_matrix(setting: Setting):
    q, last = setting.mean_field("critical").q_star, setting.gram_decades[-1]
    theta = setting.kernels("critical")[last][0].ntk / last
    target = q / 3 * (1 + 2 * np.eye(setting.m))
    yield printed("Θ/l → (q*/3)(11ᵀ + 2 Id)", np.max(np.abs(theta - target)) / q, *logs(last))


def _limit_matrix_derivation(setting: Setting):
    results, numbers = setting.chapter("critical_line"), setting.digits
    q = setting.mean_field("critical", numbers).q_star
    slope = setting.evaluate(results["p_ab_slope"], (q,))
    yield printed("the derived slope of p_ab is q*/3", 3 * slope / q - 1, 10 * numbers.eps, "rounding")


def _linearly(setting: Setting):
    depths = (10, 30, 100, setting.gram_decades[-1])
    sizes = [np.max(np.abs(setting.prediction("critical", l))) for l in depths]
    yield printed("P(Θ) y falls linearly", bend(sizes[:3], depths[:3]), 0.1, "a straight line has one slope")
    scaled = [l * setting.prediction("critical", l) for l in setting.gram_decades]
    yield corrected("l P(Θ) y settles", settling(scaled), *DECADE)
    yield corrected(
        "so P(Θ) y vanishes", sizes[-1] / sizes[0], 0.05, "10/10⁴ times what l P(Θ) y still grew from l = 10"
    )


def _predictor_order(setting: Setting, phase, extra, fraction):
    """P(Θ) 1 and l P(Θ) y."""
    m, depths = setting.m, setting.depths(phase)
    last = depths[-1]
    ones = setting.prediction(phase, last, y=setting.ones)
    yield printed("P(Θ) = O(1/l)", np.max(np.abs(ones)), *logs(last))
    scaled = [l * setting.prediction(phase, l) for l in depths[-2:]]
    yield leading("P(Θ) y = O(1/l) for zero-mean y", settling(scaled), *DECADE)
    constant = m / (m + extra)
    yield corrected(f"P(Θ) 1 → m/(m+{extra})", np.max(np.abs(ones / constant - 1)), *logs(last))
    misses = setting.predictor_misses(phase, depths[-2:])
    yield corrected(f"P(Θ) y = {fraction}/l and smaller terms: what is left, times l², falls", growth(misses), *BOUNDED)


def _predictor_order_derivation(setting: Setting, phase, chapter, extra):
    """The derived share 1/(m + 2) or 1/(m + 3) of P 1, which is not O(1/l), and the law's l P y."""
    results, laws, m, l = setting.chapter(chapter), setting.laws(phase), 2, 1e9
    share = float(setting.evaluate(results["predictor_mean"], (m,)))
    yield printed("P(Θ) 1 tends to 0", m * share, 0, "O(1/l)")
    yield corrected(f"P(Θ) 1 → m/(m+{extra}), derived", share * (m + extra) - 1, 1e-14, "rounding")
    C, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, -1.0])
    arguments = (laws.alpha,) if phase == "critical" else ()
    factor = float(setting.evaluate(results["predictor_factor"], arguments))
    law = l * laws.predictor(l, C, np.array([[1.5, 0.5]]), y)[0]  # C y sums to 0 here
    yield leading("l P(Θ) y, derived, is the law's at l = 1e9", law / factor - 1, 1e-6, "log l/l")


def _swapped_derivation(setting: Setting):
    """ξ(χ) = −1/log χ of the chapter: 1/ξ_* = 1/ξ(χ_c) − 1/ξ(χ₁)."""
    results, numbers = setting.chapter("notation"), setting.digits
    mf = setting.mean_field("chaotic", numbers)
    xi_c, xi_1 = (setting.evaluate(results["xi"], (chi,)) for chi in (mf.chi_c, mf.chi_1))
    log, allowed = numbers.context.log, (1000 * numbers.eps, "χ to n digits")
    as_printed = -1 / (log(xi_c) - log(xi_1))  # in chaos ξ₁ < 0, and its logarithm is complex
    yield printed("ξ_* = −1/(log ξ_c − log ξ₁)", abs(as_printed / mf.xi_star - 1), *allowed)
    yield corrected("1/ξ_* = 1/ξ_c − 1/ξ₁", 1 / (1 / xi_c - 1 / xi_1) / mf.xi_star - 1, *allowed)


def _relu_entries(setting: Setting):
    laws, last = setting.laws("relu"), setting.depths("relu")[-1]
    theta = setting.kernels("relu")[last][0].ntk
    target = (1 + 3 * np.eye(setting.m)) / 4
    yield printed("Θ/l → (q/4)(11ᵀ + 3 Id)", np.max(np.abs(theta / last - target)), *logs(last))
    C = setting.constants("relu")[0]
    off = ~np.eye(setting.m, dtype=bool)
    misses = []
    for l in (setting.depths("relu")[-2], last):
        left = setting.kernels("relu")[l][0].ntk - laws.ntk_offdiagonal(l, C)
        misses.append(left[off] * l**2)
    yield printed("against the law, times l², what is left is bounded", growth(misses), *DECADE)


def _relu_kappa(setting: Setting):
    laws, C = setting.laws("relu"), setting.constants("relu")[0]
    limit, depths = (setting.m + 3) / 3, setting.depths("relu")[-2:]
    kappas = [setting.spectrum("relu", l).kappa for l in depths]
    yield printed("κ → (m+3)/3", kappas[-1] / limit - 1, *logs(depths[-1]))
    misses = [abs(k / laws.kappa(l, C) - 1) * l**2 for k, l in zip(kappas, depths, strict=True)]
    yield printed("against its law, times l², it falls", growth(misses), *BOUNDED)


def _relu_kappa_derivation(setting: Setting):
    results, numbers = setting.chapter("relu"), setting.digits
    m = setting.m
    yield printed(
        "(m+3)/3, derived", 3 * setting.evaluate(results["kappa"], (m,)) / (m + 3) - 1, 10 * numbers.eps, "rounding"
    )


def _kappa_rate(setting: Setting):
    """What Table 1 says of κ, against the law too; and λ_0/λ_1."""
    yield from critical_kappa(setting)
    laws, C, depths = setting.laws("critical"), setting.constants("critical")[0], setting.gram_decades
    limit, last = (setting.m + 2) / 2, depths[-1]
    left = [(setting.spectrum("critical", l).kappa - laws.kappa(l, C)) * l**2 for l in depths[-2:]]
    yield corrected("against its law, times l², it falls", growth(left), *BOUNDED)
    s = setting.spectrum("critical", last)
    yield leading("λ_0/λ_1 → (m+2)/2 too", s.lambda_max / s.lambda_bulk[0] / limit - 1, *logs(last))


def _swapped(setting: Setting):
    """ξ_* with ξ for χ under the logarithms, against the slope of log |P(Θ) y|/l."""
    mf, measured = setting.mean_field("chaotic"), setting.chaotic_fall()
    as_printed = -1 / (math.log(mf.xi_c) - cmath.log(mf.xi_1))  # in chaos ξ₁ < 0, and its logarithm is complex
    yield printed("ξ_* = −1/(log ξ_c − log ξ₁)", abs(as_printed / measured - 1), 0.01, "O(1/l²) where it is right")
    yield corrected("ξ_* = −1/(log χ_c − log χ₁)", mf.xi_star / measured - 1, 0.01, "O(1/l²)")


LINE_CLAIMS = (
    sentence(
        "6.3-limit",
        "6.3",
        "Θ⁽ˡ⁾/l → (q*/3)(11ᵀ + 2 Id)",
        HOLDS,
        "critical_line",
        {"derivation": _limit_matrix_derivation, "float64": _limit_matrix},
        curve=curves.critical_ntk,
    ),
    sentence(
        "6.3-kappa",
        "6.3",
        "κ, and λ_0/λ_1 (Figure 1), tend to (m+2)/2; κ at the rate 1/l",
        CORRECTED,
        "critical_line",
        _kappa_rate,
        truth="at the rate log l/l: (m+2)/2 + (3m/4) ρ log l/l + m O(1/l)",
        curve=curves.critical_kappa,
    ),
    sentence(
        "6.3-linearly",
        "6.3",
        "the mean predictor decreases linearly with depth",
        WRONG,
        "critical_line",
        _linearly,
        truth="as 1/l, on labels of mean 0",
        curve=curves.critical_predictor,
    ),
    sentence(
        "6.3-predictor",
        "6.3",
        "P(Θ⁽ˡ⁾) = O(1/l)",
        CORRECTED,
        "critical_line",
        {
            "derivation": lambda setting: _predictor_order_derivation(setting, "critical", "critical_line", 2),
            "float64": lambda setting: _predictor_order(setting, "critical", 2, "(1/2α)[C_test − 11ᵀC/(m+2)] y"),
        },
        truth="P(Θ⁽ˡ⁾) y for labels of mean 0; P(Θ) itself tends to 11ᵀ/(m+2)",
        curve=curves.critical_predictor_of_ones,
    ),
    sentence(
        "6.5-relu-entries",
        "6.5",
        "critical ReLU: the entries of Θ diverge linearly",
        HOLDS,
        "relu",
        _relu_entries,
        law="p_ab = q [l/4 + (3/8) log l + (3π/4) C − 1/8]",
        curve=curves.relu_ntk,
    ),
    sentence(
        "6.5-relu-kappa",
        "6.5",
        "critical ReLU: κ → (m+3)/3",
        HOLDS,
        "relu",
        {"derivation": _relu_kappa_derivation, "float64": _relu_kappa},
        law="(m+3)/3 + (2m/3) log l/l, from above; inputs of one norm",
        curve=curves.relu_kappa,
    ),
    sentence(
        "6.5-relu-predictor",
        "6.5",
        "critical ReLU: P(Θ⁽ˡ⁾) = O(1/l)",
        CORRECTED,
        "relu",
        {
            "derivation": lambda setting: _predictor_order_derivation(setting, "relu", "relu", 3),
            "float64": lambda setting: _predictor_order(setting, "relu", 3, "π [C_test − 11ᵀC/(m+3)] y"),
        },
        truth="P(Θ⁽ˡ⁾) y for labels of mean 0; P(Θ) itself tends to 11ᵀ/(m+3)",
        curve=curves.relu_predictor,
    ),
    sentence(
        "7-scale",
        "7",
        "ξ_* = −1/(log ξ_c − log ξ₁)",
        WRONG,
        "notation",
        {"derivation": _swapped_derivation, "float64": _swapped},
        truth="ξ_* = −1/(log χ_c − log χ₁): χ, not ξ, whose logarithms are not even real",
    ),
)
