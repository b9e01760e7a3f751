"""Issuing invoices and credit notes, and making their PDFs."""

from __future__ import annotations

from chalicelib.commerce.invoices import issuing, rendering, sweeping
from chalicelib.commerce.invoices.messages import IssueRequest, RenderRequest
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.function import Layer
from chalicelib.platform.work import Cron, Grant, JobRun, job, worker


@worker(Queues.INVOICES, grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def issue_invoice(message: IssueRequest) -> None:
    """Issue the invoice of a paid order, or the credit note of a refund: one after another in each series."""
    issuing.issue(message)


@worker(
    Queues.INVOICE_FILES,
    batch=5,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.INVOICES_WRITE],
    layers=[Layer.TYPESETTING],
    memory=1024,
    timeout=120,
)
def render_invoice(message: RenderRequest) -> None:
    """Make the PDF of an invoice or a credit note."""
    rendering.render(message)


@job(
    "sweep-invoices",
    every=Cron("40 * * * ? *"),
    grants=[Grant.TABLE_READ, Grant.SEND_INVOICES],
    timeout=300,
)
def sweep_invoices(run: JobRun) -> sweeping.Swept:
    """Ask again for invoices, credit notes and PDFs that should long be there: their messages were lost."""
    return sweeping.sweep(run.remaining)
