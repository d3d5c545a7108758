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
    part: str
    """The user's part in the demo, in a few words."""
    admin: bool = False
    """Owner of the organization."""


ORGANIZATION = Organization("acme", 1001)
REPOSITORY = Repository("mlops-platform", 2001)
"""The platform's own repository, whose workflows deploy it."""

PLATFORM_ENGINEER = User("platform-engineer", 3001, "deploys the platform, owns the GitHub organization", admin=True)
CLONER = User("template-cloner", 3002, "no person: the account that the platform acts as", admin=True)
LEAD_DATA_SCIENTIST = User("grace", 3003, "lead data scientist: launches, trains, approves a model")
DATA_SCIENTIST = User("ada", 3004, "data scientist: reviews changes, may approve no model")
RELEASE_MANAGER = User("hedy", 3005, "release manager: lets a tested model into production")
"""Never lets in what she started herself."""
SECOND_RELEASE_MANAGER = User("lise", 3007, "release manager while hedy is away")
COLLEAGUE = User("mary", 3006, "platform engineer: approves changes to the platform", admin=True)
USERS = (
    PLATFORM_ENGINEER,
    CLONER,
    LEAD_DATA_SCIENTIST,
    DATA_SCIENTIST,
    RELEASE_MANAGER,
    SECOND_RELEASE_MANAGER,
    COLLEAGUE,
)

PROJECT = "abalone"
"""Name of the project that the demo launches."""
PRODUCT = "MLOps template for model building, training, and deployment"
TRAINING = "model-training"
DEPLOYMENT = "model-deployment-realtime"
"""Kinds of the two repositories that the product creates."""
