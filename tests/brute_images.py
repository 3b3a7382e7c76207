"""NNGP and NTK of a network of any layer kinds, straight from the definitions: loops over pixels, many digits.

Written before its author had seen the package's recursion; of ntkref/ it knows the layers' fields alone. Every number
that a definition names is kept: for two images a, b and two pixels i, j

    k[a, b][i, j] = E[z_a(i) z_b(j)],   t[a, b][i, j] = <dz_a(i)/dw, dz_b(j)/dw> summed over all weights w so far,

with z a unit of the current layer (a hidden unit or, after an activation, a feature). A vector is an image with no
spatial dimension, whose one pixel is (). Gaps are formed by subtraction, at the end, and nothing else is clever.

    Dense, Conv   k' = sigma_w2 sum_b v_b k[i(o) + b, j(o) + b] + sigma_b2,  t' = k' + sigma_w2 sum_b v_b t[...]
    activation    k' = E[phi(u) phi(v)],  t' = E[phi'(u) phi'(v)] t,  (u, v) normal with the variances k[a, a][i, i]
    pooling       k' and t' are means over the pairs of pixels of two windows; for flattening over (i, i)
    Dropout       one input has one mask: k[a, a][i, i] and t[a, a][i, i] gain 1/keep, no other entry
    LayerNorm     k and t divided by sqrt(k[a, a][i, i] k[b, b][j, j])
    Residual      k + k_branch + m m_branch' + m_branch m',  t + t_branch,  m = E[z]: not 0 for features of ReLU
"""

from itertools import product
from typing import NamedTuple

import numpy as np
from brute_force import context, integral, number, textbook

__all__ = ["State", "brute", "brute_gram", "depth", "integral", "propagate"]

KINDS = ("input", "normal", "features")  # of z: data, jointly normal, or anything else


class State(NamedTuple):
    """All the second moments of one layer, and its means; `pairs` says of which pairs of images."""

    kind: str
    space: tuple
    k: dict
    t: dict
    mean: dict

    @property
    def pixels(self):
        return list(product(*map(range, self.space)))

    @property
    def pairs(self):
        return list(self.k)


def brute(layers, x1, x2=None, digits=60, same=False, expectations=textbook):
    """(K, Theta) of every image of x1 with every one of x2, as lists of lists.

    `same` says that both are one list of inputs: then equal positions are one input and share their dropout mask.
    Otherwise no two are, however equal they look.
    """
    if same:
        images, first, second = list(x1), range(len(x1)), range(len(x1))
    else:
        images = [*x1, *x2]
        first, second = range(len(x1)), range(len(x1), len(images))
    state = propagate(layers, images, digits, [(a, b) for a in first for b in second], expectations)
    if state.space:
        raise ValueError(f"the network's outputs are images of {state.space} pixels: no readout")
    k, t = ([[kernel[a, b][(), ()] for b in second] for a in first] for kernel in (state.k, state.t))
    return k, t


def brute_gram(layers, x, digits=60, expectations=textbook):
    """The Gram matrices and the gaps of one list of images, each an (n, n) array of numbers."""
    matrices = {}
    for name, entries in zip(("nngp", "ntk"), brute(layers, x, None, digits, True, expectations), strict=True):
        n = range(len(x))
        gaps = [[entries[a][a] + entries[b][b] - 2 * entries[a][b] for b in n] for a in n]
        matrices[name] = np.array(entries, dtype=object)
        matrices[f"{name}_gap"] = np.array(gaps, dtype=object)
    return matrices


def depth(layers):
    """The number of weight layers on the longest way through the network, which leads through every branch."""
    names = [type(layer).__name__ for layer in layers]
    inside = sum(depth(layer.branch) for layer, name in zip(layers, names, strict=True) if name == "Residual")
    return inside + sum(name in ("Dense", "Conv") for name in names)


def propagate(layers, images, digits=60, pairs=None, expectations=textbook):
    """The State after the last of `layers`, for those `pairs` of positions in `images` (all of them unless given).

    The work is done at 2 digits + 20: the angle between two nearly equal vectors is a square root, and keeps half.
    """
    ctx = context(2 * digits + 20)
    if pairs is None:
        pairs = product(range(len(images)), repeat=2)
    pairs = [*pairs, *((a, a) for a in range(len(images)))]  # the variances are always needed
    state = inputs(ctx, images, list(dict.fromkeys(pairs)))
    for layer in layers:
        state = step(ctx, layer, state, expectations)
    return state


