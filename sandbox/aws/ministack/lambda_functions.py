"""MiniStack's Lambda: the records of functions, and how they are invoked."""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from sandbox.aws.ministack import modules

Result = Mapping[str, Any]

LONGEST_EVENT_SECONDS = 6 * 3600
"""Age until which Lambda keeps an event, unless the function's settings say otherwise."""


def find_function(name: str) -> Mapping[str, Any] | None:
    """Return a function of the current account by its name."""
    return modules.lambda_service._functions.get(name)


def functions() -> Iterator[Mapping[str, Any]]:
    """Yield the functions of the current account and region."""
    yield from modules.lambda_service._functions.values()


def resolve(arn: str) -> tuple[Any, Any]:
    """Return a function by its ARN and the configuration of the version that the ARN names; None if there is none."""
    function, config, _ = modules.lambda_service._get_func_record_for_ref(arn)
    return function, config


def invoke_asynchronously(function: Any, config: Any, event: Any) -> None:
    """Invoke a version of a function, and again if that fails."""
    record = modules.lambda_service._execution_record_for_config(function, config)
    modules.lambda_service.invoke_async_with_retry(record, event)


def pause_before_retries(seconds: float) -> None:
    """Wait so long before a failed asynchronous invocation is tried again; then twice as long."""
    modules.lambda_service._LAMBDA_ASYNC_RETRY_BASE_SECONDS = seconds


def intercept_asynchronous_invocations(invoke: Callable[[Callable[[], None]], None]) -> None:
    """Let `invoke` start asynchronous invocations; MiniStack starts a thread that sees the context that is set."""
    own = modules.lambda_service.invoke_async_with_retry

    def invoke_async_with_retry(function: Any, event: Any) -> None:
        invoke(lambda: own(function, event))

    modules.lambda_service.invoke_async_with_retry = invoke_async_with_retry


def repeat_throttled(again: Callable[[int, float], bool]) -> None:
    """Try a throttled invocation again as long as `again` says so, which waits before.

    It gets the number of refusals before, and the seconds for which the function's events may wait altogether.
    """
    execute = modules.lambda_service._execute_function

    def execute_function(function: Any, event: Any) -> Any:
        settings: Mapping[str, Any] = function.get("event_invoke_config") or {}
        longest = float(settings.get("MaximumEventAgeInSeconds", LONGEST_EVENT_SECONDS))
        refusals = 0
        while (result := execute(function, event)).get("throttle") and again(refusals, longest):
            refusals += 1
        return result

    modules.lambda_service._execute_function = execute_function


def invoke_custom_resources_asynchronously() -> None:
    """Let CloudFormation put its requests into a function's queue; MiniStack invokes the function once, and is not told of a refusal."""
    request = modules.custom_resource.invoke_custom_resource
    execute = modules.lambda_service._execute_function_with_config_scope
    requesting: ContextVar[bool] = ContextVar("custom_resource", default=False)

    def invoke_custom_resource(*arguments: Any, **named: Any) -> Any:
        token = requesting.set(True)
        try:
            return request(*arguments, **named)
        finally:
            requesting.reset(token)

    def execute_function_with_config_scope(function: Any, event: Any) -> Any:
        if not requesting.get():
            return execute(function, event)
        token = requesting.set(False)
        try:
            modules.lambda_service.invoke_async_with_retry(function, event)
        finally:
            requesting.reset(token)
        return None

    modules.custom_resource.invoke_custom_resource = invoke_custom_resource
    modules.lambda_service._execute_function_with_config_scope = execute_function_with_config_scope


def report_results(report: Callable[[str, Result], None]) -> None:
    """Report the result of every attempt at an invocation, with the name of the function."""
    execute = modules.lambda_service._execute_function

    def execute_function(function: Any, event: Any) -> Any:
        result = execute(function, event)
        report((function.get("config") or function)["FunctionName"], result)
        return result

    modules.lambda_service._execute_function = execute_function


def name_requests(identifier: Callable[[str], str]) -> None:
    """Let `identifier` choose the id of an attempt's request; it gets the one that MiniStack would use."""
    dispatch = modules.lambda_service._execute_function_dispatch

    def execute_function_dispatch(function: Any, config: Any, event: Any, request: str, started: float) -> Any:
        return dispatch(function, config, event, identifier(request), started)

    modules.lambda_service._execute_function_dispatch = execute_function_dispatch


def intercept_failures(route: Callable[[str, str, Any, Result, Callable[[], None]], None]) -> None:
    """Let `route` dispose of events whose invocation failed for good.

    It gets the destination's ARN, the function's name, the event, the result, and MiniStack's own way to do it.
    """
    own = modules.lambda_service._route_async_failure

    def route_async_failure(target: str, name: str, event: Any, result: Result) -> None:
        route(target, name, event, result, lambda: own(target, name, event, result))

    modules.lambda_service._route_async_failure = route_async_failure
