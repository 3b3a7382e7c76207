"""The phase diagram over (σ_w², σ_b²): order, chaos, the critical line and the depth scales (Section 3, Figure 5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .activation import Activation
from .critical import critical_line, line_at
from .mean_field import solve
from .numbers import float64

__all__ = ["PhaseDiagram", "draw", "phase_diagram"]


@dataclass(frozen=True)
class PhaseDiagram:
    """Phases and depth scales on a grid, and the line between order and chaos.

    `sigma_w2` (n,) and `sigma_b2` (k,) are the centres of the grid's cells; `phase` (k, n) holds names; `rate` (k, n)
    is 1/ξ₁ in order and −1/ξ_* in chaos, one smooth field that is 0 on the line, masked where there is neither.
    `lines` are the pieces of the critical line, (2, points) each, as σ_w² and σ_b².
    """

    activation: Activation
    sigma_w2: np.ndarray
    sigma_b2: np.ndarray
    phase: np.ndarray
    rate: np.ma.MaskedArray
    lines: tuple

    @property
    def depth(self) -> np.ma.MaskedArray:
        """ξ₁ in order and ξ_* in chaos."""
        return 1 / abs(self.rate)


def phase_diagram(
    activation: Activation, max_w2=4.0, max_b2=0.5, points: int = 32, track: Callable[[Iterable], Iterable] = iter
) -> PhaseDiagram:
    """The diagram on `points` × `points` cells of 0 < σ_w² < `max_w2`, 0 < σ_b² < `max_b2`, in float64 throughout.

    Phases are "ordered", "chaotic", "unbounded" (the variance grows for ever) and "several" (more than one variance is
    stable, or none: `mean_field` says which).  `track` wraps the rows, to show progress.

    Raises ValueError for ranges or numbers of points that are not positive, and for an activation that jumps.
    """
    for name, value in (("max_w2", max_w2), ("max_b2", max_b2), ("points", points)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {value}")
    if activation.jumps:
        raise ValueError(f"{activation} jumps: χ₁ is infinite, and there are no phases to draw")
    middles = (np.arange(points) + 0.5) / points
    w, b = max_w2 * middles, max_b2 * middles
    cells = [[_cell(activation, float(x), float(y)) for x in w] for y in track(b)]
    phase = np.array([[name for name, _ in row] for row in cells])
    rate = np.ma.masked_invalid([[value for _, value in row] for row in cells])
    return PhaseDiagram(activation, w, b, phase, rate, _lines(activation, max_w2, max_b2))


def _cell(activation, sigma_w2, sigma_b2):
    """Phase and rate of one point."""
    try:
        core = solve(activation, Fraction(sigma_w2), Fraction(sigma_b2), float64)
    except ValueError:
        return "several", math.nan
    if "q_star" not in core:
        return "unbounded", math.nan
    chi_1 = float(core["chi_1"])
    if chi_1 <= 1:
        return "ordered", -math.log(chi_1)
    return "chaotic", math.log(core["chi_c"]) - math.log(chi_1)


def _lines(activation, max_w2, max_b2):
    """The pieces of the critical line in the plane, 200 points each, as far as its first point beyond."""
    if activation.homogeneous:  # order ends where the variance begins to grow
        edge = float(1 / activation.gain)
        return (np.array([[edge, edge], [0.0, max_b2]]),)
    pieces = []
    for q, (w, b) in critical_line(activation):
        (inside,) = np.nonzero((w < max_w2) & (b < max_b2))
        if len(inside) < 2:
            continue
        low, high = q[max(0, inside[0] - 1)], q[min(len(q) - 1, inside[-1] + 1)]
        fine = np.unique([low, *np.geomspace(max(low, high / 1e6), high, 200)])
        pieces.append(np.array([line_at(activation, value, float64) for value in fine], dtype=float).T)
    return tuple(pieces)


_FILLS = {"ordered": "#cfe3f5", "chaotic": "#f7dcc4", "unbounded": "#e4e4e4", "several": "#ffffff"}
_SAYS = {
    "ordered": "order, ξ₁",
    "chaotic": "chaos, ξ_*",
    "unbounded": "variance without bound",
    "several": "no single stable variance",
}


def draw(diagram: PhaseDiagram, file, kind: str) -> None:
    """Write the picture to the binary `file`, as ``kind`` = "png", "svg" or "pdf".  Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(7, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    w, b, rate = diagram.sigma_w2, diagram.sigma_b2, diagram.rate
    names = list(_FILLS)
    codes = np.vectorize(names.index)(diagram.phase)
    axes.pcolormesh(w, b, codes, cmap=ListedColormap(list(_FILLS.values())), vmin=-0.5, vmax=3.5, rasterized=True)
    if rate.count() and rate.min() < 0 < rate.max():  # between cells the line is where the rate vanishes
        axes.contourf(
            w, b, rate, levels=[rate.min() - 1, 0, rate.max() + 1], colors=[_FILLS["chaotic"], _FILLS["ordered"]]
        )
    depths = np.array([1, 2, 3, 5, 10, 20, 50])
    for levels, colour in ((1 / depths[::-1], "#1f5f99"), (-1 / depths, "#a0521a")):
        if rate.count() and rate.min() < levels[-1] and levels[0] < rate.max():
            lines = axes.contour(w, b, rate, levels=levels, colors=colour, linewidths=0.8)
            axes.clabel(lines, fmt=lambda level: f"{1 / abs(level):.0f}", fontsize=8)
    for line in diagram.lines:
        axes.plot(*line, color="black", linewidth=1.8)
    present = [name for name in names if np.any(diagram.phase == name)]
    patches = [Patch(facecolor=_FILLS[name], edgecolor="#888888", label=_SAYS[name]) for name in present]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=8)
    axes.set(
        xlim=(0, w[-1] + w[0]),
        ylim=(0, b[-1] + b[0]),
        xlabel="σ_w²",
        ylabel="σ_b²",
        title=f"{diagram.activation}: phases, and depth scales in layers",
    )
    figure.savefig(file, format=kind, dpi=150)
