"""Large-depth laws of convolutional networks (Section 6.4; chapters `convolution` and `pooling`).

A pair of images of d pixels has d offsets.  The mean over positions i of K(i, i + o) becomes the pair of a
fully-connected network at every offset o, with constants of its own: what depends on position falls by
`convolution_spectrum(…).decay` per layer beside that, and its effect on the mean by the square.
`constants_of_images` gives the constants as arrays (…, d), offset 0 first.

CNN-F reads offset 0: the laws of the FCN, with ``E[..., 0]``.  CNN-P reads the mean over all offsets: `pooled`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..convolution import convolution_spectrum
from ..inputs import covariance_of_inputs, covariance_of_pair
from ..layers import Conv, sizes, whole_number
from ..network import Network
from ..pair import Pair
from .chaotic import Chaotic
from .critical import Line
from .dropout import Dropped
from .law import Derived, Law
from .matrices import Flat, Uniform, as_floats, symmetric
from .orbits import settling_depth
from .ordered import Order

__all__ = ["Pooled", "constants_of_images", "pooled"]


@dataclass(frozen=True)
class Pooled(Derived):
    """CNN-P from the `laws` of the FCN: every entry is a mean of the FCN's over `pixels` = d offsets.

    `E` and `offset` are (m, m, d), for test × training images (t, m, d).  An image and itself share their pixels at
    offset 0 only, so that Θ(x, x) is p⁽ˡ⁾/d and more.  A bar is the mean over offsets, with 0 for offset 0 of an image
    and itself; p, p_ab*, α, ρ, w, R are the FCN's, and the targets y have mean 0.

    ==========  =====================  ====================================  =======================================
    quantity    order                  criticality (ReLU)                    chaos
    ==========  =====================  ====================================  =======================================
    λ_max       m p⁽ˡ⁾ − 1ᵀw̄1/m        (md + 2) q* l/(3d) + m O(log l)       (p⁽ˡ⁾ − p_ab*)/d + m p_ab* +
                                       ((md + 3) q l/(4d) + m O(log l))      m O(l χ_cˡ)
    λ_bulk      eigenvalues of −Πw̄Π    2 q* l/(3d) + O(log l)                (p⁽ˡ⁾ − p_ab*)/d + m O(l χ_cˡ)
                                       (3 q l/(4d) + O(log l))
    κ           m p*/min λ_bulk        (md + 2)/2 + (3md/4) ρ log l/l        1 + m d p_ab*/(p⁽ˡ⁾ − p_ab*)
                                       ((md + 3)/3 + (2md/3) log l/l)
    P(Θ) y      kriging, variogram w̄   (d/(2αl)) [C̄_test y − d 11ᵀC̄y/(md+2)]  (d/p⁽ˡ⁾) R Ē_test y l χ_cˡ
                                       (πd/l, 1/(md + 3))
    ==========  =====================  ====================================  =======================================

    Spectrum and predictor are exact for the matrix of means of entries, and leave what those of `laws` leave: d times
    as much in κ and P y at criticality and in chaos.  In order the diagonal of w̄ is not 0: kriging and λ_bulk know the
    half-gaps w̄_ab − (w̄_aa + w̄_bb)/2 alone, and P y is of order 1, without a factor d.
    """

    pixels: int

    def _of_input_with_itself(self, E):
        return np.diag(np.asarray(E, dtype=float)[..., 0])

    def _gram(self, l, E, offset, kernel):
        entries, m = self._entries(l, E, offset, kernel), len(E)
        if entries.shape[:2] != (m, m):
            raise ValueError(f"E must be (m, m, {self.pixels}), got shape {np.shape(E)}")
        entries[np.arange(m), np.arange(m), 0] = 0  # a pixel and itself, whose K and Θ are the FCN's diagonal
        return symmetric(np.mean(entries, axis=2), "the law's matrix")

    def _off(self, l, E, offset, kernel):
        return np.mean(self._entries(l, E, offset, kernel), axis=2)

    def _entries(self, l, E, offset, kernel):
        E = np.asarray(E)
        if E.ndim != 3 or E.shape[2] != self.pixels:
            raise ValueError(f"E must be (images, images, {self.pixels}), got shape {E.shape}")
        return np.array(as_floats(self.laws._off(l, E, offset, kernel), "the law's matrix"))

    def _shape(self, l, off, kernel) -> Flat | Uniform:
        return self.laws._shape(l, off, kernel).thinned(self.pixels)


def pooled(laws: Law, pixels: int) -> Pooled:
    """The laws of a CNN-P on images of so many pixels, from those of the FCN, with or without dropout.

    >>> import ntkref as nk
    >>> laws = nk.asymptotics.of(nk.mean_field(nk.relu, 2), 1)
    >>> C = np.full((12, 12, 36), 0.5)
    >>> f"{laws.kappa(1e9, C[..., 0]):.4f} {nk.asymptotics.pooled(laws, 36).kappa(1e9, C):.4f}"
    '5.0000 145.0000'
    """
    if not isinstance(laws, (Order, Line, Chaotic, Dropped)):
        raise TypeError(f"laws must be what ntkref.asymptotics.of(...) or dropped(...) returns, got {laws!r}")
    return Pooled(laws.mf, laws, whole_number(pixels, "pixels"))


def constants_of_images(laws: Law, net: Network, x1, x2=None) -> tuple:
    """E (or C) and the offset of pairs of images under the `laws` of `net`'s layers: arrays (n1, n2, d) over i′ − i.

    `net` is a CNN whose convolutions are all the same, circular, of stride 1, and average; images are (n, length,
    channels) or (n, height, width, channels), normalised so that every pixel has K⁽¹⁾ = q*.  ``x2=None`` is x1; there
    an image and itself at offset 0 have the constant 0, which no law uses.

    All pixel pairs are followed until the constants have settled, in chaos until the difference from q_ab* is the root
    of the rounding: E and V are good to 7 digits in float64, about n/2 − 2 in digits(n).  At criticality the pairs are
    followed until position is forgotten, and C of their means is good to about 8 digits.  In order E and W are good to
    ten digits and more.

    Raises
    ------
    ValueError
        A network or images that are not of this kind; an image of equal pixels, in chaos and at criticality.
    ArithmeticError
        Constants that would take more than 10⁵ layers to settle.
    """
    conv = _only_convolution(laws, net)
    images = [_checked(x, name, laws) for x, name in ((x1, "x1"), (x1 if x2 is None else x2, "x2"))]
    space = images[0].shape[1:-1]
    if images[1].shape[1:] != images[0].shape[1:]:
        raise ValueError(f"x1 and x2 must be images of one shape, got {images[0].shape[1:]} and {images[1].shape[1:]}")
    spectrum = convolution_spectrum(space, conv.filter_size, conv.filter_variance)
    if not spectrum.forgets:
        raise ValueError(f"{conv} does not average on images of {space} pixels: position is never forgotten")
    orbit = _Orbit(laws, conv, space)
    gram = x2 is None
    e = np.stack([orbit.first(image, images[1]) for image in images[0]])  # (n1, n2, d, *space)
    used = np.ones(e.shape[:3], dtype=bool)
    if gram:
        used[np.arange(len(e)), np.arange(len(e)), 0] = False
    depth = orbit.settling_depth(spectrum, np.min(orbit.mean(e)[used]))
    found = [orbit.constants(*orbit.at(depth, row), mask) for row, mask in zip(e, used, strict=True)]
    return tuple(np.stack(parts) for parts in zip(*found, strict=True))


def _only_convolution(laws: Law, net: Network) -> Conv:
    """The convolution that `net` repeats."""
    if not isinstance(laws, (Order, Line, Chaotic)):
        raise TypeError(f"laws must be what ntkref.asymptotics.of(...) returns, got {laws!r}")
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, such as cnn(...) builds, got {net!r}")
    convs = {layer for layer in net.layers if isinstance(layer, Conv)}
    if len(convs) != 1:
        raise ValueError(f"net must repeat one convolution, got {len(convs)} different ones")
    (conv,) = convs
    strides = conv.stride if isinstance(conv.stride, tuple) else (conv.stride,)
    if conv.padding != "circular" or any(s != 1 for s in strides):
        raise ValueError(f"the laws are for circular convolutions of stride 1, got {conv}")
    if (conv.sigma_w2, conv.sigma_b2) != (laws.mf.sigma_w2, laws.mf.sigma_b2):
        raise ValueError(f"net and laws must have the same variances, got {conv} and {laws.mf.sigma_w2}, …")
    return conv


def _checked(x, name: str, laws: Law):
    x = laws.mf.numbers.asarray(x, name)
    if np.ndim(x) not in (3, 4) or 0 in np.shape(x):
        raise ValueError(f"{name} must be images (n, length, channels) or (n, height, width, channels), got {x.shape}")
    return np.asarray(x)


@dataclass(frozen=True)
class _Orbit:
    """The recursion of pixel pairs with K(i, i) = q* throughout: 1 − c and Θ of pairs (…, offset, *position of i)."""

    laws: Law
    conv: Conv
    space: tuple

    def first(self, image, others):
        """1 − c of one image's pixels with those of `others`, (n2, d, *space)."""
        numbers, d, channels = self.laws.mf.numbers, int(np.prod(self.space)), image.shape[-1]
        k = covariance_of_inputs(image.reshape(d, channels), others.reshape(-1, channels), numbers)
        sw2, sb2 = (numbers.convert(getattr(self.laws.mf, name)) for name in ("sigma_w2", "sigma_b2"))
        q = self.laws.nngp_diagonal
        for variances in (k.x, k.y):
            variances = self._averaged(np.reshape(variances, (-1, *self.space)))
            if np.max(np.abs(variances * sw2 + sb2 - q)) > 1e-12 * q:
                raise ValueError(f"every pixel must have K(i, i) = {q} in the first layer: use normalised")
        gap = np.asarray(k.gap * sw2 / (2 * q)).reshape(d, len(others), d)
        here, there = self._pixels()
        e = np.moveaxis(gap[here, :, there], -1, 0)  # (n2, d, positions)
        return self._averaged(e.reshape(*e.shape[:2], *self.space))

    def _pixels(self):
        """Indices of i and i + o, each (offsets, positions)."""
        position = np.stack([n.ravel() for n in np.indices(self.space)])
        moved = (position[:, :, None] + position[:, None, :]) % np.array(self.space)[:, None, None]
        there = np.ravel_multi_index(tuple(moved), self.space)
        return np.broadcast_to(np.arange(there.shape[1]), there.shape), there

    def mean(self, values):
        """The mean over positions, the last axes."""
        return np.mean(values, axis=self._axes)

    @property
    def _axes(self):
        return tuple(range(-len(self.space), 0))

    def _averaged(self, values):
        """A: the mean over the filter, both pixels of a pair moved together."""
        centre = [f // 2 for f in sizes(self.conv.filter_size, len(self.space), self.conv)]
        total = 0
        for offset, v in self.conv.taps(len(self.space)):
            shift = [c - at for c, at in zip(centre, offset, strict=True)]
            total = total + np.roll(values, shift, self._axes) * self.laws.mf.numbers.convert(v)
        return total

    def settling_depth(self, spectrum, least) -> int:
        """Where the constants can be read."""
        laws, eps = self.laws, self.laws.mf.numbers.eps
        if not least > 0 and isinstance(laws, (Line, Chaotic)):
            raise ValueError("an image of equal pixels, or two images of the same, keeps c = 1: no law is about it")
        if isinstance(laws, Line):
            return 1 + settling_depth(eps, spectrum.depth_scale)
        if isinstance(laws, Chaotic):
            return settling_depth(eps**0.5, laws.mf.xi_c) + settling_depth(min(least, 1) / 2, -laws.mf.xi_1)
        return settling_depth(eps, laws.onset)

    def at(self, depth: int, e):
        """(depth, 1 − c, Θ), means over position, of one image with others."""
        mf, q, numbers = self.laws.mf, self.laws.nngp_diagonal, self.laws.mf.numbers
        sw2 = numbers.convert(mf.sigma_w2)
        p = q
        Theta = Pair(p, p, q * (1 - e), 0 * e, 2 * q * e)
        for _ in range(depth - 1):
            T, Tdot = mf.activation.duals(covariance_of_pair(q, np.minimum(e, 2), numbers), numbers)
            e = self._averaged(T.gap * sw2 / (2 * q))
            Theta = Tdot.times(Theta, numbers) * sw2
            p = Theta.x.ravel()[0] + q  # the same for every pixel
            xy, gap = (self._averaged(v) for v in (Theta.xy, Theta.gap))
            Theta = Pair(p, p, xy + q * (1 - e), 0 * e, gap + 2 * q * e)
        return depth, *map(self.mean, (e, Theta.xy, Theta.gap))

    def constants(self, l, e, ntk, ntk_gap, used):
        """(E, offset) of means over position at depth l."""
        laws, mf, q = self.laws, self.laws.mf, self.laws.nngp_diagonal
        none = 0 * e
        if isinstance(laws, Line):
            C = np.zeros(e.shape)
            C[used] = laws.coordinate(np.minimum(e[used], 2)) - float(laws.alpha) * (l - 1)
            return C, np.zeros(e.shape)
        if isinstance(laws, Chaotic):
            E = (mf.one_minus_c_star - e) * q / mf.chi_c ** (l - 1)
            offset = (ntk - mf.p_ab_star) / mf.chi_c**l - E * (laws.resonance * l)
        else:
            E = e * q / mf.chi_1 ** (l - 1)
            offset = ntk_gap / (2 * mf.chi_1 ** (l - 1)) - E * (laws.s * l) if laws._has_offset else none
        return tuple(np.where(used, value, none) for value in (E, offset))
