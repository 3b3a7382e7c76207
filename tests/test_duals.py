"""The closed forms against integration of the definition, and every carried field against plain subtraction."""

import brute_force as bf
import numpy as np
import pytest
import sympy
from compare import U, agrees, covariance, relative_error
from hypothesis import given
from hypothesis import strategies as st
from strategies import CLOSED_FORM, one_minus_cosines, variances

import ntkref as nk
from ntkref.duals import erf_curvature, relu_duals
from ntkref.inputs import covariance_of_pair
from ntkref.pair import Covariance

# (q11, c, q22): equal and unequal variances, obtuse, acute, nearly parallel, orthogonal, small and large.
POINTS = [
    (1.0, 0.5, 1.0),
    (1.0, -0.25, 4.0),
    (0.01, 0.9, 2.0),
    (3.0, -0.96875, 0.5),
    (0.5, 0.0, 0.75),
    (0.25, 0.9990234375, 0.25),
    (6.0, 0.75, 0.0625),
]
FIELDS = ("x", "y", "xy", "diff", "gap", "cogap", "area")


def both(activation, q11, q12, q22, ctx, route):
    """T and Tdot of the pair as dicts of what a `Covariance` carries, by plain arithmetic on `route`'s expectations."""
    values = [route(ctx, activation.name, *q) for q in ((q11, q11, q11), (q22, q22, q22), (q11, q12, q22))]
    for x, y, xy in zip(*values, strict=True):
        gap, cogap = x + y - 2 * xy, x + y + 2 * xy
        yield {"x": x, "y": y, "xy": xy, "diff": x - y, "gap": gap, "cogap": cogap, "area": ctx.sqrt(x * y - xy * xy)}


def fields_of(pair):
    return {name: getattr(pair, name) for name in FIELDS if getattr(pair, name, None) is not None}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_closed_form_is_the_integral(activation, point):
    """Every field of T and Tdot to 30 digits (integrals are carried to 36; gaps lose what they subtract)."""
    ctx = bf.context(40)
    q11, q22 = ctx.mpf(point[0]), ctx.mpf(point[2])
    q12 = ctx.mpf(point[1]) * ctx.sqrt(q11 * q22)
    numbers = nk.digits(45)
    for ours, truth in zip(
        activation.duals(covariance(numbers, *map(numbers.convert, (q11, q12, q22))), numbers),
        both(activation, q11, q12, q22, ctx, bf.integral),
        strict=True,
    ):
        for name, value in fields_of(ours).items():
            assert agrees(value, truth[name], 30) or abs(value - truth[name]) < 1e-37, (name, value, truth[name])


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_integration_has_converged(activation):
    """The reference itself: two step sizes agree to the coarser one's digits, so neither rests on its error bound."""
    for point in POINTS[:3]:
        results = []
        for digits in (24, 36):
            ctx = bf.context(digits)
            results.append(
                bf.integral(ctx, activation.name, ctx.mpf(point[0]), ctx.mpf(point[1]) / 8, ctx.mpf(point[2]))
            )
        for coarse, fine in zip(*results, strict=True):
            assert agrees(coarse, fine, 22)


@given(q11=variances(1e-6, 1e4), q22=variances(1e-6, 1e4), e=one_minus_cosines())
@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_digits_equal_the_textbook(activation, q11, q22, e):
    """All fields at any pair of variances and any angle, to 40 digits, against 300-digit subtraction."""
    ctx = bf.context(300)
    q11, q22 = ctx.mpf(q11), ctx.mpf(q22)
    root, e = ctx.sqrt(q11 * q22), ctx.mpf(e)
    q12 = root * (1 - e)
    gap = (ctx.sqrt(q11) - ctx.sqrt(q22)) ** 2 + 2 * root * e
    numbers = nk.digits(60)
    exact = (q11, q22, q12, q11 - q22, gap, 2 * (q11 + q22) - gap, root * ctx.sqrt(e * (2 - e)))
    k = Covariance(*map(numbers.convert, exact))
    for ours, truth in zip(
        activation.duals(k, numbers), both(activation, q11, q12, q22, ctx, bf.textbook), strict=True
    ):
        for name, value in fields_of(ours).items():
            # 1e-130: what 300-digit arithmetic leaves of an exact zero under the square root of the area.
            assert agrees(value, truth[name], 40) or abs(value - truth[name]) < 1e-130, (name, value, truth[name])


