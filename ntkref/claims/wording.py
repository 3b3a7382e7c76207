"""Slips of symbols and references, decided by the paper's own words; and what Section 3 says of phases and of width."""

from __future__ import annotations

import numpy as np

from ..activations import erf
from ..convolution import convolution_spectrum
from ..finite import finite_kernels
from ..mean_field import mean_field
from ..network import fcn
from ..numbers import Numbers, float64
from ..recursion import kernels, kernels_of_pair
from ..spectrum import spectrum
from . import curves
from .claim import CORRECTED, HOLDS, Claim, both, corrected, leading, printed, sentence
from .experiments import descent
from .measures import settling
from .setting import Setting

__all__ = ["WORDING_CLAIMS"]

_QUOTES = {  # (section, words), as printed
    "index set": (3, r"\{z_i^{(l+1)}\}_{i \in [N^{(l+1)}} are i.i.d. Gaussian"),
    "weights": (3, r"hyperparameters, \sigma_w and \sigma_b that set the scale of the weights and biases"),
    "slope": (6, r"the values of \chi_1 \equiv \sigma_\omega^2 \dot{\mathcal{T}}(q^*)"),
    "verified": (4, r"learning rate scales as \eta \sim 2/\lambda_0 as we verify empirically in section 4"),
    "experiment": (7, r"for depth 10 networks varying \sigma_w^2 with \eta = \rho\eta_{\text{theory}}"),
    "eigenvalue": (6, r"\rho_q are eigenvalues of certain convolution operator"),
    "transition": (1, "linearly on the order-to-chase transition line"),
    "phases": (3, "defines the order-to-chaos transition separating the ordered phase"),
}  # fmt: skip
_ROWS = ("λ_max", "λ_bulk", "κ", "P(Θ)Y_train")  # of Table 1
_CAPTION = ("λ_max", "λ_bulk", "κ", "Δ")  # what its caption says the table has


def _words(name: str) -> str:
    return _QUOTES[name][1]


def _brackets(setting: Setting):
    words = _words("index set")
    yield printed("every [ has its ]", words.count("[") - words.count("]"), 0, "a count")
    yield leading("every { has its }", words.count("{") - words.count("}"), 0, "a count")
    closed = words.replace("N^{(l+1)}}", "N^{(l+1)}]}")
    yield corrected("i ∈ [N] closes it", closed.count("[") - closed.count("]"), 0, "a count")


def _omega(setting: Setting):
    """Which symbols stand for the standard deviation of weights; and that one number is meant."""
    names = r"\sigma_w", r"\sigma_\omega"
    used = [name for name in names if any(name in words for _, words in _QUOTES.values())]
    yield printed("one symbol stands for the scale of the weights", len(used) - 1, 0, "a count")
    mf = setting.mean_field("chaotic")
    tiny = kernels_of_pair(setting.network("chaotic", 2), mf.q_star, 1e-12)
    slope = tiny.nngp_gap / (2 * mf.q_star * 1e-12)
    yield leading("χ₁ = σ_w² 𝒯̇(q*), with σ_w for σ_ω", slope / mf.chi_1 - 1, 1e-11, "1 − c = 1e-12, and rounding")
    right = [words.replace(names[1], names[0]) for _, words in _QUOTES.values()]
    used = [name for name in names if any(name in words for words in right)]
    yield corrected("with σ_w for σ_ω one does", len(used) - 1, 0, "a count")


def _two_rhos(setting: Setting):
    """ρ as a factor of learning rates, said to exceed 2, and as an eigenvalue of a mean over pixels."""
    uses = [name for name in ("experiment", "eigenvalue") if r"\rho" in _words(name)]
    yield printed("ρ has one meaning", len(uses) - 1, 0, "a count of the definitions that use it")
    largest = float(np.max(np.abs(convolution_spectrum((6, 6)).eigenvalues)))
    yield leading("as an eigenvalue it is at most 1", largest - 1, 0, "exact")
    yield corrected("so the ρ that exceeds 2 is another", max(0.0, largest - 2), 0, "an inequality")


def _chase(setting: Setting):
    printed_words, chaos = (_words(name).split("order-to-")[1].split()[0] for name in ("transition", "phases"))
    different = sum(a != b for a, b in zip(printed_words, chaos, strict=True))
    yield printed("it is called by one name", different, 0, "letters that differ")
    yield leading("of as many letters", len(printed_words) - len(chaos), 0, "a count")
    phase = setting.mean_field("chaotic").phase  # the phase on the other side of the line
    yield corrected("the order-to-chaos transition", not phase.startswith(chaos[:4]), 0, "the name of a phase")


def _verified(setting: Setting):
    words, (holds, _) = _words("verified"), _QUOTES["experiment"]
    named = int(words.rsplit("section ", 1)[1])
    yield printed("the section named has the experiment", named - holds, 0, "a reading")
    x, _, y = setting.images("chaotic")
    k = kernels(setting.network("chaotic", 10), x)
    step = 2 / spectrum(k).lambda_max
    yield leading("descent converges at 0.98 of 2/λ_0", descent(k.ntk, y + 1, 0.98 * step), 1, "an inequality")
    yield leading("and diverges at 1.02 of it", 1 / descent(k.ntk, y + 1, 1.02 * step), 1, "an inequality")
    yield corrected("Section 7 has it", 7 - holds, 0, "a reading")


