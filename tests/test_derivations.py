"""The chapters run, their results are the package's numbers, and a chapter with a wrong step does not run.

Each chapter runs once.  Its results (`sympy.Lambda`) are evaluated to 70 digits at the very numbers the package was
given, so what is compared is the package's error alone.
"""

import math
import pathlib
import runpy

import numpy as np
import pytest
import sympy

import ntkref as nk
from ntkref.claims.setting import chapter_results
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
    return pytest.fixture(scope="module", name=name)(lambda: chapter_results(name))


arcsine_kernel, fixed_points = chapter("arcsine_kernel"), chapter("fixed_points")
tangent_kernel, mean_predictor = chapter("tangent_kernel"), chapter("mean_predictor")
chaotic_phase, ordered_phase = chapter("chaotic_phase"), chapter("ordered_phase")
critical_line, relu, rbf = chapter("critical_line"), chapter("relu"), chapter("rbf")
notation, gaussian_processes = chapter("notation"), chapter("gaussian_processes")


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
    numbers = nk.digits(5)  # and 20 guard digits
    context = numbers.context

    def expectation(function, low):
        s = context.sqrt(context.mpf(q))
        density = lambda z: context.exp(-z * z / 2) / context.sqrt(2 * context.pi)  # noqa: E731
        return context.quad(lambda z: function(s * z) ** 2 * density(z), [low, -4, -2, 0, 2, 4, 12])

    for activation in (nk.erf, nk.relu):
        for definition, label in ((activation.value, "T"), (activation.derivative, "Tdot")):
            result = at(arcsine_kernel[f"{label}_{activation.name}"], q, q, q)
            # Beyond 12 deviations 4e-33 of the mass remains; Gauss-Legendre on six pieces settles to 20 digits.
            agree(expectation(lambda x, f=definition: f(numbers, x), -12), result, digits=20)
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


# ---- the limits of order and chaos


def last_two(net, q, one_minus_c, system):
    *_, (_, before), (_, last) = pairs_by_depth(net, q, one_minus_c, system)
    return before, last


@systems
@pytest.mark.parametrize("sigma_w2", ["0.8", "1.5", "2.5"])
def test_diagonal(tangent_kernel, sigma_w2, system, digits):
    mf = nk.mean_field(nk.erf, sigma_w2, "0.18", system)
    for depth, k in pairs_by_depth(nk.fcn(30, nk.erf, sigma_w2, "0.18"), mf.q_star, 1, system):
        agree(k.Theta.x, at(tangent_kernel["p"], mf.q_star, mf.chi_1, depth), digits - 1)  # 4 l units at l = 30


def test_ordered_limit_and_rate(arcsine_kernel, ordered_phase):
    """At l = 300 what is neglected is l chi_1^l = 3e-60, and it enters twice."""
    system, w = nk.digits(100), "0.8"
    mf = nk.mean_field(nk.erf, w, "0.18", system)
    before, last = last_two(nk.fcn(300, nk.erf, w, "0.18"), mf.q_star, "1.2", system)
    p_star = at(ordered_phase["p_star"], mf.q_star, mf.chi_1)
    f2 = sympy.Rational(w) * at(arcsine_kernel["erf_derivatives"][1], mf.q_star)
    s = at(ordered_phase["s"], f2, p_star, mf.chi_1)
    for limit in (mf.p_star, mf.p_ab_star, last.ntk, last.Theta.x):
        agree(limit, p_star, digits=59)
    agree(s, at(ordered_phase["s_erf"], mf.q_star, mf.chi_1), digits=60)
    agree(s, nk.asymptotics.of(mf).s, digits=60)
    per_depth = last.ntk_gap / mf.chi_1**299 - before.ntk_gap / mf.chi_1**298  # l drops out: no error 1/l
    agree(per_depth / (last.nngp_gap / mf.chi_1**299), s, digits=59)


