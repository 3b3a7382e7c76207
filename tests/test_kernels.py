"""What `kernels` returns and refuses: shapes, Gram matrices, depth by depth, zero rows, overflow, underflow."""

import types

import brute_force as bf
import mpmath
import numpy as np
import pytest
from compare import FIELDS, U, agrees, relative_error, worst_error
from hypothesis import given
from strategies import CLOSED_FORM, input_sets, networks

import ntkref as nk
from ntkref.recursion import pairs_by_depth

NET = nk.fcn(5, nk.erf, "1.5", "0.1")
X = np.array([[0.5, -1.0, 2.0], [1.0, 0.25, 1.5], [0.5, -1.0, 2.0]])


def everything(kernels):
    return [getattr(kernels, name) for name in FIELDS] + [*kernels.nngp_variances, *kernels.ntk_variances]


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(15)], ids=repr)
def test_shapes(numbers):
    k = nk.kernels(NET, X, X[:2], numbers)
    assert {np.shape(getattr(k, name)) for name in FIELDS} == {(3, 2)}
    assert [np.shape(v) for v in (*k.nngp_variances, *k.ntk_variances)] == [(3,), (2,)] * 2
    pair = nk.kernels_of_pair(NET, [[1.0], [2.0]], [0.1, 0.2, 0.3], numbers)
    assert {np.shape(getattr(pair, name)) for name in FIELDS} == {(2, 3)}
    assert np.shape(pair.nngp_variances[0]) == (2, 3)
    assert {np.shape(getattr(nk.kernels_of_pair(NET, 1, 0.5, numbers), name)) for name in FIELDS} == {()}
    assert repr(k) == f"Kernels(depth=5, shape=(3, 2), numbers={numbers})"
    assert (k.depth, k.numbers) == (5, numbers)


@given(net=networks(), x=input_sets())
def test_gram_is_the_cross_kernel_with_its_own_diagonal(net, x):
    """x2=None: exactly symmetric, its diagonal exactly the variances, its gap 0 there, else the cross kernel's bits."""
    gram, cross = nk.kernels(net, x), nk.kernels(net, x, x)
    for name in FIELDS:
        matrix = getattr(gram, name)
        assert (matrix == matrix.T).all()
        off = ~np.eye(len(x), dtype=bool)
        assert (matrix[off] == getattr(cross, name)[off]).all()
    assert (np.diag(gram.nngp) == gram.nngp_variances[0]).all()
    assert (np.diag(gram.ntk) == gram.ntk_variances[1]).all()
    assert not np.diag(gram.nngp_gap).any()
    assert not np.diag(gram.ntk_gap).any()


@given(net=networks())
def test_by_depth_is_each_shorter_network(net):
    """Yield l holds the kernels of the first l weight layers, to the bit, and the last is `kernels`."""
    seen = []
    for depth, k in nk.kernels_by_depth(net, X):
        dense = [i for i, layer in enumerate(net.layers) if isinstance(layer, nk.Dense)]
        shorter = nk.kernels(nk.Network(net.layers[: dense[depth - 1] + 1]), X)
        assert all((a == b).all() for a, b in zip(everything(k), everything(shorter), strict=True))
        assert k.depth == depth
        seen.append(depth)
    assert seen == list(range(1, net.depth + 1))


def test_by_depth_is_lazy_but_checks_at_once():
    steps = nk.kernels_by_depth(NET, X)
    assert isinstance(steps, types.GeneratorType)
    assert next(steps)[0] == 1
    with pytest.raises(ValueError, match=r"^x1 must be finite"):
        nk.kernels_by_depth(NET, [[np.nan]])  # not iterated
    with pytest.raises(ValueError, match=r"^q is a variance"):
        pairs_by_depth(NET, -1, 0.5)


