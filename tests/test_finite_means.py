"""Means over finite-width samples are the infinite-width kernels, but for an error of order 1/N.

Two widths cancel that error in the z-scores of every layer kind; it is measured too, and where it has a law the law.
"""

import numpy as np
import pytest
from compare import U
from finite_networks import NETWORKS, dense, inputs
from scipy import stats

import ntkref as nk
from ntkref.finite import finite_kernels

# --- statistical: means over samples are the infinite-width kernels ---------------------------------------------------

THREE_SIGMA = 0.0027  # how often each of the five checks would fail if all were right: none more often than 3 σ
RUNS = [(kernel, entry) for entry in ((0, 0), (0, 1), (1, 1), (0, 1)) for kernel in ("nngp", "ntk")]


def z_scores(samples, width):
    """{network: z of independent entries}, and what 1 % of the theory is in units of z.

    Every entry has inputs and samples of its own, so all are independent.  The O(1/N) bias is cancelled by Richardson
    extrapolation: 2 K_2N − K_N, sample by sample; the samples of the two widths are independent.
    """
    scores, percent = {}, []
    for i, (name, (net, _)) in enumerate(NETWORKS.items()):
        scores[name] = []
        for j, (kernel, (a, b)) in enumerate(RUNS):
            x, seed = inputs(name, seed=j), 1000 * i + 10 * j
            theory = getattr(nk.kernels(net, x), kernel)[a, b]
            narrow = finite_kernels(net, x, width=width, samples=samples, seed=seed)
            wide = finite_kernels(net, x, width=2 * width, samples=samples, seed=seed + 1)
            values = (2 * getattr(wide, kernel) - getattr(narrow, kernel))[:, a, b]
            error = np.std(values, ddof=1) / np.sqrt(samples)
            if error < 100 * U * abs(theory):  # post-LN's z·z/N is 1 in every sample
                assert abs(np.mean(values) - theory) <= 100 * U * abs(theory)
                continue
            scores[name].append((np.mean(values) - theory) / error)
            percent.append(0.01 * theory / error)
    return scores, np.array(percent)


def check_z_scores(samples, width):
    scores, percent = z_scores(samples, width)
    z = np.concatenate(list(scores.values()))
    n = len(z)
    assert n >= 200
    square = (samples - 1) / (samples - 3)  # Student's: the standard error is an estimate too
    by_network = [abs(np.mean(s)) * np.sqrt(len(s)) for s in scores.values()]
    normal = {
        "mean square": abs(np.mean(z**2) - square) <= 3 * np.sqrt(2 / n),
        "mean": abs(np.mean(z)) <= 3 / np.sqrt(n),
        "largest": np.max(abs(z)) <= stats.norm.isf(THREE_SIGMA / 2 / n),
        "by network": max(by_network) <= stats.norm.isf(THREE_SIGMA / 2 / len(scores)),
        "distribution": stats.kstest(z, "norm").pvalue >= THREE_SIGMA,
    }
    assert all(normal.values()), (normal, {name: np.round(s, 1) for name, s in scores.items()})
    return z, percent


def test_means_over_samples_are_the_infinite_width_kernels():
    """z of 254 independent entries, all layer kinds: N(0, 1).

    What Richardson leaves, O(1/N²), is below 0.2 of these standard errors: the nightly test has 16 times the samples
    at the same widths, and 0.2 here would be 0.8 there, for a mean square of 1.6.
    """
    z, percent = check_z_scores(samples=150, width=32)
    assert np.mean((z + 3 * percent) ** 2) > 1 + 6 * np.sqrt(2 / len(z))  # a theory 3 % off would be seen


@pytest.mark.nightly
def test_means_over_sixteen_times_as_many_samples():
    check_z_scores(samples=2400, width=32)


@pytest.mark.nightly
def test_means_of_wider_networks():
    check_z_scores(samples=500, width=96)


# --- the error at finite width ----------------------------------------------------------------------------------------

BIASED = ("post-LN", "pre-LN", "LN and readout", "LN of pixels", "pool, then skip", "dropout twice")


def scaled_errors(names, widths, samples):
    """N times the mean relative error of Θ's diagonal, and its standard error, (networks, widths) both."""
    table = []
    for i, name in enumerate(names):
        net, x = NETWORKS[name][0], inputs(name, n=4)
        theory = np.diag(nk.kernels(net, x).ntk)
        for width in widths:
            ntk = finite_kernels(net, x, width=width, samples=samples, seed=1000 * i + width).ntk
            error = width * np.mean(np.diagonal(ntk, axis1=1, axis2=2) / theory - 1, axis=1)
            table.append((np.mean(error), np.std(error, ddof=1) / np.sqrt(samples)))
    return np.moveaxis(np.reshape(table, (len(names), len(widths), 2)), 2, 0)


