"""The critical line by each of its coordinates, against its closed forms and against chi_1 = 1 itself."""

import dataclasses
import itertools
import math

import brute_force as bf
import mpmath
import pytest
import sympy
from compare import agrees
from hypothesis import given, settings
from strategies import variances

import ntkref as nk
from ntkref.critical import line_at

CTX = bf.context(100)


def parametric(q):
    """THEORY h: sigma_w2 = (pi/4) sqrt(1+4q), sigma_b2 = q - sqrt(1+4q)/2 asin(2q/(1+2q))."""
    root = CTX.sqrt(1 + 4 * q)
    return CTX.pi / 4 * root, q - root / 2 * CTX.asin(2 * q / (1 + 2 * q))


def explicit(sigma_w2):
    """THEORY h: s = 4 sigma_w2/pi, q = (s^2-1)/4, sigma_b2 = (s^2-1)/4 - s (atan s - pi/4)."""
    s = 4 * sigma_w2 / CTX.pi
    q = (s * s - 1) / 4
    return q, q - s * (CTX.atan(s) - CTX.pi / 4)


@given(q=variances(1e-3, 1e4))
def test_by_q_star(q):
    point = nk.critical_point(nk.erf, q_star=q, numbers=nk.digits(50))
    sigma_w2, sigma_b2 = parametric(CTX.mpf(q))
    assert point.q_star == q
    assert agrees(point.sigma_w2, sigma_w2, 50)
    assert agrees(point.sigma_b2, sigma_b2, 50)


@given(factor=variances(1.001, 100.0))
def test_by_sigma_w2(factor):
    """The generic bracketed root equals the closed form q* = (s^2-1)/4 that it does not use."""
    sigma_w2 = factor * math.pi / 4
    point = nk.critical_point(nk.erf, sigma_w2=sigma_w2, numbers=nk.digits(50))
    q, sigma_b2 = explicit(CTX.mpf(sigma_w2))
    assert point.sigma_w2 == sigma_w2
    assert agrees(point.q_star, q, 50)
    assert agrees(point.sigma_b2, sigma_b2, 50)


@given(sigma_b2=variances(1e-8, 1e4))
def test_by_sigma_b2(sigma_b2):
    """Back through the parametric form: sigma_b2 is met, and chi_1 = 1 and q* = f(q*) by the textbook's kernels."""
    point = nk.critical_point(nk.erf, sigma_b2=sigma_b2, numbers=nk.digits(50))
    sigma_w2, back = parametric(CTX.mpf(point.q_star))
    assert point.sigma_b2 == sigma_b2
    assert agrees(back, CTX.mpf(sigma_b2), 45)  # near the tip sigma_b2 ~ (4/3) q^3 is a difference of terms of size q
    assert agrees(point.sigma_w2, sigma_w2, 49)
    value, slope = bf.textbook(CTX, "erf", *[CTX.mpf(point.q_star)] * 3)
    assert agrees(point.sigma_w2 * slope, 1, 48)
    assert agrees(CTX.mpf(point.sigma_w2) * value + CTX.mpf(sigma_b2), point.q_star, 48)


@settings(max_examples=max(5, settings().max_examples // 4))  # twelve solutions each
@given(q=variances(1e-3, 1e3))
def test_floats_are_correctly_rounded(q):
    """Whichever coordinate is given, the others are the nearest float64 of the 50-digit answer."""
    start = nk.critical_point(nk.erf, q_star=q)
    for name in ("q_star", "sigma_w2", "sigma_b2"):
        value = getattr(start, name)
        floats, exact = (nk.critical_point(nk.erf, **{name: value}, numbers=n) for n in (nk.float64, nk.digits(50)))
        for field in dataclasses.fields(floats):
            ours = getattr(floats, field.name)
            assert isinstance(ours, float)
            assert ours == float(getattr(exact, field.name)), (name, field.name)


def test_known_points():
    """The line at sigma_b2 = 0.18 by independent bisection; the notebook's (1.76, 0.18) is not on it."""
    q = bf.bisect(CTX, lambda q: parametric(q)[1] - CTX.mpf("0.18"), CTX.mpf("0.1"), CTX.mpf(3))
    point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=nk.digits(60))
    assert agrees(point.q_star, q, 60)
    assert agrees(point.sigma_w2, parametric(q)[0], 60)
    assert nk.critical_point(nk.erf, sigma_b2="0.18").sigma_w2 == 1.7476037497677033


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(40)], ids=repr)
def test_the_tip(numbers):
    """(pi/4, 0), q* = 0: by sigma_b2 or by q*; below it in sigma_w2 there is no critical point."""
    for given_zero in ({"sigma_b2": 0}, {"q_star": 0}):
        point = nk.critical_point(nk.erf, **given_zero, numbers=numbers)
        assert (point.sigma_b2, point.q_star) == (0, 0)
        assert agrees(mpmath.mpmathify(point.sigma_w2), CTX.pi / 4, 16 if numbers is nk.float64 else 40)
    with pytest.raises(ValueError, match=r"^sigma_w2 must be at least 0\.785398163397448.* erf ends, got 0\.78"):
        nk.critical_point(nk.erf, sigma_w2="0.78", numbers=numbers)


@pytest.mark.parametrize("sigma_b2", ["1e-30", "1e-12", "1e12", "1e30"])
def test_far_along_the_line(sigma_b2):
    """sigma_b2 ~ (4/3) q^3 at the tip, ~ q at the other end: thirty orders of magnitude each way."""
    point = nk.critical_point(nk.erf, sigma_b2=sigma_b2, numbers=nk.digits(30))
    wide = bf.context(300)
    q = wide.mpf(point.q_star)
    root = wide.sqrt(1 + 4 * q)
    assert agrees(point.sigma_w2, wide.pi / 4 * root, 29)
    back = q - root / 2 * wide.asin(2 * q / (1 + 2 * q))
    assert agrees(back, wide.mpf(sigma_b2), 28)
    law = (3 * wide.mpf(sigma_b2) / 4) ** (wide.one / 3) if sigma_b2.startswith("1e-") else wide.mpf(sigma_b2)
    assert agrees(q, law, 3)


