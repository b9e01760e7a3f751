"""What of a new OpenAPI document would break a client of the last released one (HTTP-51).

Breaking: an operation, an answer or a field of an answer that is gone, an answer's field of another type, a new input
that must be given, an input that is narrower or gone, another status of success. New answer fields, new optional inputs
and new error codes are not: clients ignore what they do not know. A path of another version (``/v2/…``) is another
operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
Schema = dict[str, Any]

VERBS = ("get", "post", "put", "patch", "delete", "head")
_DEEPEST = 12


def breaking(released: Document, new: Document) -> list[str]:
    """One sentence for each thing that breaks; empty when a client of the old document is safe."""
    found: list[str] = []
    for path, item in released["paths"].items():
        for verb in (verb for verb in VERBS if verb in item):
            place = f"{verb.upper()} {path}"
            operation = new["paths"].get(path, {}).get(verb)
            if operation is None:
                if not item[verb].get("deprecated"):
                    found.append(f"{place} is gone")
                continue
            comparison = _Comparison(released, new, place)
            found.extend(comparison.of(item[verb], operation))
    return found


class _Comparison:
    """One operation of two documents."""

    def __init__(self, released: Document, new: Document, place: str) -> None:
        self._released = released
        self._new = new
        self._place = place

    def of(self, old: Document, new: Document) -> Iterator[str]:
        """What breaks."""
        yield from self._parameters(old, new)
        yield from self._bodies(old, new)
        yield from self._answers(old, new)

    def _parameters(self, old: Document, new: Document) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in self._resolved(self._released, old.get("parameters", []))}
        after = {(one["in"], one["name"]): one for one in self._resolved(self._new, new.get("parameters", []))}
        for (place, name), parameter in after.items():
            known = before.get((place, name), {})
            if parameter.get("required") and not known.get("required"):
                yield f"{self._place} needs {place} {name}"
            if known:
                yield from self._input(known["schema"], parameter["schema"], f"{place} {name}")
        for place, name in before:
            if (place, name) not in after:
                yield f"{self._place} takes {place} {name} no longer"

    def _bodies(self, old: Document, new: Document) -> Iterator[str]:
        before, after = old.get("requestBody", {}), new.get("requestBody", {})
        if after.get("required") and not before.get("required"):
            yield f"{self._place} needs a body"
        for media, content in before.get("content", {}).items():
            now = after.get("content", {}).get(media)
            if now is None:
                yield f"{self._place} takes {media} no longer"
            else:
                yield from self._input(content["schema"], now["schema"], "body")

    def _answers(self, old: Document, new: Document) -> Iterator[str]:
        for status, answer in old["responses"].items():
            if int(status) >= 400:
                continue
            now = new["responses"].get(status)
            if now is None:
                yield f"{self._place} answers {status} no longer"
                continue
            before = self._resolved(self._released, [answer])[0].get("content", {})
            after = self._resolved(self._new, [now])[0].get("content", {})
            for media, content in before.items():
                if media not in after:
                    yield f"{self._place} answers {status} as {media} no longer"
                else:
                    yield from self._output(content["schema"], after[media]["schema"], f"{status}")
        for status in new["responses"]:
            if int(status) < 300 and status not in old["responses"]:
                yield f"{self._place} answers {status}, which it did not"

    def _input(self, old: Schema, new: Schema, place: str, depth: int = 0) -> Iterator[str]:
        """What a client may send must still be taken."""
        old, new = self._both(old, new)
        if depth > _DEEPEST or not old:
            return
        gone = _types(old) - _types(new)
        if gone:
            yield f"{self._place}: {place} takes {', '.join(sorted(gone))} no longer"
        yield from (f"{self._place}: {place} {narrower}" for narrower in _narrower(old, new))
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in set(new.get("required", ())) - set(old.get("required", ())):
            yield f"{self._place}: {place} needs {name}"
        for name, member in before.items():
            if name not in after:
                yield f"{self._place}: {place} takes {name} no longer"
            else:
                yield from self._input(member, after[name], f"{place}.{name}", depth + 1)
        if "items" in old and "items" in new:
            yield from self._input(old["items"], new["items"], f"{place}[]", depth + 1)

    def _output(self, old: Schema, new: Schema, place: str, depth: int = 0) -> Iterator[str]:
        """What a client reads must still be there, and of no new type."""
        old, new = self._both(old, new)
        if depth > _DEEPEST or not old:
            return
        added = _types(new) - _types(old)
        if added and _types(old):
            yield f"{self._place}: {place} may now be {', '.join(sorted(added))}"
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, member in before.items():
            if name not in after:
                yield f"{self._place}: {place} has no {name} any more"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{self._place}: {place} may lack {name} now"
            yield from self._output(member, after[name], f"{place}.{name}", depth + 1)
        if "items" in old and "items" in new:
            yield from self._output(old["items"], new["items"], f"{place}[]", depth + 1)

    def _both(self, old: Schema, new: Schema) -> tuple[Schema, Schema]:
        return _plain(self._released, old), _plain(self._new, new)

    @staticmethod
    def _resolved(document: Document, things: list[Document]) -> list[Document]:
        return [_target(document, one) for one in things]


def _target(document: Document, thing: Document) -> Document:
    while "$ref" in thing:
        found: Any = document
        for part in str(thing["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        thing = found
    return thing


def _plain(document: Document, schema: Schema) -> Schema:
    """A schema without reference; of a choice that is only «this or null», this, with both types."""
    schema = _target(document, schema)
    choices = [_target(document, one) for one in schema.get("anyOf", ())]
    real = [one for one in choices if one.get("type") != "null"]
    if len(real) == 1:
        types = sorted({*_types(real[0]), *(["null"] if len(choices) > 1 else [])})
        return {**real[0], "type": types}
    return schema


def _types(schema: Schema) -> set[str]:
    kind = schema.get("type")
    if kind is None:
        return set()
    return {str(one) for one in kind} if isinstance(kind, list) else {str(kind)}


def _narrower(old: Schema, new: Schema) -> Iterator[str]:
    for name in ("maximum", "maxLength", "maxItems"):
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"has a lower {name}"
    for name in ("minimum", "minLength", "minItems"):
        if name in new and new[name] > old.get(name, float("-inf" if name == "minimum" else 0)):
            yield f"has a higher {name}"
    if "enum" in new and not set(old.get("enum", ("anything",))) <= set(new["enum"]):
        yield "takes fewer values"
    if new.get("pattern") is not None and new.get("pattern") != old.get("pattern"):
        yield "has another pattern"
