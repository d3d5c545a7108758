"""The contract with MiniStack: every name of it that the sandbox reads or replaces, with its parameters or its type.

MiniStack promises nothing about these names, so every upgrade must be checked: the server refuses to start with a
MiniStack that differs, and a test lists the differences.
"""

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

VERSION = "1.5.33"

NAMES: Mapping[str, Mapping[str, str]] = {
    "ministack.app": {
        "SERVICE_HANDLERS": "a dict",
        "_routing_params": "(method, path, headers, body, query_params)",
        "app": "(scope, receive, send)",
        "logger": "a Logger",
    },
    "ministack.core.iam_actions": {
        "SERVICE_TO_IAM_NAMESPACE": "a dict",
        "_BOTOCORE_SERVICE_MAP": "a dict",
        "_lambda_action": "(method, path)",
        "_s3_action": "(method, path, query_params)",
        "access_denied_response": "(service, action, principal_arn, request_id, error_code, message, headers, resource_arn, explicit_deny, resource_policy_arn)",
        "extract_iam_action": "(service, method, path, headers, body, query_params)",
        "extract_resource_arn": "(service, method, path, headers, body, query_params, region, account_id)",
        "request_tag_context": "(service, iam_action, body, params)",
        "s3_service_context": "(iam_action, query_params, path, headers)",
    },
    "ministack.core.iam_evaluator": {
        "AuthError": "class with code, details, message",
        "EvalContext": "class with action, principal_account, principal_arn, principal_keys, principal_type, region, request_tags, resource_arn, secure_transport, service_context, source_ip, tag_keys",
        "EvalResult": "class with decision, matched_sid, principal_arn, reason, resource_policy_arn",
        "_POLICY_REQUIRED": "a frozenset",
        "_RESOURCE_POLICY_LOOKUPS": "a dict",
        "_principal_keys": "(credential)",
        "_resolve_condition_key": "(key, ctx)",
        "_resource_policy": "(service, resource_arn)",
        "caller_arn": "()",
        "combine_resource_policy": "(identity, ctx, policy, owner_account, required, limits)",
        "enforce": "(access_key_id, iam_action, service, region, resource_arn, service_context)",
        "evaluate": "(ctx, policies, limits)",
        "evaluate_resource_policy": "(doc, ctx, service, named_only, direct_only)",
        "evaluate_trust_policy": "(trust_doc, caller_arn, ctx)",
        "is_root_access_key": "(access_key_id)",
        "parse_policy_document": "(doc)",
        "pin_request_origin": "(source_ip, secure_transport)",
        "resolve_principal": "(access_key_id, account_id, credential)",
    },
    "ministack.core.lambda_runtime": {
        "Worker": "class with code_zip, config, func_name",
        "Worker._drain_stderr_bounded": "(self, first_line_wait, idle_confirm, hard_cap)",
        "Worker._read_stderr": "(self)",
        "Worker._stderr_queue": "set by the constructor",
        "Worker.config": "set by the constructor",
        "_PYTHON_WORKER_SCRIPT": "a str",
        "execution_credentials": "(config)",
        "reset": "()",
    },
    "ministack.core.responses": {
        "AccountRegionScopedDict": "class with ",
        "get_account_id": "()",
        "get_region": "()",
        "request_scope": "(account_id, region)",
    },
    "ministack.core.router": {
        "SERVICE_PATTERNS": "a dict",
        "_is_aws_service_name": "(scope_name)",
        "extract_access_key_id": "(headers, query_params)",
    },
    "ministack.core.tls": {
        "trust_gateway_cert": "(env)",
    },
    "ministack.services.cloudformation": {
        "_ACTION_HANDLERS": "a dict",
        "_stack_events": "a AccountRegionScopedDict",
        "_stacks": "a AccountRegionScopedDict",
    },
    "ministack.services.cloudformation.custom_resource": {
        "deliver_response": "(token, response)",
        "invoke_custom_resource": "(request_type, logical_id, props, stack_name, stack_id, resource_type, physical_id, old_props)",
    },
    "ministack.services.cloudformation.engine": {
        "_find_dynamic_references": "(value, found)",
        "_parse_template": "(template_body)",
    },
    "ministack.services.cloudformation.handlers": {
        "_delete_stack_async": "(stack_name, stack_id, retain_resources, force)",
        "_parse_template": "(template_body)",
    },
    "ministack.services.cloudformation.helpers": {
        "_error": "(code, message, status)",
        "_p": "(params, key, default)",
        "_resolve_document": "(params, body_key, url_key, label)",
    },
    "ministack.services.cloudformation.provisioners": {
        "_RESOURCE_HANDLERS": "a dict",
        "_STACK_TAG_PROPERTY": "a dict",
    },
    "ministack.services.cloudformation.stacks": {
        "_roll_back_operation": "(stack_name, stack_id, stack, operation, reason_override)",
        "_delete_resource": "(resource_type, physical_id, props, stack_name, logical_id)",
        "_provision_resource": "(resource_type, logical_id, props, stack_name)",
        "_resolve_dynamic_references": "(value, previous, reuse_ssm, reuse_secrets)",
        "_update_resource": "(resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)",
        "_with_dependencies": "(logical_ids, res_defs, remaining)",
    },
    "ministack.services.cloudwatch": {
        "_alarms": "a AccountRegionScopedDict",
        "_calc_stats": "(points)",
        "_composite_alarms": "a AccountRegionScopedDict",
        "_dims_from_list": "(dimensions)",
        "_describe_alarms": "(params, cbor_data, is_cbor, is_json)",
        "_dims_key": "(dims)",
        "_dispatch_alarm_actions": "(alarm, old_state, new_state, reason)",
        "_error": "(code, message, status, use_json, use_cbor)",
        "_evaluate_alarm": "(alarm)",
        "_evaluate_parent_alarms": "(child, seen)",
        "_history_entries": "()",
        "_metrics": "a AccountRegionScopedDict",
        "_put_metric_alarm": "(params, cbor_data, is_cbor, is_json)",
        "_put_metric_data": "(params, cbor_data, is_cbor, is_json)",
        "_record_history": "(alarm_name, old_state, new_state, reason, alarm_type, reason_data)",
        "_stat_value": "(stats, stat_name, points)",
        "_xml": "(status, root_tag, inner)",
        "cloudformation_delete_metric_alarm": "(name, refuse_dependents)",
        "record_metric": "(namespace, metric_name, value, unit, dimensions)",
    },
    "ministack.services.cloudwatch_logs": {
        "_log_groups": "a AccountRegionScopedDict",
    },
    "ministack.services.ec2": {
        "_ACTION_MAP": "a dict",
        "_addresses": "a AccountRegionScopedDict",
        "_az_id_for_zone_name": "(zone_name)",
        "_az_id_prefix": "(region)",
        "_error": "(code, message, status)",
        "_internet_gateways": "a AccountRegionScopedDict",
        "_nat_gateways": "a AccountRegionScopedDict",
        "_network_interfaces": "a AccountRegionScopedDict",
        "_parse_filters": "(params)",
        "_parse_tag_specs": "(p, resource_type, resource_id)",
        "_route_tables": "a AccountRegionScopedDict",
        "_security_groups": "a AccountRegionScopedDict",
        "_subnets": "a AccountRegionScopedDict",
        "_tag_set_xml": "(resource_id)",
        "_tags": "a AccountRegionScopedDict",
        "_vpc_endpoints": "a AccountRegionScopedDict",
        "_vpcs": "a AccountRegionScopedDict",
        "_xml": "(status, root_tag, inner)",
    },
    "ministack.services.eventbridge": {
        "_SCHEDULER_TICK_INTERVAL": "a int",
        "_dispatch_to_lambda": "(arn, payload)",
        "_dispatch_to_sns": "(arn, payload)",
        "_dispatch_to_sqs": "(spec, payload, sqs_parameters)",
        "_invoke_target": "(target, event, rule, view)",
        "_parse_rate_seconds": "(expr)",
        "_put_events": "(data, allow_aws_source)",
    },
    "ministack.services.iam": {
        "_create_oidc_provider": "(p)",
        "_create_service_linked_role": "(p)",
        "_error": "(status, code, message, ns)",
        "_oidc_providers": "a AccountScopedDict",
        "_policies": "a AccountScopedDict",
        "_roles": "a AccountScopedDict",
        "policy_known": "(arn, account_id)",
    },
    "ministack.services.kms": {
        "_aliases": "a AccountRegionScopedDict",
        "_resolve_key": "(key_id_or_arn)",
    },
    "ministack.services.lambda_svc": {
        "_LAMBDA_ASYNC_RETRY_BASE_SECONDS": "a float",
        "_execute_function": "(func, event)",
        "_execute_function_dispatch": "(func, config, event, request_id, started)",
        "_execute_function_with_config_scope": "(func, event)",
        "_execution_record_for_config": "(func, config)",
        "_functions": "a AccountRegionScopedDict",
        "_get_func_record_for_ref": "(function_ref)",
        "_route_async_failure": "(target_arn, func_name, event, result)",
        "invoke_async_with_retry": "(func, event)",
    },
    "ministack.services.s3": {
        "_bucket_default_sse_headers": "(bucket_name)",
        "_bucket_encryption": "a AccountScopedDict",
        "_bucket_owner_account": "(name)",
        "_bucket_policies": "a AccountScopedDict",
        "_buckets": "a AccountScopedDict",
        "_compute_s3_checksum": "(algorithm, body)",
        "_copy_object": "(bucket_name, dest_key, headers)",
        "_ensure_bucket": "(name)",
        "_foreign_bucket_allows": "(owner_account, bucket_name, key, method, query_params, caller, headers)",
        "_get_object_data": "(bucket_name, key, version_id)",
        "_multipart_uploads": "a AccountScopedDict",
        "_object_versions": "a AccountScopedDict",
        "_policy_is_public": "(policy_text)",
        "_public_access_blocked": "(owner_account, bucket_name, setting)",
        "_put_bucket_encryption": "(name, body)",
        "_put_bucket_lifecycle": "(name, body)",
        "_put_bucket_logging": "(name, body)",
        "_put_bucket_ownership_controls": "(name, body)",
        "_put_bucket_tagging": "(name, body)",
        "_put_object": "(bucket_name, key, body, headers)",
        "_upload_part_copy": "(bucket_name, dest_key, query_params, headers)",
        "_version_body": "(bucket, bucket_name, key, v)",
    },
    "ministack.services.secretsmanager": {
        "_resolve": "(secret_id, use_arn_scope)",
    },
    "ministack.services.sns": {
        "_error": "(code, message, status)",
        "_list_subscriptions": "(params)",
        "_list_subscriptions_by_topic": "(params)",
        "_p": "(params, key, default)",
        "_refresh_subscription_counts": "(topic)",
        "_subscribe": "(params)",
        "_topic_by_arn_any_scope": "(topic_arn)",
        "_topics": "a AccountRegionScopedDict",
        "publish_internal": "(topic_arn, message, subject, message_structure, message_attributes, message_group_id, message_deduplication_id)",
        "topic_policy_allows": "(topic_arn, service, source_arn, source_account)",
    },
    "ministack.services.sqs": {
        "_ensure_msg_fields": "(m)",
        "_md5_msg_attrs": "(attrs)",
        "_queue_by_arn": "(arn)",
        "_queues": "a AccountRegionScopedDict",
        "_refresh_counts": "(q)",
        "queue_policy_allows": "(queue_arn, service, source_arn, source_account)",
    },
    "ministack.services.sts": {
        "_sessions": "a dict",
        "_web_identity_principal": "(token, provider_id, role_arn)",
        "register_session": "(access_key, session)",
    },
    "ministack.services.tagging": {
        "resource_tags": "(arn)",
    },
}
"""By module: its names, and the parameters of the functions and classes among them, or the type of the values."""


def differences() -> Iterator[str]:
    """Yield the differences between the installed MiniStack and the one that the sandbox was written against."""
    installed = version("ministack")
    if installed != VERSION:
        yield f"ministack {installed} is installed; the sandbox was written against {VERSION}"
    for module_name, names in NAMES.items():
        module = import_module(module_name)
        for name, expected in names.items():
            found = _describe_member(module, name)
            if found != expected:
                yield f"{module_name}.{name}: expected {expected}, found {found}"


def _describe_member(module: ModuleType, name: str) -> str:
    owner, _, attribute = name.rpartition(".")
    if not owner:
        return describe(getattr(module, name, None))
    kind = getattr(module, owner, None)
    if inspect.isclass(kind) and attribute in kind.__init__.__code__.co_names:
        return "set by the constructor"
    return describe(getattr(kind, attribute, None))


def describe(value: Any) -> str:
    """Return a description of a value: its parameters, or its type."""
    if value is None:
        return "nothing"
    if inspect.isclass(value):
        return f"class with {', '.join(sorted(inspect.signature(value).parameters))}"
    if callable(value):
        return f"({', '.join(inspect.signature(value).parameters)})"
    return f"a {type(value).__name__}"
