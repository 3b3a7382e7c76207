"""The spectrum of the convolution of covariances: which dependence on position a deep CNN forgets (Section 6.4).

A layer averages what the nonlinearity made of the covariance of pixels i and i′,

    A(S)[i, i′] = Σ_β v_β S[i + β, i′ + β],    Σ_β v_β = 1    (Eq. 19).

On circular images it commutes with the shift of both pixels.  Its eigenvectors are S[i, i′] = e^{i q·i} g(i′ − i),
with any function g of the offset, and the eigenvalue ρ_q = Σ_β v_β e^{i q·β} depends on the total momentum q alone.  So
every ρ_q is d-fold on the d² pairs of d pixels.  That at q = 0 is 1: for each of the d offsets the mean over positions
evolves as a fully-connected network's pair, and what depends on position decays as ρ_q per layer beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .layers import Conv, sizes, whole_number

__all__ = ["ConvolutionSpectrum", "convolution_spectrum"]


@dataclass(frozen=True)
class ConvolutionSpectrum:
    """ρ_q of every momentum q_j = 2π n_j/k_j of an image of k_1 (× k_2) pixels, as an array indexed by the n_j."""

    size: tuple
    eigenvalues: np.ndarray  # real for filters that are symmetric about their centre, else complex
    forgets: bool  # whether |ρ_q| < 1 at every q ≠ 0, decided in whole numbers

    @property
    def multiplicity(self) -> int:
        """d, the number of pixels: each entry of `eigenvalues` occurs once for every offset i′ − i."""
        return math.prod(self.size)

    @property
    def momenta(self) -> np.ndarray:
        """q, in [0, 2π), shape (*size, dimensions)."""
        return np.stack([2 * np.pi * n / k for n, k in zip(np.indices(self.size), self.size, strict=True)], axis=-1)

    @property
    def decay(self) -> float:
        """max |ρ_q| over q ≠ 0: what depends on position falls at least by this factor per layer, beside χ.

        Exactly 1 where something does not fall: for a filter of one pixel, or one whose pixels have phases e^{i q·β}
        that are all the same at some q ≠ 0.  0 for a single pixel, and where one layer forgets it all.
        """
        return float(np.max(np.abs(self.eigenvalues.ravel()[1:]), initial=0.0)) if self.forgets else 1.0

    @property
    def depth_scale(self) -> float:
        """ξ_ρ = −1/log `decay`; infinite where that is 1."""
        if self.decay == 0:
            return 0.0
        return -1 / math.log(self.decay) if self.decay < 1 else math.inf


def convolution_spectrum(size, filter_size=3, filter_variance=None) -> ConvolutionSpectrum:
    """The eigenvalues of A on circular images of `size` pixels: one number for a line, two for a rectangle.

    `filter_size` and `filter_variance` are those of `Conv`.  A uniform filter of (2r+1) × (2r+1) pixels has
    ρ_q = Π_j sin((2r+1) q_j/2)/((2r+1) sin(q_j/2)), to a few roundings; zeros are exact.  A general one is summed, to a
    few roundings of 1.

    Raises TypeError or ValueError for sizes that are not whole numbers >= 1, and as `Conv`.

    >>> convolution_spectrum(6).eigenvalues.round(6)
    array([ 1.      ,  0.666667,  0.      , -0.333333,  0.      ,  0.666667])
    >>> round(convolution_spectrum((6, 6)).decay, 12), convolution_spectrum(6, filter_size=1).decay
    (0.666666666667, 1.0)
    """
    size = tuple(whole_number(k, "size") for k in (size if isinstance(size, (tuple, list)) else (size,)))
    if len(size) not in (1, 2):
        raise ValueError(f"size must be one whole number, or one or two in a tuple, got {size}")
    conv = Conv(1, 0, filter_size=filter_size, filter_variance=filter_variance)
    filter_sizes = sizes(conv.filter_size, len(size), conv)
    taps = {
        tuple(at - f // 2 for at, f in zip(offset, filter_sizes, strict=True)): v for offset, v in conv.taps(len(size))
    }
    turns, whole = _turns(size, taps)
    forgets = not np.any(np.all(turns == turns[:1], axis=0).ravel()[1:])
    if filter_variance is None:
        factors = np.ix_(*map(_uniform, size, filter_sizes))
        return ConvolutionSpectrum(size, math.prod(factors) + 0.0, forgets)  # + 0.0: no −0
    angles, v = 2 * np.pi / whole * turns, np.array([float(v) for v in taps.values()])
    symmetric = all(taps.get(tuple(-b for b in beta)) == value for beta, value in taps.items())
    return ConvolutionSpectrum(size, np.tensordot(v, np.cos(angles) if symmetric else np.exp(1j * angles), 1), forgets)


def _turns(size: tuple, taps) -> tuple:
    """q·β of every pixel of the filter and every q, (taps, *size), in units of 2π/`whole`, between −π and π."""
    whole = math.lcm(*size)
    turns = np.tensordot(np.array(list(taps)) * [whole // k for k in size], np.indices(size), 1) % whole
    return np.where(2 * turns > whole, turns - whole, turns), whole


def _uniform(k: int, f: int) -> np.ndarray:
    """Dirichlet's kernel sin(f q/2)/(f sin(q/2)) at q = 2π n/k, n = 0 … k − 1."""
    return np.array([1.0] + [_sin_pi(f * n, k) / (f * _sin_pi(n, k)) for n in range(1, k)])


def _sin_pi(n: int, k: int) -> float:
    """sin(π n/k), exactly 0 for whole n/k."""
    sign, n = (-1) ** (n // k), n % k
    return sign * math.sin(math.pi * min(n, k - n) / k)
