"""The chapters run, their results are the package's numbers, and a chapter with a wrong step does not run.

Each chapter runs once.  Its results (`sympy.Lambda`) are evaluated to 70 digits at the very numbers the package was
given, so what is compared is the package's error alone.
"""

import math
import pathlib
import runpy

import mpmath
import numpy as np
import pytest
import sympy

import ntkref as nk
from ntkref.inputs import covariance_of_pair
from ntkref.pair import Covariance
from ntkref.recursion import pairs_by_depth

CHAPTERS = pathlib.Path(__file__).parent.parent / "derivations"
STEPS = runpy.run_path(str(CHAPTERS / "steps.py"))
at, agree = STEPS["value"], STEPS["agree"]

# Digits that a closed form of about ten operations keeps: 40 units in the last place of float64, and 49 of 50.
systems = pytest.mark.parametrize(
    ("system", "digits"), [pytest.param(nk.float64, 14, id="float64"), pytest.param(nk.digits(50), 49, id="digits50")]
)


def chapter(name):
    return pytest.fixture(scope="module", name=name)(lambda: runpy.run_path(str(CHAPTERS / f"{name}.py"))["results"])


arcsine_kernel, fixed_points = chapter("arcsine_kernel"), chapter("fixed_points")
ntk_limits, critical_line = chapter("ntk_limits"), chapter("critical_line")


# ---- arcsine_kernel


@systems
@pytest.mark.parametrize(
    "entries", [("0.7", "1.3", "0.4"), ("2", "0.5", "-0.9"), ("1.5", "1.5", "0"), ("0.3", "2", "0.5")]
)
@pytest.mark.parametrize("name", ["erf", "relu"])
def test_duals(arcsine_kernel, name, entries, system, digits):
    q1, q2, q12 = (system.asarray(entry, "entry") for entry in entries)
    area = system.sqrt(q1 * q2 - q12**2)
    T, Tdot = getattr(nk, name).duals(
        Covariance(q1, q2, q12, q1 - q2, q1 + q2 - 2 * q12, q1 + q2 + 2 * q12, area), system
    )
    for field, arguments in (("x", (q1, q1, q1)), ("y", (q2, q2, q2)), ("xy", (q1, q2, q12))):
        agree(getattr(T, field), at(arcsine_kernel[f"T_{name}"], *arguments), digits)
        agree(getattr(Tdot, field), at(arcsine_kernel[f"Tdot_{name}"], *arguments), digits)


@pytest.mark.parametrize("q", ["0.2", "1", "4"])
def test_duals_are_the_expectations_of_the_definition(arcsine_kernel, q):
    """At q12 = q1 = q2 the expectation is a single integral of the activation's own definition."""
    context = mpmath.MPContext()
    context.dps = 25

    def expectation(function, low):
        s = context.sqrt(context.mpf(q))
        density = lambda z: context.exp(-z * z / 2) / context.sqrt(2 * context.pi)  # noqa: E731
        return context.quad(lambda z: function(s * z) ** 2 * density(z), [low, -4, -2, 0, 2, 4, 12])

    for activation in (nk.erf, nk.relu):
        for definition, label in ((activation.value, "T"), (activation.derivative, "Tdot")):
            result = at(arcsine_kernel[f"{label}_{activation.name}"], q, q, q)
            # Beyond 12 deviations 4e-33 of the mass remains; Gauss-Legendre on six pieces settles to 20 digits.
            agree(expectation(lambda x, f=definition: f(context, x), -12), result, digits=20)
    z = sympy.Symbol("z")
    for order, formula in enumerate(arcsine_kernel["erf_derivatives"], start=1):  # E[phi^(n)(u)^2]
        derivative = sympy.lambdify(z, sympy.diff(sympy.erf(z), z, order), context)
        agree(expectation(derivative, -12), at(formula, q), digits=20)


@systems
@pytest.mark.parametrize("q", ["0.001", "0.6", "50"])
def test_erf_slopes(arcsine_kernel, q, system, digits):
    q = system.asarray(q, "q")
    slope, orders = nk.erf.slopes(q, system)
    agree(slope, at(arcsine_kernel["variance_slope_erf"], q), digits)
    assert len(orders) == len(arcsine_kernel["erf_derivatives"]) == 4
    for theirs, formula in zip(orders, arcsine_kernel["erf_derivatives"], strict=True):
        agree(theirs, at(formula, q), digits)


