"""κ and P(Θ)y in float64 keep nine digits at any condition number, on the bundled images.

The truth is plain linear algebra on entries alone (symmetric eigenvalues, LU) at so many digits that the
condition number does no harm.
"""

import numpy as np
from report import report

import ntkref as nk

CASES = [
    ("ordered", nk.erf, "1.0", "0.18", None, (10, 100, 500, 1000)),
    ("critical", nk.erf, "1.7476037497677033", "0.18", None, (10, 100, 1000)),
    ("chaotic", nk.erf, "3.0", "0.18", None, (10, 100, 500)),
    ("ordered", nk.relu, "1.5", "0.1", None, (10, 100, 1000)),
    ("critical", nk.relu, "2", "0", 1, (10, 100, 1000)),
]
TRAIN, TEST = 8, 3


def truth(net, train, test, y, digits):
    numbers = nk.digits(digits)
    k, cross = nk.kernels(net, train, numbers=numbers), nk.kernels(net, test, train, numbers=numbers)
    context = numbers.context
    theta = context.matrix(k.ntk.tolist())
    values = sorted(context.eigsy(theta, eigvals_only=True))
    P = np.array((context.matrix(cross.ntk.tolist()) * theta**-1).tolist(), dtype=object)
    return values[-1] / values[0], P @ y, np.abs(P) @ np.abs(y)


def main():
    images, labels = nk.optical_digits()
    y = labels[:TRAIN] - labels[:TRAIN].mean()
    rows, passed = [], True
    for phase, activation, sw2, sb2, q, depths in CASES:
        for l in depths:
            net = nk.fcn(l, activation, sw2, sb2)
            x = nk.normalised(images[: TRAIN + TEST].reshape(TRAIN + TEST, -1), net, q=q)
            train, test = x[:TRAIN], x[TRAIN:]
            k, cross = nk.kernels(net, train), nk.kernels(net, test, train)
            s = nk.spectrum(k)
            digits = 40 + 2 * int(np.log10(s.kappa) + np.log10(k.ntk[0, 0]))
            kappa, prediction, scale = truth(net, train, test, y, digits)
            of_kappa = abs(float(s.kappa / kappa - 1))
            of_prediction = float(max(abs((nk.mean_predictor(k, cross, y) - prediction) / scale)))
            passed &= max(of_kappa, of_prediction) < 1e-9
            rows.append([phase, activation, l, f"{s.kappa:.3e}", f"{of_kappa:.1e}", f"{of_prediction:.1e}"])
    claim = (
        f"κ within {max(float(r[4]) for r in rows):.1e}, P(Θ)y within {max(float(r[5]) for r in rows):.1e} of Σ|P||y|"
    )
    report(__file__, claim, ["phase", "φ", "l", "κ", "error of κ", "error of P(Θ)y"], rows, passed)


if __name__ == "__main__":
    main()
