"""Layers as data: what they hold, how they print, and what they refuse."""

import dataclasses
import pickle
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import ntkref as nk
from ntkref import AvgPool, Conv, Dense, Dropout, Flatten, GlobalAvgPool, LayerNorm, Residual
from ntkref.layers import sizes

CROSS = (("0", "0.125", "0"), ("0.25", "0.25", "0.125"), ("0", "0.25", "0"))
EVERY_KIND = [
    Dense("1.5", "0.18"),
    Conv(2),
    Conv("0.1", 3, filter_size=5, stride=2, padding="same"),
    Conv(1, filter_size=(1, 2), stride=(3, 1), padding="valid"),
    Conv(1, filter_size=(3,)),
    Conv(1, filter_variance=CROSS),
    Conv(1, filter_size=2, padding="valid", filter_variance=["0.75", Fraction(1, 4)]),
    Flatten(),
    GlobalAvgPool(),
    AvgPool(2),
    AvgPool((2, 1)),
    AvgPool([3]),
    LayerNorm(),
    Dropout("0.9"),
    Dropout(1),
    Residual([Conv(2), nk.relu]),
    Residual((nk.erf, Dropout("0.5"), Residual([Dense(1), nk.erf]), Dense("0.3"))),
]
NAMES = {name: getattr(nk, name) for name in nk.__all__}


def reads_back(layer):
    """`eval` of the printed form, its fractions a/b as the decimal strings' equals 'a/b'."""
    return eval(re.sub(r"(?<!['\w.])\d+/\d+(?!')", r"'\g<0>'", repr(layer)), NAMES)


@pytest.mark.parametrize("layer", EVERY_KIND, ids=repr)
def test_every_kind_is_data(layer):
    """Printed and read back, copied by pickle, equal, hashable, frozen."""
    assert reads_back(layer) == layer
    if "relu" not in repr(layer) and "erf" not in repr(layer):  # activations hold functions
        assert pickle.loads(pickle.dumps(layer)) == layer
    assert hash(layer) == hash(dataclasses.replace(layer))
    assert [other for other in EVERY_KIND if other == layer] == [layer]
    for name in (*(f.name for f in dataclasses.fields(layer)), "new"):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(layer, name, 1)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv("1.5"), "Conv(3/2, 0, filter_size=3)"),
        (Conv(2, "0.5", 5, 2, "same"), "Conv(2, 1/2, filter_size=5, stride=2, padding='same')"),
        (Conv(1, stride=(1, 2)), "Conv(1, 0, filter_size=3, stride=(1, 2))"),
        (
            Conv(1, filter_size=(3,), filter_variance=["0.5", "0.25", "0.25"]),
            "Conv(1, 0, filter_size=(3,), filter_variance=('1/2', '1/4', '1/4'))",
        ),
        (AvgPool(2), "AvgPool(2)"),
        (Dropout("0.9"), "Dropout(keep='9/10')"),
        (Residual([Dense(2), nk.relu]), "Residual([Dense(2, 0), relu])"),
    ],
    ids=repr,
)
def test_printed_form(layer, text):
    assert repr(layer) == text


def test_equal_layers_are_equal_however_they_were_written():
    assert Conv("0.5", "0.25", 3) == Conv(Fraction(1, 2), Decimal("0.25"), np.int64(3))
    assert Conv(1, filter_variance=CROSS) == Conv(1, filter_size=(3, 3), filter_variance=[list(row) for row in CROSS])
    assert AvgPool([2, 1]) == AvgPool((2, 1))
    assert Dropout("0.5") == Dropout(0.5)
    assert Residual([Dense(1)]) == Residual(iter((Dense(1),)))
    assert Conv(1) != Conv(1, stride=2)
    assert Conv(1) != Conv(1, filter_variance=[["1/9"] * 3] * 3)  # the same kernel, but other data
    assert len({Flatten(), GlobalAvgPool(), LayerNorm(), Flatten()}) == 3


