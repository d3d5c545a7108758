"""The whole platform on one machine: a local AWS, a local GitHub, the real Pulumi engine.

What lives here stands in for AWS and GitHub and nothing else: the platform that runs against it is the one that runs
in production, and knows nothing of this folder.

| place      | what it is                                                                          |
| ---------- | ----------------------------------------------------------------------------------- |
| `aws/`     | the local AWS: three accounts, TLS, IAM enforced; an environment of its own         |
| `images/`  | the Python environments of SageMaker's container images                             |
| `github/`  | the local GitHub: REST, git, OpenID Connect, Actions                                |
| `plugins/` | stand-ins for the `aws` and `github` plugins of the Pulumi engine                   |
| `engine/`  | finds the Pulumi engine, or builds it from source                                   |
| `page/`    | the page that the demo writes                                                       |
| the files  | one step of the demo's story each, and the command line (`__main__.py`)             |
"""
