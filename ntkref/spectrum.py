"""Eigenvalues of a kernel matrix, each to high relative accuracy (Section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import lapack

from .elimination import factor
from .numbers import Digits, Floats, Numbers
from .recursion import Kernels

__all__ = ["Spectrum", "eigensystem", "max_learning_rate", "spectrum"]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of a kernel matrix, descending, with a bound on the relative error of each.

    `error` is what relative errors of (20 + 4 l) u in the kernel's entries and gaps do to each eigenvalue,
    to first order; nearly equal points among others far apart make it large.  It is 0 for an eigenvalue that
    is exactly 0, which equal points bring.
    """

    eigenvalues: Any
    error: Any

    @property
    def lambda_max(self):
        """λ_0."""
        return self.eigenvalues[0]

    @property
    def lambda_bulk(self):
        """λ_1 … λ_{m−1}."""
        return self.eigenvalues[1:]

    @property
    def kappa(self):
        """The condition number λ_0/λ_{m−1}.

        Raises ZeroDivisionError where λ_{m−1} = 0 and OverflowError where κ leaves float64.
        """
        smallest = self.eigenvalues[-1]
        if smallest == 0:
            raise ZeroDivisionError("kappa is infinite: the smallest eigenvalue is 0, some inputs are equal")
        with np.errstate(over="ignore"):
            kappa = self.eigenvalues[0] / smallest
        if isinstance(kappa, float) and not kappa < np.inf:
            raise OverflowError("kappa overflows float64; use numbers=digits(n)")
        return kappa


def spectrum(k: Kernels, kernel: str = "ntk") -> Spectrum:
    """The spectrum of the Gram matrix `k` (m ≥ 2 points) of the NTK, or of the NNGP with ``kernel="nngp"``.

    The matrix is factored with its gaps carried and the singular values of the factor are taken by one-sided
    Jacobi rotations (LAPACK's gejsv; in ``digits(n)`` at a precision that covers the condition number), so
    small eigenvalues are as accurate as large ones whatever the condition number.  `Spectrum.error` says how
    accurate.

    Raises
    ------
    TypeError, ValueError
        `k` is not a Gram matrix (``kernels(net, x)`` without x2) of at least two points, or is symbolic.
    ArithmeticError
        An eigenvalue whose error bound exceeds 0.1: no digit of it could be vouched for.
    FloatingPointError, OverflowError
        Gaps, or κ, leave float64.

    Source: Section 4; chapter `critical_line`.

    >>> import ntkref as nk
    >>> x = nk.normalised([[1.0, 2.0], [3.0, 4.0], [1.0, -1.0]], nk.fcn(2, nk.erf, "1.0", "0.18"))
    >>> s = nk.spectrum(nk.kernels(nk.fcn(500, nk.erf, "1.0", "0.18"), x))
    >>> f"{s.lambda_max:.9f} {s.kappa:.9e}"
    '5.684002860 5.053242159e+69'
    """
    values, vectors = eigensystem(k, kernel)
    pair = k.pair(kernel)
    error = _error(values, vectors, pair, k.relative_error(kernel), (20 + 4 * k.depth) * k.numbers.eps)
    if (error > 0.1).any():
        worst = int(np.argmax(error))
        raise ArithmeticError(
            f"eigenvalue {worst} of the {kernel} is known only to {float(error[worst]):.1g} relative from {k.numbers} "
            "entries; use more digits(n)"
        )
    return Spectrum(from_numpy(values, k.numbers), np.asarray(error, dtype=float))


def max_learning_rate(k_train: Kernels, kernel: str = "ntk"):
    """2/λ_max: below it gradient descent on ½ Σ (f − y)² converges, above it diverges (Section 4)."""
    return 2 / spectrum(k_train, kernel).lambda_max


