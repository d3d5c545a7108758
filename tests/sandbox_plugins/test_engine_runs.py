"""Runs of the real engine, which deploys small programs through the stand-ins."""

import json
import os
import subprocess
import sys
import sysconfig
import textwrap
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.provide import engine_folder
from sandbox.plugins.install import install
from tests.sandbox_plugins.conftest import Clouds
from tests.sandbox_plugins.crashing_proxy import crashing_proxy
from tests.sandbox_plugins.fake_autoscaling import FakeAutoScaling
from tests.sandbox_plugins.fake_sagemaker import FakeSageMaker
from tests.sandbox_plugins.fakes import run_fake

pytestmark = pytest.mark.slow

PREAMBLE = """
import json
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="eu-west-1", allowed_account_ids=["111111111111"])
opts = pulumi.ResourceOptions(provider=provider)
trust = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Sid": "T", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
"""


@dataclass
class Project:
    """A Pulumi project with one stack, whose state is in the same folder."""

    folder: Path
    environment: dict[str, str]

    def program(self, text: str) -> None:
        """Write the program."""
        (self.folder / "__main__.py").write_text(PREAMBLE + textwrap.dedent(text))

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the engine."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the engine and return its output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=240)
        assert (process.returncode != 0) == fails, output
        return output

    def up(self, *, fails: bool = False) -> str:
        """Deploy."""
        return self.run("up", "--yes", "--skip-preview", fails=fails)

    def unchanged(self) -> None:
        """Expect that neither preview nor refresh finds a change."""
        self.run("preview", "--expect-no-changes")
        self.run("refresh", "--preview-only", "--expect-no-changes")

    def state(self) -> dict[str, Any]:
        """Return the stack's state; secrets stay encrypted.

        Read from the file that the engine keeps it in: `pulumi stack export` starts a whole engine.
        """
        (path,) = self.folder.glob(".pulumi/stacks/*/test.json")
        return json.loads(path.read_text())["checkpoint"]["latest"]

    def resource(self, name: str) -> dict[str, Any]:
        """Return a resource of the state."""
        return next(each for each in self.state()["resources"] if each["urn"].endswith(f"::{name}"))


@pytest.fixture(scope="module")
def engine() -> Path:
    """The folder of the engine, built if there is none, which `make test` does first."""
    return engine_folder()


@pytest.fixture
def project(tmp_path: Path, clouds: Clouds, engine: Path) -> Callable[[str], Project]:
    """A factory of projects by their names."""

    def make(name: str) -> Project:
        folder = tmp_path / name
        folder.mkdir()
        home = tmp_path / "pulumi-home"
        install(home)
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_", "GITHUB_"))},
            **clouds.environment(),
            "PATH": f"{engine}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "VIRTUAL_ENV": sys.prefix,
        }
        made = Project(folder, environment)
        made.run("stack", "init", "test")
        return made

    return make


def test_a_stack_is_created_unchanged_updated_replaced_and_destroyed(project: Callable[[str], Project]) -> None:
    life = project("life")
    program = """
        zones = aws.get_availability_zones(state="available", opts=pulumi.InvokeOptions(provider=provider)).names
        network = aws.ec2.Vpc("network", cidr_block="10.7.0.0/16", opts=opts)
        aws.ec2.Subnet("subnet", vpc_id=network.id, cidr_block="10.7.0.0/24", availability_zone=zones[0], opts=opts)
        role = aws.iam.Role("role", name="{name}", description="{description}", assume_role_policy=trust, opts=opts)
        code = pulumi.AssetArchive({{"handler.py": pulumi.FileAsset("function.py")}})
        aws.lambda_.Function("function", role=role.arn, runtime="python3.13", handler="handler.h", code=code, opts=opts)
        aws.ssm.Parameter("secret", name="/life/secret", type="String", value=pulumi.Output.secret("hush"), opts=opts)
        pulumi.export("role", role.arn)
    """
    (life.folder / "function.py").write_text("def h(event, context): ...\n")
    life.program(program.format(name="life", description="first"))
    assert "+ 7 to create" in life.run("preview")
    assert "+ 7 created" in life.up()
    life.unchanged()
    assert life.resource("role")["outputs"]["arn"] == "arn:aws:iam::111111111111:role/life"
    assert "hush" not in json.dumps(life.state())
    assert life.resource("function")["outputs"]["name"].startswith("function-")

    (life.folder / "function.py").write_text("def h(event, context): return 1\n")
    life.program(program.format(name="life", description="second"))
    assert "~ 2 updated" in life.up()
    life.unchanged()

    life.program(program.format(name="other-life", description="second"))
    assert "+-1 replaced" in life.up()
    life.unchanged()

    assert "- 7 deleted" in life.run("destroy", "--yes", "--skip-preview")


