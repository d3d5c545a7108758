"""Permissions to invoke a function, and the retries of its asynchronous invocations."""

import json
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws, only
from sandbox.plugins.aws.convert import given
from sandbox.plugins.aws.names import generated_name, prefix_of
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import is_mapping, mapping_of


class FunctionEventInvokeConfig(AwsResource):
    """The limits of Lambda's retries of an asynchronous invocation."""

    type_name = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    inputs = Inputs("maximumEventAgeInSeconds", replaces="functionName qualifier", defaults={"maximumRetryAttempts": 2})
    gone = frozenset({"ResourceNotFoundException"})
    _names: ClassVar = {
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        "maximumRetryAttempts": "MaximumRetryAttempts",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the configuration."""
        self._put(cloud, wanted)
        return ":".join(part for part in (wanted["functionName"], wanted.get("qualifier")) if part)

    def _put(self, cloud: Aws, wanted: Values) -> None:
        cloud.client("lambda").put_function_event_invoke_config(
            FunctionName=wanted["functionName"],
            **given(wanted, {"qualifier": "Qualifier"}),
            **given(wanted, self._names),
        )

    @staticmethod
    def _function(identifier: str) -> Values:
        name, _, qualifier = identifier.partition(":")
        return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the configuration."""
        function = self._function(identifier)
        answer = cloud.client("lambda").get_function_event_invoke_config(**function)
        return {
            "functionName": function["FunctionName"],
            "qualifier": function.get("Qualifier"),
            **{name: answer.get(aws_name) for name, aws_name in self._names.items()},
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the configuration again."""
        self._put(cloud, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the configuration, so that Lambda's defaults apply again."""
        cloud.client("lambda").delete_function_event_invoke_config(**self._function(identifier))


class Permission(AwsResource):
    """A statement of a function's policy. Its id is the statement's, so an import needs a longer one."""

    type_name = "aws:lambda/permission:Permission"
    inputs = Inputs(
        replaces="action function principal principalOrgId qualifier sourceAccount sourceArn "
        "statementId statementIdPrefix",
        computed="statementId statementIdPrefix",
    )
    auto_name = AutoName(property="statementId", longest=100)
    gone = frozenset({"ResourceNotFoundException"})
    _names: ClassVar = {
        "action": "Action",
        "function": "FunctionName",
        "principal": "Principal",
        "principalOrgId": "PrincipalOrgID",
        "qualifier": "Qualifier",
        "sourceAccount": "SourceAccount",
        "sourceArn": "SourceArn",
    }

    def __init__(self) -> None:
        # Lambda loses statements that are added to a function at the same time.
        self._one_by_one = threading.Lock()

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse both a statement id and a prefix of one."""
        both = wanted.get("statementId") is not None and wanted.get("statementIdPrefix") is not None
        return [("statementId", '"statement_id": conflicts with statement_id_prefix')] if both else []

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Add the statement; the function may be too new."""
        statement = wanted.get("statementId") or generated_name(wanted["statementIdPrefix"])
        with self._one_by_one:
            retry(
                lambda: cloud.client("lambda").add_permission(StatementId=statement, **given(wanted, self._names)),
                codes=["ResourceConflictException", "ResourceNotFoundException"],
                seconds=300,
            )
        return statement

    @staticmethod
    def _function(identifier: str, state: Values) -> tuple[Values, str]:
        """Return function and statement; an import gives FUNCTION/STATEMENT or FUNCTION:QUALIFIER/STATEMENT."""
        name, qualifier = state.get("function"), state.get("qualifier")
        if name is None:
            function, _, identifier = identifier.partition("/")
            if not function or not identifier:
                raise RefusedError(
                    "Unexpected format of ID, expected FUNCTION_NAME/STATEMENT_ID or "
                    "FUNCTION_NAME:QUALIFIER/STATEMENT_ID"
                )
            name, _, qualifier = function.partition(":")
        return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}, identifier

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the statement in the function's policy."""
        function, statement_id = self._function(identifier, state)
        policy = json.loads(cloud.client("lambda").get_policy(**function)["Policy"])
        statement = only([each for each in policy["Statement"] if each["Sid"] == statement_id])
        principal = statement["Principal"]
        conditions = {
            key: value
            for operator in mapping_of(statement.get("Condition")).values()
            for key, value in operator.items()
        }
        arn = statement["Resource"].removesuffix(f":{function.get('Qualifier')}")
        by_arn = str(function["FunctionName"]).startswith("arn:")
        return {
            "id": statement_id,
            "action": statement["Action"],
            "function": arn if by_arn else arn.rsplit(":", 1)[-1],
            "principal": principal.get("AWS") or principal.get("Service") if is_mapping(principal) else principal,
            "principalOrgId": conditions.get("aws:PrincipalOrgID"),
            "qualifier": function.get("Qualifier"),
            "sourceAccount": conditions.get("AWS:SourceAccount"),
            "sourceArn": conditions.get("AWS:SourceArn"),
            "statementId": statement_id,
            "statementIdPrefix": prefix_of(statement_id),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the statement."""
        function, statement_id = self._function(identifier, state)
        with self._one_by_one:
            cloud.client("lambda").remove_permission(StatementId=statement_id, **function)


TYPES = (
    FunctionEventInvokeConfig(),
    Permission(),
)
