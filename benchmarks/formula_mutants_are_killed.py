"""Change any constant, sign or comparison in the formulas, and some test fails.

    python benchmarks/formula_mutants_are_killed.py [--every N] [module ...]

With ``--every N`` a sample, each Nth mutant.

Every number n becomes n + 1, every + becomes − and the reverse, every × becomes ÷ and the reverse, a unary
minus goes, < becomes <= or > becomes >= and so on, one at a time.  Each mutant is imported in a fresh fork in
place of its module, and the tests of its module and the ones after it run until the first failure.
"""

import argparse
import ast
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # forks and BLAS threads do not mix

import mpmath  # noqa: F401 - these are imported once and shared by every fork
import pytest
import scipy.linalg  # noqa: F401
import sympy  # noqa: F401
from report import report

ROOT = Path(__file__).parents[1]
TESTS = {  # the quick ones first
    "duals": ["duals"],
    "recursion": ["kernels", "inputs"],
    "mean_field": ["mean_field"],
    "spectrum": ["spectrum"],
    "pair": ["pair", "kernels", "accuracy"],
    "inputs": ["inputs", "kernels", "accuracy"],
    "elimination": ["elimination", "predictor", "spectrum"],
    "predictor": ["predictor"],
    "critical": ["critical"],
    "roots": ["roots", "mean_field", "critical"],
    "exact": ["numbers", "network"],
    "asymptotics.matrices": ["matrices", "asymptotics"],
    "asymptotics.law": ["law", "asymptotics"],
    "asymptotics.orbits": ["law", "asymptotics"],
    "asymptotics.ordered": ["law", "asymptotics"],
    "asymptotics.chaotic": ["law", "asymptotics"],
    "asymptotics.critical": ["law", "asymptotics"],
    "asymptotics.relu": ["law", "asymptotics"],
}
PATIENCE = 4  # a mutant that takes so many times as long as the tests do hangs, which also tells

SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
RELATIONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


def mutants(source: str) -> Iterator[tuple[str, ast.Module]]:
    """(line and change, mutated tree) for every formula mutant of a module."""
    sites = sum(1 for _ in _changes(ast.parse(source)))
    for site in range(sites):
        tree = ast.parse(source)
        node, what, change = next(c for i, c in enumerate(_changes(tree)) if i == site)
        change()
        yield f"line {node.lineno}: {what}", ast.fix_missing_locations(tree)


def _changes(tree):
    """(node, what, how to change it), messages left alone."""
    silent = {
        id(n) for raised in ast.walk(tree) if isinstance(raised, ast.Raise | ast.JoinedStr) for n in ast.walk(raised)
    }
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node, f"{node.value} → {node.value + 1}", lambda n=node: setattr(n, "value", n.value + 1)
        elif isinstance(node, ast.BinOp) and type(node.op) in SWAPS and not _is_text(node):
            new = SWAPS[type(node.op)]
            yield node, f"{ast.unparse(node)}: {new.__name__}", lambda n=node, new=new: setattr(n, "op", new())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, f"{ast.unparse(node)}: no minus", lambda n=node: setattr(n, "op", ast.UAdd())
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in RELATIONS:
            new = RELATIONS[type(node.ops[0])]
            yield node, f"{ast.unparse(node)}: {new.__name__}", lambda n=node, new=new: n.ops.__setitem__(0, new())


def _is_text(node):
    return any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.walk(node))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a mutated tree."""

    def __init__(self, name, tree):
        self.name, self.tree = name, tree

    def find_spec(self, fullname, path, target=None):
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module):
        exec(compile(self.tree, f"<mutant of {self.name}>", "exec"), module.__dict__)


def outcomes(module: str, cases: list, seconds: int) -> list[bool]:
    """Whether the tests fail with each mutant; as many forks at a time as there are processors."""
    dead, running = [False] * len(cases), {}
    for index, (_, tree) in enumerate(cases):
        if len(running) == os.cpu_count():
            _reap(running, dead)
        running[_start(module, tree, seconds)] = index
    while running:
        _reap(running, dead)
    return dead


def _reap(running, dead):
    child, status = os.wait()
    dead[running.pop(child)] = status != 0


def _start(module, tree, seconds) -> int:
    """A fork that has the libraries but not the package, and tests the mutant."""
    child = os.fork()
    if child:
        return child
    signal.alarm(seconds)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.meta_path.insert(0, _Finder(f"ntkref.{module}", tree))
    files = [str(ROOT / "tests" / f"test_{name}.py") for name in TESTS[module]]
    os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--rootdir", str(ROOT), *files])))


def main():
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("modules", nargs="*", default=list(TESTS))
    arguments = parser.parse_args()
    rows, survivors = [], []
    for module in arguments.modules:
        source = (ROOT / "ntkref" / f"{module.replace('.', '/')}.py").read_text()
        start = time.perf_counter()
        if outcomes(module, [("the module as it is", ast.parse(source))], 3600) != [False]:
            sys.exit(f"the tests of {module} fail without a mutation")
        seconds = int(PATIENCE * (time.perf_counter() - start)) + 10
        start, cases = time.perf_counter(), list(mutants(source))[:: arguments.every]
        alive = [what for (what, _), dead in zip(cases, outcomes(module, cases, seconds), strict=True) if not dead]
        survivors += [[module, what] for what in alive]
        rows.append([module, len(cases) - len(alive), len(cases), f"{time.perf_counter() - start:.0f} s"])
        print(*rows[-1], *alive, sep="\n  ", flush=True)
    total, dead = sum(row[2] for row in rows), sum(row[1] for row in rows)
    sample = "all of them" if arguments.every == 1 else f"a sample, each {arguments.every}th"
    rows += [["survives:", f"{module}, {what}", "", ""] for module, what in survivors]
    script = Path(__file__).with_stem(
        "_".join([Path(__file__).stem, *arguments.modules])
    )  # a results file for each call
    report(
        script,
        f"{dead} of {total} formula mutants are killed ({sample})",
        ["module", "killed", "of", "time"],
        rows,
        True,
    )


if __name__ == "__main__":
    main()
