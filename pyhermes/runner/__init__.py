"""Running jobs as processes, each recorded in a directory of its own."""

from __future__ import annotations

from pyhermes.runner.job import JobOutcome, JobPlan, run_job
from pyhermes.runner.sweep import SweepReport, run_jobs

__all__ = ["JobOutcome", "JobPlan", "SweepReport", "run_job", "run_jobs"]
