"""The finite-width twin: the same network sampled at width N, with a forward and a backward pass of its own.

Nothing here knows the recursion, nor that anything is Gaussian but the parameters: it is a third route to K and Θ.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .activation import Activation
from .exact import is_symbolic
from .finite_layers import Draws, Sampled
from .layers import Conv, Dense, whole_number
from .network import Network, every_layer
from .numbers import Floats, float64

__all__ = ["FiniteKernels", "finite_kernels"]

_BLOCK = 1 << 21  # numbers in one temporary: samples are taken in blocks, to bound memory


class FiniteKernels(NamedTuple):
    """Empirical kernels, one of each per sample: arrays (samples, n1, n2)."""

    nngp: Any
    ntk: Any


def finite_kernels(
    net: Network,
    x1,
    x2=None,
    width: int = 256,
    samples: int = 1,
    seed: int = 0,
    outputs: int = 1,
    numbers: Floats = float64,
) -> FiniteKernels:
    """The empirical NNGP kernel and NTK of `net` with `width` features (channels) in every hidden layer.

    ``ntk`` is the sum over all parameters w of ∂f(x)/∂w ∂f(x')/∂w, for an output unit f; the mean over the first
    `outputs` units.  Parameters are W, b ~ N(0, 1), as in Eq. 1.

    ``nngp``, of a network that ends in Dense, is the covariance of f(x) and f(x') over the last layer's parameters
    alone, σ_w² φ·φ'/N + σ_b².  A network that ends otherwise (`Residual`, `LayerNorm`, `GlobalAvgPool`) has features
    for outputs, and ``nngp`` is their mean product, Σ_j z_j(x) z_j(x')/N.

    The mean over samples differs from the infinite-width K and Θ by O(1/N), a sample by O(1/√N).

    Parameters
    ----------
    net : the network, its hyperparameters numbers.
    x1, x2 : inputs, (n, features), of networks of images (n, height, width, channels) or (n, length, channels).
        ``x2=None`` gives the Gram matrix of x1.
    width : N, the features of every layer but the readout.
    samples : how many independent draws of all parameters and masks.
    seed : sample s depends on `seed` and s and not on how many samples there are; its parameters not on the inputs.
    outputs : how many output units the NTK is a mean of.
    numbers : ``float64`` or ``floats(xp)``, for arrays of `xp`.  NumPy draws in either case, so that results in two
        namespaces differ by rounding alone.

    Dropout has a mask for every row, pixel and feature.  The diagonal of a Gram matrix has one mask on both sides;
    two rows never do, however equal.  The NTK is that of the masked network.

    Raises
    ------
    TypeError, ValueError
        Arguments of a wrong type, shape or size; symbolic hyperparameters; an activation without a definition; a
        filter or window larger than its image; features that are all 0 where `LayerNorm` divides by their norm.
    OverflowError
        A sample leaves float64.

    >>> import ntkref as nk
    >>> from ntkref.finite import finite_kernels
    >>> net, x = nk.fcn(3, nk.erf, sigma_w2=2, sigma_b2="0.1"), [[1.0, 0.5], [0.5, -1.0]]
    >>> finite_kernels(net, x, width=256, samples=200).ntk.mean(axis=0).round(1)
    array([[3.8, 0.4],
           [0.4, 3.8]])
    >>> nk.kernels(net, x).ntk.round(1)
    array([[3.8, 0.4],
           [0.4, 3.8]])
    """
    _check(net, numbers)
    width, samples, outputs = (
        whole_number(value, name) for value, name in ((width, "width"), (samples, "samples"), (outputs, "outputs"))
    )
    seed = whole_number(seed, "seed", least=0)
    if not isinstance(net.layers[-1], Dense) and outputs > width:
        raise ValueError(f"outputs must be <= width = {width}, the number of features at the end, got {outputs}")
    x, space, first, second = _rows(net, x1, x2, numbers)
    block = max(1, _BLOCK // _numbers_per_sample(net, x.shape, width, outputs))
    parts = []
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for start in range(0, samples, block):
            draws = Draws(seed, range(start, min(start + block, samples)), numbers)
            parts.append(_kernels(Sampled(numbers, draws, width, first, second), net, x, space, outputs))
    result = FiniteKernels(*map(numbers.xp.concat, zip(*parts, strict=True)))
    if not all(numbers.holds(numbers.xp.isfinite(array)) for array in result):
        raise OverflowError("the kernels of a sample exceed float64: its variances grow too fast with depth")
    return result


def _kernels(sampled: Sampled, net: Network, x, space: tuple, outputs: int) -> FiniteKernels:
    xp = sampled.xp
    h = xp.broadcast_to(x[None, ...], (len(sampled.draws.parameters), *x.shape))
    *hidden, last = net.layers
    readout = isinstance(last, Dense)
    body = sampled.chain(hidden if readout else net.layers, h, space)
    unit = xp.eye(outputs, outputs if readout else sampled.width, dtype=xp.float64)  # ∂f/∂f, the same at every row
    delta = xp.broadcast_to(unit, (*body.h.shape[:2], 1, *unit.shape))
    if readout:  # its part of Θ is K, the covariance over its own W and b
        delta, nngp = sampled.dense(last, body.h, body.space, outputs).back(delta)
        return FiniteKernels(nngp, nngp + body.back(delta)[1])
    nngp = sampled.inner(body.h)[:, :, 0, :, 0] / sampled.width
    return FiniteKernels(nngp, body.back(delta)[1])


def _check(net, numbers):
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, such as fcn(...) builds, got {net!r}")
    if not isinstance(numbers, Floats):
        raise TypeError(f"numbers must be float64 or floats(xp): a sample has no other digits; got {numbers!r}")
    for layer in every_layer(net.layers):
        if any(is_symbolic(getattr(layer, name, None)) for name in ("sigma_w2", "sigma_b2", "keep")):
            raise TypeError(f"{layer} is symbolic, and only a network of numbers can be sampled")
        if isinstance(layer, Activation) and layer.value is None:
            raise TypeError(f"{layer} has no definition to sample: it is known by its closed form alone")


def _rows(net, x1, x2, numbers):
    """Both sets of inputs as one array (rows, pixels, channels), their space, and which rows are whose."""
    x1 = _inputs(net, x1, "x1", numbers)
    n, (*space, channels) = x1.shape[0], x1.shape[1:]
    first = second = slice(0, n)
    if x2 is not None:
        x2 = _inputs(net, x2, "x2", numbers)
        if x1.shape[1:] != x2.shape[1:]:
            raise ValueError(f"x1 and x2 must have inputs of one shape, got {x1.shape[1:]} and {x2.shape[1:]}")
        second = slice(n, n + x2.shape[0])
        x1 = numbers.xp.concat([x1, x2])
    return numbers.xp.reshape(x1, (x1.shape[0], math.prod(space), channels)), tuple(space), first, second


def _inputs(net, x, name, numbers):
    x = numbers.asarray(x, name)
    if net.of_images:
        allowed, shape = (3, 4), "(n, height, width, channels) or (n, length, channels)"
    else:
        allowed, shape = (2,), "(n, features)"
    if x.ndim not in allowed:
        raise ValueError(f"{name} must have shape {shape} for this network, got shape {tuple(x.shape)}")
    if 0 in x.shape:
        raise ValueError(f"{name} is empty: shape {tuple(x.shape)}")
    return x


def _numbers_per_sample(net, shape, width, outputs) -> int:
    """About the size of the largest array of one sample: weights, gradients, or products of pixels."""
    rows, pixels, features = shape
    features = max(features, width)
    seen = max(pixels, *(_filter_pixels(layer) for layer in every_layer(net.layers)))  # Flatten's, or a filter's
    return max(seen * features * max(width, rows * outputs), rows * pixels * outputs * features, (rows * pixels) ** 2)


def _filter_pixels(layer) -> int:
    if not isinstance(layer, Conv):
        return 1
    return math.prod(layer.filter_size) if isinstance(layer.filter_size, tuple) else layer.filter_size**2
