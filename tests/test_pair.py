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
from ntkref.pair import Covariance, Pair, area_of, each, mean_over, weighted_sum


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


# --- sums of pairs: convolutions, flattening, skip connections --------------------------------------------------------

FIELDS = [f.name for f in dataclasses.fields(Covariance)]


def spanned(x, y):
    """The exact fields of two vectors of rationals; the area squared."""
    xx, yy, xy = (sum(a * b for a, b in zip(u, v, strict=True)) for u, v in ((x, x), (y, y), (x, y)))
    return Covariance(xx, yy, xy, xx - yy, xx + yy - 2 * xy, xx + yy + 2 * xy, xx * yy - xy * xy)


def summed(exact, weights):
    """The fields of a weighted sum from its three entries, in rationals; the area squared."""
    x, y, xy = (sum(w * getattr(k, name) for k, w in zip(exact, weights, strict=True)) for name in ("x", "y", "xy"))
    return Covariance(x, y, xy, x - y, x + y - 2 * xy, x + y + 2 * xy, x * y - xy * xy)


def in_system(k, numbers):
    """`k` in a number system, each field rounded once, the area from its square."""

    def converted(name, v):
        if name == "area":
            exact = nk.digits(40)
            v = exact.sqrt(exact.convert(Fraction(v)))
            return float(v) if numbers is nk.float64 else v
        return numbers.convert(Fraction(v))

    return each(lambda name, v: np.asarray(converted(name, v))[()], k)


def off(total, truth):
    """The worst error of any field, relative to the field; of xy and diff relative to x + y."""
    exact = nk.digits(40)
    worst = 0
    for name in FIELDS:
        value, true = getattr(total, name), exact.convert(Fraction(getattr(truth, name)))
        if name == "area":
            true = exact.sqrt(true)
        scale = exact.convert(Fraction(truth.x + truth.y)) if name in ("xy", "diff") else true
        value = exact.context.mpf(value.item() if isinstance(value, np.generic | np.ndarray) else value)
        worst = max(worst, relative_error(value, true, scale) if value != true else 0)
    return worst


def planar():
    """A vector (a, a t)."""
    lengths, slopes = st.fractions(1, 4, max_denominator=64), st.fractions(-3, 3, max_denominator=64)
    return st.builds(lambda a, t: (a, a * t), lengths, slopes)


WEIGHTS = st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(3, 8), Fraction(0)])


@given(vectors=st.lists(st.tuples(planar(), planar()), min_size=1, max_size=5), data=st.data())
def test_weighted_sums(vectors, data):
    """All fields of sum w P against rationals: 38 of 40 digits, and in float64 to 40 u, the area among them."""
    weights = data.draw(st.lists(WEIGHTS, min_size=len(vectors), max_size=len(vectors)))
    exact = [spanned(*v) for v in vectors]
    truth = summed(exact, weights)
    for numbers, bound in ((nk.digits(40), 1e-38), (nk.float64, 40 * U)):
        total = weighted_sum([in_system(k, numbers) for k in exact], [numbers.convert(w) for w in weights], numbers)
        if truth.area == 0 and truth.x * truth.y:  # a parallel sum: no longer than rounding makes it
            assert total.area <= (1e-25 if numbers is not nk.float64 else 1e-7) * total.x
            continue
        assert off(total, truth) <= bound


