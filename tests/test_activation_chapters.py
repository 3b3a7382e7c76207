"""Chapters 11 to 15 run, and their formulas are the package's numbers, evaluated to 70 digits at the same point."""

import pytest
from compare import covariance
from test_derivations import agree, at, chapter, systems

import ntkref as nk
from ntkref.claims.setting import chapter_results
from ntkref.expansion import coefficients
from ntkref.gauss import gauss_hermite, trapezoid

hermite_expansion = chapter("hermite_expansion")
price, tanh_line, universality = chapter("price"), chapter("tanh_line"), chapter("universality")
NUMBERS = nk.digits(40)


@pytest.fixture(scope="module")
def chapter_gauss_hermite():
    return chapter_results("gauss_hermite")


def moment(n, q):
    """E[tanh(√q z)ⁿ] by mpmath's own quadrature."""
    context = NUMBERS.context
    root = context.sqrt(q)

    def weighted(z):
        return context.tanh(root * z) ** n * context.exp(-z * z / 2) / context.sqrt(2 * context.pi)

    return context.quad(weighted, range(-14, 15, 2))


def test_errors_of_the_rules(chapter_gauss_hermite):
    """The leading terms of both rules' errors, at a size where the next ones are below the digits asked for."""
    truth, _, _ = nk.tanh.moments(NUMBERS.context.one, NUMBERS)
    nodes, weights = gauss_hermite(60, NUMBERS)
    left = truth - sum(weights * NUMBERS.tanh(nodes) ** 2)
    agree(left, at(chapter_gauss_hermite["gauss_hermite_tanh"], 60, 1), 1.0)
    z, w = trapezoid(NUMBERS.context.mpf("0.25"), NUMBERS)
    agree(truth - sum(w * NUMBERS.tanh(z) ** 2), at(chapter_gauss_hermite["trapezoid_tanh"], "0.25", 1), 8)


@systems
@pytest.mark.parametrize("name", ["exp", "sin"])
def test_coefficients(hermite_expansion, name, system, digits):
    for n, value in enumerate(coefficients(getattr(nk, name), "0.7", 10, system)):
        # Coefficients are accurate relative to √E[φ²], of order 1 here: add 2 to compare them so.
        agree(2 + value, 2 + at(hermite_expansion[f"a_{name}"], n, "0.7"), digits)


@systems
@pytest.mark.parametrize("name", ["gelu", "gaussian", "exp", "step"])
def test_closed_forms(price, name, system, digits):
    q1, q2, q12 = (system.asarray(v, "q") for v in ("0.7", "1.3", "0.4"))
    T, Tdot = getattr(nk, name).duals(covariance(system, q1, q12, q2), system)
    agree(T.xy, at(price[f"T_{name}"], "0.7", "1.3", "0.4"), digits - 1)
    if name != "step":
        agree(Tdot.xy, at(price[f"Tdot_{name}"], "0.7", "1.3", "0.4"), digits - 1)


def test_tanhs_line(tanh_line):
    point = nk.critical_point(nk.tanh, q_star="0.5", numbers=nk.digits(30))
    moments = [moment(n, NUMBERS.context.mpf("0.5")) for n in (2, 4, 6, 8, 10)]
    known = {name: formula for name, formula in tanh_line.items() if name.startswith("line_")}
    wanted = len(known["line_sigma_w2"].variables)
    agree(point.sigma_w2, at(known["line_sigma_w2"], *moments[:wanted]), 28)
    agree(point.sigma_b2, at(known["line_sigma_b2"], "0.5", *moments[:wanted]), 27)
    _, orders = nk.tanh.slopes(point.q_star, nk.digits(30))
    for ours, formula in zip(orders, tanh_line["orders"], strict=True):
        agree(ours, at(formula, *moments[:wanted]), 26)


@pytest.mark.parametrize(("name", "q_star"), [("gelu", "10"), ("sin", "0.7"), ("gaussian", "2")])
def test_lines(universality, name, q_star):
    point = nk.critical_point(getattr(nk, name), q_star=q_star, numbers=nk.digits(30))
    sigma_w2, sigma_b2, *_ = universality[f"line_{name}"]
    agree(point.sigma_w2, at(sigma_w2, q_star), 28)
    agree(point.sigma_b2, at(sigma_b2, q_star), 26)


def test_half_stable_gelu(universality):
    from ntkref.critical import critical_line

    _, (q, line) = critical_line(nk.gelu)
    agree(q[0], at(universality["half_stable_gelu"]), 7)  # a slope that touches 1 shows half of 16 digits
    assert line.shape == (2, len(q))
