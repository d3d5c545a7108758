"""IAM and STS: decisions about principals, `iam:PassRole`, policies of resources, web identities.

`service_authorization` says which resources and condition keys the requests of each service have.
"""
