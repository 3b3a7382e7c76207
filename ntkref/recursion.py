"""The recursion: kernels of a network, one weight layer after another (Eq. 2, 3, 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .images import images_by_depth
from .inputs import checked_inputs, covariance_of_inputs, covariance_of_pair, distinct_inputs
from .layers import Conv, Dense
from .network import Network, parts_of, weight_layers
from .numbers import Floats, Numbers, float64
from .pair import Covariance, Pair
from .space import size_after
from .steps import LARGEST, Blur, State, Steps, larger, within

__all__ = ["Kernels", "kernels", "kernels_by_depth", "kernels_of_pair", "pairs_by_depth"]


@dataclass(frozen=True, repr=False)
class Kernels:
    """The NNGP kernel K and the neural tangent kernel Θ on n1 × n2 pairs of inputs.

    Accuracy
    --------
    In float64 the entries and gaps are within (20 + 4 l) u relative at depth l ≤ 1000, u = 1.1e-16, whatever
    the norms of the inputs; where positive and negative terms meet in an entry (in x·x' itself, and at
    negative cosines with σ_b² > 0), that is relative to √(K(x,x) K(x',x')).  Measured, not proved; see
    ``benchmarks``.  In ``digits(n)`` n digits are correct, in the same sense, to depth 10⁴.  ReLU's NTK gap
    of vectors that differ only in length, and in length only by a little, is as accurate as their angle.

    Behind `LayerNorm`, which leaves the angle alone, gaps of inputs that differ more in length than in angle are
    accurate relative to K(x, x) and Θ(x, x).  Of pools, entries are so relative to the mean variance of the pixels, and
    gaps up to what the pool cancels: `relative_error` says it, entry by entry.  That is little for nearly equal images,
    in networks of convolutions, closed-form activations, norms and skip connections whose branches end in a
    convolution.  Known to be worse, and not refused: pools whose mean nearly vanishes, of nearly opposite images, of
    nearly parallel pixels, or of nearly equal images with a pixel that is nearly 0; and ReLU behind the pools of
    parallel inputs.  Use ``digits(n)`` there.
    """

    depth: int
    numbers: Numbers
    K: Covariance
    Theta: Pair
    kind: str  # "gram" (x2 is x1), "cross" or "pairs" (no inputs)
    distinct: Any  # where the two inputs differ
    alive: Any  # where neither input is zero
    blur: Blur | None = None  # by what factors pools have cancelled

    def __repr__(self):
        return f"Kernels(depth={self.depth}, shape={np.shape(self.K.xy)}, numbers={self.numbers})"

    @property
    def nngp(self):
        """K(x, x'), shape (n1, n2).  Raises FloatingPointError where variances underflow float64."""
        return self._entries(self.K, "nngp")

    @property
    def ntk(self):
        """Θ(x, x'), shape (n1, n2).  Raises FloatingPointError where variances underflow float64."""
        return self._entries(self.Theta, "ntk")

    @property
    def nngp_gap(self):
        """K(x,x) + K(x',x') − 2K(x,x'), carried and never subtracted, shape (n1, n2).

        Raises FloatingPointError where float64 underflows, ArithmeticError where the pools of two images agree to
        nearly all digits; use ``digits(n)`` there.
        """
        return self._gap(self.K.gap, "nngp_gap")

    @property
    def ntk_gap(self):
        """Θ(x,x) + Θ(x',x') − 2Θ(x,x'), carried and never subtracted, shape (n1, n2).

        Raises as `nngp_gap`.
        """
        return self._gap(self.Theta.gap, "ntk_gap")

    @property
    def nngp_variances(self):
        """K(x, x) of x1, shape (n1,), and K(x', x') of x2, shape (n2,)."""
        return self._variances(self.K, "nngp_variances")

    @property
    def ntk_variances(self):
        """Θ(x, x) of x1, shape (n1,), and Θ(x', x') of x2, shape (n2,)."""
        return self._variances(self.Theta, "ntk_variances")

    def pair(self, kernel: str) -> Pair:
        """The `Pair` behind ``kernel="ntk"`` or ``"nngp"``, its gaps checked for underflow."""
        if kernel not in ("ntk", "nngp"):
            raise ValueError(f'kernel must be "ntk" or "nngp", got {kernel!r}')
        pair = self.Theta if kernel == "ntk" else self.K
        self._gap(pair.gap, f"{kernel}_gap")
        return pair

    def _entries(self, pair, name):
        self._check_variances(pair, name)
        if self.blur is not None:
            self._refuse_blur(self.blur.entries, name)
        entries = pair.xy
        if self.kind == "gram":  # the diagonal is x to the last bit, not to rounding
            same = self.numbers.arange(entries.shape[0])
            entries = self.numbers.where(same[:, None] == same[None, :], pair.x, entries)
        return self.numbers.finish(entries)

    def _variances(self, pair, name):
        self._check_variances(pair, name)
        x, y = (pair.x[:, 0], pair.y[0, :]) if self.kind != "pairs" else (pair.x, pair.y)
        return self.numbers.finish(x), self.numbers.finish(y)

    def relative_error(self, kernel: str):
        """What the gaps of "ntk" or "nngp" promise: (20 + 4 l) u, times the factor by which pools have cancelled."""
        promise = (20 + 4 * self.depth) * self.numbers.eps
        if self.blur is None or not isinstance(self.numbers, Floats):  # guard digits take it
            return promise
        blur = self.blur.K if kernel == "nngp" else self.blur.Theta
        return larger(blur, 1 + 0 * blur, self.numbers) * promise

    def _gap(self, gap, name):
        if self.blur is not None:
            self._refuse_blur(self.blur.K if name == "nngp_gap" else self.blur.Theta, name)
        self._refuse(lambda tiny: self.distinct & (gap < tiny), name)
        return self.numbers.finish(gap)

    def _check_variances(self, pair, name):
        self._refuse(lambda tiny: self.alive & ((pair.x < tiny) | (pair.y < tiny)), name)

    def _refuse_blur(self, blur, name):
        """Raise where the pools of two different images agree to so many digits that too few are left."""
        numbers = self.numbers
        most = 1e-9 / numbers.eps if isinstance(numbers, Floats) else numbers.context.mpf(10) ** numbers.guard
        if not numbers.holds(~self.distinct | (blur * (20 + 4 * self.depth) <= most)):
            raise ArithmeticError(
                f"{name} at depth {self.depth}: the pools of two different images agree to nearly all digits of "
                f"{numbers}; use digits(n), or more of them"
            )

    def _refuse(self, lost, name):
        """Raise where float64 has underflowed; no other system can."""
        if isinstance(self.numbers, Floats) and not self.numbers.holds(~lost(self.numbers.tiny)):
            below = f"below {self.numbers.tiny:.0e}"
            raise FloatingPointError(
                f"{name} underflows float64 at depth {self.depth} ({below}); use numbers=digits(n)"
            )


def kernels(net: Network, x1, x2=None, numbers: Numbers = float64) -> Kernels:
    """K and Θ of `net` between the rows of `x1` (n1, features) and of `x2` (n2, features), or between images.

    ``x2=None`` gives the Gram matrix of `x1`.  Inputs are taken as exact: floats are their binary values.  Images are
    (n, height, width, channels) or (n, length, channels); pixel pairs that the readout does not need are not formed,
    and the others in blocks, so that memory is the result and a constant, or some 40 numbers for each two pixels of a
    pair of images where that is more.

    Raises
    ------
    TypeError, ValueError
        Inputs that are complex, NaN, infinite, empty, ragged, or of a shape that is not the network's; a window larger
        than the image; a layer norm where K(x, x) = 0.
    OverflowError
        A kernel leaves float64; the message names the depth.

    Source: Eq. 2, 3, 8; chapters `arcsine_kernel`, `tangent_kernel`, `convolution`, `flattening_and_pooling`,
    `dropout`, `skip_connections`, `layer_normalisation`.  Accuracy: see `Kernels`.

    >>> import ntkref as nk
    >>> net = nk.fcn(depth=3, activation=nk.relu, sigma_w2=2)
    >>> nk.kernels(net, [[1.0, 0.0], [0.0, 2.0]]).ntk.round(6)
    array([[ 3.      ,  1.371417],
           [ 1.371417, 12.      ]])
    """
    *_, (_, last) = _kernels(net, x1, x2, numbers, every=False)
    return last


def kernels_by_depth(net: Network, x1, x2=None, numbers: Numbers = float64) -> Iterator[tuple[int, Kernels]]:
    """Yield (l, kernels of the first l weight layers) for l = 1 … L, from one pass.

    A network of images cut short in its image part is read out as the whole one is, by the layers from the last
    convolution (or residual sum) on: of `cnn` the l-th is that of depth l.  A branch counts with all its weight layers,
    and l skips the depths at which there is no Gaussian to read.

    Arguments, errors and accuracy as for `kernels`; bad arguments raise at the call, not at the first step.
    """
    return _kernels(net, x1, x2, numbers, every=True)


def _kernels(net, x1, x2, numbers, every):
    _check(net, numbers)
    kind = "gram" if x2 is None else "cross"
    images = net.of_images
    x1 = checked_inputs(x1, "x1", numbers, images)
    x2 = x1 if x2 is None else checked_inputs(x2, "x2", numbers, images)
    if x1.shape[1:] != x2.shape[1:]:
        what = "shape" if images else "number of features"
        sizes = (tuple(x.shape[1:]) if images else x.shape[1] for x in (x1, x2))
        raise ValueError("x1 and x2 must have the same {}, got {} and {}".format(what, *sizes))
    if images:
        size_after(net.layers, tuple(x1.shape[1:-1]))
    flat1, flat2 = (numbers.xp.reshape(x, (x.shape[0], -1)) for x in (x1, x2))
    nonzero = [numbers.any(x != 0) for x in (flat1, flat2)]
    marks = distinct_inputs(flat1, flat2, numbers), nonzero[0][:, None] & nonzero[1][None, :]
    same = numbers.arange(x1.shape[0])
    steps = Steps(numbers, same[:, None] == same[None, :] if kind == "gram" else None)
    if images:
        return _of_images(net, x1, x2, kind, steps, marks, every)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        inputs = covariance_of_inputs(x1, x2, numbers)
    within(inputs, LARGEST, "x·x/n", numbers)
    return _run(zip(net.layers, net.readable, strict=True), State(inputs, Pair.zero(inputs), 0), kind, steps, marks)


def _of_images(net, x1, x2, kind, steps, marks, every):
    """The image part, read out at every depth or at the last only, and the layers after it."""
    parts, readable = parts_of(net), net.readable
    position = len(net.layers) - len(parts.head) - len(parts.rest)  # of the head
    for run, state in images_by_depth(net, x1, x2, kind, steps.numbers, every):
        seen = marks
        if any(isinstance(layer, Conv) and layer.sigma_w2 == 0 for layer in run):
            seen = tuple(mark & ~mark for mark in marks)
        if state.blur is not None:  # shifts of one image are one to a pool
            seen = seen[0] & ~((state.K.gap == 0) & (state.blur.K == 0)), seen[1]
        whole = state.depth + len(list(weight_layers((*parts.head, *parts.rest)))) == net.depth
        layers = (*parts.head, *parts.rest) if whole else parts.head
        if readable[position - 1] and state.depth:
            yield state.depth, _result(state, kind, steps.numbers, seen)
        reads = list(zip(layers, readable[position:], strict=False))
        if not (state.depth or whole):  # the inputs themselves are not activations, and are not dropped
            reads = [(layer, read) for layer, read in reads if isinstance(layer, Dense)]
        yield from _run(reads, state, kind, steps, seen)


def kernels_of_pair(net: Network, q, one_minus_c, numbers: Numbers = float64) -> Kernels:
    """K and Θ of `net` on pairs given without inputs: K⁽¹⁾(x,x) = K⁽¹⁾(x',x') = `q`, cosine 1 − `one_minus_c`.

    `q` and `one_minus_c` are numbers or arrays that broadcast; the result has their common shape.  Nearly
    equal inputs (`one_minus_c` near 0) and nearly opposite ones (near 2) keep their digits.  With
    ``numbers=symbols()`` they are SymPy expressions and so is the result.

    Raises ValueError for q < 0 or `one_minus_c` outside [0, 2]; else as `kernels`.

    >>> import ntkref as nk
    >>> k = nk.kernels_of_pair(nk.fcn(500, nk.erf, "1.0", "0.18"), q="0.3", one_minus_c="1e-8")
    >>> f"{k.ntk_gap:.12e}"
    '1.930374191049e-75'
    """
    *_, (_, last) = pairs_by_depth(net, q, one_minus_c, numbers)
    return last


def pairs_by_depth(net: Network, q, one_minus_c, numbers: Numbers = float64) -> Iterator[tuple[int, Kernels]]:
    """Yield (l, `kernels_of_pair` of the first l weight layers) for l = 1 … L, from one pass."""
    _check(net, numbers)
    if net.of_images:
        raise ValueError("net is of images: they have a pair for every two pixels, so give images to kernels")
    first = covariance_of_pair(q, one_minus_c, numbers)
    within(first, LARGEST, "q", numbers)
    alive = first.x != 0
    marks = alive & (numbers.asarray(one_minus_c, "one_minus_c") != 0), alive
    return _of_pair(net, State(first, first, 1), Steps(numbers), marks)


def _of_pair(net, state, steps, marks):
    readable = net.readable
    if readable[0]:
        yield 1, _result(state, "pairs", steps.numbers, marks)
    yield from _run(zip(net.layers[1:], readable[1:], strict=True), state, "pairs", steps, marks)


def _check(net, numbers):
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, such as fcn(...) builds, got {net!r}")
    if not isinstance(numbers, Numbers):
        raise TypeError(f"numbers must be float64, floats(xp), digits(n) or symbols(), got {numbers!r}")


def _run(layers, state, kind, steps, marks) -> Iterator[tuple[int, Kernels]]:
    """Run `layers`, pairs of a layer and whether its result is an output."""
    for layer, reads in layers:
        # Within the loop, for a generator must not hold NumPy's error state while it is suspended.
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            state = steps.step(layer, state)
        if isinstance(layer, Dense) and layer.sigma_w2 == 0:
            marks = tuple(mark & ~mark for mark in marks)  # all inputs are one; what is 0 from here on is 0
        if reads:
            yield state.depth, _result(state, kind, steps.numbers, marks)


def _result(state: State, kind: str, numbers: Numbers, marks: tuple) -> Kernels:
    return Kernels(state.depth, numbers, state.K, state.Theta, kind, *marks, state.blur)
