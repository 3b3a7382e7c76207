"""Activations as data: whatever is listed in the package is tested, a new one needs no new test here."""

import dataclasses

import brute_force as bf
import pytest
from compare import agrees, covariance
from strategies import CLOSED_FORM

import ntkref as nk

CONTEXT = bf.context(40)
POINTS = [CONTEXT.mpf(v) for v in ("-2.5", "-0.3", "0.7", "1.9")]


def test_the_paper_needs_erf_and_relu():
    assert {activation.name for activation in CLOSED_FORM} >= {"erf", "relu"}
    assert repr(nk.erf) == "erf"
    assert repr(nk.relu) == "relu"


@pytest.mark.parametrize("activation", CLOSED_FORM, ids=repr)
class TestEveryActivation:
    def test_derivative(self, activation):
        for x in POINTS:
            truth = CONTEXT.diff(lambda z: activation.value(CONTEXT, z), x)
            ours = activation.derivative(CONTEXT, x)
            assert agrees(ours, truth, 25) or ours == truth  # a numerical derivative keeps most of 40 digits

    def test_smooth_off_its_kinks(self, activation):
        """The derivative jumps at a listed kink and nowhere else on a grid."""
        h = CONTEXT.mpf(10) ** -12
        for step in range(-12, 13):
            x = CONTEXT.mpf(step) / 4
            jump = abs(activation.derivative(CONTEXT, x + h) - activation.derivative(CONTEXT, x - h))
            assert (jump > 1e-6) == (x in activation.kinks)

    def test_homogeneity(self, activation):
        for x in POINTS:
            scaled = activation.value(CONTEXT, 3 * x) == 3 * activation.value(CONTEXT, x)
            assert scaled or not activation.homogeneous
        if not activation.homogeneous:
            assert any(activation.value(CONTEXT, 3 * x) != 3 * activation.value(CONTEXT, x) for x in POINTS)

    def test_homogeneous_duals_scale(self, activation):
        numbers = nk.digits(40)
        q = [numbers.context.mpf(v) for v in ("0.7", "0.2", "1.3")]
        small, large = (activation.duals(covariance(numbers, *(scale * v for v in q)), numbers) for scale in (1, 9))
        assert agrees(large[0].xy, 9 * small[0].xy, 38) == activation.homogeneous
        assert agrees(large[1].xy, small[1].xy, 38) == activation.homogeneous

    def test_the_definition_integrates_to_the_duals(self, activation):
        """E[phi(u)^2] and E[phi'(u)^2] by mpmath's own quadrature of `value` and `derivative`, split at the kinks."""
        ctx = bf.context(30)
        numbers = nk.digits(30)
        ends = sorted({*range(-12, 13, 3), *activation.kinks})

        def moment(function, scale):
            def weighted(z):
                return ctx.exp(-z * z / 2) / ctx.sqrt(2 * ctx.pi) * function(ctx, scale * z) ** 2

            return ctx.quad(weighted, ends)

        for q in (ctx.mpf("0.4"), ctx.mpf(3)):
            t, tdot = activation.duals(covariance(numbers, *[numbers.convert(q)] * 3), numbers)
            assert agrees(t.x, moment(activation.value, ctx.sqrt(q)), 25)
            assert agrees(tdot.x, moment(activation.derivative, ctx.sqrt(q)), 25)

    def test_critical_variance_is_on_the_line(self, activation):
        if activation.critical_variance is None:
            assert activation.homogeneous  # every variance is critical at one sigma_w2, so there is nothing to solve
            return
        numbers = nk.digits(40)
        sigma_w2 = numbers.context.mpf("1.9")
        q = activation.critical_variance(sigma_w2, numbers)
        assert agrees(sigma_w2 * bf.textbook(bf.context(50), activation.name, q, q, q)[1], 1, 38)

    def test_frozen_and_hashable(self, activation):
        assert hash(activation) == hash(dataclasses.replace(activation))
        with pytest.raises(dataclasses.FrozenInstanceError):
            activation.name = "other"
