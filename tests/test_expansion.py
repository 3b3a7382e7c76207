"""The Hermite coefficients against closed ones, Parseval, and what they say about 𝒯."""

import math

import numpy as np
import pytest
from compare import U
from hypothesis import given
from hypothesis import strategies as st
from strategies import ACTIVATIONS, variances

import ntkref as nk
from ntkref.expansion import coefficients, tail
from ntkref.inputs import covariance_of_pair
from ntkref.pair import Covariance

D30 = nk.digits(30)
BOTH = pytest.mark.parametrize("numbers", [nk.float64, D30], ids=repr)
SMOOTH = [a for a in ACTIVATIONS if not a.kinks]
EVERY = pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)


def odd_factorial(n):
    """n!! for odd n, 1 for n = −1."""
    return math.prod(range(n, 0, -2))


def relu(n, q, f):
    """a₀ = √(q/2π), a₁ = √q/2, and by parts twice a₂ₖ = (−1)^(k+1) (2k − 3)!! √q/√(2π (2k)!)."""
    if n == 1:
        return f.sqrt(q) / 2
    size = f.sqrt(q / (2 * f.pi * math.factorial(n)))
    return 0 * q if n % 2 else size if n == 0 else (-1) ** (n // 2 + 1) * odd_factorial(n - 3) * size


def step(n, q, f):
    """a₀ = 1/2, a₂ₖ₊₁ = (−1)^k (2k − 1)!!/√(2π (2k + 1)!)."""
    if n % 2 == 0:
        return (1 + 0 * q) / 2 if n == 0 else 0 * q
    return (-1) ** (n // 2) * odd_factorial(n - 2) / f.sqrt(2 * f.pi * math.factorial(n) + 0 * q)


CLOSED = {
    "relu": relu,
    "step": step,
    "exp": lambda n, q, f: f.exp(q / 2) * f.sqrt(q**n / math.factorial(n)),
    "sin": lambda n, q, f: (n % 2) * (-1) ** (n // 2) * f.exp(-q / 2) * f.sqrt(q**n / math.factorial(n)),
    "cos": lambda n, q, f: (1 - n % 2) * (-1) ** (n // 2) * f.exp(-q / 2) * f.sqrt(q**n / math.factorial(n)),
}


@BOTH
@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("q", ["0.25", "3"])
def test_closed_coefficients(name, q, numbers):
    """16 of them to 8 u of √E[φ²] (measured: 3), or to 38 digits; 40 to 1e-12, or 36 digits.

    Integrals end where the density is 1e-26 (digits(30): 1e-60), and heₙ is as large as density^(−1/2) there.
    """
    activation, q = getattr(nk, name), np.ravel(numbers.asarray(q, "q"))[0]
    ours = coefficients(activation, q, 40, numbers)
    scale = numbers.sqrt(activation.moments(q, numbers)[0])
    near, far = (8 * U, 1e-12) if numbers is nk.float64 else (1e-38, 1e-36)
    for n, a in enumerate(ours):
        assert abs(a - CLOSED[name](n, q, numbers)) <= (near if n < 16 else far) * scale, n


@pytest.mark.parametrize("activation", SMOOTH, ids=repr)
@pytest.mark.parametrize("q", [0.1, 1.5])
def test_parseval(activation, q):
    """Σ aₙ² = E[φ²]: 512 terms leave nothing of a smooth φ at these variances; 1e-14 is what so many terms round."""
    a = coefficients(activation, q, 512, nk.float64)
    truth = activation.moments(q, nk.float64)[0]
    assert abs(a @ a - truth) <= 1e-14 * truth


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a.kinks], ids=repr)
def test_parseval_with_a_kink(activation):
    """aₙ² falls as a power of n: n^(−3/2) for a jump, so the tail after N terms is c N^(−1/2), and faster for kinks.

    Below E[φ²], rising, and short of it by what the last octave halves or better.
    """
    a = coefficients(activation, 1.5, 1024, nk.float64)
    truth = activation.moments(1.5, nk.float64)[0]
    short = [truth - a[:n] @ a[:n] for n in (256, 512, 1024)]
    assert truth * 1e-14 >= -short[2]
    assert short[2] <= short[1] <= short[0] <= 0.05 * truth
    assert short[2] <= 0.75 * short[1] + 1e-14 * truth  # 2^(−1/2) = 0.71


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a.second], ids=repr)
def test_the_coefficients_of_the_slope(activation):
    """bₙ of φ′: √q bₙ = √(n + 1) aₙ₊₁, by parts; 16 u √n of √E[φ²], what the recurrence and the root carry.

    The first 8, before the end of the integrals shows in φ that grow.
    """
    q, count = 1.5, 8
    slope = nk.Activation("slope", activation.derivative, activation.second, kinks=activation.kinks)
    a, b = coefficients(activation, q, count + 1, nk.float64), coefficients(slope, q, count, nk.float64)
    scale = math.sqrt(activation.moments(q, nk.float64)[0]) + math.sqrt(q * activation.moments(q, nk.float64)[2])
    roots = np.sqrt(np.arange(1, count + 1))
    assert (abs(math.sqrt(q) * b - roots * a[1:]) <= 16 * U * roots * scale).all()


