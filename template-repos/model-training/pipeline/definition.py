"""The pipeline, as the data that SageMaker runs: preprocess, train, evaluate, and register what is good enough.

Data, threshold, champion and commit are part of it: so are the machines, and whoever starts an execution chooses nothing.
Every job runs inside the project's network, isolated, and with the project's key on its disk and its output.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_platform.pipeline.evidence import DESCRIPTION, evidence, sealed
from mlops_platform.pipeline.expressions import (
    VERSION,
    Json,
    execution_id,
    from_property_file,
    join,
    processing_output,
    step_property,
)
from mlops_platform.pipeline.jobs import RETRIES, RETRIES_OF_REQUESTS, Machine, Option
from mlops_platform.serving.variables import SERVING
from pipeline import images
from pipeline.champion import Champion
from pipeline.project import Project
from pipeline.settings import Settings

PENDING = "PendingManualApproval"
MSE = "regression_metrics.mse.value"
IMPROVEMENT = "champion.improvement"
LONGEST_ARGUMENT = 256
"""Characters of an argument of a processing job. A hyperparameter may be longer, and no value on a model card may.
Source: SageMaker API Reference, AppSpecification."""


@dataclass(frozen=True, kw_only=True)
class FeatureGroup:
    """A group of SageMaker Feature Store that the data is read from, as it was at a time."""

    name: str
    records_uri: str
    """S3 prefix of the files of its offline store."""
    record_identifier: str
    """Feature that tells records apart."""
    event_time: str
    """Feature that says when a record became what it is."""
    as_of: str
    """Time with its zone, such as 2026-11-30T12:00:00+00:00. What is written later is not read."""


def output_uri(project: Project, execution: str, output: str) -> str:
    """Return the S3 URI of an output of an execution's processing steps."""
    return f"{project.storage}/executions/{execution}/{output}"


def definition(
    project: Project,
    settings: Settings,
    *,
    code_uri: str,
    data_uri: str,
    commit: str,
    champion: Champion | None = None,
    approval: str = PENDING,
    feature_group: FeatureGroup | None = None,
) -> Json:
    """Return the whole pipeline; that of a trial ends with the evaluation.

    Args:
        project: names and roles of the project.
        settings: the settings of the data scientists.
        code_uri: S3 prefix that holds the files of `steps/`, and what they import of `mlops_platform/`.
        data_uri: S3 URI of the raw data.
        commit: the commit of all of these, which the registered models name.
        champion: the version to beat; none before the first is approved.
        approval: status with which models are registered; a person decides about one that is pending.
        feature_group: it has the data, in the place of `data_uri`.
    """
    build = _Builder(project, settings, code_uri, data_uri, champion, approval, feature_group)
    gates = [build.check_quality()] if project.trial is None else []
    return sealed(
        {
            "Version": VERSION,
            "Metadata": {},
            "Parameters": [],
            "Steps": [build.preprocess(), build.train(), build.evaluate(), *gates],
        },
        commit,
    )


