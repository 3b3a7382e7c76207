"""The definition itself: 𝒯 and 𝒯̇ of any activation by Gauss–Hermite quadrature, with the error it leaves."""

from __future__ import annotations

import dataclasses
import numbers as abstract
from dataclasses import dataclass

import numpy as np

from .activation import Activation
from .definition import Definition
from .gauss import gauss_hermite
from .numbers import Floats, Numbers, Symbols
from .pair import Covariance, Pair

__all__ = ["by_quadrature"]

_LEAST, _MOST = 16, 2048


def by_quadrature(activation: Activation, nodes: int | None = None, tolerance=None) -> Activation:
    """`activation` with its duals integrated by the Gauss–Hermite product rule, `nodes` a side.

    With ``nodes=None`` the rule is doubled, from 16 to at most 2048 nodes (256 in digits(n)), until it meets
    `tolerance`, relative to √(𝒯₁₁𝒯₂₂); by default 1e-13 in float64 and 10⁻ⁿ in digits(n).  The error of n nodes is
    estimated by what 2n nodes change.  It is the definition and a check: the activation's own rules are faster and
    reach further (`quadrature`), and gaps here are differences, which need digits(n) where inputs are nearly equal.

    Raises
    ------
    TypeError, ValueError
        `nodes` not a whole number from 2 to 2048, `tolerance` not positive, an activation without a definition.
    ArithmeticError
        Later, from kernels: the rule leaves more than `tolerance`; the message says how many nodes would do.
        With a kink none do: there the error falls like 1/n.

    Source: Eq. 3; chapter `gauss_hermite`.

    >>> import ntkref as nk
    >>> net = nk.fcn(2, nk.by_quadrature(nk.tanh, nodes=20, tolerance="1e-10"), sigma_w2=1)
    >>> nk.kernels_of_pair(net, q=100, one_minus_c=1)
    Traceback (most recent call last):
    ArithmeticError: tanh at variance 100: 20 Gauss-Hermite nodes leave 0.82, more than 1e-10; about 11700 would do
    """
    if not isinstance(activation, Activation):
        raise TypeError(f"activation must be an activation such as ntkref.tanh, got {activation!r}")
    if activation.value is None:
        raise TypeError(f"{activation} has no definition to integrate: it is known by its closed form alone")
    if nodes is not None:
        if isinstance(nodes, bool) or not isinstance(nodes, abstract.Integral):
            raise TypeError(f"nodes must be a whole number, got {nodes!r}")
        if not 2 <= nodes <= _MOST:
            raise ValueError(f"nodes must lie between 2 and {_MOST}, got {nodes}")
        nodes = int(nodes)
    if tolerance is not None:
        try:
            tolerance = float(tolerance)
        except (TypeError, ValueError):
            raise TypeError(f"tolerance must be a number, got {tolerance!r}") from None
        if not 0 < tolerance < 1:
            raise ValueError(f"tolerance must lie between 0 and 1, got {tolerance}")
    rule = _Rule(activation.definition, nodes, tolerance)
    return dataclasses.replace(activation, duals=rule.duals, largest=2.0**1020)


