"""Prediction and computation over depth for convolutional networks, dropout and skip connections."""

from __future__ import annotations

import numpy as np

from .claim import Curve
from .curves import _or_nan
from .setting import Setting
from .spatial import POOLED, rows


def _order(setting: Setting, what, value, law, log) -> Curve:
    """A number of the spectrum in order: `value` of (λ_max, λ_bulk) against the law of (l, E, W)."""
    digits = rows(setting, "ordered")
    E, _, W, _ = digits.constants
    computed = [value(l, *digits.ordered_spectrum(l)) for l in digits.depths]
    return Curve(what, digits.depths, computed, [law(digits.pooled_laws, l, E, W) for l in digits.depths], log)


def ordered_top(setting: Setting) -> Curve:
    limit = rows(setting, "ordered").m * setting.mean_field("ordered").p_star
    return _order(
        setting, "λ_max/(m p*)", lambda l, top, bulk: top / limit,
        lambda laws, l, E, W: laws.lambda_max(l, E, W) / limit, "x",
    )  # fmt: skip


def ordered_bulk(setting: Setting) -> Curve:
    return _order(setting, "λ_1", lambda l, top, bulk: bulk[0], lambda laws, l, E, W: laws.lambda_bulk(l, E, W)[0], "y")


def ordered_kappa(setting: Setting) -> Curve:
    """Figure 1b."""
    chi = setting.mean_field("ordered").chi_1
    return _order(
        setting, "κ χ₁ˡ", lambda l, top, bulk: top / bulk[-1] * chi**l,
        lambda laws, l, E, W: laws.kappa(l, E, W) * chi**l, "xy",
    )  # fmt: skip


def ordered_predictor(setting: Setting) -> Curve:
    """Figure 1f."""
    return _predictor(setting, "ordered", "P(Θ) y at a test image", lambda p, l: p, "x")


def _predictor(setting: Setting, phase, what, scale, log) -> Curve:
    digits = rows(setting, phase)
    E, E_test, V, V_test = digits.constants
    laws, y = digits.pooled_laws, digits.images[2]
    computed = [scale(digits.prediction(l, "pool")[0], l) for l in POOLED]

    def law(l):
        return scale(laws.predictor(l, E, E_test, y, V, V_test)[0], l)

    return Curve(what, POOLED, computed, [_or_nan(law, l) for l in POOLED], log)


def chaotic_predictor(setting: Setting) -> Curve:
    """Figure 1e."""
    return _predictor(setting, "chaotic", "|P(Θ) y| at a test image", lambda p, l: abs(p), "y")


def _line(setting: Setting, what, value, law, log) -> Curve:
    """On the critical line, from the means over shifts."""
    digits = rows(setting, "critical")
    C, depths = digits.constants[0], digits.depths
    computed = [value(np.linalg.eigvalsh(digits.pooled(l)[0])[::-1], l) for l in depths]
    return Curve(what, depths, computed, [_or_nan(law, digits.pooled_laws, l, C) for l in depths], log)


def critical_top(setting: Setting) -> Curve:
    return _line(setting, "λ_max/l", lambda v, l: v[0] / l, lambda laws, l, C: laws.lambda_max(l, C) / l, "x")


def critical_bulk(setting: Setting) -> Curve:
    return _line(
        setting, "mean λ_bulk/l", lambda v, l: np.mean(v[1:]) / l,
        lambda laws, l, C: np.mean(laws.lambda_bulk(l, C)) / l, "x",
    )  # fmt: skip


def critical_kappa(setting: Setting) -> Curve:
    """Figure 1d."""
    limit = rows(setting, "critical").m * rows(setting, "critical").d / 2 + 1
    return _line(
        setting, f"κ; the limit is (md+2)/2 = {limit:.0f}", lambda v, l: v[0] / v[-1],
        lambda laws, l, C: laws.kappa(l, C), "x",
    )  # fmt: skip


def critical_predictor(setting: Setting) -> Curve:
    digits = rows(setting, "critical")
    C, C_test, _, _ = digits.constants
    y, computed = digits.images[2], []
    for l in digits.depths:
        train, test = digits.pooled(l)
        computed.append(l * (test @ np.linalg.solve(train, y))[0])
    predicted = [_or_nan(lambda l: l * digits.pooled_laws.predictor(l, C, C_test, y)[0], l) for l in digits.depths]
    return Curve("l P(Θ) y at a test image", digits.depths, computed, predicted, "x")


def _chaos(setting: Setting, what, value, law) -> Curve:
    digits = rows(setting, "chaotic")
    E, _, V, _ = digits.constants
    computed = [value(digits.spectrum(l, "pool")) for l in POOLED]
    return Curve(what, POOLED, computed, [_or_nan(law, digits.pooled_laws, l, E, V) for l in POOLED], "y")


def chaotic_top(setting: Setting) -> Curve:
    return _chaos(setting, "λ_max", lambda s: s.lambda_max, lambda laws, l, E, V: laws.lambda_max(l, E, V))


def chaotic_bulk(setting: Setting) -> Curve:
    return _chaos(
        setting, "smallest λ_bulk", lambda s: s.lambda_bulk[-1], lambda laws, l, E, V: laws.lambda_bulk(l, E, V)[-1]
    )


def chaotic_kappa(setting: Setting) -> Curve:
    """Figure 1a."""
    return _chaos(setting, "κ − 1", lambda s: s.kappa - 1, lambda laws, l, E, V: laws.kappa_minus_1(l, E, V))


def flat_kappa(setting: Setting) -> Curve:
    """κ of CNN-F beside that of an FCN on the same inputs, in chaos."""
    digits = rows(setting, "chaotic")
    computed, predicted = ([digits.spectrum(l, of).kappa - 1 for l in POOLED] for of in ("flatten", "none"))
    return Curve("κ − 1 of CNN-F; of the FCN", POOLED, computed, predicted, "y")


def flat_over_fcn(setting: Setting) -> Curve:
    """l P(Θ)y of CNN-F on the line, against the law with C of its own orbit."""
    digits = rows(setting, "critical")
    C, C_test, _, _ = digits.constants
    y, depths = digits.images[2], digits.depths
    computed = []
    for l in depths:
        train, test = (part.ntk[..., 0] for part in digits.offsets[l])
        computed.append(l * (test @ np.linalg.solve(train, y))[0])
    law = [_or_nan(lambda l: l * digits.laws.predictor(l, C[..., 0], C_test[..., 0], y)[0], l) for l in depths]
    return Curve("l P(Θ) y of CNN-F at a test image", depths, computed, law, "x")
