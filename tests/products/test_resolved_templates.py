"""The resources and outputs of the published templates: they change only together with `resolved/`."""

import json

import pytest

from tests.products.resolution import FOLDER, PUBLISHED, canonical, published, publishing, resolution
from tests.rendering import Renderings


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_template_makes_exactly_what_was_looked_at(rendered: Renderings, name: str) -> None:
    rendering = publishing(rendered, name)
    found = resolution(published(rendering, name), rendering)
    expected = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))

    for section in ("Resources", "Outputs"):
        assert set(found[section]) == set(expected[section]), section
        for logical_id, resource in expected[section].items():
            assert found[section][logical_id] == resource, f"{section} {logical_id}"
    assert found == expected


def test_every_file_is_of_a_published_template_and_is_written_as_the_writer_would() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(PUBLISHED)
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8")
        assert canonical(json.loads(text)) == text


def test_nothing_that_the_platform_knows_is_left_open() -> None:
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8")
        assert "AWS::AccountId" not in text
        assert "{{resolve:" not in text
        assert "Fn::FindInMap" not in text
