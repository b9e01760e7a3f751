"""Files of a few screens, functions that fit one; the exceptions are named, and the list may only shrink."""

from __future__ import annotations

from tests.architecture.source import PRODUCT, functions_of, python_files, shown

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 45

LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}


def test_files_are_short() -> None:
    found = {
        shown(path): lines
        for path in python_files(*PRODUCT, "tests")
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_FILE_LINES
    }
    assert found == LONG_FILES, "split the file; the list of exceptions only shrinks"


def test_functions_are_short() -> None:
    found = {
        f"{shown(path)}:{node.name}": lines
        for path in python_files(*PRODUCT)
        for node in functions_of(path)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert found == LONG_FUNCTIONS, "split the function; the list of exceptions only shrinks"
