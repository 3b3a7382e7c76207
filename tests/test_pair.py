"""The rules of a `Pair` are identities: checked in rational arithmetic, where an identity holds or does not."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from compare import U, agrees, relative_error
from hypothesis import given
from hypothesis import strategies as st
from strategies import fractions

import ntkref as nk
from ntkref.pair import Covariance, Pair


def times(a, b):
    """The product in exact arithmetic: symbols() takes each formula as it stands."""
    return a.times(b, nk.symbols())


def pair_of(x, xy, y):
    return Pair(x, y, xy, x - y, x + y - 2 * xy)


def rational_pairs():
    return st.builds(pair_of, fractions(), fractions(), fractions())


def consistent(pair):
    return pair.diff == pair.x - pair.y and pair.gap == pair.x + pair.y - 2 * pair.xy


@given(a=rational_pairs(), b=rational_pairs())
def test_sum_is_entrywise(a, b):
    c = a + b
    assert (c.x, c.y, c.xy) == (a.x + b.x, a.y + b.y, a.xy + b.xy)
    assert consistent(c)


@given(a=rational_pairs(), scale=fractions())
def test_scaling_is_entrywise(a, scale):
    c = a * scale
    assert (c.x, c.y, c.xy) == (scale * a.x, scale * a.y, scale * a.xy)
    assert consistent(c)


@given(a=rational_pairs(), b=rational_pairs())
def test_hadamard_product_is_entrywise(a, b):
    """gap(ab) = a12 gap(b) + gap(a)(b1 + b2)/2 + diff(a) diff(b)/2, exactly."""
    c = times(a, b)
    assert (c.x, c.y, c.xy) == (a.x * b.x, a.y * b.y, a.xy * b.xy)
    assert consistent(c)


@given(a=rational_pairs(), b=rational_pairs(), c=rational_pairs())
def test_algebra(a, b, c):
    """The product commutes, associates and distributes, gaps included."""
    assert times(a, b) == times(b, a)
    assert times(times(a, b), c) == times(a, times(b, c))
    assert times(a, b + c) == times(a, b) + times(a, c)


def test_the_gap_of_a_product_keeps_its_digits():
    """Kernels 1e-30 apart: entries agree in all digits of a float64, the gap of the product is right to 3 u."""
    a = Pair(2.0, 2.0, 2.0, 0.0, 1e-30)
    b = Pair(3.0, 3.0, 3.0, 0.0, 5e-31)
    assert relative_error(float(a.times(b, nk.float64).gap), 2 * Fraction(5e-31).__float__() + 3e-30) <= 3 * U
    assert a.xy * b.xy == a.x * b.x  # by subtraction nothing would be left


def test_unequal_variances_enter_the_gap():
    """x = 1, y = 1 + d, parallel: d^2/4-sized gaps of a product, where diff(a) diff(b) matters."""
    numbers = nk.digits(60)
    d = numbers.context.mpf("1e-20")
    vectors = [(numbers.context.one, 1 + d)]
    ((a, b),) = vectors
    parallel = Pair(a * a, b * b, a * b, a * a - b * b, (a - b) ** 2)
    product = times(parallel, parallel)
    assert agrees(product.gap, (a * a - b * b) ** 2, 35)
    assert agrees(product.diff, a**4 - b**4, 35)


@given(
    x=st.fractions(1, 4, max_denominator=50),
    y=st.fractions(1, 4, max_denominator=50),
    cosine=st.fractions(-1, 1, max_denominator=50),
    scale=st.fractions(0, 5, max_denominator=50),
    shift=st.fractions(0, 5, max_denominator=50),
)
def test_affine(x, y, cosine, scale, shift):
    """scale K + shift 11^T: entries, diff, gap, cogap and the area of the 2x2 determinant, to 40 digits."""
    numbers = nk.digits(45)
    x, y, cosine, scale, shift = (numbers.convert(v) for v in (x * x, y * y, cosine, scale, shift))
    xy = cosine * numbers.sqrt(x * y)
    area = numbers.sqrt(x * y) * numbers.sqrt((1 - cosine) * (1 + cosine))
    k = Covariance(x, y, xy, x - y, x + y - 2 * xy, x + y + 2 * xy, area).affine(scale, shift, numbers)
    a, b, c = scale * x + shift, scale * y + shift, scale * xy + shift
    truth = {"x": a, "y": b, "xy": c, "diff": a - b, "gap": a + b - 2 * c, "cogap": a + b + 2 * c}
    for name, value in truth.items():
        assert abs(getattr(k, name) - value) <= 1e-40 * (1 + a + b), name
    assert isinstance(k, Covariance)
    assert abs(k.area**2 - (a * b - c * c)) <= 1e-40 * (1 + a * b)


def test_affine_does_not_overflow_where_the_result_does_not():
    """The area is a hypotenuse of areas: neither a square of 1e200 nor shift times gap is formed."""
    k = Covariance(*np.array([[1e200], [1e200], [0.0], [0.0], [2e200], [2e200], [1e200]]))
    assert k.affine(1.0, 1e200, nk.float64).area == pytest.approx(np.sqrt(3) * 1e200, rel=4 * U)


def test_pairs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair_of(1, 1, 1).gap = 0


def test_fields_broadcast():
    """Over n1 x n2 pairs x is (n1, 1), y (1, n2): the product is (n1, n2) where it mixes them."""
    ones = np.ones
    p = Pair(ones((3, 1)), ones((1, 2)), ones((3, 2)), ones((3, 2)), ones((3, 2)))
    assert {name: np.shape(getattr(p.times(p, nk.float64), name)) for name in ("x", "y", "xy", "diff", "gap")} == {
        "x": (3, 1),
        "y": (1, 2),
        "xy": (3, 2),
        "diff": (3, 2),
        "gap": (3, 2),
    }
