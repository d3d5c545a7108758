"""Products and their versions."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, picked, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry, wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import mapping_of

NOT_FOUND = frozenset({"ResourceNotFoundException"})


def _artifact_to_aws(artifact: Mapping[str, Any]) -> Values:
    return {
        **given(artifact, {"name": "Name", "description": "Description", "type": "Type"}),
        "Info": {"LoadTemplateFromURL": artifact["templateUrl"]},
        "DisableTemplateValidation": bool(artifact.get("disableTemplateValidation")),
    }


class Product(AwsResource):
    """A product with its first version."""

    type_name = "aws:servicecatalog/product:Product"
    inputs = Inputs(
        "owner tags type",
        replaces="provisioningArtifactParameters",
        computed="description distributor name",
        objects={
            "provisioningArtifactParameters": Inputs(
                replaces="description disableTemplateValidation name templateUrl type",
                defaults={"disableTemplateValidation": False},
            )
        },
    )
    outputs = ("arn", "createdTime", "hasDefaultPath", "status")
    auto_name = AutoName(longest=100)
    gone = NOT_FOUND
    _names: ClassVar = {
        "name": "Name",
        "owner": "Owner",
        "description": "Description",
        "distributor": "Distributor",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the product; the template may be too new to be read."""
        answer = retry(
            lambda: cloud.client("servicecatalog").create_product(
                **given(wanted, self._names),
                ProductType=wanted["type"],
                ProvisioningArtifactParameters=_artifact_to_aws(wanted["provisioningArtifactParameters"]),
                Tags=tag_list(wanted["tagsAll"]),
            ),
            codes=["InvalidParametersException"],
            message="profile does not exist",
        )
        return answer["ProductViewDetail"]["ProductViewSummary"]["ProductId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until the product exists."""
        wait_until(
            lambda: True if self._describe(cloud, identifier)["ProductViewDetail"]["Status"] != "CREATING" else None,
            what=f"product {identifier}",
        )

    @staticmethod
    def _describe(cloud: Aws, identifier: str) -> Mapping[str, Any]:
        return cloud.client("servicecatalog").describe_product_as_admin(Id=identifier)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the product; only the state knows its first version."""
        answer = self._describe(cloud, identifier)
        product = answer["ProductViewDetail"]
        summary = product["ProductViewSummary"]
        names = {"name": "Name", "owner": "Owner", "type": "Type", "description": "ShortDescription"}
        return {
            **picked(summary, {**names, "distributor": "Distributor", "hasDefaultPath": "HasDefaultPath"}),
            "arn": product["ProductARN"],
            "createdTime": product["CreatedTime"].isoformat(),
            "status": product["Status"],
            "tagsAll": tag_map(answer.get("Tags")),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        cloud.client("servicecatalog").update_product(Id=identifier, RemoveTags=removed, AddTags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the names and descriptions."""
        cloud.client("servicecatalog").update_product(Id=identifier, **given(wanted, self._names))

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the product once no portfolio holds it."""
        retry(
            lambda: cloud.client("servicecatalog").delete_product(Id=identifier),
            codes=["ResourceInUseException"],
            seconds=60,
        )


class ProvisioningArtifact(AwsResource):
    """A version of a product; its id is `VERSION:PRODUCT`."""

    type_name = "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact"
    inputs = Inputs(
        "productId",
        replaces="disableTemplateValidation templateUrl type",
        computed="description name",
        defaults={"active": True, "disableTemplateValidation": False, "guidance": "DEFAULT"},
    )
    outputs = ("createdTime", "provisioningArtifactId")
    auto_name = AutoName(longest=100)
    gone = NOT_FOUND

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the version."""
        answer = retry(
            lambda: cloud.client("servicecatalog").create_provisioning_artifact(
                ProductId=wanted["productId"], Parameters=_artifact_to_aws(wanted)
            ),
            codes=["InvalidParametersException"],
            message="profile does not exist",
        )
        return f"{answer['ProvisioningArtifactDetail']['Id']}:{wanted['productId']}"

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until the version exists, and set the attributes that a create request cannot set."""
        wait_until(lambda: True if self._describe(cloud, identifier)["Status"] != "CREATING" else None, what=identifier)
        if not wanted["active"] or wanted["guidance"] != "DEFAULT":
            self.change(cloud, identifier, {}, wanted, frozenset())

    @staticmethod
    def _parts(identifier: str) -> Values:
        artifact, _, product = identifier.partition(":")
        return {"ProductId": product, "ProvisioningArtifactId": artifact}

    def _describe(self, cloud: Aws, identifier: str) -> Mapping[str, Any]:
        return cloud.client("servicecatalog").describe_provisioning_artifact(**self._parts(identifier))

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the version."""
        answer = self._describe(cloud, identifier)
        artifact = answer["ProvisioningArtifactDetail"]
        url = mapping_of(answer.get("Info")).get("TemplateUrl")
        names = {
            "name": "Name",
            "description": "Description",
            "active": "Active",
            "guidance": "Guidance",
            "type": "Type",
            "provisioningArtifactId": "Id",
        }
        return {
            **picked(artifact, names),
            "productId": self._parts(identifier)["ProductId"],
            "createdTime": artifact["CreatedTime"].isoformat(),
            **({"templateUrl": url} if url else {}),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the descriptions, and whether the version is offered."""
        names = {"name": "Name", "description": "Description", "active": "Active", "guidance": "Guidance"}
        cloud.client("servicecatalog").update_provisioning_artifact(**self._parts(identifier), **given(wanted, names))

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the version."""
        cloud.client("servicecatalog").delete_provisioning_artifact(**self._parts(identifier))


TYPES = (
    Product(),
    ProvisioningArtifact(),
)
