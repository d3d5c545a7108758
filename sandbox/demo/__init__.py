"""The demo that `make demo` runs, step by step, the page that it writes, and launches of other products.

| module           | what it does                                                                |
| ---------------- | --------------------------------------------------------------------------- |
| `runner.py`      | runs all steps in order                                                     |
| `accounts.py`    | starts the servers, bootstraps and deploys the accounts, publishes templates |
| `people.py`      | signs in the people who work on the project                                 |
| `catalog.py`     | reads the products, and fills in a launch                                   |
| `launch.py`      | launches the project                                                        |
| `launching.py`   | the command that launches any product, and follows it                       |
| `runs.py`        | follows runs of workflows                                                   |
| `reviews.py`     | merges and releases as the second person                                    |
| `training.py`    | trains models through the training repository's workflow                    |
| `models.py`      | reads and approves versions in the model registry                           |
| `deployment.py`  | deploys versions to production, and rolls back                              |
| `releases.py`    | follows a deployment through its workflow run                               |
| `releasing.py`   | the command that lists what waits for a review, and releases it             |
| `application.py` | installs the application that calls the production endpoint                 |
| `projects.py`    | looks at all launched projects                                              |
| `member.py`      | calls GitHub's REST API as a member of the organization                     |
| `progress.py`    | shows the steps while they run                                              |
| `outcome.py`     | describes the result of a run                                               |
| `page/`          | prints the summary and writes the HTML page                                 |
"""
