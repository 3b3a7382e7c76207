"""What any kernel must satisfy, on networks and inputs that Hypothesis makes up."""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
from compare import FIELDS, U, agrees
from hypothesis import given
from hypothesis import strategies as st
from strategies import CLOSED_FORM, hyperparameters, input_sets, networks, one_minus_cosines, variances

import ntkref as nk
from ntkref.recursion import pairs_by_depth


@given(net=networks(), x=input_sets())
def test_symmetric_to_the_bit(net, x):
    """k(a, b) = k(b, a)^T in float64, not up to rounding."""
    ab, ba = nk.kernels(net, x, x[::-1]), nk.kernels(net, x[::-1], x)
    for name in FIELDS:
        assert (getattr(ab, name) == getattr(ba, name).T).all(), name


@given(net=networks(), x=input_sets(), seed=st.randoms(use_true_random=False))
def test_order_of_the_inputs_is_only_an_order(net, x, seed):
    order = list(range(len(x)))
    seed.shuffle(order)
    plain, permuted = nk.kernels(net, x), nk.kernels(net, x[order])
    for name in FIELDS:
        assert (getattr(permuted, name) == getattr(plain, name)[np.ix_(order, order)]).all(), name


@given(net=networks(max_depth=4), x=input_sets(features=3, free=3, variants=2))
def test_positive_semi_definite(net, x):
    """Eigenvalues of both Gram matrices, near-duplicates and opposite points included, in 60 digits: none below 0.

    The tolerance is 1e-55 of the trace: 60 digits of each entry, a few of them lost in the eigenvalues.
    """
    numbers = nk.digits(60)
    k = nk.kernels(net, x, numbers=numbers)
    for matrix in (k.nngp, k.ntk):
        values = numbers.context.eigsy(numbers.context.matrix(matrix.tolist()), eigvals_only=True)
        assert min(values) >= -mpmath.mpf("1e-55") * sum(np.diag(matrix))


@given(net=networks(), x=input_sets())
def test_gaps_are_squared_distances(net, x):
    """Non-negative, zero only with the inputs' own, and equal to what subtraction leaves at 40 digits."""
    numbers = nk.digits(40)
    k = nk.kernels(net, x, numbers=numbers)
    distinct = np.array([[(a != b).any() for b in x] for a in x])
    for entries, gaps in ((k.nngp, k.nngp_gap), (k.ntk, k.ntk_gap)):
        diagonal = np.diag(entries)
        plain = diagonal[:, None] + diagonal[None, :] - 2 * entries
        assert (abs(gaps - plain) <= mpmath.mpf("1e-38") * max(diagonal)).all()
        assert (gaps >= 0).all()
        assert (gaps[~distinct] == 0).all()
        assert (gaps[distinct] > 0).all() or all(layer.sigma_w2 == 0 for layer in net.layers[::2])
    floats = nk.kernels(net, x)
    assert (floats.nngp_gap >= 0).all()
    assert (floats.ntk_gap >= 0).all()


@given(net=networks(), x=input_sets())
def test_cauchy_schwarz(net, x):
    """K12^2 <= K11 K22 and the same for Theta, parallel inputs attaining it: to the rounding of each system."""
    for numbers, slack in ((nk.digits(40), 1e-39), (nk.float64, (20 + 4 * net.depth) * U)):
        k = nk.kernels(net, x, numbers=numbers)
        for entries in (k.nngp, k.ntk):
            bound = np.diag(entries)[:, None] * np.diag(entries)[None, :]
            assert (entries**2 - bound <= slack * bound).all()


def rotate(x):
    """Exact rotations by the 3-4-5 and the 5-12-13 angle in two planes: rationals stay rationals."""
    x = [[Fraction(v) for v in row] for row in x]
    for i, j, a, b in ((0, 1, Fraction(3, 5), Fraction(4, 5)), (1, 2, Fraction(5, 13), Fraction(12, 13))):
        for row in x:
            row[i], row[j] = a * row[i] - b * row[j], b * row[i] + a * row[j]
    return x


@given(net=networks(max_depth=4), x=input_sets(features=3))
def test_rotations_change_nothing(net, x):
    """A fully-connected kernel sees inner products only: 35 digits, with gaps down to 1e-16 of the entries."""
    numbers = nk.digits(40)
    plain, rotated = (nk.kernels(net, v, numbers=numbers) for v in (x.tolist(), rotate(x.tolist())))
    for name in FIELDS:
        for a, b in zip(getattr(plain, name).ravel(), getattr(rotated, name).ravel(), strict=True):
            # 1e-60: zeros of opposite vectors, of which rounding the rotated rationals leaves a trace.
            assert agrees(a, b, 35) or max(abs(a), abs(b)) < 1e-38, name


@given(net=networks(), x=input_sets(), order=st.permutations(range(4)))
def test_permuting_features_changes_nothing(net, x, order):
    """In float64 sums over features are reordered, and nothing else: entries on the scale of the diagonal."""
    plain, permuted = nk.kernels(net, x), nk.kernels(net, x[:, order])
    for name in ("nngp", "ntk"):
        variances = getattr(plain, f"{name}_variances")[0]
        scale = np.sqrt(variances[:, None] * variances[None, :])
        slack = 2 * (20 + 4 * net.depth) * U
        assert (abs(getattr(plain, name) - getattr(permuted, name)) <= slack * scale).all()


