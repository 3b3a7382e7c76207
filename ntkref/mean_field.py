"""Mean-field theory of one layer: fixed points, slopes, phase and depth scales (Sections 3 and 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from .activation import Activation
from .exact import is_symbolic
from .inputs import covariance_of_pair
from .layers import Dense
from .numbers import Digits, Floats, Numbers, float64
from .roots import bracketed_root, settled
from .variance import fixed_variances, stable_variance

__all__ = ["MeanField", "mean_field", "solve"]


def mean_field(
    activation: Activation, sigma_w2, sigma_b2=0, numbers: Numbers = float64, near: float | None = None
) -> MeanField:
    """Fixed points, slopes, phase and depth scales of layers with variances `sigma_w2` and `sigma_b2`.

    Every number is computed in mpmath at rising precision until two precisions agree, then rounded: to the
    nearest float64, or to n digits.  Where several variances are stable, the one nearest to `near` is taken.
    ``fixed_variances`` of the result lists all fixed points of the variance up to 1e6, with their slopes.

    Raises
    ------
    ValueError
        Several stable variances and no `near`; none, because the variance swings; an activation that jumps, for
        which χ₁ is infinite.
    ArithmeticError
        The moments of the activation diverge, or do not settle.
    TypeError, ValueError
        Variances that are negative, not finite, both zero, or symbolic (a fixed point of symbols has no
        closed form; ``critical_point(…, q_star=…)`` and ``kernels_of_pair`` do take symbols).

    >>> import ntkref as nk
    >>> mf = nk.mean_field(nk.erf, "1.0", "0.18")
    >>> mf.phase, mf.q_star, mf.p_star
    ('ordered', 0.5208751076831627, 1.8946676199802979)
    """
    if not isinstance(activation, Activation):
        raise TypeError(f"activation must be an activation such as ntkref.erf, got {activation!r}")
    if not isinstance(numbers, (Floats, Digits)):
        raise TypeError(f"numbers must be float64, floats(xp) or digits(n) for fixed points, got {numbers!r}")
    layer = Dense(sigma_w2, sigma_b2)
    for name in ("sigma_w2", "sigma_b2"):
        if is_symbolic(getattr(layer, name)):
            raise TypeError(f"{name} must be a number for fixed points, got the symbol {getattr(layer, name)}")
    if activation.value is not None and activation.jumps:
        raise ValueError(
            f"{activation} jumps: the slope of 𝒯 is infinite at equal inputs, so there is no χ₁, no phase and no "
            "critical line; kernels do exist"
        )
    return MeanField(activation, layer.sigma_w2, layer.sigma_b2, numbers, near)


@dataclass(frozen=True)
class MeanField:
    """What `mean_field` returns; made from its arguments.

    The phase is decided by χ₁: "ordered" below 1, "chaotic" above, "critical" at 1.  For ReLU χ₁ = σ_w²/2 is
    compared exactly.  Otherwise "critical" means |χ₁ − 1| <= `tolerance`, what rounding σ_w² and σ_b² of
    an exact critical point to the number system leaves: 2⁻⁵⁰ in float64, 10^(2−n) in digits(n).  A fourth
    phase, "unbounded", is ReLU's where the variance grows for ever.

    A quantity that does not exist in the phase raises ValueError and says why.
    """

    activation: Activation
    sigma_w2: Fraction
    sigma_b2: Fraction
    numbers: Numbers
    near: float | None = None
    _core: dict = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        promised = 17 if isinstance(self.numbers, Floats) else self.numbers.n
        object.__setattr__(self, "_core", settled(self._solve, promised))

    def _solve(self, work: Digits) -> dict:
        return solve(self.activation, self.sigma_w2, self.sigma_b2, work, self.tolerance, self.near)

    def __str__(self):
        """The phase and every quantity that exists in it, a line each."""
        lines = [f"{self.activation}, sigma_w2 = {self.sigma_w2}, sigma_b2 = {self.sigma_b2}: {self.phase}"]
        for name in ("q_star", "c_star", "chi_q", "chi_1", "chi_c", "p_star", "p_ab_star", "xi_1", "xi_c", "xi_star"):
            try:
                lines.append(f"  {name:<9} = {getattr(self, name)}")
            except ValueError:
                continue  # it does not exist in this phase
        return "\n".join(lines)

    @property
    def tolerance(self):
        """The largest |χ₁ − 1| that is called critical."""
        if self.activation.homogeneous:
            return 0
        return 2.0**-50 if isinstance(self.numbers, Floats) else 100 * self.numbers.eps

    @property
    def phase(self) -> str:
        """ "ordered", "critical", "chaotic", or (ReLU) "unbounded"."""
        below = self._core.get("below_1", 0)
        if "q_star" not in self._core and not (self.activation.homogeneous and below == 0 and self.sigma_b2 == 0):
            return "unbounded"
        if abs(below) <= self.tolerance:
            return "critical"
        return "ordered" if below > 0 else "chaotic"

    def _round(self, value):
        return float(value) if isinstance(self.numbers, Floats) else self.numbers.finish(value)

    def _missing(self, what, why):
        return ValueError(f"{what} does not exist in the {self.phase} phase of {self.activation}: {why}")

    @property
    def fixed_variances(self) -> list[tuple]:
        """(q, slope of the variance map) of every fixed point up to 1e6, stable where |slope| < 1; see `variance`."""
        if self.activation.homogeneous:
            raise ValueError(f"{self.activation}'s variance map is a straight line: q_star says all")
        work = Digits(20 if isinstance(self.numbers, Floats) else self.numbers.n)
        found = fixed_variances(self.activation, self.sigma_w2, self.sigma_b2, work)
        return [tuple(self._round(v) for v in pair) for pair in found]

    @property
    def q_star(self):
        """q*, the stable fixed point of q ↦ σ_w² 𝒯(q, q) + σ_b²."""
        if "q_star" not in self._core:
            why = "every variance is fixed" if self.phase == "critical" else "the variance grows without bound"
            raise self._missing("q*", why)
        return self._round(self._core["q_star"])

    @property
    def chi_q(self):
        """χ_q, the slope of the variance map at q*."""
        return self._round(self._slope("chi_q"))

    @property
    def chi_1(self):
        """χ₁ = σ_w² 𝒯̇(q*, q*)."""
        return self._round(self._slope("chi_1"))

    def _slope(self, name):
        if name not in self._core:
            raise self._missing("a slope at q*", "the variance grows without bound")
        return self._core[name]

    @property
    def one_minus_c_star(self):
        """1 − c*, to full relative accuracy also next to the critical line."""
        if self.phase == "chaotic":
            return self._round(self._core["one_minus_c"])
        if self.phase == "unbounded" and not self.activation.homogeneous:
            raise self._missing("c*", "the variance grows without bound")
        if not self.activation.homogeneous and not self._core["q_star"]:
            raise self._missing("c*", "q* = 0, and the cosine of the inputs decides the limit")
        return self._round(0 * self._core["chi_1"])

    @property
    def c_star(self):
        """c*, the stable fixed point of the cosine: 1 in order and at criticality, below 1 in chaos."""
        return self._round(1 - self._core["one_minus_c"]) if self.phase == "chaotic" else 1 - self.one_minus_c_star

    @property
    def chi_c(self):
        """χ_c = σ_w² 𝒯̇ at (q*, c* q*); χ₁ where c* = 1."""
        return self._round(self._core["chi_c"]) if self.phase == "chaotic" else self.chi_1

    @property
    def p_star(self):
        """p* = q*/(1 − χ₁), the limit of Θ(x, x) in the ordered phase (Eq. 14)."""
        if self.phase != "ordered":
            raise self._missing("p*", "Θ(x, x) grows without bound")
        return self._round(self._core["q_star"] / self._core["below_1"])

    @property
    def p_ab_star(self):
        """p_ab*, the limit of Θ(x, x'): q_ab*/(1 − χ_c) in chaos (Eq. 12), p* in order (Eq. 14)."""
        core = self._core
        if self.phase == "chaotic":
            return self._round(core["q_star"] * (1 - core["one_minus_c"]) / core["below_c"])
        if self.phase == "ordered":
            return self.p_star
        raise self._missing("p_ab*", "Θ(x, x') grows without bound")

    @property
    def xi_1(self):
        """ξ₁ = −1/log χ₁, the depth scale of trainability; negative in chaos."""
        if self.phase == "critical" or self._slope("below_1") == 0:
            raise self._missing("xi_1", "χ₁ = 1 and the depth scale diverges")
        return self._round(self._depth_scale("below_1"))

    @property
    def xi_c(self):
        """ξ_c = −1/log χ_c, over which K approaches its fixed point; ξ₁ where c* = 1."""
        return self._round(self._depth_scale("below_c")) if self.phase == "chaotic" else self.xi_1

    @property
    def xi_star(self):
        """ξ_* = −1/(log χ_c − log χ₁), over which the mean predictor vanishes in chaos (below Eq. 13)."""
        if self.phase != "chaotic":
            raise self._missing("xi_star", "χ_c = χ₁ and the depth scale diverges")
        return self._round(1 / (1 / self._depth_scale("below_c") - 1 / self._depth_scale("below_1")))

    def _depth_scale(self, below):
        below = self._core[below]
        context = below.context
        return -1 / context.log1p(-below)


def solve(activation, sigma_w2: Fraction, sigma_b2: Fraction, work: Numbers, tolerance=0, near=None) -> dict:
    """The fixed points in the number system `work`; differences from 1 in their own right."""
    if activation.homogeneous:  # q ↦ a q + σ_b², a straight line; the cosine tends to 1, or stays
        a = sigma_w2 * activation.gain
        core = {"chi_q": work.convert(a), "chi_1": work.convert(a), "below_1": work.convert(1 - a)}
        return core | ({"q_star": work.convert(sigma_b2 / (1 - a))} if a < 1 else {})
    sw2, sb2 = work.convert(sigma_w2), work.convert(sigma_b2)
    q = stable_variance(activation, sigma_w2, sigma_b2, work, near)
    if q is None:
        return {}
    _, variance_slope, slope = activation.moments(q, work)
    chi_1 = sw2 * slope
    core = {"chi_q": sw2 * variance_slope, "chi_1": chi_1, "below_1": 1 - chi_1, "q_star": q}
    if core["below_1"] < -tolerance:
        core |= _fixed_cosine(activation, sw2, sb2, q, work)
    return core


def _fixed_cosine(activation, sw2, sb2, q, work: Numbers) -> dict:
    """The fixed point of ε = 1 − c below c = 1, as the root of ε'/ε = 1: the root at ε = 0 is divided out."""

    def at(e):
        return activation.duals(covariance_of_pair(q, e, work), work)

    def ratio(e):
        T, Tdot = at(e)
        ratio = sw2 * T.gap / (2 * q * e)
        return ratio - 1, (sw2 * Tdot.xy - ratio) / e

    low = high = work.context.one
    if not (sb2 == 0 and activation.parity == -1) and ratio(high)[0] < 0:  # else c = 0 is fixed, as far as digits tell
        while ratio(low)[0] < 0:
            low = low / 2
        low = bracketed_root(ratio, low, min(high, 2 * low), work.context)
    chi_c = sw2 * at(low)[1].xy
    return {"one_minus_c": low, "chi_c": chi_c, "below_c": 1 - chi_c}
