"""Actions: workflow files, the queue of runs, running one with act, stand-ins for actions.

| file           | what it is                                                                       |
| -------------- | -------------------------------------------------------------------------------- |
| `patterns.py`  | the patterns of branch, tag and path filters                                      |
| `workflow.py`  | a workflow file: what starts it, its jobs, their permissions and environments     |
| `events.py`    | the payloads that runs get, as webhooks have them                                 |
| `queue.py`     | which events start which runs, and which run may execute now                      |
| `identity.py`  | who a job is, to the issuer of tokens                                             |
| `runner.py`    | one run: its folder, its tokens, act, its logs                                    |
| `stand_ins/`   | the actions that workflows may use here, by owner and repository                  |
"""
