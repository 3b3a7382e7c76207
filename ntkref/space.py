"""What convolutions and pools do to blocks of pixel pairs.

A block holds, for images x and x', either the pairs (i, i) of equal pixels, with axes (a, b, height, width), or all
pairs (i, i'), with axes (a, height, width, b, height', width'); `first` and `second` name the axes of i and of i'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .layers import AvgPool, Conv, Flatten, GlobalAvgPool, Residual, sizes
from .numbers import Symbols
from .pair import Covariance, Pair, area_of, each, mean_over, weighted_sum
from .steps import Blur, State, Steps, larger, lost_all

__all__ = ["Own", "SpaceSteps", "size_after"]


def size_after(layers, space: tuple) -> tuple:
    """The size of images of size `space` after `layers`; ValueError where a window does not fit."""
    for layer in layers:
        if isinstance(layer, Conv):
            filters, strides = (sizes(v, len(space), layer) for v in (layer.filter_size, layer.stride))
            if layer.padding == "valid":
                if any(f > n for f, n in zip(filters, space, strict=True)):
                    raise ValueError(f"the filter of {layer} is larger than the image, which has {space} pixels here")
                space = tuple((n - f) // s + 1 for n, f, s in zip(space, filters, strides, strict=True))
            else:
                space = tuple(-(-n // s) for n, s in zip(space, strides, strict=True))
        elif isinstance(layer, AvgPool):
            window = sizes(layer.window, len(space), layer)
            if any(w > n for w, n in zip(window, space, strict=True)):
                raise ValueError(f"the window of {layer} is larger than the image, which has {space} pixels here")
            space = tuple(n // w for n, w in zip(space, window, strict=True))
        elif isinstance(layer, Residual):
            size_after(layer.branch, space)
        elif isinstance(layer, (Flatten, GlobalAvgPool)):
            return ()
    return space


@dataclass(frozen=True)
class Own:
    """What a pool needs to know of each image alone, (n, height, width): the pooled variance, and half the mean gap
    between the pixels of a window, for K and for Θ."""

    K: tuple
    Theta: tuple

    def of(self, images: slice, before: int, after: int, numbers) -> Own:
        """The entries of some images, with axes of length 1 before and behind."""

        def placed(v):
            v = v[images, ...]
            return numbers.xp.reshape(v, (1,) * before + v.shape + (1,) * after)

        return Own(tuple(map(placed, self.K)), tuple(map(placed, self.Theta)))


@dataclass(frozen=True)
class SpaceSteps(Steps):
    """The steps on blocks of images.

    `images` are the numbers of the block's images in one Gram matrix, or None.  `own` are the pools to come, of the
    images x and of the images x', in their order; None for a block of one image with itself, whose pools are written to
    `tape`.
    """

    first: tuple = ()
    second: tuple = ()
    images: tuple | None = None
    own: Any = None
    tape: list = field(default_factory=list)

    @property
    def alone(self) -> bool:
        return self.own is None

    @cached_property
    def everywhere(self) -> bool:
        """Whether all pairs of pixels are held."""
        return self.first != self.second

    def space(self, pair: Pair) -> tuple:
        return tuple(pair.x.shape[axis] for axis in self.first)

    def step(self, layer, state: State) -> State:
        if isinstance(layer, Conv):
            K, Theta = (self.averaged(layer, pair) for pair in (state.K, state.Theta))
            return self.weighted(layer, K, Theta, state)
        if isinstance(layer, AvgPool):
            return self._pooled(sizes(layer.window, len(self.first), layer), state)
        if isinstance(layer, GlobalAvgPool):
            return self._without_space(self._pooled(self.space(state.K), state))
        if isinstance(layer, Flatten):
            return State(*(self._flattened(pair) for pair in (state.K, state.Theta)), state.depth, blur=state.blur)
        return super().step(layer, state)

    def bend(self, layer, K):
        if not self.everywhere:
            return super().bend(layer, K)
        # As matrices, pixels of x against pixels of x': so that integrals can be matrix products.
        shape, reshape = K.xy.shape, self.numbers.xp.reshape
        half = max(self.first) + 1
        bent = super().bend(layer, each(lambda name, v: reshape(v, _matrix(v.shape, half)), K))
        flat = {"x": K.x.shape, "y": K.y.shape}
        return tuple(each(lambda name, v: reshape(v, flat.get(name, shape)), pair) for pair in bent)

    # --- convolutions ---------------------------------------------------------------------------------------------

    def averaged(self, layer: Conv, pair):
        """Σ_β v_β S[i + β, i' + β].  A uniform filter averages over one dimension after the other."""
        dimensions = len(self.first)
        filters, strides = (sizes(v, dimensions, layer) for v in (layer.filter_size, layer.stride))
        space = self.space(pair)

        def part(pair, dimension, offset):
            n, f, stride = space[dimension], filters[dimension], strides[dimension]
            if layer.padding == "valid":
                index = np.arange((n - f) // stride + 1) * stride + offset
            else:
                index = np.arange(-(-n // stride)) * stride + offset - f // 2
            inside = (index >= 0) & (index < n)
            return self._taken(pair, dimension, index % n, None if layer.padding == "circular" else inside, n)

        if layer.filter_variance is None:
            for dimension, f in enumerate(filters):
                parts = [part(pair, dimension, offset) for offset in range(f)]
                pair = _mean(parts, self.numbers)
            return pair
        parts, weights = [], []
        for offsets, v in layer.taps(dimensions):
            moved = pair
            for dimension, offset in enumerate(offsets):
                moved = part(moved, dimension, offset)
            parts.append(moved)
            weights.append(self.numbers.convert(v))
        return weighted_sum(parts, weights, self.numbers)

    def _taken(self, pair, dimension, index, inside, n):
        """Rows `index` of pixels along one dimension of both images; zeros where not `inside`."""
        xp, first, second = self.numbers.xp, self.first[dimension], self.second[dimension]
        axes = {"x": (first,), "y": (second,)}
        if len(index) != n or np.any(index != np.arange(n)):
            rows = xp.asarray(index)

            def taken(name, v):
                for axis in axes.get(name, sorted({first, second})):
                    v = xp.take(v, rows, axis=axis)
                return v

            pair = each(taken, pair)
        return pair if inside is None or np.all(inside) else self._cut(pair, inside, first, second)

    def _cut(self, pair, inside, first, second):
        """Zeros outside.  A pixel and a zero are as far apart as the pixel is long."""
        numbers = self.numbers
        one, other = (self._along(inside, axis, pair) for axis in (first, second))
        both = one & other
        x, y = numbers.where(one, pair.x, 0 * pair.x), numbers.where(other, pair.y, 0 * pair.y)
        outside = {"diff": x - y, "gap": x + y, "cogap": x + y}

        def cut(name, v):
            if name in ("x", "y"):
                return x if name == "x" else y
            return numbers.where(both, v, outside.get(name, 0 * v))

        return each(cut, pair)

    def _along(self, mask, axis, pair):
        xp = self.numbers.xp
        return xp.reshape(xp.asarray(mask), tuple(-1 if k == axis else 1 for k in range(pair.xy.ndim)))

    # --- pools ----------------------------------------------------------------------------------------------------

    def _pooled(self, window, state: State) -> State:
        """Means over the pixels of windows, for i and for i': of squared distances the part between windows is left,
        |mean f − mean f'|² = mean |f_i − f'_i'|² less half the mean gaps within either window."""
        if not self.everywhere:  # windows of one pixel
            return state
        K, Theta = (self.windows(pair, window) for pair in (state.K, state.Theta))
        if self.alone:
            own = Own(self._spread(K), self._spread(Theta))
            self.tape.append(own)
            before = len(self.first) + 1
            one, other = own.of(slice(None), 0, before, self.numbers), own.of(slice(None), before, 0, self.numbers)
        else:
            one, other = (next(pools) for pools in self.own)
        mean = state.mean and (
            self._window_mean(state.mean[0], window, self.first),
            self._window_mean(state.mean[1], window, self.second),
            self._aligned_mean(state.mean[2], window),
        )
        equal = [self._aligned_mean(pair.gap, window) == 0 for pair in (state.K, state.Theta)]
        K, blur_K = self._between(K, one.K, other.K, equal[0])
        Theta, blur_Theta = self._between(Theta, one.Theta, other.Theta, equal[1])
        blur = state.blur
        if blur_K is not None and not self.alone:
            worst = Blur(self._worst(blur_K), self._worst(blur_Theta), 1 + 0 * self._worst(blur_K))
            blur = worst.map(lambda a, b: larger(a, b, self.numbers), blur or worst)
        return State(K, Theta, state.depth, mean, blur)

    def windows(self, pair, window):
        """Means over the pairs of pixels of two windows, of all fields but the area."""
        axes = {"x": self.first, "y": self.second}

        def mean(name, v):
            if name == "area":
                return None
            if name == "diff":
                return self._aligned_mean(v, window)
            return self._window_mean(v, window, axes.get(name, (*self.first, *self.second)))

        return each(mean, pair)

    def _aligned_mean(self, v, window):
        """The mean over a window of a difference between i and i', taken between pixels at the same place in it.

        Any pairing of pixels has the same mean; in this one nothing cancels where the images are nearly equal.
        """
        xp, total = self.numbers.xp, 0
        for offset in np.ndindex(*window):
            part = v
            for axes in (self.first, self.second):
                for axis, w, o in zip(axes, window, offset, strict=True):
                    part = xp.take(part, xp.arange(v.shape[axis] // w) * w + o, axis=axis)
            total = total + part
        return total / math.prod(window)

    def _window_mean(self, v, window, axes):
        xp = self.numbers.xp
        for axis in axes:
            w = window[(self.first if axis in self.first else self.second).index(axis)]
            count = v.shape[axis] // w
            v = xp.take(v, xp.arange(count * w), axis=axis) if count * w < v.shape[axis] else v
            v = xp.reshape(v, (*v.shape[:axis], count, w, *v.shape[axis + 1 :]))
            # One after the other: in what order xp.sum adds depends on the size of a block.
            v = sum(v[(*(slice(None),) * (axis + 1), k, ...)] for k in range(w)) / w
        return v

    def _spread(self, windows):
        """(K of the pooled pixel with itself, half the mean gap in its window), from means over pairs of windows."""
        return self.own_pixels(windows.xy), self.own_pixels(windows.gap / 2)

    def own_pixels(self, v):
        """The entries (i, i) of a block of one image and one, (1, height, width)."""
        xp, space = self.numbers.xp, v.shape[1 : len(self.first) + 1]
        count = math.prod(space)
        return xp.reshape(xp.take(xp.reshape(v, (-1,)), xp.arange(count) * (count + 1), axis=0), (1, *space))

    def _between(self, windows, one: tuple, other: tuple, equal):
        """The pooled pair, and what cancelled in its gap, as a factor; None in symbols.

        Windows are `equal` where they are pixel by pixel: their gap is 0, and nothing is lost.
        """
        numbers = self.numbers
        (x, within_x), (y, within_y) = one, other
        within = within_x + within_y
        fields = {"x": x, "y": y, "xy": windows.xy, "diff": windows.diff - (within_x - within_y)}
        fields["gap"] = numbers.nonnegative(windows.gap - within)
        if isinstance(windows, Covariance):
            fields["cogap"], fields["area"] = numbers.nonnegative(windows.cogap - within), None
        same = self.twins(windows)
        same = equal if same is None else equal | same
        for name, value in (("xy", x), ("diff", 0 * within), ("gap", 0 * within), ("cogap", 4 * x)):
            if name in fields:
                fields[name] = numbers.where(same, value + 0 * within, fields[name])
        pair = type(windows)(**fields)
        if isinstance(pair, Covariance):
            area, _ = area_of(pair, numbers)
            pair = replace(pair, area=area)
        if isinstance(numbers, Symbols):  # nothing rounds
            return pair, None
        positive = pair.gap > 0
        blur = numbers.where(positive, windows.gap / numbers.where(positive, pair.gap, pair.gap + 1), 0 * pair.gap)
        unknown = ~(positive | same)
        return pair, numbers.where(unknown, blur + lost_all(numbers), blur)

    def _worst(self, blur):
        """The largest factor over the pixels, for every pair of images."""
        for axis in sorted((*self.first, *self.second), reverse=True):
            blur = self.numbers.xp.max(blur, axis=axis)
        return blur

    # --- readouts -------------------------------------------------------------------------------------------------

    def _flattened(self, pair):
        """Means over i of (i, i)."""
        xp, reshape = self.numbers.xp, self.numbers.xp.reshape
        space = self.space(pair)
        count = int(np.prod(space))
        if not self.everywhere:
            pixels = each(lambda name, v: reshape(v, (*v.shape[:2], count)), pair)
            return mean_over(pixels, 2, self.numbers)
        diagonal = xp.arange(count) * (count + 1)

        def equal(name, v):
            if name == "x":
                return reshape(v, (v.shape[0], 1, count))
            if name == "y":
                return reshape(v, (1, -1, count))
            a = v.shape[0]
            v = xp.permute_dims(reshape(v, (a, count, -1, count)), (0, 2, 1, 3))
            return xp.take(reshape(v, (a, v.shape[1], count * count)), diagonal, axis=2)

        return mean_over(each(equal, pair), 2, self.numbers)

    def _without_space(self, state: State) -> State:
        reshape = self.numbers.xp.reshape
        a, b = state.K.x.shape[0], state.K.y.shape[max(self.first) + 1]
        shapes = {"x": (a, 1), "y": (1, b)}
        K, Theta = (each(lambda name, v: reshape(v, shapes.get(name, (a, b))), pair) for pair in (state.K, state.Theta))
        mean = state.mean and tuple(reshape(v, s) for v, s in zip(state.mean, ((a, 1), (1, b), (a, b)), strict=True))
        return State(K, Theta, state.depth, mean, state.blur)

    def twins(self, pair):
        """Where a pixel meets itself."""
        if self.images is None:
            return None
        numbers = self.numbers
        rows, columns = (np.asarray(v) for v in self.images)
        same = rows[:, None] == columns[None, :]
        if not same.any():
            return None
        dimensions, space = len(self.first), self.space(pair)
        if not self.everywhere:
            return numbers.xp.asarray(same.reshape(same.shape + (1,) * dimensions))
        count = int(np.prod(space))
        pixels = np.eye(count, dtype=bool).reshape(space + space)
        a, b = same.shape
        one = (1,) * dimensions
        return numbers.xp.asarray(same.reshape((a, *one, b, *one)) & pixels.reshape((1, *space, 1, *space)))


def _matrix(shape: tuple, half: int) -> tuple:
    return int(np.prod(shape[:half])), int(np.prod(shape[half:]))


def _mean(parts: list, numbers):
    if len(parts) == 1:
        return parts[0]
    count = numbers.asarray(len(parts), "filter_size")
    return weighted_sum(parts, [1 / count] * len(parts), numbers)
