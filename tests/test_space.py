"""Convolutions, pools and flattening of pixel pairs against loops over pixels, and pools against pooled vectors."""

from itertools import product

import numpy as np
import pytest
from compare import U

import ntkref as nk
from ntkref import AvgPool, Conv, Dense, Dropout, Flatten, GlobalAvgPool, Residual
from ntkref.images import _axes, _first, _stacked
from ntkref.pair import Covariance, Pair, each
from ntkref.space import SpaceSteps, size_after
from ntkref.steps import State

RNG = np.random.default_rng(5)
TWO = RNG.standard_normal((2, 4, 3, 2)), RNG.standard_normal((3, 4, 3, 2))
ONE = RNG.standard_normal((2, 5, 3)), RNG.standard_normal((3, 5, 3))
SHAPES = {1: ONE, 2: TWO}
CONVOLUTIONS = [
    (1, Conv(1)),
    (1, Conv(1, filter_size=1)),
    (1, Conv(1, filter_size=9)),  # larger than the image: some pixels count twice
    (1, Conv(1, stride=2)),
    (1, Conv(1, stride=7)),  # one output
    (1, Conv(1, padding="same")),
    (1, Conv(1, filter_size=9, stride=2, padding="same")),
    (1, Conv(1, filter_size=2, padding="valid")),
    (1, Conv(1, filter_size=5, stride=3, padding="valid")),
    (1, Conv(1, filter_variance=["1/2", "1/3", "1/6"])),
    (1, Conv(1, filter_variance=["1/2", "0", "1/2"], padding="same", stride=2)),
    (2, Conv(1)),
    (2, Conv(1, filter_size=(3, 1), stride=(1, 2))),
    (2, Conv(1, filter_size=(1, 5), padding="same")),
    (2, Conv(1, filter_size=(2, 3), padding="valid")),
    (2, Conv(1, filter_size=(1, 2), stride=2, padding="valid")),
    (2, Conv(1, filter_variance=[["1/2", "0", "0"], ["0", "1/4", "0"], ["0", "1/8", "1/8"]])),
    (2, Conv(1, filter_variance=[["1/2", "0", "0"], ["0", "1/4", "1/4"], ["0", "0", "0"]], stride=2, padding="same")),
]


def blocks(x1, x2, everywhere, numbers=nk.float64, own=(), images=None):
    """The steps and the first state on two sets of images, on all pairs of pixels or on equal ones."""
    space = x1.ndim - 2
    axes = _axes(x1) if everywhere else (tuple(range(2, 2 + space)),) * 2
    return SpaceSteps(numbers, None, *axes, images, own), _first(x1, x2, everywhere, numbers)


def entry(pair, name, a, i, b, j, everywhere):
    """`name` between pixel i of image a and pixel j of image b: fields broadcast."""
    field = getattr(pair, name)
    at = (a, *i, b, *j) if everywhere else (a, b, *i)
    return field[tuple(k if n > 1 else 0 for k, n in zip(at, field.shape, strict=True))]


