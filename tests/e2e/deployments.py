"""Actions of people on a launched project's deployments, and look-ups of its endpoints and runs."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from sandbox.demo import application, launch, models, reviews
from sandbox.demo.application import Application
from sandbox.demo.releases import WORKFLOW
from tests.e2e.projects import ProjectOwners
from tests.e2e.sandbox import ACCOUNTS, REGION, UNIT, Sandbox
from tests.e2e.wait import wait_until


@dataclass(frozen=True, kw_only=True)
class Remains:
    """Names of what deployments have left in an account, by kind."""

    endpoints: list[str]
    configurations: list[str]
    models: list[str]
    alarms: list[str]
    dashboards: list[str]
    targets: list[str]
    stacks: list[str]
    locks: list[str]


class Deployments(ProjectOwners):
    """The demo's project, its endpoints, and the runs that deploy to them."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.project = launch.project(self.lead, on_status=lambda _: None)

    # Accounts

    def name(self, environment: str) -> str:
        """Return the name of the endpoint, which all other names of deployments begin with."""
        return self.project.endpoint(self.stacks[environment])

    def endpoint(self, environment: str) -> dict[str, Any]:
        """Return SageMaker's description of an endpoint."""
        described = self.root(environment, "sagemaker").describe_endpoint(EndpointName=self.name(environment))
        return {key: value for key, value in described.items() if key != "ResponseMetadata"}

    def configuration(self, environment: str) -> dict[str, Any]:
        """Return the live configuration of an endpoint."""
        name = self.endpoint(environment)["EndpointConfigName"]
        return self.root(environment, "sagemaker").describe_endpoint_config(EndpointConfigName=name)

    def version(self, environment: str) -> int:
        """Return the version that an endpoint serves, from the tag of its model."""
        sagemaker = self.root(environment, "sagemaker")
        model = self.configuration(environment)["ProductionVariants"][0]["ModelName"]
        arn = sagemaker.describe_model(ModelName=model)["ModelArn"]
        tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        return int(tags["model-package-arn"].rpartition("/")[2])

    def application(self, environment: str) -> Application:
        """Return an application that calls the endpoint of an account."""
        return application.install(self.stacks[environment], self.name(environment))

    def bucket(self, environment: str, kind: str) -> str:
        return f"{UNIT}-{environment}-{kind}-{ACCOUNTS[environment]}-{REGION}"

    def keys(self, environment: str, kind: str, prefix: str) -> list[str]:
        """Return the keys of objects in a bucket of the account."""
        listed = self.root(environment, "s3").list_objects_v2(Bucket=self.bucket(environment, kind), Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def locks(self, environment: str) -> list[str]:
        """Return the locks on the state of the project's deployments."""
        return self.keys(environment, "state", f"projects/{self.project.id}/.pulumi/locks/")

    def remains(self, environment: str) -> Remains:
        """Return everything in an account whose name is of the project."""
        name = self.name(environment)

        def own(entries: Iterable[Mapping[str, Any]], key: str) -> list[str]:
            return [entry[key] for entry in entries if name in entry[key]]

        sagemaker, watch = self.root(environment, "sagemaker"), self.root(environment, "cloudwatch")
        scaling = self.root(environment, "application-autoscaling")
        stacks = self.root(environment, "cloudformation").describe_stacks()["Stacks"]
        return Remains(
            endpoints=own(sagemaker.list_endpoints()["Endpoints"], "EndpointName"),
            configurations=own(sagemaker.list_endpoint_configs()["EndpointConfigs"], "EndpointConfigName"),
            models=own(sagemaker.list_models()["Models"], "ModelName"),
            alarms=own(watch.describe_alarms()["MetricAlarms"], "AlarmName"),
            dashboards=own(watch.list_dashboards()["DashboardEntries"], "DashboardName"),
            targets=own(
                scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"], "ResourceId"
            ),
            stacks=own(stacks, "StackName"),
            locks=self.locks(environment),
        )

    def configured(self, environment: str) -> set[str]:
        """Return the names of the models in the project's endpoint configurations."""
        sagemaker = self.root(environment, "sagemaker")
        described = (
            sagemaker.describe_endpoint_config(EndpointConfigName=name)
            for name in self.remains(environment).configurations
        )
        return {variant["ModelName"] for each in described for variant in each["ProductionVariants"]}

    # Versions

    def package(self, version: int) -> str:
        """Return the ARN of a version."""
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNTS['dev']}:model-package/{self.project.pipeline}/{version}"

    def trained(self, commit: str) -> int:
        """Wait for the training run of a commit on main, and return the version that it registers."""

        def ended() -> dict[str, Any] | None:
            runs = self.developer.runs(self.project.training, "train.yml")
            return next((run for run in runs if run["head_sha"] == commit and run["status"] == "completed"), None)

        run = wait_until(ended, "training")
        assert run["conclusion"] == "success", run["html_url"]
        return len(models.versions(self.lead, self.project.pipeline))

    def change(self, repository: str, title: str, files: Mapping[str, Callable[[str], str]]) -> str:
        """Change files of a repository by a pull request that a colleague approves, and return the commit on main."""
        return self.merge_change(repository, self.propose_change(repository, title, files))

    def merge_change(self, repository: str, pull: int) -> str:
        """Merge a pull request that a colleague approves, and return the commit on main."""
        return reviews.merge(self.developer, self.colleague, repository, pull)

    def propose_change(self, repository: str, title: str, files: Mapping[str, Callable[[str], str]]) -> int:
        """Open a pull request that changes files of a repository, and return its number."""
        path, member = f"/repos/{repository}", self.developer
        branch = re.sub(r"\W+", "-", title.lower())
        main = member.get(f"{path}/git/ref/heads/main")["object"]["sha"]
        member.send("POST", f"{path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": main})
        for name, changed in files.items():
            file = member.get(f"{path}/contents/{name}?ref={branch}")
            before = base64.b64decode(str(file["content"])).decode()
            after = changed(before)
            assert after != before
            content = base64.b64encode(after.encode()).decode()
            commit = {"message": title, "content": content, "branch": branch, "sha": file["sha"]}
            member.send("PUT", f"{path}/contents/{name}", commit)
        return int(member.send("POST", f"{path}/pulls", {"title": title, "head": branch, "base": "main"})["number"])

    def approval(self, version: int) -> str:
        """Return the approval status of a version."""
        described = self.root("dev", "sagemaker").describe_model_package(ModelPackageName=self.package(version))
        return described["ModelApprovalStatus"]

    # Runs

    def approve(self, version: int) -> int:
        """Approve a version, and return the id of the run that deploys it."""
        earlier = {run["id"] for run in self.developer.runs(self.project.deployment, WORKFLOW)}
        models.approve(self.lead, self.package(version), reason="Approved by a test")

        def dispatched() -> int | None:
            runs = self.developer.runs(self.project.deployment, WORKFLOW)
            return next((int(run["id"]) for run in runs if run["id"] not in earlier), None)

        return wait_until(dispatched, "the run of an approved version")

    def dispatch(self, version: int) -> int:
        """Run the workflow by hand with a version, and return the run's id."""
        started = self.developer.send(
            "POST",
            f"/repos/{self.project.deployment}/actions/workflows/{WORKFLOW}/dispatches",
            {"ref": "main", "inputs": {"model_package_arn": self.package(version)}, "return_run_details": True},
        )
        return int(started["workflow_run_id"])

    def retire(self) -> int:
        """Start the retirement of the project's endpoints, and return the run's id."""
        started = self.developer.send(
            "POST",
            f"/repos/{self.project.deployment}/actions/workflows/retire.yml/dispatches",
            {"ref": "main", "return_run_details": True},
        )
        return int(started["workflow_run_id"])

    def path(self, run: int, what: str) -> str:
        """Return the REST path of a part of a run."""
        return f"/repos/{self.project.deployment}/actions/runs/{run}/{what}"

    def send(self, run: int, what: str) -> None:
        """Cancel a run (`cancel`) or rerun its failed jobs (`rerun-failed-jobs`)."""
        self.developer.send("POST", self.path(run, what), {})

    def waiting(self) -> list[int]:
        """Return the ids of the runs that wait for their reviewer."""
        runs = self.developer.runs(self.project.deployment, WORKFLOW)
        return [int(run["id"]) for run in runs if run["status"] == "waiting"]

    def release(self, run: int) -> None:
        """Release the version of a waiting run to production, as the reviewer."""
        reviews.release(self.reviewer, self.project.deployment, run)

    def conclusion(self, run: int) -> str:
        """Wait for the end of a run and return its conclusion; `waiting` if it waits for its reviewer."""

        def ended() -> str | None:
            found = self.developer.run(self.project.deployment, run)
            return {"completed": found["conclusion"], "waiting": "waiting"}.get(found["status"])

        return wait_until(ended, "the end of a run")

    def jobs(self, run: int) -> dict[str, dict[str, Any]]:
        """Return the jobs of a run's latest attempt, by the environment that they deploy to."""
        listed = self.developer.get(self.path(run, "jobs"))["jobs"]
        names = {job["name"]: job for job in listed}
        # GitHub names the job of a called workflow "caller / called".
        return {
            name.partition(" / ")[0].removeprefix("Deploy to "): job
            for name, job in names.items()
            if name.startswith("Deploy to ")
        }

    def log(self, run: int, environment: str) -> str:
        """Return the log of an environment's job."""
        job = self.jobs(run)[environment]
        return self.developer.text(f"/repos/{self.project.deployment}/actions/jobs/{job['id']}/logs")

    def step(self, run: int, environment: str, name: str) -> str | None:
        """Return the conclusion of a job's step."""
        return next(step["conclusion"] for step in self.jobs(run)[environment]["steps"] if step["name"] == name)

    def alarms_sent(self) -> Callable[[], set[str]]:
        """Subscribe to production's topic; what is returned gives the names of the alarms that it has sent since."""
        queues, names = self.root("prod", "sqs"), set[str]()
        url = queues.create_queue(QueueName="alarms")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.root("prod", "ssm").get_parameter(Name="/mlops/analytics/prod/notifications/alarms-topic-arn")
        statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
        queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        self.root("prod", "sns").subscribe(TopicArn=topic["Parameter"]["Value"], Protocol="sqs", Endpoint=arn)

        def read() -> set[str]:
            for message in queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                alarm = json.loads(json.loads(message["Body"])["Message"])
                if alarm["NewStateValue"] == "ALARM":
                    names.add(alarm["AlarmName"])
                queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return names

        return read

    def told(self) -> list[tuple[str, str]]:
        """Return the texts that told of failed deployments, each with the state of its issue, oldest first."""
        path = f"/repos/{self.project.deployment}/issues"
        issues = sorted(self.developer.listed(f"{path}?state=all&labels=failed-run"), key=lambda each: each["number"])
        return [
            (text["body"], issue["state"])
            for issue in issues
            for text in (issue, *self.developer.listed(f"{path}/{issue['number']}/comments"))
        ]

    # Deployments in progress

    def wait_until_updating(self, environment: str, known: str) -> None:
        """Wait until an endpoint goes from a known configuration to another one."""

        def updating() -> bool:
            found = self.endpoint(environment)
            return found["EndpointStatus"] == "Updating" and found["EndpointConfigName"] == known

        wait_until(updating, f"an update of the endpoint in {environment}")

    def wait_until_in_service(self, environment: str) -> None:
        """Wait until an endpoint is no longer being changed."""
        wait_until(
            lambda: self.endpoint(environment)["EndpointStatus"] == "InService", f"the endpoint in {environment}"
        )

    def kill_with_a_new_configuration(self, environment: str, known: Iterable[str]) -> None:
        """Kill the engine of the running deployment once it has created a configuration that is not among the known ones.

        The engine is suspended during each check for the configuration, so that it makes no progress.
        """
        sagemaker, earlier = self.root(environment, "sagemaker"), set(known)
        (engine,) = wait_until(self._engines, "the engine of a deployment")

        def held() -> bool:
            engine.suspend()
            listed = sagemaker.list_endpoint_configs(NameContains=self.name(environment))["EndpointConfigs"]
            made = {configuration["EndpointConfigName"] for configuration in listed} - earlier
            if not made:
                engine.resume()
            return bool(made)

        wait_until(held, f"a new configuration in {environment}", pause=0.05)
        engine.kill()

    def _engines(self) -> list[psutil.Process]:
        """Return the processes of engines that run in this sandbox."""
        return [process for process in psutil.process_iter() if self._is_engine(process)]

    def _is_engine(self, process: psutil.Process) -> bool:
        try:
            return process.cmdline()[:2] == ["pulumi", "up"] and str(self.folder) in process.environ()["PULUMI_HOME"]
        except (psutil.Error, KeyError):
            return False
