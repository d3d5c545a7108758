"""Functions: handlers are imported as Lambda's runtime does, and aliases are names that policies tell apart."""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, Credentials, allow, trust
from tests.sandbox_aws.test_aws_permissions import refusal

FILES = {
    "functions/greeter/handler.py": """
import sys
from functions.shared import words

def handler(event, context):
    module = sys.modules[__name__]
    return {"module": __name__, "package": __package__, "word": words.WORD, "known": hasattr(module, "handler")}
""",
    "functions/shared/words.py": "WORD = 'hello'",
}


def create(account: Account, name: str, handler: str, files: Mapping[str, str]) -> Any:
    """Create a function, and return the account's client."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as archived:
        for path, content in files.items():
            archived.writestr(path, content)
    functions: Any = account.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler=handler,
        Role=account.role(f"functions-{name}", trust=trust("lambda.amazonaws.com")),
        Code={"ZipFile": archive.getvalue()},
    )
    return functions


def test_a_handler_in_a_package_is_imported_by_its_dotted_path(dev: Account) -> None:
    functions = create(dev, "dotted", "functions.greeter.handler.handler", FILES)
    answer = json.loads(functions.invoke(FunctionName="dotted", Payload=b"{}")["Payload"].read())
    assert answer == {
        "module": "functions.greeter.handler",
        "package": "functions.greeter",
        "word": "hello",
        "known": True,
    }


def test_functions_stand_back_behind_the_server_that_answers_them(dev: Account) -> None:
    # The server runs with the niceness of the tests; the highest is 19.
    source = "import os\ndef handler(event, context):\n    return os.nice(0)\n"
    functions = create(dev, "nice", "handler.handler", {"handler.py": source})
    answer = json.loads(functions.invoke(FunctionName="nice", Payload=b"{}")["Payload"].read())
    assert answer == min(os.nice(0) + 5, 19)


ALIASED = "arn:aws:lambda:eu-west-1:333333333333:function:aliased"
ECHO = {"handler.py": "def handler(event, context):\n    return context.invoked_function_arn\n"}


@pytest.fixture(scope="module")
def invoker(prod: Account) -> Credentials:
    """A role that may invoke the alias `one` of a function, which has another one."""
    functions = create(prod, "aliased", "handler.handler", ECHO)
    for alias in ("one", "two"):
        functions.create_alias(FunctionName="aliased", Name=alias, FunctionVersion="$LATEST")
    return prod.assume(prod.role("functions-invoker", allow("lambda:InvokeFunction", f"{ALIASED}:one")))


@pytest.mark.parametrize(
    "named", [{"FunctionName": "aliased", "Qualifier": "one"}, {"FunctionName": f"{ALIASED}:one"}], ids=str
)
def test_a_function_is_told_by_which_alias_it_is_invoked(
    prod: Account, invoker: Credentials, named: Mapping[str, str]
) -> None:
    answer = prod.client("lambda", invoker).invoke(**named, Payload=b"{}")
    assert json.loads(answer["Payload"].read()) == f"{ALIASED}:one"


@pytest.mark.parametrize(
    "named",
    [
        {"FunctionName": "aliased"},
        {"FunctionName": "aliased", "Qualifier": "two"},
        {"FunctionName": "aliased:two"},
        {"FunctionName": f"{ALIASED}:two"},
        {"FunctionName": "aliased", "Qualifier": "$LATEST"},
        {"FunctionName": f"{ALIASED}:one", "Qualifier": "two"},
    ],
    ids=str,
)
def test_a_permission_for_one_alias_is_none_for_the_function_or_another_alias(
    prod: Account, invoker: Credentials, named: Mapping[str, str]
) -> None:
    assert refusal(prod.client("lambda", invoker).invoke, **named, Payload=b"{}")[0] == "AccessDeniedException"


def test_a_permission_for_the_function_is_none_for_its_aliases(prod: Account, invoker: Credentials) -> None:
    del invoker
    whole = prod.client("lambda", prod.assume(prod.role("functions-whole", allow("lambda:InvokeFunction", ALIASED))))
    assert json.loads(whole.invoke(FunctionName="aliased", Payload=b"{}")["Payload"].read()) == ALIASED
    refused = refusal(whole.invoke, FunctionName="aliased", Qualifier="one", Payload=b"{}")
    assert refused[0] == "AccessDeniedException"


def test_reading_changing_and_deleting_an_alias_are_actions_of_their_own(prod: Account, invoker: Credentials) -> None:
    del invoker
    lister = prod.client("lambda", prod.assume(prod.role("functions-lister", allow("lambda:ListAliases", "*"))))
    for operation in ("get_alias", "update_alias", "delete_alias"):
        assert refusal(getattr(lister, operation), FunctionName="aliased", Name="one")[0] == "AccessDeniedException"


def test_a_function_s_policy_names_only_roles_that_exist(prod: Account) -> None:
    functions = create(prod, "named", "handler.handler", ECHO)
    permission = {"FunctionName": "named", "StatementId": "x", "Action": "lambda:InvokeFunction"}
    absent = "arn:aws:iam::111111111111:role/absent"
    code, message = refusal(functions.add_permission, **permission, Principal=absent)
    assert (code, "The provided principal was invalid" in message) == ("InvalidParameterValueException", True)


def test_a_function_of_another_account_is_invoked_where_it_is_by_whom_its_policy_names(
    dev: Account, prod: Account
) -> None:
    arn = "arn:aws:lambda:eu-west-1:333333333333:function:foreign"
    functions = create(prod, "foreign", "handler.handler", ECHO)
    named = dev.role("foreign-caller", allow("lambda:InvokeFunction", arn))
    functions.add_permission(FunctionName="foreign", StatementId="x", Action="lambda:InvokeFunction", Principal=named)
    answer = dev.client("lambda", dev.assume(named)).invoke(FunctionName=arn, Payload=b"{}")
    assert json.loads(answer["Payload"].read()) == arn
    for stranger in (
        dev.assume(dev.role("foreign-stranger", allow("lambda:InvokeFunction", arn))),
        dev.assume(dev.role("foreign-other", allow("lambda:InvokeFunction", arn.replace("foreign", "other")))),
        None,
    ):
        refused = refusal(dev.client("lambda", stranger).invoke, FunctionName=arn, Payload=b"{}")
        assert refused[0] == "AccessDeniedException"


def test_an_answer_in_a_stream_is_an_invocation(prod: Account, invoker: Credentials) -> None:
    functions = prod.client("lambda", invoker)
    refused = refusal(functions.invoke_with_response_stream, FunctionName="aliased", Qualifier="two")
    assert (refused[0], "lambda:InvokeFunction" in refused[1]) == ("AccessDeniedException", True)
    answer = functions.invoke_with_response_stream(FunctionName="aliased", Qualifier="one")
    assert [*answer["EventStream"]][-1].keys() == {"InvokeComplete"}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("put_function_code_signing_config", {"FunctionName": "aliased", "CodeSigningConfigArn": "arn"}),
        ("delete_function_code_signing_config", {"FunctionName": "aliased"}),
        ("get_function_code_signing_config", {"FunctionName": "aliased"}),
        ("create_code_signing_config", {"AllowedPublishers": {"SigningProfileVersionArns": ["arn"]}}),
        ("delete_function_concurrency", {"FunctionName": "aliased"}),
        ("delete_function_url_config", {"FunctionName": "aliased"}),
        ("put_function_event_invoke_config", {"FunctionName": "aliased"}),
    ],
)
def test_every_operation_takes_the_permission_of_its_name(
    prod: Account, invoker: Credentials, operation: str, arguments: dict[str, Any]
) -> None:
    action = "".join(word.capitalize() for word in operation.split("_"))
    refused = refusal(getattr(prod.client("lambda", invoker), operation), **arguments)
    assert (refused[0], f"lambda:{action} " in refused[1]) == ("AccessDeniedException", True), refused


def test_an_update_of_code_that_is_tried_replaces_nothing(dev: Account) -> None:
    functions = create(dev, "tried", "handler.handler", ECHO)
    before = functions.get_function_configuration(FunctionName="tried")["CodeSha256"]
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("handler.py", "another")
    update = {"FunctionName": "tried", "ZipFile": other.getvalue()}
    assert functions.update_function_code(**update, DryRun=True)["CodeSha256"] == before
    assert functions.get_function_configuration(FunctionName="tried")["CodeSha256"] == before
    assert functions.update_function_code(**update)["CodeSha256"] != before
    reader = dev.client("lambda", dev.assume(dev.role("functions-reader", allow("lambda:GetFunctionConfiguration"))))
    assert refusal(reader.update_function_code, **update, DryRun=True)[0] == "AccessDeniedException"
