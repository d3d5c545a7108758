"""The CloudFormation templates that the platform publishes, put together from parts.

`catalog` lists the products, `workload` has the template of a project's roles; `components/` publishes them.
"""
