"""The chaotic phase, χ₁ > 1 with c* < 1 (Section 6.1; chapter `chaotic_phase`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..inputs import covariance_of_pair
from ..mean_field import mean_field
from ..numbers import Digits, Floats
from .law import Law, constants, depth, power
from .matrices import Uniform, as_floats
from .orbits import kernels_at, of_distinct, settling_depth

__all__ = ["Chaotic"]


@dataclass(frozen=True)
class Chaotic(Law):
    """χ₁ > 1: the diagonal of Θ grows as χ₁ˡ, off the diagonal it tends to p_ab*.

    Θ = (p⁽ˡ⁾ − p_ab*) Id + p_ab* 11ᵀ + H, H_ab = (R E_ab l + V_ab) χ_cˡ + O(l χ_c^(2l)) and hollow, where E is
    `coordinate`, V is `offset` and R `resonance`.  Hence, with ȳ the mean of y,

    ========  ====================================================  ====================  =======================
    quantity  law                                                   leaves, without V     leaves, with V
    ========  ====================================================  ====================  =======================
    λ_max     p⁽ˡ⁾ + (m−1) p_ab* + m O(l χ_cˡ)                      m O(χ_cˡ)             m O(l χ_c^(2l))
    λ_bulk    p⁽ˡ⁾ − p_ab* + m O(l χ_cˡ)                            m O(χ_cˡ)             m O(l χ_c^(2l))
    κ − 1     m p_ab* (χ₁−1)/q* χ₁^(−l) + m O(l (χ_c/χ₁)ˡ), where   m O((χ_c/χ₁)ˡ)        m O(l (χ_c²/χ₁)ˡ)
              p_ab* = 0 all of it the second term
    P(Θ) y    p_ab* m ȳ/p⁽ˡ⁾ + H_test (y − ȳ)/p⁽ˡ⁾ + smaller terms  a relative O(1/l)     a relative O(l χ_cˡ)
    ========  ====================================================  ====================  =======================

    Spectrum and predictor are exact for the matrix with these entries.

    For K: H = E χ_c^(l−1), q* and c* q* in place of p⁽ˡ⁾ and p_ab*: κ tends to 1 + m c*/(1 − c*), P(K) y for
    zero-mean y to 0 as χ_cˡ.  Leaves O(χ_c^(2l)).
    """

    def coordinate(self, one_minus_c):
        """E = lim (q_ab⁽ˡ⁾ − q_ab*)/χ_c^(l−1) of pairs with K⁽¹⁾ = q*(1 − `one_minus_c`), to full digits.

        The difference cancels, so it is followed in twice the digits.
        """
        return of_distinct(one_minus_c, self.mf.numbers, lambda e: self._memory(tuple(e))[0])

    def offset(self, one_minus_c):
        """V = lim (p_ab − p_ab*)/χ_cˡ − R E l, to full digits."""
        return of_distinct(one_minus_c, self.mf.numbers, lambda e: self._memory(tuple(e))[1])

    def _memory(self, one_minus_c: tuple) -> tuple:
        """(E, V) of pairs, followed in twice the digits."""
        mf, numbers = self.mf, self.mf.numbers
        fine = Digits(40 if isinstance(numbers, Floats) else 2 * numbers.n + 10)
        exact = Chaotic(mean_field(mf.activation, mf.sigma_w2, mf.sigma_b2, Digits(fine.n + 20)))
        q_ab, chi_c = exact.mf.q_star * exact.mf.c_star, exact.mf.chi_c
        # Nearly equal inputs leave c = 1 by a factor χ₁ a layer; nearly opposite ones, with σ_b² = 0, c = −1 likewise.
        least = min(min(e, 2 - e) if mf.sigma_b2 == 0 else e for e in one_minus_c)
        if least == 0:
            raise ValueError(
                "one_minus_c = 2 with sigma_b2 = 0: opposite inputs stay opposite, and no law is about them"
            )
        l = settling_depth(numbers.eps / 10, mf.xi_c) + settling_depth(least / 2, -mf.xi_1)
        k = kernels_at(exact.mf, exact.mf.q_star, one_minus_c, l, fine)
        E = (k.nngp - q_ab) / chi_c ** (l - 1)
        V = (k.ntk - exact.mf.p_ab_star) / chi_c**l - E * l * exact.resonance
        return tuple(
            numbers.asarray(v, "constants") if isinstance(numbers, Floats) else numbers.finish(v) for v in (E, V)
        )

    @cached_property
    def resonance(self):
        """R = (χ_c + f″(q_ab*) p_ab*)/χ_c², the factor of E l χ_cˡ in p_ab − p_ab*."""
        mf, numbers = self.mf, self.mf.numbers
        k = covariance_of_pair(mf.q_star, mf.one_minus_c_star, numbers)
        curvature = numbers.convert(mf.sigma_w2) * mf.activation.curvature(k, numbers)
        return (mf.chi_c + curvature * mf.p_ab_star) / mf.chi_c**2

    @property
    def onset(self):
        """ξ_c, the depth scale over which what the laws leave fades."""
        return self.mf.xi_c

    @property
    def depth_scale(self):
        """ξ_* = −1/log(χ_c/χ₁): P(Θ) y of zero-mean y falls by a factor e over it, but for the factor l.

        Near the critical line χ_c = 2 − χ₁ + O((χ₁ − 1)²), so ξ_* = 1/(2(χ₁ − 1)) + O(1), half of ξ_c.
        """
        return self.mf.xi_star

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = q* (χ₁ˡ − 1)/(χ₁ − 1), exact (Eq. 11).  Raises OverflowError where it leaves float64."""
        return self.mf.q_star * (power(self.mf.chi_1, l, "χ₁^l") - 1) / (self.mf.chi_1 - 1)

    def nngp_offdiagonal(self, l, E):
        """q_ab* + E χ_c^(l−1), leaving O(χ_c^(2l))."""
        return self.mf.q_star * self.mf.c_star + constants(E, "E") * self.mf.chi_c ** (depth(l) - 1)

    def nngp_gap(self, l, E):
        """2 (q* − q_ab), leaving O(χ_c^(2l))."""
        return 2 * (self.mf.q_star - self.nngp_offdiagonal(l, E))

    def ntk_offdiagonal(self, l, E, offset=0):
        """p_ab* + (R E l + V) χ_cˡ, leaving O(χ_cˡ) without V and O(l χ_c^(2l)) with it."""
        E, offset = constants(E, "E"), constants(offset, "offset")
        return self.mf.p_ab_star + (E * self.resonance * depth(l) + offset) * self.mf.chi_c ** depth(l)

    def ntk_gap(self, l, E, offset=0):
        """2 (p − p_ab), leaving what `ntk_offdiagonal` leaves, twice."""
        gap = 2 * (self.ntk_diagonal(l) - self.ntk_offdiagonal(l, E, offset))
        if not np.all(gap > 0):
            raise ValueError(f"the laws do not hold yet at depth {np.min(l)}: the inputs have not parted from c = 1")
        return gap

    def kappa_minus_1(self, l, E, offset=0, kernel="ntk"):
        """κ − 1, m p_ab*/(p⁽ˡ⁾ − p_ab*) to leading order, without the cancellation."""
        return self._matrix(l, E, offset, kernel).kappa_minus_1

    def _off(self, l, E, offset, kernel):
        factor, E, offset = power(self.mf.chi_c, l, "χ_c^l"), constants(E, "E"), constants(offset, "offset")
        return (E * self.resonance * l + offset) * factor if kernel == "ntk" else E * (factor / self.mf.chi_c)

    def _shape(self, l, off, kernel):
        mf = self.mf
        entries = (self.ntk_diagonal(l), mf.p_ab_star) if kernel == "ntk" else (mf.q_star, mf.q_star * mf.c_star)
        return Uniform(*map(float, as_floats((entries[0] - entries[1], entries[1]), "the diagonal")), off)
