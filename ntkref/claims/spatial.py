"""Images for the checks of Section 6.4: handwritten digits as eight pixels, their rows, of eight channels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .. import asymptotics
from ..activations import erf
from ..datasets import optical_digits
from ..layers import Conv, Dense, Flatten
from ..mean_field import MeanField
from ..network import Network, cnn, fcn
from ..normalise import normalised
from ..numbers import float64
from ..predictor import mean_predictor
from ..recursion import Kernels, kernels, kernels_by_depth
from ..spectrum import Spectrum, spectrum
from .setting import Setting

__all__ = ["POOLED", "Offsets", "Rows", "line_constants", "rows"]

POOLED = (10, 20, 40, 60)  # depths at which all pixel pairs are pooled
_DEPTHS = {"ordered": (20, 60, 100, 200, 400), "critical": (100, 200, 400, 800), "chaotic": (20, 40, 60)}


@dataclass(frozen=True)
class Offsets:
    """Kernels of images and of others shifted by o, arrays (n1, n2, d) over o: means over positions i of [i, i + o]."""

    nngp_gap: np.ndarray
    ntk: np.ndarray
    ntk_gap: np.ndarray


@dataclass(frozen=True)
class Rows:
    """Six digits to learn from and two to predict, normalised for `mf`, with 3 taps in a circle of d = 8 pixels.

    `quick` keeps to lesser depths in order.
    """

    mf: MeanField
    phase: str
    quick: bool = False

    m, tests, d = 6, 2, 8

    @property
    def laws(self):
        """Those of the FCN."""
        return asymptotics.of(self.mf)

    @property
    def pooled_laws(self):
        """Those of the CNN-P."""
        return asymptotics.pooled(self.laws, self.d)

    @property
    def depths(self) -> tuple[int, ...]:
        """The depths of `offsets`."""
        depths = _DEPTHS[self.phase]
        return tuple(l // 2 for l in depths) if self.quick and self.phase == "ordered" else depths

    @property
    def images(self) -> tuple:
        """(training, test) images and zero-mean targets."""
        return _images(self)

    def network(self, depth: int, readout: str) -> Network:
        """CNN-F ("flatten"), CNN-P ("pool") or the FCN on the flattened images ("none")."""
        point = erf, self.mf.sigma_w2, self.mf.sigma_b2
        return fcn(depth, *point) if readout == "none" else cnn(depth, *point, readout=readout)

    def kernels(self, depth: int, readout: str) -> tuple[Kernels, Kernels]:
        """(training Gram, test × training)."""
        return _kernels(self, depth, readout)

    def spectrum(self, depth: int, readout: str) -> Spectrum:
        """The spectrum of the training images."""
        return spectrum(self.kernels(depth, readout)[0])

    def prediction(self, depth: int, readout: str) -> np.ndarray:
        """P(Θ) y at the test images."""
        return mean_predictor(*self.kernels(depth, readout), self.images[2])

    @property
    def offsets(self) -> dict[int, tuple[Offsets, Offsets]]:
        """{l: (training, test × training)} at `depths`, from CNN-F and the shifts of the second image."""
        return _offsets(self)

    def pooled(self, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """Θ of the CNN-P, (training, test × training), as means over shifts."""
        return tuple(np.mean(part.ntk, axis=2) for part in self.offsets[depth])

    def ordered_spectrum(self, depth: int) -> tuple[float, np.ndarray]:
        """(λ_max, λ_bulk) of the CNN-P in order, from the gaps: p 11ᵀ − w̄, leaving a relative O(l χ₁ˡ)."""
        w = np.mean(self.offsets[depth][0].ntk_gap, axis=2) / 2
        across = np.linalg.qr(np.column_stack([np.ones(self.m), np.eye(self.m)[:, 1:]]))[0][:, 1:]
        top = self.m * self.laws.ntk_diagonal(depth) - np.sum(w) / self.m
        return top, np.linalg.eigvalsh(-across.T @ w @ across)[::-1]

    @property
    def constants(self) -> tuple:
        """(E, E_test, offset, offset_test) in order and chaos, (C, C_test, 0, 0) on the line; (…, d), over offsets."""
        return _line_constants(self) if self.phase == "critical" else _constants(self)

    def entries(self, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """K and Θ of the first two training images at all pairs of pixels, (d, d) each over (i, o), i′ = i + o.

        A convolution that sees one pixel of an image and its shifts, and layers that add K to Θ, read them.
        """
        nngp, ntk = _entries(self, depth)
        i = np.arange(self.d)
        there = (i[:, None] + i[None, :]) % self.d
        return tuple(np.take_along_axis(a, there, axis=1) for a in (nngp, ntk))


def rows(setting: Setting, phase: str) -> Rows:
    """The digits at the setting's point of `phase`."""
    return Rows(setting.mean_field(phase), phase, setting.quick)


