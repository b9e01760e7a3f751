"""How one request is answered. The order of checks is HTTP-26's:

size and media type · token · access card (blocked, revoked) · permission that needs no resource · exact limit ·
parsing and validation · resource (404) · policy (403) · idempotency · the function.

Card, resource and what the resource names beside it are one consistent batch read; the limits' counters run beside it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from chalicelib.platform import audit, context, settings
from chalicelib.platform.access import epoch, tickets
from chalicelib.platform.access.caller import Caller, recognize
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import Action, Permission
from chalicelib.platform.access.decisions import (
    NOT_PUBLISHED,
    OTHER_TENANT,
    decide,
    refusal,
    require,
    require_set_up,
    screen,
)
from chalicelib.platform.access.epoch import AccessEpoch
from chalicelib.platform.access.resources import Resource
from chalicelib.platform.access.tokens import Claims
from chalicelib.platform.errors import ApiError, Internal, Maintenance, Unauthenticated, Unavailable, ValidationFailed
from chalicelib.platform.http import headers, limits
from chalicelib.platform.http.answers import Answer, Binary, Rendered
from chalicelib.platform.http.bodies import body_of, check_no_body, check_size_and_type, query_of
from chalicelib.platform.http.idempotency import Idempotency, key_of, run_once
from chalicelib.platform.http.render import render, render_error
from chalicelib.platform.http.request import Request, from_event
from chalicelib.platform.http.sign_in import claims_of
from chalicelib.platform.logs import alarm, logger, unexpected
from chalicelib.platform.store import meter, table
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key

if TYPE_CHECKING:
    from chalicelib.platform.http.endpoint import Endpoint

MAINTENANCE = settings.boolean("MAINTENANCE", default=False)
MAINTENANCE_SECONDS = 300
MAX_ANSWER_BYTES = 5_767_168
_SERVER_ERROR = 500


def handle(endpoint: Endpoint, event: dict[str, Any], lambda_context: Any) -> dict[str, Any]:
    """Answer one proxy event. Never raises: what nobody expected is a 500 without detail (HTTP-22)."""
    started = time.perf_counter()
    measure = meter.start()
    request = from_event(event)
    run = context.enter(endpoint.name, request.request_id, lambda_context)
    run.source_ip, run.user_agent = request.source_ip, request.user_agent
    code = None
    try:
        answer = _answer(endpoint, request)
    except ApiError as error:
        code, answer = error.code, render_error(error, request.request_id)
        if error.status == 403 and request.caller is not None and endpoint.action and endpoint.action.for_staff:
            audit.refused(request.caller, endpoint.action.name, endpoint.name, error.code)
        if error.status >= _SERVER_ERROR:
            logger.warning("failed", requestId=request.request_id, function=endpoint.name, code=code)
    except Exception as error:  # noqa: BLE001  # the one place where anything may arrive
        unexpected(error)
        code, answer = Internal.code, render_error(Internal(), request.request_id)
    answer = _finish(endpoint, request, answer)
    logger.info(
        "request",
        requestId=request.request_id,
        function=endpoint.name,
        callerId=run.caller_id,
        route=endpoint.place,
        status=answer.status,
        code=code,
        durationMs=round((time.perf_counter() - started) * 1000, 2),
        roundTrips=measure.round_trips,
        units=measure.units,
        **run.fields,
    )
    return answer.event()


def _finish(endpoint: Endpoint, request: Request, answer: Rendered) -> Rendered:
    if len(answer.body) > MAX_ANSWER_BYTES:
        alarm("answer too large", route=endpoint.place)
        answer = render_error(Internal(), request.request_id)
    if request.method == "HEAD":
        answer.body, answer.is_base64 = "", False
    if endpoint.deprecated is not None:
        answer.headers.update(endpoint.deprecated.headers())
    answer.headers = headers.complete(
        answer.headers, request_id=request.request_id, origin=request.headers.get("origin")
    )
    return answer


def _answer(endpoint: Endpoint, request: Request) -> Rendered:
    if endpoint.method == "OPTIONS":
        # A preflight asks nothing of anybody: no token, no limit, no table, no look at its query (HTTP-05).
        return _run(endpoint, request, None, {"request": request})
    check_size_and_type(request, expects_json=endpoint.takes_json)
    closed = MAINTENANCE() and not endpoint.in_maintenance
    paths = _paths(endpoint, request)
    claims = _ticket(endpoint, request, paths) or _claims(endpoint, request, closed=closed)
    request.counting = limits.Counting(_counters(endpoint, request, claims))
    try:
        caller, resource = _admit(endpoint, request, claims, paths, closed=closed)
        if not endpoint.limits_beside:
            request.counting.settle()
        answer = _work(endpoint, request, caller, paths, resource)
    finally:
        # Waited for even when the caller is refused: a frozen container must not write it minutes later.
        request.counting.wait()
    for verdict in request.counting.settle():
        if verdict is not None:
            answer.headers.update(verdict.headers())
    return answer


def _work(
    endpoint: Endpoint, request: Request, caller: Caller | None, paths: dict[str, str] | None, resource: Item | None
) -> Rendered:
    request.idempotency_key = key_of(request, endpoint.idempotency)
    try:
        arguments = _arguments(endpoint, request, caller, paths)
    except ApiError:
        # Being over the limit comes before anything that is wrong with the request (HTTP-26).
        request.counting.settle()
        raise
    if paths is None:
        raise endpoint.missing()
    if endpoint.resource is not None:
        arguments = _with_resource(endpoint, request, caller, resource, arguments)
    return _run(endpoint, request, caller, arguments)


def _ticket(endpoint: Endpoint, request: Request, paths: dict[str, str] | None) -> Claims | None:
    """Whose ticket for the thing that the path names came along; one that is none any more is as none at all."""
    given = request.query.get("ticket", ())
    if endpoint.ticketed is None or paths is None or len(given) != 1:
        return None
    return tickets.read(paths[endpoint.ticketed], given[0])


def _claims(endpoint: Endpoint, request: Request, *, closed: bool) -> Claims | None:
    """The token's claims, where one is looked at; in maintenance whoever has none is told of that (HTTP-62)."""
    if not endpoint.signed_in or (endpoint.guard() is None and not endpoint.optional_auth):
        claims = None
    else:
        try:
            required = endpoint.guard() is not None and not endpoint.optional_auth
            claims = claims_of(request, required=required, welcome=endpoint.newcomers)
        except Unauthenticated as error:
            if closed:
                raise Maintenance(retry_after=MAINTENANCE_SECONDS) from error
            raise
    if closed and claims is None:
        raise Maintenance(retry_after=MAINTENANCE_SECONDS)
    return claims


