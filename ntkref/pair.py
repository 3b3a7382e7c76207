"""The 2×2 block of a kernel on a pair of inputs, with its cancellations carried.

A kernel on the pair (x, x') is a positive semi-definite matrix [[x, xy], [xy, y]].  Three numbers fix it,
but three floating-point numbers do not: deep in the ordered phase x, y and xy agree in all their digits and
what tells the inputs apart is gone.  So a `Pair` carries, beside the entries,

- ``diff`` = x − y,
- ``gap``  = x + y − 2 xy, the squared distance of the two feature vectors,

and a `Covariance`, the NNGP kernel, whose angle matters, also

- ``cogap`` = x + y + 2 xy, the squared distance to the opposite vector,
- ``area`` = √(x y − xy²), that of the parallelogram the two vectors span.

The rules below are exact identities in which nothing of the size of x is subtracted from its like.  With
them the recursion of a network keeps every one of these numbers to a relative accuracy of a few units per
layer, and reads as the paper prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Covariance", "Pair"]


@dataclass(frozen=True)
class Pair:
    """Symmetric 2×2 matrices, one for each pair of inputs.

    The fields are arrays that broadcast against each other: over n1 × n2 pairs ``x`` is (n1, 1), ``y``
    (1, n2), the others (n1, n2).
    """

    x: Any
    y: Any
    xy: Any
    diff: Any
    gap: Any

    def __add__(self, other: Pair) -> Pair:
        return Pair(
            self.x + other.x, self.y + other.y, self.xy + other.xy, self.diff + other.diff, self.gap + other.gap
        )

    def __mul__(self, scale) -> Pair:
        # The array comes first: an mpmath number in front of one tries to convert it, and prints it whole to say no.
        return Pair(self.x * scale, self.y * scale, self.xy * scale, self.diff * scale, self.gap * scale)

    def times(self, other: Pair, numbers) -> Pair:
        """The entrywise (Hadamard) product.

        Its differences are written so that nothing cancels for like norms, and as they stand for unlike ones:
        gap = a₁b₁ + a₂b₂ − 2a₁₂b₁₂ = a₁₂ gap(b) + ½ gap(a)(b₁ + b₂) + ½ diff(a) diff(b).
        """
        a, b = self, other
        x, y, xy = a.x * b.x, a.y * b.y, a.xy * b.xy
        diff = numbers.better(((a.x + a.y) * b.diff / 2, a.diff * (b.x + b.y) / 2), (x, -y))
        gap = numbers.better((a.xy * b.gap, a.gap * (b.x + b.y) / 2, a.diff * b.diff / 2), (x, y, -2 * xy))
        return Pair(x, y, xy, diff, gap)


@dataclass(frozen=True)
class Covariance(Pair):
    """A `Pair` that also knows the angle between its two vectors."""

    cogap: Any
    area: Any

    def affine(self, scale, shift, numbers) -> Covariance:
        """``scale`` · self + ``shift`` · 11ᵀ: every vector scaled and given one more, common coordinate.

        The common coordinate cancels in diff and gap.  The squared area grows by shift · gap:
        (x+b)(y+b) − (xy+b)² = (x y − xy²) + b (x + y − 2 xy).
        """
        x, y, xy, gap = self.x * scale, self.y * scale, self.xy * scale, self.gap * scale
        area = numbers.hypot(self.area * scale, numbers.sqrt(gap) * numbers.sqrt(shift))  # products could overflow
        return Covariance(
            x + shift, y + shift, xy + shift, self.diff * scale, gap, self.cogap * scale + 4 * shift, area
        )
