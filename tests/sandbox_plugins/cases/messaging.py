"""Queues, topics, events, schedules, functions, logs, alarms, dashboards and budgets."""

import json

from tests.sandbox_plugins.cases.case import Case
from tests.sandbox_plugins.cases.dependencies import Dependencies
from tests.sandbox_plugins.cases.documents import HANDLER, OWNER, TAGS, Inputs, archive, policy


def function(deps: Dependencies) -> Inputs:
    """Return a function in a VPC, for which its role needs permissions."""
    deps.get("role-policy")
    return {
        "name": "probe",
        "description": "Probe",
        "role": deps.output("role", "arn"),
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "handler.handler",
        "code": archive(HANDLER),
        "memorySize": 256,
        "timeout": 20,
        "reservedConcurrentExecutions": 2,
        "environment": {"variables": {"COLOUR": "red"}},
        "tracingConfig": {"mode": "Active"},
        "loggingConfig": {"logFormat": "JSON", "logGroup": deps.output("logs", "name")},
        "vpcConfig": {"subnetIds": [deps.id("subnet")], "securityGroupIds": [deps.id("group")]},
    }


def queue_policy(deps: Dependencies, action: str) -> str:
    """Return a queue's policy."""
    return policy(action, resource=deps.output("queue", "arn"), principal=OWNER)


def scheduled(deps: Dependencies, **changes: object) -> Inputs:
    """Return a target that starts a pipeline."""
    return {
        "arn": "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
        "roleArn": deps.output("schedule-role", "arn"),
        "input": json.dumps({"PipelineName": "probe", "ClientRequestToken": "<aws.scheduler.scheduled-time>"}),
        **changes,
    }


def dashboard(*metrics: str) -> str:
    """Return a dashboard of endpoint metrics, in their order."""
    properties = {"region": "eu-west-1", "metrics": [["AWS/SageMaker", metric] for metric in metrics]}
    return json.dumps({"widgets": [{"type": "metric", "width": 12, "height": 6, "properties": properties}]})


def alert(kind: str, percentage: float, topic: str) -> Inputs:
    """Return a notification of a budget."""
    return {
        "notificationType": kind,
        "comparisonOperator": "GREATER_THAN",
        "threshold": percentage,
        "thresholdType": "PERCENTAGE",
        "subscriberSnsTopicArns": [topic],
    }


