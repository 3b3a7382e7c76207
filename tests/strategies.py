"""Hypothesis strategies: hyperparameters by phase, inputs with controlled near-duplicates, pairs, networks,
and the same of images."""

import math

import numpy as np
from hypothesis import strategies as st

import ntkref as nk
from ntkref.layers import PADDINGS
from ntkref.space import size_after

__all__ = [
    "ACTIVATIONS",
    "CLOSED_FORM",
    "LISTED",
    "erf_line",
    "fractions",
    "hyperparameters",
    "image_networks",
    "images",
    "input_sets",
    "networks",
    "one_minus_cosines",
    "pairs",
    "variances",
    "vectors",
]

CLOSED_FORM = (nk.erf, nk.relu)  # what brute_force.py and the chapters on erf and ReLU know
LISTED = tuple(sorted((v for v in vars(nk).values() if isinstance(v, nk.Activation)), key=repr))
ACTIVATIONS = (
    *LISTED,
    nk.leaky_relu("0.01"),
    nk.elu(),
    nk.elu(2),
    nk.sinusoid(2, "0.5"),
    nk.rectified_monomial(2),
    nk.rectified_monomial(3),
    nk.monomial(3),
    nk.polynomial(["0.5", 1, "-0.25"]),
    nk.hermite(4),
)
PHASES = ("ordered", "critical", "chaotic", "unbounded")


def erf_line(q):
    """erf's critical line (THEORY section h), in floats: good enough to stay on one side of it."""
    root = math.sqrt(1 + 4 * q)
    return math.pi / 4 * root, q - root / 2 * math.asin(2 * q / (1 + 2 * q))


def variances(low=0.05, high=20.0):
    """Variances spread evenly on a logarithmic scale."""
    return st.floats(math.log(low), math.log(high)).map(math.exp)


@st.composite
def hyperparameters(draw, phase=None):
    """(activation, sigma_w2, sigma_b2, phase), floats except at exactly critical points of erf (digits(60))."""
    phase = draw(st.sampled_from(PHASES)) if phase is None else phase
    activation = (
        nk.relu if phase == "unbounded" else nk.erf if phase == "chaotic" else draw(st.sampled_from(CLOSED_FORM))
    )
    if activation is nk.relu:
        if phase == "ordered":
            return activation, draw(st.floats(0.05, 1.98)), draw(st.floats(0, 5)), phase
        if phase == "critical":
            return activation, 2, 0, phase
        return activation, draw(st.floats(2.01, 5)), draw(st.floats(0, 5)), phase
    q = draw(variances(0.02, 30.0))
    if phase == "critical":
        point = nk.critical_point(activation, q_star=q, numbers=nk.digits(60))
        return activation, point.sigma_w2, point.sigma_b2, phase
    sigma_w2, sigma_b2 = erf_line(q)
    factor = draw(st.floats(0.05, 0.98) if phase == "ordered" else st.floats(1.02, 10.0))
    return activation, sigma_w2 * factor, sigma_b2, phase


def one_minus_cosines():
    """1 - c from identical through nearly identical and orthogonal to nearly opposite and opposite."""
    tiny = st.integers(1, 16).map(lambda k: 10.0**-k)
    return st.one_of(st.sampled_from([0.0, 1.0, 2.0]), tiny, st.floats(0.01, 1.99), tiny.map(lambda e: 2 - e))


def pairs():
    """(q, 1 - c)."""
    return st.tuples(variances(0.01, 100.0), one_minus_cosines())


def vectors(features):
    """Not nearly zero, so that a direction is defined."""
    entries = st.floats(-3, 3, allow_subnormal=False).map(lambda v: round(v, 6))
    return st.lists(entries, min_size=features, max_size=features).map(np.array).filter(lambda v: v @ v > 0.1)


def near(x, direction, distance):
    """`x` moved by `distance` relative to its length."""
    return x + distance * np.linalg.norm(x) / np.linalg.norm(direction) * direction


@st.composite
def input_sets(draw, features=4, free=2, variants=3):
    """(n, features): `free` vectors, then relatives of the first: identical, opposite, near (1e-8 to 1e-1), or near
    the opposite."""
    rows = [draw(vectors(features)) for _ in range(free)]
    for _ in range(variants):
        kind = draw(st.sampled_from(["identical", "opposite", "near", "near opposite"]))
        distance = draw(st.sampled_from([1e-8, 1e-5, 1e-3, 1e-1])) if kind.startswith("near") else 0.0
        moved = near(rows[0], draw(vectors(features)), distance) if distance else rows[0]
        rows.append(-moved if kind.endswith("opposite") else moved)
    return np.array(rows)


