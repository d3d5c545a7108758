"""Keys: one for each purpose, used by those who need it, and never able to lock the account out."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from components.encryption.key import ADMINISTRATION
from tests.rendering import Rendering, render_stack


def test_an_environment_has_a_key_for_each_purpose_that_it_has(rendered: Callable[[str], Rendering]) -> None:
    def aliases(stack: str) -> set[str]:
        return {alias.inputs["name"] for alias in rendered(stack).all("Alias")}

    assert aliases("dev") == {f"alias/analytics-dev-{purpose}" for purpose in ("data", "logs", "secrets", "studio")}
    assert aliases("preprod") == {"alias/analytics-preprod-data", "alias/analytics-preprod-logs"}
    assert aliases("prod") == {"alias/analytics-prod-data", "alias/analytics-prod-logs"}


def test_every_key_is_used(stack: Rendering) -> None:
    used = {
        name
        for resource in stack.resources
        if resource.type not in ("aws:kms/key:Key", "aws:kms/alias:Alias", "aws:iam/rolePolicy:RolePolicy")
        for name in [key.name for key in stack.all("Key")]
        if f":key/{name}" in str(resource.inputs)
    }
    assert used == {key.name for key in stack.all("Key")}


def test_keys_are_renewed_every_year_and_deleted_only_after_thirty_days(stack: Rendering) -> None:
    for key in stack.all("Key"):
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30


def test_no_key_can_be_locked_out_of_its_account(stack: Rendering) -> None:
    for key in stack.all("Key"):
        administration = key.statements()["AdministerThroughIam"]
        assert administration["Principal"] == {"AWS": f"arn:aws:iam::{stack.account_id}:root"}
        assert "kms:PutKeyPolicy" in administration["Action"]
        assert "Condition" not in administration
        assert "bypassPolicyLockoutSafetyCheck" not in key.inputs


def test_key_administration_does_not_decrypt() -> None:
    assert not {"kms:Decrypt", "kms:CreateGrant", "kms:GenerateDataKey"} & set(ADMINISTRATION)


def test_key_policies_name_every_action_that_aws_knows(stack: Rendering) -> None:
    for key in stack.all("Key"):
        for statement in key.statements().values():
            assert "kms:ReEncrypt" not in statement["Action"]
            assert not any("*" in action for action in statement["Action"])


def test_grants_are_for_services_only(stack: Rendering) -> None:
    for where, policy in stack.policies():
        for statement in policy["Statement"]:
            if "kms:CreateGrant" in statement["Action"]:
                assert statement["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}, where


def test_the_log_key_serves_this_environment_s_log_groups_alone(stack: Rendering) -> None:
    statement = stack.one("Key", "encryption-logs-key").statements()["EncryptLogGroups"]
    assert statement["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    patterns = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    scope = f"arn:aws:logs:eu-west-1:{stack.account_id}:log-group:"
    groups = stack.all("LogGroup")
    assert groups
    for group in groups:
        assert any(fnmatchcase(f"{scope}{group.inputs['name']}", pattern) for pattern in patterns)
    assert not any(fnmatchcase(f"{scope}/aws/lambda/other-unit", pattern) for pattern in patterns)


def test_models_accounts_decrypt_development_s_data_through_s3_alone(rendered: Callable[[str], Rendering]) -> None:
    statement = rendered("dev").one("Key", "encryption-data-key").statements()["DecryptFromOtherAccounts"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"]}
    assert statement["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_no_other_account_uses_any_other_key(stack: Rendering) -> None:
    for key in stack.all("Key"):
        for sid, statement in key.statements().items():
            if sid != "DecryptFromOtherAccounts":
                principal = statement["Principal"]
                assert (
                    principal.get("AWS", f"arn:aws:iam::{stack.account_id}:root")
                    == f"arn:aws:iam::{stack.account_id}:root"
                )
    assert "DecryptFromOtherAccounts" not in render_stack("prod").one("Key", "encryption-data-key").statements()


def test_keys_outlive_the_stack_unless_a_setting_says_otherwise(stack: Rendering) -> None:
    assert all(key.protected and key.retained for key in stack.all("Key"))
    disposable = render_stack("preprod", {"keepDataOnDestroy": "false"})
    assert not any(key.protected or key.retained for key in disposable.all("Key"))
