"""The audit's own logic: verdicts follow from measurements, and a false statement is caught."""

import dataclasses
import math
from functools import cache

import numpy as np
import pytest

from ntkref.activations import erf
from ntkref.claims import CLAIMS, CORRECTED, HOLDS, WRONG, Claim, Measured, computed_verdict, find, run_route
from ntkref.claims.claim import ROUTES, corrected, leading, printed
from ntkref.claims.definition import expectations, sampled_kernels
from ntkref.claims.measures import drift, growth, settling, straightness
from ntkref.claims.registry import _section
from ntkref.claims.setting import Setting, chapter_file
from ntkref.claims.spatial import line_constants, rows
from ntkref.numbers import digits

SETTING = Setting(quick=True)
outcome_of = cache(lambda claim_id, route: run_route(find(claim_id), route, SETTING))
ROUTED = [(claim, route) for claim in CLAIMS for route in claim.routes]


@pytest.mark.parametrize(("claim", "route"), ROUTED, ids=[f"{c.id}-{r}" for c, r in ROUTED])
def test_every_route_confirms_the_recorded_verdict(claim, route):
    outcome = outcome_of(claim.id, route)
    assert outcome.agrees, outcome.measured


def test_every_equation_and_cell_is_there():
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids)
    equations = {f"eq-{n}" for n in range(1, 20)}
    cells = {
        f"table-1-{row}-{phase}{readout}"
        for row in ("lambda_max", "lambda_bulk", "kappa", "predictor")
        for phase in ("ordered", "critical", "chaotic")
        for readout in ("", "-pool")
    }
    remarks = {"table-1-caption", "table-1-kappa-chaotic-m"}
    sentences = {i for i in ids if i.startswith(("sec-", "abstract-"))}
    assert set(ids) == equations | cells | remarks | sentences
    sections = {"1", "3", "4", "5", "6", "6.1", "6.2", "6.3", "6.4", "6.5", "7"}
    assert {i.split("-")[1] for i in sentences if i.startswith("sec-")} == sections


def test_claims_are_in_the_papers_order():
    """An equation stands in its section; the abstract first, the table last."""
    places = [claim.where for claim in CLAIMS]
    assert places[0] == "Abstract"
    assert places.index("Equation 18") < places.index("Equation 19") < places.index("Section 6.4")
    assert places.index("Section 6.3") < places.index("Equation 19")
    assert places[-1].startswith("Table 1")
    with pytest.raises(StopIteration):
        _section(dataclasses.replace(CLAIMS[0], where="Equation 20"))


ERRATA = {  # the numbers of THEORY.md's table; 28 is the notebook's, and 15 is right as printed
    1: "sec-3-chaotic", 2: "eq-17", 3: "eq-18", 4: "sec-6.3-kappa", 5: "sec-6.3-predictor", 6: "sec-4-chaos",
    7: "sec-6.3-linearly", 8: "sec-7-scale", 9: "sec-7-learning-rate", 10: "sec-7-spatial", 11: "eq-4",
    12: "sec-4-count", 13: "eq-9", 14: "sec-4-verified", 16: "sec-3-multiplicity", 17: "table-1-caption",
    18: "table-1-kappa-chaotic-m", 19: "sec-6.4-pooling", 20: "sec-6.4-rho", 21: "sec-6.5-skip-entries",
    22: "sec-6.2-generalise", 23: "sec-1-rates", 24: "sec-4-typical", 25: "sec-6-structure", 26: "sec-5-bulk",
    27: "sec-6-normalised", 29: "sec-7-rho", 30: "sec-6.2-relu",
}  # fmt: skip


def test_every_known_error_of_the_text_is_a_claim_that_does_not_hold():
    assert set(ERRATA) == set(range(1, 31)) - {15, 28}
    assert all(find(claim_id).verdict != HOLDS for claim_id in ERRATA.values())


def test_records_are_complete():
    for claim in CLAIMS:
        assert claim.verdict in (HOLDS, CORRECTED, WRONG)
        assert (claim.truth != "") == (claim.verdict != HOLDS)
        assert claim.routes.keys() <= set(ROUTES)
        assert claim.routes
        assert chapter_file(claim.chapter).is_file()
        assert claim.curve is not None or not claim.id.startswith("table")


@pytest.mark.parametrize(
    ("passes", "verdict"),
    [
        ({"printed": True}, HOLDS),
        ({"printed": False}, "undecided"),
        ({"printed": False, "leading": True, "corrected": True}, CORRECTED),
        ({"printed": False, "corrected": True}, WRONG),
        ({"printed": False, "leading": False, "corrected": True}, WRONG),
        ({"printed": False, "leading": True, "corrected": False}, "undecided"),
        ({"printed": True, "corrected": False}, "undecided"),
        ({}, "undecided"),
    ],
)
def test_verdicts(passes, verdict):
    measured = [Measured(name, "", 0.0 if ok else 1.0, 0.5, "") for name, ok in passes.items()]
    assert computed_verdict(measured) == verdict
    assert computed_verdict([*measured, *measured]) == verdict


