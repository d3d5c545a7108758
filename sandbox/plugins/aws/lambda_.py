"""Functions: AWS Lambda."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import (
    Aws,
    AwsResource,
    generated_name,
    given,
    only,
    pascal,
    picked,
    prefix_of,
    retry,
    wait_until,
)
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import archive_content, is_mapping, mapping_of

# What passes once a new role, its policies and its key's grants have reached every part of AWS.
PASSING = (
    "The role defined for the function cannot be assumed by Lambda",
    "The provided execution role does not have permissions",
    "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant",
)


class Function(AwsResource):
    """A function whose code is an archive."""

    type_name = "aws:lambda/function:Function"
    inputs = Inputs(
        "description handler kmsKeyArn role runtime tags",
        replaces="name",
        computed="architectures loggingConfig name tracingConfig",
        required="code",
        ordered="architectures",
        defaults={"memorySize": 128, "reservedConcurrentExecutions": -1, "timeout": 3},
        objects={
            "deadLetterConfig": Inputs("targetArn"),
            "environment": Inputs("variables"),
            "loggingConfig": Inputs("logFormat", computed="applicationLogLevel logGroup systemLogLevel"),
            "tracingConfig": Inputs("mode"),
            "vpcConfig": Inputs("securityGroupIds subnetIds"),
        },
    )
    outputs = (
        "arn",
        "codeSha256",
        "invokeArn",
        "lastModified",
        "packageType",
        "qualifiedArn",
        "sourceCodeSize",
        "version",
    )
    changing_outputs = ("codeSha256", "lastModified", "sourceCodeSize")
    auto_name = AutoName(longest=64)
    gone = frozenset({"ResourceNotFoundException"})

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the function; its role may be too new for Lambda."""
        answer = self._retry(
            lambda: cloud.client("lambda").create_function(
                FunctionName=wanted["name"],
                Code={"ZipFile": archive_content(wanted["code"], Path.cwd())},
                PackageType="Zip",
                Tags=wanted["tagsAll"],
                **given(wanted, {"architectures": "Architectures"}),
                **self._configuration(wanted),
            )
        )
        return answer["FunctionName"]

    @staticmethod
    def _retry(operation: Callable[[], Any]) -> Any:
        """Repeat a change while another one of the same function, or of its role, is on its way."""
        return retry(
            lambda: retry(operation, codes=["ResourceConflictException"]),
            codes=["InvalidParameterValueException"],
            message="|".join(PASSING),
            seconds=60,
        )

    @staticmethod
    def _configuration(wanted: Values) -> Values:
        """Return what a function is made with and may be changed in."""
        names = {
            "deadLetterConfig": "DeadLetterConfig",
            "description": "Description",
            "environment": "Environment",
            "handler": "Handler",
            "kmsKeyArn": "KMSKeyArn",
            "loggingConfig": "LoggingConfig",
            "memorySize": "MemorySize",
            "role": "Role",
            "runtime": "Runtime",
            "timeout": "Timeout",
            "tracingConfig": "TracingConfig",
            "vpcConfig": "VpcConfig",
        }
        sent = {there: pascal(value) for there, value in given(wanted, names).items()}
        if "Environment" in sent:  # the names of variables are the program's own
            sent["Environment"] = {"Variables": mapping_of(wanted["environment"].get("variables"))}
        return sent

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until it can be called, and reserve its concurrency."""
        self._settle(cloud, identifier)
        if wanted["reservedConcurrentExecutions"] >= 0:
            cloud.client("lambda").put_function_concurrency(
                FunctionName=identifier, ReservedConcurrentExecutions=wanted["reservedConcurrentExecutions"]
            )

    @staticmethod
    def _settle(cloud: Aws, identifier: str) -> None:
        def settled() -> bool | None:
            function = cloud.client("lambda").get_function_configuration(FunctionName=identifier)
            if "Failed" in {function.get("State"), function.get("LastUpdateStatus")}:
                reason = function.get("StateReason") or function.get("LastUpdateStatusReason")
                raise RefusedError(f"function {identifier} failed: {reason}")
            waiting = {"Pending", "InProgress"} & {function.get("State"), function.get("LastUpdateStatus")}
            return None if waiting else True

        wait_until(settled, what=f"function {identifier}", seconds=600)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the function, its tags and its reserved concurrency."""
        answer = cloud.client("lambda").get_function(FunctionName=identifier)
        function = answer["Configuration"]
        arn = function["FunctionArn"]
        seen = picked(
            function,
            {
                "name": "FunctionName",
                "arn": "FunctionArn",
                "architectures": "Architectures",
                "codeSha256": "CodeSha256",
                "lastModified": "LastModified",
                "memorySize": "MemorySize",
                "packageType": "PackageType",
                "role": "Role",
                "sourceCodeSize": "CodeSize",
                "timeout": "Timeout",
                "version": "Version",
            },
        )
        target = mapping_of(function.get("DeadLetterConfig")).get("TargetArn")
        environment = mapping_of(function.get("Environment")).get("Variables")
        network = mapping_of(function.get("VpcConfig"))
        subnets = network.get("SubnetIds")
        if "LoggingConfig" in function:
            logging = function["LoggingConfig"]
            names = ("LogFormat", "LogGroup", "ApplicationLogLevel", "SystemLogLevel")
            seen["loggingConfig"] = {name[:1].lower() + name[1:]: logging[name] for name in names if logging.get(name)}
        if "TracingConfig" in function:
            seen["tracingConfig"] = {"mode": function["TracingConfig"]["Mode"]}
        seen |= {
            "deadLetterConfig": {"targetArn": target} if target else None,
            "description": function.get("Description"),
            "environment": {"variables": environment} if environment else None,
            "handler": function.get("Handler"),
            "kmsKeyArn": function.get("KMSKeyArn"),
            "runtime": function.get("Runtime"),
            "vpcConfig": {"subnetIds": subnets, "securityGroupIds": network["SecurityGroupIds"]} if subnets else None,
            "invokeArn": f"arn:{cloud.partition}:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
            "qualifiedArn": f"{arn}:$LATEST",
            "reservedConcurrentExecutions": mapping_of(answer.get("Concurrency")).get(
                "ReservedConcurrentExecutions", -1
            ),
            "tagsAll": mapping_of(answer.get("Tags")),
        }
        return seen

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Change the tags."""
        if removed:
            cloud.client("lambda").untag_resource(Resource=state["arn"], TagKeys=removed)
        if added:
            cloud.client("lambda").tag_resource(Resource=state["arn"], Tags=added)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Change the configuration, then the code, then the concurrency; Lambda takes one change at a time."""
        functions = cloud.client("lambda")
        if changed - {"architectures", "code", "reservedConcurrentExecutions"}:
            sent = self._configuration(wanted)
            emptied: Values = {
                "deadLetterConfig": {"DeadLetterConfig": {"TargetArn": ""}},
                "description": {"Description": ""},
                "environment": {"Environment": {"Variables": {}}},
                "kmsKeyArn": {"KMSKeyArn": ""},
                "vpcConfig": {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
            }
            for name in changed & emptied.keys():
                sent = {**emptied[name], **sent}
            self._retry(lambda: functions.update_function_configuration(FunctionName=identifier, **sent))
            self._settle(cloud, identifier)
        if changed & {"architectures", "code"}:
            content = archive_content(wanted["code"], Path.cwd())
            architectures = given(wanted, {"architectures": "Architectures"})
            self._retry(
                lambda: functions.update_function_code(FunctionName=identifier, ZipFile=content, **architectures)
            )
            self._settle(cloud, identifier)
        if "reservedConcurrentExecutions" in changed:
            if wanted["reservedConcurrentExecutions"] < 0:
                functions.delete_function_concurrency(FunctionName=identifier)
            else:
                self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the function."""
        cloud.client("lambda").delete_function(FunctionName=identifier)


class FunctionEventInvokeConfig(AwsResource):
    """How often, and for how long, Lambda tries an event again."""

    type_name = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    inputs = Inputs("maximumEventAgeInSeconds", replaces="functionName qualifier", defaults={"maximumRetryAttempts": 2})
    gone = frozenset({"ResourceNotFoundException"})
    _names: ClassVar = {
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        "maximumRetryAttempts": "MaximumRetryAttempts",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Set it."""
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
        """Read it."""
        function = self._function(identifier)
        answer = cloud.client("lambda").get_function_event_invoke_config(**function)
        return {
            "functionName": function["FunctionName"],
            "qualifier": function.get("Qualifier"),
            **{name: answer.get(there) for name, there in self._names.items()},
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set it again."""
        self._put(cloud, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Go back to Lambda's own rules."""
        cloud.client("lambda").delete_function_event_invoke_config(**self._function(identifier))


class Permission(AwsResource):
    """A statement of a function's policy; its id is the statement's, so that an import has to say more."""

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
        # Lambda forgets statements of a function that are added at the same time.
        self._one_by_one = threading.Lock()

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a name and a prefix of one."""
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
        """Return function and statement; an import names them FUNCTION/STATEMENT or FUNCTION:QUALIFIER/STATEMENT."""
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
        """Remove the statement."""
        function, statement_id = self._function(identifier, state)
        with self._one_by_one:
            cloud.client("lambda").remove_permission(StatementId=statement_id, **function)


TYPES = (Function(), FunctionEventInvokeConfig(), Permission())
