"""The local GitHub: one HTTPS server that answers as GitHub Enterprise Server does, with the limits of github.com.

| place           | what it is                                                                              |
| --------------- | --------------------------------------------------------------------------------------- |
| `transport.py`  | TLS, requests and responses; knows nothing of GitHub                                      |
| `server.py`     | which part answers a request: REST, git, OIDC, pages, the sandbox's own hooks            |
| `routing.py`    | REST routes: who may call them, and how their bodies are validated                       |
| `rest/`         | the REST endpoints, one file per chapter of GitHub's documentation                       |
| `state.py`      | everything that is remembered, except git objects and tokens                             |
| `service.py`    | what endpoints share: look-ups, permissions, commits and the events that follow them     |
| `git.py`        | bare repositories, by git's own commands                                                 |
| `rules.py`      | rulesets                                                                                 |
| `actions/`      | Actions: workflow files, the queue of runs, running one with act, stand-ins for actions  |
| `issuer.py`     | OpenID Connect tokens of jobs                                                            |

Nothing here may know of this platform: it behaves as GitHub's documentation says, and what it does not know is an
error that names it.
"""
