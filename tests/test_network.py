"""Networks as data: what they hold, how they print, and what they refuse."""

import dataclasses
import pickle
import re
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import image_networks, networks

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


# --- networks of images, sums, norms and dropout ----------------------------------------------------------------------

D, C, F, P = nk.Dense(1), nk.Conv(1), nk.Flatten(), nk.GlobalAvgPool()
GAUSSIANS, ACTIVE = (D,), (D, nk.relu)  # what a vector network may hold before the layer in question


def test_cnn_is_the_papers_network():
    conv, dense = nk.Conv("1.5", "0.18", filter_size=5, padding="same"), nk.Dense("1.5", "0.18")
    net = nk.cnn(3, nk.erf, "1.5", "0.18", filter_size=5, padding="same", readout="pool")
    assert net == nk.Network([conv, nk.erf, conv, nk.erf, P, dense])
    assert nk.cnn(1, nk.erf, 2).layers == (F, nk.Dense(2))
    assert nk.cnn(2, nk.relu, 2).layers == (nk.Conv(2), nk.relu, F, nk.Dense(2))
    assert [nk.cnn(depth, nk.relu, 2, readout="pool").depth for depth in (1, 2, 7)] == [1, 2, 7]
    assert nk.cnn(3, nk.relu, 2).of_images
    assert not nk.fcn(3, nk.relu, 2).of_images


def test_resnet_is_the_papers_network():
    dense, branch = nk.Dense(2, 1), (nk.relu, nk.Dense(2, 1))
    norm = nk.LayerNorm()
    assert nk.resnet(3, nk.relu, 2, 1).layers == (dense, *[nk.Residual(branch)] * 2)
    assert nk.resnet(3, nk.relu, 2, 1, "post").layers == (dense, *[nk.Residual(branch), norm] * 2)
    assert nk.resnet(3, nk.relu, 2, 1, "pre").layers == (dense, *[nk.Residual((norm, *branch))] * 2)
    assert nk.resnet(1, nk.relu, 2, 1, "pre").layers == (dense,)
    assert [nk.resnet(depth, nk.erf, 2, layer_norm="post").depth for depth in (1, 2, 7)] == [1, 2, 7]


def test_depth_counts_the_weight_layers_of_branches():
    inner = nk.Residual([nk.relu, D, nk.relu, D])
    assert nk.Network([D, nk.Residual([inner, nk.relu, D]), nk.relu, D]).depth == 5


@pytest.mark.parametrize(
    ("net", "plain"),
    [
        (nk.fcn(3, nk.erf, 1), True),
        (nk.cnn(3, nk.erf, 1, readout="pool"), True),
        (nk.Network([D, nk.relu, nk.Dropout("0.5"), D]), True),
        (nk.Network([D, nk.relu, nk.Dropout("0.5"), D, nk.relu, D]), False),
        (nk.Network([C, nk.AvgPool(2), nk.relu, F, D]), False),
        (nk.resnet(3, nk.erf, 1), False),
        (nk.Network([D, nk.LayerNorm(), nk.relu, D]), False),
    ],
    ids=repr,
)
def test_plain_networks_map_variances_by_eq_2(net, plain):
    assert net.plain == plain


@pytest.mark.parametrize(
    ("layers", "readable"),
    [
        ((D, nk.erf, D), "101"),
        ((C, nk.erf, F, D), "0001"),
        ((C, P, D), "011"),
        ((D, nk.Residual([nk.erf, D]), nk.LayerNorm()), "101"),
        ((D, nk.relu, nk.Residual([D, nk.relu]), nk.Dropout("0.5"), D), "10001"),
    ],
    ids=repr,
)
def test_what_can_be_read_is_gaussian_vectors(layers, readable):
    assert "".join(map(str, map(int, nk.Network(layers).readable))) == readable


