"""𝒯 and 𝒯̇ of every activation in float64 within 1e-13, their gaps within 1e-11, against 40 digits by another route.

The truth is `tests/brute_expectations.py`, which shares nothing with the package.  Entries are measured against
√(𝒯₁₁𝒯₂₂), gaps against themselves; where a number is as ill-conditioned as E[exp(u + v)], whose exponent alone is
rounded, against what rounding the inputs does (column "allowed").
"""

import sys
import time
from pathlib import Path

import numpy as np
from report import report

import ntkref as nk
from ntkref.pair import Covariance

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from brute_expectations import expectations

U = 2.0**-53
NAMED = {  # the package's activation: the name under which the truth knows it
    nk.tanh: "tanh",
    nk.sigmoid: "sigmoid",
    nk.softplus: "softplus",
    nk.silu: "silu",
    nk.gelu: "gelu",
    nk.gelu_tanh: "gelu_tanh",
    nk.mish: "mish",
    nk.elu(): "elu",
    nk.selu: "selu",
    nk.erf: "erf",
    nk.relu: "relu",
    nk.leaky_relu("0.01"): ("leaky_relu", "0.01"),
    nk.absolute: "absolute",
    nk.step: "step",
    nk.sign: "sign",
    nk.sin: "sin",
    nk.cos: "cos",
    nk.exp: "exp",
    nk.gaussian: "gaussian",
    nk.rectified_monomial(2): ("rectified_monomial", 2),
    nk.rectified_monomial(3): ("rectified_monomial", 3),
    nk.monomial(3): ("monomial", 3),
    nk.hermite(3): ("hermite", 3),
}
EQUAL = [(q, q) for q in ("0.001", "1", "30", "1000")]
VARIANCES = [*EQUAL, ("1", "1.000001"), ("0.001", "2"), ("7", "1000")]
ANGLES = [("1e-12", None), ("1e-5", None), ("0.2", None), ("1", None), (None, "0.4"), (None, "1e-12")]  # 1 − c, 1 + c


def covariance(q1, q2, one_minus_c, one_plus_c):
    """The carried fields, each the float64 nearest to its exact value."""
    context = nk.digits(60).context
    q1, q2 = context.mpf(q1), context.mpf(q2)
    e = context.mpf(one_minus_c) if one_plus_c is None else 2 - context.mpf(one_plus_c)
    far = 2 - e if one_plus_c is None else context.mpf(one_plus_c)
    r = context.sqrt(q1 * q2)
    norms = (context.sqrt(q1) - context.sqrt(q2)) ** 2
    fields = (q1, q2, r * (1 - e), q1 - q2, norms + 2 * r * e, norms + 2 * r * far, r * context.sqrt(e * far))
    return Covariance(*(np.float64(float(field)) for field in fields))


def errors(activation, name, variances, angle):
    """(worst entry, worst gap, seconds of the truth) of one pair."""
    start = time.perf_counter()
    truth = expectations(name, *variances, *angle)
    seconds = time.perf_counter() - start
    T, Tdot = activation.duals(covariance(*variances, *angle), nk.float64)
    entries, gaps = [], []
    for label, ours in (("T", T), ("Tdot", Tdot)):
        scale = (truth[f"{label}1"] * truth[f"{label}2"]) ** 0.5
        for field, value in ((f"{label}1", ours.x), (f"{label}2", ours.y), (label, ours.xy)):
            relative_to = truth[field] if field != label else scale
            entries.append(abs(float(value) - truth[field]) / relative_to if relative_to else abs(float(value)))
        gap = truth["gap" if label == "T" else "Tdot_gap"]
        gaps.append(abs(float(ours.gap) - gap) / gap if gap else abs(float(ours.gap)))
    return float(max(entries)), float(max(gaps)), seconds


def main():
    rows, passed = [], True
    chosen = [a for a in NAMED if not sys.argv[1:] or any(a.name.startswith(word) for word in sys.argv[1:])]
    for activation in chosen:
        for variances in VARIANCES:
            if max(map(float, variances)) > activation.largest:
                rows.append([activation, *variances, "–", "–", "overflows float64", "raises"])
                continue
            # E[exp(u + v)] moves by q u when q is rounded; for the others the condition number is of order 1.
            condition = max(map(float, variances)) if activation is nk.exp else 0
            allowed = max(1e-13, 8 * U * condition)
            measured = [(*errors(activation, NAMED[activation], variances, angle), angle) for angle in ANGLES]
            entry, gap = max(m[0] for m in measured), max(m[1] for m in measured)
            good = entry <= allowed and gap <= 1e-11
            passed &= good
            found = [f"{entry:.1e}", f"{gap:.1e}", f"{allowed:.0e}", "yes" if good else "NO"]
            rows.append([activation, *variances, *found])
            print(*rows[-1], f"{max(m[2] for m in measured):.1f} s", flush=True)
    claim = "𝒯 and 𝒯̇ of every activation within 1e-13, their gaps within 1e-11; 1 − |c| from 1 down to 1e-12"
    report(__file__, claim, ["φ", "q₁", "q₂", "worst entry", "worst gap", "allowed", "holds"], rows, passed)


if __name__ == "__main__":
    main()
