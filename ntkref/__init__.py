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
from .activations import Activation, erf, relu
from .critical import CriticalPoint, critical_point
from .datasets import optical_digits
from .mean_field import MeanField, mean_field, normalised
from .network import Dense, Network, fcn
from .numbers import digits, float64, floats, symbols
from .predictor import gradient_flow, mean_predictor
from .recursion import Kernels, kernels, kernels_by_depth, kernels_of_pair
from .spectrum import Spectrum, max_learning_rate, spectrum

__all__ = [
    "Activation",
    "CriticalPoint",
    "Dense",
    "Kernels",
    "MeanField",
    "Network",
    "Spectrum",
    "asymptotics",
    "critical_point",
    "digits",
    "erf",
    "fcn",
    "float64",
    "floats",
    "gradient_flow",
    "kernels",
    "kernels_by_depth",
    "kernels_of_pair",
    "max_learning_rate",
    "mean_field",
    "mean_predictor",
    "normalised",
    "optical_digits",
    "relu",
    "spectrum",
    "symbols",
]
