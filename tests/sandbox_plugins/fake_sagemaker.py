"""A fake SageMaker with models, endpoint configurations and endpoints, which serves nothing.

A change of an endpoint is complete when it has been described twice.
"""

from typing import Any

from tests.sandbox_plugins.fakes import Fake, RefusedByFakeError

ACCOUNT = "arn:aws:sagemaker:eu-west-1:111111111111"

Values = dict[str, Any]


class FakeSageMaker(Fake):
    """SageMaker in memory; a test sets the outcomes of the next changes."""

    refusal = "ValidationException"

    def reset(self) -> None:
        super().reset()
        self.models: dict[str, Values] = {}
        self.configurations: dict[str, Values] = {}
        self.endpoints: dict[str, Values] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.outcomes: list[Values] = []
        """Outcomes of the next changes of endpoints, such as `{"EndpointStatus": "Failed", "FailureReason": "…"}`."""

    def _created(self, kind: str, request: Values, key: str) -> str:
        arn = f"{ACCOUNT}:{kind}/{request[key].lower()}"
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request.pop("Tags", [])}
        return arn

    @staticmethod
    def _found(things: dict[str, Values], name: str, what: str) -> Values:
        if name not in things:
            arn = f"{ACCOUNT}:{what.replace('endpoint configuration', 'endpoint-config')}/{name}"
            raise RefusedByFakeError(f'Could not find {what} "{arn}".')
        return things[name]

    @staticmethod
    def _new(things: dict[str, Values], name: str, what: str) -> None:
        if name in things:
            raise RefusedByFakeError(f'Cannot create already existing {what} "{name}".')

    def _CreateModel(self, request: Values) -> Values:  # noqa: N802
        self._new(self.models, request["ModelName"], "model")
        arn = self._created("model", request, "ModelName")
        self.models[request["ModelName"]] = {"EnableNetworkIsolation": False, **request, "ModelArn": arn}
        return {"ModelArn": arn}

    def _DescribeModel(self, request: Values) -> Values:  # noqa: N802
        return self._found(self.models, request["ModelName"], "model")

    def _DeleteModel(self, request: Values) -> Values:  # noqa: N802
        self._found(self.models, request["ModelName"], "model")
        del self.models[request["ModelName"]]
        return {}

    def _CreateEndpointConfig(self, request: Values) -> Values:  # noqa: N802
        name = request["EndpointConfigName"]
        self._new(self.configurations, name, "endpoint configuration")
        arn = self._created("endpoint-config", request, "EndpointConfigName")
        self.configurations[name] = {**request, "EndpointConfigArn": arn}
        return {"EndpointConfigArn": arn}

    def _DescribeEndpointConfig(self, request: Values) -> Values:  # noqa: N802
        return self._found(self.configurations, request["EndpointConfigName"], "endpoint configuration")

    def _DeleteEndpointConfig(self, request: Values) -> Values:  # noqa: N802
        self._found(self.configurations, request["EndpointConfigName"], "endpoint configuration")
        del self.configurations[request["EndpointConfigName"]]
        return {}

    def _CreateEndpoint(self, request: Values) -> Values:  # noqa: N802
        name = request["EndpointName"]
        self._new(self.endpoints, name, "endpoint")
        self._found(self.configurations, request["EndpointConfigName"], "endpoint configuration")
        arn = self._created("endpoint", request, "EndpointName")
        endpoint = {"EndpointName": name, "EndpointArn": arn, "EndpointConfigName": request["EndpointConfigName"]}
        self._change(endpoint, "Creating", request)
        self.endpoints[name] = endpoint
        return {"EndpointArn": arn}

    def _UpdateEndpoint(self, request: Values) -> Values:  # noqa: N802
        endpoint = self._found(self.endpoints, request["EndpointName"], "endpoint")
        if endpoint["EndpointStatus"] != "InService":
            raise RefusedByFakeError(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
        for name in (endpoint["EndpointConfigName"], request["EndpointConfigName"]):
            self._found(self.configurations, name, "endpoint configuration")
        self._change(endpoint, "Updating", request)
        return {"EndpointArn": endpoint["EndpointArn"]}

    def _change(self, endpoint: Values, status: str, request: Values) -> None:
        outcome = self.outcomes.pop(0) if self.outcomes else {"EndpointConfigName": request["EndpointConfigName"]}
        endpoint.pop("LastDeploymentConfig", None)
        if "DeploymentConfig" in request:
            endpoint["LastDeploymentConfig"] = request["DeploymentConfig"]
        endpoint |= {"EndpointStatus": status, "outcome": {"EndpointStatus": "InService", **outcome}, "polls": 2}

    def _DescribeEndpoint(self, request: Values) -> Values:  # noqa: N802
        endpoint = self._found(self.endpoints, request["EndpointName"], "endpoint")
        endpoint["polls"] -= 1
        if endpoint["polls"] == 0:
            endpoint |= endpoint["outcome"]
        if endpoint["EndpointStatus"] == "Gone":
            del self.endpoints[request["EndpointName"]]
            return self._DescribeEndpoint(request)
        return {name: value for name, value in endpoint.items() if name not in {"outcome", "polls"}}

    def _DeleteEndpoint(self, request: Values) -> Values:  # noqa: N802
        endpoint = self._found(self.endpoints, request["EndpointName"], "endpoint")
        endpoint |= {"EndpointStatus": "Deleting", "outcome": {"EndpointStatus": "Gone"}, "polls": 2}
        return {}

    def _ListTags(self, request: Values) -> Values:  # noqa: N802
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags[request["ResourceArn"]].items()]}

    def _AddTags(self, request: Values) -> Values:  # noqa: N802
        self.tags[request["ResourceArn"]] |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {"Tags": request["Tags"]}

    def _DeleteTags(self, request: Values) -> Values:  # noqa: N802
        for key in request["TagKeys"]:
            del self.tags[request["ResourceArn"]][key]
        return {}
