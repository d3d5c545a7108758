"""Stand-ins for the `aws` and `github` plugins of the Pulumi engine, for machines that cannot download the official ones.

| place           | content                                                                                  |
| --------------- | ---------------------------------------------------------------------------------------- |
| `inputs.py`     | the inputs that a resource type supports, with the facts about them that the SDK lacks   |
| `sdk.py`        | the types of inputs, read from the source of `pulumi_aws` and `pulumi_github`            |
| `properties.py` | properties: their kinds, their checks, and the comparison of wanted with actual values   |
| `values.py`     | unknown values, assets and archives, as the engine encodes them                          |
| `resource.py`   | the interface of a resource type, and of a provider                                      |
| `service.py`    | the engine's ResourceProvider service over a table of resource types, with               |
|                 | `messages.py`, `comparison.py` (for Diff and Read) and `naming.py` (for Check)           |
| `server.py`     | the process of a plugin                                                                  |
| `aws/`          | the resource types of `pulumi_aws` that the program uses, over botocore                  |
| `github/`       | the resource types of `pulumi_github` that the program uses, over GitHub's REST API      |
| `install.py`    | the installation of both into a PULUMI_HOME of their own                                 |

A stand-in supports the resource types and properties that the program uses and refuses every other by name. It never
guesses. It contains no knowledge of the platform.
"""
