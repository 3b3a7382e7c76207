"""The textbook: one chapter per result, each a plain Python script in which every step is checked as it runs.

`arcsine_kernel`, `fixed_points`, `ntk_limits`, `critical_line`; `steps` holds the checks.  Run a chapter with
``python derivations/arcsine_kernel.py``; it is silent, or raises AssertionError at the step that fails.
Importing a chapter runs it too.  The formulas it arrives at are in its dict ``results``.

Installed, this folder is the package `ntkref.chapters`.
"""
