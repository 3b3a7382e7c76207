"""Networks as frozen data: printable, hashable, checked when they are built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .activation import Activation
from .layers import (
    AvgPool,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    Residual,
    whole_number,
)

__all__ = ["Network", "Parts", "activations", "cnn", "every_layer", "fcn", "parts_of", "resnet", "weight_layers"]

_LAYERS = (Dense, Conv, Activation, Flatten, GlobalAvgPool, AvgPool, LayerNorm, Dropout, Residual)
_SPATIAL = (Conv, Flatten, GlobalAvgPool, AvgPool)


@dataclass(frozen=True)
class _Signal:
    """What flows between two layers."""

    images: bool
    kind: str = "inputs"  # or "Gaussian", what activations act on, or "activations"
    width: bool = False  # as many features as a weight layer gives
    mean: str = "zero"  # of the features: also "known", "unknown"
    dimensions: int | None = None  # of the images, once a layer says so


@dataclass(frozen=True)
class Network:
    """A network: a sequence of layers that fit each other, the last of them the readout.

    Its depth is the number of weight layers, those in branches included.  Networks of images begin with `Conv`,
    `AvgPool`, `Flatten` or `GlobalAvgPool`, those of vectors with `Dense`.  Every activation acts on a Gaussian, so it
    follows a weight layer, `LayerNorm`, or a sum or a pool of Gaussians.

    Raises
    ------
    TypeError, ValueError
        Not layers, or layers that do not fit; the message gives the position and the layer.

    >>> from ntkref import Dense, Network, relu
    >>> Network([Dense(2), relu, Dense(2)])
    Network([Dense(2, 0), relu, Dense(2, 0)])
    >>> Network([Dense(2), relu])
    Traceback (most recent call last):
    ValueError: the last layer must be Dense, the readout, or a sum, a pool or a norm of Gaussians; got relu
    """

    layers: tuple = field()

    def __post_init__(self):
        try:
            layers = tuple(self.layers)
        except TypeError:
            raise TypeError(f"layers must be a sequence of layers, got {self.layers!r}") from None
        object.__setattr__(self, "layers", layers)
        end = _signals(layers)[-1]
        if end.images and layers:
            raise ValueError(f"the last layer ({layers[-1]}) leaves images: Flatten() or GlobalAvgPool() must follow")
        if end.kind != "Gaussian":
            raise ValueError(
                "the last layer must be Dense, the readout, or a sum, a pool or a norm of Gaussians; "
                f"got {layers[-1] if layers else 'no layer'}"
            )

    def __repr__(self):
        return f"Network([{', '.join(map(repr, self.layers))}])"

    @property
    def depth(self) -> int:
        """L, the number of weight layers."""
        return sum(1 for _ in weight_layers(self.layers))

    @property
    def of_images(self) -> bool:
        """Whether inputs are images."""
        return isinstance(self.layers[0], _SPATIAL)

    @property
    def plain(self) -> bool:
        """Whether every layer maps variances by Eq. 2: no sums, no norms, no dropout or pools before the readout."""
        if any(isinstance(layer, (Residual, LayerNorm, AvgPool)) for layer in self.layers):
            return False
        last = max((k for k, layer in enumerate(self.layers) if isinstance(layer, Activation)), default=0)
        return not any(isinstance(layer, Dropout) for layer in self.layers[:last])

    @property
    def readable(self) -> tuple:
        """For each layer, whether what leaves it is an output: Gaussian vectors, normed where a norm follows."""
        following = (*self.layers[1:], None)
        return tuple(
            signal.kind == "Gaussian" and not signal.images and not isinstance(after, LayerNorm)
            for signal, after in zip(_signals(self.layers)[1:], following, strict=True)
        )


@dataclass(frozen=True)
class Parts:
    """A network of images in parts.

    Its body in `segments`, each up to a weight layer or sum; the `tail` that reads a body of any length out, up to and
    with the layer that ends the space; the `head`, up to and with the next weight layer; and the `rest`.
    """

    segments: tuple
    tail: tuple
    head: tuple
    rest: tuple


def parts_of(net: Network) -> Parts:
    """The `Parts` of a network of images."""
    layers = net.layers
    end = 1 + next(k for k, layer in enumerate(layers) if isinstance(layer, (Flatten, GlobalAvgPool)))
    segments, start = [], 0
    for k, layer in enumerate(layers[:end], start=1):
        if isinstance(layer, (Conv, Residual)):
            segments.append(layers[start:k])
            start = k
    stop = next((k for k, layer in enumerate(layers[end:], start=end + 1) if isinstance(layer, Dense)), end)
    return Parts(tuple(segments), layers[start:end], layers[end:stop], layers[stop:])


def _signals(layers) -> list[_Signal]:
    """What enters the first layer and what leaves each; an error where layers do not fit."""
    signals = [_Signal(bool(layers) and isinstance(layers[0], _SPATIAL))]
    for position, layer in enumerate(layers):
        signals.append(_through(layer, signals[-1], f"layer {position}"))
    return signals


def every_layer(layers) -> Iterator:
    """`layers` and those in their branches."""
    for layer in layers:
        yield layer
        if isinstance(layer, Residual):
            yield from every_layer(layer.branch)


def weight_layers(layers) -> Iterator[Dense | Conv]:
    """The weight layers among `layers`, those in branches included."""
    return (layer for layer in every_layer(layers) if isinstance(layer, (Dense, Conv)))


def activations(layers) -> Iterator[Activation]:
    """The activations among `layers`, those in branches included."""
    return (layer for layer in every_layer(layers) if isinstance(layer, Activation))


def _through(layer, signal: _Signal, where: str) -> _Signal:
    """What leaves `layer` when `signal` enters, or an error that says why it can't."""
    if not isinstance(layer, _LAYERS):
        raise TypeError(f"{where} must be Dense(...), another layer or an activation, got {layer!r}")
    where = f"{where} ({layer})"
    if isinstance(layer, _SPATIAL):
        return _through_space(layer, signal, where)
    if isinstance(layer, Dense):
        if signal.images:
            raise ValueError(f"{where} acts on images: put Flatten() or GlobalAvgPool() before it")
        return _Signal(False, "Gaussian", True)
    if isinstance(layer, Activation):
        if signal.kind != "Gaussian":
            raise ValueError(
                f"{where} must follow a Dense layer, or Conv, LayerNorm or a sum of Gaussians: 𝒯 is of Gaussians"
            )
        mean = "zero" if layer.parity == -1 else "known" if layer.homogeneous else "unknown"
        return replace(signal, kind="activations", mean=mean)
    if isinstance(layer, LayerNorm):
        if signal.kind != "Gaussian":
            raise ValueError(f"{where} must follow a weight layer or a sum of Gaussians: it norms pre-activations")
        return signal
    if isinstance(layer, Dropout):
        if signal.kind != "activations":
            raise ValueError(f"{where} must follow an activation: it drops hidden activations")
        return signal
    return _through_branch(layer, signal, where)


