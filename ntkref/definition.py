"""What is integrated: an activation as two functions, and the checks that they are what they say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .exact import exact
from .line import half_line
from .numbers import float64

__all__ = ["Definition"]

_POINTS = np.array([-6.1, -2.3, -1.2, -0.7, -0.31, 0.23, 0.6, 1.1, 1.9, 3.7])


@dataclass(frozen=True)
class Definition:
    """φ and φ′ (and φ″, which may be missing) as functions ``f(numbers, x)`` of arrays; kinks exact; parity ±1 or 0."""

    name: str
    value: Callable
    derivative: Callable
    second: Callable | None = None
    kinks: tuple = ()
    parity: int = 0

    def __repr__(self):
        return self.name

    def parity_of(self, f) -> int:
        """The parity of φ, or of φ′, which is the opposite one."""
        return self.parity if f is self.value else -self.parity

    def jumps(self, f) -> bool:
        """Whether `f`, one of the functions, jumps at a listed kink."""
        h = 2.0**-30
        for kink in map(float, self.kinks):
            below, above = f(float64, np.array([kink - h, kink + h]))
            if abs(above - below) > 1e-6 * (1 + abs(above)):
                return True
        return False

    def bends(self) -> bool:
        """Whether φ″ jumps at a listed kink, by one-sided differences of φ′."""
        h = 1e-6
        for kink in map(float, self.kinks):
            below, here_below, here_above, above = self.derivative(float64, kink + h * np.array([-1, -1e-3, 1e-3, 1]))
            left, right = (here_below - below) / h, (above - here_above) / h
            if abs(left - right) > 1e-3 * (1 + abs(left) + abs(right)):
                return True
        return False

    def check(self) -> None:
        """Raise TypeError or ValueError where the functions do not fit together; see `Activation`."""
        for label in ("value", "derivative", "second"):
            f = getattr(self, label)
            if f is not None or label != "second":
                self._check_function(label, f)
        self._check_slopes("derivative", self.value, self.derivative)
        if self.second is not None:
            self._check_slopes("second", self.derivative, self.second)
        if self.parity not in (-1, 0, 1):
            raise ValueError(f"parity must be 1 (even), -1 (odd) or 0, got {self.parity!r}")
        right, left = self.value(float64, _POINTS), self.value(float64, -_POINTS)
        if self.parity and np.any(np.abs(left - self.parity * right) > 1e-14 * (1 + np.abs(right))):
            raise ValueError(f"{self.name} is not {'even' if self.parity > 0 else 'odd'}: parity = {self.parity}")
        try:
            with np.errstate(all="ignore"):
                half_line(self, 1.0, float64)
        except ArithmeticError as error:
            if "settle" in str(error):
                raise ValueError(str(error)) from None
            # A variance of 1 may be too large for φ, and kernels will say so; smaller ones may be all that is wanted.

    def _check_function(self, label, f):
        if not callable(f):
            raise TypeError(f"{label} must be a function f(numbers, x), got {f!r}")
        try:
            inspect.signature(f).bind(float64, _POINTS)
        except TypeError:
            raise TypeError(f"{label} must take two arguments, f(numbers, x), as in numbers.tanh(x)") from None
        except ValueError:
            pass  # a builtin without a signature: calling it will tell
        try:
            with np.errstate(all="ignore"):
                result = f(float64, _POINTS)
        except Exception as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(
                f"{label} of {self.name} fails as f(numbers, x) on an array x: {error} (for if and max there is "
                "numbers.where)"
            ) from None
        if np.shape(result) != _POINTS.shape:
            raise ValueError(
                f"{label} of {self.name} must return an array of the shape of x: for shape {_POINTS.shape} it gave "
                f"{np.shape(result)}"
            )
        if not isinstance(result, np.ndarray):
            raise TypeError(f"{label} of {self.name} must return an array, got {type(result).__name__}")
        result = np.asarray(result)
        if result.dtype.kind not in "iuf":
            raise TypeError(f"{label} of {self.name} must return real numbers, got dtype {result.dtype}")
        if not np.all(np.isfinite(result)):
            raise ValueError(
                f"{label} of {self.name} is {result[~np.isfinite(result)][0]} at x = {_POINTS[~np.isfinite(result)][0]}"
            )

    def _check_slopes(self, label, f, slope):
        """`slope` against differences of `f`, off the kinks: a difference of step 1e-5 keeps 9 digits."""
        away = np.array([x for x in _POINTS if all(abs(x - float(k)) > 1e-3 for k in self.kinks)])
        coarse, fine = ((f(float64, away + h) - f(float64, away - h)) / (2 * h) for h in (2e-5, 1e-5))
        measured, stated = (4 * fine - coarse) / 3, slope(float64, away)
        size = np.abs(stated) + np.abs(f(float64, away)) + 1e-3
        wrong = np.abs(measured - stated) > 1e-6 * size
        if np.any(wrong):
            raise ValueError(
                f"{label} of {self.name} is not its slope: at x = {away[wrong][0]:g} it is {stated[wrong][0]:.9g}, "
                f"differences give {measured[wrong][0]:.9g}"
            )


def exact_kinks(kinks) -> tuple:
    """`kinks` as exact numbers in order, or TypeError or ValueError."""
    try:
        kinks = tuple(kinks)
    except TypeError:
        raise TypeError(f"kinks must be a sequence of numbers, got {kinks!r}") from None
    return tuple(sorted(exact(kink, "kinks") for kink in kinks))