@EVERY
def test_the_series_is_the_kernel(activation):
    """Σ aₙ(q₁) aₙ(q₂) cⁿ, |c| = 0.6 and 200 terms (0.6²⁰⁰ = 4e-45), against the duals, unequal variances too."""
    for q1, q2, c in ((0.5, 0.5, 0.6), (0.5, 0.5, -0.6), (0.25, 1.0, 0.5)):
        one, other = (coefficients(activation, q, 200, nk.float64) for q in (q1, q2))
        series = np.sum(one * other * c ** np.arange(200))
        r = math.sqrt(q1 * q2)
        gap = (q1 - q2) ** 2 / (math.sqrt(q1) + math.sqrt(q2)) ** 2 + 2 * r * (1 - c)
        k = covariance_of_pair(q1, 1 - c, nk.float64)
        if q1 != q2:
            k = type(k)(q1, q2, r * c, q1 - q2, gap, 2 * (q1 + q2) - gap, r * math.sqrt(1 - c * c))
            k = type(k)(*map(np.float64, (k.x, k.y, k.xy, k.diff, k.gap, k.cogap, k.area)))
        T, _ = activation.duals(k, nk.float64)
        assert abs(T.xy - series) <= 1e-14 * math.sqrt(T.x * T.y)


@given(q=variances(0.01, 5.0), e=st.floats(0.05, 0.95), which=st.sampled_from(ACTIVATIONS))
def test_the_power_series_has_positive_coefficients(q, e, which):
    """At equal variances aₙ² ≥ 0, so 𝒯 and its differences of every order in c ≥ 0 are not negative: here four.

    A difference of order k rounds by 2^k u of 𝒯; step 0.01 between cosines.
    """
    h, c = 0.01, 1 - e
    points = np.array([c + k * h for k in range(5)])
    T, _ = which.duals(covariance_of_pair(q, 1 - points, nk.float64), nk.float64)
    for order in range(5):
        difference = np.diff(T.xy, order)[0]
        assert difference >= -(2**order) * 1e-14 * T.x[0]
    falls = (T.gap / 2)[::-1]  # 𝒯(1) − 𝒯(c), opening
    assert (falls >= 0).all()
    assert (np.diff(falls) >= -1e-14 * T.x[0]).all()


@given(q=variances(0.01, 3.0), activation=st.sampled_from(SMOOTH))
def test_parseval_at_any_variance(q, activation):
    a = coefficients(activation, q, 1024, nk.float64)
    truth = activation.moments(q, nk.float64)[0]
    assert abs(a @ a - truth) <= 2e-14 * truth


@pytest.mark.parametrize("activation", [nk.tanh, nk.gelu, nk.relu, nk.selu, nk.monomial(3)], ids=repr)
@pytest.mark.parametrize("count", [1, 4, 9])
def test_the_tail_bounds_what_a_shorter_series_leaves(activation, count):
    """Parseval: the tail is E[φ²] − Σ aₙ²; and |T − Σ_{n<N} aₙaₙ′cⁿ| ≤ |c|ᴺ √(tail tail′), an equality at c = 1."""
    numbers = nk.digits(20)
    q1, q2 = numbers.context.mpf("0.7"), numbers.context.mpf("1.9")
    first, second = (coefficients(activation, q, count, numbers) for q in (q1, q2))
    tails = [tail(activation, q, count, numbers) for q in (q1, q2)]
    assert abs(tails[0] - (activation.moments(q1, numbers)[0] - sum(first**2))) < 1e-20
    for c in ("0.6", "-0.8"):
        c = numbers.context.mpf(c)
        root = numbers.context.sqrt(q1 * q2)
        area = root * numbers.context.sqrt(1 - c * c)
        pair = Covariance(q1, q2, c * root, q1 - q2, q1 + q2 - 2 * c * root, q1 + q2 + 2 * c * root, area)
        T, _ = activation.duals(pair, numbers)
        left = abs(T.xy - sum(first * second * c ** np.arange(count)))
        assert left <= abs(c) ** count * numbers.context.sqrt(tails[0] * tails[1]) + 1e-20
