"""The demo that `make demo` runs, step by step, and the page that it writes.

| module           | what it does                                                                |
| ---------------- | --------------------------------------------------------------------------- |
| `runner.py`      | runs all steps in order                                                     |
| `accounts.py`    | starts the servers, bootstraps and deploys the accounts, publishes templates |
| `people.py`      | signs in the people who work on the project                                 |
| `launch.py`      | launches the project                                                        |
| `training.py`    | trains models through the training repository's workflow                    |
| `models.py`      | reads and approves versions in the model registry                           |
| `deployment.py`  | deploys versions to production, and rolls back                              |
| `releases.py`    | follows a deployment through its workflow run                               |
| `application.py` | installs the application that calls the production endpoint                 |
| `member.py`      | calls GitHub's REST API as a member of the organization                     |
| `progress.py`    | shows the steps while they run                                              |
| `outcome.py`     | describes the result of a run                                               |
| `page/`          | prints the summary and writes the HTML page                                 |
"""
