"""Number systems: what a kernel entry is made of.

The recursion is one text over a small vocabulary: ``+ - * /``, and the functions of a number system,
``sqrt``, ``hypot``, ``atan2``, ``pi``, ``where``, ``nonnegative``, ``better`` and ``crescent`` (sin t − t cos t).
Activations are written in the same words and ``exp``, ``expm1``, ``log1p``, ``sin``, ``cos``, ``tanh``, ``erf``,
``erfc``.  Each class below gives that vocabulary a meaning.  Only the ``numbers`` argument of a public call chooses
among them; a system never hands over to another.
"""

from __future__ import annotations

import math
import numbers as abstract
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import ModuleType

import array_api_compat
import array_api_compat.numpy
import mpmath
import numpy as np
from mpmath.ctx_mp import MPContext

from .exact import exact, load_sympy

__all__ = ["Digits", "Floats", "Numbers", "Symbols", "digits", "float64", "floats", "symbols"]


class Numbers:
    """What every number system has beside its functions.

    ``convert(value)`` takes one exact number into the system, ``asarray(values, name)`` an array (each entry
    exact; NaN, infinities and complex numbers are refused), ``finish(array)`` rounds to what was promised.
    The array functions here serve the systems whose arrays are NumPy arrays of objects.
    """

    xp = np  # the namespace of its arrays

    def finish(self, array):
        return array

    def dot(self, a, b):
        """Σ a b over the last axis."""
        return self.xp.sum(a * b, axis=-1)

    def better(self, one: tuple, other: tuple):
        """Of two sums with the same exact value the one whose terms are smaller, and with them its rounding."""
        size_one, size_other = (sum(self.abs(term) for term in terms) for terms in (one, other))
        return self.where(size_one <= size_other, sum(one), sum(other))

    def any(self, array):
        """Whether any holds, over the last axis."""
        return self.xp.any(array, axis=-1)

    def max(self, array):
        """The largest over the last axis."""
        return self.xp.max(array, axis=-1)

    def abs(self, x):
        return self.xp.abs(x)

    def concat(self, arrays, axis: int = 0):
        return self.xp.concat(arrays, axis=axis)

    def arange(self, n: int):
        return self.xp.arange(n)

    def holds(self, condition) -> bool:
        """Whether `condition` holds everywhere, as far as it can be decided."""
        return all(bool(c) for c in np.ravel(condition) if c in (True, False))


def _of_namespace(name: str):
    return lambda self, x: getattr(self.xp, name)(self.xp.asarray(x))


def _of_scipy(name: str):
    def function(self, x):
        from scipy import special  # here, because closed forms do without it

        return self.xp.asarray(getattr(special, name)(np.asarray(x)))

    return function


def _of_context(name: str):
    return cached_property(lambda self: _elementwise(getattr(self.context, name), 1))


def _of_sympy(name: str):
    return cached_property(lambda self: _elementwise(getattr(load_sympy(), name), 1))


