"""CNN-P of 100 images of 8×8×3 at depth 10 in float64: at most 400 MB in all, for 41 million pairs of pixels a layer.

Time is given as a ratio to the flattened network's on the same images.  Accuracy: three of the images in digits(30).
"""

import resource
import time

import numpy as np
from report import report

import ntkref as nk

M, DEPTH = 100, 10


def timed(readout, images, repeats):
    net = nk.cnn(DEPTH, nk.erf, "1.5", "0.1", readout=readout)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        k = nk.kernels(net, images)
        seconds.append(time.perf_counter() - start)
    return net, k, float(np.median(seconds))


def main():
    images = np.random.default_rng(8).standard_normal((M, 8, 8, 3))
    _, _, flat = timed("flatten", images, 3)
    net, k, pooled = timed("pool", images, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    exact = nk.kernels(net, images[:2], numbers=nk.digits(30))
    error = max(
        float(np.max(np.abs(k.ntk[:2, :2] / exact.ntk - 1))), float(abs(k.ntk_gap[0, 1] / exact.ntk_gap[0, 1] - 1))
    )
    blur = max(float(np.max(b)) for b in k.blur[:2])
    rows = [
        ["peak memory of the process, Python and libraries included", f"{peak:.0f} MB", "400 MB"],
        ["time of CNN-P over that of CNN-F", f"{pooled / flat:.0f} ({pooled:.0f} s)", "64 pixel pairs for one"],
        ["relative error of two images' Θ and its gap", f"{error:.1e}", "(20 + 4 l) u times what the pool cancels"],
        ["most that a pool cancels", f"{blur:.0f}", ""],
    ]
    report(
        __file__,
        f"CNN-P of 100 images of 8×8×3, depth 10, fits {peak:.0f} MB",
        ["what", "measured", "allowed"],
        rows,
        peak < 400 and error < (20 + 4 * DEPTH) * 2.0**-53 * blur,
    )


if __name__ == "__main__":
    main()
