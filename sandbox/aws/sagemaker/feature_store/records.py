"""SageMaker Feature Store Runtime: records, and the files that hold them in the offline store.

Its requests are signed for `sagemaker`, too, but speak REST: `PUT /FeatureGroup/{name}`. AWS writes a file for many records, within 15
minutes; here each has a file of its own, at once. Source of the layout: SageMaker Developer Guide, "Amazon SageMaker Feature Store
offline store data format".
"""

import asyncio
import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from sandbox.aws import validation
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway, request_authorization, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response
from sandbox.aws.sagemaker import containers, names, transfer
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.sagemaker.feature_store import groups
from sandbox.aws.service import Members

MODEL = "sagemaker-featurestore-runtime"
PATH = re.compile(r"/FeatureGroup/([^/]+)")
EVENT_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z")
"""The two forms of an event time that is a text. Source: API Reference, "CreateFeatureGroup"."""
PARSERS: Mapping[str, Any] = {"String": str, "Integral": int, "Fractional": float}


def install() -> None:
    """Answer requests for records, and authorize them by their names."""
    request_authorization.authorize_as("sagemaker", MODEL)
    gateway.intercept("sagemaker", _answer_records)


async def _answer_records(request: Request, go_on: Handler) -> Response:
    if "x-amz-target" in request.headers or not PATH.match(request.path):
        return await go_on(request)
    # Writing a record calls this very server.
    return await asyncio.to_thread(answer, request)


def answer(request: Request) -> Response:
    """Answer one request for records."""
    try:
        _put(_parse(request))
    except ServiceError as error:
        code = "ValidationError" if error.code == "ValidationException" else error.code
        headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
        return error.status, headers, json.dumps({"Message": error.message}).encode()
    return 200, {"Content-Type": "application/json"}, b""


def _parse(request: Request) -> Members:
    matched = PATH.fullmatch(request.path)
    if request.method != "PUT" or matched is None:
        raise NotEmulatedError(f"{request.method} {request.path} of Feature Store Runtime")
    members = {**request.json(), "FeatureGroupName": unquote(matched[1])}
    validation.check(validation.service_model(MODEL).operation_model("PutRecord").input_shape, members)
    if unknown := sorted(members.keys() - {"FeatureGroupName", "Record"}):
        raise NotEmulatedError(f"PutRecord with {', '.join(unknown)}")
    return members


def _put(members: Members) -> None:
    group = groups.find(members["FeatureGroupName"])
    if (status := group["FeatureGroupStatus"]) != "Created":
        raise ServiceError("ValidationException", f"FeatureGroup {group['FeatureGroupName']} is {status}.")
    types = {each["FeatureName"]: each["FeatureType"] for each in group["FeatureDefinitions"]}
    record = _values(members["Record"], types)
    for name in (group["RecordIdentifierFeatureName"], group["EventTimeFeatureName"]):
        if name not in record:
            raise ServiceError("ValidationException", f"Record must contain a value of {name}.")
    event = _event(record[group["EventTimeFeatureName"]])
    received = datetime.now(UTC)
    row = {**dict.fromkeys(types), **record, "api_invocation_time": received, "write_time": datetime.now(UTC)}
    _write(group, event, _file(row | {"is_deleted": False}, types))


def _values(record: list[Members], types: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in record:
        name = each["FeatureName"]
        if "ValueAsStringList" in each or "ValueAsString" not in each:
            raise NotEmulatedError("PutRecord with collections")
        if name not in types:
            raise ServiceError("ValidationException", f"Feature {name} is not in the feature group.")
        try:
            found[name] = PARSERS[types[name]](each["ValueAsString"])
        except ValueError:
            message = f"Could not parse the value of {name} as {types[name]}: {each['ValueAsString']}"
            raise ServiceError("ValidationException", message) from None
    return found


def _event(value: Any) -> datetime:
    if isinstance(value, float):
        return datetime.fromtimestamp(value, UTC)
    if not EVENT_TIME.fullmatch(value):
        raise ServiceError("ValidationException", f"EventTime {value} is not in the format yyyy-MM-dd'T'HH:mm:ssZ.")
    return datetime.fromisoformat(value)


def _file(row: Mapping[str, Any], types: Mapping[str, str]) -> bytes:
    pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    kinds = {"String": pyarrow.string(), "Integral": pyarrow.int64(), "Fractional": pyarrow.float64()}
    moment = pyarrow.timestamp("ms", tz="UTC")
    schema = {
        **{name: kinds[kind] for name, kind in types.items()},
        "write_time": moment,
        "api_invocation_time": moment,
        "is_deleted": pyarrow.bool_(),
    }
    arrays = [pyarrow.array([row[name]], kind) for name, kind in schema.items()]
    content = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_arrays(arrays, list(schema)), content)
    return content.getvalue()


def _write(group: Members, event: datetime, content: bytes) -> None:
    """Write a file into the offline store, with the permissions of the group's role.

    If it may not, the record is taken all the same, and the offline store is blocked. Source: API Reference, "OfflineStoreStatus".
    """
    storage = group["OfflineStoreConfig"]["S3StorageConfig"]
    hour = f"year={event:%Y}/month={event:%m}/day={event:%d}/hour={event:%H}"
    uri = f"{storage['ResolvedOutputS3Uri']}/{hour}/{event:%Y%m%dT%H%M%SZ}_{names.identifier(16)}.parquet"
    s3 = containers.client("s3", authorization.assume(group["RoleArn"], "SageMaker"), scope.region())
    try:
        transfer.put(s3, content, uri, storage.get("KmsKeyId"))
    except StepFailedError as refused:
        group["OfflineStoreStatus"] = {"Status": "Blocked", "BlockedReason": str(refused)}