@cache
def _images(of: Rows):
    images, labels = optical_digits()
    pixels = normalised(images[: of.m + of.tests].reshape(-1, of.d), of.network(2, "none"))
    pixels = pixels.reshape(-1, of.d, of.d)
    return pixels[: of.m], pixels[of.m :], labels[: of.m] - labels[: of.m].mean()


@cache
def _kernels(of: Rows, depth, readout):
    train, test, _ = of.images
    if readout == "none":
        train, test = (x.reshape(len(x), -1) for x in (train, test))
    net = of.network(depth, readout)
    return kernels(net, train), kernels(net, test, train)


@cache
def _offsets(of: Rows):
    train, test, _ = of.images
    shifted = np.concatenate([np.roll(train, -o, 1) for o in range(of.d)])
    net, found = of.network(of.depths[-1], "flatten"), {}
    passes = zip(kernels_by_depth(net, train, shifted), kernels_by_depth(net, test, shifted), strict=True)
    for l, pair in [(l, (gram, cross)) for (l, gram), (_, cross) in passes if l in of.depths]:
        fields = ((k.nngp_gap, k.ntk, k.ntk_gap) for k in pair)
        found[l] = tuple(Offsets(*(np.moveaxis(f.reshape(len(f), of.d, -1), 1, 2) for f in three)) for three in fields)
    return found


@cache
def _constants(of: Rows):
    train, test, _ = of.images
    net = of.network(2, "pool")
    (E, V), (E_test, V_test) = (asymptotics.constants_of_images(of.laws, net, x, y) for x, y in _pairs(train, test))
    return E, E_test, V, V_test


def _pairs(train, test):
    return (train, None), (test, train)


def line_constants(laws, l: int, gap) -> np.ndarray:
    """C from 2 (q* − q_ab) at depth l: what makes its law right there, and says of Θ not a word; 0 where gap is 0."""
    same = gap == 0
    gap, C = np.where(same, 1, gap), np.zeros(gap.shape)
    for _ in range(20):  # C moves 1/(q* − q_ab) one to one, but for O(1/l)
        C = np.where(same, 0, C + 2 / gap - 2 / laws.nngp_gap(l, C))
    return C


@cache
def _line_constants(of: Rows):
    last = of.depths[-1]
    return *(line_constants(of.laws, last, offsets.nngp_gap) for offsets in of.offsets[last]), 0, 0


@cache
def _entries(of: Rows, depth):
    conv = Conv(of.mf.sigma_w2, of.mf.sigma_b2)
    one = Conv(1, 0, filter_size=of.d, filter_variance=("1",) + ("0",) * (of.d - 1), padding="valid")
    net = Network([conv, erf] * (depth - 1) + [conv, one, Flatten(), Dense(1, 0)])
    shifts = [np.stack([np.roll(image, -i, 0) for i in range(of.d)]) for image in of.images[0][:2]]
    k = kernels(net, *shifts, float64)
    return k.nngp, k.ntk - 2 * k.nngp
