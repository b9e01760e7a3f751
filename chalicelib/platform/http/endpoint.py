"""The declaration of an HTTP function: everything that the gateway, the docs, the policies and the deployment need.

    @api.get("/v1/notes/{noteId}", action=Actions.NOTES_BROWSE, resource=PUBLISHED_NOTE, grants=[Grant.TABLE_READ])
    def get_note(note: Note, caller: Caller) -> NoteAnswer:
        '''A published note's metadata.'''

Parameters are filled by what they are: ``body`` (a ``RequestModel``), ``query`` (a ``QueryModel``), ``caller``,
``request``, the resource's item under the resource's ``param``, and the path's own, in snake case (``note_id``).
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from types import UnionType
from typing import Any, TypedDict, Union, Unpack, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from chalicelib.platform import shapes, startup
from chalicelib.platform.access.catalogue import Action
from chalicelib.platform.access.identities import Welcome
from chalicelib.platform.access.resources import Resource
from chalicelib.platform.errors import ApiError, RouteNotFound
from chalicelib.platform.function import Function
from chalicelib.platform.grants import Grant
from chalicelib.platform.http.answers import Answer, Binary
from chalicelib.platform.http.idempotency import Idempotency
from chalicelib.platform.http.limits import Limit, Limits
from chalicelib.platform.ids import is_ulid
from chalicelib.platform.records import frozen
from chalicelib.platform.registry import BadDeclaration
from chalicelib.platform.settings import Setting

_PARAMETER = re.compile(r"\{(\w+)\+?\}")
_SNAKE = re.compile(r"(?<!^)(?=[A-Z])")
_OTHER_PATHS = re.compile(r"[A-Za-z0-9._~-]{1,128}")


class PathRule:
    """What a path parameter must look like, for those that are no ULIDs: ``Annotated[str, PathRule("[a-z]{2,9}")]``."""

    def __init__(self, pattern: str) -> None:
        self.pattern = re.compile(pattern)

    def read(self, text: str) -> str | None:
        """The value, or None when the text names nothing."""
        return text if self.pattern.fullmatch(text) else None


class UlidRule(PathRule):
    """A ULID in either case (HTTP-14)."""

    def __init__(self) -> None:
        super().__init__("[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}")

    def read(self, text: str) -> str | None:
        return text.upper() if is_ulid(text) else None


NOTICE = timedelta(days=90)


@frozen
class Deprecated:
    """An operation that will go: since when nobody should begin to use it, and when it ends (HTTP-51)."""

    since: date
    sunset: date

    def __post_init__(self) -> None:
        if self.sunset - self.since < NOTICE:
            raise BadDeclaration(f"a deprecated operation lives at least {NOTICE.days} days")

    def headers(self) -> dict[str, str]:
        """``Deprecation`` as RFC 9745 writes it, ``Sunset`` as RFC 8594 does."""
        since = datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)
        sunset = datetime(self.sunset.year, self.sunset.month, self.sunset.day, tzinfo=UTC)
        return {"Deprecation": f"@{int(since.timestamp())}", "Sunset": format_datetime(sunset, usegmt=True)}


class Declaration(TypedDict, total=False):
    """Everything that can be declared of an endpoint beside its method and path.

    action: what the policies are asked; ``public=True`` instead where nobody needs to sign in, with ``optional_auth``
    where a caller who did is recognized; with an action ``optional_auth`` lets the use case ask for the decision
    itself, and say what it answers to those who are not signed in. ticketed: the path's parameter whose tickets, as
    query parameter ``ticket``, stand for a sign-in. resource: what the path names. status: of a success; ``also``:
    other statuses it answers with. limits: exact limits; ``edge``: the class counted in front of the gateway;
    ``limits_beside``: the use case works while they are counted, and calls ``request.counting.settle()`` before it
    writes anything. before_setup: works also for who must first set a new password or a second factor. raises: the
    errors of its domain. head: HEAD works too. binary: the media type of what it answers, where that is not JSON.
    memory: MiB. timeout: seconds. in_maintenance: works during maintenance. examples: by member of the body. open_when:
    a configuration key that, while it is true, opens an endpoint that otherwise needs its action. raw_body: the
    function reads ``request.raw_body`` itself, whatever its media type (webhooks). deprecated: since when, and when it
    ends. headers: request headers that count here, beside those that follow from the rest (``X-View-Token``). loads:
    modules that its requests need and import late, loaded at the start of its own Lambda. newcomers: gives somebody an
    account whom the external provider vouches for and nobody knows here; elsewhere that is a 403.
    """

    action: Action
    public: bool
    optional_auth: bool
    ticketed: str
    resource: Resource[Any]
    status: int
    also: Sequence[int]
    limits: Sequence[Limit]
    edge: Limit
    limits_beside: bool
    grants: Sequence[Grant]
    raises: Sequence[type[ApiError]]
    idempotency: Idempotency
    head: bool
    binary: str
    tag: str
    memory: int
    timeout: int
    in_maintenance: bool
    before_setup: bool
    examples: Mapping[str, Any]
    open_when: Setting[bool]
    raw_body: bool
    loads: Sequence[str]
    deprecated: Deprecated
    headers: Sequence[str]
    newcomers: Welcome


class Endpoint(Function):
    """One method and path."""

    def __init__(self, work: Callable[..., Any], method: str, path: str, **declared: Unpack[Declaration]) -> None:
        super().__init__(
            work,
            grants=(*declared.get("grants", ()), *_implied_grants(declared)),
            memory=declared.get("memory", 256),
            timeout=declared.get("timeout", 29),
        )
        self.method = method
        self.path = path
        self.place = f"{method} {path}"
        self.action = declared.get("action")
        if (self.action is None) != declared.get("public", False):
            raise BadDeclaration(f"{self.name} names an action, or is explicitly public; not both, not neither")
        self.optional_auth = declared.get("optional_auth", False)
        self.ticketed = declared.get("ticketed")
        self.resource = declared.get("resource")
        self.status = declared.get("status", 200)
        self.also = tuple(declared.get("also", ()))
        self.limits = tuple(declared.get("limits", ()))
        self.edge = declared.get("edge", Limits.DEFAULT)
        self.raises = tuple(declared.get("raises", ()))
        self.idempotency = declared.get("idempotency", Idempotency.NONE)
        self.head = declared.get("head", False)
        self.binary = declared.get("binary")
        self.in_maintenance = declared.get("in_maintenance", False)
        self.before_setup = declared.get("before_setup", False)
        self.examples = dict(declared.get("examples", {}))
        self.open_when = declared.get("open_when")
        self.limits_beside = declared.get("limits_beside", False)
        self.raw_body = declared.get("raw_body", False)
        self.deprecated = declared.get("deprecated")
        self.loads = tuple(declared.get("loads", ()))
        self.headers = tuple(declared.get("headers", ()))
        self.newcomers = declared.get("newcomers")
        module = self.module.rsplit(".", 1)[-1].removesuffix("_admin")
        self.tag = declared.get("tag", module.replace("_", "-"))
        if not startup.passes_by(self.handler):
            self._inspect()
        self.register()

    @property
    def public(self) -> bool:
        """Whether nobody needs to sign in."""
        return self.action is None

    @property
    def signed_in(self) -> bool:
        """Whether a token is looked at."""
        return self.action is not None or self.optional_auth

    def guard(self) -> Action | None:
        """The action that is decided upon now; None for an endpoint that is open."""
        if self.open_when is not None and self.open_when():
            return None
        return self.action

    @property
    def takes_json(self) -> bool:
        """Whether a body is read as JSON; of other methods, and of a DELETE that takes none, it is ignored."""
        deletes_with_body = self.method == "DELETE" and self.body_model is not None
        return (self.method in {"POST", "PUT", "PATCH"} or deletes_with_body) and not self.raw_body

    @property
    def methods(self) -> tuple[str, ...]:
        return (self.method, "HEAD") if self.head else (self.method,)

    def _inspect(self) -> None:
        hints = get_type_hints(self.work, include_extras=True)
        names = {_SNAKE.sub("_", name).lower(): name for name in _PARAMETER.findall(self.path)}
        self.path_rules: dict[str, tuple[str, PathRule]] = {}
        self.body_model: type[BaseModel] | None = None
        self.body_required = True
        self.query_model: type[BaseModel] | None = None
        self.wants: list[str] = []
        for name in inspect.signature(self.work).parameters:
            self.wants.append(name)
            hint = hints.get(name)
            if name == "body":
                self.body_model, self.body_required = _body_model(hint)
            elif name == "query":
                self.query_model = hint
            elif name in names:
                self.path_rules[name] = (names[name], _rule(names[name], hint))
            elif name not in {"caller", "request"} and (self.resource is None or name != self.resource.param):
                raise BadDeclaration(f"{self.name} takes {name}, which nothing fills")
        for snake, name in names.items():
            self.path_rules.setdefault(snake, (name, _rule(name, None)))
        if "caller" in self.wants and not self.signed_in:
            raise BadDeclaration(f"{self.name} is public and has no caller")
        self.answer_model = _answer_model(hints.get("return"))

    def missing(self) -> type[ApiError]:
        """The 404 for a path that names nothing."""
        if self.resource is not None:
            return self.resource.missing
        return next((error for error in self.raises if error.status == 404), RouteNotFound)

    def prepare(self) -> None:
        """The pipeline, the models of this endpoint; where somebody signs in, what verifies tokens and the policies."""
        importlib.import_module("chalicelib.platform.http.pipeline")
        shapes.build(self.body_model, self.query_model, self.answer_model)
        if self.signed_in:
            importlib.import_module("jwt")
            importlib.import_module("chalicelib.platform.access.decisions").prepare()
        for name in self.loads:
            importlib.import_module(name)
        if self.query_model is not None and "cursor" in self.query_model.model_fields:
            importlib.import_module("cryptography.hazmat.primitives.ciphers.aead")

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        from chalicelib.platform.http.pipeline import handle

        return handle(self, event, context)


def _implied_grants(declared: Declaration) -> tuple[Grant, ...]:
    """What the platform itself does for an endpoint: refusals of staff actions are audited (AUD-25)."""
    action = declared.get("action")
    return (Grant.AUDIT_REFUSALS,) if action is not None and action.for_staff else ()


def _rule(name: str, hint: Any) -> PathRule:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, PathRule):
            return extra
    if name.endswith("Id") and name != "merchantTransactionId":
        return UlidRule()
    return PathRule(_OTHER_PATHS.pattern)


def _body_model(hint: Any) -> tuple[type[BaseModel], bool]:
    """The model, and whether the body must be there: ``body: Model | None`` may be left out."""
    choices = [one for one in get_args(hint) if one is not type(None)]
    return (choices[0], False) if choices else (hint, True)


def _answer_model(hint: Any) -> type[BaseModel] | None:
    if get_origin(hint) is Answer:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        # ``Answer[X | None]``: nothing is answered with a 304.
        hint = next((one for one in get_args(hint) if one is not type(None)), None)
    if hint is None or hint in (type(None), Binary):
        return None
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    return None


class Api:
    """``@api.get(path, …)`` and its like; see ``Endpoint`` for what can be declared."""

    def _declare(self, method: str, path: str, declared: Declaration) -> Callable[[Callable[..., Any]], Endpoint]:
        return lambda work: Endpoint(work, method, path, **declared)

    def get(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Endpoint]:
        return self._declare("GET", path, declared)

    def post(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Endpoint]:
        return self._declare("POST", path, declared)

    def patch(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Endpoint]:
        return self._declare("PATCH", path, declared)

    def put(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Endpoint]:
        return self._declare("PUT", path, declared)

    def delete(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Endpoint]:
        return self._declare("DELETE", path, declared)

    def options(self, path: str, **declared: Unpack[Declaration]) -> Callable[[Callable[..., Any]], Endpoint]:
        return self._declare("OPTIONS", path, declared)


api = Api()
