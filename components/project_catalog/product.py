"""One product of the catalog: a project template that can be launched in its supported version only."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from products.template import Template

TEMPLATE = "CLOUD_FORMATION_TEMPLATE"
FOLDER = "project-templates"
"""Folder of the templates that Studio shows."""
SHOWN_IN_STUDIO = {"sagemaker:studio-visibility": "true"}
"""Tag of a product, and of a template in S3, that Studio shows.

Source: SageMaker AI Developer Guide, "Create Custom Project Templates".
"""


@dataclass(frozen=True, kw_only=True)
class CatalogProductArgs:
    """Settings of a product."""

    title: str
    description: str
    template: Template
    region: str
    bucket_name: pulumi.Input[str]
    first_version_url: pulumi.Input[str]
    """Template that refuses to be launched: a product's first version can never change, so it must offer nothing."""
    portfolio_id: pulumi.Input[str]
    provider_name: str
    launch_role_arn: pulumi.Input[str]


class CatalogProduct(pulumi.ComponentResource):
    """A Service Catalog product; Studio offers the same object from S3 as well."""

    product_id: pulumi.Output[str]
    version_id: pulumi.Output[str]
    """Id of the supported version, which Service Catalog calls provisioning artifact."""

    def __init__(self, name: str, args: CatalogProductArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:CatalogProduct", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        version = args.template.version
        product = aws.servicecatalog.Product(
            f"{name}-product",
            name=args.title,
            description=args.description,
            owner=args.provider_name,
            type=TEMPLATE,
            provisioning_artifact_parameters={
                "name": "first-version",
                "description": "Cannot be launched: choose the supported version",
                "type": TEMPLATE,
                "template_url": args.first_version_url,
            },
            tags=SHOWN_IN_STUDIO,
            opts=child,
        )
        # Object and version are named after their content: a new template is a new version, and the old one goes.
        published = aws.s3.BucketObjectv2(
            f"{name}-template-{version}",
            bucket=args.bucket_name,
            key=f"{FOLDER}/{args.template.object_name}",
            content=args.template.text,
            content_type="application/yaml",
            tags=SHOWN_IN_STUDIO,
            opts=child,
        )
        supported = aws.servicecatalog.ProvisioningArtifact(
            f"{name}-version-{version}",
            product_id=product.id,
            name=version,
            description=f"Supported version; template {args.template.object_name}",
            type=TEMPLATE,
            template_url=url_of(args.bucket_name, args.region, published.key),
            active=True,
            guidance="DEFAULT",
            # The provider takes another product for an update, and makes no version of it.
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["productId"]),
        )
        self._offer(name, args, product.id)
        self.product_id = product.id
        self.version_id = supported.provisioning_artifact_id
        self.register_outputs({"product_id": self.product_id, "version_id": self.version_id})

    def _offer(self, name: str, args: CatalogProductArgs, product_id: pulumi.Output[str]) -> None:
        """Put the product into its portfolio, and have it launched under the platform's role."""
        offered = aws.servicecatalog.ProductPortfolioAssociation(
            f"{name}-offer",
            portfolio_id=args.portfolio_id,
            product_id=product_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.servicecatalog.Constraint(
            f"{name}-launch",
            portfolio_id=args.portfolio_id,
            product_id=product_id,
            type="LAUNCH",
            description="Launched under the platform's role, whatever the person who launches may do",
            parameters=pulumi.Output.json_dumps({"RoleArn": args.launch_role_arn}),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[offered]),
        )


def url_of(bucket_name: pulumi.Input[str], region: str, key: pulumi.Input[str]) -> pulumi.Output[str]:
    """Address from which Service Catalog reads a template."""
    return pulumi.Output.concat("https://", bucket_name, f".s3.{region}.amazonaws.com/", key)
