"""Independent routes to kernels, straight from the definitions: integrals (Eq. 3), sampled networks (Eq. 1), Eq. 10.

Nothing here uses a closed form or a carried gap; that is the point.
"""

from __future__ import annotations

import numpy as np

from ..activation import Activation
from ..datasets import optical_digits
from ..numbers import Digits, digits

__all__ = ["expectations", "rbf_spectrum", "sampled_kernels", "sampled_outputs", "squared_distances"]


def expectations(activation: Activation, q1, q2, q12, numbers: Digits):
    """E[φ(u)φ(v)] and E[φ′(u)φ′(v)], u and v normal with variances q1, q2 and covariance q12, by integration.

    erf: the trapezoidal rule in both whitened variables.  Off the real axis the integrand grows like
    exp((½ + q1 + q2) y²), so a step h leaves exp(−π²/(h² (½ + q1 + q2))).  ReLU: polar coordinates, where the
    radius integrates to a constant and the angle is split where u or v changes sign.
    """
    context = numbers.context
    a, b, c = context.sqrt(q1), q12 / context.sqrt(q1), context.sqrt(q2 - q12**2 / q1)
    if activation.homogeneous:
        return _by_angle(activation, a, b, c, numbers)
    decades = context.dps * context.log(10)
    step = context.pi / context.sqrt(decades * (0.5 + q1 + q2))
    reach = int(context.sqrt(2 * decades) / step) + 1
    nodes = [step * i for i in range(-reach, reach + 1)]
    weights = [step * context.exp(-z * z / 2) / context.sqrt(2 * context.pi) for z in nodes]
    value = slope = context.zero
    for z1, w1 in zip(nodes, weights, strict=True):
        inner_value = inner_slope = context.zero
        for z2, w2 in zip(nodes, weights, strict=True):
            v = b * z1 + c * z2
            inner_value += w2 * activation.value(numbers, v)
            inner_slope += w2 * activation.derivative(numbers, v)
        value += w1 * activation.value(numbers, a * z1) * inner_value
        slope += w1 * activation.derivative(numbers, a * z1) * inner_slope
    return value, slope


def _by_angle(activation, a, b, c, numbers):
    context = numbers.context
    pi = context.pi
    # u = a cos t and v = b cos t + c sin t change sign at these angles.
    kinks = sorted(k + n * pi for k in (pi / 2, context.atan2(-b, c)) for n in range(-2, 3))
    ends = [-pi, *(k for k in kinks if -pi < k < pi), pi]

    def mean(phi, radial):
        def integrand(t):
            return phi(numbers, a * context.cos(t)) * phi(numbers, b * context.cos(t) + c * context.sin(t))

        return radial * context.quad(integrand, ends) / (2 * pi)

    return mean(activation.value, 2), mean(activation.derivative, 1)  # ∫ r³ e^{−r²/2} dr = 2, ∫ r e^{−r²/2} dr = 1


def sampled_kernels(x, sigma_w2: float, sigma_b2: float, width: int, samples: int, rng) -> tuple:
    """Kernels of random erf networks with two hidden layers of `width` (Eq. 1): mean and standard error.

    x (2, features).  For each network z³(x) z³(x′) is averaged over the last layer's weights exactly, and the
    NTK is the sum over all parameters of products of derivatives, by backpropagation.  Returns ((K₁₂, its
    standard error), (Θ₁₂, its standard error)).
    """
    from scipy.special import erf

    sw, sb = np.sqrt(sigma_w2), np.sqrt(sigma_b2)
    nngp, ntk = [], []
    for _ in range(samples):
        w1, b1 = rng.standard_normal((width, x.shape[1])), rng.standard_normal(width)
        w2, b2 = rng.standard_normal((width, width)), rng.standard_normal(width)
        w3 = rng.standard_normal(width)
        h0 = x / np.sqrt(x.shape[1])
        z1 = sw * h0 @ w1.T + sb * b1
        h1 = erf(z1) / np.sqrt(width)
        z2 = sw * h1 @ w2.T + sb * b2
        h2 = erf(z2) / np.sqrt(width)
        back2 = sw * w3 * _slope(z2) / np.sqrt(width)  # d output / d z2
        back1 = sw * back2 @ w2 * _slope(z1) / np.sqrt(width)
        gram = [sigma_w2 * h[0] @ h[1] + sigma_b2 for h in (h0, h1, h2)]
        nngp.append(gram[2])
        ntk.append(gram[2] + gram[1] * (back2[0] @ back2[1]) + gram[0] * (back1[0] @ back1[1]))
    return tuple((np.mean(v), np.std(v, ddof=1) / np.sqrt(samples)) for v in (nngp, ntk))


def _slope(z):
    return 2 / np.sqrt(np.pi) * np.exp(-z * z)


def sampled_outputs(width: int, samples: int, rng) -> tuple:
    """Outputs of random ReLU networks with one hidden layer of `width`, σ_w² = 2, σ_b² = 0, input of variance 1.

    Returns (mean, variance − 1, both in standard errors; excess kurtosis, its standard error from 20 batches).
    """
    hidden = np.maximum(rng.standard_normal((samples, width)), 0)
    z = np.sqrt(2 / width) * np.einsum("ij,ij->i", rng.standard_normal((samples, width)), hidden)
    batches = z.reshape(20, -1)
    excess = np.mean(batches**4, axis=1) - 3  # E z² = 1 is known exactly, and the variance is checked on its own
    square = z**2
    return (
        np.mean(z) / (np.std(z) / np.sqrt(samples)),
        (np.mean(square) - 1) / (np.std(square) / np.sqrt(samples)),
        np.mean(excess),
        np.std(excess, ddof=1) / np.sqrt(20),
    )


def squared_distances(m: int, features: int) -> np.ndarray:
    """|x − x′|² of m images; all 64 pixels, or sums over so many bands of rows.  Exact: pixels are integers."""
    images, _ = optical_digits()
    pixels = images[:m].reshape(m, 64).astype(int)
    if features < 64:
        pixels = np.stack([band.sum(axis=1) for band in np.array_split(pixels, features, axis=1)], axis=1)
    return np.sum((pixels[:, None] - pixels[None]) ** 2, axis=-1)


def rbf_spectrum(distances: np.ndarray, exponent) -> list:
    """Ascending eigenvalues of exp(−D 2^−exponent/D̄), D̄ the mean distance, to 30 digits of the smallest."""
    m = len(distances)
    scale = int(distances.sum()) // (m * (m - 1))
    context = digits(40 + int(m * max(exponent, 0) / 3)).context  # λ_min can be as small as 2^(−m exponent)
    factor = context.mpf(2) ** -exponent / scale
    matrix = context.matrix(m)
    for a in range(m):
        for b in range(m):
            matrix[a, b] = context.exp(-int(distances[a, b]) * factor)
    return sorted(context.eigsy(matrix, eigvals_only=True))
