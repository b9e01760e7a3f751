"""Creates the stage's resources in the emulated AWS, from the templates that production deploys (LOC-02)."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.platform.aws import clients


def _interim() -> dict[str, Any]:
    from chalicelib.platform.aws.bucket import BUCKET_NAME
    from chalicelib.platform.events.queues import all_queues
    from chalicelib.platform.registry import of
    from chalicelib.platform.store.keys import TABLE_NAME
    from chalicelib.platform.work import Consumer

    keys = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
    resources: dict[str, Any] = {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": TABLE_NAME(),
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
                "KeySchema": _schema("pk", "sk"),
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": name,
                        "KeySchema": _schema(f"{name}pk", f"{name}sk"),
                        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["kind", "version", "row"]},
                    }
                    for name in ("gsi1", "gsi2")
                ],
                "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET_NAME()}},
    }
    for queue in [*all_queues(), *(consumer.queue for consumer in of(Consumer))]:
        name = queue.name.title().replace("-", "")
        resources[f"{name}Dead"] = {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": f"{queue.physical}-dead"},
        }
        resources[name] = {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": queue.physical,
                "VisibilityTimeout": queue.visibility,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": [f"{name}Dead", "Arn"]},
                    "maxReceiveCount": queue.receives,
                },
            },
        }
    return {"Resources": resources}


def _schema(pk: str, sk: str) -> list[dict[str, str]]:
    return [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}]


def deploy(stage: str) -> dict[str, str]:
    """Create everything; answers the environment of the stage's functions."""
    cloudformation = clients._client("cloudformation", read_timeout=60)
    cloudformation.create_stack(StackName=f"pathshala-{stage}", TemplateBody=json.dumps(_interim()))
    region = clients.region()
    return {
        "QUEUE_URL_BASE": f"https://sqs.{region}.amazonaws.com/123456789012",
        "WORKFLOW_ARN_BASE": f"arn:aws:states:{region}:123456789012:stateMachine",
    }
