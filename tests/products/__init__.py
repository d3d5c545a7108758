"""The CloudFormation of the project templates."""
