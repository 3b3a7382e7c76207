"""Equation 19 and Section 6.4: convolutions, flattening and pooling; and the figures that show them."""

from __future__ import annotations

import numpy as np

from ..convolution import convolution_spectrum
from ..recursion import kernels, kernels_of_pair
from ..spectrum import spectrum
from . import image_curves
from .claim import CORRECTED, HOLDS, Claim, corrected, leading, printed, sentence
from .measures import BOUNDED, SETTLED, growth
from .setting import Setting
from .spatial import Rows, line_constants, rows
from .table1_pool import factor_of_order

__all__ = ["CONVOLUTION_CLAIMS"]

_DEEP = {"ordered": 30, "critical": 40, "chaotic": 60}  # where modes are seen: later K − q* drowns in rounding


def _modes(digits: Rows, depth: int) -> tuple:
    """(δK, δΘ) of the uniform mode and of the slowest one, q = 2π/d, at each offset: arrays (d, 2)."""
    mf = digits.mf
    nngp, ntk = digits.entries(depth)  # (i, o)
    q = mf.q_star * mf.c_star
    p = {"ordered": lambda: mf.p_star, "critical": lambda: depth * mf.q_star, "chaotic": lambda: mf.p_ab_star}
    fixed = q, p[digits.phase]()
    return tuple(np.abs(np.fft.fft(a - f, axis=0)[:2]).T for a, f in zip((nngp, ntk), fixed, strict=True))


def _eq19(setting: Setting):
    """How the slowest mode falls beside the uniform one, at each offset of two digits, from one layer to the next."""
    falls = {}
    for phase, l in _DEEP.items():
        digits = rows(setting, phase)
        rho = convolution_spectrum(digits.d).decay
        before, after = (_modes(digits, depth) for depth in (l, l + 1))
        for which, name in enumerate(("K", "Θ")):
            one, two = before[which], after[which]
            falls[phase, name] = two[:, 1] / two[:, 0] / (one[:, 1] / one[:, 0]) / rho
            if phase == "critical":  # K: mode q is ρ_qˡ δ², Θ: it is ρ_qˡ
                power = 2 if name == "K" else 0
                alone = two[:, 1] / one[:, 1] / (two[:, 0] / one[:, 0]) ** power / rho
                yield corrected(
                    f"on the line mode q of {name} falls as ρ_qˡ (δK)^{power}",
                    np.max(np.abs(alone - 1)),
                    10 / l**2,
                    "O(1/l²): (δK)² is the derivative of δK by C, up to O(1/l)",
                )
    for (phase, name), fall in falls.items():
        off = np.max(np.abs(fall - 1))
        if phase == "critical":
            room = 20 / _DEEP[phase] ** 2, "O(1/l²), where it falls as δK or δΘ"
            yield printed(f"on the line mode q over the uniform one falls by ρ_q, {name}", off, *room)
        else:
            slow = 20 / _DEEP[phase] ** 2, "(R l + V′)/(R l + V) moves by (V′ − V)/(R l²), whose factor is below 20"
            room = slow if name == "Θ" else (1e-4, "χˡ")
            yield leading(f"mode q over the uniform one falls by ρ_q a layer, {name}, {phase}", off, *room)
    for phase in ("ordered", "chaotic"):
        uniform = _modes(rows(setting, phase), _DEEP[phase])[0][:, 0]
        apart = np.ptp(uniform) / np.max(uniform)
        yield printed(f"one mode is left: δK is the same at all pairs of pixels, {phase}", apart, 1e-2, "ρ_qˡ is 1e-3")
    digits = rows(setting, "chaotic")
    E = digits.constants[0][0, 1]
    law = E * digits.mf.chi_c ** (_DEEP["chaotic"] - 1)
    found = np.mean(digits.entries(_DEEP["chaotic"])[0], axis=0) - digits.mf.q_star * digits.mf.c_star
    off = np.max(np.abs(found - law)) / np.max(np.abs(law))
    room = 10 * digits.mf.chi_c ** _DEEP["chaotic"], "E χ_cˡ"
    yield corrected("each offset is a pair of its own, with its own E", off, *room)


