"""P(Θ)y and gradient flow, against plain solves at enough digits."""

import mpmath
import numpy as np
import pytest

import ntkref as nk

POINTS = {"ordered": ("1.0", "0.18"), "critical": ("1.7476037497677033", "0.18"), "chaotic": ("3.0", "0.18")}


def split(net, m=6, t=3):
    x, labels = nk.optical_digits()
    x = nk.normalised(x[: m + t].reshape(m + t, -1), net)
    return x[:m], x[m:], labels[:m] - labels[:m].mean()


def both(net, train, test, numbers=nk.float64):
    return nk.kernels(net, train, numbers=numbers), nk.kernels(net, test, train, numbers=numbers)


def plain(net, train, test, y, digits, kernel="ntk"):
    """(P y, Σ|P||y|): LU on the entries alone, at so many digits that nothing is lost."""
    k, cross = both(net, train, test, nk.digits(digits))
    context = k.numbers.context
    inverse = context.matrix(getattr(k, kernel).tolist()) ** -1
    P = context.matrix(getattr(cross, kernel).tolist()) * inverse
    P = np.array(P.tolist(), dtype=object)
    return P @ np.array([context.mpf(v) for v in y]), np.abs(P) @ np.abs(y)


@pytest.mark.parametrize("kernel", ["ntk", "nngp"])
@pytest.mark.parametrize(("phase", "depth"), [("ordered", 5), ("ordered", 60), ("critical", 40), ("chaotic", 60)])
def test_against_plain_solve(phase, depth, kernel):
    net = nk.fcn(depth, nk.erf, *POINTS[phase])
    train, test, y = split(net)
    prediction = nk.mean_predictor(*both(net, train, test), y, kernel)
    exact, scale = plain(net, train, test, y, 80, kernel)
    assert max(abs((prediction - exact) / scale)) < 1e-9  # DESIGN's promise


def test_interpolates_a_training_point():
    """A test point that is a training point is predicted to have its label, at any condition number."""
    net = nk.fcn(300, nk.erf, *POINTS["ordered"])
    train, _, y = split(net)
    assert np.max(np.abs(nk.mean_predictor(*both(net, train, train[2:4]), y) - y[2:4])) < 1e-11


def test_digits_and_several_outputs():
    net = nk.fcn(4, nk.erf, *POINTS["chaotic"])
    train, test, y = split(net)
    two = np.stack([y, np.roll(y, 1)], axis=1)
    floats = nk.mean_predictor(*both(net, train, test), two)
    many = nk.mean_predictor(*both(net, train, test, nk.digits(30)), two)
    assert floats.shape == many.shape == (3, 2)
    assert np.max(np.abs((floats - many).astype(float))) < 1e-13
    one = nk.mean_predictor(*both(net, train, test), y)
    assert np.max(np.abs(floats[:, 0] - one)) < 1e-15 * 10  # BLAS adds in another order


@pytest.mark.parametrize("phase", list(POINTS))
def test_gradient_flow_against_the_matrix_exponential(phase):
    net = nk.fcn(4, nk.erf, *POINTS[phase])
    train, test, y = split(net)
    k, cross = both(net, train, test)
    exact, exact_cross = both(net, train, test, nk.digits(40))
    context = exact.numbers.context
    theta, mixed = (context.matrix(a.ntk.tolist()) for a in (exact, exact_cross))
    for t in (0.0, 0.3, 50.0):
        mu = nk.gradient_flow(k, cross, y, t, learning_rate=0.1)
        column = context.matrix([context.mpf(v) for v in y])
        decayed = context.expm(-theta * (context.mpf(t) * context.mpf(0.1))) * column
        trained = column - decayed
        predicted = mixed * (theta**-1 * trained)
        for ours, theirs in zip(mu, (trained, predicted), strict=True):
            assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 1e-12 * max(abs(y))


def test_gradient_flow_ends_at_the_mean_predictor_and_takes_many_times():
    net = nk.fcn(3, nk.erf, *POINTS["chaotic"])
    train, test, y = split(net)
    k, cross = both(net, train, test)
    mu_train, mu_test = nk.gradient_flow(k, cross, y, np.array([[0.0, 1.0, 1e6]]))
    assert mu_train.shape == (1, 3, 6)
    assert mu_test.shape == (1, 3, 3)
    assert np.all(mu_train[0, 0] == 0)
    assert np.max(np.abs(mu_train[0, 2] - y)) < 1e-13 * 10
    assert np.max(np.abs(mu_test[0, 2] - nk.mean_predictor(k, cross, y))) < 1e-12
    exact = nk.gradient_flow(*both(net, train, test, nk.digits(30)), y, "1.0")[0]
    assert np.max(np.abs((exact - mu_train[0, 1]).astype(float))) < 1e-13
    assert isinstance(exact[0] + 0, mpmath.ctx_mp_python._mpf)


def test_singular_training_set():
    net = nk.fcn(3, nk.erf, 1, 1)
    x = np.eye(3)[[0, 1, 1]]
    with pytest.raises(np.linalg.LinAlgError, match="rank 2 < 3"):
        nk.mean_predictor(nk.kernels(net, x), nk.kernels(net, np.eye(3), x), [1.0, 2.0, 3.0])


def bad(change):
    net = nk.fcn(2, nk.erf, 1, 1)
    arguments = {"k_train": nk.kernels(net, np.eye(3)), "k_test_train": nk.kernels(net, np.ones((2, 3)), np.eye(3))}
    return arguments | {"y": [1.0, 2.0, 3.0]} | change(net)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda net: {"y": [1.0, 2.0]}, ValueError, r"y must have shape \(3,\)"),
        (lambda net: {"y": [1.0, np.nan, 2.0]}, ValueError, "y must be finite"),
        (lambda net: {"y": [1j, 1, 2]}, TypeError, "y must hold real numbers"),
        (lambda net: {"k_test_train": nk.kernels(net, np.eye(3))}, ValueError, "x_test, x_train"),
        (
            lambda net: {"k_test_train": nk.kernels(net, np.eye(3), np.eye(3)[:2])},
            ValueError,
            "one column for each of 3",
        ),
        (
            lambda net: {"k_test_train": nk.kernels(nk.fcn(3, nk.erf, 1), np.eye(3), np.eye(3))},
            ValueError,
            "same network",
        ),
        (lambda net: {"k_train": nk.kernels(net, np.eye(3), np.eye(3))}, ValueError, "without x2"),
    ],
)
def test_bad_input(change, error, message):
    with pytest.raises(error, match=message):
        nk.mean_predictor(**bad(change))


def test_bad_time():
    arguments = bad(lambda net: {})
    with pytest.raises(ValueError, match="must be >= 0, got t = -1"):
        nk.gradient_flow(**arguments, t=-1)


def test_where_kappa_exceeds_1e100():
    net = nk.fcn(800, nk.erf, *POINTS["ordered"])
    train, test, y = split(net, 3, 1)
    k, cross = both(net, train, test)
    assert nk.spectrum(k).kappa > 1e100
    exact, scale = plain(net, train, test, y, 250)
    assert abs((nk.mean_predictor(k, cross, y)[0] - exact[0]) / scale[0]) < 1e-9
