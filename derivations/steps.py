"""The three checks the chapters are made of, and the evaluation of a formula at a point.

Each check raises AssertionError by itself, so it also works under ``python -O``.

Chapters load this file by its place beside them (``runpy.run_path``), not by a module name: so they run as
scripts, from any directory, in a source checkout and from the installed package `ntkref.chapters` alike, and
leave ``sys.path`` alone.
"""

import sympy

__all__ = ["agree", "holds", "proved", "value"]


def _plain(number):
    """A number as SymPy's, out of the 0-d array or NumPy scalar it may be in; a decimal string is exact."""
    number = number.item() if hasattr(number, "item") else number
    return sympy.Rational(number) if isinstance(number, str) else sympy.sympify(number)


def _split_roots(expression):
    """Every radicand factored, whereupon SymPy splits the root: √(xy + x) becomes √x √(y + 1) for positive x."""
    return expression.replace(
        lambda part: part.is_Pow and part.exp.is_Rational and not part.exp.is_Integer,
        lambda root: sympy.factor(root.base) ** root.exp,
    )


def proved(left, right=0):
    """`left`, after SymPy has shown that it equals `right`: expressions, lists, or matrices of one shape."""
    parts = [sympy.Matrix(x) if isinstance(x, (list, sympy.MatrixBase)) else sympy.Matrix([x]) for x in (left, right)]
    for entry in parts[0] - parts[1]:
        # Cheap normal forms first: most steps are rational identities.
        remains = entry
        for rewrite in (sympy.expand, sympy.factor, sympy.simplify, _split_roots, sympy.simplify):
            remains = rewrite(remains)
            if remains == 0:
                break
        else:
            raise AssertionError(f"not proved: {left} = {right}; what remains is {remains}")
    return left


def holds(claim, what=""):
    """Raise unless `claim` is true; a claim SymPy leaves undecided (None, a relation) is not."""
    if claim not in (True, sympy.true):
        raise AssertionError(f"does not hold: {what or claim} ({claim})")


def agree(left, right, digits):
    """Raise unless the numbers `left` and `right` agree to a relative error below 10^-digits."""
    left, right = (sympy.N(_plain(x), int(digits) + 20) for x in (left, right))
    if not (left.is_finite and right.is_finite):
        raise AssertionError(f"{left} and {right} are not both numbers")
    error = abs(left - right) / max(abs(left), abs(right), sympy.Float(10) ** -1000)
    if error >= 10 ** sympy.Float(-digits):
        raise AssertionError(f"{left} and {right} agree to a relative error {sympy.N(error, 3)}, not {digits} digits")


def value(formula, *at, digits=70):
    """The `sympy.Lambda` `formula` at the numbers `at` (decimal strings and mpmath numbers are exact)."""
    # SymPy rounds what it computes with a short Float to that length: make every number long first.
    return sympy.N(formula(*(sympy.Float(x, digits + 10) if x.is_Float else x for x in map(_plain, at))), digits)
