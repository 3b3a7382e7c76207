"""Large-depth laws of convolutional networks against the recursion."""

import math

import numpy as np
import pytest
from law_cases import CHAOTIC, CRITICAL, ORDERED, Cnn, U, Y, images, misses

import ntkref as nk
from ntkref.claims.measures import straightness

SKEW = ("1/2", "1/3", "1/6")


class TestOrderedCnn:
    cnn = Cnn(nk.erf, ORDERED, 100, (5,))

    @pytest.mark.parametrize("readout", ["flatten", "pool"])
    def test_spectrum_and_predictor(self, readout):
        """What is left falls as l χ₁ˡ, for K as χ₁ˡ, down to rounding."""
        laws, chi = self.cnn.of[readout], self.cnn.laws.mf.chi_1
        at = self.cnn.kernels(readout)
        for l in (30, 50, 100):
            for kernel, factor in (("ntk", l), ("nngp", 1)):
                room = 50 * factor * chi**l + 10 * l * U  # the constants are of order 1, κ of their matrix is 4
                assert max(misses(laws, l, at[l], self.cnn.constants(readout), kernel)) < room

    def test_it_is_kriging_with_the_half_gaps_of_the_pooled_constants(self):
        """Eq. 16 typed in, with a diagonal: A = −Ē; P y does not know p*, or ½ (Ē_aa + Ē_bb)."""
        E, E_test, *_ = self.cnn.data
        A, A_test, ones = -E.mean(axis=2), -E_test.mean(axis=2), np.ones(3)
        assert np.min(np.diag(-A)) > 0.01
        solved, weight = np.linalg.solve(A, Y), np.linalg.solve(A, ones)
        limit = A_test @ solved + np.outer(1 - A_test @ weight, ones @ solved / (ones @ weight))
        law = self.cnn.of["pool"].predictor(1000, E, E_test, Y)
        assert np.max(np.abs(law - limit)) < 1e-12
        half = np.diag(E.mean(axis=2)) / 2
        half_gaps = E.mean(axis=2) - half[:, None] - half
        hollow = self.cnn.laws.predictor(1000, half_gaps, E_test.mean(axis=2) - half, Y)
        assert np.max(np.abs(hollow - limit)) < 1e-12

    def test_the_diagonal_of_the_pooled_constants(self):
        """λ_max's own term: 1ᵀw̄1/m with w̄_aa, from the recursion's trace and sum."""
        at, laws = self.cnn.kernels("pool"), self.cnn.of["pool"]
        E, _, W, _ = self.cnn.data
        l = 20  # late enough for the law, early enough for what it says to be seen beside m p*
        said = 3 * self.cnn.laws.ntk_diagonal(l) - laws.lambda_max(l, E, W)
        assert said > 1e-3
        assert abs((3 * self.cnn.laws.ntk_diagonal(l) - nk.spectrum(at[l][0]).lambda_max) / said - 1) < 0.02


def test_constants_of_a_skew_filter_and_of_rectangles():
    """A filter that prefers one side, and 2 × 3 pixels; E of x, x' at o is E of x', x at −o."""
    skew = Cnn(nk.erf, ORDERED, 60, (4,), SKEW)
    for readout in ("flatten", "pool"):
        at = skew.kernels(readout)
        assert max(misses(skew.of[readout], 60, at[60], skew.constants(readout))) < 50 * 60 * skew.laws.mf.chi_1**60
    flat = Cnn(nk.erf, ORDERED, 60, (2, 3))
    at = flat.kernels("pool")
    assert max(misses(flat.of["pool"], 60, at[60], flat.data)) < 50 * 60 * flat.laws.mf.chi_1**60
    E, _, W, _ = flat.data
    back = [0, 2, 1, 3, 5, 4]  # −o of the offsets (0,0) (0,1) (0,2) (1,0) …
    for values in (E, W):
        assert np.max(np.abs(values - values.transpose(1, 0, 2)[:, :, back])) < 1e-11
    assert np.all(E[np.arange(3), np.arange(3), 0] == 0)


