"""What the laws of all phases share: from entries at large depth to the spectrum and the predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..mean_field import MeanField
from ..network import fcn
from ..numbers import Floats, Numbers
from ..recursion import kernels
from .matrices import TINY, Flat, Uniform, as_floats, hollow

__all__ = ["Derived", "Law", "constants", "depth", "elementwise", "power"]


def depth(l):
    """`l`, a depth ≥ 1 or an array of them; else TypeError or ValueError."""
    try:
        numbers = np.asarray(l, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"l must be a depth or an array of depths, got {l!r}") from None
    if not (np.all(numbers >= 1) and np.all(numbers < np.inf)):
        raise ValueError(f"l must be a depth of at least 1, and finite, got {l}")
    return l if numbers.ndim == 0 else np.asarray(l)


def constants(values, name: str, least=None):
    """E, C or an offset as it is, a list as an array; ValueError where it is not finite or below `least`."""
    values = values if np.ndim(values) == 0 else np.asarray(values)
    try:
        floats = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be real numbers, got {values!r}") from None
    if not np.all(np.isfinite(floats)):
        raise ValueError(f"{name} must be finite, got {values}")
    if least is not None and not np.all(floats >= least):
        raise ValueError(f"{name} must be at least {least}, got {values}")
    return values


def elementwise(name: str, x, numbers: Numbers):
    """log, sin or sqrt, element by element, in the number system."""
    if isinstance(numbers, Floats):
        return getattr(np, name)(x)
    return np.frompyfunc(getattr(numbers.context, name), 1, 1)(x)


def power(base, l, what: str):
    """base**l; OverflowError or FloatingPointError where float64 can't hold it."""
    if not isinstance(base, float):
        return base ** depth(l)
    with np.errstate(over="ignore", under="ignore"):
        value = np.power(base, depth(l), dtype=float)
    if not np.all(value < np.inf):
        raise OverflowError(f"{what} overflows float64 at depth {np.max(l)}; use numbers=digits(n)")
    if not np.all(value >= TINY):
        raise FloatingPointError(f"{what} underflows float64 at depth {np.max(l)}; use numbers=digits(n)")
    return value if np.ndim(l) else float(value)


