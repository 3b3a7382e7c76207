"""Networks at finite width: their backward pass against differences, their draws, what is refused."""

import array_api_strict
import numpy as np
import pytest
from compare import U
from finite_networks import IMAGE, NETWORKS, VECTORS, conv, dense, inputs

import ntkref as nk
from ntkref.finite import _rows, finite_kernels
from ntkref.finite_layers import Draws, Sampled

STRICT = nk.floats(array_api_strict)
each_network = pytest.mark.parametrize("name", NETWORKS)

# --- exact: the NTK is a sum over parameters --------------------------------------------------------------------------


class Recorded(Draws):
    """One sample's draws, kept."""

    def __init__(self, seed):
        super().__init__(seed, range(1), nk.float64)
        self.tensors, self.kept = [], []

    def normal(self, shape):
        self.tensors.append(super().normal(shape))
        return self.tensors[-1]

    def mask(self, shape, keep):
        self.kept.append(super().mask(shape, keep))
        return self.kept[-1]


class Moved(Draws):
    """As many copies of a recorded sample as it has parameters, in each another of them moved by `step`."""

    def __init__(self, recorded, step):
        sizes = [tensor.size for tensor in recorded.tensors]
        copies = sum(sizes)
        steps = np.split(step * np.eye(copies), np.cumsum(sizes)[:-1], axis=1)
        self.parameters = range(copies)
        self.tensors = iter(
            [t + moves.reshape(copies, *t.shape[1:]) for t, moves in zip(recorded.tensors, steps, strict=True)]
        )
        self.kept = iter([np.repeat(mask, copies, axis=0) for mask in recorded.kept])

    def normal(self, shape):
        return next(self.tensors)

    def mask(self, shape, keep):
        return next(self.kept)


def forward(net, x, width, draws):
    """f, (samples, rows, width): with as many outputs as there are features, the readout is a layer like others."""
    rows, space, first, second = _rows(net, x, None, nk.float64)
    h = np.broadcast_to(rows, (len(draws.parameters), *rows.shape))
    return Sampled(nk.float64, draws, width, first, second).chain(net.layers, h, space).h[:, :, 0, :]


STEP = 2.0**-13


def gradients(net, x, width, seed):
    """∂f/∂w by five-point differences, (parameters, rows, outputs); how many are the last layer's; f."""
    recorded = Recorded(seed)
    f = forward(net, x, width, recorded)[0]
    a, b, c, d = (forward(net, x, width, Moved(recorded, k * STEP)) for k in (-2, -1, 1, 2))
    return (a - 8 * b + 8 * c - d) / (12 * STEP), sum(tensor.size for tensor in recorded.tensors[-2:]), f


def products(gradient):
    """Σ over parameters, mean over outputs."""
    return np.einsum("pio,pjo->ij", gradient, gradient) / gradient.shape[2]


@each_network
def test_the_backward_pass_is_the_derivative_of_the_forward_pass(name):
    """For every parameter, to 1e-11 of √(Θ(x,x) Θ(x',x')).

    Differences leave 1.5 u/STEP = 1.4e-12 of rounding in a derivative and STEP⁴ f⁽⁵⁾/30 = 7e-18 f⁽⁵⁾ of truncation;
    3e-12 was the most at twice and at half the STEP.  No pre-activation here is so near to ReLU's kink that a step
    crosses it.
    """
    net, _ = NETWORKS[name]
    x, width, seed = inputs(name), 3, 5
    gradient, readout, f = gradients(net, x, width, seed)
    ntk = products(gradient)
    tolerance = 1e-11 * np.sqrt(np.outer(np.diag(ntk), np.diag(ntk)))
    k = finite_kernels(net, x, width=width, seed=seed, outputs=width)
    assert (abs(k.ntk[0] - ntk) <= tolerance).all()
    if isinstance(net.layers[-1], nk.Dense):
        assert (abs(k.nngp[0] - products(gradient[-readout:, :, :1])) <= tolerance).all()
    else:  # features: their mean product, and the NTK of as few of them as are asked for
        assert (abs(k.nngp[0] - f @ f.T / width) <= 8 * U * np.max(f * f)).all()
        for outputs in (1, 2):
            k = finite_kernels(net, x, width=width, seed=seed, outputs=outputs)
            assert (abs(k.ntk[0] - products(gradient[:, :, :outputs])) <= 2 * width * tolerance).all()


def test_a_network_without_hidden_layers_has_its_kernels():
    """Of a linear map nothing is random in K and Θ: they are the recursion's, to the rounding of 24 products."""
    for layers, shape in (
        ([dense()], VECTORS),
        ([nk.Flatten(), dense()], IMAGE),
        ([nk.GlobalAvgPool(), dense()], IMAGE),
    ):
        net, x = nk.Network(layers), np.random.default_rng(2).standard_normal((3, *shape))
        k, theory = finite_kernels(net, x, width=1, samples=2), nk.kernels(net, x).nngp
        for empirical in (*k.nngp, *k.ntk):
            assert (abs(empirical - theory) <= 24 * U * np.max(theory)).all()


# --- samples, masks, namespaces ---------------------------------------------------------------------------------------