def test_ordered_relu_cnn():
    """The gap falls as χ₁^(l/2); what is left is smaller by l χ₁^(l/2)."""
    cnn = Cnn(nk.relu, ("1.5", "0.1"), 150, (4,))
    for readout in ("flatten", "pool"):
        at = cnn.kernels(readout)
        for l in (100, 150):
            for kernel in ("ntk", "nngp"):
                room = 20 * l * cnn.laws.mf.chi_1 ** (l / 2) + 100 * l * U
                data = (*cnn.constants(readout)[:2], 0, 0)
                assert max(misses(cnn.of[readout], l, at[l], data, kernel)) < room


class TestChaoticCnn:
    cnn = Cnn(nk.erf, CHAOTIC, 60, (5,))

    @pytest.mark.parametrize("readout", ["flatten", "pool"])
    def test_spectrum_and_predictor(self, readout):
        """Eigenvalues leave m O(l χ_c^(2l)) beside p; κ − 1 and P y, of order 1/p, d/p times that."""
        laws, mf = self.cnn.of[readout], self.cnn.laws.mf
        at, d = self.cnn.kernels(readout), self.cnn.d if readout == "pool" else 1
        for l in (30, 40, 60):
            p, left = self.cnn.laws.ntk_diagonal(l), 100 * l * mf.chi_c ** (2 * l) + 1e-7 * mf.chi_c**l
            top, bulk, kappa, predicted = misses(laws, l, at[l], self.cnn.constants(readout))
            assert max(top, bulk, kappa) < d * left / p + 100 * U
            assert predicted < 5 * d * left / p + 100 * d / p * l * U
            assert max(misses(laws, l, at[l], self.cnn.constants(readout), "nngp")) < 10 * d * left

    def test_in_digits_what_is_left_falls_as_l_chi_squared(self):
        numbers = nk.digits(30)
        laws = nk.asymptotics.of(nk.mean_field(nk.erf, *CHAOTIC, numbers))
        net = nk.cnn(40, nk.erf, *CHAOTIC, readout="pool")
        x = nk.normalised(self.cnn.x[:2, :4], net, numbers=numbers)
        E, V = nk.asymptotics.constants_of_images(laws, net, x)
        assert E.shape == (2, 2, 4)
        left = []
        for l, k in nk.kernels_by_depth(net, x, numbers=numbers):
            if l in (20, 30, 40):
                law = np.mean(laws.ntk_offdiagonal(l, E[0, 1], V[0, 1]))
                left.append((k.ntk[0, 1] - law) / laws.mf.chi_c ** (2 * l))
        assert straightness(left) < 0.05  # a line in l, but for l χ_c^l at l = 20, 2e-2

    def test_leading_terms(self):
        """κ − 1 = m d p_ab*/(p − p_ab*), and P y of mean 0 is d times its matrix over p."""
        laws, mf, l = self.cnn.of["pool"], self.cnn.laws.mf, 250
        E, E_test, *_ = self.cnn.data
        p = self.cnn.laws.ntk_diagonal(l)
        assert abs(laws.kappa_minus_1(l, E) / (15 * mf.p_ab_star / (p - mf.p_ab_star)) - 1) < 1e-12
        one = laws.predictor(l, E, E_test, Y[:, 0])
        R = self.cnn.laws.resonance
        assert np.max(np.abs(one / (5 / p * R * l * mf.chi_c**l * E_test.mean(axis=2) @ Y[:, 0]) - 1)) < 1e-12
        c = mf.c_star
        assert abs(laws.kappa(l, E, kernel="nngp") / (1 + 15 * c / (1 - c)) - 1) < 1e-12


