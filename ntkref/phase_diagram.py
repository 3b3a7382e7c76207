"""The phase diagram over (σ_w², σ_b²): order, chaos, the critical line and the depth scales (Section 3, Figure 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .activations import Activation
from .critical import line_at
from .mean_field import mean_field
from .numbers import float64

__all__ = ["PhaseDiagram", "draw", "phase_diagram"]


@dataclass(frozen=True)
class PhaseDiagram:
    """Phases and depth scales on a grid, and the line between order and chaos.

    `sigma_w2` (n,) and `sigma_b2` (k,) are the centres of the grid's cells; `phase` (k, n) holds names; `depth`
    (k, n) is ξ₁ in order and ξ_* in chaos, masked where there is neither.  `line` (2, points) is the critical line,
    as σ_w² and σ_b².
    """

    activation: Activation
    sigma_w2: np.ndarray
    sigma_b2: np.ndarray
    phase: np.ndarray
    depth: np.ma.MaskedArray
    line: np.ndarray


def phase_diagram(
    activation: Activation, max_w2=4.0, max_b2=0.5, points: int = 32, track: Callable[[Iterable], Iterable] = iter
) -> PhaseDiagram:
    """The diagram on `points` × `points` cells of 0 < σ_w² < `max_w2`, 0 < σ_b² < `max_b2`, to float64 accuracy.

    `track` wraps the rows, to show progress.  Raises ValueError for ranges or numbers of points that are not positive.
    """
    for name, value in (("max_w2", max_w2), ("max_b2", max_b2), ("points", points)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {value}")
    middles = (np.arange(points) + 0.5) / points
    w, b = max_w2 * middles, max_b2 * middles
    cells = [[mean_field(activation, float(x), float(y)) for x in w] for y in track(b)]
    phase = np.array([[cell.phase for cell in row] for row in cells])
    depth = np.ma.masked_all((points, points))
    for index in np.ndindex(depth.shape):
        cell = cells[index[0]][index[1]]
        if phase[index] in ("ordered", "chaotic"):
            depth[index] = cell.xi_1 if phase[index] == "ordered" else cell.xi_star
    return PhaseDiagram(activation, w, b, phase, depth, _line(activation, max_w2, max_b2))


def _line(activation, max_w2, max_b2):
    """Points of the critical line, from its tip until it leaves the plane."""
    if activation.homogeneous:  # order ends where the variance begins to grow
        edge = 1 / activation.slopes(1.0, float64)[0]
        return np.array([[edge, edge], [0.0, max_b2]])
    q = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 400)])
    line = np.array(line_at(activation, q, float64))
    inside = (line[0] < max_w2) & (line[1] < max_b2)
    return line[:, : int(np.argmin(inside)) + 1] if not inside.all() else line


def draw(diagram: PhaseDiagram, file, kind: str) -> None:
    """Write the picture to the binary `file`, as ``kind`` = "png", "svg" or "pdf".  Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor="#f7dcc4")
    w, b = diagram.sigma_w2, diagram.sigma_b2
    edge = np.column_stack([diagram.line, [max(w[-1], diagram.line[0, -1]), max(b[-1], diagram.line[1, -1])]])
    axes.fill_betweenx(edge[1], 0, edge[0], color="#cfe3f5", linewidth=0)
    # 1/ξ vanishes on the line and is smooth on either side: with a sign it is one field, and contours don't fray.
    rate = np.ma.where(diagram.phase == "ordered", 1, -1) / diagram.depth
    depths = np.array([1, 2, 3, 5, 10, 20, 50])
    for levels, colour in ((1 / depths[::-1], "#1f5f99"), (-1 / depths, "#a0521a")):
        if rate.min() < levels[-1] and levels[0] < rate.max():
            lines = axes.contour(w, b, rate, levels=levels, colors=colour, linewidths=0.8)
            axes.clabel(lines, fmt=lambda level: f"{1 / abs(level):.0f}", fontsize=8)
    axes.plot(*diagram.line, color="black", linewidth=1.8)
    beyond = "variance without bound" if diagram.activation.homogeneous else "chaos, contours of ξ_*"
    axes.set(
        xlim=(w[0], w[-1]),
        ylim=(b[0], b[-1]),
        xlabel="σ_w²",
        ylabel="σ_b²",
        title=f"{diagram.activation}: order, contours of ξ₁  |  {beyond}",
    )
    figure.savefig(file, format=kind, dpi=150)