@systems
@pytest.mark.parametrize("e", ["1e-300", "1e-8", "0.5", "1.5", "2"])
def test_erf_gap(arcsine_kernel, e, system, digits):
    q, e = system.asarray("1.25", "q"), system.asarray(e, "e")
    T, _ = nk.erf.duals(covariance_of_pair(q, e, system), system)
    agree(T.gap, at(arcsine_kernel["gap_erf"], q, e), digits)


# ---- fixed_points


@systems
@pytest.mark.parametrize(
    "point", [("0.5", "0"), ("1", "0.18"), ("1.76", "0.18"), ("3", "0.18"), ("5", "0"), ("20", "1")]
)
def test_slopes_at_the_fixed_points(arcsine_kernel, fixed_points, point, system, digits):
    """Fields are rounded, and chi is then computed from a rounded q*: one unit in the last place each."""
    mf = nk.mean_field(nk.erf, *point, system)
    T, w, b = arcsine_kernel["T_erf"], *map(sympy.Rational, point)
    agree(w * at(T, mf.q_star, mf.q_star, mf.q_star) + b + 1, mf.q_star + 1, digits)
    agree(mf.chi_1, at(fixed_points["chi_1_erf"], w, mf.q_star), digits)
    agree(mf.chi_q, at(fixed_points["chi_q_erf"], w, mf.q_star), digits)
    if mf.q_star:  # else c* does not exist
        agree(mf.chi_c, at(fixed_points["chi_c_erf"], w, mf.q_star, mf.c_star), digits)
        q_ab = mf.c_star * mf.q_star
        agree(w * at(T, mf.q_star, mf.q_star, q_ab) + b + 1, q_ab + 1, digits)


@systems
@pytest.mark.parametrize("given", [{"q_star": "0.01"}, {"q_star": "30"}, {"sigma_w2": "1.2"}, {"sigma_b2": "0.18"}])
def test_critical_line(fixed_points, given, system, digits):
    point = nk.critical_point(nk.erf, **given, numbers=system)
    agree(point.sigma_w2, at(fixed_points["line_sigma_w2"], point.q_star), digits)
    agree(point.q_star, at(fixed_points["line_q"], point.sigma_w2), digits - 3)  # at q* = 0.01, s² − 1 loses 1.7
    # σ_b² = (4/3) q*³ at small q*: an absolute error of the size of a rounding of q* is all that is left of it.
    for formula, argument in (("line_sigma_b2", point.q_star), ("line_sigma_b2_explicit", point.sigma_w2)):
        agree(point.sigma_b2 + 1, at(fixed_points[formula], argument) + 1, digits)


# ---- ntk_limits


def last_two(net, q, one_minus_c, system):
    *_, (_, before), (_, last) = pairs_by_depth(net, q, one_minus_c, system)
    return before, last


@systems
@pytest.mark.parametrize("sigma_w2", ["0.8", "1.5", "2.5"])
def test_diagonal(ntk_limits, sigma_w2, system, digits):
    mf = nk.mean_field(nk.erf, sigma_w2, "0.18", system)
    for depth, k in pairs_by_depth(nk.fcn(30, nk.erf, sigma_w2, "0.18"), mf.q_star, 1, system):
        agree(k.Theta.x, at(ntk_limits["p"], mf.q_star, mf.chi_1, depth), digits - 1)  # 4 l units at l = 30


