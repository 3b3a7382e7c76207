"""Every layer at finite width: forward, and back by the chain rule.

Arrays are (samples, rows, pixels, features), gradients of outputs (samples, rows, pixels, outputs, features); a vector
is one pixel.  Each layer's function returns its output, the space that is left, and the way back: from the gradient
with respect to its output to that with respect to its input, and to what its own parameters add to Θ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from .activation import Activation
from .layers import AvgPool, Conv, Dense, Dropout, Flatten, GlobalAvgPool, LayerNorm, Residual, sizes
from .numbers import Floats

__all__ = ["Draws", "Sampled", "Signal"]


class Signal(NamedTuple):
    """What left a layer, the spatial shape of its pixels, and the way back."""

    h: Any
    space: tuple
    back: Callable


class Draws:
    """Two streams of random numbers per sample: parameters, and dropout masks.

    Each sample has streams of its own, so it is the same in whatever block it is drawn; parameters have one of their
    own, so they are the same for whatever inputs.  NumPy draws for every namespace.
    """

    def __init__(self, seed: int, samples: range, numbers: Floats):
        self.numbers = numbers
        self.parameters, self.masks = (
            [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(s, kind))) for s in samples]
            for kind in (0, 1)
        )

    def normal(self, shape: tuple):
        """W or b ~ N(0, 1), (samples, *shape)."""
        values = np.empty((len(self.parameters), *shape))
        for rng, sample in zip(self.parameters, values, strict=True):
            rng.standard_normal(out=sample)
        return self.numbers.xp.asarray(values)

    def mask(self, shape: tuple, keep: float):
        """1 with probability `keep`, else 0, (samples, *shape)."""
        values = np.empty((len(self.masks), *shape))
        for rng, sample in zip(self.masks, values, strict=True):
            rng.random(out=sample)
        return self.numbers.xp.asarray((values < keep) + 0.0)


@dataclass(frozen=True)
class Sampled:
    """Networks of one architecture, one per sample, on rows of which Θ is wanted between `first` and `second`."""

    numbers: Floats
    draws: Draws
    width: int
    first: slice
    second: slice

    @property
    def xp(self):
        return self.numbers.xp

    def inner(self, a, b=None):
        """a·a' over features between the pixels of both sets of rows: (samples, n1, pixels, n2, pixels)."""
        xp, (samples, _, pixels, features) = self.xp, a.shape
        one, two = (xp.reshape(a[:, rows, :, :], (samples, -1, features)) for rows in (self.first, self.second))
        products = xp.matmul(one, xp.matrix_transpose(two))
        return xp.reshape(products, (samples, one.shape[1] // pixels, pixels, two.shape[1] // pixels, pixels))

    def chain(self, layers, h, space) -> Signal:
        """One layer after another; their parts of Θ add up."""
        backs = []
        for layer in layers:
            h, space, back = self.layer(layer, h, space)
            backs.append(back)

        def back(delta):
            theta = 0.0
            for step in reversed(backs):
                delta, part = step(delta)
                theta = theta + part
            return delta, theta

        return Signal(h, space, back)

    def layer(self, layer, h, space) -> Signal:
        return _KINDS[type(layer)](self, layer, h, space)

    # --- layers with parameters ---------------------------------------------------------------------------------

    def weights(self, patches, sigma_b2: float, width: int):
        """z = p W + σ_b b, where p holds what a unit sees, σ_w √v/√N included; (z, the way back to p).

        ∂z/∂W is p and ∂z/∂b is σ_b, the same at every pixel, so Θ gains Σ_ii' (δ_i·δ'_i') (p_i·p'_i' + σ_b²).
        """
        xp, (samples, rows, pixels, fan_in) = self.xp, patches.shape
        W, b = self.draws.normal((fan_in, width)), self.draws.normal((width,))
        z = xp.matmul(xp.reshape(patches, (samples, -1, fan_in)), W) + math.sqrt(sigma_b2) * b[:, None, :]

        def back(delta):
            outputs = delta.shape[3]
            flat = xp.reshape(delta, (samples, rows, pixels, outputs * width))
            theta = xp.sum(self.inner(flat) * (self.inner(patches) + sigma_b2), axis=(2, 4)) / outputs
            gradient = xp.matmul(xp.reshape(delta, (samples, -1, width)), xp.matrix_transpose(W))
            return xp.reshape(gradient, (samples, rows, pixels, outputs, fan_in)), theta

        return xp.reshape(z, (samples, rows, pixels, width)), back

    def dense(self, layer, h, space, width=None) -> Signal:
        scale = math.sqrt(float(layer.sigma_w2) / h.shape[3])
        z, back_to_patches = self.weights(scale * h, float(layer.sigma_b2), width or self.width)

        def back(delta):
            delta, theta = back_to_patches(delta)
            return scale * delta, theta

        return Signal(z, space, back)

    def conv(self, layer, h, space) -> Signal:
        xp, channels = self.xp, h.shape[3]
        taps, left = _taps(layer, space)
        taps = [(xp.asarray(shift), math.sqrt(float(layer.sigma_w2 * v) / channels)) for shift, v in taps]
        patches = xp.concat([scale * self.on_pixels(shift, h) for shift, scale in taps], axis=3)
        z, back_to_patches = self.weights(patches, float(layer.sigma_b2), self.width)

        def back(delta):
            delta, theta = back_to_patches(delta)
            parts = [delta[..., k * channels : (k + 1) * channels] for k in range(len(taps))]
            gradients = [
                scale * self.on_pixels(xp.matrix_transpose(shift), part)
                for (shift, scale), part in zip(taps, parts, strict=True)
            ]
            return sum(gradients), theta

        return Signal(z, left, back)

    # --- layers without ------------------------------------------------------------------------------------------

    def activation(self, layer, h, space) -> Signal:
        value, slope = (self.xp.asarray(f(self.numbers, h)) for f in (layer.value, layer.derivative))
        return Signal(value, space, lambda delta: (slope[:, :, :, None, :] * delta, 0.0))

    def dropout(self, layer, h, space) -> Signal:
        keep = float(layer.keep)
        mask = self.draws.mask(h.shape[1:], keep) / keep
        return Signal(mask * h, space, lambda delta: (mask[:, :, :, None, :] * delta, 0.0))

    def layer_norm(self, layer, h, space) -> Signal:
        """u = z/s with s² = z·z/N, whose derivative is (1 − u uᵀ/N)/s: the norm moves with z."""
        xp = self.xp
        s = xp.sqrt(xp.mean(h * h, axis=3, keepdims=True))
        if bool(xp.any(s == 0)):
            raise ValueError(f"LayerNorm divides by a norm of 0: in a sample of width {self.width} all features vanish")
        u = h / s

        def back(delta):
            along, norm = u[:, :, :, None, :], s[:, :, :, None, :]
            return (delta - along * xp.mean(along * delta, axis=4, keepdims=True)) / norm, 0.0

        return Signal(u, space, back)

    def residual(self, layer, h, space) -> Signal:
        branch = self.chain(layer.branch, h, space)

        def back(delta):
            through, theta = branch.back(delta)
            return delta + through, theta

        return Signal(h + branch.h, branch.space, back)

    def flatten(self, layer, h, space) -> Signal:
        xp, (samples, rows, pixels, channels) = self.xp, h.shape

        def back(delta):
            outputs = delta.shape[3]
            delta = xp.reshape(delta, (samples, rows, outputs, pixels, channels))
            return xp.permute_dims(delta, (0, 1, 3, 2, 4)), 0.0

        return Signal(xp.reshape(h, (samples, rows, 1, pixels * channels)), (), back)

    def pool(self, layer, h, space) -> Signal:
        windows = space if isinstance(layer, GlobalAvgPool) else sizes(layer.window, len(space), layer)
        for size, window in zip(space, windows, strict=True):
            if window > size:
                raise ValueError(f"{layer} has a window larger than the image: {windows} on {space}")
        matrix = self.xp.asarray(_kron(map(_means, space, windows)))
        left = () if isinstance(layer, GlobalAvgPool) else tuple(n // w for n, w in zip(space, windows, strict=True))
        adjoint = self.xp.matrix_transpose(matrix)
        return Signal(self.on_pixels(matrix, h), left, lambda delta: (self.on_pixels(adjoint, delta), 0.0))

    def on_pixels(self, matrix, a):
        """`matrix` (pixels out, pixels in) on the pixels of an array or of a gradient."""
        xp, shape = self.xp, a.shape
        out = xp.matmul(matrix, xp.reshape(a, (*shape[:3], -1)))
        return xp.reshape(out, (*shape[:2], matrix.shape[0], *shape[3:]))


_KINDS = {
    Dense: Sampled.dense,
    Conv: Sampled.conv,
    Activation: Sampled.activation,
    Dropout: Sampled.dropout,
    LayerNorm: Sampled.layer_norm,
    Residual: Sampled.residual,
    Flatten: Sampled.flatten,
    GlobalAvgPool: Sampled.pool,
    AvgPool: Sampled.pool,
}


# --- what a window sees, as matrices (pixels out, pixels in); two dimensions in row-major order -----------------------


def _kron(matrices):
    return reduce(np.kron, matrices)


def _means(size: int, window: int) -> np.ndarray:
    """Means over windows side by side; pixels that do not fill one are left out."""
    return (np.arange(size)[None, :] // window == np.arange(size // window)[:, None]) / window


def _taps(layer: Conv, space: tuple) -> tuple:
    """([(shift, v) of every pixel β of the filter, where (shift h)_o = h_{i(o)+β}], the space that is left)."""
    windows = sizes(layer.filter_size, len(space), layer)
    strides = sizes(layer.stride, len(space), layer)
    if layer.padding == "valid" and any(w > n for w, n in zip(windows, space, strict=True)):
        raise ValueError(f"{layer} has a filter larger than the image: {windows} on {space}")
    first = [_window_starts(*each, layer.padding) for each in zip(space, windows, strides, strict=True)]
    taps = [
        (_kron(_shift(n, start + b, layer.padding) for n, start, b in zip(space, first, offset, strict=True)), v)
        for offset, v in layer.taps(len(space))
    ]
    return taps, tuple(map(len, first))


def _window_starts(size: int, window: int, stride: int, padding: str) -> np.ndarray:
    """The first pixel of every output's window."""
    if padding == "valid":
        return np.arange(0, size - window + 1, stride)
    return np.arange(0, size, stride) - (window - 1) // 2  # centred on 0, stride, …: ⌈size/stride⌉ of them


def _shift(size: int, pixels: np.ndarray, padding: str) -> np.ndarray:
    """Row o picks pixel `pixels[o]`: around the edge with circular padding, else 0 beyond it."""
    if padding == "circular":
        pixels = pixels % size
    return (pixels[:, None] == np.arange(size)[None, :]) + 0.0
