"""What a claim is, and how measurements become a verdict."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ..numbers import Numbers, float64
from .setting import Setting

__all__ = [
    "CORRECTED",
    "HOLDS",
    "ROUTES",
    "WRONG",
    "Claim",
    "Curve",
    "Measured",
    "Outcome",
    "both",
    "computed_verdict",
    "corrected",
    "leading",
    "printed",
    "run_route",
    "sentence",
]

HOLDS, CORRECTED, WRONG = "holds", "holds with a correction", "wrong as printed"
ROUTES = ("derivation", "digits", "float64")


@dataclass(frozen=True)
class Measured:
    """One number a route found: by how much a statement is missed, and how much is allowed, with the reason.

    `statement` is "printed" (the paper's words), "leading" (their leading term, where only the correction is
    in doubt) or "corrected" (ours).
    """

    statement: str
    what: str
    error: float
    allowed: float
    reason: str

    @property
    def passed(self) -> bool:
        return not math.isnan(self.error) and self.error <= self.allowed


def printed(what: str, error, allowed, reason: str) -> Measured:
    """What a route measured of the paper's own words."""
    return Measured("printed", what, abs(float(error)), float(allowed), reason)


def leading(what: str, error, allowed, reason: str) -> Measured:
    """What a route measured of the leading term of the paper's words."""
    return Measured("leading", what, abs(float(error)), float(allowed), reason)


def corrected(what: str, error, allowed, reason: str) -> Measured:
    """What a route measured of the statement put right."""
    return Measured("corrected", what, abs(float(error)), float(allowed), reason)


@dataclass(frozen=True)
class Curve:
    """What is computed and what is predicted, over depth (or `over`), to be plotted; `log` names the log axes."""

    what: str
    x: Sequence
    computed: Sequence
    predicted: Sequence
    log: str = ""
    over: str = "depth l"


@dataclass(frozen=True)
class Claim:
    """One statement of the paper.

    `paper` and `truth` say in symbols what is printed and what is true ("" where that is the same), `law` the
    same with its constants.  `verdict` is the recorded one; each of `routes` (from "derivation", "digits",
    "float64") computes its own.
    """

    id: str
    where: str
    paper: str
    verdict: str
    chapter: str
    routes: dict[str, Callable[[Setting], Iterable[Measured]]] = field(repr=False)
    truth: str = ""
    law: str = ""
    curve: Callable[[Setting], Curve] | None = field(default=None, repr=False)


def both(measure: Callable[[Setting, Numbers], Iterable[Measured]]) -> dict:
    """Routes in digits and in float64 that measure the same."""
    return {
        "digits": lambda setting: measure(setting, setting.digits),
        "float64": lambda setting: measure(setting, float64),
    }


def sentence(name, section, paper, verdict, chapter, routes, truth="", law="", curve=None) -> Claim:
    """A claim of the text between the equations; a lone route is one in float64."""
    routes = routes if isinstance(routes, dict) else {"float64": routes}
    return Claim(f"sec-{name}", f"Section {section}", paper, verdict, chapter, routes, truth, law, curve)


@dataclass(frozen=True)
class Outcome:
    """What one route of one claim computed."""

    claim: Claim
    route: str
    measured: tuple[Measured, ...]
    verdict: str
    seconds: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether the computed verdict is the recorded one."""
        return self.verdict == self.claim.verdict

    @property
    def digits(self) -> float:
        """Digits of agreement in what is true: −log10 of the largest error of its equalities; nan without any.

        An equality is a check that allows less than 1e-6 but not 0; the others are of rates, bounds, limits and counts.
        """
        true = "printed" if self.verdict == HOLDS else "corrected"
        equalities = [m.error for m in self.measured if m.statement == true and 0 < m.allowed < 1e-6]
        return min((-math.log10(error) if error > 0 else math.inf for error in equalities), default=math.nan)


def computed_verdict(measured: Iterable[Measured]) -> str:
    """The verdict that measurements give; "undecided" where not even the corrected statement passes.

    Whether what fails as printed is right but for a correction is told by "leading" measurements, which a route
    makes where the words have a part that can be right by itself.
    """
    passed = {}
    for m in measured:
        passed[m.statement] = passed.get(m.statement, True) and m.passed
    if "printed" not in passed:
        return "undecided"
    if passed["printed"]:
        return HOLDS if passed.get("corrected", True) and passed.get("leading", True) else "undecided"
    if not passed.get("corrected", False):
        return "undecided"
    return CORRECTED if passed.get("leading", False) else WRONG


def run_route(claim: Claim, route: str, setting: Setting) -> Outcome:
    """Run one route of a claim.  A step of a chapter that does not hold, or any other error, is an outcome too."""
    start = time.perf_counter()
    try:
        measured = tuple(claim.routes[route](setting))
    except Exception as error:
        measured = (printed(f"{type(error).__name__}: {error}", math.inf, 0, "every step must run and hold"),)
    return Outcome(claim, route, measured, computed_verdict(measured), time.perf_counter() - start)
