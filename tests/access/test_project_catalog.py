"""The catalog of project templates, as Service Catalog and S3 offer it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from components.project_catalog import OFFERS
from components.project_catalog import template as templates
from components.project_catalog.template import Template, first_version, template_of_product
from tests.cloudformation import parse
from tests.rendering import Rendering, Resource


@pytest.fixture(scope="module", params=[offer.key for offer in OFFERS])
def key(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def published(dev: Rendering, key: str) -> Resource:
    """The template of a product, as it is published."""
    name = re.compile(rf"project-templates/{key}-[0-9a-f]+\.yaml")
    (found,) = [each for each in dev.all("s3/bucketObjectv2:BucketObjectv2") if name.fullmatch(each.inputs["key"])]
    return found


@pytest.fixture(scope="module")
def version(dev: Rendering, key: str) -> Resource:
    """The version of a product that can be launched."""
    name = re.compile(rf"projects-catalog-{key}-version-[0-9a-f]+")
    found = dev.all("servicecatalog/provisioningArtifact:ProvisioningArtifact")
    return next(each for each in found if name.fullmatch(each.name))


@pytest.fixture(scope="module")
def product(dev: Rendering, key: str) -> Resource:
    return dev.one("servicecatalog/product:Product", f"projects-catalog-{key}-product")


def test_a_published_template_names_its_own_environment(published: Resource, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(published.inputs["content"])

    template = parse((tmp_path / "template.yaml").read_text())

    assert template["Mappings"]["Platform"] == {"Names": {"Unit": "analytics", "Environment": "dev"}}


def test_another_environment_differs_in_these_two_names_only() -> None:
    ours = template_of_product("model-building-training", unit="analytics", environment="dev").text
    theirs = template_of_product("model-building-training", unit="risk", environment="test").text

    changed = [(a, b) for a, b in zip(ours.splitlines(), theirs.splitlines(), strict=True) if a != b]
    assert [(a.strip(), b.strip()) for a, b in changed] == [
        ("Unit: analytics", "Unit: risk"),
        ("Environment: dev", "Environment: test"),
    ]


@pytest.mark.parametrize("text", ["Mappings: {}\n", "      Unit: a\n      Unit: b\n      Environment: c\n"])
def test_a_template_that_could_be_filled_in_wrongly_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    (tmp_path / "product.yaml").write_text(text)
    monkeypatch.setattr(templates, "PRODUCTS", tmp_path)

    with pytest.raises(ValueError, match="needs exactly one line 'Unit: …'"):
        template_of_product("product", unit="analytics", environment="dev")


def test_a_version_is_named_after_its_content() -> None:
    one, same, other = (Template(key="product", text=text) for text in ("a", "a", "b"))

    assert one.version == same.version
    assert one.version != other.version
    assert one.object_name == f"product-{one.version}.yaml"


def test_service_catalog_and_s3_offer_the_same_object(published: Resource, version: Resource) -> None:
    bucket = "analytics-dev-catalog-111111111111-eu-west-1"
    assert version.inputs["templateUrl"] == f"https://{bucket}.s3.eu-west-1.amazonaws.com/{published.inputs['key']}"
    assert published.inputs["bucket"] == bucket
    assert published.inputs["tags"] == {"sagemaker:studio-visibility": "true"}


def test_studio_shows_the_product(product: Resource) -> None:
    assert product.inputs["tags"] == {"sagemaker:studio-visibility": "true"}


def test_a_new_template_is_a_new_version_and_never_changes_an_old_one(
    published: Resource, version: Resource, key: str
) -> None:
    content = Template(key=key, text=published.inputs["content"])

    assert published.inputs["key"] == f"project-templates/{content.object_name}"
    assert published.name.endswith(content.version)
    assert version.name.endswith(content.version)
    assert version.inputs["name"] == content.version


def test_only_the_supported_version_can_be_launched(version: Resource, product: Resource, tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(first_version().text)

    assert version.inputs["active"] is True
    assert version.inputs["guidance"] == "DEFAULT"
    first = product.inputs["provisioningArtifactParameters"]
    assert first["templateUrl"].endswith(f"/{first_version().object_name}")
    refusing: dict[str, Any] = parse((tmp_path / "first.yaml").read_text())
    assertions = refusing["Rules"]["ChooseTheSupportedVersion"]["Assertions"]
    assert [each["Assert"] for each in assertions] == [{"Fn::Equals": [{"Ref": "Launchable"}, "yes"]}]
    assert refusing["Parameters"]["Launchable"]["AllowedValues"] == ["no"]
    assert {each["Type"] for each in refusing["Resources"].values()} == {"AWS::CloudFormation::WaitConditionHandle"}


def test_the_product_itself_never_changes_with_its_template(version: Resource, product: Resource) -> None:
    """Service Catalog replaces a product whose first version changes, and launched projects would lose theirs."""
    assert version.inputs["name"] not in json.dumps(dict(product.inputs))


def test_only_lead_data_scientists_see_the_portfolio(dev: Rendering) -> None:
    association = dev.one("servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation")

    assert association.inputs["principalArn"] == "arn:aws:iam::111111111111:role/analytics-dev-lead-data-scientist"


def test_a_product_is_launched_under_the_launch_role(dev: Rendering, key: str) -> None:
    constraint = dev.one("servicecatalog/constraint:Constraint", f"projects-catalog-{key}-launch")

    assert constraint.inputs["type"] == "LAUNCH"
    assert json.loads(constraint.inputs["parameters"]) == {
        "RoleArn": "arn:aws:iam::111111111111:role/analytics-dev-project-launch"
    }


def test_browsers_read_templates_from_studio_only(dev: Rendering) -> None:
    (rule,) = dev.one("s3/bucketCorsConfiguration:BucketCorsConfiguration").inputs["corsRules"]

    assert rule["allowedOrigins"] == ["https://*.sagemaker.aws"]
    assert rule["allowedMethods"] == ["GET", "HEAD"]
