"""``python -m infra.package build | check | docs | format | deploy STAGE``: what the targets of the Makefile run."""

from __future__ import annotations

import argparse
import sys

from chalicelib.platform.registry import BadDeclaration
from infra.package.roles import BadGrant
from infra.package.stages import BadStage
from infra.package.wheels import PackagingFailed


def _build(_: argparse.Namespace) -> None:
    from infra.package.release import make

    for line in make().lines():
        print(line)


def _check(_: argparse.Namespace) -> None:
    from infra.package import access_matrix, audit_actions, clients, data_model, openapi, policies, rule_book
    from infra.package.lint import problems

    found = [*problems(), *policies.problems(), *clients.problems()]
    if openapi.outdated():
        found.append("docs/openapi.json is not what the declarations say; run make docs")
    if data_model.outdated():
        found.append("docs/data-model.md is not what the items say; run make docs")
    if audit_actions.outdated():
        found.append("the audit explorer's actions.json is not what the declarations say; run make docs")
    if access_matrix.outdated():
        found.append("docs/access-matrix.md is not what the declarations say; run make docs")
    if rule_book.outdated():
        found.append("docs/rules.md is not what the tests say; run make docs")
    if found:
        raise PackagingFailed("\n".join(found))


def _docs(_: argparse.Namespace) -> None:
    from infra.package import access_matrix, audit_actions, data_model, openapi, rule_book

    print(audit_actions.write())
    print(openapi.write())
    print(data_model.write())
    print(access_matrix.write())
    print(rule_book.write())


def _format(_: argparse.Namespace) -> None:
    from infra.package import policies

    policies.write()


def _deploy(given: argparse.Namespace) -> None:
    from infra.package.deployment import deploy

    for line in deploy(given.stage):
        print(line)


def _rotate_keys(given: argparse.Namespace) -> None:
    import boto3

    from infra.package import stages
    from infra.package.key_rotation import rotate

    stage = stages.load(given.stage)
    with stages.applied(stage):
        done = rotate(boto3.client("ssm"), stage.name)
    for line in done.lines():
        print(line)


def main() -> int:
    """Run one command; a failure is one message and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m infra.package")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("build", help="build what a deployment uploads into build/").set_defaults(run=_build)
    commands.add_parser("check", help="lint the templates, compare the document").set_defaults(run=_check)
    commands.add_parser("docs", help="write the generated documents anew").set_defaults(run=_docs)
    commands.add_parser("format", help="format the access policies").set_defaults(run=_format)
    deploy = commands.add_parser("deploy", help="deploy a stage with your AWS credentials")
    deploy.add_argument("stage")
    deploy.set_defaults(run=_deploy)
    rotation = commands.add_parser("rotate-keys", help="add a signing key to a stage, retire the old one")
    rotation.add_argument("stage")
    rotation.set_defaults(run=_rotate_keys)
    given = parser.parse_args()
    try:
        given.run(given)
    except (BadDeclaration, BadGrant, BadStage, PackagingFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
