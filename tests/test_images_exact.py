"""Every layer kind against `brute_images`: loops over pixels, written from the definitions without sight of ntkref/.

The package at 45 digits must have 40 of them in every entry of K and Theta, on the scale of sqrt(K_aa K_bb) (an entry
is a sum of terms of both signs), and 38 in every gap, relative to itself: pooled gaps are small by cancellation. In
float64 the promise is DESIGN section 5's, (20 + 4 l) u with l weight layers. Then what needs no oracle: constant
images, filters of one pixel, shifts, blocks.
"""

from functools import cache

import brute_force
import numpy as np
import pytest
from brute_images import brute, brute_gram, depth, integral
from compare import FIELDS, U, relative_error

import ntkref as nk
from ntkref import AvgPool, Conv, Dense, Dropout, Flatten, GlobalAvgPool, LayerNorm, Residual, erf, relu

TWO, ONE = np.random.default_rng(20).standard_normal((3, 3, 4, 2)), np.random.default_rng(21).standard_normal((3, 5, 2))
for _x in (TWO, ONE):
    _x[2] = _x[0] + 1e-5 * _x[2]  # a near-duplicate: its gaps of K are 1e-10 of K
SQUARE, SHORT, VECTORS = TWO[:, :, :3], ONE[:, :3], TWO.reshape(3, -1)[:, :6]
TWINS = SQUARE[[0, 1, 0]]  # the same image twice: under dropout two different inputs

W = ("1.6", "0.2")
RELU_W = ("2", "0.1")
POOL, FLAT = (GlobalAvgPool(), Dense(*W)), (Flatten(), Dense(*W))
CROSS = [["0", "0.125", "0"], ["0.25", "0.25", "0.125"], ["0", "0.25", "0"]]


def convolutions(n, activation, *weights, **options):
    return [Conv(*weights, **options), activation] * n


def residual_convolutions(n, *branch):
    return [Residual(branch)] * n