def _admit(
    endpoint: Endpoint, request: Request, claims: Claims | None, paths: dict[str, str] | None, *, closed: bool
) -> tuple[Caller | None, Item | None]:
    """The caller, if the card lets them in and their permissions suffice; and the resource as it was read beside it."""
    try:
        caller, resource = _read(endpoint, request, claims, paths)
    except Unauthenticated as error:
        if closed:
            raise Maintenance(retry_after=MAINTENANCE_SECONDS) from error
        raise
    if caller is not None:
        run = context.current()
        run.caller_id, run.session_id = caller.user_id, caller.session_id
        request.caller = caller
        if closed and Permission.ADMIN_MAINTENANCE_BYPASS not in caller.permissions:
            raise Maintenance(retry_after=MAINTENANCE_SECONDS)
        action = endpoint.guard()
        if action is not None:
            if not endpoint.before_setup:
                require_set_up(caller)
            screen(caller, action)
            if endpoint.resource is None and not action.late:
                require(caller, action)
    return caller, resource


def _counters(endpoint: Endpoint, request: Request, claims: Claims | None) -> list[tuple[limits.Limit, str]]:
    chosen = [limit for limit in endpoint.limits if limit.per is not limits.Per.OWN]
    if limits.EDGE_LIMITS() == "function" or (claims is not None and claims.by_ticket):
        # In front of the gateway nobody can read whose ticket it is.
        chosen.append(endpoint.edge)
    found = []
    for limit in chosen:
        by_caller = limit.per is limits.Per.CALLER and claims is not None
        found.append((limit, claims.user_id if by_caller and claims else f"ip:{request.network}"))
    return found