@given(q=variances(1e-6, 1e6), e=one_minus_cosines())
@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_one_layer_in_float64(activation, q, e):
    """Every field within 16 u at equal variances, at any angle: nothing cancels (measured: 11.1 u in 3000 pairs)."""
    numbers = nk.digits(40)
    for ours, truth in zip(
        activation.duals(covariance_of_pair(q, e, nk.float64), nk.float64),
        activation.duals(covariance_of_pair(q, e, numbers), numbers),
        strict=True,
    ):
        for name, value in fields_of(ours).items():
            assert relative_error(float(value), getattr(truth, name)) <= 16 * U, (name, value, getattr(truth, name))


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_prices_theorem(activation):
    """dT/dq12 = Tdot at fixed variances, differentiated at 60 digits."""
    numbers = nk.digits(60)
    mpf = numbers.context.mpf
    h = mpf(10) ** -25  # a central difference errs by h^2 ~ 1e-50, its rounding by 1e-80/h
    for point in POINTS:
        q11, q22 = mpf(point[0]), mpf(point[2])
        q12 = mpf(point[1]) * numbers.sqrt(q11 * q22)
        up, down, here = (activation.duals(covariance(numbers, q11, q, q22), numbers) for q in (q12 + h, q12 - h, q12))
        assert agrees((up[0].xy - down[0].xy) / (2 * h), here[1].xy, 40)
        if activation.curvature is not None:
            second = activation.curvature(covariance(numbers, q11, q12, q22), numbers)
            assert agrees((up[1].xy - down[1].xy) / (2 * h), second, 40) or abs(second) < 1e-40


