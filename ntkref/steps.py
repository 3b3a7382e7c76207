"""What one layer does to K and Θ of a block of pairs: the recursion itself (Eq. 2, 3, 8), but for layers of space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .activation import Activation
from .layers import Dense, Dropout, LayerNorm, Residual
from .numbers import Floats, Numbers
from .pair import Covariance, Pair, area_of, each, weighted_sum

__all__ = ["LARGEST", "Blur", "State", "Steps", "larger", "lost_all", "normed", "within"]

LARGEST = 2.0**1020  # a sum of a few diagonals, as in a gap, is still a float64


class Blur(NamedTuple):
    """By what factors pools have cancelled, (n1, n2) each: in the gaps of K and of Θ, and in the entries of both.

    Entries are untouched by a pool itself; an activation behind it sees the angle, √ of what a gap says.
    """

    K: Any
    Theta: Any
    entries: Any

    def map(self, function, *others: Blur) -> Blur:
        return Blur(*map(function, self, *others))


@dataclass(frozen=True)
class State:
    """K and Θ between two layers, on a block of pairs.

    `mean` is E[h(x)], E[h(x')] and their difference, or None for 0; `blur` a `Blur` once a pool has been passed.
    """

    K: Covariance
    Theta: Pair
    depth: int
    mean: tuple | None = None
    blur: Blur | None = None


@dataclass(frozen=True)
class Steps:
    """The steps on pairs of vectors; `same` says where a pair is one input with itself, or is None for nowhere."""

    numbers: Numbers
    same: Any = None

    def twins(self, pair: Pair):
        """Where a pair is one input with itself, or None for nowhere: there `Dropout` has one mask, not two."""
        return self.same

    def run(self, layers, state: State) -> State:
        """`state` after `layers`."""
        for layer in layers:
            state = self.step(layer, state)
        return state

    def step(self, layer, state: State) -> State:
        """`state` after `layer`.  Raises OverflowError where it leaves float64, naming the depth."""
        if isinstance(layer, Dense):
            return self.weighted(layer, state.K, state.Theta, state)
        if isinstance(layer, (Activation, LayerNorm)):
            return self._bent(layer, state)
        if isinstance(layer, Dropout):
            return self._dropped(layer, state)
        if isinstance(layer, Residual):
            return self.added(state, self.run(layer.branch, state))
        raise AssertionError(f"{layer} acts on images")

    def weighted(self, layer, K: Covariance, Theta: Pair, before: State) -> State:
        """A weight layer on averages over the inputs, K and Θ."""
        numbers, depth = self.numbers, before.depth + 1
        sw2, sb2 = numbers.convert(layer.sigma_w2), numbers.convert(layer.sigma_b2)
        K = K.affine(sw2, sb2, numbers)  # Eq. 2
        Theta = K + Theta * sw2  # Eq. 8
        within(K, LARGEST, f"K(x, x) at depth {depth}", numbers)
        within(Theta, LARGEST, f"the NTK's diagonal at depth {depth}", numbers)
        blur = before.blur and before.blur._replace(Theta=larger(before.blur.K, before.blur.Theta, numbers))
        return State(K, Theta, depth, blur=blur)

    def _bent(self, layer, state: State) -> State:
        """An activation or a norm: K bends, Θ takes a factor."""
        numbers, K = self.numbers, state.K
        if isinstance(layer, Activation):
            within(K, layer.largest, f"K(x, x) at depth {state.depth}, in the closed form of {layer},", numbers)
        elif not numbers.holds((K.x != 0) & (K.y != 0)):
            raise ValueError(f"layer norm at depth {state.depth} divides by K(x, x) = 0: an input, or pixel, is zero")
        K, factor = self.bend(layer, K)
        mean = _mean(layer, state.K, numbers) if isinstance(layer, Activation) else None
        blur = state.blur
        if blur and isinstance(layer, Activation):
            blur = blur._replace(entries=larger(blur.entries, numbers.sqrt(blur.K), numbers))
        return State(K, factor.times(state.Theta, numbers), state.depth, mean, blur)

    def bend(self, layer, K: Covariance) -> tuple[Covariance, Pair]:
        """What K becomes, and the factor of Θ: 𝒯 and 𝒯̇ (Eq. 3), or K and 1 over √(K(x,x) K(x',x'))."""
        return layer.duals(K, self.numbers) if isinstance(layer, Activation) else normed(K, self.numbers)

    def _dropped(self, layer: Dropout, state: State) -> State:
        """The diagonal gains 1/keep: every input, seen from its pairs, becomes longer across all the others."""
        keep = self.numbers.convert(layer.keep)
        if keep == 1:
            return state
        K, Theta = (self._lengthened(pair, keep) for pair in (state.K, state.Theta))
        return replace(state, K=K, Theta=Theta)

    def _lengthened(self, pair: Pair, keep) -> Pair:
        numbers, gain = self.numbers, 1 / keep - 1
        x, y, diff = pair.x / keep, pair.y / keep, pair.diff / keep
        longer = (pair.x + pair.y) * gain
        fields = {"x": x, "y": y, "xy": pair.xy, "diff": diff, "gap": pair.gap + longer}
        twin = {"x": x, "y": y, "xy": pair.xy / keep, "diff": 0 * diff, "gap": 0 * pair.gap}
        if isinstance(pair, Covariance):
            fields["cogap"] = pair.cogap + longer
            fields["area"] = numbers.hypot(pair.area / keep, pair.xy * numbers.sqrt((1 / keep + 1) * gain))
            twin["cogap"], twin["area"] = pair.cogap / keep, 0 * pair.area
        same = self.twins(pair)
        if same is not None:
            fields = {
                name: value if name in ("x", "y") else numbers.where(same, twin[name], value)
                for name, value in fields.items()
            }
        return type(pair)(**fields)

    def added(self, state: State, branch: State) -> State:
        """z + branch(z): uncorrelated but for their means."""
        numbers, depth = self.numbers, branch.depth
        K = weighted_sum([state.K, branch.K], [1, 1], numbers)
        mean = state.mean or branch.mean
        if state.mean and branch.mean:
            K = _with_means(K, state.mean, branch.mean, numbers)
            mean = tuple(a + b for a, b in zip(state.mean, branch.mean, strict=True))
        Theta = state.Theta + branch.Theta
        within(K, LARGEST, f"K(x, x) at depth {depth}", numbers)
        within(Theta, LARGEST, f"the NTK's diagonal at depth {depth}", numbers)
        return State(K, Theta, depth, mean, state.blur if branch.blur is None else branch.blur)


def normed(K: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
    """K over √(K(x,x) K(x',x')), and 1 over that.

    1 − c is area²/(r(r + K)), or what the gap is beyond the difference of norms where that is the smaller part.
    """
    sqrt, where = numbers.sqrt, numbers.where
    root_x, root_y = sqrt(K.x), sqrt(K.y)
    r, total = root_x * root_y, root_x + root_y
    norms = (K.diff / total) ** 2  # (√x − √y)²
    acute = K.xy >= 0
    short, size = where(acute, K.gap, K.cogap), where(acute, K.xy, -K.xy)
    short = where(2 * norms <= short, (short - norms) / r, 2 * (K.area / r) * (K.area / (r + size)))  # 2 (1 − |c|)
    gap, cogap = where(acute, short, 4 - short), where(acute, 4 - short, short)
    normed = Covariance(K.x / K.x, K.y / K.y, K.xy / r, 0 * K.diff, gap, cogap, K.area / r)
    spread = (K.diff / total) / r  # 1/√y − 1/√x
    return normed, Pair(1 / K.x, 1 / K.y, 1 / r, -(K.diff / K.x) / K.y, spread**2)


def _mean(phi: Activation, K: Covariance, numbers: Numbers) -> tuple | None:
    """E[φ(z)] at x and at x' and their difference: √(q/2π)(φ(1) + φ(−1)) of a homogeneous φ; 0 of an odd one."""
    if not phi.homogeneous or phi.parity == -1:
        return None
    one = numbers.asarray([1, -1], "points")
    height = numbers.xp.sum(phi.value(numbers, one)) / numbers.sqrt(numbers.asarray(2, "two") * numbers.pi)
    root_x, root_y = numbers.sqrt(K.x), numbers.sqrt(K.y)
    total = root_x + root_y
    return root_x * height, root_y * height, K.diff / numbers.where(total == 0, total + 1, total) * height


def _with_means(K: Covariance, one: tuple, other: tuple, numbers: Numbers) -> Covariance:
    """K + m n'ᵀ + n m'ᵀ: the cross terms of two features with means m and n."""
    (mx, my, dm), (nx, ny, dn) = one, other
    diff, gap = dm * (nx + ny) + dn * (mx + my), 2 * dm * dn
    gained = {"x": 2 * mx * nx, "y": 2 * my * ny, "xy": mx * ny + nx * my, "diff": diff, "gap": gap}
    gained["cogap"] = 2 * (mx + my) * (nx + ny)
    K = each(lambda name, field: field if name == "area" else field + gained[name], K)
    area, _ = area_of(K, numbers)
    return replace(K, area=area)


def larger(a, b, numbers: Numbers):
    """The larger of two, entry by entry."""
    return numbers.where(a > b, a, b)


def lost_all(numbers: Numbers):
    """A factor of cancellation that leaves no digit, nor would of twice as many."""
    return numbers.asarray(10, "ten") ** (2 * numbers.worked)


def within(pair: Pair, largest: float, what: str, numbers: Numbers) -> None:
    """Raise OverflowError where a diagonal exceeds `largest` in float64."""
    if isinstance(numbers, Floats) and not (numbers.holds(pair.x <= largest) and numbers.holds(pair.y <= largest)):
        raise OverflowError(f"{what} exceeds {largest:.0e}, too large for float64; use numbers=digits(n)")
