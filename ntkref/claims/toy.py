"""Section 5: the RBF kernel of a widening and of a narrowing bandwidth (Eq. 10)."""

from __future__ import annotations

import math

import numpy as np

from . import curves
from .claim import CORRECTED, HOLDS, Claim, corrected, leading, printed
from .definition import rbf_spectrum, squared_distances
from .measures import settling
from .setting import Setting

__all__ = ["TOY_CLAIMS", "flat_order"]


def flat_order(features: int, m: int) -> int:
    """The least k with as many monomials of degree ≤ k in `features` variables as there are points."""
    return next(k for k in range(m) if math.comb(features + k, k) >= m)


def _eq10(setting: Setting):
    distances = squared_distances(setting.m, 64)
    for exponent in (-4, 0, 20):
        kernel = np.exp(-distances * 2.0**-exponent / np.mean(distances))
        yield printed(f"K_h(x, x) = 1 at h = 2^{exponent}", np.max(np.abs(np.diag(kernel) - 1)), 0, "exact")
        smallest = np.linalg.eigvalsh(kernel)[0]
        yield printed("and K_h is positive semi-definite", max(0.0, -smallest), 1e-14, "rounding of m = 12 entries")


def _flat_top(setting: Setting):
    distances, m = squared_distances(setting.m, 64), setting.m
    misses = [float(1 - rbf_spectrum(distances, l)[-1] / m) * 2**l for l in (20, 30)]
    yield printed("(1 − λ_max/m) 2ˡ settles", settling(misses), 1e-5, "O(2^−l)")
    mean = distances.sum() / m**2 / (int(distances.sum()) // (m * (m - 1)))
    yield printed("at the mean of all D", misses[1] / mean - 1, 1e-6, "O(2^−l)")


def _slope(distances, depths=(20, 30)):
    """By how many powers of 2 the smallest eigenvalue falls a layer."""
    smallest = [rbf_spectrum(distances, l)[0] for l in depths]
    return float(-np.log2(float(smallest[1] / smallest[0])) / (depths[1] - depths[0]))


def _flat_bulk(setting: Setting):
    many, few = squared_distances(setting.m, 3), squared_distances(setting.m, 64)
    yield printed("λ_min falls as 2^−l: 12 points of 3 features", _slope(many) - 1, 1e-4, "O(2^−l) at l = 20")
    yield leading("λ_min falls as 2^−l: 12 points of 64 features", _slope(few) - 1, 1e-4, "O(2^−l) at l = 20")
    for m in (4, 5, 10, 11):
        k = flat_order(3, m)
        off = _slope(squared_distances(m, 3)) - k
        yield corrected(f"λ_min falls as 2^(−{k}l): {m} points of 3 features", off, 1e-4, "O(2^−l) at l = 20")


def _flat_bulk_derivation(setting: Setting):
    """The number of monomials of degree ≤ k in 3 variables, derived, and the k that so many points need."""
    features = setting.chapter("rbf")["features"]
    orders = {m: next(k for k in range(m) if int(features(3, k)) >= m) for m in (4, 5, 10, 11)}
    for m, k in orders.items():
        yield corrected(f"the order of {m} points of 3 features, derived", k - flat_order(3, m), 0, "a count")
    yield leading("4 points of 3 features: 2^−l, derived", orders[4] - 1, 0, "a count")
    yield printed("5 points of 3 features: 2^−l, derived", orders[5] - 1, 0, "a count")


def _flat_kappa(setting: Setting):
    for features in (64, 3):
        distances = squared_distances(setting.m, features)
        scaled = []
        for l in (10, 20, 30):
            values = rbf_spectrum(distances, l)
            scaled.append(float(values[-1] / values[0]) / 2**l)
        yield printed(f"κ 2^−l does not fall, {features} features", max(0, scaled[1] / scaled[2] - 1), 1e-3, "O(2^−l)")


def _flat_kappa_derivation(setting: Setting):
    """Two points, where κ = coth(D/2h) exactly."""
    results, numbers = setting.chapter("rbf"), setting.digits
    for l in (5, 50):
        h = numbers.context.mpf(2) ** l
        kappa = setting.evaluate(results["kappa_two_points"], (1, h))
        low, high = rbf_spectrum(np.array([[0, 1], [1, 0]]), l)
        yield printed(f"κ of two points at l = {l}, derived", kappa * low / high - 1, 10 * numbers.eps, "rounding")
        yield printed("and it is at least 2ˡ", max(0, 1 - float(kappa / h)), 0, "coth x > 1/(2x)")


def _narrow(setting: Setting):
    distances = squared_distances(setting.m, 64)
    off = distances[np.triu_indices(setting.m, 1)]
    scale = int(distances.sum()) // (setting.m * (setting.m - 1))
    nearest, second = sorted(off)[:2]
    ratios = []
    for l in (20, 60):
        values = rbf_spectrum(distances, -math.log2(l))
        ratios.append(float((values[-1] / values[0] - 1) / (2 * math.exp(-l * nearest / scale))))
        yield printed(
            f"κ − 1 is small at l = {l}", values[-1] / values[0] - 1, math.exp(-l * nearest / scale / 2), "tends to 0"
        )
    room = 5 * math.exp(-60 * (second - nearest) / scale)
    yield printed("(κ − 1) e^{l D_min}/2 tends to 1", ratios[1] - 1, room, "the second nearest pair")


TOY_CLAIMS = (
    Claim("eq-10", "Equation 10", "K_h(x, x′) = exp(−|x − x′|²/h), K_h(x, x) = 1", HOLDS, "rbf", {"float64": _eq10}),
    Claim(
        "sec-5-top",
        "Section 5",
        "h = 2ˡ: λ_max ≈ m",
        HOLDS,
        "rbf",
        {"digits": _flat_top},
        law="λ_max = m − Σ D/(m h) + O(h^−2)",
    ),
    Claim(
        "sec-5-bulk",
        "Section 5",
        "h = 2ˡ: λ_bulk is of order 2^−l",
        CORRECTED,
        "rbf",
        {"derivation": _flat_bulk_derivation, "digits": _flat_bulk},
        truth="only for m ≤ n₀ + 1 points of n₀ features; else λ_min ~ 2^(−kl), k least with C(n₀+k, k) ≥ m, "
        "if no polynomial of degree < k vanishes on them",
        curve=curves.rbf_smallest,
    ),
    Claim(
        "sec-5-kappa",
        "Section 5",
        "h = 2ˡ: κ ≳ 2ˡ",
        HOLDS,
        "rbf",
        {"derivation": _flat_kappa_derivation, "digits": _flat_kappa},
        law="κ ~ 2^(kl), k as for the bulk; two points: κ = coth(D/(2h))",
    ),
    Claim(
        "sec-5-narrow",
        "Section 5",
        "h = 1/l: K_h tends to the identity and κ to 1",
        HOLDS,
        "rbf",
        {"digits": _narrow},
        law="κ − 1 ~ 2 exp(−l D_min), for one nearest pair",
        curve=curves.rbf_narrow,
    ),
)
