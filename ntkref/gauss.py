"""Rules for Gaussian expectations: E[f(z)] ≈ Σ wₖ f(zₖ) for z ~ N(0, 1).

Three rules, so that any two can check each other.  Gauss–Hermite with n nodes is exact for polynomials of degree
2n − 1, but for a function with a pole at distance y from the real axis it leaves exp(−2y√n), so φ(√q ·) needs a number
of nodes that grows like q.  The trapezoid rule leaves exp(−2πy/h): there the number grows like √q.  Neither
copes with a kink; `panels` splits the line there, and is composite Gauss–Legendre between.  Chapter `gauss_hermite`.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from .numbers import Floats, Numbers

__all__ = ["gauss_hermite", "gauss_legendre", "graded", "ladder", "panels", "reach", "trapezoid"]


def reach(numbers: Numbers):
    """Where the density of N(0, 1) has fallen 10 orders below the rounding of `numbers`; integrals end there.

    The 10 orders are for integrands that grow: z¹⁰ is 4e10 there in float64, e^z 1e4.
    """
    return math.sqrt(2 * math.log(10) * (numbers.worked + 10))


@lru_cache(maxsize=64)
def gauss_legendre(order: int, numbers: Numbers):
    """Nodes and weights on (−1, 1), arrays (order,).  In ``digits(n)`` the order is raised to 3 · 2ᵏ."""
    if isinstance(numbers, Floats):
        return np.polynomial.legendre.leggauss(order)
    from mpmath.calculus.quadrature import GaussLegendre

    context = numbers.context
    degree = 1
    while 3 * 2 ** (degree - 1) < order:
        degree += 1
    pairs = GaussLegendre(context).calc_nodes(degree, context.prec)
    return tuple(np.array([context.convert(pair[i]) for pair in pairs]) for i in (0, 1))


@lru_cache(maxsize=64)
def gauss_hermite(n: int, numbers: Numbers):
    """Nodes and weights of the n-node Gauss–Hermite rule for N(0, 1), arrays (n,).

    >>> from ntkref import float64
    >>> nodes, weights = gauss_hermite(3, float64)
    >>> round(float(weights @ nodes**4), 14)  # E[z⁴] = 3
    3.0
    """
    from scipy.special import roots_hermitenorm

    nodes, weights = roots_hermitenorm(n)
    if isinstance(numbers, Floats):
        return nodes, weights / math.sqrt(2 * math.pi)
    # Newton's steps from the float64 nodes; with he the orthonormal polynomials, he′ₙ = √n heₙ₋₁, and the weight
    # is 1/(n heₙ₋₁²).
    z = numbers.asarray(nodes, "nodes")
    for _ in range(math.ceil(math.log2(numbers.worked / 12)) + 1):
        before, here = _last_two(n, z, numbers)
        z = z - here / (before * numbers.sqrt(numbers.asarray(n, "n")))
    before, _ = _last_two(n, z, numbers)
    return z, 1 / (n * before**2)


def _last_two(n, z, numbers):
    """heₙ₋₁ and heₙ at `z`."""
    before, here = 0 * z, 0 * z + 1
    root = numbers.asarray(0, "root")
    for k in range(1, n + 1):
        following = numbers.sqrt(numbers.asarray(k, "k"))
        before, here, root = here, (z * here - root * before) / following, following
    return before, here


def trapezoid(step, numbers: Numbers, end=None):
    """Nodes and weights of the trapezoid rule with the given step, over ±`end` (by default `reach`)."""
    count = int((reach(numbers) if end is None else end) / step) + 1
    z = numbers.asarray(np.arange(-count, count + 1), "k") * step
    return z, density(z, numbers) * step


def panels(edges, order: int, numbers: Numbers):
    """Nodes and weights of composite Gauss–Legendre: `order` nodes between neighbours of `edges`."""
    nodes, weights = gauss_legendre(order, numbers)
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    z = (middle[:, None] + half[:, None] * nodes).ravel()
    return z, (half[:, None] * weights).ravel() * density(z, numbers)


def density(z, numbers: Numbers):
    """exp(−z²/2)/√(2π)."""
    return numbers.exp(-z * z / 2) / numbers.sqrt(numbers.asarray(2, "2") * numbers.pi)


def ladder(scale: float, end: float, fineness: float = 0) -> np.ndarray:
    """scale, … up to `end` or a little beyond, each 2^(2^(−fineness/2)) times the one before.

    At fineness 0 a panel is as long as its distance to the centre.  A pole above the centre lies outside the Bernstein
    ellipse of size 5.8 of every panel, so order p leaves 5.8^(−2p); where poles come nearer, finer ones are needed.
    """
    octaves = 2.0 ** (-fineness / 2)
    return scale * 2.0 ** (octaves * np.arange(max(0, math.ceil(math.log2(end / scale) / octaves)) + 1))


def graded(centres, scale: float, end: float, longest: float = 2.0, fineness: float = 0) -> np.ndarray:
    """Edges of panels on [0, end] that end at `centres` and shrink towards each, down to `scale`; floats.

    `longest` bounds the panels for the sake of the density.
    """
    steps = ladder(scale, end, fineness)
    edges = [np.arange(0, end, longest), [end], centres]
    for centre in centres:
        edges += [centre + steps, centre - steps]
    edges = np.unique(np.concatenate(edges))
    return edges[(edges >= 0) & (edges <= end)]
