"""What the laws refuse: input that is not theirs, and numbers that float64 can't hold."""

import mpmath
import numpy as np
import pytest

import ntkref as nk

ORDERED, CHAOTIC = (nk.asymptotics.of(nk.mean_field(nk.erf, w, "0.18")) for w in ("1.0", "3.0"))
TWO = np.array([[0, 1.0], [1.0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((nk.relu, 2, 0), "q_star must be given for critical relu"),
        ((nk.relu, 3, "0.1"), "unbounded phase"),
        ((nk.erf, "0.5", 0), "without a positive"),
    ],
)
def test_where_there_are_no_laws(arguments, message):
    with pytest.raises(ValueError, match=message):
        nk.asymptotics.of(nk.mean_field(*arguments))


def test_critical_relu_needs_a_positive_variance():
    with pytest.raises(ValueError, match="q_star must be positive, got 0"):
        nk.asymptotics.of(nk.mean_field(nk.relu, 2, 0), 0)


def test_coordinate_too_near_the_line():
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1.7476037", "0.18"))
    with pytest.raises(ArithmeticError, match=r"would take .* layers to settle"):
        laws.coordinate(0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ORDERED.coordinate(0.0), r"one_minus_c must lie in \(0, 2\]"),
        (lambda: CHAOTIC.coordinate([0.5, 2.5]), r"one_minus_c must lie in \(0, 2\] .* got 2.5"),
        (lambda: CHAOTIC.offset(np.zeros((2, 2))), r"one_minus_c must lie in \(0, 2\]"),
        (lambda: ORDERED.ntk_diagonal(0), "l must be a depth of at least 1, got 0"),
        (
            lambda: ORDERED.kappa(10, [1.0, 2.0]),
            r"E must be a matrix \(m, m\) of at least two inputs, got shape \(2,\)",
        ),
        (lambda: ORDERED.kappa(10, [[0, 1.0], [2.0, 0]]), "E must be finite and symmetric"),
        (lambda: ORDERED.kappa([10, 20], TWO), "l must be one depth"),
        (lambda: ORDERED.kappa(10, TWO, kernel="ntks"), 'kernel must be "ntk" or "nngp"'),
        (lambda: ORDERED.predictor(10, TWO, np.ones((1, 3)), np.ones(2)), r"E_test must be \(t, 2\)"),
        (lambda: ORDERED.predictor(10, TWO, np.ones((1, 2)), np.ones(3)), r"y \(2,\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_leaves_float64_raises():
    with pytest.raises(OverflowError, match=r"χ₁\^l overflows float64 at depth 4000; use numbers=digits"):
        CHAOTIC.ntk_diagonal(4000)
    with pytest.raises(FloatingPointError, match=r"χ₁\^l underflows float64 at depth 40000"):
        ORDERED.ntk_gap(40000, 1.0)
    with pytest.raises(FloatingPointError, match=r"underflows float64 at depth 40000"):
        ORDERED.kappa(np.int64(40000), TWO)
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1.0", "0.18", nk.digits(20)))
    assert 0 < laws.ntk_gap(40000, 1) < mpmath.mpf(10) ** -5000


def test_a_gram_matrix_has_no_coordinate_on_its_diagonal_and_a_cross_matrix_does():
    square = np.array([[0.5, 0.25], [0.125, 0.75]])
    assert np.all(np.diag(ORDERED.coordinate(square)) > 0)
    gram = np.array([[0, 0.25], [0.25, 0]])
    assert np.all(np.diag(ORDERED.coordinate(gram)) == 0)
    for matrix in (gram, square):  # they settle at slightly different depths
        assert abs(ORDERED.coordinate(matrix)[0, 1] / ORDERED.coordinate(0.25) - 1) < 1e-14
