"""The map in CONTRIBUTING.md names the packages, files and functions that exist."""

from __future__ import annotations

import ast
import re

import pytest

from .blocks import ROOT

MAP = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Map\n")[2].partition("\n## ")[0]
STEPS = re.findall(r"^\| [a-z]* ?\| `([\w/]+\.py)` \| (.+) \|$", MAP, re.MULTILINE)


@pytest.mark.parametrize("whole", ["sms/services", "sms/admin"])
def test_each_package_has_one_line(whole):
    listed = re.findall(rf"^\| `({whole}/\w+)/` \|", MAP, re.MULTILINE)
    packages = [str(path.parent.relative_to(ROOT)) for path in (ROOT / whole).glob("*/__init__.py")]
    assert sorted(listed) == sorted(packages)


def test_the_paths_have_steps():
    """So that no change of the table's form leaves the next test without anything to compare."""
    assert len(STEPS) == len(re.findall(r"^\|[^|]*\| `[\w/]+\.py`", MAP, re.MULTILINE)) > 10


@pytest.mark.parametrize(("file", "words"), STEPS)
def test_each_function_of_a_path_is_in_its_file(file, words):
    named = set(re.findall(r"`([\w.]+)`", words))
    assert named
    assert not named - _functions(ast.parse((ROOT / file).read_text()))


def _functions(tree: ast.Module) -> set[str]:
    """`function`, and `Class.method`."""
    methods = {
        f"{node.name}.{inner.name}"
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef)
    }
    return methods | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
