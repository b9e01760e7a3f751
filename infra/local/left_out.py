"""What moto's CloudFormation leaves out of a template's resources, set by the services' own calls from that template.

On an endpoint whose CloudFormation does it all, these calls say again what already is.
"""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from chalicelib.platform.aws import clients
from infra.local.moto_aws import ACCOUNT
from infra.package.templates import Template


def complete(template: Template) -> None:
    """Set the table's time-to-live, the bucket's versioning, access block, CORS and lifecycle; create the schedules.

    And verify the domain of whoever sends mails: outside the template, since a domain belongs to no stage.
    """
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            _table(resource["Properties"])
        elif resource["Type"] == "AWS::S3::Bucket":
            _bucket(resource["Properties"])
        elif resource["Type"] == "AWS::Scheduler::Schedule":
            _schedule(resource["Properties"], template)
        elif resource["Type"] == "AWS::Lambda::Function":
            _sender(resource["Properties"].get("Environment", {}).get("Variables", {}).get("MAIL_FROM"))


def _sender(address: Any) -> None:
    domain = parseaddr(str(address or ""))[1].rpartition("@")[2]
    if domain and all(
        one["IdentityName"] != domain for one in clients.ses().list_email_identities()["EmailIdentities"]
    ):
        clients.ses().create_email_identity(EmailIdentity=domain)


def _schedule(given: dict[str, Any], template: Template) -> None:
    """moto's CloudFormation does not know schedules at all."""
    scheduler = clients._client("scheduler")
    if any(one["Name"] == given["Name"] for one in scheduler.list_schedules()["Schedules"]):
        return
    function = template["Resources"][given["Target"]["Arn"]["Fn::GetAtt"][0]]["Properties"]["FunctionName"]
    here = f"{clients.region()}:{ACCOUNT}"
    scheduler.create_schedule(
        Name=given["Name"],
        ScheduleExpression=given["ScheduleExpression"],
        ScheduleExpressionTimezone=given.get("ScheduleExpressionTimezone", "UTC"),
        FlexibleTimeWindow=given.get("FlexibleTimeWindow", {"Mode": "OFF"}),
        Target={
            "Arn": f"arn:aws:lambda:{here}:function:{function}",
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
        },
    )


def _table(given: dict[str, Any]) -> None:
    ttl = given.get("TimeToLiveSpecification")
    if ttl:
        clients.dynamodb().update_time_to_live(TableName=given["TableName"], TimeToLiveSpecification=ttl)


def _bucket(given: dict[str, Any]) -> None:
    s3, name = clients.s3(), given["BucketName"]
    if not isinstance(name, str):
        return
    if "VersioningConfiguration" in given:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=given["VersioningConfiguration"])
    if "PublicAccessBlockConfiguration" in given:
        block = given["PublicAccessBlockConfiguration"]
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    if "CorsConfiguration" in given:
        rules = [_cors_rule(rule) for rule in given["CorsConfiguration"]["CorsRules"]]
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
    if "LifecycleConfiguration" in given:
        lifecycle = [_lifecycle_rule(rule) for rule in given["LifecycleConfiguration"]["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": lifecycle})


def _cors_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation's names → the API's."""
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return {names.get(name, name): value for name, value in rule.items()}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    tags = rule.get("TagFilters", [])
    if tags:
        found["Filter"] = {"Tag": tags[0]} if len(tags) == 1 else {"And": {"Tags": tags}}
    if "ExpirationInDays" in rule:
        found["Expiration"] = {"Days": rule["ExpirationInDays"]}
    elif rule.get("ExpiredObjectDeleteMarker"):
        found["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            found[name] = rule[name]
    return found
