"""What a user's own activation is refused for, and that the message says which argument was wrong, and how."""

import re

import numpy as np
import pytest
from compare import agrees

import ntkref as nk


def value(f, x):
    return f.tanh(x)


def derivative(f, x):
    return 1 - f.tanh(x) ** 2


def second(f, x):
    return -2 * f.tanh(x) * (1 - f.tanh(x) ** 2)


def hinge(kink):
    """max(x, kink) and its slope."""
    return (
        lambda f, x: f.where(x > kink, x, kink + 0 * x),
        lambda f, x: f.where(x > kink, 1 + 0 * x, 0 * x),
    )


def blow_up():
    return nk.Activation("blow_up", lambda f, x: f.exp(x * x), lambda f, x: 2 * x * f.exp(x * x), parity=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"value": lambda f, x: f.tanh(x)[:3]}, ValueError, r"value of mine .*\(10,\).*\(3,\)"),
        ({"value": lambda f, x: 1.0}, ValueError, r"value of mine .*shape.*\(\)"),
        ({"value": lambda f, x: None}, ValueError, r"value of mine .*shape.*\(\)"),
        ({"value": lambda f, x: f.sqrt(x)}, ValueError, "value of mine is nan at x = -6.1"),
        ({"value": lambda f, x: 1 / f.where(x > 3, 0 * x, 1 + 0 * x)}, ValueError, "value of mine is inf at x = 3.7"),
        ({"value": lambda f, x: f.tanh(x) + 0j}, TypeError, "value of mine .*real.*complex"),
        ({"value": lambda f, x: x > 0}, TypeError, "value of mine .*real.*bool"),
        ({"value": lambda x: x}, TypeError, r"value must take two arguments"),
        ({"value": 3}, TypeError, "value must be a function.*got 3"),
        ({"derivative": lambda f, x: derivative(f, x)[1:]}, ValueError, r"derivative of mine .*shape"),
        ({"derivative": lambda f, x: 0 * x + np.nan}, ValueError, "derivative of mine is nan"),
        ({"derivative": lambda x: x}, TypeError, "derivative must take two arguments"),
        ({"derivative": "sech2"}, TypeError, "derivative must be a function.*'sech2'"),
        (
            {"derivative": lambda f, x: 1 + f.tanh(x) ** 2},
            ValueError,
            "is not its slope: at x = -6.1",
        ),
        ({"derivative": lambda f, x: derivative(f, x) * (1 + 1e-4)}, ValueError, "derivative of mine is not its slope"),
        ({"second": lambda f, x: -second(f, x)}, ValueError, "second of mine is not its slope"),
        ({"second": lambda f, x: 1.0}, ValueError, "second of mine .*shape"),
        ({"second": 1}, TypeError, "second must be a function.*got 1"),
        ({"parity": 1}, ValueError, "mine is not even"),
        ({"value": lambda f, x: 1 + f.tanh(x), "parity": -1}, ValueError, "mine is not odd"),
        ({"parity": 2}, ValueError, "parity must be .*got 2"),
        ({"parity": "odd"}, ValueError, "parity must be .*got 'odd'"),
        ({"kinks": ("x",)}, ValueError, "kinks .*'x'"),
        ({"kinks": (None,)}, TypeError, "kinks .*None"),
        ({"kinks": (float("nan"),)}, ValueError, "kinks .*nan"),
        ({"kinks": (1j,)}, TypeError, "kinks .*complex"),
        ({"kinks": 0}, TypeError, "kinks must be a sequence.*got 0"),
        ({"name": 7}, TypeError, "name must be a string, got 7"),
        ({"name": None}, TypeError, "name must be a string, got None"),
    ],
)
def test_refused(arguments, error, message):
    good = {"name": "mine", "value": value, "derivative": derivative, "second": second, "parity": -1}
    assert nk.Activation(**good).name == "mine"
    if "value" in arguments and "parity" not in arguments:
        good["parity"] = 0
    with pytest.raises(error, match=message):
        nk.Activation(**{**good, **arguments})


@pytest.mark.parametrize("kink", [0, 0.3, -1.7, 5])
def test_an_unlisted_kink_is_found(kink):
    with pytest.raises(ValueError, match=r"sharp\(u\).*settle.*a kink that is not listed"):
        nk.Activation("sharp", *hinge(kink))
    assert nk.Activation("sharp", *hinge(kink), kinks=(kink,)).kinks == (kink,)


