"""Write the configuration's schema into `Pulumi.yaml`."""

from settings.schema import PROJECT_FILE, project_file

PROJECT_FILE.write_text(project_file(), encoding="utf-8")
