"""Who vouches for people (AUTH-60): our own passwords and codes, an external OIDC provider, or both."""

from __future__ import annotations

from chalicelib.platform import settings

LOCAL = "local"
EXTERNAL = "external"


def _parse(raw: str) -> frozenset[str]:
    words = frozenset(word.strip() for word in raw.split(","))
    if not words <= {LOCAL, EXTERNAL}:
        raise ValueError(raw)
    return words


AUTH_PROVIDERS = settings.parsed(
    "AUTH_PROVIDERS", default=LOCAL, parse=_parse, rule="local, external, or local,external"
)


def is_local() -> bool:
    """Whether people have passwords and codes here."""
    return LOCAL in AUTH_PROVIDERS()


def is_external() -> bool:
    """Whether tokens of the external provider are accepted."""
    return EXTERNAL in AUTH_PROVIDERS()
