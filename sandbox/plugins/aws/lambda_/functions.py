"""Functions whose code is an archive."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, pascal, picked
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry, wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import archive_content, mapping_of

# Errors that pass once a new role, its policies and its key's grants have reached every part of AWS.
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
        """Create the function; its role may be too new for Lambda."""
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
        """Retry while another change of the function is in progress, or a change of its role has not reached Lambda."""
        return retry(
            lambda: retry(operation, codes=["ResourceConflictException"]),
            codes=["InvalidParameterValueException"],
            message="|".join(PASSING),
            seconds=60,
        )

    @staticmethod
    def _configuration(wanted: Values) -> Values:
        """Return the configuration as both create and update requests take it."""
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
        sent = {aws_name: pascal(value) for aws_name, value in given(wanted, names).items()}
        if "Environment" in sent:  # the names of variables stay as they are
            sent["Environment"] = {"Variables": mapping_of(wanted["environment"].get("variables"))}
        return sent

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until the function is active, and reserve its concurrency."""
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
        seen |= self._objects(function) | {
            "description": function.get("Description"),
            "handler": function.get("Handler"),
            "kmsKeyArn": function.get("KMSKeyArn"),
            "runtime": function.get("Runtime"),
            "invokeArn": f"arn:{cloud.partition}:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
            "qualifiedArn": f"{arn}:$LATEST",
            "reservedConcurrentExecutions": mapping_of(answer.get("Concurrency")).get(
                "ReservedConcurrentExecutions", -1
            ),
            "tagsAll": mapping_of(answer.get("Tags")),
        }
        return seen

    @staticmethod
    def _objects(function: Mapping[str, Any]) -> Values:
        """Return the properties that are objects; Lambda returns some of them empty where none was set."""
        target = mapping_of(function.get("DeadLetterConfig")).get("TargetArn")
        environment = mapping_of(function.get("Environment")).get("Variables")
        network = mapping_of(function.get("VpcConfig"))
        subnets = network.get("SubnetIds")
        seen: Values = {
            "deadLetterConfig": {"targetArn": target} if target else None,
            "environment": {"variables": environment} if environment else None,
            "vpcConfig": {"subnetIds": subnets, "securityGroupIds": network["SecurityGroupIds"]} if subnets else None,
        }
        if "LoggingConfig" in function:
            logging = function["LoggingConfig"]
            names = ("LogFormat", "LogGroup", "ApplicationLogLevel", "SystemLogLevel")
            seen["loggingConfig"] = {name[:1].lower() + name[1:]: logging[name] for name in names if logging.get(name)}
        if "TracingConfig" in function:
            seen["tracingConfig"] = {"mode": function["TracingConfig"]["Mode"]}
        return seen

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("lambda").untag_resource(Resource=state["arn"], TagKeys=removed)
        if added:
            cloud.client("lambda").tag_resource(Resource=state["arn"], Tags=added)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the configuration, then the code, then the concurrency: Lambda accepts one change at a time."""
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
        """Delete the function."""
        cloud.client("lambda").delete_function(FunctionName=identifier)


TYPES = (Function(),)
