"""The ordered phase, χ₁ < 1, smooth φ (Section 6.2; chapter `ordered_phase`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .law import Law, depth, power
from .matrices import Flat
from .orbits import kernels_at, koenigs_limit, of_distinct, orbit, settling_depth

__all__ = ["Ordered"]


@dataclass(frozen=True)
class Ordered(Law):
    """χ₁ < 1: every entry of Θ tends to p*, and what is left of the data decays as l χ₁ˡ.

    Θ = p⁽ˡ⁾ 11ᵀ − w with w hollow, w_ab = (s E_ab l + W_ab) χ₁^(l−1) + O(l χ₁^(2l)), where E is `coordinate` and W
    is `offset`.  Hence, with Π = Id − 11ᵀ/m and μ_i the m − 1 eigenvalues of −ΠEΠ,

    ============  =========================================  =====================  ====================
    quantity      law                                        leaves, without W      leaves, with W
    ============  =========================================  =====================  ====================
    λ_max         m p⁽ˡ⁾ − 1ᵀw1/m = m p* − m O(l χ₁ˡ)        m O(χ₁ˡ)               m O(l² χ₁^(2l))
    λ_bulk        eigenvalues of −ΠwΠ ≈ s μ_i l χ₁^(l−1)     a relative O(1/l)      a relative O(l χ₁ˡ)
    κ             ≈ m p*/(s μ_min l χ₁^(l−1))                a relative O(1/l)      a relative O(l χ₁ˡ)
    P(Θ) y        kriging with variogram E + W/(s l)         O(1/l)                 O(l χ₁ˡ)
    ============  =========================================  =====================  ====================

    For K: w = E χ₁^(l−1), q* in place of p*, no factor l, and errors O(χ₁ˡ); P(K) y has the same limit.
    """

    def coordinate(self, one_minus_c):
        """E = lim (q* − q_ab⁽ˡ⁾)/χ₁^(l−1) of pairs with K⁽¹⁾ = q*(1 − `one_minus_c`): Koenigs' coordinate.

        To the digits of the number system, less those that rounding costs in about ξ₁ log(1/u) layers.
        """
        mf, numbers = self.mf, self.mf.numbers

        def limit(e):
            ratios = (K.gap / (2 * mf.chi_1 ** (l - 1)) for l, K in orbit(mf, mf.q_star, e, numbers))
            return koenigs_limit(ratios, 4 * numbers.eps, mf.xi_1)

        return of_distinct(one_minus_c, numbers, limit)

    def offset(self, one_minus_c):
        """W = lim (p − p_ab)/χ₁^(l−1) − s E l, to a few l² u at the depth l = ξ₁ log(1/u) where it settles."""
        mf, numbers = self.mf, self.mf.numbers

        def limit(e):
            l = settling_depth(numbers.eps, mf.xi_1)
            k = kernels_at(mf, mf.q_star, e, l, numbers)
            unit = 2 * mf.chi_1 ** (l - 1)
            return np.asarray(k.ntk_gap) / unit - self.s * l * np.asarray(k.nngp_gap) / unit

        return of_distinct(one_minus_c, numbers, limit)

    @cached_property
    def s(self):
        """s = 1 + f″(q*) p*/χ₁; for erf 1 + 4q*²/((1 − χ₁)(1 + 4q*))."""
        mf = self.mf
        _, (_, second, *_) = mf.activation.slopes(mf.q_star, mf.numbers)
        return 1 + mf.numbers.convert(mf.sigma_w2) * second * mf.p_star / mf.chi_1

    @property
    def depth_scale(self):
        """ξ₁ = −1/log χ₁: κ grows by a factor e over it, but for the factor 1/l."""
        return self.mf.xi_1

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = p* (1 − χ₁ˡ), exact (Eq. 14)."""
        return self.mf.p_star * (1 - self.mf.chi_1 ** depth(l))

    def nngp_gap(self, l, E):
        """2 (q* − q_ab) = 2 E χ₁^(l−1), leaving a relative O(χ₁ˡ)."""
        return 2 * E * power(self.mf.chi_1, l, "χ₁^l") / self.mf.chi_1

    def ntk_gap(self, l, E, offset=0):
        """2 (p − p_ab) = 2 (s E l + W) χ₁^(l−1), leaving a relative 1/l without W and O(χ₁ˡ) with it."""
        return 2 * (self.s * E * l + offset) * (power(self.mf.chi_1, l, "χ₁^l") / self.mf.chi_1)

    def _off(self, l, E, offset, kernel):
        return (self.ntk_gap(l, E, offset) if kernel == "ntk" else self.nngp_gap(l, E)) / 2

    def _shape(self, l, off, kernel):
        return Flat(float(self.ntk_diagonal(l) if kernel == "ntk" else self.mf.q_star), off)