def test_ordered_limit_and_rate(arcsine_kernel, ntk_limits):
    """At l = 300 what is neglected is l chi_1^l = 3e-60, and it enters twice."""
    system, w = nk.digits(100), "0.8"
    mf = nk.mean_field(nk.erf, w, "0.18", system)
    before, last = last_two(nk.fcn(300, nk.erf, w, "0.18"), mf.q_star, "1.2", system)
    p_star = at(ntk_limits["p_star"], mf.q_star, mf.chi_1)
    f2 = sympy.Rational(w) * at(arcsine_kernel["erf_derivatives"][1], mf.q_star)
    s = at(ntk_limits["s"], f2, p_star, mf.chi_1)
    for limit in (mf.p_star, mf.p_ab_star, last.ntk, last.Theta.x, at(ntk_limits["p_ab_star"], mf.q_star, mf.chi_1)):
        agree(limit, p_star, digits=59)
    agree(s, at(ntk_limits["s_erf"], mf.q_star, mf.chi_1), digits=60)
    per_depth = last.ntk_gap / mf.chi_1**299 - before.ntk_gap / mf.chi_1**298  # l drops out: no error 1/l
    agree(per_depth / (last.nngp_gap / mf.chi_1**299), s, digits=59)


@pytest.mark.parametrize("point", [("3", "0.18"), ("2.2", "0.05")])
def test_chaotic_limit_and_resonance(arcsine_kernel, ntk_limits, point):
    """With 200 digits at l = 400, where chi_c^l is 1e-20 and less: the neglected square is that small."""
    system = nk.digits(200)
    mf = nk.mean_field(nk.erf, *point, system)
    before, last = last_two(nk.fcn(400, nk.erf, *point), mf.q_star, "0.4", system)
    q_ab = mf.c_star * mf.q_star
    agree(mf.p_ab_star, at(ntk_limits["p_ab_star"], q_ab, mf.chi_c), digits=60)
    agree(last.ntk, mf.p_ab_star, digits=15)
    t = sympy.Symbol("t")
    tdot = sympy.Lambda(t, sympy.diff(arcsine_kernel["Tdot_erf"](*[sympy.sympify(mf.q_star)] * 2, t), t))
    factor = at(ntk_limits["resonance"], sympy.Rational(point[0]) * at(tdot, q_ab), mf.p_ab_star, mf.chi_c)
    eta = [(k.ntk - mf.p_ab_star) / mf.chi_c**k.depth for k in (before, last)]
    agree((eta[1] - eta[0]) / ((last.nngp - q_ab) / mf.chi_c**399), factor, digits=15)


def test_largest_eigenvalue_in_order(ntk_limits):
    net = nk.fcn(150, nk.erf, "1", "0.18")
    x = nk.normalised(np.random.default_rng(0).normal(size=(5, 7)), net)
    mf = nk.mean_field(nk.erf, "1", "0.18")
    top = np.linalg.eigvalsh(nk.kernels(net, x).ntk)[-1]
    agree(top, at(ntk_limits["lambda_max_ordered"], 5, mf.p_star), digits=12)  # (20 + 4 l) u = 7e-14


# ---- critical_line


@systems
@pytest.mark.parametrize("q_star", ["0.1", "0.9877", "12"])
def test_critical_expansion(critical_line, q_star, system, digits):
    point = nk.critical_point(nk.erf, q_star=q_star, numbers=system)
    _, (first, second, third, _) = nk.erf.slopes(point.q_star, system)
    alpha, beta = point.sigma_w2 * second / 2, point.sigma_w2 * third / 6
    agree(point.sigma_w2 * first, 1, digits)
    agree(alpha, at(critical_line["alpha_erf"], point.q_star), digits)
    agree(beta, at(critical_line["beta_erf"], point.q_star), digits)
    rho = at(critical_line["rho_erf"], point.q_star)
    agree(1 - beta / alpha**2, rho, digits - 1)  # a difference of order-one numbers at q* = 12
    agree(at(critical_line["r"], alpha, beta), at(critical_line["alpha_erf"], point.q_star) * rho, digits - 1)


