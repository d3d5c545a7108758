"""Run the local GitHub until SIGTERM."""

import argparse
import signal
import threading
from pathlib import Path
from types import FrameType

from sandbox.github.seed import Seed
from sandbox.github.server import Server
from sandbox.github.service import GitHub
from sandbox.github.transport import serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.github", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="has seed.json; repositories and logs go here")
    parser.add_argument("--certificate", type=Path, required=True, help="of the server, PEM")
    parser.add_argument("--key", type=Path, required=True, help="of the server, PEM")
    parser.add_argument("--certificate-authority", type=Path, required=True, help="that jobs trust, PEM")
    parser.add_argument("--aws-url", required=True, help="AWS endpoint of jobs")
    options = parser.parse_args()
    folder = options.folder.resolve()
    github = GitHub(
        folder,
        f"https://localhost:{options.port}",
        Seed.load(folder),
        aws_url=options.aws_url,
        authority=options.certificate_authority.resolve(),
    )
    listener = serve(options.port, options.certificate, options.key, Server(github).answer)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever(), which runs in this thread.
        threading.Thread(target=listener.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"the local GitHub listens on https://localhost:{options.port}", flush=True)  # noqa: T201
    try:
        listener.serve_forever(poll_interval=0.1)
    finally:
        github.close()


if __name__ == "__main__":
    main()
