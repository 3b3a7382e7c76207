"""Large-depth laws with dropout on the last hidden activations against the recursion."""

import numpy as np
import pytest
from law_cases import CHAOTIC, CRITICAL, ORDERED, Cnn, U, Y, images, misses

import ntkref as nk


def with_dropout(net, keep):
    """`net` with dropout on its last hidden activations."""
    last = max(i for i, layer in enumerate(net.layers) if isinstance(layer, nk.Activation))
    return nk.Network([*net.layers[: last + 1], nk.Dropout(keep), *net.layers[last + 1 :]])


class Dropout:
    """Five inputs of a fully-connected network, with the kernels of dropout at some depths."""

    def __init__(self, phi, variances, depths, keep="0.9", q=None):
        self.laws = nk.asymptotics.of(nk.mean_field(phi, *variances), q)
        self.dropped = nk.asymptotics.dropped(self.laws, keep)
        x = images(2, (5,), self.laws, channels=7)
        self.at = {}
        for l in depths:
            net = with_dropout(nk.fcn(l, phi, *variances), keep)
            self.at[l] = nk.kernels(net, x[:3]), nk.kernels(net, x[3:], x[:3])
        e, e_test = self.laws.one_minus_c(x[:3]), self.laws.one_minus_c(x[3:], x[:3])
        both = [getattr(self.laws, name, lambda e: 0) for name in ("coordinate", "offset")]
        (self.E, self.W), (self.E_test, self.W_test) = ([f(v) for f in both] for v in (e, e_test))
        self.data = self.E, self.E_test, self.W, self.W_test


