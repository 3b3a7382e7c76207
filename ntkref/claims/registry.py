"""All claims, in the paper's order, and by id."""

from __future__ import annotations

import difflib
import math

from .architectures import ARCHITECTURE_CLAIMS
from .background import BACKGROUND_CLAIMS
from .claim import Claim
from .convolution import CONVOLUTION_CLAIMS
from .dropout import DROPOUT_CLAIMS
from .experiments import EXPERIMENT_CLAIMS
from .figure1 import FIGURE_CLAIMS
from .kernel import KERNEL_CLAIMS
from .line import LINE_CLAIMS
from .phases import PHASE_CLAIMS
from .sentences import SENTENCE_CLAIMS
from .table1 import TABLE_CLAIMS
from .table1_pool import POOL_CLAIMS
from .toy import TOY_CLAIMS
from .training import TRAINING_CLAIMS
from .wording import WORDING_CLAIMS

__all__ = ["CLAIMS", "find"]

_SECTIONS = {"3": 8, "4": 9, "5": 10, "6.1": 13, "6.2": 16, "6.3": 18, "6.4": 19}  # and the last equation of each


def _section(claim: Claim) -> float:
    """Where the paper says it; the abstract comes first, Table 1 last."""
    if claim.where == "Abstract":
        return 0.0
    kind, _, number = claim.where.partition(" ")
    if kind == "Equation":
        return float(next(section for section, last in _SECTIONS.items() if int(number) <= last))
    return float(number.partition(",")[0]) if kind == "Section" else math.inf


CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (
            *BACKGROUND_CLAIMS,
            *KERNEL_CLAIMS,
            *TRAINING_CLAIMS,
            *TOY_CLAIMS,
            *PHASE_CLAIMS,
            *SENTENCE_CLAIMS,
            *LINE_CLAIMS,
            *CONVOLUTION_CLAIMS,
            *FIGURE_CLAIMS,
            *DROPOUT_CLAIMS,
            *ARCHITECTURE_CLAIMS,
            *EXPERIMENT_CLAIMS,
            *TABLE_CLAIMS,
            *POOL_CLAIMS,
            *WORDING_CLAIMS,
        ),
        key=_section,
    )
)


def find(claim_id: str) -> Claim:
    """The claim with this id; ValueError lists the nearest ids otherwise."""
    by_id = {claim.id: claim for claim in CLAIMS}
    if claim_id in by_id:
        return by_id[claim_id]
    near = difflib.get_close_matches(claim_id, by_id, n=3, cutoff=0.3) or sorted(by_id)
    raise ValueError(f"no claim {claim_id!r}; near it: {', '.join(near)}")
