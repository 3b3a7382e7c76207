"""ReLU, whose kink changes the exponents (Section 6.5; chapter `relu`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..mean_field import mean_field
from .critical import Line
from .law import Law, constants, elementwise, power
from .orbits import fatou_constant, of_distinct
from .ordered import Order

__all__ = ["CriticalRelu", "OrderedRelu", "ScaledRelu"]


@dataclass(frozen=True)
class OrderedRelu(Order):
    """σ_w² < 2 and σ_b² > 0: the kink makes the NTK's gap decay as χ₁^(l/2), not l χ₁ˡ.

    Θ = p⁽ˡ⁾ 11ᵀ − w with w_ab = s √E_ab χ₁^((l−1)/2) + O(l χ₁ˡ); spectrum and predictor follow as in `Ordered`,
    leaving a relative O(l χ₁^(l/2)).  P(Θ) y tends to kriging with variogram √E, P(K) y with variogram E.
    """

    @cached_property
    def s(self):
        """(χ₁/π) √(2/q*) p*/(√χ₁ − χ₁)."""
        mf = self.mf
        sqrt = mf.numbers.sqrt
        return mf.chi_1 / mf.numbers.pi * sqrt(2 / mf.q_star) * mf.p_star / (sqrt(mf.chi_1) - mf.chi_1)

    @property
    def depth_scale(self):
        """2ξ₁ = −2/log χ₁: κ grows by a factor e over it."""
        return 2 * self.mf.xi_1

    def ntk_gap(self, l, E):
        """2 (p − p_ab) = 2 s √E χ₁^((l−1)/2), leaving O(l χ₁ˡ)."""
        numbers = self.mf.numbers
        root = numbers.sqrt(self.mf.chi_1)
        return 2 * elementwise("sqrt", constants(E, "E", 0), numbers) * (self.s * (power(root, l, "χ₁^(l/2)") / root))

    def _off(self, l, E, offset, kernel):
        return (self.ntk_gap(l, E) if kernel == "ntk" else self.nngp_gap(l, E)) / 2


@dataclass(frozen=True)
class CriticalRelu(Line):
    """(σ_w², σ_b²) = (2, 0), inputs of variance `q`: Θ/l tends to (q/4)(11ᵀ + 3 Id).

    With the angle in place of the half-gap, u = 1/θ, everything is as in `Critical`: Φ(u) = u − r log u + s₁/u
    grows by α = 1/(3π) a layer, r = 1/(2π), and p_ab = A u + B + A₁/u + O(1/l²).  Hence

    ========  =====================================================================  ==================
    quantity  law, to the first orders                                               leaves, in full
    ========  =====================================================================  ==================
    λ_max     (m+3) q l/4 + (m−1)(3q/8) log l + Σ_{a≠b} c₀/m + m O(log l/l)          m O(1/l²)
    λ_bulk    3 q l/4 − (3q/8) log l + eigenvalues of Π c₀ Π + O(log l/l)            m O(1/l²)
    κ         (m+3)/3 + (2m/3) log l/l + m O(1/l)                                    m² O(1/l³)
    P(Θ) y    (π/l) [C_test y − 11ᵀC y/(m+3)] + O(log l/l²) for y of mean 0;         O(1/l³)
              m ȳ/(m+3) + O(log l/l) for y = ȳ
    ========  =====================================================================  ==================

    For K = q 11ᵀ − e, e = q (1 − cos θ): the form of `Ordered`.  The laws set in at depths well beyond C/α.
    """

    q: Any
    mu = 1  # the step of θ ↦ θ′; see `residual`, where it is smaller

    @cached_property
    def alpha(self):
        """α = 1/(3π), the growth of 1/θ."""
        return 1 / (3 * self.mf.numbers.pi)

    @cached_property
    def r(self):
        """r = 1/(2π), the factor of log l in 1/θ."""
        return self.mu / (2 * self.mf.numbers.pi)

    @cached_property
    def rho(self):
        """ρ = 3/2: p_ab = (q/4)(l + ρ log l) + O(1)."""
        return self.r / self.alpha

    @property
    def onset(self):
        """1: 1 − c falls as 1/l² from the first layers on."""
        return 1

    @cached_property
    def _s1(self):
        return (1 + 5 * self.mu**2 / (3 * self.mf.numbers.pi**2)) / 15  # 1/15 + 1/(9π²)

    @cached_property
    def _series(self):
        pi = self.mf.numbers.pi
        third = -self.q * (186 * pi**2 + 25 * self.mu**2) / (240 * pi)
        return 3 * pi * self.q / 4, -self.q * self.mu / 8, third

    @property
    def nngp_diagonal(self):
        """K(x, x) = q, at every depth."""
        return self.q

    def coordinate(self, one_minus_c):
        """C = lim 1/θ_l − l/(3π) − log l/(2π), to about 8 digits; a float64 array."""
        mf, growth = self.mf, (self.alpha, self.r, self._s1, self.onset)

        def constant(e):
            return fatou_constant(mf, self.q, e, lambda K: 1 / mf.numbers.atan2(K.area, K.xy), *growth)

        return of_distinct(one_minus_c, mf.numbers, constant)

    def nngp_gap(self, l, C):
        """2 q (1 − cos θ_l) = 4 q sin²(θ_l/2), leaving a relative O(1/l³)."""
        return 4 * self.q * elementwise("sin", 1 / (2 * self._u(l, C)), self.mf.numbers) ** 2


@dataclass(frozen=True)
class ScaledRelu(Law):
    """σ_b² = 0 and any σ_w²: K and Θ are (σ_w²/2)^(l−1) times those of `CriticalRelu`, exactly (chapter `relu_away`).

    So κ and P y are the critical ones, and eigenvalues the critical ones times that factor: ReLU without biases has no
    ordered and no chaotic phase, however its variances grow or fall.  `q` is K⁽¹⁾(x, x).
    """

    q: Any

    @cached_property
    def critical(self) -> CriticalRelu:
        """The laws at σ_w² = 2, for inputs of the same variance."""
        return CriticalRelu(mean_field(self.mf.activation, 2, 0, self.mf.numbers), self.q)

    @property
    def onset(self):
        """That of `CriticalRelu`."""
        return self.critical.onset

    @property
    def first_variance(self):
        """K⁽¹⁾(x, x) = q."""
        return self.q

    def growth(self, l):
        """(σ_w²/2)^(l−1).  Raises OverflowError or FloatingPointError where it leaves float64."""
        half = self.mf.numbers.convert(self.mf.sigma_w2) / 2
        return power(half, l, "(σ_w²/2)^l") / half

    def coordinate(self, one_minus_c):
        """C of `CriticalRelu`: angles do not know the scale."""
        return self.critical.coordinate(one_minus_c)

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ = l q (σ_w²/2)^(l−1), exact."""
        return self.critical.ntk_diagonal(l) * self.growth(l)

    def ntk_offdiagonal(self, l, C):
        """p_ab, leaving a relative O(1/l³)."""
        return self.critical.ntk_offdiagonal(l, C) * self.growth(l)

    def nngp_offdiagonal(self, l, C):
        """q_ab, leaving a relative O(1/l³)."""
        return self.critical.nngp_offdiagonal(l, C) * self.growth(l)

    def nngp_gap(self, l, C):
        """2 (K(x, x) − K(x, x′)), leaving a relative O(1/l³)."""
        return self.critical.nngp_gap(l, C) * self.growth(l)

    def ntk_gap(self, l, C):
        """2 (p − p_ab), leaving a relative O(1/l³)."""
        return self.critical.ntk_gap(l, C) * self.growth(l)

    def lambda_max(self, l, E, offset=0, kernel="ntk"):
        """The critical λ_max times (σ_w²/2)^(l−1)."""
        return super().lambda_max(l, E, offset, kernel) * self.growth(l)

    def lambda_bulk(self, l, E, offset=0, kernel="ntk"):
        """The critical λ_1 … λ_{m−1} times (σ_w²/2)^(l−1)."""
        return super().lambda_bulk(l, E, offset, kernel) * self.growth(l)

    def _off(self, l, C, offset, kernel):
        return self.critical._off(l, C, offset, kernel)

    def _shape(self, l, off, kernel):
        return self.critical._shape(l, off, kernel)
