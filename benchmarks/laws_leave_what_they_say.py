"""What each large-depth law leaves, over three decades of depth, shrinks at the rate that its docstring states.

Pairs and Gram matrices of the bundled images.  A row holds what is left of a law, divided by the stated rate, at
depths ten times apart: at the last it must not exceed what it was before.  Below, constants: the law's against one
found from the recursion alone.
"""

import math

import numpy as np
from report import report

import ntkref as nk
from ntkref.recursion import pairs_by_depth

M, TESTS = 6, 3
GROWTH = 1.25  # a power of l too few would show as a factor 10 between decades, a log l as 4/3 and more


class Data:
    """Kernels of real images at some depths, their 1 − c, and targets of mean 0."""

    def __init__(self, mf, depths, q=None):
        images, labels = nk.optical_digits()
        net = nk.fcn(max(depths), mf.activation, mf.sigma_w2, mf.sigma_b2)
        x = nk.normalised(images[: M + TESTS].reshape(M + TESTS, -1), net, q=q)
        passes = zip(nk.kernels_by_depth(net, x[:M]), nk.kernels_by_depth(net, x[M:], x[:M]), strict=True)
        self.at = {l: (k, c) for (l, k), (_, c) in passes if l == 1 or l in depths}
        self.e, self.e_test = (k.nngp_gap / (2 * (q or mf.q_star)) for k in self.at[1])
        self.y = labels[:M] - labels[:M].mean()
        self.depths = depths


def pair(mf, depths, numbers=nk.float64, q=None):
    net = nk.fcn(max(depths), mf.activation, mf.sigma_w2, mf.sigma_b2)
    return {l: k for l, k in pairs_by_depth(net, q or mf.q_star, "0.5", numbers) if l in depths}


def row(law, rate, depths, scaled):
    scaled = [abs(float(v)) for v in scaled]
    grown = scaled[-1] / max(scaled[:-1])
    return [law, rate, " ".join(f"{l:.0e}" for l in depths), " ".join(f"{v:.3g}" for v in scaled), grown < GROWTH]


def exponential(mf, name, rate, many, laws):
    """Entries of order and chaos at l = 10, 100, 1000, in digits enough for rate^(2·1000)."""
    depths = (10, 100, 1000)
    steps, chi, what = pair(mf, depths, many), *(("χ₁", "gap") if name == "ordered" else ("χ_c", "entry"))
    K, Theta = ("nngp_gap", "ntk_gap") if name == "ordered" else ("nngp", "ntk")
    K_law, Theta_law = (getattr(laws, n if what == "gap" else f"{n}_offdiagonal") for n in (K, Theta))
    E, W = laws.coordinate("0.5"), laws.offset("0.5")
    nngp = [(getattr(steps[l], K) - K_law(l, E)) / rate ** (2 * l) for l in depths]
    ntk = [(getattr(steps[l], Theta) - Theta_law(l, E, W)) / (l * rate ** (2 * l)) for l in depths]
    simple = [(getattr(steps[l], Theta) - Theta_law(l, E)) / rate**l for l in depths]
    yield row(f"{name}, K {what}", f"{chi}^(2l)", depths, nngp)
    yield row(f"{name}, Θ {what} with E and {'W' if what == 'gap' else 'V'}", f"l {chi}^(2l)", depths, ntk)
    yield row(f"{name}, Θ {what} with E", f"{chi}^l", depths, simple)


def critical_entries(name, laws, fine, q):
    """Entries on the line: in float64 to a million layers, and at 30 digits (`fine`) where float64 sees nothing."""
    depths = (1000, 10_000, 100_000, 1_000_000)
    steps, C = pair(laws.mf, depths, q=q), float(laws.coordinate(0.5))
    left = {l: steps[l].ntk - laws._common(l) - laws.c0(C) for l in depths}
    yield row(f"{name}, Θ entry to c₀", "log l/l", depths, [v * l / math.log(l) for l, v in left.items()])
    short, last = (10, 100, 1000, 10_000), 30_000
    steps = pair(fine.mf, (*short, last), fine.mf.numbers, q)
    C = best_coordinate(fine, steps[last], last, q)
    sharp = [(steps[l].ntk - fine.ntk_offdiagonal(l, C)) * l**2 / math.log(l) for l in short]
    gaps = [(steps[l].nngp_gap / fine.nngp_gap(l, C) - 1) * l**3 for l in short]
    yield row(f"{name}, Θ entry to A₁/u", "log l/l²", short, sharp)
    yield row(f"{name}, K gap, relative", "1/l³", short, gaps)


