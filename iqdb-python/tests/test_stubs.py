"""The stubs name what the module has, with the same arguments."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import iqdb
from iqdb import _iqdb

STUBS = ast.parse((Path(iqdb.__file__).parent / "_iqdb.pyi").read_text())
CLASSES = {node.name: node for node in STUBS.body if isinstance(node, ast.ClassDef)}
PUBLIC = {name: value for name, value in vars(_iqdb).items() if not name.startswith("_")}


def functions(body):
    """The functions of a class or a module by their names; of overloads the first."""
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, node)
    return found


def members(name):
    """What the stubs say of a class, and of the classes that it inherits from."""
    node = CLASSES[name]
    inherited = [members(base.id) for base in node.bases if base.id in CLASSES]
    return {key: value for found in inherited for key, value in found.items()} | functions(node.body)


def arguments(node):
    of = node.args
    defaults = [None] * (len(of.args) - len(of.defaults)) + of.defaults
    positional = [(arg.arg, default is not None) for arg, default in zip(of.args, defaults)]
    keywords = [(arg.arg, default is not None) for arg, default in zip(of.kwonlyargs, of.kw_defaults)]
    return [argument for argument in positional if argument[0] != "self"], keywords


def real_arguments(function):
    found = inspect.signature(function).parameters.values()
    taken = [one for one in found if one.name != "self"]
    def of(kinds):
        return [(one.name, one.default is not one.empty) for one in taken if one.kind in kinds]
    return of((0, 1)), of((3,))


def test_the_same_names_are_there():
    stubbed = set(functions(STUBS.body)) | {name for name in CLASSES if not name.startswith("_")}
    assert stubbed == set(PUBLIC)
    assert set(PUBLIC) <= set(iqdb.__all__)


@pytest.mark.parametrize("name", sorted(set(CLASSES) & set(PUBLIC)))
def test_a_class_has_what_its_stub_says(name):
    real = {key for key in vars(PUBLIC[name]) if not key.startswith("_")}
    stubbed = members(name)
    assert {key for key in stubbed if not key.startswith("_")} == real
    for key in real:
        method = vars(PUBLIC[name])[key]
        is_property = any(
            isinstance(one, ast.Name) and one.id == "property"
            for one in stubbed[key].decorator_list
        )
        assert is_property == inspect.isdatadescriptor(method), key
        if not is_property:
            assert arguments(stubbed[key]) == real_arguments(method), key


@pytest.mark.parametrize("name", sorted(set(functions(STUBS.body))))
def test_a_function_has_the_arguments_of_its_stub(name):
    assert arguments(functions(STUBS.body)[name]) == real_arguments(PUBLIC[name])
