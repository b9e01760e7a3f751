"""Structured logs and metrics: one line a request, and nothing personal or secret in any of them (DEP-09)."""

from __future__ import annotations

import os
import traceback
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from chalicelib.platform import context

logger = Logger(service="pathshala", level=os.environ.get("LOG_LEVEL", "INFO"), utc=True)

NAMESPACE = "Pathshala"


def count_metric(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Emit one metric of the current function, in the embedded metric format on the log."""
    provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE)
    provider.add_dimension(name="function", value=context.current().function)
    provider.add_metric(name=name, unit=unit, value=value)
    provider.flush_metrics()


def measure(name: str, value: float, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Emit one figure that belongs to no single function but to what ``dimensions`` say (``gateway="PHONEPE"``)."""
    provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE)
    for dimension, of in dimensions.items():
        provider.add_dimension(name=dimension, value=of)
    provider.add_metric(name=name, unit=unit, value=value)
    provider.flush_metrics()


def event(message: str, **fields: Any) -> None:
    """One line about something that happened; ``fields`` are ids, counts and codes."""
    run = context.current()
    logger.info(message, requestId=run.request_id, function=run.function, **fields)


def alarm(message: str, **fields: Any) -> None:
    """A line that people must see: counted as metric ``Alarm``, which an alarm watches."""
    run = context.current()
    logger.error(message, requestId=run.request_id, function=run.function, **fields)
    count_metric("Alarm")


def unexpected(error: BaseException) -> None:
    """An exception that nobody expected: its kind and its trace, in the log and nowhere else.

    Not its text: libraries put the values they choked on into it, and those may be personal.
    """
    run = context.current()
    chain: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < 5:
        frames = "".join(traceback.format_tb(cause.__traceback__))
        chain.append(f"{type(cause).__module__}.{type(cause).__qualname__}\n{frames}")
        cause = cause.__cause__
    logger.error("unexpected", requestId=run.request_id, function=run.function, trace=chain)
