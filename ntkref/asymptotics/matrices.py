"""Spectrum and predictor of the shapes that kernel matrices take at large depth.

The small part, w or H, is hollow for fully-connected networks; pooled over pixels it has a diagonal too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

__all__ = ["TINY", "Flat", "Ridged", "Uniform", "as_floats", "hollow", "symmetric"]

TINY = 2.0**-1000  # below it float64 is about to lose digits


def as_floats(values, what: str) -> np.ndarray:
    """`values` in float64; OverflowError or FloatingPointError where that can't hold them."""
    floats, values = np.array(values, dtype=float), np.asarray(values)
    if np.any(np.isinf(floats)):
        raise OverflowError(f"{what} overflows float64, in which spectra and predictors of laws are computed")
    if np.any((np.abs(floats) < TINY) & (values != 0)):
        raise FloatingPointError(f"{what} underflows float64, in which spectra and predictors of laws are computed")
    return floats


def hollow(matrix, name: str) -> np.ndarray:
    """A symmetric (m, m) float64 matrix, m ≥ 2, with its diagonal set to 0; or an error that names it."""
    matrix = as_floats(matrix, name)
    if matrix.ndim == 2:
        np.fill_diagonal(matrix, 0)
    return symmetric(matrix, name)


def symmetric(matrix, name: str) -> np.ndarray:
    """A symmetric (m, m) float64 matrix, m ≥ 2; or an error that names it."""
    matrix = as_floats(matrix, name)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(f"{name} must be a matrix (m, m) of at least two inputs, got shape {matrix.shape}")
    # What callers compute from cosines may differ across the diagonal by rounding.
    if not np.all(np.isfinite(matrix)) or np.max(np.abs(matrix - matrix.T)) > 1e-12 * np.max(np.abs(matrix)):
        raise ValueError(f"{name} must be finite and symmetric")
    return (matrix + matrix.T) / 2


@dataclass(frozen=True)
class Flat:
    """d 11ᵀ − w with w much smaller than d: order, and the NNGP on the critical line (chapter 8)."""

    diagonal: float
    w: np.ndarray

    @property
    def lambda_max(self) -> float:
        """m d − 1ᵀw1/m, leaving m O(w²/d)."""
        return len(self.w) * self.diagonal - np.sum(self.w) / len(self.w)

    @cached_property
    def lambda_bulk(self) -> np.ndarray:
        """The m − 1 eigenvalues of −ΠwΠ, Π = Id − 11ᵀ/m, across 1; leaving a relative O(w/d)."""
        m = len(self.w)
        across = np.linalg.qr(np.column_stack([np.ones(m), np.eye(m)[:, 1:]]))[0][:, 1:]
        return np.linalg.eigvalsh(-across.T @ self.w @ across)[::-1]

    def predictor(self, w_test, y) -> np.ndarray:
        """P y, exact for this matrix: kriging with variogram w, whose constraint d relaxes (5.11)."""
        ones, unit = np.ones(len(self.w)), np.max(self.w)  # in units of w nothing overflows
        w, w_test = self.w / unit, w_test / unit
        solved, weight = np.linalg.solve(w, y), np.linalg.solve(w, ones)
        gained = np.tensordot(ones, solved, 1) / (weight.sum() - unit / self.diagonal)
        return w_test @ solved + np.multiply.outer(1 - w_test @ weight, gained)

    def ridged(self, r: float) -> Flat | Ridged:
        """r Id added."""
        return Ridged(r, self.diagonal, -self.w) if r else self

    def thinned(self, pixels: int) -> Flat:
        """What the diagonal has for itself, here nothing, divided by `pixels`."""
        return self


@dataclass(frozen=True)
class Uniform:
    """a Id + o 11ᵀ + H with H much smaller than a: chaos, and criticality (chapters 7, 9)."""

    alone: float
    off: float
    H: np.ndarray

    @cached_property
    def _rest(self) -> np.ndarray:
        """Descending eigenvalues of o 11ᵀ + H, so that none is lost beside a."""
        return np.linalg.eigvalsh(self.off + self.H)[::-1]

    @property
    def lambda_max(self) -> float:
        """a + (m o + 1ᵀH1/m where o ≫ H), exact for this matrix."""
        return self.alone + self._rest[0]

    @property
    def lambda_bulk(self) -> np.ndarray:
        """a + (the eigenvalues of ΠHΠ where o ≫ H), exact for this matrix."""
        return self.alone + self._rest[1:]

    @property
    def kappa_minus_1(self) -> float:
        """λ_max/λ_min − 1 without the cancellation."""
        return (self._rest[0] - self._rest[-1]) / (self.alone + self._rest[-1])

    def predictor(self, H_test, y) -> np.ndarray:
        """P y, exact for this matrix; its expansion is (5.8).

        The sum of the weights M⁻¹ y is tiny for y of mean 0, and follows without cancelling from 1ᵀ M M⁻¹ y = 1ᵀ y.
        """
        m = len(self.H)
        weights = np.linalg.solve(self.alone * np.eye(m) + self.off + self.H, y)
        total = (np.sum(y, axis=0) - np.sum(self.H @ weights, axis=0)) / (self.alone + m * self.off)
        return self.off * total + H_test @ weights

    def ridged(self, r: float) -> Uniform:
        """r Id added."""
        return replace(self, alone=self.alone + r)

    def thinned(self, pixels: int) -> Uniform:
        """What the diagonal has for itself divided by `pixels`."""
        return replace(self, alone=self.alone / pixels)


@dataclass(frozen=True)
class Ridged(Uniform):
    """r Id + d 11ᵀ − w: `Flat` with a ridge; H is −w."""

    def predictor(self, w_test, y) -> np.ndarray:
        """P y, exact for this matrix."""
        return super().predictor(-w_test, y)
