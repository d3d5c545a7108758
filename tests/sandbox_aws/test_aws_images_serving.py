"""The serving contract of SageMaker's images, held by AWS's own server: what models are written against.

Sources: aws/sagemaker-containers 2.8.6.post2 (`_server.py`, `_modules.py`, `_transformer.py`, `_worker.py`), which these
containers run; `serving.py` of aws/sagemaker-xgboost-container cb8df91 and of aws/sagemaker-scikit-learn-container
eae7b6b, which `mlops_platform/serving/images` repeats.
"""

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account
from tests.sandbox_aws.hosting import Hosting, archive
from tests.sandbox_aws.image_container import CAN_INSTALL, ImageContainer, install, serving

pytestmark = pytest.mark.slow

TRANSFORM = """
import os
from sagemaker_containers.beta.framework import worker
def model_fn(model_dir):
    return model_dir
def transform_fn(model, data, content_type, accept):
    if data == "raise":
        raise ValueError("the reason")
    if data == "refuse":
        return worker.Response("not like that", status=415, mimetype="text/plain")
    if data == "tuple":
        return "1", "text/csv"
    if data == "where":
        return f"{model} {__file__} {os.environ['OMP_NUM_THREADS']}"
    return f"{type(data).__name__} {content_type} {accept}"
"""
FUNCTIONS = """
from sagemaker_containers.beta.framework import worker
def model_fn(model_dir):
    return 2.0
def input_fn(data, content_type):
    return [float(value) for value in data.split(",")]
def predict_fn(data, model):
    return [value * model for value in data]
"""
BOTH = TRANSFORM + "def predict_fn(data, model):\n    return data\n"