class Pixels:
    """The recursion of all pixel pairs (n, n, h, w, h, w), closed forms and a 3 × 3 filter typed in."""

    def __init__(self, phi, sigma_w2, sigma_b2, x):
        self.phi, self.sw2, self.sb2 = phi, float(sigma_w2), float(sigma_b2)
        self.K = self.sw2 * self.averaged(np.einsum("aijc,bklc->abijkl", x, x) / x.shape[-1]) + self.sb2
        self.Theta = self.K
        self.l, self.q = 1, self.K[0, 0, 0, 0, 0, 0]
        n, (h, w) = np.arange(len(x)), x.shape[1:3]
        n, i, j = np.meshgrid(n, np.arange(h), np.arange(w), indexing="ij")
        self.selves = n, n, i, j, i, j

    @staticmethod
    def averaged(S):
        shifts = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        return sum(np.roll(S, (a, b, a, b), (2, 3, 4, 5)) for a, b in shifts) / 9

    def step(self):
        q, K = self.q, np.minimum(self.K, self.q)
        K[self.selves] = q  # ReLU's angle would be the root of its rounding
        if self.phi == nk.erf:
            T = 2 / np.pi * np.arcsin(2 * K / (1 + 2 * q))
            Tdot = 4 / np.pi / np.sqrt((1 + 2 * q) ** 2 - 4 * K**2)
        else:
            angle = 2 * np.arctan2(np.sqrt(q - K), np.sqrt(q + K))
            T = q * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
            Tdot = (np.pi - angle) / (2 * np.pi)
        self.K = self.sw2 * self.averaged(T) + self.sb2
        self.Theta = self.K + self.sw2 * self.averaged(Tdot * self.Theta)
        self.l += 1

    def matrices(self, readout):
        """K and Θ as plain matrices."""
        if readout == "pool":
            return [S.mean(axis=(2, 3, 4, 5)) for S in (self.K, self.Theta)]
        return [np.einsum("abijij->ab", S) / math.prod(S.shape[2:4]) for S in (self.K, self.Theta)]


@pytest.mark.parametrize(("phi", "variances", "q"), [(nk.erf, CRITICAL, None), (nk.relu, (2, 0), 1)])
def test_critical_cnn(phi, variances, q):
    """What is left of κ, and of P y, falls as log l/l³ (ReLU 1/l³), between l = 500 and 2000."""
    laws = nk.asymptotics.of(nk.mean_field(phi, *variances), q)
    x = images(4, (5, 3, 4), laws, channels=3)
    net = nk.cnn(3, phi, *variances, readout="pool")
    C, none = nk.asymptotics.constants_of_images(laws, net, x[:3])
    C_test, _ = nk.asymptotics.constants_of_images(laws, net, x[3:], x[:3])
    assert not np.any(none)
    recursion, left = Pixels(phi, *variances, x), {}
    first = nk.kernels(nk.cnn(1, phi, *variances, readout="pool"), x).ntk
    assert np.max(np.abs(recursion.matrices("pool")[1] / first - 1)) < 1e-12
    while recursion.l < 2000:
        recursion.step()
        if recursion.l not in (500, 2000):
            continue
        for readout, law, cut in (("flatten", laws, 0), ("pool", nk.asymptotics.pooled(laws, 12), slice(None))):
            for kernel, M in zip(("nngp", "ntk"), recursion.matrices(readout), strict=True):
                E, E_test, l = C[..., cut], C_test[..., cut], recursion.l
                values = np.linalg.eigvalsh(M[:3, :3])[::-1]
                P = M[3:, :3] @ np.linalg.solve(M[:3, :3], Y)
                left[readout, kernel, l] = (
                    abs(law.lambda_max(l, E, kernel=kernel) / values[0] - 1),
                    np.max(np.abs(law.lambda_bulk(l, E, kernel=kernel) / values[1:] - 1)),
                    abs(law.kappa(l, E, kernel=kernel) / (values[0] / values[-1]) - 1),
                    np.max(np.abs(law.predictor(l, E, E_test, Y, kernel=kernel) - P)),
                )
    for (readout, kernel, l), after in left.items():
        if l == 2000:
            assert max(after) < 3e3 / 2000**3 * 12  # m d, constants of order 1 in units of 1/α
            if kernel == "ntk":
                for a, b in zip(left[readout, kernel, 500], after, strict=True):
                    assert b < a / 30  # a factor 64, but for log l