def _eq19_derivation(setting: Setting):
    """ρ of the chapter against what two layers did to the slowest mode of K of two digits in order."""
    rho = float(setting.evaluate(setting.chapter("convolution")["rho"], (1, Rows.d, 1)))
    for phase in ("ordered", "critical"):
        l = _DEEP[phase]
        one, two = (_modes(rows(setting, phase), depth)[0] for depth in (l, l + 1))
        off = np.max(np.abs(two[:, 1] / two[:, 0] / (one[:, 1] / one[:, 0]) / rho - 1))
        if phase == "ordered":
            yield leading("in order mode q falls by ρ_q, derived", off, 1e-4, "χ₁ˡ")
        else:
            yield printed("on the line mode q falls by ρ_q, derived", off, 10 / l**2, "O(1/l²), where it does")
            alone = two[:, 1] / two[:, 0] ** 2 / (one[:, 1] / one[:, 0] ** 2) / rho
            yield corrected("by ρ_q δK'/δK", np.max(np.abs(alone - 1)), 10 / l**2, "O(1/l²)")


def _operator(size: int, taps) -> np.ndarray:
    """The convolution of pixel pairs on a circle, by hand: a matrix (size², size²)."""
    operator = np.zeros((size, size, size, size))
    for i in range(size):
        for j in range(size):
            for beta, v in enumerate(taps):
                operator[i, j, (i + beta - 1) % size, (j + beta - 1) % size] += v
    return operator.reshape(size**2, size**2)


def _eigenvalues(setting: Setting):
    """Of three equal taps on six pixels; and of other filters."""
    d = 6
    values = np.linalg.eigvals(_operator(d, [1 / 3] * 3))
    table = np.sort(np.repeat(convolution_spectrum(d).eigenvalues, d))
    off = np.max(np.abs(np.sort(values.real) - table)) + np.max(np.abs(values.imag))
    yield leading("ρ_q = Σ_β v_β e^{iq·β} are the eigenvalues", off, 1e-13, "rounding")
    yield leading("ρ_0 = 1", convolution_spectrum(d).eigenvalues[0] - 1, 0, "exact")
    ones = int(np.sum(np.abs(values) > 1 - 1e-9))
    yield printed("of the d² modes of pairs of pixels one has ρ = 1", ones - 1, 0, "a count")
    yield corrected("d modes have it: any function of i′ − i", ones - d, 0, "a count")
    rest = np.sort(np.abs(values))[: d * (d - 1)]
    yield corrected("the rest have |ρ_q| ≤ 2/3", rest[-1] * 1.5 - 1, 1e-13, "rounding")
    for name, spectrum_of in (
        ("a filter of one pixel", convolution_spectrum(d, 1)),
        ("a filter (½, 0, ½)", convolution_spectrum(d, 3, ("1/2", "0", "1/2"))),
        ("a 1 × 3 filter on 6 × 6 pixels", convolution_spectrum((d, d), (1, 3))),
    ):
        yield corrected(f"with {name} it is 1 at some q ≠ 0", 1 - spectrum_of.decay, 0, "exact")
    q = 2 * np.pi / 100
    long_wave = (1 - convolution_spectrum(100).decay) / (q**2 / 3) - 1
    yield corrected("of the longest wave of 100 pixels 1 − ρ_q is q²/3", long_wave, q**2 / 11, "q²/12, the next order")


def _eigenvalues_derivation(setting: Setting):
    rho = setting.chapter("convolution")["rho"]
    off = max(
        abs(float(setting.evaluate(rho, (r, k, n))) - convolution_spectrum(k, 2 * r + 1).eigenvalues[n])
        for r, k in ((1, 6), (2, 6), (1, 8))
        for n in range(1, k)
    )
    yield leading("Dirichlet's kernel, derived, is ρ_q", off, 1e-15, "rounding")
    values = np.linalg.eigvals(_operator(6, [1 / 3] * 3))
    derived = [1.0] * 6 + [float(setting.evaluate(rho, (1, 6, n))) for n in range(1, 6) for _ in range(6)]
    off = np.max(np.abs(np.sort(values.real) - np.sort(derived)))
    yield corrected("d times each are the eigenvalues", off, 1e-13, "rounding")
    once = int(np.sum(np.abs(values - 1) < 1e-9))
    yield printed("of the d² modes of pairs of pixels one has ρ = 1", once - 1, 0, "a count")


