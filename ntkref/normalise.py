"""Inputs brought to the paper's setting, K⁽¹⁾(x, x) = q* (Section 6)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .inputs import checked_inputs
from .layers import Dense
from .mean_field import mean_field
from .network import Network, activations, weight_layers
from .numbers import Digits, Floats, Numbers, float64

__all__ = ["normalised"]


def normalised(x, net: Network, q: Any = None, numbers: Numbers = float64):
    """`x` (n, features) with each row scaled so that K⁽¹⁾(x, x) = q* of `net`, the paper's setting (Section 6).

    Of images (n, height, width, channels) every pixel is scaled: under circular padding K⁽¹⁾ = q* at all of them.
    Every layer of `net` must have the same variances and activation.  Where q* does not single out a
    variance (ReLU with σ_b² = 0, residual networks), `q` must be given; it may be given anywhere.

    Raises
    ------
    ValueError
        A zero row or pixel (it has no direction), q* <= σ_b², no unique q*, or layers that differ.

    >>> import ntkref as nk
    >>> net = nk.fcn(10, nk.erf, sigma_w2="1.5", sigma_b2="0.18")
    >>> x = nk.normalised([[1.0, 2.0], [3.0, 4.0]], net)
    >>> nk.kernels(net, x).nngp_variances[0] / nk.mean_field(nk.erf, "1.5", "0.18").q_star
    array([1., 1.])
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, such as fcn(...) builds, got {net!r}")
    if not isinstance(numbers, (Floats, Digits)):
        raise TypeError(f"numbers must be float64, floats(xp) or digits(n), got {numbers!r}")
    variances = {(layer.sigma_w2, layer.sigma_b2) for layer in weight_layers(net.layers)}
    phis = set(activations(net.layers))
    if len(variances) > 1 or len(phis) > 1:
        raise ValueError("net must have the same variances and activation in all layers for a common q*")
    layer = Dense(*variances.pop())
    x = checked_inputs(x, "x", numbers, net.of_images)
    if layer.sigma_w2 == 0:
        raise ValueError("sigma_w2 must be positive, got 0: no scale of the input changes its kernel")
    q = _common_variance(net, layer, phis, numbers) if q is None else numbers.asarray(q, "q")
    if np.ndim(q):
        raise ValueError(f"q must be one number, got shape {np.shape(q)}")
    square = (q - numbers.convert(layer.sigma_b2)) / numbers.convert(layer.sigma_w2)
    if not square > 0:
        raise ValueError(f"q must exceed sigma_b2 = {layer.sigma_b2}, or no scale of the input gives it; got {q}")
    largest = numbers.max(numbers.abs(x))[..., None]
    if not numbers.holds(largest > 0):
        raise ValueError(f"x has a zero {'pixel' if net.of_images else 'row'}, which no scale brings to q*")
    x = x / largest  # or the squares could leave float64
    return x * numbers.sqrt(square / (numbers.dot(x, x) / x.shape[-1]))[..., None]


def _common_variance(net: Network, layer: Dense, phis: set, numbers: Numbers):
    """q* for `normalised`, or why there is none."""
    if not phis:
        raise ValueError("q must be given: a network of depth 1 has no activation and no q*")
    if not net.plain:
        raise ValueError("q must be given: skip connections, norms, dropout and average pools inside move the variance")
    mf = mean_field(phis.pop(), layer.sigma_w2, layer.sigma_b2, numbers)
    if "q_star" not in mf._core or not mf._core["q_star"]:
        raise ValueError(f"q must be given: there is no positive q* for {mf.activation} at {layer}")
    return numbers.asarray(mf.q_star, "q")
