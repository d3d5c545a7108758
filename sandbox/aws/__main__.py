"""Start the local AWS: `python -m sandbox.aws --port … --folder … --certificate … --key … …`."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path
from types import ModuleType

REGION = "eu-west-1"

KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
"""Variables of the environment that the server keeps; functions inherit them, and see no more on AWS either."""


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1 to serve on")
    parser.add_argument("--folder", type=Path, required=True, help="folder for logs and jobs")
    parser.add_argument("--certificate", type=Path, required=True, help="server certificate, PEM")
    parser.add_argument("--key", type=Path, required=True, help="its private key, PEM")
    parser.add_argument("--certificate-authority", type=Path, required=True, help="authority that clients trust, PEM")
    parser.add_argument("--github-url", required=True, help="the local GitHub, whose tokens accounts may trust")
    parser.add_argument("--images", type=Path, required=True, help="folder of the environments of SageMaker's images")
    parser.add_argument("--seconds-per-minute", type=float, default=1.0, help="length of one of AWS's minutes")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    job_environment = dict(os.environ)
    _prepare_environment(arguments)
    logging.basicConfig(
        filename=arguments.folder / "aws.log",
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )

    # MiniStack reads its settings while it is imported; compiling it anew for every start would take seconds.
    sys.dont_write_bytecode = False
    from sandbox.aws import server

    settings = server.Settings(
        port=arguments.port,
        folder=arguments.folder.resolve(),
        certificate=arguments.certificate.resolve(),
        key=arguments.key.resolve(),
        certificate_authority=arguments.certificate_authority.resolve(),
        github_url=arguments.github_url,
        images=arguments.images.resolve(),
        job_environment=job_environment,
        seconds_per_minute=arguments.seconds_per_minute,
    )
    server.install(settings)
    asyncio.run(_serve(server, settings))


async def _serve(server: ModuleType, settings: object) -> None:
    await server.serve(settings)
    logging.shutdown()
    os._exit(0)  # Threads that still wait for something must not keep the process.


def _prepare_environment(arguments: argparse.Namespace) -> None:
    for name in set(os.environ) - set(KEPT):
        del os.environ[name]
    os.environ |= {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(arguments.port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "MINISTACK_SSL_CERT": str(arguments.certificate.resolve()),
        "MINISTACK_SSL_KEY": str(arguments.key.resolve()),
        "SFTP_ENABLED": "0",
        "USE_SSL": "1",
    }


if __name__ == "__main__":
    main()
