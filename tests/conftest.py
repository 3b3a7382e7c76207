"""Profiles, the --nightly switch, and a check after every test that nobody else's global state was touched."""

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# Derandomised: a failure is the code's doing, not the day's. `--hypothesis-profile=x10` looks ten times as long.
COMMON = {"derandomize": True, "deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=25, **COMMON)
settings.register_profile("x10", max_examples=250, **COMMON)
settings.load_profile("default")


def pytest_addoption(parser):
    parser.addoption("--nightly", action="store_true", help="also run the tests marked nightly")


def pytest_configure(config):
    # Hypothesis writes a failing example as a patch with libcst, where that is installed; importing libcst warns,
    # and an error there would hide the failure that is being reported.
    config.addinivalue_line("filterwarnings", "ignore:mypy_extensions.TypedDict is deprecated:DeprecationWarning")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--nightly"):
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="long; run with --nightly"))


@pytest.fixture(autouse=True)
def _global_state_untouched():
    before = mpmath.mp.prec, mpmath.mp.dps, np.geterr()
    yield
    assert (mpmath.mp.prec, mpmath.mp.dps, np.geterr()) == before
