"""All claims, by id."""

from __future__ import annotations

import difflib

from .background import BACKGROUND_CLAIMS
from .claim import Claim
from .kernel import KERNEL_CLAIMS
from .line import LINE_CLAIMS
from .phases import PHASE_CLAIMS
from .sentences import SENTENCE_CLAIMS
from .table1 import TABLE_CLAIMS
from .toy import TOY_CLAIMS
from .training import TRAINING_CLAIMS

__all__ = ["CLAIMS", "find"]

CLAIMS: tuple[Claim, ...] = (
    BACKGROUND_CLAIMS
    + KERNEL_CLAIMS
    + TRAINING_CLAIMS
    + TOY_CLAIMS
    + PHASE_CLAIMS
    + SENTENCE_CLAIMS
    + LINE_CLAIMS
    + TABLE_CLAIMS
)


def find(claim_id: str) -> Claim:
    """The claim with this id; ValueError lists the nearest ids otherwise."""
    by_id = {claim.id: claim for claim in CLAIMS}
    if claim_id in by_id:
        return by_id[claim_id]
    near = difflib.get_close_matches(claim_id, by_id, n=3, cutoff=0.3) or sorted(by_id)
    raise ValueError(f"no claim {claim_id!r}; near it: {', '.join(near)}")
