"""The local GitHub: one HTTPS server that behaves as GitHub Enterprise Server does, with the limits of github.com.

| place           | contents                                                                                  |
| --------------- | ----------------------------------------------------------------------------------------- |
| `service.py`    | the composition: every part below is created here, from those that it needs               |
| `seed.py`       | initial contents, limits and delays                                                       |
| `state/`        | everything that is remembered, except git objects and tokens                              |
| `store.py`      | the state and the git repositories, with look-ups; knows nothing of rules, events, Actions |
| `accounts.py`   | tokens, and the permissions of their accounts                                             |
| `sealing.py`    | the keys to which secrets are sealed on their way here                                    |
| `git.py`        | git repositories, by git's own commands                                                   |
| `rules.py`      | rulesets                                                                                  |
| `checks.py`     | check runs, which required status checks name                                             |
| `refs.py`       | commits and other changes of refs, within the rules; notifies a listener                  |
| `pull_refs.py`  | the refs of a pull request                                                                |
| `templates.py`  | repositories that are generated from a template                                           |
| `actions/`      | Actions, the listener: workflow files, runs, act, stand-ins for actions; knows no REST    |
| `issuer.py`     | OpenID Connect tokens of jobs                                                             |
| `subjects.py`   | the subjects of those tokens, as repositories and the organization have them made         |
| `transport.py`  | TLS, requests and responses; knows nothing of GitHub                                      |
| `server.py`     | routes requests to REST, git, OpenID Connect, pages, and the hooks for tests              |
| `routing.py`    | REST routes: authorization, validation of bodies, pages of lists                          |
| `rest/`         | the REST endpoints, one file per chapter of GitHub's documentation                        |
| `git_http.py`   | git over HTTPS, with permissions and rules; `hooks/` has the hook that refuses a push     |
| `pages.py`      | web pages                                                                                 |
| `errors.py`     | GitHub's responses other than success                                                     |
| `limits.py`     | rate limits                                                                               |
| `downloads.py`  | links that need no token, for logs                                                        |
| `faults.py`     | injected faults and the log of requests: hooks for tests, which GitHub does not have      |

Nothing here may know of this platform. The server behaves as GitHub's documentation says; a feature that it does not
have is an error that names it (404 and a line in the log for an endpoint, 422 for a field, 501 for a feature).
"""
