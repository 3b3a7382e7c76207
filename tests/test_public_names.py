"""The public surface, name by name: what DESIGN promises is there, and nothing is there by accident."""

import ntkref

PROMISED = {
    "Activation", "AvgPool", "Conv", "ConvolutionSpectrum", "CriticalPoint", "Dense", "Dropout",
    "FiniteKernels", "Flatten", "GlobalAvgPool", "Kernels", "LayerNorm", "MeanField", "Network", "Residual",
    "Spectrum", "absolute", "asymptotics", "by_quadrature", "cnn", "convolution_spectrum", "cos",
    "critical_point", "digits", "elu", "erf", "exp", "fcn", "finite_kernels", "float64", "floats", "gaussian",
    "gelu", "gelu_tanh", "gradient_flow", "hermite", "kernels", "kernels_by_depth", "kernels_of_pair",
    "leaky_relu", "max_learning_rate", "mean_field", "mean_predictor", "mish", "monomial", "normalised",
    "optical_digits", "polynomial", "rectified_monomial", "relu", "resnet", "selu", "sigmoid", "sign", "silu",
    "sin", "sinusoid", "softplus", "spectrum", "step", "symbols", "tanh", "universality_class",
}  # fmt: skip


def test_all_is_exact():
    assert set(ntkref.__all__) == PROMISED
    assert sorted(ntkref.__all__) == ntkref.__all__


def test_every_name_is_documented():
    for name in ntkref.__all__:
        assert getattr(ntkref, name).__doc__, name


def test_version_is_the_distributions():
    from importlib.metadata import PackageNotFoundError, version

    try:
        assert version("ntkref") == ntkref.__version__
    except PackageNotFoundError:  # a checkout that was never installed
        import configparser
        from pathlib import Path

        parser = configparser.ConfigParser()
        parser.read(Path(__file__).parents[1] / "setup.cfg")
        assert parser["metadata"]["version"] == ntkref.__version__