def best_coordinate(laws, k, l, q):
    """C to ten digits more than `coordinate` gives, from Fatou's coordinate at one great depth."""
    context = laws.mf.numbers.context
    u = 1 / context.atan2(k.K.area, k.K.xy) if q else 2 / k.nngp_gap
    return u - laws.r * context.log(u / laws.alpha) + laws._s1 / u - laws.alpha * l


def gram(name, laws, depths, rates, q=None, offset=False):
    """λ_max, λ_bulk, κ and P y of real images."""
    data = Data(laws.mf, depths, q)
    E, E_test = laws.coordinate(data.e), laws.coordinate(data.e_test)
    W, W_test = (laws.offset(data.e), laws.offset(data.e_test)) if offset else (0, 0)
    left = {what: [] for what in rates}
    for l in depths:
        k, cross = data.at[l]
        s, top, bulk = nk.spectrum(k), laws.lambda_max(l, E, W), laws.lambda_bulk(l, E, W)
        predicted = laws.predictor(l, E, E_test, data.y, W, W_test)
        values = {
            "λ_max": s.lambda_max - top,
            "λ_bulk": np.max(np.abs(s.lambda_bulk - bulk)),
            "λ_bulk, relative": np.max(np.abs(s.lambda_bulk / bulk - 1)),
            "κ": s.kappa - laws.kappa(l, E, W),
            "κ, relative": s.kappa / laws.kappa(l, E, W) - 1,
            "P(Θ) y": np.max(np.abs(nk.mean_predictor(k, cross, data.y) - predicted)),
        }
        for what, (_, scale) in rates.items():
            left[what].append(values[what] / scale(l))
    for what, (rate, _) in rates.items():
        yield row(f"{name}, {what}", rate, depths, left[what])


def constants():
    """(name, law's value, found from the recursion, digits asked for)."""
    for q_star in ("0.5", "1", "3"):
        point = nk.critical_point(nk.erf, q_star=q_star)
        laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2))
        l = 250 * 2 ** np.arange(8)
        steps = pair(laws.mf, tuple(l))
        rest = np.array([steps[d].ntk - d * laws.mf.q_star / 3 for d in l])
        log = np.log(l)
        terms = np.stack([log, 0 * l + 1, log / l, 1 / l, log**2 / l**2, log / l**2, 1 / l**2, log**3 / l**3], axis=1)
        found = np.linalg.solve(terms, rest)
        C = float(laws.coordinate(0.5))
        yield f"coefficient of log l in p_ab, q* = {q_star}", laws.mf.q_star * laws.rho / 3, found[0], 4
        yield f"c₀, q* = {q_star}", laws.c0(C), found[1], 4 if q_star == "0.5" else 6
    point = nk.critical_point(nk.erf, sigma_b2="0.18")
    laws = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2))
    depths = tuple(500 * 2**i for i in range(8))
    data = Data(laws.mf, depths)
    C, C_test = laws.coordinate(data.e), laws.coordinate(data.e_test)
    u = 2 / data.at[depths[-1]][0].nngp_gap[0, 1]
    found = u - laws.r * math.log(u / laws.alpha) + laws._s1 / u - laws.alpha * depths[-1]
    yield "C of two images, σ_b² = 0.18", C[0, 1], found, 6
    l = np.array(depths, dtype=float)
    log = np.log(l)
    predictions = np.array([d * nk.mean_predictor(*data.at[d], data.y) for d in depths])
    terms = np.stack(
        [0 * l + 1, log / l, 1 / l, log**2 / l**2, log / l**2, 1 / l**2, log**3 / l**3, log**2 / l**3], axis=1
    )
    found = np.linalg.solve(terms, predictions)[0]
    law = (C_test @ data.y - np.sum(C @ data.y) / (M + 2)) / (2 * laws.alpha)
    for i in range(TESTS):
        yield f"lim l P(Θ) y at test image {i}, σ_b² = 0.18", law[i], found[i], 6
    ordered = nk.asymptotics.of(nk.mean_field(nk.erf, "1.0", "0.18"))
    data = Data(ordered.mf, (300,))
    E, E_test = ordered.coordinate(data.e), ordered.coordinate(data.e_test)
    law = ordered.predictor(300, E, E_test, data.y, kernel="nngp")
    found = nk.mean_predictor(*data.at[300], data.y, "nngp")
    for i in range(TESTS):
        yield f"lim P y in order at test image {i}, from P(K) y", law[i], found[i], 6


