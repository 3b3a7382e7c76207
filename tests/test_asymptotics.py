"""Large-depth laws against the recursion: what a law leaves shrinks as its docstring says."""

import math

import mpmath
import numpy as np
import pytest

import ntkref as nk
from ntkref.claims.measures import straightness
from ntkref.recursion import pairs_by_depth

E_VALUES = np.array([0.1, 0.5, 0.9])  # 1 - c of the first layer
ERF = {"ordered": ("1.0", "0.18"), "chaotic": ("3.0", "0.18")}
U = 2.0**-53


def at(mf, depths, numbers=nk.float64, q=None):
    """{l: kernels} of pairs with cosines 1 − E_VALUES."""
    net = nk.fcn(max(depths), mf.activation, mf.sigma_w2, mf.sigma_b2)
    steps = pairs_by_depth(net, mf.q_star if q is None else q, E_VALUES, numbers)
    return {l: k for l, k in steps if l in depths}


class Images:
    """Six training and three test images, their kernels by depth, the constants of a law, and targets."""

    def __init__(self, laws, depths, q=None):
        self.laws, mf = laws, laws.mf
        images, labels = nk.optical_digits()
        net = nk.fcn(max(depths), mf.activation, mf.sigma_w2, mf.sigma_b2)
        x = nk.normalised(images[:9].reshape(9, -1), net, q=q)
        train, test = nk.kernels_by_depth(net, x[:6]), nk.kernels_by_depth(net, x[6:], x[:6])
        self.at = {l: (k, c) for (l, k), (_, c) in zip(train, test, strict=True) if l == 1 or l in depths}
        self.e, self.e_test = (k.nngp_gap / (2 * (mf.q_star if q is None else q)) for k in self.at[1])
        self.E, self.E_test = laws.coordinate(self.e), laws.coordinate(self.e_test)
        self.y = np.stack([labels[:6] - labels[:6].mean(), np.ones(6), labels[:6]], axis=1)  # zero mean, mean, both

    def misses(self, l, offset=0, offset_test=0, kernel="ntk"):
        """Relative errors of λ_max, λ_bulk, κ, and errors of P y for three targets."""
        (k, cross), laws, data = self.at[l], self.laws, (self.E, offset, kernel)
        s = nk.spectrum(k, kernel)
        predicted = laws.predictor(l, self.E, self.E_test, self.y, offset, offset_test, kernel)
        return (
            abs(s.lambda_max / laws.lambda_max(l, *data) - 1),
            np.max(np.abs(s.lambda_bulk / laws.lambda_bulk(l, *data) - 1)),
            abs(s.kappa / laws.kappa(l, *data) - 1),
            np.max(np.abs(nk.mean_predictor(k, cross, self.y, kernel) - predicted), axis=0),
        )


