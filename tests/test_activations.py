"""Activations as data: whatever `strategies.ACTIVATIONS` lists is tested, a new one needs no new test here."""

import dataclasses
from fractions import Fraction

import brute_force as bf
import mpmath
import numpy as np
import pytest
from compare import U, agrees, relative_error
from strategies import ACTIVATIONS, CLOSED_FORM, LISTED

import ntkref as nk
from ntkref.inputs import covariance_of_pair

NUMBERS = nk.digits(40)
CONTEXT = NUMBERS.context
POINTS = [CONTEXT.mpf(v) for v in ("-2.5", "-0.3", "0.7", "1.9")]
SPREAD = np.concatenate([np.geomspace(1e-6, 300, 60), np.linspace(0.05, 40, 61)])
TINY = 1e-290  # nearer to the end of float64 an exponential has lost digits
MANY = pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
FACTORIES = [
    (nk.leaky_relu, ("0.1",), (Fraction(1, 10),)),
    (nk.elu, (), (1.0,)),
    (nk.elu, ("2.5",), (Fraction(5, 2),)),
    (nk.sinusoid, (2, "0.5"), ("2", 0.5)),
    (nk.monomial, (3,), (np.int64(3),)),
    (nk.rectified_monomial, (2,), (np.int64(2),)),
    (nk.hermite, (4,), (np.int64(4),)),
    (nk.polynomial, ([0, 1, "0.5"],), ((0, 1.0, Fraction(1, 2)),)),
]
REFUSED = [
    (nk.leaky_relu, (1,), ValueError, "slope"),
    (nk.leaky_relu, ("x",), ValueError, "slope"),
    (nk.leaky_relu, (None,), TypeError, "slope"),
    (nk.elu, (float("nan"),), ValueError, "alpha"),
    (nk.elu, ("a",), ValueError, "alpha"),
    (nk.sinusoid, (0,), ValueError, "frequency"),
    (nk.sinusoid, (1, None), TypeError, "phase"),
    (nk.monomial, (0,), ValueError, "degree.*0"),
    (nk.monomial, (2.0,), TypeError, "degree.*2.0"),
    (nk.monomial, (True,), TypeError, "degree.*True"),
    (nk.rectified_monomial, (-1,), ValueError, "degree.*-1"),
    (nk.rectified_monomial, (21,), ValueError, "degree.*21"),
    (nk.hermite, (0,), ValueError, "degree.*0"),
    (nk.hermite, ("2",), TypeError, "degree.*'2'"),
    (nk.polynomial, ([1],), ValueError, "coefficients"),
    (nk.polynomial, ([2, 0, 0],), ValueError, "coefficients"),
    (nk.polynomial, ([],), ValueError, "coefficients"),
    (nk.polynomial, (3,), TypeError, "coefficients.*3"),
    (nk.polynomial, (["a", 1],), ValueError, "coefficients.*'a'"),
]


def functions(activation):
    """(φ, its slope), (φ′, its slope or None), (φ″, None), as far as they are stated."""
    stated = [f for f in (activation.value, activation.derivative, activation.second) if f is not None]
    return list(zip(stated, [*stated[1:], None], strict=True))


def slope_of(f, x):
    """By mpmath's difference on one side, so that a kink at 0 is not met; 25 digits of 60."""
    return CONTEXT.diff(lambda t: f(NUMBERS, t), x, direction=1 if x > 0 else -1)


def test_the_paper_needs_erf_and_relu():
    assert {activation.name for activation in CLOSED_FORM} >= {"erf", "relu"}
    assert repr(nk.erf) == "erf"
    assert repr(nk.relu) == "relu"


def test_the_field_s_activations_are_listed():
    names = {a.name for a in LISTED}
    expected = "absolute cos erf exp gaussian gelu gelu_tanh mish relu selu sigmoid sign silu sin softplus step tanh"
    assert names >= set(expected.split())
    assert len({a.name for a in ACTIVATIONS}) == len(ACTIVATIONS)


