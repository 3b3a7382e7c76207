"""Figure 1: what its six panels are said to show, of FCN, CNN-F and CNN-P."""

from __future__ import annotations

import numpy as np

from ..normalise import normalised
from ..numbers import float64
from ..recursion import kernels
from . import curves, image_curves
from .claim import HOLDS, printed, sentence
from .measures import SETTLED, logs, settling
from .setting import Setting
from .spatial import rows
from .table1_pool import equal

__all__ = ["FIGURE_CLAIMS"]


def _figure_1_limits(setting: Setting):
    """κ and λ_0/λ_1 of 12 and 20 images of 36 pixels, all at one angle; and of 6 random images of 6 × 6 × 3."""
    last = setting.decades[-1]
    for m in (12, 20):
        for d, limit in ((1, {12: 7, 20: 11}[m]), (36, {12: 217, 20: 361}[m])):
            yield printed(f"(dm+2)/2 = {limit} for m = {m}, d = {d}", (d * m + 2) / 2 - limit, 0, "a count")
            kappa = equal(setting, m=m, d=d)[last][2]
            yield printed(f"κ → {limit} for m = {m}, d = {d}", kappa / limit - 1, *logs(last))
    mf = setting.mean_field("critical")
    digits = rows(setting, "critical")
    net = digits.network(8, "pool")
    images = normalised(np.random.default_rng(0).standard_normal((4, 6, 6, 3)), net)
    k = kernels(net, images, numbers=float64)
    shifts = np.stack([np.roll(images, (-a, -b), (1, 2)) for a in range(6) for b in range(6)])
    flat = kernels(digits.network(8, "flatten"), images, shifts.reshape(-1, 6, 6, 3)).ntk
    mean = np.mean(flat.reshape(4, 36, 4), axis=1)
    off = np.max(np.abs(k.ntk / mean - 1))
    yield printed("Θ of 6 × 6 × 3 images pooled is CNN-F's mean over 36 shifts", off, 1e-12, "eight layers' rounding")
    yield printed("and Θ(x, x) without the mean is l q*", flat[0, 0] / (8 * mf.q_star) - 1, 1e-13, "rounding")


def _figure_1_ratio(setting: Setting):
    """λ_0/λ_1 of pooled digits tends to the same limit as κ."""
    digits = rows(setting, "critical")
    C, limit, far = digits.constants[0], (digits.m * digits.d + 2) / 2, 1e9
    laws = digits.pooled_laws
    ratio = laws.lambda_max(far, C) / laws.lambda_bulk(far, C)[0]
    yield printed("λ_0/λ_1 → (dm+2)/2 by its law", ratio / limit - 1, 1e-6, "d C log l/l at l = 1e9")
    values = np.linalg.eigvalsh(digits.pooled(800)[0])[::-1]
    law = laws.lambda_max(800, C) / laws.lambda_bulk(800, C)[0]
    yield printed("which it is at l = 800", values[0] / values[1] / law - 1, 100 * np.log(800) / 800**2, "C² log l/l²")
    scaled = [np.linalg.cond(digits.pooled(l)[0]) / limit - 1 for l in digits.depths[-2:]]
    yield printed("κ comes closer", abs(scaled[1] / scaled[0]), 0.75, "log l/l, which falls by 0.56 from 400 to 800")


def _figure_1a(setting: Setting):
    digits, mf = rows(setting, "chaotic"), setting.mean_field("chaotic")
    for readout, d in (("none", 1), ("flatten", 1), ("pool", digits.d)):
        kappas = [digits.spectrum(l, readout).kappa - 1 for l in (40, 60)]
        bound = 2 * digits.m * d * mf.p_ab_star * (mf.chi_1 - 1) / mf.q_star / mf.chi_1**60
        yield printed(f"κ − 1 is small at l = 60, {readout}", kappas[1], bound, "twice m d p_ab*/p⁽ˡ⁾")
        rate = kappas[1] / kappas[0] * mf.chi_1**20 - 1
        yield printed(f"and falls by χ₁ a layer, {readout}", rate, 0.05, "l χ_cˡ at l = 40 is 0.06, E smaller")


def _figure_1f(setting: Setting):
    """What CNN-F and CNN-P predict deep in order, beside one another."""
    digits = rows(setting, "ordered")
    y = digits.images[2]
    for readout, which in (("flatten", lambda a: a[..., 0]), ("pool", lambda a: a)):
        E, E_test, W, W_test = map(which, digits.constants)
        laws = digits.laws if readout == "flatten" else digits.pooled_laws
        found = digits.prediction(60, readout)
        off = np.max(np.abs(found - laws.predictor(60, E, E_test, y, W, W_test))) / np.max(np.abs(y))
        room = 10 * 60 * digits.mf.chi_1**60, "l χ₁ˡ"
        yield printed(f"P(Θ)y at l = 60 is kriging with its own E and W, {readout}", off, *room)
        far = [laws.predictor(l, E, E_test, y) for l in (400, 800)]
        yield printed(f"which settles, {readout}", settling(far), *SETTLED)
        yield printed(f"and depends on the data, {readout}", 1e-2 * np.max(np.abs(y)) / np.ptp(far[1]), 1, "above 1e-2")


FIGURE_CLAIMS = (
    sentence(
        "6.4-figure-1",
        "6.4, Figure 1c–d",
        "m = 12, 20 and d = 36: κ → (m+2)/2 = 7, 11 and (dm+2)/2 = 217, 361",
        HOLDS,
        "flattening_and_pooling",
        _figure_1_limits,
        curve=curves.critical_kappa,
    ),
    sentence(
        "6.4-ratio",
        "6.4, Figure 1d",
        "CNN-P: κ and λ_0/λ_1 converge to (dm+2)/2",
        HOLDS,
        "flattening_and_pooling",
        _figure_1_ratio,
        law="at the rate m d² C/l: up to d times deeper than the FCN",
        curve=image_curves.critical_kappa,
    ),
    sentence(
        "6.1-figure-1a",
        "6.1, Figure 1a",
        "in chaos κ → 1 for FCN, CNN-F and CNN-P",
        HOLDS,
        "flattening_and_pooling",
        _figure_1a,
        law="κ − 1 = m d p_ab*/(p⁽ˡ⁾ − p_ab*), d = 1 for FCN and CNN-F",
        curve=image_curves.chaotic_kappa,
    ),
    sentence(
        "6.2-figure-1f",
        "6.2, Figure 1f",
        "in order the mean predictor converges to a data-dependent value",
        HOLDS,
        "flattening_and_pooling",
        _figure_1f,
        law="kriging, with variogram E of offset 0 for CNN-F and Ē for CNN-P",
        curve=image_curves.ordered_predictor,
    ),
)
