"""The spectrum of the convolution of covariances, against the operator on all pixel pairs written out by loops."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from ntkref.convolution import convolution_spectrum

SKEW = ("1/2", "1/3", "1/6")
SKEW_2D = (("1/4", "1/8", 0), ("1/8", "1/8", "1/16"), (0, "1/16", "1/4"))
CASES = [
    ((6,), 3, None),
    ((6,), 5, None),
    ((5,), 5, None),
    ((4,), 7, None),  # a filter that goes round more than once
    ((5,), 1, None),
    ((1,), 3, None),
    ((5,), 3, SKEW),
    ((6,), 3, ("1/4", "1/2", "1/4")),
    ((3, 4), 3, None),
    ((3, 4), (1, 3), None),
    ((4, 3), (3, 3), SKEW_2D),
]


def variances(dimensions, filter_size, filter_variance):
    """{displacement from the centre: v}, by hand."""
    size = filter_size if isinstance(filter_size, tuple) else (filter_size,) * dimensions
    places = list(product(*(range(k) for k in size)))
    values = np.array(filter_variance, dtype=object).ravel() if filter_variance else ["1"] * len(places)
    total = 1 if filter_variance else len(places)
    taps = {}
    for place, v in zip(places, values, strict=True):
        taps[tuple(p - k // 2 for p, k in zip(place, size, strict=True))] = float(Fraction(v) / total)
    return taps


def pairs(size):
    pixels = list(product(*(range(k) for k in size)))
    return pixels, [(i, j) for i in pixels for j in pixels]


def offset_of(i, j, size):
    return tuple((b - a) % k for a, b, k in zip(i, j, size, strict=True))


def operator(size, taps):
    """A as a matrix on the d² pairs of pixels: plain loops over Eq. 19."""
    _, index = pairs(size)
    where = {pair: n for n, pair in enumerate(index)}
    A = np.zeros((len(index), len(index)))
    for (i, j), row in where.items():
        for beta, v in taps.items():
            shifted = tuple(tuple((a + b) % k for a, b, k in zip(x, beta, size, strict=True)) for x in (i, j))
            A[row, where[shifted]] += v
    return A


@pytest.mark.parametrize(("size", "filter_size", "filter_variance"), CASES)
def test_eigenvalues_and_their_multiplicity(size, filter_size, filter_variance):
    """All d² eigenvalues, and the eigenvectors e^{i q·i} g(i′ − i), to 1e-13."""
    found = convolution_spectrum(size, filter_size, filter_variance)
    d = math.prod(size)
    assert found.size == size
    assert found.multiplicity == d
    assert found.eigenvalues.shape == size
    A = operator(size, variances(len(size), filter_size, filter_variance))
    ours, theirs = np.repeat(found.eigenvalues.ravel(), d), np.linalg.eigvals(A)
    for rho in found.eigenvalues.ravel():
        near = np.abs(theirs - rho) < 1e-13
        assert near.sum() == np.sum(np.abs(ours - rho) < 1e-13)  # with the multiplicity it has
    assert sum(np.any(np.abs(ours - value) < 1e-13) for value in theirs) == d * d
    pixels, index = pairs(size)
    g = dict(zip(pixels, np.random.default_rng(1).normal(size=d), strict=True))
    for n in pixels:
        q = found.momenta[n]
        mode = np.array([np.exp(1j * np.dot(q, i)) * g[offset_of(i, j, size)] for i, j in index])
        assert np.max(np.abs(A @ mode - found.eigenvalues[n] * mode)) < 1e-13


def test_a_uniform_filter_has_a_closed_form():
    """Dirichlet's kernels are the sum over the filter; zeros are exact, and symmetric filters real."""
    for size, f in (((6,), 3), ((7,), 5), ((3, 5), (3, 1)), ((6, 6), 3)):
        filter_shape = f if isinstance(f, tuple) else (f,) * len(size)
        v = np.full(filter_shape, Fraction(1, math.prod(filter_shape)), dtype=object).tolist()
        closed, summed = convolution_spectrum(size, f), convolution_spectrum(size, f, v)
        assert np.max(np.abs(closed.eigenvalues - summed.eigenvalues)) < 1e-15
        assert summed.eigenvalues.dtype == float
    assert np.all(convolution_spectrum(5, 5).eigenvalues == [1, 0, 0, 0, 0])
    assert convolution_spectrum(6).eigenvalues[2] == 0
    assert convolution_spectrum(5, 3, SKEW).eigenvalues.dtype == complex


