"""What the checks share: hyperparameters of the phases, real inputs, kernels at chosen depths."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from .. import asymptotics
from ..activations import erf, relu
from ..critical import critical_point
from ..datasets import optical_digits
from ..mean_field import MeanField, mean_field
from ..network import Network, fcn
from ..normalise import normalised
from ..numbers import Digits, Numbers, digits, float64
from ..predictor import mean_predictor
from ..recursion import Kernels, kernels_by_depth, pairs_by_depth
from ..spectrum import Spectrum, spectrum

__all__ = ["Setting", "chapter_file", "chapter_results", "run_chapter"]

_POINTS = {"ordered": (erf, "1.0", "0.18"), "chaotic": (erf, "3.0", "0.18"), "relu": (relu, 2, 0)}
_DEPTHS = {  # of the Gram matrices: what the checks read, and a few more for the plots
    "ordered": (1, 5, 10, 20, 40, 60, 80, 100, 150, 200, 300, 400),
    "chaotic": (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90),
}


def chapter_file(name: str) -> Path:
    """The source of a chapter: beside the installed package, or in the checkout's ``derivations``."""
    for folder in (Path(str(files("ntkref"))) / "chapters", Path(str(files("ntkref"))).parent / "derivations"):
        if (folder / f"{name}.py").is_file():
            return folder / f"{name}.py"
    raise FileNotFoundError(f"chapter {name} is neither in the package nor in derivations/")


@cache
def chapter_results(name: str) -> dict:
    """Run a chapter, all its checks included, and return its `results`."""
    return runpy.run_path(str(chapter_file(name)))["results"]


def run_chapter(name: str) -> dict:
    """The formulas among the results of a chapter; functions can't travel from the process that ran it."""
    import sympy

    return {key: formula for key, formula in chapter_results(name).items() if isinstance(formula, sympy.Lambda)}


@dataclass(frozen=True)
class Setting:
    """The points and data at which claims are checked; `quick` means fewer digits and less depth.

    `phase` is "ordered", "critical", "chaotic" (erf at σ_b² = 0.18) or "relu" (critical ReLU with K(x,x) = 1).
    """

    quick: bool = False
    run_chapter: Callable[[str], dict] = field(default=run_chapter, compare=False)

    m = 12  # training images; the paper's Figure 1 has 12 or 20 points
    tests = 4

    @property
    def digits(self) -> Digits:
        return digits(30 if self.quick else 50)

    @property
    def decades(self) -> tuple[int, int, int]:
        """The depths at which the critical line's power laws are read, for one pair."""
        return (100, 1000, 10_000) if self.quick else (1000, 10_000, 100_000)

    @property
    def gram_decades(self) -> tuple[int, int, int]:
        """The same for Gram matrices, which cost more."""
        return (50, 500, 5000) if self.quick else (300, 3000, 30_000)

    @property
    def digit_depths(self) -> tuple[int, int]:
        """The same for one pair in digits(n)."""
        return (60, 600) if self.quick else (300, 3000)

    def depths(self, phase: str) -> tuple[int, ...]:
        """The depths at which Gram matrices are kept."""
        if phase in _DEPTHS:
            return _DEPTHS[phase]
        decades = ((100, 1000) if self.quick else (1000, 3000)) if phase == "relu" else self.gram_decades
        return tuple(sorted({1, 3, 10, 30, 100, 300, 1000, *decades}))

    def mean_field(self, phase: str, numbers: Numbers = float64) -> MeanField:
        """The mean field at the point that stands for `phase`."""
        return _mean_field(phase, numbers)

    def laws(self, phase: str, numbers: Numbers = float64):
        """Its large-depth laws."""
        mf = _mean_field(phase, numbers)
        return asymptotics.of(mf, 1) if phase == "relu" else asymptotics.of(mf)

    def constants(self, phase: str) -> tuple:
        """(E, E_test, offset, offset_test) of the images in float64; no offsets on the critical line."""
        (E, offset), (E_test, offset_test) = _constants(phase, False), _constants(phase, True)
        return E, E_test, offset, offset_test

    def training_constants(self, phase: str) -> tuple:
        """(E, offset) alone, which in chaos is half the work."""
        return _constants(phase, False)

    def network(self, phase: str, depth: int) -> Network:
        mf = self.mean_field(phase)
        return fcn(depth, mf.activation, mf.sigma_w2, mf.sigma_b2)

    def images(self, phase: str):
        """(training, test) images with K⁽¹⁾(x, x) = q*, and zero-mean targets."""
        return _images(phase)

    def kernels(self, phase: str) -> dict[int, tuple[Kernels, Kernels]]:
        """{l: (training Gram, test × training)} in float64 at `depths`, from one pass."""
        return _kernels(phase, self.depths(phase))

    def spectrum(self, phase: str, depth: int, kernel: str = "ntk") -> Spectrum:
        """The spectrum of the training images."""
        return _spectrum(phase, self.depths(phase), depth, kernel)

    def prediction(self, phase: str, depth: int, kernel: str = "ntk", y=None) -> np.ndarray:
        """P y at the test images, for the zero-mean targets or `y`."""
        gram, cross = self.kernels(phase)[depth]
        return mean_predictor(gram, cross, self.images(phase)[2] if y is None else y, kernel)

    @property
    def ones(self) -> np.ndarray:
        """Targets that are all 1."""
        return np.ones(self.m)

    def chaotic_fall(self) -> float:
        """Over how many layers P(Θ) y/l falls by a factor e in chaos, between l = 60 and 80, y of mean 0."""
        first, last = (np.max(np.abs(self.prediction("chaotic", l))) / l for l in (60, 80))
        return 20 / float(np.log(first / last))

    def predictor_misses(self, phase: str, depths) -> list:
        """l² times what the law of P(Θ) y leaves, on the critical line, y of mean 0."""
        laws, (E, E_test, _, _), y = self.laws(phase), self.constants(phase), self.images(phase)[2]
        return [(self.prediction(phase, l) - laws.predictor(l, E, E_test, y)) * l**2 for l in depths]

    def pair(self, phase: str, depths: tuple[int, ...], numbers: Numbers) -> dict[int, Kernels]:
        """{l: kernels} of the first two training images."""
        return _pair(phase, depths, numbers)

    def evaluate(self, function, arguments):
        """A chapter's `sympy.Lambda` at numbers, to the digits of `self.digits` and its guard."""
        import sympy

        context = self.digits.context
        places = context.dps + 5
        exactly = [sympy.Float(context.nstr(context.convert(a), places), places) for a in arguments]
        return context.mpf(str(sympy.N(function(*exactly), context.dps)))

    def chapter(self, name: str) -> dict:
        """The results of a chapter, which is run from start to end: every step of it is checked."""
        return self.run_chapter(name)


