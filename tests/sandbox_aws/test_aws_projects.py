"""Projects launch products of Service Catalog, with the launch role, for the principals of the portfolio."""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, allow, trust
from tests.sandbox_aws.test_aws_functions import create as create_function

TEMPLATE: Mapping[str, Any] = {
    "Parameters": {
        "SageMakerProjectName": {"Type": "String"},
        "SageMakerProjectId": {"Type": "String"},
        "Ending": {"Type": "String", "Default": ""},
        "Word": {"Type": "String", "Default": "", "MaxLength": 10, "Description": "A last word"},
    },
    "Mappings": {"Platform": {"Names": {"Unit": "test"}}},
    "Resources": {
        "Group": {
            "Type": "AWS::SageMaker::ModelPackageGroup",
            "Properties": {"ModelPackageGroupName": {"Fn::Sub": "${SageMakerProjectName}-${SageMakerProjectId}"}},
        },
        "Greeting": {
            "Type": "AWS::SSM::Parameter",
            "DependsOn": "Group",
            "Properties": {
                "Name": {"Fn::Sub": "/projects/${SageMakerProjectId}"},
                "Type": "String",
                "Value": {
                    "Fn::Sub": [
                        "{{resolve:ssm:/shared/${Unit}/greeting}}, ${SageMakerProjectName}${Ending}${Word}",
                        {"Unit": {"Fn::FindInMap": ["Platform", "Names", "Unit"]}},
                    ]
                },
            },
        },
    },
}
STACK_ACTIONS = [
    "cloudformation:CreateStack",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplateSummary",
    "cloudformation:SetStackPolicy",
    "cloudformation:UpdateStack",
    "cloudformation:ValidateTemplate",
]
GROUP_ACTIONS = [
    "sagemaker:AddTags",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:DeleteModelPackageGroup",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:GetModelPackageGroupPolicy",
    "sagemaker:ListTags",
]
ANSWERING = {
    "handler.py": """
import json
import urllib.request

def handler(event, context):
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": "x", "Data": {"Request": event["RequestId"]}}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request)
""",
}
"""A function that tells the request for its custom resource that it answered last."""
LEAD_ACTIONS = [
    "sagemaker:CreateProject",
    "sagemaker:DeleteProject",
    "sagemaker:DescribeProject",
    "servicecatalog:DescribeProvisionedProduct",
    "servicecatalog:DescribeProvisioningParameters",
    "servicecatalog:ProvisionProduct",
    "servicecatalog:TerminateProvisionedProduct",
    "servicecatalog:UpdateProvisionedProduct",
]