@dataclass(frozen=True)
class _Builder:
    """Builds the steps; holds what they share."""

    project: Project
    settings: Settings
    code_uri: str
    data_uri: str
    champion: Champion | None
    approval: str
    feature_group: FeatureGroup | None

    def preprocess(self) -> Json:
        """Divide the data and fit the preprocessing."""
        data, group, read = self.settings.data, self.feature_group, dict[str, Option]()
        if group is not None:
            read = {
                "--feature-group": group.name,
                "--record-identifier": group.record_identifier,
                "--event-time": group.event_time,
                "--as-of": group.as_of,
            }
        return self._processing(
            "Preprocess",
            image=images.SCIKIT_LEARN,
            script="preprocess.py",
            options={
                "--seed": data.seed,
                "--validation-fraction": data.validation_fraction,
                "--test-fraction": data.test_fraction,
                **read,
            },
            inputs={"data": group.records_uri if group else self.data_uri},
            outputs=["train", "validation", "test", "preprocessing", "origin"],
        )

    def train(self) -> Json:
        """Train the model; early stopping looks at the validation rows."""
        settings, machine = self.settings, self._machine(self.settings.jobs.training_instance_type)
        channels = {name: processing_output("Preprocess", name) for name in ("train", "validation", "preprocessing")}
        return {
            "Name": "Train",
            "Type": "Training",
            "RetryPolicies": RETRIES,
            "Arguments": {
                "AlgorithmSpecification": {
                    "TrainingImage": self._image(images.XGBOOST),
                    "TrainingInputMode": "File",
                    "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/train.py"],
                    "MetricDefinitions": [{"Name": "validation:rmse", "Regex": r"validation:rmse=([0-9.]+)"}],
                },
                "HyperParameters": {
                    **{name: str(value) for name, value in settings.hyperparameters.items()},
                    # No hyperparameter of the model: the artifact says how good it had to be.
                    "mse_threshold": str(settings.quality.mse_threshold),
                },
                "InputDataConfig": [
                    self._channel(name, uri) for name, uri in {**channels, "code": self.code_uri}.items()
                ],
                "OutputDataConfig": {"S3OutputPath": self._output("model"), "KmsKeyId": machine.kms_key_arn},
                "ResourceConfig": machine.cluster(),
                "VpcConfig": machine.vpc(),
                **machine.isolation(),
                **machine.common(),
            },
        }

    def evaluate(self) -> Json:
        """Measure the model on the test rows, compare it with the champion, and say which artifact was measured."""
        champion, inputs, compared = self.champion, dict[str, str](), dict[str, Option]()
        if champion is not None:
            inputs = {"champion": champion.artifact_uri}
            compared = {"--champion-version": champion.version, "--champion-sha256": champion.sha256}
        return self._processing(
            "Evaluate",
            image=images.XGBOOST,
            script="evaluate.py",
            options={
                "--model": self.project.model_package_group,
                "--hyperparameters": [
                    f"{name}={value}"[:LONGEST_ARGUMENT] for name, value in self.settings.hyperparameters.items()
                ],
                **compared,
            },
            inputs={
                "model": step_property("Train", "ModelArtifacts.S3ModelArtifacts"),
                "test": processing_output("Preprocess", "test"),
                "origin": processing_output("Preprocess", "origin"),
                **inputs,
            },
            outputs=["evaluation"],
            property_files=[
                {"PropertyFileName": name, "OutputName": "evaluation", "FilePath": file}
                for name, file in {
                    "EvaluationReport": "evaluation.json",
                    "Digests": "digests.json",
                    "ModelCard": "model-card.json",
                }.items()
            ],
        )

    def check_quality(self) -> Json:
        """Go on if the model is good enough; fail the execution if not."""
        mse = from_property_file("Evaluate", "EvaluationReport", MSE)
        threshold = self.settings.quality.mse_threshold
        condition = {"Type": "LessThanOrEqualTo", "LeftValue": mse, "RightValue": threshold}
        message = join(" ", ["The mean squared error on the test rows is", mse, f"and may be at most {threshold}"])
        too_low = {"Name": "QualityTooLow", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
        return {
            "Name": "CheckQuality",
            "Type": "Condition",
            "Arguments": {"Conditions": [condition], "IfSteps": [self.challenge()], "ElseSteps": [too_low]},
        }

    def challenge(self) -> Json:
        """Register the model if it beats the champion. If not, nothing is wrong: production keeps what is as good."""
        condition = {
            "Type": "GreaterThanOrEqualTo",
            "LeftValue": from_property_file("Evaluate", "EvaluationReport", IMPROVEMENT),
            "RightValue": self.settings.quality.least_improvement,
        }
        return {
            "Name": "BeatsTheChampion",
            "Type": "Condition",
            "Arguments": {"Conditions": [condition], "IfSteps": [self.register()], "ElseSteps": []},
        }

    def register(self) -> Json:
        """Put the model into the registry. The status is no parameter: who starts an execution approves nothing."""
        types = self.settings.model.inference_instance_types
        container = {
            "Image": self._image(images.XGBOOST),
            "ModelDataUrl": step_property("Train", "ModelArtifacts.S3ModelArtifacts"),
            "Environment": SERVING,
        }
        quality, baseline = self._report("evaluation"), self._report("baseline")
        return {
            "Name": "Register",
            "Type": "RegisterModel",
            "RetryPolicies": RETRIES_OF_REQUESTS,
            "Arguments": {
                "ModelPackageGroupName": self.project.model_package_group,
                "ModelApprovalStatus": self.approval,
                "ModelMetrics": {
                    "ModelQuality": {"Statistics": quality},
                    "ModelDataQuality": {"Statistics": baseline},
                    "Explainability": {"Report": self._report("importance")},
                },
                # Watching compares with what is named here.
                "DriftCheckBaselines": {
                    "ModelQuality": {"Statistics": quality},
                    "ModelDataQuality": {"Statistics": baseline},
                },
                "ModelCard": {
                    "ModelCardContent": from_property_file("Evaluate", "ModelCard", "content"),
                    "ModelCardStatus": "PendingReview",
                },
                DESCRIPTION: evidence(
                    artifact=from_property_file("Evaluate", "Digests", "artifact"),
                    container=container,
                ),
                "InferenceSpecification": {
                    "Containers": [container],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv", "application/json"],
                    "SupportedRealtimeInferenceInstanceTypes": types,
                    "SupportedTransformInstanceTypes": types,
                },
            },
        }

    def _report(self, name: str) -> Json:
        """Return where a report of the evaluation is, with its digest: SageMaker has no operation that changes either."""
        return {
            "ContentType": "application/json",
            "ContentDigest": from_property_file("Evaluate", "Digests", name),
            "S3Uri": self._output("evaluation", f"{name}.json"),
        }

    def _processing(
        self,
        name: str,
        *,
        image: str,
        script: str,
        options: Mapping[str, Option],
        inputs: Mapping[str, Json | str],
        outputs: list[str],
        property_files: list[Json] | None = None,
    ) -> Json:
        return {
            "Name": name,
            "Type": "Processing",
            "RetryPolicies": RETRIES,
            **({"PropertyFiles": property_files} if property_files else {}),
            "Arguments": self._machine(self.settings.jobs.processing_instance_type).processing(
                image=self._image(image),
                script=script,
                options=options,
                inputs={**inputs, "code": self.code_uri},
                outputs={output: self._output(output) for output in outputs},
            ),
        }

    def _machine(self, instance_type: str) -> Machine:
        """Return a machine of a type."""
        project, jobs = self.project, self.settings.jobs
        return Machine(
            instance_type=instance_type,
            volume_gigabytes=jobs.volume_gigabytes,
            maximum_minutes=jobs.maximum_minutes,
            kms_key_arn=project.kms_key_arn,
            role_arn=project.job_role_arn,
            subnet_ids=project.subnet_ids,
            security_group_ids=project.security_group_ids,
            tags=project_tags(project),
        )

    def _image(self, image: str) -> str:
        return images.uri(image, self.project.images_account_id, self.project.region)

    def _output(self, *path: str) -> Json:
        """Return an S3 URI that belongs to the execution alone, so that no execution overwrites another's results."""
        return join("/", [f"{self.project.storage}/executions", execution_id(), *path])

    def _channel(self, name: str, uri: str | Json) -> Json:
        source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
        return {"ChannelName": name, "InputMode": "File", "DataSource": {"S3DataSource": source}}


def project_tags(project: Project) -> dict[str, str]:
    """Return the tags by which Studio knows a project's resources, and the roles of trials know theirs."""
    trial = {} if project.trial is None else {"mlops:trial": "true"}
    return {"sagemaker:project-name": project.name, "sagemaker:project-id": project.id, **trial}
