"""The job of the pipeline that watches: compare captured requests with the rows of training, and answers with the truth about them."""

import sys

from mlops_platform import job
from mlops_platform.monitoring import watch


def main() -> None:
    """Look at the job's inputs, and write the findings to its output."""
    folders = {
        "--artifact": job.processing_input("model") / "model.tar.gz",
        "--captured": job.processing_input("captured"),
        "--truth": job.processing_input("truth"),
        "--output": job.processing_output("watched"),
    }
    watch.main([*(text for name, folder in folders.items() for text in (name, str(folder))), *sys.argv[1:]])


if __name__ == "__main__":
    job.run(main)
