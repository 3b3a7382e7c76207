"""Universality: at criticality the smoothness of φ alone decides how inputs forget their difference."""

from __future__ import annotations

from dataclasses import dataclass

from .activation import Activation

__all__ = ["UniversalityClass", "universality_class"]


@dataclass(frozen=True)
class UniversalityClass:
    """How 1 − c falls with depth on the critical line, and what Θ(x, x′)/Θ(x, x) tends to.

    `name` is "smooth", "kink", "linear" or "jump"; `fall` the law of 1 − c; `ratio` the limit, None where there is
    none; `scale_invariant`: every variance is critical at one σ_w², and σ_b² = 0; `tip`: φ(0) = 0, so that the line
    begins at q* = 0, where q falls as 1/l, 1 − c has a limit that depends on the inputs, and `ratio` does not hold.
    `remainder`: what Θ(x, x′) differs by from `ratio` l q*; O(√l) where φ″ jumps.
    """

    name: str
    fall: str
    ratio: str | None
    scale_invariant: bool = False
    tip: bool = False
    remainder: str = "O(log l)"

    def __str__(self):
        lines = [f"{self.name}: 1 - c {self.fall}"]
        if self.ratio:
            lines.append(f"the NTK off the diagonal is {self.ratio} of the diagonal, up to {self.remainder}")
        if self.scale_invariant:
            lines.append("scale-invariant: critical at one sigma_w2, sigma_b2 = 0 and every q_star")
        if self.tip:
            lines.append("phi(0) = 0: q = 0 is fixed at sigma_b2 = 0, and critical there it is in a class of its own")
        return "\n".join(lines)


def universality_class(activation: Activation) -> UniversalityClass:
    """The class of `activation`, from where its definition jumps; chapter `universality`.

    Whether it has a critical line at all is another question: see `critical_point`.

    >>> import ntkref as nk
    >>> print(nk.universality_class(nk.tanh))
    smooth: 1 - c falls as 1/l
    the NTK off the diagonal is 1/3 of the diagonal, up to O(log l)
    phi(0) = 0: q = 0 is fixed at sigma_b2 = 0, and critical there it is in a class of its own
    >>> print(nk.universality_class(nk.selu))
    kink: 1 - c falls as 1/l^2
    the NTK off the diagonal is 1/4 of the diagonal, up to O(log l)
    """
    if not isinstance(activation, Activation):
        raise TypeError(f"activation must be an activation such as ntkref.tanh, got {activation!r}")
    if activation.value is None:
        raise ValueError(f"{activation} has no definition, which is what the class is read from")
    if activation.jumps:
        return UniversalityClass("jump", "does not fall: its slope at c = 1 is infinite", None)
    if activation.homogeneous and not activation.kinks:
        return UniversalityClass("linear", "stays as it is", None, scale_invariant=True)
    if activation.rough:
        return UniversalityClass("kink", "falls as 1/l^2", "1/4", activation.homogeneous)
    remainder = "O(sqrt l)" if activation.definition.bends() else "O(log l)"
    return UniversalityClass("smooth", "falls as 1/l", "1/3", tip=activation.zero_at_zero, remainder=remainder)
