"""What time does to subscriptions: they end, and those who have them are told before."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import expiry, listed_end, nightly, reminding
from chalicelib.commerce.subscriptions.events import (
    SubscriptionActivated,
    SubscriptionCancelled,
    SubscriptionExpired,
    SubscriptionExtended,
    SubscriptionRunMessage,
    SubscriptionShortened,
)
from chalicelib.commerce.subscriptions.expiry import SUBSCRIPTION_EXPIRY_CRON
from chalicelib.commerce.subscriptions.runs import Begun
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.work import Cron, Grant, JobRun, consumer, job, worker


@job("expire-subscriptions", every=Cron(SUBSCRIPTION_EXPIRY_CRON()), grants=[Grant.TABLE_WRITE], timeout=60)
def expire_subscriptions(run: JobRun) -> Begun:
    """Begin to expire the subscriptions that ended yesterday or on one of the six days before."""
    return expiry.expire(run.given)


@job("remind-of-ends", every=Cron("0 9 * * ? *"), grants=[Grant.TABLE_WRITE], timeout=60)
def remind_of_ends(run: JobRun) -> Begun:
    """Begin to remind those whose subscription ends in a few days."""
    return reminding.remind()


@worker(
    Queues.SUBSCRIPTION_RUNS,
    batch=1,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SEND_SUBSCRIPTION_RUNS],
    memory=512,
    timeout=300,
)
def carry_subscription_run(message: SubscriptionRunMessage) -> None:
    """Carry a run over subscriptions some pages further; a message of its own goes on with the rest."""
    nightly.carry_on(message.run_id)


@consumer(
    on=[
        SubscriptionActivated,
        SubscriptionExtended,
        SubscriptionShortened,
        SubscriptionExpired,
        SubscriptionCancelled,
    ],
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE],
)
def show_subscription_end(
    event: (
        SubscriptionActivated
        | SubscriptionExtended
        | SubscriptionShortened
        | SubscriptionExpired
        | SubscriptionCancelled
    ),
) -> None:
    """Let the list of users show until when somebody has a subscription."""
    listed_end.show(event.user_id)
