"""Eigenvalues at any condition number, against eigenvalues of the plain matrix at enough digits."""

import array_api_strict
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ntkref as nk

POINTS = {"ordered": ("1.0", "0.18"), "critical": ("1.7476037497677033", "0.18"), "chaotic": ("3.0", "0.18")}


def images(n, net, q=None, start=0):
    x, _ = nk.optical_digits()
    return nk.normalised(x[start : start + n].reshape(n, -1), net, q=q)


def plain_eigenvalues(k, kernel="ntk"):
    """Symmetric eigenvalues of the entries alone, in the digits of `k`: no gaps, no factor."""
    context = k.numbers.context
    return sorted(context.eigsy(context.matrix(getattr(k, kernel).tolist()), eigvals_only=True), reverse=True)


def relative(a, b):
    return max(abs(float(mpmath.mpf(x) / y - 1)) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("kernel", ["ntk", "nngp"])
@pytest.mark.parametrize(("phase", "depth"), [("ordered", 10), ("ordered", 60), ("critical", 50), ("chaotic", 40)])
def test_float64_against_plain_eigenvalues(phase, depth, kernel):
    net = nk.fcn(depth, nk.erf, *POINTS[phase])
    x = images(5, net)
    s = nk.spectrum(nk.kernels(net, x), kernel)
    exact = plain_eigenvalues(nk.kernels(net, x, numbers=nk.digits(60)), kernel)
    error = relative(s.eigenvalues, exact)
    assert error < 1e-11  # DESIGN promises 1e-9 of κ
    assert error <= max(s.error)


def test_digits_are_correct_digits():
    net = nk.fcn(30, nk.erf, *POINTS["ordered"])
    x = images(5, net)
    few, many = (nk.spectrum(nk.kernels(net, x, numbers=nk.digits(n))).eigenvalues for n in (25, 60))
    assert all(abs(a / b - 1) < mpmath.mpf(10) ** -24 for a, b in zip(few, many, strict=True))


def test_nearly_equal_points_are_answered_with_their_error():
    """Two points at relative distance 1e-8: κ keeps half its digits, and the bound says so."""
    net = nk.fcn(10, nk.erf, *POINTS["ordered"])
    x = images(5, net)
    x = np.vstack([x, x[0] + 1e-8 * np.roll(x[0], 1)])
    s = nk.spectrum(nk.kernels(net, x))
    exact = plain_eigenvalues(nk.kernels(net, x, numbers=nk.digits(80)))
    errors = [abs(float(mpmath.mpf(a) / b - 1)) for a, b in zip(s.eigenvalues, exact, strict=True)]
    assert all(error <= bound for error, bound in zip(errors, s.error, strict=True))
    assert max(errors[:-1]) < 1e-12
    assert errors[-1] < 1e-6  # u/1e-8, times what ten layers add


def test_the_error_bound_is_the_first_order_one():
    """ε (|Σv| |v|ᵀx + ½ |v|ᵀ gap |v|)/λ with eigenvectors of the plain matrix at 150 digits, where Σv has some left."""
    net = nk.fcn(120, nk.erf, *POINTS["ordered"])
    x = nk.optical_digits()[0][:4].reshape(4, -1) / 8  # norms differ, so x − x̄ plays its part
    k = nk.kernels(net, x)
    exact = nk.kernels(net, x, numbers=nk.digits(150))
    context = exact.numbers.context
    values, vectors = context.eigsy(context.matrix(exact.ntk.tolist()))
    variances, gap = exact.ntk_variances[0], exact.ntk_gap
    expected = []
    for index in range(4):
        v = np.array([vectors[i, index] for i in range(4)], dtype=object)
        size = np.abs(v)
        expected.append(float((abs(np.sum(v)) * (variances @ size) + size @ gap @ size / 2) / values[index]))
    errors = nk.spectrum(k).error / ((20 + 4 * 120) * 2.0**-53)
    # The largest eigenvalue's bound is the entries': |v|ᵀ|Θ||v| = λ, v being positive.
    assert errors == pytest.approx([1.0, *expected[2::-1]], rel=1e-6)


@pytest.mark.parametrize(("distance", "answered"), [(2e-13, True), (2.5e-14, False)])
def test_an_eigenvalue_without_a_digit_is_refused(distance, answered):
    """The bound of the smallest eigenvalue grows as 1/distance; at 0.1 it is no longer given."""
    net = nk.fcn(10, nk.erf, *POINTS["ordered"])
    x = images(4, net)
    k = nk.kernels(net, np.vstack([x, x[0] + distance * np.roll(x[0], 1)]))
    if answered:
        assert 0.01 < max(nk.spectrum(k).error) < 0.1
        return
    with pytest.raises(ArithmeticError, match=r"eigenvalue 4 of the ntk is known only to 0\.\d relative .*digits"):
        nk.spectrum(k)


def test_digits_cover_the_condition_number():
    """20 digits of each eigenvalue where κ is 1e40 and more."""
    net = nk.fcn(300, nk.erf, *POINTS["ordered"])
    x = images(3, net)
    values = nk.spectrum(nk.kernels(net, x, numbers=nk.digits(20))).eigenvalues
    exact = plain_eigenvalues(nk.kernels(net, x, numbers=nk.digits(120)))
    assert exact[0] / exact[-1] > 1e40
    assert all(abs(a / b - 1) < mpmath.mpf(10) ** -19 for a, b in zip(values, exact, strict=True))


@pytest.mark.parametrize("sigma_w2", ["3", "1.2"])
def test_eigenvalues_near_the_ends_of_float64(sigma_w2):
    """ReLU: Θ⁽ˡ⁾ is (σ_w²/2)^(l−1) times the critical one (times σ_w²/2 for the first layer), here 1e281 or 1e-310."""
    depth = 1600 if sigma_w2 == "3" else 1300
    x = nk.normalised(nk.optical_digits()[0][:4].reshape(4, -1), nk.fcn(2, nk.relu, 2), q=1)
    critical = nk.spectrum(nk.kernels(nk.fcn(depth, nk.relu, 2), x))
    s = nk.spectrum(nk.kernels(nk.fcn(depth, nk.relu, sigma_w2), x))
    scale = mpmath.mpf(sigma_w2) / 2
    for ours, theirs in zip(s.eigenvalues, critical.eigenvalues, strict=True):
        assert abs(mpmath.mpf(ours) / (theirs * scale**depth) - 1) < 2 * (20 + 4 * depth) * 2.0**-53


def test_kappa_that_overflows_is_said():
    """The eigenvalues are floats, their ratio is none."""
    s = nk.Spectrum(np.array([1e300, 1.0, 1e-300]), np.zeros(3))
    assert s.lambda_bulk.tolist() == [1.0, 1e-300]
    with pytest.raises(OverflowError, match=r"kappa overflows float64; use numbers=digits\(n\)"):
        _ = s.kappa


def test_equal_points_give_a_zero_eigenvalue_and_no_kappa():
    net = nk.fcn(4, nk.erf, *POINTS["ordered"])
    x = images(3, net)
    s = nk.spectrum(nk.kernels(net, x[[0, 1, 2, 1]]))
    assert s.eigenvalues[-1] == 0
    assert s.error[-1] == 0
    with pytest.raises(ZeroDivisionError, match="smallest eigenvalue is 0"):
        _ = s.kappa


@given(st.integers(2, 9), st.integers(1, 30), st.sampled_from(list(POINTS)), st.integers(0, 1700))
def test_trace_and_order(m, depth, phase, start):
    net = nk.fcn(depth, nk.erf, *POINTS[phase])
    k = nk.kernels(net, images(m, net, start=start, q="0.9"))
    s = nk.spectrum(k)
    assert np.all(np.diff(s.eigenvalues) <= 0)
    assert s.eigenvalues[-1] > 0
    assert abs(np.sum(s.eigenvalues) / np.trace(k.ntk) - 1) < 1e-13  # m roundings and the Jacobi sweeps'
    assert s.lambda_max == s.eigenvalues[0]
    assert len(s.lambda_bulk) == m - 1


def test_max_learning_rate_is_where_descent_turns():
    net = nk.fcn(5, nk.erf, *POINTS["chaotic"])
    k = nk.kernels(net, images(6, net))
    eta = nk.max_learning_rate(k)
    assert eta == 2 / nk.spectrum(k).lambda_max
    residual = np.random.default_rng(0).standard_normal(6)
    for factor, shrinks in ((0.99, True), (1.01, False)):
        f = residual
        for _ in range(4000):
            f = f - factor * eta * (k.ntk @ f)
        assert (np.linalg.norm(f) < np.linalg.norm(residual)) == shrinks


def test_other_namespaces_give_the_same():
    net = nk.fcn(20, nk.erf, *POINTS["ordered"])
    x = images(4, net)
    ours, strict = (nk.spectrum(nk.kernels(net, x, numbers=n)) for n in (nk.float64, nk.floats(array_api_strict)))
    assert np.max(np.abs(np.asarray(strict.eigenvalues) / ours.eigenvalues - 1)) < 1e-13


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda net, x: 3, TypeError, "must be what kernels"),
        (lambda net, x: nk.kernels(net, x, x), ValueError, "without x2"),
        (lambda net, x: nk.kernels(net, x[:1]), ValueError, "at least two points"),
        (lambda net, x: nk.kernels_of_pair(net, 1, 0.5), ValueError, "Gram matrix"),
    ],
)
def test_bad_input(make, error, message):
    net = nk.fcn(2, nk.erf, 1, 1)
    with pytest.raises(error, match=message):
        nk.spectrum(make(net, np.eye(3)))


