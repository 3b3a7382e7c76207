"""Sections 6 to 6.2: what the text says between its equations."""

from __future__ import annotations

import math

import numpy as np

from ..activations import erf
from ..mean_field import mean_field
from ..recursion import kernels_of_pair
from . import curves
from .claim import CORRECTED, HOLDS, corrected, leading, printed, sentence
from .measures import SETTLED, logs, settling
from .setting import Setting

__all__ = ["SENTENCE_CLAIMS"]


def _structure(setting: Setting):
    """Θ at depth 2l over Θ at depth l, and Θ/p⁽ˡ⁾, in the three phases."""
    shares = {}
    for phase, depths in (("ordered", (200, 400)), ("critical", setting.gram_decades[1:]), ("chaotic", (40, 80))):
        first, second = (setting.kernels(phase)[l][0].ntk for l in depths)
        finite = np.max(np.abs(second / first - 1))
        if phase == "ordered":
            yield leading("in order Θ tends to a finite Θ*", finite, 1e-9, "l χ₁ˡ")
        else:
            yield printed(f"Θ tends to a finite Θ*, {phase}", finite, 0.1, "Θ at two depths")
        shares[phase] = second / second[0, 0] - np.eye(setting.m)
    off = ~np.eye(setting.m, dtype=bool)
    last = setting.gram_decades[-1]
    for phase, share, room in (
        ("ordered", 1, (1e-9, "l χ₁ˡ")),
        ("critical", 1 / 3, logs(last)),
        ("chaotic", 0, (10 * setting.mean_field("chaotic").chi_1 ** -80, "p_ab*/p⁽ˡ⁾ at l = 80")),
    ):
        miss = np.max(np.abs(shares[phase][off] - share))
        yield corrected(f"Θ/p⁽ˡ⁾ → (1−ĉ) Id + ĉ 11ᵀ, ĉ = {share:.2g}, {phase}", miss, *room)


def _any_variance(setting: Setting):
    """Inputs with K⁽¹⁾(x, x) = 0.3 q*: the diagonal of Θ against that of normalised inputs."""
    ratios = {}
    for phase, depths in (("ordered", (200, 400)), ("critical", (300, 3000)), ("chaotic", (200, 400))):
        mf, laws = setting.mean_field(phase), setting.laws(phase)
        ratios[phase] = []
        for l in depths:
            k = kernels_of_pair(setting.network(phase, l), 0.3 * mf.q_star, 1)
            ratios[phase].append(k.ntk_variances[0] / laws.ntk_diagonal(l))
    (_, ordered), (_, critical), (before, chaotic) = ratios["ordered"], ratios["critical"], ratios["chaotic"]
    yield leading("in order the limit is the same", ordered - 1, 1e-12, "rounding")
    yield leading("on the line p/(l q*) → 1", critical - 1, 1e-3, "O(1/l)")
    yield leading("in chaos the rate is the same", chaotic / before - 1, 1e-12, "rounding: χ₁^−200 is 1e-22")
    yield printed("in chaos p⁽ˡ⁾ is the same", chaotic - 1, 1e-3, "up to what vanishes with depth")
    yield corrected("in chaos p⁽ˡ⁾ is another by a constant factor", 0.01 / abs(chaotic - 1), 1, "a factor 0.88, not 1")


def _one_rate(setting: Setting):
    """How every pair of images moves on between two depths, against the one rate."""
    off = ~np.eye(setting.m, dtype=bool)
    mf = setting.mean_field("ordered")
    first, second = (setting.kernels("ordered")[l][0].nngp_gap[off] for l in (200, 400))
    spread = np.max(np.abs(second / first / mf.chi_1**200 - 1))
    yield printed("order: all q* − q_ab fall by χ₁^200 from l = 200 to 400", spread, 1e-12, "rounding")
    mf = setting.mean_field("chaotic")
    first, second = (setting.kernels("chaotic")[l][0].nngp[off] - mf.q_star * mf.c_star for l in (40, 60))
    spread = np.max(np.abs(second / first / mf.chi_c**20 - 1))
    yield printed("chaos: all q_ab − q_ab* fall by χ_c^20 from l = 40 to 60", spread, 0.05, "E χ_cˡ at l = 40")
    last, before = setting.gram_decades[-1], setting.gram_decades[-2]
    first, second = (l * setting.kernels("critical")[l][0].nngp_gap[off] / 2 for l in (before, last))
    target = 1 / setting.laws("critical").alpha
    yield printed("on the line: all l (q* − q_ab) tend to 1/α", np.max(np.abs(second / target - 1)), *logs(before))


