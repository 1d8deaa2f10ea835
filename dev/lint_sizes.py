"""Holds functions to 50 lines and complexity 10, and says how much test there is to the product.

It also refuses what Odoo passes over in silence: XML that is not well formed or lacks its header,
and a test file that tests/__init__.py does not import, which never runs.
"""

import ast
import statistics
import sys
from pathlib import Path

from lxml import etree
from radon.complexity import cc_visit
from radon.raw import analyze

LONGEST = 50
MOST_COMPLEX = 10
HEADER = b'<?xml version="1.0" encoding="UTF-8" ?>'
PRODUCT = ("ar_credit_control", "connectors", "controllers", "demo", "migrations")


def functions(tree):
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def length(function):
    return function.end_lineno - function.lineno + 1


def check_sizes(path, source):
    for function in functions(ast.parse(source)):
        if length(function) > LONGEST:
            yield f"{path}:{function.lineno}: {function.name} has {length(function)} lines"
    for block in cc_visit(source, no_assert=True):
        if block.letter in "FM" and block.complexity > MOST_COMPLEX:
            yield f"{path}:{block.lineno}: {block.name} has complexity {block.complexity}"


def check_xml(path):
    content = path.read_bytes()
    if not content.startswith(HEADER):
        yield f"{path}:1: must begin with {HEADER.decode()}"
    try:
        etree.fromstring(content)
    except etree.XMLSyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"


def check_tests_are_imported(folder):
    imports = (folder / "__init__.py").read_text()
    names = {a.name for n in ast.walk(ast.parse(imports)) if hasattr(n, "names") for a in n.names}
    for path in sorted(folder.glob("test_*.py")):
        if path.stem not in names:
            yield f"{path}: not imported in {folder / '__init__.py'}, so Odoo never runs it"


def lines_of_code(paths):
    return sum(analyze(path.read_text()).lloc for path in paths)


def summary(sources):
    lengths = sorted(length(f) for source in sources.values() for f in functions(ast.parse(source)))
    tests = [p for p in sources if p.parts[0] == "tests"]
    product = [p for p in sources if p.parts[0] in PRODUCT]
    ratio = lines_of_code(tests) / max(1, lines_of_code(product))
    return (
        f"{len(lengths)} functions: median {statistics.median(lengths):.0f} lines, "
        f"95th percentile {lengths[int(len(lengths) * 0.95)]}, longest {lengths[-1]}; "
        f"{ratio:.2f} statements of test a statement of product"
    )


def main():
    root = Path()
    sources = {path: path.read_text() for path in sorted(root.rglob("*.py"))}
    found = [line for path, source in sources.items() for line in check_sizes(path, source)]
    for path in sorted(root.rglob("*.xml")):
        if "samples" not in path.parts:
            found += check_xml(path)
    found += check_tests_are_imported(root / "tests")
    print(*found, summary(sources), sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