@pytest.fixture(scope="module", params=["sagemaker-xgboost", "sagemaker-scikit-learn"])
def image(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """An image, and its interpreter."""
    return request.param, install(request.param)


@pytest.fixture(scope="module")
def transforming(image: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageContainer]:
    """A container whose code has a transform_fn."""
    name, python = image
    variables = {**CAN_INSTALL, "OMP_NUM_THREADS": "3"} if name == "sagemaker-scikit-learn" else CAN_INSTALL
    with serving(python, name, tmp_path_factory.mktemp("transforming"), TRANSFORM, variables) as container:
        assert container.ping() == 200, container.log.read_text()
        yield container


def test_an_isolated_container_cannot_install_code_because_pip_wants_to_download_setuptools(
    image: tuple[str, Path], tmp_path: Path
) -> None:
    name, python = image
    with serving(python, name, tmp_path, TRANSFORM, {}) as container:
        assert container.ping() == 0
        assert container.process.wait() == 1
        log = container.log.read_text()
    assert "No matching distribution found for setuptools" in log
    assert "InstallModuleError" in log


def test_an_isolated_container_installs_code_and_serves_with_pip_no_build_isolation_0(
    transforming: ImageContainer,
) -> None:
    log = transforming.log.read_text()
    assert "Generating setup.py" in log
    assert "Successfully installed inference-1.0.0" in log
    assert "INFO - sagemaker-containers - Generating setup.cfg" in log
    assert "Using worker: gevent" in log


def test_text_without_a_content_type_is_answered_as_html(transforming: ImageContainer) -> None:
    assert transforming.invoke("1", Accept="text/csv") == (200, "text/html; charset=utf-8", b"str text/csv text/csv")


def test_text_with_its_content_type_is_answered_as_that(transforming: ImageContainer) -> None:
    assert transforming.invoke("tuple") == (200, "text/csv; charset=utf-8", b"1")


def test_an_exception_is_answered_with_500_and_its_reason_is_in_the_log_only(transforming: ImageContainer) -> None:
    status, kind, body = transforming.invoke("raise")
    assert (status, kind) == (500, "text/html; charset=utf-8")
    assert b"the reason" not in body
    assert "ClientError: the reason" in transforming.log.read_text()


def test_a_response_of_the_toolkits_is_answered_with_its_own_status(transforming: ImageContainer) -> None:
    assert transforming.invoke("refuse") == (415, "text/plain; charset=utf-8", b"not like that")


def test_without_accept_json_is_wanted_and_without_content_type_json_was_sent(transforming: ImageContainer) -> None:
    assert transforming.invoke("1")[2] == b"str text/csv application/json"
    assert transforming.invoke("1", Accept="*/*")[2] == b"str text/csv application/json"
    assert transforming.request("POST", "/invocations", b"1")[2] == b"str application/json application/json"


def test_only_json_and_csv_reach_the_code_as_text(transforming: ImageContainer) -> None:
    assert transforming.invoke("1", Content_Type="image/png")[2] == b"bytes image/png application/json"
    assert transforming.invoke("1", Content_Type="text/csv; charset=utf-8")[2].startswith(b"bytes")


def test_code_is_served_from_opt_ml_code_with_one_thread_for_xgboost(
    image: tuple[str, Path], transforming: ImageContainer
) -> None:
    base = transforming.log.parent / "ml"
    threads = {"sagemaker-xgboost": 1, "sagemaker-scikit-learn": 3}[image[0]]
    answer = f"{base}/model {base}/code/inference.py {threads}"
    assert transforming.invoke("where")[2].decode() == answer


def test_other_paths_and_methods_are_not_served(transforming: ImageContainer) -> None:
    assert transforming.request("GET", "/other")[0] == 404
    assert transforming.request("GET", "/invocations")[0] == 405


def test_the_environment_names_the_type_that_is_wanted_without_accept_and_functions_have_defaults(
    image: tuple[str, Path], tmp_path: Path
) -> None:
    name, python = image
    variables = {**CAN_INSTALL, "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    with serving(python, name, tmp_path, FUNCTIONS, variables) as container:
        assert container.ping() == 200
        # The image's own output_fn encodes what predict_fn returns.
        assert container.invoke("1,2") == (200, "text/csv; charset=utf-8", b"2.0\n4.0\n")
        status, kind, body = container.invoke("1,2", Accept="application/json")
        assert (status, kind, json.loads(body)) == (200, "application/json", [2.0, 4.0])
        assert container.invoke("1,2", Accept="image/png")[0] == 500


def test_functions_that_exclude_each_other_fail_every_health_check(image: tuple[str, Path], tmp_path: Path) -> None:
    name, python = image
    with serving(python, name, tmp_path, BOTH) as container:
        assert container.ping() == 500
        assert container.ping() == 500
        assert container.process.poll() is None
        message = "Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn"
        assert message in container.log.read_text()


def test_a_container_ends_with_the_process_that_holds_its_standard_input(
    image: tuple[str, Path], tmp_path: Path
) -> None:
    name, python = image
    with serving(python, name, tmp_path, TRANSFORM) as container:
        assert container.ping() == 200
        processes = _children(container)
        assert any("gunicorn" in " ".join(each.cmdline()) for each in processes)
        assert container.process.stdin is not None
        container.process.stdin.close()
        container.process.stdin = None
        assert container.process.wait(timeout=10) == -signal.SIGKILL
        assert psutil.wait_procs(processes, timeout=10)[1] == []


@pytest.mark.parametrize(("variables", "status"), [({}, "Failed"), (CAN_INSTALL, "InService")], ids=["without", "with"])
def test_an_isolated_endpoint_comes_up_only_with_the_variable(
    variables: dict[str, str], status: str, dev: Account
) -> None:
    with Hosting.prepare(dev, f"images-test-{status.lower()}") as hosting:
        packed = archive({"code/inference.py": TRANSFORM.encode()})
        dev.client("s3").put_object(Bucket=hosting.bucket, Key="code/model.tar.gz", Body=packed)
        container = {
            "Image": "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0",
            "ModelDataUrl": f"s3://{hosting.bucket}/code/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                **variables,
            },
        }
        hosting.model("isolated", EnableNetworkIsolation=True, PrimaryContainer=container)
        found = hosting.endpoint("isolated", hosting.configuration("isolated", "isolated"))
        assert found["EndpointStatus"] == status, found
        if status == "Failed":
            assert found["FailureReason"] == (
                "The primary container for production variant isolated did not pass the ping health check. "
                "Please check CloudWatch logs for this endpoint."
            )
        else:
            answer = hosting.invoke("isolated", "tuple")
            assert (answer["Body"].read(), answer["ContentType"]) == (b"1", "text/csv; charset=utf-8")
            _kill_first_process("isolated")
            hosting.wait_for(lambda: _answers(hosting, "isolated"))
            assert len([line for line in _commands_of("isolated") if "supervised" in line]) == 1


def _processes_of(endpoint: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # Any process may end while it is looked at.
        with contextlib.suppress(psutil.Error):
            if process.environ().get("ENDPOINT_NAME") == endpoint:
                yield process


def _commands_of(endpoint: str) -> list[str]:
    return [" ".join(process.cmdline()) for process in _processes_of(endpoint)]


def _kill_first_process(endpoint: str) -> None:
    """Kill what the container was started with; its gunicorn lives on until the container is started again."""
    before = list(_processes_of(endpoint))
    [first] = [process for process in before if "supervised" in process.cmdline()]
    first.kill()
    assert psutil.wait_procs(before, timeout=60)[1] == []


def _answers(hosting: Hosting, endpoint: str) -> bool:
    with contextlib.suppress(ClientError):
        return hosting.invoke(endpoint, "tuple")["Body"].read() == b"1"
    return False


def _children(container: ImageContainer) -> list[psutil.Process]:
    return psutil.Process(container.process.pid).children(recursive=True)