class TestOrdered:
    mf = nk.mean_field(nk.erf, *ERF["ordered"])
    laws = nk.asymptotics.of(mf)

    def test_constants(self):
        q, chi = self.mf.q_star, self.mf.chi_1
        assert abs(self.laws.s / (1 + 4 * q**2 / ((1 - chi) * (1 + 4 * q))) - 1) < 1e-15 * 10  # ten roundings
        assert self.laws.depth_scale == self.mf.xi_1

    def test_entries(self):
        E, W = self.laws.coordinate(E_VALUES), self.laws.offset(E_VALUES)
        depths = (100, 200, 400)
        steps = at(self.mf, depths)
        for l in depths:
            assert np.max(np.abs(steps[l].nngp_gap / self.laws.nngp_gap(l, E) - 1)) < 5 * l * U
            assert np.max(np.abs(steps[l].ntk_gap / self.laws.ntk_gap(l, E, W) - 1)) < l * self.mf.chi_1**l + 5 * l * U
        scaled = [l * (steps[l].ntk_gap / self.laws.ntk_gap(l, E) - 1) for l in depths]
        assert np.max(np.abs(scaled[1] / scaled[2] - 1)) < 1e-8  # what is left is 1/l and exponentially small terms
        (diagonal, _) = steps[100].ntk_variances
        assert np.max(np.abs(diagonal / self.laws.ntk_diagonal(100) - 1)) < 1e-14

    def test_in_digits_what_is_left_falls_as_l_chi_squared(self):
        many = nk.mean_field(nk.erf, *ERF["ordered"], nk.digits(60))
        laws, depths = nk.asymptotics.of(many), (50, 100, 150)
        E, W = laws.coordinate(E_VALUES), laws.offset(E_VALUES)
        steps = at(many, depths, nk.digits(60))
        ntk = [(steps[l].ntk_gap - laws.ntk_gap(l, E, W)) / many.chi_1 ** (2 * l) for l in depths]
        nngp = [(steps[l].nngp_gap - laws.nngp_gap(l, E)) / many.chi_1 ** (2 * l) for l in depths]
        assert straightness(ntk) < 1e-5  # a line in l, but for l χ₁^l
        assert np.max(np.abs((nngp[2] / nngp[1] - 1).astype(float))) < 1e-6  # chi^l at l = 50

    def test_constants_at_30_digits(self):
        many = nk.mean_field(nk.erf, *ERF["ordered"], nk.digits(30))
        exact = nk.asymptotics.of(many)
        for name in ("coordinate", "offset"):
            theirs = getattr(exact, name)(E_VALUES)
            assert np.max(np.abs((getattr(self.laws, name)(E_VALUES) / theirs - 1).astype(float))) < 1e-11  # l² u
        k = nk.kernels_of_pair(nk.fcn(600, nk.erf, *ERF["ordered"]), many.q_star, E_VALUES, nk.digits(30))
        E = exact.coordinate(E_VALUES)
        assert np.max(np.abs(k.nngp_gap / (2 * many.chi_1**599) / E - 1)) < mpmath.mpf(10) ** -26

    def test_spectrum_and_predictor_on_images(self):
        data = Images(self.laws, (100, 200, 400))
        W, W_test = self.laws.offset(data.e), self.laws.offset(data.e_test)
        for l in (100, 200, 400):
            room = 10 * l * self.mf.chi_1**l + 10 * l * U  # and what κ of the constants' matrix costs
            assert all(np.max(miss) < 100 * room for miss in data.misses(l, W, W_test))
        for l in (200, 400):
            assert all(np.max(miss) < 1000 * l * U for miss in data.misses(l, kernel="nngp"))
        half, whole = data.misses(200), data.misses(400)
        for before, after in zip(half[1:3], whole[1:3], strict=True):
            assert abs(before / after / 2 - 1) < 0.05  # 1/l to leading order, the next is 1/l²
        assert abs(half[3][0] / whole[3][0] / 2 - 1) < 0.05
        assert self.laws.max_learning_rate(400, data.E) == 2 / self.laws.lambda_max(400, data.E)

    def test_limit_of_the_predictor_is_kriging(self):
        """Eq. 16 typed in: A = −E, Â in closed form; constants are reproduced."""
        data = Images(self.laws, (100,))
        A, ones = -data.E, np.ones(6)
        solved, weight = np.linalg.solve(A, data.y), np.linalg.solve(A, ones)
        limit = -data.E_test @ solved + np.outer(1 + data.E_test @ weight, ones @ solved / (ones @ weight))
        law = self.laws.predictor(1000, data.E, data.E_test, data.y)
        assert np.max(np.abs(law - limit)) < 1e-11
        assert np.max(np.abs(limit[:, 1] - 1)) < 1e-12


class TestOrderedRelu:
    mf = nk.mean_field(nk.relu, "1.5", "0.1")
    laws = nk.asymptotics.of(mf)

    def test_gaps_decay_as_the_square_root(self):
        E = self.laws.coordinate(E_VALUES)
        depths = (100, 200, 400)
        steps = at(self.mf, depths)
        for l in depths:
            room = l * self.mf.chi_1 ** (l / 2) + 5 * l * U
            assert np.max(np.abs(steps[l].ntk_gap / self.laws.ntk_gap(l, E) - 1)) < room
            room = 2 * self.mf.chi_1 ** (l / 2) + 5 * l * U  # √E is of order 1
            assert np.max(np.abs(steps[l].nngp_gap / self.laws.nngp_gap(l, E) - 1)) < room
        assert self.laws.depth_scale == 2 * self.mf.xi_1

    def test_spectrum_and_predictor_on_images(self):
        data = Images(self.laws, (100, 150))
        for kernel in ("ntk", "nngp"):
            for l in (100, 150):
                room = 10 * l * self.mf.chi_1 ** (l / 2) + 100 * l * U
                assert all(np.max(miss) < room for miss in data.misses(l, kernel=kernel))


