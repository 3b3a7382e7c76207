"""Kernels of images as matrices: blocks, depths, shapes of input, namespaces, symbols, overflow, memory."""

import tracemalloc

import array_api_strict
import numpy as np
import pytest
import sympy
from compare import FIELDS, U, relative_error

import ntkref as nk
from ntkref import AvgPool, Conv, Dense, Dropout, Flatten, GlobalAvgPool, LayerNorm, Residual, erf, images, relu

W = ("1.6", "0.2")
X = np.random.default_rng(3).standard_normal((5, 4, 3, 2)) + 0.4 * np.arange(5)[:, None, None, None]
READOUTS = ("flatten", "pool")
NETWORKS = {
    "CNN-F": nk.cnn(4, erf, *W),
    "CNN-P": nk.cnn(3, relu, *W, readout="pool"),
    "everything": nk.Network(
        [
            Conv(*W, padding="same"),
            LayerNorm(),
            relu,
            Dropout("0.75"),
            Residual([Conv(*W), relu]),
            AvgPool((2, 1)),
            Conv(*W, filter_size=2, padding="valid"),
            Residual([LayerNorm(), erf, Conv(*W)]),
            erf,
            GlobalAvgPool(),
            Dense(*W),
            relu,
            Dense(*W),
        ]
    ),
    "strides": nk.Network([Conv(*W, stride=2), relu, Conv(*W, stride=5, padding="same"), erf, Flatten(), Dense(*W)]),
    "unlike norms after the readout": nk.Network(
        [Conv(*W), relu, GlobalAvgPool(), Dense("0.2"), nk.exp, Dense("0.1"), nk.exp, Dense(1)]
    ),
    "readout of the inputs": nk.cnn(1, erf, *W, readout="pool"),
}


def everything(k):
    return [getattr(k, name) for name in FIELDS] + [*k.nngp_variances, *k.ntk_variances]


def same_bits(one, other):
    return all((a == b).all() for a, b in zip(everything(one), everything(other), strict=True))


# --- blocks and matrices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_change_nothing(name, monkeypatch):
    """Memory is bounded by blocks of pairs of images: one pair, 2 × 2 with a short last block, all in one."""
    net = NETWORKS[name]
    whole = nk.kernels(net, X), nk.kernels(net, X, X[1:4])
    count = []
    block = images._block
    monkeypatch.setattr(images, "_block", lambda *args: count.append(1) or block(*args))
    pixels = 12**2 if "Pool" in repr(net) else 12
    for side, blocks in ((1, 15 + 15), (2, 6 + 3 * 2), (5, 1 + 1)):
        monkeypatch.setattr(images, "_BLOCK", side**2 * pixels + 3)
        count.clear()
        assert same_bits(nk.kernels(net, X), whole[0])
        assert same_bits(nk.kernels(net, X, X[1:4]), whole[1])
        assert len(count) == blocks


@pytest.mark.parametrize("name", NETWORKS)
def test_gram_matrices(name):
    """Symmetric to the bit, the variances on the diagonal and no gap there; off it the bits of the cross kernel."""
    net = NETWORKS[name]
    gram = nk.kernels(net, X)
    for field in FIELDS:
        matrix = getattr(gram, field)
        assert (matrix == matrix.T).all()
        assert not field.endswith("gap") or not np.diag(matrix).any()
    assert (np.diag(gram.nngp) == gram.nngp_variances[0]).all()
    assert (np.diag(gram.ntk) == gram.ntk_variances[1]).all()
    cross = nk.kernels(net, X[:2], X[2:])
    for field in FIELDS:
        if "Dropout" not in repr(net):  # a mask is in a Gram matrix only
            assert (getattr(cross, field) == getattr(gram, field)[:2, 2:]).all(), field
    turned = nk.kernels(net, X[2:], X[:2]).ntk.T  # pools add up the pixels of x1 first
    assert (abs(turned - cross.ntk) <= 2 * (20 + 4 * net.depth) * U * gram.ntk_variances[0].max()).all()


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("options", [{}, {"padding": "same"}, {"filter_size": 1, "padding": "valid"}], ids=str)
def test_by_depth_is_each_shorter_network(readout, options):
    """The l-th is `cnn(depth=l)`, to the bit, in a Gram matrix and across."""
    for x2 in (None, X[:2]):
        seen = []
        for depth, k in nk.kernels_by_depth(nk.cnn(4, relu, *W, readout=readout, **options), X, x2):
            assert same_bits(k, nk.kernels(nk.cnn(depth, relu, *W, readout=readout, **options), X, x2))
            assert k.depth == depth
            seen.append(depth)
        assert seen == [1, 2, 3, 4]


