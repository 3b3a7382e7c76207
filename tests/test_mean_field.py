"""Fixed points against plain bisection, floats against correct rounding, phases, and inputs scaled to q*."""

import dataclasses
import math

import brute_force as bf
import mpmath
import numpy as np
import pytest
import sympy
from compare import U, agrees, relative_error
from hypothesis import given
from strategies import hyperparameters, input_sets

import ntkref as nk

CTX = bf.context(120)
NEAR_LINE = "1.74760377"  # the critical sigma_w2 at sigma_b2 = 0.18 is 1.74760374977
ERF = {
    "ordered": [("1.0", "0.18"), (1.3, 0.7), ("0.001", 5), ("1.7476", "0.18"), ("0.5", 0), ("0.7853", 0), (0, "0.25")],
    "chaotic": [(3, "0.18"), (3, 0), (NEAR_LINE, "0.18"), ("0.7855", 0), (1000, "0.5"), ("1.2", 0.01)],
}
VALUES = (
    "q_star",
    "chi_1",
    "chi_q",
    "chi_c",
    "c_star",
    "one_minus_c_star",
    "p_star",
    "p_ab_star",
    "xi_1",
    "xi_c",
    "xi_star",
)


def quantities(point):
    """Everything `MeanField` offers, from bisection's fixed points by the definitions; absent where undefined."""
    q, chi_1, chi_c = point.q_star, point.chi_1, point.chi_c
    chaotic = chi_1 > 1
    values = {"q_star": q, "chi_1": chi_1, "chi_q": point.chi_q, "chi_c": chi_c}
    if q:
        values |= {"c_star": point.c_star, "one_minus_c_star": 1 - point.c_star}
    if not chaotic:
        values |= {"p_star": q / (1 - chi_1), "p_ab_star": q / (1 - chi_1)}
    else:
        values |= {"p_ab_star": point.c_star * q / (1 - chi_c)}
        values |= {"xi_star": -1 / (CTX.log(chi_c) - CTX.log(chi_1))}
    xi = {name: -1 / CTX.log(chi) if chi else CTX.zero for name, chi in (("xi_1", chi_1), ("xi_c", chi_c))}
    return values | xi


@pytest.mark.parametrize(("phase", "point"), [(phase, point) for phase in ERF for point in ERF[phase]], ids=str)
def test_against_bisection(phase, point):
    """50 digits of each quantity, and its nearest float64; what does not exist raises."""
    truth = quantities(bf.erf_fixed_point(CTX, *point))
    exact, floats = (nk.mean_field(nk.erf, *point, numbers) for numbers in (nk.digits(50), nk.float64))
    assert exact.phase == floats.phase == phase
    for name in VALUES:
        if name in truth:
            assert agrees(getattr(exact, name), truth[name], 50), name
            assert getattr(floats, name) == float(truth[name]), name
            assert isinstance(getattr(floats, name), float)
        else:
            for mf in (exact, floats):
                with pytest.raises(ValueError, match=rf"does not exist in the {mf.phase} phase of erf"):
                    getattr(mf, name)


@given(hyper=hyperparameters())
def test_floats_are_correctly_rounded(hyper):
    """float64's answer is the nearest float to the 60-digit one, in every phase, for every quantity that exists."""
    *point, phase = hyper
    floats, exact = nk.mean_field(*point), nk.mean_field(*point, nk.digits(60))
    assert floats.phase == exact.phase == phase
    for name in VALUES:
        try:
            truth = getattr(exact, name)
        except ValueError:
            with pytest.raises(ValueError, match=f"does not exist in the {phase} phase"):
                getattr(floats, name)
        else:
            assert getattr(floats, name) == float(truth), name


@given(hyper=hyperparameters("chaotic"))
def test_relations_in_chaos(hyper):
    """Definitions and Section 3: c* solves the cosine map, p_ab* Eq. 8, 1/xi_* = 1/xi_c + log chi_1."""
    activation, sigma_w2, sigma_b2, _ = hyper
    mf = nk.mean_field(activation, sigma_w2, sigma_b2, nk.digits(40))
    ctx = bf.context(60)
    w, b, q = bf.number(ctx, sigma_w2), bf.number(ctx, sigma_b2), ctx.mpf(mf.q_star)
    value, slope = bf.textbook(ctx, "erf", q, q * mf.c_star, q)
    assert agrees(w * value + b, q * mf.c_star, 37)
    assert agrees(w * slope, mf.chi_c, 38)
    assert agrees(mf.p_ab_star, q * mf.c_star + mf.chi_c * mf.p_ab_star, 36)
    assert agrees(1 / ctx.mpf(mf.xi_star), 1 / ctx.mpf(mf.xi_c) + ctx.log(mf.chi_1), 36)
    assert mf.chi_c < 1 < mf.chi_1
    assert 0 <= mf.c_star < 1