def test_bad_kernel_name():
    with pytest.raises(ValueError, match='kernel must be "ntk" or "nngp", got \'K\''):
        nk.spectrum(nk.kernels(nk.fcn(2, nk.erf, 1, 1), np.eye(3)), kernel="K")


def test_underflow_is_said():
    net = nk.fcn(4000, nk.erf, *POINTS["ordered"])
    with pytest.raises(FloatingPointError, match=r"depth 4000.*digits"):
        nk.spectrum(nk.kernels(net, images(2, net)))


@pytest.mark.nightly
@pytest.mark.parametrize("phase", list(POINTS))
def test_kappa_at_depth_1000(phase):
    net = nk.fcn(1000, nk.erf, *POINTS[phase])
    x = images(6, net)
    s = nk.spectrum(nk.kernels(net, x))
    exact = plain_eigenvalues(nk.kernels(net, x, numbers=nk.digits(180)))
    assert abs(float(mpmath.mpf(s.kappa) / (exact[0] / exact[-1]) - 1)) < 1e-9


def test_kappa_beyond_1e100():
    """The issue's case: an ordered network so deep that κ > 1e100, against 160-digit plain eigenvalues."""
    net = nk.fcn(800, nk.erf, *POINTS["ordered"])
    x = images(3, net)
    s = nk.spectrum(nk.kernels(net, x))
    exact = plain_eigenvalues(nk.kernels(net, x, numbers=nk.digits(160)))
    assert s.kappa > 1e100
    assert abs(float(mpmath.mpf(s.kappa) / (exact[0] / exact[-1]) - 1)) < 1e-9


def test_digits_are_kept_at_a_condition_number_of_1e68():
    """Two images in order at 20 digits; λ_0 λ_1 = det Θ = gap (x + y)/2 − diff²/4 − gap²/4 needs no rotation."""
    net = nk.fcn(500, nk.erf, "1.0", "0.18")
    x = nk.normalised(nk.optical_digits()[0][:2].reshape(2, -1), net)
    k = nk.kernels(net, x, numbers=nk.digits(20))
    pair, context = k.Theta, k.numbers.context
    trace, gap, diff = pair.x[0, 0] + pair.x[1, 0], pair.gap[0, 1], pair.diff[0, 1]
    determinant = gap * trace / 2 - diff**2 / 4 - gap**2 / 4
    top = (trace + context.sqrt(trace**2 - 4 * determinant)) / 2
    s = nk.spectrum(k)
    assert s.kappa > 1e68
    for found, value in zip(s.eigenvalues, (top, determinant / top), strict=True):
        assert abs(found / value - 1) < 1e-19
