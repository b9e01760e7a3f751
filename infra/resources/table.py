"""The one table (DEP-07)."""

from __future__ import annotations

from typing import Any

from infra.package import names
from infra.package.stages import Stage

INDEXES = ("gsi1", "gsi2")
PROJECTED = ("kind", "version", "row")
"""What an index holds beside its keys: the members that lists show, nothing else."""


def _keys(prefix: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": f"{prefix}pk", "KeyType": "HASH"},
        {"AttributeName": f"{prefix}sk", "KeyType": "RANGE"},
    ]


def table(stage: Stage) -> dict[str, Any]:
    """The table as a resource; in prod it survives its stack and refuses to be deleted."""
    policy = "Retain" if stage.kept else "Delete"
    prefixes = ("", *INDEXES)
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": {
            "TableName": names.table(stage.name),
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": f"{prefix}{part}", "AttributeType": "S"}
                for prefix in prefixes
                for part in ("pk", "sk")
            ],
            "KeySchema": _keys(""),
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index,
                    "KeySchema": _keys(index),
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(PROJECTED)},
                }
                for index in INDEXES
            ],
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True},
            "DeletionProtectionEnabled": stage.kept,
        },
    }