def main():
    ordered, chaotic = (nk.mean_field(nk.erf, w, "0.18") for w in ("1.0", "3.0"))
    point = nk.critical_point(nk.erf, sigma_b2="0.18")
    critical = nk.asymptotics.of(nk.mean_field(nk.erf, point.sigma_w2, point.sigma_b2))
    relu = nk.asymptotics.of(nk.mean_field(nk.relu, 2, 0), 1)
    rows = []
    for name, mf, digits in (("ordered", ordered, 320), ("chaotic", chaotic, 180)):
        many = nk.digits(digits)
        exact = nk.mean_field(nk.erf, mf.sigma_w2, mf.sigma_b2, many)
        rate = exact.chi_1 if name == "ordered" else exact.chi_c
        rows += exponential(exact, name, rate, many, nk.asymptotics.of(exact))
    thirty = nk.digits(30)
    exact = nk.critical_point(nk.erf, sigma_b2="0.18", numbers=thirty)
    fine = nk.asymptotics.of(nk.mean_field(nk.erf, exact.sigma_w2, exact.sigma_b2, thirty))
    fine_relu = nk.asymptotics.of(nk.mean_field(nk.relu, 2, 0, thirty), 1)
    for name, laws, more, q in (("critical", critical, fine, None), ("critical ReLU", relu, fine_relu, 1)):
        rows += critical_entries(name, laws, more, q)
        log, unit = ((lambda l: 1), "1") if q else (math.log, "log l")
        powers = {
            "λ_max": (f"{unit}/l²", lambda l, log=log: log(l) / l**2),
            "λ_bulk": (f"{unit}/l²", lambda l, log=log: log(l) / l**2),
            "κ": (f"{unit}/l³", lambda l, log=log: log(l) / l**3),
            "P(Θ) y": (f"{unit}/l³", lambda l, log=log: log(l) / l**3),
        }
        rows += gram(name, laws, (30, 100, 1000, 10_000), powers, q)
    inverse = {w: ("1/l", lambda l: 1 / l) for w in ("λ_bulk, relative", "κ, relative", "P(Θ) y")}
    rows += gram("ordered, without W", nk.asymptotics.of(ordered), (10, 100, 1000), inverse)
    passed = all(r[-1] for r in rows)
    rows = [[*r[:-1], "yes" if r[-1] else "NO"] for r in rows]
    for name, law, found, digits in constants():
        agreement = -math.log10(abs(found - law) / max(abs(law), 1) + 1e-17)
        rows.append(
            [
                name,
                f"{digits} digits asked",
                f"law {law:.10g}, recursion {found:.10g}",
                f"{agreement:.1f} digits",
                "yes" if agreement >= digits else "NO",
            ]
        )
        passed &= agreement >= digits
    report(
        __file__,
        "What the large-depth laws leave shrinks as stated",
        ["law", "stated rate", "depths", "left, over the rate", "bounded"],
        rows,
        passed,
    )


if __name__ == "__main__":
    main()
