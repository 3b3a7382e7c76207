"""Layers as frozen data: what a network is made of, each checked when it is built.

Images are (n, height, width, channels), or (n, length, channels): what lies between is space.
"""

from __future__ import annotations

import numbers as abstract
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from .exact import exact, is_symbolic

__all__ = [
    "AvgPool",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "LayerNorm",
    "Residual",
    "variance",
    "whole_number",
]

PADDINGS = ("circular", "same", "valid")


def variance(value, name: str):
    """A hyperparameter σ² in its exact form; negative values are refused."""
    number = exact(value, name)
    if number.is_negative if is_symbolic(number) else number < 0:
        raise ValueError(f"{name} is a variance and must be >= 0, got {value}")
    return number


def whole_number(value, name: str, least: int = 1) -> int:
    """`value` as an int of at least `least`, or an error that names it."""
    if isinstance(value, bool) or not isinstance(value, abstract.Integral):
        raise TypeError(f"{name} must be a whole number, got {type(value).__name__}: {value!r}")
    if value < least:
        raise ValueError(f"{name} must be >= {least}, got {value}")
    return int(value)


def _per_dimension(value, name: str):
    """A whole number for every spatial dimension, or a tuple with one for each of one or two."""
    if isinstance(value, (tuple, list)):
        if len(value) not in (1, 2):
            raise ValueError(f"{name} must be one whole number, or one or two in a tuple, got {value!r}")
        return tuple(whole_number(v, name) for v in value)
    return whole_number(value, name)


def _set_variances(layer):
    for name in ("sigma_w2", "sigma_b2"):
        object.__setattr__(layer, name, variance(getattr(layer, name), name))
    if layer.sigma_w2 == 0 and layer.sigma_b2 == 0:
        raise ValueError("sigma_w2 and sigma_b2 are both 0: the layer's output is 0 and has no kernel")


@dataclass(frozen=True)
class Dense:
    """A fully-connected layer, z = σ_w/√N · W φ + σ_b b with W, b ~ N(0, 1) (Eq. 1).

    `sigma_w2` and `sigma_b2` are the variances σ_w² and σ_b², never standard deviations: an int, a float
    (its exact binary value), a Fraction, a Decimal, a decimal string, or a SymPy expression.
    """

    sigma_w2: Any
    sigma_b2: Any = 0

    def __post_init__(self):
        _set_variances(self)

    def __repr__(self):
        return f"Dense({self.sigma_w2}, {self.sigma_b2})"


@dataclass(frozen=True)
class Conv:
    """A convolution, z_i = σ_w/√N Σ_β √v_β W_β φ_{i+β} + σ_b b with W, b ~ N(0, 1), Σ v_β = 1.

    Parameters
    ----------
    sigma_w2, sigma_b2 : as for `Dense`.
    filter_size : a whole number for every spatial dimension, or a tuple of one or two.  Odd, so that a filter has a
        centre; with "valid" padding any.
    stride : likewise; the first output is centred on the first pixel, with "valid" on the first whole window.
    padding : "circular" (the paper's), "same" (zeros) or "valid" (only windows that lie in the image).
    filter_variance : v, nested tuples in the shape of the filter, of sum exactly 1; None for the uniform one, 1/size.

    Raises TypeError or ValueError for anything else.
    """

    sigma_w2: Any
    sigma_b2: Any = 0
    filter_size: Any = 3
    stride: Any = 1
    padding: str = "circular"
    filter_variance: Any = None

    def __post_init__(self):
        _set_variances(self)
        for name in ("filter_size", "stride"):
            object.__setattr__(self, name, _per_dimension(getattr(self, name), name))
        if self.padding not in PADDINGS:
            raise ValueError(f"padding must be one of {', '.join(PADDINGS)}, got {self.padding!r}")
        if self.filter_variance is not None:
            object.__setattr__(self, "filter_variance", self._variances())
        sizes = self.filter_size if isinstance(self.filter_size, tuple) else (self.filter_size,)
        if self.padding != "valid" and any(size % 2 == 0 for size in sizes):
            raise ValueError(f"filter_size must be odd with {self.padding} padding, got {self.filter_size}")

    def _variances(self) -> tuple:
        try:
            array = np.array(self.filter_variance, dtype=object)
            ragged = any(isinstance(v, (list, tuple)) for v in array.ravel())
        except ValueError:
            ragged = True
        if ragged:
            raise ValueError(f"filter_variance must be nested in the shape of the filter, got {self.filter_variance!r}")
        exactly = np.frompyfunc(lambda v: variance(v, "filter_variance"), 1, 1)(array)
        if array.ndim not in (1, 2):
            raise ValueError(f"filter_variance must have one or two dimensions, got {array.ndim}")
        size = self.filter_size if isinstance(self.filter_size, tuple) else (self.filter_size,) * array.ndim
        if array.shape != size:
            raise ValueError(f"filter_variance must have the filter's shape {size}, got {array.shape}")
        if any(map(is_symbolic, exactly.ravel())) or exactly.sum() != 1:
            raise ValueError(
                f"filter_variance must sum to exactly 1, got {exactly.sum()}; give fractions or decimal strings"
            )
        object.__setattr__(self, "filter_size", size)
        return _nested(exactly.tolist())

    def __repr__(self):
        words = [str(self.sigma_w2), str(self.sigma_b2), f"filter_size={self.filter_size}"]
        for name, usual in (("stride", 1), ("padding", "circular"), ("filter_variance", None)):
            if getattr(self, name) != usual:
                words.append(f"{name}={_plain(getattr(self, name))}")
        return f"Conv({', '.join(words)})"

    def taps(self, dimensions: int):
        """(offset from the window's first pixel, v) of every pixel of the filter that counts."""
        size = sizes(self.filter_size, dimensions, self)
        flat = np.array(self.filter_variance, dtype=object).ravel() if self.filter_variance is not None else None
        uniform = Fraction(1, int(np.prod(size)))
        for position, offset in enumerate(product(*map(range, size))):
            v = uniform if flat is None else flat[position]
            if v:
                yield offset, v