def test_theory_near_the_line():
    """THEORY h: 1e-4 beyond the line chi_1 - 1 = 2.909791e-5, 1 - chi_c = 2.909550e-5, xi_*/xi_c = 0.4999866."""
    line = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=nk.digits(40))
    mf = nk.mean_field(nk.erf, line.sigma_w2 + line.sigma_w2.context.mpf("1e-4"), "0.18", nk.digits(30))
    assert agrees(mf.chi_1 - 1, mpmath.mpf("2.909791e-5"), 6)
    assert agrees(1 - mf.chi_c, mpmath.mpf("2.909550e-5"), 6)
    assert agrees(mf.xi_star / mf.xi_c, mpmath.mpf("0.4999866"), 6)
    notebook = nk.mean_field(nk.erf, "1.76", "0.18")
    assert notebook.phase == "chaotic"
    assert notebook.chi_1 == pytest.approx(1.003596, abs=5e-7)
    assert notebook.xi_star == pytest.approx(139.7, abs=0.05)


RELU = {
    # q* = sigma_b2/(1 - sigma_w2/2), chi_1 = chi_q = sigma_w2/2 (THEORY d)
    ("1.5", "0.3"): (
        "ordered",
        {
            "q_star": 1.2,
            "chi_1": 0.75,
            "chi_q": 0.75,
            "c_star": 1.0,
            "p_star": 4.8,
            "p_ab_star": 4.8,
            "xi_1": -1 / math.log(0.75),
        },
    ),
    ("1", 0): (
        "ordered",
        {"q_star": 0.0, "chi_1": 0.5, "one_minus_c_star": 0.0, "c_star": 1.0, "p_star": 0.0, "xi_c": 1 / math.log(2)},
    ),
    (2, 0): ("critical", {"chi_1": 1.0, "chi_q": 1.0, "chi_c": 1.0, "c_star": 1.0}),
    (2, "0.5"): ("unbounded", {"chi_1": 1.0, "c_star": 1.0}),
    (3, 0): ("unbounded", {"chi_1": 1.5, "chi_c": 1.5, "xi_1": -1 / math.log(1.5)}),
    ("2.0000000000000000000000001", 0): ("unbounded", {"chi_1": 1.0}),
    ("1.9999999999999999999999999", 0): ("ordered", {"chi_1": 1.0, "xi_1": 2e25}),
}
MISSING = {
    "ordered": {"xi_star"},
    "critical": {"q_star", "p_star", "p_ab_star", "xi_1", "xi_c", "xi_star"},
    "unbounded": {"q_star", "p_star", "p_ab_star", "xi_star"},
}


@pytest.mark.parametrize("point", RELU, ids=str)
def test_relu(point):
    phase, values = RELU[point]
    mf = nk.mean_field(nk.relu, *point)
    assert mf.phase == phase == nk.mean_field(nk.relu, *point, nk.digits(10)).phase
    for name, value in values.items():
        assert getattr(mf, name) == pytest.approx(value, rel=4 * U, abs=0), name
    for name in MISSING[phase]:
        with pytest.raises(ValueError, match=f"does not exist in the {phase} phase of relu"):
            getattr(mf, name)