def _paths(endpoint: Endpoint, request: Request) -> dict[str, str] | None:
    """The path's parameters by snake-case name; None when one of them cannot name anything."""
    values: dict[str, str] = {}
    for snake, (name, rule) in endpoint.path_rules.items():
        value = rule.read(str(request.path_params.get(name, "")))
        if value is None:
            return None
        values[snake] = value
    return values


def _read(
    endpoint: Endpoint, request: Request, claims: Claims | None, paths: dict[str, str] | None
) -> tuple[Caller | None, Item | None]:
    resource = endpoint.resource
    caller_id = claims.user_id if claims else ""
    keys: list[Key] = [AccessCard.place(caller_id)] if claims else []
    if resource is not None and paths is not None:
        by_name = {endpoint.path_rules[snake][0]: value for snake, value in paths.items()}
        keys.append(resource.key(by_name, caller_id))
        keys.extend(key(by_name, caller_id) for key in resource.beside)
    if not keys:
        return None, None
    asks_epoch = claims is not None and epoch.is_due()
    if asks_epoch:
        keys.append(AccessEpoch.place())
    items = epoch.split(
        table.get_many(keys) if len(keys) > 1 else [table.get(Item, keys[0])],
        asked=asks_epoch,
    )
    caller = None
    if claims is not None:
        card = items.pop(0)
        if card is not None and not isinstance(card, AccessCard):
            raise Unavailable
        caller = recognize(claims, card, device_hash=request.device_hash)
    found = items.pop(0) if items else None
    request.beside = items
    return caller, found


def _with_resource(
    endpoint: Endpoint, request: Request, caller: Caller | None, found: Item | None, arguments: dict[str, Any]
) -> dict[str, Any]:
    resource = endpoint.resource
    if resource is None:
        return arguments
    if not isinstance(found, resource.item) or not resource.visible(found):
        raise resource.missing()
    action = endpoint.guard()
    if action is not None and caller is not None:
        _decide(resource, caller, action, found, request.beside)
    if resource.param in endpoint.wants:
        arguments[resource.param] = found
    return arguments


def _decide(resource: Resource[Any], caller: Caller, action: Action, found: Item, beside: list[Item | None]) -> None:
    """Refuse unless the policies allow it (HTTP-24).

    To all but staff, what is not published is not there; nor, to anybody, what is in a centre that is not theirs.
    """
    decision = decide(caller, action, resource.entity(found))
    if decision.allowed:
        return
    if resource.refused is not None:
        resource.refused(caller, found, beside, decision)
    if decision.reason == OTHER_TENANT or (decision.reason == NOT_PUBLISHED and not action.for_staff):
        raise resource.missing()
    raise refusal(action, decision)


def _arguments(
    endpoint: Endpoint, request: Request, caller: Caller | None, paths: dict[str, str] | None
) -> dict[str, Any]:
    arguments: dict[str, Any] = {name: value for name, value in (paths or {}).items() if name in endpoint.wants}
    arguments.update(_read_models(endpoint, request))
    if "caller" in endpoint.wants:
        arguments["caller"] = caller
    if "request" in endpoint.wants:
        arguments["request"] = request
    return arguments


def _read_models(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Query and body as their models; the problems of both come in one answer (HTTP-12)."""
    arguments: dict[str, Any] = {}
    found: list[Any] = []
    try:
        query = query_of(endpoint.query_model, request.query)
        if endpoint.query_model is not None:
            arguments["query"] = query
    except ValidationFailed as error:
        found.extend(error.details or ())
    try:
        if endpoint.body_model is not None:
            left_out = not endpoint.body_required and not request.raw_body.strip()
            arguments["body"] = None if left_out else body_of(endpoint.body_model, request)
        elif endpoint.takes_json:
            check_no_body(request)
    except ValidationFailed as error:
        found.extend(error.details or ())
    if found:
        raise ValidationFailed(found)
    return arguments


def _run(endpoint: Endpoint, request: Request, caller: Caller | None, arguments: dict[str, Any]) -> Rendered:
    def work() -> Rendered:
        answered: BaseModel | Answer[Any] | Binary | None = endpoint.work(**arguments)
        return render(answered, endpoint.status)

    if endpoint.idempotency in (Idempotency.OPTIONAL, Idempotency.REQUIRED) and caller is not None:
        return run_once(caller.user_id, endpoint.name, request, endpoint.timeout, work)
    return work()
