"""Pydantic models are built when they are first used; what a function uses is built before its first request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel


def build(*models: type[BaseModel] | None) -> None:
    """Build these models, and those that they are made of."""
    done: set[type[BaseModel]] = set()
    for model in models:
        if model is not None:
            _build(model, done)


def _build(model: type[BaseModel], done: set[type[BaseModel]]) -> None:
    if model in done:
        return
    done.add(model)
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            _build(part, done)
    model.model_rebuild()


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)
