"""Asking for a code or a link (AUTH-09, AUTH-11): alike for everybody, whether there is an account or not (AUTH-47).

Three round trips: login and what was asked for last; profile, and the hour's counter; the transaction.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.identity.accounts import Login, MethodDisabled, User, require_local
from chalicelib.identity.credentials import codes, templates
from chalicelib.identity.credentials.codes import Purpose
from chalicelib.identity.credentials.errors import OtpTooSoon
from chalicelib.identity.credentials.items import OtpCode
from chalicelib.identity.sessions import NOBODY
from chalicelib.platform import messages, signals, store
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limits, Verdict
from chalicelib.platform.messages import Template
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import Transaction, TransactionLost

DEFAULT_LOCALE = "en-IN"
_TEMPLATES = {Purpose.VERIFY_EMAIL: templates.AUTH_VERIFY}


@frozen
class Asked:
    """Who has an address, if anybody."""

    email: str
    login: Login | None
    user: User | None

    @property
    def user_id(self) -> str | None:
        """Null for an address that nobody has."""
        return None if self.user is None else str(self.user.id)


def request_code(email: str, purpose: Purpose, counted: Callable[[], object]) -> OtpCode:
    """Send a code to an address, if somebody has it.

    A code that verifies an address goes only to one that is not verified yet. ``counted`` waits for the counters of the
    network and refuses when they do. Raises ``MethodDisabled``, ``OtpTooSoon``, ``RateLimited``.
    """
    require_local()
    if purpose is Purpose.LOGIN and not codes.AUTH_OTP_LOGIN():
        raise MethodDisabled
    asked = look_up(email, purpose, counted)
    wanted = purpose is not Purpose.VERIFY_EMAIL or (asked.user is not None and asked.user.email_verified_at is None)
    item, code = codes.issue(email, purpose, user_id=asked.user_id if wanted else None)
    tx = Transaction()
    add_code(tx, item, code, asked)
    commit(tx)
    return item


def add_code(tx: Transaction, item: OtpCode, code: str, to: Asked) -> None:
    """Add to a transaction a new code and the mail that carries it; of a decoy, what costs as much.

    When the action ``code`` loses, the address was written to within the last 60 s.
    """
    purpose = Purpose(item.purpose)
    payload: dict[str, object] = {"ttlMinutes": codes.AUTH_OTP_TTL_MINUTES()}
    if purpose not in _TEMPLATES:
        payload["purpose"] = str(purpose)
    tx.put(item, when=codes.not_too_soon(), name="code")
    add_mail(tx, _TEMPLATES.get(purpose, templates.AUTH_OTP), item, to, payload, {"code": code})


def add_mail(
    tx: Transaction,
    template: Template,
    item: OtpCode,
    to: Asked,
    payload: dict[str, object],
    sealed: dict[str, str],
) -> None:
    """Add to a transaction the mail of a code or link; of a decoy, what costs as much."""
    dedup = f"{template.key}:{item.challenge_id}"
    if item.decoy:
        messages.post_decoy(tx, template, to.email, dedup=dedup, expires_at=item.expires_at)
        return
    user = to.user
    messages.post(
        tx,
        template,
        to.email,
        dedup=dedup,
        user_id=item.user_id,
        locale=locale_of(user),
        payload={**payload, **({"userName": user.name} if user else {})},
        sealed=sealed,
        expires_at=item.expires_at,
    )


def locale_of(user: User | None) -> str:
    """The language of a mail."""
    return str(user.locale) if user is not None and user.locale else DEFAULT_LOCALE


def look_up(email: str, purpose: Purpose, counted: Callable[[], object]) -> Asked:
    """Who has an address; 429 when it was written to within 60 s, or five times in this hour (AUTH-48).

    Two round trips, for everybody. Only what gets as far as a mail counts for the hour.
    """
    login, previous, _ = together(
        lambda: store.get(Login, Login.place(email)),
        lambda: store.get(OtpCode, codes.place_of(email, purpose)),
        counted,
    )
    if isinstance(previous, OtpCode):
        _refuse_soon(previous)
    owner = str(login.user_id) if isinstance(login, Login) else NOBODY
    user, hour = together(
        lambda: store.get(User, User.place(owner)),
        lambda: limits.hit(Limits.OTP_HOUR, codes.pseudonym(email)),
    )
    asked = Asked(email, login if isinstance(login, Login) else None, user if isinstance(user, User) else None)
    if isinstance(hour, Verdict):
        refuse_hour(hour, asked)
    return asked


def refuse_hour(hour: Verdict, asked: Asked) -> None:
    """429 once an address had its mails of the hour; the first refusal is a signal."""
    rate = hour.limit.rate()
    if rate is not None and hour.count == rate[0] + 1:
        subject = None if asked.user_id else codes.pseudonym(asked.email)
        signals.notice(SignalType.OTP_SPAM, Severity.MEDIUM, user_id=asked.user_id, subject=subject)
    limits.refuse_if_any([hour])


def commit(tx: Transaction) -> None:
    """Commit what asks for a mail. Raises ``OtpTooSoon`` when somebody else asked at the same moment."""
    try:
        tx.commit()
    except TransactionLost as lost:
        previous = lost.item("code")
        if lost.failed("code") and isinstance(previous, OtpCode):
            raise OtpTooSoon(retry_after=codes.wait_of(previous)) from lost
        raise


def _refuse_soon(previous: OtpCode) -> None:
    wait = codes.wait_of(previous)
    if wait > 0:
        raise OtpTooSoon(retry_after=wait)
