"""Section 6.5: ReLU, skip connections and layer norm; and what of Section 6.2 is another for ReLU."""

from __future__ import annotations

import math

import numpy as np

from .. import asymptotics
from ..activations import relu
from ..mean_field import mean_field
from ..network import fcn
from ..normalise import normalised
from ..recursion import kernels, kernels_by_depth, pairs_by_depth
from ..spectrum import spectrum
from . import architecture_curves as curves
from .claim import CORRECTED, HOLDS, corrected, leading, printed, sentence
from .measures import BOUNDED, SETTLED, growth, logs, settling
from .setting import Setting
from .variants import SATURATED, residual, residual_pair

__all__ = ["ARCHITECTURE_CLAIMS"]


def _of_relu(setting: Setting, layer_norm=None):
    return asymptotics.of_resnet(mean_field(relu, 2), 1, layer_norm)


def _constant_of_relu(setting: Setting):
    laws = _of_relu(setting)
    return laws.coordinate(laws.one_minus_c(setting.images("relu")[0]))


def _skip_entries(setting: Setting):
    """ReLU: Θ over (1 + σ_w²/2)ˡ.  erf: log Θ_aa and log Θ_ab over depth."""
    found, laws, C = residual(setting), _of_relu(setting), _constant_of_relu(setting)
    before, last = list(found)[-2:]
    off = ~np.eye(setting.m, dtype=bool)
    scaled = [found[l].ntk / (l * 2.0 ** (l - 1)) for l in (before, last)]
    yield leading("ReLU: all entries over l (1 + σ_w²/2)ˡ settle", settling(scaled), *logs(before))
    exact = np.diag(found[last].ntk) / laws.ntk_diagonal(last) - 1
    yield corrected("ReLU: Θ_aa = q g^(l−1) (1 + μ(l−1)), g = 1 + σ_w²/2, μ = 1 − 1/g", np.max(np.abs(exact)), 1e-12,
                    "l roundings, a few times")  # fmt: skip
    law = np.max(np.abs(found[last].ntk[off] / laws.ntk_offdiagonal(last, C)[off] - 1))
    yield corrected("ReLU: Θ_ab is the law's", law, 100 / last**2, "O(1/l²), C² times")
    yield from _saturated(setting)


def _saturated(setting: Setting):
    found = residual_pair(setting)
    laws = asymptotics.of_resnet(setting.mean_field("ordered"), setting.mean_field("ordered").q_star)
    logs_of = {l: (math.log(k.ntk_variances[0]), math.log(k.ntk)) for l, k in found.items()}
    a, b, c = SATURATED
    for name, which in (("Θ_aa", 0), ("Θ_ab", 1)):
        slopes = [(logs_of[y][which] - logs_of[x][which]) / (y - x) for x, y in ((a, b), (b, c))]
        yield printed(f"erf: log {name} grows at a steady rate per layer", slopes[1] / slopes[0] - 1, 0.05,
                      "an exponential has one rate")  # fmt: skip
    miss = [abs(logs_of[l][0] - laws.log_ntk_diagonal(l)) * math.sqrt(l) / math.log(l) for l in (a, c)]
    what = "erf: log Θ_aa = 2A√l + b log l + log Z: what is left, over log l/√l, does not grow"
    yield corrected(what, growth(miss), *BOUNDED)
    over = [(found[l].ntk / laws.ntk_offdiagonal(l) - 1) * l**laws.decay / math.log(l) for l in (b, c)]
    yield corrected("erf: Θ_ab = s c* l/λ: what is left, over l^(−λ) log l, settles", settling(over), *SETTLED)


def _skip_entries_derivation(setting: Setting):
    """ReLU's exact diagonal, and the slope of Θ_ab of a bounded φ."""
    results, numbers = setting.chapter("skip_connections"), setting.digits
    laws, exact = _of_relu(setting), (1e-13, "float64 laws")
    g, mu = (setting.evaluate(results[key], (2,)) for key in ("growth", "mu"))
    derived = g**99 * setting.evaluate(results["time"], (mu, 100))
    yield leading("ReLU: Θ_aa grows by g a layer, derived", laws.ntk_diagonal(100) / float(derived) - 1, *exact)
    mf = setting.mean_field("ordered")
    saturated = asymptotics.of_resnet(mf, mf.q_star)
    c = numbers.context.mpf(saturated.c_star)
    moves = setting.evaluate(results["c_moves"], (c, mf.sigma_w2, mf.sigma_b2))
    yield corrected("erf: c* is where the cosine stays, derived", moves, 1e-14, "float64 laws")
    decay = setting.evaluate(results["lambda"], (c,))
    yield corrected("erf: λ, derived", saturated.decay / float(decay) - 1, *exact)
    slope = setting.evaluate(results["Theta_ab_slope"], (saturated.s, c, decay))
    l = 1e6
    yield corrected("erf: Θ_ab grows linearly, derived", saturated.ntk_offdiagonal(l) / (l * float(slope)) - 1, *exact)
    rates = [saturated.log_ntk_diagonal(2 * l) - saturated.log_ntk_diagonal(l) for l in (1e6, 2e6)]
    yield printed("erf: log Θ_aa grows twice as much from 2l to 4l as from l to 2l", rates[1] / (2 * rates[0]) - 1,
                  0.05, "an exponential has one rate")  # fmt: skip