def test_theory_typed_in():
    """THEORY.md g: six pixels, radius 1 and 2."""
    assert np.max(np.abs(convolution_spectrum(6).eigenvalues - [1, 2 / 3, 0, -1 / 3, 0, 2 / 3])) < 1e-15
    assert np.max(np.abs(convolution_spectrum(6, 5).eigenvalues - [1, 0.2, -0.2, 0.2, -0.2, 0.2])) < 1e-15


@pytest.mark.parametrize(
    ("size", "filter_size", "filter_variance", "layers"),
    [((6,), 3, None, 40), ((3, 4), 3, None, 20), ((5,), 3, SKEW, 40), ((4, 3), (3, 3), SKEW_2D, 30)],
)
def test_decay_measured(size, filter_size, filter_variance, layers):
    """A random matrix forgets the position at the rate `decay`, and keeps its mean for each offset."""
    found = convolution_spectrum(size, filter_size, filter_variance)
    A = operator(size, variances(len(size), filter_size, filter_variance))
    pixels, index = pairs(size)
    offset = [pixels.index(offset_of(i, j, size)) for i, j in index]
    S = np.random.default_rng(2).normal(size=len(index))
    means = np.bincount(offset, S) / len(pixels)
    lost = []
    for _ in range(2 * layers):
        S = A @ S
        lost.append(np.linalg.norm(S - means[offset]))
    assert np.max(np.abs(np.bincount(offset, S) / len(pixels) - means)) < 1e-14
    measured = (lost[layers - 1] / lost[layers // 2 - 1]) ** (2 / layers)
    assert abs(measured / found.decay - 1) < 1e-3  # what falls faster is gone
    assert abs(found.depth_scale + 1 / math.log(found.decay)) < 1e-15
    assert max(lost) <= np.linalg.norm(np.random.default_rng(2).normal(size=len(index)))


def test_where_nothing_averages():
    """One pixel wide, or pixels that no momentum tells apart: the decay is exactly 1, and its depth infinite."""
    assert convolution_spectrum((6, 6), filter_size=1).decay == 1
    assert convolution_spectrum((6, 6), filter_size=(3, 1)).decay == 1
    apart = convolution_spectrum(6, 3, ("1/2", 0, "1/2"))  # both ends: q = π sees the same sign
    assert apart.decay == 1
    assert apart.depth_scale == math.inf
    assert convolution_spectrum(5, 3, ("1/2", 0, "1/2")).decay < 1  # on an odd ring the ends do mix
    one_step = convolution_spectrum(7, 3, (0, 0, 1))  # a pure shift turns each mode and forgets nothing
    assert one_step.decay == 1
    assert not any(found.forgets for found in (apart, one_step, convolution_spectrum(6, 1)))
    assert convolution_spectrum(3).decay == 0 == convolution_spectrum(3).depth_scale
    assert convolution_spectrum(1).decay == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "size must be >= 1"),
        ((2.5,), TypeError, "size must be a whole number"),
        (((4, 4, 4),), ValueError, "size must be one whole number, or one or two"),
        ((4, 2), ValueError, "filter_size must be odd"),
        (((4, 4), (3,)), ValueError, "is for 1-dimensional images, got 2-dimensional ones"),
        (((4, 4), 3, SKEW), ValueError, "is for 1-dimensional images, got 2-dimensional ones"),
        ((4, 3, ("1/2", "1/3", "1/3")), ValueError, "filter_variance must sum to exactly 1"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        convolution_spectrum(*arguments)