def test_by_depth_in_digits():
    x = X[:2, :2, :1]
    for depth, k in nk.kernels_by_depth(nk.cnn(3, relu, *W, readout="pool"), x, numbers=nk.digits(12)):
        assert same_bits(k, nk.kernels(nk.cnn(depth, relu, *W, readout="pool"), x, numbers=nk.digits(12)))


def test_by_depth_of_any_network():
    """Cut in its image part a network is read out by the layers behind the last convolution or sum."""
    conv, tail = Conv(*W), [Flatten(), Dense(*W), relu, Dense(*W)]
    body = [conv, relu, AvgPool(2), Residual([conv, relu]), LayerNorm()]
    layers = [conv, relu, AvgPool((2, 1)), conv, Residual([relu, conv]), LayerNorm(), erf, *tail]
    by_depth = dict(nk.kernels_by_depth(nk.Network(layers), X))
    readout = [LayerNorm(), erf, Flatten(), Dense(*W)]
    shorter = {
        1: [Flatten(), Dense(*W)],
        2: [conv, *readout],
        3: [conv, relu, AvgPool((2, 1)), conv, *readout],
        4: [*layers[:5], *readout],
        5: layers,
    }
    assert list(by_depth) == list(shorter)
    for depth, cut in shorter.items():
        assert same_bits(by_depth[depth], nk.kernels(nk.Network(cut), X)), depth
    pooled = nk.Network([*body[:3], conv, relu, Flatten(), Dense(*W)])  # no pool before its second convolution is read
    assert [depth for depth, _ in nk.kernels_by_depth(pooled, X)] == [1, 2, 3]


# --- any images -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_any_array_is_taken_as_its_exact_values(name):
    """Integers of any width, float32, lists, views with any strides: the kernels of the float64 copy, to the bit."""
    net, whole = NETWORKS[name], np.round(2 * abs(X)).astype(int)
    for x in (whole, whole.astype(np.uint8), whole.astype(np.int16), whole.astype(np.float32), whole.tolist()):
        assert same_bits(nk.kernels(net, x), nk.kernels(net, whole.astype(float)))
    for view in (X[::2, :, ::-1], X.transpose(0, 2, 1, 3)[:, :, ::-1], np.asfortranarray(X), X[..., ::-1]):
        if "valid" in repr(net) and view.shape[1:3] != (4, 3):
            continue
        before = view.copy()
        assert same_bits(nk.kernels(net, view), nk.kernels(net, np.ascontiguousarray(view)))
        assert (view == before).all()


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("padding", ["circular", "same"])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 1), (3, 1, 1, 2), (1, 2, 3, 1), (2, 1, 2), (2, 1, 1), (2, 7, 1, 3)], ids=str
)
def test_any_shape(shape, padding, readout):
    """One image, one pixel, one channel, one row: finite, and filters may be larger than the image."""
    x = np.random.default_rng(4).standard_normal(shape)
    for size in (1, 3, 7):
        net = nk.cnn(3, erf, *W, filter_size=size, padding=padding, readout=readout)
        k = nk.kernels(net, x)
        assert k.ntk.shape == (len(x),) * 2
        assert all(np.isfinite(v).all() for v in everything(k))


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("padding", ["circular", "same"])
def test_images_of_one_row_are_one_dimensional(padding, readout):
    """(n, 1, length, channels) under filters (1, 3) is (n, length, channels) under filters of 3."""
    two = nk.kernels(nk.cnn(3, erf, *W, filter_size=(1, 3), padding=padding, readout=readout), X[:, :1])
    one = nk.kernels(nk.cnn(3, erf, *W, filter_size=3, padding=padding, readout=readout), X[:, 0])
    for field in FIELDS:
        scale = getattr(one, field) if field.endswith("gap") else one.ntk_variances[0].max()
        assert (abs(getattr(two, field) - getattr(one, field)) <= 2 * 32 * U * scale).all()


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(15)], ids=str)
@pytest.mark.parametrize("sigma_b2", ["0", "0.3"])
@pytest.mark.parametrize("activation", [erf, relu], ids=str)
@pytest.mark.parametrize("readout", READOUTS)
def test_zero_images_and_zero_pixels(readout, activation, sigma_b2, numbers):
    """They have kernels: finite; those of the zero image with σ_b² = 0 are 0; those of twins agree."""
    n = 20 if numbers is nk.float64 else 4
    x = np.random.default_rng(4).standard_normal((n, 3, 2))
    x[0], x[1, 1], x[3] = 0, 0, 0
    layers = [*nk.cnn(2, activation, 2, sigma_b2, readout=readout).layers, *[activation, Dense(1)] * 2]
    net = nk.Network(layers)
    k = nk.kernels(net, x, numbers=numbers)
    for values in everything(k):
        assert np.isfinite(values.astype(float)).all()
    assert k.nngp_gap[0, 3] == k.ntk_gap[0, 3] == 0
    assert k.nngp_gap[0, 1] > 0
    if sigma_b2 == "0":
        assert not k.nngp[0].any()
        assert not k.ntk[0].any()


