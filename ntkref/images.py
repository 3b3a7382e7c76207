"""Kernels of images: blocks of pixel pairs, read out at every depth and joined to matrices (n1, n2).

Where the readout needs equal pixels only (a flattening), no other pairs are formed; where it needs all pairs (a pool),
two images of P pixels have P².  Blocks of pairs of images bound the memory: beside the result, about 50 arrays of
`_BLOCK` numbers, or of P² numbers where that is more.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .inputs import covariance_of_vectors
from .layers import AvgPool, Conv, Dropout, Flatten, GlobalAvgPool, Residual
from .near import NearState, NearSteps, Singular, follows
from .network import Network, Parts, every_layer, parts_of
from .numbers import Digits, Floats, Numbers
from .pair import Pair, each
from .space import Own, SpaceSteps
from .steps import LARGEST, Blur, State, within

__all__ = ["images_by_depth"]

_BLOCK = 1 << 16  # pixel pairs: what stays in cache
_CANCELLED = 30.0  # a factor of cancellation below which averages over pixels lose nothing


def images_by_depth(net: Network, x1, x2, kind: str, numbers: Numbers, every: bool) -> Iterator[tuple[tuple, State]]:
    """Yield (the layers that were run, what the readout makes of them) for each depth of the body, or for the last.

    A body without layers, the images themselves, is read out by the linear layers of the tail.  In digits(n) as many
    guard digits are added as pools cancel.
    """
    parts = parts_of(net)
    bodies = list(range(len(parts.segments) + 1)) if every else [len(parts.segments)]
    states = _states(net, parts, bodies, x1, x2, kind, numbers)
    if isinstance(numbers, Digits):
        cancelled = max((np.max(b) for state in states for b in state.blur or ()), default=0) * (20 + 4 * net.depth)
        more = math.ceil(numbers.context.log10(cancelled + 1)) - numbers.guard
        if more > 0:
            more = min(more, numbers.guard + numbers.n)  # equal pools have no gap at any precision
            states = _states(net, parts, bodies, x1, x2, kind, Digits(numbers.n, numbers.guard + more))
            states = [replace(s, blur=s.blur.map(lambda b: b / 10**more)) for s in states]
    for body, state in zip(bodies, states, strict=True):
        yield sum(parts.segments[:body], ()) + parts.tail, state


def _states(net, parts, bodies, x1, x2, kind, numbers) -> list[State]:
    """What the readout makes of each body, on all pairs of images."""
    pools = any(isinstance(layer, (AvgPool, GlobalAvgPool)) for layer in every_layer(net.layers))
    own1 = own2 = None
    if pools:
        own1 = _own(parts, bodies, x1, numbers)
        own2 = own1 if kind == "gram" else _own(parts, bodies, x2, numbers)
    ranges1, ranges2 = _ranges(x1, x2, pools)
    blocks = {}
    for r, rows in enumerate(ranges1):
        for c, columns in enumerate(ranges2):
            if kind == "gram" and c < r:
                blocks[r, c] = [_mirrored(state, numbers) for state in blocks[c, r]]
                continue
            steps = _block(x1, rows, x2, columns, kind, numbers, pools, own1, own2)
            blocks[r, c] = list(
                _read_out(parts, bodies, steps, _first(x1[rows, ...], x2[columns, ...], pools, numbers))
            )
    shape = len(ranges1), len(ranges2)
    joined = [_joined({key: states[k] for key, states in blocks.items()}, shape, numbers) for k in range(len(bodies))]
    if any(state.blur for state in joined):
        shifts, near = _closest(net, x1, x2, kind, joined)
        for a, b in shifts:
            joined = [_patched(state, _equal(state, a, b, numbers), a, b, kind, numbers) for state in joined]
        for a, b, where in near if isinstance(numbers, Floats) and follows(net.layers) else ():
            ones = _near(parts, bodies, x1[a : a + 1, ...], x2[b : b + 1, ...], numbers)
            for k, one in enumerate(ones):
                joined[k] = _patched(joined[k], one, a, b, kind, numbers) if k in where else joined[k]
    if kind == "gram":
        joined = [_symmetric(state, numbers) for state in joined]
    return joined


def _ranges(x1, x2, pools) -> tuple:
    """Rows and columns in ranges, equal for equal sets, with at most `_BLOCK` pixel pairs in a block."""
    pixels = math.prod(x1.shape[1:-1])
    side = max(1, math.isqrt(_BLOCK // (pixels**2 if pools else pixels)))
    return tuple([slice(k, min(k + side, x.shape[0])) for k in range(0, x.shape[0], side)] for x in (x1, x2))


def _first(x1, x2, pools, numbers) -> State:
    """The covariance of the pixels of two sets of images."""
    space = x1.ndim - 2
    if pools:
        one = numbers.xp.reshape(x1, (*x1.shape[:-1], *(1,) * (space + 1), x1.shape[-1]))
        other = numbers.xp.reshape(x2, ((1,) * (space + 1) + tuple(x2.shape)))
    else:
        one, other = x1[:, None, ...], x2[None, ...]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        K = covariance_of_vectors(one, other, numbers)
    within(K, LARGEST, "x·x/n", numbers)
    return State(K, Pair.zero(K), 0)


def _block(x1, rows, x2, columns, kind, numbers, pools, own1, own2) -> SpaceSteps:
    space = x1.ndim - 2
    images = (range(x1.shape[0])[rows], range(x2.shape[0])[columns]) if kind == "gram" else None
    if not pools:
        axes = tuple(range(2, 2 + space))
        return SpaceSteps(numbers, None, axes, axes, images, own=())
    own = (
        iter([pool.of(rows, 0, space + 1, numbers) for pool in own1]),
        iter([pool.of(columns, space + 1, 0, numbers) for pool in own2]),
    )
    return SpaceSteps(numbers, None, *_axes(x1), images, own)


def _axes(x) -> tuple:
    """The axes of space in a block of all pairs of pixels."""
    space = x.ndim - 2
    return tuple(range(1, 1 + space)), tuple(range(2 + space, 2 + 2 * space))


def _own(parts, bodies, x, numbers) -> list[Own]:
    """What every pool needs of each image alone, in the order in which pools come."""
    tapes = []
    for k in range(x.shape[0]):
        steps = SpaceSteps(numbers, None, *_axes(x), ((0,), (0,)))
        for _ in _read_out(parts, bodies, steps, _first(x[k : k + 1, ...], x[k : k + 1, ...], True, numbers)):
            pass
        tapes.append(steps.tape)
    return [_stacked(pools, numbers) for pools in zip(*tapes, strict=True)]


def _stacked(pools: tuple, numbers) -> Own:
    """One pool of all images."""

    def stacked(kernels):
        return tuple(numbers.concat(values) for values in zip(*kernels, strict=True))

    return Own(stacked(pool.K for pool in pools), stacked(pool.Theta for pool in pools))


def _closest(net, x1, x2, kind, states) -> tuple[list, list]:
    """The pairs of different images whose pools are equal, one a shift of the other, and those whose pools have
    cancelled, with the states where they have: by more than those of independent pixels do, or of images closer to
    each other than their own pixels."""
    worst = [state.blur and np.max([np.asarray(v) for v in state.blur[:2]], axis=0) for state in states]
    pixels, equivariant = math.prod(x1.shape[1:-1]), _equivariant(net.layers)
    shifts, near = [], []
    for a, b in np.argwhere(np.any([blur > _CANCELLED for blur in worst if blur is not None], axis=0)):
        if kind == "gram" and b <= a:
            continue
        x, y = np.asarray(x1[int(a), ...]), np.asarray(x2[int(b), ...])
        if equivariant and _shifted(x, y):
            shifts.append((int(a), int(b)))
            continue
        x, y = (v.reshape(-1, v.shape[-1]) for v in (x, y))
        apart, spread = np.mean((x - y) ** 2), np.mean((x - x.mean(axis=0)) ** 2)
        least = _CANCELLED if apart < spread else max(_CANCELLED, 3 * pixels)
        if apart:
            where = [k for k, blur in enumerate(worst) if blur is not None and blur[a, b] > least]
            near.append((int(a), int(b), where))
    return shifts, near


def _equivariant(layers) -> bool:
    """Whether a shift of the image shifts every layer, so that the pool does not see it."""
    for layer in layers:
        if isinstance(layer, GlobalAvgPool):
            return True
        if isinstance(layer, (AvgPool, Dropout, Flatten)):  # masks are not shifted with the image
            return False
        if isinstance(layer, Residual) and not _equivariant(layer.branch):
            return False
        if isinstance(layer, Conv) and (layer.padding != "circular" or set(np.ravel(layer.stride)) != {1}):
            return False
    return True


def _shifted(x, y) -> bool:
    space = x.shape[:-1]
    return any(np.array_equal(np.roll(x, shift, range(len(space))), y) for shift in np.ndindex(*space))


def _equal(state: State, a: int, b: int, numbers) -> State:
    """The pair (a, b) of `state`, (1, 1), known to be of equal features."""
    zero = 0 * state.K.xy[a : a + 1, b : b + 1]

    def equal(name, v):
        if name in ("x", "y"):
            return v[a : a + 1, :] if name == "x" else v[:, b : b + 1]
        return v[a : a + 1, b : b + 1] if name in ("xy", "cogap") else zero

    return replace(state, K=each(equal, state.K), Theta=each(equal, state.Theta), blur=Blur(zero, zero, zero))


def _near(parts, bodies, x, y, numbers) -> list[State]:
    """The readouts of two nearly equal images, each (1, 1), up to one that is `Singular`, where pools stay as they are,
    with what they have cancelled."""
    steps = NearSteps.of(numbers, _axes(x))
    within, across, other = (_first(*pair, True, numbers) for pair in ((x, x), (x, y), (y, y)))
    space = x.ndim - 2
    u, v = (numbers.xp.reshape(image, (*image.shape[:-1], *(1,) * (space + 1), -1)) for image in (x, y))
    w = numbers.xp.reshape(x, ((1,) * (space + 1) + tuple(x.shape)))
    moved, moved_w = u - v, w - numbers.xp.reshape(y, w.shape)
    dot, channels = numbers.dot, x.shape[-1]
    K = Pair(dot(moved, u + v), 0 * within.K.y, dot(moved, moved_w), 0 * within.K.xy, dot(moved, (u - w) + (v - w)))
    K = K * (1 / numbers.asarray(channels, "channels"))
    states = []
    with contextlib.suppress(Singular):
        for state in _read_out(parts, bodies, steps, NearState(within, across, other, K, Pair.zero(K))):
            states.append(state)
    return states


def _patched(state: State, one: State, a: int, b: int, kind: str, numbers) -> State:
    """`state` with the pair (a, b) replaced, and (b, a) in a Gram matrix; as it is where no pool has been passed."""
    if not state.blur:
        return state
    n1, n2 = state.K.xy.shape
    rows, columns = numbers.arange(n1)[:, None], numbers.arange(n2)[None, :]
    places = [((rows == a) & (columns == b), one)]
    if kind == "gram":
        places.append(((rows == b) & (columns == a), _mirrored(one, numbers)))

    def replaced(v, of):
        for place, other in places:
            v = numbers.where(place, of(other) + 0 * v, v)
        return v

    K, Theta = (
        each(
            lambda name, v, k=k: v if name in ("x", "y") else replaced(v, lambda s: getattr(getattr(s, k), name)),
            getattr(state, k),
        )
        for k in ("K", "Theta")
    )
    blur = Blur(*(replaced(v, lambda s, k=k: s.blur[k]) for k, v in enumerate(state.blur)))
    return replace(state, K=K, Theta=Theta, blur=blur)


def _read_out(parts: Parts, bodies: list, steps: SpaceSteps, state: State) -> Iterator[State]:
    """What the tail makes of the bodies asked for.  Layers that a tail shares with the body's next segment run once."""
    for body in range(len(parts.segments) + 1):
        segment = parts.segments[body] if body < len(parts.segments) else ()
        shared = 0
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            if body in bodies:
                tail = parts.tail if state.depth else tuple(filter(_linear, parts.tail))
                while shared < min(len(tail), len(segment)) and tail[shared] == segment[shared]:
                    state = steps.step(segment[shared], state)
                    shared += 1
                read = steps.run(tail[shared:], state)
            state = steps.run(segment[shared:], state)
        if body in bodies:
            yield read


