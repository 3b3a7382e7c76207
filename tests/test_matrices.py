"""The two shapes of large depth against plain linear algebra on the whole matrix."""

import numpy as np
import pytest

from ntkref.asymptotics.matrices import Flat, Uniform, hollow

RNG = np.random.default_rng(5)
M, TESTS = 7, 3


def symmetric(size=1.0):
    matrix = RNG.uniform(0.5, 1.5, (M, M)) * size
    return hollow(matrix + matrix.T, "matrix")


def distances():
    """A variogram: squared distances, so that −ΠwΠ is positive."""
    x = RNG.normal(size=(M + TESTS, 10))
    whole = np.sum((x[:, None] - x[None]) ** 2, axis=-1) ** 0.75
    return whole[:M, :M], whole[M:, :M]


Y = np.stack([np.arange(M) - 3.0, np.ones(M), RNG.normal(size=M)], axis=1)


def test_uniform_is_exact():
    """Eigenvalues and predictor of the matrix, also where H is not small."""
    H, H_test = symmetric(), RNG.normal(size=(TESTS, M))
    for off, size in ((2.0, 1e-3), (2.0, 0.5), (0.0, 0.5)):
        law = Uniform(9.0, off, size * H)
        whole = 9 * np.eye(M) + off + size * H
        values = np.linalg.eigvalsh(whole)[::-1]
        P = (off + size * H_test) @ np.linalg.solve(whole, Y)
        assert abs(law.lambda_max - values[0]) < 1e-13
        assert np.max(np.abs(law.lambda_bulk - values[1:])) < 1e-13
        assert abs(law.kappa_minus_1 / (values[0] / values[-1] - 1) - 1) < 1e-13
        assert np.max(np.abs(law.predictor(size * H_test, Y) - P)) < 1e-13


def test_uniform_keeps_what_is_far_below_rounding():
    """H of 1e-30 beside 1: P y of mean-zero y is (H_test y − …)/a, to all digits; κ − 1 beside 1e20 likewise."""
    H, H_test, y = 1e-30 * symmetric(), 1e-30 * RNG.normal(size=(TESTS, M)), Y[:, 0]
    law = Uniform(1.0, 2.0, H)
    first_order = H_test @ y - 2 / 15 * np.sum(H @ y)  # (5.8) with a = 1, o = 2, m = 7
    assert np.max(np.abs(law.predictor(H_test, y) / first_order - 1)) < 1e-14
    law = Uniform(1e20, 2.0, 1e30 * H)
    values = np.linalg.eigvalsh(2 + 1e30 * H)
    assert law.lambda_max / law.lambda_bulk[-1] == 1
    assert abs(law.kappa_minus_1 * 1e20 / (values[-1] - values[0]) - 1) < 1e-14


def test_flat_to_first_order_and_its_predictor_exactly():
    w, w_test = distances()
    misses = []
    for size in (1e-3, 1e-4):
        law = Flat(4.0, size * w)
        whole = 4 - size * w
        values = np.linalg.eigvalsh(whole)[::-1]
        misses.append([abs(law.lambda_max / values[0] - 1), np.max(np.abs(law.lambda_bulk / values[1:] - 1))])
        P = (4 - size * w_test) @ np.linalg.solve(whole, Y)
        assert np.max(np.abs(law.predictor(size * w_test, Y) - P)) < 1e-10  # κ of `whole` times rounding
        assert np.max(np.abs(law.predictor(size * w_test, Y[:, 0]) - P[:, 0])) < 1e-10
    assert abs(misses[0][0] / misses[1][0] / 100 - 1) < 0.02
    assert abs(misses[0][1] / misses[1][1] / 10 - 1) < 0.02


def test_flat_tends_to_kriging():
    """As w → 0: weights that sum to 1 and minimise the variance, from the bordered system of textbooks."""
    w, w_test = distances()
    bordered = np.block([[w, np.ones((M, 1))], [np.ones((1, M)), np.zeros((1, 1))]])
    weights = np.linalg.solve(bordered, np.hstack([w_test, np.ones((TESTS, 1))]).T)[:M].T
    assert np.max(np.abs(Flat(1e12, w).predictor(w_test, Y) - weights @ Y)) < 1e-10
    assert np.max(np.abs(weights.sum(axis=1) - 1)) < 1e-12


def test_hollow():
    assert np.array_equal(hollow([[5, 1], [1, 7]], "E"), [[0, 1], [1, 0]])
    for matrix, message in (
        ([[0.0]], r"E must be a matrix \(m, m\) of at least two inputs, got shape \(1, 1\)"),
        ([[0, 1], [2, 0]], "E must be finite and symmetric"),
        ([[0, np.nan], [np.nan, 0]], "E must be finite and symmetric"),
    ):
        with pytest.raises(ValueError, match=message):
            hollow(matrix, "E")
