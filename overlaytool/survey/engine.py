"""Work spread over processes and machines by Dask: the only module that imports it.

A plugin compares overlaytool and the trees on every worker, also on those that come later, and gives those
that fit a resource that each task takes. Since there is one of it, a worker does one task at a time, however
many threads it has. Dask does the queueing and the stealing from slow workers, and does a dead worker's
tasks again.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from overlaytool.errors import NetworkError, SurveyError, ToolMissingError
from overlaytool.support.scratch import scratch

CONNECT = 10.0
"""Seconds to wait for a scheduler."""
LOOK = 2.0
"""Seconds without a result after which workers are looked at."""
WAIT_FOR_WORKER = 30.0
"""Seconds without a worker that fits after which a survey is given up."""

type Say = Callable[[str], None]
type Work[T, R] = Callable[[Sequence[T]], R]


class Refused(Exception):
    """This worker is not one for the order."""


def _import() -> Any:
    try:
        import cryptography  # noqa: F401  for credentials; Dask asks for it late
        import distributed
    except ImportError as error:
        raise ToolMissingError(
            "a survey needs Dask, which is not installed",
            details=(str(error),),
            hint="install overlaytool with it: pip install 'overlaytool[survey]'",
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed


class Crew:
    """The workers of one survey."""

    def __init__(self, client: Any, resource: str, say: Say, *, check: Callable[[], None] | None) -> None:
        """
        :param resource: the name of what fitting workers have.
        :param check: run on each worker; it raises :class:`Refused` where that does not fit.
        """
        self._client, self._resource, self._say = client, resource, say
        self._told: set[str] = set()
        if check is not None:
            with suppress(Exception):  # what each worker said of it is asked for below
                client.register_plugin(_fitness(resource, check), name=resource)
            self.look()

    def look(self) -> tuple[dict[str, str], int]:
        """The workers that do not fit and why, each said once; and how many fit."""
        refused: dict[str, str] = {}
        fit = 0
        for address, answer in self._client.run(_fits, self._resource, on_error="return").items():
            if answer is None:
                fit += 1
                continue
            refused[address] = str(answer)
            if address not in self._told:
                self._told.add(address)
                self._say(f"worker {address} is left out: {answer}")
        return refused, fit

    def results[T, R](
        self, work: Work[T, R], batches: Sequence[Sequence[T]]
    ) -> Iterator[tuple[int, R | str]]:
        """What comes of each batch as it is known: its number and its result, or why its worker died of it.

        :raises SurveyError: where there is nobody left to do it.
        :raises BaseException: what the work raises.
        """
        done: queue.Queue[tuple[int, Any]] = queue.Queue()
        futures: dict[int, Any] = {}
        for number, batch in enumerate(batches):
            future = self._client.submit(
                work, batch, pure=False, resources={self._resource: 1}, priority=-number
            )
            futures[number] = future
            future.add_done_callback(lambda ended, number=number: done.put((number, ended)))
        idle = 0.0
        try:
            while futures:
                try:
                    number, future = done.get(timeout=LOOK)
                except queue.Empty:
                    idle = self._patience(idle)
                    continue
                idle = 0.0
                del futures[number]
                yield number, self._result(future)
        finally:
            if futures:
                with suppress(Exception):
                    self._client.cancel(list(futures.values()), force=True)

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            return future.result()
        except KilledWorker as error:
            return f"its worker died {error.allowed_failures + 1} times while it was at it"
        except FutureCancelledError as error:
            raise SurveyError("the scheduler is gone", hint="run it again: what is known is kept") from error

    def _patience(self, idle: float) -> float:
        """Seconds for which there has been nobody to work.

        :raises SurveyError: when that is too long.
        """
        if self._client.status != "running":
            raise SurveyError("the scheduler is gone", hint="run it again: what is known is kept")
        refused, fit = self.look()
        if fit:
            return 0.0
        if idle >= WAIT_FOR_WORKER or refused:
            raise nobody(refused)
        return idle + LOOK


def nobody(refused: Mapping[str, str]) -> SurveyError:
    """That there is no worker for a survey."""
    return SurveyError(
        "no worker can do this survey",
        details=tuple(f"{address}: {reason}" for address, reason in sorted(refused.items()))
        or ("the scheduler has no workers",),
        hint="start workers with this overlaytool, and with the same trees at the same paths;"
        " docs/survey.md says how",
    )


@contextmanager
def local(workers: int, resource: str, say: Say) -> Iterator[Crew]:
    """Processes on this machine."""
    distributed = _import()
    with (
        scratch() as place,
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            local_directory=place,
            memory_limit=0,
            silence_logs=logging.CRITICAL,
            resources={resource: 1},
            security=_credentials(distributed),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield Crew(client, resource, say, check=None)


def _credentials(distributed: Any) -> Any:
    """Keys for this run alone: whoever can talk to the scheduler's port can run what he likes."""
    return distributed.Security.temporary()


@contextmanager
def remote(address: str, resource: str, say: Say, check: Callable[[], None]) -> Iterator[Crew]:
    """The workers of a scheduler.

    :raises NetworkError: where there is none.
    :raises SurveyError: where none of its workers fits.
    """
    distributed = _import()
    try:
        client = distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        raise NetworkError(
            f"no Dask scheduler at {address}",
            details=(str(error) or type(error).__name__,),
            hint="start one with: dask scheduler; without --scheduler this machine does it all",
        ) from error
    try:
        crew = Crew(client, resource, say, check=check)
        refused, fit = crew.look()
        if not fit and refused:
            raise nobody(refused)
        yield crew
    finally:
        with suppress(Exception):
            client.unregister_worker_plugin(resource)
        client.close()


def _fitness(resource: str, check: Callable[[], None]) -> Any:
    """The plugin that compares; made here, since its base class is Dask's."""
    from overlaytool.survey.fitness import Fitness

    return Fitness(resource, check)


def _fits(resource: str, dask_worker: Any) -> str | None:
    """On a worker: why it does not fit, or None."""
    if resource in dask_worker.state.total_resources:
        return None
    plugin = dask_worker.plugins.get(resource)
    return getattr(plugin, "reason", None) or "it could not be asked: does it have overlaytool?"