def _linear(layer) -> bool:
    return isinstance(layer, (AvgPool, Flatten, GlobalAvgPool))


def _mirrored(state: State, numbers) -> State:
    """The block across the diagonal of a Gram matrix."""

    def turned(v):
        return numbers.xp.permute_dims(v, (1, 0))

    mean = state.mean and (turned(state.mean[1]), turned(state.mean[0]), -turned(state.mean[2]))
    blur = state.blur and state.blur.map(turned)
    return replace(state, K=state.K.mirrored(turned), Theta=state.Theta.mirrored(turned), mean=mean, blur=blur)


def _symmetric(state: State, numbers) -> State:
    """A Gram matrix that is one to the bit: pools add the pixels of x before those of x'."""
    n = state.K.xy.shape[0]
    lower = numbers.arange(n)[:, None] > numbers.arange(n)[None, :]
    other = _mirrored(state, numbers)

    def symmetric(name, v, w):
        return v if name in ("x", "y") else numbers.where(lower, w, v)

    K, Theta = each(symmetric, state.K, other.K), each(symmetric, state.Theta, other.Theta)
    mean = state.mean and (*state.mean[:2], symmetric("diff", state.mean[2], other.mean[2]))
    return replace(state, K=K, Theta=Theta, mean=mean)


def _joined(blocks: dict, shape: tuple, numbers) -> State:
    """Blocks of matrices as one matrix."""
    rows, columns = (range(n) for n in shape)
    some = blocks[0, 0]

    def joined(of, which="both"):
        if which == "x":
            return numbers.concat([of(blocks[r, 0]) for r in rows])
        if which == "y":
            return numbers.concat([of(blocks[0, c]) for c in columns], axis=1)
        return numbers.concat([numbers.concat([of(blocks[r, c]) for c in columns], axis=1) for r in rows])

    K, Theta = (
        each(lambda name, _, kind=kind: joined(lambda s: getattr(getattr(s, kind), name), name), getattr(some, kind))
        for kind in ("K", "Theta")
    )
    mean = some.mean and tuple(
        joined(lambda s, k=k: s.mean[k], "x" if k == 0 else "y" if k == 1 else "both") for k in range(3)
    )
    blur = some.blur and Blur(*(joined(lambda s, k=k: s.blur[k]) for k in range(3)))
    return State(K, Theta, some.depth, mean, blur)
