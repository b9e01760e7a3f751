"""What is configured of the log, and of what follows from signals."""

from __future__ import annotations

from chalicelib.platform import settings


def _share(raw: str) -> float:
    value = float(raw)
    if not 0 <= value <= 1:
        raise ValueError(raw)
    return value


NOTE_LOG_DAYS = settings.integer("NOTE_LOG_DAYS", default=180, minimum=1, maximum=3_650)
LOG_NOTE_ACCESS_SAMPLE_RATE = settings.parsed(
    "LOG_NOTE_ACCESS_SAMPLE_RATE", default="1.0", parse=_share, rule="a number from 0 to 1"
)
SHIELD_REVOKE_ON_HIGH = settings.boolean("SHIELD_REVOKE_ON_HIGH", default=True)
SHIELD_STRICT_SCORE = settings.integer("SHIELD_STRICT_SCORE", default=10, minimum=1, maximum=1_000)
SHIELD_DEVICES = settings.integer("SHIELD_DEVICES", default=4, minimum=2, maximum=100)
SHIELD_WARNING = settings.text("SHIELD_WARNING", default="Unauthorized copying was noticed and recorded.")
SHIELD_MAIL_MINUTES = settings.integer("SHIELD_MAIL_MINUTES", default=60, minimum=5, maximum=600)
