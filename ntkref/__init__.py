"""Infinite-width neural network kernels: exact values, certified digits, asymptotics with constants.

The NNGP kernel K and the neural tangent kernel Θ of Xiao, Pennington and Schoenholz (2020), in float64, at
any number of digits, or symbolically:

>>> import ntkref as nk
>>> net = nk.fcn(depth=10, activation=nk.erf, sigma_w2="1.5", sigma_b2="0.18")
>>> k = nk.kernels(net, [[1.0, 2.0], [3.0, 4.0]])
>>> k.ntk.shape
(2, 2)
"""

__version__ = "0.1.0"

from . import asymptotics
from .activation import Activation
from .activations import (
    absolute,
    cos,
    elu,
    erf,
    exp,
    gaussian,
    gelu,
    gelu_tanh,
    hermite,
    leaky_relu,
    mish,
    monomial,
    polynomial,
    rectified_monomial,
    relu,
    selu,
    sigmoid,
    sign,
    silu,
    sin,
    sinusoid,
    softplus,
    step,
    tanh,
)
from .by_quadrature import by_quadrature
from .convolution import ConvolutionSpectrum, convolution_spectrum
from .critical import CriticalPoint, critical_point
from .datasets import optical_digits
from .finite import FiniteKernels, finite_kernels
from .layers import AvgPool, Conv, Dense, Dropout, Flatten, GlobalAvgPool, LayerNorm, Residual
from .mean_field import MeanField, mean_field
from .network import Network, cnn, fcn, resnet
from .normalise import normalised
from .numbers import digits, float64, floats, symbols
from .predictor import gradient_flow, mean_predictor
from .recursion import Kernels, kernels, kernels_by_depth, kernels_of_pair
from .spectrum import Spectrum, max_learning_rate, spectrum
from .universality import universality_class

__all__ = [
    "Activation",
    "AvgPool",
    "Conv",
    "ConvolutionSpectrum",
    "CriticalPoint",
    "Dense",
    "Dropout",
    "FiniteKernels",
    "Flatten",
    "GlobalAvgPool",
    "Kernels",
    "LayerNorm",
    "MeanField",
    "Network",
    "Residual",
    "Spectrum",
    "absolute",
    "asymptotics",
    "by_quadrature",
    "cnn",
    "convolution_spectrum",
    "cos",
    "critical_point",
    "digits",
    "elu",
    "erf",
    "exp",
    "fcn",
    "finite_kernels",
    "float64",
    "floats",
    "gaussian",
    "gelu",
    "gelu_tanh",
    "gradient_flow",
    "hermite",
    "kernels",
    "kernels_by_depth",
    "kernels_of_pair",
    "leaky_relu",
    "max_learning_rate",
    "mean_field",
    "mean_predictor",
    "mish",
    "monomial",
    "normalised",
    "optical_digits",
    "polynomial",
    "rectified_monomial",
    "relu",
    "resnet",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinusoid",
    "softplus",
    "spectrum",
    "step",
    "symbols",
    "tanh",
    "universality_class",
]
