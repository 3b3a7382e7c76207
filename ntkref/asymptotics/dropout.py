"""Large-depth laws with dropout on the last hidden activations (Section 6.5; chapter `dropout`)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..layers import Dropout
from .chaotic import Chaotic
from .critical import Line
from .law import Derived, Law
from .matrices import Flat, Uniform, as_floats
from .ordered import Order
from .relu import CriticalRelu

__all__ = ["Dropped", "dropped"]


@dataclass(frozen=True)
class Dropped(Derived):
    """The `laws` of a network without dropout, and r Id: at depths l ≥ 2

        Θ_dropout = Θ + r Id,    r = (1/keep − 1)(p⁽ˡ⁾ − σ_b²),

    exactly, and likewise K with q* in place of p⁽ˡ⁾.  `coordinate` and `offset` are those of `laws`.  With m inputs,

    ========  ===========================================================================  =====================
    phase     law                                                                          leaves
    ========  ===========================================================================  =====================
    order     κ = κ* + m O(l χ₁ˡ), κ* = 1 + keep m q*/((1 − keep)(q* − (1 − χ₁) σ_b²));    m O(l² χ₁^(2l)) with W,
              P(Θ) y = −(1/r)[w_test y − p*/(r + m p*) 11ᵀ w y] for y of mean 0, which     m O(χ₁ˡ) without
              falls as l χ₁ˡ: the limit without dropout, kriging, is lost
    critical  κ* = 1 + keep m/(3 − keep) + m O(log l/l); for ReLU 1 + keep m/(4 − keep)    as without dropout
    chaos     κ − 1 = m p_ab*/(p⁽ˡ⁾ − p_ab* + r) + …, still falling as χ₁^(−l)             as without dropout
    ========  ===========================================================================  =====================

    For ReLU in order l χ₁ˡ is χ₁^(l/2), and (1 − χ₁) σ_b² the same.  Spectrum and predictor are exact for the matrix
    that has the entries of `laws` and the ridge.
    """

    keep: Fraction

    def coordinate(self, one_minus_c):
        """The constant of `laws`, which dropout does not change."""
        return self.laws.coordinate(one_minus_c)

    def ridge(self, l, kernel="ntk"):
        """r, what Θ(x, x) or K(x, x) gains at depth l ≥ 2: exact."""
        numbers, laws = self.mf.numbers, self.laws
        diagonal = laws.ntk_diagonal(l) if kernel == "ntk" else laws.nngp_diagonal
        return (diagonal - numbers.convert(self.mf.sigma_b2)) * numbers.convert(1 / self.keep - 1)

    def ntk_diagonal(self, l):
        """p⁽ˡ⁾ + r, exact."""
        return self.laws.ntk_diagonal(l) + self.ridge(l)

    def kappa_star(self, m: int, kernel="ntk"):
        """κ*, the limit of κ of m inputs, in closed form.  Raises ValueError where κ grows without bound."""
        mf, laws, convert = self.mf, self.laws, self.mf.numbers.convert
        if kernel not in ("ntk", "nngp"):
            raise ValueError(f'kernel must be "ntk" or "nngp", got {kernel!r}')
        keep, gain = convert(self.keep), convert(1 / self.keep - 1)
        if kernel == "nngp":
            q = laws.nngp_diagonal
            c = mf.c_star if isinstance(laws, Chaotic) else 1
            alone = q * (1 - c) + gain * (q - convert(mf.sigma_b2))
            return 1 + m * c * q / _positive(alone)
        if isinstance(laws, Order):
            return 1 + m * mf.p_star / _positive(gain * (mf.p_star - convert(mf.sigma_b2)))
        if isinstance(laws, Line):
            return 1 + m * keep / ((4 if isinstance(laws, CriticalRelu) else 3) - keep)
        return 1 + 0 * keep

    def _gram(self, l, E, offset, kernel):
        return self.laws._gram(l, E, offset, kernel)

    def _off(self, l, E, offset, kernel):
        return self.laws._off(l, E, offset, kernel)

    def _shape(self, l, off, kernel) -> Flat | Uniform:
        return self.laws._shape(l, off, kernel).ridged(float(as_floats(self.ridge(l, kernel), "the diagonal")))


def _positive(ridge):
    if not ridge > 0:
        raise ValueError("without dropout κ grows without bound and has no limit")
    return ridge


def dropped(laws: Law, keep) -> Dropped:
    """The `laws` of a network whose last hidden activations are kept with probability `keep`, in (0, 1].

    ``pooled(dropped(laws, keep), d)`` are those of a CNN-P with dropout before the pooling.

    >>> import ntkref as nk
    >>> laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1.0", "0.18"))
    >>> f"{nk.asymptotics.dropped(laws, '0.9').kappa_star(6):.10f}"
    '60.6687371283'
    """
    if not isinstance(laws, (Order, Line, Chaotic)):
        raise TypeError(f"laws must be what ntkref.asymptotics.of(...) returns, got {laws!r}")
    return Dropped(laws.mf, laws, Dropout(keep).keep)
