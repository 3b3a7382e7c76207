"""Networks as data: what they hold, how they print, and what they refuse."""

import dataclasses
import pickle
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import networks

import ntkref as nk


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (2, Fraction(2)),
        (0.1, Fraction(3602879701896397, 2**55)),
        ("0.1", Fraction(1, 10)),
        ("1e-3", Fraction(1, 1000)),
        (Decimal("0.18"), Fraction(9, 50)),
        (Fraction(1, 3), Fraction(1, 3)),
        (np.float32(0.1), Fraction(13421773, 2**27)),
        (np.int64(3), Fraction(3)),
        (mpmath.mpf("0.5"), Fraction(1, 2)),
        (sympy.Rational(9, 50), Fraction(9, 50)),
        (sympy.Integer(2), Fraction(2)),
        (sympy.Float("0.5"), Fraction(1, 2)),
    ],
    ids=repr,
)
def test_hyperparameters_are_exact(value, exact):
    assert nk.Dense(value).sigma_w2 == exact
    assert nk.Dense(1, value).sigma_b2 == exact


def test_longdouble_is_not_rounded():
    """On machines whose long double is wider: its exact value, or a refusal, never the nearest float64."""
    value = np.longdouble(1) + np.finfo(np.longdouble).eps
    assert nk.Dense(value).sigma_w2 == Fraction(*value.as_integer_ratio())


def test_fcn_is_the_papers_network():
    net = nk.fcn(depth=3, activation=nk.erf, sigma_w2="1.5", sigma_b2="0.18")
    dense = nk.Dense("1.5", "0.18")
    assert net == nk.Network([dense, nk.erf, dense, nk.erf, dense])
    assert net.depth == 3
    assert nk.fcn(1, nk.relu, 2).layers == (nk.Dense(2, 0),)
    assert nk.fcn(np.int64(4), nk.relu, 2).depth == 4


def test_equal_networks_are_equal_and_hash_alike():
    a, b = nk.fcn(3, nk.erf, "0.5", 0), nk.fcn(3, nk.erf, Fraction(1, 2))
    assert a == b
    assert hash(a) == hash(b)
    assert a != nk.fcn(3, nk.relu, "0.5", 0)
    assert len({a, b, nk.fcn(4, nk.erf, "0.5")}) == 2


@given(net=networks())
def test_repr_reads_back(net):
    """The printed form is the constructor call, with exact variances."""
    names = {"Network": nk.Network, "Dense": lambda w, b: nk.Dense(w, b), "erf": nk.erf, "relu": nk.relu}
    text = repr(net)
    for layer in net.layers:
        if isinstance(layer, nk.Dense):
            text = text.replace(repr(layer), f"Dense('{layer.sigma_w2}', '{layer.sigma_b2}')")
    assert eval(text, names) == net
    assert net.depth == sum(isinstance(layer, nk.Dense) for layer in net.layers)