@dataclass(frozen=True)
class Floats(Numbers):
    """float64 in an array namespace that follows the array-API standard."""

    xp: ModuleType = field(default=array_api_compat.numpy)
    pi = math.pi
    eps = 2.0**-53
    tiny = 2.0**-1000  # a gap below this has lost, or is about to lose, bits to underflow
    worked = 16  # decimal digits that are carried
    context = mpmath.fp  # mpmath's words on floats

    exp, expm1, log1p = _of_namespace("exp"), _of_namespace("expm1"), _of_namespace("log1p")
    sin, cos, tanh = _of_namespace("sin"), _of_namespace("cos"), _of_namespace("tanh")
    erf, erfc = _of_scipy("erf"), _of_scipy("erfc")

    def __repr__(self):
        return "float64" if self.xp is array_api_compat.numpy else f"floats({self.xp.__name__})"

    def convert(self, value):
        if not isinstance(value, Fraction):
            raise TypeError(f"{value} is symbolic: a network with symbols needs numbers=symbols()")
        try:
            return float(value)
        except OverflowError:
            raise OverflowError(f"a number of {len(str(int(value)))} digits does not fit a float64") from None

    def asarray(self, values, name):
        xp = self.xp
        if not array_api_compat.is_array_api_obj(values) or isinstance(values, np.ndarray):
            values = _rectangular(values, name)
            if values.dtype.kind == "O" or values.dtype.itemsize > 8:  # exact numbers, or a wider float
                try:
                    entries = [self.convert(exact(v, name)) for v in values.ravel()]
                except OverflowError:
                    raise OverflowError(f"{name} has an entry that does not fit a float64") from None
                values = np.asarray(entries, dtype=np.float64).reshape(values.shape)
        array = xp.asarray(values)
        if not xp.isdtype(array.dtype, ("integral", "real floating")):
            raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
        array = xp.astype(array, xp.float64)
        if not bool(xp.all(xp.isfinite(array))):
            raise ValueError(f"{name} must be finite, got NaN or infinity")
        return array

    def holds(self, condition):
        return bool(self.xp.all(condition))

    def sqrt(self, x):
        return self.xp.sqrt(self.xp.asarray(x))

    def hypot(self, x, y):
        return self.xp.hypot(*self.xp.broadcast_arrays(self.xp.asarray(x), self.xp.asarray(y)))

    def atan2(self, y, x):
        return self.xp.atan2(*self.xp.broadcast_arrays(self.xp.asarray(y), self.xp.asarray(x)))

    def where(self, condition, x, y):
        return self.xp.where(condition, self.xp.asarray(x), self.xp.asarray(y))

    def nonnegative(self, x):
        """`x`, a number that only rounding can have made negative."""
        return self.xp.where(x > 0, x, self.xp.zeros_like(x))

    def crescent(self, angle):
        # sin t - t cos t loses 2 log2(1/t) bits to cancellation, so below t = 1 its Taylor series is
        # summed: sum over k >= 1 of (-1)^(k+1) 2k/(2k+1)! t^(2k+1), whose 11th term is 1e-21.
        xp, square = self.xp, angle * angle
        series = xp.zeros_like(angle)
        for k in range(10, 0, -1):
            series = (-1) ** (k + 1) * (2 * k / math.factorial(2 * k + 1)) + square * series
        return xp.where(angle < 1, angle * square * series, xp.sin(angle) - angle * xp.cos(angle))


@dataclass(frozen=True)
class Digits(Numbers):
    """`n` correct decimal digits: mpmath on NumPy object arrays, in a context of its own.

    Work is done with `guard` more digits than are promised.  Rounding errors grow like (20 + 4 l) units
    through l layers, so 20 of them serve any depth that can be run; results are rounded to `n`.
    """

    n: int
    guard: int = 20

    def __post_init__(self):
        if isinstance(self.n, bool) or not isinstance(self.n, abstract.Integral) or self.n < 1:
            raise ValueError(f"digits(n) needs a whole number n >= 1, got {self.n!r}")

    def __repr__(self):
        return f"digits({self.n})"

    @staticmethod
    def _new_context(digits: int) -> MPContext:
        context = MPContext()
        context.dps = digits
        return context

    @cached_property
    def context(self) -> MPContext:
        """The private context that works with guard digits."""
        return self._new_context(self.n + self.guard)

    @cached_property
    def _output(self) -> MPContext:
        return self._new_context(self.n)

    @property
    def pi(self):
        return +self.context.pi

    @property
    def eps(self):
        return self.context.mpf(10) ** (-self.n)

    tiny = 0  # exponents are unbounded

    exp, expm1, log1p = _of_context("exp"), _of_context("expm1"), _of_context("log1p")
    sin, cos, tanh = _of_context("sin"), _of_context("cos"), _of_context("tanh")
    erf, erfc = _of_context("erf"), _of_context("erfc")

    @property
    def worked(self) -> int:
        """Decimal digits that are carried: what is promised and the guard digits."""
        return self.n + self.guard

    def convert(self, value):
        if hasattr(value, "_mpf_"):
            return self.context.convert(value)
        if not isinstance(value, Fraction):
            raise TypeError(f"{value} is symbolic: a network with symbols needs numbers=symbols()")
        return self.context.mpf(value.numerator) / value.denominator

    def asarray(self, values, name):
        values = _rectangular(values, name)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
        return _elementwise(lambda v: self._entry(v, name), 1)(values)

    def _entry(self, value, name):
        if isinstance(value, float) and math.isfinite(value):
            return self.context.mpf(value)
        if hasattr(value, "_mpf_") and mpmath.isfinite(value):
            return self.context.convert(value)  # its digits, not its value as a fraction: quicker
        return self.convert(exact(value, name))

    def finish(self, array):
        rounded = _elementwise(lambda v: +self._output.convert(v), 1)
        return rounded(array)

    @cached_property
    def sqrt(self):
        return _elementwise(self.context.sqrt, 1)

    @cached_property
    def hypot(self):
        return _elementwise(self.context.hypot, 2)

    @cached_property
    def atan2(self):
        return _elementwise(self.context.atan2, 2)

    @cached_property
    def dot(self):
        # fdot forms exact products and rounds their sum once: what cancels in x·x' costs no digit.
        return np.vectorize(self.context.fdot, signature="(n),(n)->()", otypes=[object])

    where = staticmethod(np.frompyfunc(lambda c, x, y: x if c else y, 3, 1))
    nonnegative = staticmethod(np.frompyfunc(lambda x: max(x, 0 * x), 1, 1))

    @cached_property
    def crescent(self):
        context = self.context

        def crescent(angle):
            if not angle:
                return angle
            lost = max(0, -2 * int(context.mag(angle)))  # bits that sin t - t cos t cancels
            with context.workprec(context.prec + lost + 10):
                value = context.sin(angle) - angle * context.cos(angle)
            return +value

        return _elementwise(crescent, 1)