def _caption(setting: Setting):
    unknown = [symbol for symbol in _CAPTION if symbol not in _ROWS]
    yield printed("every quantity of the caption is a row of the table", len(unknown), 0, "a reading")
    yield leading("but one", len(unknown) - 1, 0, "a reading")
    missing = [row for row in _ROWS if row not in _CAPTION]
    yield corrected("one row is not in it: P(Θ)Y_train", missing != ["P(Θ)Y_train"], 0, "a reading")
    scaled = [l * setting.prediction("critical", l) for l in setting.gram_decades[1:]]
    yield corrected("which has the scaling of its row on the line", settling(scaled), 0.15, "log l/l")


def _missing_m(setting: Setting):
    """(κ − 1) χ₁ˡ of 6 and of 12 inputs."""
    mf, l = setting.mean_field("chaotic"), 60
    images = setting.images("chaotic")[0]
    net = setting.network("chaotic", l)
    found = {}
    for m in (6, 12):
        values = np.linalg.eigvalsh(kernels(net, images[:m]).ntk)
        found[m] = (values[-1] / values[0] - 1) * mf.chi_1**l
    yield printed("κ − 1 is the same for 6 and 12 inputs", found[12] / found[6] - 1, 0.1, "O(χ₁^−l), as printed")
    yield leading("(κ − 1) χ₁ˡ is of order 1", found[6], 100, "m p_ab* (χ₁ − 1)/q* is 5.5")
    for m, value in found.items():
        constant = m * mf.p_ab_star * (mf.chi_1 - 1) / mf.q_star
        yield corrected(f"it is m p_ab* (χ₁−1)/q*, m = {m}", value / constant - 1, 10 * l * mf.chi_c**l, "l χ_cˡ")


def _pointwise(setting: Setting, numbers: Numbers):
    """𝒯(K⁽ˡ⁺¹⁾) and 𝒯̇(K⁽ˡ⁺¹⁾) of four images against those of pairs that have K⁽ˡ⁾ in common with them."""
    for phase in ("ordered", "chaotic"):
        mf, l = setting.mean_field(phase, numbers), 3
        x = setting.images(phase)[0][:4]
        at, after = (kernels(setting.network(phase, depth), x, numbers=numbers) for depth in (l, l + 2))
        before = kernels(setting.network(phase, l + 1), x, numbers=numbers)
        pair = (setting.network(phase, depth) for depth in (2, 3))  # from K⁽ˡ⁾ on
        one_minus_c = at.nngp_gap / (2 * mf.q_star)
        shallow, deep = (kernels_of_pair(net, mf.q_star, one_minus_c, numbers) for net in pair)
        allowed = (1e-12, "rounding of K⁽¹⁾(x, x) = q*") if numbers is float64 else (1e-13, "inputs are float64's")
        off = np.max(np.abs(deep.nngp / after.nngp - 1))
        yield printed(f"𝒯(K⁽ˡ⁺¹⁾) is a function of the entry of K⁽ˡ⁾, {phase}", off, *allowed)
        slopes = [(k.ntk - k.nngp) / first.ntk for k, first in ((after, before), (deep, shallow))]
        off = np.max(np.abs(slopes[1] / slopes[0] - 1))
        yield printed(f"𝒯̇(K⁽ˡ⁺¹⁾) too, {phase}", off, *allowed)


def _ordered_name(setting: Setting):
    """Pairs in networks with the fixed point at c = 1, which all have: do they end at identical outputs?"""
    for w, b in (("0.9", "0.1"), ("1.2", "0.18"), ("1.6", "0.18"), ("2.2", "0.18"), ("3", "0.5"), ("6", "0.1")):
        mf = mean_field(erf, w, b)
        deep = kernels_of_pair(fcn(400, erf, w, b), mf.q_star, "0.5")
        apart = deep.nngp_gap / (2 * mf.q_star)
        if mf.phase == "ordered":
            yield leading(f"order: 1 − c → 0 at ({w}, {b})", apart, 10 * mf.chi_1**400, "E χ₁ˡ")
            yield corrected(f"and χ₁ < 1 at ({w}, {b})", max(0.0, mf.chi_1 - 1), 0, "an inequality")
        else:
            yield printed(f"1 − c → 0 at ({w}, {b}), where c = 1 is fixed", apart, 1e-3, "identical outputs")
            yield corrected(f"χ₁ > 1 and 1 − c → 1 − c* at ({w}, {b})", apart / mf.one_minus_c_star - 1, 1e-9, "χ_cˡ")


