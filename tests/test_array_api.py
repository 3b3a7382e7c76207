"""The float path in any array namespace: array_api_strict refuses whatever is not in the standard."""

import array_api_strict
import numpy as np
import pytest
from compare import FIELDS, U
from hypothesis import given
from strategies import input_sets, networks, pairs

import ntkref as nk

STRICT = nk.floats(array_api_strict)
NET = nk.fcn(40, nk.erf, "1.5", "0.18")


def to_numpy(array):
    assert type(array) is type(array_api_strict.asarray(0.0)), type(array)
    assert array.dtype == array_api_strict.float64
    return np.asarray(array)


def same(strict, plain):
    """To rounding: array_api_strict calls NumPy, on other strides, where vector instructions may round otherwise."""
    for name in FIELDS:
        ours, theirs = to_numpy(getattr(strict, name)), getattr(plain, name)
        assert ours.shape == np.shape(theirs)
        assert (abs(ours - theirs) <= (20 + 4 * plain.depth) * U * abs(theirs)).all(), name
    for ours, theirs in zip(
        strict.nngp_variances + strict.ntk_variances, plain.nngp_variances + plain.ntk_variances, strict=True
    ):
        assert (abs(to_numpy(ours) - theirs) <= (20 + 4 * plain.depth) * U * theirs).all()


@given(net=networks(), x=input_sets())
def test_gram_and_cross_kernels(net, x):
    same(nk.kernels(net, x, numbers=STRICT), nk.kernels(net, x))
    same(nk.kernels(net, x, x[:2], STRICT), nk.kernels(net, x, x[:2]))


@given(net=networks(), pair=pairs())
def test_pairs(net, pair):
    same(nk.kernels_of_pair(net, *pair, STRICT), nk.kernels_of_pair(net, *pair))


def test_every_kind_of_input():
    """Lists, NumPy arrays and the namespace's own arrays; float32 and integers are widened, not refused."""
    x = [[1.0, 2.0], [3.0, -1.0]]
    plain = nk.kernels(NET, x)
    for given_x in (x, np.array(x), np.array(x, dtype=np.float32), np.array(x, dtype=int), array_api_strict.asarray(x)):
        same(nk.kernels(NET, given_x, numbers=STRICT), plain)
    same(nk.kernels(NET, array_api_strict.asarray([[1, 2], [3, -1]]), numbers=STRICT), plain)
    same(nk.kernels_of_pair(NET, "0.5", [0, "1e-3", 0.5, 2], STRICT), nk.kernels_of_pair(NET, 0.5, [0, 1e-3, 0.5, 2]))


def test_by_depth():
    x = np.random.default_rng(3).standard_normal((4, 5))
    for (depth, ours), (_, plain) in zip(
        nk.kernels_by_depth(NET, x, numbers=STRICT), nk.kernels_by_depth(NET, x), strict=True
    ):
        assert ours.depth == depth
        same(ours, plain)


def test_normalised():
    x = np.random.default_rng(3).standard_normal((4, 5))
    ours, plain = to_numpy(nk.normalised(x, NET, numbers=STRICT)), nk.normalised(x, NET)
    assert (abs(ours - plain) <= 4 * U * abs(plain)).all()
    ours, plain = to_numpy(nk.normalised(x, NET, q="0.7", numbers=STRICT)), nk.normalised(x, NET, q="0.7")
    assert (abs(ours - plain) <= 4 * U * abs(plain)).all()


def test_fixed_points_are_numbers_of_any_float_system():
    """mean_field and critical_point return Python floats: they are solved in mpmath, then rounded."""
    assert nk.mean_field(nk.erf, 1, "0.2", STRICT).q_star == nk.mean_field(nk.erf, 1, "0.2").q_star
    assert nk.critical_point(nk.erf, sigma_b2=1, numbers=STRICT) == nk.critical_point(nk.erf, sigma_b2=1)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([[1.0, float("nan")]], ValueError, "^x1 must be finite"),
        ([[1.0, 1j]], TypeError, "^x1 must hold real numbers, got dtype"),
        ([[True, False]], TypeError, "^x1 must hold real numbers, got dtype"),
        ([[]], ValueError, r"^x1 is empty: shape \(1, 0\)"),
        ([1.0, 2.0], ValueError, r"^x1 must have shape \(n, features\)"),
    ],
)
def test_bad_arrays_of_the_namespace(x, error, message):
    with pytest.raises(error, match=message):
        nk.kernels(NET, array_api_strict.asarray(x), numbers=STRICT)


def test_overflow_and_underflow():
    with pytest.raises(OverflowError, match="depth 543"):
        nk.kernels_of_pair(nk.fcn(600, nk.erf, 30, "0.5"), 26.8, 0.5, STRICT)
    k = nk.kernels_of_pair(nk.fcn(500, nk.erf, "0.15", "0.18"), "0.2", ["0.5", 0], STRICT)
    with pytest.raises(FloatingPointError, match="ntk_gap underflows"):
        _ = k.ntk_gap
