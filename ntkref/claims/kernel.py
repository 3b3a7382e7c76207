"""Equations 2, 3 and 8: the recursions."""

from __future__ import annotations

import numpy as np

from ..activations import erf, relu
from ..inputs import covariance_of_pair
from ..network import fcn
from ..numbers import Digits
from ..recursion import kernels, pairs_by_depth
from .claim import HOLDS, Claim, printed
from .definition import expectations, sampled_kernels
from .setting import Setting

__all__ = ["KERNEL_CLAIMS"]

_SW2, _SB2, _Q, _E = "1.5", "0.18", "0.75", "0.3"  # any point with all digits in play will do


def _eq2_derivation(setting: Setting):
    """One step with the kernel that the chapter derives, against the package."""
    T = setting.chapter("arcsine_kernel")["T_erf"]
    numbers = setting.digits
    q, e, sw2, sb2 = (numbers.context.mpf(v) for v in (_Q, _E, _SW2, _SB2))
    steps = dict(pairs_by_depth(fcn(2, erf, _SW2, _SB2), _Q, _E, numbers))
    dual = setting.evaluate(T, (q, q, q * (1 - e)))
    yield printed("K² = σ_w² 𝒯(K¹) + σ_b²", (sw2 * dual + sb2) / steps[2].nngp - 1, numbers.eps, "digits asked for")


def _eq2_digits(setting: Setting):
    """Two steps, each by integration of the definition."""
    numbers = _integration(setting)
    context = numbers.context
    sw2, sb2, q, e = (context.mpf(v) for v in (_SW2, _SB2, _Q, _E))
    q12 = q * (1 - e)
    steps = dict(pairs_by_depth(fcn(3, erf, _SW2, _SB2), _Q, _E, setting.digits))
    for depth in (2, 3):
        q, q12 = (sw2 * expectations(erf, q, q, k, numbers)[0] + sb2 for k in (q, q12))
        allowed = 100 * context.eps
        yield printed(f"K at depth {depth} by integration", q12 / steps[depth].nngp - 1, allowed, "100 roundings")


def _eq2_float64(setting: Setting):
    """Random networks with two hidden layers: the mean kernel against the limit."""
    yield from _sampled(setting, 0, "K")


def _eq3_derivation(setting: Setting):
    results, numbers = setting.chapter("arcsine_kernel"), setting.digits
    for activation, name in ((erf, "T_erf"), (relu, "T_relu")):
        q, e = numbers.context.mpf(_Q), numbers.context.mpf(_E)
        T, _ = activation.duals(covariance_of_pair(q, e, numbers), numbers)
        derived = setting.evaluate(results[name], (q, q, q * (1 - e)))
        yield printed(f"𝒯 of {activation}, derived", derived / T.xy - 1, numbers.eps, "digits asked for")


def _eq3_digits(setting: Setting):
    numbers = _integration(setting)
    context = numbers.context
    for activation in (erf, relu):
        for e in ("0.3", "1.6"):
            q, e = context.mpf(_Q), context.mpf(e)
            T, Tdot = activation.duals(covariance_of_pair(q, e, setting.digits), setting.digits)
            value, slope = expectations(activation, q, q, q * (1 - e), numbers)
            what = f"{activation} at c = {float(1 - e):.1f}"
            yield printed(f"𝒯 of {what}", value / T.xy - 1, 100 * context.eps, "100 roundings")
            yield printed(f"𝒯̇ of {what}", slope / Tdot.xy - 1, 100 * context.eps, "100 roundings")


def _eq8_digits(setting: Setting):
    """The exact solution Θ_ab = D_l Σ q_k/D_k with D_l = Π_{j<l} σ_w² 𝒯̇(K⁽ʲ⁾), from K alone."""
    numbers = setting.digits
    for phase in ("ordered", "chaotic"):
        depths = tuple(range(1, 31))
        product, total = 1, 0
        kernels_at = setting.pair(phase, depths, numbers)
        sw2 = numbers.convert(setting.mean_field(phase).sigma_w2)
        for depth in depths:
            total = total + kernels_at[depth].K.xy / product
            solution = product * total
            product = product * sw2 * erf.duals(kernels_at[depth].K, numbers)[1].xy
        error = solution / kernels_at[depths[-1]].ntk - 1
        yield printed(f"Θ = D Σ q/D at depth 30, {phase}", error, 10 * numbers.eps, "rounding to n digits")


def _eq8_float64(setting: Setting):
    """Random networks with two hidden layers: derivatives by every parameter against the limit."""
    yield from _sampled(setting, 1, "Θ")


def _sampled(setting, index, name):
    width, samples = (400, 40) if setting.quick else (1200, 100)
    x = setting.images("chaotic")[0][:2]
    mf = setting.mean_field("chaotic")
    estimate = sampled_kernels(x, float(mf.sigma_w2), float(mf.sigma_b2), width, samples, np.random.default_rng(20))
    mean, error = estimate[index]
    limit = kernels(setting.network("chaotic", 3), x)
    exact = (limit.nngp, limit.ntk)[index][0, 1]
    bias = 5 * exact / width  # finite width shifts the mean by O(1/N); five times is generous for these networks
    off = max(0.0, abs(mean - exact) - bias) / error
    yield printed(f"{name} of {samples} networks of width {width}, in standard errors", off, 4, "6e-5 by chance")


def _integration(setting):
    """Fewer digits than the package is asked for: integrals take their time."""
    return Digits(15 if setting.quick else 25, guard=0)


KERNEL_CLAIMS = (
    Claim(
        "eq-2",
        "Equation 2",
        "K⁽ˡ⁺¹⁾ = σ_w² 𝒯(K⁽ˡ⁾) + σ_b²",
        HOLDS,
        "arcsine_kernel",
        {"derivation": _eq2_derivation, "digits": _eq2_digits, "float64": _eq2_float64},
    ),
    Claim(
        "eq-3",
        "Equation 3",
        "𝒯(K) = E[φ(z) φ(z)ᵀ], z ~ N(0, K)",
        HOLDS,
        "arcsine_kernel",
        {"derivation": _eq3_derivation, "digits": _eq3_digits},
    ),
    Claim(
        "eq-8",
        "Equation 8",
        "Θ⁽ˡ⁺¹⁾ = K⁽ˡ⁺¹⁾ + σ_w² 𝒯̇(K⁽ˡ⁾) ⊙ Θ⁽ˡ⁾",
        HOLDS,
        "tangent_kernel",
        {"digits": _eq8_digits, "float64": _eq8_float64},
    ),
)