@pytest.mark.parametrize("point", [("3", "0.18"), ("2.2", "0.05")])
def test_chaotic_limit_and_resonance(arcsine_kernel, chaotic_phase, point):
    """With 200 digits at l = 400, where chi_c^l is 1e-20 and less: the neglected square is that small."""
    system = nk.digits(200)
    mf = nk.mean_field(nk.erf, *point, system)
    before, last = last_two(nk.fcn(400, nk.erf, *point), mf.q_star, "0.4", system)
    q_ab = mf.c_star * mf.q_star
    agree(mf.p_ab_star, at(chaotic_phase["p_ab_star"], q_ab, mf.chi_c), digits=60)
    agree(last.ntk, mf.p_ab_star, digits=15)
    t = sympy.Symbol("t")
    tdot = sympy.Lambda(t, sympy.diff(arcsine_kernel["Tdot_erf"](*[sympy.sympify(mf.q_star)] * 2, t), t))
    f2 = sympy.Rational(point[0]) * at(tdot, q_ab)
    agree(f2, at(chaotic_phase["f2_erf"], mf.q_star, q_ab, mf.chi_c), digits=60)
    factor = at(chaotic_phase["resonance"], f2, mf.p_ab_star, mf.chi_c)
    agree(factor, nk.asymptotics.of(mf).resonance, digits=60)
    eta = [(k.ntk - mf.p_ab_star) / mf.chi_c**k.depth for k in (before, last)]
    agree((eta[1] - eta[0]) / ((last.nngp - q_ab) / mf.chi_c**399), factor, digits=15)
    agree(at(chaotic_phase["xi_star"], mf.chi_c, mf.chi_1), mf.xi_star, digits=60)


def images(mf, m, depth, q=None):
    """(training Gram, test × training, zero-mean labels, 1 − c of both) of real images at `depth`."""
    x = nk.optical_digits()[0][: m + 2].reshape(m + 2, -1)
    net = nk.fcn(depth, mf.activation, mf.sigma_w2, mf.sigma_b2)
    x = nk.normalised(x, net, q=q)
    first = nk.fcn(1, mf.activation, mf.sigma_w2, mf.sigma_b2)
    e = [k.nngp_gap / (2 * (q or mf.q_star)) for k in (nk.kernels(first, x[:m]), nk.kernels(first, x[m:], x[:m]))]
    y = np.arange(m) - (m - 1) / 2
    return nk.kernels(net, x[:m]), nk.kernels(net, x[m:], x[:m]), y, *e


def test_order_on_real_inputs(ordered_phase):
    """The chapter's κ and kriging limit against the package at l = 150; 1/l of W is left in the NTK's."""
    mf = nk.mean_field(nk.erf, "1", "0.18")
    k, cross, y, e, e_test = images(mf, 5, 150)
    agree(nk.spectrum(k).lambda_max, at(ordered_phase["lambda_max"], 5, mf.p_star), digits=12)  # (20 + 4 l) u = 7e-14
    laws = nk.asymptotics.of(mf)
    E, E_test = laws.coordinate(e), laws.coordinate(e_test)
    mu_min = nk.spectrum(k, "nngp").lambda_bulk[-1] / mf.chi_1**149
    kappa = at(ordered_phase["nngp_kappa"], 5, mf.q_star, mu_min, mf.chi_1, 150)
    agree(nk.spectrum(k, "nngp").kappa, kappa, digits=11)
    kappa = at(ordered_phase["kappa"], 5, mf.p_star, laws.s, mu_min, mf.chi_1, 150)
    assert abs(nk.spectrum(k).kappa / float(kappa) - 1) < 5 / 150
    P = np.array(ordered_phase["kriging"](sympy.Matrix(E), sympy.Matrix(E_test)).tolist(), dtype=float)
    assert np.max(np.abs(P @ y - nk.mean_predictor(k, cross, y, "nngp"))) < 1e-9  # chi_1^150, and rounding times κ(E)