class TestChaotic:
    mf = nk.mean_field(nk.erf, *ERF["chaotic"])
    laws = nk.asymptotics.of(mf)

    def test_entries(self):
        """At 60 digits what is left of the laws falls as χ_c^(2l), times l for the NTK."""
        many = nk.mean_field(nk.erf, *ERF["chaotic"], nk.digits(60))
        laws, depths = nk.asymptotics.of(many), (50, 100, 150)
        E, V = laws.coordinate(E_VALUES), laws.offset(E_VALUES)
        for name, theirs in (("coordinate", E), ("offset", V)):
            assert np.max(np.abs((theirs / getattr(self.laws, name)(E_VALUES) - 1).astype(float))) < 1e-14
        steps = at(many, depths, nk.digits(60))
        ntk = [(steps[l].ntk - laws.ntk_offdiagonal(l, E, V)) / many.chi_c ** (2 * l) for l in depths]
        nngp = [(steps[l].nngp - laws.nngp_offdiagonal(l, E)) / many.chi_c ** (2 * l) for l in depths]
        assert straightness(ntk) < 0.01  # a line in l, but for l χ_c^l at l = 50, 1e-2
        assert np.max(np.abs((nngp[2] / nngp[1] - 1).astype(float))) < 1e-5  # χ_c^l at l = 100 is 8e-8
        without = [(steps[l].ntk - laws.ntk_offdiagonal(l, E)) / many.chi_c**l for l in depths]
        assert np.max(np.abs((without[2] / V - 1).astype(float))) < 1e-7
        assert np.max(np.abs(steps[150].ntk_variances[0] / laws.ntk_diagonal(150) - 1)) < mpmath.mpf(10) ** -57

    def test_spectrum_and_predictor_on_images(self):
        data = Images(self.laws, (20, 40, 60))
        V, V_test = self.laws.offset(data.e), self.laws.offset(data.e_test)
        p = self.laws.ntk_diagonal(60)
        top, bulk, _, predicted = data.misses(60, V, V_test)
        assert max(top, bulk) < 260 * U + 60 * self.mf.chi_c**120 / p * 10  # E and V are of order 10
        labels = np.max(np.abs(data.y))
        assert (
            np.max(predicted) < 200 * 60 * self.mf.chi_c**120 / p * labels + 1e-6 / p * labels
        )  # the cancellation of p_ab
        *_, coarse = data.misses(60)
        assert coarse[0] > 10 * predicted[0]  # V is worth having
        for l in (40, 60):
            assert np.max(data.misses(l, kernel="nngp")[3]) < 50 * labels * self.mf.chi_c ** (2 * l)

    def test_kappa_minus_1_does_not_cancel(self):
        """At depths where κ is 1 to the last bit of float64."""
        E, V = (getattr(self.laws, name)(np.array([[0, 0.5], [0.5, 0]])) for name in ("coordinate", "offset"))
        k = nk.kernels_of_pair(nk.fcn(200, nk.erf, *ERF["chaotic"]), self.mf.q_star, "0.5", nk.digits(60))
        exact = 2 * k.ntk / (k.ntk_gap / 2)  # (p + p_ab)/(p − p_ab) − 1
        assert abs(float(self.laws.kappa_minus_1(200, E, V) / exact) - 1) < 1e-13
        assert self.laws.kappa(200, E, V) == 1

    def test_leading_terms(self):
        """The docstring's κ − 1 and predictor of a mean, at depth."""
        E = self.laws.coordinate(np.array([[0, 0.5], [0.5, 0]]))
        q, chi, p_ab, l = self.mf.q_star, self.mf.chi_1, self.mf.p_ab_star, 200
        assert abs(self.laws.kappa_minus_1(l, E) / (2 * p_ab * (chi - 1) / q * chi**-l) - 1) < 1e-12
        ones = self.laws.predictor(l, E, E[:1], np.ones(2))[0]
        assert abs(ones / (2 * p_ab * (chi - 1) / q * chi**-l) - 1) < 1e-12
        assert abs(self.laws.kappa(l, E, kernel="nngp") / (1 + 2 * self.mf.c_star / (1 - self.mf.c_star)) - 1) < 1e-12
        assert self.laws.depth_scale == self.mf.xi_star

    def test_near_the_line_the_scales_are_in_the_ratio_2(self):
        point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=nk.digits(30))
        mf = nk.mean_field(nk.erf, point.sigma_w2 + mpmath.mpf("1e-9"), "0.18", nk.digits(30))
        laws = nk.asymptotics.of(mf)
        assert abs(laws.depth_scale * 2 * (mf.chi_1 - 1) - 1) < 1e-8  # O(χ₁ − 1)


