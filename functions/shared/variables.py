"""Environment variables of a function, by which its stack configures it."""

from collections.abc import Mapping

from functions.shared.github_api.errors import ExplainedError


def read_variables(environment: Mapping[str, str], names: Mapping[str, str], *, of: str) -> dict[str, str]:
    """Return the values of variables by the fields that they are for; `of` names the function in the message.

    Raises:
        ExplainedError: variables are missing; the message names all of them.
    """
    missing = [name for name in names.values() if not environment.get(name)]
    if missing:
        raise ExplainedError(f"{of} is not configured: {', '.join(missing)}; deploy the platform again")
    return {field: environment[name] for field, name in names.items()}
