"""The project templates that lead data scientists launch, offered by Service Catalog and, from the same object, by S3."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.project_catalog.product import FOLDER, CatalogProduct, CatalogProductArgs, url_of
from products.catalog import Platform, Product, first_version


@dataclass(frozen=True, kw_only=True)
class ProjectCatalogArgs:
    """Settings of a catalog."""

    environment: Environment
    bucket_name: pulumi.Input[str]
    """Bucket of the project templates."""
    launch_role_arn: pulumi.Input[str]
    launcher_role_arn: pulumi.Input[str]
    """The only role that may launch: lead data scientists."""
    platform: Platform
    """The environment, as far as the templates name it."""
    products: Sequence[Product]


class ProjectCatalog(pulumi.ComponentResource):
    """One portfolio for one role; per product exactly one version that can be launched."""

    portfolio_id: pulumi.Output[str]
    products: dict[str, dict[str, pulumi.Output[str]]]
    """`productId` and `versionId` (the provisioning artifact to launch) of each product, by its key."""

    def __init__(self, name: str, args: ProjectCatalogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectCatalog", name, None, opts)
        environment, child = args.environment, pulumi.ResourceOptions(parent=self)
        provider_name = f"{environment.prefix} MLOps platform"
        portfolio = aws.servicecatalog.Portfolio(
            f"{name}-portfolio",
            name=f"{environment.prefix} project templates",
            description="What lead data scientists launch in Studio",
            provider_name=provider_name,
            opts=child,
        )
        aws.servicecatalog.PrincipalPortfolioAssociation(
            f"{name}-launchers",
            portfolio_id=portfolio.id,
            principal_arn=args.launcher_role_arn,
            opts=child,
        )
        _let_browsers_read(f"{name}-browser-access", args.bucket_name, child)
        refusing = first_version()
        published = aws.s3.BucketObjectv2(
            f"{name}-first-version",
            bucket=args.bucket_name,
            key=refusing.object_name,
            content=refusing.text,
            content_type="application/yaml",
            opts=child,
        )
        self.portfolio_id = portfolio.id
        self.products = {}
        for offered in args.products:
            product = CatalogProduct(
                f"{name}-{offered.key}",
                CatalogProductArgs(
                    title=offered.title,
                    description=offered.description,
                    template=offered.template(args.platform),
                    region=environment.region,
                    bucket_name=args.bucket_name,
                    first_version_url=url_of(args.bucket_name, environment.region, published.key),
                    portfolio_id=portfolio.id,
                    provider_name=provider_name,
                    launch_role_arn=args.launch_role_arn,
                ),
                child,
            )
            self.products[offered.key] = {"productId": product.product_id, "versionId": product.version_id}
        self.register_outputs({"portfolio_id": self.portfolio_id, "products": self.products})


def templates_location(bucket_name: pulumi.Input[str]) -> pulumi.Output[str]:
    """The folder of the templates, as the tag of Studio's domain names it."""
    return pulumi.Output.concat("s3://", bucket_name, f"/{FOLDER}/")


def _let_browsers_read(name: str, bucket_name: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
    """Let Studio read the templates in the browser.

    Source: SageMaker Developer Guide, "Create custom project templates".
    """
    aws.s3.BucketCorsConfiguration(
        name,
        bucket=bucket_name,
        cors_rules=[
            {
                "allowed_origins": ["https://*.sagemaker.aws"],
                "allowed_methods": ["GET", "HEAD"],
                "allowed_headers": ["*"],
                "expose_headers": ["ETag", "x-amz-version-id"],
                "max_age_seconds": 3000,
            }
        ],
        opts=opts,
    )