def _shape(setting: Setting):
    """The kernel of two images at all pairs of their pixels; and what the two readouts keep of it."""
    digits = rows(setting, "chaotic")
    nngp, ntk = digits.entries(10)
    for name, entries in (("K", nngp), ("Θ", ntk)):
        different = len(np.unique(entries.round(9)))
        yield printed(f"the block of two images of {name} has d² numbers", different - digits.d**2, 0, "a count")
    for readout, mean in (("flatten", lambda a: np.mean(a[:, 0])), ("pool", np.mean)):
        k = digits.kernels(10, readout)[0]
        for name, found, entries in (("K", k.nngp, nngp), ("Θ", k.ntk, ntk)):
            off = found[0, 1] / mean(entries) - 1
            yield printed(f"{name}: {readout} keeps the mean of (i, i) or of all", off, 1e-13, "ten layers' rounding")


def _pixels(setting: Setting):
    """What still depends on position, and whether the mean over positions moves as an FCN's pair, per offset."""
    for phase, first, last in (("ordered", 20, 30), ("critical", 30, 60), ("chaotic", 30, 60)):
        digits = rows(setting, phase)
        mf, rho = digits.mf, convolution_spectrum(digits.d).decay
        q = mf.q_star * mf.c_star
        nngp = digits.entries(first)[0]
        spread = np.max(np.ptp(nngp, axis=0)) / np.max(np.abs(np.mean(nngp, axis=0) - q))
        room = 10 * rho**first, "ρ_qˡ, times order 1"
        yield printed(f"entries of one offset draw together beside their distance from q_ab*, {phase}", spread, *room)
        mean = np.mean(nngp, axis=0)
        deeper = digits.entries(last)
        for o in (0, 1, 3):
            net = digits.network(last - first + 1, "none")
            k = kernels_of_pair(net, mf.q_star, 1 - mean[o] / mf.q_star)
            off = (k.nngp - np.mean(deeper[0][:, o])) / (k.nngp - q)
            room = spread**2 * np.max(np.abs(mean - q)), "of second order in what depends on position, and in δK"
            yield printed(f"the mean at offset {o} moves as an FCN's pair, {phase}", off, *room)


def _flatten(setting: Setting):
    """Entries and κ of CNN-F beside those of an FCN on the same inputs."""
    for phase, depths in (("ordered", (10, 60)), ("critical", (60, 800)), ("chaotic", (20, 60))):
        digits = rows(setting, phase)
        off, kappas = {}, {}
        for l in depths:
            (flat, _), (fcn, _) = digits.kernels(l, "flatten"), digits.kernels(l, "none")
            off[l] = np.max(np.abs(flat.ntk / fcn.ntk - 1))
            kappas[l] = spectrum(flat).kappa / spectrum(fcn).kappa - 1
        first, last = depths
        room = {
            "ordered": (10 * last * digits.mf.chi_1**last, "l χ₁ˡ"),
            "critical": (10 / last, "both are l q*/3 + (q*ρ/3) log l + c₀"),
            "chaotic": (10 * last * digits.mf.chi_c**last, "l χ_cˡ"),
        }[phase]
        yield printed(f"Θ_CNN-F/Θ_FCN tends to 1, {phase}", off[last], *room)
        yield printed(f"closer than it was at l = {first}", off[last] / off[first], 0.5, "it falls")
        yield printed(
            f"κ is never far apart, {phase}", max(map(abs, kappas.values())), 0.05, "no eye sees it in a plot"
        )
        if phase != "ordered":
            yield printed(f"and draws together, {phase}", kappas[last], *room)
            continue
        E, _, W, _ = digits.constants
        e = digits.laws.one_minus_c(digits.images[0].reshape(digits.m, -1))
        law = digits.laws.kappa(last, digits.laws.coordinate(e), digits.laws.offset(e))
        off = (1 + kappas[last]) * law / digits.laws.kappa(last, E[..., 0], W[..., 0]) - 1
        yield printed("in order its ratio is the law's, of E_F and E_FCN", off, *room)


