"""The number systems: exact conversion, their few functions, what they refuse, and that each stays itself."""

import dataclasses
import math
from decimal import Decimal
from fractions import Fraction

import array_api_strict
import brute_force as bf
import mpmath
import numpy as np
import pytest
import sympy
from compare import U, agrees, relative_error
from hypothesis import given
from hypothesis import strategies as st

import ntkref as nk
from ntkref.exact import exact
from ntkref.numbers import Digits

STRICT = nk.floats(array_api_strict)
CTX = bf.context(80)


def test_printed_forms():
    assert [repr(n) for n in (nk.float64, nk.digits(50), nk.symbols(), STRICT)] == [
        "float64",
        "digits(50)",
        "symbols()",
        "floats(array_api_strict)",
    ]
    assert nk.floats(np) == nk.float64
    assert nk.digits(50) == nk.digits(50) != nk.digits(51)
    assert hash(nk.digits(50)) == hash(nk.digits(50))


def test_systems_are_frozen():
    for numbers, name in ((nk.digits(5), "n"), (nk.float64, "xp")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(numbers, name, None)


@pytest.mark.parametrize("n", [1, 16, 50, 400])
def test_digits_have_a_context_of_their_own(n):
    numbers = nk.digits(n)
    assert numbers.context is not mpmath.mp
    assert numbers.context.dps >= n + 20
    assert nk.digits(n).context is not numbers.context
    assert agrees(numbers.pi, bf.context(500).pi, n + 15)
    assert (numbers.eps, numbers.tiny) == (numbers.context.mpf(10) ** -n, 0)
    third = numbers.finish(numbers.convert(Fraction(1, 3)))
    assert agrees(third, bf.context(500).mpf(1) / 3, n)
    assert len(mpmath.nstr(third, 2 * n + 40).rstrip("3")) > n  # rounded to n, the guard digits are gone


def test_float_constants():
    assert nk.float64.pi == math.pi
    assert nk.float64.eps == 2.0**-53
    assert 0 < nk.float64.tiny < 2.0**-900


@given(value=st.fractions(max_denominator=10**30))
def test_convert_rounds_once(value):
    assert nk.float64.convert(value) == float(value)
    truth = bf.context(120).mpf(value.numerator) / value.denominator
    assert agrees(nk.digits(40).convert(value), truth, 55) or value == 0
    assert nk.symbols().convert(value) == sympy.Rational(value.numerator, value.denominator)


def test_convert_overflows_aloud():
    with pytest.raises(OverflowError, match="does not fit a float64"):
        nk.float64.convert(Fraction(10**400))
    assert agrees(nk.digits(5).convert(Fraction(10**400)), CTX.mpf(10) ** 400, 24)


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(10)], ids=repr)
def test_a_symbol_needs_symbols(numbers):
    with pytest.raises(TypeError, match=r"w is symbolic.*numbers=symbols\(\)"):
        numbers.convert(sympy.Symbol("w"))
    with pytest.raises(TypeError, match=r"w is symbolic.*numbers=symbols\(\)"):
        numbers.asarray(sympy.Symbol("w"), "q")


VALUES = [
    0,
    2,
    0.1,
    "0.1",
    "1e-3",
    Decimal("0.18"),
    Fraction(1, 3),
    np.float32(0.1),
    np.float64(0.1),
    mpmath.mpf("0.1"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_arrays_take_every_exact_number(value):
    truth = exact(value, "x")
    assert float(nk.float64.asarray(value, "x")) == float(truth)
    assert nk.digits(40).asarray(value, "x") == nk.digits(40).convert(truth)
    assert nk.float64.asarray([value, value], "x").shape == (2,)
    assert nk.digits(40).asarray([[value]], "x").shape == (1, 1)
    assert nk.symbols().asarray([value], "x")[0] == sympy.Rational(truth.numerator, truth.denominator)
    assert nk.float64.asarray(np.array([value], dtype=object), "x")[0] == float(truth)


def test_mixed_lists():
    """Strings beside floats: each entry keeps its own exact value."""
    array = nk.digits(30).asarray([["0.1", 0.1], [Fraction(1, 10), 1]], "x")
    assert array[0, 0] == array[1, 0] != array[0, 1]
    assert agrees(array[0, 1], bf.number(CTX, 0.1), 45)


def test_wide_floats_are_not_rounded_silently():
    value = np.longdouble(1) + np.finfo(np.longdouble).eps
    truth = Fraction(*value.as_integer_ratio())
    assert nk.digits(40).asarray(np.array([value]), "x")[0] == nk.digits(40).convert(truth)


@pytest.mark.parametrize("numbers", [nk.float64, STRICT, nk.digits(20), nk.symbols()], ids=repr)
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (float("nan"), ValueError, "finite"),
        ([1.0, float("inf")], ValueError, "finite"),
        (mpmath.nan, ValueError, "finite"),
        ([mpmath.inf], ValueError, "finite"),
        (np.array([mpmath.nan], dtype=object), ValueError, "finite"),
        ("nan", ValueError, "finite"),
        ([1, "x"], ValueError, "'x'"),
        (1j, TypeError, "complex"),
        ([mpmath.mpc(1, 1)], TypeError, "mpc"),
        (True, TypeError, "bool"),
        (np.array([True]), TypeError, "bool"),
        (None, TypeError, "None"),
        ([[1], [1, 2]], ValueError, "rectangular"),
    ],
    ids=lambda v: repr(v)[:25],
)
def test_arrays_refuse(numbers, value, error, message):
    with pytest.raises(error, match=f"^x1 .*{message}"):
        numbers.asarray(value, "x1")


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(20), nk.symbols()], ids=repr)
def test_dates_are_not_numbers(numbers):
    with pytest.raises(TypeError, match=r"^x1 must"):
        numbers.asarray(np.array(["2020-01-01"], dtype="datetime64[D]"), "x1")


