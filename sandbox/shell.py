"""A shell in the sandbox: pulumi, aws, git and curl work there as they would against the real accounts.

The aws command line has a profile for each deploy role (`dev`, `preprod`, `prod`), each account's administrator
(`prod-admin`) and each Studio user (by name). A deploy role may do what a deployment does, and lists no endpoints;
administrators see everything. Profiles fetch new credentials whenever the old ones expire.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import engine_arguments, environments, failures, identities, login, paths, servers, stacks
from sandbox.organization import DATA_SCIENTIST, ENVIRONMENTS, LEAD_DATA_SCIENTIST, PLATFORM_ENGINEER
from sandbox.servers import Servers

PROFILE_FILE = paths.SANDBOX / "aws-profiles"
AWS_COMMAND_LINE = "awscli==1.45.11"
"""Run by uv where the machine has no `aws` of its own."""

DEFAULT_PROFILE = "dev"
FETCHED = (*ENVIRONMENTS, LEAD_DATA_SCIENTIST.login, DATA_SCIENTIST.login)
"""Profiles whose credentials are fetched: those of the deploy roles, and of the people who have a user profile in Studio."""
CHANGES_OF_SETTINGS = frozenset({"cp", "refresh", "rm", "rm-all", "set", "set-all"})
"""Commands of `pulumi config` that write the stack's file."""

_PULUMI = """#!/bin/sh
# Logs in to the state of the named stack, then calls the engine. In production, a person does the first part by hand:
# eval "$(python -m bootstrap login --unit … --environment …)"
exec '{python}' -m sandbox.shell pulumi "$@"
"""


class UnknownProfileError(Exception):
    """A profile that has no credentials to fetch; the message names those that have."""


class CallError(Exception):
    """A call of the engine that the sandbox does not make; the message says what to do instead."""


def environment(found: Servers) -> dict[str, str]:
    """Return the environment of a shell, after writing the profiles and programs that it needs."""
    dev = stacks.find("dev", found)
    _write_profiles(dev.region)
    paths.PROGRAMS.mkdir(parents=True, exist_ok=True)
    _write_program("pulumi", _PULUMI.format(python=sys.executable))
    if shutil.which("aws") is None:
        _write_program(
            "aws", f"#!/bin/sh\nexec '{environments.uv()[0]}' tool run --from '{AWS_COMMAND_LINE}' aws \"$@\"\n"
        )
    client = login.environment(found, dev, {"AWS_PROFILE": DEFAULT_PROFILE, "AWS_CONFIG_FILE": str(PROFILE_FILE)})
    return client | {
        "GITHUB_URL": found.github.url,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{found.github.url}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {found.tokens[PLATFORM_ENGINEER.login]}",
        "PATH": os.pathsep.join((str(paths.PROGRAMS), client["PATH"])),
        "PYTHONPATH": str(paths.CHECKOUT),
    }


def enter(command: str | None) -> None:
    """Replace this process by a shell in the sandbox; with a command, by that command in a shell."""
    found = servers.require()
    variables = environment(found)
    os.chdir(paths.CHECKOUT)
    if command is not None:
        os.execve("/bin/sh", ["/bin/sh", "-c", command], variables)
    sys.stdout.write(
        f"The sandbox: in AWS you are the profile {DEFAULT_PROFILE}, until you choose another (export AWS_PROFILE=…); at GitHub you are "
        f"{PLATFORM_ENGINEER.login}, who {PLATFORM_ENGINEER.part}.\n"
    )
    sys.stdout.flush()
    shell = os.environ.get("SHELL", "/bin/sh")
    os.execve(shell, [shell, *prompt(shell)], variables)


def prompt(shell: str) -> Sequence[str]:
    """Return options by which a bash shows, in each prompt, as whom it acts in AWS; other shells keep their prompt."""
    if Path(shell).name != "bash":
        return ()
    file = paths.PROGRAMS / "bashrc"
    file.write_text(
        "[ ! -f ~/.bashrc ] || . ~/.bashrc\n"
        "PS1='(sandbox: ${AWS_PROFILE:-no profile}) '\"$PS1\"\n"
        # What the person's own file put before them would hide the sandbox's programs.
        f"PATH={shlex.quote(str(paths.PROGRAMS))}:$PATH\n"
    )
    return ("--rcfile", str(file))