def _through_space(layer, signal: _Signal, where: str) -> _Signal:
    if not signal.images:
        raise ValueError(f"{where} needs images, and there is no space left, or there never was")
    for name in ("filter_size", "stride", "window"):
        value = getattr(layer, name, None)
        if isinstance(value, tuple):
            if signal.dimensions not in (None, len(value)):
                raise ValueError(
                    f"{where} is for images of dimension {len(value)}, an earlier layer for {signal.dimensions}"
                )
            signal = replace(signal, dimensions=len(value))
    if isinstance(layer, Conv):
        return replace(signal, kind="Gaussian", width=True, mean="zero")
    if isinstance(layer, Flatten):  # pixels have different variances: what was Gaussian is a mixture now
        kind = signal.kind if signal.kind == "inputs" else "activations"
        return _Signal(False, kind)
    return signal if isinstance(layer, AvgPool) else replace(signal, images=False)


def _through_branch(layer: Residual, signal: _Signal, where: str) -> _Signal:
    if not signal.width:
        raise ValueError(f"{where} must follow a weight layer: its branch has other features than what it is added to")
    end = signal
    for position, inner in enumerate(layer.branch):
        end = _through(inner, end, f"{where}, branch layer {position}")
        if _resizes(inner):
            raise ValueError(f"{where} adds images of two sizes: {inner} in its branch changes the size")
    if end.images != signal.images or not end.width:
        raise ValueError(f"{where} adds vectors to images, or vectors of two lengths: {layer.branch[-1]}")
    if not any(isinstance(inner, (Dense, Conv)) for inner in layer.branch):
        raise ValueError(f"{where} needs a weight layer in its branch: without, the sum is of correlated features")
    means = {signal.mean, end.mean}
    if "unknown" in means and "zero" not in means:
        raise ValueError(
            f"{where} adds activations with a mean that has no closed form here; end the branch with a weight layer"
        )
    kind = "Gaussian" if signal.kind == end.kind == "Gaussian" else "activations"
    mean = "unknown" if "unknown" in means else "known" if "known" in means else "zero"
    return replace(end, kind=kind, mean=mean)


