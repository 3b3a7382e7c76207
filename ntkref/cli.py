"""The command line: ``ntkref audit``, ``ntkref kernel`` and ``ntkref phase``."""

from __future__ import annotations

import argparse
import functools
import sys

import numpy as np

from . import __version__
from .activations import named
from .claims import CLAIMS, HOLDS, find
from .claims.setting import Setting
from .datasets import optical_digits
from .files import check_writable, load_inputs, require_matplotlib, written_whole
from .mean_field import mean_field
from .network import fcn
from .normalise import normalised
from .numbers import digits, float64
from .phase_diagram import draw, phase_diagram
from .recursion import kernels

__all__ = ["main"]


_WHICH = "erf (the default), relu, tanh, gelu, …, or with parameters, such as leaky_relu(0.1)"


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise _Usage(f"{message} (see {self.prog} --help)")


class _Usage(Exception):
    """Wrong words on the command line."""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="ntkref", description="Ground truth for infinite-width neural network kernels.")
    parser.add_argument("--version", action="version", version=f"ntkref {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    audit = commands.add_parser("audit", help="check the paper, statement by statement")
    audit.add_argument("--quick", action="store_true", help="fewer digits, less depth and no chapters: under a minute")
    audit.add_argument("--only", metavar="ID", help="one claim, such as eq-17")
    audit.add_argument("--json", metavar="FILE", help="write everything that was measured")
    audit.add_argument("--html", metavar="FILE", help="write one page with plots (needs matplotlib)")
    audit.add_argument("--errata", action="store_true", help="only what is not right as printed, with the evidence")
    audit.set_defaults(run=_audit)

    kernel = commands.add_parser(
        "kernel",
        help="NNGP and NTK of a fully-connected network",
        description="Writes nngp, ntk, nngp_gap and ntk_gap to an .npz file: float64, or decimal strings.",
    )
    kernel.add_argument("inputs", nargs="?", help=".npy, .npz or .csv, (n, features); default: bundled digits")
    kernel.add_argument("--points", type=int, help="how many of the bundled digits (default 12)")
    kernel.add_argument("--against", metavar="FILE", help="second set of inputs; default: the Gram matrix")
    kernel.add_argument("--depth", type=int, required=True, help="weight layers, the readout among them")
    kernel.add_argument("--activation", default="erf", help=_WHICH)
    kernel.add_argument("--sigma-w2", required=True, help="variance of the weights, a decimal taken exactly")
    kernel.add_argument("--sigma-b2", default="0", help="variance of the biases (default 0)")
    kernel.add_argument("--normalise", action="store_true", help="scale inputs to K(x, x) = q* in the first layer")
    kernel.add_argument("--digits", type=int, metavar="N", help="N correct digits in place of float64")
    kernel.add_argument("--out", required=True, metavar="FILE.npz")
    kernel.set_defaults(run=_kernel)

    phase = commands.add_parser(
        "phase",
        help="fixed points, slopes, phase and depth scales of one point, or a picture of the plane",
        description="Prints the mean-field theory of one point (Section 3), or draws the phase diagram (Figure 5).",
    )
    phase.add_argument("--activation", default="erf", help=_WHICH)
    phase.add_argument("--sigma-w2", help="variance of the weights, a decimal taken exactly")
    phase.add_argument("--sigma-b2", default="0", help="variance of the biases (default 0)")
    phase.add_argument("--digits", type=int, metavar="N", help="N correct digits in place of float64")
    phase.add_argument("--plot", metavar="FILE", help="draw the plane to a .png, .svg or .pdf (needs matplotlib)")
    phase.add_argument("--max-w2", type=float, default=4.0, help="how far the plane goes in sigma_w2 (default 4)")
    phase.add_argument("--max-b2", type=float, default=0.5, help="and in sigma_b2 (default 0.5)")
    phase.set_defaults(run=_phase)
    return parser


def _audit(arguments) -> int:
    from rich.console import Console

    from .audit import audit, conclude, errata, report, write_json, write_page

    claims = [find(arguments.only)] if arguments.only else CLAIMS
    if arguments.errata:
        claims = [claim for claim in claims if claim.verdict != HOLDS]
        if not claims:
            raise ValueError(f"{arguments.only} holds as printed: it has no erratum")
    paths = [path for path in (arguments.json, arguments.html) if path is not None]
    if len(set(paths)) < len(paths):
        raise ValueError(f"--json and --html must be two files, got {paths[0]} twice")
    for path in paths:
        check_writable(path)
    if arguments.html:
        require_matplotlib("--html")
    setting, console = Setting(quick=arguments.quick), Console()
    outcomes = audit(claims, setting, console)
    if arguments.json:
        write_json(outcomes, setting, arguments.json)
    if arguments.html:
        write_page(outcomes, setting, arguments.html, console)
    (errata if arguments.errata else report)(outcomes, console)
    return 0 if conclude(outcomes, console) else 1


def _kernel(arguments) -> int:
    check_writable(arguments.out)
    if not arguments.out.endswith(".npz"):
        raise ValueError(f"--out must end in .npz, got {arguments.out}")
    numbers = float64 if arguments.digits is None else digits(arguments.digits)
    net = fcn(arguments.depth, named(arguments.activation), arguments.sigma_w2, arguments.sigma_b2)
    if arguments.inputs is None:
        images, _ = optical_digits()
        points = 12 if arguments.points is None else arguments.points
        if not 1 <= points <= len(images):
            raise ValueError(f"--points must lie between 1 and {len(images)}, got {points}")
        x1 = images[:points].reshape(points, -1)
    else:
        if arguments.points is not None:
            raise ValueError(f"--points is for the bundled digits, got it beside {arguments.inputs}")
        x1 = load_inputs(arguments.inputs)
    x2 = None if arguments.against is None else load_inputs(arguments.against)
    if arguments.normalise:
        x1, x2 = (None if x is None else normalised(x, net, numbers=numbers) for x in (x1, x2))
    k = kernels(net, x1, x2, numbers)
    arrays = {name: getattr(k, name) for name in ("nngp", "ntk", "nngp_gap", "ntk_gap")}
    if arguments.digits is not None:
        arrays = {name: np.vectorize(str, otypes=[str])(array) for name, array in arrays.items()}
    with written_whole(arguments.out) as file:
        np.savez_compressed(file, **arrays)
    print(f"{arguments.out}: nngp, ntk, nngp_gap, ntk_gap of shape {arrays['ntk'].shape}, {numbers}")
    return 0


def _phase(arguments) -> int:
    if arguments.sigma_w2 is None and arguments.plot is None:
        raise ValueError("give --sigma-w2 for one point, --plot FILE for the plane, or both")
    activation = named(arguments.activation)
    if arguments.plot is not None:
        kind = arguments.plot.rpartition(".")[2]
        if kind not in ("png", "svg", "pdf"):
            raise ValueError(f"--plot must end in .png, .svg or .pdf, got {arguments.plot}")
        check_writable(arguments.plot)
        require_matplotlib("--plot")
    if arguments.sigma_w2 is not None:
        numbers = float64 if arguments.digits is None else digits(arguments.digits)
        print(mean_field(activation, arguments.sigma_w2, arguments.sigma_b2, numbers))
    if arguments.plot is not None:
        from rich.console import Console
        from rich.progress import track

        rows = functools.partial(track, description="mean field", console=Console(stderr=True), transient=True)
        diagram = phase_diagram(activation, arguments.max_w2, arguments.max_b2, track=rows)
        with written_whole(arguments.plot) as file:
            draw(diagram, file, kind)
        print(f"{arguments.plot}: {activation}, sigma_w2 to {arguments.max_w2:g}, sigma_b2 to {arguments.max_b2:g}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; errors are one line on standard error and exit status 2."""
    if hasattr(sys.stdout, "reconfigure"):  # a terminal without χ should not stop an audit at its last line
        sys.stdout.reconfigure(errors="replace")
    try:
        parsed = _parser().parse_args(arguments)
        return parsed.run(parsed)
    except (_Usage, ValueError, TypeError, ArithmeticError, OSError, ImportError) as error:
        print(f"ntkref: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ntkref: interrupted, nothing written", file=sys.stderr)
        return 130
