"""Cholesky's elimination with the gaps carried along: the one solver behind spectra and predictors.

Deep in the ordered phase a kernel matrix equals p* 11ᵀ in all its digits, and what tells the inputs apart is
in the gaps.  Eliminating a point k replaces each feature vector by its part across that of k.  With
a_i the kernel between i and k and p that of k with itself,

    entry:  a_ij − a_i a_j / p,      gap:  gap_ij − (a_i − a_j)² / p,

and each new number can be had in two ways, from the entries or from the gaps:

    a_i − a_j     or  ½ (diff_ij − gap_ik + gap_jk),
    x_i − a_i²/p  or  (gap_ik cogap_ik − diff_ik²) / 4p.

Of the two the one with the smaller rounding error is taken, entry by entry.  So after one step in the
ordered phase the matrix left over is that of the gaps, to full relative accuracy, and the rest is ordinary:
the first column of the factor carries p*, the others the bulk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .numbers import Floats, Numbers, float64
from .pair import Pair

__all__ = ["Factor", "factor"]


@dataclass(frozen=True)
class Factor:
    """L with kernel(train, train) = L Lᵀ, and with the rows of L extended to test points.

    `train` (m, r) and `test` (t, r) hold the columns in the order of elimination; `order` (r,) names the
    point eliminated in each step.  r < m where the kernel matrix has rank r in exact arithmetic.
    """

    train: Any
    test: Any
    order: tuple


def factor(train: Pair, test: Pair | None, numbers: Numbers) -> Factor:
    """Eliminate the points of a Gram matrix `train` (m, m), the largest remaining first.

    `test` is the kernel of test points (rows) with the training points (columns), or None.
    """
    numbers = float64 if isinstance(numbers, Floats) else numbers  # elimination is by points: NumPy does it
    pairs = [train] if test is None else [train, test]
    xy, gap, diff = (np.concatenate([np.asarray(getattr(p, name)) for p in pairs]) for name in ("xy", "gap", "diff"))
    x = np.concatenate([np.asarray(p.x)[:, 0] for p in pairs])
    size = len(xy) - (0 if test is None else test.xy.shape[0])
    xy[np.arange(size), np.arange(size)] = x[:size]
    lower = np.zeros(xy.shape, dtype=xy.dtype)
    rows, order = np.arange(len(xy)), []
    for step in range(size):
        k = int(np.argmax(x[: size - step]))
        if not x[k] > 0:
            break
        order.append(int(rows[k]))
        lower[rows, step] = xy[:, k] / numbers.sqrt(x[k])
        xy, gap, diff, x = _eliminate(k, xy, gap, diff, x, size - step, numbers)
        rows = np.delete(rows, k)
    return Factor(lower[:size, : len(order)], lower[size:, : len(order)], tuple(order))


def _eliminate(k, xy, gap, diff, x, columns, numbers: Numbers):
    """One step: entries, gaps, differences and diagonal of what is left when point k is projected out."""
    keep, left = np.arange(len(x)) != k, np.arange(columns) != k
    p, a, a_gap, a_diff = x[k], xy[keep, k], gap[keep, k], diff[keep, k]
    xy, gap, diff, x = xy[np.ix_(keep, left)], gap[np.ix_(keep, left)], diff[np.ix_(keep, left)], x[keep]
    n = columns - 1
    row, column = (a[:, None], a_gap[:, None]), (a[None, :n], a_gap[None, :n])

    cogap = 2 * (x + p) - a_gap
    x = numbers.nonnegative(
        numbers.better(
            (x, -a * (a / p)),
            (a_gap * (cogap / (4 * p)), -a_diff * (a_diff / (4 * p))),
        )
    )
    step = numbers.better((row[0], -column[0]), (diff / 2, -row[1] / 2, column[1] / 2))
    slope = step / p
    gap = numbers.nonnegative(gap - step * slope)
    diff = diff - slope * (row[0] + column[0])
    xy = numbers.better((xy, -row[0] * (column[0] / p)), (x[:, None] / 2, x[None, :n] / 2, -gap / 2))
    return xy, gap, diff, x
