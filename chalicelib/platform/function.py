"""What all declared functions share: a name, a role's grants, size, and that each is its own Lambda handler."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from chalicelib.platform import registry, startup
from chalicelib.platform.grants import Grant


class Layer(StrEnum):
    """What only a few functions need, and is too large for the one archive of all."""

    TYPESETTING = "typesetting"


_NAME = re.compile(r"[a-z][a-z0-9_]{2,46}")


class Function:
    """A declared function; calling it with ``(event, context)`` is what Lambda does.

    ``memory`` and ``storage`` (scratch space): MiB; ``timeout``: seconds.
    """

    place: str | None = None
    """What it answers to (method and path, schedule name, …); no two functions share one."""

    def __init__(
        self,
        work: Callable[..., Any],
        *,
        grants: Sequence[Grant] = (),
        memory: int = 256,
        timeout: int = 29,
        concurrency: int | None = None,
        storage: int = 512,
        layers: Sequence[Layer] = (),
    ) -> None:
        self.work = work
        self.name = work.__name__
        self.module = work.__module__
        self.grants = tuple(dict.fromkeys(grants))
        self.memory = memory
        self.timeout = timeout
        self.concurrency = concurrency
        self.storage = storage
        self.layers = tuple(layers)
        document = (work.__doc__ or "").strip()
        if not document:
            raise registry.BadDeclaration(f"{self.name} has no docstring: its first line is its summary")
        self.summary, _, rest = document.partition("\n")
        self.description = "\n".join(line.strip() for line in rest.strip().splitlines())
        if _NAME.fullmatch(self.name) is None:
            raise registry.BadDeclaration(f"{self.name} is not a function name of 3 to 47 characters a-z, 0-9, _")

    @property
    def handler(self) -> str:
        """The Lambda's handler: ``functions.commerce.payments.checkout``."""
        return f"{self.module}.{self.name}"

    @property
    def area(self) -> str:
        """The folder under ``functions``: one nested stack each."""
        parts = self.module.split(".")
        return parts[1] if len(parts) > 2 else "platform"

    def register(self) -> None:
        """Take the function's name in the registry; in its own Lambda, get ready for requests."""
        registry.add(self)
        if startup.serves(self.handler):
            self.prepare()
            startup.ready()

    def prepare(self) -> None:
        """Load what handling needs beyond what the function's module imports, before the first request comes."""

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        """Handle one invocation."""
        raise TypeError(f"{type(self).__name__} does not say how it is invoked")