def test_networks_are_frozen():
    net = nk.fcn(2, nk.relu, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        net.layers = ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        net.layers[0].sigma_w2 = 3
    assert isinstance(nk.Network([nk.Dense(1)]).layers, tuple)  # a list given is not a list kept


def test_dense_pickles():
    assert pickle.loads(pickle.dumps(nk.Dense("0.18", 1))) == nk.Dense("0.18", 1)


BAD_VARIANCES = [
    (-1, ValueError, r"must be >= 0, got -1"),
    ("-0.1", ValueError, r"must be >= 0, got -0\.1"),
    (-0.1, ValueError, r"must be >= 0, got -0\.1"),
    (float("nan"), ValueError, r"must be finite.*got nan"),
    (float("inf"), ValueError, r"must be finite.*got inf"),
    (-float("inf"), ValueError, r"got -inf"),
    (np.float32("nan"), ValueError, r"must be finite.*got"),
    (Decimal("NaN"), ValueError, r"must be finite.*NaN"),
    (Decimal("Infinity"), ValueError, r"must be finite.*Infinity"),
    (mpmath.inf, ValueError, r"must be finite, got \+?inf"),
    (mpmath.nan, ValueError, r"must be finite, got nan"),
    ("inf", ValueError, r"finite.*decimal string, got 'inf'"),
    ("nan", ValueError, r"finite.*decimal string, got 'nan'"),
    ("", ValueError, r"decimal string, got ''"),
    ("one", ValueError, r"decimal string, got 'one'"),
    ("1,5", ValueError, r"decimal string, got '1,5'"),
    ("3/0", ValueError, r"decimal string, got '3/0'"),
    (1j, TypeError, r"must be an int, float, Fraction, Decimal or decimal string, got complex: 1j"),
    (mpmath.mpc(1, 1), TypeError, r"decimal string, got mpc"),
    (None, TypeError, r"decimal string, got NoneType: None"),
    (True, TypeError, r"decimal string, got the bool True"),
    (np.bool_(True), TypeError, r"decimal string, got the bool True"),
    ([1], TypeError, r"decimal string, got list: \[1\]"),
    (np.array([1.0]), TypeError, r"decimal string, got ndarray"),
    (sympy.oo, ValueError, r"finite, got oo"),
    (sympy.nan, ValueError, r"finite, got nan"),
    (sympy.I, ValueError, r"real and finite, got I"),
    (sympy.Integer(-1), ValueError, r"must be >= 0, got -1"),
    (-sympy.pi, ValueError, r"must be >= 0, got -pi"),
    (sympy.true, TypeError, r"got"),
    (sympy.Matrix([1]), TypeError, r"got"),
]


@pytest.mark.parametrize(("value", "error", "message"), BAD_VARIANCES, ids=lambda v: repr(v)[:20])
def test_bad_variances(value, error, message):
    """The message names the argument, shows the value and says what is allowed."""
    with pytest.raises(error, match=f"^sigma_w2 .*{message}"):
        nk.Dense(value)
    with pytest.raises(error, match=f"^sigma_b2 .*{message}"):
        nk.fcn(3, nk.erf, 1, value)


def test_no_signal_at_all():
    with pytest.raises(ValueError, match="sigma_w2 and sigma_b2 are both 0"):
        nk.Dense(0, 0)
    assert nk.Dense(0, 1).sigma_w2 == 0  # a bias alone is a kernel


@pytest.mark.parametrize(
    ("depth", "error", "message"),
    [
        (0, ValueError, r">= 1, got 0"),
        (-3, ValueError, r">= 1, got -3"),
        (2.5, TypeError, r"whole number, got float: 2\.5"),
        (2.0, TypeError, r"whole number, got float: 2\.0"),
        (True, TypeError, r"whole number, got bool: True"),
        ("3", TypeError, r"whole number, got str: '3'"),
        (None, TypeError, r"whole number, got NoneType: None"),
    ],
)
def test_bad_depth(depth, error, message):
    with pytest.raises(error, match=f"^depth .*{message}"):
        nk.fcn(depth, nk.erf, 1)


@pytest.mark.parametrize("activation", ["erf", None, abs, nk.Dense(1)], ids=repr)
def test_bad_activation(activation):
    with pytest.raises(TypeError, match=r"^activation must be an activation such as ntkref\.erf, got "):
        nk.fcn(3, activation, 1)


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        (None, TypeError, "layers must be a sequence of layers, got None"),
        ([], ValueError, "last layer must be Dense.*got no layer"),
        ("ab", TypeError, "layer 0 must be Dense.*got 'a'"),
        ([nk.Dense], TypeError, "layer 0 must be Dense"),
        ([nk.erf, nk.Dense(1)], ValueError, r"layer 0 \(erf\) must follow a Dense"),
        ([nk.Dense(1), nk.erf], ValueError, "last layer must be Dense.*got"),
        ([nk.Dense(1), nk.erf, nk.relu, nk.Dense(1)], ValueError, r"layer 2 \(relu\) must follow a Dense"),
        ([nk.Dense(1), 3, nk.Dense(1)], TypeError, "layer 1 must be Dense.*got 3"),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_bad_layers(layers, error, message):
    with pytest.raises(error, match=message):
        nk.Network(layers)


@given(value=st.one_of(st.floats(0, 1e300), st.fractions(0, 1000), st.decimals(0, 1000, allow_nan=False)))
def test_every_real_number_is_taken_exactly(value):
    assert nk.Dense(1, value).sigma_b2 == Fraction(value)
    assert nk.Dense(1, str(value)).sigma_b2 == Fraction(str(value))
