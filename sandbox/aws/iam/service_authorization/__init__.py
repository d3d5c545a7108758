"""Resources and condition keys of requests, by which IAM decides about them: one module per service.

MiniStack knows them for its own services only in part. Source of everything here: AWS's Service Authorization
Reference, the pages of the services that the modules are named after.
"""