def _skip_kappa(setting: Setting):
    """κ of digits at critical ReLU, and of a pair in erf networks at the ordered point."""
    found, plain, laws, C = residual(setting), residual(setting, "plain"), _of_relu(setting), _constant_of_relu(setting)
    m, last, far = setting.m, list(found)[-1], (1e6, 1e8)
    limit = (m + 3) / 3
    left = spectrum(found[last]).kappa - laws.kappa(last, C)
    yield corrected("ReLU: κ is the law's", left, 100 / last**2, "O(1/l²), C² times")
    yield leading("ReLU: the law tends to (m+3)/3", laws.kappa(far[1], C) / limit - 1, *logs(far[1]))
    without = asymptotics.of(mean_field(relu, 2), 1)
    C_without = without.coordinate(without.one_minus_c(setting.images("relu")[0]))
    left = spectrum(plain[last]).kappa - without.kappa(last, C_without)
    yield leading("ReLU: without skip connections κ is the law's", left, 100 / last**2, "O(1/l²), C² times")
    for name, law, constant in (("with", laws, C), ("without", without, C_without)):
        rise = [(law.kappa(l, constant) - limit) * l for l in far]
        rate = (rise[1] - rise[0]) / math.log(far[1] / far[0])
        yield leading(
            f"ReLU: (2m/3) log l/l {name} skip connections", 3 * rate / (2 * m) - 1, 1e-3, "C log l/l at l = 1e6"
        )
    pair, order = residual_pair(setting), setting.spectrum("ordered", 400).kappa
    rest = {l: 2 * k.ntk / (k.ntk_gap / 2) for l, k in pair.items()}
    with_skip = 1 + rest[400]
    yield printed("erf in order: κ with skip connections is that without", 1e-3 * order / with_skip, 1,
                  "at l = 400 not below 1e-3 of it")  # fmt: skip
    mf = setting.mean_field("ordered")
    saturated = asymptotics.of_resnet(mf, mf.q_star)
    a, _, c = SATURATED
    fall = math.log(rest[a] / rest[c]) / (math.sqrt(c) - math.sqrt(a))
    law = math.log(saturated.kappa_minus_1(a, 2) / saturated.kappa_minus_1(c, 2)) / (math.sqrt(c) - math.sqrt(a))
    yield corrected("erf: κ → 1 at the ordered point, as exp(−2A√l)", fall / law - 1, 0.01, "l^(−λ) log l, over 2A√l")
    yield corrected("erf: κ − 1 at l = 6400", rest[c] / 1e-30, 1, "exp(−2A√l) l is 1e-37")


def _skip_kappa_derivation(setting: Setting):
    results, numbers = setting.chapter("skip_connections"), setting.digits
    m, exact = setting.m, (10 * numbers.eps, "rounding")
    yield leading("(m+3)/3, derived", 3 * setting.evaluate(results["kappa"], (m,)) / (m + 3) - 1, *exact)
    mu, T = setting.evaluate(results["mu"], (2,)), 10**6
    one, two = (setting.evaluate(results["kappa_next"], (m, mu, t, 1)) * t / mu for t in (T, 3 * T))  # T = μ l
    plain = setting.evaluate(setting.chapter("relu")["kappa_log"], (m,))
    rise = (two - one) / numbers.context.log(3)
    yield leading("the log l/l beside it is the FCN's, derived", rise / plain - 1, 1e4 * numbers.eps, "rounding, of T")
    mf = setting.mean_field("ordered")
    moves = setting.evaluate(results["c_moves"], (1 - numbers.context.mpf("1e-6"), mf.sigma_w2, mf.sigma_b2))
    yield printed("erf in order: c = 1 attracts with skip connections too, derived", min(0, float(moves)) * 1e3, 1e-6,
                  "near c = 1 the cosine would grow")  # fmt: skip
    yield corrected("erf: c = 1 repels, at any σ_w², σ_b²", max(0.0, float(moves)), 0, "a sign")


