"""The local GitHub: one HTTPS server that answers as GitHub Enterprise Server does, with the limits of github.com.

| place           | what it is                                                                               |
| --------------- | ---------------------------------------------------------------------------------------- |
| `seed.py`       | what it starts with, and how strict and how slow it is                                   |
| `transport.py`  | TLS, requests and responses; knows nothing of GitHub                                     |
| `server.py`     | which part answers a request: REST, git, OIDC, pages, the sandbox's own hooks            |
| `routing.py`    | REST routes: who may call them, and how their bodies are validated                       |
| `rest/`         | the REST endpoints, one file per chapter of GitHub's documentation                       |
| `errors.py`     | GitHub's answers other than success                                                      |
| `accounts.py`   | tokens, and what their accounts may do                                                   |
| `limits.py`     | rate limits                                                                              |
| `rules.py`      | rulesets                                                                                 |
| `state.py`      | everything that is remembered, except git objects and tokens                             |
| `service.py`    | what endpoints share: look-ups, new repositories, commits and the events that follow     |
| `git.py`        | bare repositories, by git's own commands                                                 |
| `git_http.py`   | git over HTTPS, with permissions and rules; `hooks/` is how it refuses a push            |
| `actions/`      | Actions: workflow files, the queue of runs, act, stand-ins for actions                   |
| `issuer.py`     | OpenID Connect tokens of jobs                                                            |
| `downloads.py`  | links that need no token, for logs                                                       |
| `pages.py`      | pages for people                                                                         |
| `faults.py`     | failures on demand and the list of requests: hooks for tests, which GitHub does not have |

Nothing here may know of this platform: it behaves as GitHub's documentation says, and what it does not know is an
error that names it (404 and a line in the log for an endpoint, 422 for a field, 501 for a feature).
"""
