"""Norms, dropout and sums on vectors: every field a step makes, and the kernels of whole networks in float64."""

from dataclasses import fields, replace
from fractions import Fraction

import brute_force as bf
import numpy as np
import pytest
from compare import FIELDS, U, relative_error
from hypothesis import given
from hypothesis import strategies as st
from strategies import near, one_minus_cosines, pairs, variances

import ntkref as nk
from ntkref import Dense, Dropout, LayerNorm, Residual, erf, relu
from ntkref.inputs import checked_inputs, covariance_of_inputs
from ntkref.pair import Covariance, Pair
from ntkref.steps import State, Steps, normed

DIGITS = nk.digits(40)
W = ("1.6", "0.2")
X = np.array([0.5, -1.25, 2.0, 1.0])
RELATIVES = {
    "acute": np.array([1.0, 0.25, 1.5, -0.5]),
    "obtuse": np.array([-1.0, 1.0, 0.125, 0.25]),
    "near 1e-8": near(X, np.array([1.0, 2.0, 1.0, -1.0]), 1e-8),
    "near 1e-3": near(X, np.array([1.0, 0.0, 1.0, 3.0]), 1e-3),
    "near opposite 1e-8": -near(X, np.array([1.0, 0.0, 1.0, 1.0]), 1e-8),
    "opposite": -X,
    "doubled": 2 * X,
    "long and near in angle": 1000 * near(X, np.array([1.0, 1.0, 0.0, 0.0]), 1e-4),
}


def names(pair):
    return [f.name for f in fields(pair)]


def of_vectors(x, other, numbers):
    """The `Covariance` of two vectors, (1, 1)."""
    return covariance_of_inputs(*(checked_inputs([v], "x", numbers) for v in (x, other)), numbers)


def field(pair, name):
    return np.asarray(getattr(pair, name)).ravel()[0]


def consistent(pair, numbers, slack=1e-35):
    """diff, gap, cogap and area² of `pair` are those of its entries, as subtraction has them in many digits."""
    x, y, xy = (field(pair, name) for name in ("x", "y", "xy"))
    total = abs(x) + abs(y)
    assert abs(field(pair, "diff") - (x - y)) <= slack * total
    assert abs(field(pair, "gap") - (x + y - 2 * xy)) <= slack * total
    if isinstance(pair, Covariance):
        assert abs(field(pair, "cogap") - (x + y + 2 * xy)) <= slack * total
        assert abs(field(pair, "area") ** 2 - (x * y - xy * xy)) <= slack * total**2


# --- layer norm -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relative", RELATIVES)
def test_normed(relative):
    """K over √(K(x,x) K(x',x')) and its factor: entries by the definition, differences by subtraction in 60 digits."""
    k = of_vectors(X, RELATIVES[relative], DIGITS)
    K, factor = normed(k, DIGITS)
    x, y, xy = (field(k, name) for name in ("x", "y", "xy"))
    root = DIGITS.sqrt(x * y)
    truth = {"x": 1, "y": 1, "xy": xy / root, "diff": 0, "area": field(k, "area") / root}
    for name, value in truth.items():
        assert abs(field(K, name) - value) <= 1e-38, name
    for name, value in {"x": 1 / x, "y": 1 / y, "xy": 1 / root}.items():
        assert relative_error(field(factor, name), value) <= 1e-38, name
    consistent(K, DIGITS)
    consistent(factor, DIGITS)


@pytest.mark.parametrize("relative", RELATIVES)
def test_normed_in_float64(relative):
    """Gap and cogap of the normed vectors, 2(1 ∓ c), to 24 u at any lengths and any angle, and so the factor's gap.

    Of parallel vectors the angle is rounding in their entries: 0 or next to it.  Nearly parallel ones of unlike length
    have their angle θ to u, not to u θ (`covariance_of_vectors`), and gap and area with it.
    """
    angle = 1e-4 if relative.startswith("long") else 1
    (ours, factor), (truth, true_factor) = (
        normed(of_vectors(X, RELATIVES[relative], numbers), numbers) for numbers in (nk.float64, DIGITS)
    )
    for name in names(ours):
        true = field(truth, name)
        if abs(true) > 1e-30:
            error = relative_error(float(field(ours, name)), true, max(abs(true), name in ("xy", "diff")))
            assert error <= 24 * U / (angle if name in ("gap", "area") else 1), name
        else:
            assert abs(field(ours, name)) <= 4 * U
    for name in names(factor):
        true = field(true_factor, name)
        if relative != "opposite":
            assert relative_error(float(field(factor, name)), true) <= 24 * U, name


