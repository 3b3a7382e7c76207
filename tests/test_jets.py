"""Jets: f, f_s, f_t and f_st of every function of a number system against mpmath's numerical derivatives."""

import operator

import mpmath
import numpy as np
import pytest
from compare import U, covariance, relative_error
from strategies import LISTED

import ntkref as nk
from ntkref.jets import Jet, Jets
from ntkref.pair import Covariance
from ntkref.steps import normed

CTX = mpmath.MPContext()
CTX.dps = 120
DIGITS = nk.digits(120)
BASES = [nk.float64, nk.digits(25)]
AT = (0.375, 0.25)  # where s and t are


def x_of(s, t):
    return 2 + s * 3 / 4 - t / 2 + s * t * 5 / 4 + s * s / 8


def y_of(s, t):
    return 1 + s / 2 + t * t + s * t / 4


def jet_of(function, base):
    """The jet of a polynomial in s and t, its derivatives exact to 40 digits, as (1,) arrays of `base`."""
    terms = [
        CTX.diff(function, AT, order, h=CTX.mpf("1e-20")) if any(order) else function(*map(CTX.mpf, AT))
        for order in ((0, 0), (1, 0), (0, 1), (1, 1))
    ]
    return Jet(
        *(
            np.array([v if base is not nk.float64 else float(v)], dtype=object if base is not nk.float64 else float)
            for v in terms
        )
    )


def derivatives(function):
    """(f, f_s, f_t, f_st) of a function of s and t, by mpmath: differences over 1e-20, right to 1e-35."""
    return [function(*map(CTX.mpf, AT))] + [
        CTX.diff(function, AT, order, h=CTX.mpf("1e-20")) for order in ((1, 0), (0, 1), (1, 1))
    ]


def agree(jet, function, base, slack=1):
    """Within 40 u on the scale of the largest term, or 20 of 25 digits."""
    truth = derivatives(function)
    scale = max(map(abs, truth))
    for name, true in zip(("f", "s", "t", "st"), truth, strict=True):
        value = np.asarray(getattr(jet, name)).ravel()[0]
        assert relative_error(value if base is not nk.float64 else float(value), true, scale) <= slack * (
            40 * U if base is nk.float64 else 1e-20
        ), name


def xy(base):
    return jet_of(x_of, base), jet_of(y_of, base)


ARITHMETIC = {
    "x + y": lambda x, y: x + y,
    "x + 2": lambda x, y: x + 2,
    "2 + x": lambda x, y: 2 + x,
    "x - y": lambda x, y: x - y,
    "x - 2": lambda x, y: x - 2,
    "2 - x": lambda x, y: 2 - x,
    "-x": lambda x, y: -x,
    "x y": lambda x, y: x * y,
    "3 x": lambda x, y: 3 * x,
    "x 3": lambda x, y: x * 3,
    "x / y": lambda x, y: x / y,
    "x / 4": lambda x, y: x / 4,
    "4 / x": lambda x, y: 4 / x,
    "x^1": lambda x, y: x**1,
    "x^2": lambda x, y: x**2,
    "x^3": lambda x, y: x**3,
    "x^4": lambda x, y: (x - y) ** 4,
    "all of it": lambda x, y: (x * x - 3 * y) / (1 + x * y) - 2 / (y + x) + (x / y) ** 2,
}


@pytest.mark.parametrize("base", BASES, ids=repr)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic(name, base):
    operation = ARITHMETIC[name]
    agree(operation(*xy(base)), lambda s, t: operation(x_of(s, t), y_of(s, t)), base)


@pytest.mark.parametrize("base", BASES, ids=repr)
def test_arrays_in_front_of_jets(base):
    """NumPy hands its operators over: a jet is not an element."""
    x, y = xy(base)
    two = x.f * 0 + 2
    for operation in (operator.add, operator.sub, operator.mul, operator.truediv):
        left = operation(two, y)
        assert isinstance(left, Jet)
        agree(left, lambda s, t, o=operation: o(CTX.mpf(2), y_of(s, t)), base)


FUNCTIONS = {
    "sqrt": (lambda f, x, y: f.sqrt(x), lambda x, y: CTX.sqrt(x)),
    "hypot": (lambda f, x, y: f.hypot(x, y), lambda x, y: CTX.sqrt(x * x + y * y)),
    "atan2": (lambda f, x, y: f.atan2(y, x), lambda x, y: CTX.atan2(y, x)),
    "atan2, second quadrant": (lambda f, x, y: f.atan2(y, -x), lambda x, y: CTX.atan2(y, -x)),
    "atan2 of 1": (lambda f, x, y: f.atan2(x, 1 + 0 * x.f), lambda x, y: CTX.atan2(x, 1)),
    "crescent": (lambda f, x, y: f.crescent(y), lambda x, y: CTX.sin(y) - y * CTX.cos(y)),
    "crescent of a small angle": (
        lambda f, x, y: f.crescent(y / 64),
        lambda x, y: CTX.sin(y / 64) - y / 64 * CTX.cos(y / 64),
    ),
    "sin": (lambda f, x, y: f.sin(x), lambda x, y: CTX.sin(x)),
    "cos": (lambda f, x, y: f.cos(x), lambda x, y: CTX.cos(x)),
    "exp": (lambda f, x, y: f.exp(x), lambda x, y: CTX.exp(x)),
    "expm1": (lambda f, x, y: f.expm1(y), lambda x, y: CTX.expm1(y)),
    "abs": (lambda f, x, y: f.abs(y - x), lambda x, y: abs(y - x)),
    "nonnegative": (lambda f, x, y: f.nonnegative(x), lambda x, y: x),
    "nonnegative of a negative": (lambda f, x, y: f.nonnegative(-x), lambda x, y: 0 * x),
    "where": (lambda f, x, y: f.where(x > y, x, y), lambda x, y: x),
    "where not": (lambda f, x, y: f.where(x < y, x, y), lambda x, y: y),
    "where, a number": (lambda f, x, y: f.where(x < y, x, 7 + 0 * x.f), lambda x, y: 7 + 0 * x),
    "better": (lambda f, x, y: f.better((x * 1000, y - x * 1000), (x, y - x)), lambda x, y: y),
    "pi": (lambda f, x, y: x * f.pi, lambda x, y: x * CTX.pi),
}