def _nested(values):
    return tuple(_nested(v) if isinstance(v, list) else v for v in values)


def _plain(value) -> str:
    """As Python text, fractions as the strings that the constructor takes."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_plain, value))}{',' if len(value) == 1 else ''})"
    return repr(str(value)) if isinstance(value, Fraction) else repr(value)


def sizes(value, dimensions: int, layer) -> tuple:
    """A layer's `_per_dimension` numbers for images of so many spatial dimensions, or an error."""
    if isinstance(value, tuple) and len(value) != dimensions:
        raise ValueError(f"{layer} is for {len(value)}-dimensional images, got {dimensions}-dimensional ones")
    return value if isinstance(value, tuple) else (value,) * dimensions


@dataclass(frozen=True)
class Flatten:
    """All pixels of all channels as one vector: the readout of a CNN-F.  Kernels become means over i of (i, i)."""

    def __repr__(self):
        return "Flatten()"


@dataclass(frozen=True)
class GlobalAvgPool:
    """The mean over all pixels: the readout of a CNN-P.  Kernels become means over all (i, i')."""

    def __repr__(self):
        return "GlobalAvgPool()"


@dataclass(frozen=True)
class AvgPool:
    """Means over windows side by side, `window` pixels in every spatial dimension, or a tuple of one or two.

    Pixels that do not fill a window are left out.
    """

    window: Any

    def __post_init__(self):
        object.__setattr__(self, "window", _per_dimension(self.window, "window"))

    def __repr__(self):
        return f"AvgPool({self.window})"


@dataclass(frozen=True)
class LayerNorm:
    """Each vector of pre-activations (of each pixel) divided by its root mean square: K and Θ by √(K(x,x) K(x',x'))."""

    def __repr__(self):
        return "LayerNorm()"


@dataclass(frozen=True)
class Dropout:
    """Every hidden activation kept with probability `keep`, in (0, 1], and divided by it.

    An input shares its mask with itself alone, and each of its pixels with itself: K(x, x) and Θ(x, x), on the diagonal
    of a Gram matrix, gain the factor 1/keep, and nothing else does, not even where two inputs are equal.
    """

    keep: Any

    def __post_init__(self):
        keep = exact(self.keep, "keep")
        if not is_symbolic(keep) and not 0 < keep <= 1:
            raise ValueError(f"keep is the probability that a unit is kept and must lie in (0, 1], got {self.keep}")
        object.__setattr__(self, "keep", keep)

    def __repr__(self):
        return f"Dropout(keep={self.keep if is_symbolic(self.keep) else str(self.keep)!r})"


@dataclass(frozen=True)
class Residual:
    """z ↦ z + branch(z), the skip connection: K and Θ of the branch are added.

    Where both z and the branch end in activations of mean m ≠ 0 (ReLU), K gains m_z m_branch' + m_branch m_z' too.
    """

    branch: tuple = field()

    def __post_init__(self):
        try:
            object.__setattr__(self, "branch", tuple(self.branch))
        except TypeError:
            raise TypeError(f"branch must be a sequence of layers, got {self.branch!r}") from None
        if not self.branch:
            raise ValueError("branch must hold at least one layer")

    def __repr__(self):
        return f"Residual([{', '.join(map(repr, self.branch))}])"