def test_monotone_along_the_line():
    points = [nk.critical_point(nk.erf, q_star=q) for q in (0, 1e-6, 1e-3, 0.1, 1, 10, 1e3)]
    for a, b in itertools.pairwise(points):
        assert a.sigma_w2 < b.sigma_w2
        assert a.sigma_b2 < b.sigma_b2


def test_relu_is_one_point():
    """sigma_w2 = 2, sigma_b2 = 0, any q*: given, or none."""
    for numbers in (nk.float64, nk.digits(20)):
        for given_coordinate in ({"sigma_w2": 2}, {"sigma_b2": 0}):
            point = nk.critical_point(nk.relu, **given_coordinate, numbers=numbers)
            assert (point.sigma_w2, point.sigma_b2, point.q_star) == (2, 0, None)
        point = nk.critical_point(nk.relu, q_star="0.7", numbers=numbers)
        assert (point.sigma_w2, point.sigma_b2) == (2, 0)
        assert agrees(mpmath.mpmathify(point.q_star), CTX.mpf("0.7"), 15)
    assert nk.mean_field(nk.relu, 2, 0).phase == "critical"


def test_symbols():
    """The line as formulas: by q* for any activation with a closed form, by sigma_w2 for erf."""
    q, w = sympy.symbols("q w", positive=True)
    by_q = nk.critical_point(nk.erf, q_star=q, numbers=nk.symbols())
    sigma_w2, sigma_b2 = parametric(CTX.mpf(3) / 2)
    assert by_q.q_star == q
    for formula, truth in ((by_q.sigma_w2, sigma_w2), (by_q.sigma_b2, sigma_b2)):
        assert agrees(CTX.mpf(str(sympy.sympify(formula).subs(q, sympy.Rational(3, 2)).evalf(40))), truth, 38)
    by_w = nk.critical_point(nk.erf, sigma_w2=w, numbers=nk.symbols())
    variance, bias = explicit(CTX.mpf(5) / 4)
    for formula, truth in ((by_w.q_star, variance), (by_w.sigma_b2, bias)):
        assert agrees(CTX.mpf(str(sympy.sympify(formula).subs(w, sympy.Rational(5, 4)).evalf(40))), truth, 38)
    with pytest.raises(ValueError, match="no closed form in sigma_b2; give q_star"):
        nk.critical_point(nk.erf, sigma_b2=sympy.Symbol("b", positive=True), numbers=nk.symbols())
    for numbers in (nk.float64, nk.digits(10)):
        with pytest.raises(TypeError, match=r"^q_star = q is symbolic: use numbers=symbols\(\)"):
            nk.critical_point(nk.erf, q_star=q, numbers=numbers)


def test_line_at_any_number_system():
    numbers = nk.digits(40)
    ours = line_at(nk.erf, numbers.convert(bf.exact("1.5")), numbers)
    for value, truth in zip(ours, parametric(CTX.mpf("1.5")), strict=True):
        assert agrees(value, truth, 40)
    relu = line_at(nk.relu, numbers.convert(bf.exact("1.5")), numbers)
    assert relu == (2, 0)


def test_frozen():
    point = nk.critical_point(nk.erf, q_star=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.q_star = 2


@pytest.mark.parametrize(
    ("coordinates", "error", "message"),
    [
        ({}, TypeError, "^give exactly one of sigma_w2, sigma_b2 and q_star, got none"),
        ({"sigma_w2": 1, "sigma_b2": 1}, TypeError, r"^give exactly one .* got \['sigma_b2', 'sigma_w2'\]"),
        ({"sigma_w2": -1}, ValueError, "^sigma_w2 is a variance and must be >= 0, got -1"),
        ({"sigma_b2": "-0.5"}, ValueError, "^sigma_b2 .* >= 0, got -0\\.5"),
        ({"q_star": -1}, ValueError, "^q_star .* >= 0, got -1"),
        ({"sigma_b2": math.nan}, ValueError, "^sigma_b2 must be finite"),
        ({"q_star": math.inf}, ValueError, "^q_star must be finite"),
        ({"q_star": 1j}, TypeError, "^q_star must be an int.*complex"),
        ({"sigma_w2": "abc"}, ValueError, "^sigma_w2 .*'abc'"),
        ({"sigma_w2": 0}, ValueError, "^sigma_w2 must be at least"),
        ({"q_star": 1, "numbers": None}, TypeError, "^numbers must be"),
        ({"q_star": 1, "numbers": 3}, TypeError, "^numbers must be"),
    ],
    ids=str,
)
def test_bad_arguments(coordinates, error, message):
    with pytest.raises(error, match=message):
        nk.critical_point(nk.erf, **coordinates)


@pytest.mark.parametrize(
    ("name", "value"), [("sigma_w2", 1), ("sigma_w2", "2.0000001"), ("sigma_b2", "0.1"), ("sigma_w2", 0)]
)
def test_relu_has_no_other_point(name, value):
    with pytest.raises(ValueError, match=f"relu is critical at sigma_w2 = 2, sigma_b2 = 0 only, got {name} = "):
        nk.critical_point(nk.relu, **{name: value})


@pytest.mark.parametrize("activation", ["erf", None])
def test_bad_activation(activation):
    with pytest.raises(TypeError, match=r"^activation must be an activation such as ntkref\.erf, got"):
        nk.critical_point(activation, q_star=1)
