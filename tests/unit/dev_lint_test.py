"""What the size check finds: a rule that nothing can break is no rule."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("lint_sizes", ROOT / "dev" / "lint_sizes.py")
lint = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lint)

HEADER = '<?xml version="1.0" encoding="UTF-8" ?>\n'


def function(lines):
    return "def f():\n" + "    x = 1\n" * (lines - 1)


def branches(count):
    return "def f(x):\n" + "".join(f"    if x == {n}:\n        x += 1\n" for n in range(count))


@pytest.mark.parametrize(("source", "found"), [
    (function(50), None),
    (function(51), "f has 51 lines"),
    (branches(9), None),
    (branches(10), "f has complexity 11"),
    ("class C:\n" + "".join(f"    {line}\n" for line in branches(10).splitlines()), "complexity"),
])  # fmt: skip
def test_long_and_branching_functions_are_found(source, found):
    problems = list(lint.check_sizes(Path("x.py"), source))
    assert bool(problems) == bool(found)
    assert found is None or found in problems[0]


@pytest.mark.parametrize(("content", "found"), [
    (HEADER + "<odoo/>", None),
    ("<odoo/>", "must begin with"),
    (HEADER + "<odoo>", "Premature end"),
])  # fmt: skip
def test_xml_that_odoo_would_pass_over_is_found(tmp_path, content, found):
    path = tmp_path / "x.xml"
    path.write_text(content)
    problems = list(lint.check_xml(path))
    assert bool(problems) == bool(found)
    assert found is None or found in problems[0]


def test_a_test_that_never_runs_is_found(tmp_path):
    (tmp_path / "__init__.py").write_text("from . import test_a\n")
    for name in ("test_a.py", "test_b.py", "common.py"):
        (tmp_path / name).write_text("")
    (problem,) = lint.check_tests_are_imported(tmp_path)
    assert "test_b.py" in problem


def test_the_ratio_counts_statements_of_test_to_product(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sources = {}
    for name, lines in (("ar_credit_control/x.py", 5), ("tests/test_x.py", 4), ("dev/x.py", 50)):
        path = Path(name)
        path.parent.mkdir()
        path.write_text(function(lines))
        sources[path] = path.read_text()
    assert lint.summary(sources).endswith("0.80 statements of test a statement of product")