class Launching:
    """A product, the portfolio that holds it, and the roles that launch it."""

    def __init__(
        self,
        account: Account,
        name: str,
        *launch_statements: Mapping[str, Any],
        template: Mapping[str, Any] = TEMPLATE,
    ) -> None:
        self.account = account
        self.lead = account.role(f"{name}-lead", allow(LEAD_ACTIONS))
        launch = account.role(
            f"{name}-launch",
            allow(STACK_ACTIONS),
            allow("s3:GetObject", "*", {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}}),
            *launch_statements,
            trust=trust("servicecatalog.amazonaws.com"),
        )
        bucket = f"{name}-catalog"
        location = {"LocationConstraint": "eu-west-1"}
        account.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
        account.client("s3").put_object(Bucket=bucket, Key="template.json", Body=json.dumps(template).encode())
        catalog = account.client("servicecatalog")
        self.portfolio = catalog.create_portfolio(DisplayName=name, ProviderName="test", IdempotencyToken=name)[
            "PortfolioDetail"
        ]["Id"]
        url = f"https://{bucket}.s3.eu-west-1.amazonaws.com/template.json"
        made = catalog.create_product(
            Name=name,
            Owner="test",
            ProductType="CLOUD_FORMATION_TEMPLATE",
            ProvisioningArtifactParameters={"Name": "v1", "Info": {"LoadTemplateFromURL": url}},
            IdempotencyToken=name,
        )
        self.product = made["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
        self.version = made["ProvisioningArtifactDetail"]["Id"]
        catalog.associate_product_with_portfolio(ProductId=self.product, PortfolioId=self.portfolio)
        catalog.create_constraint(
            PortfolioId=self.portfolio,
            ProductId=self.product,
            Type="LAUNCH",
            Parameters=json.dumps({"RoleArn": launch}),
            IdempotencyToken=name,
        )
        catalog.associate_principal_with_portfolio(
            PortfolioId=self.portfolio, PrincipalARN=self.lead, PrincipalType="IAM"
        )

    def create(self, project: str, role: str | None = None) -> str:
        """Create a project as the lead, or as another role; return its id."""
        details = {"ProductId": self.product, "ProvisioningArtifactId": self.version}
        client = self.account.client("sagemaker", self.account.assume(role or self.lead))
        return client.create_project(ProjectName=project, ServiceCatalogProvisioningDetails=details)["ProjectId"]

    def outcome(self, project: str) -> tuple[str, str]:
        """Wait until a project is settled; return its status, and what went wrong."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self.account.client("sagemaker").describe_project(ProjectName=project)
            if not found["ProjectStatus"].endswith("InProgress"):
                details = found["ServiceCatalogProvisionedProductDetails"]
                return found["ProjectStatus"], details.get("ProvisionedProductStatusMessage", "")
            time.sleep(0.05)
        pytest.fail(f"{project} does not settle")


def update(catalog: Any, product: str, *changes: Mapping[str, object]) -> None:
    """Update a product; SageMaker's parameters stay."""
    kept = [{"Key": key, "UsePreviousValue": True} for key in ("SageMakerProjectName", "SageMakerProjectId")]
    catalog.update_provisioned_product(
        ProvisionedProductId=product, UpdateToken=str(uuid.uuid4()), ProvisioningParameters=[*kept, *changes]
    )


@pytest.fixture(scope="module")
def launching(dev: Account) -> Launching:
    dev.client("ssm").put_parameter(Name="/shared/test/greeting", Value="Hello", Type="String")
    parameters = ["ssm:PutParameter", "ssm:DeleteParameter", "ssm:GetParameters", "ssm:AddTagsToResource"]
    return Launching(dev, "launching", allow(GROUP_ACTIONS), allow(parameters))


def test_a_project_is_what_its_product_describes_and_goes_when_it_is_deleted(
    dev: Account, launching: Launching
) -> None:
    project_id = launching.create("abalone")
    assert launching.outcome("abalone") == ("CreateCompleted", "")
    ssm = dev.client("ssm")
    assert ssm.get_parameter(Name=f"/projects/{project_id}")["Parameter"]["Value"] == "Hello, abalone"
    sagemaker = dev.client("sagemaker", dev.assume(launching.lead))
    sagemaker.delete_project(ProjectName="abalone")
    assert launching.outcome("abalone") == ("DeleteCompleted", "")
    assert ssm.get_parameters(Names=[f"/projects/{project_id}"])["Parameters"] == []


def test_a_lead_reads_what_a_launch_asks_for_and_nobody_else_does(dev: Account, launching: Launching) -> None:
    version = {"ProductId": launching.product, "ProvisioningArtifactId": launching.version}
    catalog = dev.client("servicecatalog", dev.assume(launching.lead))
    asked = {
        each["ParameterKey"]: each
        for each in catalog.describe_provisioning_parameters(**version)["ProvisioningArtifactParameters"]
    }
    assert list(asked) == ["SageMakerProjectName", "SageMakerProjectId", "Ending", "Word"]
    assert "DefaultValue" not in asked["SageMakerProjectName"]
    assert asked["Word"] == {
        "ParameterKey": "Word",
        "ParameterType": "String",
        "IsNoEcho": False,
        "Description": "A last word",
        "DefaultValue": "",
        "ParameterConstraints": {"MaxLength": "10"},
    }
    stranger = dev.role("no-lead", allow(LEAD_ACTIONS))
    with pytest.raises(ClientError, match="No launch paths found"):
        dev.client("servicecatalog", dev.assume(stranger)).describe_provisioning_parameters(**version)


def test_a_project_whose_stack_is_protected_stays_and_takes_updates(dev: Account, launching: Launching) -> None:
    project_id = launching.create("protected")
    assert launching.outcome("protected") == ("CreateCompleted", "")
    described = dev.client("sagemaker").describe_project(ProjectName="protected")
    product = described["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    stacks, stack = dev.client("cloudformation"), f"SC-111111111111-{product}"
    stacks.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
    sagemaker = dev.client("sagemaker", dev.assume(launching.lead))
    catalog = dev.client("servicecatalog", dev.assume(launching.lead))

    sagemaker.delete_project(ProjectName="protected")

    status, message = launching.outcome("protected")
    assert status == "DeleteFailed"
    assert message.endswith("cannot be deleted while TerminationProtection is enabled")
    found = catalog.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]
    assert (found["Status"], found["StatusMessage"]) == ("TAINTED", message)
    assert stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    update(catalog, product, {"Key": "Ending", "Value": "!"})
    assert launching.outcome("protected")[0] == "DeleteFailed"
    assert catalog.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]["Status"] == "AVAILABLE"
    greeting = dev.client("ssm").get_parameter(Name=f"/projects/{project_id}")["Parameter"]["Value"]
    assert greeting == "Hello, protected!"
    stacks.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    sagemaker.delete_project(ProjectName="protected")
    assert launching.outcome("protected") == ("DeleteCompleted", "")