def test_erf_curvature_is_the_integral():
    """E[phi''(u) phi''(v)], phi'' = -(4/sqrt(pi)) z exp(-z^2), integrated as a Gaussian moment (Isserlis)."""
    ctx = bf.context(50)
    for point in POINTS:
        q11, q22 = ctx.mpf(point[0]), ctx.mpf(point[2])
        q12 = ctx.mpf(point[1]) * ctx.sqrt(q11 * q22)
        # Under exp(-u^2 - v^2) the pair stays Gaussian, of precision Q^-1 + 2; its covariance is E[uv].
        q = ctx.matrix([[q11, q12], [q12, q22]])
        tilted = (q**-1 + 2 * ctx.eye(2)) ** -1
        truth = 16 / ctx.pi * tilted[0, 1] * ctx.sqrt(ctx.det(tilted) / ctx.det(q))
        numbers = nk.digits(40)
        ours = erf_curvature(covariance(numbers, *map(numbers.convert, (q11, q12, q22))), numbers)
        assert agrees(ours, truth, 38) or truth == 0 == ours


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
@pytest.mark.parametrize("q", [0.01, 0.5, 3.0, 40.0])
def test_slopes_are_derivatives(activation, q):
    """Of q -> T(q, q), and of q12 -> T(q12) at q12 = q, orders 1 to 4, by mpmath's Taylor differences."""
    ctx = bf.context(80)
    numbers = nk.digits(40)
    variance_slope, orders = activation.slopes(numbers.convert(ctx.mpf(q)), numbers)
    truth = ctx.diff(lambda z: bf.textbook(ctx, activation.name, z, z, z)[0], ctx.mpf(q))
    assert agrees(variance_slope, truth, 38)
    assert agrees(orders[0], bf.textbook(ctx, activation.name, ctx.mpf(q), ctx.mpf(q), ctx.mpf(q))[1], 38)
    for n, order in enumerate(orders[1:], 2):
        truth = ctx.diff(lambda z: bf.textbook(ctx, activation.name, ctx.mpf(q), z, ctx.mpf(q))[0], ctx.mpf(q), n)
        assert agrees(order, truth, 20), n  # numerical differentiation of order 4 keeps a quarter of 80 digits


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(30)], ids=repr)
def test_zero_variance(activation, numbers):
    """A zero vector against itself and against another: T vanishes, its gap is the other's, nothing is divided by 0."""
    zero, other = numbers.convert(bf.exact(0)), numbers.convert(bf.exact("2.5"))
    t, _ = activation.duals(Covariance(*numbers.asarray([zero] * 7, "zero")), numbers)
    assert [t.x, t.y, t.xy, t.diff, t.gap, t.cogap] == [0] * 6
    k = Covariance(*numbers.asarray([zero, other, zero, -other, other, other, zero], "one zero"))
    t, tdot = activation.duals(k, numbers)
    truth = bf.textbook(bf.context(60), activation.name, *[bf.context(60).mpf("2.5")] * 3)[0]
    assert (t.x, t.xy) == (0, 0)
    for value in (t.y, -t.diff, t.gap, t.cogap):
        assert relative_error(value.item() if numbers is nk.float64 else value, truth) < 4 * U
    assert tdot.xy > 0


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_identical_inputs_have_no_gap(activation):
    """c = 1 and c = -1 exactly: gap, cogap and area are 0 to the last bit, in both systems."""
    for numbers in (nk.float64, nk.digits(30)):
        for e, name in ((0, "gap"), (2, "cogap")):
            t, tdot = activation.duals(covariance_of_pair([0.1, 1.0, 7.0], e, numbers), numbers)
            if name == "gap" or activation is nk.erf:
                assert (getattr(t, name) == 0).all()
            if name == "gap":
                assert (tdot.gap == 0).all()


def test_relu_of_opposite_inputs():
    """phi(z) phi(-z) = 0: K vanishes, and the gap is the sum of the variances (to the rounding of sqrt(q)^2)."""
    t, tdot = relu_duals(covariance_of_pair([0.1, 1.0, 7.0], 2, nk.float64), nk.float64)
    assert (t.xy == 0).all()
    assert (tdot.xy == 0).all()
    assert (abs(t.gap / (t.x + t.y) - 1) <= 4 * U).all()


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_symbols_give_the_textbook_formula(activation):
    """The same text on SymPy symbols, evaluated at rationals, is the textbook's value."""
    q1, q2, q12 = sympy.symbols("q1 q2 q12", positive=True)
    duals = activation.duals(covariance(nk.symbols(), q1, q12, q2), nk.symbols())
    ctx = bf.context(40)
    values = {q1: sympy.Rational(3, 2), q2: sympy.Rational(5, 4), q12: sympy.Rational(2, 3)}
    truth = both(activation, ctx.mpf(3) / 2, ctx.mpf(2) / 3, ctx.mpf(5) / 4, ctx, bf.textbook)
    for ours, true in zip(duals, truth, strict=True):
        for name in ("x", "y", "xy", "diff", "gap"):
            (formula,) = np.ravel(getattr(ours, name))
            assert agrees(ctx.mpf(str(sympy.sympify(formula).subs(values).evalf(40))), true[name], 35), name


@given(e=st.lists(one_minus_cosines(), min_size=2, max_size=2, unique=True), q=variances(0.05, 20))
@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_monotone_in_the_cosine(activation, e, q):
    """T falls and its gap rises as the angle opens."""
    numbers = nk.digits(60)
    low, high = sorted(e)
    near, far = (activation.duals(covariance_of_pair(q, v, numbers), numbers)[0] for v in (low, high))
    assert near.xy > far.xy
    assert near.gap < far.gap
    assert near.cogap > far.cogap