SERVING = """
    import sys

    assert sys.prefix == {environment!r}, sys.prefix
    model = aws.sagemaker.Model(
        "model",
        execution_role_arn="arn:aws:iam::111111111111:role/model",
        primary_container={{
            "image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/model:1",
            "model_data_url": "s3://bucket/{version}.tar.gz",
        }},
        opts=opts,
    )
    configuration = aws.sagemaker.EndpointConfiguration(
        "configuration",
        production_variants=[{{
            "variant_name": "AllTraffic",
            "model_name": model.name,
            "instance_type": "ml.m5.large",
            "initial_instance_count": 1,
        }}],
        opts=pulumi.ResourceOptions(provider=provider, retain_on_delete=True),
    )
    aws.sagemaker.Endpoint(
        "endpoint",
        name="serving",
        endpoint_config_name=configuration.name,
        deployment_config={{
            "blue_green_update_policy": {{
                "traffic_routing_configuration": {{
                    "type": "CANARY",
                    "canary_size": {{"type": "CAPACITY_PERCENT", "value": 10}},
                    "wait_interval_in_seconds": 300,
                }},
            }},
            "auto_rollback_configuration": {{"alarms": [{{"alarm_name": "errors"}}]}},
        }},
        opts=opts,
    )
"""


def with_own_environment(project: Project) -> str:
    """Give a program a Python environment of its own, and return its path.

    It holds what the checkout's holds; a deployment repository installs the same from its own lock file.
    """
    folder = project.folder / ".venv"
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "checkout.pth").write_text(sysconfig.get_path("purelib"))
    del project.environment["VIRTUAL_ENV"]
    return str(folder)