@pytest.mark.parametrize("q_star", ["0.5", "1", "3"])
def test_critical_constants(q_star):
    point = nk.critical_point(nk.erf, q_star=q_star)
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2))
    q = float(q_star)
    assert abs(laws.alpha / (2 * q / (1 + 4 * q)) - 1) < 1e-14
    assert abs(laws.beta / (2 / 3 * (12 * q**2 + 4 * q + 1) / (1 + 4 * q) ** 2) - 1) < 1e-14
    assert abs(laws.gamma / (6 * q / (1 + 4 * q) ** 2 + 40 * q**3 / (1 + 4 * q) ** 3) - 1) < 1e-14
    assert abs(laws.rho / (-(6 * q**2 + 4 * q + 1) / (6 * q**2)) - 1) < 1e-13
    assert abs(laws.r / (laws.alpha * laws.rho) - 1) < 1e-13
    assert abs(laws.onset / ((1 + 4 * q) / (2 * q * q)) - 1) < 1e-13


@pytest.mark.parametrize("q_star", ["0.5", "1", "3"])
def test_the_coefficient_of_the_logarithm(q_star):
    """p_ab − l q*/3 of the recursion alone, to 4 digits: the slope in log l, with 1/l and log l/l eliminated."""
    point = nk.critical_point(nk.erf, q_star=q_star)
    mf = nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2)
    l = np.array([250, 500, 1000, 2000, 4000, 8000])
    steps = at(mf, tuple(l))
    rest = np.array([steps[d].ntk[1] - d * mf.q_star / 3 for d in l])
    terms = np.stack([np.log(l), np.ones(6), np.log(l) / l, 1 / l, np.log(l) ** 2 / l**2, np.log(l) / l**2], axis=1)
    slope = np.linalg.solve(terms, rest)[0]
    assert abs(slope / (mf.q_star * nk.asymptotics.of(mf).rho / 3) - 1) < 1e-4