@pytest.mark.parametrize("angle", ["1e-2", "1e-5", "1e-9", "1e-12"])
@pytest.mark.parametrize("ratios", [(2, 2, 2), (2, 3, 5), ("1.001", "1.002", "1.001"), ("1e3", 1, "1e-3")], ids=str)
def test_sums_of_unlike_vectors_nearly_parallel_keep_their_angle(ratios, angle):
    """y = r (cos, sin)(angle) x: of the area no digit is in gap cogap - diff^2, where the norms differ so much more
    than the directions; it is added from the parts' own areas, and from the ratios where those differ."""
    angle = Fraction(angle)
    vectors = [
        ((length, 0), (Fraction(r) * length, turn * angle * length))
        for length, r, turn in zip((1, 2, Fraction(1, 2)), ratios, (1, 2, -1), strict=True)
    ]
    exact = [spanned(*v) for v in vectors]
    parts = [in_system(k, nk.float64) for k in exact]
    for weights in ((1, 1, 1), (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))):
        truth = summed(exact, weights)
        total = weighted_sum(parts, [float(w) for w in weights], nk.float64)
        # Where the ratios differ by d the area is at least of order d, and u / d of it is lost in x1 y2 - x2 y1.
        assert off(total, truth) <= 40 * U, ratios
    stacked = each(lambda name, *v: np.array([v]), *parts)
    mean = each(lambda name, v: v[0], mean_over(stacked, 1, nk.float64))
    assert off(mean, summed(exact, [Fraction(1, 3)] * 3)) <= 40 * U


def test_an_equal_sum_of_parallel_vectors_is_parallel():
    """y = 2 x, pixel by pixel: every part has area 0 and the sum has."""
    parts = [in_system(spanned((a, b), (2 * a, 2 * b)), nk.float64) for a, b in ((1, 2), (3, -1), (Fraction(1, 3), 5))]
    assert weighted_sum(parts, [1.0, 1.0, 1.0], nk.float64).area == 0
    assert weighted_sum(parts, [0.5, 0.25, 0.25], nk.float64).area == 0


@given(vectors=st.lists(st.tuples(planar(), planar()), min_size=2, max_size=4))
def test_mean_over_an_axis_is_the_sum_with_equal_weights(vectors):
    """In 40 digits, over any axis; the axis is gone."""
    numbers, n = nk.digits(40), len(vectors)
    exact = [spanned(*v) for v in vectors]
    truth = summed(exact, [Fraction(1, n)] * n)
    parts = [in_system(k, numbers) for k in exact]
    for axis, shape in ((0, (n, 1, 1)), (2, (1, 1, n))):
        stacked = each(lambda name, *v, s=shape: np.array(v, dtype=object).reshape(s), *parts)
        mean = mean_over(stacked, axis, numbers)
        assert {np.shape(getattr(mean, name)) for name in FIELDS} == {(1, 1)}
        if truth.area:
            assert off(each(lambda name, v: v[0, 0], mean), truth) <= 1e-38


@given(vectors=st.lists(st.tuples(planar(), planar()), min_size=1, max_size=3))
def test_sums_of_pairs_have_no_area(vectors):
    """A `Pair`, such as Theta, is summed like a `Covariance`, in its five fields."""
    exact = [spanned(*v) for v in vectors]
    pairs = [Pair(*(float(getattr(k, name)) for name in FIELDS[:5])) for k in exact]
    total = weighted_sum(pairs, [0.5] * len(pairs), nk.float64)
    assert type(total) is Pair
    for name in FIELDS[:5]:
        assert abs(getattr(total, name) - sum(getattr(k, name) for k in pairs) / 2) <= 8 * U * (total.x + total.y)


@pytest.mark.parametrize(
    ("x", "y", "alike"),
    [((1, 0), (1, Fraction(1, 10**6)), True), ((3, 4), (-4, 3), True), ((1, 0), (2, Fraction(1, 1000)), False)],
)
def test_area_of_says_where_it_is_accurate(x, y, alike):
    """At most one bit is lost where twice diff^2 is below gap cogap."""
    exact = spanned(x, y)
    k = in_system(exact, nk.float64)
    area, accurate = area_of(k, nk.float64)
    assert bool(accurate) == alike
    if alike:
        assert relative_error(float(area), nk.digits(40).sqrt(nk.digits(40).convert(Fraction(exact.area)))) <= 8 * U
    assert area_of(each(lambda name, v: 0 * v, k), nk.float64)[0] == 0


def test_each_keeps_the_type_and_names_the_fields():
    seen = []
    doubled = each(lambda name, a, b: seen.append(name) or a + b, *[pair_of(1, 2, 3)] * 2)
    assert doubled == pair_of(2, 4, 6)
    assert type(doubled) is Pair
    assert seen == FIELDS[:5]