MESSAGING: dict[str, Case] = {
    "aws:sqs/queue:Queue": Case(
        inputs=lambda deps: {
            "name": "probe",
            "kmsMasterKeyId": deps.output("key", "arn"),
            "messageRetentionSeconds": 1209600,
            **TAGS,
        },
        change=lambda _: {"visibilityTimeoutSeconds": 60, "tags": {"a": "b"}},
        replace={"name": "another"},
        id="https?://.*/111111111111/probe",
        outputs={"arn": "arn:aws:sqs:eu-west-1:111111111111:probe"},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Case(
        inputs=lambda deps: {"queueUrl": deps.output("queue", "url"), "policy": queue_policy(deps, "sqs:SendMessage")},
        change=lambda deps: {"policy": queue_policy(deps, "sqs:ReceiveMessage")},
        replace={"queueUrl": "https://elsewhere"},
        id="https?://.*/111111111111/needed",
    ),
    "aws:sns/topic:Topic": Case(
        inputs=lambda deps: {
            "name": "probe",
            "displayName": "Probe",
            "kmsMasterKeyId": deps.output("key", "arn"),
            **TAGS,
        },
        change=lambda _: {"displayName": "Probed", "tags": {"a": "b"}},
        replace={"name": "another"},
        id="arn:aws:sns:eu-west-1:111111111111:probe",
        outputs={"owner": "111111111111"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Case(
        inputs=lambda deps: {
            "arn": deps.id("topic"),
            "policy": policy("sns:Publish", resource=deps.id("topic"), principal=OWNER),
        },
        change=lambda deps: {"policy": policy("sns:Subscribe", resource=deps.id("topic"), principal=OWNER)},
        replace={"arn": "arn:aws:sns:eu-west-1:111111111111:another"},
        id="arn:aws:sns:eu-west-1:111111111111:needed",
        outputs={"owner": "111111111111"},
        stays=True,
    ),
    "aws:sns/topicSubscription:TopicSubscription": Case(
        inputs=lambda deps: {
            "topic": deps.id("topic"),
            "protocol": "sqs",
            "endpoint": deps.output("queue", "arn"),
            "rawMessageDelivery": True,
        },
        change=lambda _: {"rawMessageDelivery": False, "filterPolicy": json.dumps({"colour": ["red"]})},
        replace={"protocol": "lambda"},
        id="arn:aws:sns:eu-west-1:111111111111:needed:.+",
        outputs={"ownerId": "111111111111"},
        unread=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
    ),
    "aws:cloudwatch/eventRule:EventRule": Case(
        inputs=lambda _: {
            "name": "probe",
            "description": "Probe",
            "eventPattern": json.dumps({"source": ["aws.sagemaker"], "detail": {"a": ["b"]}}),
            **TAGS,
        },
        change=lambda _: {"eventPattern": json.dumps({"source": ["aws.s3"]}), "state": "DISABLED", "tags": {"a": "b"}},
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:events:eu-west-1:111111111111:rule/probe"},
        unread=frozenset({"forceDestroy"}),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Case(
        inputs=lambda deps: {
            "rule": deps.id("rule"),
            "arn": deps.output("function", "arn"),
            "input": json.dumps({"sweep": True}),
            "deadLetterConfig": {"arn": deps.output("queue", "arn")},
            "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 8},
        },
        change=lambda deps: {
            "input": None,
            "inputTransformer": {"inputPaths": {"version": "$.detail.arn"}, "inputTemplate": '{"version": <version>}'},
            "deadLetterConfig": {"arn": deps.output("other-queue", "arn")},
        },
        replace={"rule": "another"},
        id="needed-terraform-[0-9a-f]{26}",
        imported=lambda created: f"needed/{created.properties['targetId']}",
        unread=frozenset({"forceDestroy"}),
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Case(
        inputs=lambda _: {"name": "probe", **TAGS},
        change=lambda _: {"tags": {"a": "b"}},
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:scheduler:eu-west-1:111111111111:schedule-group/probe", "state": "ACTIVE"},
    ),
    "aws:scheduler/schedule:Schedule": Case(
        inputs=lambda deps: {
            "name": "probe",
            "groupName": deps.id("schedules"),
            "description": "Probe",
            "scheduleExpression": "cron(0 6 * * ? *)",
            "scheduleExpressionTimezone": "Europe/Dublin",
            "flexibleTimeWindow": {"mode": "OFF"},
            "kmsKeyArn": deps.output("key", "arn"),
            "startDate": "2090-01-01T01:00:00Z",
            "endDate": "2099-01-01T01:00:00Z",
            "target": scheduled(
                deps,
                deadLetterConfig={"arn": deps.output("queue", "arn")},
                retryPolicy={"maximumRetryAttempts": 3},
            ),
        },
        change=lambda deps: {
            "description": None,
            "scheduleExpression": "rate(1 day)",
            "scheduleExpressionTimezone": "UTC",
            "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15},
            "kmsKeyArn": None,
            "state": "DISABLED",
            "startDate": None,
            "endDate": None,
            "target": {
                "arn": "arn:aws:sagemaker:eu-west-1:111111111111:pipeline/probe",
                "roleArn": deps.output("schedule-role", "arn"),
                "sagemakerPipelineParameters": {"pipelineParameters": [{"name": "a", "value": "b"}]},
            },
        },
        replace={"name": "another", "groupName": "another"},
        id="schedules/probe",
        outputs={"arn": "arn:aws:scheduler:eu-west-1:111111111111:schedule/schedules/probe"},
    ),
    "aws:lambda/permission:Permission": Case(
        inputs=lambda deps: {
            "action": "lambda:InvokeFunction",
            "function": deps.id("function"),
            "principal": "events.amazonaws.com",
            "sourceArn": deps.output("rule", "arn"),
        },
        replace={"sourceArn": "arn:aws:events:eu-west-1:111111111111:rule/another"},
        id="probe-[0-9a-f]{7}",
        imported=lambda created: f"needed/{created.id}",
    ),
    "aws:lambda/function:Function": Case(
        inputs=function,
        change=lambda _: {
            "code": archive(HANDLER + "\n"),
            "timeout": 30,
            "environment": {"variables": {"COLOUR": "blue"}},
            "reservedConcurrentExecutions": None,
            **TAGS,
        },
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:lambda:eu-west-1:111111111111:function:probe"},
        unread=frozenset({"code"}),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Case(
        inputs=lambda deps: {"functionName": deps.id("function"), "maximumEventAgeInSeconds": 300},
        change=lambda _: {"maximumRetryAttempts": 0},
        replace={"functionName": "another"},
        id="needed",
    ),
    "aws:cloudwatch/logGroup:LogGroup": Case(
        inputs=lambda deps: {
            "name": "/probe",
            "retentionInDays": 365,
            "kmsKeyId": deps.output("key", "arn"),
            **TAGS,
        },
        change=lambda _: {"retentionInDays": 0, "tags": {"a": "b"}},
        replace={"name": "/another"},
        id="/probe",
        outputs={"arn": "arn:aws:logs:eu-west-1:111111111111:log-group:/probe"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Case(
        inputs=lambda deps: {
            "name": "probe",
            "alarmDescription": "Probe",
            "namespace": "AWS/SageMaker",
            "metricName": "Invocation5XXErrors",
            "dimensions": {"EndpointName": "probe", "VariantName": "AllTraffic"},
            "statistic": "Sum",
            "period": 60,
            "evaluationPeriods": 2,
            "datapointsToAlarm": 2,
            "threshold": 0.5,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "notBreaching",
            "alarmActions": [deps.id("topic")],
            "okActions": [deps.id("topic")],
            **TAGS,
        },
        change=lambda _: {
            "threshold": 5,
            "okActions": None,
            "dimensions": {"EndpointName": "probed"},
            "tags": {"a": "b"},
        },
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:probe"},
    ),
    "aws:cloudwatch/dashboard:Dashboard": Case(
        inputs=lambda _: {"dashboardName": "probe", "dashboardBody": dashboard("Invocations", "ModelLatency")},
        change=lambda _: {"dashboardBody": dashboard("ModelLatency", "Invocations")},
        replace={"dashboardName": "another"},
        id="probe",
        outputs={"dashboardArn": "arn:aws:cloudwatch::111111111111:dashboard/probe"},
    ),
    "aws:budgets/budget:Budget": Case(
        inputs=lambda deps: {
            "name": "probe",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "100",
            "limitUnit": "USD",
            "notifications": [alert("ACTUAL", 80, deps.id("topic")), alert("FORECASTED", 100, deps.id("topic"))],
            **TAGS,
        },
        change=lambda deps: {
            "limitAmount": "200",
            "notifications": [alert("ACTUAL", 50, deps.id("topic")), alert("FORECASTED", 100, deps.id("topic"))],
            "tags": {"a": "b"},
        },
        replace={"name": "another"},
        id="111111111111:probe",
        outputs={"arn": "arn:aws:budgets::111111111111:budget/probe", "accountId": "111111111111"},
    ),
}