def _deterministic(setting: Setting):
    """Means and variances of sampled NTKs of erf networks with two hidden layers, of growing width."""
    samples = 400 if setting.quick else 3200
    x = setting.images("chaotic")[0][:2]
    net = setting.network("chaotic", 3)
    limit, variances = kernels(net, x).ntk[0, 1], {}
    for width in (16, 64):
        found = finite_kernels(net, x, width=width, samples=samples).ntk[:, 0, 1]
        variances[width] = width * np.var(found, ddof=1)
        error = np.std(found, ddof=1) / samples**0.5
        off = max(0.0, abs(np.mean(found) - limit) - 5 * limit / width) / error
        yield printed(f"the mean at width {width} is Θ, but for 5 Θ/N, in standard errors", off, 4, "6e-5 by chance")
    spread = (2 / samples) ** 0.5 * 2**0.5 * 2  # of a ratio of two variances, twice that of Gaussians
    off = variances[64] / variances[16] - 1
    yield printed("N times the variance stays as N grows", off, 4 * spread + 5 / 16, "4 standard errors, and O(1/N)")


def _deterministic_derivation(setting: Setting):
    """One hidden layer: the derived variance falls as 1/N."""
    results, numbers = setting.chapter("finite_width"), setting.digits
    arguments = [numbers.context.mpf(v) for v in ("0.5", "0.3", "0.2", "0.7", "0.4", "0.6")]
    wide, narrow = (setting.evaluate(results["ntk_variance"], (2, N, *arguments)) for N in (10**6, 10**3))
    yield printed("Var Θ̂ at N = 10⁶ over that at 10³, derived", 1000 * wide / narrow - 1, 10 * numbers.eps, "rounding")


WORDING_CLAIMS = (
    sentence(
        "1-chase",
        "1",
        "the order-to-chase transition line",
        CORRECTED,
        "fixed_points",
        _chase,
        truth="order-to-chaos",
    ),
    sentence(
        "3-index-set",
        "3",
        "{z_i}, i ∈ [N⁽ˡ⁺¹⁾, are i.i.d. Gaussian",
        CORRECTED,
        "gaussian_processes",
        _brackets,
        truth="i ∈ [N⁽ˡ⁺¹⁾]",
    ),
    sentence(
        "3-ordered",
        "3",
        "there is always a fixed point at c* = 1: this is the ordered phase, all inputs converge to identical outputs",
        CORRECTED,
        "fixed_points",
        _ordered_name,
        truth="the ordered phase is χ₁ < 1, where that point, which is always there, is stable",
        law="1 − c → E χ₁^(l−1)/q* if χ₁ < 1, else 1 − c*",
        curve=curves.ordered_nngp,
    ),
    sentence(
        "3-deterministic",
        "3",
        "in the infinite-width limit the NTK of random networks is deterministic",
        HOLDS,
        "finite_width",
        {"derivation": _deterministic_derivation, "float64": _deterministic},
        law="Var Θ̂ = O(1/N), and so is the bias of its mean; both grow with depth",
    ),
    sentence(
        "4-verified",
        "4",
        "η ~ 2/λ_0 is verified empirically in Section 4",
        CORRECTED,
        "mean_predictor",
        _verified,
        truth="in Section 7 (Figure 2c)",
    ),
    sentence(
        "6-pointwise",
        "6",
        "with K(x, x) = q*, 𝒯(K⁽ˡ⁺¹⁾)(x, x′) and 𝒯̇(K⁽ˡ⁺¹⁾)(x, x′) depend only on K⁽ˡ⁾(x, x′)",
        HOLDS,
        "tangent_kernel",
        both(_pointwise),
        law="𝒯(K⁽ˡ⁺¹⁾) on K⁽ˡ⁺¹⁾(x, x′), which is a function of K⁽ˡ⁾(x, x′)",
    ),
    sentence(
        "6-sigma",
        "6",
        "the weights have the scale σ_w, and σ_ω in χ₁ ≡ σ_ω² 𝒯̇(q*)",
        CORRECTED,
        "fixed_points",
        _omega,
        truth="σ_w in both",
    ),
    sentence(
        "7-rho",
        "7",
        "η = ρ η_theory, beside the eigenvalues ρ_q of Section 6.4",
        CORRECTED,
        "convolution",
        _two_rhos,
        truth="two quantities of one name: |ρ_q| ≤ 1, and η/η_theory, which may be any",
    ),
    Claim(
        "table-1-caption",
        "Table 1, caption",
        "the table has the scaling of λ_max, λ_bulk, κ and Δ⁽ˡ⁾",
        CORRECTED,
        "critical_line",
        {"float64": _caption},
        truth="Δ⁽ˡ⁾ is nowhere defined: the fourth row is P(Θ⁽ˡ⁾)Y_train",
        curve=curves.critical_predictor,
    ),
    Claim(
        "table-1-kappa-chaotic-m",
        "Table 1, kappa, chaotic, m",
        "κ = 1 + O(d χ₁^{−l}), without the m of the other rows",
        CORRECTED,
        "chaotic_phase",
        {"float64": _missing_m},
        truth="1 + m O(d χ₁^{−l})",
        law="1 + m d p_ab* (χ₁−1)/q* χ₁^(−l)",
        curve=curves.chaotic_kappa,
    ),
)
