"""CNN-F (l ≤ 1000) and CNN-P (l ≤ 300): float64 entries and gaps within (20 + 4 l) u, times what pools cancel.

Normalised images of four pixels: two independent ones, the first moved by 1e-8 and by 0.1, its opposite and its equal.
Entries are relative to the mean over pixels of the variances, gaps relative to themselves.  `cancelled` is the largest
`Kernels.blur`: pools of independent pixels agree to some digits by chance, and those are lost; pools of nearly equal
images are not among them.  The truth is digits(40).
"""

import numpy as np
from report import report

import ntkref as nk

U = 2.0**-53
DEPTHS = {"flatten": (1, 3, 10, 100, 300, 1000), "pool": (1, 3, 10, 100, 300)}
FIELDS = ("nngp", "ntk", "nngp_gap", "ntk_gap")
POINTS = [
    ("ordered", nk.erf, "1.0", "0.18", None),
    ("critical", nk.erf, "1.7476037497677033", "0.18", None),
    ("chaotic", nk.erf, "3", "0.18", None),
    ("critical", nk.relu, "2", "0", 1.0),
]
NEAR = (0, 2)  # the first image and the one 1e-8 away


def images(net, q):
    rng = np.random.default_rng(5)
    one, other, by, far = rng.standard_normal((4, 4, 3))
    return nk.normalised(np.stack([one, other, one + 1e-8 * by, one + 0.1 * far, -one, one]), net, q=q)


def share(k, exact, field, roots):
    """The largest error as a share of what is promised, and that of the gap of nearly equal images."""
    ours, true = np.asarray(getattr(k, field)), getattr(exact, field)
    scale, promise = roots[field.removesuffix("_gap")], (20 + 4 * k.depth) * U
    if field.endswith("gap"):
        scale, promise = np.abs(true), k.relative_error(field.removesuffix("_gap"))
    error = np.abs(ours - true) / np.where(scale == 0, scale + 1, scale)
    shares = error.astype(float) / promise
    return np.max(shares), shares[NEAR]


def main():
    rows, passed = [], True
    for phase, phi, sw2, sb2, q in POINTS:
        roots = {}
        for readout in ("flatten", "pool"):
            net = nk.cnn(max(DEPTHS[readout]), phi, sw2, sb2, readout=readout)
            x = images(net, q)
            floats, exact = nk.kernels_by_depth(net, x), nk.kernels_by_depth(net, x, numbers=nk.digits(40))
            for (l, k), (_, true) in zip(floats, exact, strict=True):
                if l not in DEPTHS[readout]:
                    continue
                if readout == "flatten":
                    diagonals = {name: np.sqrt(np.diag(getattr(true, name)).astype(float)) for name in FIELDS[:2]}
                    roots[l] = {name: np.outer(v, v) for name, v in diagonals.items()}
                shares, near = zip(*(share(k, true, field, roots[l]) for field in FIELDS), strict=True)
                blur = 1.0 if k.blur is None else max(float(np.max(b)) for b in k.blur[:2])
                passed &= max(shares) <= 1
                row = [phase, phi, readout, l, *(f"{s:.2f}" for s in shares), f"{max(near[2:]):.2f}", f"{blur:.1f}"]
                rows.append(row)
                print(row, flush=True)
    worst = max(float(s) for row in rows for s in row[4:8])
    claim = f"float64 kernels of images stay within their promise; the largest share of it used is {worst:.2f}"
    header = ["phase", "φ", "readout", "l", *FIELDS, "gaps at 1e-8", "cancelled"]
    report(__file__, claim, header, rows, passed)


if __name__ == "__main__":
    main()