@pytest.mark.parametrize("readout", READOUTS)
def test_a_zero_pixel_under_a_norm(readout):
    """Its direction is undefined without a bias, also where it lies in one image of many."""
    x = X.copy()
    x[1, 2, 2] = 0
    tail = [LayerNorm(), relu, *nk.cnn(1, relu, 1, readout=readout).layers]
    with pytest.raises(
        ValueError, match=r"^layer norm at depth 1 divides by K\(x, x\) = 0: an input, or pixel, is zero"
    ):
        nk.kernels(nk.Network([Conv(2, filter_size=1), *tail]), x)
    nk.kernels(nk.Network([Conv(2, "0.1", filter_size=1), *tail]), x)
    nk.kernels(nk.Network([Conv(2), *tail]), x)  # its window is not zero


BAD = [
    (
        X[0, 0],
        None,
        r"^x1 must be images of shape \(n, height, width, channels\) or \(n, length, channels\), got .*\(3, 2\)",
    ),
    (X[None], None, r"^x1 must be images of shape .*, got shape \(1, 5, 4, 3, 2\)"),
    (X[:0], None, r"^x1 is empty: shape \(0, 4, 3, 2\)"),
    (X[..., :0], None, r"^x1 is empty: shape \(5, 4, 3, 0\)"),
    (X, X[:, 0], r"^x1 and x2 must have the same shape, got \(4, 3, 2\) and \(3, 2\)"),
    (X, X[..., :1], r"^x1 and x2 must have the same shape, got \(4, 3, 2\) and \(4, 3, 1\)"),
    (X, np.nan * X, "^x2 must be finite"),
    (X * 1j, None, "^x1 must hold real numbers"),
    ([[[[1.0], [2.0]], [[1.0]]]], None, "^x1 must be rectangular"),
]


