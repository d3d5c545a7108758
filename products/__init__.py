"""The CloudFormation templates that the platform publishes, put together from parts.

`parts/` holds YAML that names what an environment knows as `<account_id>`; `compose` fills it in and merges parts into one
template. `catalog` lists the products that leads launch, `workload` has the template of a project's roles. Nothing here
knows of Pulumi or asks AWS: `components/` publishes the texts.
"""
