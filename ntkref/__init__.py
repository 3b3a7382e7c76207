from . import asymptotics
from .activations import Activation, erf, relu
from .critical import CriticalPoint, critical_point
from .mean_field import MeanField, mean_field, normalised
from .network import Dense, Network, fcn
from .numbers import digits, float64, floats, symbols
from .predictor import gradient_flow, mean_predictor
from .recursion import Kernels, kernels, kernels_by_depth, kernels_of_pair
from .spectrum import Spectrum, max_learning_rate, spectrum
