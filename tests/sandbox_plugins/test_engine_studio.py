"""Runs of the real engine, which deploys Studio through the stand-ins, changes it, and tears it down."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.sandbox_plugins.project import Project

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
STUDIO = """
    from components.environment import Environment
    from components.network.vpc_config import VpcConfig
    from components.studio.domain import StudioDomain, StudioDomainArgs

    environment = Environment(unit="{unit}", name="dev", account_id="111111111111", region="eu-west-1")
    network = aws.ec2.Vpc("network", cidr_block="10.60.0.0/16", opts=opts)
    subnets = [
        aws.ec2.Subnet(zone, vpc_id=network.id, cidr_block=f"10.60.{{block}}.0/24", availability_zone=zone, opts=opts)
        for block, zone in enumerate({zones})
    ]
    group = aws.ec2.SecurityGroup("group", vpc_id=network.id, opts=opts)
    key = aws.kms.Key("key", opts=opts)
    trust = trust.replace("lambda.", "sagemaker.")
    role = aws.iam.Role("role", name="{unit}-studio", assume_role_policy=trust, opts=opts)
    studio = StudioDomain(
        "studio",
        StudioDomainArgs(
            environment=environment,
            vpc_config=VpcConfig(
                environment=environment,
                vpc_id=network.id,
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_id=group.id,
            ),
            kms_key_arn=key.arn,
            default_role_arn=role.arn,
            user_roles={{"ada": role.arn}},
            idle_minutes={minutes},
            default_instance_type="{instance}",
            keep_on_destroy={keep},
            templates_location="s3://templates/",
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )
"""


def declare(stack: Project, **changes: object) -> None:
    """Write the program of a network with Studio in it."""
    stack.environment["PYTHONPATH"] = str(CHECKOUT)
    settings: dict[str, object] = {
        "unit": stack.folder.name,
        "zones": ["eu-west-1a", "eu-west-1b"],
        "minutes": 60,
        "instance": "ml.t3.medium",
        "keep": True,
    }
    stack.program(STUDIO.format(**{**settings, **changes}))


def described(domain_id: str) -> dict[str, Any]:
    """Return the domain as SageMaker describes it."""
    client: Any = botocore.session.get_session().create_client("sagemaker", region_name="eu-west-1")
    return client.describe_domain(DomainId=domain_id)


def remove_groups_of_the_file_system(domain_id: str) -> None:
    """Remove what SageMaker leaves behind, as README's "Remove an environment" says."""
    client: Any = botocore.session.get_session().create_client("ec2", region_name="eu-west-1")
    inbound, outbound = (
        client.describe_security_groups(
            Filters=[{"Name": "group-name", "Values": [f"security-group-for-{direction}-nfs-{domain_id}"]}]
        )["SecurityGroups"][0]["GroupId"]
        for direction in ("inbound", "outbound")
    )
    of_inbound = [{"Name": "group-id", "Values": [inbound]}]
    rules = client.describe_security_group_rules(Filters=of_inbound)["SecurityGroupRules"]
    ingress = [rule["SecurityGroupRuleId"] for rule in rules if not rule["IsEgress"]]
    client.revoke_security_group_ingress(GroupId=inbound, SecurityGroupRuleIds=ingress)
    for group in (outbound, inbound):
        client.delete_security_group(GroupId=group)


@pytest.mark.usefixtures("environment")
def test_studio_is_changed_in_its_profiles_keeps_its_subnets_and_is_torn_down_at_last(
    project: Callable[[str], Project],
) -> None:
    stack = project("atelier")
    declare(stack)
    stack.up()
    stack.unchanged()
    domain = stack.resource("studio-domain")["id"]
    before = described(domain)

    declare(stack, minutes=120, instance="ml.t3.large")
    assert "~ 1 updated" in stack.up()
    stack.unchanged()
    settings = stack.resource("studio-user-ada")["outputs"]["userSettings"]["jupyterLabAppSettings"]
    assert settings["appLifecycleManagement"]["idleSettings"]["idleTimeoutInMinutes"] == 120
    assert described(domain)["LastModifiedTime"] == before["LastModifiedTime"]

    three = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    declare(stack, minutes=120, instance="ml.t3.large", zones=three)
    output = stack.up()
    assert "+ 1 created" in output
    assert "replaced" not in output
    stack.unchanged()
    subnets = [stack.resource(zone)["id"] for zone in three]
    client: Any = botocore.session.get_session().create_client("sagemaker", region_name="eu-west-1")
    # By hand, as docs/adr/0026 says.
    client.update_domain(DomainId=domain, SubnetIds=subnets)
    stack.run("preview", "--expect-no-changes")
    stack.run("refresh", "--yes", "--skip-preview")
    stack.unchanged()
    assert set(described(domain)["SubnetIds"]) == set(subnets)

    assert "protected" in stack.run("destroy", "--yes", "--skip-preview", fails=True)
    declare(stack, minutes=120, instance="ml.t3.large", zones=three, keep=False)
    output = stack.up()
    assert "updated" not in output
    assert "replaced" not in output
    stack.run(
        "destroy", "--yes", "--skip-preview", "--target", stack.resource("studio-domain")["urn"], "--target-dependents"
    )
    remove_groups_of_the_file_system(domain)
    # The subnets go too: the file system went with the domain.
    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.state().get("resources", []) == []


PRODUCT = """
    from components.project_catalog.product import CatalogProduct, CatalogProductArgs
    from products.template import Template

    bucket = aws.s3.Bucket("bucket", bucket="shelf-111111111111", force_destroy=True, opts=opts)
    text = json.dumps({{"Resources": {{"Topic": {{"Type": "AWS::SNS::Topic"}}}}}})
    first = aws.s3.BucketObjectv2("first", bucket=bucket.bucket, key="{first}.json", content=text, opts=opts)
    portfolio = aws.servicecatalog.Portfolio("portfolio", name="shelf", provider_name="platform", opts=opts)
    role = aws.iam.Role("role", name="shelf", assume_role_policy=trust.replace("lambda", "servicecatalog"), opts=opts)
    CatalogProduct(
        "shelf",
        CatalogProductArgs(
            title="Shelf",
            description="Shelf",
            template=Template(key="shelf", text=text),
            region="eu-west-1",
            bucket_name=bucket.bucket,
            first_version_url=pulumi.Output.concat("https://", bucket.bucket, ".s3.eu-west-1.amazonaws.com/", first.key),
            portfolio_id=portfolio.id,
            provider_name="platform",
            launch_role_arn=role.arn,
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )
"""


def test_a_product_that_is_replaced_has_its_version_again(project: Callable[[str], Project]) -> None:
    stack = project("shelf")
    stack.environment["PYTHONPATH"] = str(CHECKOUT)
    stack.program(PRODUCT.format(first="one"))
    stack.up()
    stack.program(PRODUCT.format(first="two"))
    stack.up()
    product = stack.resource("shelf-product")["id"]
    (version,) = [each for each in stack.state()["resources"] if ":ProvisioningArtifact" in each["type"]]
    assert version["id"].endswith(f":{product}")
    stack.run("destroy", "--yes", "--skip-preview")
