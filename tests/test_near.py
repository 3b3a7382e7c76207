"""Gaps of CNN-P between nearly equal images: differences of differences, lost in plain float64 at 1e-8."""

import numpy as np
import pytest

import ntkref as nk

RNG = np.random.default_rng(0)
X, MOVED, OTHER = RNG.standard_normal((3, 4, 3, 2))
NETWORKS = {
    "erf, order": nk.cnn(6, nk.erf, "1.0", "0.18", readout="pool"),
    "erf, chaos": nk.cnn(6, nk.erf, "3", "0.1", padding="same", readout="pool"),
    "relu": nk.cnn(6, nk.relu, 2, "0.1", readout="pool"),
    "relu, order, zeros around": nk.cnn(10, nk.relu, 1, "0.1", padding="same", readout="pool"),
    "residual": nk.Network(
        [nk.Conv(1), nk.Residual([nk.erf, nk.Conv(1)]), nk.erf, nk.AvgPool((2, 1)), nk.GlobalAvgPool(), nk.Dense(1)]
    ),
}


@pytest.mark.parametrize("distance", [1e-8, 1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_promise(name, distance):
    """(20 + 4 l) u, with nothing to spare for what the pool cancels: of these gaps it cancels less than a factor 30."""
    if name == "relu, order, zeros around" and distance == 0.1:
        distance = 0.03  # beyond, pixels turn by more than the angle between some, and the pool stays as it is
    net, x = NETWORKS[name], np.stack([X, X + distance * MOVED])
    k, exact = nk.kernels(net, x), nk.kernels(net, x, numbers=nk.digits(40))
    assert max(k.blur.K[0, 1], k.blur.Theta[0, 1]) < 30
    for ours, true in ((k.nngp_gap, exact.nngp_gap), (k.ntk_gap, exact.ntk_gap)):
        assert abs(float(ours[0, 1] / true[0, 1] - 1)) <= (20 + 4 * net.depth) * 2.0**-53


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(15)], ids=str)
def test_pools_that_agree_for_other_reasons_raise(numbers):
    """Pixels in another order are one pool to filters of one pixel; float64 and digits have only rounding to show."""
    net = nk.Network([nk.Conv(2, "0.1", filter_size=1), nk.erf, nk.GlobalAvgPool(), nk.Dense(1)])
    shuffled = nk.kernels(net, np.stack([X, X[[1, 0, 3, 2]]]), numbers=numbers)
    with pytest.raises(ArithmeticError, match="agree to nearly all digits"):
        shuffled.nngp_gap  # noqa: B018 - reading it raises
    assert np.all(np.isfinite(np.asarray(shuffled.ntk, dtype=float)))


def test_shifts_are_one_image():
    net = NETWORKS["erf, order"]
    k = nk.kernels(net, np.stack([X, np.roll(X, (1, 2), (0, 1)), OTHER]))
    assert k.ntk_gap[0, 1] == 0
    assert nk.spectrum(k).eigenvalues[-1] == 0


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(15)], ids=str)
def test_windows_equal_pixel_by_pixel_lose_nothing(numbers):
    """Images that differ in one pixel: the other windows of an AvgPool are equal, and no reason to refuse the gap."""
    net = nk.Network([nk.Conv(1, filter_size=1), nk.erf, nk.AvgPool(2), nk.Flatten(), nk.Dense(1)])
    x = np.stack([X[:, :2], X[:, :2]])
    x[1, 0, 0, 0] += 1
    k, exact = nk.kernels(net, x, numbers=numbers), nk.kernels(net, x, numbers=nk.digits(30))
    promise = np.broadcast_to(k.relative_error("ntk"), (2, 2))[0, 1]
    assert abs(float(k.ntk_gap[0, 1] / exact.ntk_gap[0, 1] - 1)) <= promise