@given(depth=st.integers(1, 6), sigma_w2=variances(0.1, 5.0), x=input_sets(), power=st.integers(-20, 20))
def test_relu_is_homogeneous(depth, sigma_w2, x, power):
    """sigma_b2 = 0: scaling all inputs by a scales K, Theta and the gaps by a^2; by a power of two, to the bit."""
    net = nk.fcn(depth, nk.relu, sigma_w2)
    plain, scaled = nk.kernels(net, x), nk.kernels(net, 2.0**power * x)
    for name in FIELDS:
        assert (getattr(scaled, name) == 4.0**power * getattr(plain, name)).all(), name


@given(depth=st.integers(2, 6), sigma_w2=variances(0.1, 5.0), x=input_sets(), a=variances(0.1, 50.0))
def test_relu_is_homogeneous_in_each_argument(depth, sigma_w2, x, a):
    """k(a x, x') = a k(x, x') for a > 0: 35 digits of K and Theta (an entry of opposite vectors is 0)."""
    net, numbers = nk.fcn(depth, nk.relu, sigma_w2), nk.digits(40)
    a = Fraction(a)
    longer = [[a * Fraction(v) for v in row] for row in x.tolist()]
    plain, scaled = nk.kernels(net, x, x, numbers), nk.kernels(net, longer, x, numbers)
    for name in ("nngp", "ntk"):
        for v, w in zip(getattr(plain, name).ravel(), getattr(scaled, name).ravel(), strict=True):
            assert agrees(w, numbers.convert(a) * v, 35) or abs(w) < 1e-38, name


@given(depth=st.integers(2, 6), sigma_w2=variances(0.1, 20.0), factor=variances(0.1, 10.0), e=one_minus_cosines())
def test_relu_without_bias_is_critical_relu_rescaled(depth, sigma_w2, factor, e):
    """THEORY d: at sigma_b2 = 0 the kernels are (sigma_w2/2)^(l-1) times the critical ones, exactly."""
    numbers = nk.digits(40)
    ours = nk.kernels_of_pair(nk.fcn(depth, nk.relu, sigma_w2), factor, e, numbers)
    critical = nk.kernels_of_pair(nk.fcn(depth, nk.relu, 2), factor, e, numbers)
    scale = (numbers.convert(Fraction(sigma_w2)) / 2) ** (depth - 1)
    for name in FIELDS:
        assert agrees(getattr(ours, name), scale * getattr(critical, name), 38)


@given(hyper=hyperparameters(), q=variances(0.05, 20.0), es=st.lists(one_minus_cosines(), min_size=3, unique=True))
def test_monotone_in_the_cosine(hyper, q, es):
    """As the angle opens K falls and its gap rises at every depth; so does Theta between acute inputs."""
    activation, sigma_w2, sigma_b2, _ = hyper
    es = sorted(es)
    acute = [e <= 1 for e in es[1:]]
    for _, k in pairs_by_depth(nk.fcn(4, activation, sigma_w2, sigma_b2), q, es, nk.digits(60)):
        assert (np.diff(k.nngp) < 0).all()
        assert (np.diff(k.nngp_gap) > 0).all()
        assert (np.diff(k.ntk)[acute] < 0).all()
        assert (np.diff(k.ntk_gap)[acute] > 0).all()


@given(x=input_sets(), sigma_w2=variances(0.1, 5.0), depth=st.integers(1, 6))
def test_erf_without_bias_is_odd(x, sigma_w2, depth):
    """erf(-z) = -erf(z): with sigma_b2 = 0 turning one input over turns the sign, to the bit."""
    net = nk.fcn(depth, nk.erf, sigma_w2)
    plain, turned = nk.kernels(net, x, x), nk.kernels(net, -x, x)
    assert (turned.nngp == -plain.nngp).all()
    assert (turned.ntk == -plain.ntk).all()


@given(hyper=hyperparameters("ordered"), e=st.floats(0.01, 1.99))
def test_order_brings_inputs_together(hyper, e):
    """chi_1 < 1 (Section 3): the NNGP gap falls at every layer once K(x, x) = q*; duplicates stay duplicates."""
    activation, sigma_w2, sigma_b2, _ = hyper
    mf = nk.mean_field(activation, sigma_w2, sigma_b2, nk.digits(30))
    if not mf.q_star:
        return  # sigma_b2 = 0: every kernel shrinks to 0, and the cosine need not tend to 1
    gaps = [
        k.nngp_gap for _, k in pairs_by_depth(nk.fcn(8, activation, sigma_w2, sigma_b2), mf.q_star, e, nk.digits(30))
    ]
    assert all(b < a for a, b in itertools.pairwise(gaps))


def test_the_listed_activations_were_used():
    assert {activation.name for activation in CLOSED_FORM} >= {"erf", "relu"}
