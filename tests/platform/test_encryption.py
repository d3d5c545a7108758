"""Keys: one for each purpose, used by those who need it, and never able to lock the account out."""

from fnmatch import fnmatchcase

from components.encryption.key import ADMINISTRATION
from tests.rendering import Rendering, Renderings


def test_an_environment_has_a_key_for_each_of_its_purposes(rendered: Renderings) -> None:
    def aliases(stack: str) -> set[str]:
        return {alias.inputs["name"] for alias in rendered(stack).all("Alias")}

    everywhere = ("data", "logs", "notifications")
    assert aliases("dev") == {f"alias/analytics-dev-{purpose}" for purpose in (*everywhere, "secrets", "studio")}
    assert aliases("preprod") == {f"alias/analytics-preprod-{purpose}" for purpose in everywhere}
    assert aliases("prod") == {f"alias/analytics-prod-{purpose}" for purpose in everywhere}


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


def test_no_key_policy_locks_its_account_out(stack: Rendering) -> None:
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


def test_only_this_environments_log_groups_use_the_log_key(stack: Rendering) -> None:
    statement = stack.one("Key", "encryption-logs-key").statements()["EncryptLogGroups"]
    assert statement["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    patterns = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    scope = f"arn:aws:logs:eu-west-1:{stack.account_id}:log-group:"
    groups = stack.all("LogGroup")
    assert groups
    for group in groups:
        assert any(fnmatchcase(f"{scope}{group.inputs['name']}", pattern) for pattern in patterns)
    assert not any(fnmatchcase(f"{scope}/aws/lambda/other-unit", pattern) for pattern in patterns)


def test_services_use_a_key_for_this_account_and_their_own_resources_only(stack: Rendering) -> None:
    on_behalf = {
        sid: statement
        for key in stack.all("Key")
        for sid, statement in key.statements().items()
        if "Service" in statement["Principal"] and sid != "EncryptLogGroups"
    }
    assert set(on_behalf) <= {"EncryptAlarms", "EncryptBudgetAlerts", "EncryptUndeliveredEvents"}
    for statement in on_behalf.values():
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": stack.account_id}


def test_only_this_environments_alarms_and_budgets_use_the_notifications_key(stack: Rendering) -> None:
    statements = stack.one("Key", "encryption-notifications-key").statements()
    services = [sid for sid, each in statements.items() if "Service" in each["Principal"]]
    assert services == ["EncryptAlarms", "EncryptBudgetAlerts"]
    alarms = statements["EncryptAlarms"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    assert alarms["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{stack.account_id}:alarm:{prefix}-*"
    }
    budgets = statements["EncryptBudgetAlerts"]
    assert budgets["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert budgets["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:budgets::{stack.account_id}:*"}


def test_events_that_could_not_be_delivered_are_kept_with_the_secrets_key(rendered: Renderings) -> None:
    statements = rendered("dev").one("Key", "encryption-secrets-key").statements()
    assert [sid for sid, each in statements.items() if "Service" in each["Principal"]] == ["EncryptUndeliveredEvents"]
    assert statements["EncryptUndeliveredEvents"]["Principal"] == {"Service": "events.amazonaws.com"}


def test_workload_accounts_decrypt_data_of_development_through_s3_only(rendered: Renderings) -> None:
    statement = rendered("dev").one("Key", "encryption-data-key").statements()["DecryptFromOtherAccounts"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"]}
    assert statement["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_no_other_account_uses_any_other_key(stack: Rendering, rendered: Renderings) -> None:
    for key in stack.all("Key"):
        for sid, statement in key.statements().items():
            if sid != "DecryptFromOtherAccounts":
                principal = statement["Principal"]
                assert (
                    principal.get("AWS", f"arn:aws:iam::{stack.account_id}:root")
                    == f"arn:aws:iam::{stack.account_id}:root"
                )
    assert "DecryptFromOtherAccounts" not in rendered("prod").one("Key", "encryption-data-key").statements()


def test_keys_outlive_the_stack_unless_a_setting_says_otherwise(stack: Rendering, rendered: Renderings) -> None:
    assert all(key.protected and key.retained for key in stack.all("Key"))
    disposable = rendered("preprod", {"keepDataOnDestroy": "false"})
    assert not any(key.protected or key.retained for key in disposable.all("Key"))
