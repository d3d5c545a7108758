"""Settings of one stack: the only reader of Pulumi's configuration.

Settings come from `Pulumi.<stack>.yaml` (namespace `mlops-platform`). They are checked for shape and for meaning before
any resource exists, and every problem is reported at once with its key, its value and what to do about it.

| module                | contents                                                                     |
| --------------------- | ---------------------------------------------------------------------------- |
| `stack.py`            | all settings of one stack, and the values that follow from them              |
| `network.py`          | a new network or an existing one                                             |
| `ways_out.py`         | the ways out of a network that follow from its settings                      |
| `github.py`           | the organization, its server and the platform's repository                   |
| `development.py`      | Studio, and the projects that are launched from it                           |
| `workload.py`         | deployed models                                                              |
| `earlier_versions.py` | versions from before pipelines registered digests                            |
| `costs.py`            | the account's budget, and the estimate of an idle month                      |
| `requirements.py`     | the keys, buckets and endpoints that each part of the platform requires      |
| `types.py`            | the kinds of values, each with its pattern and its remedy                    |
| `limits.py`           | AWS's limits on names and policies                                           |
| `problems.py`         | errors in words that say what to do                                          |
| `schema.py`           | the configuration schema in `Pulumi.yaml`; `python -m settings` writes it    |
"""

from settings.network import ExistingNetwork, NewNetwork
from settings.problems import Problem, SettingsError
from settings.stack import Settings

__all__ = ["ExistingNetwork", "NewNetwork", "Problem", "Settings", "SettingsError"]
