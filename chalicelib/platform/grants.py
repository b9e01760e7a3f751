"""What a function may do in AWS: small named grants, one file each in ``policies/iam/``.

A declaration lists the grants it needs; the deployment builds the function's role from them. A test compares them, both
ways, with the AWS calls that the function made.
"""

from __future__ import annotations

from enum import StrEnum


class Grant(StrEnum):
    """The file ``policies/iam/<value>.json``."""

    TABLE_READ = "table-read"
    TABLE_WRITE = "table-write"
    LOGIN_READ = "login-read"
    GATEWAY_TOKEN = "gateway-token"  # noqa: S105  # a file's name
    STREAM = "stream"
    FILES_READ = "files-read"
    FILES_UPLOAD = "files-upload"
    FILES_CONFIRM = "files-confirm"
    FILES_REMOVE = "files-remove"
    FILES_LIST = "files-list"
    INVOICES_READ = "invoices-read"
    INVOICES_WRITE = "invoices-write"
    AUDIT_REFUSALS = "audit-refusals"
    HEALTH = "health"
    START_FINALIZATION = "start-finalization"
    START_REFUND = "start-refund"
    SEND_PAYMENT_EVENTS = "send-payment-events"
    SEND_FILE_INSPECTIONS = "send-file-inspections"
    SEND_EVENTS = "send-events"
    SEND_MESSAGES = "send-messages"
    SEND_ROLE_CHANGES = "send-role-changes"
    SEND_SUBSCRIPTION_RUNS = "send-subscription-runs"
    SEND_INVOICES = "send-invoices"
    SEND_MAIL = "send-mail"
    SECRET_TOKENS_VERIFY = "secret-tokens-verify"  # noqa: S105
    SECRET_TOKENS_SIGN = "secret-tokens-sign"  # noqa: S105
    SECRET_REFRESH = "secret-refresh"  # noqa: S105
    SECRET_CURSOR = "secret-cursor"  # noqa: S105
    SECRET_PERSONAL = "secret-personal"  # noqa: S105
    SECRET_WATERMARK = "secret-watermark"  # noqa: S105
    SECRET_STATUS_TOKEN = "secret-status-token"  # noqa: S105
    SECRET_TICKET = "secret-ticket"  # noqa: S105
    SECRET_PAYER = "secret-payer"  # noqa: S105
    SECRET_PHONEPE = "secret-phonepe"  # noqa: S105
    SECRET_PHONEPE_WEBHOOK = "secret-phonepe-webhook"  # noqa: S105
    SECRET_DATA = "secret-data"  # noqa: S105
    SECRET_FILE_SCAN = "secret-file-scan"  # noqa: S105
    SECRET_OTP = "secret-otp"  # noqa: S105
    SECRET_SUPERADMIN = "secret-superadmin"  # noqa: S105
