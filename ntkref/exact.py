"""Exact hyperparameters and inputs: what a number given by the user is, before any system rounds it."""

from __future__ import annotations

import numbers as abstract
from decimal import Decimal
from fractions import Fraction

import numpy as np

__all__ = ["exact", "is_symbolic", "load_sympy"]


def load_sympy():
    import sympy  # here, because importing it takes longer than the rest of the package

    return sympy


def is_symbolic(value) -> bool:
    """Whether `value` is a SymPy expression, found without importing SymPy."""
    if type(value).__module__.partition(".")[0] != "sympy":
        return False
    return isinstance(value, load_sympy().Expr)


def exact(value, name: str):
    """The exact value of a number: a `Fraction`, or the SymPy expression it is.

    A float stands for its exact binary value and a string for its exact decimal one, so ``"0.18"`` is
    18/100 and ``0.18`` is 3242591731706757/2**54.

    Raises
    ------
    TypeError
        For anything that is not a real number: complex, bool, None, an array.
    ValueError
        For NaN, infinities and strings that are no decimal number.

    >>> exact("0.18", "sigma_b2"), exact(0.5, "sigma_b2")
    (Fraction(9, 50), Fraction(1, 2))
    """
    allowed = "an int, float, Fraction, Decimal or decimal string"
    if hasattr(value, "_mpf_"):  # mpmath's, and SymPy's Float
        sign, mantissa, exponent, _ = value._mpf_
        if exponent and not mantissa:
            raise ValueError(f"{name} must be finite, got {value}")
        return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    if is_symbolic(value):
        if value.is_Rational:
            return Fraction(int(value.p), int(value.q))
        if value.is_extended_real is False or value.is_finite is False or value is load_sympy().nan:
            raise ValueError(f"{name} must be real and finite, got {value}")
        return value
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be {allowed}, got the bool {value}")
    if not isinstance(value, (abstract.Real, Decimal, str)):
        raise TypeError(f"{name} must be {allowed}, got {type(value).__name__}: {value!r}")
    try:
        if isinstance(value, (abstract.Rational, Decimal, str)):
            return Fraction(int(value)) if isinstance(value, abstract.Integral) else Fraction(value)
        return Fraction(*value.as_integer_ratio())
    except (ValueError, OverflowError, ZeroDivisionError):
        raise ValueError(f"{name} must be finite, {allowed}, got {value!r}") from None
