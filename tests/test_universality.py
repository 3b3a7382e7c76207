"""The class of every activation, from where it jumps."""

import pytest
from strategies import ACTIVATIONS, LISTED

import ntkref as nk

KINK = ("relu", "absolute", "selu", "leaky_relu(0.01)", "elu(2)")
JUMP = ("step", "sign")


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_class_by_smoothness(activation):
    found = nk.universality_class(activation)
    name = "jump" if activation.name in JUMP else "kink" if activation.name in KINK else "smooth"
    assert found.name == name
    assert found.ratio == {"jump": None, "kink": "1/4", "smooth": "1/3"}[name]
    assert found.fall.endswith({"jump": "infinite", "kink": "1/l^2", "smooth": "1/l"}[name])
    assert found.scale_invariant == activation.homogeneous
    assert str(found).startswith(f"{name}: 1 - c {found.fall}")


def test_every_class_is_listed():
    assert {nk.universality_class(a).name for a in LISTED} == {"smooth", "kink", "jump"}


def test_linear():
    found = nk.universality_class(nk.monomial(1))
    assert (found.name, found.ratio, found.scale_invariant) == ("linear", None, True)


@pytest.mark.parametrize(
    ("activation", "tip"),
    [(nk.tanh, True), (nk.erf, True), (nk.gelu, True), (nk.sigmoid, False), (nk.softplus, False), (nk.cos, False)],
    ids=repr,
)
def test_the_tip(activation, tip):
    """φ(0) = 0: the line begins at q* = 0, with χ₁ = 1 at σ_w² = 1/φ′(0)²."""
    assert nk.universality_class(activation).tip == tip
    assert ("q = 0 is fixed" in str(nk.universality_class(activation))) == tip


def test_a_user_s_kink_off_zero():
    hinge = nk.Activation(
        "hinge",
        lambda f, x: f.where(x > 0.3, x, 0.3 + 0 * x),
        lambda f, x: f.where(x > 0.3, 1 + 0 * x, 0 * x),
        kinks=(0.3,),
    )
    assert nk.universality_class(hinge).name == "kink"
    assert not nk.universality_class(hinge).scale_invariant


def test_what_is_no_activation_is_refused():
    with pytest.raises(TypeError, match=r"activation .*'tanh'"):
        nk.universality_class("tanh")