def inputs(ctx, images, pairs):
    """The mean over channels of products; data have no weights, so t = 0."""
    space = np.shape(images[0])[:-1]
    pixels = list(product(*map(range, space)))
    values = [{i: [number(ctx, v) for v in np.asarray(x)[i].tolist()] for i in pixels} for x in images]

    def mean_product(u, v):
        return sum((p * q for p, q in zip(u, v, strict=True)), ctx.zero) / len(u)

    k = {(a, b): {(i, j): mean_product(values[a][i], values[b][j]) for i in pixels for j in pixels} for a, b in pairs}
    t = {pair: dict.fromkeys(entries, ctx.zero) for pair, entries in k.items()}
    return State("input", space, k, t, {a: dict.fromkeys(pixels, ctx.zero) for a in range(len(images))})


def step(ctx, layer, state, expectations):
    """The next State."""
    kind = type(layer).__name__
    if kind == "Activation":
        return activation(ctx, layer.name, state, expectations)
    if kind == "Residual":
        return residual(ctx, layer, state, expectations)
    return LAYERS[kind](ctx, layer, state)


def require(condition, layer, state, what):
    if not condition:
        raise ValueError(f"{layer} needs {what}; got {state.kind} with {state.space} pixels")


def each(state, new, **changes):
    """`state` with new(kernel, (a, b), i, j) in every entry of k and of t."""
    k, t = (
        {pair: {ij: new(kernel, pair, *ij) for ij in kernel[pair]} for pair in state.pairs} for kernel in state[2:4]
    )
    return state._replace(k=k, t=t, **changes)


# --- layers with weights ---------------------------------------------------------------------------------------------


def dense(ctx, layer, state):
    require(state.space == (), layer, state, "vectors")
    return weigh(ctx, layer, state, (), {(): {(): ()}}, {(): ctx.one})


