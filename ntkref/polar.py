"""The plane: E[h(u, v)] for correlated normal u and v by Gauss–Legendre panels in polar coordinates.

u = √q₁ ρ cos ψ and v = √q₂ ρ cos(ψ − θ) with ρ exp(−ρ²/2) dρ dψ/2π: the kinks of φ at 0 are rays, whatever the angle
θ between the inputs, so nothing sharpens as θ → 0.  Kinks elsewhere split the radius, at places that move smoothly
with ψ but for the rays on which two of them meet, and these split the circle.  Panels shrink geometrically towards
the rays and towards ρ = 0, where φ(√q ·) varies fastest, so the cost grows with log q.  Chapter `gauss_hermite`.
"""

from __future__ import annotations

import math

import numpy as np

from .gauss import gauss_legendre, reach
from .numbers import Floats, Numbers

__all__ = ["plane_mean"]


def plane_mean(functions, r1, r2, angle, kinks, numbers: Numbers, what: str):
    """E of each function h(u, v) of the tuple that ``functions(u, v)`` returns; r1, r2 = √q₁, √q₂ and angle in [0, π].

    Refined until the last refinement changed no digit; raises ArithmeticError, naming `what`, where none does that.
    """
    tolerance = 10.0 ** (2 - numbers.worked)
    before = _sums(functions, r1, r2, angle, kinks, numbers, 0)
    for fineness in range(1, 6):
        now = _sums(functions, r1, r2, angle, kinks, numbers, fineness)
        if all(abs(a - b) <= tolerance * size for (a, size), (b, _) in zip(now, before, strict=True)):
            return tuple(value for value, _ in now)
        before = now
    raise ArithmeticError(f"{what} does not settle at variances {float(r1) ** 2:.6g} and {float(r2) ** 2:.6g}")


def _sums(functions, r1, r2, angle, kinks, numbers, fineness):
    """(Σ w h, Σ w |h|) for each function, a few rays at a time."""
    order = 16 if isinstance(numbers, Floats) else int(0.75 * numbers.worked)
    nodes, weights = gauss_legendre(order, numbers)
    rays = _circle(r1, r2, angle, kinks, numbers, fineness)
    psi, w_psi = _on_panels(rays, nodes, weights)
    cosine, other = numbers.cos(psi), numbers.cos(psi - angle)
    totals = None
    block = max(1, 1 << 12) if isinstance(numbers, Floats) else len(psi)
    block = max(1, (1 << 19) // (40 * order)) if isinstance(numbers, Floats) else block
    for start in range(0, len(psi), block):
        part = slice(start, start + block)
        slope_u, slope_v = r1 * cosine[part], r2 * other[part]
        rho, w_rho = _on_panels(_radii(slope_u, slope_v, kinks, numbers, fineness), nodes, weights)
        w = w_rho * (rho * numbers.exp(-rho * rho / 2)) * w_psi[part][:, None]
        values = functions(slope_u[:, None] * rho, slope_v[:, None] * rho)
        sums = [(np.sum(w * h), np.sum(w * abs(h))) for h in values]
        totals = sums if totals is None else [(a + c, b + d) for (a, b), (c, d) in zip(totals, sums, strict=True)]
    return [(a / (2 * numbers.pi), b / (2 * numbers.pi)) for a, b in totals]


def _on_panels(edges, nodes, weights):
    """Nodes and weights between neighbours of `edges`, over the last axis."""
    middle, half = (edges[..., 1:] + edges[..., :-1]) / 2, (edges[..., 1:] - edges[..., :-1]) / 2
    x = middle[..., None] + half[..., None] * nodes
    shape = (*edges.shape[:-1], -1)
    return x.reshape(shape), (half[..., None] * weights).reshape(shape)


def _circle(r1, r2, angle, kinks, numbers, fineness):
    """Edges of panels of ψ on [−π/2, 3π/2]."""
    pi, theta = math.pi, float(angle)
    quarter = numbers.pi / 2
    exact = [-quarter, angle - quarter, quarter, angle + quarter, 3 * quarter]
    ladders = []
    for centres, r in (((-pi / 2, pi / 2, 3 * pi / 2), r1), ((theta - pi / 2, theta + pi / 2), r2)):
        scale = min(1.0, 1 / (2 * float(r))) / 2**fineness if r else 1.0
        ladder = scale * 2.0 ** np.arange(math.ceil(math.log2(pi / 2 / scale)) + 1)
        ladders += [centre + side * ladder for centre in centres for side in (1, -1)]
    exact += _crossings(r1, r2, angle, [k for k in kinks if k], numbers)
    longest = pi / 4 / 2 ** (fineness / 2)
    floats = np.concatenate([*ladders, np.arange(-pi / 2, 3 * pi / 2, longest)])
    near = np.min(np.abs(floats[:, None] - np.array([float(e) for e in exact])), axis=1) < 1e-12
    floats = np.unique(floats[(floats > -pi / 2) & (floats < 3 * pi / 2) & ~near])
    return np.unique(np.concatenate([numbers.asarray(floats, "ψ"), np.array(exact)]))


def _crossings(r1, r2, angle, kinks, numbers):
    """The directions in which u = k and v = k′ meet: cos(ψ − θ)/cos ψ = k′r₁/(k r₂)."""
    sine, cosine = numbers.sin(angle), numbers.cos(angle)
    found = []
    for k in kinks if r1 and r2 and sine else ():
        for other in kinks:
            ratio = numbers.convert(other) * r1 / (numbers.convert(k) * r2)
            psi = numbers.atan2(ratio - cosine, sine)  # in (−π/2, π/2), where u > 0
            found.append(psi if k > 0 else psi + numbers.pi)
    return found


def _radii(slope_u, slope_v, kinks, numbers, fineness):
    """Edges of panels of ρ on [0, reach] along each ray, (rays, edges); edges beyond the end fall on it."""
    end = reach(numbers)
    longest = (2.0 if isinstance(numbers, Floats) else 4.0) / 2 ** (fineness / 2)
    columns = [np.full(len(slope_u), x) for x in (*np.arange(0, end, longest), end)]
    steep = [float(max(abs(slope))) for slope in (slope_u, slope_v)]
    for slope, steepest in zip((slope_u, slope_v), steep, strict=True):
        size = np.array([max(float(abs(s)), 1e-300) for s in slope])
        for j in range(-fineness, math.ceil(math.log2(max(1.0, end * steepest)))):
            columns.append(np.minimum(2.0**j / size, end))
    columns = [numbers.asarray(column, "ρ") for column in columns]
    for kink in (numbers.convert(k) for k in kinks if k):
        for slope in (slope_u, slope_v):
            ahead = kink * slope > 0
            columns.append(
                numbers.where(ahead & (abs(slope) * end > abs(kink)), kink / np.where(ahead, slope, kink), 0 * slope)
            )
    return np.sort(np.stack(columns, axis=1), axis=1)
