"""Hermite series: 𝒯 = Σ aₙ(q₁) aₙ(q₂) cⁿ, and its gap without a subtraction.

aₙ(q) = E[φ(√q z) heₙ(z)], z ~ N(0, 1) and heₙ the orthonormal Hermite polynomials, so a Gram matrix costs the
coefficients of each input and one polynomial per pair.  With Aₙ = aₙ(q₁) aₙ(q₂) and c = cos θ

    Σ Aₙ (1 − cⁿ) = (1 − c) Σₖ cᵏ Σ_{n>k} Aₙ,

every term of which is positive at equal variances.  Even and odd n are summed apart, in powers of c², so that nothing
cancels at c < 0 either.  Chapter `hermite_expansion`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from .line import half_line, rule_scale
from .numbers import Floats, Numbers

__all__ = ["Expansion", "coefficients", "enough", "expansions", "tail"]

# The most coefficients, by (kinked, float64).  4096 are what tanh needs at q = 29 in float64; with a kink aₙ² falls as
# a power of n, and only |c|ⁿ ends the sum.
_MOST = {(False, True): 4096, (False, False): 16384, (True, True): 1024, (True, False): 2048}
_LEAST = 32


@dataclass(frozen=True)
class Expansion:
    """The coefficients of f(√q ·) for m variances q, and how f(√q ·) moves with q.

    `even` and `odd` are (terms/2, m); `mean_square` (m,) is E[f(√q z)²], integrated, not summed.  `samples` holds
    √w f₀ for the even part less a₀ and the odd part, (m, nodes) each: their products integrate to Σ_{n>0} Aₙ.
    `complete`: what is left out does not matter even at c = 1.
    """

    q: Any
    even: Any
    odd: Any
    mean_square: Any
    samples: tuple
    complete: bool

    @property
    def terms(self) -> int:
        return len(self.even) + len(self.odd)

    def drift(self, order: int, numbers: Numbers) -> list:
        """(even, odd) of dⁿa/dqⁿ, n = 0 … order: 2q daₙ/dq = n aₙ + √((n+1)(n+2)) aₙ₊₂, the heat equation."""
        rows = [(self.even, self.odd)]
        for step in range(order):
            parts = []
            for parity, a in enumerate(rows[-1]):
                n = 2 * np.arange(len(a)) + parity
                ahead = np.concatenate([a[1:], 0 * a[:1]])
                root = numbers.sqrt(numbers.asarray((n + 1) * (n + 2), "n"))
                # q^k d^k/dq^k: each derivative acts on q^(−k) times the last one.
                parts.append(((n - 2 * step)[:, None] * a + root[:, None] * ahead) / 2)
            rows.append(tuple(parts))
        q = numbers.where(self.q == 0, self.q + 1, self.q)  # no variance is near 0 in the sense that this is for
        return [tuple(part / q**k for part in row) for k, row in enumerate(rows)]


def coefficients(activation, q, count: int, numbers: Numbers):
    """a₀(q) … a_{count−1}(q) of an activation, array (count,).  Accuracy: a few units of √E[φ²].

    >>> import ntkref as nk
    >>> [round(float(a), 6) for a in coefficients(nk.relu, 1.0, 3, nk.float64)]  # 1/√(2π), 1/2, 1/√(4π)
    [0.398942, 0.5, 0.282095]
    """
    return _projected(activation, q, count, numbers)[0]


def tail(activation, q, count: int, numbers: Numbers):
    """Σ aₙ(q)² over n ≥ `count`, as E[(φ(√q z) − Σ_{n<count} aₙ heₙ(z))²]: what Parseval leaves, without a difference.

    What a series of 𝒯 that ends there leaves is at most |c|^count √(tail(q₁) tail(q₂)).  Below 1e-31 E[φ²], the square
    of a rounding, it is noise in float64.

    >>> import ntkref as nk
    >>> f"{tail(nk.relu, 1.0, 2, nk.float64):.6f}"  # 1/2 − 1/(2π) − 1/4
    '0.090845'
    """
    whole, parts, z, root = _projected(activation, q, count, numbers)
    table = _table(z, root, count, numbers)
    rest = 0 * q
    for parity, part in enumerate(parts):
        left = root * part[0]
        if count > parity:
            left = left - whole[parity::2] @ table[parity::2]
        rest = rest + np.sum(left**2)
    return rest


def _projected(activation, q, count, numbers) -> tuple:
    """The coefficients, the halves of φ(√q ·) they are of, and nodes and √w."""
    definition, q = activation.definition, numbers.asarray([q], "q")
    z, w = half_line(definition, rule_scale(definition, q[0], numbers), numbers, terms=count)
    parts = _halves(definition, definition.value, q, z, numbers)
    root = numbers.sqrt(w)
    ((even, odd),) = _project([parts], z, root, count, numbers)
    whole = np.empty(count, dtype=even.dtype)
    whole[0::2], whole[1::2] = even[:, 0], odd[:, 0]
    return whole, parts, z, root


def enough(cosine, numbers: Numbers) -> int:
    """Terms after which |c|ⁿ is negligible, a power of 2; `_MOST` where that is never."""
    if not 0 < cosine < 1:
        return _LEAST if cosine == 0 else 1 << 30
    needed = (numbers.worked + 1) / -math.log10(cosine)
    return max(_LEAST, 1 << math.ceil(math.log2(needed)))


@lru_cache(maxsize=8)
def expansions(definition, q: tuple, numbers: Numbers, limit: int = 1 << 30) -> tuple[Expansion, Expansion]:
    """The expansions of φ and φ′ at the variances `q`, with as many terms as they need, `limit` or what is allowed."""
    most = min(limit, _MOST[bool(definition.kinks), isinstance(numbers, Floats)])
    terms = most if definition.kinks else min(most, _LEAST)
    while True:
        pair = _expand(definition, q, terms, numbers)
        if terms >= most or all(e.complete for e in pair):
            return pair
        terms = min(most, 2 * terms)


def _expand(definition, q, terms, numbers):
    q = numbers.asarray(list(q), "q")
    functions = (definition.value, definition.derivative)
    found = [[None] * len(q) for _ in functions]
    groups = {}  # inputs that share nodes: all, unless a kink off 0 is met exactly
    for i, variance in enumerate(q):
        shared = variance if any(definition.kinks) else max(q)
        groups.setdefault(rule_scale(definition, shared, numbers), []).append(i)
    for scale, members in groups.items():
        z, w = half_line(definition, scale, numbers, terms=terms)
        root = numbers.sqrt(w)
        halves = [_halves(definition, f, q[members], z, numbers) for f in functions]
        for rows, parts, (even, odd) in zip(found, halves, _project(halves, z, root, terms, numbers), strict=True):
            square = np.sum(w * (parts[0] ** 2 + parts[1] ** 2), axis=1)
            centred, odd_samples = root * (parts[0] - even[0][:, None]), root * parts[1]
            for j, i in enumerate(members):
                rows[i] = (even[:, j], odd[:, j], square[j], centred[j], odd_samples[j])
    return tuple(_joined(q, rows, len(groups) == 1, numbers) for rows in found)


def _joined(q, rows, common_nodes, numbers) -> Expansion:
    even, odd = (np.stack([row[k] for row in rows], axis=1) for k in (0, 1))
    square = np.array([row[2] for row in rows])
    samples = tuple(np.stack([row[k] for row in rows]) for k in (3, 4)) if common_nodes else None
    weighted, total = _felt(even, odd)
    complete = _complete(weighted, total, square, numbers)
    if complete:
        even, odd = _trimmed(even, odd, weighted, total, numbers)
    return Expansion(q, even, odd, square, samples, complete)


def _felt(even, odd) -> tuple:
    """n aₙ² of the even and of the odd terms, and their sum over both."""
    weighted = [(2 * np.arange(len(a)) + parity)[:, None] * a**2 for parity, a in enumerate((even, odd))]
    return weighted, sum(np.sum(w, axis=0) for w in weighted)


def _trimmed(even, odd, weighted, total, numbers) -> tuple:
    """Without the last terms, which are noise: those that Σ n aₙ² does not feel by three digits."""
    negligible = total * 10.0 ** (-numbers.worked - 3)
    kept = []
    for a, w in zip((even, odd), weighted, strict=True):
        (felt,) = np.nonzero(np.any(w > negligible, axis=1))
        kept.append(a[: felt[-1] + 1 if len(felt) else 1])
    return tuple(kept)


def _complete(weighted, total, square, numbers) -> bool:
    """Whether the tail of Σ n aₙ² is below the promise: the last terms, times the N terms a tail e^(−κ√n) holds."""
    last = [np.max(w[-max(2, len(w) // 16) :], axis=0) for w in weighted]
    allowed = (total + square * 10.0**-numbers.worked) * 10.0 ** (3 - numbers.worked)  # the second part is noise
    return all(np.all(2 * len(w) * end <= allowed) for w, end in zip(weighted, last, strict=True))


def _halves(definition, f, q, z, numbers):
    """Even and odd parts of f(√q ·) on the nodes z > 0, (m, nodes) each."""
    x = numbers.sqrt(q)[:, None] * z
    right = f(numbers, x)
    parity = definition.parity_of(f)
    if parity:
        return (right, 0 * right) if parity > 0 else (0 * right, right)
    left = f(numbers, -x)
    return (right + left) / 2, (right - left) / 2


def _project(halves, z, root, terms, numbers):
    """(even, odd) coefficients, (terms/2, m) each, of functions given by their halves, `root` = √w.

    The recurrence runs on heₙ(zₖ) √wₖ, which is of order 1.
    """
    if isinstance(numbers, Floats):
        table = _table(z, root, terms, numbers)
        return [tuple(table[parity::2] @ (root * part[parity]).T for parity in (0, 1)) for part in halves]
    return _project_in_integers(halves, z, root, terms, numbers)


def _table(z, root, terms, numbers):
    """heₙ(zₖ) √wₖ, (terms, nodes)."""
    table = np.empty((terms, len(z)), dtype=z.dtype)
    roots = numbers.sqrt(numbers.asarray(np.arange(terms + 1), "n"))
    table[0] = root
    table[1:2] = z * root
    for n in range(1, terms - 1):
        table[n + 1] = (z * table[n] - roots[n] * table[n - 1]) / roots[n + 1]
    return table


def _project_in_integers(halves, z, root, terms, numbers):
    """The same in fixed point: Python's integers are some eight times as fast as mpmath's numbers.

    √w starts as small as 10^(−worked/2) and grows, so half as many digits again are carried.
    """
    context = numbers.context
    bits = int(1.5 * math.log2(10) * (numbers.worked + 12)) + 16
    fixed = np.frompyfunc(lambda x: int(context.ldexp(x, bits)), 1, 1)
    with context.workprec(bits + 16):
        ns = range(terms + 1)
        roots = [context.sqrt(n) for n in ns]
        inverse = [0] + [int(context.ldexp(1 / r, bits)) for r in roots[1:]]
        ratio = [0] + [int(context.ldexp(a / b, bits)) for a, b in pairwise(roots)]
        z, before, root = fixed(z), fixed(0 * root), fixed(root)
        parts = [tuple((root * fixed(part)) >> bits for part in half) for half in halves]
        here, found = root, [([], []) for _ in halves]
        for n in range(terms):
            for part, lists in zip(parts, found, strict=True):
                lists[n % 2].append(part[n % 2] @ here)
            before, here = here, (((z * here) >> bits) * inverse[n + 1] - before * ratio[n + 1]) >> bits
        real = np.frompyfunc(lambda x: context.ldexp(context.mpf(x), -2 * bits), 1, 1)
        found = [
            tuple(real(np.array(rows, dtype=object).reshape(len(rows), len(halves[0][0]))) for rows in lists)
            for lists in found
        ]
    return [tuple(np.frompyfunc(lambda x: +x, 1, 1)(rows) for rows in pair) for pair in found]