def test_hyperparameters_are_exact():
    assert (Conv(0.1).sigma_w2, Conv(1, "0.1").sigma_b2) == (Fraction(0.1), Fraction(1, 10))
    assert Dropout("0.1").keep == Fraction(1, 10)
    keep = sympy.Symbol("rho", positive=True)
    assert Dropout(keep).keep == keep
    assert Conv(keep).sigma_w2 == keep


def test_variances_of_a_filter_default_to_their_shape():
    conv = Conv(1, filter_variance=CROSS)
    assert conv.filter_size == (3, 3)
    assert conv.filter_variance[1] == (Fraction(1, 4), Fraction(1, 4), Fraction(1, 8))


def test_taps():
    """(offset, v) of the pixels that count: all of a uniform filter with 1/size, else those with v > 0."""
    assert list(Conv(1).taps(1)) == [((0,), Fraction(1, 3)), ((1,), Fraction(1, 3)), ((2,), Fraction(1, 3))]
    assert len(list(Conv(1).taps(2))) == 9
    assert dict(Conv(1, filter_size=(1, 2), padding="valid").taps(2)) == {
        (0, 0): Fraction(1, 2),
        (0, 1): Fraction(1, 2),
    }
    crossed = dict(Conv(1, filter_variance=CROSS).taps(2))
    assert crossed == {
        (0, 1): Fraction(1, 8),
        (1, 0): Fraction(1, 4),
        (1, 1): Fraction(1, 4),
        (1, 2): Fraction(1, 8),
        (2, 1): Fraction(1, 4),
    }
    with pytest.raises(ValueError, match="is for 1-dimensional images, got 2-dimensional ones"):
        list(Conv(1, filter_size=(3,)).taps(2))


def test_sizes():
    assert sizes(3, 2, None) == (3, 3)
    assert sizes((3,), 1, None) == (3,)
    with pytest.raises(ValueError, match=r"^AvgPool\(\(2, 1\)\) is for 2-dimensional images, got 1-dimensional ones"):
        sizes((2, 1), 1, AvgPool((2, 1)))


