"""The configuration's schema, as `Pulumi.yaml` carries it."""

from pathlib import Path

import yaml

from settings.problems import NAMESPACE
from settings.stack import Settings

PROJECT_FILE = Path(__file__).parents[1] / "Pulumi.yaml"


def project_file() -> str:
    """Return the text of Pulumi.yaml: how the program runs, and the schema of its configuration."""
    settings: dict[str, object] = {}
    for name, field in Settings.model_json_schema()["properties"].items():
        kind = field.get("type", "object")
        unset: object = "" if kind == "string" else {}
        default = field.get("default", unset)
        settings[name] = {
            "type": kind,
            "description": field["description"],
            "default": unset if default is None else default,
        }
    project = {
        "name": NAMESPACE,
        "description": "A secure, multi-account MLOps platform on AWS.",
        "runtime": {"name": "python", "options": {"toolchain": "uv", "virtualenv": ".venv"}},
        "config": {"pulumi:disable-default-providers": {"value": ["*"]}, **settings},
    }
    header = "# Written by `python -m settings`; change settings/ instead.\n"
    return header + yaml.safe_dump(project, sort_keys=False, width=120, allow_unicode=True)
