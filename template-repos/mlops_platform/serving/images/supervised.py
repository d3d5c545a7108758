"""Run a module as the leader of a process group that ends when standard input does.

    python -m supervised sagemaker_xgboost_container.serving

Standard input ends with the process that holds its other end, however that ends: no server is left behind.
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
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