MISFITS = [  # (layers, what the message says of them)
    ((C, F), r"the last layer must be Dense.*got Flatten\(\)"),
    ((C, nk.relu), r"the last layer \(relu\) leaves images: Flatten\(\) or GlobalAvgPool\(\) must follow"),
    ((C,), r"the last layer \(Conv\(1, 0, filter_size=3\)\) leaves images"),
    ((C, nk.relu, P), r"the last layer must be Dense.*got GlobalAvgPool\(\)"),
    ((D, nk.relu, nk.Dropout("0.5")), r"the last layer must be Dense.*got Dropout\(keep='1/2'\)"),
    ((D, nk.relu, C, F, D), r"layer 2 \(Conv\(1, 0, filter_size=3\)\) needs images, and there is no space left"),
    ((D, F, D), r"layer 1 \(Flatten\(\)\) needs images"),
    ((C, F, P, D), r"layer 2 \(GlobalAvgPool\(\)\) needs images"),
    ((C, F, nk.AvgPool(2), D), r"layer 2 \(AvgPool\(2\)\) needs images"),
    ((C, D), r"layer 1 \(Dense\(1, 0\)\) acts on images: put Flatten\(\) or GlobalAvgPool\(\) before it"),
    ((C, F, nk.relu, D), r"layer 2 \(relu\) must follow a Dense layer, or Conv, LayerNorm or a sum of Gaussians"),
    ((F, nk.relu, D), r"layer 1 \(relu\) must follow a Dense layer"),
    ((nk.AvgPool(2), nk.relu, F, D), r"layer 1 \(relu\) must follow a Dense layer"),
    ((C, nk.relu, P, nk.relu, D), r"layer 3 \(relu\) must follow a Dense layer"),
    ((nk.LayerNorm(), D), r"layer 0 \(LayerNorm\(\)\) must follow a weight layer or a sum of Gaussians"),
    ((*ACTIVE, nk.LayerNorm(), D), r"layer 2 \(LayerNorm\(\)\) must follow a weight layer"),
    ((C, F, nk.LayerNorm(), D), r"layer 2 \(LayerNorm\(\)\) must follow a weight layer"),
    ((nk.Dropout("0.5"), D), r"layer 0 \(Dropout\(keep='1/2'\)\) must follow an activation"),
    ((*GAUSSIANS, nk.Dropout("0.5"), D), r"layer 1 \(Dropout\(keep='1/2'\)\) must follow an activation"),
    ((F, nk.Dropout("0.5"), D), r"layer 1 \(Dropout\(keep='1/2'\)\) must follow an activation"),
    (
        (nk.Residual([D]),),
        r"layer 0 \(Residual\(\[Dense\(1, 0\)\]\)\) must follow a weight layer: its branch has other",
    ),
    ((F, nk.Residual([D]), D), r"layer 1 \(Residual\(.*\) must follow a weight layer"),
    ((C, F, nk.Residual([D]), D), r"layer 2 \(Residual\(.*\) must follow a weight layer"),
    ((*GAUSSIANS, nk.Residual([nk.relu]), D), r"layer 1 \(Residual\(\[relu\]\)\) needs a weight layer in its branch"),
    ((*GAUSSIANS, nk.Residual([3]), D), r"layer 1 .*, branch layer 0 must be Dense.*got 3"),
    ((*GAUSSIANS, nk.Residual([D, nk.relu, nk.relu]), D), r"layer 1 .*, branch layer 2 \(relu\) must follow"),
    ((C, nk.Residual([nk.relu, D]), F, D), r"layer 1 .*, branch layer 1 \(Dense\(1, 0\)\) acts on images"),
    (
        (C, nk.Residual([nk.Residual([D])]), F, D),
        r"layer 1 .*, branch layer 0 .*, branch layer 0 \(Dense\(1, 0\)\) acts on",
    ),
    ((C, nk.Residual([P, D]), F, D), r"layer 1 \(Residual\(.*\) adds vectors to images"),
    (
        (C, nk.Residual([nk.relu, F]), F, D),
        r"layer 1 \(Residual\(.*\) adds vectors to images, or vectors of two lengths",
    ),
    (
        (C, nk.Residual([nk.Conv(1, stride=2)]), F, D),
        r"layer 1 .* adds images of two sizes: Conv\(1, 0, filter_size=3, stride=2\) in its branch changes the size",
    ),
    ((C, nk.Residual([nk.Conv(1, padding="valid")]), F, D), r"layer 1 .* adds images of two sizes: Conv\(.*'valid'\)"),
    ((C, nk.Residual([nk.AvgPool((1, 2)), C]), F, D), r"layer 1 .* adds images of two sizes: AvgPool\(\(1, 2\)\)"),
    ((D, nk.gelu, nk.Residual([D, nk.gelu]), D), r"layer 2 .* adds activations with a mean that has no closed form"),
    ((D, nk.relu, nk.Residual([D, nk.gelu]), D), r"layer 2 .* adds activations with a mean that has no closed form"),
    (
        (nk.Conv(1, filter_size=(3, 3)), nk.AvgPool((2,)), F, D),
        r"layer 1 \(AvgPool\(\(2,\)\)\) is for images of dimension 1, an earlier layer for 2",
    ),
    (
        (nk.Conv(1, filter_size=(3,), stride=(1, 2)), F, D),
        r"layer 0 \(Conv\(.*\) is for images of dimension 2, an earlier",
    ),
]


