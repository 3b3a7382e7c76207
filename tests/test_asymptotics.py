"""Large-depth laws against the recursion: what a law leaves shrinks as its docstring says."""

import math

import mpmath
import numpy as np
import pytest

import ntkref as nk
from ntkref.recursion import pairs_by_depth

E_VALUES = np.array([0.1, 0.5, 0.9])  # 1 - c of the first layer
ERF = {"ordered": ("1.0", "0.18"), "chaotic": ("3.0", "0.18")}


def at(net, mf, depths, numbers=nk.float64, q=None):
    q = mf.q_star if q is None else q
    return {l: k for l, k in pairs_by_depth(net, q, E_VALUES, numbers) if l in depths}


def images(mf, m=6):
    x = nk.optical_digits()[0][:m].reshape(m, -1)
    net = nk.fcn(2, mf.activation, mf.sigma_w2, mf.sigma_b2)
    return nk.normalised(x, net, q=1 if mf.activation.homogeneous and not mf.sigma_b2 else None)


def cosines(mf, x, q):
    return nk.kernels(nk.fcn(1, mf.activation, mf.sigma_w2, mf.sigma_b2), x).nngp_gap / (2 * q)


class TestOrdered:
    mf = nk.mean_field(nk.erf, *ERF["ordered"])
    laws = nk.asymptotics.of(mf)

    def test_constants(self):
        q, chi = self.mf.q_star, self.mf.chi_1
        assert abs(self.laws.s / (1 + 4 * q**2 / ((1 - chi) * (1 + 4 * q))) - 1) < 1e-15 * 10  # ten roundings

    def test_gaps(self):
        E = self.laws.coordinate(E_VALUES)
        depths = (100, 200, 400)
        steps = at(nk.fcn(400, nk.erf, *ERF["ordered"]), self.mf, depths)
        for l in depths:
            assert np.max(np.abs(steps[l].nngp_gap / self.laws.nngp_gap(l, E) - 1)) < 5 * l * 2.0**-53
        scaled = [l * (steps[l].ntk_gap / self.laws.ntk_gap(l, E) - 1) for l in depths]
        assert np.max(np.abs(scaled[1] / scaled[2] - 1)) < 1e-8  # what is left is 1/l and exponentially small terms
        (diagonal, _) = steps[100].ntk_variances
        assert np.max(np.abs(diagonal / self.laws.ntk_diagonal(100) - 1)) < 1e-14

    def test_coordinate_at_30_digits(self):
        many = nk.mean_field(nk.erf, *ERF["ordered"], nk.digits(30))
        exact = nk.asymptotics.of(many).coordinate(E_VALUES)
        assert np.max(np.abs((self.laws.coordinate(E_VALUES) / exact - 1).astype(float))) < 1e-13
        net = nk.fcn(600, nk.erf, *ERF["ordered"])
        k = nk.kernels_of_pair(net, many.q_star, E_VALUES, nk.digits(30))
        assert np.max(np.abs(k.nngp_gap / (2 * many.chi_1**599) / exact - 1)) < mpmath.mpf(10) ** -26

    def test_spectrum_on_images(self):
        x = images(self.mf)
        E = self.laws.coordinate(cosines(self.mf, x, self.mf.q_star))
        misses = []
        for l in (200, 400):
            s = nk.spectrum(nk.kernels(nk.fcn(l, nk.erf, *ERF["ordered"]), x))
            assert abs(s.lambda_max / self.laws.lambda_max(l, 6) - 1) < 1e-13
            misses.append(l * (s.lambda_bulk / self.laws.lambda_bulk(l, E) - 1))
            assert abs(s.kappa / self.laws.kappa(l, E) - 1) < 5 / l  # s μ_min is met to O(1/l)
        assert np.max(np.abs(misses[0] / misses[1] - 1)) < 0.05  # 1/l to leading order, the next is 1/l²