@pytest.mark.parametrize("place", [0, 0.3])
def test_an_unlisted_jump_is_found(place):
    def edge(f, x):
        return f.where(x > place, 1 + 0 * x, 0 * x)

    with pytest.raises(ValueError, match=r"edge\(u\).*settle.*a kink that is not listed"):
        nk.Activation("edge", edge, lambda f, x: 0 * x)
    assert nk.Activation("edge", edge, lambda f, x: 0 * x, kinks=(place,)).jumps


def test_an_unlisted_kink_beside_a_listed_one_is_found():
    value, slope = hinge(0.3)
    both = (
        lambda f, x: value(f, x) + abs(x),
        lambda f, x: slope(f, x) + f.where(x > 0, 1 + 0 * x, -1 + 0 * x),
    )
    with pytest.raises(ValueError, match="kink that is not listed"):
        nk.Activation("both", *both, kinks=(0,))
    assert len(nk.Activation("both", *both, kinks=(0, 0.3)).kinks) == 2


def test_what_is_accepted():
    """The least that is needed; kinks in any order; a missing second derivative; a kink listed for nothing."""
    mine = nk.Activation("mine", value, derivative)
    assert (mine.integrated, mine.kinks, mine.parity, mine.second) == (True, (), 0, None)
    assert nk.Activation("mine", value, derivative, kinks=("0.5", 0)).kinks == (0, 0.5)
    two = nk.Activation("two", *hinge(0.3), kinks=(0.3, 2))
    one = nk.Activation("one", *hinge(0.3), kinks=(0.3,))
    args = {"q": 1.5, "one_minus_c": 0.6}
    ours, other = (nk.kernels_of_pair(nk.fcn(2, a, sigma_w2=1), **args).nngp for a in (two, one))
    assert abs(ours - other) <= 1e-14 * other


def test_a_user_s_tanh_is_tanh():
    """Without parity and second derivative the answers are the same, to what float64 promises of each."""
    mine = nk.Activation("mine", value, derivative)
    for q, e in ((0.5, 0.25), (3.0, 1e-9), (20.0, 1.5)):
        ours, listed = (nk.kernels_of_pair(nk.fcn(2, a, sigma_w2=1), q=q, one_minus_c=e) for a in (mine, nk.tanh))
        assert abs(ours.nngp - listed.nngp) <= 1e-13 * abs(listed.nngp)
        assert abs(ours.nngp_gap - listed.nngp_gap) <= 2e-11 * listed.nngp_gap
        assert abs(ours.ntk_gap - listed.ntk_gap) <= 2e-11 * listed.ntk_gap


def test_exp_of_the_square_where_it_has_moments():
    """E[exp(u² + v²)] = ((1 − 2q)² − 4 q² c²)^(−1/2) for q < 1/4, where E[φ²] exists."""
    numbers = nk.digits(20)
    net = nk.fcn(2, blow_up(), sigma_w2=1)
    ours = nk.kernels_of_pair(net, q="0.1", one_minus_c="0.5", numbers=numbers).nngp
    assert agrees(np.ravel(ours)[0], 1 / numbers.sqrt(numbers.context.mpf("0.63")), 19)


@pytest.mark.parametrize("q", ["0.25", "0.3", "1", "10", "1e6"])
@pytest.mark.parametrize("numbers", [nk.float64, nk.digits(20)], ids=repr)
def test_exp_of_the_square_has_no_kernel(q, numbers):
    """q ≥ 1/4: an error that names it and the variance, never inf or nan."""
    with pytest.raises(ArithmeticError, match=r"blow_up.*variance.*grows too fast") as error:
        nk.kernels_of_pair(nk.fcn(2, blow_up(), sigma_w2=1), q=q, one_minus_c="0.5", numbers=numbers)
    named = float(re.search(r"variance ([0-9.e+]+)", str(error.value))[1])
    assert abs(named / float(q) - 1) < 1e-5


def test_a_divergent_variance_stops_at_its_layer():
    """The first layer's moments exist, the second's do not."""
    net = nk.fcn(4, blow_up(), sigma_w2="0.3")
    with pytest.raises(ArithmeticError, match="blow_up"):
        nk.kernels_of_pair(net, q="0.05", one_minus_c="0.5")


def test_fast_activations_are_not_refused():
    assert nk.sinusoid(1000, 0).parity == -1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda f, x: max(x, 0), "value of mine fails as f.numbers, x. on an array x: .*for if and max there is"),
        (lambda f, x: f.log(x), "value of mine fails .* no attribute 'log'"),
    ],
)
def test_errors_inside_a_function_say_whose_they_are(value, message):
    with pytest.raises(ValueError, match=message):
        nk.Activation("mine", value, lambda f, x: x)