@pytest.mark.parametrize("option", ["IgnoreErrors", "RetainPhysicalResources"])
def test_ways_to_leave_a_stack_behind_are_refused_because_nobody_has_looked_at_them(
    dev: Account, launching: Launching, option: str
) -> None:
    catalog = dev.client("servicecatalog", dev.assume(launching.lead))
    with pytest.raises(ClientError, match=f"does not emulate TerminateProvisionedProduct with {option}"):
        catalog.terminate_provisioned_product(
            ProvisionedProductId="pp-abcdefghijklm", TerminateToken="x", **{option: True}
        )


def test_a_refused_update_is_undone_and_the_next_one_keeps_the_values_from_before(
    dev: Account, launching: Launching
) -> None:
    project_id = launching.create("undone")
    assert launching.outcome("undone") == ("CreateCompleted", "")
    described = dev.client("sagemaker").describe_project(ProjectName="undone")
    product = described["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    catalog = dev.client("servicecatalog", dev.assume(launching.lead))

    update(catalog, product, {"Key": "Ending", "Value": "{{resolve:ssm:/missing}}"}, {"Key": "Word", "Value": "once"})

    assert launching.outcome("undone")[0] == "CreateFailed"
    assert catalog.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]["Status"] == "TAINTED"
    update(catalog, product, {"Key": "Ending", "UsePreviousValue": True}, {"Key": "Word", "Value": "again"})
    assert launching.outcome("undone")[0] == "CreateCompleted"
    greeting = dev.client("ssm").get_parameter(Name=f"/projects/{project_id}")["Parameter"]["Value"]
    assert greeting == "Hello, undoneagain"


def test_a_project_may_change_to_another_product_which_its_own_role_launches(dev: Account) -> None:
    parameters = ["ssm:PutParameter", "ssm:DeleteParameter", "ssm:GetParameters", "ssm:AddTagsToResource"]
    before = Launching(dev, "before", allow(GROUP_ACTIONS), allow(parameters))
    after = Launching(dev, "after", allow(GROUP_ACTIONS), allow(parameters))
    dev.client("servicecatalog").associate_principal_with_portfolio(
        PortfolioId=after.portfolio, PrincipalARN=before.lead, PrincipalType="IAM"
    )
    before.create("changing")
    assert before.outcome("changing") == ("CreateCompleted", "")
    found = dev.client("sagemaker").describe_project(ProjectName="changing")
    product = found["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    kept = [{"Key": key, "UsePreviousValue": True} for key in ("SageMakerProjectName", "SageMakerProjectId")]
    catalog = dev.client("servicecatalog", dev.assume(before.lead))

    def change(**members: Any) -> None:
        catalog.update_provisioned_product(
            ProvisionedProductId=product,
            UpdateToken=str(uuid.uuid4()),
            ProvisioningParameters=[*kept, {"Key": "Word", "Value": "Changed"}],
            **members,
        )

    with pytest.raises(ClientError, match="ProductName"):
        change(ProductName="after")
    change(ProductId=after.product, ProvisioningArtifactId=after.version)

    before.outcome("changing")
    detail = catalog.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]
    assert (detail["Status"], detail["ProductId"], detail["ProvisioningArtifactId"]) == (
        "AVAILABLE",
        after.product,
        after.version,
    )
    assert detail["LaunchRoleArn"].endswith(":role/after-launch")