@dataclass(frozen=True)
class Symbols(Numbers):
    """SymPy expressions: the recursion as a formula.

    Branches become `Piecewise`, unless the assumptions on the symbols decide them or they are equal.
    """

    def __repr__(self):
        return "symbols()"

    exp, sin, cos, tanh = _of_sympy("exp"), _of_sympy("sin"), _of_sympy("cos"), _of_sympy("tanh")
    erf, erfc = _of_sympy("erf"), _of_sympy("erfc")

    def expm1(self, x):
        return self.exp(x) - 1

    @property
    def pi(self):
        return load_sympy().pi

    def convert(self, value):
        sympy = load_sympy()
        return sympy.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else value

    def asarray(self, values, name):
        values = _rectangular(values, name)
        return _elementwise(lambda v: self.convert(exact(v, name)), 1)(values)

    @cached_property
    def sqrt(self):
        return _elementwise(lambda x: load_sympy().sqrt(x), 1)

    @cached_property
    def hypot(self):
        return _elementwise(lambda x, y: load_sympy().sqrt(x**2 + y**2), 2)

    @cached_property
    def atan2(self):
        return _elementwise(lambda y, x: load_sympy().atan2(y, x), 2)

    @cached_property
    def where(self):
        return _elementwise(_branch, 3)

    nonnegative = staticmethod(lambda x: x)  # nothing rounds here

    def better(self, one, other):
        return sum(one)

    @cached_property
    def crescent(self):
        return _elementwise(lambda t: load_sympy().sin(t) - t * load_sympy().cos(t), 1)


def _branch(condition, x, y):
    """`Piecewise`, but for branches that rounding alone tells apart: those are one expression."""
    sympy = load_sympy()
    if condition not in (True, False) and sympy.count_ops(x - y) < 100 and sympy.expand(x - y) == 0:
        return y
    return sympy.Piecewise((x, condition), (y, True))


def _elementwise(function, arguments: int):
    return np.frompyfunc(function, arguments, 1)


def _rectangular(values, name: str) -> np.ndarray:
    """`values` as a NumPy array, refusing ragged nesting; strings and exact numbers stay objects."""
    try:
        array = np.asarray(values)
        if array.dtype.kind == "U":
            array = np.asarray(values, dtype=object)
    except ValueError:
        raise ValueError(f"{name} must be rectangular: its rows differ in length") from None
    if array.dtype.kind not in "iufO":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array


float64 = Floats()


def floats(xp: ModuleType) -> Floats:
    """float64 arithmetic in the array namespace `xp` (`cupy`, `torch`, `jax.numpy`, `array_api_strict`, …).

    Arrays given to a call may be NumPy arrays or arrays of `xp`; arrays of `xp` come back.
    """
    try:
        namespace = array_api_compat.array_namespace(xp.asarray(0.0, dtype=xp.float64))
    except AttributeError:
        raise TypeError(f"floats(xp) needs an array namespace such as numpy, got {xp!r}") from None
    return Floats(namespace)


def digits(n: int) -> Digits:
    """`n` correct decimal digits, by mpmath in a private context.

    >>> digits(50)
    digits(50)
    """
    return Digits(n)


def symbols() -> Symbols:
    """SymPy expressions."""
    return Symbols()
