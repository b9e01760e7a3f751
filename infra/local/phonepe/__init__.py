"""A PhonePe to develop and test against (LOC-07, LOC-08, PAY-121), written from PhonePe's public contract.

``start(port, config, now)`` answers a listening ``Simulator``; ``python -m infra.local.phonepe`` runs one
alone.
"""

from infra.local.phonepe.behaviour import BehaviourRefused, Outcome
from infra.local.phonepe.config import SimulatorConfig
from infra.local.phonepe.lifecycle import NotPayable
from infra.local.phonepe.server import start
from infra.local.phonepe.simulator import Simulator, UnknownOrder

__all__ = [
    "BehaviourRefused",
    "NotPayable",
    "Outcome",
    "Simulator",
    "SimulatorConfig",
    "UnknownOrder",
    "start",
]
