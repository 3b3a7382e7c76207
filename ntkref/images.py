"""Kernels of images: blocks of pixel pairs, read out at every depth and joined to matrices (n1, n2).

Where the readout needs equal pixels only (a flattening), no other pairs are formed; where it needs all pairs (a pool),
two images of P pixels have P².  Blocks of pairs of images bound the memory: beside the result, about 50 arrays of
`_BLOCK` numbers, or of P² numbers where that is more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .inputs import covariance_of_vectors
from .layers import AvgPool, GlobalAvgPool, Residual
from .network import Network, Parts, parts_of
from .numbers import Numbers
from .pair import Pair, each
from .space import Own, SpaceSteps
from .steps import LARGEST, State, within

__all__ = ["images_by_depth"]

_BLOCK = 1 << 16  # pixel pairs: what stays in cache


def images_by_depth(net: Network, x1, x2, kind: str, numbers: Numbers, every: bool) -> Iterator[tuple[tuple, State]]:
    """Yield (the layers that were run, what the readout makes of them) for each depth of the body, or for the last.

    A body without layers, the images themselves, is read out by the linear layers of the tail.
    """
    parts = parts_of(net)
    bodies = list(range(len(parts.segments) + 1)) if every else [len(parts.segments)]
    pools = any(map(_pools, net.layers))
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
            blocks[r, c] = list(_read_out(parts, bodies, steps, _first(x1[rows], x2[columns], pools, numbers)))
    shape = len(ranges1), len(ranges2)
    for position, body in enumerate(bodies):
        run = sum(parts.segments[:body], ()) + parts.tail
        yield run, _joined({key: states[position] for key, states in blocks.items()}, shape, numbers)


def _pools(layer) -> bool:
    return isinstance(layer, (AvgPool, GlobalAvgPool)) or (
        isinstance(layer, Residual) and any(map(_pools, layer.branch))
    )


def _ranges(x1, x2, pools) -> tuple:
    """Rows and columns in ranges, equal for equal sets, with at most `_BLOCK` pixel pairs in a block."""
    pixels = math.prod(x1.shape[1:-1])
    side = max(1, math.isqrt(_BLOCK // (pixels**2 if pools else pixels)))
    return tuple([slice(k, min(k + side, len(x))) for k in range(0, len(x), side)] for x in (x1, x2))


def _first(x1, x2, pools, numbers) -> State:
    """The covariance of the pixels of two sets of images."""
    space = x1.ndim - 2
    if pools:
        one = numbers.xp.reshape(x1, (*x1.shape[:-1], *(1,) * (space + 1), x1.shape[-1]))
        other = numbers.xp.reshape(x2, ((1,) * (space + 1) + tuple(x2.shape)))
    else:
        one, other = x1[:, None, ...], x2[None, ...]
    return _state(one, other, numbers)


def _state(one, other, numbers) -> State:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        K = covariance_of_vectors(one, other, numbers)
    within(K, LARGEST, "x·x/n", numbers)
    return State(K, Pair.zero(K), 0)


def _block(x1, rows, x2, columns, kind, numbers, pools, own1, own2) -> SpaceSteps:
    space = x1.ndim - 2
    images = (range(len(x1))[rows], range(len(x2))[columns]) if kind == "gram" else None
    if not pools:
        axes = tuple(range(2, 2 + space))
        return SpaceSteps(numbers, None, axes, axes, images, own=())
    own = (
        iter([pool.of(rows, 0, space + 1, numbers) for pool in own1]),
        iter([pool.of(columns, space + 1, 0, numbers) for pool in own2]),
    )
    return SpaceSteps(numbers, None, tuple(range(1, 1 + space)), tuple(range(2 + space, 2 + 2 * space)), images, own)


def _own(parts, bodies, x, numbers) -> list[Own]:
    """Every pool's needs of each image alone, in the order in which pools come."""
    space = x.ndim - 2
    tapes = []
    for image in range(len(x)):
        pixels = x[image]
        one = numbers.xp.reshape(pixels, (*pixels.shape[:-1], *(1,) * space, pixels.shape[-1]))
        other = numbers.xp.reshape(pixels, (1,) * space + tuple(pixels.shape))
        first, second = tuple(range(space)), tuple(range(space, 2 * space))
        steps = SpaceSteps(numbers, None, first, second, ((0,), (0,)))
        for _ in _read_out(parts, bodies, steps, _state(one, other, numbers)):
            pass
        tapes.append(steps.tape)
    return [_stacked(pools, numbers) for pools in zip(*tapes, strict=True)]


def _stacked(pools: tuple, numbers) -> Own:
    """One pool of all images."""

    def stacked(kernels):
        return tuple(numbers.xp.stack(values) for values in zip(*kernels, strict=True))

    return Own(stacked(pool.K for pool in pools), stacked(pool.Theta for pool in pools))


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
    return hasattr(layer, "window") or type(layer).__name__ in ("Flatten", "GlobalAvgPool")


def _mirrored(state: State, numbers) -> State:
    """The block across the diagonal of a Gram matrix."""
    swap = {"x": "y", "y": "x"}

    def turned(v):
        return numbers.xp.permute_dims(v, (1, 0))

    def mirrored(pair):
        return each(lambda name, v: turned(getattr(pair, swap.get(name, name))) * (-1 if name == "diff" else 1), pair)

    mean = state.mean and (turned(state.mean[1]), turned(state.mean[0]), -turned(state.mean[2]))
    blur = state.blur and tuple(map(turned, state.blur))
    return replace(state, K=mirrored(state.K), Theta=mirrored(state.Theta), mean=mean, blur=blur)


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
    blur = some.blur and tuple(joined(lambda s, k=k: s.blur[k]) for k in range(2))
    return State(K, Theta, some.depth, mean, blur)
