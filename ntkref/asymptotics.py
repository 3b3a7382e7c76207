"""Large-depth laws of the fully-connected network, with their constants: Table 1's FCN column.

``of(mf)`` gives the laws of a phase: `Ordered`, `Critical`, `Chaotic`, `OrderedRelu` or `CriticalRelu`.  All
are for normalised inputs, K⁽¹⁾(x, x) = q*.  What depends on the data enters through one number per pair, E or
C, which `coordinate` computes from 1 − c of the inputs; matrices (m, m) of them serve a Gram matrix, their
diagonal is not used.  Each docstring says what error a law leaves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .inputs import covariance_of_pair
from .mean_field import MeanField, mean_field
from .numbers import Digits, Floats, Numbers
from .pair import Covariance

__all__ = ["Chaotic", "Critical", "CriticalRelu", "Ordered", "OrderedRelu", "of"]


def of(mf: MeanField, q_star=None):
    """The laws of the phase of `mf`.  At critical ReLU, where every variance is fixed, `q_star` is needed.

    Raises ValueError where there are none: no positive q*, or a variance that grows without bound.

    >>> import ntkref as nk
    >>> laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1.0", "0.18"))
    >>> type(laws).__name__, f"{laws.s:.10f}"
    ('Ordered', '2.2802141239')
    """
    if mf.phase == "critical" and mf.activation.homogeneous:
        if q_star is None:
            raise ValueError(f"q_star must be given for critical {mf.activation}: every variance is fixed")
        return CriticalRelu(mf, q_star)
    if mf.phase == "unbounded" or not mf.q_star:
        raise ValueError(f"no large-depth laws in the {mf.phase} phase without a positive, finite q*")
    if mf.phase == "ordered":
        return OrderedRelu(mf) if mf.activation.homogeneous else Ordered(mf)
    return Chaotic(mf) if mf.phase == "chaotic" else Critical(mf)


def _orbit(mf: MeanField, q, one_minus_c, numbers: Numbers) -> Iterator[tuple[int, Covariance]]:
    """(l, K⁽ˡ⁾) for l = 1, 2, … without end: Eq. 2 alone."""
    sw2, sb2 = numbers.convert(mf.sigma_w2), numbers.convert(mf.sigma_b2)
    K, depth = covariance_of_pair(q, one_minus_c, numbers), 1
    while True:
        yield depth, K
        T, _ = mf.activation.duals(K, numbers)
        K, depth = T.affine(sw2, sb2, numbers), depth + 1


def _limit(sequence, tolerance, depth_scale):
    """The first of a sequence of arrays, converging over `depth_scale`, that agrees with the one before it."""
    layers = -math.log(tolerance) * float(depth_scale)
    if layers > 100_000:
        raise ArithmeticError(f"E would take {layers:.0f} layers to settle: too near the critical line")
    previous = next(sequence)
    for current in sequence:
        if np.all(np.abs(current - previous) <= tolerance * np.abs(current)):
            return current
        previous = current


def _bulk(matrix) -> np.ndarray:
    """Descending eigenvalues of −Π M Π on the complement of 1, where Π = 1 − 11ᵀ/m: m − 1 of them."""
    matrix = np.array(matrix, dtype=float)
    m = len(matrix)
    np.fill_diagonal(matrix, 0)
    helmert = np.linalg.qr(np.column_stack([np.ones(m), np.eye(m)[:, 1:]]))[0][:, 1:]  # complement of 1
    return np.linalg.eigvalsh(-helmert.T @ matrix @ helmert)[::-1]


@dataclass(frozen=True)
class Ordered:
    """χ₁ < 1, smooth φ (Section 6.2)."""

    mf: MeanField

    def coordinate(self, one_minus_c):
        """E = lim (q* − q_ab⁽ˡ⁾)/χ₁^(l−1) of pairs with K⁽¹⁾ = q*(1 − `one_minus_c`): Koenigs' coordinate.

        To the digits of the number system, less those that rounding costs in about ξ₁ log(1/u) layers.
        """
        numbers, chi_1 = self.mf.numbers, self.mf.chi_1
        orbit = _orbit(self.mf, self.mf.q_star, one_minus_c, numbers)
        ratios = (K.gap / (2 * chi_1 ** (depth - 1)) for depth, K in orbit)
        return _limit(ratios, 4 * numbers.eps, self.mf.xi_1)

    @cached_property
    def s(self):
        """s = 1 + f″(q*) p*/χ₁; for erf 1 + 4q*²/((1 − χ₁)(1 + 4q*))."""
        mf = self.mf
        _, (_, second, *_) = mf.activation.slopes(mf.q_star, mf.numbers)
        return 1 + mf.numbers.convert(mf.sigma_w2) * second * mf.p_star / mf.chi_1

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = p* (1 − χ₁ˡ), exact (Eq. 14)."""
        return self.mf.p_star * (1 - self.mf.chi_1**l)

    def nngp_gap(self, l, E):
        """2 (q* − q_ab) = 2 E χ₁^(l−1), leaving a relative O(χ₁ˡ)."""
        return 2 * E * self.mf.chi_1 ** (l - 1)

    def ntk_gap(self, l, E):
        """2 (p − p_ab) = 2 s E l χ₁^(l−1), leaving O(χ₁ˡ): a relative 1/l."""
        return 2 * self.s * E * l * self.mf.chi_1 ** (l - 1)

    def lambda_max(self, l, m):
        """m p*, leaving m O(l χ₁ˡ) (Eq. 15)."""
        return m * self.mf.p_star + 0 * l

    def lambda_bulk(self, l, E):
        """l χ₁^(l−1) s μ_i with μ_i the m − 1 eigenvalues of −ΠEΠ, leaving a relative O(1/l)."""
        return self.s * l * self.mf.chi_1 ** (l - 1) * _bulk(E)

    def kappa(self, l, E):
        """m p*/(s μ_min l χ₁^(l−1)), leaving a relative O(1/l)."""
        return self.lambda_max(l, len(E)) / self.lambda_bulk(l, E)[-1]


