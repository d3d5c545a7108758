"""The command-line arguments of `python -m bootstrap`."""

import argparse
from pathlib import Path

from components.github.server import PUBLIC_SERVER


def parser() -> argparse.ArgumentParser:
    """Return the parser; `command` is the name of the chosen command."""
    root = argparse.ArgumentParser(
        prog="python -m bootstrap", description="Prepare an AWS account for the platform, and log in to its state."
    )
    commands = root.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--environment", required=True, help="dev, preprod, prod, ...")
    common.add_argument("--region", help="AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's)")
    existing = argparse.ArgumentParser(add_help=False, parents=[common])
    existing.add_argument("--unit", help="business unit (default: the only one bootstrapped here)")

    _add_up_options(commands.add_parser("up", parents=[common], help="create or update what Pulumi needs to run"))
    login = commands.add_parser("login", parents=[existing], help="print shell commands that select the stack")
    login.add_argument(
        "--stack", help="Pulumi stack (default: the environment, or UNIT-ENVIRONMENT if it has settings)"
    )
    token = commands.add_parser(
        "github-token", parents=[existing], help="store the GitHub token given on standard input"
    )
    token.add_argument("--github-url", help="GitHub server (default: the one that the platform was deployed with)")
    _add_recover_options(
        commands.add_parser("recover", parents=[existing], help="repair a stack after an update was killed")
    )
    doctor = commands.add_parser("doctor", parents=[existing], help="report what is in place, and what to do next")
    doctor.add_argument(
        "--settings",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="folder of the stacks' settings (default: this one)",
    )
    describe = commands.add_parser(
        "describe", help="print what a workflow must know about a stack, as NAME=VALUE lines"
    )
    describe.add_argument("file", type=Path, help="the stack's settings, such as Pulumi.dev.yaml")
    commands.add_parser(
        "stacks", help="print the stacks of this folder for a workflow, as ENVIRONMENT=LIST lines, and all of them"
    )
    preview = commands.add_parser(
        "preview", help="preview a stack of this folder with a role that only reads; nothing is written"
    )
    preview.add_argument("stack", help="the stack, as in Pulumi.STACK.yaml")
    drift = commands.add_parser(
        "drift", help="print how a stack's account differs from the program, in Markdown; nothing is written"
    )
    drift.add_argument("stack", help="the stack, as in Pulumi.STACK.yaml")
    issue = commands.add_parser(
        "drift-issue",
        help="open, change or close a stack's issue about drift, whose text is standard input; for a workflow",
    )
    issue.add_argument("stack", help="the stack, as in Pulumi.STACK.yaml")
    return root


def _add_up_options(up: argparse.ArgumentParser) -> None:
    up.add_argument("--unit", required=True, help="business unit, first part of every name")
    up.add_argument(
        "--parts",
        choices=["development", "workload", "both", "none"],
        help="sections that the settings of the environment have, which decide the roles that it may create (default: those in "
        "the Pulumi.*.yaml of the environment in this folder)",
    )
    up.add_argument("--github-org", required=True, help="organization that owns the platform's repository")
    up.add_argument("--github-repository", default="mlops-platform", help="the platform's repository (%(default)s)")
    up.add_argument("--github-url", default=PUBLIC_SERVER, help="GitHub server (%(default)s)")
    up.add_argument("--github-api-url", help="its REST API (default: derived from the server)")
    up.add_argument("--oidc-issuer", help="issuer of the tokens of its Actions (default: derived from the server)")
    up.add_argument(
        "--oidc-subjects",
        choices=["immutable", "legacy", "both"],
        help="form of the tokens' subjects: with numeric ids (default on github.com and GHE.com), without (default on Enterprise Server)",
    )
    up.add_argument(
        "--github-org-id",
        type=int,
        help="numeric id (default: looked up on GitHub, with GITHUB_TOKEN if it is set); with ids, nothing is looked up, so "
        "spell both names as GitHub spells them",
    )
    up.add_argument("--github-repository-id", type=int, help="numeric id of the repository")


def _add_recover_options(recover: argparse.ArgumentParser) -> None:
    recover.add_argument("--stack", help="Pulumi stack (default: as for login)")
    recover.add_argument(
        "--break-lock", action="store_true", help="release the lock even if someone else's update left it"
    )
    recover.add_argument(
        "--made",
        action="append",
        default=[],
        metavar="URN=ID",
        help="a resource that was created, if it cannot be found automatically",
    )
    recover.add_argument(
        "--not-made", action="append", default=[], metavar="URN", help="a resource that was not created"
    )
