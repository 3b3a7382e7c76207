"""The ordered phase, χ₁ < 1, smooth φ (Section 6.2; chapter `ordered_phase`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .law import Law, constants, depth, power
from .matrices import Flat, as_floats
from .orbits import kernels_at, of_distinct, settling_depth

__all__ = ["Order", "Ordered"]


@dataclass(frozen=True)
class Order(Law):
    """What smooth φ and ReLU have in common where all entries tend to p*."""

    def _settled(self, one_minus_c):
        """K and Θ where the constants have settled to the last digit."""
        numbers = self.mf.numbers
        return kernels_at(self.mf, self.mf.q_star, tuple(one_minus_c), settling_depth(numbers.eps, self.onset), numbers)

    def coordinate(self, one_minus_c):
        """E = lim (q* − q_ab⁽ˡ⁾)/χ₁^(l−1) of pairs with K⁽¹⁾ = q*(1 − `one_minus_c`): Koenigs' coordinate.

        To (20 + 4 l) u at the depth l = log(1/u) `onset` where it has settled, u the system's rounding.
        """

        def limit(e):
            k = self._settled(e)
            return k.nngp_gap / (2 * self.mf.chi_1 ** (k.depth - 1))

        return of_distinct(one_minus_c, self.mf.numbers, limit)

    @property
    def onset(self):
        """The depth scale over which what the laws leave fades: `depth_scale`."""
        return self.depth_scale

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = p* (1 − χ₁ˡ), exact (Eq. 14)."""
        return self.mf.p_star * (1 - self.mf.chi_1 ** depth(l))

    def nngp_gap(self, l, E):
        """2 (q* − q_ab) = 2 E χ₁^(l−1), leaving a relative O(χ₁ˡ), for ReLU O(χ₁^(l/2))."""
        return 2 * constants(E, "E", 0) * (power(self.mf.chi_1, l, "χ₁^l") / self.mf.chi_1)

    def nngp_offdiagonal(self, l, E):
        """q_ab = q* − half the gap, leaving as much."""
        return self.mf.q_star - self.nngp_gap(l, E) / 2

    def ntk_offdiagonal(self, l, E, *offset):
        """p_ab = p⁽ˡ⁾ − half the gap, leaving as much."""
        return self.ntk_diagonal(l) - self.ntk_gap(l, E, *offset) / 2

    def _shape(self, l, off, kernel):
        diagonal = self.ntk_diagonal(l) if kernel == "ntk" else self.mf.q_star
        return Flat(float(as_floats(diagonal, "the diagonal")), off)


@dataclass(frozen=True)
class Ordered(Order):
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

    def offset(self, one_minus_c):
        """W = lim (p − p_ab)/χ₁^(l−1) − s E l, to a few l² u at the depth l where it has settled."""

        def limit(e):
            k = self._settled(e)
            return (k.ntk_gap - k.nngp_gap * self.s * k.depth) / (2 * self.mf.chi_1 ** (k.depth - 1))

        return of_distinct(one_minus_c, self.mf.numbers, limit)

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

    def ntk_gap(self, l, E, offset=0):
        """2 (p − p_ab) = 2 (s E l + W) χ₁^(l−1), leaving a relative 1/l without W and O(χ₁ˡ) with it."""
        E, offset = constants(E, "E", 0), constants(offset, "offset")
        return 2 * (E * self.s * depth(l) + offset) * (power(self.mf.chi_1, l, "χ₁^l") / self.mf.chi_1)

    def _off(self, l, E, offset, kernel):
        return (self.ntk_gap(l, E, offset) if kernel == "ntk" else self.nngp_gap(l, E)) / 2
