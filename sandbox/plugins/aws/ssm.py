"""Parameters: AWS Systems Manager."""

from typing import ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of
from sandbox.plugins.aws.convert import given, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import RefusedError
from sandbox.plugins.values import mapping_of


class Parameter(AwsResource):
    """A parameter; creating it never overwrites an existing one."""

    type_name = "aws:ssm/parameter:Parameter"
    inputs = Inputs("description tags type", replaces="name", computed="keyId value", required="name")
    outputs = ("arn", "dataType", "tier", "version")
    changing_outputs = ("version",)
    gone = frozenset({"ParameterNotFound"})
    _names: ClassVar = {
        "name": "Name",
        "type": "Type",
        "value": "Value",
        "description": "Description",
        "keyId": "KeyId",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put a parameter that does not exist yet."""
        tags = tag_list(wanted["tagsAll"])
        cloud.client("ssm").put_parameter(
            **given(wanted, self._names), Overwrite=False, **({"Tags": tags} if tags else {})
        )
        return wanted["name"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the parameter, its value included."""
        ssm = cloud.client("ssm")
        parameter = ssm.get_parameter(Name=identifier, WithDecryption=True)["Parameter"]
        described = ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [identifier]}]
        )
        details = mapping_of(next(iter(described["Parameters"]), None))
        tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=identifier)["TagList"]
        return {
            "name": identifier,
            "type": parameter["Type"],
            "value": parameter["Value"],
            "version": parameter["Version"],
            "dataType": parameter.get("DataType", "text"),
            "tier": details.get("Tier", "Standard"),
            "arn": parameter.get("ARN") or cloud.arn("ssm", f"parameter/{identifier.removeprefix('/')}"),
            "description": details.get("Description"),
            **({"keyId": details["KeyId"]} if details.get("KeyId") else {}),
            "tagsAll": tag_map(tags),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        ssm = cloud.client("ssm")
        if removed:
            ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=identifier, TagKeys=removed)
        if added:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=identifier, Tags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the parameter again."""
        cloud.client("ssm").put_parameter(**given(wanted, self._names), Overwrite=True)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the parameter."""
        cloud.client("ssm").delete_parameter(Name=identifier)


def parameter(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.ssm.get_parameter`.

    Raises:
        RefusedError: there is no such parameter.
    """
    name, decrypted = str(arguments["name"]), bool(arguments.get("withDecryption", True))
    try:
        found = cloud.client("ssm").get_parameter(Name=name, WithDecryption=decrypted)["Parameter"]
    except ClientError as error:
        if code_of(error) in Parameter.gone:
            raise RefusedError(f"reading SSM Parameter ({name}): couldn't find resource") from error
        raise
    return {
        "arn": found.get("ARN") or cloud.arn("ssm", f"parameter/{name.removeprefix('/')}"),
        "id": name,
        "insecureValue": "" if found["Type"] == "SecureString" else found["Value"],
        "name": found["Name"],
        "region": cloud.region,
        "type": found["Type"],
        "value": found["Value"],
        "version": found["Version"],
        "withDecryption": decrypted,
    }


TYPES = (Parameter(),)
