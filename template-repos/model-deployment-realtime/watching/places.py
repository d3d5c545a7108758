"""Places in the account's bucket: what an endpoint captures, the truth about it, and what is found in it.

All keys begin with the same folder for all projects: S3 expires objects by the beginning of their keys, and the account has one
rule for all of them. Truth lies with the requests that it is about, and is gone when they are.
"""

from mlops_platform.release.project import Environment, Project

CAPTURED, WATCHED = "captured", "watched"
PLACEHOLDER = "placeholder"
"""Object among the captured requests of each version, and among the truth: an input without any object fails a job."""
TEXT = b"Keeps this folder from being empty, which a job could not read.\n"
"""Content of the placeholders. Captured requests are longer: the account's bucket lets objects of up to 100 bytes never expire."""


def captured_uri(project: Project, environment: Environment, version: int) -> str:
    """Return the S3 URI below which the requests to a version are captured, without a slash at its end.

    By version: its requests are compared with the rows that it was trained on, and a rollback begins with none of the others.
    """
    return f"s3://{environment.artifacts_bucket}/{captured_key(project, version)}"


def captured_key(project: Project, version: int) -> str:
    """Return the beginning of the keys of a version's captured requests, without a slash at its end."""
    return f"{CAPTURED}/{project.id}/v{version}"


def truth_uri(project: Project, environment: Environment) -> str:
    """Return the S3 URI below which people and systems bring the truth about requests, without a slash at its end.

    Of all versions: whoever brings it knows which request it is about, and not which version answered.
    """
    return f"s3://{environment.artifacts_bucket}/{truth_key(project)}"


def truth_key(project: Project) -> str:
    """Return the beginning of the keys of the truth about requests, without a slash at its end."""
    return f"{CAPTURED}/{project.id}/truth"


def watched_uri(project: Project, environment: Environment, version: int) -> str:
    """Return the S3 URI of the folder with a folder for each run that watched a version, without a slash at its end."""
    return f"s3://{environment.artifacts_bucket}/{WATCHED}/{project.id}/v{version}"