def test_a_parameter_has_a_new_value_or_its_previous_one(dev: Account, launching: Launching) -> None:
    launching.create("either")
    assert launching.outcome("either") == ("CreateCompleted", "")
    described = dev.client("sagemaker").describe_project(ProjectName="either")
    product = described["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    catalog = dev.client("servicecatalog", dev.assume(launching.lead))
    with pytest.raises(ClientError, match="Cannot specify usePreviousValue as true and non empty value"):
        update(catalog, product, {"Key": "Ending", "Value": "!", "UsePreviousValue": True})


@pytest.mark.parametrize(
    "also", [{}, {"Greeting": TEMPLATE["Resources"]["Greeting"]}], ids=["plain", "reading a parameter"]
)
def test_an_update_asks_a_custom_resource_again_only_if_a_property_of_it_is_new(
    dev: Account, also: Mapping[str, Any]
) -> None:
    name = f"asking-{len(also)}"
    create_function(dev, name, "handler.handler", ANSWERING)
    properties = {
        "ServiceToken": f"arn:aws:lambda:eu-west-1:111111111111:function:{name}",
        "Word": {"Ref": "Word"},
    }
    group = TEMPLATE["Resources"]["Group"]
    template = {
        **TEMPLATE,
        "Resources": {"Group": group, **also, "Check": {"Type": "Custom::Check", "Properties": properties}},
        "Outputs": {"Request": {"Value": {"Fn::GetAtt": "Check.Request"}}},
    }
    parameters = ["ssm:PutParameter", "ssm:DeleteParameter", "ssm:GetParameters", "ssm:AddTagsToResource"]
    statements = (allow(GROUP_ACTIONS), allow(parameters), allow("lambda:InvokeFunction"))
    asking = Launching(dev, name, *statements, template=template)
    asking.create(name)
    assert asking.outcome(name) == ("CreateCompleted", "")
    described = dev.client("sagemaker").describe_project(ProjectName=name)
    product = described["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    catalog = dev.client("servicecatalog", dev.assume(asking.lead))

    def answered() -> str:
        asking.outcome(name)
        assert catalog.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]["Status"] == "AVAILABLE"
        [output] = dev.client("servicecatalog").get_provisioned_product_outputs(ProvisionedProductId=product)["Outputs"]
        return output["OutputValue"]

    launched = answered()
    update(catalog, product)
    assert answered() == launched
    update(catalog, product, {"Key": "Word", "Value": "again"})
    updated = answered()
    assert updated != launched
    update(catalog, product, {"Key": "Word", "UsePreviousValue": True})
    assert answered() == updated


def test_a_role_that_is_not_in_the_portfolio_finds_no_product(dev: Account, launching: Launching) -> None:
    stranger = dev.role("launching-stranger", allow(LEAD_ACTIONS))
    with pytest.raises(ClientError, match="No launch paths found for resource"):
        launching.create("strange", stranger)


def test_a_role_that_may_not_provision_creates_no_project(dev: Account, launching: Launching) -> None:
    weak = dev.role("launching-weak", allow("sagemaker:CreateProject"))
    with pytest.raises(ClientError, match="servicecatalog:ProvisionProduct"):
        launching.create("weak", weak)


def test_a_launch_that_fails_leaves_nothing_and_says_why(dev: Account) -> None:
    poor = Launching(dev, "poor", allow(GROUP_ACTIONS), allow("ssm:GetParameters"))
    project_id = poor.create("poor")
    status, message = poor.outcome("poor")
    assert status == "CreateFailed"
    assert (
        f"ssm:PutParameter on resource: arn:aws:ssm:eu-west-1:111111111111:parameter/projects/{project_id}" in message
    )
    groups = dev.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group for group in groups if project_id in group["ModelPackageGroupName"]] == []
