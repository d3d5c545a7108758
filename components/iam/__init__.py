"""Identity and access: policy documents, roles, and the statements that SageMaker's jobs share.

`policy` builds every statement of the platform; its functions are used as `iam.allow(…)`, `iam.document(…)`.
"""

from components.iam.policy import (
    NO_RESOURCE_TYPE,
    Condition,
    EveryResource,
    Principal,
    Statement,
    Target,
    allow,
    deny,
    document,
    merge,
    pass_endpoint,
    trust_github,
    trust_service,
)

__all__ = [
    "NO_RESOURCE_TYPE",
    "Condition",
    "EveryResource",
    "Principal",
    "Statement",
    "Target",
    "allow",
    "deny",
    "document",
    "merge",
    "pass_endpoint",
    "trust_github",
    "trust_service",
]