@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(20)], ids=repr)
def test_zero_has_no_norm(numbers):
    """A zero input under a norm raises, naming the depth; with a bias it is an input like others."""
    x = [[0.0, 0.0], [1.0, 2.0]]
    for layers in ([Dense(2), LayerNorm(), relu, Dense(2)], [Dense(2), Residual([LayerNorm(), erf, Dense(1)])]):
        with pytest.raises(
            ValueError, match=r"^layer norm at depth 1 divides by K\(x, x\) = 0: an input, or pixel, is"
        ):
            nk.kernels(nk.Network(layers), x, numbers=numbers)
        with pytest.raises(ValueError, match=r"^layer norm at depth 1 divides by"):
            nk.kernels(nk.Network(layers), x[1:], x[:1], numbers=numbers)
        nk.kernels(nk.Network([Dense(2, 1), *layers[1:]]), x, numbers=numbers)
    deep = [Dense(2), relu, Dense(2), LayerNorm(), relu, Dense(2)]
    with pytest.raises(ValueError, match=r"^layer norm at depth 2 divides"):
        nk.kernels(nk.Network(deep), x, numbers=numbers)


@given(q=variances(1e-3, 1e3), e=one_minus_cosines())
def test_a_norm_forgets_the_variance(q, e):
    """K⁽¹⁾ = q whatever q: after a norm the kernel of q = 1."""
    net = nk.Network([Dense(1), LayerNorm(), relu, Dense(*W)])
    ours, one = (nk.kernels_of_pair(net, v, e) for v in (q, 1))
    assert abs(ours.nngp - one.nngp) <= 2 * 28 * U * one.nngp_variances[0]
    assert abs(ours.nngp_gap - one.nngp_gap) <= 2 * 28 * U * one.nngp_gap
    assert abs(ours.ntk - one.ntk) <= 2 * 28 * U * one.ntk_variances[0]  # Θ is divided like K


# --- dropout ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relative", RELATIVES)
@pytest.mark.parametrize("keep", ["0.5", "0.999", "1e-6"])
def test_dropout_lengthens_inputs_across_each_other(relative, keep):
    """Two inputs: x/ρ, y/ρ and the same xy.  One input with itself: all of it over ρ, and no gap."""
    keep = Fraction(keep)
    K = of_vectors(X, RELATIVES[relative], DIGITS)
    state = State(K, Pair(*(getattr(K, name) for name in names(Pair.zero(K)))), 1)
    after = Steps(DIGITS).step(Dropout(keep), state)
    for pair in (after.K, after.Theta):
        for name in ("x", "y", "xy"):
            scale = 1 if name == "xy" else DIGITS.convert(1 / keep)
            assert relative_error(field(pair, name), field(K, name) * scale) <= 1e-50 or not field(K, name)
        consistent(pair, DIGITS)
    one = of_vectors(X, X, DIGITS)
    state = State(one, Pair(*(getattr(one, name) for name in names(Pair.zero(one)))), 1)
    after = Steps(DIGITS, np.array([[True]])).step(Dropout(keep), state)
    for pair in (after.K, after.Theta):
        assert [relative_error(field(pair, n), field(one, "x") / DIGITS.convert(keep)) for n in ("x", "y", "xy")] == [
            0
        ] * 3
        assert [field(pair, name) for name in ("diff", "gap")] == [0, 0]
        consistent(pair, DIGITS)


def test_equal_inputs_are_two_inputs():
    """In a Gram matrix the diagonal alone gains; across twins, and in a cross kernel, masks are independent."""
    x = np.array([X, X, RELATIVES["acute"]])
    net = nk.Network([Dense(*W), relu, Dropout("0.8"), Dense(2)])
    plain = nk.Network([Dense(*W), relu, Dense(2)])
    k, without = nk.kernels(net, x), nk.kernels(plain, x)
    eye = np.eye(3, dtype=bool)
    for name in ("nngp", "ntk"):
        ours, theirs = getattr(k, name), getattr(without, name)
        assert (ours[~eye] == theirs[~eye]).all()
        assert np.diag(ours) == pytest.approx(np.diag(theirs) / 0.8, rel=8 * U)
        gap = getattr(k, f"{name}_gap")
        assert not gap[eye].any()
        assert gap[0, 1] == pytest.approx(2 * theirs[0, 0] * 0.25, rel=8 * U)  # 2 (1/ρ − 1) K
        assert not getattr(without, f"{name}_gap")[0, 1]
    cross = nk.kernels(net, x, x)
    assert (cross.nngp == nk.kernels(plain, x, x).nngp).all()
    assert (cross.nngp_variances[0] == k.nngp_variances[0]).all()
    assert cross.nngp_gap[0, 0] == k.nngp_gap[0, 1]


