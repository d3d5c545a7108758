"""The user of a request, as SageMaker tells it with what was created or changed.

The credentials in an app of Studio are a session of its user profile's role, and SageMaker knows the profile: policies may name it
(`sagemaker:UserProfileName`), and it stands in the description of what was made there. Other sessions of the role have none.
Sources: SageMaker API Reference, UserContext and IamIdentity; SageMaker Developer Guide, "Domain space permissions". That also a
request of a program in an app is told with its profile is an assumption: docs/what-only-a-real-account-can-tell.md.
"""

from sandbox.aws.iam.authorization import Principal
from sandbox.aws.sagemaker import names
from sandbox.aws.service import Members

_profiles: dict[str, Members] = {}
"""User profiles by the access key of a session in one of their apps."""


def remember(access_key_id: str, domain_id: str, profile_name: str) -> None:
    """Remember that a session belongs to an app of a user profile."""
    _profiles[access_key_id] = {
        "DomainId": domain_id,
        "UserProfileArn": names.arn("user-profile", f"{domain_id}/{profile_name}"),
        "UserProfileName": profile_name,
    }


def of(principal: Principal) -> Members:
    """Return what SageMaker tells of a principal."""
    return {**_profiles.get(principal.access_key_id, {}), "IamIdentity": {"Arn": principal.arn}}