def test_an_entry_too_large_names_its_argument():
    with pytest.raises(OverflowError, match="x1"):
        nk.float64.asarray([10**400, 1], "x1")


@pytest.mark.parametrize("bad", [0, -1, 2.5, "5", None, True])
def test_bad_digits(bad):
    with pytest.raises((ValueError, TypeError), match=r"digits\(n\) needs a whole number n >= 1, got"):
        nk.digits(bad)


@pytest.mark.parametrize("bad", [3, None, math, "numpy"])
def test_bad_namespace(bad):
    with pytest.raises(TypeError, match=r"floats\(xp\) needs an array namespace such as numpy, got"):
        nk.floats(bad)


ANGLES = st.one_of(st.floats(0, math.pi), st.integers(0, 300).map(lambda k: 10.0**-k))


def crescent_truth(angle):
    ctx = bf.context(1000)
    t = ctx.mpf(angle)
    return ctx.sin(t) - t * ctx.cos(t)


@given(angle=ANGLES)
def test_crescent(angle):
    """sin t - t cos t, which cancels to t^3/3: float64 within 6 u where t^3 is normal (measured 4.4), digits exact."""
    truth = crescent_truth(angle)
    numbers = nk.digits(30)
    assert agrees(numbers.crescent(numbers.context.mpf(angle)), truth, 45) or truth == 0
    if angle > 1e-100 or angle == 0:
        assert relative_error(float(nk.float64.crescent(np.asarray(angle))), truth) <= 6 * U


def test_crescent_across_its_branches():
    """The series hands over at t = 1 and is summed far enough: dense around there and at the far end."""
    angles = np.concatenate([np.linspace(0.9, 1.1, 101), np.linspace(2.9, math.pi, 50), np.nextafter(1, [0, 2]), [1.0]])
    for angle, value in zip(angles, nk.float64.crescent(angles), strict=True):
        assert relative_error(float(value), crescent_truth(angle)) <= 6 * U
    t = sympy.Symbol("t")
    assert nk.symbols().crescent(t) == sympy.sin(t) - t * sympy.cos(t)


FLOATS = st.floats(-1e3, 1e3).map(lambda v: v + 0.0)  # mpmath has no -0.0, and 0.0 + sigma_b2 leaves none here


@given(y=FLOATS, x=FLOATS)
@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(30)], ids=repr)
def test_functions_are_mpmaths(numbers, x, y):
    a, b = numbers.asarray(x, "x"), numbers.asarray(y, "y")
    ctx = bf.context(60)
    x, y = ctx.mpf(x), ctx.mpf(y)
    tolerance = 2 * U if numbers is nk.float64 else 1e-48
    pairs = [
        (numbers.sqrt(abs(a)), ctx.sqrt(abs(x))),
        (numbers.hypot(a, b), ctx.hypot(x, y)),
        (numbers.atan2(b, a), ctx.atan2(y, x)),
        (numbers.nonnegative(a), max(x, 0)),
        (numbers.where(a > b, a, b), max(x, y)),
    ]
    for ours, truth in pairs:
        ours = float(ours) if numbers is nk.float64 else ours
        assert relative_error(ours, truth) <= tolerance or abs(ours - truth) < 1e-300  # subnormal floats


def test_symbols_functions():
    x, y = sympy.symbols("x y", positive=True)
    numbers = nk.symbols()
    assert numbers.pi == sympy.pi
    assert numbers.sqrt(x) == sympy.sqrt(x)
    assert numbers.hypot(x, y) == sympy.sqrt(x**2 + y**2)
    assert numbers.atan2(y, x) == sympy.atan2(y, x)
    assert numbers.nonnegative(x) == x
    assert numbers.where(True, x, y) == x
    assert numbers.where(x > y, x, y).subs({x: 3, y: 2}) == 3
    assert numbers.finish(x) is x


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(20)], ids=repr)
def test_holds_everywhere_or_not_at_all(numbers):
    a = numbers.asarray([[1.0, 2.0], [3.0, 4.0]], "a")
    assert numbers.holds(a > 0)
    assert not numbers.holds(a > 1)
    assert not numbers.holds(a > 4)


def test_a_subclass_of_digits_with_more_guard():
    assert Digits(20, guard=80).context.dps == 100
    assert agrees(Digits(20, guard=80).finish(CTX.pi), CTX.pi, 20)
