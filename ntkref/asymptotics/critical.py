"""The critical line, χ₁ = 1, smooth φ (Section 6.3; chapter `critical_line`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .law import Law, constants, depth, elementwise
from .matrices import Flat, Uniform, as_floats
from .orbits import fatou_constant, of_distinct

__all__ = ["Critical", "Line"]


@dataclass(frozen=True)
class Line(Law):
    """What smooth φ and ReLU have in common at χ₁ = 1.

    Some function u of 1 − c grows as u′ = u + α + r α/u + …, so Fatou's coordinate Φ(u) = u − r log u + s₁/u grows by
    α a layer, up to O(u⁻³), and p_ab = A u + B + A₁/u + ….  Subclasses say what u is and give `alpha`, `r`, `_s1`,
    `_series` = (A, B, A₁) and `nngp_diagonal`.
    """

    clock = "depth"

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = l q*, exact (Eq. 17)."""
        return depth(l) * self.nngp_diagonal

    def ntk_offdiagonal(self, l, C):
        """p_ab = A u + B + A₁/u, leaving O(log l/l²), for ReLU O(1/l²).

        To O(log l/l) it is (q*/3)(l + ρ log l) + c₀, for ReLU (q/4)(l + ρ log l) + c₀.
        """
        u, (first, second, third) = self._u(l, C), self._series
        if np.any(np.asarray(C) > self.alpha * np.asarray(l)):  # the pair has not come closer than it was
            raise ValueError(
                f"the critical laws of the NTK do not hold yet at {self.clock} {np.min(l)}: they set in well beyond "
                f"C/alpha, here {float(np.max(C) / self.alpha):.3g}"
            )
        return first * u + second + third / u

    def nngp_offdiagonal(self, l, C):
        """q_ab = q* − half the gap, leaving as much."""
        return self.nngp_diagonal - self.nngp_gap(l, C) / 2

    def ntk_gap(self, l, C):
        """2 (p − p_ab), leaving what `ntk_offdiagonal` leaves, twice."""
        return 2 * (self.ntk_diagonal(l) - self.ntk_offdiagonal(l, C))

    def c0(self, C):
        """c₀ = A C + B, the constant of p_ab."""
        first, second, _ = self._series
        return C * first + second

    def _u(self, l, C):
        """u at depth l: the root of Φ(u) = α l + C − r log α."""
        numbers, C, l = self.mf.numbers, constants(C, "C"), depth(l)
        target = C + (self.alpha * l - self.r * elementwise("log", self.alpha, numbers))
        u = target + self.r * elementwise("log", self.alpha * l, numbers)
        for _ in range(60):
            if not np.all(u > 0):
                break
            step = u - self.r * elementwise("log", u, numbers) + self._s1 / u - target
            step = step / (1 - self.r / u - self._s1 / u**2)
            u = u - step
            if np.all(np.abs(step) <= 4 * numbers.eps * u):
                return u
        raise ValueError(
            f"the critical laws do not hold yet at {self.clock} {np.min(l)}; they set in well beyond "
            f"{float(self.onset):.3g} and C/alpha"
        )

    def _common(self, l):
        """The part of p_ab that all pairs share, A (α l + r log l)."""
        first, _, _ = self._series
        return first * (self.alpha * l + self.r * elementwise("log", l, self.mf.numbers))

    def _off(self, l, C, offset, kernel):
        return self.nngp_gap(l, C) / 2 if kernel == "nngp" else self.ntk_offdiagonal(l, C) - self._common(l)

    def _shape(self, l, off, kernel):
        if kernel == "nngp":
            return Flat(float(self.nngp_diagonal), off)
        common = self._common(l)
        return Uniform(*map(float, as_floats((self.ntk_diagonal(l) - common, common), "the diagonal")), off)


@dataclass(frozen=True)
class Critical(Line):
    """χ₁ = 1: Θ/l tends to (q*/3)(11ᵀ + 2 Id), by powers and logarithms of l.

    The half-gap e = q* − q_ab obeys e′ = e − α e² + β e³ − γ e⁴ + …; r = (α² − β)/α and ρ = r/α.  With u = 1/e
    Fatou's coordinate Φ(u) = u − r log u + s₁/u grows by α a layer, and C, from `coordinate`, is where it starts.
    Then p_ab = A u + B + A₁/u + O(log l/l²).  With c₀(C) from `c0`, a hollow matrix where C is one, and C_test,

    ========  =======================================================================  ======================
    quantity  law, to the first orders                                                 leaves, in full
    ========  =======================================================================  ======================
    λ_max     (m+2) q* l/3 + (m−1)(q*ρ/3) log l + Σ_{a≠b} c₀/m + m O(log l/l)          m O(log l/l²)
    λ_bulk    2 q* l/3 − (q*ρ/3) log l + eigenvalues of Π c₀ Π + O(log l/l)            m O(log l/l²)
    κ         (m+2)/2 + (3m/4) ρ log l/l + m O(1/l)                                    m² O(log l/l³)
    P(Θ) y    (1/(2αl)) [C_test y − 11ᵀC y/(m+2)] + O(log l/l²) for y of mean 0;       O(log l/l³)
              m ȳ/(m+2) + O(log l/l) for y = ȳ
    ========  =======================================================================  ======================

    Spectrum and predictor are exact for the matrix whose entries are the law's.  For K = q* 11ᵀ − e: κ ~ m q* α l,
    and P(K) y ~ (1/(αl)) [C_test y − 11ᵀC y/m] for y of mean 0.

    The laws set in at depths well beyond `onset` and C/α.
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
    def _third(self):
        """The coefficient of u⁻² in 1/e′ = u + α + (α² − β)/u + …"""
        return self.gamma - 2 * self.alpha * self.beta + self.alpha**3

    @cached_property
    def _s1(self):
        alpha, r = self.alpha, self.r
        return (self._third - r**2 * alpha + r * alpha**2 / 2) / alpha

    @cached_property
    def _series(self):
        """A, B, A₁ of p_ab = A/e + B + A₁ e, which solves p_ab(e′) = q* − e′ + f′(q* − e) p_ab(e) to order e²."""
        q, alpha, beta = self.mf.q_star, self.alpha, self.beta
        a = q / (3 * alpha)
        b = q / 2 - 2 * q * self.rho / 3 - 1 / (2 * alpha)
        return a, b, (alpha + 3 * beta * b - a * (4 * self.gamma + self._third)) / alpha

    def coordinate(self, one_minus_c):
        """C = lim 1/(q* − q_ab⁽ˡ⁾) − α l − r log l, Fatou's coordinate, to about 8 digits; a float64 array.

        Raises ArithmeticError next to the tip of the line, where `onset` exceeds 100 layers.
        """
        mf, growth = self.mf, (self.alpha, self.r, self._s1, self.onset)
        return of_distinct(
            one_minus_c, mf.numbers, lambda e: fatou_constant(mf, mf.q_star, e, lambda K: 2 / K.gap, *growth)
        )

    def nngp_gap(self, l, C):
        """2 (q* − q_ab) = 2/u, leaving a relative O(1/l³); 2/(α l + r log l + C) to a relative O(log l/l²)."""
        return 2 / self._u(l, C)
