"""Resolve `bootstrap.yaml` the way CloudFormation would, so that tests see names, ARNs and documents."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from bootstrap.stack import TEMPLATE
from tests.cloudformation import parse

ACCOUNT = "111111111111"
REGION = "eu-west-1"
ISSUER = "token.actions.githubusercontent.com"
KEY_ID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
"""A key's id as KMS makes it, so that policies which name the key have their real size."""
NOTHING = object()
"""`AWS::NoValue`: what has this value is left out."""
PARAMETERS: Mapping[str, Any] = {
    "Unit": "analytics",
    "Environment": "dev",
    "OidcIssuer": ISSUER,
    "OidcProviderArn": "",
    "DeploySubjects": ["repo:acme@1001/mlops-platform@2001:environment:dev"],
    "PreviewSubjects": ["repo:acme@1001/mlops-platform@2001:pull_request"],
    "RepositoryId": "2001",
    "Parts": "development",
    "DeploySessionSeconds": 7200,
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": NOTHING,
    "AWS::Region": REGION,
}


class Template:
    """The resources that CloudFormation would create."""

    def __init__(self, **parameters: Any) -> None:
        self.source = parse(TEMPLATE.read_text(encoding="utf-8"))
        self._values = {**PARAMETERS, **parameters}
        self._conditions = {name: self._truth(rule) for name, rule in self.source["Conditions"].items()}
        self.resources: dict[str, dict[str, Any]] = {
            name: {**resource, "Properties": self._resolve(resource["Properties"])}
            for name, resource in self.source["Resources"].items()
            if self._conditions.get(resource.get("Condition", ""), True)
        }
        self.outputs = {name: self._resolve(output["Value"]) for name, output in self.source["Outputs"].items()}

    def properties(self, name: str) -> dict[str, Any]:
        """Return the properties of a resource, every reference resolved."""
        return self.resources[name]["Properties"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of a type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def policy_documents(self, role: str) -> list[dict[str, Any]]:
        """Return the documents of the managed policies of a role."""
        policies = {
            f"arn:aws:iam::{ACCOUNT}:policy/{each['ManagedPolicyName']}": each["PolicyDocument"]
            for each in self.of_type("AWS::IAM::ManagedPolicy").values()
        }
        return [policies[arn] for arn in self.properties(role)["ManagedPolicyArns"]]

    def _truth(self, rule: Mapping[str, Any]) -> bool:
        [(function, operands)] = rule.items()
        match function:
            case "Fn::Equals":
                left, right = (self._resolve(each) for each in operands)
                return left == right
            case "Fn::Not":
                return not any(self._truth(each) for each in operands)
            case "Fn::Or":
                return any(self._truth(each) for each in operands)
            case _:
                raise LookupError(f"no function {function} of conditions is known here")

    def _resolve(self, node: Any) -> Any:
        if isinstance(node, dict):
            function = cast("dict[str, Any]", node)
            if len(function) == 1:
                [(name, argument)] = function.items()
                match name:
                    case "Ref":
                        return self._reference(argument)
                    case "Fn::GetAtt":
                        return self._attribute(*(argument.split(".") if isinstance(argument, str) else argument))
                    case "Fn::Sub":
                        if isinstance(argument, str):
                            return self._substitute(argument, {})
                        text, local = cast("tuple[str, dict[str, Any]]", argument)
                        return self._substitute(text, {key: self._resolve(value) for key, value in local.items()})
                    case "Fn::Join":
                        separator, parts = argument
                        return separator.join(self._resolve(parts))
                    case "Fn::If":
                        condition, yes, no = argument
                        return self._resolve(yes if self._conditions[condition] else no)
                    case _:
                        pass
            members = {key: self._resolve(value) for key, value in function.items()}
            return {key: value for key, value in members.items() if value is not NOTHING}
        if isinstance(node, list):
            values = [self._resolve(each) for each in cast("Sequence[Any]", node)]
            return [value for value in values if value is not NOTHING]
        return node

    def _substitute(self, text: str, local: Mapping[str, str]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in local:
                return local[name]
            return str(self._attribute(*name.split(".")) if "." in name else self._reference(name))

        return re.sub(r"\$\{([\w:.]+)\}", value, text)

    def _reference(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        resource = self.source["Resources"][name]
        properties = resource["Properties"]
        match resource["Type"]:
            case "AWS::IAM::ManagedPolicy":
                return f"arn:aws:iam::{ACCOUNT}:policy/{self._resolve(properties['ManagedPolicyName'])}"
            case "AWS::IAM::OIDCProvider":
                return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{self._values['OidcIssuer']}"
            case "AWS::KMS::Alias":
                return self._resolve(properties["AliasName"])
            case "AWS::KMS::Key":
                return KEY_ID
            case "AWS::S3::Bucket":
                return self._resolve(properties["BucketName"])
            case kind:
                raise LookupError(f"no reference to a {kind} is known here")

    def _attribute(self, name: str, attribute: str) -> str:
        assert attribute == "Arn"
        match self.source["Resources"][name]["Type"]:
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{self._reference(name)}"
            case "AWS::KMS::Key":
                return f"arn:aws:kms:{self._values['AWS::Region']}:{ACCOUNT}:key/{self._reference(name)}"
            case "AWS::IAM::Role":
                properties = self.source["Resources"][name]["Properties"]
                return f"arn:aws:iam::{ACCOUNT}:role/{self._resolve(properties['RoleName'])}"
            case kind:
                raise LookupError(f"no ARN of a {kind} is known here")
