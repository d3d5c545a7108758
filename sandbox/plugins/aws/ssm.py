"""Parameters: AWS Systems Manager."""

from typing import ClassVar

from sandbox.plugins.aws.cloud import Aws, AwsResource, given, tag_list, tag_map
from sandbox.plugins.properties import Values, text, text_map
from sandbox.plugins.values import mapping_of


class Parameter(AwsResource):
    """A parameter; one that exists already is never overwritten."""

    type_name = "aws:ssm/parameter:Parameter"
    properties: ClassVar = {
        "name": text(required=True, replaces=True),
        "type": text(required=True),
        "value": text(computed=True),
        "description": text(),
        "keyId": text(computed=True),
        "tags": text_map(),
    }
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
        """Change the tags."""
        ssm = cloud.client("ssm")
        if removed:
            ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=identifier, TagKeys=removed)
        if added:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=identifier, Tags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the parameter again."""
        cloud.client("ssm").put_parameter(**given(wanted, self._names), Overwrite=True)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the parameter."""
        cloud.client("ssm").delete_parameter(Name=identifier)


TYPES = (Parameter(),)
