"""`python -m bootstrap up|login|github-token|recover|doctor|describe|stacks`."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from bootstrap import credential, doctor, github, login, recover, settings_file, up
from bootstrap.account import Account, connect
from bootstrap.names import Names
from bootstrap.problem import ProblemError
from bootstrap.stack import StackKeeper


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when everything is as it should be."""
    options = _parser().parse_args(arguments)
    commands = {
        "up": _up,
        "login": _login,
        "github-token": _github_token,
        "recover": _recover,
        "doctor": _doctor,
        "describe": _describe,
        "stacks": _stacks,
    }
    try:
        return commands[options.command](options)
    except ProblemError as problem:
        _say(f"bootstrap: {problem}")
    except (BotoCoreError, ClientError) as error:
        _say(f"bootstrap: AWS refuses: {error}")
    return 1


def _up(options: argparse.Namespace) -> int:
    names = Names(unit=options.unit, environment=options.environment)
    server = github.Server.at(options.github_url, api_url=options.github_api_url, issuer=options.oidc_issuer)
    form: github.SubjectForm = options.oidc_subjects or server.default_subjects
    ids = None if form == "legacy" else _repository(options, server)
    account = connect(options.region)
    _say(f"Account {account.account_id}, {account.region}, as {account.caller}.")
    trusted = up.trust(server, options.github_org, options.github_repository, ids, form, names.environment)
    keeper = StackKeeper(cloudformation=account.client("cloudformation"), name=names.stack, report=_say)
    outcome, outputs = up.up(account, names, trusted, keeper)
    verdict = {"created": "is bootstrapped", "updated": "is up to date now", "unchanged": "is unchanged"}[outcome]
    _answer(f"{names.prefix} {verdict}.\n")
    for name, value in sorted(outputs.items()):
        _answer(f"  {name:<16} {value}")
    _answer("\nTo work on its stack, paste:\n")
    _answer("\n".join(login.commands(account, names, login.stack_name(names, Path.cwd()))))
    return 0


def _repository(options: argparse.Namespace, server: github.Server) -> github.Repository:
    if (options.github_org_id is None) != (options.github_repository_id is None):
        raise ProblemError("Give both --github-org-id and --github-repository-id, or neither.")
    if options.github_org_id is None:
        token = os.environ.get("GITHUB_TOKEN")
        return github.find_repository(server, options.github_org, options.github_repository, token)
    return github.Repository(
        organization=options.github_org,
        name=options.github_repository,
        organization_id=options.github_org_id,
        repository_id=options.github_repository_id,
    )


def _login(options: argparse.Namespace) -> int:
    account, names = _find(options)
    stack = options.stack or login.stack_name(names, Path.cwd())
    _answer("\n".join(login.commands(account, names, stack)))
    return 0


def _github_token(options: argparse.Namespace) -> int:
    account, names = _find(options)
    # Never as an argument: a command line is there for every process of the machine to read.
    token = getpass.getpass("GitHub token: ") if sys.stdin.isatty() else sys.stdin.read()
    stored = credential.store(account, names, token, options.github_url)
    verdict = "stored" if stored.changed else "unchanged"
    _answer(f"{names.prefix}: the token of {stored.owner} is {verdict}.")
    return 0


def _recover(options: argparse.Namespace) -> int:
    account, names = _find(options)
    name = options.stack or login.stack_name(names, Path.cwd())
    stack = recover.Stack(
        account=account, names=names, name=name, pulumi=recover.engine(account, names, name), say=_say
    )
    decided: dict[str, str | None] = dict.fromkeys(options.not_made)
    for made in options.made:
        # An identifier may contain "=", a URN does not.
        urn, separator, identifier = made.partition("=")
        if not separator or not identifier:
            raise ProblemError(f"--made {made}: give URN=ID.")
        decided[urn] = identifier
    resolutions = recover.recover(stack, decided, break_lock=options.break_lock)
    for resolution in resolutions:
        _answer(f"  {resolution.urn.rpartition('::')[2]:<40} {resolution.identifier or 'was not made'}")
        for other in resolution.others:
            _answer(
                f"  {'':<40} {other} was made, too: the state does not have it, so delete it unless something uses it"
            )
    _answer(f"{name} can be updated again: pulumi up --stack {name}")
    return 1 if any(resolution.others for resolution in resolutions) else 0


