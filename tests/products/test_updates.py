"""Updates of a project, which CloudFormation carries out for resources whose properties changed, and for no others."""

import pytest

from products.catalog import PRODUCTS
from tests.products.product import PROJECT, launched

DECIDED_ELSEWHERE = ("Custom::DeploymentRoles", "Custom::ProjectRepository")
"""Resources that depend on more than their properties: the settings, and the templates, of accounts that are deployed to."""


@pytest.mark.parametrize("key", [product.key for product in PRODUCTS])
def test_an_update_with_a_new_time_reaches_github_and_the_other_accounts(key: str) -> None:
    resources = launched(key).resources
    reached = {name for name, each in resources.items() if each["Properties"].get("UpdatedAt") == PROJECT["UpdatedAt"]}

    assert reached == {name for name, each in resources.items() if each["Type"] in DECIDED_ELSEWHERE}
    assert reached
