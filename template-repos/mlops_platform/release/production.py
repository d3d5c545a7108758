"""Say what the branch `production` asks for, where models are released by pull requests to it.

`release.json` on that branch names the version that production serves, or says that it is retired. Needs only the standard
library, so that a workflow can run it before anything is installed: `python3 -m mlops_platform.release.production` prints outputs of
a step. `pull_request.py` makes the changes that people propose; the platform proposes each version that preproduction has tested.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from mlops_platform import REPOSITORY
from mlops_platform.release import DeploymentError
from mlops_platform.release.version import ARN

FILE = REPOSITORY / "release.json"
RETIRED = {"retired": True}
"""Content of the file by which production is retired."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def workflow_outputs(file: Path) -> str:
    """Return what is to be done: `deploy` with the version and the digest of its artifact, `retire`, or `nothing`.

    Raises:
        DeploymentError: the file asks for nothing that there is.
    """
    if not file.is_file():
        # The branch was just opened.
        return "action=nothing\n"
    try:
        content: Any = json.loads(file.read_text())
    except ValueError:
        content = None
    if content == RETIRED:
        return "action=retire\n"
    match content:
        case {"model_package_arn": str(arn), "artifact_sha256": str(digest), **others} if not others:
            if ARN.fullmatch(arn) and _SHA256.fullmatch(digest):
                return f"action=deploy\nmodel_package_arn={arn}\nartifact_sha256={digest}\n"
        case _:
            pass
    raise DeploymentError(
        f"{file.name} must name a version by model_package_arn and artifact_sha256, and nothing else, or be {json.dumps(RETIRED)}"
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(workflow_outputs(FILE))
    except DeploymentError as error:
        sys.exit(str(error))
