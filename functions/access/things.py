"""Every type of things that decisions can be asked about by name and id."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.payments.resources import ORDER
from chalicelib.content.files.resources import FILE
from chalicelib.content.notes.resources import NOTE
from chalicelib.content.taxonomy.resources import PRACTISED_SUBJECT
from chalicelib.identity.accounts.profile import PERSON
from chalicelib.platform.access.resources import Thing

THINGS: dict[str, Thing[Any]] = {thing.kind: thing for thing in (FILE, NOTE, ORDER, PERSON, PRACTISED_SUBJECT)}
"""By their name in the policies; a test compares with all there are."""
