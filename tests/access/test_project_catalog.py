"""The catalog of project templates, as Service Catalog and S3 offer it."""

import json
import re
from typing import Any

import pytest

from products.catalog import PRODUCTS, first_version
from products.template import Template
from tests.cloudformation import parse
from tests.products.product import Launch, Product, launched
from tests.rendering import Rendering, Resource

LARGEST_TEMPLATE_BYTES = 1024 * 1024
"""Size of a template in S3. Source: AWS CloudFormation User Guide, "Understand CloudFormation quotas"."""


@pytest.fixture(scope="module", params=[each.key for each in PRODUCTS])
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


def test_a_version_of_another_product_is_another_version(version: Resource) -> None:
    assert version.replaced_for == ["productId"]


def test_a_published_template_names_its_own_environment(published: Resource, key: str) -> None:
    template = parse(published.inputs["content"])

    assert template["Resources"]["ArtifactBucket"]["Properties"]["BucketName"] == {
        "Fn::Sub": "analytics-dev-${SageMakerProjectId}-111111111111-eu-west-1"
    }
    assert "Mappings" not in template
    assert not re.search(r"<|AWS::(AccountId|Partition|Region)", published.inputs["content"])
    assert published.inputs["content"] == launched(key).text


def test_another_environment_differs_in_these_two_names_only(key: str) -> None:
    ours = launched(key).text
    theirs = Product(key, Launch(unit="risk", environment="test")).text

    assert ours != theirs
    assert ours.replace("analytics", "risk").replace("risk-dev", "risk-test").replace("risk/dev", "risk/test") == theirs


def test_a_published_template_is_small_enough_for_cloudformation(published: Resource) -> None:
    assert len(published.inputs["content"].encode()) <= LARGEST_TEMPLATE_BYTES


def test_the_first_version_never_changes() -> None:
    """Service Catalog would replace every product, and launched projects would lose theirs."""
    assert first_version().object_name == "first-version-b04d725703e0.yaml"


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


def test_only_the_supported_version_can_be_launched(version: Resource, product: Resource) -> None:
    assert version.inputs["active"] is True
    assert version.inputs["guidance"] == "DEFAULT"
    first = product.inputs["provisioningArtifactParameters"]
    assert first["templateUrl"].endswith(f"/{first_version().object_name}")
    refusing: dict[str, Any] = parse(first_version().text)
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
