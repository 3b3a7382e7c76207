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

from dataclasses import dataclass, fields, replace
from typing import Any

__all__ = ["Covariance", "Pair", "area_of", "each", "mean_over", "weighted_sum"]


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

    @classmethod
    def zero(cls, k: Pair) -> Pair:
        """Θ before the first layer, in the shape of `k`."""
        return cls(0 * k.x, 0 * k.y, 0 * k.xy, 0 * k.diff, 0 * k.gap)

    def __add__(self, other: Pair) -> Pair:
        return Pair(
            self.x + other.x, self.y + other.y, self.xy + other.xy, self.diff + other.diff, self.gap + other.gap
        )

    def __mul__(self, scale) -> Pair:
        # The array comes first: an mpmath number in front of one tries to convert it, and prints it whole to say no.
        return each(lambda name, field: field * scale, self)

    def mirrored(self, turned) -> Pair:
        """The pairs (x', x); `turned` exchanges the axes of x and of x' in an array."""
        swap = {"x": "y", "y": "x"}
        return type(self)(
            **{
                f.name: turned(getattr(self, swap.get(f.name, f.name))) * (-1 if f.name == "diff" else 1)
                for f in fields(self)
            }
        )

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


def each(function, *pairs: Pair) -> Pair:
    """`function` of the name of a field and of that field of all `pairs`, field by field: a `Pair` of the same type."""
    kind = type(pairs[0])
    return kind(*(function(f.name, *(getattr(pair, f.name) for pair in pairs)) for f in fields(kind)))


def weighted_sum(pairs: list, weights: list, numbers):
    """Σ w P of pairs with weights ≥ 0, all of one type: what a convolution, a flattening or a skip connection does.

    Every field is linear but the area.  That is √(gap · cogap − diff²)/2 of the sum where the norms are alike; else the
    squared areas are added one by one, with twice their mixed discriminants (Minkowski), each ≥ 0:
    x₁y₂ + x₂y₁ − 2c₁c₂ = (√(x₁y₂) − √(x₂y₁))² + 2 (r₁r₂ − c₁c₂), r = √(xy) = √(c² + area²).
    """
    first = weights[0]
    if all(w == first for w in weights):
        scaled, last = pairs, first
    else:
        scaled, last = [pair * w for pair, w in zip(pairs, weights, strict=True)], 1
    total = each(lambda name, *parts: sum(parts[1:], parts[0]) * last if name != "area" else None, *scaled)
    if not isinstance(total, Covariance):
        return total
    area, alike = area_of(total, numbers)
    if not numbers.holds(alike):
        running = scaled[0]
        for pair in scaled[1:]:
            area_now = numbers.hypot(numbers.hypot(running.area, pair.area), _mixed(running, pair, numbers))
            running = each(lambda name, a, b, now=area_now: now if name == "area" else a + b, running, pair)
        area = numbers.where(alike, area, running.area * last)
    return replace(total, area=area)


def mean_over(pair: Pair, axis: int, numbers):
    """The mean of a `Pair` over one axis that all its fields have."""
    xp, count = numbers.xp, pair.xy.shape[axis]
    total = each(lambda name, v: None if name == "area" else xp.sum(v, axis=axis) / count, pair)
    if not isinstance(total, Covariance):
        return total
    area, alike = area_of(total, numbers)
    if numbers.holds(alike):
        return replace(total, area=area)
    parts = [each(lambda name, v, k=k: xp.take(v, xp.asarray([k]), axis=axis), pair) for k in range(count)]
    one = weighted_sum(parts, [1] * count, numbers)
    return each(lambda name, v: xp.squeeze(v, axis=axis) / count, one)


def area_of(k, numbers):
    """√(gap · cogap − diff²)/2, and where that loses at most one bit."""
    roots = numbers.sqrt(k.gap) * numbers.sqrt(k.cogap)
    ratio = k.diff / _divisor(roots, numbers)
    square = ratio * ratio
    return roots * numbers.sqrt(numbers.nonnegative(1 - square)) / 2, 2 * square <= 1


def _mixed(a: Covariance, b: Covariance, numbers):
    """√(x₁y₂ + x₂y₁ − 2c₁c₂), of twice the mixed discriminant, without cancellation for like norms or like angles.

    By ratios, for products of variances could overflow.
    """
    sqrt, where = numbers.sqrt, numbers.where
    one, other = sqrt(a.x) * sqrt(b.y), sqrt(b.x) * sqrt(a.y)
    total = _divisor(one + other, numbers)
    # √(x₁y₂) − √(x₂y₁), by differences where the norms are alike.
    norms = numbers.better(
        (a.x / total * b.y, -(b.x / total * a.y)),
        (a.diff / total * (b.x + b.y) / 2, -(b.diff / total * (a.x + a.y) / 2)),
    )
    (cos_a, sin_a, root_a), (cos_b, sin_b, root_b) = (_angle(k, numbers) for k in (a, b))
    c = cos_a * cos_b
    square = (cos_a * sin_b) ** 2 + (cos_b * sin_a) ** 2 + (sin_a * sin_b) ** 2  # 1 − c²
    rest = where(c > 0, square / (1 + where(c > 0, c, 0 * c)), 1 - c)
    return numbers.hypot(norms, sqrt(2 * rest) * (root_a * root_b))


def _angle(k: Covariance, numbers):
    """Cosine and sine, 0 where a vector is, and √√(xy)."""
    root_x, root_y = numbers.sqrt(k.x), numbers.sqrt(k.y)
    size = _divisor(root_x * root_y, numbers)
    return k.xy / size, k.area / size, numbers.sqrt(root_x) * numbers.sqrt(root_y)


def _divisor(x, numbers):
    return numbers.where(x == 0, x + 1, x)
