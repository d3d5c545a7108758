"""Stand-ins for the `aws` and `github` plugins of the Pulumi engine, for machines that cannot download the official ones.

| place           | what it is                                                                               |
| --------------- | ---------------------------------------------------------------------------------------- |
| `properties.py` | what a property of a resource may be, and when a wanted value differs from an actual one |
| `values.py`     | the engine's way of writing unknown values, assets and archives                          |
| `resource.py`   | what a resource type has to say for itself                                               |
| `server.py`     | the engine's ResourceProvider service over a table of resource types                     |
| `aws/`          | the resource types of `pulumi_aws` that the program uses, over botocore                  |
| `github/`       | the resource types of `pulumi_github` that the program uses, over GitHub's REST          |
| `install.py`    | puts both where an engine with a PULUMI_HOME of its own finds them                       |

A stand-in knows the resource types and properties that the program uses and refuses every other by name. It never
guesses. No knowledge of the platform may live here.
"""
