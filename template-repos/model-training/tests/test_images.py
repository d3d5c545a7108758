"""The dependency groups that stand for SageMaker's images."""

import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pipeline import images

from mlops_platform import REPOSITORY

GROUPS: dict[str, list[Any]] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["dependency-groups"]
PACKAGES: dict[str, dict[str, str]] = tomllib.loads((REPOSITORY / "pipeline" / "image-packages.toml").read_text())
STAND_INS = {"xgboost-cpu": "xgboost"}
"""Packages that have another name here than in the image."""
PYTHON_OF_THE_IMAGES = {"python_version": "3.12", "python_full_version": "3.12.0"}
WHAT_TO_DO = (
    "jobs and endpoints are isolated and install nothing, so its import fails on AWS. Copy code that is pure Python into "
    "steps/ (and name it in CODE_OF_THE_ENDPOINT of steps/train.py if a prediction needs it). Anything else needs a "
    "container of your own, which the project's roles may not run yet: ask the team of the platform"
)


def requirements(groups: dict[str, list[Any]], group: str) -> list[Requirement]:
    """Return what a group asks for, with the groups that it includes."""
    found: list[Requirement] = []
    for entry in groups[group]:
        found += [Requirement(entry)] if isinstance(entry, str) else requirements(groups, entry["include-group"])
    return found


def problems(groups: dict[str, list[Any]], group: str) -> list[str]:
    """Return in what a group differs from its image."""
    [image] = [image for image, its_group in images.GROUPS.items() if its_group == group]
    found: list[str] = []
    for each in requirements(groups, group):
        name = canonicalize_name(each.name)
        version = PACKAGES[group].get(STAND_INS.get(name, name))
        if version is None:
            found.append(f"{group} has {name}, which {image} lacks: {WHAT_TO_DO}")
        elif (each.marker is None or each.marker.evaluate(PYTHON_OF_THE_IMAGES)) and each.specifier != f"=={version}":
            found.append(f"{group} has {each}, but {image} has {version}: pin {name}=={version}")
    return found


def test_every_image_has_a_group_and_a_list_of_its_packages() -> None:
    assert set(images.GROUPS.values()) == set(PACKAGES)


@pytest.mark.parametrize("group", images.GROUPS.values())
def test_a_group_has_nothing_but_packages_of_its_image_in_the_images_versions(group: str) -> None:
    assert problems(GROUPS, group) == [], "\n".join(problems(GROUPS, group))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("lightgbm==4.6.0", "xgboost-image has lightgbm, which sagemaker-xgboost:3.2-0 lacks: jobs and endpoints are"),
        ({"include-group": "test"}, "xgboost-image has pytest, which sagemaker-xgboost:3.2-0 lacks: "),
        (
            "Scikit_Learn==1.9.0",
            "has Scikit_Learn==1.9.0, but sagemaker-xgboost:3.2-0 has 1.8.0: pin scikit-learn==1.8.0",
        ),
        ("requests", "has requests, but sagemaker-xgboost:3.2-0 has 2.33.0: pin requests==2.33.0"),
    ],
    ids=["a package", "a group", "another version", "any version"],
)
def test_what_the_image_lacks_is_reported_with_what_to_do(entry: Any, problem: str) -> None:
    [found] = problems({"xgboost-image": [*GROUPS["xgboost-image"], entry], "test": ["pytest>=9,<10"]}, "xgboost-image")
    assert problem in found


def test_a_package_of_the_image_may_be_added() -> None:
    assert problems({"xgboost-image": ["matplotlib==3.10.9", "numba==0.65.1"]}, "xgboost-image") == []
