"""The bracketed root: it stays in its bracket whatever Newton would do, and ends at the last bits."""

import brute_force as bf
import pytest
from compare import agrees
from hypothesis import given
from hypothesis import strategies as st

import ntkref as nk
from ntkref.roots import bracketed_root, settled

CTX = bf.context(50)


def watched(function):
    seen = []

    def inner(x):
        seen.append(x)
        return function(x)

    inner.seen = seen
    return inner


CASES = {
    "smooth": (lambda x: (x * x - 2, 2 * x), 0, 2, "sqrt(2)"),
    "descending": (lambda x: (2 - x * x, -2 * x), 0, 2, "sqrt(2)"),
    "Newton leaves (atan)": (lambda x: (CTX.atan(x - 1), 1 / (1 + (x - 1) ** 2)), -100, 300, "1"),
    "zero slope reported": (lambda x: (x**3 - 2, CTX.zero), 0, 5, "2**(mpf(1)/3)"),
    "slope too small": (lambda x: (x**3 - 2, CTX.mpf(10) ** -9), 0, 5, "2**(mpf(1)/3)"),
    "wrong sign reported": (lambda x: (x**3 - 2, -3 * x * x), 0, 5, "2**(mpf(1)/3)"),
    "triple root": (lambda x: ((x - 1) ** 3, 3 * (x - 1) ** 2), 0, 5, "1"),
    "order 9": (lambda x: ((x - 1) ** 9, 9 * (x - 1) ** 8), 0, 5, "1"),  # Newton alone: 8/9 a step, 1000 steps
    "jump": (lambda x: (CTX.mpf(1 if x > 1 else -1), CTX.zero), 0, 5, "1"),
    "tiny root": (lambda x: (x * x - CTX.mpf(10) ** -60, 2 * x), 0, 1, "mpf(10)**-30"),
}


@pytest.mark.parametrize("case", CASES)
def test_root(case):
    function, low, high, root = CASES[case]
    function = watched(function)
    found = bracketed_root(function, CTX.mpf(low), CTX.mpf(high), CTX)
    truth = eval(root, {"sqrt": CTX.sqrt, "mpf": CTX.mpf})
    # A triple root is known to a third of the digits: its value vanishes in rounding before that.
    assert agrees(found, truth, 15 if case == "triple root" else 48)
    assert all(low <= x <= high for x in function.seen)
    assert len(function.seen) < 400  # 50 digits are 170 bits; bisection alone needs about as many steps


def test_newton_is_what_makes_it_fast():
    function = watched(lambda x: (x * x - 2, 2 * x))
    bracketed_root(function, CTX.mpf(1), CTX.mpf(2), CTX)
    assert len(function.seen) < 15  # quadratic: 50 digits in 7 steps, the two ends, and the last check


@pytest.mark.parametrize("end", [0, 5])
def test_a_root_at_an_end(end):
    assert bracketed_root(lambda x: (x - end, CTX.one), CTX.mpf(0), CTX.mpf(5), CTX) == end


def test_no_sign_change():
    with pytest.raises(ArithmeticError, match=r"no sign change between 1\.0 and 2\.0"):
        bracketed_root(lambda x: (x * x + 1, 2 * x), CTX.mpf(1), CTX.mpf(2), CTX)


@given(root=st.floats(-5, 5), width=st.floats(0.01, 10), skew=st.floats(0.01, 0.99), power=st.sampled_from([1, 3, 5]))
def test_any_monotone_function(root, width, skew, power):
    root = CTX.mpf(root)

    def function(x):
        t = x - root
        return t**power + t, power * t ** (power - 1) + 1

    found = bracketed_root(function, root - width * CTX.mpf(skew), root + width * (1 - CTX.mpf(skew)), CTX)
    assert abs(found - root) <= 1e-48 * max(1, abs(root))


def test_settled_stops_when_two_precisions_agree():
    precisions = []

    def compute(numbers):
        precisions.append(numbers.context.dps)
        return {"value": numbers.sqrt(numbers.context.mpf(2))}

    assert agrees(settled(compute, 10)["value"], CTX.sqrt(2), 13)
    assert len(precisions) == 2
    assert precisions[0] < precisions[1]


def test_settled_raises_its_precision_through_cancellation():
    """1 - cos(1e-20) loses 40 digits, which the first two precisions do not have to spare."""

    def compute(numbers):
        x = numbers.context.mpf(10) ** -20
        return {"value": 1 - numbers.context.cos(x)}

    assert agrees(settled(compute, 30)["value"], (1 - bf.context(120).cos(bf.context(120).mpf(10) ** -20)), 30)


def test_settled_waits_for_all_n_digits():
    """A value that comes in slowly, a digit for every four of precision, is not taken while n digits still move."""

    def compute(numbers):
        context = numbers.context
        return {"value": 1 + context.mpf(10) ** (-context.dps // 4)}

    assert agrees(settled(compute, 30)["value"], 1, 30)


def test_settled_gives_up_aloud():
    with pytest.raises(ArithmeticError, match=r"no 10 digits settle.*noise"):
        settled(lambda numbers: {"noise": numbers.context.mpf(numbers.context.dps)}, 10)


def test_settled_wants_the_same_quantities():
    """A quantity that appears only at the higher precision has not been confirmed."""
    calls = []

    def compute(numbers):
        calls.append(numbers)
        one = numbers.context.one
        return {"a": one} if len(calls) < 3 else {"a": one, "b": one}

    settled(compute, 10)
    calls.clear()

    def late(numbers):
        calls.append(numbers)
        one = numbers.context.one
        return {"a": one} if len(calls) < 2 else {"a": one, "b": one}

    assert set(settled(late, 10)) == {"a", "b"}
    assert len(calls) == 3
    assert all(isinstance(numbers, type(nk.digits(10))) for numbers in calls)
