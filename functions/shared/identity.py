"""Identities of AWS, as SageMaker names who changed something."""


def is_role(identity: str, account_id: str, role: str) -> bool:
    """Tell whether an identity is a role, or a session of it: SageMaker's reference does not say which it names.

    Args:
        identity: ARN of the identity.
        account_id: account of the role.
        role: name of the role.
    """
    return identity == f"arn:aws:iam::{account_id}:role/{role}" or identity.startswith(
        f"arn:aws:sts::{account_id}:assumed-role/{role}/"
    )
