"""Gaussian expectations in closed form: the duals 𝒯 and 𝒯̇ of erf and ReLU, with their gaps.

For (u, v) ~ N(0, [[q₁, q₁₂], [q₁₂, q₂]]) a dual maps the `Covariance` of (u, v) to

    𝒯 = E[φ(u) φ(v)]        (a `Covariance`; Eq. 3)
    𝒯̇ = E[φ'(u) φ'(v)]      (a `Pair`; below Eq. 4)

Each field is written without subtracting nearly equal numbers.  In the gap of 𝒯 two effects add: the norms
differ (a radial part, a function of q₁ and q₂ alone) and the directions differ (an angular part,
proportional to area² where that is small).  Both are non-negative.
"""

from __future__ import annotations

from .numbers import Numbers
from .pair import Covariance, Pair

__all__ = ["erf_curvature", "erf_duals", "erf_slopes", "relu_duals", "relu_slopes"]


def _nonzero(x, numbers: Numbers):
    """`x` as a divisor: 1 where it is 0, which happens only where what it divides is 0 too."""
    return numbers.where(x == 0, x + 1, x)


def erf_duals(k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
    """𝒯 and 𝒯̇ of φ = erf: the arc-sine kernel of Williams (1997), and Price's theorem.

    With r = √(q₁q₂), mᵢ = √(1 + 4qᵢ), m₀ = √(1 + 2q₁ + 2q₂), m = √(m₀² + 4 area²), so that
    m² = (1 + 2q₁)(1 + 2q₂) − 4q₁₂²:  𝒯 = (2/π) atan(2q₁₂/m) and 𝒯̇ = (4/π)/m.
    """
    sqrt, atan2, pi = numbers.sqrt, numbers.atan2, numbers.pi
    q1, q2, q12, diff = k.x, k.y, k.xy, k.diff
    m1, m2, m0 = sqrt(1 + 4 * q1), sqrt(1 + 4 * q2), sqrt(1 + 2 * (q1 + q2))
    area4 = _area4(k, numbers)
    m = sqrt(m0**2 + area4)
    root1, root2 = sqrt(q1), sqrt(q2)
    r = root1 * root2
    same_side = q12 >= 0
    # 2 (r − |q₁₂|) = 2 area²/(r + |q₁₂|): what the squared distance to the nearer of the other vector and its
    # opposite is beyond the difference of norms, where that is the smaller part of it.
    close = numbers.where(same_side, k.gap, k.cogap)
    norms = (diff / _nonzero(root1 + root2, numbers)) ** 2
    size = numbers.where(same_side, q12, -q12)
    fall = numbers.where(2 * norms <= close, close - norms, 2 * k.area**2 / _nonzero(r + size, numbers))

    t1, t2, t0 = (atan2(2 * q, n) * (2 / pi) for q, n in ((q1, m1), (q2, m2), (r, m0)))  # t0: 𝒯 at q₁₂ = r
    t12 = atan2(2 * q12, m) * (2 / pi)
    # 𝒯(q₁) − 𝒯(q₂), by the addition theorem of atan.
    spread = 2 * diff * ((q1 + q2) + 4 * (q1 * q2)) / _nonzero(q1 * m2 + q2 * m1, numbers)
    t_diff = atan2(spread, m1 * m2 + 4 * (q1 * q2)) * (2 / pi)

    # |𝒯₁₂| falls short of t0 by `short`, and 𝒯(q₁) + 𝒯(q₂) exceeds 2 t0 by `radial`.
    short = atan2(fall, m0 + m) * (4 / pi)  # asin a − asin b = 2 atan((a − b)/(√(1 − a²) + √(1 − b²)))
    radial, steps = _erf_radial(q1, q2, diff, m1, m2, m0, numbers)
    near = radial + 2 * short
    far = 2 * (t1 + t2) - near
    # 𝒯₁𝒯₂ − 𝒯₁₂², of what short and what radial contribute.
    area = sqrt(numbers.nonnegative(short * (2 * t0 - short)) + numbers.nonnegative(t0 * radial - steps))
    gap, cogap = numbers.where(same_side, near, far), numbers.where(same_side, far, near)
    t = Covariance(t1, t2, t12, t_diff, gap, cogap, area)

    d_gap = 2 * area4 / (m * m0 * (m + m0)) + 8 * diff**2 * (m0 + (m1 + m2)) / (
        m0 * (m1 * m2) * (m1 + m2) * ((m0 + m1) * (m0 + m2))
    )
    d_diff = -4 * diff / (m1 * m2 * (m1 + m2))
    return t, Pair(1 / m1, 1 / m2, 1 / m, d_diff, d_gap) * (4 / pi)


def _area4(k: Covariance, numbers: Numbers):
    """4 area²: from gap and cogap, which have fewer roundings behind them, unless the norms differ much."""
    product, square = k.gap * k.cogap, k.diff**2
    return numbers.where(2 * square <= product, product - square, 4 * k.area**2)


def _erf_radial(q1, q2, diff, m1, m2, m0, numbers: Numbers) -> tuple:
    """𝒯(q₁) + 𝒯(q₂) − 2 t0, the squared distance of parallel vectors after erf, and (𝒯(q₁) − t0)(t0 − 𝒯(q₂)).

    With aᵢ² = 2qᵢ/(1 + 2qᵢ) the first is (2/π)(asin a₁² + asin a₂² − 2 asin a₁a₂), a second difference.  The
    first differences are asin a₁² − asin a₁a₂ = 2 atan X and asin a₁a₂ − asin a₂² = 2 atan Y; X − Y is
    (a₁ − a₂)² times a sum of positive terms.
    """
    n1, n2 = 1 + 2 * q1, 1 + 2 * q2
    a1, a2 = numbers.sqrt(2 * q1 / n1), numbers.sqrt(2 * q2 / n2)
    s1, s2, s = m1 / n1, m2 / n2, m0 / (numbers.sqrt(n1) * numbers.sqrt(n2))  # √(1 − aᵢ⁴), √(1 − a₁²a₂²)
    total = _nonzero(a1 + a2, numbers)
    step = 2 * diff / (n1 * n2 * total)  # a₁ − a₂
    cross = _nonzero(a1 * s2 + a2 * s1, numbers)
    x, y = a1 * step / (s1 + s), a2 * step / (s2 + s)
    rise = step**2 * (s + total * (1 + (a1 * a2) ** 2) / cross) / ((s1 + s) * (s2 + s))
    quarter = 4 / numbers.pi
    one, other = (numbers.atan2(z, 1 + 0 * z) * quarter for z in (x, y))
    return numbers.atan2(rise, 1 + x * y) * quarter, one * other


def erf_slopes(q, numbers: Numbers) -> tuple:
    """𝒯'(q) of the variance map q ↦ 𝒯(q, q), and the derivatives of q₁₂ ↦ 𝒯(q₁₂) at q₁₂ = q₁ = q₂ = q.

    The second item lists orders 1 to 4; order n is E[φ⁽ⁿ⁾(u)²] (Price's theorem), the variances held at q.
    """
    m = numbers.sqrt(1 + 4 * q)
    first = 4 / (m * numbers.pi)
    second = first * 4 * q / m**2
    third = first * (4 / m**2 + 48 * q**2 / m**4)
    fourth = first * (144 * q / m**4 + 960 * q**3 / m**6)
    return first / (1 + 2 * q), (first, second, third, fourth)


def erf_curvature(k: Covariance, numbers: Numbers):
    """E[φ″(u) φ″(v)] = (16/π) q₁₂/m³, with m² = (1 + 2q₁)(1 + 2q₂) − 4q₁₂² (Price's theorem)."""
    square = 1 + 2 * (k.x + k.y) + _area4(k, numbers)
    return 16 * k.xy / (numbers.sqrt(square) * numbers.pi * square)


def relu_duals(k: Covariance, numbers: Numbers) -> tuple[Covariance, Pair]:
    """𝒯 and 𝒯̇ of φ = max(0, ·): the arc-cosine kernels of order 1 and 0 (Cho and Saul 2009).

    With r = √(q₁q₂), θ the angle between the inputs and J(t) = sin t − t cos t:
    𝒯 = r J(π − θ)/(2π) and 𝒯̇ = (π − θ)/(2π).  At a zero input θ is taken as 0; 𝒯̇ is then multiplied by
    zero in Eq. 8, so the limit exists and this is it.
    """
    pi, crescent, sqrt = numbers.pi, numbers.crescent, numbers.sqrt
    q1, q2, q12 = k.x, k.y, k.xy
    root1, root2 = sqrt(q1), sqrt(q2)
    r = root1 * root2
    angle = numbers.atan2(k.area, q12)
    supplement = numbers.atan2(k.area, -q12)  # π − θ, accurate also where that is small
    supplement = numbers.where((k.area == 0) & (q12 >= 0), 0 * supplement + pi, supplement)

    t12 = r * crescent(supplement) / (2 * pi)
    # r ∓ 2 𝒯₁₂, the squared distances were the norms equal; of the norms remains (√q₁ − √q₂)²/2.
    short = numbers.where(q12 >= 0, k.area * (k.area / _nonzero(r + q12, numbers)), r - q12)  # r − q₁₂
    near, far = numbers.nonnegative(short - r * crescent(angle) / pi), r + 2 * t12
    norms = (k.diff / _nonzero(root1 + root2, numbers)) ** 2 / 2
    t = Covariance(q1 / 2, q2 / 2, t12, k.diff / 2, near + norms, far + norms, sqrt(near) * sqrt(far) / 2)

    tdot = Pair((1 + 0 * q1) / 2, (1 + 0 * q2) / 2, supplement / (2 * pi), 0 * k.diff, angle / pi)
    return t, tdot


def relu_slopes(q, numbers: Numbers) -> tuple:
    """𝒯'(q) of the variance map and 𝒯̇(q, q); the higher derivatives in q₁₂ diverge at q₁₂ = q."""
    half = (1 + 0 * q) / 2
    return half, (half,)