NETWORKS = {
    "Dense on flattened images": (SQUARE, [*FLAT]),
    "Dense on pooled images": (SQUARE, [*POOL]),
    "CNN-F": (TWO, [*convolutions(3, erf, *W), *FLAT]),
    "CNN-P": (TWO, [*convolutions(3, erf, *W), *POOL]),
    "CNN-F, ReLU": (TWO, [*convolutions(3, relu, *RELU_W), *FLAT]),
    "CNN-P, ReLU": (TWO, [*convolutions(3, relu, *RELU_W), *POOL]),
    "CNN-P, no bias": (SQUARE, [*convolutions(2, relu, "2"), GlobalAvgPool(), Dense(2)]),
    "CNN-F, 1-D": (ONE, [*convolutions(3, erf, *W), *FLAT]),
    "CNN-P, 1-D": (ONE, [*convolutions(3, relu, *W), *POOL]),
    "CNN-F, same": (SQUARE, [*convolutions(3, relu, *RELU_W, padding="same"), *FLAT]),
    "CNN-P, same": (TWO, [*convolutions(2, erf, *W, padding="same"), *POOL]),
    "CNN-P, same, 1-D": (ONE, [*convolutions(3, relu, *W, padding="same"), *POOL]),
    "CNN-F, valid, even filter": (TWO, [*convolutions(2, erf, *W, filter_size=2, padding="valid"), *FLAT]),
    "CNN-P, valid": (TWO, [*convolutions(1, relu, *W, filter_size=(2, 3), padding="valid"), *POOL]),
    "CNN-P, valid, 1-D": (ONE, [*convolutions(3, erf, *W, filter_size=2, padding="valid"), *POOL]),
    "CNN-F, valid, filter as large as the image": (SQUARE, [*convolutions(1, erf, *W, padding="valid"), *FLAT]),
    "CNN-F, stride 2": (TWO, [*convolutions(2, relu, *W, stride=2), *FLAT]),
    "CNN-P, stride (1, 3), same": (TWO, [*convolutions(2, erf, *W, stride=(1, 3), padding="same"), *POOL]),
    "CNN-P, stride (2, 1), same": (TWO, [*convolutions(1, relu, *W, stride=(2, 1), padding="same"), *POOL]),
    "CNN-P, stride 2, valid": (
        ONE,
        [Conv(*W, filter_size=2, stride=2, padding="valid"), erf, *convolutions(1, erf, *W), *POOL],
    ),
    "CNN-F, general filter": (TWO, [*convolutions(2, relu, *W, filter_variance=CROSS), *FLAT]),
    "CNN-P, general filter, stride, same": (
        TWO,
        [
            *convolutions(1, erf, *W, filter_variance=CROSS, padding="same", stride=(1, 2)),
            *convolutions(1, relu, *W, filter_variance=CROSS),
            *POOL,
        ],
    ),
    "CNN-P, general filter, 1-D, valid": (
        ONE,
        [*convolutions(2, erf, *W, filter_size=2, filter_variance=("0.75", "0.25"), padding="valid"), *POOL],
    ),
    "CNN-P, filter larger than the image": (SHORT, [*convolutions(2, relu, *W, filter_size=5), *POOL]),
    "CNN-F, filter (1, 3) after (3, 1)": (
        TWO,
        [Conv(*W, filter_size=(3, 1)), erf, Conv(*RELU_W, filter_size=(1, 3)), relu, *FLAT],
    ),
    "AvgPool of activations": (TWO, [Conv(*W), relu, AvgPool((1, 2)), Conv(*W), relu, *FLAT]),
    "AvgPool of pre-activations": (TWO, [Conv(*W), AvgPool((1, 2)), erf, Conv(*W), relu, *POOL]),
    "AvgPool that leaves pixels out": (TWO, [Conv(*W), erf, AvgPool(2), *FLAT]),
    "AvgPool, 1-D": (ONE, [Conv(*W), relu, AvgPool(2), Conv(*W), relu, *POOL]),
    "AvgPool of images": (TWO, [AvgPool(2), Conv(*W), relu, *POOL]),
    "GlobalAvgPool of pre-activations": (SQUARE, [Conv(*W), erf, Conv(*W), GlobalAvgPool(), relu, Dense(*W)]),
    "Linear": (SHORT, [Conv(*W), Conv(*W, padding="same"), *FLAT]),
    "Dense after Dense": (SHORT, [*convolutions(1, erf, *W), *POOL, relu, Dense(*RELU_W), erf, Dense(*W)]),
    "Dropout, hidden": (TWINS, [Conv(*W), relu, Dropout("0.8"), Conv(*W), erf, Dropout("0.5"), Conv(*W), relu, *FLAT]),
    "Dropout, hidden, then pool": (TWINS, [Conv(*W), erf, Dropout("0.8"), Conv(*W), relu, *POOL]),
    "Dropout before Flatten": (TWO, [*convolutions(2, relu, *W), Dropout("0.8"), *FLAT]),
    "Dropout before GlobalAvgPool": (TWO, [*convolutions(2, relu, *W), Dropout("0.8"), *POOL]),
    "Dropout before AvgPool": (TWINS, [Conv(*W), relu, Dropout("0.8"), AvgPool((1, 2)), Conv(*W), erf, *POOL]),
    "Dropout, vectors": (VECTORS, [Dense(*W), relu, Dropout("0.8"), Dense(*W), erf, Dropout("0.9"), Dense(*W)]),
    "Residual, images, branch ends in Conv": (
        TWO,
        [Conv(*W), *residual_convolutions(2, relu, Conv(*W, padding="same")), relu, *POOL],
    ),
    "Residual, images, branch ends in ReLU": (
        TWO,
        [Conv(*W), relu, *residual_convolutions(2, Conv(*W, padding="same"), relu), *POOL],
    ),
    "Residual, images, branch ends in ReLU, flattened": (
        TWO,
        [Conv(*W, padding="same"), relu, *residual_convolutions(2, Conv(*W, padding="same"), relu), *FLAT],
    ),
    "Residual, images, branch ends in erf": (ONE, [Conv(*W), erf, *residual_convolutions(2, Conv(*W), erf), *POOL]),
    "Residual, ReLU and erf": (ONE, [Conv(*W), relu, *residual_convolutions(2, Conv(*W), erf), Conv(*W), relu, *POOL]),
    "Residual, pre-activations and a ReLU branch": (SHORT, [Conv(*W), Residual([relu, Conv(*W), relu]), *POOL]),
    "Residual in a Residual": (
        SHORT,
        [Conv(*W), relu, Residual([Conv(*W), relu, Residual([Conv(*W, padding="same"), relu])]), *POOL],
    ),
    "Residual, AvgPool, Dropout": (
        TWINS,
        [
            Conv(*W, padding="same"),
            relu,
            Dropout("0.75"),
            Residual([Conv(*W), relu, Dropout("0.5")]),
            AvgPool((3, 1)),
            Residual([Conv(*W), relu]),
            *POOL,
        ],
    ),
    "Residual after GlobalAvgPool": (
        SHORT,
        [Conv(*W, padding="same"), relu, GlobalAvgPool(), Residual([Dense(*W), relu]), Dense(*W)],
    ),
    "Residual, vectors, branch ends in Dense": (
        VECTORS,
        [Dense(*W), Residual([erf, Dense(*W)]), Residual([relu, Dense(*W)]), relu, Dense(*W)],
    ),
    "Residual, vectors, branch ends in ReLU": (
        VECTORS,
        [Dense(*W), relu, *residual_convolutions(2, Dense(*W), relu), Dropout("0.9"), Dense(*W)],
    ),
    "LayerNorm, images": (TWO, [Conv(*W), LayerNorm(), relu, Conv(*W, padding="same"), LayerNorm(), erf, *POOL]),
    "LayerNorm, images, flattened": (TWO, [Conv(*W, padding="same"), LayerNorm(), erf, *FLAT]),
    "LayerNorm, vectors": (VECTORS, [Dense(*W), LayerNorm(), erf, Dense(*W), LayerNorm(), relu, Dense(*W)]),
    "LayerNorm and Dropout, 1-D": (
        SHORT[[0, 1, 0]],
        [Conv(*W), LayerNorm(), relu, Dropout("0.6"), Conv(*W, padding="same"), LayerNorm(), erf, *FLAT],
    ),
    "LayerNorm after Dropout": (TWINS, [Conv(*W), erf, Dropout("0.5"), Conv(*W), LayerNorm(), relu, *POOL]),
    "post-LN": (VECTORS, [Dense(*W), *[Residual([relu, Dense(2)]), LayerNorm()] * 2]),
    "pre-LN": (VECTORS, [Dense(*W), *[Residual([LayerNorm(), relu, Dense(2)])] * 2]),
    "pre-LN, images": (SHORT, [Conv(*W), *residual_convolutions(2, LayerNorm(), relu, Conv(2)), *POOL]),
}


