"""Nobody's global state: mpmath's precision and NumPy's error state survive every public call, even suspended ones."""

import mpmath
import numpy as np
import pytest

import ntkref as nk

X = [[1.0, 2.0], [3.0, -1.0], [0.0, 0.5]]
NET = nk.fcn(4, nk.erf, "1.5", "0.18")
RELU = nk.fcn(4, nk.relu, 2)


def state():
    return mpmath.mp.prec, mpmath.mp.dps, mpmath.mp.pretty, mpmath.iv.prec, np.geterr(), np.geterrcall()


SYSTEMS = (nk.float64, nk.digits(30), nk.symbols())
CALLS = {
    **{f"kernels {n}": lambda n=n: nk.kernels(NET, X, numbers=n).ntk_gap for n in SYSTEMS[:2]},
    **{f"relu kernels {n}": lambda n=n: nk.kernels(RELU, X, X[:1], n).ntk_gap for n in SYSTEMS[:2]},
    **{f"pairs {n}": lambda n=n: nk.kernels_of_pair(nk.fcn(2, nk.erf, 2), 1, "0.5", n).ntk for n in SYSTEMS},
    **{f"mean_field {n}": lambda n=n: nk.mean_field(nk.erf, 3, "0.18", n).xi_star for n in SYSTEMS[:2]},
    **{f"critical_point {n}": lambda n=n: nk.critical_point(nk.erf, sigma_b2="0.18", numbers=n) for n in SYSTEMS[:2]},
    "critical_point symbols": lambda: nk.critical_point(nk.erf, q_star=1, numbers=nk.symbols()),
    **{f"normalised {n}": lambda n=n: nk.normalised(X, NET, numbers=n) for n in SYSTEMS[:2]},
}
FAILURES = {
    "overflow": lambda: nk.kernels_of_pair(nk.fcn(600, nk.erf, 30, "0.5"), 26.8, 0.5),
    "underflow": lambda: nk.kernels_of_pair(nk.fcn(500, nk.erf, "0.15", "0.18"), "0.2", 0.5).ntk_gap,
    "bad input": lambda: nk.kernels(NET, [[np.nan]]),
    "bad digits": lambda: nk.kernels_of_pair(NET, -1, 0.5, nk.digits(5)),
    "no such point": lambda: nk.critical_point(nk.erf, sigma_w2="0.5"),
}


@pytest.fixture
def unusual_state():
    """Not the defaults, so that restoring defaults is found out; and errors raise, which a warning could not hide."""
    before, errors = mpmath.mp.prec, np.geterr()
    mpmath.mp.prec = 77
    np.seterr(divide="raise", over="raise", under="ignore", invalid="raise")
    yield
    mpmath.mp.prec = before
    np.seterr(**errors)


@pytest.mark.parametrize("call", CALLS)
def test_calls(call, unusual_state):
    before = state()
    CALLS[call]()
    assert state() == before


@pytest.mark.parametrize("call", FAILURES)
def test_calls_that_raise(call, unusual_state):
    before = state()
    with pytest.raises((ValueError, ArithmeticError)):
        FAILURES[call]()
    assert state() == before


@pytest.mark.parametrize("numbers", SYSTEMS[:2], ids=repr)
def test_a_suspended_generator_holds_nothing(numbers, unusual_state):
    before = state()
    steps = nk.kernels_by_depth(NET, X, numbers=numbers)
    assert state() == before
    for _ in steps:
        assert state() == before
        nk.kernels_of_pair(RELU, 1, 0.5, nk.digits(7))  # another precision in between
        assert state() == before
    unfinished = nk.kernels_by_depth(NET, X, numbers=numbers)
    next(unfinished)
    unfinished.close()
    assert state() == before


@pytest.mark.parametrize("numbers", SYSTEMS[:2], ids=repr)
def test_a_callers_state_does_not_change_the_result(numbers):
    """Steps taken under another precision and error state give the same bits."""
    plain = [k.ntk for _, k in nk.kernels_by_depth(NET, X, numbers=numbers)]
    odd = []
    steps = nk.kernels_by_depth(NET, X, numbers=numbers)
    with mpmath.workdps(3), np.errstate(all="raise"):
        odd.extend(k.ntk for _, k in steps)
    assert all((a == b).all() for a, b in zip(plain, odd, strict=True))


def test_two_precisions_interleaved():
    """Each digits(n) has its own context: runs at 10 and 60 digits, a step each in turn, are what they are alone."""
    runs = [list(nk.kernels_by_depth(NET, X, numbers=nk.digits(n))) for n in (10, 60)]
    mixed = zip(*(nk.kernels_by_depth(NET, X, numbers=nk.digits(n)) for n in (10, 60)), strict=True)
    for alone, together in zip(zip(*runs, strict=True), mixed, strict=True):
        for (_, a), (_, b) in zip(alone, together, strict=True):
            assert (a.ntk == b.ntk).all()
