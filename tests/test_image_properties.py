"""What any kernel of images must satisfy, on networks and images that Hypothesis makes up."""

import mpmath
import numpy as np
import pytest
from compare import FIELDS, U
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import CLOSED_FORM, image_networks, images, variances

import ntkref as nk
from ntkref import Activation, Conv, Dense, Dropout, Flatten, GlobalAvgPool, Residual

SPACES = st.sampled_from([(4,), (2, 2), (3, 2), (1,)])


@st.composite
def cases(draw, **options):
    """A network and images that fit it, without pixels of 0 under a norm."""
    space = draw(SPACES)
    net, x = draw(image_networks(space, **options)), draw(images(space))
    assume("LayerNorm" not in repr(net) or x.any(axis=-1).all())
    return net, x


def entries_agree(net, one, other, scale, times=2):
    """K and Θ to `times` the promise, on the scale of √(K(x,x) K(x',x')); refused in both or in neither."""
    for name in ("nngp", "ntk"):
        try:
            value = getattr(one, name)
        except ArithmeticError:
            continue
        root = np.sqrt(np.outer(*getattr(scale, f"{name}_variances")))
        assert (abs(value - getattr(other, name)) <= times * (20 + 4 * net.depth) * U * root).all(), name


def smooth(net):
    """No kink behind a pool, where the angle between pools is rounding, and no norm: entries keep the promise."""
    text = repr(net)
    return "LayerNorm" not in text and ("Pool" not in text or "relu" not in text[text.index("Pool") :])


@given(case=cases())
def test_gram_matrices_are_symmetric_and_their_gaps_are_distances(case):
    """To the bit; gaps are not negative and, to rounding of the variances, x + y − 2 xy."""
    net, x = case
    k = nk.kernels(net, x)
    for name in ("nngp", "ntk"):
        try:
            entries, gaps = getattr(k, name), getattr(k, f"{name}_gap")
        except ArithmeticError:
            continue
        assert (entries == entries.T).all()
        assert (gaps == gaps.T).all()
        assert (gaps >= 0).all()
        assert not np.diag(gaps).any()
        diagonal = np.diag(entries)
        total = diagonal[:, None] + diagonal[None, :]
        if smooth(net):
            assert (abs(gaps - (total - 2 * entries)) <= 2 * (20 + 4 * net.depth) * U * total).all()


@settings(max_examples=10)
@given(case=cases(blocks=1))
def test_gram_matrices_are_positive_semi_definite(case):
    """Both kernels in 40 digits, images that coincide and shifts of each other included: no eigenvalue below 0."""
    net, x = case
    numbers = nk.digits(40)
    k = nk.kernels(net, x, numbers=numbers)
    for name in ("nngp", "ntk"):
        try:
            matrix = getattr(k, name)
        except ArithmeticError:
            continue
        values = numbers.context.eigsy(numbers.context.matrix(matrix.tolist()), eigvals_only=True)
        assert min(values) >= -mpmath.mpf("1e-36") * sum(np.diag(matrix))


@given(case=cases(), seed=st.randoms(use_true_random=False))
def test_order_of_the_images_is_only_an_order(case, seed):
    """To rounding: pools add the pixels of one image before those of the other."""
    net, x = case
    order = list(range(len(x)))
    seed.shuffle(order)
    plain, permuted = nk.kernels(net, x), nk.kernels(net, x[order])
    for name in FIELDS:
        try:
            ours, theirs = getattr(permuted, name), getattr(plain, name)[np.ix_(order, order)]
        except ArithmeticError:
            continue
        if not smooth(net):
            continue
        kernel = name.removesuffix("_gap")
        scale = np.abs(theirs) if name.endswith("gap") else np.sqrt(np.outer(*getattr(permuted, f"{kernel}_variances")))
        error = plain.relative_error(kernel)
        error = error if np.ndim(error) == 0 else error[np.ix_(order, order)]
        assert (
            abs(ours - theirs) <= 2 * (error if name.endswith("gap") else (20 + 4 * net.depth) * U) * scale
        ).all(), name