def test_pairs_are_inputs_of_that_angle():
    """kernels_of_pair(q, 1 - c) is kernels(x, x') for two vectors with K1 = q and that cosine: rationals, digits."""
    numbers = nk.digits(30)
    net = nk.fcn(6, nk.erf, 2, 0)
    x1, x2 = [["3", "4"]], [["5", "0"]]  # x.x/2 = 12.5, cosine 3/5
    inputs, pair = nk.kernels(net, x1, x2, numbers), nk.kernels_of_pair(net, 25, "0.4", numbers)
    for name in FIELDS:
        assert agrees(getattr(inputs, name)[0, 0], getattr(pair, name), 30), name


def test_depth_one_is_the_linear_map():
    k = nk.kernels(nk.fcn(1, nk.erf, "1.5", "0.25"), X)
    assert k.nngp == pytest.approx(1.5 * X @ X.T / 3 + 0.25, rel=8 * U)
    assert (k.ntk == k.nngp).all()
    assert (k.ntk_gap == k.nngp_gap).all()


def test_pair_selects_a_kernel():
    k = nk.kernels(NET, X)
    assert (k.pair("nngp").gap == k.nngp_gap).all()
    assert (k.pair("ntk").gap == k.ntk_gap).all()
    with pytest.raises(ValueError, match=r"""kernel must be "ntk" or "nngp", got 'both'"""):
        k.pair("both")


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(20)], ids=repr)
@pytest.mark.parametrize("sigma_b2", ["0", "0.5"])
@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_zero_rows(activation, sigma_b2, numbers):
    """A zero input has no direction, but its kernels exist: finite, and what the definition gives (in any place)."""
    x = np.array([[0.0, 0.0], [1.0, 2.0]])
    k = nk.kernels(nk.fcn(4, activation, 2, sigma_b2), x, numbers=numbers)
    ctx = bf.context(80)
    for i, j in ((0, 0), (0, 1), (1, 0)):
        *_, e = bf.layers(ctx, activation.name, 4, 2, sigma_b2, bf.first_layer(ctx, 2, sigma_b2, x[i], x[j]))
        for name, true in zip(FIELDS, (e.k12, e.t12, e.nngp_gap, e.ntk_gap), strict=True):
            value = getattr(k, name)[i, j]
            value = float(value) if numbers is nk.float64 else value
            assert abs(value - true) <= abs(true) * (36 * U if numbers is nk.float64 else 1e-20) + 1e-70, (name, i, j)


def test_overflow_of_relu_names_the_depth():
    """K(x, x) = q (3/2)^(l-1) passes 2^1020 after 1744 layers, the NTK, l times that, before: at 1727."""
    steps = pairs_by_depth(nk.fcn(3000, nk.relu, 3), 1, 0.5)
    for _ in range(1726):
        _, k = next(steps)
        assert all(np.isfinite(v).all() for v in everything(k))
    with pytest.raises(OverflowError, match=r"^the NTK's diagonal at depth 1727 exceeds 1e\+307.*numbers=digits\(n\)"):
        next(steps)
    assert mpmath.isfinite(nk.kernels_of_pair(nk.fcn(2000, nk.relu, 3), 1, 0.5, nk.digits(5)).ntk)


def test_overflow_of_the_ntk_in_deep_chaos():
    """chi_1 = 3.66: the diagonal reaches 2^1020 at depth 543, K stays of order 27."""
    net = nk.fcn(1000, nk.erf, 30, "0.5")
    with pytest.raises(OverflowError, match=r"^the NTK's diagonal at depth 543 exceeds"):
        nk.kernels_of_pair(net, 26.8, 0.5)
    exact = nk.kernels_of_pair(nk.fcn(543, nk.erf, 30, "0.5"), 26.8, 0, nk.digits(10))
    assert exact.ntk > mpmath.mpf(2) ** 1020  # the guard sits where it says


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
def test_overflow_of_the_inputs(activation):
    for x in ([[1e200, 1.0]], [[1e160, 0.0], [-1e160, 0.0]]):
        with pytest.raises(OverflowError, match=r"^x·x/n exceeds"):
            nk.kernels(nk.fcn(3, activation, 1), x)
        assert mpmath.isfinite(nk.kernels(nk.fcn(3, activation, 1), x, numbers=nk.digits(5)).ntk[0, 0])


