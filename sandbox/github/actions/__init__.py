"""Actions: workflow files, the order of runs and jobs, running a job with act, stand-ins for actions.

| file            | what it is                                                                                     |
| --------------- | ---------------------------------------------------------------------------------------------- |
| `patterns.py`   | the patterns of branch, tag and path filters                                                   |
| `workflow.py`   | a workflow file: what starts it, its inputs, permissions and concurrency; simple expressions   |
| `plan.py`       | the jobs of a workflow file: their order, what they call, what they need before they may start |
| `events.py`     | the payloads that runs get, as webhooks have them                                              |
| `queue.py`      | which events start which runs, and who the jobs are                                            |
| `scheduler.py`  | which job may execute now: after its needs, its concurrency groups and its reviewers           |
| `identity.py`   | who a job is, to the issuer of tokens                                                          |
| `runner.py`     | one job: its folder, its token, its actions                                                    |
| `isolation.py`  | one job of a workflow as a workflow of its own, which is what act executes                     |
| `act.py`        | act as a process: how it is started, and stopped                                               |
| `logs.py`       | what act says: states, steps and logs                                                          |
| `stand_ins/`    | the actions that workflows may use here, by owner and repository                               |
"""
