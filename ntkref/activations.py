"""Activations: a definition that is always there, and a closed form that must equal it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .duals import erf_curvature, erf_duals, erf_slopes, relu_duals, relu_slopes

__all__ = ["Activation", "erf", "relu"]


@dataclass(frozen=True, repr=False)
class Activation:
    """One activation φ as data.

    Parameters
    ----------
    name : its name in printouts.
    value, derivative : φ and φ' of one mpmath number, as ``value(context, x)``: the definition, from which
        every expectation follows by integration.
    duals : (`Covariance`, numbers) -> (𝒯, 𝒯̇), in closed form.
    slopes : (q, numbers) -> (slope of q ↦ 𝒯(q, q), derivatives of q₁₂ ↦ 𝒯 at q₁₂ = q).
    curvature : (`Covariance`, numbers) -> E[φ″(u) φ″(v)], the second derivative of 𝒯 in q₁₂, or None.
    kinks : the points where φ is not smooth.
    homogeneous : φ(a x) = a φ(x) for a > 0, so every 𝒯 scales with the variances.
    critical_variance : (σ_w², numbers) -> q* on the critical line, where that has a closed form.
    largest : the variance above which the closed form would overflow float64.
    """

    name: str
    value: Callable
    derivative: Callable
    duals: Callable
    slopes: Callable
    curvature: Callable | None = None
    kinks: tuple = ()
    homogeneous: bool = False
    critical_variance: Callable | None = None
    largest: float = 2.0**1020

    def __repr__(self):
        return self.name


erf = Activation(
    name="erf",
    value=lambda context, x: context.erf(x),
    derivative=lambda context, x: 2 / context.sqrt(context.pi) * context.exp(-x * x),
    duals=erf_duals,
    slopes=erf_slopes,
    curvature=erf_curvature,
    critical_variance=lambda sigma_w2, numbers: ((4 * sigma_w2 / numbers.pi) ** 2 - 1) / 4,
    largest=2.0**200,  # products of four variances appear
)

relu = Activation(
    name="relu",
    value=lambda context, x: max(x, context.zero),
    derivative=lambda context, x: context.one if x > 0 else context.zero,
    duals=relu_duals,
    slopes=relu_slopes,
    kinks=(0,),
    homogeneous=True,
)
