"""Work on strangers' files ends, whatever it does, and knows nothing of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chalicelib.platform.confined.running import MEBIBYTE, Limits, Said, run

PROGRAM = "tests.platform.confined.program"
CONTENT = b"abcdefgh"


def said(*arguments: object, **limits: Any) -> Said:
    """What the program answers."""
    given = {"seconds": 20, "memory": 256 * MEBIBYTE, **limits}
    return run(PROGRAM, *arguments, limits=Limits(**given), read=lambda first, last: CONTENT[first : last + 1])


@pytest.mark.rule("FILE-36")
def test_what_keeps_its_limits_is_answered(tmp_path: Path) -> None:
    assert said("read", 2, reads=5).answer == {"read": ["ab", "cde"]}
    assert said("body", 9, body=9) == Said({"sent": True}, bytes(9))
    assert said("hog", MEBIBYTE).answer == {"held": MEBIBYTE}
    assert said("write", tmp_path / "a", 9, scratch=9).answer is not None


@pytest.mark.rule("FILE-36")
@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        (["spin"], {"seconds": 1}),
        (["read", 3], {"reads": 5}),
        (["body", 10], {"body": 9}),
        (["crash"], {}),
        (["babble"], {}),
        (["hog", "many"], {}),
    ],
)
def test_what_does_not_is_ended_without_an_answer(arguments: list[object], limits: dict[str, Any]) -> None:
    assert said(*arguments, **limits) == Said()


@pytest.mark.rule("FILE-36")
def test_memory_and_scratch_space_end(tmp_path: Path) -> None:
    assert said("hog", 1_024 * MEBIBYTE).answer == {"failed": "TOO_MUCH"}
    assert said("write", tmp_path / "a", 10, scratch=9).answer is None
    assert (tmp_path / "a").stat().st_size <= 9


@pytest.mark.rule("FILE-36")
def test_it_knows_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/var/lang/lib")
    answer = said("environment").answer
    assert answer is not None
    assert set(answer["environment"]) <= {"PYTHONPATH", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH"}
    assert "LD_LIBRARY_PATH" in answer["environment"]


@pytest.mark.rule("FILE-36")
def test_what_the_bucket_says_is_passed_on() -> None:
    def broken(first: int, last: int) -> bytes:
        raise OSError("the bucket does not answer")

    with pytest.raises(OSError, match="does not answer"):
        run(PROGRAM, "read", 2, limits=Limits(20, reads=9), read=broken)
