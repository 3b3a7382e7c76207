"""The Gauss–Hermite rule: it agrees where it converges, and refuses with a number that is true where it does not."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ACTIVATIONS

import ntkref as nk
from ntkref.gauss import gauss_hermite
from ntkref.inputs import covariance_of_pair

SMOOTH = [a for a in ACTIVATIONS if not a.kinks]


def both(activation, q, e, numbers=nk.float64, **rule):
    k = covariance_of_pair(q, e, numbers)
    return nk.by_quadrature(activation, **rule).duals(k, numbers), activation.duals(k, numbers)


def agree(ours, truth, entries, gaps):
    for a, b in zip(ours, truth, strict=True):
        size = abs(b.x) + abs(a.x)
        for name in ("x", "y", "xy"):
            assert abs(getattr(a, name) - getattr(b, name)) <= entries * size, name
        assert abs(a.gap - b.gap) <= gaps * size


@pytest.mark.parametrize("activation", SMOOTH, ids=repr)
def test_the_two_rules_agree(activation):
    """1e-13 each at a variance where a few hundred nodes do."""
    for q, e in ((0.25, 0.4), (0.5, 1.7)):
        agree(*both(activation, q, e), 2e-13, 1e-12)


def test_in_digits():
    agree(*both(nk.tanh, "0.0625", "0.7", nk.digits(12)), 1e-12, 1e-12)
    agree(*both(nk.polynomial([0, 1, 2]), "2", "0.7", nk.digits(30), nodes=4), 1e-30, 1e-30)


def test_few_nodes_are_refused_and_told_how_many_would_do():
    """tanh at q = 100, nodes = 20, 1e-10: that many do for E[φ²] and E[φ′²], 60 % of them do not."""
    with pytest.raises(ArithmeticError, match="tanh at variance 100: 20 Gauss-Hermite nodes leave") as error:
        both(nk.tanh, 100.0, 1.0, nodes=20, tolerance="1e-10")
    needed = int(re.search(r"about (\d+) would do", str(error.value))[1])
    T, _, Tdot = (float(v) for v in nk.tanh.moments("100", nk.digits(15)))

    def left(n):
        z, w = gauss_hermite(n, nk.float64)
        t = np.tanh(10 * z)
        return max(abs(w @ t**2 / T - 1), abs(w @ (1 - t**2) ** 2 / Tdot - 1))

    assert left(needed) <= 1e-10
    assert left(int(0.6 * needed)) > 1e-10


@pytest.mark.parametrize("q", [1.0, 4.0])
def test_the_number_that_would_do_does(q):
    with pytest.raises(ArithmeticError) as error:
        both(nk.tanh, q, 1.0, nodes=20, tolerance=1e-10)
    needed = int(re.search(r"about (\d+) would do", str(error.value))[1])
    agree(*both(nk.tanh, q, 1.0, nodes=needed, tolerance=1e-9), 1e-9, 1e-9)


@pytest.mark.parametrize("activation", [nk.relu, nk.selu, nk.step], ids=repr)
def test_kinks_are_refused(activation):
    with pytest.raises(ArithmeticError, match=rf"{activation}.*with a kink, here at 0, no number of nodes does"):
        both(activation, 1.0, 0.5, nodes=100, tolerance=1e-8)


def test_lost_gaps_are_refused():
    with pytest.raises(ArithmeticError, match=r"the gap of tanh by quadrature .* lost its digits"):
        both(nk.tanh, 0.5, 1e-12)


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        ({"nodes": 1}, ValueError, "nodes .*1"),
        ({"nodes": 2049}, ValueError, "nodes .*2049"),
        ({"nodes": 3.0}, TypeError, "nodes .*3.0"),
        ({"nodes": True}, TypeError, "nodes .*True"),
        ({"nodes": "a"}, TypeError, "nodes .*'a'"),
        ({"tolerance": 0}, ValueError, "tolerance .*0"),
        ({"tolerance": -1}, ValueError, "tolerance .*-1"),
        ({"tolerance": 1}, ValueError, "tolerance .*1"),
        ({"tolerance": float("nan")}, ValueError, "tolerance .*nan"),
        ({"tolerance": "x"}, TypeError, "tolerance .*'x'"),
    ],
)
def test_bad_rules_are_refused(rule, error, message):
    with pytest.raises(error, match=message):
        nk.by_quadrature(nk.tanh, **rule)


def test_what_is_no_activation_is_refused():
    with pytest.raises(TypeError, match=r"activation .*'tanh'"):
        nk.by_quadrature("tanh")


@given(q=st.floats(0.1, 0.5), e=st.floats(0.3, 1.7), activation=st.sampled_from(SMOOTH))
def test_the_rules_agree_on_the_list(q, e, activation):
    agree(*both(activation, q, e), 2e-13, 1e-12)


coefficient = st.floats(0.5, 2).map(lambda v: round(v, 3))
rate = st.floats(0.4, 1.0).map(lambda v: round(v, 3))


@given(a=coefficient, b=rate, c=coefficient, d=rate, e=st.floats(-2, 2), q=st.floats(0.2, 1), fall=st.floats(0.3, 1.7))
def test_the_rules_agree_on_a_user_s_own(a, b, c, d, e, q, fall):
    """a tanh(b x) + c sin(d x) + e x + 1/8, bent enough for φ′ to have a gap that differences keep."""
    mine = nk.Activation(
        "mine",
        lambda f, x: a * f.tanh(b * x) + c * f.sin(d * x) + e * x + 0.125,
        lambda f, x: a * b * (1 - f.tanh(b * x) ** 2) + c * d * f.cos(d * x) + e,
    )
    ours, truth = both(mine, q, fall)
    largest = (abs(a) + abs(c) + abs(e) + 0.125) ** 2  # a sum that cancels keeps the digits of its terms
    for k, exact in zip(ours, truth, strict=True):
        for name in ("x", "xy", "gap"):
            assert abs(getattr(k, name) - getattr(exact, name)) <= 1e-12 * largest, name