@st.composite
def networks(draw, max_depth=6):
    """A network whose layers differ in variances and activations, and may be linear in places."""
    depth = draw(st.integers(1, max_depth))
    layers = []
    for _ in range(depth):
        layers.append(nk.Dense(draw(variances(0.1, 5.0)), draw(st.one_of(st.just(0), st.floats(0, 2)))))
        if draw(st.booleans()):
            layers.append(draw(st.sampled_from(CLOSED_FORM)))
    return nk.Network([*layers, nk.Dense(draw(variances(0.1, 5.0)), draw(st.floats(0, 2)))])


def fractions():
    """Rationals of moderate size, for identities that must hold exactly."""
    return st.fractions(min_value=-4, max_value=4, max_denominator=1000)


# --- images -----------------------------------------------------------------------------------------------------------


@st.composite
def images(draw, space=(4,), channels=2, free=1, variants=2, kinds=("identical", "opposite", "near", "shifted")):
    """(n, *space, channels): `free` images, then relatives of the first: identical, opposite, near (1e-8 to 0.3 of its
    length), or shifted by one pixel along the first dimension."""
    shape = (*space, channels)
    flat = vectors(math.prod(shape))
    found = [draw(flat) for _ in range(free)]
    for _ in range(variants):
        kind = draw(st.sampled_from(kinds))
        x = found[0]
        if kind == "near":
            x = near(x, draw(flat), draw(st.sampled_from([1e-8, 1e-6, 1e-4, 1e-2, 0.1, 0.3])))
        elif kind == "shifted":
            x = np.roll(x.reshape(shape), 1, 0).ravel()
        found.append(-x if kind == "opposite" else x)
    return np.array(found).reshape(-1, *shape)


@st.composite
def convolutions(draw, space, keeps=False, circular=False):
    """A convolution of images of size `space`; of a size that it `keeps`."""
    sigma_w2, sigma_b2 = draw(variances(0.3, 4.0)), draw(st.sampled_from([0, 0.25, 1]))
    padding = "circular" if circular else draw(st.sampled_from(["circular", "same"] if keeps else PADDINGS))
    size = draw(st.sampled_from([1, 3, 5] if padding != "valid" else range(1, min(3, *space, 3) + 1)))
    stride = 1 if keeps else draw(st.sampled_from([1, 1, 2, (1, 2)[: len(space)]]))
    v = None
    if size == 3 and draw(st.booleans()):
        v = ("1/2", "1/4", "1/4") if len(space) == 1 else (("1/2", "0", "0"), ("0", "1/4", "0"), ("0", "1/8", "1/8"))
    return nk.Conv(sigma_w2, sigma_b2, size, stride, padding, v)


@st.composite
def image_networks(draw, space=(4,), blocks=2, readout=None, kinds=("norm", "dropout", "pool", "sum"), circular=False):
    """A network of images of size `space`: `blocks` convolutions or sums, each perhaps with a norm, an activation,
    dropout and an average pool (of those `kinds` that are given), then a readout ("flatten", "pool" or either).

    `circular` ones commute with shifts: no other padding, no strides, no average pools.
    """

    def sometimes(kind):
        return kind in kinds and draw(st.integers(0, 3)) == 0

    layers = []
    for block in range(draw(st.integers(1, blocks))):
        gaussian = not layers or not isinstance(layers[-1], (nk.Activation, nk.Dropout, nk.AvgPool))
        if block and sometimes("sum"):
            inner = [draw(convolutions(space, True, circular))]
            if gaussian:
                inner = [*([nk.LayerNorm()] if sometimes("norm") else []), draw(st.sampled_from(CLOSED_FORM)), *inner]
            elif draw(st.booleans()):
                inner.append(draw(st.sampled_from(CLOSED_FORM)))
            layers.append(nk.Residual(inner))
        else:
            gaussian = True
            layers.append(draw(convolutions(space, circular, circular)))
            space = size_after(layers[-1:], space)
        if gaussian:
            layers.extend([nk.LayerNorm()] if sometimes("norm") else [])
            layers.append(draw(st.sampled_from(CLOSED_FORM)))
            layers.extend([nk.Dropout("0.75")] if sometimes("dropout") else [])
        if not circular and min(space) > 1 and sometimes("pool"):
            layers.append(nk.AvgPool(2))
            space = size_after(layers[-1:], space)
    readout = draw(st.sampled_from(["flatten", "pool"])) if readout is None else readout
    layers.append(nk.Flatten() if readout == "flatten" else nk.GlobalAvgPool())
    return nk.Network([*layers, nk.Dense(draw(variances(0.3, 4.0)), draw(st.sampled_from([0, 0.5])))])
