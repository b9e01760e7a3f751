"""What a function answers with, when it is more than a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

BodyT = TypeVar("BodyT", bound=BaseModel | None)


@dataclass
class Answer(Generic[BodyT]):
    """A body with a status, headers or cookies of its own.

    ``version`` becomes ``ETag: "v<version>"`` (HTTP-19); ``location`` is the path of what was created.
    """

    body: BodyT
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    location: str | None = None
    version: int | None = None
    cookies: list[str] = field(default_factory=list)


@dataclass
class Binary:
    """Bytes, or a document that is already text; at most 4 MiB."""

    content: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Rendered:
    """An answer as the gateway takes it."""

    status: int
    headers: dict[str, str]
    body: str = ""
    is_base64: bool = False
    cookies: list[str] = field(default_factory=list)

    def event(self) -> dict[str, object]:
        """The proxy response; all headers as multi-value ones, since cookies repeat."""
        multi = {name: [value] for name, value in self.headers.items()}
        if self.cookies:
            multi["Set-Cookie"] = list(self.cookies)
        return {
            "statusCode": self.status,
            "multiValueHeaders": multi,
            "body": self.body,
            "isBase64Encoded": self.is_base64,
        }
