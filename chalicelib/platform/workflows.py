"""Starting Step Functions executions. The definitions stand in ``infra/workflows/<name>.asl.json``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform import settings
from chalicelib.platform.aws import clients
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.records import frozen


@frozen
class Workflow:
    """A state machine; ``name`` is its definition's file name without ``.asl.json``."""

    name: str

    @property
    def physical(self) -> str:
        """Its name in this stage."""
        return f"pathshala-{settings.STAGE()}-{self.name}"

    @property
    def arn(self) -> str:
        """Its ARN, from ``WORKFLOW_ARN_BASE`` (``arn:aws:states:<region>:<account>:stateMachine``)."""
        return f"{os.environ['WORKFLOW_ARN_BASE']}:{self.physical}"

    def start(self, execution: str, given: Mapping[str, Any]) -> bool:
        """Start the execution of that name; False when there already is one (same name, same thing).

        Raises ``Unavailable`` when it could not be started.
        """
        import json

        try:
            clients.stepfunctions().start_execution(stateMachineArn=self.arn, name=execution, input=json.dumps(given))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ExecutionAlreadyExists":
                return False
            raise Unavailable from error
        except BotoCoreError as error:
            raise Unavailable from error
        return True


class Workflows:
    """Every state machine."""

    FINALIZE_PAYMENT = Workflow("finalize-payment")
    REFUND_PAYMENT = Workflow("refund-payment")
