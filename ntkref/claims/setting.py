"""What the checks share: hyperparameters of the three phases, real inputs, kernels at chosen depths."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from ..activations import erf
from ..critical import critical_point
from ..datasets import optical_digits
from ..mean_field import MeanField, mean_field, normalised
from ..network import Network, fcn
from ..numbers import Digits, Numbers, digits, float64
from ..recursion import Kernels, kernels_by_depth, pairs_by_depth

__all__ = ["Setting", "chapter_file", "run_chapter"]


def chapter_file(name: str) -> Path:
    """The source of a chapter: beside the installed package, or in the checkout's ``derivations``."""
    for folder in (Path(str(files("ntkref"))) / "chapters", Path(str(files("ntkref"))).parent / "derivations"):
        if (folder / f"{name}.py").is_file():
            return folder / f"{name}.py"
    raise FileNotFoundError(f"chapter {name} is neither in the package nor in derivations/")


@cache
def run_chapter(name: str) -> dict:
    """Run a chapter, all its checks included, and return its `results`."""
    return runpy.run_path(str(chapter_file(name)))["results"]


@dataclass(frozen=True)
class Setting:
    """The points and data at which claims are checked; `quick` means fewer digits and less depth."""

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
        return (100, 1000, 10_000) if self.quick else (300, 3000, 30_000)

    def mean_field(self, phase: str, numbers: Numbers = float64) -> MeanField:
        """erf at the point that stands for `phase`."""
        return _mean_field(phase, numbers)

    def network(self, phase: str, depth: int) -> Network:
        mf = self.mean_field(phase)
        return fcn(depth, erf, mf.sigma_w2, mf.sigma_b2)

    def images(self, phase: str):
        """(training, test) digits with K⁽¹⁾(x, x) = q*, and zero-mean targets."""
        return _images(phase, self.m, self.tests)

    def kernels(self, phase: str, depths: tuple[int, ...]) -> dict[int, tuple[Kernels, Kernels]]:
        """{l: (training Gram, test × training)} in float64, from one pass."""
        return _kernels(phase, depths, self.m, self.tests)

    def pair(self, phase: str, depths: tuple[int, ...], numbers: Numbers) -> dict[int, Kernels]:
        """{l: kernels} of the first two training images."""
        return _pair(phase, depths, numbers)

    def one_minus_c(self, phase: str) -> np.ndarray:
        """1 − cosine of K⁽¹⁾ between the training images (m, m)."""
        k, _ = self.kernels(phase, (1,))[1]
        return k.nngp_gap / (2 * self.mean_field(phase).q_star)

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
    return mean_field(erf, {"ordered": "1.0", "chaotic": "3.0"}[phase], "0.18", numbers)


@cache
def _images(phase, m, tests):
    images, labels = optical_digits()
    x = normalised(images[: m + tests].reshape(m + tests, -1), fcn(2, erf, *_variances(phase)))
    y = labels[:m] - labels[:m].mean()
    return x[:m], x[m:], y


def _variances(phase):
    mf = _mean_field(phase, float64)
    return mf.sigma_w2, mf.sigma_b2


@cache
def _kernels(phase, depths, m, tests):
    train, test, _ = _images(phase, m, tests)
    net = fcn(max(depths), erf, *_variances(phase))
    passes = zip(kernels_by_depth(net, train), kernels_by_depth(net, test, train), strict=True)
    return {depth: (gram, cross) for (depth, gram), (_, cross) in passes if depth in depths}


@cache
def _pair(phase, depths, numbers):
    mf = _mean_field(phase, numbers)
    k, _ = _kernels(phase, (1,), Setting.m, Setting.tests)[1]
    one_minus_c = float(k.nngp_gap[0, 1]) / (2 * _mean_field(phase, float64).q_star)
    net = fcn(max(depths), erf, mf.sigma_w2, mf.sigma_b2)
    return {l: k for l, k in pairs_by_depth(net, mf.q_star, one_minus_c, numbers) if l in depths}
