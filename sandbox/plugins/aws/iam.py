"""Identities: AWS Identity and Access Management."""

import json
from collections.abc import Mapping
from urllib.parse import unquote

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, picked, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import mapping_of


def _plain(policy: object) -> str:
    """Return a policy as text; IAM returns URL-encoded JSON, which botocore decodes into objects."""
    return unquote(policy) if isinstance(policy, str) else json.dumps(policy)


class Role(AwsResource):
    """A role."""

    type_name = "aws:iam/role:Role"
    inputs = Inputs(
        "description permissionsBoundary tags",
        replaces="name path",
        computed="name",
        policies="assumeRolePolicy",
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
    )
    outputs = ("arn", "createDate", "uniqueId")
    auto_name = AutoName(longest=64)
    gone = frozenset({"NoSuchEntity"})
    regional = False

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the role; a principal that it trusts may be too new for IAM."""
        names = {
            "name": "RoleName",
            "assumeRolePolicy": "AssumeRolePolicyDocument",
            "description": "Description",
            "maxSessionDuration": "MaxSessionDuration",
            "path": "Path",
            "permissionsBoundary": "PermissionsBoundary",
        }
        answer = retry(
            lambda: cloud.client("iam").create_role(**given(wanted, names), Tags=tag_list(wanted["tagsAll"])),
            codes=["MalformedPolicyDocument"],
            message="Invalid principal in policy",
        )
        return answer["Role"]["RoleName"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the role."""
        role = cloud.client("iam").get_role(RoleName=identifier)["Role"]
        return {
            **picked(role, {"name": "RoleName", "path": "Path", "arn": "Arn", "uniqueId": "RoleId"}),
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "assumeRolePolicy": _plain(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description"),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "permissionsBoundary": mapping_of(role.get("PermissionsBoundary")).get("PermissionsBoundaryArn"),
            "tagsAll": tag_map(role.get("Tags")),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("iam").untag_role(RoleName=identifier, TagKeys=removed)
        if added:
            cloud.client("iam").tag_role(RoleName=identifier, Tags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the trust policy, the permissions boundary and the description."""
        iam = cloud.client("iam")
        if "assumeRolePolicy" in changed:
            retry(
                lambda: iam.update_assume_role_policy(RoleName=identifier, PolicyDocument=wanted["assumeRolePolicy"]),
                codes=["MalformedPolicyDocument"],
                message="Invalid principal in policy",
            )
        if changed & {"description", "maxSessionDuration"}:
            iam.update_role(
                RoleName=identifier,
                Description=wanted.get("description", ""),
                MaxSessionDuration=int(wanted["maxSessionDuration"]),
            )
        if "permissionsBoundary" in changed:
            if wanted.get("permissionsBoundary"):
                iam.put_role_permissions_boundary(
                    RoleName=identifier, PermissionsBoundary=wanted["permissionsBoundary"]
                )
            else:
                iam.delete_role_permissions_boundary(RoleName=identifier)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the role, after removing it from instance profiles as the official provider does."""
        iam = cloud.client("iam")
        profiles = iam.list_instance_profiles_for_role(RoleName=identifier)["InstanceProfiles"]
        for profile in profiles:
            iam.remove_role_from_instance_profile(
                RoleName=identifier, InstanceProfileName=profile["InstanceProfileName"]
            )
        if state.get("forceDetachPolicies"):
            for attached in iam.list_attached_role_policies(RoleName=identifier)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=identifier, PolicyArn=attached["PolicyArn"])
            for name in iam.list_role_policies(RoleName=identifier)["PolicyNames"]:
                iam.delete_role_policy(RoleName=identifier, PolicyName=name)
        retry(lambda: iam.delete_role(RoleName=identifier), codes=["DeleteConflict"], seconds=30)


class RolePolicy(AwsResource):
    """An inline policy of a role."""

    type_name = "aws:iam/rolePolicy:RolePolicy"
    inputs = Inputs(replaces="name role", computed="name", policies="policy")
    auto_name = AutoName(longest=128)
    gone = frozenset({"NoSuchEntity"})
    regional = False

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the policy; its role may be too new for IAM."""
        self._put(cloud, wanted)
        return f"{wanted['role']}:{wanted['name']}"

    @staticmethod
    def _put(cloud: Aws, wanted: Mapping[str, str]) -> None:
        retry(
            lambda: cloud.client("iam").put_role_policy(
                RoleName=wanted["role"], PolicyName=wanted["name"], PolicyDocument=wanted["policy"]
            ),
            codes=["NoSuchEntity"],
            seconds=5,
        )

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the policy."""
        role, _, name = identifier.partition(":")
        answer = cloud.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": _plain(answer["PolicyDocument"])}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the policy again."""
        self._put(cloud, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the policy."""
        role, _, name = identifier.partition(":")
        cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


TYPES = (Role(), RolePolicy())
