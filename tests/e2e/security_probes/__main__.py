"""`python -m tests.e2e.security_probes` makes calls that must be refused, in a sandbox where the demo has run.

It prints those that were not. Each actor has the credentials that it gets in production: people those of their Studio
profile, workflows those that AWS gives for their token. The account's root assumes the roles that only services assume,
after adding itself to their trust for a moment; their permissions do not change by that.
"""

import sys
from collections.abc import Iterator

from sandbox import environments, identities, login, servers, stacks
from tests.e2e.security_probes import evidence, github, people, projects, workflows
from tests.e2e.security_probes.credentials import become, clients, narrow_role, take_role, widen_role
from tests.e2e.security_probes.probe import PLATFORM, Client, Probe, outcome_of
from tests.e2e.security_probes.target import Target, find_target


def main() -> int:
    """Make all calls; return 1 if any was not refused."""
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    dev = stacks.write("dev", found)
    root = clients(identities.root(dev.account_id), dev.region)
    refused, worked = 0, list[str]()
    target = find_target(found, dev, root)
    try:
        for actor, probes in _actors(target, root):
            for description, call in probes:
                outcome = outcome_of(call)
                refused += outcome is None
                if outcome is not None:
                    worked.append(f"{actor}: {description}: {outcome}")
    finally:
        narrow_role(target, root)
    sys.stdout.write("".join(f"{line}\n" for line in [*worked, f"{refused} calls were refused."]))
    return 1 if worked else 0


def _actors(target: Target, root: Client) -> list[tuple[str, Iterator[Probe]]]:
    found, dev = target.found, target.dev
    workflow, preview, drift = (
        take_role(target, target.role(role), **job)
        for role, job in (
            (f"{target.project_id}-workflow", {"repository": target.repository, "environment": "dev"}),
            ("preview", {"repository": PLATFORM, "event": "pull_request"}),
            ("drift", {"repository": PLATFORM}),
        )
    )
    job, pipeline = (become(target, root, f"{target.project_id}-{purpose}") for purpose in ("job", "pipeline"))
    domain = stacks.output(dev, login.deployer(found, dev), "studioDomainId")
    studio = {
        name: clients(identities.studio(found, dev, domain=domain, profile=name), dev.region)
        for name in ("ada", "grace")
    }
    deploy, prod = clients(identities.deploy(found, dev), dev.region), stacks.write("prod", found)
    return [
        *((name, people.as_person(target, client, "lead-" * (name == "grace"))) for name, client in studio.items()),
        ("ada", people.as_data_scientist(target, studio["ada"])),
        ("a job of people", people.as_job(target, become(target, root, "job"))),
        ("grace", evidence.as_lead(target, studio["grace"])),
        *(
            (purpose, probes(target, client))
            for purpose, client in (("job", job), ("pipeline", pipeline), ("workflow", workflow))
            for probes in (projects.as_project, evidence.as_project)
        ),
        *(
            (purpose, projects.as_pull_request(target, become(target, root, f"{target.project_id}-{purpose}")))
            for purpose in ("trial-steps", "trial-job")
        ),
        ("job", evidence.as_job(target, job)),
        ("workflow", evidence.as_workflow(target, workflow)),
        ("owner", evidence.as_owner(target, root)),
        ("launch", projects.as_launch(target, become(target, root, "project-launch"))),
        ("cloner", projects.as_cloner(target, become(target, root, "template-cloner"))),
        ("preview", workflows.as_reader(target, preview)),
        ("drift", workflows.as_reader(target, drift)),
        ("deploy", workflows.as_deployer(target, deploy)),
        ("a role that deploy widened", workflows.as_widened_role(target, widen_role(target, deploy, root))),
        ("prod's deploy", workflows.as_deployer_of_models(prod, clients(identities.deploy(found, prod), prod.region))),
        ("foreign job", workflows.as_foreign_job(target)),
        ("writer", github.as_writer(target)),
        ("owner", github.as_owner(target)),
        ("release manager", github.as_release_manager(target)),
    ]


if __name__ == "__main__":
    sys.exit(main())
