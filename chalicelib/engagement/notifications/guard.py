"""The second guard on codes and links (NTF-70): an eleventh to one address within an hour does not leave.

The identity domain refuses far fewer before a message exists; this holds whoever asks. It counts in a transaction with
the lease, so that two at once cannot both be the tenth.
"""

from __future__ import annotations

from pynamodb.expressions.condition import Condition

from chalicelib.engagement.notifications.items import CodeMails
from chalicelib.platform import clock
from chalicelib.platform.access.card import plain
from chalicelib.platform.messages import Message
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Transaction, absent

GUARDED = frozenset({"AUTH_OTP", "AUTH_RESET", "AUTH_VERIFY"})
"""What public endpoints can trigger (NTF-34)."""
MOST = 10
HOUR = 3_600


@frozen
class Guard:
    """The codes of the last hour, and whether one more is too many. ``counter`` None: nothing was counted yet."""

    message: Message
    counter: CodeMails | None
    recent: dict[str, int]

    @classmethod
    def of(cls, message: Message, counter: Item | None) -> Guard:
        """From what stands beside the message."""
        known = counter if isinstance(counter, CodeMails) else None
        began = clock.epoch() - HOUR
        sent = {key: int(at) for key, at in plain(known.sent).items()} if known else {}
        return cls(message, known, {key: at for key, at in sent.items() if at > began})

    @property
    def counts(self) -> bool:
        """Whether this message is a code that was not counted before; a second try of one is no second code."""
        return self.message.template_key in GUARDED and self.message.dedup_key not in self.recent

    @property
    def refuses(self) -> bool:
        """Whether the message would be the eleventh."""
        return self.counts and len(self.recent) >= MOST

    def count(self, tx: Transaction) -> None:
        """Add the message to the count, if nobody counted since it was read."""
        if not self.counts:
            return
        now = clock.epoch()
        version = int(self.counter.version) if self.counter else 0
        item = CodeMails(
            *CodeMails.place(self.message.pk),
            sent={**self.recent, self.message.dedup_key: now},
            version=version + 1,
            ttl=now + 2 * HOUR,
        )
        when: Condition = CodeMails.version == version if self.counter else absent(CodeMails)
        tx.put(item, when=when, name="codes")
