"""Examples in docstrings and in the guide are run, and every public name says what it does."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import iqdb

MODULES = ["iqdb", "iqdb._errors", "iqdb._arrays", "iqdb._columns", "iqdb._tables", "iqdb.aio"]
# Those of an adapter are run where what it adapts to is installed.
ADAPTERS = {
    "langchain_core": ["iqdb.integrations.langchain"],
    "haystack": [
        "iqdb.integrations.haystack",
        *(f"iqdb.integrations.haystack.{name}" for name in ("store", "retriever", "filters")),
    ],
}
GUIDE = Path(__file__).parents[2] / "docs" / "python.md"


def docstrings():
    """The docstrings of the package, those of methods written in Rust included, each with its module."""
    names = list(MODULES)
    for package, adapter in ADAPTERS.items():
        names += adapter if importlib.util.find_spec(package) else []
    for module in map(importlib.import_module, names):
        yield module.__name__, module.__doc__ or "", module
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__.startswith("iqdb"):
                yield name, value.__doc__ or "", module
                for method, of in vars(value).items():
                    yield f"{name}.{method}", getattr(of, "__doc__", None) or "", module
            elif inspect.isroutine(value) and (value.__module__ or "").startswith("iqdb"):
                inside = module.__name__.startswith("iqdb.integrations")
                yield f"{module.__name__}.{name}" if inside else name, value.__doc__ or "", module


EXAMPLES = {name: (text, module) for name, text, module in docstrings() if ">>>" in text}


def run(name: str, text: str, names: dict[str, Any] | None = None) -> int:
    test = doctest.DocTestParser().get_doctest(text, dict(names or {}), name, None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test)
    assert runner.failures == 0, f"an example of {name} fails"
    return runner.tries


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_of_docstrings_are_true(name, capsys):
    text, module = EXAMPLES[name]
    # Those of the adapters may use the names beside them.
    inside = module.__name__.startswith("iqdb.integrations")
    assert run(name, text, vars(module) if inside else None) > 0


@pytest.mark.parametrize("package", ADAPTERS)
def test_there_are_examples_of_the_adapters(package):
    pytest.importorskip(package)
    usual = {
        "langchain_core": {"IqdbVectorStore", "IqdbVectorStore.delete"},
        "haystack": {"IqdbDocumentStore", "IqdbEmbeddingRetriever"},
    }
    translated = {f"{ADAPTERS[package][-1]}.translate"}
    assert usual[package] | translated | {ADAPTERS[package][0]} <= set(EXAMPLES)


def test_there_are_examples_of_the_usual_calls():
    usual = {"iqdb", "Database.search", "Database.upsert", "Database.scroll", "Key", "key", "open"}
    assert usual - {"Key"} <= set(EXAMPLES)


@pytest.mark.skipif(not GUIDE.exists(), reason="the guide is part of the checkout")
def test_the_examples_of_the_guide_are_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # The end of a fence is not what an example prints.
    text = re.sub(r"^```.*$", "", GUIDE.read_text(), flags=re.MULTILINE)
    assert run("python.md", text) > 30


def test_every_public_name_says_what_it_does():
    for name in iqdb.__all__:
        value = getattr(iqdb, name)
        assert value.__doc__, name
        if inspect.isclass(value) and not issubclass(value, (Exception, tuple)):
            for method, of in vars(value).items():
                assert method.startswith("_") or of.__doc__, f"{name}.{method}"


def test_the_help_shows_signatures():
    shown = pydoc.render_doc(iqdb.Database, renderer=pydoc.plaintext)
    # Versions differ in where they break lines.
    shown = re.sub(r"[\s|]+", "", shown)
    assert "search(self,/,query,k=None,*,where=None" in shown
    assert "upsert(self,/,ids,vectors=None,payloads=None" in shown


EXAMPLE_FILES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLE_FILES, ids=lambda path: path.name)
def test_the_examples_run(path, tmp_path):
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 2
