"""What payments write to the audit trail (PAY-111). Meta: order, plan, amount; nothing larger."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.platform.audit import AuditAction

ORDER_CREATE = AuditAction("order.create", "An order was placed")
ORDER_SUCCEED = AuditAction("order.succeed", "An order was paid and granted")
ORDER_FAIL = AuditAction("order.fail", "An order's payment failed")
ORDER_EXPIRE = AuditAction("order.expire", "An order was not paid in time")
ORDER_HOLD = AuditAction("order.hold", "An order's money is held for review")
ORDER_SUCCEED_LATE = AuditAction("order.succeed_late", "Money came after an order had lapsed")
ORDER_FINALIZE = AuditAction("order.finalize", "Staff had an order's payment checked")
ORDER_RESOLVE = AuditAction("order.resolve", "Staff decided about held money")
LINK_SEND = AuditAction("payment_link.send", "Staff sent a student a link to pay")
ORDER_RECORD_OFFLINE = AuditAction("order.record_offline", "Staff recorded money that came without a gateway")
WEBHOOK_RECEIVE = AuditAction("webhook.receive", "A gateway's message was stored")
WEBHOOK_REPROCESS = AuditAction("webhook.reprocess", "Staff had a gateway's message worked through again")
REFUND_CREATE = AuditAction("refund.create", "A refund was asked for")
REFUND_SUCCEED = AuditAction("refund.succeed", "A refund was paid out")
REFUND_FAIL = AuditAction("refund.fail", "A refund was not paid out")


def meta(order: PaymentOrder, **more: Any) -> dict[str, Any]:
    """What an entry about an order says."""
    return {
        "merchantTransactionId": order.id,
        "planKey": order.plan_key,
        "amountPaise": int(order.amount_paise),
        **more,
    }
