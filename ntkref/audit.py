"""``ntkref audit``: run every claim's routes, print the table, say whether all verdicts are confirmed."""

from __future__ import annotations

import json
import math
import platform
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import Pool

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .claims import HOLDS, Claim, Curve, Outcome, run_route
from .claims.claim import ROUTES
from .claims.setting import Setting, run_chapter
from .files import written_whole

__all__ = ["audit", "conclude", "errata", "report", "write_json", "write_page"]


_COLUMNS = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def audit(claims: Iterable[Claim], setting: Setting, console: Console) -> list[Outcome]:
    """Run all routes of `claims`, with a progress bar on `console`'s terminal.

    The chapters run in a process of their own, beside the numbers; a quick audit of many claims leaves them out.
    """
    claims = list(claims)
    jobs = [(claim, route) for claim in claims for route in claim.routes]
    if setting.quick and len(claims) > 1:
        jobs = [(claim, route) for claim, route in jobs if route != "derivation"]
    jobs.sort(key=lambda job: job[1] == "derivation")  # last, when their chapters have run
    chapters = dict.fromkeys(claim.chapter for claim, route in jobs if route == "derivation")
    outcomes = []
    with (
        Pool(1, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool,
        Progress(*_COLUMNS, console=console, transient=True) as progress,
    ):
        running = {name: pool.apply_async(run_chapter, (name,)) for name in chapters}

        def results(name):
            if name not in running:  # a chapter that another claim's chapter builds on
                running[name] = pool.apply_async(run_chapter, (name,))
            return running[name].get()

        setting = replace(setting, run_chapter=results)
        task = progress.add_task("", total=len(jobs))
        for claim, route in jobs:
            progress.update(task, description=f"{claim.id} {route}")
            outcomes.append(run_route(claim, route, setting))
            progress.advance(task)
    order = {claim.id: position for position, claim in enumerate(claims)}
    return sorted(outcomes, key=lambda outcome: (order[outcome.claim.id], ROUTES.index(outcome.route)))


def _by_claim(outcomes) -> Iterator[tuple[Claim, dict[str, Outcome]]]:
    claims = dict.fromkeys(outcome.claim.id for outcome in outcomes)
    for claim_id in claims:
        routes = {outcome.route: outcome for outcome in outcomes if outcome.claim.id == claim_id}
        yield next(iter(routes.values())).claim, routes


def report(outcomes: list[Outcome], console: Console) -> None:
    """Print the table."""
    table = Table(
        title="The paper, statement by statement",
        caption="digits of agreement by route; ✓: a rate, bound or limit confirmed; –: no such route",
        show_lines=True,
    )
    table.add_column("the paper's words in symbols; → what is true", ratio=1)
    table.add_column("verdict", width=10)
    for route in ROUTES:
        table.add_column(route, justify="right", no_wrap=True)
    for claim, routes in _by_claim(outcomes):
        statement = f"[bold]{claim.where}[/bold]\n{claim.paper}" + (f"\n→ {claim.truth}" if claim.truth else "")
        table.add_row(statement, claim.verdict, *(_cell(routes.get(route)) for route in ROUTES))
    console.print(table)


def conclude(outcomes: list[Outcome], console: Console) -> bool:
    """Print every disagreement and the count; True if all routes confirm the recorded verdicts."""
    wrong = [outcome for outcome in outcomes if not outcome.agrees]
    for outcome in wrong:
        console.print(f"{outcome.claim.id} by {outcome.route}: {outcome.verdict}, recorded {outcome.claim.verdict}")
        for m in outcome.measured:
            console.print(f"  {m.statement}: {m.what}: missed by {m.error:.2g}, allowed {m.allowed:.2g} ({m.reason})")
    claims = len({outcome.claim.id for outcome in outcomes})
    console.print(f"claims: {claims}, routes: {len(outcomes)}; {len(wrong)} disagree with the recorded verdict.")
    return not wrong


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "–"
    if not outcome.agrees:
        return "[red]✗[/red]"
    if math.isnan(outcome.digits):
        return "✓"
    return "exact" if math.isinf(outcome.digits) else f"{outcome.digits:.0f}"


def errata(outcomes: list[Outcome], console: Console) -> None:
    """Print what is wrong as printed or needs a correction, and the numbers that say so."""
    for claim, routes in _by_claim(outcomes):
        if claim.verdict == HOLDS:
            continue
        console.print(f"[bold]{claim.where}[/bold]: {claim.verdict} ({claim.id}, chapter {claim.chapter})")
        lines = Table.grid(padding=(0, 2, 0, 2))
        lines.add_row("printed", claim.paper)
        lines.add_row("true", claim.truth)
        for route, outcome in routes.items():
            for m in outcome.measured:
                state = "holds" if m.passed else "FAILS"
                lines.add_row(
                    route, f"{m.what}: {state} ({m.statement}; missed by {m.error:.2g}, allowed {m.allowed:.2g})"
                )
        console.print(lines)
        console.print()


def write_page(outcomes: list[Outcome], setting: Setting, path: str, console: Console) -> None:
    """The page of ``--html``; the curves are computed here."""
    from .page import page

    rows = list(_by_claim(outcomes))
    plotted = [claim for claim, _ in rows if claim.curve]
    curves: dict[str, Curve] = {}
    with Progress(*_COLUMNS, console=console, transient=True) as progress:
        for claim in progress.track(plotted, description="plots"):
            curves[claim.id] = claim.curve(setting)
    versions = ", ".join(f"{name} {version}" for name, version in _versions().items())
    about = f"{datetime.now(UTC).isoformat(timespec='seconds')}; {versions}" + ("; --quick" if setting.quick else "")
    with written_whole(path) as file:
        file.write(page(rows, curves, about).encode())


def _versions() -> dict[str, str]:
    import mpmath
    import scipy
    import sympy

    from . import __version__

    libraries = {library.__name__: library.__version__ for library in (np, scipy, sympy, mpmath)}
    return {"ntkref": __version__, "python": platform.python_version()} | libraries


def write_json(outcomes: list[Outcome], setting: Setting, path: str) -> None:
    """Everything that was measured, as JSON."""
    document = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": setting.quick,
        "versions": _versions(),
        "claims": [
            {
                "id": claim.id,
                "where": claim.where,
                "paper": claim.paper,
                "truth": claim.truth or claim.paper,
                "law": claim.law,
                "verdict": claim.verdict,
                "chapter": claim.chapter,
                "routes": {
                    route: {
                        "verdict": outcome.verdict,
                        "agrees": outcome.agrees,
                        "seconds": round(outcome.seconds, 3),
                        "measured": [
                            {
                                "statement": m.statement,
                                "what": m.what,
                                "error": m.error if math.isfinite(m.error) else str(m.error),
                                "allowed": m.allowed,
                                "reason": m.reason,
                                "passed": m.passed,
                            }
                            for m in outcome.measured
                        ],
                    }
                    for route, outcome in routes.items()
                },
            }
            for claim, routes in _by_claim(outcomes)
        ],
    }
    with written_whole(path) as file:
        file.write(json.dumps(document, indent=1, ensure_ascii=False).encode())
