"""What a launch asks of GitHub's REST API."""

import base64
import json
from dataclasses import dataclass

from functions.shared.github_api.client import Client
from functions.shared.github_api.errors import GitHubError
from functions.shared.github_api.values import Json, items, nested, number, quoted, reason, text

_MORE_THAN_READING = ("write", "maintain", "admin")


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository as far as a launch needs to know it."""

    full_name: str
    repository_id: int
    owner_id: int
    description: str
    default_branch: str
    is_template: bool
    archived: bool
    template: str | None
    """Full name of the repository that it was made from."""


@dataclass(frozen=True, kw_only=True)
class User:
    """Whoever has a login."""

    user_id: int
    kind: str
    """`User` for a person, or `Organization`."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a deployment environment asks of the jobs that enter it."""

    reviewers: frozenset[tuple[str, int]] = frozenset()
    """Type (`User` or `Team`) and id of those of whom one must consent; nobody need, when there are none."""
    prevents_self_review: bool = False
    """Whether nobody consents to what they started themselves."""
    administrators_bypass: bool = False
    """Whether administrators of the repository need no consent; where nobody is asked for it, there is none to need."""
    admits: frozenset[tuple[str, str]] | None
    """Type (`branch` or `tag`) and name pattern of the refs whose jobs enter it; None when GitHub admits by another rule."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file on a branch."""

    text: str
    sha: str


