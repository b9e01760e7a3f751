"""First sight of an external subject (AUTH-61): linked to the account of its e-mail, given a new one, or refused."""

from __future__ import annotations

from chalicelib.identity import accounts
from chalicelib.identity.accounts import Login, User
from chalicelib.platform import clock, settings, store
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.access.claims import ExternalFacts
from chalicelib.platform.access.identities import ExternalIdentity
from chalicelib.platform.audit import Actor, AuditAction
from chalicelib.platform.audit import write as write_audit
from chalicelib.platform.errors import Conflict, NotProvisioned
from chalicelib.platform.http.models import clean_text
from chalicelib.platform.store import Transaction, TransactionLost

STUDENT, LINK, OFF = "student", "link", "off"
OIDC_PROVISION = settings.choice("OIDC_PROVISION", default=OFF, choices=(STUDENT, LINK, OFF))
"""``student``: links to the account of the same verified e-mail, else creates a student. ``link``: only links."""

IDENTITY_LINK = AuditAction("identity.link", "An identity at the external provider was linked to an account")

CREATED_VIA = "OIDC"
NAMELESS = "Student"
TRIES = 3


def welcome(facts: ExternalFacts) -> str:
    """The id of the account of a subject that nobody knew. Two round trips.

    Raises ``NotProvisioned`` unless the provider has verified an e-mail address, and that of an existing account is
    verified here too: else whoever registered somebody's address before them would share their account.
    """
    email = _verified_email(facts)
    if OIDC_PROVISION() == OFF or email is None:
        raise NotProvisioned
    for _ in range(TRIES):
        try:
            login = store.get(Login, Login.place(email))
            return _create(facts, email) if login is None else _link(facts, email, login.user_id)
        except TransactionLost as lost:
            known = lost.item("identity")
            if isinstance(known, ExternalIdentity):
                # Another first request of the same person was faster.
                return known.user_id
    raise Conflict


def _verified_email(facts: ExternalFacts) -> str | None:
    if facts.email is None or not facts.email_verified:
        return None
    try:
        return accounts.normalize_email(facts.email)
    except ValueError:
        return None


def _link(facts: ExternalFacts, email: str, user_id: str) -> str:
    user = store.get(User, User.place(user_id))
    other_type = user is not None and facts.user_type not in (None, user.type)
    if user is None or user.email != email or user.email_verified_at is None or other_type:
        raise NotProvisioned
    tx = Transaction()
    tx.check(User, user.itself, (User.email == email) & User.email_verified_at.exists(), name="user")
    _add_identity(tx, facts, email, user.id, user.type)
    tx.commit()
    return str(user.id)


def _create(facts: ExternalFacts, email: str) -> str:
    if OIDC_PROVISION() != STUDENT or facts.user_type not in (None, UserType.STUDENT):
        raise NotProvisioned
    new = accounts.NewAccount(email, _name(facts), str(UserType.STUDENT), None, CREATED_VIA, email_verified=True)
    tx = Transaction()
    accounts.add_account(tx, new, by=Actor(new.user_id, new.user_type, "USER"))
    _add_identity(tx, facts, email, new.user_id, new.user_type)
    tx.commit()
    return new.user_id


def _name(facts: ExternalFacts) -> str:
    """The provider's name for them, if it is one that people here may have."""
    given = " ".join((facts.name or "").split())[:100]
    try:
        return accounts.check_name(str(clean_text(multiline=False)(given)))
    except ValueError:
        return NAMELESS


def _add_identity(tx: Transaction, facts: ExternalFacts, email: str, user_id: str, user_type: str) -> None:
    identity = ExternalIdentity(
        *ExternalIdentity.place(facts.issuer, facts.subject),
        issuer=facts.issuer,
        subject=facts.subject,
        user_id=user_id,
        email=email,
        linked_at=clock.now(),
    )
    identity.index()
    tx.put(identity, when=store.absent(ExternalIdentity), name="identity")
    by = Actor(user_id, user_type, "USER")
    write_audit(tx, IDENTITY_LINK, user_id, by=by, meta={"issuer": facts.issuer})
