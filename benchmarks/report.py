"""What every benchmark prints: a heading with date, commit and machine, and one table; kept under results/."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent


def report(script: str | Path, claim: str, header: list[str], rows: list[list], passed: bool) -> None:
    """Print the table, write it to ``results/<script>.md``, and exit with 1 if the claim did not hold."""
    lines = [f"# {claim}", "", *_heading(), "", _row(header), _row(["---"] * len(header)), *map(_row, rows), ""]
    lines.append("The claim holds." if passed else "THE CLAIM DOES NOT HOLD.")
    text = "\n".join(lines) + "\n"
    print(text)
    (HERE / "results" / f"{Path(script).stem}.md").write_text(text)
    sys.exit(0 if passed else 1)


def _heading():
    git = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--abbrev=10"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "mpmath"))
    yield f"- date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    yield f"- commit: {commit}"
    yield f"- machine: {_processor()}, {platform.system()}, Python {platform.python_version()}, {libraries}"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _row(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
