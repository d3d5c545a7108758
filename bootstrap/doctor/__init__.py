"""`doctor`: report the state of an environment, and what to do about each thing that isn't as it should be."""

from bootstrap.doctor.examination import examine, examine_quotas
from bootstrap.doctor.finding import Finding

__all__ = ["Finding", "examine", "examine_quotas"]