def test_critical_leading_constants():
    """κ → (md + 2)/2 + (3md/4) ρ log l/l, ReLU (md + 3)/3 + (2md/3) log l/l; d-fold constants of P y."""
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, *CRITICAL))
    relu = nk.asymptotics.of(nk.mean_field(nk.relu, 2, 0), 1)
    rng = np.random.default_rng(3)
    C = rng.uniform(0, 1, (12, 12, 36))
    C, C_test = C + C.transpose(1, 0, 2), rng.uniform(0, 2, (2, 12, 36))
    y = np.arange(12) - 5.5
    for law, limit, slope, scale, alone in (
        (laws, 217, 3 * 432 / 4 * laws.rho, 1 / (2 * laws.alpha), 2),
        (relu, 145, 2 * 432 / 3, math.pi, 3),
    ):
        cnn = nk.asymptotics.pooled(law, 36)
        near, far = (l * (cnn.kappa(l, C) - limit) for l in (1e8, 1e12))
        assert abs((far - near) / (slope * math.log(1e4)) - 1) < 1e-3  # the constant drops out; cancellation at 1e12
        masked = C.copy()
        masked[np.arange(12), np.arange(12), 0] = 0
        mean, mean_test = masked.mean(axis=2), C_test.mean(axis=2)
        expected = 36 * scale * (mean_test @ y - 36 * np.sum(mean @ y) / (432 + alone))
        deep = 10**10
        assert np.max(np.abs(deep * cnn.predictor(deep, C, C_test, y) / expected - 1)) < 1e-5
        assert abs(law.kappa(deep, C[..., 0]) - (12 + alone) / alone) < 1e-6


SMALL = nk.asymptotics.of(nk.mean_field(nk.erf, *ORDERED))
X = images(0, (3, 4), SMALL)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nk.asymptotics.pooled("laws", 4), TypeError, "laws must be what"),
        (lambda: nk.asymptotics.pooled(SMALL, 0), ValueError, "pixels must be >= 1"),
        (lambda: nk.asymptotics.pooled(SMALL, 4).kappa(50, np.ones((3, 3))), ValueError, r"E must be \(images, im"),
        (lambda: nk.asymptotics.pooled(SMALL, 4).kappa(50, np.ones((3, 2, 4))), ValueError, r"E must be \(m, m, 4\)"),
        (lambda: found(nk.cnn(3, nk.erf, *ORDERED, filter_size=1)), ValueError, "does not average"),
        (lambda: found(nk.cnn(3, nk.erf, *ORDERED, padding="same")), ValueError, "circular convolutions of stride 1"),
        (lambda: found(nk.cnn(3, nk.erf, *CHAOTIC)), ValueError, "must have the same variances"),
        (lambda: found(nk.fcn(3, nk.erf, *ORDERED)), ValueError, "must repeat one convolution, got 0"),
        (lambda: found(nk.cnn(3, nk.erf, *ORDERED), 2 * X), ValueError, "every pixel must have"),
        (lambda: found(nk.cnn(3, nk.erf, *ORDERED), X[0]), ValueError, "must be images"),
        (lambda: found(nk.cnn(3, nk.erf, *ORDERED), X, X[:, :3]), ValueError, "must be images of one shape"),
        (lambda: found("net"), TypeError, "net must be a Network"),
        (lambda: alike(nk.erf, CHAOTIC), ValueError, "an image of equal pixels"),
        (lambda: alike(nk.relu, (2, 0), 1), ValueError, "an image of equal pixels"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def found(net, *x):
    return nk.asymptotics.constants_of_images(SMALL, net, *(x or (X,)))


def alike(phi, variances, q=None):
    laws = nk.asymptotics.of(nk.mean_field(phi, *variances), q)
    x = images(0, (2, 1), laws).repeat(4, axis=1)
    return nk.asymptotics.constants_of_images(laws, nk.cnn(3, phi, *variances), x)