TEXTBOOK = {
    "gelu": lambda f, x: x * f.ncdf(x),
    "gelu_tanh": lambda f, x: x / 2 * (1 + f.tanh(f.sqrt(2 / f.pi) * (x + f.mpf("0.044715") * x**3))),
    "silu": lambda f, x: x / (1 + f.exp(-x)),
    "softplus": lambda f, x: f.log(1 + f.exp(x)),
    "mish": lambda f, x: x * f.tanh(f.log(1 + f.exp(x))),
    "sigmoid": lambda f, x: 1 / (1 + f.exp(-x)),
    "gaussian": lambda f, x: f.exp(-(x**2)),
    "elu": lambda f, x: x if x > 0 else f.exp(x) - 1,
    "selu": lambda f, x: (
        f.mpf("1.0507009873554804934193349852946")
        * (x if x > 0 else f.mpf("1.6732632423543772848170429916717") * (f.exp(x) - 1))
    ),
    "sinusoid(2, 0.5)": lambda f, x: f.sin(2 * x + 0.5),
    "leaky_relu(0.01)": lambda f, x: max(x, x / 100),
    "rectified_monomial(3)": lambda f, x: max(x, 0) ** 3,
    "polynomial([0.5, 1, -0.25])": lambda f, x: f.mpf(1) / 2 + x - x**2 / 4,
    "step": lambda f, x: f.mpf(x > 0),
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_values_as_textbooks_print_them(name):
    (activation,) = (a for a in ACTIVATIONS if a.name == name)
    for x in POINTS:
        ours, truth = activation.value(NUMBERS, x), TEXTBOOK[name](CONTEXT, x)
        assert agrees(ours, truth, 38) or ours == truth == 0


@MANY
class TestEveryActivation:
    def test_derivatives(self, activation):
        """25 digits: a numerical derivative keeps most of 60."""
        for f, stated in functions(activation)[:-1]:
            for x in POINTS:
                truth, ours = slope_of(f, x), stated(NUMBERS, x)
                assert agrees(ours, truth, 25) or abs(ours - truth) < 1e-25

    def test_float64_keeps_its_digits(self, activation):
        """Every stated function on ±[1e-6, 300]: 8 u (1 + its condition number); measured: 4.4.

        The condition number x f′/f is what rounding x would do, as at the zeros of sin or in e^(−x²) far out.
        """
        x = np.concatenate([-SPREAD, SPREAD])
        for f, slope in functions(activation):
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                ours = f(nk.float64, x)
            for point, value in zip(x, ours, strict=True):
                exact = CONTEXT.mpf(point)
                truth = f(NUMBERS, exact)
                if abs(truth) < TINY:
                    assert abs(value) <= 2 * TINY
                    continue
                steep = slope(NUMBERS, exact) if slope else slope_of(f, exact)
                assert relative_error(float(value), truth) <= 8 * U * float(1 + abs(exact * steep / truth)), point

    def test_kinks(self, activation):
        """A stated function, or one of two one-sided derivatives of the last, jumps at each kink and nowhere else."""
        stated = [f for f, _ in functions(activation)]
        grid = {CONTEXT.mpf(step) / 4 for step in range(-12, 13)}
        h = CONTEXT.mpf(10) ** -30
        for x in grid | {NUMBERS.convert(kink) for kink in activation.kinks}:
            jumps = False
            for f, order in [*((f, 0) for f in stated), (stated[-1], 1), (stated[-1], 2)]:
                left, right = (
                    CONTEXT.diff(lambda t, f=f: f(NUMBERS, t), x + side * h, order, direction=side) for side in (-1, 1)
                )
                jumps |= abs(left - right) > 1e-3
            assert jumps == (x in {NUMBERS.convert(kink) for kink in activation.kinks}), x

    def test_parity(self, activation):
        sides = [(activation.value(NUMBERS, x), activation.value(NUMBERS, -x)) for x in POINTS]
        for parity in (1, -1):
            assert all(left == parity * right for left, right in sides) == (activation.parity == parity)

    def test_homogeneity(self, activation):
        scales = all(activation.value(NUMBERS, 2 * x) == 2 * activation.value(NUMBERS, x) for x in POINTS)
        assert scales == activation.homogeneous
        if scales:
            T, slope, Tdot = activation.moments(Fraction(3, 4), NUMBERS)
            gain = NUMBERS.convert(activation.gain)
            assert agrees(T, CONTEXT.mpf("0.75") * gain, 38)
            assert agrees(slope, gain, 38)
            assert agrees(Tdot, gain, 38)

    def test_the_definition_integrates_to_the_moments(self, activation):
        """E[φ²], E[φ′²] and the slope E[φ φ′ z]/√q by 24 panels of 40 nodes between −12 and 12, in float64.

        The density is 5e-32 there; 1e-13 is what a thousand terms round.
        """
        nodes, weights = np.polynomial.legendre.leggauss(40)
        z = (np.arange(-12, 12)[:, None] + (1 + nodes) / 2).ravel()
        w = np.tile(weights / 2, 24) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        for q in (0.4, 3.0):
            value, slope = (f(nk.float64, np.sqrt(q) * z) for f in (activation.value, activation.derivative))
            truth = w @ value**2, w @ (value * slope * z) / np.sqrt(q), w @ slope**2
            for ours, true in zip(activation.moments(q, nk.float64), truth, strict=True):
                if activation.jumps and true is truth[1]:
                    continue  # the distributional part of φ′ enters the slope of 𝒯(q, q), not the classical one
                assert abs(ours - true) <= 1e-13 * (abs(true) + truth[0])

    def test_moments_are_the_duals_of_equal_inputs(self, activation):
        """Two routes within the package, 1e-13 each; and the slope is that of 𝒯(q, q).

        A difference of step 1e-12 at 40 digits keeps 20; of step 1e-5 in float64, where digits take seconds, 8.
        """
        numbers, digits = (nk.float64, 13) if activation.integrated else (NUMBERS, 38)
        q, h = (0.75, 2.0**-17) if activation.integrated else (CONTEXT.mpf(3) / 4, CONTEXT.mpf(10) ** -12)
        T, slope, Tdot = activation.moments(q, numbers)
        up, down = (activation.moments(q + step, numbers)[0] for step in (h, -h))
        assert abs(slope - (up - down) / (2 * h)) <= (1e-8 if activation.integrated else 1e-20) * (abs(slope) + T)
        t, tdot = activation.duals(covariance_of_pair(q, 0, numbers), numbers)
        for ours, truth in ((t.x, T), (t.xy, T), (tdot.x, Tdot), (tdot.xy, Tdot)):
            assert abs(ours - truth) <= 10.0**-digits * abs(truth)

    def test_frozen_and_hashable(self, activation):
        assert hash(activation) == hash(activation)
        assert activation in {activation}
        with pytest.raises(dataclasses.FrozenInstanceError):
            activation.name = "other"
        with pytest.raises(dataclasses.FrozenInstanceError):
            activation.definition.name = "other"

    def test_critical_variance_is_on_the_line(self, activation):
        if activation.critical_variance is None:
            return
        numbers = nk.digits(40)
        sigma_w2 = numbers.context.mpf("1.9")
        q = activation.critical_variance(sigma_w2, numbers)
        assert agrees(sigma_w2 * activation.moments(q, numbers)[2], 1, 38)


def test_erf_s_critical_variance_is_the_textbook_s():
    numbers = nk.digits(40)
    sigma_w2 = numbers.context.mpf("1.9")
    q = nk.erf.critical_variance(sigma_w2, numbers)
    assert agrees(sigma_w2 * bf.textbook(bf.context(50), "erf", q, q, q)[1], 1, 38)


@pytest.mark.parametrize(("factory", "one", "other"), FACTORIES, ids=lambda v: getattr(v, "__name__", None))
def test_equal_parameters_give_the_same_object(factory, one, other):
    assert factory(*one) is factory(*other)


def test_what_coincides():
    assert nk.rectified_monomial(1) is nk.relu
    assert nk.leaky_relu(-1).value(nk.float64, np.array([-2.0, 3.0])).tolist() == [2.0, 3.0]
    assert nk.monomial(1).homogeneous
    assert nk.polynomial([0, 2]).gain == 4
    assert not nk.polynomial([1, 2]).homogeneous


@pytest.mark.parametrize("degree", [1, 2, 5, 8])
def test_hermite_is_orthonormal_and_mpmath_s(degree):
    """heₙ(x) = 2^(−n/2) Hₙ(x/√2)/√n!, mpmath's Hₙ being the physicists'."""
    he = nk.hermite(degree)
    for x in POINTS:
        truth = CONTEXT.hermite(degree, x / CONTEXT.sqrt(2)) / CONTEXT.sqrt(2**degree * mpmath.factorial(degree))
        assert agrees(he.value(NUMBERS, x), truth, 35)


@pytest.mark.parametrize(("factory", "given", "error", "message"), REFUSED)
def test_bad_parameters_are_refused_by_name(factory, given, error, message):
    with pytest.raises(error, match=message):
        factory(*given)