@dataclass(frozen=True)
class Law:
    """The laws of one phase; they hold at depths well beyond `onset`.

    `E` is what `coordinate` gives for the training inputs, (m, m); `E_test` for test × training inputs, (t, m).
    `offset` and `offset_test`, for the NTK in order and chaos, are what the method `offset` gives, for the next
    order.  ``kernel="nngp"`` asks for K in place of Θ.  Spectra, learning rates and predictors are float64, and
    raise ValueError at depths where the law's matrix is not positive yet.
    """

    mf: MeanField

    def one_minus_c(self, x1, x2=None):
        """1 − cosine of K⁽¹⁾ between inputs (n1, features) and (n2, features), what `coordinate` takes.

        The inputs must be normalised: ``ntkref.normalised(x, net)``, for critical ReLU with ``q=q``.
        """
        mf, numbers = self.mf, self.mf.numbers
        k = kernels(fcn(1, mf.activation, mf.sigma_w2, mf.sigma_b2), x1, x2, numbers)
        for variances in k.nngp_variances:
            if np.max(np.abs(variances / self.first_variance - 1)) > 1e-12:
                raise ValueError(f"inputs must have K(x, x) = {self.first_variance} in the first layer: use normalised")
        return np.minimum(k.nngp_gap / (2 * self.first_variance), 2)  # opposite inputs, but for rounding

    @property
    def first_variance(self):
        """K⁽¹⁾(x, x) of the inputs that the laws are about."""
        return self.nngp_diagonal

    @property
    def nngp_diagonal(self):
        """K(x, x) = q*, at every depth."""
        return self.mf.q_star

    def lambda_max(self, l, E, offset=0, kernel="ntk"):
        """λ_max of m inputs."""
        return self._matrix(l, E, offset, kernel).lambda_max

    def lambda_bulk(self, l, E, offset=0, kernel="ntk"):
        """λ_1 … λ_{m−1}, descending."""
        return self._matrix(l, E, offset, kernel).lambda_bulk

    def kappa(self, l, E, offset=0, kernel="ntk"):
        """λ_max/λ_{m−1}."""
        matrix = self._matrix(l, E, offset, kernel)
        with np.errstate(over="ignore"):
            kappa = matrix.lambda_max / matrix.lambda_bulk[-1]
        if not kappa < np.inf:
            raise OverflowError(f"kappa overflows float64 at depth {l}")
        return kappa

    def max_learning_rate(self, l, E, offset=0, kernel="ntk"):
        """2/λ_max, above which gradient descent on ½ Σ (f − y)² diverges."""
        return 2 / self.lambda_max(l, E, offset, kernel)

    def predictor(self, l, E, E_test, y, offset=0, offset_test=0, kernel="ntk"):
        """P y at the test inputs, (t,) or (t, outputs), for targets y (m,) or (m, outputs)."""
        if np.any(np.asarray(offset) != 0) != np.any(np.asarray(offset_test) != 0):
            raise ValueError("offset and offset_test go together: one alone makes the predictor worse than none")
        matrix = self._matrix(l, E, offset, kernel)
        E_test = constants(E_test, "E_test")
        if np.shape(E_test) == np.shape(E) and not np.any(self._of_input_with_itself(E_test)):
            raise ValueError("E_test is of test inputs that are the training inputs: there P y = y")
        test = as_floats(self._off(l, E_test, offset_test, kernel), "the law's matrix")
        y, m = np.asarray(y, dtype=float), len(E)
        if test.ndim != 2 or test.shape[1] != m or y.ndim not in (1, 2) or len(y) != m:
            raise ValueError(f"E_test must be (t, {m}) and y ({m},) or ({m}, outputs), got {test.shape}, {y.shape}")
        if not (np.all(np.isfinite(test)) and np.all(np.isfinite(y))):
            raise ValueError("E_test and y must be finite")
        return matrix.predictor(test, y)

    def _matrix(self, l, E, offset, kernel) -> Flat | Uniform:
        if kernel not in ("ntk", "nngp"):
            raise ValueError(f'kernel must be "ntk" or "nngp", got {kernel!r}')
        if np.ndim(l):
            raise ValueError(f"l must be one depth for a spectrum or a predictor, got {l}")
        if np.any(np.asarray(offset) != 0) and (kernel == "nngp" or not self._has_offset):
            raise ValueError("offset belongs to the laws of the NTK in order (smooth φ) and chaos only")
        matrix = self._shape(l, self._gram(l, E, offset, kernel), kernel)
        if not matrix.lambda_bulk[-1] > 0:
            raise ValueError(
                f"the laws do not hold yet at depth {l}: an eigenvalue would be {matrix.lambda_bulk[-1]:.3g}; "
                f"they set in well beyond {float(self.onset):.3g}, for nearly equal inputs later"
            )
        return matrix

    @property
    def onset(self):
        """The depth well beyond which the laws hold, for inputs that are not nearly equal."""
        raise NotImplementedError

    def _of_input_with_itself(self, E):
        """What E says of an input and itself, where inputs and test inputs are the same: 0."""
        return np.diag(np.asarray(E, dtype=float))

    @property
    def _has_offset(self) -> bool:
        return hasattr(self, "offset")

    def _gram(self, l, E, offset, kernel) -> np.ndarray:
        """w or H of the training inputs, (m, m)."""
        offset = offset if np.ndim(offset) == 0 else hollow(offset, "offset")
        return hollow(self._off(l, hollow(E, "E"), offset, kernel), "the law's matrix")

    def _off(self, l, E, offset, kernel) -> Any:
        """w or H of pairs at depth l."""
        raise NotImplementedError

    def _shape(self, l, off, kernel) -> Flat | Uniform:
        """The matrix with these off-diagonal entries."""
        raise NotImplementedError


@dataclass(frozen=True)
class Derived(Law):
    """Laws that follow from the `laws` of the fully-connected network, at the same depths and for the same inputs."""

    laws: Law

    @property
    def onset(self):
        """That of `laws`."""
        return self.laws.onset

    @property
    def nngp_diagonal(self):
        """K(x, x) of `laws`: q* at every depth, also in the first layer."""
        return self.laws.nngp_diagonal

    def kappa_minus_1(self, l, E, offset=0, kernel="ntk"):
        """κ − 1, in chaos and at criticality without the cancellation."""
        matrix = self._matrix(l, E, offset, kernel)
        return matrix.kappa_minus_1 if isinstance(matrix, Uniform) else self.kappa(l, E, offset, kernel) - 1

    @property
    def _has_offset(self):
        return self.laws._has_offset
