"""Studio: domains, user profiles and the switch for project templates."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import from_aws, given, pascal, picked, tag_list
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.sagemaker.resource import SageMakerResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.values import mapping_of

_IDLE = Inputs("idleTimeoutInMinutes lifecycleManagement maxIdleTimeoutInMinutes minIdleTimeoutInMinutes")
_APP = Inputs(
    objects={
        "appLifecycleManagement": Inputs(objects={"idleSettings": _IDLE}),
        "defaultResourceSpec": Inputs("instanceType"),
    }
)
_USER_SETTINGS = Inputs(
    "executionRole securityGroups",
    computed="defaultLandingUri studioWebPortal",
    objects={
        "codeEditorAppSettings": _APP,
        "jupyterLabAppSettings": _APP,
        "sharingSettings": Inputs("notebookOutputOption"),
    },
)


class Domain(SageMakerResource):
    """A Studio domain."""

    type_name = "aws:sagemaker/domain:Domain"
    inputs = Inputs(
        "appNetworkAccessType tagPropagation tags",
        replaces="authMode domainName kmsKeyId subnetIds vpcId",
        presence_replaces="retentionPolicy",
        objects={
            "defaultUserSettings": _USER_SETTINGS,
            "retentionPolicy": Inputs("homeEfsFileSystem"),
        },
    )
    outputs = ("arn", "homeEfsFileSystemId", "securityGroupIdForDomainBoundary", "url")
    _fixed: ClassVar = {
        "authMode": "AuthMode",
        "domainName": "DomainName",
        "kmsKeyId": "KmsKeyId",
        "subnetIds": "SubnetIds",
        "vpcId": "VpcId",
    }
    _settings: ClassVar = {
        "appNetworkAccessType": "AppNetworkAccessType",
        "defaultUserSettings": "DefaultUserSettings",
        "tagPropagation": "TagPropagation",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the domain."""
        sent = pascal(given(wanted, {**self._fixed, **self._settings}))
        answer = cloud.client("sagemaker").create_domain(**sent, Tags=tag_list(wanted["tagsAll"]))
        return answer["DomainArn"].rsplit("/", 1)[-1]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until it is in service."""
        self.settle(lambda: self._describe(cloud, identifier), f"domain {identifier}")

    @staticmethod
    def _describe(cloud: Aws, identifier: str) -> Mapping[str, Any]:
        return cloud.client("sagemaker").describe_domain(DomainId=identifier)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the domain; only the state knows `retentionPolicy`."""
        domain = self._describe(cloud, identifier)
        names = {
            **self._fixed,
            **{name: aws_name for name, aws_name in self._settings.items() if name != "defaultUserSettings"},
            "arn": "DomainArn",
            "homeEfsFileSystemId": "HomeEfsFileSystemId",
            "securityGroupIdForDomainBoundary": "SecurityGroupIdForDomainBoundary",
            "url": "Url",
        }
        return {
            **picked(domain, names),
            "defaultUserSettings": from_aws(self.properties["defaultUserSettings"], domain["DefaultUserSettings"]),
            "tagsAll": self.tags(cloud, domain["DomainArn"]),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the settings: whichever changed, the official provider sends all of them, without the network.

        Source: `resourceDomainUpdate` in internal/service/sagemaker/domain.go of the Terraform provider for AWS.
        """
        cloud.client("sagemaker").update_domain(DomainId=identifier, **pascal(given(wanted, self._settings)))
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the domain, and its home directories if `retentionPolicy` says so."""
        kept = mapping_of(state.get("retentionPolicy")).get("homeEfsFileSystem", "Retain")
        cloud.client("sagemaker").delete_domain(DomainId=identifier, RetentionPolicy={"HomeEfsFileSystem": kept})
        self.vanish(lambda: self._describe(cloud, identifier), f"domain {identifier}")


class UserProfile(SageMakerResource):
    """A user profile of a domain; its id is its ARN."""

    type_name = "aws:sagemaker/userProfile:UserProfile"
    inputs = Inputs(
        "tags",
        replaces="domainId userProfileName",
        objects={"userSettings": _USER_SETTINGS},
    )
    outputs = ("arn", "homeEfsFileSystemUid")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the profile."""
        names = {"domainId": "DomainId", "userProfileName": "UserProfileName", "userSettings": "UserSettings"}
        answer = cloud.client("sagemaker").create_user_profile(
            **pascal(given(wanted, names)), Tags=tag_list(wanted["tagsAll"])
        )
        return answer["UserProfileArn"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until it is in service."""
        self.settle(lambda: self._describe(cloud, identifier), f"user profile {wanted['userProfileName']}")

    @staticmethod
    def _parts(identifier: str) -> Values:
        domain, name = identifier.split("user-profile/", 1)[1].split("/", 1)
        return {"DomainId": domain, "UserProfileName": name}

    def _describe(self, cloud: Aws, identifier: str) -> Mapping[str, Any]:
        return cloud.client("sagemaker").describe_user_profile(**self._parts(identifier))

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the profile."""
        profile = self._describe(cloud, identifier)
        settings = profile.get("UserSettings")
        names = {
            "arn": "UserProfileArn",
            "domainId": "DomainId",
            "homeEfsFileSystemUid": "HomeEfsFileSystemUid",
            "userProfileName": "UserProfileName",
        }
        return {
            **picked(profile, names),
            "userSettings": from_aws(self.properties["userSettings"], settings) if settings else None,
            "tagsAll": self.tags(cloud, profile["UserProfileArn"]),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the settings."""
        cloud.client("sagemaker").update_user_profile(
            **self._parts(identifier), UserSettings=pascal(mapping_of(wanted.get("userSettings")))
        )
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the profile."""
        cloud.client("sagemaker").delete_user_profile(**self._parts(identifier))
        self.vanish(lambda: self._describe(cloud, identifier), f"user profile {identifier}")


class ServicecatalogPortfolioStatus(AwsResource):
    """The setting that shows project templates in Studio; its id is the region, and it is never deleted."""

    type_name = "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus"
    inputs = Inputs("status")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Enable or disable project templates."""
        self._switch(cloud, wanted["status"])
        return cloud.region

    @staticmethod
    def _switch(cloud: Aws, status: str) -> None:
        client = cloud.client("sagemaker")
        if status == "Enabled":
            client.enable_sagemaker_servicecatalog_portfolio()
        else:
            client.disable_sagemaker_servicecatalog_portfolio()

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the setting."""
        return {"status": cloud.client("sagemaker").get_sagemaker_servicecatalog_portfolio_status()["Status"]}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Enable or disable project templates."""
        self._switch(cloud, wanted["status"])

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Leave it as it is, as the official provider does."""


TYPES = (
    Domain(),
    UserProfile(),
    ServicecatalogPortfolioStatus(),
)