@cache
def _mean_field(phase, numbers):
    if phase == "critical":
        point = critical_point(erf, sigma_b2="0.18", numbers=numbers)
        return mean_field(erf, point.sigma_w2, point.sigma_b2, numbers)
    return mean_field(*_POINTS[phase], numbers)


@cache
def _images(phase):
    m, tests = Setting.m, Setting.tests
    images, labels = optical_digits()
    mf = _mean_field(phase, float64)
    net = fcn(2, mf.activation, mf.sigma_w2, mf.sigma_b2)
    x = normalised(images[: m + tests].reshape(m + tests, -1), net, q=1 if phase == "relu" else None)
    y = labels[:m] - labels[:m].mean()
    return x[:m], x[m:], y


@cache
def _kernels(phase, depths):
    train, test, _ = _images(phase)
    mf = _mean_field(phase, float64)
    net = fcn(max(depths), mf.activation, mf.sigma_w2, mf.sigma_b2)
    passes = zip(kernels_by_depth(net, train), kernels_by_depth(net, test, train), strict=True)
    return {depth: (gram, cross) for (depth, gram), (_, cross) in passes if depth in depths}


@cache
def _spectrum(phase, depths, depth, kernel):
    return spectrum(_kernels(phase, depths)[depth][0], kernel)


@cache
def _one_minus_c(phase):
    """1 − cosine of K⁽¹⁾ between training images (m, m), and of test with training images."""
    gram, cross = _kernels(phase, (1,))[1]
    q = 1 if phase == "relu" else _mean_field(phase, float64).q_star
    return gram.nngp_gap / (2 * q), cross.nngp_gap / (2 * q)


@cache
def _constants(phase, test):
    laws, e = Setting().laws(phase), _one_minus_c(phase)[test]
    return laws.coordinate(e), laws.offset(e) if hasattr(laws, "offset") else 0


@cache
def _pair(phase, depths, numbers):
    mf = _mean_field(phase, numbers)
    one_minus_c = float(_one_minus_c(phase)[0][0, 1])
    q = 1 if phase == "relu" else mf.q_star
    net = fcn(max(depths), mf.activation, mf.sigma_w2, mf.sigma_b2)
    return {l: k for l, k in pairs_by_depth(net, q, one_minus_c, numbers) if l in depths}