@given(pair=pairs())
def test_keeping_everything_is_the_identity(pair):
    layers = [Dense(*W), relu, Dropout(1), Dense(*W), erf, Dropout("1"), Dense(2)]
    kept, plain = (nk.kernels_of_pair(nk.Network(v), *pair) for v in (layers, layers[:2] + layers[3:5] + layers[6:]))
    assert [getattr(kept, name) for name in FIELDS] == [getattr(plain, name) for name in FIELDS]


# --- sums -------------------------------------------------------------------------------------------------------------


def test_a_sum_adds_kernels():
    """z + Dense(φ(z)): K and Θ of the branch are added, in every field."""
    K = of_vectors(X, RELATIVES["obtuse"], DIGITS)
    state = replace(Steps(DIGITS).step(Dense(*W), State(K, Pair.zero(K), 0)))
    branch = Steps(DIGITS).run([erf, Dense(*W)], state)
    total = Steps(DIGITS).step(Residual([erf, Dense(*W)]), state)
    for pair, one, other in ((total.K, state.K, branch.K), (total.Theta, state.Theta, branch.Theta)):
        for name in ("x", "y", "xy", "diff", "gap"):
            assert relative_error(field(pair, name), field(one, name) + field(other, name)) <= 1e-50
        consistent(pair, DIGITS)
    assert (total.depth, total.mean) == (2, None)


MEANS = {  # E[φ(z)] over √q, from ∫₀^∞ z exp(−z²/2)/√(2π) dz = 1/√(2π)
    relu: lambda ctx: 1 / ctx.sqrt(2 * ctx.pi),
    nk.absolute: lambda ctx: 2 / ctx.sqrt(2 * ctx.pi),
    nk.leaky_relu("0.25"): lambda ctx: ctx.mpf("0.75") / ctx.sqrt(2 * ctx.pi),
    erf: lambda ctx: 0,
}


@pytest.mark.parametrize("relative", RELATIVES)
@pytest.mark.parametrize("one", MEANS, ids=repr)
@pytest.mark.parametrize("other", MEANS, ids=repr)
def test_means_of_activations_that_are_added(one, other, relative):
    """φ(z) + ψ(Dense(φ(z))) with means m √q: K gains m n √q √p' + m n √q' √p; all fields fit, in 60 digits."""
    ctx = DIGITS.context
    state = Steps(DIGITS).step(Dense(*W), State(*_first(RELATIVES[relative])))
    gaussians = Steps(DIGITS).run([one, Dense(*W)], state)
    main, branch = Steps(DIGITS).step(one, state), Steps(DIGITS).step(other, gaussians)
    total = Steps(DIGITS).step(Residual([Dense(*W), other]), main)
    factor = MEANS[one](ctx) * MEANS[other](ctx)
    root = {name: (ctx.sqrt(field(state.K, name)), ctx.sqrt(field(gaussians.K, name))) for name in ("x", "y")}
    (zx, gx), (zy, gy) = root["x"], root["y"]
    for name, gain in {"x": 2 * zx * gx, "y": 2 * zy * gy, "xy": zx * gy + gx * zy}.items():
        truth = field(main.K, name) + field(branch.K, name) + factor * gain
        assert abs(field(total.K, name) - truth) <= 1e-50 * (field(total.K, "x") + field(total.K, "y"))
        added = field(main.Theta, name) + field(branch.Theta, name)
        assert relative_error(field(total.Theta, name), added) <= 1e-50
    consistent(total.K, DIGITS)
    consistent(total.Theta, DIGITS)


def _first(other):
    K = of_vectors(X, other, DIGITS)
    return K, Pair.zero(K), 0


def test_overflow_of_a_sum_names_its_depth():
    net = nk.resnet(1100, relu, 2)  # K(x, x) doubles with every block
    with pytest.raises(OverflowError, match=r"^(K\(x, x\)|the NTK's diagonal) at depth 10\d\d exceeds 1e\+307"):
        nk.kernels(net, [[1.0, 2.0]])
    assert nk.kernels(net, [[1.0, 2.0]], numbers=nk.digits(5)).nngp[0, 0] > 1e308


# --- whole networks in float64 ----------------------------------------------------------------------------------------

