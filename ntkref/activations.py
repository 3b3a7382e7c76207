"""The activations of the field, one record each."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

import numpy as np

from . import closed, shapes
from .activation import Activation
from .duals import erf_curvature, erf_duals, erf_slopes, relu_duals, relu_slopes
from .exact import exact

__all__ = [
    "absolute",
    "cos",
    "elu",
    "erf",
    "exp",
    "gaussian",
    "gelu",
    "gelu_tanh",
    "hermite",
    "leaky_relu",
    "mish",
    "monomial",
    "named",
    "polynomial",
    "rectified_monomial",
    "relu",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinusoid",
    "softplus",
    "step",
    "tanh",
]

erf = Activation(
    name="erf",
    value=lambda f, x: f.erf(x),
    derivative=lambda f, x: 2 / f.sqrt(f.pi) * f.exp(-x * x),
    second=lambda f, x: -4 / f.sqrt(f.pi) * x * f.exp(-x * x),
    parity=-1,
    duals=erf_duals,
    slopes=erf_slopes,
    curvature=erf_curvature,
    critical_variance=lambda sigma_w2, numbers: ((4 * sigma_w2 / numbers.pi) ** 2 - 1) / 4,
    largest=2.0**200,  # products of four variances appear
)
tanh = Activation(
    name="tanh",
    value=lambda f, x: f.tanh(x),
    derivative=lambda f, x: shapes.sech2(f, x),
    second=lambda f, x: -2 * f.tanh(x) * shapes.sech2(f, x),
    parity=-1,
)
relu = Activation(
    name="relu",
    value=lambda f, x: f.where(x > 0, x, 0 * x),
    derivative=lambda f, x: f.where(x > 0, 1 + 0 * x, 0 * x),
    kinks=(0,),
    duals=relu_duals,
    slopes=relu_slopes,
    gain=Fraction(1, 2),
)


@cache
def _leaky(slope: Fraction, name: str) -> Activation:
    gain = (1 + slope**2) / 2
    return Activation(
        name=name,
        value=lambda f, x: f.where(x > 0, x, f.convert(slope) * x),
        derivative=lambda f, x: f.where(x > 0, 1 + 0 * x, f.convert(slope) + 0 * x),
        kinks=(0,),
        parity=1 if slope == -1 else 0,
        duals=closed.kinked_linear_duals(slope),
        slopes=lambda q, numbers: (numbers.convert(gain) + 0 * q, (numbers.convert(gain) + 0 * q,)),
        gain=gain,
    )


def leaky_relu(slope="0.01") -> Activation:
    """x for x > 0, `slope` x below: leaky, or parametric, ReLU."""
    slope = exact(slope, "slope")
    if slope == 1:
        raise ValueError("slope must not be 1, which is the linear map: leave the activation out")
    return _leaky(slope, f"leaky_relu({_decimal(slope)})")


absolute = _leaky(Fraction(-1), "absolute")

step = Activation(
    name="step",
    value=lambda f, x: f.where(x > 0, 1 + 0 * x, 0 * x),
    derivative=lambda f, x: 0 * x,
    kinks=(0,),
    duals=closed.step_duals,
    slopes=closed.flat_slopes,
)
sign = Activation(
    name="sign",
    value=lambda f, x: f.where(x > 0, 1 + 0 * x, f.where(x < 0, -1 + 0 * x, 0 * x)),
    derivative=lambda f, x: 0 * x,
    kinks=(0,),
    parity=-1,
    duals=closed.sign_duals,
    slopes=closed.flat_slopes,
)


@cache
def _wave(frequency: Fraction, phase: Fraction, quarter: bool, name: str) -> Activation:
    """sin(frequency x + phase), a quarter turn further on if `quarter`."""

    def turned(f, x, quarters):
        x = f.convert(frequency) * x + f.convert(phase)
        return (f.sin(x), f.cos(x), -f.sin(x), -f.cos(x))[(quarters + quarter) % 4]

    return Activation(
        name=name,
        value=lambda f, x: turned(f, x, 0),
        derivative=lambda f, x: f.convert(frequency) * turned(f, x, 1),
        second=lambda f, x: f.convert(frequency**2) * turned(f, x, 2),
        parity=0 if phase else 1 if quarter else -1,
        duals=closed.sinusoid_duals(frequency, phase, quarter),
        slopes=closed.sinusoid_slopes(frequency, phase, quarter),
        largest=2.0**500 / float(frequency) ** 2,
    )


def sinusoid(frequency=1, phase=0) -> Activation:
    """sin(`frequency` x + `phase`)."""
    frequency, phase = exact(frequency, "frequency"), exact(phase, "phase")
    if frequency == 0:
        raise ValueError("frequency must not be 0: the activation would be a constant")
    return _wave(frequency, phase, False, f"sinusoid({_decimal(frequency)}, {_decimal(phase)})")


sin = _wave(Fraction(1), Fraction(0), False, "sin")
cos = _wave(Fraction(1), Fraction(0), True, "cos")

exp = Activation(
    name="exp",
    value=lambda f, x: f.exp(x),
    derivative=lambda f, x: f.exp(x),
    second=lambda f, x: f.exp(x),
    duals=closed.exp_duals,
    slopes=closed.exp_slopes,
    largest=300.0,  # e^(2q), and sums of a few of them
)
gaussian = Activation(
    name="gaussian",
    value=lambda f, x: f.exp(-x * x),
    derivative=lambda f, x: -2 * x * f.exp(-x * x),
    second=lambda f, x: (4 * x * x - 2) * f.exp(-x * x),
    parity=1,
    closed_form=closed.gaussian_closed_form,
)
gelu = Activation(
    name="gelu",
    value=lambda f, x: x * shapes.Phi(f, x),
    derivative=lambda f, x: shapes.Phi(f, x) + x * shapes.density(f, x),
    second=lambda f, x: (2 - x * x) * shapes.density(f, x),
    closed_form=closed.gelu_closed_form,
)


def _gelu_argument(f, x):
    """2g, 2g′ and 2g″ of g = √(2/π)(x + 0.044715 x³)."""
    cubic, scale = f.convert(Fraction("0.044715")), 2 * f.sqrt(2 / f.pi)
    return scale * (x + cubic * x**3), scale * (1 + 3 * cubic * x * x), scale * 6 * cubic * x


def _gelu_tanh_derivative(f, x):
    g, g1, _ = _gelu_argument(f, x)
    return shapes.sigma(f, g) + x * g1 * shapes.sigma1(f, g)


def _gelu_tanh_second(f, x):
    g, g1, g2 = _gelu_argument(f, x)
    return 2 * g1 * shapes.sigma1(f, g) + x * (g2 * shapes.sigma1(f, g) + g1**2 * shapes.sigma2(f, g))


gelu_tanh = Activation(
    name="gelu_tanh",
    value=lambda f, x: x * shapes.sigma(f, _gelu_argument(f, x)[0]),  # (1 + tanh g)/2 = σ(2g), which does not cancel
    derivative=_gelu_tanh_derivative,
    second=_gelu_tanh_second,
)
silu = Activation(
    name="silu",
    value=lambda f, x: x * shapes.sigma(f, x),
    derivative=lambda f, x: shapes.sigma(f, x) + x * shapes.sigma1(f, x),
    second=lambda f, x: 2 * shapes.sigma1(f, x) + x * shapes.sigma2(f, x),
)
softplus = Activation(
    name="softplus",
    value=lambda f, x: shapes.softplus(f, x),
    derivative=lambda f, x: shapes.sigma(f, x),
    second=lambda f, x: shapes.sigma1(f, x),
)
sigmoid = Activation(
    name="sigmoid",
    value=lambda f, x: shapes.sigma(f, x),
    derivative=lambda f, x: shapes.sigma1(f, x),
    second=lambda f, x: shapes.sigma2(f, x),
)


def _mish_factor(f, x):
    """t = tanh(softplus(x)), t′ and t″."""
    s = shapes.softplus(f, x)
    t, fall, sigma = f.tanh(s), shapes.sech2(f, s), shapes.sigma(f, x)
    return t, fall * sigma, fall * (shapes.sigma1(f, x) - 2 * t * sigma**2)


def _mish_derivative(f, x):
    t, t1, _ = _mish_factor(f, x)
    return t + x * t1


def _mish_second(f, x):
    _, t1, t2 = _mish_factor(f, x)
    return 2 * t1 + x * t2


mish = Activation(
    name="mish",
    value=lambda f, x: x * _mish_factor(f, x)[0],
    derivative=_mish_derivative,
    second=_mish_second,
)


@cache
def _exponential_linear(alpha: Fraction, scale: Fraction, name: str) -> Activation:
    def tail(f, x):
        return f.convert(scale * alpha) * f.exp(-abs(x))

    return Activation(
        name=name,
        value=lambda f, x: f.where(x > 0, f.convert(scale) * x, f.convert(scale * alpha) * f.expm1(-abs(x))),
        derivative=lambda f, x: f.where(x > 0, f.convert(scale) + 0 * x, tail(f, x)),
        second=lambda f, x: f.where(x > 0, 0 * x, tail(f, x)),
        kinks=(0,),
    )


def elu(alpha=1) -> Activation:
    """x for x > 0, `alpha` (eˣ − 1) below."""
    alpha = exact(alpha, "alpha")
    return _exponential_linear(alpha, Fraction(1), f"elu({_decimal(alpha)})" if alpha != 1 else "elu")


selu = _exponential_linear(
    Fraction("1.6732632423543772848170429916717"), Fraction("1.0507009873554804934193349852946"), "selu"
)


@cache
def _rectified(degree: int) -> Activation:
    return Activation(
        name=f"rectified_monomial({degree})",
        value=lambda f, x: f.where(x > 0, x**degree, 0 * x),
        derivative=lambda f, x: f.where(x > 0, degree * x ** (degree - 1), 0 * x),
        second=lambda f, x: f.where(x > 0, degree * (degree - 1) * x ** (degree - 2), 0 * x),
        kinks=(0,),
        closed_form=closed.arc_cosine(degree),
    )


def rectified_monomial(degree: int) -> Activation:
    """max(0, x)ⁿ, n ≥ 1; n = 1 is `relu`."""
    degree = _degree(degree, 1)
    return relu if degree == 1 else _rectified(degree)


@cache
def _polynomial(coefficients: tuple, square_norm: int, name: str) -> Activation:
    """Σ cₖ xᵏ/√square_norm."""

    def derived(order):
        c = coefficients
        for _ in range(order):
            c = tuple(k * v for k, v in enumerate(c))[1:]

        def value(f, x):
            total = 0 * x
            for v in reversed(c):
                total = total * x + f.convert(v)
            return total / f.sqrt(f.convert(Fraction(square_norm)))

        return value

    powers = {k % 2 for k, v in enumerate(coefficients) if v}
    linear = powers == {1} and not any(coefficients[2:])
    return Activation(
        name=name,
        value=derived(0),
        derivative=derived(1),
        second=derived(2),
        parity=(1, -1)[powers.pop()] if len(powers) == 1 else 0,
        closed_form=closed.polynomial_closed_form(coefficients, square_norm),
        gain=coefficients[1] ** 2 / square_norm if linear else None,
    )


def polynomial(coefficients) -> Activation:
    """Σ cₖ xᵏ, constant term first, not constant altogether."""
    try:
        given = tuple(exact(c, "coefficients") for c in coefficients)
    except TypeError:
        raise TypeError(f"coefficients must be a sequence of numbers, got {coefficients!r}") from None
    if not any(given[1:]):
        raise ValueError(f"coefficients must have a power of x besides the constant, got {coefficients!r}")
    return _polynomial(given, 1, f"polynomial([{', '.join(map(_decimal, given))}])")


def monomial(degree: int) -> Activation:
    """xⁿ, n ≥ 1."""
    degree = _degree(degree, 1)
    return _polynomial((Fraction(0),) * degree + (Fraction(1),), 1, f"monomial({degree})")


def hermite(degree: int) -> Activation:
    """heₙ(x) = Heₙ(x)/√n!, n ≥ 1: the orthonormal (probabilists') Hermite polynomial."""
    degree = _degree(degree, 1)
    before, here, norm = (Fraction(0),), (Fraction(1),), 1
    for n in range(degree):  # Heₙ₊₁ = x Heₙ − n Heₙ₋₁
        ahead = [Fraction(0), *here]
        for k, v in enumerate(before):
            ahead[k] -= n * v
        before, here, norm = here, tuple(ahead), norm * (n + 1)
    return _polynomial(here, norm, f"hermite({degree})")


def named(text: str) -> Activation:
    """The activation that `text` names, such as "tanh", "elu" or "leaky_relu(0.1)".

    >>> named("leaky_relu(0.1)"), named("polynomial(0, 1, 0.5)")
    (leaky_relu(0.1), polynomial([0, 1, 0.5]))
    """
    match = re.fullmatch(r"\s*(\w+)\s*(?:\(\s*(.*?)\s*\))?\s*", text)
    found = globals().get(match[1]) if match and match[1] in __all__ and match[1] != "named" else None
    if found is None:
        raise ValueError(f"no activation is called {text!r}; there are {', '.join(n for n in __all__ if n != 'named')}")
    given = [word.strip() for word in match[2].split(",")] if match[2] else []
    if isinstance(found, Activation):
        if given:
            raise ValueError(f"{match[1]} takes no parameters, got {text!r}")
        return found
    try:
        if found is polynomial:
            return polynomial(given)
        return found(*(int(word) if found in (rectified_monomial, monomial, hermite) else word for word in given))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{text!r}: {error}") from None


def _degree(degree, least) -> int:
    if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)):
        raise TypeError(f"degree must be a whole number, got {degree!r}")
    if not least <= degree <= 20:
        raise ValueError(f"degree must lie between {least} and 20, got {degree}")
    return int(degree)


def _decimal(number: Fraction) -> str:
    """The decimal of a fraction where it has one that is short, else the fraction."""
    short = repr(float(number))
    if Fraction(short) != number:
        return str(number)
    return short.removesuffix(".0")
