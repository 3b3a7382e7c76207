"""Networks as frozen data: printable, hashable, checked when they are built."""

from __future__ import annotations

import numbers as abstract
from dataclasses import dataclass, field
from typing import Any

from .activation import Activation
from .exact import exact, is_symbolic

__all__ = ["Dense", "Network", "fcn"]


def variance(value, name: str):
    """A hyperparameter σ² in its exact form; negative values are refused."""
    number = exact(value, name)
    if number.is_negative if is_symbolic(number) else number < 0:
        raise ValueError(f"{name} is a variance and must be >= 0, got {value}")
    return number


@dataclass(frozen=True)
class Dense:
    """A fully-connected layer, z = σ_w/√N · W φ + σ_b b with W, b ~ N(0, 1) (Eq. 1).

    `sigma_w2` and `sigma_b2` are the variances σ_w² and σ_b², never standard deviations: an int, a float
    (its exact binary value), a Fraction, a Decimal, a decimal string, or a SymPy expression.
    """

    sigma_w2: Any
    sigma_b2: Any = 0

    def __post_init__(self):
        object.__setattr__(self, "sigma_w2", variance(self.sigma_w2, "sigma_w2"))
        object.__setattr__(self, "sigma_b2", variance(self.sigma_b2, "sigma_b2"))
        if self.sigma_w2 == 0 and self.sigma_b2 == 0:
            raise ValueError("sigma_w2 and sigma_b2 are both 0: the layer's output is 0 and has no kernel")

    def __repr__(self):
        return f"Dense({self.sigma_w2}, {self.sigma_b2})"


@dataclass(frozen=True)
class Network:
    """A network: a sequence of layers, the first and the last of them `Dense`.

    Its depth is the number of weight layers.  Every activation acts on a Gaussian, so it follows a `Dense`.

    >>> from ntkref import Dense, Network, relu
    >>> Network([Dense(2), relu, Dense(2)])
    Network([Dense(2, 0), relu, Dense(2, 0)])
    """

    layers: tuple = field()

    def __post_init__(self):
        try:
            layers = tuple(self.layers)
        except TypeError:
            raise TypeError(f"layers must be a sequence of layers, got {self.layers!r}") from None
        for position, layer in enumerate(layers):
            if not isinstance(layer, (Dense, Activation)):
                raise TypeError(f"layer {position} must be Dense(...) or an activation, got {layer!r}")
            if isinstance(layer, Activation) and not (position and isinstance(layers[position - 1], Dense)):
                raise ValueError(f"layer {position} ({layer}) must follow a Dense layer: 𝒯 is of Gaussians")
        if not layers or not isinstance(layers[-1], Dense):
            raise ValueError(f"the last layer must be Dense, the readout; got {layers[-1:] or 'no layer'}")
        object.__setattr__(self, "layers", layers)

    def __repr__(self):
        return f"Network([{', '.join(map(repr, self.layers))}])"

    @property
    def depth(self) -> int:
        """L, the number of weight layers."""
        return sum(isinstance(layer, Dense) for layer in self.layers)


def fcn(depth: int, activation: Activation, sigma_w2, sigma_b2=0) -> Network:
    """The fully-connected network of the paper: `depth` Dense layers with `activation` between them.

    ``depth=1`` is the linear map.

    Raises
    ------
    TypeError, ValueError
        Depth not a whole number >= 1, `activation` not an activation, a variance negative or not finite.

    >>> import ntkref as nk
    >>> nk.fcn(depth=2, activation=nk.erf, sigma_w2="1.5", sigma_b2="0.18")
    Network([Dense(3/2, 9/50), erf, Dense(3/2, 9/50)])
    """
    if isinstance(depth, bool) or not isinstance(depth, abstract.Integral):
        raise TypeError(f"depth must be a whole number, got {type(depth).__name__}: {depth!r}")
    if depth < 1:
        raise ValueError(f"depth counts weight layers and must be >= 1, got {depth}")
    if not isinstance(activation, Activation):
        raise TypeError(f"activation must be an activation such as ntkref.erf, got {activation!r}")
    dense = Dense(sigma_w2, sigma_b2)
    return Network((dense,) + (activation, dense) * (int(depth) - 1))
