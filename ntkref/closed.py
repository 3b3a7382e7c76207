"""Closed forms beyond erf and ReLU.

`…_duals` carry gap, difference and area, as `duals` does, so they need no integral.  `…_closed_form` are plain
formulas for 𝒯₁₂ and 𝒯̇₁₂, against which what is integrated is checked.  Chapter `price` derives them.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial

from .numbers import Numbers
from .pair import Covariance, Pair

__all__ = [
    "arc_cosine",
    "exp_duals",
    "exp_slopes",
    "flat_slopes",
    "gaussian_closed_form",
    "gelu_closed_form",
    "kinked_linear_duals",
    "polynomial_closed_form",
    "sign_duals",
    "sinusoid_duals",
    "sinusoid_slopes",
    "step_duals",
]


def _angles(k: Covariance, numbers: Numbers) -> tuple:
    """θ and π − θ; θ = 0 at a zero input."""
    angle, supplement = numbers.atan2(k.area, k.xy), numbers.atan2(k.area, -k.xy)
    none = (k.area == 0) & (k.xy >= 0)
    return numbers.where(none, 0 * angle, angle), numbers.where(none, 0 * angle + numbers.pi, supplement)


def kinked_linear_duals(slope: Fraction):
    """φ = p x + h |x|, p = (1 + slope)/2, h = (1 − slope)/2: the two parts are uncorrelated."""

    def duals(k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
        p2, h2 = (numbers.convert(((1 + sign * slope) / 2) ** 2) for sign in (1, -1))
        sqrt, pi = numbers.sqrt, numbers.pi
        root1, root2 = sqrt(k.x), sqrt(k.y)
        r = root1 * root2
        angle, supplement = _angles(k, numbers)
        same_side = k.xy >= 0
        acute = numbers.where(same_side, angle, supplement)
        size = numbers.where(same_side, k.xy, -k.xy)
        some = numbers.where(r + size == 0, r + 1, r + size)
        near, far = k.area * (k.area / some), r + size  # r ∓ |q₁₂|
        # E[|u||v|] = |q₁₂| + 2 r J(θ)/π for acute θ, J(t) = sin t − t cos t.
        crescent = 2 * r * numbers.crescent(acute) / pi
        short, long = numbers.nonnegative(near - crescent), far + crescent  # r ∓ E[|u||v|]
        sum_roots = numbers.where(root1 + root2 == 0, root1 + 1, root1 + root2)
        norms = (k.diff / sum_roots) ** 2
        below, above = (numbers.where(same_side, a, b) for a, b in ((near, far), (far, near)))  # r ∓ q₁₂
        fall, rise = below * p2 + short * h2, above * p2 + long * h2  # r (p² + h²) ∓ 𝒯₁₂
        gain = p2 + h2
        t = Covariance(
            k.x * gain,
            k.y * gain,
            k.xy * p2 + (size + crescent) * h2,
            k.diff * gain,
            norms * gain + 2 * fall,
            norms * gain + 2 * rise,
            sqrt(fall) * sqrt(rise),
        )
        turn = 4 * angle / pi
        one = 1 + 0 * k.x
        return t, Pair(one * gain, (1 + 0 * k.y) * gain, (1 - turn / 2) * h2 + p2, 0 * k.diff, turn * h2)

    return duals


def sign_duals(k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
    """𝒯 = (2/π) asin c; φ′ = 0 off the jump, and 𝒯̇ = 0 with it."""
    pi = numbers.pi
    angle, supplement = _angles(k, numbers)
    one, other = (numbers.where(q > 0, 1 + 0 * q, 0 * q) for q in (k.x, k.y))  # sign(0) = 0
    both = one * other
    xy = numbers.atan2(k.xy, k.area) * (2 / pi) * both
    gap, cogap = 4 * angle / pi, 4 * supplement / pi
    lone = one + other
    t = Covariance(
        one,
        other,
        xy,
        one - other,
        numbers.where(both > 0, gap, lone),
        numbers.where(both > 0, cogap, lone),
        numbers.sqrt(gap * cogap) / 2 * both,
    )
    return t, _flat(k)


def step_duals(k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
    """𝒯 = (π − θ)/(2π); φ′ = 0 off the jump, and 𝒯̇ = 0 with it."""
    pi = numbers.pi
    angle, supplement = _angles(k, numbers)
    one, other = (numbers.where(q > 0, 1 + 0 * q, 0 * q) for q in (k.x, k.y))  # step(0) = 0
    both = one * other
    xy, gap = supplement / (2 * pi) * both, numbers.where(both > 0, angle / pi, (one + other) / 2)
    t = Covariance(
        one / 2,
        other / 2,
        xy,
        (one - other) / 2,
        gap,
        (one + other) / 2 + 2 * xy,
        numbers.sqrt(angle / (2 * pi) * (both / 2 + xy)) * both,
    )
    return t, _flat(k)


def _flat(k):
    return Pair(0 * k.x, 0 * k.y, 0 * k.xy, 0 * k.diff, 0 * k.gap)


def flat_slopes(q, numbers) -> tuple:
    """𝒯(q, q) does not move; the slope in q₁₂ is infinite at q₁₂ = q, so no order is listed."""
    return 0 * q, ()


def sinusoid_duals(frequency: Fraction, phase: Fraction, quarter: bool):
    """φ = sin(ω x + β) = cos β sin(ω x) + sin β cos(ω x), whose two parts are uncorrelated."""

    def duals(k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
        square = numbers.convert(frequency**2)
        p, h = _shares(phase, quarter, numbers)
        t = _waves(k, square, p, h, numbers)
        dot = _waves(k, square, h, p, numbers)  # φ′ is a quarter turn ahead
        return t, Pair(dot.x, dot.y, dot.xy, dot.diff, dot.gap) * square

    return duals


def sinusoid_slopes(frequency: Fraction, phase: Fraction, quarter: bool):
    """E[φ⁽ⁿ⁾²] = ω²ⁿ (1 ∓ cos 2β e^(−2ω²q))/2, the sign alternating with n, and 𝒯′ = ω² cos 2β e^(−2ω²q)."""

    def slopes(q, numbers: Numbers) -> tuple:
        square = numbers.convert(frequency**2)
        sines, cosines = -numbers.expm1(-2 * square * q) / 2, (1 + numbers.exp(-2 * square * q)) / 2
        p, h = _shares(phase, quarter, numbers)
        orders = [sines * p + cosines * h, cosines * p + sines * h] * 3
        return (p - h) * square * numbers.exp(-2 * square * q), tuple(square**n * orders[n] for n in range(1, 5))

    return slopes


def _shares(phase, quarter, numbers):
    """cos²β and sin²β, exact at β = 0, exchanged by a quarter turn."""
    angle = numbers.convert(phase)
    shares = (numbers.cos(angle) ** 2, numbers.sin(angle) ** 2) if phase else (1 + 0 * angle, 0 * angle)
    return shares[::-1] if quarter else shares


def _waves(k, square, p, h, numbers) -> Covariance:
    """The kernel of √p sin(ω x) + √h cos(ω x), parts uncorrelated, p + h = 1.

    With D = ω² gap/2 and C = ω² cogap/2: E[sin u sin v] = (e^(−D) − e^(−C))/2, E[cos u cos v] = (e^(−D) + e^(−C))/2.
    """
    q1, q2, q12, diff = (v * square for v in (k.x, k.y, k.xy, k.diff))
    small, large = k.gap * square / 2, k.cogap * square / 2
    at_gap, at_cogap = numbers.exp(-small), numbers.exp(-large)
    sines = (
        numbers.where(
            q12 >= 0, -at_gap * numbers.expm1(-2 * numbers.abs(q12)), at_cogap * numbers.expm1(-2 * numbers.abs(q12))
        )
        / 2
    )
    cosines = (at_gap + at_cogap) / 2
    (s1, c1), (s2, c2) = ((-numbers.expm1(-2 * q) / 2, (1 + numbers.exp(-2 * q)) / 2) for q in (q1, q2))
    least = numbers.where(diff >= 0, q2, q1)
    # ρ = e^(−q₁) − e^(−q₂) without its sign; ρ²/2 is what unlike norms take from the gap of sin and add to cos.
    rho = numbers.exp(-least) * numbers.expm1(-numbers.abs(diff))
    open_gap, open_cogap = -numbers.expm1(-small), -numbers.expm1(-large)
    sine_gap = numbers.nonnegative(open_gap * (1 + at_cogap) - rho**2 / 2)
    sine_cogap = numbers.nonnegative(open_cogap * (1 + at_gap) - rho**2 / 2)
    cosine_gap = open_gap * open_cogap + rho**2 / 2
    cosine_cogap = c1 + c2 + 2 * cosines
    wide_gap, wide_cogap = -numbers.expm1(-2 * small), -numbers.expm1(-2 * large)
    area4 = (
        numbers.nonnegative(wide_gap * wide_cogap - rho**2) * p**2
        + (wide_gap * wide_cogap + rho**2) * h**2
        + 2 * (1 + at_cogap**2) * wide_gap * (p * h)
    )
    largest = numbers.where(diff >= 0, diff, -diff)
    spread = -numbers.exp(-2 * least) * numbers.expm1(-2 * largest) / 2  # |s₁ − s₂| = |c₁ − c₂|
    spread = numbers.where(diff >= 0, spread, -spread)
    return Covariance(
        s1 * p + c1 * h,
        s2 * p + c2 * h,
        sines * p + cosines * h,
        spread * (p - h),
        sine_gap * p + cosine_gap * h,
        sine_cogap * p + cosine_cogap * h,
        numbers.sqrt(area4) / 2,
    )


def exp_duals(k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
    """𝒯 = 𝒯̇ = exp((q₁ + q₂)/2 + q₁₂) = exp(cogap/2)."""
    exp, expm1 = numbers.exp, numbers.expm1
    most = numbers.where(k.diff >= 0, k.x, k.y)
    size = numbers.abs(k.diff)
    roots = exp(most) * expm1(-size)  # √𝒯₂₂ − √𝒯₁₁, or its opposite
    product = exp(k.x + k.y)
    gap = roots**2 - 2 * product * expm1(-k.gap / 2)
    spread = -exp(2 * most) * expm1(-2 * size)
    x, y, xy = exp(2 * k.x), exp(2 * k.y), exp(k.cogap / 2)
    diff = numbers.where(k.diff >= 0, spread, -spread)
    area = product * numbers.sqrt(-expm1(-k.gap))
    return Covariance(x, y, xy, diff, gap, x + y + 2 * xy, area), Pair(x, y, xy, diff, gap)


def exp_slopes(q, numbers: Numbers) -> tuple:
    """E[φ⁽ⁿ⁾²] = e^(2q) for every n."""
    square = numbers.exp(2 * q)
    return 2 * square, (square,) * 4


def gaussian_closed_form(q1, q2, q12, numbers) -> tuple:
    """φ = exp(−x²): 𝒯 = 1/√Δ and 𝒯̇ = 4 q₁₂/Δ^(3/2), Δ = (1 + 2q₁)(1 + 2q₂) − 4q₁₂²."""
    square = (1 + 2 * q1) * (1 + 2 * q2) - 4 * q12**2
    return 1 / numbers.sqrt(square), 4 * q12 / (square * numbers.sqrt(square))


def gelu_closed_form(q1, q2, q12, numbers) -> tuple:
    """φ = x Φ(x), by Stein's lemma from E[Φ(u)Φ(v)] = A; D = E[φ₀(u)φ₀(v)], φ₀ the density."""
    square = (1 + q1) * (1 + q2) - q12**2
    root, pi = numbers.sqrt(square), numbers.pi
    a = numbers.atan2(q12, root) / (2 * pi) + (1 + 0 * q12) / 4
    d = 1 / (2 * pi * root)
    inverse = 1 / (1 + q1) + 1 / (1 + q2)
    return q12 * a + d * (q1 * q2 - q12**2 + q12**2 * inverse), a + d * q12 * (inverse + 1 / square)