def _diagonal_first(setting: Setting):
    """χ_q against the slope off the diagonal, over the plane."""
    for w in ("0.9", "1.2", "1.7", "2.5", "4", "10"):
        for b in ("0.01", "0.18", "1"):
            mf = mean_field(erf, w, b)
            yield printed(f"χ_q < χ off the diagonal at ({w}, {b})", mf.chi_q / mf.chi_c, 1 - 1e-6, "an inequality")


def _below_1(setting: Setting):
    for w in ("1.0", "2", "3", "10", "100"):
        for b in ("0", "1e-6", "0.01", "0.1"):
            mf = mean_field(erf, w, b)
            if mf.phase == "chaotic":
                yield printed(f"χ_c < 1 at ({w}, {b})", mf.chi_c, 1 - 1e-9, "an inequality")


def _identity(setting: Setting):
    """Θ/p⁽ˡ⁾ → Id; λ − p⁽ˡ⁾ and (κ − 1) p⁽ˡ⁾ have limits.  At l = 60 float64 still resolves them."""
    mf, laws, m = setting.mean_field("chaotic"), setting.laws("chaotic"), setting.m
    s, p, (k, _) = setting.spectrum("chaotic", 60), laws.ntk_diagonal(60), setting.kernels("chaotic")[60]
    off = np.max(np.abs(k.ntk / p - np.eye(m)))
    yield printed("Θ/p⁽ˡ⁾ tends to Id", off, 2 * mf.p_ab_star / p, "p_ab*/p⁽ˡ⁾")
    room = 10 * 60 * mf.chi_c**60, "R E l χ_cˡ, R E below 10"
    yield printed("λ_max − p⁽ˡ⁾ → (m−1) p_ab*", (s.lambda_max - p) / ((m - 1) * mf.p_ab_star) - 1, *room)
    yield printed("λ_bulk − p⁽ˡ⁾ → −p_ab*", np.max(np.abs((s.lambda_bulk - p) / mf.p_ab_star + 1)), *room)
    yield printed("(κ − 1) p⁽ˡ⁾ → m p_ab*", (s.kappa - 1) * p / (m * mf.p_ab_star) - 1, *room)


def _chaotic_scale(setting: Setting):
    over = setting.mean_field("chaotic").xi_star / setting.chaotic_fall()
    yield printed("log |P(Θ) y|/l falls by 1/ξ_* a layer", 1 - over, 0.01, "O(1/l²)")


def _ordered_limit(setting: Setting):
    mf, m = setting.mean_field("ordered"), setting.m
    for kernel, limit in (("ntk", mf.p_star), ("nngp", mf.q_star)):
        s = setting.spectrum("ordered", 400, kernel)
        yield printed(f"{kernel}: λ_max = m × the limit", s.lambda_max / (m * limit) - 1, 1e-12, "l χ₁ˡ and rounding")
        yield printed(f"{kernel}: the rest vanishes", s.lambda_bulk[0] / limit, 1e-51, "l χ₁ˡ at l = 400, times s E")


def _two_eigenspaces(setting: Setting):
    laws, (E, _, W, _) = setting.laws("ordered"), setting.constants("ordered")
    bulk, law = setting.spectrum("ordered", 400).lambda_bulk, laws.lambda_bulk(400, E, W)
    scaled = [setting.spectrum("ordered", l).lambda_bulk / (l * laws.mf.chi_1**l) for l in (200, 400)]
    yield printed("m − 1 eigenvalues scale as l χ₁ˡ", settling(scaled), *SETTLED)
    yield printed("λ_i = eigenvalues of −ΠwΠ", np.max(np.abs(bulk / law - 1)), 1e-11, "l χ₁ˡ and rounding")
    k, _ = setting.kernels("ordered")[100]
    top = np.linalg.eigh(k.ntk)[1][:, -1] * math.sqrt(setting.m)
    yield printed("the first eigenvector is 1", np.max(np.abs(np.abs(top) - 1)), 1e-11, "l χ₁ˡ and rounding")