def _layer_norm(setting: Setting):
    """ReLU, skip connections and layer norm behind or ahead: Θ_aa and κ."""
    m = setting.m
    plain, last = residual(setting), list(residual(setting))[-1]
    yield printed("without, Θ_aa at the last depth", 1e30 / plain[last].ntk[0, 0], 1, "exponential: above 1e30")
    C = _constant_of_relu(setting)
    post, pre = residual(setting, "post"), residual(setting, "pre")
    laws, ahead = _of_relu(setting, "post"), _of_relu(setting, "pre")
    off = np.max(np.abs(np.diag(post[last].ntk) / laws.ntk_diagonal(last) - 1))
    yield printed('"post": Θ_aa = 1 + μ(l − 1)', off, 1e-12, "l roundings, a few times")
    off = np.max(np.abs(np.diag(pre[last].ntk) / ahead.ntk_diagonal(last) - 1))
    yield printed('"pre": Θ_aa = (q + h(l−1)) T(l), of size l log l', off, 1e-12, "l roundings, a few times")
    size = np.max(pre[last].ntk) / (last * math.log(last))
    yield printed('"pre": Θ_aa over l log l is of order 1', size, 2, "h = σ_w²/2 = 1, and 1/log l")
    same = spectrum(post[last]).kappa / spectrum(plain[last]).kappa - 1
    yield printed('"post": κ is the same as without layer norm', same, 1e-11, "rounding of l layers, times κ")
    left = spectrum(post[last]).kappa - laws.kappa(last, C)
    yield printed('"post": κ is the law\'s', left, 100 / last**2, "O(1/l²), C² times")
    limit = (m + 3) / 3
    yield printed("which tends to (m+3)/3", laws.kappa(1e8, C) / limit - 1, *logs(1e8))


def _layer_norm_derivation(setting: Setting):
    results, numbers = setting.chapter("layer_normalisation"), setting.digits
    laws = asymptotics.of_resnet(mean_field(relu, 2, 0, numbers), 1, "pre")
    exact = 1000 * numbers.eps, "rounding, and the digamma function's"
    l, a = 1000, 1
    derived = setting.evaluate(results["time_pre"], (l, a))
    yield printed('"pre": T(l), derived, is the law\'s', laws.time(l) / derived - 1, *exact)
    yield printed("and Θ_aa/K_aa does not explode", derived / l, 1, "log l, below l")
    m = setting.m
    yield printed("(m+3)/3, derived", 3 * setting.evaluate(results["kappa"], (m,)) / (m + 3) - 1, *exact)


def _norms(setting: Setting):
    """Two inputs of norms 1 and √h at critical ReLU, at right angles."""
    last, plain = setting.depths("relu")[-1], 5 / 3
    h = 4.0
    x = np.array([[1.0, 0.0], [0.0, math.sqrt(h)]])
    k = kernels(fcn(last, relu, 2), x)
    kappa = spectrum(k).kappa
    same = spectrum(kernels(fcn(last, relu, 2), np.eye(2))).kappa
    yield leading("of one norm κ → (m+3)/3", same / plain - 1, *logs(last))
    yield printed("κ → (m+3)/3 for norms 1 and 2", kappa / plain - 1, *logs(last))
    total = 16 * (1 + h) ** 2 / (15 * h) - 2
    limit = total / 2 + math.sqrt(total**2 / 4 - 1)
    yield corrected("κ + 1/κ → 16(1+h)²/(15h) − 2", kappa / limit - 1, *logs(last))
    target = np.diag(np.diag(k.nngp)) * 0.75 + np.sqrt(np.outer(np.diag(k.nngp), np.diag(k.nngp))) / 4
    off = np.max(np.abs(k.ntk / last / target - 1))
    yield corrected("Θ/l → √n (3/4 Id + 1/4 11ᵀ) √n, n the norms", off, *logs(last))


def _norms_derivation(setting: Setting):
    results, numbers = setting.chapter("relu_away"), setting.digits
    exact = 10 * numbers.eps, "rounding"
    one, four = (setting.evaluate(results["kappa_m2"], (h,)) for h in (1, 4))
    yield leading("κ + 1/κ of one norm is 5/3 + 3/5, derived", one * 15 / 34 - 1, *exact)
    yield printed("and of norms 1 and 2, derived", four * 15 / 34 - 1, *exact)
    yield corrected("which is 16 (1+h)²/(15h) − 2", four * 3 / 14 - 1, *exact)


