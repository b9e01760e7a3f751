"""The policies in force: those written in ``policies/access``, and one generated a permission.

What each of them says stands in its annotations: ``@id``, ``@description``; of a forbid, ``@reason``: what a refusal
says (ACC-55); ``@permission``: which permission would have helped.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from chalicelib.platform.access.catalogue import Actions, UserType
from chalicelib.platform.records import frozen

POLICY_FOLDER = Path(__file__).resolve().parents[3] / "policies" / "access"
GENERATED_FROM = "chalicelib/platform/access/catalogue.py"

_POLICY = re.compile(r"^@id\(.*?;$", re.DOTALL | re.MULTILINE)
_ANNOTATION = re.compile(r"^@(\w+)\(\"([^\"]*)\"\)$", re.MULTILINE)
_EFFECT = re.compile(r"^(permit|forbid)\b", re.MULTILINE)
_APPLIES = re.compile(
    r"^action\s+(?P<names>(?:\"[\w.:]+\",?\s*)+)(?:in\s*\[[^\]]*\]\s*)?"
    r"appliesTo\s*\{\s*principal:\s*User,\s*resource:\s*\[?(?P<types>[^\]{}:]+?)\]?,\s*context",
    re.MULTILINE,
)


@frozen
class Policy:
    """One policy. ``effect``: ``permit`` or ``forbid``. ``file``: where it stands, or what it is generated from."""

    id: str
    effect: str
    description: str
    text: str
    file: str
    reason: str | None = None
    permission: str | None = None


def _permission_policies() -> str:
    """One policy a permission that alone allows an action: ``permission:<name>`` (ACC-31)."""
    prefix = "permission:"
    groups = {name for action in Actions.all().values() for name in action.groups if name.startswith(prefix)}
    return "\n\n".join(
        f'@id("{group}")\n'
        f'@description("Staff who hold {group.removeprefix(prefix)} do what it is for.")\n'
        f'permit (\n  principal is User,\n  action in Action::"{group}",\n  resource\n)\n'
        f'when {{ principal.userType == "{UserType.ADMIN}"'
        f' && principal.permissions.contains("{group.removeprefix(prefix)}") }};'
        for group in sorted(groups)
    )


def _read(text: str, file: str) -> list[Policy]:
    found = []
    for match in _POLICY.finditer(text):
        facts = dict(_ANNOTATION.findall(match[0]))
        effect = _EFFECT.search(match[0])
        found.append(
            Policy(
                facts["id"],
                effect[0] if effect else "",
                facts.get("description", ""),
                match[0],
                file,
                facts.get("reason"),
                facts.get("permission"),
            )
        )
    return found


@lru_cache(maxsize=1)
def policies() -> dict[str, Policy]:
    """Every policy in force by id: as written, file by file, then the generated ones."""
    found: list[Policy] = []
    for path in sorted(POLICY_FOLDER.glob("*.cedar")):
        found += _read(path.read_text("utf-8"), f"policies/access/{path.name}")
    return {policy.id: policy for policy in [*found, *_read(_permission_policies(), GENERATED_FROM)]}


def policy_text() -> str:
    """All policies in force, as Cedar reads them."""
    return "\n\n".join(policy.text for policy in policies().values())


@lru_cache(maxsize=1)
def schema_text() -> str:
    """The schema of principals, resources, context and actions."""
    return (POLICY_FOLDER / "schema.cedarschema").read_text("utf-8")


def version_of(policy_text: str, schema_text: str) -> str:
    """A hash of policies and schema, 16 hexadecimal digits."""
    return hashlib.sha256(f"{policy_text}\0{schema_text}".encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def policy_version() -> str:
    """Which policies and schema are deployed (ACC-11)."""
    return version_of(policy_text(), schema_text())


@lru_cache(maxsize=1)
def resource_types() -> dict[str, tuple[str, ...]]:
    """Action → the types of things that it can be about, as the schema says."""
    found: dict[str, tuple[str, ...]] = {}
    for match in _APPLIES.finditer(schema_text()):
        types = tuple(name.strip() for name in match["types"].split(","))
        found.update(dict.fromkeys(re.findall(r"\"([\w.:]+)\"", match["names"]), types))
    return found
