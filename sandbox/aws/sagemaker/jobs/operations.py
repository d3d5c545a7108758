"""The operations on jobs."""

from collections.abc import Callable

from sandbox.aws.sagemaker import names
from sandbox.aws.sagemaker.jobs import lifecycle
from sandbox.aws.sagemaker.jobs.job import Kind
from sandbox.aws.sagemaker.jobs.processing import PROCESSING
from sandbox.aws.sagemaker.jobs.training import TRAINING
from sandbox.aws.service import Call, Members


def _operations(kind: Kind) -> dict[str, Callable[[Call], Members]]:
    members = (kind.name_member, kind.arn_member, kind.status_member)
    summary = (*members, "CreationTime", "LastModifiedTime", f"{kind.noun}EndTime")

    def found(call: Call) -> Members:
        return names.found(
            kind.store, call.members[kind.name_member], "Requested resource not found.", "ValidationException"
        )

    def create_job(call: Call) -> Members:
        return names.pick(lifecycle.create(kind, call.members), kind.arn_member)

    def describe_job(call: Call) -> Members:
        return lifecycle.description(found(call))

    def stop_job(call: Call) -> Members:
        lifecycle.stop(kind, found(call))
        return {}

    def list_jobs(call: Call) -> Members:
        wanted, status = call.members.get("NameContains", ""), call.members.get("StatusEquals")
        records = [
            record
            for record in kind.store.values()
            if wanted in record[kind.name_member] and status in (None, record[kind.status_member])
        ]
        return names.page(
            call.members, f"{kind.noun}JobSummaries", records, lambda record: names.pick(record, *summary)
        )

    return {
        f"Create{kind.noun}Job": create_job,
        f"Describe{kind.noun}Job": describe_job,
        f"Stop{kind.noun}Job": stop_job,
        f"List{kind.noun}Jobs": list_jobs,
    }


OPERATIONS = {**_operations(PROCESSING), **_operations(TRAINING)}
