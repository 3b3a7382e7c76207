"""Spectrum and predictor of the two shapes that kernel matrices take at large depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Flat", "Uniform", "hollow"]


def hollow(matrix, name: str) -> np.ndarray:
    """A symmetric (m, m) float64 matrix, m ≥ 2, with its diagonal set to 0; or an error that names it."""
    matrix = np.array(matrix, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(f"{name} must be a matrix (m, m) of at least two inputs, got shape {matrix.shape}")
    np.fill_diagonal(matrix, 0)
    # What callers compute from cosines may differ across the diagonal by rounding.
    if not np.all(np.isfinite(matrix)) or np.max(np.abs(matrix - matrix.T)) > 1e-12 * np.max(np.abs(matrix)):
        raise ValueError(f"{name} must be finite and symmetric")
    return (matrix + matrix.T) / 2


def _across_the_mean(matrix) -> np.ndarray:
    """Descending eigenvalues of Π M Π on the complement of 1, where Π = Id − 11ᵀ/m: m − 1 of them."""
    m = len(matrix)
    complement = np.linalg.qr(np.column_stack([np.ones(m), np.eye(m)[:, 1:]]))[0][:, 1:]
    return np.linalg.eigvalsh(complement.T @ matrix @ complement)[::-1]


@dataclass(frozen=True)
class Flat:
    """d 11ᵀ − w with w hollow and much smaller than d: order, and the NNGP on the critical line (chapter 8)."""

    diagonal: float
    w: np.ndarray

    @property
    def lambda_max(self) -> float:
        """m d − 1ᵀw1/m, leaving m O(w²/d)."""
        return len(self.w) * self.diagonal - np.sum(self.w) / len(self.w)

    @property
    def lambda_bulk(self) -> np.ndarray:
        """The eigenvalues of −ΠwΠ, leaving a relative O(w/d)."""
        return _across_the_mean(-self.w)

    def predictor(self, w_test, y) -> np.ndarray:
        """P y, exact for this matrix: kriging with variogram w, whose constraint d relaxes (5.12)."""
        ones = np.ones(len(self.w))
        solved, weight = np.linalg.solve(self.w, y), np.linalg.solve(self.w, ones)
        gained = np.tensordot(ones, solved, 1) / (weight.sum() - 1 / self.diagonal)
        return w_test @ solved + np.multiply.outer(1 - w_test @ weight, gained)


@dataclass(frozen=True)
class Uniform:
    """(d − o) Id + o 11ᵀ + H with H hollow and much smaller than d − o: chaos, and criticality (chapters 7, 9)."""

    diagonal: float
    off: float
    H: np.ndarray

    @property
    def lambda_max(self) -> float:
        """d + (m−1) o + 1ᵀH1/m, leaving O(H²/d)."""
        m = len(self.H)
        return self.diagonal + (m - 1) * self.off + np.sum(self.H) / m

    @property
    def lambda_bulk(self) -> np.ndarray:
        """d − o plus the eigenvalues of ΠHΠ, leaving O(H²/d)."""
        return self.diagonal - self.off + _across_the_mean(self.H)

    @property
    def kappa_minus_1(self) -> float:
        """λ_max/λ_min − 1 without the cancellation."""
        m, bulk = len(self.H), _across_the_mean(self.H)
        return (m * self.off + np.sum(self.H) / m - bulk[-1]) / (self.diagonal - self.off + bulk[-1])

    def predictor(self, H_test, y) -> np.ndarray:
        """P y to first order in H, leaving a relative O(H²/(d − o)²) (5.8)."""
        alone = self.diagonal - self.off
        share = self.off / (alone + len(self.H) * self.off)  # P is share 11ᵀ at H = 0
        total = np.sum(y, axis=0)
        weights = (y - share * total) / alone
        return share * total + H_test @ weights - share * np.sum(self.H @ weights, axis=0)
