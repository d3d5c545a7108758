"""Check that the roles and the settings expect the subjects that GitHub writes into tokens."""

from collections.abc import Mapping

from bootstrap import settings_file, subjects
from bootstrap.doctor.github_checks import trusted_repository
from bootstrap.github import Get, Server
from bootstrap.names import Names
from bootstrap.stack import Stack
from bootstrap.up import command
from components.github.server import server_of


def check(
    server: Server, names: Names, stack: Stack, settings: Mapping[str, object], token: str | None, get: Get
) -> tuple[bool, str]:
    """Check the subjects of the platform's repository: those of the deploy role, and `github.oidcSubjects`."""
    written = subjects.written(server, trusted_repository(stack), token, get)
    form = subjects.form(written)
    trusted = subjects.beginnings(stack.parameters.get("DeploySubjects", "").split(","))
    if written not in trusted:
        return False, (
            f"GitHub begins the subjects of tokens with {written}:, and the roles trust {' and '.join(trusted)}: no workflow "
            f"can take them; run: {command(names, stack, server, form=form)}"
        )
    configured = settings_file.section(settings, "github").get("oidcSubjects", server.default_subjects)
    if settings and configured != form:
        both = command(names, stack, server, form="both")
        advice = (
            f"projects' new repositories are {configured}, too, so run: {both}; then opt in to immutable subjects in the "
            "repository's OIDC settings at GitHub"
            if form == "legacy"
            else "correct it and deploy"
        )
        return False, (
            f"github.oidcSubjects of the settings is {configured}, and GitHub begins the subjects of tokens with {written}:, "
            f"which is {form}: {advice}"
        )
    if "development" in settings and form == "legacy" and not server_of(server.issuer).is_enterprise_server:
        return False, (
            "github.oidcSubjects of the settings is legacy, and GitHub gives new repositories immutable subjects, so the jobs of new "
            "projects could take no role: opt in to immutable subjects for the organization, set it to immutable, deploy, and "
            "update the projects"
        )
    return True, f"the roles trust {written}:, as GitHub begins the subjects of tokens"
