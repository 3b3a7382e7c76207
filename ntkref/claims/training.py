"""Sections 1, 3 and 4: gradient flow (Eq. 5, 6, 7, 9), learning rates, and what the metrics measure."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import expm

from ..numbers import float64
from ..predictor import gradient_flow, mean_predictor
from ..recursion import kernels
from ..spectrum import max_learning_rate, spectrum
from . import curves
from .claim import CORRECTED, HOLDS, Claim, both, corrected, leading, printed
from .measures import bend, logs, settling
from .setting import Setting

__all__ = ["TRAINING_CLAIMS"]

_BEFORE = (10, 30, 100)  # depths at which a fall with 1/l is far from linear
_DEPTH = 30  # on the critical line, where Θ of the images has a condition number of about 8


def _gram(setting: Setting, numbers):
    """(training Gram, test × training) of four and two images at depth 30, their targets, and a time."""
    train, test, y = setting.images("critical")
    net = setting.network("critical", _DEPTH)
    k, cross = kernels(net, train[:4], None, numbers), kernels(net, test[:2], train[:4], numbers)
    return k, cross, y[:4], 3 / float(np.trace(np.asarray(k.ntk, dtype=float)))


def _by_elimination(k, cross, y, numbers):
    """Θ_test Θ⁻¹ y by plain linear algebra on the entries."""
    if numbers is float64:
        return cross.ntk @ np.linalg.solve(k.ntk, y)
    context = numbers.context
    weights = context.lu_solve(context.matrix(k.ntk.tolist()), context.matrix([[v] for v in y]))
    return np.array(list(context.matrix(cross.ntk.tolist()) * weights), dtype=object)


def _flow(setting: Setting, numbers, test: bool):
    """`gradient_flow` against e^{−Θt} by its power series and squarings (Eq. 5), times Θ Θ⁻¹ by elimination."""
    k, cross, y, t = _gram(setting, numbers)
    train, prediction = gradient_flow(k, cross, y, t)
    if numbers is float64:
        mean = y - expm(-k.ntk * t) @ y
        allowed = 1e-13, "κ = 8 times rounding, in eight steps"
    else:
        context = numbers.context
        theta, targets = context.matrix(k.ntk.tolist()), context.matrix([[v] for v in y])
        mean = np.array(list(targets - context.expm(-theta * t) * targets), dtype=object)
        allowed = 1000 * numbers.eps, "κ = 8 times the rounding of entries to n digits"
    found, expected = (prediction, _by_elimination(k, cross, mean, numbers)) if test else (train, mean)
    yield printed("μ_t", np.max(np.abs(found - expected)) / np.max(np.abs(y)), *allowed)


def _modes(setting: Setting):
    """(λ, what is derived of its mode, what the flow has learnt of it) at n digits, by plain eigenvectors."""
    numbers = setting.digits
    learnt, context = setting.chapter("mean_predictor")["learnt"], numbers.context
    k, cross, y, t = _gram(setting, numbers)
    train, _ = gradient_flow(k, cross, y, t)
    values, vectors = context.eigsy(context.matrix(k.ntk.tolist()))
    for i, value in enumerate(values):
        v = [vectors[j, i] for j in range(len(y))]
        found = context.fdot(v, list(train)) / context.fdot(v, [context.mpf(float(target)) for target in y])
        yield value, setting.evaluate(learnt, (1, value, t)), found


def _flow_derivation(setting: Setting):
    for value, derived, found in _modes(setting):
        allowed = 1e4 * setting.digits.eps, "κ = 8, and what little of y is in a mode"
        yield printed(f"the mode of λ = {float(value):.3g}, derived", found / derived - 1, *allowed)


def _eq9_derivation(setting: Setting):
    yield printed(
        "(Id − e^{−ηλt}) is a number", 4**2 - 1, 0, "a reading: Id minus a number has 16 entries for 4 points"
    )
    for value, derived, found in _modes(setting):
        allowed = 1e4 * setting.digits.eps, "κ = 8, and what little of y is in a mode"
        yield leading(f"the mode of λ = {float(value):.3g} is learnt exponentially", found / derived - 1, *allowed)
        yield corrected(f"the mode of λ = {float(value):.3g}, derived", found / derived - 1, *allowed)


def _eq7(setting: Setting, numbers):
    k, cross, y, t = _gram(setting, numbers)
    late = 100 * t * (1 if numbers is float64 else numbers.n)
    train, test = gradient_flow(k, cross, y, late)
    expected = _by_elimination(k, cross, y, numbers)
    allowed = (1e-13 if numbers is float64 else 1000 * numbers.eps), "κ = 8 times rounding"
    scale = np.max(np.abs(y))
    yield printed("μ_t(train) tends to y", np.max(np.abs(train - y)) / scale, *allowed)
    yield printed("μ_t(test) tends to Θ_test Θ⁻¹ y", np.max(np.abs(test - expected)) / scale, *allowed)
    predicted = mean_predictor(k, cross, y)
    yield printed("which is what P(Θ) y gives", np.max(np.abs(predicted - expected)) / scale, *allowed)


def _eq9_float64(setting: Setting):
    k, cross, y, t = _gram(setting, float64)
    values, vectors = np.linalg.eigh(k.ntk)
    train, _ = gradient_flow(k, cross, y, t)
    left, scale = vectors.T @ train, np.max(np.abs(y))
    as_printed = np.eye(len(y)) - np.exp(-values[0] * t)  # Id minus a number: no number
    yield printed("(Id − e^{−ηλt}) is a number", as_printed.size - 1, 0, "a reading: μ̃_i is one number")
    off = np.max(np.abs(left + np.expm1(-values * t) * (vectors.T @ y))) / scale
    yield leading("each mode is learnt by itself, exponentially", off, 1e-13, "rounding")
    yield corrected("μ̃_i = (1 − e^{−ηλ_i t}) ỹ_i", off, 1e-13, "rounding")


def _largest_rate(setting: Setting):
    """2000 steps of gradient descent with steps just below and just above 2/λ_0."""
    k, _ = setting.kernels("critical")[100]
    top = setting.spectrum("critical", 100).lambda_max
    y = setting.images("critical")[2] + 1
    for factor, name, does, sign in ((0.99, "below", "converges", 1), (1.01, "above", "diverges", -1)):
        residual = y.copy()
        for _ in range(2000):
            residual -= factor * 2 / top * (k.ntk @ residual)
        ratio = np.linalg.norm(residual) / np.linalg.norm(y)
        yield printed(f"{name} 2/λ_0 it {does}", ratio**sign, 1, "an inequality")


def _largest_rate_derivation(setting: Setting):
    results, numbers = setting.chapter("mean_predictor"), setting.digits
    k, _, _, _ = _gram(setting, numbers)
    values = numbers.context.eigsy(numbers.context.matrix(k.ntk.tolist()), eigvals_only=True)
    step = setting.evaluate(results["largest_step"], (max(values),))
    yield printed(
        "2/λ_0, derived, is max_learning_rate's", max_learning_rate(k) / step - 1, 100 * numbers.eps, "rounding"
    )


def _slowest(setting: Setting):
    """How fast the last mode is learnt with η = 2/λ_0, from the flow itself."""
    rates = []
    for depth in (100, 1000):
        k, cross = setting.kernels("critical")[depth]
        s = setting.spectrum("critical", depth)
        _, vectors = np.linalg.eigh(k.ntk)
        y, t = vectors[:, 0], s.kappa
        mean, _ = gradient_flow(k, cross, y, t, 2 / s.lambda_max)
        rates.append(-math.log(1 - mean @ y) / t * s.kappa)
    yield printed("the rate is 1/κ", rates[0] - 1, 1e-12, "rounding times κ = 7")
    yield leading("the rate is proportional to 1/κ", rates[1] / rates[0] - 1, 1e-12, "rounding times κ = 7")
    yield corrected("the rate is 2/κ", rates[0] / 2 - 1, 1e-12, "rounding times κ = 7")


def _slowest_derivation(setting: Setting):
    results, numbers = setting.chapter("mean_predictor"), setting.digits
    kappa = numbers.context.mpf("7.3")
    rate = setting.evaluate(results["slowest_rate"], (kappa,)) * kappa
    yield printed("the derived rate is 1/κ", rate - 1, 10 * numbers.eps, "rounding")
    one = setting.evaluate(results["slowest_rate"], (1,))
    yield leading("it is proportional to 1/κ", rate / one - 1, 10 * numbers.eps, "rounding")
    yield corrected("it is 2/κ", rate / 2 - 1, 10 * numbers.eps, "rounding")


def _count(setting: Setting):
    k, _ = setting.kernels("critical")[100]
    values, m = spectrum(k).eigenvalues, setting.m
    yield printed("the eigenvalues are λ_0 … λ_m", len(values) - (m + 1), 0, "a count")
    yield leading("they fall", max(0.0, np.max(np.diff(values))), 0, "an order")
    yield corrected("they are λ_0 … λ_{m−1}", len(values) - m, 0, "a count")


def _one_large(setting: Setting):
    """λ_0 stands apart: the largest of the rest against the gap above it, in order and on the line."""
    for phase, limit in (("ordered", 0), ("critical", 2 / setting.m)):
        depth = setting.depths(phase)[-1]
        s = setting.spectrum(phase, depth)
        rest = s.lambda_bulk[0] / (s.lambda_max - s.lambda_bulk[0])
        yield printed(f"λ_1/(λ_0 − λ_1) in the {phase} phase", rest, 0.2, "small against 1")
        yield printed(
            "and it tends to 0 in order, 2/m on the line",
            rest - limit,
            *(logs(depth) if limit else (1e-50, "l χ₁ˡ at l = 400")),
        )


def _typical(setting: Setting):
    """λ_max over a bulk eigenvalue for κ: right in chaos and on the line, off by a factor in order."""
    for phase in ("chaotic", "critical"):
        s = setting.spectrum(phase, setting.depths(phase)[-1])
        off = s.lambda_bulk[0] / s.lambda_bulk[-1] - 1
        yield leading(f"κ = λ_0/λ_1 at depth, {phase}", off, 0.01, "the bulk draws together, on the line as 1/l")
    bulk = setting.spectrum("ordered", 400).lambda_bulk
    yield printed("κ = λ_0/λ_1 at depth, in order", bulk[0] / bulk[-1] - 1, 0.03, "O(1/l)")
    laws, (E, _, W, _) = setting.laws("ordered"), setting.constants("ordered")
    law = laws.lambda_bulk(400, E, W)
    off = bulk[0] / bulk[-1] / (law[0] / law[-1]) - 1
    yield corrected("κ/(λ_0/λ_1) is the law's, μ_max/μ_min and 1/l", off, 1e-11, "rounding: 400 layers, twice")


def _constant(setting: Setting):
    """On the line P(Θ) tends to a constant matrix, which labels of mean 0 do not feel."""
    depth = setting.depths("critical")[-1]
    P = setting.prediction("critical", depth, y=np.eye(setting.m))
    yield printed("the entries of P(Θ) are one number", np.max(np.abs(P - np.mean(P))), *logs(depth))
    yield printed("which is 1/(m+2)", np.mean(P) * (setting.m + 2) - 1, *logs(depth))
    labels = np.max(np.abs(setting.images("critical")[2]))
    yield printed("P(Θ) y tends to 0", np.max(np.abs(setting.prediction("critical", depth))) / labels, *logs(depth))


def _predictor_itself(setting: Setting):
    """P(Θ) 1 and P(Θ) y with zero-mean y, in chaos."""
    mf, laws, depths = setting.mean_field("chaotic"), setting.laws("chaotic"), (60, 80)
    ones = [setting.prediction("chaotic", l, y=setting.ones) for l in depths]
    rate = np.log(np.max(np.abs(ones[1])) / np.max(np.abs(ones[0]))) / 20
    yield printed("P(Θ) falls over ξ_* layers", rate * mf.xi_star + 1, 0.01, "O(1/l²) where it is right")
    over = mf.xi_star / setting.chaotic_fall()
    yield leading("P(Θ) y/l of zero-mean y falls over ξ_* layers", 1 - over, 0.01, "O(1/l²)")
    yield corrected("P(Θ) falls as χ₁^{−l}", rate / math.log(mf.chi_1) + 1, 1e-3, "m p_ab*/p⁽ˡ⁾ at l = 60")
    constant = setting.m * mf.p_ab_star / laws.ntk_diagonal(80)
    yield corrected("P(Θ) 1 = m p_ab*/p⁽ˡ⁾", np.max(np.abs(ones[1] / constant - 1)), 1e-3, "l χ_cˡ")


def _rates(setting: Setting):
    """The largest learning rates over depth: exponential, a power, constant."""
    eta = {p: {l: 2 / setting.spectrum(p, l).lambda_max for l in setting.depths(p)} for p in curves.PHASES}
    scaled = [eta["chaotic"][l] * setting.mean_field("chaotic").chi_1 ** l for l in (60, 80)]
    yield leading("chaos: η χ₁ˡ settles", settling(scaled), 1e-4, "m p_ab*/p⁽ˡ⁾ at l = 60")
    yield leading("order: η settles", settling([eta["ordered"][l] for l in (200, 400)]), 1e-12, "l χ₁ˡ, and rounding")
    mf, line, last = setting.mean_field("critical"), eta["critical"], setting.depths("critical")[-1]
    bent = bend([line[l] for l in _BEFORE], _BEFORE)
    yield printed("on the line η falls at a constant slope", bent, 0.1, "linearly: a straight line")
    limit = line[last] * last * (setting.m + 2) * mf.q_star / 6 - 1
    yield corrected("on the line η l → 6/((m+2) q*)", limit, *logs(last))


def _rates_derivation(setting: Setting):
    results, numbers = setting.chapter("mean_predictor"), setting.digits
    q, m, allowed = setting.mean_field("critical", numbers).q_star, setting.m, (10 * numbers.eps, "rounding")
    eta = [setting.evaluate(results["eta_critical"], (m, q, l)) for l in (10, 20, 30)]
    yield printed("on the line η falls at a constant slope", (eta[0] - eta[1]) / (eta[1] - eta[2]) - 1, *allowed)
    yield corrected("on the line η l is constant", 2 * eta[1] / eta[0] - 1, *allowed)
    ordered = setting.mean_field("ordered", numbers)
    top = setting.evaluate(results["eta_ordered"], (m, ordered.q_star, ordered.chi_1)) * m * ordered.p_star / 2
    yield leading("in order η = 2/(m p*)", top - 1, 100 * numbers.eps, "1/(1 − χ₁) of n digits")
    chaotic = setting.mean_field("chaotic", numbers)
    arguments = [(chaotic.q_star, chaotic.chi_1, l) for l in (100, 101)]
    ratio = setting.evaluate(results["eta_chaotic"], arguments[1]) / setting.evaluate(
        results["eta_chaotic"], arguments[0]
    )
    yield leading("in chaos η falls by χ₁ a layer", ratio * chaotic.chi_1 - 1, 1000 * numbers.eps, "χ₁^100 of n digits")


def _gradient(equation, paper, test):
    def routes(setting, numbers):
        return _flow(setting, numbers, test)

    return Claim(
        f"eq-{equation}",
        f"Equation {equation}",
        paper,
        HOLDS,
        "mean_predictor",
        both(routes) if test else {"derivation": _flow_derivation} | both(routes),
        curve=curves.flow_test if test else curves.flow_train,
    )


TRAINING_CLAIMS = (
    Claim(
        "sec-1-rates",
        "Section 1",
        "the best learning rate decays exponentially in chaos, linearly on the critical line, is constant in order",
        CORRECTED,
        "mean_predictor",
        {"derivation": _rates_derivation, "float64": _rates},
        truth="on the critical line it decays as 1/l",
        law="2(χ₁−1)/(q* χ₁ˡ); 6/((m+2) q* l); 2(1−χ₁)/(m q*)",
        curve=curves.critical_rate,
    ),
    _gradient(5, "μ_t(train) = (Id − e^{−ηΘt}) y", False),
    _gradient(6, "μ_t(test) = Θ_test Θ⁻¹ (Id − e^{−ηΘt}) y", True),
    Claim(
        "eq-7",
        "Equation 7",
        "μ_t(train) tends to y, and μ_t(test) to P(Θ) y, P(Θ) = Θ_test Θ⁻¹",
        HOLDS,
        "mean_predictor",
        both(_eq7),
    ),
    Claim(
        "eq-9",
        "Equation 9",
        "μ̃_t,i = (Id − e^{−ηλ_i t}) ỹ_i",
        CORRECTED,
        "mean_predictor",
        {"derivation": _eq9_derivation, "float64": _eq9_float64},
        truth="1 in place of Id: μ̃_i is a number",
    ),
    Claim(
        "sec-4-count",
        "Section 4",
        "the eigenvalues of m points are λ_0 ≥ … ≥ λ_m, κ = λ_0/λ_m",
        CORRECTED,
        "mean_predictor",
        {"float64": _count},
        truth="λ_0 ≥ … ≥ λ_{m−1}, κ = λ_0/λ_{m−1}",
    ),
    Claim(
        "sec-4-largest-rate",
        "Section 4",
        "the largest feasible learning rate scales as η ~ 2/λ_0",
        HOLDS,
        "mean_predictor",
        {"derivation": _largest_rate_derivation, "float64": _largest_rate},
        law="for ½ Σ (f − y)² it is 2/λ_0; for the mean over m points m times that",
    ),
    Claim(
        "sec-4-slowest",
        "Section 4",
        "with it the smallest eigenvalue converges exponentially at the rate 1/κ",
        CORRECTED,
        "mean_predictor",
        {"derivation": _slowest_derivation, "float64": _slowest},
        truth="at the rate 2/κ",
    ),
    Claim(
        "sec-4-one-large",
        "Section 4",
        "the spectrum features a single large eigenvalue, then a gap large against the rest",
        HOLDS,
        "critical_line",
        {"float64": _one_large},
        law="λ_1/(λ_0 − λ_1) → 0 in order, 2/m on the critical line; in chaos all tend to p⁽ˡ⁾ (Section 6.1)",
        curve=curves.critical_top,
    ),
    Claim(
        "sec-4-typical",
        "Section 4",
        "κ is approximated by λ_max/λ_bulk with a typical λ_bulk",
        CORRECTED,
        "ordered_phase",
        {"float64": _typical},
        truth="in chaos and on the critical line; in order λ_0/λ_1 is smaller than κ by μ_max/μ_min for ever",
        curve=curves.ordered_spread,
    ),
    Claim(
        "sec-4-constant",
        "Section 4",
        "where P(Θ*) is constant, labels of mean 0 give P(Θ*) y = 0",
        HOLDS,
        "mean_predictor",
        {"float64": _constant},
        law="on the critical line P(Θ) → 11ᵀ/(m+2)",
        curve=curves.critical_predictor,
    ),
    Claim(
        "sec-4-chaos",
        "Section 4",
        "in chaos P(Θ⁽ˡ⁾) scales as l (χ_c/χ₁)ˡ and vanishes over ξ_* layers",
        CORRECTED,
        "chaotic_phase",
        {"float64": _predictor_itself},
        truth="on labels of mean 0; P(Θ) itself vanishes as p_ab*(χ₁−1)/q* χ₁^{−l}, over 1/log χ₁ layers",
        curve=curves.chaotic_predictor_of_ones,
    ),
)