def _order_of_relu(setting: Setting):
    """λ_bulk of digits at σ_w² = 1, σ_b² = 1, where χ₁ = 1/2."""
    depths = (50, 100) if setting.quick else (100, 200)
    net = fcn(depths[-1], relu, 1, 1)
    images = setting.images("relu")[0]
    x = normalised(images, net)
    found = {l: spectrum(k).lambda_bulk for l, k in kernels_by_depth(net, x) if l in depths}
    yield printed("ReLU: λ_bulk/(l χ₁ˡ) settles", settling([found[l] / (l * 0.5**l) for l in depths]), *SETTLED)
    scaled = [found[l] / 0.5 ** (l / 2) for l in depths]
    room = 10 * 0.5 ** (depths[0] / 2) + 1e-12, "χ₁^(l/2) at the first depth, and rounding"
    yield corrected("ReLU: λ_bulk/χ₁^(l/2) settles", settling(scaled), *room)
    smooth = [setting.spectrum("ordered", l) for l in (200, 400)]
    chi = setting.mean_field("ordered").chi_1
    scaled = [s.lambda_bulk / (l * chi**l) for s, l in zip(smooth, (200, 400), strict=True)]
    yield leading("erf: λ_bulk/(l χ₁ˡ) settles", settling(scaled), *SETTLED)
    for w, b in (("1.5", "0"), ("1", "0.5"), ("3", "0"), ("4", "1")):
        *_, (_, k) = pairs_by_depth(fcn(500, relu, w, b), 1, 1)
        one_minus_c = k.nngp_gap / (2 * k.nngp_variances[0])
        room = 9 * math.pi**2 / (2 * 500**2), "9π²/(2l²) or less"
        yield corrected(f"ReLU: c → 1 at ({w}, {b}): there is no chaos", one_minus_c, *room)


ARCHITECTURE_CLAIMS = (
    sentence(
        "6.2-relu",
        "6.2",
        "in order λ_bulk = O(l χ₁ˡ), a picture that applies to ReLU too (Section 3)",
        CORRECTED,
        "relu_away",
        _order_of_relu,
        truth="for smooth φ; for ReLU χ₁^(l/2), and it has no chaotic phase",
        law="(p − p_ab)/χ₁^((l−1)/2) → (χ₁/π) √(2E/q*) p*/(√χ₁ − χ₁)",
    ),
    sentence(
        "6.5-relu-norms",
        "6.5",
        "critical ReLU: κ → (m+3)/3, inputs being normalised without loss of generality",
        CORRECTED,
        "relu_away",
        {"derivation": _norms_derivation, "float64": _norms},
        truth="for inputs of one norm, else more: two of norms 1 and √h have κ + 1/κ → 16(1+h)²/(15h) − 2",
        law="Θ/l → √n (3/4 Id + 1/4 11ᵀ) √n",
    ),
    sentence(
        "6.5-skip-entries",
        "6.5",
        "skip connections make all entries of the NTK diverge exponentially",
        CORRECTED,
        "skip_connections",
        {"derivation": _skip_entries_derivation, "float64": _skip_entries},
        truth="of ReLU; of erf and tanh Θ_aa as exp(2A√l) and Θ_ab linearly",
        law="ReLU: q g^(l−1) t, t_aa = 1 + μ(l−1), g = 1 + σ_w²/2, μ = 1 − 1/g; erf: A = (2/π) σ_w²/√(σ_w² + σ_b²)",
        curve=curves.saturated_diagonal,
    ),
    sentence(
        "6.5-skip-kappa",
        "6.5",
        "skip connections do not alter the dynamics of κ",
        CORRECTED,
        "skip_connections",
        {"derivation": _skip_kappa_derivation, "float64": _skip_kappa},
        truth="of ReLU, whose limit and log l/l they keep; of erf and tanh κ → 1 at all σ_w², σ_b²: no ordered phase",
        law="ReLU: (m+3)/3 + (2m/3) μ log T/T, T = 1 + μ(l−1); erf: κ − 1 = m s c* l/(λ Θ_aa)",
        curve=curves.skip_kappa,
    ),
    sentence(
        "6.5-layer-norm",
        "6.5",
        "layer norm can address the exploding gradients of skip connections",
        HOLDS,
        "layer_normalisation",
        {"derivation": _layer_norm_derivation, "float64": _layer_norm},
        law='ReLU, "post": Θ = t, κ as without; "pre": Θ_aa ~ (σ_w²/2) l log l, κ → (m+3)/3 as 1/log l',
        curve=curves.normed_diagonal,
    ),
)
