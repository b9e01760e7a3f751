"""Secrets: SecureString parameters ``/pathshala/<stage>/<NAME>`` of SSM, read once per container.

A secret is declared where it is used, as a value that is called to be read. A function that reads one names the
grant of that secret; nothing else of the account is open to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

from chalicelib.platform import clock, settings
from chalicelib.platform.aws import clients
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.records import frozen

MINIMUM_LENGTH = 16


def parameter_name(name: str) -> str:
    """The SSM parameter of a secret in this stage."""
    return f"/pathshala/{settings.STAGE()}/{name}"


@frozen
class Secret:
    """One secret; call it to read it. ``Unavailable`` (503) when the store does not answer."""

    name: str
    module: str

    def __call__(self) -> str:
        for hook in _on_read:
            hook(self.name)
        with _lock:
            value = _values.get(self.name)
        return self.fetch() if value is None else value

    def fetch(self) -> str:
        """Read it from the store even if it is known: after a rotation."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = clients.ssm().get_parameter(Name=parameter_name(self.name), WithDecryption=True)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable from error
        value = cast(str, answer["Parameter"]["Value"])
        with _lock:
            _values[self.name] = value
            _fetched[self.name] = clock.epoch()
        return value

    def recent(self, seconds: int) -> str:
        """Its value, read again when what is known is older than that; the old one while the store does not answer."""
        if self.age() < seconds:
            return self()
        try:
            return self.fetch()
        except Unavailable:
            with _lock:
                known = _values.get(self.name)
            if known is None:
                raise
            return known

    def age(self) -> int:
        """Seconds since it was last read from the store."""
        with _lock:
            seconds = clock.epoch() - _fetched.get(self.name, 0)
        # The local cloud can set its clock back; what was read «later» is as good as never read.
        return seconds if seconds >= 0 else clock.epoch()


_lock = threading.Lock()
_values: dict[str, str] = {}
_fetched: dict[str, int] = {}
_declared: dict[str, Secret] = {}
_on_read: list[Callable[[str], None]] = []


def secret(name: str) -> Secret:
    """Declare a secret."""
    import sys

    module = str(sys._getframe(1).f_globals.get("__name__", ""))
    return _declared.setdefault(name, Secret(name, module))


def declared() -> dict[str, Secret]:
    """All secrets declared by the modules imported so far, by name."""
    return dict(_declared)


def on_read(hook: Callable[[str], None]) -> None:
    """Call ``hook(name)`` for every reading, known values too: each deployed function asks the store itself."""
    _on_read.append(hook)


def forget() -> None:
    """Drop what this container knows: the next reading asks the store."""
    with _lock:
        _values.clear()
        _fetched.clear()