@each_network
def test_any_namespace_gives_the_same_samples(name):
    """NumPy draws for all; array_api_strict calls NumPy, on other strides, so that sums may round otherwise."""
    net, x = NETWORKS[name][0], inputs(name)
    plain = finite_kernels(net, x, x[:1], width=5, samples=2, outputs=2)
    strict = finite_kernels(net, array_api_strict.asarray(x), x[:1], width=5, samples=2, outputs=2, numbers=STRICT)
    for ours, theirs in zip(strict, plain, strict=True):
        assert type(ours) is type(array_api_strict.asarray(0.0))
        assert ours.dtype == array_api_strict.float64
        assert ours.shape == theirs.shape == (2, 2, 1)
        assert (abs(np.asarray(ours) - theirs) <= 500 * U * np.max(abs(theirs))).all()  # sums of up to 300 products


@each_network
def test_a_sample_depends_on_its_number_alone(name, monkeypatch):
    """Not on how many samples there are, nor on how they are divided into blocks; another seed is another sample."""
    net, x = NETWORKS[name][0], inputs(name)
    all_at_once = finite_kernels(net, x, width=8, samples=5, seed=3)
    monkeypatch.setattr("ntkref.finite._BLOCK", 1)
    one_by_one = finite_kernels(net, x, width=8, samples=3, seed=3)
    for five, three in zip(all_at_once, one_by_one, strict=True):
        rounding = 100 * U * np.max(abs(five))  # arrays of other shapes may be summed in another order
        assert (abs(five[:3] - three) <= rounding).all()
        assert len(np.unique(np.round(five[:, 0, 1], 12))) == 5
    other = finite_kernels(net, x, width=8, samples=3, seed=4)
    assert not np.isclose(other.ntk[:, 0, 1], all_at_once.ntk[:3, 0, 1], rtol=1e-9).any()


def test_no_two_streams_are_the_same():
    """Of parameters and of masks, of five samples and two seeds."""
    draws = [Draws(seed, range(5), nk.float64) for seed in (3, 4)]
    assert len({rng.random() for each in draws for rng in (*each.parameters, *each.masks)}) == 20


@pytest.mark.parametrize("name", [name for name in NETWORKS if "dropout" not in name])
def test_blocks_of_the_gram_matrix(name):
    """Parameters don't depend on the inputs, so where there are no masks x1 with x2 is a block of both together's."""
    net, x = NETWORKS[name][0], inputs(name, n=3)
    gram, cross = finite_kernels(net, x, width=4, samples=2), finite_kernels(net, x[:1], x[1:], width=4, samples=2)
    for whole, block in zip(gram, cross, strict=True):
        rounding = 100 * U * np.max(abs(whole))
        assert (abs(whole - np.swapaxes(whole, 1, 2)) <= rounding).all()
        assert (abs(whole[:, :1, 1:] - block) <= rounding).all()


def test_masks():
    """One per row: the Gram diagonal has one mask on both sides, equal rows have two; keep = 1 drops nothing."""
    layers = [dense(), nk.erf, nk.Dropout("0.5"), nk.Dense(1)]
    net, x = nk.Network(layers), np.ones((2, 3))
    gram, cross = (
        finite_kernels(net, x, width=400, samples=50),
        finite_kernels(net, x[:1], x[:1], width=400, samples=50),
    )
    same, other = np.mean(gram.nngp[:, 0, 0]), np.mean(gram.nngp[:, 0, 1])
    assert same == pytest.approx(2 * other, rel=0.03)  # 1/keep; the spread of both is about 1/√(400 · 50) = 0.7 %
    assert np.mean(cross.nngp) == pytest.approx(other, rel=0.03)
    full = nk.Network([nk.Dropout(1) if isinstance(layer, nk.Dropout) else layer for layer in layers])
    none = nk.Network([layer for layer in layers if not isinstance(layer, nk.Dropout)])
    for one, two in zip(finite_kernels(full, x, width=4), finite_kernels(none, x, width=4), strict=True):
        assert (one == two).all()


def test_circular_shifts_leave_a_sample_of_pooling_unchanged():
    """Translation invariance holds sample by sample, not only on average."""
    net, x = NETWORKS["pool"][0], inputs("pool")
    shifted = np.roll(x, (1, 2), axis=(1, 2))
    for one, two in zip(finite_kernels(net, x, width=4), finite_kernels(net, x, shifted, width=4), strict=True):
        assert (abs(one - two) <= 200 * U * np.max(abs(one))).all()


def test_large_images():
    """28 × 28 pixels, 4 of them in a window: the pixel matrices do what they do on small ones."""
    net = nk.Network([conv(stride=4), nk.relu, nk.GlobalAvgPool(), dense()])
    k = finite_kernels(net, np.random.default_rng(1).standard_normal((2, 28, 28, 1)), width=8, samples=2)
    assert k.ntk.shape == (2, 2, 2)


# --- bad input --------------------------------------------------------------------------------------------------------