class TestCritical:
    point = nk.critical_point(nk.erf, sigma_b2="0.18")
    mf = nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2)
    laws = nk.asymptotics.of(mf)

    @pytest.mark.parametrize("deep", [10_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
    def test_entries_over_three_decades(self, deep):
        """What is left falls as log l/l² (Θ) and 1/l³ (K); the leading forms as log l/l and log l/l².

        The constants before them grow with C, which is 12 for the closest pair.
        """
        C, laws, q = self.laws.coordinate(E_VALUES), self.laws, self.mf.q_star
        depths = tuple(deep // 10**i for i in (2, 1, 0))
        steps = at(self.mf, depths)
        for l in depths:
            rounding = 4 * l * U
            assert np.max(np.abs(steps[l].ntk - laws.ntk_offdiagonal(l, C))) < 1000 * math.log(l) / l**2 + rounding * l
            assert np.max(np.abs(steps[l].nngp_gap / laws.nngp_gap(l, C) - 1)) < 2 / l**3 + rounding + 1e-8 / l
            simple = q / 3 * (l + laws.rho * math.log(l)) + laws.c0(C)
            assert np.max(np.abs(steps[l].ntk - simple)) < 30 * math.log(l) / l
            u = laws.alpha * l + laws.r * math.log(l) + C
            assert np.max(np.abs(steps[l].nngp_gap * u / 2 - 1)) < 60 * math.log(l) / l**2
            assert np.max(np.abs(steps[l].ntk_variances[0] / laws.ntk_diagonal(l) - 1)) < (20 + 4 * l) * U
        assert np.max(np.abs(laws.ntk_gap(10, 1.0) / (2 * (10 * q - laws.ntk_offdiagonal(10, 1.0))) - 1)) < 1e-15

    def test_coordinate_from_one_great_depth(self):
        """C to 7 digits, against u − α l − r log u + s₁/u + r log α at l = 10 000, whose error is O(1/l²)."""
        deep = 10_000
        u = 2 / at(self.mf, (deep,))[deep].nngp_gap
        alpha, beta, gamma, r = self.laws.alpha, self.laws.beta, self.laws.gamma, self.laws.r
        s1 = (gamma - 2 * alpha * beta + alpha**3 - r**2 * alpha + r * alpha**2 / 2) / alpha
        C = u - r * np.log(u / alpha) + s1 / u - alpha * deep
        assert np.max(np.abs(self.laws.coordinate(E_VALUES) / C - 1)) < 1e-7

    def test_spectrum_and_predictor_on_images(self):
        """Everything is met to O(1/l²), relative for eigenvalues."""
        data = Images(self.laws, (1000, 4000))
        for kernel in ("ntk", "nngp"):
            before, after = data.misses(1000, kernel=kernel), data.misses(4000, kernel=kernel)
            assert all(np.max(miss) < 1e3 / 4000**2 for miss in after)
            for a, b in zip(before[1:], after[1:], strict=True):
                assert np.max(b) < np.max(a) / 10  # a factor 16, but for logarithms

    def test_leading_constants_on_images(self):
        """κ's log l/l, and the predictor's constant, which l P y of the law tends to."""
        data, m, l = Images(self.laws, (10,)), 6, 10**8
        C = np.array(data.E)
        np.fill_diagonal(C, 0)
        y = data.y[:, 0]
        constant = (data.E_test @ y - np.sum(C @ y) / (m + 2)) / (2 * self.laws.alpha)
        assert np.max(np.abs(l * self.laws.predictor(l, C, data.E_test, y) / constant - 1)) < 1e-5
        assert np.max(np.abs(self.laws.predictor(l, C, data.E_test, np.ones(m)) - m / (m + 2))) < 1e-5
        nngp = (data.E_test @ y - np.sum(C @ y) / m) / self.laws.alpha
        assert np.max(np.abs(l * self.laws.predictor(l, C, data.E_test, y, kernel="nngp") / nngp - 1)) < 1e-5
        slope = (self.laws.kappa(l, C) - (m + 2) / 2) * l - (self.laws.kappa(l / 10, C) - (m + 2) / 2) * l / 10
        assert abs(slope / math.log(10) / (0.75 * m * self.laws.rho) - 1) < 1e-4
        assert abs(self.laws.kappa(l, C, kernel="nngp") / (m * self.mf.q_star * self.laws.alpha * l) - 1) < 1e-5

    def test_in_digits(self):
        point = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=nk.digits(30))
        laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2, nk.digits(30)))
        assert abs(float(laws.ntk_offdiagonal(1000, 2) / self.laws.ntk_offdiagonal(1000, 2)) - 1) < 1e-13
        assert abs(float(laws.nngp_gap(1000, 2) / self.laws.nngp_gap(1000, 2)) - 1) < 1e-13

    def test_too_early(self):
        with pytest.raises(ValueError, match=r"the critical laws do not hold yet at depth 2"):
            self.laws.ntk_offdiagonal(2, -10.0)

    def test_next_to_the_tip(self):
        point = nk.critical_point(nk.erf, q_star="0.001")
        laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2))
        with pytest.raises(ArithmeticError, match=r"too near the tip"):
            laws.coordinate(0.5)


