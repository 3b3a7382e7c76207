"""The mean predictor and gradient flow (Eq. 5, 6, 7)."""

from __future__ import annotations

import numpy as np

from .elimination import factor
from .numbers import Floats
from .recursion import Kernels
from .spectrum import eigensystem, from_numpy, gram_size

__all__ = ["gradient_flow", "mean_predictor"]


def mean_predictor(k_train: Kernels, k_test_train: Kernels, y, kernel: str = "ntk"):
    """P(Θ) y = Θ(test, train) Θ(train, train)⁻¹ y, Eq. 7.

    Parameters
    ----------
    k_train : ``kernels(net, x_train)``.
    k_test_train : ``kernels(net, x_test, x_train)``, of the same network and number system.
    y : targets (m,) or (m, outputs).
    kernel : "ntk", or "nngp" for the posterior mean of the Gaussian process.

    Returns (t,) or (t, outputs).  Solved with the gaps carried, so accurate at any condition number:
    relative to Σ_j |P_ij| |y_j|, within 1e-9 in float64 at depths ≤ 1000 for inputs that are not nearly equal.
    Deep in chaos P(Θ) y of targets with mean 0 is smaller than that sum by more than float64 has digits; use
    ``digits(n)`` there, and targets whose mean is exactly 0, which ``y - y.mean()`` is up to rounding only.

    Raises
    ------
    TypeError, ValueError
        Kernels of other kinds, networks or sizes; y not finite or of the wrong length.
    numpy.linalg.LinAlgError
        A singular training matrix: some training inputs are equal.
    FloatingPointError
        Gaps underflow float64.
    """
    y = _targets(k_train, k_test_train, y)
    return from_numpy(_predict(k_train, k_test_train, y, kernel), k_train.numbers)


def gradient_flow(k_train: Kernels, k_test_train: Kernels, y, t, learning_rate=1, kernel: str = "ntk"):
    """(μ_t(train), μ_t(test)): the mean outputs after gradient flow for time `t` from 0, Eq. 5 and 6.

    μ_t(train) = (1 − e^{−ηΘt}) y, μ_t(test) = P(Θ) μ_t(train), for the loss ½ Σ (f − y)².  `t` >= 0 may be
    an array; its axes come first in the result.  Errors are small against the largest |y|; else as
    `mean_predictor`.
    """
    y = _targets(k_train, k_test_train, y)
    numbers = k_train.numbers
    times = np.asarray(numbers.asarray(t, "t")) * np.asarray(numbers.asarray(learning_rate, "learning_rate"))
    if not np.all(times >= 0):
        raise ValueError(f"t and learning_rate must be >= 0, got t = {t}, learning_rate = {learning_rate}")
    values, vectors = eigensystem(k_train, kernel)
    expm1 = np.expm1 if isinstance(numbers, Floats) else np.frompyfunc(numbers.context.expm1, 1, 1)
    in_eigenbasis = vectors.T @ y
    train, test = [], []
    for time in np.ravel(times):
        learnt = -expm1(-values * time)  # Eq. 9
        mean = vectors @ (learnt.reshape(-1, *[1] * (y.ndim - 1)) * in_eigenbasis)
        train.append(mean)
        test.append(_predict(k_train, k_test_train, mean, kernel))
    train, test = (np.array(a).reshape(np.shape(times) + a[0].shape) for a in (train, test))
    return from_numpy(train, numbers), from_numpy(test, numbers)


def _predict(k_train, k_test_train, y, kernel):
    lower = factor(k_train.pair(kernel), k_test_train.pair(kernel), k_train.numbers)
    if len(lower.order) < len(y):
        raise np.linalg.LinAlgError(
            f"the training {kernel} matrix is singular, of rank {len(lower.order)} < {len(y)}: some inputs are equal"
        )
    # Columns scaled to a unit diagonal: the grading is gone and substitution is as stable as ever.
    order = list(lower.order)
    diagonal = lower.train[order, np.arange(len(y))]
    train, test = lower.train[order] / diagonal, lower.test / diagonal
    weights = np.array(y[order])
    for j in range(len(y)):
        weights[j + 1 :] -= np.multiply.outer(train[j + 1 :, j], weights[j])
    return test @ weights


def _targets(k_train, k_test_train, y):
    m = gram_size(k_train)
    if not isinstance(k_test_train, Kernels) or k_test_train.kind != "cross":
        raise ValueError("k_test_train must be kernels(net, x_test, x_train)")
    shape = tuple(k_test_train.K.xy.shape)
    if shape[1] != m:
        raise ValueError(f"k_test_train must have one column for each of {m} training points, got shape {shape}")
    if k_test_train.numbers != k_train.numbers or k_test_train.depth != k_train.depth:
        raise ValueError("k_train and k_test_train must be of the same network in the same number system")
    y = np.asarray(k_train.numbers.asarray(y, "y"))
    if y.ndim not in (1, 2) or len(y) != m:
        raise ValueError(f"y must have shape ({m},) or ({m}, outputs), got {y.shape}")
    return y
