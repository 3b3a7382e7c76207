"""What the laws of all phases share: from entries at large depth to the spectrum and the predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..mean_field import MeanField
from .matrices import Flat, Uniform, hollow

__all__ = ["Law", "depth", "power"]


def depth(l):
    """`l`, a depth ≥ 1 or an array of them; else ValueError."""
    if not np.all(np.asarray(l) >= 1):
        raise ValueError(f"l must be a depth of at least 1, got {l}")
    return l


def power(base, l, what: str):
    """base**l; OverflowError or FloatingPointError where float64 can't hold it."""
    if not isinstance(base, float):
        return base ** depth(l)
    with np.errstate(over="ignore", under="ignore"):
        value = np.power(base, depth(l), dtype=float)
    if not np.all(value < np.inf):
        raise OverflowError(f"{what} overflows float64 at depth {np.max(l)}; use numbers=digits(n)")
    if not np.all(value > 0):
        raise FloatingPointError(f"{what} underflows float64 at depth {np.max(l)}; use numbers=digits(n)")
    return value if np.ndim(l) else float(value)


@dataclass(frozen=True)
class Law:
    """The laws of one phase.

    `E` is what `coordinate` gives for the training inputs, (m, m); `E_test` for test × training inputs, (t, m).
    `offset` and `offset_test` are what the method `offset` gives, for the next order.  ``kernel="nngp"`` asks
    for K in place of Θ.  Results of these five are float64.
    """

    mf: MeanField

    def lambda_max(self, l, E, offset=0, kernel="ntk"):
        """λ_max of m inputs."""
        return self._matrix(l, E, offset, kernel).lambda_max

    def lambda_bulk(self, l, E, offset=0, kernel="ntk"):
        """λ_1 … λ_{m−1}, descending."""
        return self._matrix(l, E, offset, kernel).lambda_bulk

    def kappa(self, l, E, offset=0, kernel="ntk"):
        """λ_max/λ_{m−1}."""
        matrix = self._matrix(l, E, offset, kernel)
        return matrix.lambda_max / matrix.lambda_bulk[-1]

    def max_learning_rate(self, l, E, offset=0, kernel="ntk"):
        """2/λ_max, above which gradient descent on ½ Σ (f − y)² diverges."""
        return 2 / self.lambda_max(l, E, offset, kernel)

    def predictor(self, l, E, E_test, y, offset=0, offset_test=0, kernel="ntk"):
        """P y at the test inputs, (t,) or (t, outputs), for targets y (m,) or (m, outputs)."""
        matrix = self._matrix(l, E, offset, kernel)
        test, y, m = np.asarray(self._off(l, E_test, offset_test, kernel), dtype=float), np.asarray(y, float), len(E)
        if test.ndim != 2 or test.shape[1] != m or y.ndim not in (1, 2) or len(y) != m:
            raise ValueError(f"E_test must be (t, {m}) and y ({m},) or ({m}, outputs), got {test.shape}, {y.shape}")
        return matrix.predictor(test, y)

    def _matrix(self, l, E, offset, kernel) -> Flat | Uniform:
        if kernel not in ("ntk", "nngp"):
            raise ValueError(f'kernel must be "ntk" or "nngp", got {kernel!r}')
        if np.ndim(l):
            raise ValueError(f"l must be one depth for a spectrum or a predictor, got {l}")
        offset = offset if np.ndim(offset) == 0 else hollow(offset, "offset")
        off = self._off(l, hollow(E, "E"), offset, kernel)
        return self._shape(l, hollow(off, "the law's matrix"), kernel)

    def _off(self, l, E, offset, kernel) -> Any:
        """w or H of pairs at depth l."""
        raise NotImplementedError

    def _shape(self, l, off, kernel) -> Flat | Uniform:
        """The matrix with these off-diagonal entries."""
        raise NotImplementedError