def _at_least(setting: Setting):
    """Two inputs at 120°: κ l χ₁ˡ/(m p*), whose limit is 0.68 and for others above 1."""
    mf, laws = setting.mean_field("ordered"), setting.laws("ordered")
    E, ratios = laws.coordinate(1.5), {}
    for l in (200, 400):
        k = kernels_of_pair(setting.network("ordered", l), mf.q_star, 1.5)
        kappa = (k.ntk_variances[0] + k.ntk) / (k.ntk_gap / 2)
        ratios[l] = kappa * l * mf.chi_1**l / (2 * mf.p_star)
    yield printed("κ l χ₁ˡ/(m p*) settles above 0", settling(list(ratios.values())), *SETTLED)
    extrapolated = (2 * ratios[400] - ratios[200]) * laws.s * E / mf.chi_1
    yield printed("at χ₁/(s μ_min)", extrapolated - 1, 1e-3, "O(1/l²)")


def _figure_1b(setting: Setting):
    """κ l χ₁ˡ settles; κ χ₁ˡ falls as 1/l."""
    mf, depths = setting.mean_field("ordered"), (100, 200, 400)
    kappas = [setting.spectrum("ordered", l).kappa * mf.chi_1**l for l in depths]
    yield printed("κ l χ₁ˡ settles above 0", settling([k * l for k, l in zip(kappas, depths, strict=True)]), *SETTLED)
    yield printed("κ χ₁ˡ halves as l doubles", 2 * kappas[2] / kappas[1] - 1, 0.05, "O(1/l)")


def _ordered_scale(setting: Setting):
    mf = setting.mean_field("ordered")
    logs = [math.log(setting.spectrum("ordered", l).kappa * l) for l in (200, 400)]
    yield printed("log κ l grows by 1/ξ₁ a layer", (logs[1] - logs[0]) / 200 * mf.xi_1 - 1, 1e-3, "O(1/l²)")


def _lemma_2(setting: Setting):
    """A⁽ˡ⁾ = (Θ − p* 11ᵀ)/(l χ₁ˡ) in digits: off the diagonal → −s E/χ₁, on it −p*/l."""
    numbers, depths = setting.digits, (25, 50, 100)
    mf, steps = setting.mean_field("ordered", numbers), setting.pair("ordered", depths, numbers)
    E = setting.constants("ordered")[0][0, 1]
    limit = -setting.laws("ordered").s * E / float(mf.chi_1)
    off = []
    for l in depths:
        unit = l * mf.chi_1**l
        diagonal = float((steps[l].ntk_variances[0] - mf.p_star) / unit)
        off.append(l * (float((steps[l].ntk - mf.p_star) / unit) / limit - 1))
        yield printed(
            f"A_aa = −p*/l at l = {l}",
            diagonal * l / float(mf.p_star) + 1,
            1e-13,
            "float64, to which the digits are rounded here",
        )
    yield printed("l (A_ab/(−s E/χ₁) − 1) settles", settling(off[1:]), 1e-5, "l χ₁ˡ at l = 50")


