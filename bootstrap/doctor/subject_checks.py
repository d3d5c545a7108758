"""Check that the roles and the settings expect the subjects that GitHub writes into tokens."""

from collections.abc import Mapping

from bootstrap import settings_file, subjects
from bootstrap.doctor.github_checks import trusted_repository
from bootstrap.github import Get, Server
from bootstrap.names import Names
from bootstrap.stack import Stack
from bootstrap.up import command


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
        return False, (
            f"github.oidcSubjects of the settings is {configured}, and GitHub begins the subjects of tokens with {written}:, "
            f"which is {form}: correct it and deploy, or change the repository's OIDC settings at GitHub"
        )
    return True, f"the roles trust {written}:, as GitHub begins the subjects of tokens"