class GitHub(Client):
    """The repositories of an organization, and its people."""

    def user(self, login: str) -> User | None:
        """Whoever has exactly this login; None when nobody has."""
        found = self.get(f"/users/{quoted(login)}")
        if found is None or text(found, "login").lower() != login.lower():
            return None
        return User(user_id=number(found, "id"), kind=text(found, "type"))

    def credential_owner(self) -> int | None:
        """Id of the person whose token we have, and as whom it acts; None when it belongs to an app."""
        try:
            _, found = self.send("GET", "/user", accept=(200,))
        except GitHubError as error:
            if error.status in (401, 403):
                return None
            raise
        return number(found, "id")

    def is_member(self, organization: str, login: str) -> bool:
        """Whether the user belongs to the organization."""
        status, _ = self.send("GET", f"/orgs/{quoted(organization)}/members/{quoted(login)}", accept=(204, 404))
        return status == 204

    def repository(self, full_name: str) -> Repository | None:
        """The repository that has this name now; None when there is none."""
        status, found = self.send("GET", f"/repos/{full_name}", accept=(200, 301, 404))
        if status != 200:
            return None
        template = found.get("template_repository")
        return Repository(
            full_name=text(found, "full_name"),
            repository_id=number(found, "id"),
            owner_id=number(nested(found.get("owner")), "id"),
            description=text(found, "description"),
            default_branch=text(found, "default_branch"),
            is_template=found.get("is_template") is True,
            archived=found.get("archived") is True,
            template=text(nested(template), "full_name") if template else None,
        )

    def generate(self, template: str, organization: str, name: str, description: str) -> bool:
        """Make a private repository from a template; False when the name is taken."""
        status, answer = self.send(
            "POST",
            f"/repos/{template}/generate",
            {"owner": organization, "name": name, "description": description, "private": True},
            accept=(201, 422),
        )
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not make {organization}/{name} from {template}: {reason(answer)}", status)
        return status == 201

    def branch_commit(self, full_name: str, branch: str) -> str | None:
        """SHA of the branch's last commit; None while there is no such branch."""
        status, found = self.send("GET", f"/repos/{full_name}/branches/{quoted(branch)}", accept=(200, 404, 409))
        return text(nested(found.get("commit")), "sha") if status == 200 else None

    def file(self, full_name: str, path: str, branch: str) -> File | None:
        """The file on the branch; None when it has no such file."""
        found = self.get(f"/repos/{full_name}/contents/{path}?ref={quoted(branch)}")
        if found is None:
            return None
        return File(text=base64.b64decode(text(found, "content")).decode(), sha=text(found, "sha"))

    def write_file(self, full_name: str, path: str, branch: str, text: str, message: str, sha: str | None) -> bool:
        """Commit the file; `sha` names the version that it replaces. False when somebody else was faster."""
        body: dict[str, object] = {
            "message": message,
            "content": base64.b64encode(text.encode()).decode(),
            "branch": branch,
        }
        if sha is not None:
            body["sha"] = sha
        status, answer = self.send("PUT", f"/repos/{full_name}/contents/{path}", body, accept=(200, 201, 409, 422))
        if status in (409, 422) and "rule violations" in json.dumps(answer).lower():
            raise GitHubError(
                f"a ruleset does not let the platform's credential commit to {branch} of {full_name}: "
                f"{reason(answer)}; add the credential's owner to the ruleset's bypass list",
                status,
            )
        if status == 422 and "sha" not in json.dumps(answer).lower():
            raise GitHubError(f"GitHub does not accept {path} in {full_name}: {reason(answer)}", status)
        return status in (200, 201)

    def environment(self, full_name: str, name: str) -> Environment | None:
        """The repository's deployment environment as it is; None when it has none of this name."""
        place = f"/repos/{full_name}/environments/{quoted(name)}"
        found = self.get(place)
        if found is None:
            return None
        by_name = nested(found.get("deployment_branch_policy")).get("custom_branch_policies") is True
        rules = items(found.get("protection_rules"))
        nobody: Json = {}
        review = next((rule for rule in rules if text(rule, "type") == "required_reviewers"), nobody)
        return Environment(
            reviewers=frozenset(
                (text(each, "type"), number(nested(each.get("reviewer")), "id"))
                for each in items(review.get("reviewers"))
            ),
            prevents_self_review=review.get("prevent_self_review") is True,
            # Older Enterprise Servers do not say.
            administrators_bypass=bool(review) and found.get("can_admins_bypass") is True,
            admits=frozenset(_admitted(policy) for policy in self._branch_policies(place)) if by_name else None,
        )

    def write_environment(self, full_name: str, name: str, wanted: Environment) -> None:
        """Make the deployment environment, or change it, all but whom it admits: a new one admits nobody.

        Raises:
            GitHubError: also when the organization's plan has no environments for private repositories.
        """
        body: dict[str, object] = {
            # "Protected branches" would be every branch: rulesets protect ours, and GitHub counts only branch
            # protection rules. Source: GitHub Docs, "Deployments and environments".
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
            "can_admins_bypass": False,
        }
        # A plan without reviewers refuses even an empty list of them.
        if wanted.reviewers:
            body["reviewers"] = [{"type": kind, "id": number} for kind, number in sorted(wanted.reviewers)]
            body["prevent_self_review"] = wanted.prevents_self_review
        path = f"/repos/{full_name}/environments/{quoted(name)}"
        status, answer = self.send("PUT", path, body, accept=(200, 404, 422))
        if status == 422 and (not wanted.reviewers or "can_admins_bypass" in reason(answer)):
            # Neither does such a plan take this, which bypasses reviewers, nor do older Enterprise Servers.
            # Source: go-github's CreateUpdateEnvironment; terraform-provider-github, issue 1804.
            del body["can_admins_bypass"]
            status, answer = self.send("PUT", path, body, accept=(200, 404, 422))
        if status != 200:
            raise GitHubError(
                f"GitHub refuses the environment {name} of {full_name} ({status}: {reason(answer)}); environments "
                "of private repositories need the plan GitHub Team or Enterprise, reviewers GitHub Enterprise, and the "
                "credential must administer the repository",
                status,
            )

    def admit(self, full_name: str, name: str, admits: frozenset[tuple[str, str]]) -> None:
        """Let exactly these refs into the environment, which has to admit by name.

        AWS trusts every job in the environment: a workflow on any other branch could be one.

        Raises:
            GitHubError: the environment is gone, or admits by another rule.
        """
        place = f"/repos/{full_name}/environments/{quoted(name)}"
        path = f"{place}/deployment-branch-policies"
        policies = self._branch_policies(place)
        for policy in policies:
            if _admitted(policy) not in admits:
                self.send("DELETE", f"{path}/{number(policy, 'id')}", accept=(204, 404))
        for kind, pattern in sorted(admits.difference(map(_admitted, policies))):
            # 303: it was there already, because somebody else was faster.
            status, answer = self.send("POST", path, {"name": pattern, "type": kind}, accept=(200, 303, 404))
            if status == 404:
                raise GitHubError(
                    f"GitHub does not let the {kind} {pattern} into the environment {name} of {full_name} "
                    f"({status}: {reason(answer)}); the environment is gone, or was changed to admit by another rule "
                    "than by name",
                    status,
                )

    def may_read(self, full_name: str, login: str) -> bool:
        """Whether the user may read the repository."""
        return self._permission(full_name, login) in ("read", *_MORE_THAN_READING)

    def may_push(self, full_name: str, login: str) -> bool:
        """Whether the user may push to the repository."""
        return self._permission(full_name, login) in _MORE_THAN_READING

    def add_collaborator(self, full_name: str, login: str) -> None:
        """Let the user push to the repository."""
        path = f"/repos/{full_name}/collaborators/{quoted(login)}"
        self.send("PUT", path, {"permission": "push"}, accept=(201, 204))

    def requires_pull_request(self, full_name: str, branch: str) -> bool:
        """Whether changes reach the branch through pull requests only."""
        _, rules = self.send("GET", f"/repos/{full_name}/rules/branches/{quoted(branch)}", accept=(200,))
        return any(text(rule, "type") == "pull_request" for rule in items(rules.get("")))

    def delete_repository(self, full_name: str) -> None:
        """Delete the repository; nothing happens when it is gone."""
        self.send("DELETE", f"/repos/{full_name}", accept=(204, 404))

    def archive_repository(self, full_name: str) -> None:
        """Make the repository read-only."""
        self.send("PATCH", f"/repos/{full_name}", {"archived": True}, accept=(200,))

    def create_branch(self, full_name: str, branch: str, commit: str) -> None:
        """Make a branch at the commit; nothing happens when it is there."""
        body = {"ref": f"refs/heads/{branch}", "sha": commit}
        status, answer = self.send("POST", f"/repos/{full_name}/git/refs", body, accept=(201, 422))
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not make branch {branch} of {full_name}: {reason(answer)}", status)

    def open_pull_request(self, full_name: str, branch: str, base: str, title: str, body: str) -> None:
        """Propose the branch; nothing happens when it is proposed already."""
        status, answer = self.send(
            "POST",
            f"/repos/{full_name}/pulls",
            {"head": branch, "base": base, "title": title, "body": body},
            accept=(201, 422),
        )
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not open the pull request in {full_name}: {reason(answer)}", status)

    def was_dispatched(self, full_name: str, workflow: str) -> bool:
        """Whether the workflow was started by a dispatch before."""
        found = self.get(f"/repos/{full_name}/actions/workflows/{workflow}/runs?event=workflow_dispatch&per_page=1")
        return found is not None and number(found, "total_count") > 0

    def _branch_policies(self, environment: str) -> list[Json]:
        # As many as a page holds; a launch that finds more of them fails.
        found = self.get(f"{environment}/deployment-branch-policies?per_page=100")
        return [] if found is None else items(found.get("branch_policies"))

    def _permission(self, full_name: str, login: str) -> str:
        found = self.get(f"/repos/{full_name}/collaborators/{quoted(login)}/permission")
        return "none" if found is None else text(found, "permission")


def _admitted(policy: Json) -> tuple[str, str]:
    # Older Enterprise Servers know branches only, and do not say so.
    return text(policy, "type") or "branch", text(policy, "name")
