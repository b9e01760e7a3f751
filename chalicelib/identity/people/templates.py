"""What people are told about the end of their account; the notifications domain words it."""

from __future__ import annotations

from chalicelib.platform.messages import MessageClass, Template

USER_DELETION_DUE = Template(
    "USER_DELETION_DUE", MessageClass.SECURITY, required=("deletionDueAt",), optional=("userName",)
)
