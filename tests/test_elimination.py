"""The gap-carrying factor: L Lᵀ is the matrix, and small pivots keep their digits."""

import mpmath
import numpy as np
import pytest

import ntkref as nk
from ntkref.elimination import factor

ORDERED, CRITICAL, CHAOTIC = ("1.0", "0.18"), ("1.7476037497677033", "0.18"), ("3", "0.18")


def images(n, net, q=None):
    x, _ = nk.optical_digits()
    return nk.normalised(x[:n].reshape(n, -1), net, q=q)


@pytest.mark.parametrize("depth", [1, 3, 20])
@pytest.mark.parametrize("kernel", ["ntk", "nngp"])
def test_factor_times_its_transpose_is_the_matrix(depth, kernel):
    net = nk.fcn(depth, nk.erf, *ORDERED)
    k = nk.kernels(net, images(8, net, q="0.5"))
    lower = factor(k.pair(kernel), None, k.numbers).train
    matrix = getattr(k, kernel)
    # Backward error of a Cholesky factor: (m + 1) u relative to the diagonal.
    assert np.max(np.abs(lower @ lower.T - matrix)) <= 9 * 2.0**-53 * np.max(matrix) * 2


def test_test_rows_extend_the_factor():
    net = nk.fcn(4, nk.erf, *ORDERED)
    x = images(10, net)
    k, cross = nk.kernels(net, x[:7]), nk.kernels(net, x[7:], x[:7])
    lower = factor(k.Theta, cross.Theta, k.numbers)
    assert lower.train.shape == (7, 7)
    assert lower.test.shape == (3, 7)
    assert sorted(lower.order) == list(range(7))
    assert np.max(np.abs(lower.test @ lower.train.T - cross.ntk)) <= 20 * 2.0**-53 * np.max(cross.ntk)


@pytest.mark.parametrize(("phase", "depth"), [(ORDERED, 60), (("3", "0.18"), 60), (("1.7476037497677033", "0.18"), 60)])
def test_pivots_agree_with_plain_cholesky_in_many_digits(phase, depth):
    """The squared diagonal of L is a ratio of principal minors, which plain elimination has at 80 digits."""
    net = nk.fcn(depth, nk.erf, *phase)
    x = images(5, net)
    k = nk.kernels(net, x)
    lower = factor(k.Theta, None, k.numbers)
    exact = nk.kernels(net, x, numbers=nk.digits(80))
    context = exact.numbers.context
    order = list(lower.order)
    plain = context.cholesky(context.matrix(exact.ntk[np.ix_(order, order)].tolist()))
    for step, point in enumerate(order):
        ratio = context.mpf(lower.train[point, step]) / plain[step, step]
        assert abs(ratio - 1) < 1e-11  # (20 + 4 l) u = 1.4e-13 of each gap, times the set's conditioning of 10 to 100


def test_equal_inputs_end_the_elimination():
    net = nk.fcn(5, nk.erf, *ORDERED)
    x = images(4, net)
    k = nk.kernels(net, np.vstack([x, x[1:2]]))
    lower = factor(k.Theta, None, k.numbers)
    assert len(lower.order) == 4
    assert np.max(np.abs(lower.train[1] - lower.train[4])) <= 4 * 2.0**-53 * np.max(lower.train)  # a few roundings


def test_digits_and_float64_are_one_text():
    net = nk.fcn(6, nk.relu, 2)
    x = nk.optical_digits()[0][:5].reshape(5, -1)  # norms differ, so both systems choose the same pivots
    k, exact = nk.kernels(net, x), nk.kernels(net, x, numbers=nk.digits(40))
    floats, many = (factor(a.Theta, None, a.numbers) for a in (k, exact))
    assert floats.order == many.order
    assert np.max(np.abs((floats.train - many.train).astype(float))) < 1e-13 * np.max(floats.train)
    assert isinstance(many.train[0, 0] + 0, mpmath.ctx_mp_python._mpf)
