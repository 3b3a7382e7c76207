"""The plane: E[h(u, v)] for correlated normal u and v by Gauss–Legendre panels in polar coordinates.

u = √q₁ ρ sin a and v = √q₂ ρ sin(a − θ) with ρ exp(−ρ²/2) dρ da/2π: the kinks of φ at 0 are the rays a = 0 and a = θ,
and their opposites, and the sector between them is a panel of its own however narrow.  Kinks elsewhere split the
radius, at places that move smoothly with a but for the rays on which two of them meet, and these split the circle.
Panels shrink geometrically towards the rays and towards ρ = 0, where φ(√q ·) varies fastest, so the cost grows with
log q.  Chapter `gauss_hermite`.
"""

from __future__ import annotations

import math

import numpy as np

from .gauss import gauss_legendre, ladder, reach
from .numbers import Floats, Numbers

__all__ = ["fineness_of", "plane_mean"]

_BLOCK = 1 << 18  # points of the plane in one temporary


def plane_mean(functions, r1, r2, angle, kinks, numbers: Numbers, what: str, tolerance=None, fineness=None):
    """E of each function h(u, v) of the tuple that ``functions(u, v)`` returns; r1, r2 = √q₁, √q₂ and angle in [0, π].

    Refined until the last refinement changed less than `tolerance`, by default the last two digits, of E[|h|]; raises
    ArithmeticError, naming `what`, where none does that.  With `fineness`, from `fineness_of`, once and unchecked.
    """
    if fineness is not None:
        return tuple(value for value, _ in _sums(functions, r1, r2, angle, kinks, numbers, fineness))
    return _refined(functions, r1, r2, angle, kinks, numbers, what, tolerance)[0]


def fineness_of(functions, r1, r2, angle, kinks, numbers: Numbers, what: str, floor) -> int:
    """How fine the panels must be: the coarsest that the next did not improve on.  Below `floor` all is noise."""
    return _refined(functions, r1, r2, angle, kinks, numbers, what, None, floor)[1]


def _refined(functions, r1, r2, angle, kinks, numbers, what, tolerance, floor=0):
    tolerance = 10.0 ** (2 - numbers.worked) if tolerance is None else tolerance
    first = 0 if isinstance(numbers, Floats) else -1
    before = _sums(functions, r1, r2, angle, kinks, numbers, first)
    for fineness in range(first + 1, 6):
        now = _sums(functions, r1, r2, angle, kinks, numbers, fineness)
        if all(abs(a - b) <= max(tolerance * size, floor) for (a, size), (b, _) in zip(now, before, strict=True)):
            return tuple(value for value, _ in now), fineness - 1
        before = now
    raise ArithmeticError(f"{what} does not settle at variances {float(r1) ** 2:.6g} and {float(r2) ** 2:.6g}")


