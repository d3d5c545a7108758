"""Identifiers that follow from a resource's name or other inputs, in the form in which the provider imports it."""

from collections.abc import Mapping

IDENTIFIERS: Mapping[str, str] = {
    "aws:budgets/budget:Budget": "{account}:{name}",
    "aws:cloudwatch/eventRule:EventRule": "{name}",
    "aws:cloudwatch/logGroup:LogGroup": "{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "{name}",
    "aws:ec2/route:Route": "{routeTableId}_{destinationCidrBlock}",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "{subnetId}/{routeTableId}",
    "aws:iam/role:Role": "{name}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:kms/alias:Alias": "{name}",
    "aws:lambda/function:Function": "{name}",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "{functionName}",
    "aws:lambda/permission:Permission": "{function}/{statementId}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "{bucket}",
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": "{bucket}:{name}",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "{bucket}",
    "aws:s3/bucketLogging:BucketLogging": "{bucket}",
    "aws:s3/bucketObjectv2:BucketObjectv2": "{bucket}/{key}",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "{bucket}",
    "aws:s3/bucketPolicy:BucketPolicy": "{bucket}",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "{bucket}",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "{bucket}",
    "aws:s3/bucketVersioning:BucketVersioning": "{bucket}",
    "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus": "{region}",
    "aws:sagemaker/userProfile:UserProfile": (
        "arn:aws:sagemaker:{region}:{account}:user-profile/{domainId}/{userProfileName}"
    ),
    "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation": (
        "en,{principalArn},{portfolioId},IAM"
    ),
    "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation": "en:{portfolioId}:{productId}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:sns/topicPolicy:TopicPolicy": "{arn}",
    "aws:sqs/queuePolicy:QueuePolicy": "{queueUrl}",
    "aws:ssm/parameter:Parameter": "{name}",
    "github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions": "{organizationSlug}",
    "github:index/repository:Repository": "{name}",
    "github:index/teamMembership:TeamMembership": "{teamId}:{username}",
}
"""By type, the provider's identifier as a format string over the inputs, `region` and `account`."""
