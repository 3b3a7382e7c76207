"""The rules: what each integrates exactly, and how fast the error of each falls where it does not."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from compare import U, agrees

import ntkref as nk
from ntkref.gauss import gauss_hermite, gauss_legendre, graded, panels, reach, trapezoid

D30 = nk.digits(30)


def moment(k):
    """E[z^k], z ~ N(0, 1): (k − 1)!! for even k."""
    return 0 if k % 2 else math.prod(range(1, k, 2))


@pytest.mark.parametrize("n", [2, 3, 8, 20])
def test_gauss_hermite_in_float64(n):
    """Exact to degree 2n − 1, and at 2n short by n!, the square of the monic Heₙ; 16 n u of E|z|^k, what n terms and k
    multiplications round (measured: 2 n u)."""
    nodes, weights = gauss_hermite(n, nk.float64)
    assert nodes.shape == weights.shape == (n,)
    assert (weights > 0).all()
    for k in range(2 * n):
        assert abs(weights @ nodes**k - moment(k)) <= 16 * n * U * (weights @ abs(nodes) ** k)
    assert math.isclose(moment(2 * n) - weights @ nodes ** (2 * n), math.factorial(n), rel_tol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 8, 33])
def test_gauss_hermite_in_digits(n):
    """The same to 40 digits of the 50 carried, and the nodes are the zeros of Heₙ."""
    nodes, weights = gauss_hermite(n, D30)
    context = D30.context
    for k in range(2 * n):
        size = weights @ abs(nodes) ** k
        assert abs(weights @ nodes**k - moment(k)) <= size * context.mpf(10) ** -40
    assert agrees(moment(2 * n) - weights @ nodes ** (2 * n), math.factorial(n), 30)
    floats, _ = gauss_hermite(n, nk.float64)
    assert np.allclose(np.array(nodes, dtype=float), floats, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("n", [200, 2000])
def test_many_nodes(n):
    """E[cos z] = e^(−1/2): an entire function, so hundreds of nodes leave the rounding of as many terms."""
    nodes, weights = gauss_hermite(n, nk.float64)
    assert abs(weights @ np.cos(nodes) - math.exp(-0.5)) < 1e-13


def test_gauss_hermite_crawls_where_a_pole_is_near():
    """tanh(√q z)² has a double pole at y = π/(2√q): exp(−2y√n), up to a power of n: 7 % less, measured."""
    q = 4.0

    def value(n):
        nodes, weights = gauss_hermite(n, nk.float64)
        return weights @ np.tanh(math.sqrt(q) * nodes) ** 2

    truth = float(nk.tanh.moments(q, nk.float64)[0])
    errors = [abs(value(n) - truth) for n in (64, 144)]
    rate = math.log(errors[0] / errors[1]) / (math.sqrt(144) - math.sqrt(64))
    assert 0.85 < rate / (math.pi / math.sqrt(q)) < 1.05


@pytest.mark.parametrize("numbers", [nk.float64, D30], ids=repr)
def test_trapezoid_moments(numbers):
    """A step of 1/2 leaves exp(−2π²/h²) = 5e-35; 0.35 leaves 1e-70 for digits(30), which carries 50.

    `reach` leaves 10 orders for z^k, which z¹⁰ uses.
    """
    step = 0.5 if numbers is nk.float64 else numbers.context.mpf(1) / 4
    z, w = trapezoid(step, numbers)
    assert abs(z[0]) == abs(z[-1]) >= reach(numbers) - step
    tolerance = 1e-14 if numbers is nk.float64 else numbers.context.mpf(10) ** -48
    for k in range(11):
        assert abs(np.sum(w * z**k) - moment(k)) <= tolerance * np.sum(w * abs(z) ** k)


def test_trapezoid_error_is_the_known_one():
    """E[1] comes out as 1 + 2 Σ exp(−2π²k²/h²) (Poisson); h = 2.5 leaves 2 × 4.3e-2 × …, seen to 10 digits."""
    step = 2.5
    _, w = trapezoid(step, nk.float64)
    excess = 2 * sum(math.exp(-2 * (math.pi * k / step) ** 2) for k in range(1, 5))
    assert math.isclose(np.sum(w) - 1, excess, rel_tol=1e-10)


@pytest.mark.parametrize("numbers", [nk.float64, D30], ids=repr)
def test_panels_integrate_kinked_moments(numbers):
    """E[z₊^k] for k ≤ 6 on panels from 0: (k − 1)!!/2, over √(2π) twice for odd k."""
    order = 16 if numbers is nk.float64 else 48
    edges = numbers.asarray(graded([0.0], 1.0, reach(numbers)), "edges")
    z, w = panels(edges, order, numbers)
    assert (z > 0).all()
    tolerance = 1e-14 if numbers is nk.float64 else numbers.context.mpf(10) ** -35
    for k in range(7):
        truth = numbers.asarray(math.prod(range(k - 1, 0, -2)), "k") / 2
        if k % 2:
            truth = truth * numbers.sqrt(2 / numbers.pi)
        assert abs(np.sum(w * z**k) - truth) <= tolerance * truth


@pytest.mark.parametrize("order", [3, 16, 24])
def test_gauss_legendre(order):
    """∫ x^k over (−1, 1) to degree 2 order − 1; in digits(n) at least that many nodes."""
    for numbers in (nk.float64, D30):
        x, w = gauss_legendre(order, numbers)
        assert len(x) >= order
        for k in range(2 * order):
            truth = numbers.convert(Fraction(2, k + 1)) if k % 2 == 0 else 0
            assert abs(np.sum(w * x**k) - truth) <= (1e-14 if numbers is nk.float64 else 1e-45)


@pytest.mark.parametrize("centres", [[0.0], [0.0, 0.3], [0.0, 0.3, 2.7, 9.9]])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_graded_edges(centres, scale):
    """They begin at 0, end at the end, hold every centre, and no panel is longer than its distance from a centre,
    nor than `scale` where that is more."""
    end, longest = 10.0, 1.5
    edges = graded(centres, scale, end, longest)
    assert edges[0] == 0
    assert edges[-1] == end
    assert set(centres) <= set(edges)
    lengths = np.diff(edges)
    assert (lengths > 0).all()
    assert lengths.max() <= longest * (1 + 1e-12)
    for low, high in pairwise(edges):
        for centre in centres:
            distance = max(low - centre, centre - high)
            assert high - low <= max(distance, scale) * (1 + 1e-9), (low, high, centre)