@dataclass(frozen=True)
class OrderedRelu(Ordered):
    """ReLU with σ_w² < 2 and σ_b² > 0: the kink makes the NTK's gap decay as χ₁^(l/2), not l χ₁ˡ."""

    @cached_property
    def s(self):
        """(χ₁/π) √(2/q*) p*/(√χ₁ − χ₁), the factor of √E χ₁^((l−1)/2) in p − p_ab."""
        mf = self.mf
        sqrt = mf.numbers.sqrt
        return mf.chi_1 / mf.numbers.pi * sqrt(2 / mf.q_star) * mf.p_star / (sqrt(mf.chi_1) - mf.chi_1)

    def nngp_gap(self, l, E):
        """2 (q* − q_ab) = 2 E χ₁^(l−1), leaving a relative O(χ₁^(l/2))."""
        return super().nngp_gap(l, E)

    def ntk_gap(self, l, E):
        """2 (p − p_ab) = 2 s √E χ₁^((l−1)/2), leaving O(l χ₁ˡ)."""
        sqrt = self.mf.numbers.sqrt
        return 2 * self.s * sqrt(E) * sqrt(self.mf.chi_1) ** (l - 1)

    def lambda_bulk(self, l, E):
        """χ₁^((l−1)/2) s μ_i with μ_i the eigenvalues of −Π√EΠ, leaving a relative O(l χ₁^(l/2))."""
        return self.s * self.mf.chi_1 ** ((l - 1) / 2) * _bulk(np.sqrt(np.array(E, dtype=float)))

    def kappa(self, l, E):
        """m p*/(s μ_min χ₁^((l−1)/2)), leaving a relative O(l χ₁^(l/2))."""
        return super().kappa(l, E)


