"""Closed forms run in every number system: as formulas, and in a namespace that follows the array standard strictly."""

import array_api_strict
import numpy as np
import pytest
import sympy
from compare import agrees
from strategies import ACTIVATIONS

import ntkref as nk
from ntkref.inputs import covariance_of_pair

CLOSED = [a for a in ACTIVATIONS if not a.integrated]
FIELDS = ("x", "y", "xy", "diff", "gap")


def test_the_readme_lists_them():
    assert {a.name.partition("(")[0] for a in CLOSED} == {
        *("erf", "relu", "leaky_relu", "absolute", "step", "sign", "sin", "cos", "sinusoid", "exp"),
    }


@pytest.mark.parametrize("activation", CLOSED, ids=repr)
def test_formulas(activation):
    """kernels_of_pair in symbols, evaluated at rationals, is digits(30)."""
    w, b, q, e = sympy.symbols("w b q e", positive=True)
    net = nk.fcn(2, activation, w, b)
    formula = nk.kernels_of_pair(net, q, e, numbers=nk.symbols())
    at = {w: sympy.Rational(3, 2), b: sympy.Rational(1, 10), q: sympy.Rational(7, 10), e: sympy.Rational(3, 10)}
    truth = nk.kernels_of_pair(nk.fcn(2, activation, "1.5", "0.1"), "0.7", "0.3", nk.digits(30))
    for name in ("nngp", "ntk", "nngp_gap"):
        value = sympy.N(sympy.sympify(np.ravel(getattr(formula, name))[0]).subs(at), 40)
        assert agrees(truth.numbers.context.mpf(str(value)), getattr(truth, name), 28), name


@pytest.mark.parametrize("activation", CLOSED, ids=repr)
def test_strict_arrays(activation):
    """The same bits as in NumPy, but for functions that array_api_strict rounds by itself: none."""
    strict = nk.floats(array_api_strict)
    one_minus_c = [0.0, 1e-9, 0.3, 1.0, 1.8, 2.0]
    plain, ours = (activation.duals(covariance_of_pair([0.7] * 6, one_minus_c, n), n) for n in (nk.float64, strict))
    for a, b in zip(plain, ours, strict=True):
        for name in FIELDS:
            assert np.array_equal(getattr(a, name), np.asarray(getattr(b, name))), name


@pytest.mark.parametrize("activation", [a for a in CLOSED if a is not nk.exp], ids=repr)
def test_slopes_in_float64_are_those_in_digits(activation):
    for q in (1e-3, 0.7, 40.0):
        slope, orders = activation.slopes(q, nk.float64)
        true_slope, true_orders = activation.slopes(nk.digits(30).context.mpf(q), nk.digits(30))
        assert len(orders) == len(true_orders)
        for ours, truth in zip((slope, *orders), (true_slope, *true_orders), strict=True):
            assert abs(float(ours) - truth) <= 1e-14 * abs(truth) + 1e-30