BAD = [
    (lambda: Conv(-1), ValueError, "^sigma_w2 .*must be >= 0, got -1"),
    (lambda: Conv(1, -1), ValueError, "^sigma_b2 .*must be >= 0, got -1"),
    (lambda: Conv(0), ValueError, "sigma_w2 and sigma_b2 are both 0"),
    (lambda: Conv(1j), TypeError, "^sigma_w2 .*got complex"),
    (lambda: Conv(1, filter_size=0), ValueError, "^filter_size must be >= 1, got 0"),
    (lambda: Conv(1, filter_size=2), ValueError, "^filter_size must be odd with circular padding, got 2"),
    (lambda: Conv(1, filter_size=(3, 4), padding="same"), ValueError, r"^filter_size must be odd with same .*\(3, 4\)"),
    (lambda: Conv(1, filter_size=3.0), TypeError, r"^filter_size must be a whole number, got float: 3\.0"),
    (lambda: Conv(1, filter_size=True), TypeError, "^filter_size must be a whole number, got bool: True"),
    (lambda: Conv(1, filter_size="3"), TypeError, "^filter_size must be a whole number, got str: '3'"),
    (lambda: Conv(1, filter_size=()), ValueError, r"^filter_size must be one whole number, or .* got \(\)"),
    (lambda: Conv(1, filter_size=(3, 3, 3)), ValueError, r"^filter_size must be one whole number, or .*\(3, 3, 3\)"),
    (lambda: Conv(1, filter_size=(3, None)), TypeError, "^filter_size must be a whole number, got NoneType"),
    (lambda: Conv(1, stride=0), ValueError, "^stride must be >= 1, got 0"),
    (lambda: Conv(1, stride=-1), ValueError, "^stride must be >= 1, got -1"),
    (lambda: Conv(1, stride=1.5), TypeError, r"^stride must be a whole number, got float: 1\.5"),
    (lambda: Conv(1, padding="zero"), ValueError, "^padding must be one of circular, same, valid, got 'zero'"),
    (lambda: Conv(1, padding=None), ValueError, "^padding must be one of circular, same, valid, got None"),
    (lambda: Conv(1, filter_variance=[["0.5", "0.5"], ["1"]]), ValueError, "^filter_variance must be nested"),
    (lambda: Conv(1, filter_variance="1"), ValueError, "^filter_variance must have one or two dimensions, got 0"),
    (lambda: Conv(1, filter_variance=[[[1]]]), ValueError, "^filter_variance must have one or two dimensions, got 3"),
    (lambda: Conv(1, filter_variance=[["1/2", "1/2"]]), ValueError, r"^filter_variance must have the filter's shape"),
    (
        lambda: Conv(1, filter_variance=[0.1, 0.8, 0.1]),
        ValueError,
        "^filter_variance must sum to exactly 1, got .*",
    ),
    (
        lambda: Conv(1, filter_variance=["1/2", "1", "-1/2"]),
        ValueError,
        "^filter_variance is a variance and must be >= 0, got -1/2",
    ),
    (lambda: Conv(1, filter_variance=["1", None, "0"]), TypeError, "filter_variance must be .*got NoneType"),
    (
        lambda: Conv(1, filter_size=2, filter_variance=["1/2", "1/2"]),
        ValueError,
        r"^filter_size must be odd with circular padding",
    ),
    (lambda: AvgPool(0), ValueError, "^window must be >= 1, got 0"),
    (lambda: AvgPool(2.5), TypeError, r"^window must be a whole number, got float: 2\.5"),
    (lambda: AvgPool(None), TypeError, "^window must be a whole number, got NoneType: None"),
    (lambda: AvgPool((1, 2, 3)), ValueError, r"^window must be one whole number, or .*\(1, 2, 3\)"),
    (lambda: Dropout(0), ValueError, r"^keep is the probability .* must lie in \(0, 1\], got 0"),
    (lambda: Dropout("1.1"), ValueError, r"^keep is the probability .* must lie in \(0, 1\], got 1\.1"),
    (lambda: Dropout(-0.5), ValueError, r"^keep is .*got -0\.5"),
    (lambda: Dropout(float("nan")), ValueError, "^keep must be .*got nan"),
    (lambda: Dropout(None), TypeError, "^keep must be .*got NoneType: None"),
    (lambda: Residual([]), ValueError, "^branch must hold at least one layer"),
    (lambda: Residual(None), TypeError, "^branch must be a sequence of layers, got None"),
    (lambda: Residual(Dense(1)), TypeError, r"^branch must be a sequence of layers, got Dense\(1, 0\)"),
]


@pytest.mark.parametrize(("build", "error", "message"), BAD, ids=range(len(BAD)))
def test_refusals_name_what_is_wrong(build, error, message):
    with pytest.raises(error, match=message):
        build()


@given(
    sigma_w2=st.fractions(0, 10),
    sigma_b2=st.fractions(Fraction(1, 100), 10),
    size=st.one_of(st.integers(1, 9), st.tuples(st.integers(1, 9)), st.tuples(st.integers(1, 9), st.integers(1, 9))),
    stride=st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4))),
    padding=st.sampled_from(["circular", "same", "valid"]),
)
def test_convolutions_print_what_they_are(sigma_w2, sigma_b2, size, stride, padding):
    odd = all(n % 2 for n in np.atleast_1d(size))
    if not odd and padding != "valid":
        with pytest.raises(ValueError, match=f"must be odd with {padding} padding"):
            Conv(sigma_w2, sigma_b2, size, stride, padding)
    else:
        conv = Conv(sigma_w2, sigma_b2, size, stride, padding)
        assert reads_back(conv) == conv
