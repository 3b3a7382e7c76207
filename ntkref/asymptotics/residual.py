"""Large-depth laws of residual networks (Section 6.5; chapters `skip_connections` and `layer_normalisation`).

The networks are those of ``ntkref.resnet``: z′ = z + branch(z), with layer norm nowhere, behind every sum ("post") or
at the head of every branch ("pre").  ReLU's kernels are those of the critical ReLU network in another time.  A bounded
φ forgets: Θ(x, x) grows as the exponential of √l, Θ(x, x′) as l, and κ → 1 at every σ_w², σ_b².

Layer norm on the pre-activations of a ReLU network without skip connections makes it critical at every σ_w², if
σ_b² = 0: `CriticalRelu` with q = 1, or σ_w²/2 where the last Dense is not normed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import numpy as np

from ..layers import variance
from ..mean_field import MeanField
from ..numbers import Floats, float64
from .law import Law, depth, power
from .orbits import fatou_limit, of_distinct
from .relu import CriticalRelu

__all__ = ["ResidualRelu", "SaturatedSkip", "of_resnet"]


@dataclass(frozen=True)
class InTime(CriticalRelu):
    """Θ/K(x, x) of a residual ReLU network, as `CriticalRelu` of q = 1 with T = Θ(x, x)/K(x, x) in the place of l.

    One layer moves c by μ (f(c) − c), f that of `CriticalRelu`, and T by μ.  Then
    1/θ = T/(3π) + (μ/2π) log T + C + o(1) and Θ(x, x′)/K(x, x) = T/4 + (3μ/8) log T + 3πC/4 − μ/8 + O(log T/T).
    """

    mu: Any
    clock = "time T ="


@dataclass(frozen=True)
class ResidualRelu(Law):
    """ReLU with skip connections, σ_b² = 0, K⁽¹⁾(x, x) = `q`: K = v(l) (cos θ), Θ = v(l) t, t as in `in_time`.

    With h = σ_w²/2 and the digamma function ψ,

    ============  ==================  =====================================  ==============
    layer norm    v(l) = K(x, x)      T(l) = t(x, x)                         μ
    ============  ==================  =====================================  ==============
    None          q (1 + h)^(l−1)     1 + μ (l − 1)                          h/(1 + h)
    "post"        1 (q at l = 1)      the same                               the same
    "pre"         q + h (l − 1)       1 + ψ(l + q/h) − ψ(1 + q/h) ~ log l    0, as l → ∞
    ============  ==================  =====================================  ==============

    all exact.  So t/T tends to (11ᵀ + 3 Id)/4 and, leaving what `CriticalRelu` leaves with T in the place of l,

    ========  ============================================================================================
    λ_max     v ((m+3) T/4 + (m−1)(3μ/8) log T + O(1))
    λ_bulk    v (3T/4 − (3μ/8) log T + O(1))
    κ         (m+3)/3 + (2m/3) μ log T/T + m O(1/T): with skip connections O(log l/l), with "pre" O(1/log l)
    P(Θ) y    (π/T) [C_test y − 11ᵀC y/(m+3)] + O(log T/T²) for y of mean 0; m ȳ/(m+3) + O(log T/T) for y = ȳ
    ========  ============================================================================================

    "pre" is a flow in T, but for what its first layers do: it leaves O(1/l) as well, and T is 15 at l = 10⁶, so its
    laws are for depths beyond any network's: T well beyond 3πC.
    """

    q: Any
    layer_norm: str | None

    @cached_property
    def mu(self):
        """μ, by which T grows per layer; with "pre" it is 1/(l + q/h), and 0 at large depth."""
        return 0 * self._h if self.layer_norm == "pre" else self._h / (1 + self._h)

    @cached_property
    def in_time(self) -> InTime:
        """The laws of K/v and Θ/v as functions of T."""
        return InTime(self.mf, 1, self.mu)

    @property
    def onset(self):
        """1/μ: T grows by 1 over it; with "pre" T is about log l, and this is 1."""
        return 1 / self.mu if self.layer_norm != "pre" else 1

    @property
    def first_variance(self):
        """K⁽¹⁾(x, x) = q."""
        return self.q

    def variance(self, l):
        """v(l) = K(x, x), exact.  Raises OverflowError where it leaves float64."""
        l = depth(l)
        if self.layer_norm == "pre":
            return self.q + self._h * (l - 1)
        if self.layer_norm == "post":
            return np.where(np.asarray(l) == 1, self.q, 1 + 0 * self.q)[()]
        return self.q * power(1 + self._h, l, "(1 + σ_w²/2)^l") / (1 + self._h)

    def time(self, l):
        """T(l) = Θ(x, x)/K(x, x), exact."""
        l = depth(l)
        if self.layer_norm != "pre":
            return 1 + self.mu * (l - 1)
        psi = np.frompyfunc(self._context.digamma, 1, 1)
        a = self.q / self._h
        steps = psi(l + a) - psi(1 + a)
        return 1 + (np.asarray(steps, dtype=float)[()] if isinstance(self.mf.numbers, Floats) else steps)

    def coordinate(self, one_minus_c):
        """C = lim 1/θ − T/(3π) − (μ/2π) log T of pairs with K⁽¹⁾ = q (1 − `one_minus_c`), to about 7 digits."""
        return of_distinct(one_minus_c, self.mf.numbers, self._flowed if self.layer_norm == "pre" else self._settled)

    def ntk_diagonal(self, l):
        """Θ(x, x) = v T, exact."""
        return self.variance(l) * self.time(l)

    def ntk_offdiagonal(self, l, C):
        """v (A u + B + A₁/u), leaving v O(1/T²)."""
        return self.variance(l) * self.in_time.ntk_offdiagonal(self.time(l), C)

    def ntk_gap(self, l, C):
        """2 (Θ(x, x) − Θ(x, x′)), leaving twice as much."""
        return self.variance(l) * self.in_time.ntk_gap(self.time(l), C)

    def nngp_offdiagonal(self, l, C):
        """v cos θ, leaving v O(1/T⁵)."""
        return self.variance(l) * self.in_time.nngp_offdiagonal(self.time(l), C)

    def nngp_gap(self, l, C):
        """2 v (1 − cos θ), leaving a relative O(1/T³)."""
        return self.variance(l) * self.in_time.nngp_gap(self.time(l), C)

    def lambda_max(self, l, E, offset=0, kernel="ntk"):
        """λ_max of m inputs."""
        return float(self.variance(l)) * super().lambda_max(l, E, offset, kernel)

    def lambda_bulk(self, l, E, offset=0, kernel="ntk"):
        """λ_1 … λ_{m−1}, descending."""
        return float(self.variance(l)) * super().lambda_bulk(l, E, offset, kernel)

    @cached_property
    def _h(self):
        return self.mf.numbers.convert(self.mf.sigma_w2 / 2)

    @property
    def _context(self):
        return mpmath.fp if isinstance(self.mf.numbers, Floats) else self.mf.numbers.context

    def _off(self, l, E, offset, kernel):
        return self.in_time._off(self.time(l), E, offset, kernel)

    def _shape(self, l, off, kernel):
        return self.in_time._shape(self.time(l), off, kernel)

    def _angles(self, one_minus_c, step, last):
        """(l, T, θ) for l = 1 … last, where `step`(l) is what the layer after l adds to T; in float64."""
        e, time = np.asarray(one_minus_c, dtype=float), 1.0
        for l in range(1, last + 1):
            theta = 2 * np.arctan2(np.sqrt(e), np.sqrt(2 - e))
            yield l, time, theta
            e, time = e - step(l) / np.pi * float64.crescent(theta), time + step(l)

    def _settled(self, one_minus_c):
        mu, laws = float(self.mu), self.in_time
        return fatou_limit(
            lambda last: self._angles(one_minus_c, lambda l: mu, last),
            lambda theta: 1 / theta,
            laws.alpha,
            laws.r,
            laws._s1,
            self.onset,
        )

    def _flowed(self, one_minus_c, last=1 << 15):
        """C of "pre": Fatou's coordinate of the flow, less T/(3π).  A layer is off by O(1/l²) and C by O(1/l)."""
        a = float(self.q / self._h)
        estimates = [
            _flow_coordinate(theta) - time / (3 * np.pi)
            for l, time, theta in self._angles(one_minus_c, lambda l: 1 / (l + a), last)
            if l in (last // 2, last)
        ]
        return 2 * estimates[1] - estimates[0]


def _flow_coordinate(theta):
    """Φ with dΦ/dT = 1/(3π) along dθ/dT = −F = −(sin θ − θ cos θ)/(π sin θ), Φ = 1/θ + θ/15 + …

    Φ = 1/θ + ∫₀^θ (1/t² − 1/(3πF(t))) dt, whose integrand is smooth, by 40 nodes of Gauss and Legendre.
    """
    nodes, weights = np.polynomial.legendre.leggauss(40)
    t = np.asarray(theta)[..., None] * (nodes + 1) / 2
    integrand = 1 / t**2 - np.sin(t) / (3 * float64.crescent(t))
    return 1 / theta + theta / 2 * np.sum(weights * integrand, axis=-1)


@dataclass(frozen=True)
class SaturatedSkip:
    """Odd φ with limits ±1 (erf, tanh) and skip connections, no layer norm, K⁽¹⁾(x, x) = `q`.

    With s = σ_w² + σ_b², E[1 − φ²] = a₀/√q + O(q^(−3/2)) and E[φ′²] = a₁/√q + …, A = σ_w² a₁/√s, B = σ_w² a₀/√s,

    ==========  ===================================================================================  =================
    quantity    law                                                                                  leaves
    ==========  ===================================================================================  =================
    K(x, x)     s l − 2B √l − (B²/s) log l                                                           O(1)
    Θ(x, x)     Z l^b exp(2A √l), b = AB/s − A²/2                                                    a relative
                                                                                                     O(log l/√l)
    cosine      c* at θ* = acos c*, σ_w² ((2/π) asin c* − c*) + σ_b² (1 − c*) = 0                    O(l^(−λ))
    λ           1 − tan(θ*/2)/θ*, from 1 − 2/π (σ_b² = 0) to below 1/2
    Θ(x, x′)    s c* l/λ; for σ_b² = 0 it is (2σ_w²/π) E l^(1−λ) log l, E = lim c l^λ                a relative
                                                                                                     O(l^(−λ) log l),
                                                                                                     O(1/log l)
    κ − 1       m s c* l/(λ Θ(x, x)): as exp(−2A √l) for every σ_w² and σ_b² > 0                     the same
    ==========  ===================================================================================  =================

    c = 1 repels always: there is no ordered phase, and no exponential growth of the variance.  As λ < 1/2, the memory
    l^(−λ) outlives what K(x, x) leaves in c, l^(−1/2); near λ = 1/2 only just.
    """

    mf: MeanField
    q: Any

    @property
    def s(self):
        """s = σ_w² + σ_b², the growth of K(x, x)."""
        return float(self.mf.sigma_w2 + self.mf.sigma_b2)

    @property
    def A(self):
        """A = σ_w² a₁/√s; a₁ = 2/π for erf and (4/3)/√(2π) for tanh."""
        return float(self.mf.sigma_w2) * _SATURATION[self.mf.activation.name][1] / math.sqrt(self.s)

    @property
    def B(self):
        """B = σ_w² a₀/√s; a₀ = 2/π for erf and 2/√(2π) for tanh."""
        return float(self.mf.sigma_w2) * _SATURATION[self.mf.activation.name][0] / math.sqrt(self.s)

    @property
    def power(self):
        """b, the power of l beside the exponential in Θ(x, x)."""
        return self.A * self.B / self.s - self.A**2 / 2

    @cached_property
    def angle(self):
        """θ*, the angle that all pairs tend to: the root of (σ_w² + σ_b²)(1 − cos θ) = 2σ_w² θ/π in (0, π/2]."""
        ratio = 1 + float(self.mf.sigma_b2 / self.mf.sigma_w2)
        low, high = 0.0, math.pi / 2  # the left side is convex: it is below the line up to the root, then above
        while low < (middle := (low + high) / 2) < high:
            below = 2 * ratio * math.sin(middle / 2) ** 2 < 2 * middle / math.pi
            low, high = (middle, high) if below else (low, middle)
        return high

    @property
    def c_star(self):
        """c* = cos θ* < 1."""
        return math.sin(math.pi / 2 - self.angle)

    @property
    def decay(self):
        """λ, the power with which the cosine tends to c*."""
        return 1 - math.tan(self.angle / 2) / self.angle

    def variance(self, l):
        """K(x, x), leaving O(1)."""
        l = np.asarray(depth(l), dtype=float)
        return self.s * l - 2 * self.B * np.sqrt(l) - self.B**2 / self.s * np.log(l)

    def log_ntk_diagonal(self, l):
        """log Θ(x, x) = 2A √l + b log l + log Z, leaving O(log l/√l); it may exceed float64's Θ."""
        l = np.asarray(depth(l), dtype=float)
        return 2 * self.A * np.sqrt(l) + self.power * np.log(l) + self.log_constant

    def ntk_offdiagonal(self, l):
        """Θ(x, x′) = s c* l/λ of all pairs, leaving a relative O(l^(−λ) log l).  Raises ValueError at σ_b² = 0."""
        if self.mf.sigma_b2 == 0:
            raise ValueError("at sigma_b2 = 0 c* = 0 and Θ(x, x') is (2σ_w²/π) E l^(1−λ) log l, with E of each pair")
        return self.s * self.c_star / self.decay * np.asarray(depth(l), dtype=float)

    def kappa_minus_1(self, l, m: int):
        """κ − 1 = m Θ(x, x′)/Θ(x, x) of m inputs, leaving a relative O(l^(−λ) log l)."""
        return m * self.ntk_offdiagonal(l) * np.exp(-self.log_ntk_diagonal(l))

    @cached_property
    def log_constant(self):
        """log Z, which depends on `q`, to 3 digits: from 6000 layers of K(x, x) and Θ(x, x)."""
        sw2, sb2 = float(self.mf.sigma_w2), float(self.mf.sigma_b2)
        q = float(self.q)
        log_p, depths, values = math.log(q), (1500, 3000, 6000), []
        for l in range(1, depths[-1] + 1):
            if l in depths:
                values.append(log_p - 2 * self.A * math.sqrt(l) - self.power * math.log(l))
            T, _, Tdot = map(float, self.mf.activation.moments(q, float64))
            block = sw2 * T + sb2
            log_p += math.log1p(sw2 * Tdot + block * math.exp(-log_p))
            q += block
        roots = np.sqrt(depths)  # what is left is (a + b log l)/√l
        return float(np.linalg.solve(np.stack([np.ones(3), 1 / roots, np.log(depths) / roots], axis=1), values)[0])


_SATURATION = {  # a₀ = ∫(1 − φ²) dx/√(2π), a₁ = ∫φ′² dx/√(2π)
    "erf": (2 / math.pi, 2 / math.pi),
    "tanh": (2 / math.sqrt(2 * math.pi), 4 / 3 / math.sqrt(2 * math.pi)),
}


def of_resnet(mf: MeanField, q, layer_norm: str | None = None):
    """The laws of ``ntkref.resnet(…, layer_norm=layer_norm)`` on inputs of K⁽¹⁾(x, x) = `q`.

    ReLU with σ_b² = 0: `ResidualRelu`; erf and tanh without layer norm: `SaturatedSkip`.  Raises ValueError for others.

    >>> import ntkref as nk
    >>> laws = nk.asymptotics.of_resnet(nk.mean_field(nk.relu, 1), q=1)
    >>> k = nk.kernels_of_pair(nk.resnet(1000, nk.relu, 1), q=1, one_minus_c="0.5")
    >>> f"{k.ntk:.5e} {laws.ntk_offdiagonal(1000, laws.coordinate(0.5)):.5e}"
    '7.07470e+177 7.07464e+177'
    """
    if not isinstance(mf, MeanField):
        raise TypeError(f"mf must be what ntkref.mean_field(...) returns, got {mf!r}")
    if layer_norm not in (None, "pre", "post"):
        raise ValueError(f'layer_norm must be None, "pre" or "post", got {layer_norm!r}')
    q = variance(q, "q")
    if not q > 0:
        raise ValueError(f"q must be positive, got {q}")
    if mf.sigma_w2 == 0:
        raise ValueError("sigma_w2 must be positive: else the branches are constants")
    name = mf.activation.name
    if name == "relu" and mf.sigma_b2 == 0:
        return ResidualRelu(mf, mf.numbers.convert(q), layer_norm)
    if name in _SATURATION and layer_norm is None:
        return SaturatedSkip(mf, float(q))
    raise ValueError(
        "laws of residual networks are for ReLU with sigma_b2 = 0, and for erf and tanh without layer norm; got "
        f"{mf.activation}, sigma_b2 = {mf.sigma_b2}, layer_norm = {layer_norm!r}"
    )
