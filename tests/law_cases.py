"""Inputs, images and their kernels beside what the laws of large depth say, for the tests of those laws."""

import math
from functools import cache

import numpy as np

import ntkref as nk

U = 2.0**-53
ORDERED, CHAOTIC = ("1.0", "0.18"), ("3.0", "0.18")
POINT = nk.critical_point(nk.erf, sigma_b2="0.18")
CRITICAL = (POINT.sigma_w2, POINT.sigma_b2)
Y = np.stack([[-1.0, 0.0, 1.0], np.ones(3), [2.0, -1.0, 5.0]], axis=1)  # mean 0, constant, both


def images(seed, shape, laws, channels=2):
    """Random images whose pixels all have K⁽¹⁾ = q*."""
    x = np.random.default_rng(seed).normal(size=(*shape, channels))
    square = (laws.nngp_diagonal - float(laws.mf.sigma_b2)) / float(laws.mf.sigma_w2)
    return x * np.sqrt(square / np.mean(x**2, axis=-1, keepdims=True))


def misses(laws, l, pair, data, kernel="ntk"):
    """Errors of λ_max, λ_bulk, κ (relative) and P y: what the law says against the kernels' matrices."""
    (k, cross), (E, E_test, offset, offset_test) = pair, data
    if kernel == "nngp":
        offset = offset_test = 0
    s = nk.spectrum(k, kernel)
    predicted = laws.predictor(l, E, E_test, Y, offset, offset_test, kernel)
    return (
        abs(laws.lambda_max(l, E, offset, kernel) / s.lambda_max - 1),
        np.max(np.abs(laws.lambda_bulk(l, E, offset, kernel) / s.lambda_bulk - 1)),
        abs(laws.kappa(l, E, offset, kernel) / s.kappa - 1),
        np.max(np.abs(predicted - nk.mean_predictor(k, cross, Y, kernel))),
    )


class Cnn:
    """Three training and two test images, their constants, and both readouts' kernels by depth."""

    def __init__(self, phi, variances, depth, shape, filter_variance=None):
        self.laws = nk.asymptotics.of(nk.mean_field(phi, *variances))
        self.d = math.prod(shape)
        self.x = images(1, (5, *shape), self.laws)
        conv = nk.Conv(*variances, filter_variance=filter_variance)
        readouts = {"flatten": nk.Flatten(), "pool": nk.GlobalAvgPool()}
        self.nets = {
            name: nk.Network([*(conv, phi) * (depth - 1), readout, nk.Dense(*variances)])
            for name, readout in readouts.items()
        }
        net = self.nets["pool"]
        E, offset = nk.asymptotics.constants_of_images(self.laws, net, self.x[:3])
        E_test, offset_test = nk.asymptotics.constants_of_images(self.laws, net, self.x[3:], self.x[:3])
        self.data = E, E_test, offset, offset_test
        self.of = {"flatten": self.laws, "pool": nk.asymptotics.pooled(self.laws, self.d)}

    @cache  # noqa: B019 - five objects, as long as the tests
    def kernels(self, readout):
        """{l: (Gram, test × training)} of three training images and the others."""
        net = self.nets[readout]
        train, test = nk.kernels_by_depth(net, self.x[:3]), nk.kernels_by_depth(net, self.x[3:], self.x[:3])
        return {l: (k, cross) for (l, k), (_, cross) in zip(train, test, strict=True)}

    def constants(self, readout):
        return self.data if readout == "pool" else tuple(v[..., 0] for v in self.data)
