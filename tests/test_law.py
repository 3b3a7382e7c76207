"""What the laws refuse: input that is not theirs, and numbers that float64 can't hold."""

import array_api_strict
import mpmath
import numpy as np
import pytest

import ntkref as nk

ORDERED, CHAOTIC = (nk.asymptotics.of(nk.mean_field(nk.erf, w, "0.18")) for w in ("1.0", "3.0"))
POINT = nk.critical_point(nk.erf, sigma_b2="0.18")
CRITICAL = nk.asymptotics.of(nk.mean_field(nk.erf, POINT.sigma_w2, POINT.sigma_b2))
RELU = nk.asymptotics.of(nk.mean_field(nk.relu, "1.5", "0.1"))
TWO = np.array([[0, 1.0], [1.0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((nk.relu, 2, 0), "q_star .* must be given: relu without biases"),
        ((nk.relu, 3, 0), "q_star .* must be given: relu without biases"),
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
        (lambda: ORDERED.ntk_diagonal(0), "l must be a depth of at least 1, and finite, got 0"),
        (
            lambda: ORDERED.kappa(10, [1.0, 2.0]),
            r"E must be a matrix \(m, m\) of at least two inputs, got shape \(2,\)",
        ),
        (lambda: ORDERED.kappa(10, [[0, 1.0], [2.0, 0]]), "E must be finite and symmetric"),
        (lambda: ORDERED.kappa([10, 20], TWO), "l must be one depth"),
        (lambda: ORDERED.kappa(10, TWO, kernel="ntks"), 'kernel must be "ntk" or "nngp"'),
        (lambda: ORDERED.predictor(10, TWO, np.ones((1, 3)), np.ones(2)), r"E_test must be \(t, 2\)"),
        (lambda: ORDERED.predictor(10, TWO, np.ones((1, 2)), np.ones(3)), r"y \(2,\)"),
        (lambda: ORDERED.predictor(10, TWO, np.ones((1, 2)), [1.0, np.nan]), "E_test and y must be finite"),
        (lambda: ORDERED.ntk_gap(np.inf, 1.0), "l must be a depth of at least 1, and finite, got inf"),
        (lambda: ORDERED.ntk_gap(50, np.nan), "E must be finite, got nan"),
        (lambda: ORDERED.nngp_gap(50, -0.5), "E must be at least 0, got -0.5"),
        (lambda: CHAOTIC.ntk_offdiagonal(50, np.inf), "E must be finite, got inf"),
        (lambda: CHAOTIC.coordinate([]), "one_minus_c is empty"),
        (lambda: CHAOTIC.coordinate([[0, 0.3], [0.2, 0]]), "as a Gram matrix has, but is not symmetric"),
        (
            lambda: ORDERED.kappa(2, [[0, 1, 1], [1, 0, 9], [1, 9, 0]]),
            "do not hold yet at depth 2: an eigenvalue would be -",
        ),
        (lambda: CHAOTIC.kappa(3, 5 * TWO), "the laws do not hold yet at depth 3"),
        (lambda: ORDERED.predictor(50, TWO, TWO[:1] + 1, np.ones(2), TWO), "offset and offset_test go together"),
        (lambda: CHAOTIC.predictor(50, TWO, TWO, np.ones(2)), "E_test is of test inputs that are the training inputs"),
        (
            lambda: CRITICAL.ntk_gap(500, 1e3),
            "do not hold yet at depth 500: they set in well beyond C/alpha, here 2.51e",
        ),
        (lambda: CHAOTIC.ntk_gap(40, 1e15), "do not hold yet at depth 40: the inputs have not parted from c = 1"),
        (lambda: CHAOTIC.kappa(50, TWO, 1.0, "nngp"), "offset belongs to the laws of the NTK"),
        (lambda: RELU.kappa(100, TWO, 1.0), "offset belongs to the laws of the NTK"),
        (
            lambda: ORDERED.one_minus_c(np.eye(3)),
            r"inputs must have K\(x, x\) = 0.52.* in the first layer: use normalised",
        ),
        (lambda: nk.asymptotics.of(nk.mean_field(nk.erf, 0, "0.1")), "no large-depth laws at sigma_w2 = 0"),
        (lambda: nk.asymptotics.of(nk.mean_field(nk.erf, 1, "0.1"), 3), "q_star is for ReLU without biases only"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nk.asymptotics.of("erf"), r"mf must be what ntkref.mean_field\(...\) returns, got 'erf'"),
        (lambda: ORDERED.ntk_diagonal("3x"), "l must be a depth or an array of depths, got '3x'"),
        (lambda: ORDERED.nngp_gap(50, "x"), "E must be real numbers, got 'x'"),
    ],
)
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_lists_are_arrays():
    assert np.array_equal(ORDERED.ntk_gap([10, 20], 1.0), [ORDERED.ntk_gap(10, 1.0), ORDERED.ntk_gap(20, 1.0)])
    assert np.array_equal(CRITICAL.ntk_gap([500, 1000], 1.0), [CRITICAL.ntk_gap(l, 1.0) for l in (500, 1000)])
    assert np.array_equal(ORDERED.nngp_gap(10, [1.0, 2.0]), ORDERED.nngp_gap(10, np.array([1.0, 2.0])))


def test_the_four_entries_agree():
    """Gaps and off-diagonal entries of each law are one statement."""
    for laws in (ORDERED, CHAOTIC, RELU, CRITICAL, nk.asymptotics.of(nk.mean_field(nk.relu, 2), 1)):
        for l in (30, 60):
            ntk = laws.ntk_diagonal(l) - laws.ntk_gap(l, 0.5) / 2
            nngp = laws.nngp_diagonal - laws.nngp_gap(l, 0.5) / 2
            assert abs(laws.ntk_offdiagonal(l, 0.5) / ntk - 1) < 1e-6  # chaos: the gap drowns p_ab
            assert abs(laws.nngp_offdiagonal(l, 0.5) / nngp - 1) < 1e-14


def test_laws_of_any_float_namespace_are_numpys():
    laws = nk.asymptotics.of(nk.mean_field(nk.relu, "1.5", "0.1", nk.floats(array_api_strict)))
    assert laws.ntk_gap(50, np.array([0.5])) == RELU.ntk_gap(50, np.array([0.5]))


def test_what_leaves_float64_raises():
    with pytest.raises(OverflowError, match=r"χ₁\^l overflows float64 at depth 4000; use numbers=digits"):
        CHAOTIC.ntk_diagonal(4000)
    with pytest.raises(FloatingPointError, match=r"χ₁\^l underflows float64 at depth 40000"):
        ORDERED.ntk_gap(40000, 1.0)
    with pytest.raises(FloatingPointError, match=r"underflows float64 at depth 40000"):
        ORDERED.kappa(np.int64(40000), TWO)
    close = np.array([[0, 1e-15, 0.1], [1e-15, 0, 0.1], [0.1, 0.1, 0]])  # its gaps are subnormal before χ₁^l is
    with pytest.raises(FloatingPointError, match="the law's matrix underflows float64"):
        ORDERED.predictor(2130, close, np.array([[0.2, 0.2, 0.1]]), np.ones(3))
    assert np.all(np.isfinite(ORDERED.predictor(2100, TWO, TWO[:1] + 1, np.ones(2))))
    with pytest.raises(FloatingPointError, match=r"underflows float64 at depth 2200"):
        ORDERED.nngp_gap(2200, 1.0)  # 1e-307: digits are about to go
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1.0", "0.18", nk.digits(20)))
    with pytest.raises(FloatingPointError, match="underflows float64, in which spectra and predictors of laws"):
        laws.kappa(40000, TWO)
    with pytest.raises(OverflowError, match="overflows float64, in which spectra and predictors of laws"):
        nk.asymptotics.of(nk.mean_field(nk.erf, "3.0", "0.18", nk.digits(20))).kappa(4000, TWO)
    assert 0 < laws.ntk_gap(40000, 1) < mpmath.mpf(10) ** -5000


def test_one_minus_c_is_that_of_the_first_layer():
    """K⁽¹⁾ typed in: σ_w² x·x'/n₀ + σ_b², bias included."""
    x = nk.normalised(np.random.default_rng(1).normal(size=(5, 4)), nk.fcn(2, nk.erf, "1.0", "0.18"))
    cosines = (1.0 * x @ x.T / 4 + 0.18) / ORDERED.mf.q_star
    assert np.max(np.abs(ORDERED.one_minus_c(x) - (1 - cosines))) < 1e-15 * 4
    assert np.max(np.abs(ORDERED.one_minus_c(x[:2], x) - (1 - cosines[:2]))) < 1e-15 * 4


def test_without_an_offset_it_is_0():
    E = ORDERED.coordinate(np.array([[0, 0.3, 0.5], [0.3, 0, 0.7], [0.5, 0.7, 0]]))
    for name in ("lambda_max", "lambda_bulk", "kappa", "max_learning_rate"):
        assert np.array_equal(getattr(ORDERED, name)(50, E), getattr(ORDERED, name)(50, E, 0))
    y = np.array([1.0, -2.0, 3.0])
    assert np.array_equal(ORDERED.predictor(50, E, E[:2] + 1, y), ORDERED.predictor(50, E, E[:2] + 1, y, 0, 0))


def test_the_first_layer_is_a_depth():
    assert abs(ORDERED.ntk_diagonal(1) / ORDERED.mf.q_star - 1) < 1e-15
    assert ORDERED.ntk_diagonal([1, 2]).shape == (2,)


def test_opposite_and_near_inputs():
    """x·(−x) is −|x|² up to rounding; a 1 × 1 cross matrix of near inputs is no Gram matrix."""
    relu = nk.asymptotics.of(nk.mean_field(nk.relu, 2), 1)
    x = nk.normalised(np.random.default_rng(0).normal(size=(50, 5)), nk.fcn(2, nk.relu, 2), q=1)
    e = np.diag(relu.one_minus_c(x, -x))
    assert np.max(e) <= 2
    assert np.all(np.isfinite(relu.coordinate(e)))
    assert ORDERED.coordinate([[1e-14]])[0, 0] == ORDERED.coordinate(1e-14) > 0


def test_a_gram_matrix_has_no_coordinate_on_its_diagonal_and_a_cross_matrix_does():
    square = np.array([[0.5, 0.25], [0.125, 0.75]])
    assert np.all(np.diag(ORDERED.coordinate(square)) > 0)
    gram = np.array([[0, 0.25], [0.25, 0]])
    assert np.all(np.diag(ORDERED.coordinate(gram)) == 0)
    for matrix in (gram, square):  # they settle at slightly different depths
        assert abs(ORDERED.coordinate(matrix)[0, 1] / ORDERED.coordinate(0.25) - 1) < 1e-14