FCN, CNN = NETWORKS["fcn erf"][0], NETWORKS["flatten"][0]
X = np.ones((2, 5))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("a network", X), TypeError, "^net must be a Network"),
        ((FCN.layers, X), TypeError, "^net must be a Network"),
        ((FCN, X[0]), ValueError, r"^x1 must have shape \(n, features\) for this network, got shape \(5,\)"),
        ((FCN, np.ones((2, 4, 3, 2))), ValueError, r"^x1 must have shape \(n, features\)"),
        ((CNN, X), ValueError, r"^x1 must have shape \(n, height, width, channels\) or \(n, length, channels\)"),
        ((CNN, np.ones((1, 2, 2, 2, 2))), ValueError, "^x1 must have shape"),
        ((FCN, X, np.ones((2, 4))), ValueError, r"^x1 and x2 must have inputs of one shape, got \(5,\) and \(4,\)"),
        ((CNN, np.ones((1, 4, 3, 2)), np.ones((1, 4, 4, 2))), ValueError, "^x1 and x2 must have inputs of one shape"),
        ((FCN, np.ones((0, 5))), ValueError, r"^x1 is empty: shape \(0, 5\)"),
        ((CNN, np.ones((1, 4, 0, 2))), ValueError, "^x1 is empty"),
        ((FCN, X, X * np.nan), ValueError, "^x2 must be finite"),
        ((FCN, X * 1j), TypeError, "^x1 must hold real numbers"),
        ((FCN, [[1.0], [1.0, 2.0]]), ValueError, "^x1 must be rectangular"),
        ((nk.cnn(2, nk.erf, 1, filter_size=(3, 3)), np.ones((1, 4, 2))), ValueError, "2-dimensional images"),
    ],
)
def test_bad_networks_and_inputs(arguments, error, message):
    with pytest.raises(error, match=message):
        finite_kernels(*arguments)


@pytest.mark.parametrize("name", ["width", "samples", "outputs", "seed"])
@pytest.mark.parametrize(
    ("value", "error"), [(2.0, TypeError), ("3", TypeError), (True, TypeError), (None, TypeError), (-1, ValueError)]
)
def test_bad_counts(name, value, error):
    with pytest.raises(error, match=f"^{name} must be"):
        finite_kernels(FCN, X, **{name: value})


@pytest.mark.parametrize("name", ["width", "samples", "outputs"])
def test_nothing_is_no_count(name):
    with pytest.raises(ValueError, match=f"^{name} must be >= 1"):
        finite_kernels(FCN, X, **{name: 0})


def test_counts_of_numpy_are_counts():
    plain, numpy = (finite_kernels(FCN, X, width=i(4), samples=i(2), seed=i(0)) for i in (int, np.int64))
    assert (plain.ntk == numpy.ntk).all()


def test_more_outputs_than_features():
    with pytest.raises(ValueError, match=r"^outputs must be <= width = 4, the number of features at the end, got 5$"):
        finite_kernels(NETWORKS["post-LN"][0], X, width=4, outputs=5)
    finite_kernels(FCN, X, width=4, outputs=5)  # a readout has as many as are asked for


@pytest.mark.parametrize("numbers", [nk.digits(20), nk.symbols(), np, None])
def test_samples_are_floats(numbers):
    with pytest.raises(TypeError, match=r"^numbers must be float64 or floats"):
        finite_kernels(FCN, X, numbers=numbers)


def test_symbols_are_refused():
    import sympy

    s = sympy.Symbol("s", positive=True)
    for net in (
        nk.fcn(2, nk.erf, s),
        nk.fcn(2, nk.erf, 1, s),
        nk.Network([nk.Dense(1), nk.Residual([nk.erf, nk.Dense(s)])]),
        nk.Network([nk.Dense(1), nk.erf, nk.Dropout(s), nk.Dense(1)]),
    ):
        with pytest.raises(TypeError, match=r"is symbolic, and only a network of numbers can be sampled$"):
            finite_kernels(net, X)


def test_a_window_larger_than_the_image():
    image = np.ones((1, 2, 3, 1))
    for layer in (nk.AvgPool((3, 1)), conv(filter_size=(3, 1), padding="valid")):
        with pytest.raises(ValueError, match=r"larger than the image: \(3, 1\) on \(2, 3\)$"):
            finite_kernels(nk.Network([layer, nk.Flatten(), dense()]), image)


def test_an_activation_without_a_definition():
    unknown = nk.Activation("unknown", None, None, duals=nk.erf.duals, slopes=nk.erf.slopes)
    with pytest.raises(TypeError, match=r"^unknown has no definition to sample"):
        finite_kernels(nk.fcn(2, unknown, 1), X)


def test_a_norm_of_zero():
    """Of 50 samples of a ReLU network of width 2, one at least has two dead units."""
    net = nk.Network([nk.Dense(1), nk.relu, nk.Dense(1), nk.LayerNorm()])
    with pytest.raises(ValueError, match=r"^LayerNorm divides by a norm of 0: in a sample of width 2 all"):
        finite_kernels(net, X, width=2, samples=50)


def test_overflow():
    with pytest.raises(OverflowError, match="exceed float64"):
        finite_kernels(nk.fcn(4, nk.relu, 1e200), X)
