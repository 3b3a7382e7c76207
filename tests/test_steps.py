"""A chapter with a wrong step does not run, and the checks that chapters are made of can fail."""

import math
import pathlib
import re
import runpy

import pytest
import sympy

CHAPTERS = pathlib.Path(__file__).parent.parent / "derivations"
STEPS = runpy.run_path(str(CHAPTERS / "steps.py"))

WRONG = [  # (chapter, text in it, what replaces it): a constant, a sign, an exponent, a factor; three of each chapter
    ("notation", "sqrt(sigma_w2 / 3) * inputs", "sqrt(sigma_w2) * inputs"),
    ("notation", "p = [q * (chi**l - 1)", "p = [q * (chi**l + 1)"),
    ("notation", "square / 2, proved", "square, proved"),
    ("rbf", "kappa_two = coth(D / (2 * h))", "kappa_two = coth(D / h)"),
    ("rbf", "factorial(power)) / sum(weights)", "factorial(power + 1)) / sum(weights)"),
    ("rbf", "(a + sign * b) ** 2 / (2 * epsilon)", "(a + sign * b) ** 2 / epsilon"),
    ("gaussian_processes", "exp(-(four.T * S * four)[0] / 2)", "exp(-(four.T * S * four)[0])"),
    (
        "gaussian_processes",
        "of_S = Lambda(s, N * generating(sigma_w2 * s / N)",
        "of_S = Lambda(s, N * generating(sigma_w2 * s)",
    ),
    ("gaussian_processes", "count * (k_xx**2 + variance_number)", "count * (k_xx**2 + 2 * variance_number)"),
    ("arcsine_kernel", "diff(rho, u, 2) / rho / 2)", "diff(rho, u, 2) / rho)"),
    ("arcsine_kernel", "m2 = (1 + 2 * q1) * (1 + 2 * q2) - 4", "m2 = (1 + 2 * q1) * (1 + 2 * q2) - 2"),
    ("arcsine_kernel", "gap = 8 / pi * atan", "gap = 4 / pi * atan"),
    ("tangent_kernel", "rest = sigma_w**2 / N * (W[n]", "rest = sigma_w / N * (W[n]"),
    ("tangent_kernel", "return Ds[-1] * sum(q_k / D_k", "return Ds[-1] * sum(q_k / D_k**2"),
    ("tangent_kernel", "critical_shift_erf = (1 + 2 * q_star)", "critical_shift_erf = (1 + 3 * q_star)"),
    ("mean_predictor", "p_constant = o / (d + (m - 1) * o)", "p_constant = o / (d + m * o)"),
    ("mean_predictor", "8 / ((m + 3) * q * l)", "8 / ((m + 2) * q * l)"),
    ("mean_predictor", "/ (total - 1 / p)", "/ (total + 1 / p)"),
    ("fixed_points", "V_slope = 4 * sigma_w2", "V_slope = 2 * sigma_w2"),
    ("fixed_points", "a = 2 * q**2 /", "a = 2 * q**3 /"),
    ("fixed_points", "line_sigma_w2 = pi / 4 * sqrt(1 + 4 * q)", "line_sigma_w2 = pi / 4 * sqrt(1 + 2 * q)"),
    ("chaotic_phase", "resonance = (chi + f2 * p_ab) / chi**2", "resonance = (chi + f2 * p_ab) / chi"),
    ("chaotic_phase", "g = p_ab * (chi_1 - 1) / q_star", "g = p_ab * chi_1 / q_star"),
    ("chaotic_phase", "nngp_cross = c_star / (1 + (m - 1) * c_star)", "nngp_cross = c_star / (1 + m * c_star)"),
    ("ordered_phase", "s_of = 1 + f2 * p_star / chi", "s_of = 1 + f2 * p_star"),
    ("ordered_phase", "/ (size**2 * p)", "/ (size * p)"),
    ("ordered_phase", "(one_test - test * inverse * one)", "(one_test + test * inverse * one)"),
    ("critical_line", "r * alpha**2 / 2) / alpha)", "r * alpha**2 / 3) / alpha)"),
    ("critical_line", "kappa_log = 3 * m", "kappa_log = 2 * m"),
    ("critical_line", "C_td * y - mean", "C_td * y + mean"),
    ("relu", "Rational(1, 15) + 1 / (9 * pi**2)", "Rational(1, 15) + 1 / (8 * pi**2)"),
    ("relu", "kappa_log, k_of = 2 * m / 3", "kappa_log, k_of = m / 3"),
    ("relu", "ordered_s = sqrt(2 * q * chi)", "ordered_s = sqrt(q * chi)"),
    ("gauss_hermite", "[0] * (2 * size) + [factorial(size)])", "[0] * (2 * size) + [factorial(size + 1)])"),
    ("gauss_hermite", "phase = y * p / 2 + a * sympy.asinh", "phase = y * p / 2 + 2 * a * sympy.asinh"),
    ("gauss_hermite", "pole_term = -sqrt(2 * pi) / q * (omega - y)", "pole_term = -sqrt(2 * pi) / q * (omega + y)"),
    ("hermite_expansion", "[sqrt((order + 1) / q) * a_of[order + 1]", "[sqrt(order / q) * a_of[order + 1]"),
    ("hermite_expansion", "sum(A[order + 1 :])", "sum(A[order:])"),
    ("hermite_expansion", "mehler = (2 * c * x * y", "mehler = (c * x * y"),
    ("price", "T_step = Rational(1, 4) + asin(c12) / (2 * pi)", "T_step = Rational(1, 4) + asin(c12) / pi"),
    ("price", "phi_phi2 = q * (2 + 3 * q - q**2)", "phi_phi2 = q**2 * (2 + 3 * q - q**2)"),
    ("price", "T_sinusoid = (G_minus - cos(2 * b) * G_plus) / 2", "T_sinusoid = (G_minus + cos(2 * b) * G_plus) / 2"),
    ("tanh_line", "(5 * m2 * E(", "(3 * m2 * E("),
    ("tanh_line", "1 + (pi**2 - 6) / (24 * q))", "1 - (pi**2 - 6) / (24 * q))"),
    ("tanh_line", "Rational(34, 3) * q**3", "Rational(32, 3) * q**3"),
    ("universality", "G: 7 * eta * q / (15 * alpha**2)", "G: 7 * eta * q / (15 * alpha)"),
    ("universality", "lam = jump**2 / (2 * gain)", "lam = jump**2 / gain"),
    ("universality", "odd = a1 * x + a3 * x**3 / 6", "odd = a1 * x + a3 * x**3 / 3"),
    ("convolution", "(weights * root * window", "(weights * root**2 * window"),
    ("convolution", "(2 * chi * (chi * rho_q**2 - rho_2q))", "(2 * chi * (chi * rho_q - rho_2q))"),
    ("convolution", "(1 + 2 * cos(pi * j / (n + 1))) / 3)", "(1 + 2 * cos(pi * j / n)) / 3)"),
    ("flattening_and_pooling", "kappa = (p + (m * d - 1) * p_ab) / d", "kappa = (p + (m - 1) * p_ab) / d"),
    ("flattening_and_pooling", "k_of = (2 * Sigma - (m * d + 2) * mu)", "k_of = (2 * Sigma - (m + 2) * mu)"),
    ("flattening_and_pooling", "d / (2 * alpha), d / (m * d + 2)", "d / (2 * alpha), d / (m + 2)"),
    ("relu_away", "p_of = Lambda(x, Rational(2, 7) / x**4", "p_of = Lambda(x, Rational(1, 3) / x**4"),
    ("relu_away", "(2 * n - 3) - 3 * Delta**2", "(2 * n - 3) - 4 * Delta**2"),
    ("relu_away", "- Rational(1, 3) + 2 * beta / 3", "- Rational(1, 3) + beta / 3"),
    ("finite_width", "(with_psi[k] + 2 * raw_psi[k])", "(with_psi[k] + raw_psi[k])"),
    ("finite_width", "geometric * 4 / 3) / L**2", "geometric * 2 / 3) / L**2"),
    ("finite_width", "[2 * e, 1 + 3 * e]", "[2 * e, 1 + 2 * e]"),
    ("dropout", "T * (1 + g) + sigma_b2", "(T + sigma_b2) * (1 + g)"),
    ("dropout", "- m * sigma_b2 / (p_star - sigma_b2) * p_star)", "+ m * sigma_b2 / (p_star - sigma_b2) * p_star)"),
    ("dropout", "relu, relu_next = 1 + m / (3 + 4 * g), 6 * m", "relu, relu_next = 1 + m / (3 + 4 * g), 4 * m"),
    ("skip_connections", "r, s1 = mu / (2 * pi), Rational(1, 15)", "r, s1 = 1 / (2 * pi), Rational(1, 15)"),
    ("skip_connections", "(growth * (sqrt(zeta) - zeta))", "(growth * (1 - zeta))"),
    ("skip_connections", "A * (A_q / s - A / 2) * log_l", "A * (A_q / s + A / 2) * log_l"),
    ("layer_normalisation", "- c_hat * z_hat * z_hat_prime.T", "+ c_hat * z_hat * z_hat_prime.T"),
    ("layer_normalisation", "- 31 * pi / 40 * theta", "- 31 * pi / 30 * theta"),
    ("layer_normalisation", "Y_pre = 2 * sqrt(2) * chi", "Y_pre = sqrt(2) * chi"),
]


NUMBER = r"\d{1,2}\.\d{1,2}"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(CHAPTERS.glob("*.py"))}


def test_equations_are_numbered_once_and_every_number_that_is_cited_exists():
    labels = [label for text in TEXTS.values() for label in re.findall(rf"\\tag{{({NUMBER})}}", text)]
    assert len(labels) == len(set(labels)) > 150
    for name, text in TEXTS.items():
        own = [tuple(map(int, label.split("."))) for label in re.findall(rf"\\tag{{({NUMBER})}}", text)]
        assert own == sorted(own), name
        for line in text.splitlines():
            _, _, prose = line.partition("#")
            for group in re.findall(rf"\(((?:{NUMBER})(?:(?:, | and | to ){NUMBER})*)\)", prose):
                assert set(re.findall(NUMBER, group)) <= set(labels), (name, line)


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
