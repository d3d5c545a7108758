"""Runs of the real engine, which deploys small programs through the stand-ins."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.sandbox_plugins.conftest import Clouds
from tests.sandbox_plugins.crashing_proxy import crashing_proxy
from tests.sandbox_plugins.project import Project

pytestmark = pytest.mark.slow


def test_a_stack_is_created_unchanged_updated_replaced_and_destroyed(project: Callable[[str], Project]) -> None:
    stack = project("life")
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
    (stack.folder / "function.py").write_text("def h(event, context): ...\n")
    stack.program(program.format(name="life", description="first"))
    assert "+ 7 to create" in stack.run("preview")
    assert "+ 7 created" in stack.up()
    stack.unchanged()
    assert stack.resource("role")["outputs"]["arn"] == "arn:aws:iam::111111111111:role/life"
    assert "hush" not in json.dumps(stack.state())
    assert stack.resource("function")["outputs"]["name"].startswith("function-")

    (stack.folder / "function.py").write_text("def h(event, context): return 1\n")
    stack.program(program.format(name="life", description="second"))
    assert "~ 2 updated" in stack.up()
    stack.unchanged()

    stack.program(program.format(name="other-life", description="second"))
    assert "+-1 replaced" in stack.up()
    stack.unchanged()

    assert "- 7 deleted" in stack.run("destroy", "--yes", "--skip-preview")


@pytest.mark.parametrize(
    ("ending", "reason", "last"),
    [
        ('raise pulumi.RunError("mend it")', "mend it", "program exited with non-zero exit code: 1"),
        ("raise SystemExit(3)", "the program ended with 3", "program exited with non-zero exit code: 3"),
        ("1 / 0", "ZeroDivisionError: division by zero", "ZeroDivisionError: division by zero"),
    ],
)
def test_the_reason_of_a_program_that_stops_is_printed_once(
    project: Callable[[str], Project], ending: str, reason: str, last: str
) -> None:
    stopped = project("stopped")
    stopped.program(ending)
    diagnostics = stopped.run("preview", fails=True).partition("Diagnostics:")[2].partition("Resources:")[0]
    assert diagnostics.count(reason) == 1
    assert diagnostics.strip().endswith(last)


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