@cache
def truth(name):
    x, layers = NETWORKS[name]
    return brute_gram(layers, x)


def scales(field, kernels):
    """What an error is relative to: a gap to itself, an entry to the root of its two variances."""
    if field.endswith("gap"):
        return np.abs(kernels[field])
    variances = np.diag(kernels[field])
    return np.array([[(a * b) ** 0.5 for b in variances] for a in variances], dtype=object)


def worst(values, truths, scale):
    """(largest error, its index, both numbers): what a failure has to say."""
    values, scale = np.asarray(values), np.broadcast_to(scale, np.shape(truths))
    assert values.shape == np.shape(truths)
    at = max(np.ndindex(values.shape), key=lambda i: relative_error(_mpf(values[i]), _mpf(truths[i]), _mpf(scale[i])))
    return relative_error(_mpf(values[at]), _mpf(truths[at]), _mpf(scale[at])), at, values[at], truths[at]


def _mpf(value):
    return value if hasattr(value, "_mpf_") else float(value)


def same(kernels, others, bound, roots):
    """Two results of the package agree: gaps relative to themselves, entries to sqrt(K_aa K_bb)."""
    for field in FIELDS:
        scale = np.abs(others[field]) if field.endswith("gap") else roots[field]
        error = worst(kernels[field], others[field], scale)
        assert error[0] <= bound, (field, *error)


def results(k):
    return {field: getattr(k, field) for field in FIELDS}


def roots(k):
    """sqrt(K_aa K_bb) of K and Theta, from a Gram matrix."""
    return {field: np.sqrt(np.outer(*[np.diag(getattr(k, field)).astype(float)] * 2)) for field in ("nngp", "ntk")}


# --- the package against the definitions ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_forty_digits(name):
    x, layers = NETWORKS[name]
    k, exact = nk.kernels(nk.Network(layers), x, numbers=nk.digits(45)), truth(name)
    for field in FIELDS:
        error = worst(getattr(k, field), exact[field], scales(field, exact))
        assert error[0] <= 10.0 ** -(38 if field.endswith("gap") else 40), (field, *error)


def float64(name, rows):
    """The battery's images `rows`, in units of the promise: (field, error, index, value, truth).

    The promise is (20 + 4 l) u, for gaps times what pools have cancelled.
    """
    x, layers = NETWORKS[name]
    k, exact = nk.kernels(nk.Network(layers), x[rows]), {f: v[np.ix_(rows, rows)] for f, v in truth(name).items()}
    for field in FIELDS:
        try:
            values = getattr(k, field)
        except ArithmeticError as refusal:
            yield field, refusal
            continue
        promise = (20 + 4 * depth(layers)) * U
        if field.endswith("gap"):
            promise = k.relative_error(field.removesuffix("_gap"))
        yield field, *worst(values, exact[field], scales(field, exact) * promise)