def conv(ctx, layer, state):
    require(state.space != (), layer, state, "images")
    dimensions = range(len(state.space))
    size, stride = (
        v if isinstance(v, tuple) else tuple(v for _ in dimensions) for v in (layer.filter_size, layer.stride)
    )
    if layer.padding == "valid":  # windows that start at s o and fit
        space = tuple((state.space[d] - size[d]) // stride[d] + 1 for d in dimensions)
        before = (0,) * len(size)
    else:  # windows centred on s o
        space = tuple(-(-state.space[d] // stride[d]) for d in dimensions)
        before = tuple((n - 1) // 2 for n in size)
    filter_pixels = list(product(*map(range, size)))
    windows = {}
    for o in product(*map(range, space)):
        windows[o] = {}
        for b in filter_pixels:
            i = [stride[d] * o[d] - before[d] + b[d] for d in dimensions]
            if layer.padding == "circular":
                windows[o][b] = tuple(i[d] % state.space[d] for d in dimensions)
            elif all(0 <= i[d] < state.space[d] for d in dimensions):  # outside there are zeros
                windows[o][b] = tuple(i)
    variances = {}
    for b in filter_pixels:
        if layer.filter_variance is None:
            variances[b] = ctx.one / len(filter_pixels)
        else:
            v = layer.filter_variance
            for place in b:
                v = v[place]
            variances[b] = number(ctx, v)
    return weigh(ctx, layer, state, space, windows, variances)


def weigh(ctx, layer, state, space, windows, variances):
    """windows[o][b] is the pixel under pixel b of the filter that makes output o; where it is missing is a zero."""
    weight, bias = number(ctx, layer.sigma_w2), number(ctx, layer.sigma_b2)
    k, t = {}, {}
    for pair in state.pairs:
        k[pair], t[pair] = {}, {}
        for o, p in product(windows, windows):
            sum_k = sum_t = ctx.zero
            for b, v in variances.items():
                if b in windows[o] and b in windows[p]:
                    ij = windows[o][b], windows[p][b]
                    sum_k += v * state.k[pair][ij]
                    sum_t += v * state.t[pair][ij]
            k[pair][o, p] = weight * sum_k + bias
            t[pair][o, p] = k[pair][o, p] + weight * sum_t
    mean = {a: dict.fromkeys(windows, ctx.zero) for a in state.mean}
    return State("normal", space, k, t, mean)


# --- layers without ---------------------------------------------------------------------------------------------------


def activation(ctx, name, state, expectations):
    require(state.kind == "normal", name, state, "normal pre-activations")
    k, t, moments = {}, {}, {}  # moments are formed once for the many equal triples of a constant image
    for a, b in state.pairs:
        k[a, b], t[a, b] = {}, {}
        for (i, j), q12 in state.k[a, b].items():
            q = state.k[a, a][i, i], q12, state.k[b, b][j, j]
            if q not in moments:
                moments[q] = expectations(ctx, name, *q)
            value, slope = moments[q]
            k[a, b][i, j], t[a, b][i, j] = value, slope * state.t[a, b][i, j]

    def mean_of(q):
        return {"erf": ctx.zero, "relu": ctx.sqrt(q / (2 * ctx.pi))}[name]

    mean = {a: {i: mean_of(state.k[a, a][i, i]) for i in state.mean[a]} for a in state.mean}
    return state._replace(kind="features", k=k, t=t, mean=mean)


def dropout(ctx, layer, state):
    require(state.kind == "features", layer, state, "activations")
    keep = number(ctx, layer.keep)
    return each(state, lambda kernel, ab, i, j: kernel[ab][i, j] / (keep if ab[0] == ab[1] and i == j else 1))


def layer_norm(ctx, layer, state):
    require(state.kind == "normal", layer, state, "normal pre-activations")
    norm = {a: {i: ctx.sqrt(state.k[a, a][i, i]) for i in state.mean[a]} for a in state.mean}
    return each(state, lambda kernel, ab, i, j: kernel[ab][i, j] / (norm[ab[0]][i] * norm[ab[1]][j]))


def pool(ctx, state, space, windows, kind):
    """windows[o] lists the pixels whose mean is output o."""

    def mean_product(entries, o, p):
        total = sum((entries[i, j] for i in windows[o] for j in windows[p]), ctx.zero)
        return total / (len(windows[o]) * len(windows[p]))

    k, t = (
        {pair: {(o, p): mean_product(kernel[pair], o, p) for o in windows for p in windows} for pair in state.pairs}
        for kernel in (state.k, state.t)
    )
    mean = {
        a: {o: sum((values[i] for i in pixels), ctx.zero) / len(pixels) for o, pixels in windows.items()}
        for a, values in state.mean.items()
    }
    return State(kind, space, k, t, mean)


def global_avg_pool(ctx, layer, state):
    require(state.space != (), layer, state, "images")
    return pool(ctx, state, (), {(): state.pixels}, state.kind)


def avg_pool(ctx, layer, state):
    require(state.space != (), layer, state, "images")
    size = layer.window if isinstance(layer.window, tuple) else (layer.window,) * len(state.space)
    space = tuple(n // w for n, w in zip(state.space, size, strict=True))
    windows = {}
    for o in product(*map(range, space)):
        offsets = product(*map(range, size))
        windows[o] = [tuple(w * c + b for w, c, b in zip(size, o, offset, strict=True)) for offset in offsets]
    return pool(ctx, state, space, windows, state.kind)


def flatten(ctx, layer, state):
    """Units of all pixels in one vector: moments become means over i of (i, i), and the units are no longer alike."""
    require(state.space != (), layer, state, "images")
    pixels = state.pixels
    k, t = (
        {pair: {((), ()): sum((kernel[pair][i, i] for i in pixels), ctx.zero) / len(pixels)} for pair in state.pairs}
        for kernel in (state.k, state.t)
    )
    mean = {a: {(): sum(values.values(), ctx.zero) / len(pixels)} for a, values in state.mean.items()}
    return State("input" if state.kind == "input" else "features", (), k, t, mean)


def residual(ctx, layer, state, expectations):
    """z + branch(z), independent because the branch has weights of its own."""
    require(state.kind != "input" and depth(layer.branch), layer, state, "hidden units and a branch with weights")
    branch = state
    for inner in layer.branch:
        branch = step(ctx, inner, branch, expectations)
    require(branch.space == state.space, layer, state, f"a branch of the same space, not {branch.space}")
    k, t = {}, {}
    for a, b in state.pairs:
        k[a, b], t[a, b] = {}, {}
        for i, j in state.k[a, b]:
            means = state.mean[a][i] * branch.mean[b][j] + branch.mean[a][i] * state.mean[b][j]
            k[a, b][i, j] = state.k[a, b][i, j] + branch.k[a, b][i, j] + means
            t[a, b][i, j] = state.t[a, b][i, j] + branch.t[a, b][i, j]
    mean = {a: {i: state.mean[a][i] + branch.mean[a][i] for i in state.mean[a]} for a in state.mean}
    return State(max(state.kind, branch.kind, key=KINDS.index), state.space, k, t, mean)


LAYERS = {
    "AvgPool": avg_pool,
    "Conv": conv,
    "Dense": dense,
    "Dropout": dropout,
    "Flatten": flatten,
    "GlobalAvgPool": global_avg_pool,
    "LayerNorm": layer_norm,
}