def window(layer, space, o):
    """[(pixel or None for a zero, v)] under the filter of output `o`, from the definition."""
    dimensions = len(space)
    size, stride = (v if isinstance(v, tuple) else (v,) * dimensions for v in (layer.filter_size, layer.stride))
    found = []
    for tap in product(*map(range, size)):
        v = 1 / np.prod(size)
        if layer.filter_variance is not None:
            v = layer.filter_variance
            for k in tap:
                v = v[k]
        start = [0 if layer.padding == "valid" else -(f // 2) for f in size]
        i = tuple(s * k + b + t for s, k, b, t in zip(stride, o, start, tap, strict=True))
        if layer.padding == "circular":
            i = tuple(k % n for k, n in zip(i, space, strict=True))
        found.append((i if all(0 <= k < n for k, n in zip(i, space, strict=True)) else None, float(v)))
    return found


@pytest.mark.parametrize("everywhere", [True, False], ids=["all pairs", "equal pixels"])
@pytest.mark.parametrize(("dimensions", "layer"), CONVOLUTIONS, ids=str)
def test_convolutions(dimensions, layer, everywhere):
    """Σ v T[i + β, i' + β] in loops, for every field but the area; the area from x, y and xy."""
    x1, x2 = SHAPES[dimensions]
    steps, state = blocks(x1, x2, everywhere)
    ours, space = steps.averaged(layer, state.K), x1.shape[1:-1]
    outputs = list(product(*map(range, size_after([layer], space))))
    for a, b in product(range(2), range(3)):
        for o, p in product(outputs, outputs) if everywhere else zip(outputs, outputs, strict=True):
            sums = dict.fromkeys(("x", "y", "xy"), 0.0)
            for (i, v), (j, _) in zip(window(layer, space, o), window(layer, space, p), strict=True):
                for name, inside in (("x", i is not None), ("y", j is not None), ("xy", None not in (i, j))):
                    if inside:
                        first = i if i is not None else j  # x knows no j, and y no i
                        sums[name] += v * entry(state.K, name, a, first, b, j if j is not None else first, everywhere)
            x, y, xy = sums.values()
            truth = sums | {"diff": x - y, "gap": x + y - 2 * xy, "cogap": x + y + 2 * xy}
            for name, value in truth.items():
                assert abs(entry(ours, name, a, o, b, p, everywhere) - value) <= 40 * U * (x + y), (name, a, o, b, p)
            area = entry(ours, "area", a, o, b, p, everywhere)
            assert abs(area**2 - (x * y - xy * xy)) <= 100 * U * (x + y) ** 2


@pytest.mark.parametrize("everywhere", [True, False], ids=["all pairs", "equal pixels"])
def test_convolutions_of_theta_are_those_of_K(everywhere):
    """A `Pair` is averaged as a `Covariance` is."""
    for dimensions, layer in CONVOLUTIONS:
        steps, state = blocks(*SHAPES[dimensions], everywhere)
        pair = Pair(*(getattr(state.K, name) for name in ("x", "y", "xy", "diff", "gap")))
        one, other = steps.averaged(layer, pair), steps.averaged(layer, state.K)
        assert type(one) is Pair
        assert all((getattr(one, name) == getattr(other, name)).all() for name in ("x", "y", "xy", "diff", "gap"))


def pooled(x, size):
    """The means of images over windows, in loops."""
    space = tuple(n // w for n, w in zip(x.shape[1:-1], size, strict=True))
    out = np.zeros((len(x), *space, x.shape[-1]))
    for o in product(*map(range, space)):
        for t in product(*map(range, size)):
            out[(slice(None), *o)] += x[(slice(None), *(w * k + d for w, k, d in zip(size, o, t, strict=True)))]
    return out / np.prod(size)


def own(layers, x, numbers=nk.float64):
    """What the pools among `layers` need of each image alone."""
    tapes = []
    for k in range(len(x)):
        steps = SpaceSteps(numbers, None, *_axes(x), ((0,), (0,)))
        steps.run(layers, _first(x[k : k + 1], x[k : k + 1], True, numbers))
        tapes.append(steps.tape)
    return [_stacked(pools, numbers) for pools in zip(*tapes, strict=True)]


def run(layers, x1, x2, images=None, numbers=nk.float64):
    """`layers` on all pairs of pixels of two sets of images."""
    space = x1.ndim - 2
    pools = (
        iter([pool.of(slice(None), 0, space + 1, numbers) for pool in own(layers, x1, numbers)]),
        iter([pool.of(slice(None), space + 1, 0, numbers) for pool in own(layers, x2, numbers)]),
    )
    steps, state = blocks(x1, x2, True, numbers, pools, images)
    return steps.run(layers, state)


@pytest.mark.parametrize(
    ("dimensions", "windows"),
    [(1, [2]), (1, [(5,)]), (1, [1]), (2, [2]), (2, [(1, 3)]), (2, [(4, 2)]), (2, [(2, 1), (1, 2)]), (1, [2, 2])],
)
def test_average_pools_are_kernels_of_pooled_vectors(dimensions, windows):
    """Images that are pooled before their inner products are taken: every field, one pool after the other."""
    x1, x2 = SHAPES[dimensions]
    state = run([AvgPool(w) for w in windows], x1, x2)
    for w in windows:
        x1, x2 = (pooled(v, (w,) * dimensions if isinstance(w, int) else w) for v in (x1, x2))
    truth = _first(x1, x2, True, nk.float64).K
    for name in ("x", "y", "xy", "diff", "gap", "cogap"):
        ours, theirs = getattr(state.K, name), getattr(truth, name)
        assert ours.shape == theirs.shape
        assert (abs(ours - theirs) <= 40 * U * max(truth.x.max(), truth.y.max())).all(), name
    assert (abs(state.K.area**2 - truth.area**2) <= 100 * U * truth.x.max() * truth.y.max()).all()


@pytest.mark.parametrize("dimensions", [1, 2])
def test_global_pools_have_no_space(dimensions):
    x1, x2 = SHAPES[dimensions]
    state = run([GlobalAvgPool()], x1, x2)
    means = [x.mean(axis=tuple(range(1, 1 + dimensions))) for x in (x1, x2)]
    assert {name: getattr(state.K, name).shape for name in ("x", "y", "gap")} == {
        "x": (2, 1),
        "y": (1, 3),
        "gap": (2, 3),
    }
    assert state.K.xy == pytest.approx(means[0] @ means[1].T / x1.shape[-1], abs=20 * U)
    assert state.K.x[:, 0] == pytest.approx((means[0] ** 2).mean(axis=1), rel=40 * U)
    assert state.K.gap == pytest.approx(((means[0][:, None] - means[1][None]) ** 2).mean(axis=-1), rel=100 * U)


def test_a_pool_says_what_it_has_cancelled():
    """Two images whose pools differ by 1e-6 of what their pixels do: blur says that 12 digits of the gap are gone."""
    x = RNG.standard_normal((1, 6, 2))
    y = x[:, ::-1] + 1e-6
    state = run([GlobalAvgPool()], x, y)
    truth = ((x.mean(axis=1) - y.mean(axis=1)) ** 2).mean()
    blur = state.blur.K[0, 0]
    assert 1e11 < blur < 1e14
    assert abs(state.K.gap[0, 0] / truth - 1) <= 10 * blur * U
    apart = run([GlobalAvgPool()], x, x + 1)
    assert apart.blur.K[0, 0] < 10
    equal = run([GlobalAvgPool()], x, x[:, ::-1])  # not said to be equal: nothing is left of a gap that there might be
    assert equal.blur.K[0, 0] > 1 / U


def test_pools_of_one_image_with_itself_have_no_gap():
    """In a Gram matrix an image has its own pooled variance on the diagonal, to the bit."""
    x = TWO[1]
    for layers in ([AvgPool(2)], [GlobalAvgPool()], [AvgPool((1, 3)), Conv(1), nk.erf, GlobalAvgPool()]):
        state = run(layers, x, x, (range(3), range(3)))
        for pair in (state.K, state.Theta):
            space = (
                [1] * (pair.xy.ndim // 2 - 1) if layers[-1] != AvgPool(2) else list(size_after(layers, x.shape[1:-1]))
            )
            count = int(np.prod(space))
            xy, gap, diff = (getattr(pair, name).reshape(3 * count, 3 * count) for name in ("xy", "gap", "diff"))
            variances = pair.x.reshape(-1)
            assert (np.diag(xy) == variances).all()
            assert not np.diag(gap).any()
            assert not np.diag(diff).any()
        assert (np.diag(state.K.cogap.reshape(3 * count, 3 * count)) == 4 * state.K.x.reshape(-1)).all()


@pytest.mark.parametrize("dimensions", [1, 2])
def test_flattening_is_the_mean_over_equal_pixels(dimensions):
    """From either layout, and from the flattened vectors themselves."""
    x1, x2 = SHAPES[dimensions]
    flat = [v.reshape(len(v), -1) for v in (x1, x2)]
    truth = flat[0] @ flat[1].T / flat[0].shape[1]
    for everywhere in (True, False):
        steps, state = blocks(x1, x2, everywhere)
        K = steps.step(Flatten(), state).K
        assert {name: getattr(K, name).shape for name in ("x", "y", "xy", "area")} == {
            "x": (2, 1), "y": (1, 3), "xy": (2, 3), "area": (2, 3),
        }  # fmt: skip
        assert K.xy == pytest.approx(truth, abs=20 * U)
        assert K.x[:, 0] == pytest.approx((flat[0] ** 2).mean(axis=1), rel=20 * U)
        gap = ((flat[0][:, None] - flat[1][None]) ** 2).mean(axis=-1)
        assert K.gap == pytest.approx(gap, rel=20 * U)
        assert pytest.approx(np.sqrt(K.x * K.y - K.xy**2), rel=1e-12) == K.area


def test_bends_see_pixels_of_x_and_of_the_other_image():
    """An activation acts on every pair of pixels alike: both layouts have the same entries."""
    for x1, x2 in (ONE, TWO):
        whole, equal = (
            steps.step(nk.relu, State(state.K, Pair.zero(state.K), 1)).K
            for steps, state in (blocks(x1, x2, everywhere) for everywhere in (True, False))
        )
        for a, b in product(range(2), range(3)):
            for i in product(*map(range, x1.shape[1:-1])):
                for name in ("x", "y", "xy", "gap", "area"):
                    one, other = (entry(k, name, a, i, b, i, w) for k, w in ((whole, True), (equal, False)))
                    assert one == pytest.approx(other, rel=4 * U), name


def test_pixels_meet_themselves_where_images_do():
    """Images 1, 2 against 2, 0: pixel i of 2 with pixel i of 2; of a cross kernel nowhere."""
    x = TWO[1]
    steps, state = blocks(x[1:], x[[2, 0]], True, images=(range(1, 3), (2, 0)))
    twins = steps.twins(state.K)
    for a, i, b, j in product(range(2), np.ndindex(4, 3), range(2), np.ndindex(4, 3)):
        assert twins[(a, *i, b, *j)] == (a == 1 and b == 0 and i == j)
    steps, state = blocks(x[1:], x[[2, 0]], False, images=(range(1, 3), (2, 0)))
    assert np.broadcast_to(steps.twins(state.K), (2, 2, 4, 3))[1, 0].all()
    assert np.broadcast_to(steps.twins(state.K), (2, 2, 4, 3)).sum() == 12
    assert blocks(x[:1], x[1:], True)[0].twins(state.K) is None
    assert blocks(x[:1], x[1:], True, images=((0,), (1, 2)))[0].twins(state.K) is None


def test_a_mask_is_shared_by_a_pixel_and_itself():
    """Dropout among pixels: of one image the pairs (i, i) gain 1/ρ, the pairs (i, i') do not."""
    x = ONE[0]
    steps, state = blocks(x, x, True, images=((0, 1), (0, 1)))
    state = State(state.K, Pair.zero(state.K), 1)
    after = steps.step(Dropout("0.5"), state).K
    for a, i, b, j in product(range(2), range(5), range(2), range(5)):
        factor = 2 if (a, i) == (b, j) else 1
        assert after.xy[a, i, b, j] == factor * state.K.xy[a, i, b, j]
        expected = (
            0 if factor == 2 else state.K.x[a, i, 0, 0] * 2 + state.K.y[0, 0, b, j] * 2 - 2 * after.xy[a, i, b, j]
        )
        assert after.gap[a, i, b, j] == pytest.approx(expected, rel=40 * U)


@pytest.mark.parametrize(
    ("layers", "space", "after"),
    [
        ([Conv(1)], (5, 4), (5, 4)),
        ([Conv(1, stride=2)], (5, 4), (3, 2)),
        ([Conv(1, stride=(1, 9), padding="same")], (5, 4), (5, 1)),
        ([Conv(1, filter_size=(5, 1), padding="valid")], (5, 4), (1, 4)),
        ([Conv(1, filter_size=2, stride=2, padding="valid")], (5,), (2,)),
        ([AvgPool(2), nk.relu, AvgPool((1, 2))], (5, 4), (2, 1)),
        ([Conv(1, stride=2), Residual([nk.relu, Conv(1)]), nk.relu], (7,), (4,)),
        ([Conv(1), GlobalAvgPool(), Dense(1)], (7,), ()),
    ],
    ids=str,
)
def test_sizes(layers, space, after):
    assert size_after(layers, space) == after


@pytest.mark.parametrize(
    ("layers", "space", "message"),
    [
        (
            [Conv(1, padding="valid")],
            (5, 2),
            r"^the filter of Conv\(.*\) is larger than the image, which has \(5, 2\) pixels",
        ),
        (
            [Conv(1, padding="valid")] * 2,
            (4,),
            r"^the filter of Conv\(.*\) is larger than the image, which has \(2,\) pix",
        ),
        (
            [AvgPool((1, 3))],
            (5, 2),
            r"^the window of AvgPool\(\(1, 3\)\) is larger than the image, which has \(5, 2\) pix",
        ),
        (
            [AvgPool(2), AvgPool(2)],
            (3,),
            r"^the window of AvgPool\(2\) is larger than the image, which has \(1,\) pixels",
        ),
        ([AvgPool((2,))], (5, 4), "^AvgPool.* is for 1-dimensional images, got 2-dimensional ones"),
        ([Residual([nk.relu, Conv(1, filter_size=(3, 3))])], (5,), "^Conv.* is for 2-dimensional images, got 1-dim"),
    ],
    ids=str,
)
def test_windows_that_do_not_fit(layers, space, message):
    with pytest.raises(ValueError, match=message):
        size_after(layers, space)


def test_the_fields_of_a_block_broadcast():
    """x knows its own pixels only: (a, …, 1, …)."""
    _, state = blocks(*TWO, True)
    assert state.K.x.shape == (2, 4, 3, 1, 1, 1)
    assert state.K.y.shape == (1, 1, 1, 3, 4, 3)
    assert each(lambda name, v: v, state.K).gap.shape == (2, 4, 3, 3, 4, 3)
    assert type(state.K) is Covariance
    _, state = blocks(*TWO, False)
    assert state.K.gap.shape == (2, 3, 4, 3)