def _sums(functions, r1, r2, angle, kinks, numbers, fineness):
    """(Σ w h, Σ w |h|) for each function, a few rays at a time."""
    # On a panel as long as its distance to a centre, order p leaves 5.8^(−2p).
    order = 16 if isinstance(numbers, Floats) else math.ceil(0.655 * numbers.worked)
    nodes, weights = gauss_legendre(order, numbers)
    a, w_a = _on_panels(_half_circle(r1, r2, angle, kinks, numbers, fineness), nodes, weights)
    slopes_u, slopes_v = r1 * numbers.sin(a), r2 * numbers.sin(a - angle)
    slopes_u, slopes_v, w_a = (np.concatenate(p) for p in ((slopes_u, -slopes_u), (slopes_v, -slopes_v), (w_a, w_a)))
    radii = _radii(max(r1, r2), numbers, fineness)
    kinks = [numbers.convert(k) for k in kinks if k]
    rho = None
    totals = None
    block = max(1, _BLOCK // (len(radii) * len(nodes)))
    for start in range(0, len(w_a), block):
        u, v = slopes_u[start : start + block, None], slopes_v[start : start + block, None]
        if kinks or rho is None:
            edges = _split(radii, (u, v), kinks, numbers) if kinks else radii
            rho, w_rho = _on_panels(edges, nodes, weights)
            w_rho = w_rho * rho * numbers.exp(-rho * rho / 2)
        w = w_rho * w_a[start : start + block, None]
        sums = [(np.sum(w * h), np.sum(w * abs(h))) for h in functions(u * rho, v * rho)]
        totals = sums if totals is None else [(a + c, b + d) for (a, b), (c, d) in zip(totals, sums, strict=True)]
    return [(a / (2 * numbers.pi), b / (2 * numbers.pi)) for a, b in totals]


def _on_panels(edges, nodes, weights):
    """Nodes and weights between neighbours of `edges`, over the last axis."""
    middle, half = (edges[..., 1:] + edges[..., :-1]) / 2, (edges[..., 1:] - edges[..., :-1]) / 2
    x = middle[..., None] + half[..., None] * nodes
    shape = (*edges.shape[:-1], -1)
    return x.reshape(shape), (half[..., None] * weights).reshape(shape)


def _half_circle(r1, r2, angle, kinks, numbers, fineness):
    """Edges of panels of a on [−π/2, π/2]; the other half is its opposite."""
    half = numbers.pi / 2
    ray = angle if angle <= half else angle - numbers.pi  # where v = 0
    exact = [-half, 0 * half, ray, half, *_crossings(r1, r2, angle, [k for k in kinks if k], numbers)]
    ladders = []
    for centre, r in ((0.0, r1), (float(ray), r2)):
        scale = min(1.0, 1 / (2 * max(float(r), 1e-300))) / 2.0**fineness
        steps = ladder(scale, math.pi, fineness)
        ladders += [centre + steps, centre - steps]
    longest = math.pi / 4 / 2 ** (fineness / 2)
    floats = np.concatenate([*ladders, np.arange(-math.pi / 2, math.pi / 2, longest)])
    near = np.min(np.abs(floats[:, None] - np.array([float(e) for e in exact])), axis=1) < 1e-12
    floats = np.unique(floats[(abs(floats) < math.pi / 2) & ~near])
    return np.unique(np.concatenate([numbers.asarray(floats, "a"), np.array(exact)]))


def _crossings(r1, r2, angle, kinks, numbers):
    """The directions in which u = k and v = k′ meet: sin(a − θ)/sin a = k′r₁/(k r₂)."""
    found = []
    for k in kinks if r1 and r2 and angle else ():
        for other in kinks:
            ratio = numbers.convert(other) * r1 / (numbers.convert(k) * r2)
            a = numbers.atan2(numbers.sin(angle), numbers.cos(angle) - ratio)
            found.append(a if 2 * a <= numbers.pi else a - numbers.pi)
    return found


def _radii(steepest, numbers, fineness):
    """Edges of panels of ρ on [0, reach]: those that double from where φ(√q ρ) varies first, and none too long."""
    end = reach(numbers)
    longest = (2.0 if isinstance(numbers, Floats) else 4.0) / 2 ** (fineness / 2)
    steps = ladder(2.0**-fineness / max(float(steepest), 2.0**-fineness / end), end, fineness)
    edges = np.unique(np.concatenate([np.arange(0, end, longest), steps, [end]]))
    return numbers.asarray(edges[edges <= end], "ρ")


def _split(radii, slopes, kinks, numbers):
    """`radii` for each ray, split where u or v meets a kink; (rays, edges)."""
    end = radii[-1]
    columns = [np.broadcast_to(radii, (len(slopes[0]), len(radii)))]
    for kink in kinks:
        for slope in slopes:
            ahead = (kink * slope > 0) & (abs(slope) * end > abs(kink))
            columns.append(numbers.where(ahead, kink / numbers.where(ahead, slope, 1 + 0 * slope), 0 * slope))
    return np.sort(np.concatenate(columns, axis=1), axis=1)
