"""Run a module in a process group that ends when standard input does.

    python -m supervised sagemaker_xgboost_container.serving

Standard input ends with the process that holds its other end, however that ends, so no server is left behind. The
process is the leader of its group.
"""

import os
import runpy
import signal
import sys
import threading


def _end_with_standard_input() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