@pytest.mark.parametrize("digits", [10, 50, 80])
@pytest.mark.parametrize("q", ["0.001", "0.25", "1", "40"])
def test_critical_points_are_critical(q, digits):
    """Rounding a critical point to a system leaves it critical there, and 100 times the tolerance off it does not."""
    exact = nk.critical_point(nk.erf, q_star=q, numbers=nk.digits(digits))
    rounded = nk.critical_point(nk.erf, q_star=q)
    for numbers, point in (
        (nk.float64, rounded),
        (nk.digits(digits), exact),
        (nk.float64 if digits > 16 else nk.digits(10), exact),
    ):
        mf = nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2, numbers)
        assert mf.phase == "critical"
        assert (mf.c_star, mf.one_minus_c_star, mf.chi_c) == (1, 0, mf.chi_1)
        assert abs(mf.chi_1 - 1) <= mf.tolerance
        for name in ("p_star", "p_ab_star", "xi_1", "xi_c", "xi_star"):
            with pytest.raises(ValueError, match="does not exist in the critical phase of erf"):
                getattr(mf, name)
        # d log chi_1 / d log sigma_w2 = 2 q to first order at small q: near the tip sigma_w2 must move further.
        step = 100 * point.sigma_w2 * mf.tolerance * (1 + 1 / (2 * float(q)))
        assert nk.mean_field(nk.erf, point.sigma_w2 + step, point.sigma_b2, numbers).phase == "chaotic"
        assert nk.mean_field(nk.erf, point.sigma_w2 - step, point.sigma_b2, numbers).phase == "ordered"


def test_the_tolerance_is_what_is_stated():
    assert nk.mean_field(nk.erf, 1, 1).tolerance == 2.0**-50
    assert agrees(nk.mean_field(nk.erf, 1, 1, nk.digits(30)).tolerance, CTX.mpf(10) ** -28, 25)
    assert nk.mean_field(nk.relu, 1, 1).tolerance == 0


def test_the_tip():
    """(pi/4, 0), where q* = 0: critical, and c* is left to the inputs."""
    for numbers in (nk.float64, nk.digits(30)):
        tip = nk.critical_point(nk.erf, sigma_b2=0, numbers=numbers)
        mf = nk.mean_field(nk.erf, tip.sigma_w2, 0, numbers)
        assert mf.phase == "critical"
        with pytest.raises(ValueError, match=r"c\* does not exist.*cosine of the inputs decides"):
            _ = mf.c_star


