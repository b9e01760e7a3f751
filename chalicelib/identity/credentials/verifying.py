"""What a right code is worth (AUTH-10): a session, a reset token, or that the address is verified.

Three round trips: the guess, beside everything that counts it; who it is; the transaction that uses the code up.
"""

from __future__ import annotations

from collections.abc import Callable

from pynamodb.expressions.update import Action

from chalicelib.identity.accounts import DELETED, REQUIRE_VERIFIED_EMAIL, Login, MethodDisabled, User, require_local
from chalicelib.identity.credentials import codes, guarding, resetting
from chalicelib.identity.credentials.codes import Purpose
from chalicelib.identity.credentials.errors import OtpInvalid
from chalicelib.identity.credentials.items import OtpCode
from chalicelib.identity.credentials.resetting import NewReset
from chalicelib.identity.sessions import Begun, Device, Known, begin, keys_of, known
from chalicelib.platform import clock, store
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost

OTP = "otp"


@frozen
class Guess:
    """A code as somebody presents it; ``email`` is normalized."""

    email: str
    challenge_id: str
    code: str


@frozen
class Verified:
    """The address is verified; ``begun``: the session of a registration that waited for it."""

    begun: Begun | None = None


def verify_code(
    guess: Guess, purpose: Purpose, device: Device, counted: Callable[[], object]
) -> Begun | NewReset | Verified:
    """Use a code. Whatever is wrong with it is one ``OtpInvalid``.

    Raises ``MethodDisabled``, ``AccountBlocked`` for the right code of a blocked account, ``RateLimited``.
    """
    require_local()
    if purpose is Purpose.LOGIN and not codes.AUTH_OTP_LOGIN():
        raise MethodDisabled
    item = guarding.beside_counters(
        lambda: codes.guess(guess.email, purpose, guess.challenge_id, guess.code),
        subject=f"code:{guess.email}",
        device=device,
        counted=counted,
    )
    if item is None or item.user_id is None:
        raise guarding.failed(device, OtpInvalid)
    try:
        return _WORTH[purpose](guess.email, item, device)
    except TransactionLost as lost:
        if any(lost.failed(name) for name in ("code", "login", "user")):
            # Used, replaced, or its account left the address, in the same moment.
            raise OtpInvalid from lost
        raise


def _sign_in(email: str, item: OtpCode, device: Device) -> Begun:
    return _begin(email, item, device, _whose(email, item))


def _verify(email: str, item: OtpCode, device: Device) -> Verified:
    who = _whose(email, item)
    if REQUIRE_VERIFIED_EMAIL() and not is_verified(who.user):
        return Verified(_begin(email, item, device, who))
    tx = Transaction()
    codes.consume(tx, item)
    same = (User.email == email) & (User.status != DELETED)
    tx.update(User, who.user.itself, verified_now(), when=same, name="user")
    tx.commit()
    return Verified()


def _reset(email: str, item: OtpCode, _: Device) -> NewReset:
    login = store.get(Login, Login.place(email))
    if login is None or login.user_id != item.user_id:
        raise OtpInvalid
    tx = Transaction()
    codes.consume(tx, item)
    generation = int(login.reset_generation)
    new = resetting.add_token(tx, email, item.challenge_id, user_id=item.user_id, generation=generation)
    tx.commit()
    return new


def _whose(email: str, item: OtpCode) -> Known:
    who = known(store.get_many(keys_of(str(item.user_id))))
    if who.user.email != email:
        raise OtpInvalid
    return who


def _begin(email: str, item: OtpCode, device: Device, who: Known) -> Begun:
    def add(tx: Transaction) -> None:
        codes.consume(tx, item)
        tx.check(Login, Login.place(email), Login.user_id == item.user_id, name="login")

    news = [] if is_verified(who.user) else verified_now()
    return begin(who, device, [OTP], add, wrong=OtpInvalid, on_user=news)


def is_verified(user: User) -> bool:
    """Whether the address of a profile was proven."""
    return user.email_verified_at is not None


def verified_now() -> list[Action]:
    """The update of a profile whose address was just proven."""
    now = clock.now()
    return [User.email_verified_at.set(now), User.updated_at.set(now), User.version.add(1)]


_WORTH: dict[Purpose, Callable[[str, OtpCode, Device], Begun | NewReset | Verified]] = {
    Purpose.LOGIN: _sign_in,
    Purpose.RESET: _reset,
    Purpose.VERIFY_EMAIL: _verify,
}
