"""Divides the Odoo tests into two parts that run side by side, and counts what ran.

A test that needs Odoo's web server says so by deriving from HttpCase: that is the part
``browser``; every other one is the part ``odoo``.
"""

from pathlib import Path

from hypothesis import HealthCheck, settings

# The parts share the machine, with other clones too: a slow moment is no failure.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dev")


def pytest_addoption(parser):
    parser.addoption("--part", choices=["unit", "odoo", "browser"])
    parser.addoption("--count-to", help="file that gets 'PASSED FAILED SKIPPED'")


def pytest_collection_modifyitems(config, items):
    part = config.getoption("--part")
    if part not in ("odoo", "browser"):
        return
    from odoo.tests import HttpCase

    def belongs(item):
        return issubclass(getattr(item, "cls", None) or object, HttpCase) == (part == "browser")

    config.hook.pytest_deselected(items=[item for item in items if not belongs(item)])
    items[:] = [item for item in items if belongs(item)]


def pytest_terminal_summary(terminalreporter, config):
    def count(*outcomes):
        return sum(len(terminalreporter.stats.get(outcome, ())) for outcome in outcomes)

    if target := config.getoption("--count-to"):
        counts = count("passed", "xfailed"), count("failed", "error", "xpassed"), count("skipped")
        Path(target).write_text(" ".join(map(str, counts)))
