"""Write what is generated from the declarations of the settings: `Pulumi.yaml` and docs/settings.md."""

from settings.reference import PAGE, page
from settings.schema import PROJECT_FILE, project_file

PROJECT_FILE.write_text(project_file(), encoding="utf-8")
PAGE.write_text(page(), encoding="utf-8")