@pytest.mark.parametrize(("name", "fraction", "kappa"), [("erf", 3, 7 / 2), ("relu", 4, 8 / 3)])
def test_critical_spectrum_at_depth(critical_line, name, fraction, kappa):
    """Five orthogonal inputs.  From l to 2l the O(1) terms cancel; O(log(l)/l), 8e-3 at most, is left."""
    m, depth = 5, 2000
    if name == "erf":
        point = nk.critical_point(nk.erf, sigma_b2="0.18")
        sigma_w2, sigma_b2, q, prefix = point.sigma_w2, point.sigma_b2, point.q_star, ""
        rho = float(at(critical_line["rho_erf"], q))
        kappa_log = float(at(critical_line["kappa_log"], m, rho))
    else:
        sigma_w2, sigma_b2, q, prefix = 2, 0, 1.0, "relu_"
        rho = 1.5
        kappa_log = float(at(critical_line["relu_kappa_log"], m))
    net = nk.fcn(2 * depth, getattr(nk, name), sigma_w2, sigma_b2)
    ntk = {l: k.ntk for l, k in nk.kernels_by_depth(net, nk.normalised(np.eye(m), net, q=q)) if l in (depth, 2 * depth)}
    low, high = (np.linalg.eigvalsh(ntk[l]) for l in (depth, 2 * depth))

    slope = float(at(critical_line[f"{prefix}p_ab_slope"], q))
    top = float(at(critical_line[f"{prefix}lambda_max_slope"], m, q))
    bulk = float(at(critical_line[f"{prefix}lambda_bulk_slope"], m, q))
    logarithm = slope * rho * math.log(2)  # what p_ab gains beside slope · depth, which is about 300
    assert slope == pytest.approx(q / fraction, rel=1e-15)
    assert ntk[2 * depth][0, 1] - ntk[depth][0, 1] - slope * depth == pytest.approx(logarithm, abs=8e-3)
    assert high[-1] - low[-1] - top * depth == pytest.approx((m - 1) * logarithm, abs=(m - 1) * 8e-3)
    assert high[0] - low[0] - bulk * depth == pytest.approx(-logarithm, abs=8e-3)

    assert float(at(critical_line[f"{prefix}kappa"], m)) == kappa
    scaled = [(v[-1] / v[0] - kappa) * l for v, l in ((low, depth), (high, 2 * depth))]
    # Here (log l)²/l is left, 3e-2 at l = 2000, times a factor below 1.
    assert scaled[1] - scaled[0] == pytest.approx(kappa_log * math.log(2), rel=2e-2)


# ---- the checks themselves

WRONG = [  # (chapter, text in it, what replaces it): a constant, a sign, an exponent, a factor
    ("arcsine_kernel", "diff(rho, u, 2) / rho / 2)", "diff(rho, u, 2) / rho)"),
    ("arcsine_kernel", "m2 = (1 + 2 * q1) * (1 + 2 * q2) - 4", "m2 = (1 + 2 * q1) * (1 + 2 * q2) - 2"),
    ("fixed_points", "V_slope = 4 * sigma_w2", "V_slope = 2 * sigma_w2"),
    ("fixed_points", "a = 2 * q**2 /", "a = 2 * q**3 /"),
    ("ntk_limits", "q_star * (chi**l - 1)", "q_star * (chi**l + 1)"),
    ("ntk_limits", "s = 1 + f2 * P / chi", "s = 1 + f2 * P"),
    ("critical_line", "beta_erf = 2 * (12", "beta_erf = 2 * (11"),
    ("critical_line", "kappa_log = 3 * m", "kappa_log = 2 * m"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), WRONG)
def test_a_wrong_step_stops_the_chapter(name, right, wrong):
    path = CHAPTERS / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    assert right in source, "the chapter has changed: choose another step"
    altered = compile(source.replace(right, wrong, 1), str(path), "exec")
    with pytest.raises(AssertionError):
        exec(altered, {"__file__": str(path), "__name__": "altered"})


def test_checks_fail():
    x = sympy.Symbol("x")
    for check, arguments in (
        ("proved", (x**2, x)),
        ("proved", (sympy.nan, 0)),
        ("proved", ([x, x], [x, 2 * x])),
        ("holds", (None,)),
        ("holds", (x > 0,)),
        ("agree", (1.0, 1.001, 3.5)),
        ("agree", (math.nan, 1.0, 1)),
    ):
        with pytest.raises(AssertionError):
            STEPS[check](*arguments)
    STEPS["proved"](sympy.sin(x) ** 2, 1 - sympy.cos(x) ** 2)
    STEPS["holds"](sympy.true)
    STEPS["agree"](1.0, 1.001, 2.5)