def drift(errors, spread, one, two):
    """The factor from N × error at one width to that at another, over all networks, and its standard error.

    Σ C_N C_2N/Σ C_N², in which signs don't matter; the samples' own spread is taken off the squares.
    """
    a, b, da, db = errors[:, one], errors[:, two], spread[:, one], spread[:, two]
    size = np.sum(a**2 - da**2)
    ratio = np.sum(a * b) / size
    return ratio, np.sqrt(np.sum((a * db) ** 2 + ((b - 2 * ratio * a) * da) ** 2)) / size


def check_drift(names, widths, samples):
    errors, spread = scaled_errors(names, widths, samples)
    for wider in range(1, len(widths)):
        ratio, sigma = drift(errors, spread, 0, wider)
        assert 3 * sigma < (widths[wider] / widths[0]) ** 0.5 - 1  # or an error like 1/√N would pass
        assert abs(ratio - 1) <= 3 * sigma, (ratio, sigma, errors, spread)


def test_the_mean_error_falls_like_1_over_N():
    """N × error is the same at N = 16, 32 and 64, within three standard errors.

    Of the networks whose error is largest.  What comes next, O(1/N²), changes it by a few times 1/N: less than that.
    """
    check_drift(BIASED, (16, 32, 64), samples=3000)


@pytest.mark.nightly
def test_the_mean_error_of_all_networks_falls_like_1_over_N():
    check_drift(NETWORKS, (16, 32, 64), samples=6000)


def exceeds(values, truth):
    """The z of a mean over samples."""
    return (np.mean(values) - truth) / (np.std(values, ddof=1) / np.sqrt(len(values)))


@pytest.mark.parametrize("width", [4, 6, 16])
def test_layer_norm_of_one_layer_has_a_law_at_every_width(width):
    """Of [Dense, LayerNorm], E Θ(x,x) = (N − 1)/(N − 2).

    Θ = K (1 − u_j²/N)/s² with z = s u; the direction u is independent of the norm, E u_j² = 1, E K/s² = N/(N − 2).
    Without the projection it would be N/(N − 2).
    """
    net = nk.Network([dense(), nk.LayerNorm()])
    k = finite_kernels(net, [[1.0, 2.0, -1.0]], width=width, samples=20000, seed=7, outputs=width)
    ntk = k.ntk[:, 0, 0]
    assert abs(exceeds(ntk, (width - 1) / (width - 2))) <= 3
    assert exceeds(ntk, width / (width - 2)) < -4
    assert (abs(k.nngp - 1) <= 4 * width * U).all()


@pytest.mark.parametrize("width", [2, 8])
def test_relu_has_no_error_on_the_diagonal(width):
    """With σ_b² = 0, by symmetry: the gates at x are fair coins, independent of everything, so both means are exact."""
    net, x = nk.fcn(3, nk.relu, 2), [[1.0, 2.0, -1.0]]
    k, theory = finite_kernels(net, x, width=width, samples=20000, seed=3), nk.kernels(net, x)
    assert abs(exceeds(k.nngp[:, 0, 0], theory.nngp[0, 0])) <= 3
    assert abs(exceeds(k.ntk[:, 0, 0], theory.ntk[0, 0])) <= 3


def test_the_coefficient_of_1_over_N():
    """erf, three layers: N (E K − K) → ½ σ_w² 𝒯″(q) σ_w⁴ Var φ(z)², for the variance q of layer 2 fluctuates so."""
    sigma_w2, q1, n = 8, 0.2, 8
    net, x = nk.fcn(3, nk.erf, sigma_w2), np.sqrt(q1) * np.eye(n)  # x·x σ_w²/n = q1; orthogonal rows: more samples
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    phi = nk.erf.value(nk.float64, np.sqrt(q1) * nodes)
    second, fourth = (weights @ phi**k / np.sum(weights) for k in (2, 4))
    q2 = sigma_w2 * second

    def T(q):
        return 2 / np.pi * np.arcsin(2 * q / (1 + 2 * q))

    h = 1e-3  # differences err by h² T⁗/12 ~ 1e-7 and 4 u/h² ~ 4e-10
    curvature = (T(q2 + h) - 2 * T(q2) + T(q2 - h)) / h**2
    coefficient = sigma_w2 * curvature / 2 * sigma_w2**2 * (fourth - second**2)
    widths, points = np.array([8, 16, 32]), []
    theory = np.diag(nk.kernels(net, x).nngp)
    for width in widths:
        nngp = finite_kernels(net, x, width=int(width), samples=8000, seed=int(width)).nngp
        error = width * np.mean(np.diagonal(nngp, axis1=1, axis2=2) - theory, axis=1)
        points.append((np.mean(error), np.std(error, ddof=1) / np.sqrt(len(error))))
    value, sigma = np.transpose(points)
    design = np.stack([1 / sigma, 1 / (widths * sigma)], axis=1)  # c + d/N, by weighted least squares
    spread = np.linalg.inv(design.T @ design)
    c, _ = spread @ design.T @ (value / sigma)
    assert spread[0, 0] ** 0.5 < 0.1 * abs(coefficient)
    assert abs(c - coefficient) <= 3 * spread[0, 0] ** 0.5, (c, coefficient, spread[0, 0] ** 0.5)
