"""The switch by which an account offers SageMaker's own project templates."""

from sandbox.aws.ministack import scope
from sandbox.aws.service import Call, Members

_status = scope.scoped_store()


def _enable(_: Call) -> Members:
    _status["status"] = "Enabled"
    return {}


def _disable(_: Call) -> Members:
    _status["status"] = "Disabled"
    return {}


def _get(_: Call) -> Members:
    return {"Status": _status.get("status", "Disabled")}


OPERATIONS = {
    "EnableSagemakerServicecatalogPortfolio": _enable,
    "DisableSagemakerServicecatalogPortfolio": _disable,
    "GetSagemakerServicecatalogPortfolioStatus": _get,
}
