"""The closed forms that carry their gaps: float64 against digits at any angle, and their slopes."""

import numpy as np
import pytest
from compare import U, agrees
from hypothesis import given
from hypothesis import strategies as st
from strategies import ACTIVATIONS, one_minus_cosines, variances

import ntkref as nk
from ntkref.inputs import covariance_of_pair

CLOSED = [a for a in ACTIVATIONS if not a.integrated]
FIELDS = ("x", "y", "xy", "diff", "gap", "cogap", "area")
D40 = nk.digits(40)


def of_pair(activation, q, e, numbers):
    return activation.duals(covariance_of_pair(q, e, numbers), numbers)


@given(q=variances(1e-4, 100), e=one_minus_cosines(), activation=st.sampled_from(CLOSED))
def test_every_field_in_float64(q, e, activation):
    """64 u of itself, entries of √(𝒯₁₁𝒯₂₂), times 1 + ω²q, which rounding q costs sin, cos and exp."""
    ours, truth = (of_pair(activation, q, e, f) for f in (nk.float64, D40))
    for mine, true in zip(ours, truth, strict=True):
        for name in FIELDS:
            if not hasattr(mine, name):
                continue
            a, b = (np.ravel(getattr(k, name))[0] for k in (mine, true))
            scale = max(abs(true.x), abs(b)) if name in ("x", "y", "xy", "diff") else abs(b)
            assert abs(a - b) <= 64 * U * (1 + 4 * q) * scale, name


@given(q=variances(0.01, 10), ratio=st.floats(0.1, 10), e=one_minus_cosines(), activation=st.sampled_from(CLOSED))
def test_fields_fit_together(q, ratio, e, activation):
    """x − y, x + y ∓ 2 xy and x y − xy² at 40 digits, unequal variances: what they are carried for."""
    q1, q2, e = D40.asarray([q], "q"), D40.asarray([q * ratio], "q"), D40.asarray([e], "e")
    r = D40.sqrt(q1) * D40.sqrt(q2)
    radial = ((q1 - q2) / (D40.sqrt(q1) + D40.sqrt(q2))) ** 2
    k = covariance_of_pair(q1, e, D40)
    k = type(k)(q1, q2, r * (1 - e), q1 - q2, radial + 2 * r * e, radial + 2 * r * (2 - e), r * D40.sqrt(e * (2 - e)))
    T, Tdot = activation.duals(k, D40)
    for f in (T, Tdot):
        size = abs(f.x) + abs(f.y)
        assert (abs(f.diff - (f.x - f.y)) <= 1e-45 * size).all()
        assert (abs(f.gap - (f.x + f.y - 2 * f.xy)) <= 1e-45 * size).all()
    assert (abs(T.cogap - (T.x + T.y + 2 * T.xy)) <= 1e-45 * (T.x + T.y)).all()
    assert (abs(T.area**2 - (T.x * T.y - T.xy**2)) <= 1e-45 * T.x * T.y).all()


@pytest.mark.parametrize("activation", CLOSED, ids=repr)
@pytest.mark.parametrize("q", ["0.3", "4"])
def test_slopes_are_derivatives(activation, q):
    """The variance's slope, and every order that is listed, in q₁₂ at q₁₂ = q from inside, by mpmath's differences."""
    context, q = D40.context, D40.context.mpf(q)
    slope, orders = activation.slopes(q, D40)
    assert agrees(slope, context.diff(lambda z: of_pair(activation, z, 0, D40)[0].x, q), 20) or slope == 0
    if not orders:
        assert activation.jumps
        return
    Tdot = of_pair(activation, q, 0, D40)[1]
    assert agrees(orders[0], Tdot.xy, 38)
    assert len(orders) == (1 if activation.rough else 4)
    for n, order in enumerate(orders[1:], 2):
        truth = context.diff(lambda e: of_pair(activation, q, e, D40)[0].xy, 0, n, direction=1) / (-q) ** n
        assert agrees(order, truth, 8), n  # one-sided differences of order 4 keep a fifth of 60 digits


@pytest.mark.parametrize("activation", [a for a in CLOSED if a.curvature], ids=repr)
def test_curvature_is_the_slope_of_tdot(activation):
    h = D40.context.mpf(10) ** -20
    if activation.curvature.__qualname__.startswith("Quadrature"):
        return  # integrated: seconds a pair
    q, e = D40.context.mpf("0.8"), D40.context.mpf("0.3")
    near, far = (of_pair(activation, q, e + side * h, D40)[1].xy for side in (-1, 1))
    ours = activation.curvature(covariance_of_pair(q, e, D40), D40)
    assert agrees(ours, (near - far) / (2 * h * q), 25)


@pytest.mark.parametrize(("activation", "gap"), [(nk.step, 1 / 3), (nk.sign, 4 / 3)], ids=repr)
def test_jumps_at_sixty_degrees(activation, gap):
    """θ/π for step and 4θ/π for sign, whatever the variance; 𝒯̇ leaves the δ out and is 0."""
    for q in (1e-6, 1.0, 1e6):
        T, Tdot = of_pair(activation, q, 0.5, nk.float64)
        assert abs(T.gap - gap) <= 8 * U
        assert (Tdot.x, Tdot.xy, Tdot.gap) == (0, 0, 0)
