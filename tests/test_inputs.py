"""From inputs to the first covariance: every field against rational arithmetic on the inputs' exact values."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from compare import U, agrees, relative_error
from hypothesis import given
from hypothesis import strategies as st
from strategies import input_sets, near, one_minus_cosines, variances

import ntkref as nk
from ntkref import inputs
from ntkref.inputs import checked_inputs, covariance_of_inputs, covariance_of_pair

FIELDS = ("xy", "diff", "gap", "cogap", "area")


def rational(x1, x2, numbers):
    """The fields for two vectors, sums of exact products; the area is the root of one exact rational."""
    a, b = ([Fraction(v) for v in x] for x in (x1, x2))
    n = len(a)
    x, y, xy = (sum(u * v for u, v in zip(p, q, strict=True)) / n for p, q in ((a, a), (b, b), (a, b)))
    area = numbers.sqrt(numbers.convert(x * y - xy * xy))
    exact = {"xy": xy, "diff": x - y, "gap": x + y - 2 * xy, "cogap": x + y + 2 * xy}
    return x, y, {name: numbers.convert(v) for name, v in exact.items()} | {"area": area}


@given(x=input_sets(features=5))
def test_digits_are_exact(x):
    """All fields to 30 digits, near-duplicates at 1e-8 included.

    diff of inputs of nearly equal norm may cancel; it enters squared, beside the gap, so the gap is its scale.
    """
    numbers = nk.digits(40)
    ours = covariance_of_inputs(*(checked_inputs(x, "x", numbers),) * 2, numbers)
    for i, j in np.ndindex(len(x), len(x)):
        norm_i, norm_j, truth = rational(x[i], x[j], nk.digits(80))
        assert agrees(ours.x[i, 0], numbers.convert(norm_i), 40)
        assert agrees(ours.y[0, j], numbers.convert(norm_j), 40)
        for name in ("gap", "cogap", "area", "xy", "diff"):
            value, true = getattr(ours, name)[i, j], truth[name]
            if name in ("xy", "diff"):  # sums of terms of both signs, 20 guard digits for what they cancel
                assert abs(value - true) <= 1e-50 * float(norm_i + norm_j), (name, i, j)
            else:
                assert agrees(value, true, 30) or abs(value - true) <= 1e-60, (name, i, j)


@given(x=input_sets(features=5))
def test_float64_keeps_gaps_and_area(x):
    """gap and cogap within 8 u; area within 8 u of the product of the two sides that span it.

    The area of nearly parallel vectors is what the shorter of x -+ x' has across the longer: its rounding is
    relative to that shorter side, so a parallel difference (x' = (1 + d) x) leaves u d, not 0.
    """
    ours = covariance_of_inputs(x, x, nk.float64)
    for i, j in np.ndindex(len(x), len(x)):
        _, _, truth = rational(x[i], x[j], nk.digits(40))
        for name in ("gap", "cogap"):
            assert relative_error(float(getattr(ours, name)[i, j]), truth[name]) <= 8 * U
        sides = (truth["gap"] * truth["cogap"]) ** 0.5 / 2
        assert abs(float(ours.area[i, j]) - truth["area"]) <= 8 * U * sides


def test_nearly_parallel_in_float64():
    """x' = x + 1e-8 d, d across x: the area is right to 4 u although x x' - xy^2 has no digit left."""
    x = np.array([3.0, 1.0, -2.0, 0.5])
    across = np.array([1.0, -3.0, 0.0, 0.0])
    other = x + 1e-8 * across
    k = covariance_of_inputs(x[None], other[None], nk.float64)
    _, _, truth = rational(x, other, nk.digits(40))
    assert relative_error(float(k.area[0, 0]), truth["area"]) <= 4 * U
    assert relative_error(float(k.gap[0, 0]), truth["gap"]) <= 4 * U
    plain = float(k.x[0, 0] * k.y[0, 0] - k.xy[0, 0] ** 2)
    assert abs(plain / float(truth["area"]) ** 2 - 1) > 0.1


@pytest.mark.parametrize("ratio", [1.0, 1e3, 1e6])
def test_area_of_unequal_norms(ratio):
    """|x x'| sin(angle) does not get worse when one vector outgrows the other."""
    x, other = np.array([1.0, 2.0, -0.5]), ratio * np.array([0.3, -1.0, 0.9])
    _, _, truth = rational(x, other, nk.digits(40))
    for pair in ((x, other), (other, x)):
        k = covariance_of_inputs(*(v[None] for v in pair), nk.float64)
        assert relative_error(float(k.area[0, 0]), truth["area"]) <= 8 * U


@given(x=input_sets())
def test_order_of_inputs_to_the_last_bit(x):
    """k(a, b) = k(b, a)^T bitwise, diff with its sign turned."""
    ab = covariance_of_inputs(x, x[::-1], nk.float64)
    ba = covariance_of_inputs(x[::-1], x, nk.float64)
    for name in FIELDS:
        sign = -1 if name == "diff" else 1
        assert (getattr(ab, name) == sign * getattr(ba, name).T).all(), name
    assert (ab.x == ba.y.T).all()


def test_blocks_change_nothing(monkeypatch):
    """Memory is bounded by taking rows of x1 in blocks: any block size, the last one short, gives the same bits."""
    rng = np.random.default_rng(1)
    x1, x2 = rng.standard_normal((7, 3)), rng.standard_normal((4, 3))
    whole = covariance_of_inputs(x1, x2, nk.float64)
    sizes = []
    block = inputs.covariance_of_vectors
    monkeypatch.setattr(inputs, "covariance_of_vectors", lambda a, *rest: sizes.append(len(a)) or block(a, *rest))
    for size in (1, 2 * 12, 3 * 12 + 5):
        monkeypatch.setattr(inputs, "_BLOCK", size)
        parts = covariance_of_inputs(x1, x2, nk.float64)
        for name in ("x", "y", *FIELDS):
            assert (getattr(parts, name) == getattr(whole, name)).all()
    assert sizes == [1] * 7 + [2, 2, 2, 1] + [3, 3, 1]


def test_shapes():
    k = covariance_of_inputs(np.ones((3, 4)), 2 * np.ones((2, 4)), nk.float64)
    assert k.x.shape == (3, 1)
    assert k.y.shape == (1, 2)
    assert {getattr(k, name).shape for name in FIELDS} == {(3, 2)}
    assert (k.x, k.y, k.xy) == (pytest.approx(1), pytest.approx(4), pytest.approx(2))  # x.x/n0, not x.x


def test_zero_rows():
    """No direction, no area, no division: 0 against 0 and 0 against x, in either place."""
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    k = covariance_of_inputs(x, x, nk.float64)
    assert (k.area == 0).all()
    assert (k.gap == [[0, 12.5], [12.5, 0]]).all()
    assert (k.xy == [[0, 0], [0, 12.5]]).all()


@given(q=variances(1e-6, 1e6), e=one_minus_cosines())
def test_covariance_of_pair(q, e):
    """The exact fields at 40 digits, and in float64 within 4 u: 1 - c is never recovered from c."""
    q, e = Fraction(q), Fraction(e)
    exact = {"x": q, "y": q, "xy": q * (1 - e), "diff": 0, "gap": 2 * q * e, "cogap": 2 * q * (2 - e)}
    numbers = nk.digits(40)
    ours, floats = (covariance_of_pair(float(q), float(e), system) for system in (numbers, nk.float64))
    truth = {name: numbers.convert(Fraction(value)) for name, value in exact.items()}
    truth["area"] = numbers.convert(q) * numbers.sqrt(numbers.convert(e * (2 - e)))
    for name, true in truth.items():
        assert agrees(getattr(ours, name), true, 50) or true == getattr(ours, name) == 0
        assert relative_error(float(getattr(floats, name)), true) <= 4 * U


def test_pairs_broadcast():
    k = covariance_of_pair([[1.0], [2.0]], [0.0, 0.5, 2.0], nk.float64)
    assert {getattr(k, name).shape for name in ("x", "y", *FIELDS)} == {(2, 3)}


BAD_INPUTS = [
    ([[1.0, float("nan")]], ValueError, "must be finite.* got (nan|NaN)"),
    ([[1.0, float("inf")]], ValueError, "must be finite.* got .*inf"),
    (np.array([["nan", "1"]]), ValueError, "finite.*got 'nan'"),
    ([[1.0, 1j]], TypeError, "must hold real numbers, got dtype complex128"),
    ([["1", 1j]], (TypeError, ValueError), "1j"),
    (np.array([[True, False]]), TypeError, "must hold real numbers, got dtype bool"),
    ([["a", "b"]], ValueError, "decimal string, got 'a'"),
    ([[None, 1.0]], TypeError, "got NoneType: None"),
    (None, TypeError, "got NoneType: None"),
    (np.zeros((0, 3)), ValueError, r"empty: shape \(0, 3\)"),
    (np.zeros((3, 0)), ValueError, r"empty: shape \(3, 0\)"),
    ([], ValueError, r"shape \(n, features\), got shape \(0,\)"),
    ([1.0, 2.0], ValueError, r"shape \(n, features\), got shape \(2,\)"),
    (3.0, ValueError, r"shape \(n, features\), got shape \(\)"),
    (np.zeros((2, 8, 8)), ValueError, r"got shape \(2, 8, 8\); flatten images"),
    ([[1.0, 2.0], [3.0]], ValueError, "rectangular"),
]


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(20)], ids=repr)
@pytest.mark.parametrize(("x", "error", "message"), BAD_INPUTS, ids=lambda v: repr(v)[:25])
def test_bad_inputs(x, error, message, numbers):
    with pytest.raises(error, match=f"^train .*{message}"):
        checked_inputs(x, "train", numbers)


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(20)], ids=repr)
@pytest.mark.parametrize(
    ("q", "e", "error", "message"),
    [
        (-1, 0.5, ValueError, "^q is a variance and must be >= 0, got -1"),
        (1, -0.5, ValueError, r"^one_minus_c is 1 - cosine and must lie in \[0, 2\], got -0\.5"),
        (1, 2.5, ValueError, r"^one_minus_c is 1 - cosine and must lie in \[0, 2\], got 2\.5"),
        ([1, 1], [0.5, 2.5], ValueError, r"must lie in \[0, 2\].*2\.5"),
        (float("nan"), 0.5, ValueError, "^q must be finite"),
        (1, float("nan"), ValueError, "^one_minus_c must be finite"),
        (float("inf"), 0.5, ValueError, "^q must be finite"),
        (1j, 0.5, TypeError, "^q must hold real numbers, got dtype complex"),
        (1, 1j, TypeError, "^one_minus_c must hold real numbers, got dtype complex"),
        ("x", 0.5, ValueError, "^q .*'x'"),
        (None, 0.5, TypeError, "^q .*None"),
        ([1, 2], [0.1, 0.2, 0.3], ValueError, r"q \(2,\) and one_minus_c \(3,\) do not broadcast"),
        ([[1, 2], [3]], 0.5, ValueError, "^q must be rectangular"),
    ],
)
def test_bad_pairs(q, e, error, message, numbers):
    with pytest.raises(error, match=message):
        covariance_of_pair(q, e, numbers)


@given(x=input_sets(), scale=st.sampled_from([0.5, 2.0, 1024.0]))
def test_powers_of_two_scale_exactly(x, scale):
    small, large = (covariance_of_inputs(v, v, nk.float64) for v in (x, scale * x))
    for name in ("x", "y", *FIELDS):
        assert (getattr(large, name) == scale**2 * getattr(small, name)).all(), name


def test_near_is_near():
    """The strategy does what it says: the controlled distance is relative to the length."""
    x = np.array([3.0, 4.0])
    assert np.linalg.norm(near(x, np.array([1.0, 1.0]), 1e-3) - x) == pytest.approx(5e-3)


def test_symbolic_inputs_are_refused_by_name():
    """Which of two formulas is better depends on signs that symbols don't have."""
    a, b = sympy.symbols("a b", positive=True)
    with pytest.raises(TypeError, match=r"x1 must hold numbers, also with symbols\(\); kernels_of_pair takes"):
        nk.kernels(nk.fcn(2, nk.relu, 2), [[a, b], [b, a]], numbers=nk.symbols())
