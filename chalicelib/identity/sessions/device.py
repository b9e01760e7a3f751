"""The device that somebody signs in from, as far as a request tells."""

from __future__ import annotations

from chalicelib.platform.records import frozen

MAX_LABEL = 64
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


@frozen
class Device:
    """``network``: the address that limits count. ``agent_hash`` tells devices apart without naming them."""

    ip: str
    network: str
    user_agent: str
    agent_hash: str
    label: str | None = None

    @property
    def shown(self) -> str:
        """What the list of sessions calls it: the client's own label, or what the user agent says."""
        return self.label or self.agent_shown

    @property
    def agent_shown(self) -> str:
        """What the user agent says: for mails, which nobody's own words belong into."""
        return described(self.user_agent)

    def called(self, label: str | None) -> Device:
        """The same device with a label of the client's."""
        return Device(self.ip, self.network, self.user_agent, self.agent_hash, label)


def described(user_agent: str) -> str:
    """``Chrome on Android`` and the like."""
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), None)
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), None)
    if browser and system:
        return f"{browser} on {system}"
    return (browser or system or user_agent.partition("/")[0].strip() or "Unknown device")[:MAX_LABEL]