def test_one_failure_among_many_decides():
    assert computed_verdict([printed("a", 0, 1, ""), printed("b", 2, 1, "")]) == "undecided"
    assert not printed("nan", math.nan, 1, "").passed
    assert printed("sign", -2, 1, "").error == 2
    assert [f("", 0, 1, "").statement for f in (printed, leading, corrected)] == ["printed", "leading", "corrected"]


def test_a_turned_verdict_is_caught():
    for claim, route in ROUTED:
        for turned in {HOLDS, CORRECTED, WRONG} - {claim.verdict}:
            changed = dataclasses.replace(claim, verdict=turned)
            assert not dataclasses.replace(outcome_of(claim.id, route), claim=changed).agrees


def test_digits_reports_the_sharpest_kind_of_check():
    measured = (printed("rate", 0.05, 0.1, ""), printed("value", 1e-20, 1e-15, ""))
    claim = Claim("x", "x", "x", HOLDS, "x", {"float64": lambda setting: measured})
    assert abs(run_route(claim, "float64", SETTING).digits - 20) < 1e-12


def test_near_misses_of_an_id():
    assert find("eq-17").where == "Equation 17"
    with pytest.raises(ValueError, match=r"no claim 'eq17'; near it: .*eq-17"):
        find("eq17")
    with pytest.raises(ValueError, match=r"near it: .*table-1-kappa-ordered"):
        find("kappa-ordered")


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.curve], ids=lambda c: c.id)
def test_curves_end_on_their_prediction(claim):
    """Prediction and computation over depth: as many of each, and together at the last depth."""
    curve = claim.curve(SETTING)
    assert len(curve.x) == len(curve.computed) == len(curve.predicted) > 3
    ends = [float(values[-1]) for values in (curve.computed, curve.predicted)]
    assert abs(ends[0] / ends[1] - 1) < 0.02  # the crudest is κ − 1 of the toy example, a leading term
    assert set(curve.log) <= {"x", "y"}


def test_laws_tell_a_logarithm_from_a_constant():
    decades = np.array([1e3, 1e4, 1e5])
    constant, logarithm = 3 + 1 / decades, 3 + np.log(decades)
    error, allowed, _ = drift(constant, 1, 1e5)
    assert error < allowed
    error, allowed, _ = drift(logarithm, 1, 1e5)
    assert error > 10 * allowed
    assert growth([1.0, 1.2]) == pytest.approx(0.2)
    assert growth([1.2, -1.0]) == 0
    assert settling([2.0, 1.0]) == 0.5
    assert straightness([1.0, 3.0, 5.0]) == 0
    assert straightness([1.0, 3.0, 6.0]) == 0.5


def test_integration_of_the_definition():
    """Against the arc-sine formula typed in here, at 20 digits: E[erf erf] = (2/π) asin(2q₁₂/√((1+2q₁)(1+2q₂)))."""
    c = digits(20).context
    q1, q2, q12 = c.mpf("0.7"), c.mpf("1.3"), c.mpf("-0.4")
    value, slope = expectations(erf, q1, q2, q12, digits(20))
    root = (1 + 2 * q1) * (1 + 2 * q2)
    assert abs(value - 2 / c.pi * c.asin(2 * q12 / c.sqrt(root))) < 1e-30
    assert abs(slope - 4 / c.pi / c.sqrt(root - 4 * q12**2)) < 1e-30


def test_sampled_networks_are_random_and_reproducible():
    x = np.eye(2)
    runs = [sampled_kernels(x, 2.0, 0.1, 30, 5, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_chapter_that_fails_is_a_verdict_not_a_crash():
    def broken(name):
        raise AssertionError("not proved: 1 = 2")

    outcome = run_route(find("eq-12"), "derivation", dataclasses.replace(SETTING, run_chapter=broken))
    assert not outcome.agrees
    assert outcome.verdict == "undecided"
    assert "not proved: 1 = 2" in outcome.measured[0].what


def test_shifts_of_one_image_make_the_pool():
    """What the claims take for a CNN-P's Θ, means over shifts and matrices of gaps, is what the package computes."""
    for phase, depth in (("ordered", 10), ("chaotic", 20)):
        digits = rows(SETTING, phase)
        offsets = digits.offsets[depth]
        for k, found in zip(digits.kernels(depth, "pool"), offsets, strict=True):
            np.testing.assert_allclose(np.mean(found.ntk, axis=2), k.ntk, rtol=1e-12)
        for k, found in zip(digits.kernels(depth, "flatten"), offsets, strict=True):
            np.testing.assert_allclose(found.ntk[..., 0], k.ntk, rtol=1e-12)
            np.testing.assert_allclose(found.nngp_gap[..., 0], k.nngp_gap, rtol=1e-12)
    digits = rows(SETTING, "ordered")
    top, bulk = digits.ordered_spectrum(30)
    expected = digits.spectrum(30, "pool")
    np.testing.assert_allclose([top, *bulk], expected.eigenvalues, rtol=30 * digits.mf.chi_1**30)


def test_line_constants_meet_the_law():
    laws = SETTING.laws("critical")
    C = np.array([[0.0, -3.0], [5.0, 20.0]])
    np.testing.assert_allclose(line_constants(laws, 100, laws.nngp_gap(100, C)), C, atol=1e-9)
    assert line_constants(laws, 100, np.zeros(2)).tolist() == [0, 0]
