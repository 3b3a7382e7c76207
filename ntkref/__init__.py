from .activations import Activation, erf, relu
from .mean_field import MeanField, mean_field, normalised
from .critical import CriticalPoint, critical_point
from .network import Dense, Network, fcn
from .numbers import digits, float64, floats, symbols
from .recursion import Kernels, kernels, kernels_by_depth, kernels_of_pair
