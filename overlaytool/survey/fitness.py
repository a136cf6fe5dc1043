"""What runs on each of Dask's workers before it gets work: has it this overlaytool, and these trees?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from distributed import WorkerPlugin


class Fitness(WorkerPlugin):
    """Gives a worker the resource that tasks take, if a check lets it."""

    def __init__(self, resource: str, check: Callable[[], None]) -> None:
        self.resource, self.check = resource, check
        self.reason = "it is still being looked at"

    async def setup(self, worker: Any) -> None:
        """Compare; nothing is raised, since that would stop the survey everywhere."""
        try:
            await asyncio.to_thread(self.check)
        except Exception as error:
            self.reason = str(error) or type(error).__name__
        else:
            await worker.set_resources(**{self.resource: 1})