NETWORKS = {
    "norms": [Dense(*W), LayerNorm(), erf, Dense(*W), LayerNorm(), erf, Dense(*W)],
    "norms, ReLU": [Dense(2), LayerNorm(), relu, Dense(2), LayerNorm(), relu, Dense(2)],
    "skips": nk.resnet(6, erf, *W).layers,
    "skips, ReLU": nk.resnet(6, relu, 2).layers,
    "pre": nk.resnet(6, relu, *W, "pre").layers,
    "post": nk.resnet(6, relu, *W, "post").layers,
    "pre, erf": nk.resnet(6, erf, *W, "pre").layers,
    "post, erf": nk.resnet(6, erf, *W, "post").layers,
    "activations are added": [Dense(2), relu, Residual([Dense(2), relu]), Residual([Dense(*W), erf]), Dense(2)],
    "dropout": [Dense(*W), erf, Dropout("0.9"), Dense(*W), relu, Dropout("0.5"), Dense(*W)],
    "dropout in a branch": [Dense(*W), Residual([relu, Dropout("0.9"), Dense(*W)]), LayerNorm(), erf, Dense(*W)],
}
# Where ReLU alone acts and there is no bias, vectors that differ in length are parallel, and the angle is rounding: the
# NTK's gap is as accurate as that (`Kernels`).
ANGLE_IS_ROUNDING = {("doubled", "norms, ReLU"), ("doubled", "skips, ReLU"), ("doubled", "activations are added")}
UNLIKE = ("doubled", "long and near in angle")


@pytest.mark.parametrize("relative", RELATIVES)
@pytest.mark.parametrize("name", NETWORKS)
def test_gaps_in_float64(name, relative):
    """Entries and gaps of K and Θ within (20 + 4 l) u of 40 digits, entries on the scale of √(K(x,x) K(x',x'))."""
    net, x = nk.Network(NETWORKS[name]), np.array([X, RELATIVES[relative]])
    ours, truth = nk.kernels(net, x), nk.kernels(net, x, numbers=DIGITS)
    for kernel in ("nngp", "ntk"):
        entries, gap = getattr(truth, kernel), getattr(truth, f"{kernel}_gap")[0, 1]
        scale = DIGITS.sqrt(entries[0, 0] * entries[1, 1])
        promise = (20 + 4 * net.depth) * U
        assert relative_error(float(getattr(ours, kernel)[0, 1]), entries[0, 1], scale) <= promise, kernel
        if (relative, name) in ANGLE_IS_ROUNDING or (relative in UNLIKE and LayerNorm() in net.layers):
            continue  # see below
        assert relative_error(float(getattr(ours, f"{kernel}_gap")[0, 1]), gap) <= promise, kernel


@pytest.mark.parametrize("kernel", ["nngp", "ntk"])
def test_gaps_of_unlike_inputs_behind_a_norm(kernel):
    """A norm leaves the angle alone, and a `Pair` of unlike lengths knows that as well as its entries: Θ's gap, and
    K's behind rounded inputs, are accurate relative to Θ(x, x) and K(x, x).  `Kernels` says so."""
    net, x = nk.Network([Dense(2), LayerNorm()]), np.array([X, RELATIVES["long and near in angle"]])
    ours, truth = nk.kernels(net, x), nk.kernels(net, x, numbers=DIGITS)
    gap, exact = (getattr(k, f"{kernel}_gap")[0, 1] for k in (ours, truth))
    assert relative_error(float(gap), exact, getattr(truth, kernel)[0, 0]) <= (20 + 4) * U


@given(
    q=variances(0.05, 20.0),
    e=one_minus_cosines(),
    depth=st.integers(2, 8),
    place=st.sampled_from([None, "pre", "post"]),
)
def test_residual_networks_of_pairs_by_plain_subtraction(q, e, depth, place):
    """`resnet` on (q, 1 − c), the recursion of the paper in 200 digits where nothing is carried."""
    ctx = bf.context(200)
    k = k12 = t = t12 = None
    q, e = ctx.mpf(q), ctx.mpf(e)
    sw2, sb2 = ctx.mpf(8) / 5, ctx.mpf(1) / 5
    k, k12 = q, q * (1 - e)
    t, t12 = k, k12
    for _ in range(depth - 1):
        norm = k if place == "pre" else ctx.one
        (b, slope), (b12, slope12) = (bf.textbook(ctx, "erf", k / norm, v / norm, k / norm) for v in (k, k12))
        b, b12 = sw2 * b + sb2, sw2 * b12 + sb2
        t, t12 = t + b + sw2 * slope * t / norm, t12 + b12 + sw2 * slope12 * t12 / norm
        k, k12 = k + b, k12 + b12
        if place == "post":
            k, k12, t, t12 = 1, k12 / k, t / k, t12 / k
    ours = nk.kernels_of_pair(nk.resnet(depth, erf, "1.6", "0.2", place), q, e, nk.digits(30))
    for name, true in zip(FIELDS, (k12, t12, 2 * (k - k12), 2 * (t - t12)), strict=True):
        scale = abs(true) if name.endswith("gap") else k if name == "nngp" else t
        assert abs(ctx.mpf(getattr(ours, name)) - true) <= ctx.mpf("1e-29") * scale
