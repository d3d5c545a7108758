"""The bank's data science department that the demo plays: its accounts, its people, its GitHub organization."""

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
    """Somebody with a GitHub account."""

    login: str
    id: int
    admin: bool = False
    """Owner of the organization."""


ORGANIZATION = Organization("acme", 1001)
REPOSITORY = Repository("mlops-platform", 2001)
"""The repository of the platform itself: its workflows deploy."""

PLATFORM_ENGINEER = User("platform-engineer", 3001, admin=True)
CLONER = User("template-cloner", 3002, admin=True)
"""The account in whose name the platform creates the repositories of projects."""
LEAD_DATA_SCIENTIST = User("grace", 3003)
DATA_SCIENTIST = User("ada", 3004)
RELEASE_MANAGER = User("hedy", 3005)
"""Reviews what goes to production; never what she started herself."""
USERS = (PLATFORM_ENGINEER, CLONER, LEAD_DATA_SCIENTIST, DATA_SCIENTIST, RELEASE_MANAGER)

PROJECT = "abalone"
"""Name of the project that the demo launches."""
PRODUCT = "MLOps template for model building, training, and deployment"
TRAINING = "model-training"
DEPLOYMENT = "model-deployment-realtime"
"""Kinds of the two repositories that the product creates."""
