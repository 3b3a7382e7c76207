"""The networks of Section 6.5: dropout, and skip connections, at the points of the setting."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from ..activations import erf, relu
from ..layers import Dropout
from ..network import Network, fcn, resnet
from ..recursion import Kernels, kernels_by_depth, pairs_by_depth
from .setting import Setting

__all__ = ["KEEP", "SATURATED", "dropped", "residual", "residual_pair"]

KEEP = Fraction(9, 10)
SATURATED = (1600, 3200, 6400)
_SKIP = (100, 200, 400, 800)


def dropped(setting: Setting, phase: str, depth: int) -> Network:
    """The FCN with dropout on the last hidden activations."""
    *hidden, last = setting.network(phase, depth).layers
    return Network([*hidden, Dropout(KEEP), last])


@cache
def residual(setting: Setting, layer_norm: str | None = None) -> dict[int, Kernels]:
    """{l: kernels} of residual ReLU networks at σ_w² = 2, of digits; "plain" is the same without skip connections."""
    depths = tuple(l // 2 for l in _SKIP) if setting.quick else _SKIP
    net = fcn(depths[-1], relu, 2) if layer_norm == "plain" else resnet(depths[-1], relu, 2, layer_norm=layer_norm)
    return {l: k for l, k in kernels_by_depth(net, setting.images("relu")[0]) if l in depths}


@cache
def residual_pair(setting: Setting) -> dict[int, Kernels]:
    """{l: kernels} of a pair with c = 1/2 in residual erf networks at the ordered point."""
    mf = setting.mean_field("ordered")
    net = resnet(SATURATED[-1], erf, mf.sigma_w2, mf.sigma_b2)
    return {l: k for l, k in pairs_by_depth(net, mf.q_star, 0.5) if l in (*_SKIP, *SATURATED)}