def test_overflow_inside_the_closed_form_of_erf():
    """Products of four variances appear: above 2^200 float64 says so and digits goes on."""
    with pytest.raises(OverflowError, match=r"^K\(x, x\) at depth 1, in the closed form of erf, exceeds 2e\+60"):
        nk.kernels_of_pair(NET, 1e70, 0.5)
    nk.kernels_of_pair(NET, 1e70, 0.5, nk.digits(10))
    with pytest.raises(OverflowError, match="does not fit a float64"):
        nk.kernels_of_pair(nk.fcn(3, nk.erf, "1e400"), 1, 0.5)


@pytest.mark.parametrize("q", [1e-280, 1e306])
@pytest.mark.parametrize("sigma_b2", [0, 1, 1000])
def test_nothing_overflows_on_the_way(q, sigma_b2):
    """ReLU at the ends of float64: what is returned is right, though squares and products of it are no floats."""
    net = nk.fcn(3, nk.relu, 1, sigma_b2)
    floats, exact = (nk.kernels_of_pair(net, q, [0.5, 1.0], numbers) for numbers in (nk.float64, nk.digits(20)))
    for name in ("nngp", "ntk", "nngp_gap", "ntk_gap"):
        assert worst_error(getattr(floats, name), getattr(exact, name)) <= 32, name


def test_a_gap_that_underflows_is_refused_when_asked_for():
    """Ordered, chi_1 = 0.14: the gap passes 2^-1000 near depth 350. Entries are still right, the gaps raise."""
    net = nk.fcn(500, nk.erf, "0.15", "0.18")
    k = nk.kernels_of_pair(net, "0.2", ["0.5", 0])
    exact = nk.kernels_of_pair(net, "0.2", ["0.5", 0], nk.digits(20))
    assert worst_error(k.nngp, exact.nngp) < 20
    assert worst_error(k.ntk, exact.ntk) < 20
    for name in ("nngp_gap", "ntk_gap"):
        with pytest.raises(FloatingPointError, match=rf"^{name} underflows float64 at depth 500.*numbers=digits\(n\)"):
            getattr(k, name)
        assert 0 < getattr(exact, name)[0] < mpmath.mpf(2) ** -1000
        with pytest.raises(FloatingPointError, match=f"^{name} underflows"):
            k.pair(name[:-4])
    same = nk.kernels_of_pair(net, "0.2", 0)  # identical inputs have no gap to lose
    assert (same.nngp_gap, same.ntk_gap) == (0, 0)


def test_gaps_until_underflow_are_right():
    """Down to the threshold: no gap that is returned has lost bits to subnormal numbers."""
    net = nk.fcn(500, nk.erf, "0.15", "0.18")
    lost = None
    for (depth, k), (_, exact) in zip(
        pairs_by_depth(net, "0.2", "0.5"), pairs_by_depth(net, "0.2", "0.5", nk.digits(20)), strict=True
    ):
        try:
            gap = float(k.ntk_gap)
        except FloatingPointError:
            lost = lost or depth
        else:
            assert lost is None
            assert relative_error(gap, exact.ntk_gap) <= (20 + 4 * depth) * U
    assert lost is not None


def test_distinct_inputs_are_never_said_to_coincide():
    """Inputs whose squared distance is no float64: refused, not returned as a gap of 0."""
    with pytest.raises(FloatingPointError, match=r"^nngp_gap underflows"):
        _ = nk.kernels(nk.fcn(2, nk.relu, 2), [[1e-170, 0.0], [2e-170, 0.0]]).nngp_gap
    with pytest.raises(FloatingPointError, match=r"^nngp_gap underflows"):
        _ = nk.kernels_of_pair(nk.fcn(2, nk.relu, 2), 1e-10, 1e-320).nngp_gap


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(10)], ids=repr)
def test_weights_of_variance_0_make_all_inputs_one(numbers):
    """sigma_w2 = 0: K = Theta = sigma_b2 for every pair, the gap of distinct inputs is 0 and has not underflowed."""
    net = nk.fcn(3, nk.erf, 0, 2)
    for k in (nk.kernels(net, X, numbers=numbers), nk.kernels_of_pair(net, 2, 0.5, numbers)):
        assert np.all(k.nngp == 2)
        assert np.all(k.ntk == 2)
        assert np.all(k.nngp_gap == 0)
        assert np.all(k.ntk_gap == 0)


