"""What an activation is: a definition, and a closed form that must equal it or else integration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from .definition import Definition, exact_kinks
from .inputs import covariance_of_pair
from .numbers import Numbers, float64
from .quadrature import Quadrature

__all__ = ["Activation"]


@dataclass(frozen=True, repr=False)
class Activation:
    """One activation φ as data.  A name, `value` and `derivative` are enough: the rest is integrated.

    Parameters
    ----------
    name : its name in printouts.
    value, derivative, second : φ, φ′ and φ″ as functions ``f(numbers, x)`` of an array x, written with the functions
        of a number system: ``numbers.exp``, ``expm1``, ``log1p``, ``sin``, ``cos``, ``tanh``, ``erf``, ``erfc``,
        ``sqrt``, ``where``, ``pi`` and ``convert(Fraction)``.  `second` may be missing; with it the NTK's gap keeps its
        digits also where the variance is large and the inputs are nearly equal.
    kinks : the points where φ or one of its derivatives jumps.  At a jump of φ itself `derivative` is what it is on
        either side; its distributional part, a δ there, does not enter 𝒯̇ (chapter `price`).
    parity : 1 for even φ, −1 for odd φ, else 0.
    duals : (`Covariance`, numbers) -> (𝒯, 𝒯̇), in closed form.
    slopes : (q, numbers) -> (slope of q ↦ 𝒯(q, q), derivatives of q₁₂ ↦ 𝒯 at q₁₂ = q, as far as they are finite).
    curvature : (`Covariance`, numbers) -> E[φ″(u) φ″(v)], the second derivative of 𝒯 in q₁₂, or None.
    closed_form : (q₁, q₂, q₁₂, numbers) -> (𝒯₁₂, 𝒯̇₁₂) by plain arithmetic, a check of what is integrated.
    gain : 𝒯(q, q)/q where φ(a x) = a φ(x) for a > 0, exactly.
    critical_variance : (σ_w², numbers) -> q* on the critical line, where that has a closed form.
    largest : the variance above which the closed form would overflow float64.

    Raises
    ------
    TypeError, ValueError
        Functions of the wrong arguments or shape, or that return NaN; a derivative that is not the slope of what it
        is said to be (differences at ten points); a parity that φ does not have; kinks that are not numbers; a kink
        that is not listed, as far as it shows in E[φ(z)²] and E[φ′(z)²], which then do not settle.

    >>> import ntkref as nk
    >>> square = nk.Activation("square", lambda f, x: x * x, lambda f, x: 2 * x, parity=1)
    >>> float(nk.kernels_of_pair(nk.fcn(2, square, sigma_w2=1), q=1, one_minus_c="0.5").nngp)  # 1 + 2c²
    1.5
    """

    name: str
    value: Callable | None
    derivative: Callable | None
    second: Callable | None = None
    kinks: tuple = ()
    parity: int = 0
    duals: Callable | None = None
    slopes: Callable | None = None
    curvature: Callable | None = None
    closed_form: Callable | None = None
    gain: Fraction | None = None
    critical_variance: Callable | None = None
    largest: float = 2.0**1020
    definition: Definition = field(init=False, compare=False)

    def __post_init__(self):
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string, got {self.name!r}")
        kinks = exact_kinks(self.kinks)
        definition = Definition(self.name, self.value, self.derivative, self.second, kinks, self.parity)
        object.__setattr__(self, "kinks", kinks)
        object.__setattr__(self, "definition", definition)
        if self.value is None and self.duals is not None:
            return  # known by its duals alone
        definition.check()
        integrated = Quadrature(definition)
        for name in ("duals", "slopes", "curvature"):
            if getattr(self, name) is None and not (name == "curvature" and self.rough):
                object.__setattr__(self, name, getattr(integrated, name))

    def __repr__(self):
        return self.name

    def moments(self, q, numbers: Numbers) -> tuple:
        """𝒯(q, q), its slope in q and 𝒯̇(q, q), of a variance or an array of them."""
        if self.integrated:
            return Quadrature(self.definition).moments(q, numbers)
        q = numbers.asarray(q, "q")
        T, Tdot = self.duals(covariance_of_pair(q, 0 * q, numbers), numbers)
        return T.x, self.slopes(q, numbers)[0], Tdot.x

    @property
    def integrated(self) -> bool:
        """𝒯 has no closed form here, and is integrated."""
        return getattr(self.duals, "__func__", None) is Quadrature.duals

    @property
    def homogeneous(self) -> bool:
        """φ(a x) = a φ(x) for a > 0, so every 𝒯 scales with the variances."""
        return self.gain is not None

    @property
    def zero_at_zero(self) -> bool:
        """φ(0) = 0, so a variance of 0 stays 0 where σ_b² = 0."""
        return bool(np.all(self.value(float64, np.zeros(1)) == 0))

    @property
    def rough(self) -> bool:
        """φ′ jumps, so E[φ″(u)φ″(v)] is no integral of functions."""
        return self.jumps or self.definition.jumps(self.derivative)

    @property
    def jumps(self) -> bool:
        """φ jumps, so q₁₂ ↦ 𝒯 has an infinite slope at q₁₂ = q: no χ₁, no critical line."""
        return self.definition.jumps(self.value)
