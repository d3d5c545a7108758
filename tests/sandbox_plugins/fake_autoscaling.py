"""A fake Application Auto Scaling with targets and policies, which scales nothing."""

from typing import Any

from tests.sandbox_plugins.fakes import Fake, RefusedByFakeError

ACCOUNT = "eu-west-1:111111111111"

Values = dict[str, Any]


class FakeAutoScaling(Fake):
    """Application Auto Scaling in memory."""

    refusal = "ObjectNotFoundException"

    def reset(self) -> None:
        super().reset()
        self.targets: dict[str, Values] = {}
        self.policies: dict[str, Values] = {}
        self.tags: dict[str, dict[str, str]] = {}

    @staticmethod
    def _key(request: Values) -> str:
        return "/".join(request[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension"))

    def _RegisterScalableTarget(self, request: Values) -> Values:  # noqa: N802
        key = self._key(request)
        arn = f"arn:aws:application-autoscaling:{ACCOUNT}:scalable-target/{len(self.targets)}"
        known = self.targets.setdefault(key, {"ScalableTargetARN": arn, "RoleARN": "arn:aws:iam::111111111111:role/a"})
        self.tags.setdefault(known["ScalableTargetARN"], {}).update(request.pop("Tags", {}))
        known |= request
        return {"ScalableTargetARN": known["ScalableTargetARN"]}

    def _DescribeScalableTargets(self, request: Values) -> Values:  # noqa: N802
        key = self._key({**request, "ResourceId": request["ResourceIds"][0]})
        return {"ScalableTargets": [self.targets[key]] if key in self.targets else []}

    def _DeregisterScalableTarget(self, request: Values) -> Values:  # noqa: N802
        if self.targets.pop(self._key(request), None) is None:
            raise RefusedByFakeError("No scalable target registered")
        return {}

    def _PutScalingPolicy(self, request: Values) -> Values:  # noqa: N802
        alarm = {"AlarmName": "high", "AlarmARN": f"arn:aws:cloudwatch:{ACCOUNT}:alarm:high"}
        policy = {"PolicyARN": f"arn:aws:autoscaling:{ACCOUNT}:scalingPolicy:1", "Alarms": [alarm], **request}
        self.policies[f"{self._key(request)}/{request['PolicyName']}"] = policy
        return {"PolicyARN": policy["PolicyARN"], "Alarms": [alarm]}

    def _DescribeScalingPolicies(self, request: Values) -> Values:  # noqa: N802
        key = f"{self._key(request)}/{request['PolicyNames'][0]}"
        return {"ScalingPolicies": [self.policies[key]] if key in self.policies else []}

    def _DeleteScalingPolicy(self, request: Values) -> Values:  # noqa: N802
        if self.policies.pop(f"{self._key(request)}/{request['PolicyName']}", None) is None:
            raise RefusedByFakeError("No scaling policy found")
        return {}

    def _ListTagsForResource(self, request: Values) -> Values:  # noqa: N802
        return {"Tags": self.tags[request["ResourceARN"]]}

    def _TagResource(self, request: Values) -> Values:  # noqa: N802
        self.tags[request["ResourceARN"]] |= request["Tags"]
        return {}

    def _UntagResource(self, request: Values) -> Values:  # noqa: N802
        for key in request["TagKeys"]:
            del self.tags[request["ResourceARN"]][key]
        return {}
