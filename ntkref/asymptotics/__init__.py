"""Large-depth laws of every architecture, with their constants: Table 1 and more.

``of(mf)`` gives the laws of a phase of the fully-connected network: `Ordered`, `Critical`, `Chaotic`, `OrderedRelu`,
`CriticalRelu` or `ScaledRelu`.  All are for normalised inputs, K⁽¹⁾(x, x) = q*.  What large depth remembers of a pair
of inputs is one number, which `coordinate` computes from 1 − c of the first layer; where the next order needs a second
one, `offset` gives it.  Matrices (m, m) of them, whose diagonal is not used, give the spectrum and the predictor of m
inputs.

``pooled(laws, d)`` are the laws of a CNN-P, with the arrays (m, m, d) that ``constants_of_images`` gives for d offsets;
a CNN-F has those of the fully-connected network at offset 0.  ``dropped(laws, keep)`` has dropout on the last hidden
activations.  ``of_resnet(mf, q, layer_norm)`` is for skip connections: `ResidualRelu` or `SaturatedSkip`.

Each class says what error its laws leave, and from which depth on they hold.

>>> import ntkref as nk
>>> net = nk.fcn(depth=200, activation=nk.erf, sigma_w2="1.0", sigma_b2="0.18")
>>> x = nk.normalised(nk.optical_digits()[0][:12].reshape(12, -1), net)
>>> laws = of(nk.mean_field(nk.erf, "1.0", "0.18"))
>>> e = laws.one_minus_c(x)
>>> E, W = laws.coordinate(e), laws.offset(e)
>>> f"{laws.kappa(200, E, W):.9e} {nk.spectrum(nk.kernels(net, x)).kappa:.9e}"
'2.392187677e+28 2.392187677e+28'
"""

from dataclasses import replace

from ..layers import variance
from ..mean_field import MeanField
from ..numbers import Floats, float64
from .chaotic import Chaotic
from .critical import Critical
from .dropout import Dropped, dropped
from .ordered import Ordered
from .pooled import Pooled, constants_of_images, pooled
from .relu import CriticalRelu, OrderedRelu, ScaledRelu
from .residual import ResidualRelu, SaturatedSkip, of_resnet

__all__ = [
    "Chaotic",
    "Critical",
    "CriticalRelu",
    "Dropped",
    "Ordered",
    "OrderedRelu",
    "Pooled",
    "ResidualRelu",
    "SaturatedSkip",
    "ScaledRelu",
    "constants_of_images",
    "dropped",
    "of",
    "of_resnet",
    "pooled",
]


def of(mf: MeanField, q_star=None):
    """The laws of the phase of `mf`.  For ReLU with σ_b² = 0, which fixes no variance, `q_star` = K⁽¹⁾(x, x) is needed.

    Raises ValueError where there are none: no positive q*, σ_w² = 0, or a variance that grows without bound.

    >>> import ntkref as nk
    >>> laws = nk.asymptotics.of(nk.mean_field(nk.erf, "1.0", "0.18"))
    >>> type(laws).__name__, f"{laws.s:.10f}"
    ('Ordered', '2.2802141239')
    """
    if not isinstance(mf, MeanField):
        raise TypeError(f"mf must be what ntkref.mean_field(...) returns, got {mf!r}")
    if isinstance(mf.numbers, Floats):
        mf = replace(mf, numbers=float64)  # laws are NumPy's float64, whatever the namespace of the kernels
    phi = mf.activation
    if phi.value is not None and phi.rough and phi.name != "relu":
        raise ValueError(
            f"no large-depth laws for {phi}, which has a kink: those of kinked activations are ReLU's alone"
        )
    if mf.phase == "critical" and phi.value is not None and phi.definition.bends():
        raise ValueError(f"no critical laws for {phi}: its second derivative jumps, and β is infinite")
    if phi.homogeneous and not phi.kinks:
        raise ValueError(
            f"no large-depth laws for {phi}, which is linear: its kernels are in closed form at every depth"
        )
    if phi.homogeneous and mf.sigma_b2 == 0 and mf.sigma_w2 > 0:
        if q_star is None:
            raise ValueError(f"q_star = K(x, x) of the first layer must be given: {phi} without biases fixes none")
        q = variance(q_star, "q_star")
        if not q > 0:
            raise ValueError(f"q_star must be positive, got {q_star}")
        return (CriticalRelu if mf.phase == "critical" else ScaledRelu)(mf, mf.numbers.convert(q))
    if q_star is not None:
        raise ValueError(f"q_star is for ReLU without biases only; here q* is the fixed point, got q_star = {q_star}")
    if mf.phase == "unbounded" or not mf.q_star:
        raise ValueError(f"no large-depth laws in the {mf.phase} phase without a positive, finite q*")
    if mf.chi_1 == 0:
        raise ValueError("no large-depth laws at sigma_w2 = 0: one layer makes all inputs equal")
    if mf.phase == "ordered":
        return OrderedRelu(mf) if mf.activation.homogeneous else Ordered(mf)
    return Chaotic(mf) if mf.phase == "chaotic" else Critical(mf)
