"""Functions of two parameters with their derivatives: f, ∂f/∂s, ∂f/∂t and ∂²f/∂s∂t, carried through arithmetic.

`Jets` is one more number system, on top of another: the closed forms of 𝒯 and 𝒯̇ run in it unchanged.  So second
differences of 𝒯 can be integrated from ∂²𝒯/∂s∂t, where a difference of differences would cancel twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .numbers import Numbers

__all__ = ["Jet", "Jets"]


@dataclass(frozen=True, eq=False)
class Jet:
    """f, f_s, f_t, f_st: arrays that broadcast."""

    f: Any
    s: Any
    t: Any
    st: Any

    __array_ufunc__ = None  # an array on the left hands over

    def __add__(self, other):
        if isinstance(other, Jet):
            return Jet(self.f + other.f, self.s + other.s, self.t + other.t, self.st + other.st)
        return Jet(self.f + other, self.s, self.t, self.st)

    def __neg__(self):
        return Jet(-self.f, -self.s, -self.t, -self.st)

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.f * other, self.s * other, self.t * other, self.st * other)
        return Jet(
            self.f * other.f,
            self.s * other.f + self.f * other.s,
            self.t * other.f + self.f * other.t,
            self.st * other.f + self.s * other.t + self.t * other.s + self.f * other.st,
        )

    def __truediv__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.f / other, self.s / other, self.t / other, self.st / other)
        return self * (1 / other)

    def __rtruediv__(self, other):
        inverse = 1 / self.f
        return self.mapped(inverse, -(inverse**2), 2 * inverse**3) * other

    def __pow__(self, n: int):
        return self.mapped(self.f**n, n * self.f ** (n - 1), n * (n - 1) * self.f ** (n - 2) if n > 1 else 0 * self.f)

    __radd__, __rmul__ = __add__, __mul__

    def __ge__(self, other):
        return self.f >= _value(other)

    def __gt__(self, other):
        return self.f > _value(other)

    def __le__(self, other):
        return self.f <= _value(other)

    def __lt__(self, other):
        return self.f < _value(other)

    def __eq__(self, other):  # like an array's
        return self.f == _value(other)

    __hash__ = None

    def mapped(self, value, first, second) -> Jet:
        """g(f), from g, g′ and g″ at f."""
        return Jet(value, first * self.s, first * self.t, first * self.st + second * (self.s * self.t))


def _value(x):
    return x.f if isinstance(x, Jet) else x


@dataclass(frozen=True)
class Jets(Numbers):
    """Jets over the number system `base`."""

    base: Numbers

    @property
    def pi(self):
        return self.base.pi

    def convert(self, value):
        return self.base.convert(value)

    def holds(self, condition):
        return self.base.holds(condition)

    def abs(self, x):
        return self.where(x >= 0, x, -x)

    def better(self, one, other):
        size_one, size_other = (sum(self.base.abs(_value(term)) for term in terms) for terms in (one, other))
        return self.where(size_one <= size_other, sum(one), sum(other))

    def where(self, condition, x, y):
        if not (isinstance(x, Jet) or isinstance(y, Jet)):
            return self.base.where(condition, x, y)
        x, y = (v if isinstance(v, Jet) else Jet(v, 0 * v, 0 * v, 0 * v) for v in (x, y))
        where = self.base.where
        return Jet(*(where(condition, a, b) for a, b in ((x.f, y.f), (x.s, y.s), (x.t, y.t), (x.st, y.st))))

    def nonnegative(self, x):
        return self.where(x > 0, x, 0 * x)

    def sqrt(self, x):
        if not isinstance(x, Jet):
            return self.base.sqrt(x)
        root = self.base.sqrt(x.f)
        return x.mapped(root, 1 / (2 * root), -1 / (4 * root**3))

    def hypot(self, x, y):
        return self.sqrt(x * x + y * y)

    def atan2(self, y, x):
        y, x = (v if isinstance(v, Jet) else Jet(v, 0 * v, 0 * v, 0 * v) for v in (y, x))
        square = x.f**2 + y.f**2
        # ∂θ = (x ∂y − y ∂x)/(x² + y²), and the derivative of that.
        s, t = ((x.f * b - y.f * a) / square for a, b in ((x.s, y.s), (x.t, y.t)))
        growth = 2 * (x.f * x.t + y.f * y.t) / square
        st = (x.t * y.s - y.t * x.s + x.f * y.st - y.f * x.st) / square - growth * s
        return Jet(self.base.atan2(y.f, x.f), s, t, st)

    def crescent(self, angle):
        base, a = self.base, angle.f
        sine = base.sin(a)
        return angle.mapped(base.crescent(a), a * sine, sine + a * base.cos(a))

    def sin(self, x):
        return self._mapped(x, "sin", lambda f, value: (self.base.cos(f), -value))

    def cos(self, x):
        return self._mapped(x, "cos", lambda f, value: (-self.base.sin(f), -value))

    def exp(self, x):
        return self._mapped(x, "exp", lambda f, value: (value, value))

    def expm1(self, x):
        return self._mapped(x, "expm1", lambda f, value: (self.base.exp(f),) * 2)

    def _mapped(self, x, name: str, slopes):
        """A function of the base, and of jets from its first and second derivative."""
        function = getattr(self.base, name)
        if not isinstance(x, Jet):
            return function(x)
        value = function(x.f)
        return x.mapped(value, *slopes(x.f, value))
