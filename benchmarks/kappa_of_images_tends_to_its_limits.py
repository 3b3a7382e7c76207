"""Figure 1 on the critical line: κ of CNN-F and CNN-P tends to (m+2)/2 and (md+2)/2, at the rate log l/l.

Random images (m, 6, 6, 3), m = 12 and 20, d = 36, erf, σ_b² = 0.18.  `law` is the pooled or flattened law with the
constants of these images; `log term` is (md+2)/2 + (3md/4) ρ log l/l, which leaves m d O(1/l), here k.
"""

import math

import numpy as np
from report import report

import ntkref as nk

DEPTHS = (50, 100, 200, 400)


def main():
    point = nk.critical_point(nk.erf, sigma_b2="0.18")
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, "0.18"))
    rows, passed = [], True
    for m in (12, 20):
        images = np.random.default_rng(m).standard_normal((m, 6, 6, 3))
        for readout, d in (("flatten", 1), ("pool", 36)):
            net = nk.cnn(max(DEPTHS), nk.erf, point.sigma_w2, "0.18", readout=readout)
            x = nk.normalised(images, net)
            C, _ = nk.asymptotics.constants_of_images(laws, net, x)
            misses = []
            for l in DEPTHS:
                cut = nk.cnn(l, nk.erf, point.sigma_w2, "0.18", readout=readout)
                kappa, limit = nk.spectrum(nk.kernels(cut, x)).kappa, (m * d + 2) / 2
                law = nk.asymptotics.pooled(laws, d).kappa(l, C) if d > 1 else laws.kappa(l, C[..., 0])
                with_log = limit + 3 * m * d / 4 * float(laws.rho) * math.log(l) / l
                misses.append(abs(kappa / law - 1))
                k = (kappa - with_log) * l / (3 * m * d / 4)
                rows.append([m, readout, l, f"{kappa:.5f}", f"{law:.5f}", f"{with_log:.3f}", f"{k:.3f}", f"{limit:g}"])
            far = (laws.kappa(1e6, C[..., 0]) if d == 1 else nk.asymptotics.pooled(laws, d).kappa(1e6, C)) / limit
            passed &= misses[-1] < 1e-4 and misses[-1] < misses[0] / 20 and abs(far - 1) < 1e-3
            rows.append([m, readout, "1e6", "", f"{far * limit:.5f}", "", "", f"{limit:g}"])
    claim = "κ of CNN-F and CNN-P follows its law to the next order, and the law tends to 7, 11, 217, 361"
    report(__file__, claim, ["m", "readout", "l", "κ", "law", "log term", "k", "limit"], rows, passed)


if __name__ == "__main__":
    main()