@pytest.mark.parametrize("base", BASES, ids=repr)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, base):
    function, true = FUNCTIONS[name]
    agree(function(Jets(base), *xy(base)), lambda s, t: true(x_of(s, t), y_of(s, t)), base)


@pytest.mark.parametrize("base", BASES, ids=repr)
def test_better_takes_the_sum_of_smaller_terms_with_its_derivatives(base):
    x, y = xy(base)
    assert Jets(base).better((x, -y), (y - x, 0 * x)).f == y.f - x.f
    assert Jets(base).better((y - x, 0 * x), (x, -y)).st == y.st - x.st


@pytest.mark.parametrize("base", BASES, ids=repr)
def test_plain_numbers_pass_through(base):
    """What is no jet is the base's: hyperparameters, conditions."""
    jets, number = Jets(base), base.convert(nk.Dense("2").sigma_w2)
    assert jets.convert(nk.Dense("2").sigma_w2) == number
    assert jets.sqrt(number) == base.sqrt(number)
    assert jets.where(True, number, 0) == number
    assert jets.pi == base.pi
    assert jets.holds(np.array([True, True]))
    assert not jets.holds(np.array([True, False]))


@pytest.mark.parametrize("base", BASES, ids=repr)
def test_comparisons_are_those_of_values(base):
    x, y = xy(base)
    results = [x > y, y < x, x >= x, x <= x, x == x, x > 2, y < 2, x >= 2.5, x <= 2]
    assert [bool(v[0]) for v in results] == [True] * 5 + [
        bool(x.f[0] > 2),
        bool(y.f[0] < 2),
        bool(x.f[0] >= 2.5),
        False,
    ]
    with pytest.raises(TypeError):
        hash(x)


def entries(s, t):
    """q1, q12, q2 of vectors that move: u = (1 + s, 1/2 − s/4), v = (1/2 + t/3, 1 − t)."""
    u, v = (1 + s, CTX.mpf(1) / 2 - s / 4), (CTX.mpf(1) / 2 + t / 3, 1 - t)
    return (sum(a * b for a, b in zip(p, q, strict=True)) for p, q in ((u, u), (u, v), (v, v)))


def fields_of(s, t):
    return covariance(DIGITS, *entries(s, t))


@pytest.mark.parametrize("base", BASES, ids=repr)
@pytest.mark.parametrize(
    "closed_form",
    [*(phi.duals for phi in LISTED if not phi.integrated), nk.sinusoid(2, "0.5").duals, normed],
    ids=[*(phi.name for phi in LISTED if not phi.integrated), "sinusoid", "norm"],
)
def test_closed_forms_run_on_jets(closed_form, base):
    """𝒯 and 𝒯̇ of moving vectors: ∂²/∂s∂t of every entry and gap that is used, by mpmath on the closed form itself."""
    k = Covariance(
        *(jet_of(lambda s, t, n=n: getattr(fields_of(s, t), n), base) for n in Covariance.__dataclass_fields__)
    )
    ours = closed_form(k, Jets(base))
    for part in range(2):
        for name in ("xy", "gap"):

            def of(s, t, part=part, name=name):
                return np.asarray(getattr(closed_form(_arrays(fields_of(s, t)), DIGITS)[part], name)).ravel()[0]

            agree(getattr(ours[part], name), of, base, slack=4)


def _arrays(k):
    return Covariance(*(np.array([getattr(k, n)], dtype=object) for n in Covariance.__dataclass_fields__))


def test_fields_broadcast():
    """(n, 1) and (1, m) make (n, m), in every derivative."""
    x = Jet(*(np.full((2, 1), v) for v in (1.0, 2.0, 0.0, 0.0)))
    y = Jet(*(np.full((1, 3), v) for v in (1.0, 0.0, 3.0, 0.0)))
    product = Jets(nk.float64).sqrt(x * y)
    assert {getattr(product, n).shape for n in ("f", "s", "t", "st")} == {(2, 3)}
    assert product.st[0, 0] == 1.5  # √(xy): x_s y_t /(4 √(xy))