def test_a_rolled_back_update_of_an_endpoint_succeeds_and_a_refresh_shows_it(
    project: Callable[[str], Project],
) -> None:
    serving, sagemaker = project("serving"), FakeSageMaker()
    environment = with_own_environment(serving)
    with run_fake(sagemaker):
        serving.environment["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.address
        serving.program(SERVING.format(environment=environment, version="v1"))
        assert "+ 5 created" in serving.up()
        serving.unchanged()
        old = served_configuration(serving)

        serving.program(SERVING.format(environment=environment, version="v2"))
        sagemaker.outcomes = [{"EndpointConfigName": old, "FailureReason": "An alarm fired: errors"}]
        assert "~ 1 updated" in serving.up()
        assert served_configuration(serving) == sagemaker.endpoints["serving"]["EndpointConfigName"] == old
        new = next(name for name in sagemaker.configurations if name != old)
        assert serving.resource("endpoint")["inputs"]["endpointConfigName"] == new
        assert "~ 1 to update" in serving.run("preview")
        serving.run("refresh", "--yes", "--skip-preview")
        assert serving.resource("endpoint")["inputs"]["endpointConfigName"] == old

        assert "~ 1 updated" in serving.up()
        assert served_configuration(serving) == new


def served_configuration(project: Project) -> str:
    """Return the configuration that the endpoint serves according to the state."""
    return project.resource("endpoint")["outputs"]["endpointConfigName"]


SCALED = """
    scaled = {{
        "service_namespace": "sagemaker",
        "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
        "resource_id": "endpoint/serving/variant/AllTraffic",
    }}
    target = aws.appautoscaling.Target("target", min_capacity=1, max_capacity=2, **scaled, opts=opts)
    aws.appautoscaling.Policy(
        "policy",
        name="follow",
        policy_type="TargetTrackingScaling",
        target_tracking_scaling_policy_configuration={{
            "predefined_metric_specification": {{"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"}},
            "target_value": 600.0,
        }},
        **scaled,
        opts=pulumi.ResourceOptions(provider=provider, depends_on=[target]),
    )
"""


def planned(project: Project) -> dict[str, str]:
    """Return the operations that a preview plans for the resources that change, by their names."""
    process = project.start("preview", "--refresh", "--json")
    output, _ = process.communicate(timeout=240)
    steps = json.loads(output)["steps"]
    changing = [step for step in steps if step["op"] not in ("same", "read", "refresh")]
    return {step["urn"].rpartition("::")[2]: step["op"] for step in changing}


def test_a_preview_shows_a_release_and_missing_scaling_is_created_again(
    project: Callable[[str], Project],
) -> None:
    serving, sagemaker, autoscaling = project("scaled"), FakeSageMaker(), FakeAutoScaling()
    program = (SERVING + SCALED).format(environment=with_own_environment(serving), version="v1")
    with run_fake(sagemaker), run_fake(autoscaling):
        serving.environment["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.address
        serving.environment["AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING"] = autoscaling.address
        serving.program(program)
        assert "+ 7 created" in serving.up()
        assert planned(serving) == {}

        configuration = next(iter(sagemaker.configurations)).rpartition("-")[0]
        serving.program(program.replace('"initial_instance_count": 1', '"initial_instance_count": 2'))
        released = planned(serving)
        assert set(released) == {configuration, "endpoint"}
        assert released["endpoint"] == "update"

        autoscaling.targets, autoscaling.policies = {}, {}
        assert "+ 2 created" in serving.run("up", "--yes", "--refresh", "--skip-preview")
        assert (len(autoscaling.targets), len(autoscaling.policies)) == (1, 1)


def test_an_existing_endpoint_is_imported_and_needs_no_change(project: Callable[[str], Project]) -> None:
    adopting, sagemaker = project("adopting"), FakeSageMaker()
    environment = with_own_environment(adopting)
    with run_fake(sagemaker):
        adopting.environment["AWS_ENDPOINT_URL_SAGEMAKER"] = sagemaker.address
        adopting.program(SERVING.format(environment=environment, version="v1"))
        adopting.up()
        made = adopting.resource("endpoint")
        adopting.run("state", "delete", made["urn"], "--yes")
        provider = made["provider"].rpartition("::")[0]
        adopting.run(
            *("import", "aws:sagemaker/endpoint:Endpoint", "endpoint", "serving"),
            *("--provider", f"provider={provider}", "--yes", "--skip-preview"),
            *("--generate-code=false", "--protect=false"),
        )
        imported = adopting.resource("endpoint")
        assert {name: imported["inputs"][name] for name in ("name", "endpointConfigName", "deploymentConfig")} == {
            name: made["outputs"][name] for name in ("name", "endpointConfigName", "deploymentConfig")
        }
        adopting.run("preview", "--expect-no-changes")


def test_an_error_names_the_resource_and_quotes_aws(project: Callable[[str], Project]) -> None:
    broken = project("broken")
    broken.program(
        'aws.iam.Role("role", name="x", assume_role_policy=trust, '
        'permissions_boundary="arn:aws:iam::111111111111:policy/none", opts=opts)'
    )
    output = broken.up(fails=True)
    assert "creating aws:iam/role:Role (role): CreateRole failed with status 404, NoSuchEntity" in output


def test_a_wrong_account_is_refused_before_anything_is_created(project: Callable[[str], Project]) -> None:
    stranger = project("stranger")
    stranger.environment["AWS_ACCESS_KEY_ID"] = "222222222222"
    stranger.program('aws.ssm.Parameter("a", name="/stranger/a", type="String", value="1", opts=opts)')
    assert "AWS account ID not allowed: 222222222222" in stranger.run("preview", fails=True)
    assert "AWS account ID not allowed: 222222222222" in stranger.up(fails=True)
    made = {each["type"] for each in stranger.state()["resources"]}
    assert made <= {"pulumi:pulumi:Stack", "pulumi:providers:aws"}


def test_what_the_stand_in_does_not_implement_is_refused_by_name(project: Callable[[str], Project]) -> None:
    unknown = project("unknown")
    unknown.program('aws.sns.SmsPreferences("preferences", opts=opts)')
    assert "aws:sns/smsPreferences:SmsPreferences: the sandbox does not implement this resource type" in unknown.run(
        "preview", fails=True
    )
    unknown.program('aws.s3.Bucket("bucket", acl="private", opts=opts)')
    assert "acl: the sandbox does not implement this property" in unknown.run("preview", fails=True)
    unknown.program("aws.get_regions(opts=pulumi.InvokeOptions(provider=provider))")
    assert "aws:index/getRegions:getRegions: the sandbox does not implement this function" in unknown.run(
        "preview", fails=True
    )


def test_an_update_that_was_killed_ends_in_the_right_state(project: Callable[[str], Project], clouds: Clouds) -> None:
    killed = project("killed")
    killed.program(
        """
        before = opts
        for number in range(6):
            role = aws.iam.Role(f"role-{number}", name=f"killed-{number}", assume_role_policy=trust, opts=before)
            before = pulumi.ResourceOptions(provider=provider, depends_on=[role])
        """
    )
    with crashing_proxy(clouds.aws, clouds.trust) as middle:
        process = killed.start("up", "--yes", "--skip-preview", environment={"AWS_ENDPOINT_URL": middle.address})
        # The role exists, and neither plugin nor engine gets to know.
        middle.kill(process.pid, after=b"RoleName=killed-3")
        output, _ = process.communicate(timeout=240)
    assert process.returncode == -9, output

    assert "currently locked" in killed.up(fails=True)
    killed.run("cancel", "--yes")
    state = killed.state()
    pending = [operation["resource"] for operation in state.pop("pending_operations")]
    assert [(each["urn"].rsplit("::", 1)[-1], each["inputs"]["name"]) for each in pending] == [("role-3", "killed-3")]
    # `refresh --import-pending-creates` of this engine only forgets them: they are written into the state with their
    # ids, and the refresh drops what was not made after all.
    state["resources"] += [{**each, "id": each["inputs"]["name"], "outputs": {}} for each in pending]
    repaired = killed.folder / "repaired.json"
    repaired.write_text(json.dumps({"version": 3, "deployment": state}))
    killed.run("stack", "import", "--file", str(repaired))
    killed.run("refresh", "--yes", "--skip-preview")
    assert "+ 2 created" in killed.up()
    killed.unchanged()
    assert "- 8 deleted" in killed.run("destroy", "--yes", "--skip-preview")


def test_a_killed_engine_leaves_no_process_behind(project: Callable[[str], Project], clouds: Clouds) -> None:
    orphans = project("orphans")
    orphans.program('aws.iam.Role("role", name="orphan", assume_role_policy=trust, opts=opts)')
    with crashing_proxy(clouds.aws, clouds.trust) as middle:
        mark = f"MLOPS_TEST_MARK={orphans.folder}"
        environment = {"AWS_ENDPOINT_URL": middle.address, **dict([mark.split("=", 1)])}
        process = orphans.start("up", "--yes", "--skip-preview", environment=environment)
        middle.kill(process.pid, after=b"RoleName=orphan")
        # The output ends with the last process that has it open: plugin and language host inherit it.
        output, _ = process.communicate(timeout=60)
    assert process.returncode == -9, output
    left = set(processes_with(mark))
    for _ in range(100):
        if not left:
            break
        time.sleep(0.1)
        left = set(processes_with(mark))
    assert left == set()


def processes_with(variable: str) -> Iterator[str]:
    """Yield the processes that run with an environment variable."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # another user's, or gone by now
            if variable.encode() in path.read_bytes():
                yield path.parent.name
