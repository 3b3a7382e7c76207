"""Networks of every layer kind, small enough to be sampled often."""

import numpy as np

import ntkref as nk

__all__ = ["NETWORKS", "conv", "dense", "inputs"]

VECTORS, LINE, IMAGE = (5,), (5, 2), (4, 3, 2)  # shapes of one input
UNEQUAL = (("1/9", 0, "2/9"), ("1/9", "1/3", 0), (0, "1/9", "1/9"))


def dense(sigma_w2="1.5", sigma_b2="0.2"):
    return nk.Dense(sigma_w2, sigma_b2)


def conv(**how):
    return nk.Conv("1.5", "0.2", **how)


NETWORKS = {
    # vectors
    "fcn erf": (nk.fcn(3, nk.erf, "1.5", "0.2"), VECTORS),
    "fcn relu": (nk.fcn(3, nk.relu, 2), VECTORS),
    "fcn tanh": (nk.fcn(2, nk.tanh, "1.5", "0.2"), VECTORS),
    "dropout": (nk.Network([dense(), nk.erf, dense(), nk.erf, nk.Dropout("0.7"), dense()]), VECTORS),
    "dropout twice": (
        nk.Network([dense(), nk.relu, nk.Dropout("0.6"), dense(), nk.erf, nk.Dropout("0.8"), dense()]),
        VECTORS,
    ),
    "skip erf": (nk.resnet(3, nk.erf, "1.5", "0.2"), VECTORS),
    "skip relu": (nk.Network([dense(), nk.Residual([nk.relu, dense()]), nk.relu, dense()]), VECTORS),
    "skip of features": (nk.Network([dense(), nk.relu, nk.Residual([dense(), nk.relu]), dense()]), VECTORS),
    "skip with dropout": (nk.Network([dense(), nk.Residual([nk.relu, nk.Dropout("0.7"), dense()])]), VECTORS),
    "skip in skip": (
        nk.Network([dense(), nk.Residual([nk.erf, dense(), nk.Residual([nk.relu, dense("0.5")])])]),
        VECTORS,
    ),
    "pre-LN": (nk.resnet(3, nk.relu, 2, layer_norm="pre"), VECTORS),
    "post-LN": (nk.resnet(3, nk.relu, 2, layer_norm="post"), VECTORS),
    "LN and readout": (
        nk.Network([dense(), nk.LayerNorm(), nk.erf, dense(), nk.LayerNorm(), nk.relu, dense()]),
        VECTORS,
    ),
    # images
    "flatten": (nk.cnn(3, nk.erf, "1.5", "0.2"), IMAGE),
    "pool": (nk.cnn(3, nk.erf, "1.5", "0.2", readout="pool"), IMAGE),
    "flatten same": (nk.cnn(3, nk.relu, 2, padding="same"), IMAGE),
    "pool same line": (nk.cnn(3, nk.relu, 2, padding="same", readout="pool"), LINE),
    "flatten line": (nk.cnn(3, nk.erf, "1.5", "0.2"), LINE),
    "valid": (nk.Network([conv(filter_size=2, padding="valid"), nk.erf, nk.GlobalAvgPool(), dense()]), IMAGE),
    "valid with strides": (
        nk.Network([conv(filter_size=(3, 2), stride=(1, 2), padding="valid"), nk.relu, nk.Flatten(), dense()]),
        (5, 4, 2),
    ),
    "strides": (
        nk.Network([conv(stride=2), nk.erf, conv(stride=(1, 2), padding="same"), nk.relu, nk.Flatten(), dense()]),
        (4, 5, 1),
    ),
    "unequal filter": (
        nk.Network([conv(filter_variance=UNEQUAL), nk.erf, nk.GlobalAvgPool(), dense()]),
        IMAGE,
    ),
    "unequal same line": (
        nk.Network([conv(filter_variance=("0.5", "0.2", "0.3"), padding="same"), nk.erf, nk.Flatten(), dense()]),
        LINE,
    ),
    "windows": (nk.Network([conv(), nk.erf, nk.AvgPool(2), nk.Flatten(), dense()]), IMAGE),
    "windows of Gaussians": (
        nk.Network([nk.AvgPool((2, 1)), conv(), nk.AvgPool((1, 2)), nk.erf, nk.GlobalAvgPool(), dense()]),
        (5, 4, 1),
    ),
    "skip of images": (nk.Network([conv(), nk.Residual([nk.relu, conv()]), nk.erf, nk.GlobalAvgPool(), dense()]), LINE),
    "LN of pixels": (
        nk.Network([conv(), nk.LayerNorm(), nk.relu, conv(), nk.LayerNorm(), nk.erf, nk.GlobalAvgPool(), dense()]),
        LINE,
    ),
    "dropout of pixels": (
        nk.Network(
            [conv(), nk.erf, nk.Dropout("0.7"), conv(), nk.relu, nk.Dropout("0.8"), nk.GlobalAvgPool(), dense()]
        ),
        LINE,
    ),
    "dropout, flatten": (nk.Network([conv(), nk.relu, nk.Dropout("0.7"), nk.Flatten(), dense()]), IMAGE),
    "no readout": (nk.Network([conv(), nk.erf, conv(), nk.GlobalAvgPool()]), LINE),
    "flatten, then deep": (nk.Network([conv(), nk.erf, nk.Flatten(), dense(), nk.relu, dense()]), LINE),
    "pool, then skip": (
        nk.Network([nk.GlobalAvgPool(), dense(), nk.Residual([nk.erf, dense()]), nk.LayerNorm(), nk.relu, dense()]),
        IMAGE,
    ),
}


def inputs(name, n=2, seed=0):
    return np.random.default_rng([seed, 1]).standard_normal((n, *NETWORKS[name][1]))
