"""Facts that the deployed platform publishes in the Parameter Store."""

from botocore.exceptions import ClientError

from bootstrap import github
from bootstrap.account import Client, error_code, refusal_reason
from bootstrap.errors import BootstrapError
from bootstrap.names import Names


def deployed_server(ssm: Client, names: Names) -> github.Server:
    """Return the GitHub server that the platform was deployed for; its addresses need not follow from one another.

    Raises:
        BootstrapError: the platform isn't deployed in this account and region.
    """
    return github.Server.at(
        deployed_parameter(ssm, names, "github/server-url"),
        api_url=deployed_parameter(ssm, names, "github/api-url"),
        issuer=deployed_parameter(ssm, names, "github/oidc-issuer"),
    )


def deployed_parameter(ssm: Client, names: Names, path: str) -> str:
    """Return the value of the platform's parameter at `path`, such as `github/organization`.

    Raises:
        BootstrapError: the platform isn't deployed in this account and region.
    """
    name = names.parameter(path)
    try:
        return ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if error_code(error) == "ParameterNotFound":
            raise BootstrapError(
                f"The platform is not deployed in {names.environment} yet (no SSM parameter {name}): deploy it, then "
                "run this again:\n"
                f'  eval "$(python -m bootstrap login --unit {names.unit} --environment {names.environment})" '
                "&& pulumi up"
            ) from error
        raise BootstrapError(f"SSM parameter {name} cannot be read: {refusal_reason(error)}") from error
