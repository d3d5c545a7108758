"""MiniStack's decisions about requests: their resources, their condition keys, and refusals."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.ministack import evaluator, gateway, modules, scope
from sandbox.aws.ministack.gateway import Request, Response


def intercept_resources(find: Callable[[str, Request, Callable[[], str]], str]) -> None:
    """Let `find` say which resource a service's request is about; its last argument is MiniStack's own way."""
    resource_of = modules.actions.extract_resource_arn

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
        region: str,
        account_id: str,
    ) -> str:
        request = Request(method=method, path=path, headers=headers, body=body, query=query_params)
        return find(
            service,
            request,
            lambda: resource_of(service, method, path, headers, body, query_params, region, account_id),
        )

    modules.actions.extract_resource_arn = extract_resource_arn


def add_context(find: Callable[[str, str, bytes, Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Add condition keys to requests; `find` gets the service, the operation, the body and the parameters."""
    tags_of = modules.actions.request_tag_context

    def request_tag_context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        operation = iam_action.partition(":")[2]
        return {**tags_of(service, iam_action, body, params), **find(service, operation, body, params)}

    modules.actions.request_tag_context = request_tag_context


def add_s3_context(find: Callable[[str, Mapping[str, Any], Mapping[str, str]], Mapping[str, Any]]) -> None:
    """Add condition keys to requests to S3; `find` gets the action, the query's parameters and the headers."""
    own = modules.actions.s3_service_context

    def s3_service_context(
        iam_action: str,
        query_params: Mapping[str, Any] | None,
        path: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        found = find(iam_action, query_params or {}, headers or {})
        return {**own(iam_action, query_params, path, headers), **found}

    modules.actions.s3_service_context = s3_service_context


def name_lambda_actions(find: Callable[[str, str], str | None]) -> None:
    """Let `find` name the action of a request to Lambda, by its method and path; where it returns None, MiniStack does."""
    own = modules.actions._lambda_action

    def lambda_action(method: str, path: str) -> Any:
        return find(method, path) or own(method, path)

    modules.actions._lambda_action = lambda_action


def rename_actions(service: str, action: Callable[[str], str]) -> None:
    """Authorize the operations of a service as the actions that `action` returns; MiniStack takes their own names."""
    action_of = modules.actions.extract_iam_action

    def extract_iam_action(
        requested: str, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, list[str]]
    ) -> str | None:
        found = action_of(requested, method, path, headers, body, query_params)
        if requested != service or found is None:
            return found
        namespace, _, operation = found.partition(":")
        return f"{namespace}:{action(operation)}"

    modules.actions.extract_iam_action = extract_iam_action


def authorize_as(service: str, model: str) -> None:
    """Authorize requests of another API, with its own model in botocore, as those of a service."""
    modules.actions._BOTOCORE_SERVICE_MAP.setdefault(service, []).append(model)


def refusal(service: str, request: Request, operation: str, resource: str) -> Response | None:
    """Decide about one more resource of a request; the refusal, if the caller may not do it to that one."""
    action = f"{modules.actions.SERVICE_TO_IAM_NAMESPACE[service]}:{operation}"
    denied = modules.evaluator.enforce(
        gateway.access_key_id(request),
        action,
        service,
        scope.region(),
        resource,
        modules.actions.request_tag_context(service, action, request.body, gateway.parameters(request)),
    )
    if not denied:
        return None
    return modules.actions.access_denied_response(
        service,
        action,
        denied.principal_arn,
        "",
        headers=request.headers,
        resource_arn=resource,
        explicit_deny=denied.decision == "Deny",
        resource_policy_arn=denied.resource_policy_arn,
    )


def refuse(service: str, request: Request, action: str, principal_arn: str, message: str, code: str = "") -> Response:
    """Return the refusal of an action that a request entails, as the service words it; `code` if it is no denial."""
    return modules.actions.access_denied_response(
        service, action, principal_arn, "", headers=request.headers, message=message, error_code=code
    )


def explain_refusals_by_resources() -> None:
    """Say in refusals that a resource's policy is what does not allow an action."""
    combine = modules.evaluator.combine_resource_policy
    respond = modules.actions.access_denied_response

    def combine_resource_policy(identity: Any, context: Any, *arguments: Any, **options: Any) -> Any:
        result = combine(identity, context, *arguments, **options)
        if identity.decision == "Allow" and result.decision != "Allow":
            result.resource_policy_arn = context.resource_arn
        return result

    def access_denied_response(
        service: str, action: str, principal_arn: str, request_id: str, **options: Any
    ) -> Response:
        resource = options.get("resource_policy_arn")
        if resource and not options.get("explicit_deny") and not options.get("message"):
            shown = f'"{resource}"' if service == "s3" else resource
            options["message"] = (
                f"User: {principal_arn} is not authorized to perform: {action} on resource: {shown} "
                f"because no resource-based policy allows the {action} action"
            )
        return respond(service, action, principal_arn, request_id, **options)

    modules.evaluator.combine_resource_policy = combine_resource_policy
    modules.actions.access_denied_response = access_denied_response


def hold_roots_to_resource_policies(exempt: frozenset[str]) -> None:
    """Let the policies of resources decide about accounts' roots, too; `exempt` actions the owner's root may do."""
    enforce = modules.evaluator.enforce

    def enforce_on_roots(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if denied is not None or not access_key_id or not modules.evaluator.is_root_access_key(access_key_id):
            return denied
        found = modules.evaluator._resource_policy(service, resource_arn)
        account = scope.account_id()
        if found is None or (iam_action in exempt and found[1] == account):
            return None
        root = f"arn:aws:iam::{account}:root"
        context = modules.evaluator.EvalContext(
            principal_arn=root,
            principal_type="Root",
            principal_account=account,
            action=iam_action,
            resource_arn=resource_arn,
            region=region,
            service_context={key.lower(): value for key, value in (service_context or {}).items()},
        )
        result = modules.evaluator.combine_resource_policy(
            modules.evaluator.EvalResult("Allow", root),
            context,
            *found,
            required=evaluator.requires_policy(service),
        )
        return None if result.decision == "Allow" else result

    modules.evaluator.enforce = enforce_on_roots


Policy = tuple[str, str]
"""A resource's policy, empty if it has none, and the account that owns the resource."""


def intercept_resource_policies(find: Callable[[str, str, Callable[[], Policy | None]], Policy | None]) -> None:
    """Let `find` look up the policy of a service's resource; its last argument looks in the current account."""
    lookup = modules.evaluator._resource_policy

    def resource_policy(service: str, resource: str) -> Policy | None:
        return find(service, resource, lambda: lookup(service, resource))

    modules.evaluator._resource_policy = resource_policy


def keeps_policies(service: str) -> bool:
    """Return whether MiniStack knows policies of the service's resources."""
    return service in modules.evaluator._RESOURCE_POLICY_LOOKUPS
