"""What the README tabulates is what the package computes and the claims say."""

from pathlib import Path

import pytest

from ntkref.claims.summary import corrected_table, errata_table, pooled_table

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("table", [corrected_table, pooled_table, errata_table])
def test_tables_are_generated(table):
    assert table() in README.read_text(encoding="utf-8"), "run python -m ntkref.claims.summary"
