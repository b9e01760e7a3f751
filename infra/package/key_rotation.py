"""``make rotate-keys``: a new signing key in a stage's parameter store, and an end for the old one (AUTH-56).

The new key is published at once and signs 10 minutes later; the old one verifies for another day. Nobody is signed out,
and nothing has to be deployed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.identity.sessions.access_tokens import ACCESS_TTL_SECONDS
from chalicelib.identity.sessions.keys import published, rotated
from chalicelib.platform.records import frozen
from infra.package.wheels import PackagingFailed

PRIVATE, PUBLIC = "JWT_KEYS", "JWT_PUBLIC_KEYS"
TRIES = 5
MOST_CHARACTERS = 4_096
"""What a standard parameter holds."""


@frozen
class Rotated:
    """The new values of ``JWT_KEYS`` and ``JWT_PUBLIC_KEYS``."""

    stage: str
    private: str
    public: str

    def lines(self) -> Iterator[str]:
        """What happened, for the person at the terminal; no key material."""
        entries = json.loads(self.private)
        yield f"{self.stage}: key {entries[-1]['kid']} ({entries[-1]['alg']}) signs from {entries[-1]['activeFrom']}"
        for one in entries[:-1]:
            yield f"{self.stage}: key {one['kid']} ({one['alg']}) is retired at {one['retireAt']}"


def rotate(ssm: Any, stage: str) -> Rotated:
    """Rotate the keys of a stage; raises ``PackagingFailed`` when it has none, or keeps too many."""
    entries = rotated(json.loads(_read(ssm, stage, PRIVATE)), lifetime=ACCESS_TTL_SECONDS())
    private, public = json.dumps(entries), json.dumps(published(entries))
    if max(len(private), len(public)) > MOST_CHARACTERS:
        raise PackagingFailed(f"{stage} has more keys than a parameter holds; wait until the oldest are retired")
    # First what verifies: a published key that never signs does no harm, a signing key that is unknown does.
    _write(ssm, stage, PUBLIC, public)
    _write(ssm, stage, PRIVATE, private)
    return _settled(ssm, stage)


def _settled(ssm: Any, stage: str) -> Rotated:
    """What is there now. Where somebody else rotated at this moment, whatever can sign is made to verify."""
    for _ in range(TRIES):
        private, public = _read(ssm, stage, PRIVATE), _read(ssm, stage, PUBLIC)
        wanted, there = published(json.loads(private))["keys"], json.loads(public)["keys"]
        if all(key in there for key in wanted):
            return Rotated(stage, private, public)
        own = {key["kid"] for key in wanted}
        _write(ssm, stage, PUBLIC, json.dumps({"keys": [*wanted, *(key for key in there if key["kid"] not in own)]}))
    raise PackagingFailed(f"the keys of {stage} kept changing; run it again")


def _parameter(stage: str, name: str) -> str:
    return f"/pathshala/{stage}/{name}"


def _read(ssm: Any, stage: str, name: str) -> str:
    try:
        answer = ssm.get_parameter(Name=_parameter(stage, name), WithDecryption=True)
    except ssm.exceptions.ParameterNotFound as error:
        raise PackagingFailed(f"the parameter {_parameter(stage, name)} is missing") from error
    return str(answer["Parameter"]["Value"])


def _write(ssm: Any, stage: str, name: str, value: str) -> None:
    ssm.put_parameter(Name=_parameter(stage, name), Value=value, Type="SecureString", Overwrite=True)
