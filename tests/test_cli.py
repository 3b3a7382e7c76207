"""The command line as people use and misuse it."""

import contextlib
import dataclasses
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

import ntkref as nk
from ntkref.audit import audit
from ntkref.claims import registry, run_route
from ntkref.claims.claim import HOLDS
from ntkref.claims.setting import Setting
from ntkref.cli import main
from ntkref.page import page


def run(capsys, *arguments):
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_audit_of_one_claim(capsys, tmp_path):
    path = tmp_path / "audit.json"
    status, out, err = run(capsys, "audit", "--quick", "--only", "eq-14", "--json", str(path))
    assert (status, err) == (0, "")
    assert "Equation 14" in out
    assert "claims: 1, routes: 3; 0 disagree" in out
    document = json.loads(path.read_text())
    (claim,) = document["claims"]
    assert claim["id"] == "eq-14"
    assert set(claim["routes"]) == {"derivation", "digits", "float64"}
    assert all(m["passed"] for route in claim["routes"].values() for m in route["measured"])


def test_an_audit_gets_every_chapter_it_asks_for():
    """All derivations in one run, each chapter once, also where a claim builds on another claim's chapter."""
    claims = [
        dataclasses.replace(c, routes={"derivation": c.routes["derivation"]})
        for c in registry.CLAIMS
        if "derivation" in c.routes
    ]
    outcomes = audit(claims, dataclasses.replace(Setting(), quick=False), Console(file=io.StringIO()))
    assert len(outcomes) == len(claims) > 20
    assert [o.claim.id for o in outcomes if not o.agrees] == []


def test_a_quick_audit_leaves_the_chapters_out(capsys, monkeypatch):
    few = [registry.find(i) for i in ("sec-4-count", "eq-12")]
    monkeypatch.setattr("ntkref.cli.CLAIMS", few)
    status, out, _ = run(capsys, "audit", "--quick")
    assert status == 0
    assert "claims: 2, routes: 3; 0 disagree" in out


def test_a_turned_verdict_makes_the_audit_fail(capsys, monkeypatch):
    (claim,) = (c for c in registry.CLAIMS if c.id == "eq-17")
    turned = type(claim)(claim.id, claim.where, claim.paper, HOLDS, claim.chapter, claim.routes)
    monkeypatch.setattr("ntkref.cli.find", lambda claim_id: turned)
    status, out, _ = run(capsys, "audit", "--quick", "--only", "eq-17")
    assert status == 1
    assert "recorded holds" in out
    assert "3 disagree" in out


def test_the_page_is_self_contained(capsys, tmp_path):
    path = tmp_path / "audit.html"
    assert run(capsys, "audit", "--quick", "--only", "table-1-kappa-ordered", "--html", str(path))[0] == 0
    page = path.read_text()
    assert "Table 1, kappa, ordered" in page
    assert "every verdict is confirmed by computation" in page
    assert re.search(r'<img alt="κ over depth l: computed [^"]*predicted [^"]*" src="data:image/svg\+xml;base64,', page)
    assert not re.search(r'(src|href)="(?!data:|#)', page)  # nothing from elsewhere
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []


class Balanced(HTMLParser):
    """Raises where tags are not closed in the order they were opened."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_disagreement_is_plain_on_the_page():
    claim = registry.find("sec-4-count")
    outcome = dataclasses.replace(run_route(claim, "float64", Setting(quick=True)), verdict=HOLDS)
    text = page([(claim, {"float64": outcome})], {}, "now")
    assert "1 routes DISAGREE" in text
    assert "float64: DISAGREES (holds)" in text
    assert "class=failed" in text  # what failed of the printed statement


def test_errata_come_with_their_evidence(capsys):
    status, out, _ = run(capsys, "audit", "--quick", "--errata", "--only", "sec-4-count")
    assert status == 0
    out = " ".join(out.split())
    assert "printed the eigenvalues of m points are λ_0 ≥ … ≥ λ_m" in out
    assert "true λ_0 ≥ … ≥ λ_{m−1}" in out
    assert "float64 the eigenvalues are λ_0 … λ_m: FAILS (printed; missed by 1, allowed 0)" in out
    assert "float64 they are λ_0 … λ_{m−1}: holds (corrected" in out


def test_matplotlib_is_asked_for_by_name(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, _, err = run(capsys, "audit", "--html", str(tmp_path / "a.html"))
    assert status == 2
    assert err == "ntkref: --html needs matplotlib: python -m pip install 'ntkref[plot]'\n"


def test_kernel_of_the_bundled_digits(capsys, tmp_path):
    path = tmp_path / "k.npz"
    status, out, err = run(
        capsys, "kernel", "--depth", "5", "--sigma-w2", "1.5", "--sigma-b2", "0.1", "--out", str(path)
    )
    assert (status, err) == (0, "")
    assert "(12, 12)" in out
    x = nk.optical_digits()[0][:12].reshape(12, -1)
    k = nk.kernels(nk.fcn(5, nk.erf, "1.5", "0.1"), x)
    with np.load(path, allow_pickle=False) as data:
        assert sorted(data.files) == ["nngp", "nngp_gap", "ntk", "ntk_gap"]
        for name in data.files:
            assert np.array_equal(data[name], getattr(k, name))


def test_kernel_in_digits_is_decimal_strings(capsys, tmp_path):
    x1, x2, path = tmp_path / "x1.csv", tmp_path / "x2.npy", tmp_path / "k.npz"
    x1.write_text("1,2\n3,4\n")
    np.save(x2, np.array([[0.5, -1.0]]))
    words = ("--depth", "3", "--activation", "relu", "--sigma-w2", "2", "--digits", "40", "--out", str(path))
    assert run(capsys, "kernel", str(x1), "--against", str(x2), *words)[0] == 0
    exact = nk.kernels(nk.fcn(3, nk.relu, 2), [[1, 2], [3, 4]], [[0.5, -1.0]], nk.digits(60))
    with np.load(path, allow_pickle=False) as data:
        for name in ("nngp", "ntk", "nngp_gap", "ntk_gap"):
            assert data[name].dtype.kind == "U"
            for text, value in zip(data[name].ravel(), getattr(exact, name).ravel(), strict=True):
                assert abs(exact.numbers.context.mpf(str(text)) / value - 1) < exact.numbers.context.mpf(10) ** -39


def test_kernel_normalised(capsys, tmp_path):
    path = tmp_path / "k.npz"
    words = (
        "--depth",
        "4",
        "--sigma-w2",
        "1.0",
        "--sigma-b2",
        "0.18",
        "--normalise",
        "--points",
        "3",
        "--out",
        str(path),
    )
    assert run(capsys, "kernel", *words)[0] == 0
    with np.load(path) as data:
        assert np.max(np.abs(np.diag(data["nngp"]) / nk.mean_field(nk.erf, "1.0", "0.18").q_star - 1)) < 1e-15


KERNEL = ("kernel", "--depth", "3", "--sigma-w2", "1", "--out", "{out}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "required"),
        (("no-such",), "invalid choice"),
        (("audit", "--only", "eq-71"), "no claim 'eq-71'; near it: eq-"),
        (("audit", "--json", "{missing}/a.json"), "there is no folder"),
        (("audit", "--html", "{missing}/a.html"), "there is no folder"),
        (("audit", "--json", ""), "is a folder"),
        (("audit", "--json", "{out}", "--html", "{out}"), "--json and --html must be two files"),
        (("kernel", ".", *KERNEL[1:]), "is a folder, not a file"),
        (("kernel", "x.npy", "--points", "3", *KERNEL[1:]), "--points is for the bundled digits"),
        (("audit", "--errata", "--only", "eq-14"), "eq-14 holds as printed: it has no erratum"),
        (("kernel", "--sigma-w2", "1", "--out", "{out}"), "--depth"),
        ((*KERNEL, "--depth", "0"), "depth counts weight layers and must be >= 1, got 0"),
        ((*KERNEL, "--depth", "x"), "invalid int value: 'x'"),
        ((*KERNEL, "--sigma-w2", "-1"), "sigma_w2 is a variance and must be >= 0, got -1"),
        ((*KERNEL, "--sigma-b2", "abc"), "sigma_b2 must be finite"),
        ((*KERNEL, "--digits", "0"), "digits\\(n\\) needs a whole number"),
        ((*KERNEL, "--points", "5000"), "--points must lie between 1 and 1797, got 5000"),
        ((*KERNEL, "--activation", "gela"), "no activation is called 'gela'; there are absolute, cos"),
        ((*KERNEL, "--out", "{out}.txt"), "--out must end in .npz"),
        (("kernel", "none.npy", *KERNEL[1:]), "none.npy: no such file"),
        (("kernel", "--depth", "2000", "--sigma-w2", "3", "--activation", "relu", "--out", "{out}"), "at depth"),
    ],
)
def test_mistakes_are_one_line_and_status_2(capsys, tmp_path, words, message):
    out = tmp_path / "k.npz"
    words = [w.format(out=out, missing=tmp_path / "missing") for w in words]
    status, printed, err = run(capsys, *words)
    assert status == 2
    assert printed == ""
    assert err.count("\n") == 1
    assert err.startswith("ntkref: ")

    assert re.search(message, err), err
    assert not list(tmp_path.iterdir())


def test_output_may_be_redirected_to_what_is_no_terminal():
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["audit", "--quick", "--only", "sec-4-count"]) == 0
    assert "claims: 1" in out.getvalue()


def test_help_and_module_entry():
    done = subprocess.run([sys.executable, "-m", "ntkref", "--help"], capture_output=True, text=True, check=True)
    assert "audit" in done.stdout
    assert "kernel" in done.stdout
    done = subprocess.run([sys.executable, "-m", "ntkref", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"ntkref {nk.__version__}\n"