@dataclass(frozen=True)
class Chaotic:
    """χ₁ > 1 with c* < 1 (Section 6.1)."""

    mf: MeanField

    def coordinate(self, one_minus_c):
        """E = lim (q_ab⁽ˡ⁾ − q_ab*)/χ_c^(l−1) of pairs with K⁽¹⁾ = q*(1 − `one_minus_c`), to full digits.

        The difference cancels, so it is followed in twice the digits.
        """
        mf = self.mf
        fine = Digits(40 if isinstance(mf.numbers, Floats) else 2 * mf.numbers.n + 10)
        exact = mean_field(mf.activation, mf.sigma_w2, mf.sigma_b2, Digits(fine.n + 20))
        target, chi_c = exact.q_star * exact.c_star, exact.chi_c
        orbit = _orbit(mf, exact.q_star, one_minus_c, fine)
        ratios = ((K.xy - target) / chi_c ** (depth - 1) for depth, K in orbit)
        limit = _limit(ratios, mf.numbers.eps / 10, mf.xi_c)
        return mf.numbers.asarray(limit, "E") if isinstance(mf.numbers, Floats) else mf.numbers.finish(limit)

    @cached_property
    def resonance(self):
        """(χ_c + f″(q_ab*) p_ab*)/χ_c², the factor of E l χ_c^l in p_ab − p_ab*."""
        mf, numbers = self.mf, self.mf.numbers
        k = covariance_of_pair(mf.q_star, mf.one_minus_c_star, numbers)
        curvature = numbers.convert(mf.sigma_w2) * mf.activation.curvature(k, numbers)
        return (mf.chi_c + curvature * mf.p_ab_star) / mf.chi_c**2

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = q* (χ₁ˡ − 1)/(χ₁ − 1), exact (Eq. 11)."""
        return self.mf.q_star * (self.mf.chi_1**l - 1) / (self.mf.chi_1 - 1)

    def nngp_offdiagonal(self, l, E):
        """q_ab* + E χ_c^(l−1), leaving O(χ_c^(2l))."""
        return self.mf.q_star * self.mf.c_star + E * self.mf.chi_c ** (l - 1)

    def ntk_offdiagonal(self, l, E):
        """p_ab* + l χ_cˡ E (χ_c + f″(q_ab*) p_ab*)/χ_c², leaving O(χ_cˡ)."""
        return self.mf.p_ab_star + l * self.mf.chi_c**l * E * self.resonance

    def lambda_max(self, l, m):
        """p⁽ˡ⁾ + (m − 1) p_ab*, leaving m O(l χ_cˡ)."""
        return self.ntk_diagonal(l) + (m - 1) * self.mf.p_ab_star

    def lambda_bulk(self, l):
        """p⁽ˡ⁾ − p_ab*, leaving O(l χ_cˡ)."""
        return self.ntk_diagonal(l) - self.mf.p_ab_star

    def kappa(self, l, m):
        """1 + m p_ab*/(p⁽ˡ⁾ − p_ab*), leaving a relative O(l χ_cˡ) of κ − 1."""
        return 1 + self.kappa_minus_1(l, m)

    def kappa_minus_1(self, l, m):
        """m p_ab*/(p⁽ˡ⁾ − p_ab*), leaving a relative O(l χ_cˡ)."""
        return m * self.mf.p_ab_star / self.lambda_bulk(l)


def _fatou_constant(mf, q, one_minus_c, reciprocal, slope, log_slope):
    """C in u_l = `slope` l + `log_slope` log l + C + o(1), for u = reciprocal(K) along an orbit.

    u − r log u − slope l + r log slope is C plus a power series in 1/u; the first four terms of the series
    are eliminated between depths 250, 500, 1000, 2000 and 4000.
    """
    depths = (250, 500, 1000, 2000, 4000)
    powers, estimates = [], []
    for depth, K in _orbit(mf, q, one_minus_c, mf.numbers):
        if depth in depths:
            u = np.asarray(reciprocal(K), dtype=float)
            powers.append(np.stack([u**-i for i in range(len(depths))], axis=-1))
            estimates.append(u - log_slope * np.log(u / slope) - slope * depth)
        if depth == depths[-1]:
            break
    return np.linalg.solve(np.stack(powers, axis=-2), np.stack(estimates, axis=-1)[..., None])[..., 0, 0]


def _log(x, numbers: Numbers):
    return np.log(x) if isinstance(numbers, Floats) else numbers.context.log(x)


@dataclass(frozen=True)
class Critical:
    """χ₁ = 1, smooth φ (Section 6.3).

    The half-gap e = q* − q_ab obeys e′ = e − α e² + β e³ − …, and r = (α² − β)/α, ρ = 1 − β/α².  The laws set
    in at depths l ≫ 1/(α q*).
    """

    mf: MeanField

    def _taylor(self, order):
        mf = self.mf
        derivative = mf.activation.slopes(mf.q_star, mf.numbers)[1][order - 1]
        return mf.numbers.convert(mf.sigma_w2) * derivative / math.factorial(order)

    @cached_property
    def alpha(self):
        """α = f″(q*)/2; for erf 2q*/(1 + 4q*)."""
        return self._taylor(2)

    @cached_property
    def beta(self):
        """β = f‴(q*)/6; for erf (2/3)(12q*² + 4q* + 1)/(1 + 4q*)²."""
        return self._taylor(3)

    @cached_property
    def r(self):
        """r = (α² − β)/α."""
        return (self.alpha**2 - self.beta) / self.alpha

    @cached_property
    def rho(self):
        """ρ = 1 − β/α²; for erf −(6q*² + 4q* + 1)/(6q*²)."""
        return 1 - self.beta / self.alpha**2

    def coordinate(self, one_minus_c):
        """C = lim 1/(q* − q_ab⁽ˡ⁾) − α l − r log l, Fatou's coordinate, to about 8 digits; a float64 array."""
        alpha, r = float(self.alpha), float(self.r)
        return _fatou_constant(self.mf, self.mf.q_star, one_minus_c, lambda K: 2 / K.gap, alpha, r)

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = l q*, exact (Eq. 17)."""
        return l * self.mf.q_star

    def nngp_gap(self, l, C):
        """2 (q* − q_ab) = 2/(α l + r log l + C), leaving a relative O(log l/l²)."""
        return 2 / (self.alpha * l + self.r * _log(l, self.mf.numbers) + C)

    def ntk_offdiagonal(self, l, C):
        """(q*/3)(l + ρ log l) + c₀, c₀ = q*/2 + q*C/(3α) − (2/3)q*ρ − 1/(2α), leaving O(log l/l)."""
        q, alpha, rho = self.mf.q_star, self.alpha, self.rho
        constant = q / 2 + q * C / (3 * alpha) - 2 * q * rho / 3 - 1 / (2 * alpha)
        return q / 3 * (l + rho * _log(l, self.mf.numbers)) + constant

    def lambda_max(self, l, m, C):
        """p + (m − 1) p_ab for a common C: (m+2) q* l/3 + (m−1)(q*ρ/3) log l + O(1) (Eq. 18)."""
        return self.ntk_diagonal(l) + (m - 1) * self.ntk_offdiagonal(l, C)

    def lambda_bulk(self, l, C):
        """p − p_ab for a common C: 2q* l/3 − (q*ρ/3) log l + O(1) (Eq. 18)."""
        return self.ntk_diagonal(l) - self.ntk_offdiagonal(l, C)

    def kappa(self, l, m, C):
        """Their ratio: (m+2)/2 + (3m/4)(ρ log l + O(1))/l."""
        return self.lambda_max(l, m, C) / self.lambda_bulk(l, C)


@dataclass(frozen=True)
class CriticalRelu(Critical):
    """ReLU at (σ_w², σ_b²) = (2, 0), inputs of variance `q`; the angle obeys 1/θ_l = l/(3π) + log l/(2π) + C."""

    q: Any

    def coordinate(self, one_minus_c):
        """C = lim 1/θ_l − l/(3π) − log l/(2π), to about 8 digits; a float64 array."""
        angle = self.mf.numbers.atan2
        slope, log_slope = 1 / (3 * math.pi), 1 / (2 * math.pi)
        return _fatou_constant(self.mf, self.q, one_minus_c, lambda K: 1 / angle(K.area, K.xy), slope, log_slope)

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = l q, exact."""
        return l * self.q

    def nngp_gap(self, l, C):
        """2 q (1 − cos θ_l) = 4 q sin²(θ_l/2), leaving a relative O(log l/l²)."""
        return 4 * self.q * np.sin(1 / (2 * (l / (3 * math.pi) + np.log(l) / (2 * math.pi) + C))) ** 2

    def ntk_offdiagonal(self, l, C):
        """q [l/4 + (3/8) log l + (3π/4) C − 1/8], leaving O(log l/l)."""
        return self.q * (l / 4 + 3 * np.log(l) / 8 + 3 * math.pi * C / 4 - 1 / 8)
