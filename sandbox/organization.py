"""The demo's organization: its environments, its people, its GitHub organization and its project."""

from dataclasses import dataclass

ENVIRONMENTS = ("dev", "preprod", "prod")
"""The environments, in the order in which a change reaches them. Each has an account and a stack file of its own."""


@dataclass(frozen=True)
class Organization:
    """The GitHub organization that owns every repository."""

    login: str
    id: int


@dataclass(frozen=True)
class Repository:
    """A repository that exists before the platform does."""

    name: str
    id: int


@dataclass(frozen=True)
class User:
    """A person or machine user with a GitHub account."""

    login: str
    id: int
    admin: bool = False
    """Owner of the organization."""


ORGANIZATION = Organization("acme", 1001)
REPOSITORY = Repository("mlops-platform", 2001)
"""The platform's own repository, whose workflows deploy it."""

PLATFORM_ENGINEER = User("platform-engineer", 3001, admin=True)
CLONER = User("template-cloner", 3002, admin=True)
"""The account that the platform creates the repositories of projects with."""
LEAD_DATA_SCIENTIST = User("grace", 3003)
DATA_SCIENTIST = User("ada", 3004)
RELEASE_MANAGER = User("hedy", 3005)
"""Reviews deployments to production, but never those that she started herself."""
USERS = (PLATFORM_ENGINEER, CLONER, LEAD_DATA_SCIENTIST, DATA_SCIENTIST, RELEASE_MANAGER)

PROJECT = "abalone"
"""Name of the project that the demo launches."""
PRODUCT = "MLOps template for model building, training, and deployment"
TRAINING = "model-training"
DEPLOYMENT = "model-deployment-realtime"
"""Kinds of the two repositories that the product creates."""
