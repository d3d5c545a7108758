"""The demo that `make demo` runs, step by step, and the page that it writes.

| module           | what it is                                                                  |
| ---------------- | --------------------------------------------------------------------------- |
| `runner.py`      | runs all steps in order, prints a summary and writes the page               |
| `accounts.py`    | from an empty machine to three accounts with the platform deployed in them  |
| `launch.py`      | launches the project                                                        |
| `training.py`    | trains models through the training repository's workflow                    |
| `models.py`      | reads and approves versions in the model registry                           |
| `releases.py`    | follows the deployment of a version to preprod and production               |
| `application.py` | the application that calls the production endpoint                          |
| `member.py`      | REST client of one member of the GitHub organization                        |
| `progress.py`    | shows the steps while they run                                              |
| `page/`          | the summary on the terminal and the HTML page                               |
"""
