"""κ and P(Θ) y of CNN-F and CNN-P in float64, against plain linear algebra on entries with digits to spare."""

import numpy as np
import pytest

import ntkref as nk

POINTS = {
    "ordered": (nk.erf, "1.0", "0.18", None),
    "critical": (nk.erf, "1.7476037497677033", "0.18", None),
    "chaotic": (nk.erf, "3", "0.18", None),
    "relu": (nk.relu, "2", "0", 1.0),
}
DEPTH, TRAIN = 40, 4


@pytest.mark.parametrize("readout", ["flatten", "pool"])
@pytest.mark.parametrize("phase", POINTS)
def test_nine_digits(phase, readout):
    """1e-9, where kappa is from 3 to 1e11 at this depth; benchmarks go deeper."""
    phi, sw2, sb2, q = POINTS[phase]
    net = nk.cnn(DEPTH, phi, sw2, sb2, readout=readout)
    x = nk.normalised(np.random.default_rng(11).standard_normal((TRAIN + 2, 4, 3)), net, q=q)
    y = np.array([1.0, -2.0, 0.5, 0.5])
    k, cross = nk.kernels(net, x[:TRAIN]), nk.kernels(net, x[TRAIN:], x[:TRAIN])
    kappa, prediction = nk.spectrum(k).kappa, nk.mean_predictor(k, cross, y)

    numbers = nk.digits(50)
    theta, theta_cross = (
        nk.kernels(net, x[:TRAIN], numbers=numbers),
        nk.kernels(net, x[TRAIN:], x[:TRAIN], numbers=numbers),
    )
    context = numbers.context
    matrix = context.matrix(theta.ntk.tolist())
    values = sorted(context.eigsy(matrix, eigvals_only=True))
    P = np.array((context.matrix(theta_cross.ntk.tolist()) * matrix**-1).tolist(), dtype=object)
    assert abs(float(kappa / (values[-1] / values[0]) - 1)) < 1e-9
    scale = (np.abs(P) @ np.abs(y)).astype(float)
    assert np.max(np.abs((P @ y).astype(float) - prediction) / scale) < 1e-9


@pytest.mark.parametrize(("readout", "ratio"), [("flatten", 1), ("pool", 4)])
def test_kappa_counts_pixels_on_the_critical_line(readout, ratio):
    """(md + 2)/2, d = 1 for CNN-F: the law with its constants leaves m² d² log l/l³, here below 1e-3 of kappa."""
    phi, _, sb2, _ = POINTS["critical"]
    point = nk.critical_point(phi, sigma_b2=sb2)
    net = nk.cnn(600, phi, point.sigma_w2, sb2, readout=readout)
    x = nk.normalised(np.random.default_rng(3).standard_normal((3, 4, 3)), net)
    laws = nk.asymptotics.of(nk.mean_field(phi, point.sigma_w2, sb2))
    C, _ = nk.asymptotics.constants_of_images(laws, net, x)
    law = nk.asymptotics.pooled(laws, 4).kappa(600, C) if readout == "pool" else laws.kappa(600, C[..., 0])
    kappa = nk.spectrum(nk.kernels(net, x)).kappa
    assert abs(kappa / law - 1) < 1e-3
    limit = (3 * ratio + 2) / 2
    assert abs(kappa / limit - 1) < 0.2  # the limit itself is far off still: 3 m d rho log l/(4 l)
