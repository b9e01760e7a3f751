"""What people are told about their credentials; the notifications domain words it."""

from __future__ import annotations

from chalicelib.identity.sessions import Device
from chalicelib.platform import clock
from chalicelib.platform.messages import MessageClass, Template

AUTH_OTP = Template(
    "AUTH_OTP",
    MessageClass.SECURITY,
    required=("ttlMinutes", "purpose"),
    optional=("userName",),
    sealed=("code",),
)
AUTH_VERIFY = Template(
    "AUTH_VERIFY", MessageClass.SECURITY, required=("ttlMinutes",), optional=("userName",), sealed=("code",)
)
AUTH_RESET = Template(
    "AUTH_RESET", MessageClass.SECURITY, required=("ttlMinutes",), optional=("userName",), sealed=("resetUrl",)
)
AUTH_PASSWORD_CHANGED = Template(
    "AUTH_PASSWORD_CHANGED", MessageClass.SECURITY, required=("at", "device"), optional=("userName",)
)
AUTH_EMAIL_CHANGE_ASKED = Template(
    "AUTH_EMAIL_CHANGE_ASKED",
    MessageClass.SECURITY,
    required=("at", "device", "newEmailMasked"),
    optional=("userName",),
)
AUTH_EMAIL_ATTEMPT = Template("AUTH_EMAIL_ATTEMPT", MessageClass.SECURITY, required=("at",), optional=("userName",))


def noticed(device: Device) -> dict[str, str]:
    """When, and from which device (AUTH-71)."""
    return {"at": clock.iso(clock.now()), "device": device.shown}
