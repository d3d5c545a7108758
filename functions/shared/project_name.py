"""Names that a new project may not have."""

import re

_ID = re.compile(r"(?:^|-)p-[a-z0-9]{12}")


def problem(name: str) -> str | None:
    """Return the reason to refuse a project's name, if it contains an id as SageMaker gives one to projects.

    Names of a project's resources are its own name and its id: such a name makes them begin like those of another project.
    """
    if _ID.search(name) is None:
        return None
    return f"the project's name {name!r} contains the id of a project, p- and 12 lower-case letters or digits: choose another"
