"""`python -m bootstrap up|login|github-token|recover|doctor|describe|stacks|preview|drift|drift-issue`."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from bootstrap import (
    arguments,
    credential,
    doctor,
    drift,
    drift_issue,
    github,
    login,
    preview,
    settings_file,
    subjects,
    token_expiry,
    token_scopes,
    up,
)
from bootstrap.account import Account, connect, denied, refusal_reason
from bootstrap.errors import BootstrapError
from bootstrap.names import Names
from bootstrap.recovery import recover
from bootstrap.recovery.engine import engine
from bootstrap.stack import StackUpdater


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; 0 means that everything is as it should be."""
    options = arguments.parser().parse_args(words)
    commands = {
        "up": _up,
        "login": _login,
        "github-token": _github_token,
        "recover": _recover,
        "doctor": _doctor,
        "describe": _describe,
        "stacks": _stacks,
        "preview": _preview,
        "drift": _drift,
        "drift-issue": _drift_issue,
    }
    try:
        return commands[options.command](options)
    except BootstrapError as error:
        _report(f"bootstrap: {error}")
    except (BotoCoreError, ClientError) as error:
        said = (
            refusal_reason(error)
            if isinstance(error, ClientError) and denied(error)
            else f"AWS returned an error: {error}"
        )
        _report(f"bootstrap: {said}")
    if options.command == "login":
        _print(login.REFUSED)
    return 1


def _up(options: argparse.Namespace) -> int:
    names = Names(unit=options.unit, environment=options.environment)
    parts = up.parts(names, options.parts, settings_file.of_environment(names, Path()))
    if (options.github_org_id is None) != (options.github_repository_id is None):
        raise BootstrapError("Give both --github-org-id and --github-repository-id, or neither.")
    server = github.Server.at(options.github_url, api_url=options.github_api_url, issuer=options.oidc_issuer)
    form: github.SubjectForm = options.oidc_subjects or server.default_subjects
    ids = _repository_of_legacy_subjects(options, server) if form == "legacy" else _repository(options, server)
    trust = up.trust(server, options.github_org, options.github_repository, ids, form, names.environment)
    # With the ids given, nothing is looked up; `doctor` compares later.
    if ids is not None and options.github_org_id is None:
        _require_written_subjects(server, ids, trust)
    account = connect(options.region)
    _report(f"Account {account.account_id}, {account.region}, as {account.caller}.")
    updater = StackUpdater(cloudformation=account.client("cloudformation"), name=names.stack, report=_report)
    outcome, outputs = up.up(account, names, trust, updater, parts)
    result = {"created": "is bootstrapped", "updated": "is up to date now", "unchanged": "is unchanged"}[outcome]
    _print(f"{names.prefix} {result}.\n")
    for name, value in sorted(outputs.items()):
        _print(f"  {name:<16} {value}")
    _print("\nTo work on its stack, paste:\n")
    _print("\n".join(login.commands(account, names, login.stack_name(names, Path.cwd()))))
    # A new account has too little of several, which would end the first deployment in its middle.
    quotas = doctor.examine_quotas(account, names)
    if not quotas.fine:
        _print(f"\nBefore you deploy, see to the account's quotas, which AWS may take days to raise: {quotas.message}")
    return 0


def _repository(options: argparse.Namespace, server: github.Server) -> github.Repository:
    if options.github_org_id is None:
        token = os.environ.get("GITHUB_TOKEN")
        return github.find_repository(server, options.github_org, options.github_repository, token)
    return github.Repository(
        organization=options.github_org,
        name=options.github_repository,
        organization_id=options.github_org_id,
        repository_id=options.github_repository_id,
    )


def _repository_of_legacy_subjects(options: argparse.Namespace, server: github.Server) -> github.Repository | None:
    """Look up the repository, whose ids are not needed, for GitHub's spelling of its name."""
    try:
        return _repository(options, server)
    except BootstrapError as error:
        _report(
            f"{error}\nThe roles now trust {options.github_org}/{options.github_repository} as it was given. IAM tells "
            "capitals from small letters: it must be spelled as GitHub spells it."
        )
        return None


def _require_written_subjects(server: github.Server, ids: github.Repository, trust: up.Trust) -> None:
    """Refuse trust in subjects that GitHub does not write; where it does not tell, say so."""
    try:
        written = subjects.written(server, f"{ids.organization}/{ids.name}", os.environ.get("GITHUB_TOKEN"), github.get)
    except subjects.UntoldError as error:
        _report(
            f"{error} The roles trust {' and '.join(trust.deploy_subjects)}; python -m bootstrap doctor compares later."
        )
        return
    subjects.require(written, trust.deploy_subjects)


