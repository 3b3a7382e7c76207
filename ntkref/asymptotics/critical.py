"""The critical line, χ₁ = 1, smooth φ (Section 6.3; chapter `critical_line`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..numbers import Floats, Numbers
from .law import Law, depth
from .matrices import Flat, Uniform
from .orbits import fatou_constant, of_distinct

__all__ = ["Critical", "logarithm"]


def logarithm(x, numbers: Numbers):
    """log x, element by element, in the number system."""
    if isinstance(numbers, Floats):
        return np.log(x)
    return np.frompyfunc(numbers.context.log, 1, 1)(x)


@dataclass(frozen=True)
class Critical(Law):
    """χ₁ = 1: Θ/l tends to (q*/3)(11ᵀ + 2 Id), by powers and logarithms of l.

    The half-gap e = q* − q_ab obeys e′ = e − α e² + β e³ − γ e⁴ + …; r = (α² − β)/α and ρ = r/α.  With u = 1/e
    Fatou's coordinate Φ(u) = u − r log u + s₁/u grows by α a layer, and C, from `coordinate`, is where it starts.
    Then p_ab = A u + B + A₁/u + O(log l/l²).  Hence, with c₀(C) from `c0`, as a matrix where C is one,

    ========  ===============================================================================  =========
    quantity  law                                                                              leaves
    ========  ===============================================================================  =========
    λ_max     (m+2) q* l/3 + (m−1)(q*ρ/3) log l + Σ_{a≠b} c₀/m + O(1/l)                        m O(1/l)
    λ_bulk    2 q* l/3 − (q*ρ/3) log l + eigenvalues of Π c₀ Π + O(1/l)                        O(1/l)
    κ         (m+2)/2 + (3m/4) ρ log l/l + m O(1/l), their ratio                               m O(1/l²)
    P(Θ) y    ≈ (1/(2αl)) [C_test y − 11ᵀC y/(m+2)] for zero-mean y, C hollow; m ȳ/(m+2) more  O(1/l²)
    ========  ===============================================================================  =========

    For K = q* 11ᵀ − e: κ ~ m q* α l, and P(K) y ~ (1/(αl)) [C_test y − 11ᵀ C y/m] for zero-mean y.

    The laws set in at depths l ≫ `onset`.
    """

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
    def gamma(self):
        """γ = f⁗(q*)/24; for erf 6q*/(1 + 4q*)² + 40q*³/(1 + 4q*)³."""
        return self._taylor(4)

    @cached_property
    def r(self):
        """r = (α² − β)/α."""
        return (self.alpha**2 - self.beta) / self.alpha

    @cached_property
    def rho(self):
        """ρ = 1 − β/α²; for erf −(6q*² + 4q* + 1)/(6q*²)."""
        return 1 - self.beta / self.alpha**2

    @property
    def onset(self):
        """1/(α q*), for erf (1 + 4q*)/(2q*²): the depth from which 1 − c falls as 1/l."""
        return 1 / (self.alpha * self.mf.q_star)

    @cached_property
    def _s1(self):
        """s₁ of Fatou's coordinate: 1/e′ = u + α + (α² − β)/u + (α³ − 2αβ + γ)/u² + …"""
        alpha, r = self.alpha, self.r
        third = self.gamma - 2 * alpha * self.beta + alpha**3
        return (third - r**2 * alpha + r * alpha**2 / 2) / alpha

    def coordinate(self, one_minus_c):
        """C = lim 1/(q* − q_ab⁽ˡ⁾) − α l − r log l, Fatou's coordinate, to about 8 digits; a float64 array.

        Raises ArithmeticError next to the tip of the line, where `onset` exceeds 100 layers.
        """
        mf, (alpha, r, onset) = self.mf, map(float, (self.alpha, self.r, self.onset))

        def constant(e):
            return fatou_constant(mf, mf.q_star, e, lambda K: 2 / K.gap, alpha, r, onset)

        return of_distinct(one_minus_c, mf.numbers, constant)

    def c0(self, C):
        """c₀ = q*/2 + q*C/(3α) − (2/3)q*ρ − 1/(2α), the constant of p_ab."""
        q, alpha = self.mf.q_star, self.alpha
        return q / 2 + q * C / (3 * alpha) - 2 * q * self.rho / 3 - 1 / (2 * alpha)

    @property
    def _variance(self):
        return self.mf.q_star

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = l q*, exact (Eq. 17)."""
        return depth(l) * self._variance

    def nngp_gap(self, l, C):
        """2 (q* − q_ab) = 2/u, leaving a relative O(1/l³); 2/(α l + r log l + C) to a relative O(log l/l²)."""
        return 2 / self._u(l, C)

    def ntk_offdiagonal(self, l, C):
        """p_ab = A u + B + A₁/u, leaving O(log l/l²); (q*/3)(l + ρ log l) + c₀ to O(log l/l)."""
        u, (first, second, third) = self._u(l, C), self._series
        return first * u + second + third / u

    def ntk_gap(self, l, C):
        """2 (p − p_ab), leaving O(log l/l²)."""
        return 2 * (self.ntk_diagonal(l) - self.ntk_offdiagonal(l, C))

    @cached_property
    def _series(self):
        """A, B, A₁ of p_ab = A/e + B + A₁ e, which solves p_ab(e′) = q* − e′ + f′(q* − e) p_ab(e) to order e²."""
        q, alpha, beta, gamma = self.mf.q_star, self.alpha, self.beta, self.gamma
        a, b = q / (3 * alpha), self.c0(0)
        third = gamma - 2 * alpha * beta + alpha**3
        return a, b, (alpha + 3 * beta * b - a * (4 * gamma + third)) / alpha

    def _u(self, l, C):
        """u at depth l, 1/(q* − q_ab): the root of Φ(u) = α l + C − r log α."""
        numbers = self.mf.numbers
        target = self.alpha * depth(l) + C - self.r * logarithm(self.alpha, numbers)
        u = target + self.r * logarithm(self.alpha * l, numbers)
        if not np.all(u > 0):
            raise ValueError(f"the critical laws do not hold yet at depth {np.min(l)}: 1/(q* - q_ab) would be negative")
        for _ in range(60):
            step = (u - self.r * logarithm(u, numbers) + self._s1 / u - target) / (1 - self.r / u - self._s1 / u**2)
            u = u - step
            if not np.all(u > 0):
                break
            if np.all(np.abs(step) <= 4 * numbers.eps * u):
                return u
        raise ValueError(f"the critical laws do not hold yet at depth {np.min(l)}; they set in well after {self.onset}")

    @cached_property
    def _slopes(self):
        """The factors of l and of log l in p_ab."""
        first, _, _ = self._series
        return first * self.alpha, first * self.r

    def _common(self, l):
        slope, log_slope = self._slopes
        return slope * l + log_slope * logarithm(l, self.mf.numbers)

    def _off(self, l, C, offset, kernel):
        return self.nngp_gap(l, C) / 2 if kernel == "nngp" else self.ntk_offdiagonal(l, C) - self._common(l)

    def _shape(self, l, off, kernel):
        if kernel == "nngp":
            return Flat(float(self._variance), off)
        return Uniform(float(self.ntk_diagonal(l)), float(self._common(l)), off)