def _degrades(setting: Setting):
    """l P(Θ) y on the line, of CNN-F and of an FCN on the same inputs."""
    digits = rows(setting, "critical")
    y = digits.images[2]
    found = {}
    for l in (400, 800):
        train, test = (part.ntk[..., 0] for part in digits.offsets[l])
        found[l] = test @ np.linalg.solve(train, y), digits.prediction(l, "none"), train
    entries = np.max(np.abs(found[800][2] / digits.kernels(800, "none")[0].ntk - 1))
    yield leading("the NTKs are almost identical at depth", entries, 10 / 800, "c₀ over l q*/3")
    apart = {l: np.max(np.abs(a / b - 1)) for l, (a, b, _) in found.items()}
    yield printed("so the predictions are", apart[800], 10 / 800, "if it were as the entries")
    yield corrected("the predictions keep their distance", apart[800] / apart[400] - 1, *SETTLED)
    laws, (C, C_test, _, _) = digits.laws, digits.constants
    by_fcn = (line_constants(laws, 800, k.nngp_gap) for k in digits.kernels(800, "none"))
    pairs = (C[..., 0], C_test[..., 0]), tuple(by_fcn)
    for name, which, constants in zip(("CNN-F", "the FCN"), (0, 1), pairs, strict=True):
        left = [(found[l][which] - laws.predictor(l, *constants, y)) * l**2 for l in (400, 800)]
        what = f"{name}'s is the law's, with the C of its own orbit: what is left, times l², falls"
        yield corrected(what, growth(left), *BOUNDED)


def _pooling(setting: Setting):
    """κ of CNN-P over that of CNN-F: its limit on the line, and in order, also with every pixel doubled."""
    digits = rows(setting, "critical")
    C, laws, m, d = digits.constants[0], digits.pooled_laws, digits.m, digits.d
    far = 1e9
    ratio = laws.kappa(far, C) / digits.laws.kappa(far, C[..., 0])
    yield printed("on the line κ grows by the factor d", ratio / d - 1, 1e-3, "d C log l/l at l = 1e9")
    yield corrected("on the line it grows by (md+2)/(m+2)", ratio * (m + 2) / (m * d + 2) - 1, 1e-3, "d C log l/l")
    minus_1 = (laws.kappa(far, C) - 1) / (digits.laws.kappa(far, C[..., 0]) - 1)
    yield leading("on the line κ − 1 grows by the factor d", minus_1 / d - 1, 1e-3, "d C log l/l")
    at_depth = np.linalg.cond(digits.pooled(800)[0]) / laws.kappa(800, C) - 1
    yield corrected("κ at l = 800 is the law's", at_depth, 100 * np.log(800) / 800**2, "C² log l/l²")
    factor = factor_of_order(setting)
    yield printed("in order it grows by the factor d", factor[60] / d - 1, 0.25, "as far as on the line, 0.78 d")
    yield corrected("in order the factor is of one depth as of another", factor[60] / factor[40] - 1, 0.01, "O(1/l²)")
    doubled = _factor_of_doubled(rows(setting, "ordered"))
    yield printed("twice the pixels, twice the factor", doubled / factor[20] / 2 - 1, 0.25, "as before")
    yield corrected(
        "every pixel doubled: the factor stays", doubled / factor[20] - 1, 0.25, "were it d this would be 1"
    )


def _factor_of_doubled(digits: Rows) -> float:
    """κ of CNN-P over that of CNN-F at l = 20, for digits of 16 pixels, each the twin of its neighbour."""
    train = np.repeat(digits.images[0], 2, axis=1)
    pool, flat = (spectrum(kernels(digits.network(20, readout), train)).kappa for readout in ("pool", "flatten"))
    return pool / flat


def _pooling_derivation(setting: Setting):
    results, numbers, allowed = setting.chapter("flattening_and_pooling"), setting.digits, "rounding"
    exact = 10 * numbers.eps, allowed
    for m, d in ((6, 8), (12, 36)):
        pool, flat = (setting.evaluate(results["kappa_critical"], (m, size)) for size in (d, 1))
        yield printed(f"κ grows by d, derived, m = {m}, d = {d}", pool / flat / d - 1, *exact)
        yield leading(f"κ − 1 grows by d, derived, m = {m}, d = {d}", (pool - 1) / (flat - 1) / d - 1, *exact)
        yield corrected(f"κ by (md+2)/(m+2), m = {m}, d = {d}", pool / flat * (m + 2) / (m * d + 2) - 1, *exact)


