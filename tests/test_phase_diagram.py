"""The phase diagram: every cell is the mean field's, the line is critical, the picture is a picture."""

import numpy as np
import pytest

import ntkref as nk
from ntkref.cli import main
from ntkref.phase_diagram import phase_diagram


@pytest.fixture(scope="module")
def erf_plane():
    return phase_diagram(nk.erf, max_w2=3.0, max_b2=0.3, points=6)


def test_cells_are_the_mean_fields(erf_plane):
    assert np.array_equal(erf_plane.sigma_w2, [0.25, 0.75, 1.25, 1.75, 2.25, 2.75])
    for i, j in ((0, 0), (5, 2), (1, 5)):
        mf = nk.mean_field(nk.erf, float(erf_plane.sigma_w2[j]), float(erf_plane.sigma_b2[i]))
        assert erf_plane.phase[i, j] == mf.phase
        truth = mf.xi_1 if mf.phase == "ordered" else mf.xi_star
        assert abs(erf_plane.depth[i, j] / truth - 1) < 1e-13  # float64 throughout, and far from the line
    assert {"ordered", "chaotic"} == set(erf_plane.phase.ravel())


def test_the_line_separates_the_phases(erf_plane):
    ((w, b),) = erf_plane.lines
    assert (w[0], b[0]) == (np.pi / 4, 0)
    for x, y in list(zip(w, b, strict=True))[1::40]:
        assert abs(nk.critical_point(nk.erf, sigma_w2=float(x)).sigma_b2 - y) < 1e-13
    for i, y in enumerate(erf_plane.sigma_b2):
        edge = np.interp(y, b, w)
        assert np.array_equal(erf_plane.phase[i] == "chaotic", erf_plane.sigma_w2 > edge)


def test_figure_5_is_tanhs():
    """The same for tanh, whose cells are integrated: order on one side of its line, chaos on the other."""
    plane = phase_diagram(nk.tanh, points=8)
    ((w, b),) = plane.lines
    assert (w[0], b[0]) == (1, 0)
    for i, y in enumerate(plane.sigma_b2):
        assert np.array_equal(plane.phase[i] == "chaotic", plane.sigma_w2 > np.interp(y, b, w))
    for i, j in ((1, 2), (1, 6)):
        mf = nk.mean_field(nk.tanh, float(plane.sigma_w2[j]), float(plane.sigma_b2[i]))
        truth = mf.xi_1 if mf.phase == "ordered" else mf.xi_star
        assert abs(plane.depth[i, j] / truth - 1) < 1e-12  # 12 of 16 digits: two logarithms of numbers near 1


def test_an_activation_that_jumps_has_no_phases():
    with pytest.raises(ValueError, match="sign jumps: χ₁ is infinite, and there are no phases to draw"):
        phase_diagram(nk.sign)


def test_several_stable_variances_are_marked():
    """Just beyond GELU's half-stable point, where neither of two stable variances is to be guessed."""
    point = nk.critical_point(nk.gelu, q_star="3.562")
    plane = phase_diagram(nk.gelu, 2 * point.sigma_w2, 2 * point.sigma_b2, points=1)
    assert plane.phase.item() == "several"
    assert plane.rate.mask.all()


def test_relu_has_order_and_growth():
    plane = phase_diagram(nk.relu, points=4)
    assert np.array_equal(plane.phase[0], ["ordered", "ordered", "unbounded", "unbounded"])
    assert np.array_equal(plane.depth.mask[0], [False, False, True, True])
    assert np.array_equal(plane.lines, [[[2, 2], [0, 0.5]]])


@pytest.mark.parametrize("name", ["max_w2", "max_b2", "points"])
def test_bad_ranges(name):
    with pytest.raises(ValueError, match=f"{name} must be positive and finite, got 0"):
        phase_diagram(nk.erf, **{name: 0})


def test_one_point_on_the_command_line(capsys):
    assert main(["phase", "--sigma-w2", "1", "--sigma-b2", "0.18", "--digits", "30"]) == 0
    out = capsys.readouterr().out
    assert "ordered" in out
    assert "q_star    = 0.520875107683162668297188136673" in out


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures(tmp_path, monkeypatch, capsys, ending, magic):
    monkeypatch.setattr("ntkref.cli.phase_diagram", lambda *a, track: phase_diagram(*a, points=5, track=track))
    path = tmp_path / f"plane.{ending}"
    assert main(["phase", "--activation", "relu" if ending == "pdf" else "erf", "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(magic)
    assert str(path) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --sigma-w2 for one point, --plot FILE for the plane, or both"),
        (["--plot", "plane.gif"], "--plot must end in .png, .svg or .pdf, got plane.gif"),
        (["--plot", "no/such/plane.png"], "there is no folder"),
        (["--sigma-w2", "-1"], "sigma_w2 is a variance and must be >= 0, got -1"),
    ],
)
def test_mistakes(capsys, words, message):
    assert main(["phase", *words]) == 2
    assert message in capsys.readouterr().err
