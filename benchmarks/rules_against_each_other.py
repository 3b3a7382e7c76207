"""Which rule for what: nodes that leave 1e-13 of E[φ(√q z)²] by Gauss–Hermite, trapezoid and panels, and pairs.

The truth is digits(30).  Nodes are those of the smallest rule of a ladder with factors √2 from which on the error stays
below 1e-13; "–" where no rule up to 8192 nodes does.
"""

import time

import numpy as np
from report import report

import ntkref as nk
from ntkref.gauss import gauss_hermite, graded, panels, trapezoid
from ntkref.inputs import covariance_of_pair
from ntkref.one_pair import one_pair

LADDER = sorted({int(8 * 2 ** (k / 2)) for k in range(21)})
FLOATS = nk.float64


def rules(n, r):
    """The three rules with about n nodes, for f(r ·)."""
    yield "Gauss–Hermite", gauss_hermite(n, FLOATS)
    yield "trapezoid", trapezoid(23.4 / n, FLOATS)
    right = panels(graded(np.zeros(1), 1 / r, 11.7, max(0.3, 11.7 * 2 * 16 / n)), 16, FLOATS)
    yield "panels", (np.concatenate([-right[0], right[0]]), np.tile(right[1], 2))


def needed(activation, q):
    """The number of nodes of each rule, from which on it leaves less than 1e-13."""
    truth = activation.moments(nk.digits(30).asarray(q, "q"), nk.digits(30))[0]
    r = float(q) ** 0.5
    found = {}
    for n in LADDER:
        for name, (z, w) in rules(n, r):
            with np.errstate(all="ignore"):
                left = abs(float(w @ activation.value(FLOATS, r * z) ** 2 - truth) / float(truth))
            if left > 1e-13:
                found.pop(name, None)
            else:
                found.setdefault(name, len(z))
    return [found.get(name, "–") for name in ("Gauss–Hermite", "trapezoid", "panels")]


def pair_seconds(activation, q, e):
    """Milliseconds of one pair by the default route and by panels in the plane."""
    k = covariance_of_pair(q, e, FLOATS)
    definition = activation.definition
    moments = activation.moments(q, FLOATS)

    def plane():
        for f, square in ((definition.value, moments[0]), (definition.derivative, moments[2])):
            diff, cosine, sine2 = (np.float64(v) for v in (0, 1 - e, e * (2 - e)))
            one_pair(definition, f, (square,) * 2, (np.float64(q),) * 2, diff, cosine, sine2, FLOATS)

    for call in (lambda: activation.duals(k, FLOATS), plane):
        with np.errstate(all="ignore"):
            call()
            start = time.perf_counter()
            call()
            yield f"{1e3 * (time.perf_counter() - start):.1f}"


def main():
    rows = []
    for activation in (nk.tanh, nk.sigmoid, nk.softplus, nk.gelu_tanh, nk.mish, nk.elu(), nk.selu):
        for q in ("0.01", "1", "16", "100", "1000"):
            times = [list(pair_seconds(activation, float(q), e)) for e in (1e-6, 0.5)]
            rows.append([activation, q, *needed(activation, q), *(t for pair in times for t in pair)])
    # What the package does: the trapezoid rule for smooth φ, panels for kinked ones.
    best = all(row[3] != "–" or row[0].kinks for row in rows) and all(row[4] != "–" for row in rows)
    header = ["φ", "q", "Gauss–Hermite", "trapezoid", "panels"]
    header += ["ms, 1 − c = 1e-6", "in the plane", "ms, 1 − c = 0.5", "in the plane"]
    claim = "the trapezoid rule serves every smooth φ at every variance, panels every φ; Gauss–Hermite neither"
    report(__file__, claim, header, rows, best)


if __name__ == "__main__":
    main()