class TestDropout:
    def test_order(self):
        """κ* in closed form, P y of mean 0 to 0 as l χ₁ˡ, with its constant."""
        case = Dropout(nk.erf, ORDERED, (30, 60, 200))
        laws, chi, p = case.dropped, case.laws.mf.chi_1, case.laws.mf.p_star
        for l in (30, 60, 200):
            for kernel in ("ntk", "nngp"):
                top, bulk, kappa, predicted = misses(laws, l, case.at[l], case.data, kernel)
                assert max(top, bulk, kappa, predicted) < 20 * l**2 * chi ** (2 * l) + 100 * U
                left = abs(nk.spectrum(case.at[l][0], kernel).kappa - laws.kappa_star(3, kernel))
                assert left < 200 * l * chi**l + 1000 * U  # κ* is 30 or 60
        k, cross = case.at[30]
        zero = nk.mean_predictor(k, cross, Y[:, 0])
        says = laws.predictor(30, case.E, case.E_test, Y[:, 0], case.W, case.W_test)
        assert np.max(np.abs(zero / says - 1)) < 20 * 30 * chi**30  # what falls has not been lost in rounding yet
        r, s = laws.ridge(1000), case.laws.s
        A, A_test = -s / chi * case.E, -s / chi * case.E_test  # THEORY.md f, typed in
        limit = (A_test @ Y[:, 0] - p / (r + 3 * p) * np.sum(A @ Y[:, 0])) / r
        deep = laws.predictor(1000, case.E, case.E_test, Y[:, 0]) / (1000 * chi**1000)
        assert np.max(np.abs(deep / limit - 1)) < 1e-12

    def test_kappa_star_typed_in(self):
        """1 + keep m q*/((1 − keep)(q* − (1 − χ₁) σ_b²)), and the example of THEORY.md f."""
        laws = nk.asymptotics.dropped(nk.asymptotics.of(nk.mean_field(nk.erf, *ORDERED, nk.digits(30))), "0.9")
        mf = laws.mf
        typed = 1 + mf.numbers.convert(nk.Dropout("0.9").keep) * 6 * mf.q_star / (
            mf.numbers.convert(nk.Dropout("0.1").keep) * (mf.q_star - (1 - mf.chi_1) * mf.numbers.convert(mf.sigma_b2))
        )
        assert abs(laws.kappa_star(6) / typed - 1) < 1e-28
        assert f"{float(laws.kappa_star(6)):.13f}" == "60.6687371282556"
        assert abs(laws.ntk_diagonal(50) - laws.laws.ntk_diagonal(50) - laws.ridge(50)) < 1e-28

    def test_ordered_relu(self):
        case = Dropout(nk.relu, ("1.5", "0.1"), (100, 150), keep="0.5")
        for l in (100, 150):
            for kernel in ("ntk", "nngp"):
                room = 20 * l * case.laws.mf.chi_1**l + 100 * U  # entries leave l χ₁ˡ, and the ridge is of order 1
                assert max(misses(case.dropped, l, case.at[l], case.data, kernel)) < room
        assert abs(nk.spectrum(case.at[150][0]).kappa / case.dropped.kappa_star(3) - 1) < 1e-6

    @pytest.mark.parametrize(("phi", "variances", "q", "own"), [(nk.erf, CRITICAL, None, 3), (nk.relu, (2, 0), 1, 4)])
    def test_criticality(self, phi, variances, q, own):
        """κ* = 1 + keep m/(3 − keep), ReLU 4 − keep: both without a parameter; all leaves what it left."""
        case = Dropout(phi, variances, (250, 1000), q=q)
        before, after = (misses(case.dropped, l, case.at[l], case.data) for l in (250, 1000))
        assert all(b < 3e2 / 1000**2 for b in after)
        assert all(b < a / 10 for a, b in zip(before, after, strict=True))
        assert max(misses(case.dropped, 1000, case.at[1000], case.data, "nngp")) < 1e-8
        star = case.dropped.kappa_star(3)
        assert abs(star - (1 + 0.9 * 3 / (own - 0.9))) < 1e-14
        C = np.full((3, 3), 0.5)
        assert abs(case.dropped.kappa(1e9, C) - star) < 1e-6
        nngp = [1 - nk.spectrum(case.at[l][0], "nngp").kappa / case.dropped.kappa_star(3, "nngp") for l in (250, 1000)]
        order = 4 if phi == nk.erf else 16  # q − q_ab falls as 1/l, ReLU's as 1/l²
        assert 0.75 * order < nngp[0] / nngp[1] < order

    def test_chaos(self):
        """κ still tends to 1, as χ₁^(−l)."""
        case = Dropout(nk.erf, CHAOTIC, (30, 60))
        mf = case.laws.mf
        assert case.dropped.kappa_star(3) == 1
        for l in (30, 60):
            room = 200 * l * mf.chi_c ** (2 * l)
            assert max(misses(case.dropped, l, case.at[l], case.data)) < room / case.laws.ntk_diagonal(l) + 100 * U
            assert max(misses(case.dropped, l, case.at[l], case.data, "nngp")) < room + 100 * U
        alone = case.laws.ntk_diagonal(250) - mf.p_ab_star + case.dropped.ridge(250)
        assert abs(case.dropped.kappa_minus_1(250, case.E) / (3 * mf.p_ab_star / alone) - 1) < 1e-12
        assert abs(case.dropped.kappa_star(3, "nngp") / case.dropped.kappa(250, case.E, kernel="nngp") - 1) < 1e-12

    def test_before_the_pooling(self):
        """A CNN-P's ridge is r/d: masks are shared by a pixel and itself only."""
        cnn, keep, l = Cnn(nk.erf, ORDERED, 2, (4,)), "0.8", 60
        net = with_dropout(nk.cnn(l, nk.erf, *ORDERED, readout="pool"), keep)
        pair = nk.kernels(net, cnn.x[:3]), nk.kernels(net, cnn.x[3:], cnn.x[:3])
        laws = nk.asymptotics.pooled(nk.asymptotics.dropped(cnn.laws, keep), cnn.d)
        for kernel in ("ntk", "nngp"):
            assert max(misses(laws, l, pair, cnn.data, kernel)) < 20 * l**2 * cnn.laws.mf.chi_1 ** (2 * l) + 1000 * U
        without = nk.asymptotics.pooled(nk.asymptotics.dropped(cnn.laws, 1), cnn.d)
        E, _, W, _ = cnn.data
        assert without.kappa(l, E, W) == cnn.of["pool"].kappa(l, E, W)


SMALL = nk.asymptotics.of(nk.mean_field(nk.erf, *ORDERED))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nk.asymptotics.dropped(SMALL, 0), ValueError, "keep is the probability"),
        (lambda: nk.asymptotics.dropped(nk.asymptotics.pooled(SMALL, 4), "0.5"), TypeError, "laws must be what"),
        (lambda: nk.asymptotics.dropped(SMALL, 1).kappa_star(5), ValueError, "grows without bound"),
        (lambda: nk.asymptotics.dropped(SMALL, "0.5").kappa_star(5, "ntks"), ValueError, "kernel must be"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