@given(case=cases(circular=True, kinds=("norm", "dropout", "sum")), by=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_shifting_both_images_changes_nothing(case, by):
    """Circular padding, stride 1: kernels see where pixels are relative to each other."""
    net, x = case
    axes = tuple(range(1, x.ndim - 1))
    plain, shifted = nk.kernels(net, x), nk.kernels(net, np.roll(x, by[: len(axes)], axes))
    if smooth(net):
        entries_agree(net, shifted, plain, plain)


@given(
    x=images((4,), variants=1, kinds=("near", "opposite")),
    activation=st.sampled_from(CLOSED_FORM),
    weights=st.tuples(variances(0.3, 4.0), st.sampled_from([0, 0.5])),
    by=st.integers(1, 3),
)
def test_shifting_one_image_changes_only_the_flattened_kernel(x, activation, weights, by):
    """A pool counts all pairs of pixels, a flattening those in one place."""
    shifted = np.concatenate([np.roll(x[:1], by, 1), x[1:]])
    for readout in ("pool", "flatten"):
        net = nk.cnn(3, activation, *weights, readout=readout)
        one, other = nk.kernels(net, x), nk.kernels(net, shifted)
        if readout == "pool":
            entries_agree(net, one, other, one)
        else:
            assert one.nngp_variances[0] == pytest.approx(other.nngp_variances[0], rel=2 * 32 * U)


@given(
    case=st.tuples(image_networks((3,), kinds=("norm", "sum"), circular=True), images((1,), variants=3)),
    repeats=st.just(3),
)
def test_constant_images_are_vectors(case, repeats):
    """Filters average what is the same everywhere: Conv is Dense, and either readout the identity."""
    net, x = case
    fcn = nk.Network([_of_vectors(layer) for layer in net.layers if not isinstance(layer, (Flatten, GlobalAvgPool))])
    assume("LayerNorm" not in repr(net) or x.any(axis=-1).all())
    k, vectors = nk.kernels(net, np.repeat(x, repeats, 1)), nk.kernels(fcn, x[:, 0])
    entries_agree(net, k, vectors, vectors)


def _of_vectors(layer):
    if isinstance(layer, Conv):
        return Dense(layer.sigma_w2, layer.sigma_b2)
    return Residual(map(_of_vectors, layer.branch)) if isinstance(layer, Residual) else layer


@given(
    x=images((2, 2)),
    activation=st.sampled_from(CLOSED_FORM),
    weights=st.tuples(variances(0.3, 4.0), st.sampled_from([0, 0.5])),
    depth=st.integers(1, 4),
)
def test_filters_of_one_pixel_flattened_are_means_of_vectors(x, activation, weights, depth):
    """K and Θ and their gaps: the mean, over pixels, of the fully-connected network's."""
    net, fcn = nk.cnn(depth, activation, *weights, filter_size=1), nk.fcn(depth, activation, *weights)
    k, pixels = nk.kernels(net, x), [nk.kernels(fcn, x[:, i, j]) for i in range(2) for j in range(2)]
    for name in FIELDS:
        mean = sum(getattr(pixel, name) for pixel in pixels) / 4
        scale = np.abs(mean) if name.endswith("gap") else np.sqrt(np.outer(*getattr(k, f"{name}_variances")))
        assert (abs(getattr(k, name) - mean) <= 2 * (20 + 4 * depth) * U * scale).all(), name


@given(case=cases(kinds=("pool", "sum")))
def test_keeping_every_unit_is_the_identity(case):
    """Dropout(1) behind every activation changes no bit; and behind a pool no more than rounding."""
    net, x = case

    def kept(layers):
        for layer in layers:
            yield Residual(kept(layer.branch)) if isinstance(layer, Residual) else layer
            if isinstance(layer, Activation):
                yield Dropout(1)

    plain, dropped = nk.kernels(net, x), nk.kernels(nk.Network(kept(net.layers)), x)
    if "Pool" in repr(net):  # the differences of near duplicates are not carried through dropout, be it of nothing
        if smooth(net):
            entries_agree(net, plain, dropped, plain)
        return
    assert all((getattr(plain, name) == getattr(dropped, name)).all() for name in FIELDS)


@given(case=cases(kinds=("norm", "pool", "sum")), keep=st.sampled_from(["0.5", "0.9"]))
def test_dropout_is_on_the_diagonal(case, keep):
    """Before the readout: off the diagonal nothing changes, on it K and Θ grow, by what is dropped."""
    net, x = case
    if isinstance(net.layers[-3], (nk.AvgPool, Residual)):
        return
    *body, readout, dense = net.layers
    plain, dropped = nk.kernels(net, x), nk.kernels(nk.Network([*body, Dropout(keep), readout, dense]), x)
    off = ~np.eye(len(x), dtype=bool)
    for name in ("nngp", "ntk"):
        try:
            ours, theirs = getattr(dropped, name), getattr(plain, name)
        except ArithmeticError:
            continue
        assert ours[off] == pytest.approx(theirs[off], rel=1e-12, abs=1e-14 * np.diag(theirs).max())
        assert (np.diag(ours) > np.diag(theirs)).all()


@given(case=cases(readout="pool", kinds=("sum",)))
def test_pooled_kernels_are_shorter_than_flattened_ones(case):
    """|mean f|² ≤ mean |f|²: Jensen, for K and for Θ."""
    net, x = case
    *body, _, dense = net.layers
    pool, flat = nk.kernels(net, x), nk.kernels(nk.Network([*body, Flatten(), dense]), x)
    slack = 1 + 2 * (20 + 4 * net.depth) * U
    assert (pool.nngp_variances[0] <= flat.nngp_variances[0] * slack).all()
    assert (pool.ntk_variances[0] <= flat.ntk_variances[0] * slack).all()
