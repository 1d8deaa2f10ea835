"""Runs one benchmark by name: ``dev/bench NAME [--json] [its own options]``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from .common import ALIASES, Result, existing


def load(name: str):
    if name not in existing():
        sys.exit(f"error: there is no benchmark {name!r}; there are: {', '.join(existing())}")
    return importlib.import_module(f"{__package__}.{ALIASES.get(name, name)}")


def parse(argv: list[str]):
    """The benchmark's module and its arguments."""
    if not argv or argv[0].startswith("-"):
        sys.exit(f"usage: dev/bench NAME [--json] [options]\nbenchmarks: {', '.join(existing())}")
    module = load(argv[0])
    parser = argparse.ArgumentParser(prog=f"dev/bench {argv[0]}", description=module.__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    if hasattr(module, "add_arguments"):
        module.add_arguments(parser)
    return module, parser.parse_args(argv[1:])


def main() -> None:
    module, args = parse(sys.argv[1:])
    # Whatever a library prints goes to stderr, so that stdout holds the result and nothing else.
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    result: Result = module.run(args)
    print(result.as_json() if args.json else result.as_table(), file=stdout, flush=True)


if __name__ == "__main__":
    main()