@pytest.mark.parametrize("name", NETWORKS)
def test_float64(name):
    """Two different images, or two and a twin of the first."""
    for field, *error in float64(name, [0, 1, 2] if NETWORKS[name][0] is TWINS else [0, 1]):
        assert error[0] <= 1, (field, *error)


def test_what_pools_cancel_is_little():
    """Images of the battery lose at most two digits to a pool, nearly equal ones too."""
    for name, (x, layers) in NETWORKS.items():
        if "GlobalAvgPool" in repr(layers) and "Residual" not in repr(layers) and x is not TWINS:
            blur = nk.kernels(nk.Network(layers), x).blur
            if blur is not None:
                assert max(np.max(blur.K), np.max(blur.Theta)) < 100, name


@pytest.mark.parametrize("name", NETWORKS)
def test_float64_of_near_duplicates(name):
    """Images at 1e-5: the promise, or for the gaps after pooling a refusal; a number that breaks it in no case.

    A pooled gap is a mean over pairs of pixels of K11 + K22 - K12 - K21, where the four large numbers nearly cancel.
    """
    pools = any("Pool" in repr(layer) for layer in NETWORKS[name][1])
    for field, *error in float64(name, [0, 2]):
        if isinstance(error[0], ArithmeticError):
            assert pools, (field, *error)
            assert field.endswith("gap"), (field, *error)
            assert "use digits(n)" in str(error[0])
        else:
            assert error[0] <= 1, (field, *error)


IN_IMAGES = {"Activation", "AvgPool", "Conv", "Dropout", "Flatten", "GlobalAvgPool", "LayerNorm", "Residual"}


def test_every_layer_and_option_is_in_the_battery():
    def flat(layers):
        for layer in layers:
            yield layer
            yield from flat(getattr(layer, "branch", ()))

    for dimensions in (1, 2):
        layers = [layer for x, layers in NETWORKS.values() if x.ndim == dimensions + 2 for layer in flat(layers)]
        assert {type(v).__name__ for v in layers} >= IN_IMAGES
        convs = [v for v in layers if isinstance(v, Conv)]
        assert {v.padding for v in convs} == {"circular", "same", "valid"}
        assert any(v.stride != 1 for v in convs)
        assert any(v.filter_variance for v in convs)


# --- exact relations, by the package alone ----------------------------------------------------------------------------

# Both sides keep the promise of (20 + 4 l) u, so they differ by at most twice that.
READOUTS = {"flatten": Flatten(), "pool": GlobalAvgPool()}
ROUNDING = {nk.float64: 2 * (20 + 4 * 4) * U, nk.digits(45): 1e-40}


@pytest.mark.parametrize("numbers", ROUNDING, ids=str)
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("activation", [erf, relu], ids=str)
def test_constant_images_are_vectors(activation, readout, numbers):
    images = np.broadcast_to(VECTORS[:, None, None, :], (3, 2, 3, 6))
    strided = [*convolutions(2, activation, *W), *convolutions(1, activation, *W, stride=2, filter_variance=CROSS)]
    fcn = nk.kernels(nk.fcn(4, activation, *W), VECTORS, numbers=numbers)
    for net in (
        nk.cnn(4, activation, *W, filter_size=3, padding="circular", readout=readout),
        nk.cnn(4, activation, *W, filter_size=(1, 2), padding="valid", readout=readout),
        nk.Network([*strided, READOUTS[readout], Dense(*W)]),
    ):
        x = np.repeat(images, 2, axis=2) if "valid" in repr(net) else images  # three windows of two lose three columns
        k = nk.kernels(net, x, numbers=numbers)
        same(results(k), results(fcn), ROUNDING[numbers], roots(fcn))


@pytest.mark.parametrize("numbers", ROUNDING, ids=str)
@pytest.mark.parametrize("padding", ["circular", "same", "valid"])
@pytest.mark.parametrize("activation", [erf, relu], ids=str)
def test_filters_of_one_pixel(activation, padding, numbers):
    """The flattened kernel is the mean, over pixels, of the fully-connected network's; its gap likewise."""
    net = nk.cnn(4, activation, *W, filter_size=1, padding=padding, readout="flatten")
    fcn = nk.fcn(4, activation, *W)
    pixels = [results(nk.kernels(fcn, x, numbers=numbers)) for x in np.moveaxis(SQUARE.reshape(3, 9, 2), 1, 0)]
    mean = {field: sum(k[field] for k in pixels) / 9 for field in FIELDS}
    k = nk.kernels(net, SQUARE, numbers=numbers)
    same(results(k), mean, ROUNDING[numbers], roots(k))
    one = nk.kernels(net, SQUARE[:, :1, :1], numbers=numbers)
    same(results(one), pixels[0], ROUNDING[numbers], roots(one))