def arc_cosine(degree: int):
    """φ = max(0, x)ⁿ: 𝒯 = n! q₁₂-derivatives of the order-0 kernel undone (Cho and Saul 2009), by n-fold Price.

    E[(u₊v₊)ⁿ] = Σₖ over the sector in which both are positive; with s = sin θ, c = cos θ and A = (π − θ)/(2π),
    𝒯ₙ/rⁿ obeys tₙ = (2n − 1) c tₙ₋₁ + (n − 1)² s² tₙ₋₂ for n ≥ 2, t₀ = A, t₁ = s/(2π) + c A.
    """

    def closed_form(q1, q2, q12, numbers):
        r = numbers.sqrt(q1) * numbers.sqrt(q2)
        s, c = numbers.sqrt(numbers.nonnegative(q1 * q2 - q12**2)) / r, q12 / r
        a = numbers.atan2(s, -c) / (2 * numbers.pi)
        t = [a, s / (2 * numbers.pi) + c * a]
        for n in range(2, degree + 1):
            t.append((2 * n - 1) * c * t[n - 1] + (n - 1) ** 2 * s**2 * t[n - 2])
        return r**degree * t[degree], degree**2 * r ** (degree - 1) * t[degree - 1]

    return closed_form


def polynomial_closed_form(coefficients: tuple, square_norm: int):
    """Σₖ q₁₂ᵏ/k! E[φ⁽ᵏ⁾(u)] E[φ⁽ᵏ⁾(v)], a finite sum (Price), and its derivative in q₁₂."""

    def moment(k, q, numbers):
        """E[φ⁽ᵏ⁾(√q z)]: Σ over even j of c_{k+j} (k+j)!/j! (j−1)!! q^(j/2)."""
        total = 0 * q
        for i in range(k, len(coefficients)):
            j = i - k
            if j % 2 == 0:
                double = factorial(j) // (2 ** (j // 2) * factorial(j // 2))
                weight = coefficients[i] * comb(i, k) * factorial(k) * double
                total = total + numbers.convert(weight) * q ** (j // 2)
        return total

    def closed_form(q1, q2, q12, numbers):
        norm = numbers.convert(Fraction(square_norm))
        value = slope = 0 * q12
        for k in range(len(coefficients)):
            product = moment(k, q1, numbers) * moment(k, q2, numbers) / norm
            value = value + product * q12**k * numbers.convert(Fraction(1, factorial(k)))
            if k:
                slope = slope + product * q12 ** (k - 1) * numbers.convert(Fraction(1, factorial(k - 1)))
        return value, slope

    return closed_form