CONVOLUTION_CLAIMS = (
    Claim(
        "eq-19",
        "Equation 19",
        "δΘ_CNN⁽ˡ⁾ ≈ Σ_q ρ_qˡ δΘ⁽ˡ⁾(q), q = 0 the uniform mode, δΘ⁽ˡ⁾(q) ∝ δΘ_FCN⁽ˡ⁾",
        CORRECTED,
        "convolution",
        {"derivation": _eq19_derivation, "float64": _eq19},
        truth="at each offset i′ − i by itself, q the total momentum of i and i′: d pairs of their own are left; on "
        "the critical line mode q is ρ_qˡ ∂δΘ_FCN/∂C, smaller by 1/l",
        law="δ_q⁽ˡ⁾ = ρ_q^(l−1) δ_q⁽¹⁾ ∂/∂q₁ of the FCN's, to first order; at second order 2q is driven by q²",
    ),
    sentence(
        "6.4-shape",
        "6.4",
        "kernels of images have the shape (m, k, k, m, k, k), with each pair of pixels of each image",
        HOLDS,
        "flattening_and_pooling",
        _shape,
        law="flattening reads the mean of [i, i], pooling the mean of all [i, i′]",
    ),
    sentence(
        "6.4-rho",
        "6.4",
        "ρ_0 = 1 and |ρ_q| < 1 for q ≠ 0: the nonuniform modes become subleading",
        CORRECTED,
        "convolution",
        {"derivation": _eigenvalues_derivation, "float64": _eigenvalues},
        truth="q the total momentum: each ρ_q is d-fold, and all d functions of i′ − i stay; |ρ_q| < 1 needs circular "
        "padding and a filter whose taps' differences generate the torus",
        law="ρ_q = Σ_β v_β e^{iq·β}, Π sin((2r+1)q/2)/((2r+1) sin(q/2)); long waves last O(k²) layers",
    ),
    sentence(
        "6.4-pixels",
        "6.4",
        "at large depths different pixels evolve identically as FCNs",
        HOLDS,
        "convolution",
        _pixels,
        law="the mean at each offset is an FCN's pair, up to ρ_q^(2l)",
    ),
    sentence(
        "6.4-flatten",
        "6.4, Figure 1a–c",
        "Θ_CNN-F ≈ Θ_FCN, and κ of both evolve almost identically in all phases",
        HOLDS,
        "flattening_and_pooling",
        _flatten,
        law="Θ_CNN-F/Θ_FCN → 1; κ's ratio → 1 in chaos and on the line, in order to μ_min(−ΠE_FCNΠ)/μ_min(−ΠE_FΠ)",
        curve=image_curves.flat_kappa,
    ),
    sentence(
        "6.4-degrades",
        "6.4",
        "critical CNNs perform as FCNs at large depth, as the two NTKs are almost identical",
        CORRECTED,
        "flattening_and_pooling",
        _degrades,
        truth="the NTKs are, up to O(1/l), but predictions are of that order: their ratio stays away from 1 for ever",
        law="l P(Θ)y → (1/2α)[C_test − 11ᵀC/(m+2)] y, with C of the convolution's orbit or of the FCN's",
        curve=image_curves.flat_over_fcn,
    ),
    sentence(
        "6.4-pooling",
        "6.4",
        "global average pooling increases κ by a factor of d in the ordered phase and on the critical line",
        CORRECTED,
        "flattening_and_pooling",
        {"derivation": _pooling_derivation, "float64": _pooling},
        truth="on the critical line κ − 1 by d and κ by (md+2)/(m+2); in order by μ_min(−ΠE_FΠ)/μ_min(−ΠĒΠ) ≥ 1, "
        "which the data decide: d if all pixels are alike far apart, 1 if the pixels of an image are equal",
        law="κ − 1 = m d p_ab/(p − p_ab) for equal entries, in every phase",
        curve=image_curves.critical_kappa,
    ),
)
