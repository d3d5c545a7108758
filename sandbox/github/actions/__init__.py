"""Actions: workflow files, runs and their jobs, act, stand-ins for actions.

| file                  | contents                                                                             |
| --------------------- | ------------------------------------------------------------------------------------ |
| `service.py`          | the composition of the parts below                                                   |
| `context.py`          | the rest of the local GitHub, as far as runs need it                                 |
| `triggers.py`         | events start runs: pushes, changes of pull requests, dispatches                      |
| `events.py`           | payloads of events, as webhooks have them                                            |
| `workflows.py`        | workflow files of repositories, and their ids                                        |
| `workflow.py`         | one workflow file: triggers, inputs, permissions, concurrency; simple expressions    |
| `expressions.py`      | the contexts of expressions outside of steps                                         |
| `patterns.py`         | patterns of branch, tag and path filters                                             |
| `job_names.py`        | the names of jobs, as required status checks name them                               |
| `secret_values.py`    | the owners of secrets, and the values that jobs get                                  |
| `plan.py`             | the jobs of a workflow file: needs, called workflows, environments, concurrency      |
| `scheduler.py`        | decides which job executes now                                                       |
| `concurrency.py`      | the runs and jobs that hold a concurrency group or wait for it                       |
| `deployments.py`      | the environments that jobs enter, and their reviewers                                |
| `progress.py`         | the status of jobs and runs                                                          |
| `runner.py`           | one job: its requirements, then its execution                                        |
| `preparation.py`      | the workflow files of a job, its permissions and actions                             |
| `isolation.py`        | one job of a workflow as a workflow of its own, for act                              |
| `workspace.py`        | the folder of a job with the files that act reads, and its tokens                    |
| `act.py`              | act as a process: started, cancelled, killed                                         |
| `logs.py`             | the output of act: status, steps and logs                                            |
| `identity.py`         | jobs that may ask for an OpenID Connect token                                        |
| `stand_in_actions.py` | finds the stand-in of an action                                                      |
| `stand_ins/`          | the actions that workflows may use here, by owner and repository                     |
"""
