"""Images brought to K⁽¹⁾(x, x) = q*, pixel by pixel; vectors are in test_mean_field.py."""

import array_api_strict
import numpy as np
import pytest
from compare import U, agrees

import ntkref as nk
from ntkref import AvgPool, Conv, Dense, Dropout, Flatten, GlobalAvgPool, LayerNorm, Residual, erf, relu

X = np.random.default_rng(8).standard_normal((3, 4, 3, 2))
W = ("1.5", "0.1")
CNN = nk.cnn(3, erf, *W)
Q_STAR = nk.mean_field(erf, *W, nk.digits(40)).q_star


def variances(x, net, numbers=nk.float64):
    """K⁽¹⁾(x, x) of every pixel, from the layer's own definition."""
    square = numbers.dot(x, x) / x.shape[-1]
    return square * numbers.convert(net.layers[0].sigma_w2) + numbers.convert(net.layers[0].sigma_b2)


@pytest.mark.parametrize("x", [X, X[:, 0], X[:1, :1, :1]], ids=["2-D", "1-D", "one pixel"])
def test_every_pixel_has_the_fixed_variance(x):
    """q* at all pixels, to 8 u and to 30 digits; a pixel keeps its direction."""
    scaled = nk.normalised(x, CNN)
    assert scaled.shape == x.shape
    assert (abs(variances(scaled, CNN) - float(Q_STAR)) <= 8 * U * float(Q_STAR)).all()
    lengths = [np.linalg.norm(v, axis=-1, keepdims=True) for v in (x, scaled)]
    assert np.allclose(lengths[0] * scaled, lengths[1] * x, atol=0, rtol=8 * U)
    numbers = nk.digits(30)
    for value in variances(nk.normalised(x[:1], CNN, numbers=numbers), CNN, numbers).ravel():
        assert agrees(value, Q_STAR, 30)


@pytest.mark.parametrize("readout", ["flatten", "pool"])
def test_the_variance_stays_under_circular_padding(readout):
    """At every depth K(x, x) of a CNN-F is q* again: means over windows of what is q* everywhere."""
    for depth, k in nk.kernels_by_depth(nk.cnn(8, erf, *W, readout=readout), nk.normalised(X, CNN)):
        if readout == "flatten":
            assert k.nngp_variances[0] == pytest.approx(float(Q_STAR), rel=(20 + 4 * depth) * U)
        else:  # pixels that are not equal: the mean is shorter
            assert (k.nngp_variances[0] < float(Q_STAR)).all()


def test_with_zeros_outside_borders_are_shorter():
    net = nk.cnn(2, erf, *W, padding="same")
    k = nk.kernels(nk.Network([net.layers[0], Flatten(), Dense(1)]), nk.normalised(X, net))
    assert (k.nngp_variances[0] < float(Q_STAR) * (1 - 1e-3)).all()


@pytest.mark.parametrize("q", [1, "1", 1.0], ids=repr)
def test_a_given_variance(q):
    """Needed where q* singles out nothing, allowed anywhere; also for networks whose variance moves."""
    conv = Conv(*W)
    moving = [
        [Residual([erf, conv])],
        [LayerNorm(), erf],
        [erf, Dropout("0.5"), conv, erf],
        [erf, AvgPool(2), conv, erf],
    ]
    relus = nk.cnn(2, relu, 2, readout="pool")
    for net in (relus, *(nk.Network([conv, *body, GlobalAvgPool(), Dense(*W)]) for body in moving)):
        with pytest.raises(ValueError, match=r"^q must be given"):
            nk.normalised(X, net)
        assert variances(nk.normalised(X, net, q=q), net) == pytest.approx(1, rel=8 * U)


def test_any_array():
    """Integers, float32 and views are their exact values; arrays of a namespace stay in it; x is left alone."""
    whole = np.random.default_rng(8).integers(1, 9, (2, 3, 2, 2))
    before = whole.copy()
    for x in (whole, whole.astype(np.uint8), whole.astype(np.float32), whole.tolist(), np.asfortranarray(whole)):
        assert (nk.normalised(x, CNN) == nk.normalised(whole.astype(float), CNN)).all()
    assert (whole == before).all()
    strict = nk.normalised(array_api_strict.asarray(X), CNN, numbers=nk.floats(array_api_strict))
    assert type(strict) is type(array_api_strict.asarray(0.0))
    assert np.asarray(strict) == pytest.approx(nk.normalised(X, CNN), rel=8 * U)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_at_the_ends_of_float64(scale):
    assert nk.normalised(scale * X, CNN) == pytest.approx(nk.normalised(X, CNN), rel=8 * U)


def dark(x):
    x = x.copy()
    x[1, 2, 0] = 0
    return x


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((dark(X), CNN), ValueError, r"^x has a zero pixel, which no scale brings to q\*"),
        ((dark(X), CNN, 1), ValueError, "^x has a zero pixel"),
        ((X[0, 0], CNN), ValueError, r"^x must be images of shape \(n, height, width, channels\) or"),
        ((X[None], CNN), ValueError, "^x must be images of shape"),
        ((X, nk.fcn(3, erf, *W)), ValueError, r"^x must have shape \(n, features\), .*flatten images"),
        ((X[:0], CNN), ValueError, "^x is empty"),
        ((X * np.nan, CNN), ValueError, "^x must be finite"),
        ((X, CNN, "0.1"), ValueError, "^q must exceed sigma_b2 = 1/10"),
        ((X, nk.cnn(1, erf, *W)), ValueError, "^q must be given: a network of depth 1"),
        ((X, nk.cnn(3, relu, 2)), ValueError, "^q must be given: there is no positive q"),
        ((X, nk.Network([Conv(1), erf, Flatten(), Dense(2)])), ValueError, "^net must have the same variances"),
        (
            (X, nk.Network([Conv(1), erf, Conv(1), relu, Flatten(), Dense(1)])),
            ValueError,
            "^net must have the same var",
        ),
        ((X, nk.cnn(3, erf, 0, 1)), ValueError, "^sigma_w2 must be positive"),
        (
            (X, nk.Network([Conv(1), Residual([erf, Conv(2)]), Flatten(), Dense(1)])),
            ValueError,
            "^net must have the same",
        ),
    ],
    ids=range(14),
)
def test_bad_images(arguments, error, message):
    with pytest.raises(error, match=message):
        nk.normalised(*arguments)