def pulumi(arguments: Sequence[str]) -> None:
    """Replace this process by the engine, logged in to the state of the stack that the arguments name.

    Raises:
        CallError: the call would not do what it says; nothing was run.
    """
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    name = _stack(arguments, os.environ)
    stack = stacks.write(name, found)
    as_deployer = login.deployer(found, stack)
    os.chdir(paths.STACKS)
    # Otherwise the engine takes the stack that was last selected, whose state is in another bucket.
    os.execve(paths.ENGINE / "pulumi", ["pulumi", *arguments], as_deployer | {"PULUMI_STACK": name})


def credentials(profile: str) -> dict[str, object]:
    """Return the credentials of a profile, in the form that the aws command line expects of a program.

    Raises:
        UnknownProfileError: there is no such profile.
    """
    if profile not in FETCHED:
        raise UnknownProfileError(
            f"there is no profile {profile!r}; profiles: {', '.join(FETCHED)}. Others have no user profile in Studio: "
            "who releases models does so at GitHub (python -m sandbox release)"
        )
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    if profile in ENVIRONMENTS:
        identity = identities.deploy(found, stacks.find(profile, found))
    else:
        dev = stacks.find("dev", found)
        domain = stacks.output(dev, login.deployer(found, dev), "studioDomainId")
        identity = identities.studio(found, dev, domain=domain, profile=profile)
    return {
        "Version": 1,
        "AccessKeyId": identity["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": identity["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": identity["AWS_SESSION_TOKEN"],
    }


def _stack(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the stack of a call of the engine, after checking that it is one that can be made here."""
    try:
        call = engine_arguments.read(arguments, environment)
    except ValueError as error:
        raise CallError(f"pulumi: {error}") from error
    name, command = call.stack, tuple(call.words[:2])
    if name not in ENVIRONMENTS:
        raise CallError(f"the sandbox has no stack {name!r}; choose one of {', '.join(ENVIRONMENTS)} by -s")
    if command in {("stack", "select"), ("stack", "init")}:
        raise CallError(
            "each stack of the sandbox exists and has a state of its own, so none is selected: name it in each command "
            "(-s prod), or for all of them (export PULUMI_STACK=prod)"
        )
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        value = environment.get(variable, DEFAULT_PROFILE)
        if value not in (DEFAULT_PROFILE, name):
            raise CallError(
                f"pulumi works on {name} as its deploy role, not by your {variable}: unset {variable} and run it again"
            )
    if command[:1] == ("config",) and command[1:] and command[1] in CHANGES_OF_SETTINGS:
        sys.stderr.write(
            f"This changes the sandbox only, in {paths.STACKS / f'Pulumi.{name}.yaml'}; to keep it, change Pulumi.{name}.yaml.\n"
        )
    return name


def _write_profiles(region: str) -> None:
    fetched = {
        profile: f"credential_process = {sys.executable} -m sandbox credentials {profile}\n" for profile in FETCHED
    }
    administrators = {
        f"{name}-admin": "".join(
            f"{key.lower()} = {value}\n" for key, value in identities.root(stacks.account_id(name)).items()
        )
        for name in ENVIRONMENTS
    }
    PROFILE_FILE.write_text(
        "".join(
            f"[profile {profile}]\nregion = {region}\n{credentials}\n"
            for profile, credentials in (fetched | administrators).items()
        )
    )


def _write_program(name: str, text: str) -> None:
    path: Path = paths.PROGRAMS / name
    path.write_text(text)
    path.chmod(0o755)


def main(arguments: Sequence[str]) -> int:
    """Run the engine; return an exit status if it cannot be run."""
    try:
        pulumi(arguments)
    except (*failures.FAILURES, CallError) as error:
        sys.stderr.write(f"error: {failures.explain(error)}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
