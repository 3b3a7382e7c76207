"""Prediction and computation over depth for dropout, skip connections and layer norm."""

from __future__ import annotations

import math

import numpy as np

from .. import asymptotics
from ..activations import relu
from ..mean_field import mean_field
from ..predictor import mean_predictor
from ..recursion import kernels
from ..spectrum import spectrum
from .claim import Curve
from .setting import Setting
from .variants import KEEP, dropped, residual, residual_pair

_ORDERED = (10, 15, 20, 25, 30, 40)


def dropped_kappa(setting: Setting) -> Curve:
    """Figure 4."""
    x, laws = setting.images("ordered")[0], asymptotics.dropped(setting.laws("ordered"), KEEP)
    E, _, W, _ = setting.constants("ordered")
    computed = [spectrum(kernels(dropped(setting, "ordered", l), x)).kappa for l in _ORDERED]
    what = f"κ with dropout; κ* = {float(laws.kappa_star(setting.m)):.4f}"
    return Curve(what, _ORDERED, computed, [laws.kappa(l, E, W) for l in _ORDERED])


def dropped_predictor(setting: Setting) -> Curve:
    train, test, y = setting.images("ordered")
    E, E_test, W, W_test = setting.constants("ordered")
    laws = asymptotics.dropped(setting.laws("ordered"), KEEP)
    computed = []
    for l in _ORDERED:
        net = dropped(setting, "ordered", l)
        computed.append(abs(mean_predictor(kernels(net, train), kernels(net, test, train), y)[0]))
    predicted = [abs(laws.predictor(l, E, E_test, y, W, W_test)[0]) for l in _ORDERED]
    return Curve("|P(Θ) y| at a test image, with dropout", _ORDERED, computed, predicted, "y")


def saturated_diagonal(setting: Setting) -> Curve:
    found, mf = residual_pair(setting), setting.mean_field("ordered")
    laws = asymptotics.of_resnet(mf, mf.q_star)
    computed = [math.log(k.ntk_variances[0]) for k in found.values()]
    return Curve("log Θ_aa of erf with skip connections", tuple(found), computed,
                 [float(laws.log_ntk_diagonal(l)) for l in found], "x")  # fmt: skip


def skip_kappa(setting: Setting) -> Curve:
    found, laws, C = residual(setting), *_relu_laws(setting)
    computed = [spectrum(k).kappa for k in found.values()]
    return Curve("κ of ReLU with skip connections; the limit is (m+3)/3 = 5", tuple(found), computed,
                 [laws.kappa(l, C) for l in found], "x")  # fmt: skip


def normed_diagonal(setting: Setting) -> Curve:
    found = residual(setting, "post")
    laws = asymptotics.of_resnet(mean_field(relu, 2), 1, "post")
    computed = [np.max(k.ntk) for k in found.values()]
    return Curve('Θ_aa, layer norm "post"', tuple(found), computed, [float(laws.ntk_diagonal(l)) for l in found])


def _relu_laws(setting: Setting):
    laws = asymptotics.of_resnet(mean_field(relu, 2), 1)
    return laws, laws.coordinate(laws.one_minus_c(setting.images("relu")[0]))
