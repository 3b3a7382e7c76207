"""Pools of two nearly equal images, with their gap carried.

With f_i and f'_i for the features of pixel i of x and of x', the gap of the means is the mean over pixels of

    G_ii' = ⟨f_i − f'_i, f_i' − f'_i'⟩ = K_ii'(x,x) − K_ii'(x,x') − K_ii'(x',x) + K_ii'(x',x'),

a difference of differences, of which no digit is left where the images agree to half of all digits.  So it is carried
from layer to layer, and with it the first difference of the pixels' gaps,

    S_ii' = gap(f_i, f_i') − gap(f'_i, f_i').

Linear layers act on both as on a kernel.  Through φ both are integrals over segments f_i + s (f'_i − f_i) and
f_i' + t (f'_i' − f_i') by Gauss–Legendre, G of ∂²𝒯/∂s∂t over a square and S of ∂gap/∂s over its side, with jets for
derivatives.  Between pixels that are no farther apart than the images are, nothing cancels in the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .activation import Activation
from .gauss import gauss_legendre
from .jets import Jet, Jets
from .layers import AvgPool, Conv, Dropout, GlobalAvgPool, LayerNorm, Residual, sizes
from .numbers import Numbers
from .pair import Covariance, Pair, area_of, each
from .space import SpaceSteps
from .steps import Blur, State, larger, lost_all, normed

__all__ = ["NearState", "NearSteps", "Singular", "follows"]

_BLOCK = 1 << 16  # pairs of pixels times nodes in one array
_FAR = 0.1  # pixels whose squared distance is less than 10 times that of the images are no farther apart than those


def follows(layers) -> bool:
    """Whether `NearSteps` knows these layers: closed forms without means that add, and no dropout among the pixels."""
    for layer in layers:
        if isinstance(layer, GlobalAvgPool):
            return True
        if isinstance(layer, Dropout) or (isinstance(layer, Activation) and layer.integrated):
            return False
        if isinstance(layer, Residual) and not (isinstance(layer.branch[-1], Conv) and follows(layer.branch)):
            return False
    return True


class Singular(ArithmeticError):
    """Between two images an activation meets a singularity: no integral over the segments will do."""


@dataclass(frozen=True)
class NearState:
    """K and Θ of the pixels of x and x, x and x', x' and x'; of both, a `Pair` of differences.

    In a `Pair` of differences `x` is that of the variances of f_i and f'_i, `gap` is S and `xy` is G; the rest is 0.
    """

    within: State
    across: State
    other: State
    K: Pair
    Theta: Pair

    @property
    def depth(self) -> int:
        return self.across.depth


@dataclass(frozen=True)
class NearSteps:
    """The steps on two nearly equal images, in blocks of one image each, by the words of `Steps`."""

    within: SpaceSteps
    across: SpaceSteps
    other: SpaceSteps

    @classmethod
    def of(cls, numbers: Numbers, axes: tuple) -> NearSteps:
        within, other = (SpaceSteps(numbers, None, *axes, ((0,), (0,))) for _ in range(2))
        more = len(axes[0]) + 1
        own = (
            (pool.of(slice(None), 0, more, numbers) for pool in _growing(within.tape)),
            (pool.of(slice(None), more, 0, numbers) for pool in _growing(other.tape)),
        )
        return cls(within, SpaceSteps(numbers, None, *axes, None, own), other)

    @property
    def numbers(self) -> Numbers:
        return self.across.numbers

    def run(self, layers, state):
        for layer in layers:
            state = self.step(layer, state)
        return state

    def step(self, layer, state: NearState):
        """`state` after `layer`; a `State` of pools (1, 1) after the last pool."""
        if isinstance(layer, Residual):
            return self._added(state, self.run(layer.branch, state))
        if isinstance(layer, GlobalAvgPool):
            state = self.step(AvgPool(self.across.space(state.across.K)), state)
            return self.across._without_space(state.across)
        if not isinstance(layer, (Activation, LayerNorm, Conv, AvgPool)):
            return self.across.step(layer, state.across)
        moved = [getattr(self, name).step(layer, getattr(state, name)) for name in ("within", "other", "across")]
        within, other, across = moved
        after = NearState(within, across, other, state.K, state.Theta)
        if isinstance(layer, Conv):
            K, Theta = (self.across.averaged(layer, pair) for pair in (state.K, state.Theta))
            sw2 = self.numbers.convert(layer.sigma_w2)
            return replace(after, K=K * sw2, Theta=(K + Theta) * sw2)
        if isinstance(layer, AvgPool):
            return self._pooled(sizes(layer.window, len(self.across.first), layer), after, state.across.blur)
        return self._bent(layer, state, after)

    def _added(self, state: NearState, branch: NearState) -> NearState:
        within, across, other = (
            getattr(self, name).added(getattr(state, name), getattr(branch, name))
            for name in ("within", "across", "other")
        )
        return NearState(within, across, other, state.K + branch.K, state.Theta + branch.Theta)

    # --- pools ----------------------------------------------------------------------------------------------------

    def _pooled(self, window, after: NearState, blur: Blur | None) -> NearState:
        """The gap of a pooled pixel across the images is the mean of G; half the mean gap in a window has left K.

        `blur` is that of earlier pools: what they have left uncertain in G cancels here again.
        """
        numbers, steps = self.numbers, self.across
        pairs, blurs = [], []
        for pair, across in ((after.K, after.across.K), (after.Theta, after.across.Theta)):
            mean = steps.windows(pair, window)
            size = steps.windows(replace(pair, xy=numbers.abs(pair.xy)), window).xy
            within = self._equal(mean.gap + mean.xy)  # of s
            x = mean.x - within
            pairs.append((replace(mean, x=x, gap=mean.gap - within), self._mended(across, x, mean.xy)))
            total = self._equal(mean.xy)
            positive = (total > 0) & (x == x)  # not so where it is NaN
            size = self._equal(size)
            lost = numbers.where(positive, size / numbers.where(positive, total, total + 1), 0 * total)
            lost = numbers.where(positive | (size == 0), lost, lost + lost_all(numbers))
            for axis in (*steps.first, *steps.second):
                lost = numbers.xp.max(lost, axis=axis, keepdims=True)
            blurs.append(numbers.xp.reshape(lost, (1, 1)))
        if blur:
            blurs = [
                numbers.where(b > 1, larger(a, 1 + 0 * a, numbers) * b, a) for a, b in zip(blurs, blur[:2], strict=True)
            ]
        (K, across_K), (Theta, across_Theta) = pairs
        across = replace(after.across, K=across_K, Theta=across_Theta, blur=Blur(*blurs, 1 + 0 * blurs[0]))
        return replace(after, across=across, K=K, Theta=Theta)

    def _mended(self, pair: Pair, x, G):
        """`pair` with the carried gap and difference between a pixel and itself."""
        numbers = self.numbers
        same = self._same(pair)
        fields = {"gap": numbers.nonnegative(G), "diff": x + 0 * G}
        pair = each(lambda name, v: numbers.where(same, fields[name], v) if name in fields else v, pair)
        if isinstance(pair, Covariance):
            area, _ = area_of(pair, numbers)
            pair = replace(pair, area=area)
        return pair

    # --- activations and norms ------------------------------------------------------------------------------------

    def _bent(self, layer, state: NearState, after: NearState) -> NearState:
        square = _Square.of(self, state)
        if (isinstance(layer, LayerNorm) or layer.rough) and not square.regular:
            raise Singular(f"{layer} at depth {state.depth}")
        K, factor = self._integrated(layer, square)
        factors = [getattr(self, name).bend(layer, getattr(state, name).K)[1] for name in ("within", "across", "other")]
        K = replace(K, x=self._equal(after.across.K.diff))
        factor = replace(factor, x=self._equal(factors[1].diff))
        K = self._where_far(square.far, K, [after.within.K, after.across.K, after.other.K])
        factor = self._where_far(square.far, factor, factors)
        kernels = [getattr(state, name).Theta for name in ("within", "across", "other")]
        Theta = self._product(self._corners(*factors), factor, self._corners(*kernels), state.Theta)
        Theta = replace(Theta, x=self._equal(after.across.Theta.diff))
        Theta = self._where_far(square.far, Theta, [after.within.Theta, after.across.Theta, after.other.Theta])
        if isinstance(layer, Activation) and layer.zero_at_zero:
            K, Theta = (self._where_dead(square, pair) for pair in (K, Theta))
        return replace(after, K=K, Theta=Theta)

    def _integrated(self, layer, square: _Square) -> tuple[Pair, Pair]:
        """S and G of 𝒯 and of the factor of Θ, by Gauss–Legendre over the square and over its side t = 0."""
        numbers, jets = self.numbers, Jets(self.numbers)
        bend = (lambda k: layer.duals(k, jets)) if isinstance(layer, Activation) else (lambda k: normed(k, jets))
        nodes, weights = map(np.asarray, gauss_legendre(square.order, numbers))
        nodes, weights = (1 + nodes) / 2, weights / 2
        none = 0 * square.corners[0][0].xy
        S, G = [none, none], [none, none]
        s, t = (v.ravel() for v in np.meshgrid(nodes, nodes))
        products = np.outer(weights, weights).ravel()
        side, area = (nodes, 0 * nodes, weights), (s, t, products)
        together = max(1, _BLOCK // math.prod(none.shape))  # nodes, along a new first axis
        with np.errstate(all="ignore"):  # where pixels meet, or in fields that are not used, derivatives are infinite
            for integrals, (s, t, w), part in ((S, side, lambda k: -k.gap.s), (G, area, lambda k: k.xy.st)):
                for start in range(0, len(s), together):
                    at_s, at_t, of = (self._first_axis(v[start : start + together], none.ndim) for v in (s, t, w))
                    for k, pair in enumerate(bend(square.at(at_s, at_t))):
                        integrals[k] = integrals[k] + numbers.xp.sum(part(pair) * of + 0 * none, axis=0)
        zero = 0 * square.K.x
        return tuple(Pair(zero, 0 * square.K.y, G[k], none, S[k]) for k in range(2))

    def _first_axis(self, v, dimensions: int):
        xp = self.numbers.xp
        return xp.reshape(xp.asarray(v), (-1, *(1,) * dimensions))

    def _product(self, a, da: Pair, b, db: Pair) -> Pair:
        """S and G of an entrywise product, by the product rule of differences: D(pq) = Dp·Mq + Mp·Dq, M the mean."""
        turned = self._turned

        def first(of_a, of_b, d_a, d_b):  # of a product, over s at t = 0
            return d_a * (of_b(b[0][0]) + of_b(b[1][0])) / 2 + (of_a(a[0][0]) + of_a(a[1][0])) / 2 * d_b

        entry = first(lambda k: k.xy, lambda k: k.gap, (da.x - da.gap) / 2, db.gap)
        size = first(lambda k: k.gap, lambda k: k.x + k.y, da.gap, db.x) / 2
        norm = first(lambda k: k.diff, lambda k: k.diff, da.x, db.x) / 2
        mean_a, mean_b = ((k[0][0].xy + k[0][1].xy + k[1][0].xy + k[1][1].xy) / 4 for k in (a, b))
        side_a, side_b = ((d.x - d.gap - d.xy) / 2 for d in (da, db))  # over s, the mean over t
        G = da.xy * mean_b + side_a * turned(side_b) + turned(side_a) * side_b + mean_a * db.xy
        return replace(db, xy=G, gap=entry + size + norm)

    def _where_far(self, far, carried: Pair, pairs: list) -> Pair:
        """What is carried where pixels are far apart, and else what follows from the gaps."""
        numbers = self.numbers
        (g00, g01), (g10, g11) = ((k.gap for k in row) for row in self._corners(*pairs))
        gap = numbers.where(far, carried.gap, g00 - g10)
        return replace(carried, gap=gap, xy=numbers.where(far, carried.xy, ((g01 - g00) + (g10 - g11)) / 2))

    def _where_dead(self, square: _Square, pair: Pair) -> Pair:
        """What follows for a pixel of length 0 in both images, where jets of √0 have no derivative: G = 0, and S is the
        difference of the other's lengths."""
        first, second = square.dead
        where, none = self.numbers.where, 0 * (square.size_u + square.size_v)
        gap = where(first, none, where(second, pair.x + none, pair.gap))
        return replace(pair, gap=gap, xy=where(first | second, none, pair.xy))

    # --- pixels ---------------------------------------------------------------------------------------------------

    def _corners(self, within, across, other) -> tuple:
        """The pairs of (x, x), (x, x'), (x', x), (x', x')."""
        return (within, across), (across.mirrored(self._turned), other)

    def _turned(self, v):
        half = len(self.across.first) + 1
        return self.numbers.xp.permute_dims(v, (*range(half, 2 * half), *range(half)))

    def _same(self, pair):
        """Where a pixel meets itself."""
        space = self.across.space(pair)
        count = math.prod(space)
        return self.numbers.xp.asarray(np.eye(count, dtype=bool).reshape(1, *space, 1, *space))

    def _equal(self, v):
        """The entries of equal pixels, in the shape of the variances of x."""
        own = self.across.own_pixels(v)
        return self.numbers.xp.reshape(own, own.shape + (1,) * own.ndim)