def _login(options: argparse.Namespace) -> int:
    account, names = _find(options)
    login.require_state(account, names)
    stack = options.stack or login.stack_name(names, Path.cwd())
    _print("\n".join(login.commands(account, names, stack)))
    return 0


def _github_token(options: argparse.Namespace) -> int:
    account, names = _find(options)
    login.require_state(account, names)
    # Never an argument: every process of the machine can read a command line.
    token = getpass.getpass("GitHub token: ") if sys.stdin.isatty() else sys.stdin.read()
    settings = settings_file.of_environment(names, Path())
    named = settings_file.section(settings, "github") if settings is not None else {}
    user, releases = named.get("platformUser"), bool(named.get("releaseManagers"))
    platform_user = user if isinstance(user, str) else None
    stored = credential.store(account, names, token, options.github_url, platform_user=platform_user, releases=releases)
    result = "stored" if stored.changed else "unchanged"
    now = datetime.now(UTC)
    ending = f"; it {token_expiry.said(stored.ends, now)}" if stored.ends else ""
    _print(f"{names.prefix}: the token of {stored.owner} is {result}{ending}.")
    if token_expiry.soon(stored.ends, now):
        _report(
            "Make another one before that, and store it in the same way: from then on nothing is launched or deployed."
        )
    if not stored.scopes_known:
        _report(
            "GitHub does not tell what this token may do, because it is fine-grained or an app's. Make sure that it has "
            f"the permissions {token_scopes.PERMISSIONS}."
        )
    return 0


def _recover(options: argparse.Namespace) -> int:
    account, names = _find(options)
    login.require_state(account, names)
    name = options.stack or login.stack_name(names, Path.cwd())
    stack = recover.Stack(account=account, names=names, name=name, pulumi=engine(account, names, name), report=_report)
    decided: dict[str, str | None] = dict.fromkeys(options.not_made)
    for made in options.made:
        # An identifier may contain "=", a URN does not.
        urn, separator, identifier = made.partition("=")
        if not separator or not identifier:
            raise BootstrapError(f"--made {made}: give URN=ID.")
        decided[urn] = identifier
    resolutions = recover.recover(stack, decided, break_lock=options.break_lock)
    for resolution in resolutions:
        _print(f"  {resolution.urn.rpartition('::')[2]:<40} {resolution.identifier or 'was not made'}")
        for other in resolution.others:
            _print(
                f"  {'':<40} {other} was made as well: the state does not have it, so delete it unless something uses it"
            )
    _print(f"{name} can be updated again: pulumi up --stack {name}")
    return 1 if any(resolution.others for resolution in resolutions) else 0


def _doctor(options: argparse.Namespace) -> int:
    account, names = _find(options)
    healthy = True
    for finding in doctor.examine(account, names, os.environ.get("GITHUB_TOKEN"), folder=options.settings):
        healthy = healthy and finding.fine
        _print(f"{'ok  ' if finding.fine else 'TODO'}  {finding.subject:<18} {finding.message}")
    return 0 if healthy else 1


def _describe(options: argparse.Namespace) -> int:
    for name, value in settings_file.describe(options.file).items():
        _print(f"{name}={value}")
    return 0


def _stacks(_: argparse.Namespace) -> int:
    found = settings_file.stacks_by_environment(Path())
    for environment, stacks in found.items():
        _print(f"{environment}={json.dumps(stacks)}")
    _print(f"all={json.dumps([stack for stacks in found.values() for stack in stacks])}")
    return 0


def _preview(options: argparse.Namespace) -> int:
    # The engine writes to the same streams: what is said before it must not appear after it.
    def report(line: str) -> None:
        _print(line)
        sys.stdout.flush()

    return preview.preview(options.stack, Path(), preview.run_in(Path()), report)


def _drift(options: argparse.Namespace) -> int:
    for line in drift.find(options.stack, Path(), drift.capture_in(Path())):
        _print(line)
    return 0


def _drift_issue(options: argparse.Namespace) -> int:
    _print(drift_issue.tell(options.stack, sys.stdin.read().strip(), os.environ))
    return 0


def _find(options: argparse.Namespace) -> tuple[Account, Names]:
    account = connect(options.region)
    unit = options.unit or login.unit_of(account, options.environment)
    return account, Names(unit=unit, environment=options.environment)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _report(line: str) -> None:
    # Shells evaluate standard output, so progress and errors go elsewhere.
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
