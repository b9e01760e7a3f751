"""Signing in with e-mail and password (AUTH-02). Three round trips: Login; card, while hashing; transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait

from chalicelib.identity import factors
from chalicelib.identity.accounts import (
    Login,
    User,
    hash_password,
    is_outdated_hash,
    is_right_password,
    require_verified,
)
from chalicelib.identity.sessions import attempts, guessing, notices, waiting
from chalicelib.identity.sessions.beginning import Begun, begin, keys_of, known
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.errors import InvalidCredentials
from chalicelib.identity.sessions.items import FailedProofs
from chalicelib.platform import store
from chalicelib.platform.http import limits
from chalicelib.platform.parallel import submit, together
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Transaction, TransactionLost

NOBODY = "0" * 26
"""Whose card is read for an e-mail without an account, so that both cost the same."""


@frozen
class Wish:
    """Who wants to sign in, with what; ``mfa_code``: the second factor's, where it came with the password."""

    email: str
    password: str
    mfa_code: str | None = None


def sign_in(wish: Wish, device: Device, counted: Callable[[], object]) -> Begun:
    """Sign somebody in. Whatever is wrong is one ``InvalidCredentials`` after the same work.

    ``counted`` waits for the counters of the address and refuses when they do. Raises ``AccountBlocked`` for the right
    password of a blocked account, ``MfaCodeInvalid`` for it with a wrong code, ``EmailNotVerified`` where that must be,
    ``RateLimited``, ``Conflict`` when too many sign in to one account at once.
    """
    login, failed = _first_read(wish.email, device, counted)
    user_id = str(login.user_id) if login is not None else NOBODY
    keys = [*keys_of(user_id), *(guessing.factor_keys(user_id) if wish.mfa_code else ())]
    reading = submit(lambda: store.get_many(keys))
    known_hash = login.password_hash if login is not None else None
    right = is_right_password(wish.password, known_hash)
    found = reading.result()
    if not right or login is None:
        _refuse(wish.email, failed, next((one for one in found if isinstance(one, User)), None), device)
        raise InvalidCredentials
    rehashed = hash_password(wish.password) if is_outdated_hash(str(known_hash)) else None
    try:
        return _begin(wish, found, device, _login_as_checked(login, rehashed))
    except TransactionLost as lost:
        if lost.failed("login"):
            # The password or e-mail was changed while this one was being checked.
            raise InvalidCredentials from lost
        raise


def _begin(wish: Wish, found: Sequence[Item | None], device: Device, add: Callable[[Transaction], None]) -> Begun:
    """The session, or the second step of whoever has one and did not send its code."""
    who, code = known(found[:3]), wish.mfa_code
    require_verified(who.user)
    if code is None or not who.card.mfa_enrolled:
        return begin(who, device, ["pwd"], add, wrong=InvalidCredentials)
    tried = found[3:]

    def add_both(tx: Transaction) -> None:
        add(tx)
        guessing.add_code(tx, who.user, tried, code, device)

    with guessing.one_guess(who.card.user_id, tried[1]):
        return begin(who, device, ["pwd", factors.TOTP], add_both, wrong=InvalidCredentials)


def _first_read(email: str, device: Device, counted: Callable[[], object]) -> tuple[Login | None, FailedProofs | None]:
    """The login and its failures, read beside everything that counts this attempt."""
    account = attempts.account_subject(email)
    login, failed, attempt, failures, _ = together(
        lambda: store.get(Login, Login.place(email)),
        lambda: store.get(FailedProofs, waiting.place(waiting.PASSWORD, account)),
        lambda: attempts.count_attempt(email),
        lambda: attempts.failures_left(device.network),
        counted,
    )
    verdicts = [one for one in (attempt, failures) if isinstance(one, limits.Verdict)]
    limits.refuse_if_any(verdicts)
    known_failures = failed if isinstance(failed, FailedProofs) else None
    waiting.refuse_while(known_failures)
    return (login if isinstance(login, Login) else None), known_failures


def _refuse(email: str, failed: FailedProofs | None, user: User | None, device: Device) -> None:
    """Count a wrong password: by the address it came from, and by the account, whose owner hears of too many."""
    account = attempts.account_subject(email)
    counting = submit(lambda: attempts.count_failure(device.network))
    try:
        if waiting.count(waiting.PASSWORD, account, failed):
            notices.tell_of_attack(account, email, user)
    finally:
        wait([counting])
    counting.result()


def _login_as_checked(login: Login, rehashed: str | None) -> Callable[[Transaction], None]:
    """That the password is still the one that was checked; with a new hash where its parameters are outdated."""
    as_read = Login.password_hash == login.password_hash

    def add(tx: Transaction) -> None:
        if rehashed is None:
            tx.check(Login, login.itself, as_read, name="login")
        else:
            tx.update(Login, login.itself, [Login.password_hash.set(rehashed)], when=as_read, name="login")

    return add