def _resizes(layer) -> bool:
    def above_1(value):
        return any(v > 1 for v in (value if isinstance(value, tuple) else (value,)))

    if isinstance(layer, Conv):
        return above_1(layer.stride) or (layer.padding == "valid" and above_1(layer.filter_size))
    return isinstance(layer, AvgPool) and above_1(layer.window)


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
    depth = _checked(depth, activation)
    dense = Dense(sigma_w2, sigma_b2)
    return Network((dense,) + (activation, dense) * (depth - 1))


def cnn(
    depth: int,
    activation: Activation,
    sigma_w2,
    sigma_b2=0,
    filter_size=3,
    padding: str = "circular",
    readout: str = "flatten",
) -> Network:
    """The convolutional networks of Section 6.4: depth − 1 convolutions and activations, a readout and a Dense layer.

    `readout` is "flatten" (CNN-F) or "pool" (CNN-P: the mean over pixels, after the last activation).  ``depth=1``
    reads the inputs out.  `filter_size` and `padding` as for `Conv`; else as `fcn`.

    >>> import ntkref as nk
    >>> nk.cnn(depth=2, activation=nk.erf, sigma_w2="1.5", filter_size=3, readout="pool")
    Network([Conv(3/2, 0, filter_size=3), erf, GlobalAvgPool(), Dense(3/2, 0)])
    """
    depth = _checked(depth, activation)
    if readout not in ("flatten", "pool"):
        raise ValueError(f'readout must be "flatten" or "pool", got {readout!r}')
    conv = Conv(sigma_w2, sigma_b2, filter_size, padding=padding)
    reading = Flatten() if readout == "flatten" else GlobalAvgPool()
    return Network((conv, activation) * (depth - 1) + (reading, Dense(sigma_w2, sigma_b2)))


def resnet(depth: int, activation: Activation, sigma_w2, sigma_b2=0, layer_norm: str | None = None) -> Network:
    """The fully-connected residual networks of Section 6.5: Dense, then depth − 1 times z ↦ z + Dense(φ(z)).

    `layer_norm` puts `LayerNorm` nowhere (None), at the head of every branch ("pre": z + Dense(φ(LN z))) or behind
    every sum ("post": LN(z + Dense(φ(z)))).  The network's output is z itself.  Else as `fcn`.

    >>> import ntkref as nk
    >>> nk.resnet(depth=2, activation=nk.relu, sigma_w2=2, layer_norm="pre")
    Network([Dense(2, 0), Residual([LayerNorm(), relu, Dense(2, 0)])])
    """
    depth = _checked(depth, activation)
    if layer_norm not in (None, "pre", "post"):
        raise ValueError(f'layer_norm must be None, "pre" or "post", got {layer_norm!r}')
    dense = Dense(sigma_w2, sigma_b2)
    before, after = (((LayerNorm(),) if layer_norm == place else ()) for place in ("pre", "post"))
    return Network((dense,) + (Residual((*before, activation, dense)), *after) * (depth - 1))


def _checked(depth, activation) -> int:
    """`depth`, if it counts weight layers and `activation` is one."""
    try:
        depth = whole_number(depth, "depth")
    except ValueError:
        raise ValueError(f"depth counts weight layers and must be >= 1, got {depth}") from None
    if not isinstance(activation, Activation):
        raise TypeError(f"activation must be an activation such as ntkref.erf, got {activation!r}")
    return depth
