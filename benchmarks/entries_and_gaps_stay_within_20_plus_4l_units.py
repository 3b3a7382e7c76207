"""Entries and gaps of K and Θ in float64 are within (20 + 4 l) u of the truth, l ≤ 1000, all phases, all pairs.

The truth is digits(40) from the same hyperparameters and the same first-layer variance.
"""

import numpy as np
from report import report

import ntkref as nk
from ntkref.recursion import pairs_by_depth

U = 2.0**-53
DEPTHS = (1, 2, 3, 10, 30, 100, 300, 1000)
PAIRS = [0.0, 1e-16, 1e-12, 1e-8, 1e-4, 0.1, 0.3, 0.7, 1.0, 1.3, 1.9, 2 - 1e-8, 2.0]  # 1 − c
POINTS = [
    (nk.erf, "1.0", "0.18", None),
    (nk.erf, "1.5", "0.05", None),
    (nk.erf, "1.7476037497677033", "0.18", None),
    (nk.erf, "0.8", "0.00000117", None),
    (nk.erf, "1.76", "0.18", None),
    (nk.erf, "3", "0.18", None),
    (nk.erf, "3", "0", None),
    (nk.relu, "2", "0", 1.0),
    (nk.relu, "1.5", "0.1", None),
    (nk.relu, "3", "0", 1.0),
]
FIELDS = ("nngp", "ntk", "nngp_gap", "ntk_gap")


def errors(k, exact):
    """Largest relative errors in u of each field; entries with terms of both signs relative to the diagonal."""
    signed = np.array(PAIRS) > 1
    for name in FIELDS:
        ours, true = getattr(k, name), getattr(exact, name)
        scale = np.abs(true)
        if not name.endswith("gap"):
            diagonal = (exact.nngp_variances if name == "nngp" else exact.ntk_variances)[0]
            scale = np.where(signed, diagonal, scale)
        misses = np.abs(ours - true)
        yield max(float(m / s) / U if s else float(m != 0) for m, s in zip(misses, scale, strict=True))


def main():
    rows, passed = [], True
    for activation, sw2, sb2, q in POINTS:
        net = nk.fcn(max(DEPTHS), activation, sw2, sb2)
        q = nk.mean_field(activation, sw2, sb2).q_star if q is None else q
        q = [q] * len(PAIRS)
        for (l, k), (_, exact) in zip(
            pairs_by_depth(net, q, PAIRS), pairs_by_depth(net, q, PAIRS, nk.digits(40)), strict=True
        ):
            if l in DEPTHS:
                worst = list(errors(k, exact))
                passed &= max(worst) <= 20 + 4 * l
                share = max(worst) / (20 + 4 * l)
                rows.append([activation, sw2, sb2, l, *(f"{w:.1f}" for w in worst), 20 + 4 * l, f"{share:.2f}"])
    worst = max(float(row[-1]) for row in rows)
    claim = f"float64 stays within (20 + 4 l) u; the largest share of that used is {worst:.2f}"
    header = ["φ", "σ_w²", "σ_b²", "l", *(f"{name} (u)" for name in FIELDS), "20 + 4 l", "share"]
    report(__file__, claim, header, rows, passed)


if __name__ == "__main__":
    main()
