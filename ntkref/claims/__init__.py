"""The paper, statement by statement: what it says, what is true, and checks that decide between them."""

from .claim import CORRECTED, HOLDS, WRONG, Claim, Curve, Measured, Outcome, computed_verdict, run_route
from .registry import CLAIMS, find

__all__ = [
    "CLAIMS",
    "CORRECTED",
    "HOLDS",
    "WRONG",
    "Claim",
    "Curve",
    "Measured",
    "Outcome",
    "computed_verdict",
    "find",
    "run_route",
]
