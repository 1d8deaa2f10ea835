"""The examples in the connectors' docstrings hold."""

import doctest
import importlib
import pkgutil

import connectors
import pytest

MODULES = [info.name for info in pkgutil.walk_packages(connectors.__path__, prefix="connectors.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