@pytest.mark.parametrize("swap", [False, True])
def test_one_input_that_underflows_is_enough(swap):
    """|x|^2 = 1e-320 beside |x'|^2 = 1: K12 would be made from a variance that has lost its bits."""
    rows = [[[1e-160, 0.0]], [[1.0, 0.0]]]
    k = nk.kernels(nk.fcn(2, nk.relu, 2), *(rows[::-1] if swap else rows))
    for name in ("nngp", "ntk"):
        with pytest.raises(FloatingPointError, match=f"^{name} underflows"):
            getattr(k, name)


def test_entries_that_underflow_are_refused_when_asked_for():
    """ReLU, sigma_w2 = 0.1: K(x, x) = 0.05^(l-1) is 1e-1300 at depth 1000. 0.0 would be wrong in every digit."""
    k = nk.kernels(nk.fcn(1000, nk.relu, "0.1"), [[1.0, 0.0], [2.0, 0.0]])
    for name in ("nngp", "ntk"):
        with pytest.raises(FloatingPointError, match=rf"^{name} underflows float64 at depth 1000"):
            getattr(k, name)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None, X), TypeError, r"^net must be a Network, such as fcn\(\.\.\.\) builds, got None"),
        ((nk.erf, X), TypeError, "^net must be a Network.*got erf"),
        ((NET, X, None, None), TypeError, "^numbers must be float64.*got None"),
        ((NET, X, None, "float64"), TypeError, "^numbers must be float64.*got 'float64'"),
        ((NET, X, None, nk.digits), TypeError, "^numbers must be float64.*got <function digits"),
        ((NET, X, X[:, :2]), ValueError, "^x1 and x2 must have the same number of features, got 3 and 2"),
        ((NET, X, [[np.nan, 1, 1]]), ValueError, "^x2 must be finite"),
        ((NET, X, [[1, 1, 1j]]), TypeError, "^x2 must hold real"),
        ((NET, X, []), ValueError, r"^x2 .*shape \(0,\)"),
        ((NET, [[1.0], [1.0, 2.0]]), ValueError, "^x1 must be rectangular"),
        ((NET, np.zeros((2, 8, 8))), ValueError, "^x1 .*flatten images"),
    ],
    ids=lambda v: repr(v)[:40],
)
def test_bad_arguments(arguments, error, message):
    for function in (nk.kernels, nk.kernels_by_depth):
        with pytest.raises(error, match=message):
            function(*arguments)


def test_the_ends_of_the_range_belong_to_it():
    """2^1020 and (in erf's closed form) 2^200 are taken, and 2^-1000 is returned, each to the last bit."""
    line = nk.fcn(1, nk.relu, 1)
    assert nk.kernels_of_pair(line, 2.0**1020, 0.5).nngp == 2.0**1019
    nk.kernels_of_pair(nk.fcn(2, nk.erf, 1), 2.0**200, 0.5)
    assert nk.kernels_of_pair(line, 2.0**-1000, 2).nngp == -(2.0**-1000)
    assert nk.kernels_of_pair(line, 2.0**-501, 2.0**-500).nngp_gap == 2.0**-1000
    cross = nk.kernels(line, [[2.0**510], [2.0**-500]], [[2.0**510], [2.0**-500]])
    assert cross.nngp[0, 0] == 2.0**1020
    assert cross.nngp[1, 1] == 2.0**-1000


def test_a_variance_of_one_is_watched_too():
    """K(x, x) = 1 at first, then 0.05^(l-1): refused like any other."""
    k = nk.kernels_of_pair(nk.fcn(1000, nk.relu, "0.1"), 1, 0.5)
    with pytest.raises(FloatingPointError, match=r"^nngp underflows float64 at depth 1000"):
        _ = k.nngp