SENTENCE_CLAIMS = (
    sentence(
        "4-at-least",
        "4",
        "in order κ ≳ m p*/(l χ₁ˡ)",
        HOLDS,
        "ordered_phase",
        _at_least,
        law="times χ₁/(s μ_min), which depends on the data and lies on either side of 1",
        curve=curves.ordered_kappa,
    ),
    sentence(
        "6-structure",
        "6",
        "in each case Θ* = p*((1 − ĉ*) Id + ĉ* 11ᵀ) is the fixed point of Θ",
        CORRECTED,
        "critical_line",
        _structure,
        truth="of Θ in order; of Θ/p⁽ˡ⁾ on the line (ĉ* = 1/3) and in chaos (ĉ* = 0), where Θ has none",
    ),
    sentence(
        "6-normalised",
        "6",
        "inputs may be normalised to K(x, x) = q* without loss of generality",
        CORRECTED,
        "tangent_kernel",
        _any_variance,
        truth="p⁽ˡ⁾ keeps its rate, and its limit in order and on the line; in chaos it changes by a constant factor",
    ),
    sentence(
        "6-one-rate",
        "6",
        "all off-diagonal elements approach the same fixed point at the same rate",
        HOLDS,
        "ordered_phase",
        _one_rate,
        law="E and C differ from pair to pair; the rates χ₁ˡ, χ_cˡ, 1/l do not",
        curve=curves.ordered_nngp,
    ),
    sentence(
        "6-footnote-3",
        "6, footnote 3",
        "the diagonals of K converge faster than the rest",
        HOLDS,
        "fixed_points",
        _diagonal_first,
        law="χ_q < χ_c; erf: χ_q = χ₁/(1 + 2q*)",
    ),
    sentence("6.1-below-1", "6.1", "χ_c is always less than 1 in the chaotic phase", HOLDS, "fixed_points", _below_1),
    sentence(
        "6.1-spectrum",
        "6.1",
        "Θ/p⁽ˡ⁾ → Id, λ = p⁽ˡ⁾ + O(1), κ = 1 + O(1/p⁽ˡ⁾)",
        HOLDS,
        "chaotic_phase",
        _identity,
        law="κ − 1 = m p_ab*/(p⁽ˡ⁾ − p_ab*) + …",
        curve=curves.chaotic_kappa,
    ),
    sentence(
        "6.1-scale",
        "6.1",
        "the predictor vanishes over ξ_* = −1/log(χ_c/χ₁) layers",
        HOLDS,
        "chaotic_phase",
        _chaotic_scale,
        law="for zero-mean y, up to the factor l",
        curve=curves.chaotic_predictor,
    ),
    sentence(
        "6.2-limit",
        "6.2",
        "Θ → p* 11ᵀ and K → q* 11ᵀ, with the one eigenvalue m p*, m q*",
        HOLDS,
        "ordered_phase",
        _ordered_limit,
        curve=curves.ordered_top,
    ),
    sentence(
        "6.2-eigenspaces",
        "6.2",
        "Θ⁽ˡ⁾ has (approximately) two eigenspaces: 1, and m − 1 eigenvalues that scale like l χ₁ˡ",
        HOLDS,
        "ordered_phase",
        _two_eigenspaces,
        law="λ_i = s μ_i l χ₁^(l−1), μ_i the eigenvalues of −ΠEΠ, Π = Id − 11ᵀ/m: they stay apart for ever",
        curve=curves.ordered_spread,
    ),
    sentence(
        "6.2-kappa",
        "6.2, Figure 1b",
        "κ ≳ (l χ₁ˡ)⁻¹, with the 1/l visible in χ₁ˡ κ",
        HOLDS,
        "ordered_phase",
        _figure_1b,
        law="κ l χ₁^(l−1) → m p*/(s μ_min)",
        curve=curves.ordered_figure_1b,
    ),
    sentence(
        "6.2-scale",
        "6.2",
        "κ diverges over ξ₁ = −1/log χ₁ layers",
        HOLDS,
        "ordered_phase",
        _ordered_scale,
        law="up to the factor 1/l",
        curve=curves.ordered_kappa,
    ),
    sentence(
        "6.2-lemma-2",
        "6.2, Lemma 2",
        "Θ⁽ˡ⁾ = p* 11ᵀ + A⁽ˡ⁾ l χ₁ˡ, A⁽ˡ⁾ → A",
        HOLDS,
        "ordered_phase",
        {"digits": _lemma_2},
        law="A_ab = −(s/χ₁) E_ab, A_aa = 0; reached as 1/l, A_aa⁽ˡ⁾ = −p*/l exactly",
    ),
)
