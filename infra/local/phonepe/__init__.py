"""A PhonePe to develop and test against (LOC-07, LOC-08, PAY-121), written from PhonePe's public contract.

``start(port, config, now)`` answers a listening ``Simulator``; ``python -m infra.local.phonepe`` runs one
alone.
"""

from .behaviour import BehaviourRefused, Outcome
from .config import SimulatorConfig
from .lifecycle import NotPayable
from .server import start
from .simulator import Simulator, UnknownOrder

__all__ = [
    "BehaviourRefused",
    "NotPayable",
    "Outcome",
    "Simulator",
    "SimulatorConfig",
    "UnknownOrder",
    "start",
]
