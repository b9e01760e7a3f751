"""The one bucket: private, versioned, encrypted, TLS only (DEP-07, FILE-41); only the admin panel may PUT."""

from __future__ import annotations

from typing import Any

from infra.package import names
from infra.package.stages import Stage

UNCONFIRMED = {"Key": "state", "Value": "unconfirmed"}
"""The tag of an upload that nobody confirmed (FILE-32)."""
QUARANTINE = {"Key": "state", "Value": "quarantine"}
"""The tag of what a scanner found infected (FILE-21)."""


def _lifecycle() -> list[dict[str, Any]]:
    return [
        {
            "Id": "unconfirmed-uploads",
            "Status": "Enabled",
            "TagFilters": [UNCONFIRMED],
            "ExpirationInDays": 1,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        {
            "Id": "replaced-versions",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        {
            "Id": "quarantine",
            "Status": "Enabled",
            "TagFilters": [QUARANTINE],
            "ExpirationInDays": 30,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        },
        {"Id": "empty-markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
    ]


def _cors(stage: Stage) -> dict[str, Any]:
    # The signed headers of an upload (FILE-32) must be allowed by name: a browser asks for each.
    headers = ["content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-tagging"]
    rule = {
        "AllowedMethods": ["PUT"],
        "AllowedOrigins": list(stage.admin_origins),
        "AllowedHeaders": headers,
        "ExposedHeaders": ["ETag"],
        "MaxAge": 600,
    }
    return {"CorsRules": [rule]}


def bucket(stage: Stage) -> dict[str, Any]:
    """The bucket as a resource; in prod it survives its stack."""
    policy = "Retain" if stage.kept else "Delete"
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": {
            "BucketName": names.bucket(stage.name),
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {"Rules": _lifecycle()},
            "CorsConfiguration": _cors(stage),
        },
    }


def policy_document(stage: Stage) -> dict[str, Any]:
    """The bucket's policy: nothing is allowed by it; what comes without TLS, or asks for infected files, is denied."""
    place = names.bucket_arn(stage.name)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [{"Fn::Sub": place}, {"Fn::Sub": f"{place}/*"}],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "NobodyReadsWhatIsInfected",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": [{"Fn::Sub": f"{place}/*"}],
                "Condition": {"StringEquals": {"s3:ExistingObjectTag/state": "quarantine"}},
            },
        ],
    }


def anonymous_grants(document: dict[str, Any]) -> list[str]:
    """What a bucket policy allows to anybody at all, by statement (FILE-41); empty for a private bucket."""
    found: list[str] = []
    for position, statement in enumerate(document.get("Statement", [])):
        principal = statement.get("Principal", statement.get("NotPrincipal"))
        anybody = principal == "*" or (isinstance(principal, dict) and "*" in _texts(principal.get("AWS", [])))
        if statement.get("Effect") == "Allow" and (anybody or "NotPrincipal" in statement):
            found.append(f"{statement.get('Sid', position)}: {', '.join(_texts(statement.get('Action', '?')))}")
    return found


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def bucket_policy(stage: Stage) -> dict[str, Any]:
    """The policy as a resource."""
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "Files"}, "PolicyDocument": policy_document(stage)},
    }