@pytest.mark.parametrize(("x1", "x2", "message"), BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("function", [nk.kernels, nk.kernels_by_depth])
def test_bad_images(function, x1, x2, message):
    with pytest.raises((TypeError, ValueError), match=message):
        function(NETWORKS["CNN-P"], x1, x2)


def test_networks_that_do_not_fit_the_images():
    for layers, message in (
        (
            [Conv(*W, filter_size=4, padding="valid"), relu],
            r"^the filter of Conv\(.*\) is larger than the image, which has \(4, 3\)",
        ),
        ([Conv(*W, filter_size=(3,)), relu], r"^Conv\(.*\) is for 1-dimensional images, got 2-dimensional ones"),
        ([AvgPool(5)], r"^the window of AvgPool\(5\) is larger than the image"),
    ):
        for function in (nk.kernels, nk.kernels_by_depth):
            with pytest.raises(ValueError, match=message):
                function(nk.Network([*layers, Flatten(), Dense(1)]), X)
    with pytest.raises(ValueError, match=r"^net is of images: they have a pair for every two pixels, so give images"):
        nk.kernels_of_pair(NETWORKS["CNN-F"], 1, 0.5)


# --- dropout ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("readout", READOUTS)
def test_dropout_before_the_readout(readout):
    """CNN-F: the diagonals of K and Θ gain 1/ρ.  CNN-P: of all pairs of pixels only (i, i) share a mask."""
    *body, dense = nk.cnn(3, relu, 2, readout=readout).layers
    plain = nk.kernels(nk.Network([*body, dense]), X)
    dropped = nk.kernels(nk.Network([*body[:-1], Dropout("0.5"), body[-1], dense]), X)
    flat = nk.kernels(nk.Network([*body[:-1], Flatten(), dense]), X)
    off = ~np.eye(len(X), dtype=bool)
    for field in ("nngp", "ntk"):
        ours, theirs, equal = (getattr(k, field) for k in (dropped, plain, flat))
        assert (ours[off] == theirs[off]).all()
        share = 1 if readout == "flatten" else 12  # the pairs (i, i) are 1/12 of all pairs
        gained = np.diag(ours) - np.diag(theirs)
        assert gained == pytest.approx(np.diag(equal) / share, rel=1e-13)
    twice = nk.kernels(nk.Network([*body[:-1], Dropout("0.5"), body[-1], dense]), X[[0, 0]])
    assert twice.nngp_gap[0, 1] == pytest.approx(2 * (dropped.nngp[0, 0] - plain.nngp[0, 0]), rel=1e-13)


# --- number systems ---------------------------------------------------------------------------------------------------

STRICT = nk.floats(array_api_strict)
SYSTEMS = {
    **NETWORKS,
    "post": nk.Network(
        [Conv(*W), Residual([relu, Conv(*W)]), LayerNorm(), Residual([erf, Conv(*W)]), GlobalAvgPool(), Dense(1)]
    ),
    "valid": nk.cnn(2, relu, *W, filter_size=(2, 3), padding="valid", readout="pool"),
    "same": nk.cnn(3, erf, *W, padding="same"),
    "general filter": nk.Network(
        [Conv(*W, filter_variance=[["1/2", "0", "0"], ["0", "1/4", "1/4"], ["0"] * 3]), relu, Flatten(), Dense(1)]
    ),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_any_namespace(name):
    """array_api_strict takes what the standard has and nothing else; its results are NumPy's to rounding."""
    net = SYSTEMS[name]
    near = X[:3].copy()
    near[1] = near[0] + 1e-4 * near[1]
    for x1, x2 in ((X, None), (X[:2], X[2:]), (near, None)):
        ours, plain = nk.kernels(net, x1, x2, STRICT), nk.kernels(net, x1, x2)
        for field in FIELDS:
            try:
                theirs = getattr(plain, field)
            except ArithmeticError:
                with pytest.raises(ArithmeticError):
                    getattr(ours, field)
                continue
            value = getattr(ours, field)
            assert type(value) is type(array_api_strict.asarray(0.0))
            scale = theirs if field.endswith("gap") else np.sqrt(np.outer(*getattr(plain, f"{field}_variances")))
            promise = (
                np.maximum(plain.relative_error(field[:4].rstrip("_")), 32 * U)
                if field.endswith("gap")
                else (20 + 4 * net.depth) * U
            )
            assert (abs(np.asarray(value) - theirs) <= 2 * promise * scale).all(), field
    by_depth = list(nk.kernels_by_depth(net, array_api_strict.asarray(X), numbers=STRICT))
    assert by_depth[-1][0] == net.depth


def test_images_as_formulas():
    """CNN-P of two images of two pixels, (1, 2) and (0, 1), filter 1: the mean of the four arc sines."""
    k = nk.kernels(nk.cnn(2, erf, 1, filter_size=1, readout="pool"), [[[1], [2]], [[0], [1]]], numbers=nk.symbols())

    def T(q1, q2, q12):
        return 2 / sympy.pi * sympy.asin(2 * sympy.Integer(q12) / sympy.sqrt((1 + 2 * q1) * (1 + 2 * q2)))

    truth = (T(1, 0, 0) + T(4, 0, 0) + T(1, 1, 1) + T(4, 1, 2)) / 4
    assert abs((k.nngp[0, 1] - truth).evalf(40)) < 1e-35
    assert abs((k.nngp_gap[0, 1] - (k.nngp[0, 0] + k.nngp[1, 1] - 2 * k.nngp[0, 1])).evalf(40)) < 1e-35
    flat = nk.kernels(nk.cnn(2, relu, 2, "1/2", filter_size=1), [[[1], [2]], [[0], [1]]], numbers=nk.symbols())
    exact = nk.kernels(nk.cnn(2, relu, 2, "1/2", filter_size=1), [[[1], [2]], [[0], [1]]], numbers=nk.digits(30))
    for field in FIELDS:
        for ours, theirs in zip(getattr(flat, field).ravel(), getattr(exact, field).ravel(), strict=True):
            assert abs(ours.evalf(40) - theirs) < 1e-29, field


def test_symbolic_weights():
    """K of CNN-P in σ_w², the variance of the data its factor."""
    s = sympy.Symbol("s", positive=True)
    k = nk.kernels(nk.cnn(2, relu, s, filter_size=1, readout="pool"), [[[1], [1]], [[2], [1]]], numbers=nk.symbols())
    assert sympy.simplify(k.nngp[0, 0] - s**2 / 2) == 0
    assert sympy.simplify(k.nngp[0, 1] - s**2 / 2 * sympy.Rational(3, 2)) == 0


# --- the ends of float64, and of memory -------------------------------------------------------------------------------


@pytest.mark.parametrize("readout", READOUTS)
def test_overflow_names_the_depth(readout):
    x = X[:2, :2, 0]
    with pytest.raises(OverflowError, match=r"^x·x/n exceeds 1e\+307, too large for float64; use numbers=digits"):
        nk.kernels(nk.cnn(3, relu, 2, readout=readout), 1e200 * x)
    with pytest.raises(OverflowError, match=r"^K\(x, x\) at depth 1, in the closed form of erf, exceeds 2e\+60"):
        nk.kernels(nk.cnn(3, erf, 2, readout=readout), 1e40 * x)
    with pytest.raises(OverflowError, match=r"^(K\(x, x\)|the NTK's diagonal) at depth 10\d\d exceeds 1e\+307"):
        nk.kernels(nk.cnn(1100, relu, 4, filter_size=1, readout=readout), x)
    assert np.isfinite(nk.kernels(nk.cnn(3, relu, 2, readout=readout), 1e150 * x).ntk_gap).all()


@pytest.mark.parametrize("readout", READOUTS)
def test_underflow_is_refused_when_asked_for(readout):
    k = nk.kernels(nk.cnn(3, relu, 2, readout=readout), 1e-155 * X[:2])
    for field in FIELDS:
        with pytest.raises(FloatingPointError, match=f"^{field} underflows float64 at depth 3"):
            getattr(k, field)


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(10)], ids=str)
@pytest.mark.parametrize("readout", [Flatten(), GlobalAvgPool()], ids=repr)
def test_weights_of_variance_0_make_all_images_one(readout, numbers):
    x = X[:3, :2, 0]
    for layers in (
        [Conv(0, 2), relu, readout, Dense(1)],
        [Conv(2), relu, Conv(0, 2), erf, readout, Dense(1)],
        [Conv(2), relu, readout, Dense(0, 2)],
    ):
        k = nk.kernels(nk.Network(layers), x, numbers=numbers)
        assert not k.nngp_gap.any()
        assert not k.ntk_gap.any()
        assert (abs(k.nngp - k.nngp[0, 0]) <= 28 * numbers.eps * k.nngp[0, 0]).all()
    branch = nk.Network([Conv(2), Residual([relu, Conv(0, 2)]), readout, Dense(1)])  # the other way is open
    assert (nk.kernels(branch, x, numbers=numbers).nngp_gap[0, 1:] > 0).all()