@dataclass(frozen=True)
class _Rule:
    definition: Definition
    nodes: int | None
    tolerance: float | None

    def duals(self, k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
        if isinstance(numbers, Symbols) or (isinstance(numbers, Floats) and numbers != Floats()):
            raise TypeError(f"{self.definition.name} by quadrature needs numbers=float64 or digits(n), got {numbers}")
        shape = np.shape(k.xy)
        parts = [np.broadcast_to(a, shape) for a in (k.x, k.y, k.xy, k.area)]
        with np.errstate(all="ignore"):
            found = {}
            for key in zip(*(part.ravel() for part in parts), strict=True):
                if key not in found:
                    found[key] = self._pair(*key, numbers)
        rows = [found[key] for key in zip(*(part.ravel() for part in parts), strict=True)]
        columns = [np.array(column).reshape(shape)[()] for column in zip(*rows, strict=True)]
        return Covariance(*columns[:7]), Pair(*columns[7:])

    def _pair(self, x, y, xy, area, numbers):
        """The twelve fields of 𝒯 and 𝒯̇ of one pair."""
        r1, r2 = numbers.sqrt(x), numbers.sqrt(y)
        half = numbers.atan2(area, xy) / 2
        across, along = numbers.sin(half), numbers.cos(half)
        tolerance = self._tolerance(numbers)
        n = self.nodes or _LEAST
        before = self._sums(r1, r2, along, across, n, numbers)
        while True:
            after = self._sums(r1, r2, along, across, 2 * n, numbers)
            left = max(self._distance(f, g) for f, g in zip(before, after, strict=True))
            if left <= tolerance:
                break
            if self.nodes is not None or 2 * n > self._most(numbers):
                raise ArithmeticError(self._refusal(max(r1, r2), n, left, tolerance, numbers))
            n, before = 2 * n, after
        return (*self._covariance(after[0], numbers), *self._covariance(after[1], numbers)[:5])

    def _most(self, numbers):
        """Beyond these a kinked φ gains nothing, and n² evaluations of mpmath take minutes."""
        return _MOST if isinstance(numbers, Floats) else _LEAST if self.definition.kinks else 256

    def _tolerance(self, numbers):
        return self.tolerance or (1e-13 if isinstance(numbers, Floats) else 10.0**-numbers.n)

    def _sums(self, r1, r2, along, across, n, numbers):
        """E[f²], E[g²], E[fg], E[(f − g)²], E[(f + g)²] for f = φ(u), g = φ(v), and for φ′; u, v = r(s cos ± t sin)."""
        z, w = gauss_hermite(n, numbers)
        s, t = along * z[:, None], across * z[None, :]
        u, v = r1 * (s + t), r2 * (s - t)
        weights = w[:, None] * w[None, :]
        result = []
        for function in (self.definition.value, self.definition.derivative):
            f, g = function(numbers, u), function(numbers, v)
            result.append([np.sum(weights * h) for h in (f * f, g * g, f * g, (f - g) ** 2, (f + g) ** 2)])
        return result

    @staticmethod
    def _distance(before, after):
        scale = max(after[0], after[1])
        if not np.isfinite(float(scale)):
            return float("inf")
        return max(float(abs(a - b) / scale) for a, b in zip(before, after, strict=True)) if scale else 0.0

    def _covariance(self, sums, numbers):
        x, y, xy, gap, cogap = sums
        unit = 2.0**-53 if isinstance(numbers, Floats) else 10.0**-numbers.worked
        for name, value in (("gap", gap), ("cogap", cogap)):
            if value > 0 and unit * (x + y) > value * (1e-11 if isinstance(numbers, Floats) else numbers.eps):
                raise ArithmeticError(
                    f"the {name} of {self.definition.name} by quadrature is a difference that lost its digits; use "
                    "digits(n), or the activation itself"
                )
        diff = x - y
        area = numbers.sqrt(numbers.nonnegative(gap * cogap - diff**2) / 4)
        return x, y, xy, diff, gap, cogap, area

    def _refusal(self, r, n, left, tolerance, numbers):
        name, q = self.definition.name, float(r) ** 2
        said = f"{name} at variance {q:.6g}: {n} Gauss-Hermite nodes leave {left:.2g}, more than {tolerance:.0e}; "
        if self.definition.kinks:
            kinks = ", ".join(f"{float(k):g}" for k in self.definition.kinks)
            return f"{said}with a kink, here at {kinks}, no number of nodes does"
        needed = self._needed(float(r), tolerance)
        return said + (f"about {needed} would do" if needed else "no number up to 60000 would do")

    def _needed(self, r, tolerance):
        """Nodes at which the variance's error falls to `tolerance`, from the law exp(−κ√n) through two of them."""
        floats = Floats()

        def value(n):
            z, w = gauss_hermite(n, floats)
            return np.array([w @ f(floats, r * z) ** 2 for f in (self.definition.value, self.definition.derivative)])

        tolerance = max(tolerance, 1e-14)
        n, before = _LEAST, value(_LEAST)
        while n <= 30000:
            after = value(2 * n)
            left = np.max(np.abs(after - before) / np.abs(after))
            if left <= tolerance:
                break
            last, n, before = left, 2 * n, after
        else:
            return None
        if left == 0 or n == _LEAST:
            return n
        # log(error) is a straight line in √n between n/2 and n.
        rate = (np.log(last) - np.log(left)) / (np.sqrt(n) - np.sqrt(n / 2))
        needed = (np.sqrt(n / 2) + (np.log(last) - np.log(tolerance)) / rate) ** 2
        return int(np.ceil(needed / 100) * 100) if needed > 200 else int(np.ceil(needed / 10) * 10)