class TestOrderedRelu:
    mf = nk.mean_field(nk.relu, "1.5", "0.1")
    laws = nk.asymptotics.of(mf)

    def test_gaps_decay_as_the_square_root(self):
        E = self.laws.coordinate(E_VALUES)
        depths = (100, 200, 400)
        steps = at(nk.fcn(400, nk.relu, "1.5", "0.1"), self.mf, depths)
        for l in depths:
            room = l * self.mf.chi_1 ** (l / 2) + 5 * l * 2.0**-53
            assert np.max(np.abs(steps[l].ntk_gap / self.laws.ntk_gap(l, E) - 1)) < room
            room = 2 * self.mf.chi_1 ** (l / 2) + 5 * l * 2.0**-53  # √E is of order 1
            assert np.max(np.abs(steps[l].nngp_gap / self.laws.nngp_gap(l, E) - 1)) < room

    def test_spectrum_on_images(self):
        x = images(self.mf)
        E = self.laws.coordinate(cosines(self.mf, x, self.mf.q_star))
        s = nk.spectrum(nk.kernels(nk.fcn(150, nk.relu, "1.5", "0.1"), x))
        assert np.max(np.abs(s.lambda_bulk / self.laws.lambda_bulk(150, E) - 1)) < 150 * self.mf.chi_1**75
        assert abs(s.kappa / self.laws.kappa(150, E) - 1) < 150 * self.mf.chi_1**75


class TestChaotic:
    mf = nk.mean_field(nk.erf, *ERF["chaotic"])
    laws = nk.asymptotics.of(mf)

    def test_entries(self):
        """Distances to the fixed point at 60 digits: a line in l, whose slope is the law's."""
        many = nk.mean_field(nk.erf, *ERF["chaotic"], nk.digits(60))
        laws, depths = nk.asymptotics.of(many), (100, 150, 200)
        E = laws.coordinate(E_VALUES)
        assert np.max(np.abs((E / self.laws.coordinate(E_VALUES) - 1).astype(float))) < 1e-14
        steps = at(nk.fcn(200, nk.erf, *ERF["chaotic"]), many, depths, nk.digits(60))
        ntk = [(steps[l].ntk - many.p_ab_star) / many.chi_c**l for l in depths]
        slope = [(laws.ntk_offdiagonal(l, E) - many.p_ab_star) / many.chi_c**l / l for l in depths]
        for a, b in ((0, 1), (1, 2)):
            assert np.max(np.abs((ntk[b] - ntk[a]) / 50 / slope[b] - 1)) < 100 * many.chi_c ** depths[a]
        nngp = (steps[200].nngp - many.q_star * many.c_star) / (
            laws.nngp_offdiagonal(200, E) - many.q_star * many.c_star
        )
        assert np.max(np.abs(nngp - 1)) < 10 * many.chi_c**200
        assert np.max(np.abs(steps[200].ntk_variances[0] / laws.ntk_diagonal(200) - 1)) < mpmath.mpf(10) ** -57

    def test_spectrum_on_images(self):
        x = images(self.mf)
        l = 90
        s = nk.spectrum(nk.kernels(nk.fcn(l, nk.erf, *ERF["chaotic"]), x))
        room = 20 * l * self.mf.chi_c**l / self.laws.ntk_diagonal(l)  # m l χ_cˡ E of the diagonal
        assert abs(s.lambda_max / self.laws.lambda_max(l, 6) - 1) < room + 400 * 2.0**-53
        assert np.max(np.abs(s.lambda_bulk / self.laws.lambda_bulk(l) - 1)) < room + 400 * 2.0**-53
        assert abs((s.kappa - 1) / self.laws.kappa_minus_1(l, 6) - 1) < 0.01
        assert self.laws.kappa(l, 6) == 1 + self.laws.kappa_minus_1(l, 6)


@pytest.mark.parametrize("q_star", ["0.5", "1", "3"])
def test_critical_constants(q_star):
    point = nk.critical_point(nk.erf, q_star=q_star)
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2))
    q = float(q_star)
    assert abs(laws.alpha / (2 * q / (1 + 4 * q)) - 1) < 1e-14
    assert abs(laws.beta / (2 / 3 * (12 * q**2 + 4 * q + 1) / (1 + 4 * q) ** 2) - 1) < 1e-14
    assert abs(laws.rho / (-(6 * q**2 + 4 * q + 1) / (6 * q**2)) - 1) < 1e-13
    assert abs(laws.r / (laws.alpha * laws.rho) - 1) < 1e-13