def test_chaos_on_real_inputs(chaotic_phase):
    """κ − 1 and the predictor's two constants; l chi_c^l at l = 60 is 3e-3, and 1/l of V is left in P y."""
    mf, l = nk.mean_field(nk.erf, "3", "0.18"), 60
    k, cross, y, _, e_test = images(mf, 5, l)
    kappa = float(at(chaotic_phase["kappa_minus_1"], 5, mf.p_ab_star, mf.q_star, mf.chi_1, l))
    assert abs((nk.spectrum(k).kappa - 1) / kappa - 1) < 3e-2
    R = nk.asymptotics.of(mf).resonance
    rate = float(at(chaotic_phase["predictor_factor"], mf.q_star, mf.chi_1, R)) * l * (mf.chi_c / mf.chi_1) ** l
    E_test = nk.asymptotics.of(mf).coordinate(e_test)
    leading = rate * E_test @ y
    assert np.max(np.abs(nk.mean_predictor(k, cross, y) - leading)) < 20 / l * np.max(np.abs(leading))
    constant = float(at(chaotic_phase["predictor_of_mean"], mf.p_ab_star, mf.q_star, mf.chi_1)) * 5 * mf.chi_1**-l
    assert np.max(np.abs(nk.mean_predictor(k, cross, np.ones(5)) / constant - 1)) < 3e-2
    K = nk.spectrum(nk.kernels(nk.fcn(300, nk.erf, "3", "0.18"), np.eye(5)), "nngp").kappa
    agree(K, at(chaotic_phase["nngp_kappa"], 5, mf.c_star), digits=12)


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
def test_critical_spectrum_at_depth(critical_line, relu, name, fraction, kappa):
    """Five orthogonal inputs.  From l to 2l the O(1) terms cancel; O(log(l)/l), 8e-3 at most, is left."""
    m, depth = 5, 2000
    if name == "erf":
        point = nk.critical_point(nk.erf, sigma_b2="0.18")
        sigma_w2, sigma_b2, q, chapter_ = point.sigma_w2, point.sigma_b2, point.q_star, critical_line
        rho = float(at(critical_line["rho_erf"], q))
        kappa_log = float(at(critical_line["kappa_log"], m, rho))
    else:
        sigma_w2, sigma_b2, q, chapter_ = 2, 0, 1.0, relu
        rho = 1.5
        kappa_log = float(at(relu["kappa_log"], m))
    net = nk.fcn(2 * depth, getattr(nk, name), sigma_w2, sigma_b2)
    ntk = {l: k.ntk for l, k in nk.kernels_by_depth(net, nk.normalised(np.eye(m), net, q=q)) if l in (depth, 2 * depth)}
    low, high = (np.linalg.eigvalsh(ntk[l]) for l in (depth, 2 * depth))

    slope = float(at(chapter_["p_ab_slope"], q))
    top = float(at(chapter_["lambda_max_slope"], m, q))
    bulk = float(at(chapter_["lambda_bulk_slope"], m, q))
    logarithm = slope * rho * math.log(2)  # what p_ab gains beside slope · depth, which is about 300
    assert slope == pytest.approx(q / fraction, rel=1e-15)
    assert ntk[2 * depth][0, 1] - ntk[depth][0, 1] - slope * depth == pytest.approx(logarithm, abs=8e-3)
    assert high[-1] - low[-1] - top * depth == pytest.approx((m - 1) * logarithm, abs=(m - 1) * 8e-3)
    assert high[0] - low[0] - bulk * depth == pytest.approx(-logarithm, abs=8e-3)

    assert float(at(chapter_["kappa"], m)) == kappa
    scaled = [(v[-1] / v[0] - kappa) * l for v, l in ((low, depth), (high, 2 * depth))]
    # Here (log l)²/l is left, 3e-2 at l = 2000, times a factor below 1.
    assert scaled[1] - scaled[0] == pytest.approx(kappa_log * math.log(2), rel=2e-2)


@systems
@pytest.mark.parametrize("q_star", ["0.5", "3"])
def test_critical_laws_are_the_chapters(critical_line, q_star, system, digits):
    point = nk.critical_point(nk.erf, q_star=q_star, numbers=system)
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2, system))
    q = laws.mf.q_star
    constants = (laws.alpha, laws.beta, laws.gamma)
    for mine, name, arguments in (
        (laws.alpha, "alpha_erf", (q,)),
        (laws.beta, "beta_erf", (q,)),
        (laws.gamma, "gamma_erf", (q,)),
        (laws.rho, "rho_erf", (q,)),
        (laws.r, "r", constants[:2]),
        (laws._s1, "s1", constants),
        (laws.c0(2), "c0", (q, *constants[:2], 2)),
        (laws._series[2], "A1", (q, *constants)),
    ):
        agree(mine, at(critical_line[name], *arguments), digits - 3)  # differences, of numbers rounded before


