"""Studio and Service Catalog."""

import json

from tests.sandbox_plugins.cases.case import Case
from tests.sandbox_plugins.cases.dependencies import ARTIFACT, Dependencies, template
from tests.sandbox_plugins.cases.documents import TAGS, Inputs


def domain(deps: Dependencies, minutes: int = 60) -> Inputs:
    """Return a Studio domain."""
    idle = {
        "lifecycleManagement": "ENABLED",
        "idleTimeoutInMinutes": minutes,
        "minIdleTimeoutInMinutes": 60,
        "maxIdleTimeoutInMinutes": 120,
    }
    app = {
        "defaultResourceSpec": {"instanceType": "ml.t3.medium"},
        "appLifecycleManagement": {"idleSettings": idle},
    }
    return {
        "domainName": "probe",
        "authMode": "IAM",
        # In the other mode, AWS refuses every update that the provider makes.
        "appNetworkAccessType": "PublicInternetOnly",
        "vpcId": deps.id("vpc"),
        "subnetIds": [deps.id("subnet"), deps.id("other-subnet")],
        "kmsKeyId": deps.output("key", "arn"),
        "tagPropagation": "ENABLED",
        "defaultUserSettings": {
            "executionRole": deps.output("studio-role", "arn"),
            "securityGroups": [deps.id("group")],
            "sharingSettings": {"notebookOutputOption": "Disabled"},
            "defaultLandingUri": "studio::",
            "studioWebPortal": "ENABLED",
            "jupyterLabAppSettings": app,
            "codeEditorAppSettings": app,
        },
        "retentionPolicy": {"homeEfsFileSystem": "Delete"},
    }


STUDIO: dict[str, Case] = {
    "aws:sagemaker/domain:Domain": Case(
        inputs=domain,
        change=lambda deps: {"defaultUserSettings": domain(deps, minutes=120)["defaultUserSettings"], **TAGS},
        replace={"vpcId": "vpc-1"},
        id="d-[0-9a-z]+",
        outputs={"arn": "arn:aws:sagemaker:eu-west-1:111111111111:domain/d-.*"},
        unread=frozenset({"retentionPolicy"}),
    ),
    "aws:sagemaker/userProfile:UserProfile": Case(
        inputs=lambda deps: {
            "domainId": deps.id("domain"),
            "userProfileName": "ada",
            "userSettings": {"executionRole": deps.output("studio-role", "arn")},
        },
        change=lambda deps: {
            "userSettings": {
                "executionRole": deps.output("studio-role", "arn"),
                "securityGroups": [deps.id("group")],
            },
            **TAGS,
        },
        replace={"userProfileName": "grace"},
        id="arn:aws:sagemaker:eu-west-1:111111111111:user-profile/d-.*/ada",
    ),
    "aws:sagemaker/mlflowApp:MlflowApp": Case(
        inputs=lambda deps: {
            "name": "probe",
            "artifactStoreUri": "s3://probe-artifacts/mlflow",
            "roleArn": deps.output("studio-role", "arn"),
            "defaultDomainIdLists": [deps.id("domain")],
        },
        change=lambda _: {"artifactStoreUri": "s3://probe-artifacts/runs", **TAGS},
        replace={"roleArn": "arn:aws:iam::111111111111:role/other"},
        id="arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-[0-9a-z]+",
    ),
    "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus": Case(
        inputs=lambda _: {"status": "Enabled"},
        change=lambda _: {"status": "Disabled"},
        id="eu-west-1",
        stays=True,
    ),
    "aws:servicecatalog/portfolio:Portfolio": Case(
        inputs=lambda _: {"name": "probe", "providerName": "platform", "description": "Probe"},
        change=lambda _: {"description": "Probed", **TAGS},
        id="port-[0-9a-z]+",
    ),
    "aws:servicecatalog/product:Product": Case(
        inputs=lambda deps: {
            "name": "probe",
            "owner": "platform",
            "description": "Probe",
            "type": "CLOUD_FORMATION_TEMPLATE",
            "provisioningArtifactParameters": {**ARTIFACT, "templateUrl": template(deps, "template")},
        },
        change=lambda _: {"description": "Probed", **TAGS},
        replace={"provisioningArtifactParameters": {**ARTIFACT, "name": "v2", "templateUrl": "https://elsewhere"}},
        id="prod-[0-9a-z]+",
        unread=frozenset({"provisioningArtifactParameters"}),
    ),
    "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact": Case(
        inputs=lambda deps: {
            "productId": deps.id("product"),
            "name": "v2",
            "description": "second",
            "type": "CLOUD_FORMATION_TEMPLATE",
            "templateUrl": template(deps, "template"),
        },
        change=lambda _: {"description": "not for use", "active": False},
        replace={"templateUrl": "https://elsewhere"},
        id="pa-[0-9a-z]+:prod-[0-9a-z]+",
        outputs={"provisioningArtifactId": "pa-[0-9a-z]+"},
        unread=frozenset({"templateUrl", "disableTemplateValidation"}),
    ),
    "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation": Case(
        inputs=lambda deps: {"portfolioId": deps.id("portfolio"), "productId": deps.id("product")},
        replace={"productId": "prod-1"},
        id="en:port-[0-9a-z]+:prod-[0-9a-z]+",
    ),
    "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation": Case(
        inputs=lambda deps: {
            "portfolioId": deps.id("portfolio"),
            "principalArn": deps.output("studio-role", "arn"),
        },
        replace={"portfolioId": "port-1"},
        id="en,arn:aws:iam::111111111111:role/studio,port-[0-9a-z]+,IAM",
    ),
    "aws:servicecatalog/constraint:Constraint": Case(
        inputs=lambda deps: {
            "portfolioId": deps.output("offer", "portfolioId"),
            "productId": deps.id("product"),
            "type": "LAUNCH",
            "description": "Probe",
            "parameters": json.dumps({"RoleArn": deps.output("launch-role", "arn")}),
        },
        change=lambda _: {"description": "Probed"},
        replace={"type": "TEMPLATE"},
        id="cons-[0-9a-z]+",
    ),
}