def _doctor(options: argparse.Namespace) -> int:
    account, names = _find(options)
    healthy = True
    for finding in doctor.examine(account, names, os.environ.get("GITHUB_TOKEN")):
        healthy = healthy and finding.fine
        _answer(f"{'ok  ' if finding.fine else 'TODO'}  {finding.subject:<18} {finding.says}")
    return 0 if healthy else 1


def _describe(options: argparse.Namespace) -> int:
    for name, value in settings_file.describe(options.file).items():
        _answer(f"{name}={value}")
    return 0


def _stacks(_: argparse.Namespace) -> int:
    for stage, stacks in settings_file.stages(Path()).items():
        _answer(f"{stage}={json.dumps(stacks)}")
    return 0


def _find(options: argparse.Namespace) -> tuple[Account, Names]:
    account = connect(options.region)
    return account, Names(
        unit=options.unit or login.unit_of(account, options.environment), environment=options.environment
    )


def _answer(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(line: str) -> None:
    # Progress and problems stay out of what a shell evaluates.
    sys.stderr.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bootstrap", description="Prepare an AWS account for the platform, and log in to its state."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--environment", required=True, help="dev, preprod, prod, ...")
    common.add_argument("--region", help="AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's)")
    existing = argparse.ArgumentParser(add_help=False, parents=[common])
    existing.add_argument("--unit", help="business unit (default: the only one bootstrapped here)")

    create = commands.add_parser("up", parents=[common], help="create or update what must exist before Pulumi runs")
    create.add_argument("--unit", required=True, help="business unit, first part of every name")
    create.add_argument("--github-org", required=True, help="organization that owns the platform's repository")
    create.add_argument("--github-repository", default="mlops-platform", help="the platform's repository (%(default)s)")
    create.add_argument("--github-url", default=github.PUBLIC_SERVER, help="GitHub server (%(default)s)")
    create.add_argument("--github-api-url", help="its REST API (default: derived from the server)")
    create.add_argument("--oidc-issuer", help="issuer of its Actions' tokens (default: derived from the server)")
    create.add_argument(
        "--oidc-subjects",
        choices=["immutable", "legacy", "both"],
        help="form of the tokens' subjects: with numeric ids (default on github.com), without (default elsewhere)",
    )
    create.add_argument("--github-org-id", type=int, help="numeric id (default: asked of GitHub, with GITHUB_TOKEN)")
    create.add_argument("--github-repository-id", type=int, help="numeric id of the repository")

    enter = commands.add_parser("login", parents=[existing], help="print shell commands that select the stack")
    enter.add_argument(
        "--stack", help="Pulumi stack (default: the environment, or UNIT-ENVIRONMENT if it has settings)"
    )
    token = commands.add_parser(
        "github-token", parents=[existing], help="store the GitHub token given on standard input"
    )
    token.add_argument("--github-url", help="GitHub server (default: the one that the platform was deployed with)")
    repair = commands.add_parser(
        "recover", parents=[existing], help="put a stack right after a killed update, so that it can be run again"
    )
    repair.add_argument("--stack", help="Pulumi stack (default: as for login)")
    repair.add_argument(
        "--break-lock", action="store_true", help="release the lock even if somebody else's update left it"
    )
    repair.add_argument(
        "--made", action="append", default=[], metavar="URN=ID", help="what was made, if it cannot be found by itself"
    )
    repair.add_argument("--not-made", action="append", default=[], metavar="URN", help="what was not made")
    commands.add_parser("doctor", parents=[existing], help="say what is in place, and what to do next")
    describe = commands.add_parser("describe", help="print what a workflow must know of a stack, as NAME=VALUE lines")
    describe.add_argument("file", type=Path, help="the stack's settings, Pulumi.dev.yaml for one")
    commands.add_parser("stacks", help="print the stacks of this folder for a workflow, as ENVIRONMENT=LIST lines")
    return parser


if __name__ == "__main__":
    sys.exit(main())
