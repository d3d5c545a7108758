"""The model of a released artifact, asked as its endpoint would be asked: by its own `model_fn` and `transform_fn`.

Source: aws/sagemaker-containers, `_transformer.py`.
"""

import csv
import importlib
import io
import site
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CSV = "text/csv"
CODE = "code"
"""Folder of the model's code in its archive."""


class ModelError(Exception):
    """The model fails, or answers with something else than one line for each row; the message says what."""


class RefusedRowsError(Exception):
    """Rows that the model cannot use, by its own words."""


@dataclass(frozen=True)
class Model:
    """A loaded model."""

    inference: Any
    """The module that serves it."""
    loaded: Any
    """The result of its `model_fn`."""

    @classmethod
    def load(cls, folder: Path, program: str) -> "Model":
        """Load the model from its unpacked archive, by the module that the version names.

        Raises:
            ModelError: it has no such module, or the module does not serve.
        """
        code = folder / CODE
        if not (code / program).is_file():
            raise ModelError(f"the artifact has no {CODE}/{program}, by which the version says that it is served")
        site.addsitedir(str(code))  # behind the packages of the image, as its server installs it
        inference = importlib.import_module(Path(program).stem)
        for name in ("model_fn", "transform_fn"):
            if not hasattr(inference, name):
                raise ModelError(f"{program} of the artifact has no {name}")
        return cls(inference, inference.model_fn(str(folder)))

    def answers(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Return the model's answer to each row, a line of CSV.

        Raises:
            RefusedRowsError: the model answers that the rows are the mistake of whoever sent them.
            ModelError: it answers with another failure, or with more or fewer lines than rows.
        """
        request = io.StringIO()
        csv.writer(request, lineterminator="\n").writerows(rows)
        answer: Any = self.inference.transform_fn(self.loaded, request.getvalue(), CSV, CSV)
        body = answer[0] if isinstance(answer, tuple) else answer
        if hasattr(body, "status_code"):  # an answer of Flask's, which the image serves with
            text, status = body.get_data(as_text=True).strip(), int(body.status_code)
            if 400 <= status < 500:
                raise RefusedRowsError(text)
            if status != 200:
                raise ModelError(f"the model answers {len(rows)} rows with {status}: {text[:500]}")
            body = text
        lines = [line.rstrip("\r") for line in _text(body).split("\n") if line.strip()]
        if len(lines) != len(rows):
            raise ModelError(f"the model answers {len(rows)} rows with {len(lines)} lines")
        return lines


def _text(body: str | bytes) -> str:
    return body.decode() if isinstance(body, bytes) else body