def test_predictors_on_the_line_and_for_relu(critical_line, relu):
    """P y at l = 2000 with real inputs, to O(1/l), and P 1."""
    point = nk.critical_point(nk.erf, sigma_b2="0.18")
    for mf, q, chapter_, factor in (
        (nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2), None, critical_line, "predictor_factor"),
        (nk.mean_field(nk.relu, 2), 1, relu, "predictor_factor"),
    ):
        l = 2000
        k, cross, y, e, e_test = images(mf, 5, l, q)
        laws = nk.asymptotics.of(mf, q) if q else nk.asymptotics.of(mf)
        C, C_test = laws.coordinate(e), laws.coordinate(e_test)
        of = float(at(chapter_[factor], *([] if q else [laws.alpha])))
        share = float(at(chapter_["predictor_mean"], 5))
        constant = of * (C_test @ y - share * np.sum(C @ y))
        assert np.max(np.abs(l * nk.mean_predictor(k, cross, y) - constant)) < 100 / l
        assert np.max(np.abs(nk.mean_predictor(k, cross, np.ones(5)) - 5 * share)) < 5 * math.log(l) / l


@systems
def test_relu_laws_are_the_chapters(relu, system, digits):
    laws = nk.asymptotics.of(nk.mean_field(nk.relu, 2, 0, system), "1.7")
    agree(laws._s1, at(relu["s1"]), digits)
    ordered = nk.mean_field(nk.relu, "1.5", "0.1", system)
    agree(ordered.q_star, at(relu["ordered_q_star"], "1.5", "0.1"), digits)
    agree(nk.asymptotics.of(ordered).s, at(relu["ordered_s"], ordered.q_star, ordered.chi_1), digits - 1)
    explicit = at(relu["p_ab"], "1.7", 10**9, 2)
    agree(laws.ntk_offdiagonal(10**9, 2), explicit, 14)  # log l/l of l


# ---- gradient flow, wide networks, the toy example


@systems
def test_training_formulas(mean_predictor, system, digits):
    eta, lam, t = (system.asarray(v, "v") for v in ("0.7", "1.3", "2.5"))
    product = float(eta * lam * t)
    agree(at(mean_predictor["learnt"], "0.7", "1.3", "2.5"), -math.expm1(-product), 15)
    assert float(at(mean_predictor["largest_step"], 8)) == 2 / 8
    assert float(at(mean_predictor["slowest_rate"], 8)) == 2 / 8
    mf = nk.mean_field(nk.erf, "1", "0.18", system)
    agree(at(mean_predictor["eta_ordered"], 5, mf.q_star, mf.chi_1), 2 / (5 * mf.p_star), digits - 1)
    mf = nk.mean_field(nk.erf, "3", "0.18", system)
    p = nk.asymptotics.of(mf).ntk_diagonal(200)
    agree(
        at(mean_predictor["eta_chaotic"], mf.q_star, mf.chi_1, 200), 2 / p, min(digits, 24) - 2
    )  # chi_1^-l = 5e-23, u l
    assert float(at(mean_predictor["p_constant"], 3, 1, 5)) == 1 / 7


def test_excess_kurtosis_by_quadrature(gaussian_processes):
    """erf at q = 1: moments of φ by Gauss–Hermite with 200 nodes, against the chapter's formula at two widths."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    phi = np.array([math.erf(z) for z in nodes])
    second, fourth = (float(weights @ phi**n / weights.sum()) for n in (2, 4))
    for width in (10, 1000):
        q = 1.5 * second + 0.1
        expected = 3 * 1.5**2 * (fourth - second**2) / width / q**2
        agree(at(gaussian_processes["excess_kurtosis"], 1.5, 0.1, second, fourth, width), expected, 14)
    assert float(at(gaussian_processes["relu_excess_kurtosis"], 15)) == 1
    assert float(at(gaussian_processes["kernel_step"], 2, 1, 3)) == 7


def test_depth_scale(notation):
    mf = nk.mean_field(nk.erf, "1", "0.18", nk.digits(50))
    agree(at(notation["xi"], mf.chi_1), mf.xi_1, digits=48)


def test_toy_example(rbf):
    agree(at(rbf["kappa_two_points"], 1, 4), 1 / math.tanh(1 / 8), 15)
    counts = {(3, 4): 1, (3, 5): 2, (3, 10): 2, (3, 11): 3, (1, 6): 5, (64, 12): 1}
    assert {case: int(rbf["order"](*case)) for case in counts} == counts
    agree(at(rbf["kappa_minus_1_chaotic"], 10, 2), 2 * math.exp(-20), 15)
