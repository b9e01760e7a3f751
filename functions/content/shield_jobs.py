"""What follows from reading: the access log, signals and their consequences."""

from __future__ import annotations

from chalicelib.content.shield import devices, forgetting, tallying, telling, watching
from chalicelib.content.shield.events import (
    LogReleased,
    NoteAsked,
    SignalRaised,
    ViewSessionOpened,
    ViewSessionRenewed,
)
from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.platform.work import Grant, consumer

_BOTH = (Grant.TABLE_READ, Grant.TABLE_WRITE)


@consumer(on=[NoteAsked], grants=[*_BOTH, Grant.SECRET_DATA])
def watch_reading(event: NoteAsked) -> None:
    """Log and count a request for a note's bytes, and judge its session by it."""
    watching.follow(event)


@consumer(on=[ViewSessionRenewed], grants=[Grant.TABLE_WRITE])
def register_renewal(event: ViewSessionRenewed) -> None:
    """Let the register of view sessions say until when one lives."""
    watching.keep_renewal(event)


@consumer(on=[ViewSessionOpened], grants=_BOTH)
def watch_devices(event: ViewSessionOpened) -> None:
    """Look on how many devices somebody reads."""
    devices.judge(event)


@consumer(on=[SignalRaised], grants=[Grant.TABLE_WRITE])
def tally_signal(event: SignalRaised) -> None:
    """Count a signal; one of HIGH raises the alarm."""
    tallying.tally(event)


@consumer(on=[SignalRaised], grants=[*_BOTH, Grant.SECRET_DATA])
def tell_of_signal(event: SignalRaised) -> None:
    """Write to those who manage security about signals of HIGH, at most once an hour."""
    telling.tell(event)


@consumer(on=[UserDeleted, LogReleased], grants=_BOTH, timeout=300)
def forget_in_log(event: UserDeleted | LogReleased) -> None:
    """Take whose account was erased out of the access log, unless an open case needs it."""
    if isinstance(event, UserDeleted):
        forgetting.forget(event.user_id)
    else:
        forgetting.forget_released(event.user_id)
