"""Signing in with e-mail and password (AUTH-02). Three round trips: Login; card, while hashing; transaction."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.identity.accounts import Login, hash_password, is_outdated_hash, is_right_password
from chalicelib.identity.sessions import attempts
from chalicelib.identity.sessions.beginning import Begun, begin, keys_of, known
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.errors import InvalidCredentials
from chalicelib.platform import store
from chalicelib.platform.http import limits
from chalicelib.platform.parallel import submit, together
from chalicelib.platform.store import Transaction, TransactionLost

NOBODY = "0" * 26
"""Whose card is read for an e-mail without an account, so that both cost the same."""


def sign_in(email: str, password: str, device: Device, counted: Callable[[], object]) -> Begun:
    """Sign somebody in. Whatever is wrong is one ``InvalidCredentials`` after the same work.

    ``counted`` waits for the counters of the address and refuses when they do. Raises ``AccountBlocked`` for the right
    password of a blocked account, ``RateLimited``, ``Conflict`` when too many sign in to one account at once.
    """
    login = _first_read(email, device, counted)
    user_id = str(login.user_id) if login is not None else NOBODY
    reading = submit(lambda: store.get_many(keys_of(user_id)))
    known_hash = login.password_hash if login is not None else None
    right = is_right_password(password, known_hash)
    found = reading.result()
    if not right or login is None:
        attempts.count_failure(device.network)
        raise InvalidCredentials
    rehashed = hash_password(password) if is_outdated_hash(str(known_hash)) else None
    try:
        return begin(known(found), device, ["pwd"], _login_as_checked(login, rehashed), wrong=InvalidCredentials)
    except TransactionLost as lost:
        if lost.failed("login"):
            # The password or e-mail was changed while this one was being checked.
            raise InvalidCredentials from lost
        raise


def _first_read(email: str, device: Device, counted: Callable[[], object]) -> Login | None:
    """The login, read beside everything that counts this attempt."""
    login, attempt, failures, _ = together(
        lambda: store.get(Login, Login.place(email)),
        lambda: attempts.count_attempt(email),
        lambda: attempts.failures_left(device.network),
        counted,
    )
    verdicts = [one for one in (attempt, failures) if isinstance(one, limits.Verdict)]
    limits.refuse_if_any(verdicts)
    return login if isinstance(login, Login) else None


def _login_as_checked(login: Login, rehashed: str | None) -> Callable[[Transaction], None]:
    """That the password is still the one that was checked; with a new hash where its parameters are outdated."""
    as_read = Login.password_hash == login.password_hash

    def add(tx: Transaction) -> None:
        if rehashed is None:
            tx.check(Login, login.itself, as_read, name="login")
        else:
            tx.update(Login, login.itself, [Login.password_hash.set(rehashed)], when=as_read, name="login")

    return add