def eigensystem(k: Kernels, kernel: str):
    """Eigenvalues (m,), descending, and orthonormal eigenvectors (m, m) in columns, at working precision."""
    m = gram_size(k)
    numbers = k.numbers
    lower = factor(k.pair(kernel), None, numbers)
    rank = len(lower.order)
    left, sigma = _svd(lower.train, numbers)
    values = np.zeros(m, dtype=left.dtype)
    values[:rank] = sigma**2
    vectors = np.zeros((m, m), dtype=left.dtype)
    vectors[:, :rank] = left
    return values, vectors


def from_numpy(values, numbers: Numbers):
    """What was computed in NumPy, as an array of the number system, rounded to what is promised."""
    return numbers.finish(numbers.asarray(values, "result"))


def gram_size(k: Kernels) -> int:
    """The number of points of a Gram matrix that has at least two, or an error."""
    if not isinstance(k, Kernels):
        raise TypeError(f"k must be what kernels(net, x) returns, got {type(k).__name__}")
    if k.kind != "gram":
        raise ValueError("k must be the Gram matrix of one set of inputs: kernels(net, x) without x2")
    if not isinstance(k.numbers, (Floats, Digits)):
        raise TypeError(f"k must hold numbers, got {k.numbers}: the spectrum of symbols has no closed form")
    m = k.K.xy.shape[0]
    if m < 2:
        raise ValueError("a spectrum needs at least two points, got 1")
    return m


def _svd(lower, numbers: Numbers):
    """Left singular vectors and singular values of a factor whose columns are graded."""
    if isinstance(numbers, Floats):
        # joba=0: accuracy that no column scaling spoils.  jobr=0, jobp=0: small columns are kept as they are.
        sigma, left, _, work, _, info = lapack.dgejsv(lower, joba=0, jobu=0, jobv=3, jobr=0, jobp=0)
        if info:
            raise ArithmeticError(f"the Jacobi iteration did not converge (gejsv info = {info})")
        return left, sigma * (work[0] / work[1])
    context = numbers.context
    columns = [abs(v) for v in np.max(np.abs(lower), axis=0)]
    lost = int(context.ceil(context.log10(max(columns) / min(columns))))  # by what plain rotations do to small ones
    with context.workdps(context.dps + lost):
        left, sigma, _ = context.svd_r(context.matrix(lower.tolist()))
        return np.array(left.tolist(), dtype=object), np.array(list(sigma), dtype=object)


def _error(values, vectors, pair, of_gaps, epsilon):
    """First-order bounds |δλ|/λ for relative errors `epsilon` of the entries, or of the diagonal, and `of_gaps`.

    vᵀδΘv is at most |v|ᵀ|Θ||v| epsilon from entries; from Θ_ij = ½(x_i + x_j − gap_ij) it is at most
    |Σv| |v|ᵀx epsilon + ½ |v|ᵀ δgap |v|.  The smaller holds, as the factor is taken from the better.
    """
    size, xy, gap = np.abs(vectors), np.asarray(pair.xy), np.asarray(pair.gap)
    x, off_mean = np.asarray(pair.x)[:, 0], np.mean(np.asarray(pair.diff), axis=1)
    entries = np.sum(size * (np.abs(xy) @ size), axis=0)
    # Σv of a bulk vector is far below rounding, but 1ᵀΘv = λ1ᵀv gives it: with x̄ the mean of x,
    # 2 (m x̄ − λ) Σv = 1ᵀ gap v − m (x − x̄)ᵀv.
    room = 2 * (np.sum(x) - values)
    total = np.abs(np.sum(gap @ vectors, axis=0) - len(x) * (off_mean @ vectors)) / np.where(room > 0, room, 1)
    total = np.where(room > np.sum(x), total, np.abs(np.sum(vectors, axis=0)))
    gaps = epsilon * total * (x @ size) + np.sum(size * ((gap * np.asarray(of_gaps)) @ size), axis=0) / 2
    bound = np.minimum(epsilon * entries, gaps)
    positive = values > 0
    return np.where(positive, bound / np.where(positive, values, values + 1), 0 * bound)
