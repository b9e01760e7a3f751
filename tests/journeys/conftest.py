"""Journeys run against a local cloud over HTTP, as the proofs do."""

from tests.proofs.conftest import academy, provider

__all__ = ["academy", "provider"]