@pytest.mark.parametrize(("readout", "n", "side"), [("flatten", 90, 8), ("pool", 6, 10)])
def test_memory_is_bounded_by_blocks(readout, n, side):
    """90² pairs of 64 pixels would be 4 MB a field, 6² of 100² pairs of pixels 3 MB, and there are 12 fields, and as
    many temporaries; a block has at most 2^16 numbers, half a megabyte, and about 50 of them are in use.

    Pools of different means: nearly equal ones take four times that, one pair of images at a time.
    """
    x = np.random.default_rng(0).standard_normal((n, side, side, 1)) + np.arange(n)[:, None, None, None]
    net = nk.cnn(3, relu, *W, readout=readout)
    nk.kernels(net, x[:2])
    tracemalloc.start()
    try:
        nk.kernels(net, x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * 8 * images._BLOCK
    monster = 24 * 8 * n**2 * side ** (4 if readout == "pool" else 2)
    assert peak < monster / 2


def test_filters_of_variance_zero_do_not_count():
    """A filter with v = 0 but at its centre is a filter of one pixel."""
    v = [["0", "0", "0"], ["0", "1", "0"], ["0", "0", "0"]]
    one, other = (
        nk.Network([conv, relu, GlobalAvgPool(), Dense(1)])
        for conv in (Conv(*W, filter_variance=v), Conv(*W, filter_size=1))
    )
    for ours, theirs in zip(everything(nk.kernels(one, X)), everything(nk.kernels(other, X)), strict=True):
        assert (abs(ours - theirs) <= 2 * 28 * U * abs(theirs)).all()


def test_twins_across_are_two_images():
    """One image in x1 and in x2: no gap; with dropout two masks."""
    k = nk.kernels(NETWORKS["CNN-P"], X[:2], X[:2])
    assert not np.diag(k.nngp_gap).any()
    assert k.nngp_gap[0, 1] > 0
    gaps = nk.kernels(NETWORKS["everything"], X[:2], X[:2]).nngp_gap
    assert (np.diag(gaps) > 0).all()
    assert relative_error(float(np.diag(k.nngp)[0]), k.nngp_variances[0][0]) <= 32 * U