@pytest.mark.parametrize(("layers", "message"), MISFITS, ids=lambda v: repr(v)[:60])
def test_layers_that_do_not_fit(layers, message):
    """The message gives the position, in a branch too, and the layer."""
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        nk.Network(layers)


@pytest.mark.parametrize(
    "layers",
    [
        (C, P, nk.relu, D),  # a pool of Gaussians is Gaussian
        (D, nk.LayerNorm(), nk.relu, D),
        (D, nk.Residual([nk.relu, D])),  # a sum of Gaussians may be read
        (D, nk.relu, nk.Residual([D, nk.erf]), D),  # E[erf] = 0: nothing to add
        (D, nk.gelu, nk.Residual([nk.Dense(1)]), D),  # the branch ends in a weight layer
        (D, nk.Residual([D, nk.gelu]), D),
        (C, nk.Residual([nk.AvgPool(1), nk.Conv(1, filter_size=1, padding="valid")]), F, D),  # sizes stay
        (C, nk.relu, nk.Residual([nk.Conv(1), nk.relu, nk.Dropout("0.5")]), nk.AvgPool(2), P, D),
        (C, P, nk.Residual([nk.relu, D]), nk.LayerNorm()),
    ],
    ids=repr,
)
def test_layers_that_fit(layers):
    assert nk.Network(layers).layers == layers


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: nk.cnn(0, nk.erf, 1), ValueError, "^depth counts weight layers and must be >= 1, got 0"),
        (lambda: nk.cnn(2.0, nk.erf, 1), TypeError, r"^depth must be a whole number, got float: 2\.0"),
        (lambda: nk.cnn(2, "erf", 1), TypeError, "^activation must be an activation such as"),
        (lambda: nk.cnn(2, nk.erf, 1, readout="max"), ValueError, '^readout must be "flatten" or "pool", got \'max\''),
        (lambda: nk.cnn(1, nk.erf, 1, readout=None), ValueError, '^readout must be "flatten" or "pool", got None'),
        (lambda: nk.cnn(2, nk.erf, 1, filter_size=4), ValueError, "^filter_size must be odd with circular padding"),
        (lambda: nk.cnn(2, nk.erf, 1, padding="zeros"), ValueError, "^padding must be one of circular, same, valid"),
        (lambda: nk.cnn(2, nk.erf, -1), ValueError, "^sigma_w2 .*got -1"),
        (lambda: nk.resnet(0, nk.erf, 1), ValueError, "^depth counts weight layers and must be >= 1, got 0"),
        (lambda: nk.resnet(2, None, 1), TypeError, "^activation must be an activation such as"),
        (lambda: nk.resnet(2, nk.erf, 1, -1), ValueError, "^sigma_b2 .*got -1"),
        (
            lambda: nk.resnet(2, nk.erf, 1, layer_norm=True),
            ValueError,
            '^layer_norm must be None, "pre" or "post", got True',
        ),
    ],
    ids=range(12),
)
def test_bad_arguments_of_builders(build, error, message):
    with pytest.raises(error, match=message):
        build()


NAMES = {name: getattr(nk, name) for name in nk.__all__}


@given(net=image_networks())
def test_repr_of_any_layers_reads_back(net):
    """With its fractions as strings the printed form is the constructor call; the copy is equal and hashes alike."""
    text = re.sub(r"(?<!['\w.])\d+/\d+(?!')", r"'\g<0>'", repr(net))
    again = eval(text, NAMES)
    assert again == net
    assert hash(again) == hash(net)
    assert again.depth == net.depth
