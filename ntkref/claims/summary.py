"""The README's tables of what is true, as Markdown: ``python -m ntkref.claims.summary``."""

from __future__ import annotations

from .claim import HOLDS
from .registry import CLAIMS, find
from .setting import Setting

__all__ = ["corrected_table", "errata_table", "pooled_table"]

_ROWS = {"lambda_max": "λ_max", "lambda_bulk": "λ_bulk", "kappa": "κ", "predictor": "P(Θ) y"}
_PHASES = ("ordered", "critical", "chaotic")


def corrected_table() -> str:
    """Table 1's fully-connected column: what is printed, what is true with its constants, and those constants.

    The laws are those of the claims; the constants are `asymptotics`' at the audit's points.
    """
    return "\n".join([*_laws(""), "", *_constants(Setting())])


def pooled_table() -> str:
    """The same for CNN-P, which the paper prints in blue; the constants are those of the fully-connected network."""
    return "\n".join(_laws("-pool"))


def _laws(suffix: str):
    yield "| | phase | printed | with constants |"
    yield "|---|---|---|---|"
    for row, name in _ROWS.items():
        for phase in _PHASES:
            claim = find(f"table-1-{row}-{phase}{suffix}")
            mark = "" if claim.verdict == HOLDS else " ✗"
            yield f"| {name} | {phase} | {_right(claim.paper)}{mark} | {claim.law} |"


def errata_table() -> str:
    """Every statement that is not right as printed, beside what is."""
    lines = ["| where | printed | true |", "|---|---|---|"]
    lines += [f"| {c.where} | {_cell(c.paper)} | {_cell(c.truth)} |" for c in CLAIMS if c.verdict != HOLDS]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _right(statement: str) -> str:
    return statement.partition("= ")[2]


def _constants(setting: Setting):
    yield "| at σ_b² = 0.18 | constants of erf |"
    yield "|---|---|"
    for phase, names in (
        ("ordered", ("q_star", "chi_1", "p_star", "s")),
        ("critical", ("q_star", "alpha", "rho")),
        ("chaotic", ("q_star", "c_star", "chi_1", "chi_c", "p_ab_star", "resonance")),
    ):
        laws = setting.laws(phase)
        values = {n: getattr(laws, n) if hasattr(laws, n) else getattr(laws.mf, n) for n in names}
        text = ", ".join(f"{_SYMBOLS[n]} = {float(v):.10g}" for n, v in values.items())
        yield f"| {phase}, σ_w² = {float(laws.mf.sigma_w2):.13g} | {text} |"


_SYMBOLS = {
    "q_star": "q*",
    "c_star": "c*",
    "chi_1": "χ₁",
    "chi_c": "χ_c",
    "p_star": "p*",
    "p_ab_star": "p_ab*",
    "s": "s",
    "alpha": "α",
    "rho": "ρ",
    "resonance": "R",
}


if __name__ == "__main__":
    print(corrected_table(), pooled_table(), errata_table(), sep="\n\n")