class TestCritical:
    point = nk.critical_point(nk.erf, sigma_b2="0.18")
    mf = nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2)
    laws = nk.asymptotics.of(mf)

    @pytest.mark.parametrize("deep", [10_000, pytest.param(300_000, marks=pytest.mark.nightly)])
    def test_entries_to_the_constant(self, deep):
        """c₀ and C: what is left over shrinks like log l/l, to l = 3·10⁵ nightly."""
        C = self.laws.coordinate(E_VALUES)
        depths = (deep // 10, deep)
        steps = at(nk.fcn(deep, nk.erf, self.point.sigma_w2, self.point.sigma_b2), self.mf, depths)
        for l in depths:
            room = 5 * math.log(l) / l
            assert np.max(np.abs(steps[l].ntk - self.laws.ntk_offdiagonal(l, C))) < room
            assert np.max(np.abs(steps[l].nngp_gap / self.laws.nngp_gap(l, C) - 1)) < 2 * math.log(l) / l**2 * 10
            assert np.max(np.abs(steps[l].ntk_variances[0] / self.laws.ntk_diagonal(l) - 1)) < (20 + 4 * l) * 2.0**-53

    def test_spectrum_and_kappa(self):
        """With one common C the eigenvalues are those of (p − p_ab) 1 + p_ab 11ᵀ."""
        l, m, C = 1000, 5, 3.0
        p, p_ab = self.laws.ntk_diagonal(l), self.laws.ntk_offdiagonal(l, C)
        values = np.linalg.eigvalsh((p - p_ab) * np.eye(m) + p_ab)
        assert abs(self.laws.lambda_max(l, m, C) / values[-1] - 1) < 1e-13
        assert abs(self.laws.lambda_bulk(l, C) / values[0] - 1) < 1e-12
        assert abs(self.laws.kappa(l, m, C) / (values[-1] / values[0]) - 1) < 1e-12
        deep = 10**9
        assert abs(self.laws.kappa(deep, m, C) - (m + 2) / 2) < 100 * math.log(deep) / deep

    def test_in_digits(self):
        point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=nk.digits(30))
        laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2, nk.digits(30)))
        assert abs(float(laws.ntk_offdiagonal(1000, 2) / self.laws.ntk_offdiagonal(1000, 2)) - 1) < 1e-13
        assert abs(float(laws.nngp_gap(1000, 2) / self.laws.nngp_gap(1000, 2)) - 1) < 1e-13


class TestCriticalRelu:
    laws = nk.asymptotics.of(nk.mean_field(nk.relu, 2, 0), 1.7)

    @pytest.mark.parametrize("deep", [10_000, pytest.param(200_000, marks=pytest.mark.nightly)])
    def test_entries_to_the_constant(self, deep):
        C = self.laws.coordinate(E_VALUES)
        depths = (deep // 10, deep)
        steps = at(nk.fcn(deep, nk.relu, 2), None, depths, q=1.7)
        for l in depths:
            assert np.max(np.abs(steps[l].ntk - self.laws.ntk_offdiagonal(l, C))) < 5 * math.log(l) / l * 1.7
            assert np.max(np.abs(steps[l].nngp_gap / self.laws.nngp_gap(l, C) - 1)) < 20 * math.log(l) / l**2
            assert np.max(np.abs(steps[l].ntk_variances[0] / self.laws.ntk_diagonal(l) - 1)) < (20 + 4 * l) * 2.0**-53

    def test_kappa_tends_to_a_third_of_m_plus_3(self):
        deep = 10**9
        assert abs(self.laws.kappa(deep, 12, 0.5) - 5) < 100 * math.log(deep) / deep


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((nk.relu, 2, 0), "q_star must be given for critical relu"),
        ((nk.relu, 3, "0.1"), "unbounded phase"),
        ((nk.erf, "0.5", 0), "without a positive"),
    ],
)
def test_where_there_are_no_laws(arguments, message):
    with pytest.raises(ValueError, match=message):
        nk.asymptotics.of(nk.mean_field(*arguments))


def test_coordinate_too_near_the_line():
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1.7476037", "0.18"))
    with pytest.raises(ArithmeticError, match=r"E would take .* layers"):
        laws.coordinate(0.5)
