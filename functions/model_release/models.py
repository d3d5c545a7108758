"""SageMaker models: one for each released version and way to run it, under a name that says which."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from functions.model_release.errors import RefusedError
from functions.model_release.project import Project
from functions.model_release.records import Record
from functions.model_release.settings import APPROVED, Settings
from functions.shared import aws_clients

ISOLATED = {
    # Before SageMaker's images serve a model with code of its own, they `pip install` that code (sagemaker-containers,
    # _modules.py). pip would download setuptools for it, which a container without network cannot, although the image
    # has it. 0 turns build isolation off, as pip reads the variable inverted (https://github.com/pypa/pip/issues/5735).
    "PIP_NO_BUILD_ISOLATION": "0",
}
"""Environment that a container needs for network isolation, also of versions that were registered without it."""

Definition = Mapping[str, Any]
"""Members of CreateModel that decide what runs, and how."""


def definition(settings: Settings, project: Project, record: Record) -> Definition:
    """Return the model of a released version: isolated, in the account's network, under its project's own role."""
    return {
        "PrimaryContainer": {
            "Image": record.image,
            "ModelDataUrl": record.artifact_uri,
            "Environment": {**ISOLATED, **record.environment},
        },
        "ExecutionRoleArn": f"arn:aws:iam::{settings.account_id}:role/{settings.prefix}-{project.id}-model",
        "EnableNetworkIsolation": True,
        "VpcConfig": {"Subnets": list(settings.subnet_ids), "SecurityGroupIds": [settings.security_group_id]},
    }


def name_of(settings: Settings, project: Project, version: int, model: Definition) -> str:
    """Return the name of a version's model: the same for the same definition, such as `…-approved-v3-1a2b3c4d`.

    Only this function makes models of such names; a project's endpoint configurations may use no others.
    """
    digest = hashlib.sha256(json.dumps(model, sort_keys=True).encode()).hexdigest()
    return f"{settings.prefix}-{project.id}-{APPROVED}-v{version}-{digest[:8]}"


class Models:
    """The models of this account."""

    def __init__(self, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or aws_clients.client("sagemaker")

    def ensure(self, name: str, model: Definition, tags: Mapping[str, str]) -> None:
        """Make a model, unless it is there.

        Raises:
            RefusedError: SageMaker does not take it, or a model of this name is another one.
        """
        try:
            self._sagemaker.create_model(
                ModelName=name, **model, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            )
        except ClientError as error:
            if aws_clients.code(error) != "ValidationException":
                raise
            if "already existing" not in str(error):
                raise RefusedError(f"SageMaker does not make the model {name}: {error}") from None
            self._require_same(name, model)

    def _require_same(self, name: str, model: Definition) -> None:
        if _decisive(self._sagemaker.describe_model(ModelName=name)) != _decisive(model):
            raise RefusedError(
                f"{name} is another model than this version's: delete it, then release the version again"
            )


def _decisive(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a definition and its description have in common."""
    container, network = model["PrimaryContainer"], model.get("VpcConfig", {})
    return {
        "image": container.get("Image"),
        "artifact": container.get("ModelDataUrl"),
        "environment": container.get("Environment", {}),
        "role": model["ExecutionRoleArn"],
        "isolated": model.get("EnableNetworkIsolation", False),
        "network": {kind: sorted(ids) for kind, ids in network.items()},
    }