@pytest.mark.parametrize("numbers", ROUNDING, ids=str)
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("x", [SQUARE[:2], ONE[:2]], ids=["2-D", "1-D"])
def test_shifts(x, readout, numbers):
    """Of both images, in both readouts; of one alone, pooled, since all pairs of pixels count there."""
    axes = tuple(range(1, x.ndim - 1))
    net = nk.cnn(4, relu, *W, filter_size=3, padding="circular", readout=readout)
    shifted = np.roll(x, (2, 1)[: len(axes)], axes)
    k = nk.kernels(net, x, numbers=numbers)
    same(results(nk.kernels(net, shifted, numbers=numbers)), results(k), ROUNDING[numbers], roots(k))
    one = nk.kernels(net, np.array([shifted[0], *x[1:]]), numbers=numbers)
    if readout == "pool":
        same(results(one), results(k), ROUNDING[numbers], roots(k))
    else:
        assert abs(float(one.nngp[0, 1] - k.nngp[0, 1])) > 1e-3


BLOCKS = [(name, numbers) for numbers in ROUNDING for name, (x, _) in NETWORKS.items()]
BLOCKS = [(n, numbers) for n, numbers in BLOCKS if numbers is nk.float64 or NETWORKS[n][0].size <= SHORT.size]  # quick


@pytest.mark.parametrize(("name", "numbers"), BLOCKS, ids=str)
def test_cross_kernels_are_blocks(name, numbers):
    x, layers = NETWORKS[name]
    whole = nk.kernels(nk.Network(layers), x[:2], numbers=numbers)
    cross = nk.kernels(nk.Network(layers), x[:1], x[1:2], numbers=numbers)
    block = {field: values[:1, 1:] for field, values in results(whole).items()}
    same(results(cross), block, ROUNDING[numbers], {f: v[:1, 1:] for f, v in roots(whole).items()})


# --- the oracle itself, by routes that share nothing with the package -------------------------------------------------


@pytest.mark.parametrize("name", ["erf", "relu"])
def test_the_oracle_on_constant_images(name):
    images = np.broadcast_to(VECTORS[:2, None, None, :2], (2, 3, 4, 2))
    activation, ctx = getattr(nk, name), brute_force.context(140)
    net = [*convolutions(2, activation, *W), *convolutions(1, activation, *W, stride=2), *POOL]
    k = brute_gram(net, images)
    first = brute_force.first_layer(ctx, *W, *VECTORS[:2, :2])
    *_, entry = brute_force.layers(ctx, name, 4, *W, first)
    for field, value in (("nngp", entry.k12), ("ntk", entry.t12)):
        assert relative_error(k[field][0, 1], value) < 1e-50
        assert relative_error(k[f"{field}_gap"][0, 1], getattr(entry, f"{field}_gap")) < 1e-50


def test_the_oracle_by_hand():
    """CNN-P of two images of two pixels, u and v: circular windows (1, 0, 1) and (0, 1, 0)."""
    u, v = ((0.5, -1.25), (2.0, 0.75))
    ctx = brute_force.context(60)
    windows = [[(x[1], x[0], x[1]), (x[0], x[1], x[0])] for x in (u, v)]
    mean_k = mean_t = 0
    for p in windows[0]:
        for q in windows[1]:
            k11, k12, k22 = brute_force.first_layer(ctx, *W, p, q)
            value, slope = brute_force.textbook(ctx, "erf", k11, k12, k22)
            mean_k += value / 4
            mean_t += slope * k12 / 4
    weight, bias = (brute_force.number(ctx, v) for v in W)
    k, t = brute([Conv(*W), erf, *POOL], [np.array([u]).T], [np.array([v]).T])
    assert relative_error(k[0][0], weight * mean_k + bias) < 1e-50
    assert relative_error(t[0][0], weight * (mean_k + mean_t) + bias) < 1e-50


def test_the_oracle_by_integration():
    """The expectations as integrals: ReLU at 16 digits through two layers, images padded with zeros."""
    net = [Conv(*W), relu, Conv(*W, padding="same"), relu, *POOL]
    low = brute_force.context(20)

    def by_integration(ctx, name, *q):
        return integral(low, name, *map(low.mpf, q))

    k, numeric = brute_gram(net, SHORT[:2]), brute_gram(net, SHORT[:2], expectations=by_integration)
    for field in FIELDS[:2]:
        assert worst(numeric[field], k[field], scales(field, k))[0] < 1e-16
