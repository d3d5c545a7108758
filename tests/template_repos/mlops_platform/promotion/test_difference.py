"""The difference of two definitions that a pull request shows."""

from mlops_platform.pipeline.expressions import Json
from mlops_platform.promotion.difference import difference, markdown, readable

NAMES = {"arn:aws:kms:eu-west-1:111122223333:key/1-2": "data key", "subnet-1": "subnet 1", "subnet-12": "subnet 2"}


def definition(**changes: object) -> Json:
    arguments = {
        "RoleArn": "arn:aws:iam::111122223333:role/analytics-prod-p-abcdefghijkl-job",
        "Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0",
        "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/1-2",
        "Subnets": ["subnet-1", "subnet-12"],
        "Code": "s3://bucket/code/0123456789abcdef",
        **changes,
    }
    register = {"ModelPackageDescription": "Made from commit abc"}
    return {
        "Version": "2020-12-01",
        "Steps": [
            {"Name": "Train", "Type": "Training", "Arguments": arguments},
            {"Name": "Register", "Type": "RegisterModel", "Arguments": register},
        ],
    }


def test_only_what_changed_is_shown() -> None:
    lines = difference(definition(), definition(Code="s3://bucket/code/fedcba9876543210"), NAMES)
    changed = [line for line in lines if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))]
    assert [line.replace(" ", "") for line in changed] == [
        '-"Code":"s3://bucket/code/0123456789abcdef",',
        '+"Code":"s3://bucket/code/fedcba9876543210",',
    ]


def test_the_commit_alone_is_no_difference() -> None:
    other = definition()
    other["Steps"][1]["Arguments"]["ModelPackageDescription"] = "Made from commit def"
    assert difference(definition(), other, NAMES) == []


def test_names_stand_where_ids_of_an_account_were() -> None:
    text = "\n".join(readable(definition(), NAMES))
    assert "arn:" not in text
    assert "111122223333" not in text
    for expected in ("<analytics-prod-p-abcdefghijkl-job>", "<data key>", "<subnet 1>", "<subnet 2>", "<account>.dkr"):
        assert f'"{expected}' in text


def test_another_role_is_a_difference() -> None:
    lines = difference(definition(), definition(RoleArn="arn:aws:iam::111122223333:role/other"), NAMES)
    assert [line.split(":")[1] for line in lines if line.startswith("+ ")] == [' "<other>",']


def test_without_a_live_version_all_is_new_and_without_a_difference_the_report_says_so() -> None:
    lines = difference(None, definition(), NAMES)
    assert all(line.startswith(("+", "---", "@@")) for line in lines)
    assert markdown("prod", lines).startswith("### prod\n\n```diff\n--- live\n+++ proposed\n@@")
    assert markdown("prod", []) == "### prod\n\nThe pipeline that is live stays as it is.\n\n"


def test_no_text_in_a_definition_ends_the_block_in_which_it_is_shown() -> None:
    shown = markdown("prod", difference(None, definition(Code="```\n```"), NAMES))
    assert [line for line in shown.splitlines() if line.startswith("```")] == ["```diff", "```"]
