"""The whole platform on one machine: a local AWS, a local GitHub, the real Pulumi engine.

This package replaces AWS and GitHub and nothing else: the platform that runs against it is the one that runs in
production, and does not know this folder.

| place                 | contents                                                                            |
| --------------------- | ----------------------------------------------------------------------------------- |
| `aws/`                | the local AWS: three accounts, TLS, IAM enforced; has its own Python environment    |
| `images/`             | the Python environments of SageMaker's container images                             |
| `mlflow/`             | the Python environment of MLflow's own server, which answers for MLflow apps         |
| `github/`             | the local GitHub: REST, git, OpenID Connect, Actions                                |
| `plugins/`            | replacements for the `aws` and `github` plugins of the Pulumi engine                |
| `engine/`             | finds the Pulumi engine, or builds it from source                                   |
| `architecture/`       | draws the architecture of stacks from their state                                   |
| `demo/`               | the steps of the demo, and the page that it writes                                  |
| `__main__.py`         | the command line                                                                    |
| `shell.py`            | a shell, and credentials, for work in the sandbox; `permissions.py` compares roles  |
| `engine_arguments.py` | finds the stack that a call of the engine in the shell is about                     |
| `failures.py`         | failures that are printed without a traceback; `logs.py` prints the logs            |
| `servers.py`          | starts and stops the two servers; `certificates.py` creates their TLS certificates  |
| `installation.py`     | installs the engine and the plugins; `image_environments.py`, `images/`             |
| `stacks.py`           | the platform's stacks and the engine's commands; `login.py` logs in to their state  |
| `identities.py`       | AWS credentials of people and jobs; `environments.py` holds environment variables   |
| `organization.py`     | the people, the GitHub organization and the project of the demo                     |
| `commands.py`         | runs programs; `http_client.py` sends requests; `paths.py` names the files          |
"""
