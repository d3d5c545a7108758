"""Handlers of functions are imported as Lambda's runtime does: the module is everything before the last dot."""

import io
import json
import zipfile
from typing import Any

from tests.sandbox_aws.account import Account, trust

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


def test_a_handler_in_a_package_is_imported_by_its_dotted_path(dev: Account) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for name, content in FILES.items():
            files.writestr(name, content)
    functions: Any = dev.client("lambda")
    functions.create_function(
        FunctionName="dotted",
        Runtime="python3.12",
        Handler="functions.greeter.handler.handler",
        Role=dev.role("functions-dotted", trust=trust("lambda.amazonaws.com")),
        Code={"ZipFile": archive.getvalue()},
    )
    answer = json.loads(functions.invoke(FunctionName="dotted", Payload=b"{}")["Payload"].read())
    assert answer == {
        "module": "functions.greeter.handler",
        "package": "functions.greeter",
        "word": "hello",
        "known": True,
    }
