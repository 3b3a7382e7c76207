"""``ntkref audit --html``: one self-contained page, a row for each claim, with a plot of prediction over depth."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable
from html import escape

from .claims import Claim, Curve, Outcome
from .claims.claim import CORRECTED, HOLDS, ROUTES, WRONG

__all__ = ["page"]

_CLASSES = {HOLDS: "holds", CORRECTED: "corrected", WRONG: "wrong"}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #767676; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } p.about { color: var(--dim); margin-top: 0; }
article { border-top: 1px solid var(--line); display: grid; gap: .3rem 1.5rem; grid-template-columns: 1fr 25rem;
  padding: 1rem 0; }
h2 { font-size: 1.05rem; margin: 0; } h2 a { color: inherit; text-decoration: none; }
dl { display: grid; grid-template-columns: 6.5rem 1fr; gap: .15rem .8rem; margin: .4rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; }
.verdict { border-radius: .3rem; color: #fff; font-size: .85rem; font-weight: 600; padding: .05rem .5rem;
  white-space: nowrap; }
.holds { background: #1a7a3c; } .corrected { background: #8a5a00; } .wrong { background: #b3261e; }
details { font-size: .9rem; } summary { cursor: pointer; }
table { border-collapse: collapse; font-size: .85rem; } td, th { padding: .1rem .6rem .1rem 0; text-align: left;
  vertical-align: top; } .failed { color: #c0392b; font-weight: 600; }
@media (max-width: 60rem) { article { grid-template-columns: 1fr; } }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } }
"""


def page(rows: Iterable[tuple[Claim, dict[str, Outcome]]], curves: dict[str, Curve], about: str) -> str:
    """The HTML text of the audit's `rows`: (claim, {route: outcome})."""
    rows = list(rows)
    counts = {verdict: sum(claim.verdict == verdict for claim, _ in rows) for verdict in _CLASSES}
    wrong = sum(not outcome.agrees for _, routes in rows for outcome in routes.values())
    summary = ", ".join(f"{count} {_badge(verdict)}" for verdict, count in counts.items())
    confirmed = "every verdict is confirmed by computation" if not wrong else f"{wrong} routes DISAGREE"
    articles = "\n".join(_article(claim, routes, curves.get(claim.id)) for claim, routes in rows)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>ntkref audit</title><style>{_STYLE}</style></head><body><main>
<h1>The paper, statement by statement</h1>
<p>Xiao, Pennington and Schoenholz, <cite>Disentangling Trainability and Generalization in Deep Neural
Networks</cite> (2020), checked by ntkref: {len(rows)} claims, {summary}; {confirmed}.</p>
<p class="about">{escape(about)}</p>
{articles}
</main></body></html>
"""


def _badge(verdict: str) -> str:
    return f'<span class="verdict {_CLASSES[verdict]}">{verdict}</span>'


def _article(claim: Claim, routes: dict[str, Outcome], curve: Curve | None) -> str:
    entries = [("printed", claim.paper)]
    entries += [("true", claim.truth)] if claim.truth else []
    entries += [("constants", claim.law)] if claim.law else []
    entries += [("routes", "; ".join(_digits(routes[r]) for r in ROUTES if r in routes))]
    entries += [("chapter", f"derivations/{claim.chapter}.py")]
    terms = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in entries)
    plot = f'<img alt="{escape(_alternative(curve))}" src="{_plot(curve)}">' if curve else ""
    return f"""<article id="{claim.id}">
<h2><a href="#{claim.id}">{escape(claim.where)}</a> {_badge(claim.verdict)}</h2><div></div>
<div><dl>{terms}</dl>
<details><summary>what was measured</summary><table>
<tr><th>route</th><th>of the statement</th><th>check</th><th>missed by</th><th>allowed</th><th>because</th></tr>
{"".join(_measured(routes[r]) for r in ROUTES if r in routes)}</table></details></div>
<div>{plot}</div></article>"""


def _digits(outcome: Outcome) -> str:
    if not outcome.agrees:
        return f"{outcome.route}: DISAGREES ({outcome.verdict})"
    if math.isnan(outcome.digits):
        return f"{outcome.route}: rate, bound or limit confirmed"
    return f"{outcome.route}: {'exact' if math.isinf(outcome.digits) else f'{outcome.digits:.0f} digits'}"


def _measured(outcome: Outcome) -> str:
    rows = ""
    for m in outcome.measured:
        cells = (outcome.route, m.statement, m.what, f"{m.error:.2g}", f"{m.allowed:.2g}", m.reason)
        rows += f"<tr{'' if m.passed else ' class=failed'}>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>"
    return rows


def _alternative(curve: Curve) -> str:
    ends = f"from {curve.computed[0]:.4g} at {curve.x[0]:.4g} to {curve.computed[-1]:.4g} at {curve.x[-1]:.4g}"
    return f"{curve.what} over {curve.over}: computed {ends}, predicted {curve.predicted[-1]:.4g} at the end"


def _on_axis(curve: Curve) -> list[float]:
    """The prediction, with gaps where a law that does not hold yet is no number of a logarithmic axis."""
    return [p if p > 0 or "y" not in curve.log else math.nan for p in curve.predicted]


def _plot(curve: Curve) -> str:
    """An SVG as a data URI: dots computed, line predicted, no font needed, on light and on dark."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    grey = "#808080"
    with matplotlib.rc_context({"svg.fonttype": "path", "font.size": 9, "axes.edgecolor": grey, "text.color": grey}):
        figure = Figure(figsize=(4.2, 2.6), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(curve.x, _on_axis(curve), color="#d9822b", label="predicted")
        axes.plot(curve.x, curve.computed, "o", markersize=3.5, color="#4c8dd6", label="computed")
        axes.set(xlabel=curve.over, ylabel=curve.what)
        axes.set_xscale("log" if "x" in curve.log else "linear")
        axes.set_yscale("log" if "y" in curve.log else "linear")
        axes.tick_params(colors=grey, which="both")
        axes.xaxis.label.set_color(grey)
        axes.yaxis.label.set_color(grey)
        axes.patch.set_alpha(0)
        figure.patch.set_alpha(0)
        axes.legend(frameon=False, labelcolor=grey)
        text = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(text.getvalue()).decode()