class TestCriticalRelu:
    mf = nk.mean_field(nk.relu, 2, 0)
    laws = nk.asymptotics.of(mf, "1.7")

    @pytest.mark.parametrize("deep", [10_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
    def test_entries_over_three_decades(self, deep):
        C, laws = self.laws.coordinate(E_VALUES), self.laws
        depths = tuple(deep // 10**i for i in (2, 1, 0))
        steps = at(self.mf, depths, q=1.7)
        for l in depths:
            rounding = 4 * l * U
            assert np.max(np.abs(steps[l].ntk - laws.ntk_offdiagonal(l, C))) < 200 / l**2 + rounding * l + 1e-7
            assert np.max(np.abs(steps[l].nngp_gap / laws.nngp_gap(l, C) - 1)) < 8 / l**3 + rounding + 1e-8 / l
            simple = 1.7 * (l / 4 + 3 * math.log(l) / 8 + 3 * math.pi / 4 * C - 1 / 8)
            assert np.max(np.abs(steps[l].ntk - simple)) < 5 * math.log(l) / l * 1.7
            assert np.max(np.abs(steps[l].ntk_variances[0] / laws.ntk_diagonal(l) - 1)) < (20 + 4 * l) * U

    def test_spectrum_and_predictor_on_images(self):
        data = Images(self.laws, (1000, 4000), q=1.7)
        for kernel in ("ntk", "nngp"):
            before, after = data.misses(1000, kernel=kernel), data.misses(4000, kernel=kernel)
            assert all(np.max(miss) < 1e3 / 4000**2 for miss in after)
            for a, b in zip(before[1:], after[1:], strict=True):
                assert np.max(b) < np.max(a) / 10

    def test_constants(self):
        pi, deep = math.pi, 10**9
        assert abs(self.laws.rho - 1.5) < 1e-15
        C = np.full((12, 12), 0.5)
        assert abs(self.laws.kappa(deep, C) - 5) < 100 * math.log(deep) / deep
        y = np.arange(12) - 5.5
        C = C + 0.1 * np.cos(np.add.outer(np.arange(12), np.arange(12)))
        np.fill_diagonal(C, 0)
        constant = pi * (C[:1] @ y - np.sum(C @ y) / 15)
        assert abs(deep * self.laws.predictor(deep, C, C[:1], y)[0] / constant[0] - 1) < 1e-6

    def test_in_digits(self):
        laws = nk.asymptotics.of(nk.mean_field(nk.relu, 2, 0, nk.digits(30)), "1.7")
        for name in ("ntk_offdiagonal", "nngp_gap"):
            assert abs(float(getattr(laws, name)(1000, 0.5) / getattr(self.laws, name)(1000, 0.5)) - 1) < 1e-13


def test_many_inputs_have_the_constants_that_each_has_alone():
    """Also those that take longest to settle, beside those that settle first."""
    laws = nk.asymptotics.of(nk.mean_field(nk.relu, "1.5", "0.1"))
    e = np.concatenate([np.geomspace(1e-12, 2, 60), [1e-3]])
    together = laws.coordinate(e)
    for i in (0, 17, 30, 59):
        assert abs(together[i] / laws.coordinate(e[i]) - 1) < 1e-13
    E = TestOrdered.laws.coordinate([1e-200, 1e-8, 0.5])
    assert np.max(np.abs(E[1:] / TestOrdered.laws.coordinate([1e-8, 0.5]) - 1)) < 1e-13
    assert abs(E[0] / (E[1] * 1e-192) - 1) < 1e-7  # E ∝ 1 − c there


@pytest.mark.parametrize(("one_minus_c", "deep"), [("1e-6", 700), ("1e-16", 900), ("1e-30", 1200)])
def test_nearly_equal_inputs_in_chaos(one_minus_c, deep):
    """They take log(1/ε)/log χ₁ layers to part; E against K at a depth where they have, with digits to spare."""
    many = nk.mean_field(nk.erf, *ERF["chaotic"], nk.digits(140))
    k = nk.kernels_of_pair(nk.fcn(deep, nk.erf, *ERF["chaotic"]), many.q_star, one_minus_c, nk.digits(140))
    E = (k.nngp - many.q_star * many.c_star) / many.chi_c ** (deep - 1)
    V = (k.ntk - many.p_ab_star) / many.chi_c**deep - nk.asymptotics.of(many).resonance * E * deep
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, *ERF["chaotic"]))
    e = float(one_minus_c)  # its binary value differs from the decimal by up to u, and E by as much
    assert abs(laws.coordinate(e) / float(E) - 1) < 5e-16 * 10
    assert abs(laws.offset(e) / float(V) - 1) < 1e-13


def test_chaos_without_bias():
    """p_ab* = 0: the top eigenvector is not 1, κ − 1 is all H.  Opposite inputs stay opposite."""
    mf = nk.mean_field(nk.erf, "3", 0)
    laws = nk.asymptotics.of(mf)
    data = Images(laws, (30, 40))
    V = laws.offset(data.e)
    for l in (30, 40):
        s = nk.spectrum(data.at[l][0])
        assert abs((s.kappa - 1) / laws.kappa_minus_1(l, data.E, V) - 1) < 300 * l * mf.chi_c ** (2 * l) + 1e-9
    angle = np.array([[0, 1.5], [1.5, 0]])  # two inputs at 120°, whose K is negative
    k = nk.kernels_of_pair(nk.fcn(30, nk.erf, "3"), mf.q_star, 1.5)
    exact = 2 * abs(k.ntk) / (k.ntk_variances[0] - abs(k.ntk))
    assert abs(laws.kappa_minus_1(30, laws.coordinate(angle), laws.offset(angle)) / exact - 1) < 1e-3
    with pytest.raises(ValueError, match="opposite inputs stay opposite"):
        laws.coordinate(2)


def test_nearly_equal_inputs_on_the_critical_line():
    """C is nearly 1/e of the first layer there."""
    laws = TestCritical.laws
    for e in (1e-4, 1e-8, 1e-12):
        assert abs(laws.coordinate(e) * e * laws.mf.q_star - 1) < 2 * e * (abs(laws.r) * 40 + 10)
