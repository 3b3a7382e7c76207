"""The functions activations are made of, written so that no argument overflows them and none cancels."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["Phi", "density", "sech2", "sigma", "sigma1", "sigma2", "softplus"]


def sigma(f, x):
    """1/(1 + e⁻ˣ), which neither overflows nor cancels."""
    tail = f.exp(-abs(x))
    return f.where(x > 0, 1 + 0 * x, tail) / (1 + tail)


def sigma1(f, x):
    """σ′ = σ(1 − σ)."""
    tail = f.exp(-abs(x))
    return tail / (1 + tail) ** 2


def sigma2(f, x):
    """σ″ = −σ′ tanh(x/2)."""
    return -sigma1(f, x) * f.tanh(x / 2)


def sech2(f, x):
    return 4 * sigma1(f, 2 * x)


def softplus(f, x):
    return f.where(x > 0, x, 0 * x) + f.log1p(f.exp(-abs(x)))


def Phi(f, x):
    """The normal distribution function."""
    return f.erfc(-x / f.sqrt(f.convert(Fraction(2)))) / 2


def density(f, x):
    return f.exp(-x * x / 2) / f.sqrt(2 * f.pi)