def test_frozen_and_compared_by_its_arguments():
    mf = nk.mean_field(nk.erf, "0.5", "0.1")
    assert mf == nk.mean_field(nk.erf, 0.5, "0.1")
    assert mf != nk.mean_field(nk.erf, 0.5, 0.1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        mf.sigma_w2 = 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("erf", 1, 1), TypeError, r"^activation must be an activation such as ntkref\.erf, got 'erf'"),
        ((nk.erf, -1, 1), ValueError, "^sigma_w2 is a variance and must be >= 0, got -1"),
        ((nk.erf, 1, "nan"), ValueError, "^sigma_b2 must be finite"),
        ((nk.erf, 1, 1j), TypeError, "^sigma_b2 must be an int.*complex"),
        ((nk.erf, 0, 0), ValueError, "sigma_w2 and sigma_b2 are both 0"),
        ((nk.erf, sympy.Symbol("s"), 1), TypeError, "^sigma_w2 must be a number for fixed points, got the symbol s"),
        ((nk.erf, 1, sympy.pi), TypeError, "^sigma_b2 must be a number for fixed points, got the symbol pi"),
        ((nk.erf, 1, 1, nk.symbols()), TypeError, r"^numbers must be float64.*got symbols\(\)"),
        ((nk.erf, 1, 1, None), TypeError, "^numbers must be float64.*got None"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        nk.mean_field(*arguments)


# --- normalised ---------------------------------------------------------------------------------------------------


@given(x=input_sets(), hyper=hyperparameters("chaotic"))
def test_normalised_inputs_have_the_fixed_variance(x, hyper):
    """K1(x, x) = q*: to 30 digits, in float64 to 8 u; each row is a positive multiple of what it was."""
    activation, sigma_w2, sigma_b2, _ = hyper
    net = nk.fcn(1, activation, sigma_w2, sigma_b2)
    deep = nk.fcn(3, activation, sigma_w2, sigma_b2)
    q = nk.mean_field(activation, sigma_w2, sigma_b2, nk.digits(40)).q_star
    numbers = nk.digits(30)
    for value in nk.kernels(net, nk.normalised(x, deep, numbers=numbers), numbers=numbers).nngp_variances[0]:
        assert agrees(value, q, 30)
    scaled = nk.normalised(x, deep)
    for value in nk.kernels(net, scaled).nngp_variances[0]:
        assert relative_error(float(value), q) <= 8 * U
    assert np.allclose(
        np.linalg.norm(x, axis=1)[:, None] * scaled, np.linalg.norm(scaled, axis=1)[:, None] * x, atol=0, rtol=8 * U
    )


def test_normalised_to_a_given_variance():
    """Needed where q* singles out nothing (ReLU without bias), allowed everywhere, in any exact form."""
    x = [[3.0, 4.0], [-1.0, 0.0]]
    for net in (nk.fcn(3, nk.relu, 2), nk.fcn(3, nk.erf, 2, "0.25"), nk.fcn(1, nk.erf, 2, "0.25")):
        for q in (1, "1", 1.0):
            first = nk.kernels(nk.Network(net.layers[:1]), nk.normalised(x, net, q=q))
            assert first.nngp_variances[0] == pytest.approx(1, rel=8 * U)
    assert nk.normalised(x, nk.fcn(3, nk.relu, 2), q=1) == pytest.approx(np.array([[0.6, 0.8], [-1, 0]]), rel=8 * U)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_normalised_at_the_ends_of_float64(scale):
    """|x|^2 is no float64 there, but the scaled input is."""
    x = nk.normalised(scale * np.array([[3.0, 4.0]]), nk.fcn(3, nk.relu, 2), q=1)
    assert x == pytest.approx(np.array([[0.6, 0.8]]), rel=8 * U)


NET = nk.fcn(3, nk.erf, "1.5", "0.25")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[0.0, 0.0], [1.0, 1.0]], NET), ValueError, "^x has a zero row"),
        (([[1.0]], NET, "0.2"), ValueError, "^q must exceed sigma_b2 = 1/4"),
        (([[1.0]], NET, "0.25"), ValueError, "^q must exceed sigma_b2 = 1/4"),
        (([[1.0]], NET, -1), ValueError, "^q must exceed sigma_b2"),
        (([[1.0]], NET, math.nan), ValueError, "^q must be finite"),
        (([[1.0]], NET, 1j), TypeError, "^q must hold real"),
        (([[1.0], [2.0]], NET, [1.0, 2.0]), (TypeError, ValueError), "^q must"),
        (([[1.0]], nk.fcn(3, nk.relu, 2)), ValueError, "^q must be given: there is no positive q"),
        (([[1.0]], nk.fcn(3, nk.erf, "0.5")), ValueError, "^q must be given: there is no positive q"),
        (([[1.0]], nk.fcn(1, nk.relu, 2)), ValueError, "^q must be given: a network of depth 1"),
        (([[1.0]], nk.Network([nk.Dense(1), nk.erf, nk.Dense(2)])), ValueError, "^net must have the same variances"),
        (([[1.0]], nk.fcn(3, nk.erf, 0, 1)), ValueError, "sigma_w2"),
        (([[1.0]], nk.fcn(3, nk.erf, 0, 1), 2), ValueError, "sigma_w2"),
        (([[math.inf]], NET), ValueError, "^x must be finite"),
        (([[1j]], NET), TypeError, "^x must hold real"),
        (([1.0], NET), ValueError, r"^x must have shape \(n, features\)"),
        (([[1.0]], None), TypeError, "^net must be a Network"),
        (([[1.0]], NET, None, None), TypeError, "^numbers must be"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_bad_normalisations(arguments, error, message):
    with pytest.raises(error, match=message):
        nk.normalised(*arguments)


def test_print():
    """What exists in a phase is listed, what does not is left out."""
    lines = str(nk.mean_field(nk.erf, 3, "0.18")).splitlines()
    assert lines[0] == "erf, sigma_w2 = 3, sigma_b2 = 9/50: chaotic"
    assert [line.split()[0] for line in lines[1:]] == [
        *("q_star", "c_star", "chi_q", "chi_1", "chi_c"),
        *("p_ab_star", "xi_1", "xi_c", "xi_star"),
    ]
    assert lines[1].split()[2] == str(nk.mean_field(nk.erf, 3, "0.18").q_star)
    assert "p_star" not in str(nk.mean_field(nk.relu, 2))


def test_without_a_bias_it_is_0():
    assert nk.mean_field(nk.erf, "3") == nk.mean_field(nk.erf, "3", 0)