class _Sides(NamedTuple):
    """The fields of a `Covariance` but for its area, as jets."""

    x: Jet
    y: Jet
    xy: Jet
    diff: Jet
    gap: Jet
    cogap: Jet


@dataclass(frozen=True)
class _Square:
    """The pairs f_i + s (f'_i − f_i), f_i' + t (f'_i' − f_i'), 0 ≤ s, t ≤ 1."""

    numbers: Numbers
    corners: tuple
    K: Pair  # of differences
    turned: Pair  # the same of i' and i
    size_u: object  # |f_i − f'_i|²
    size_v: object

    @classmethod
    def of(cls, steps: NearSteps, state: NearState) -> _Square:
        corners = steps._corners(state.within.K, state.across.K, state.other.K)
        size = steps._equal(state.across.K.gap)
        turned = each(lambda name, v: steps._turned(v), state.K)
        return cls(steps.numbers, corners, state.K, turned, size, steps._turned(size))

    @cached_property
    def _ratio(self):
        """The images' squared distance over that of the pixels, or of one to the other's opposite."""
        where, nearest = self.numbers.where, None
        for pair in (*self.corners[0], *self.corners[1]):
            for v in (pair.gap, pair.cogap):
                nearest = v if nearest is None else where(v < nearest, v, nearest)
        some = where(nearest == 0, nearest + 1, nearest)
        return where(nearest == 0, 1 + 0 * some, (self.size_u + self.size_v) / some)

    @cached_property
    def far(self):
        return self._ratio <= _FAR

    @property
    def dead(self) -> tuple:
        """Where pixels i, and where pixels i', have length 0 in both images."""
        one, other = self.corners[0][0], self.corners[1][1]
        return (one.x == 0) & (other.x == 0), (one.y == 0) & (other.y == 0)

    @property
    def regular(self) -> bool:
        """Whether no pixels turn by more than the angle between them: kinks are seen at angle 0 and π, also of pixels
        that do not meet, and at a pixel of length 0."""
        apart = True
        for pair in (*self.corners[0], *self.corners[1]):
            apart = apart & (self.size_u * pair.y + self.size_v * pair.x <= _FAR * pair.area**2)
        return self.numbers.holds(apart | (self._ratio > _FAR) | (self.size_u + self.size_v == 0))

    @property
    def order(self) -> int:
        """Nodes that give all digits: 𝒯 is analytic up to where the pixels meet, so the error is (ratio/16)ⁿ."""
        ratio = self.numbers.where(self.far, self._ratio, 0 * self._ratio)
        worst = max(float(np.max(np.asarray(ratio))), 1e-300)
        return math.ceil(2.31 * (self.numbers.worked + 1) / math.log(16 / worst)) + 1

    def at(self, s, t) -> Covariance:
        """The pair, as jets in s and t."""
        jets = Jets(self.numbers)
        x, y, xy, diff, gap, cogap = self._sides(s, t)
        square, close = gap * cogap - diff * diff, 2 * diff.f**2 <= gap.f * cogap.f
        # Of unlike lengths that is a small difference.  As 4 area² is quadratic in s and in t, it rises by its slopes
        # at the midpoints of a way from s = t = 0.
        along_s, along_t = (
            v.gap * v.cogap - v.diff * v.diff for v in (self._sides(s / 2, 0 * t), self._sides(s, t / 2))
        )
        rising = 4 * self.corners[0][0].area ** 2 + s * along_s.s + t * along_t.t
        square = replace(square, f=self.numbers.where(close, square.f, rising))
        return Covariance(x, y, xy, diff, gap, cogap, jets.sqrt(jets.nonnegative(square)) / 2)

    def _sides(self, s, t) -> _Sides:
        (k00, k01), (k10, k11) = self.corners
        bent_u, bent_v = s * (1 - s) * self.size_u, t * (1 - t) * self.size_v

        def between(name):
            near, far = ((1 - t) * getattr(a, name) + t * getattr(b, name) for a, b in ((k00, k01), (k10, k11)))
            return (1 - s) * near + s * far

        none, S, Q, G = 0 * self.K.xy, self.K.gap, self.turned.gap, self.K.xy
        x_s, y_t = -self.K.x - (1 - 2 * s) * self.size_u, -self.turned.x - (1 - 2 * t) * self.size_v
        x = Jet((1 - s) * k00.x + s * k11.x - bent_u, x_s, 0 * x_s, 0 * x_s)
        y = Jet((1 - t) * k00.y + t * k11.y - bent_v, 0 * y_t, y_t, 0 * y_t)
        gap = Jet(
            self.numbers.nonnegative(between("gap") - bent_u - bent_v),
            -(S + 2 * t * G) - (1 - 2 * s) * self.size_u,
            -(Q + 2 * s * G) - (1 - 2 * t) * self.size_v,
            -2 * G,
        )
        cogap = replace(2 * (x + y) - gap, f=self.numbers.nonnegative(between("cogap") - bent_u - bent_v))
        diff = replace(x - y + none, f=between("diff") - bent_u + bent_v)
        xy = replace((x + y - gap) / 2, f=between("xy"))
        return _Sides(x, y, xy, diff, gap, cogap)


def _growing(tape: list) -> Iterator:
    """The items of a list that grows while it is read."""
    position = 0
    while True:
        yield tape[position]
        position += 1
