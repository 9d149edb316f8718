"""Loads under headers that nobody sent: what would stop them, had the page, or the answer, those of a policy.

Law 1: nothing is changed: both are judged again from what the servers themselves sent.
Law 2: a page counts with the headers that it would have, whether the policy concerns the load's own answer or not.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from cors_addon.engines.gates import GATES
from cors_addon.exchange.documents import Document
from cors_addon.exchange.fate import Tried
from cors_addon.exchange.model import Fields, Observation
from cors_addon.fetch.gates import page_from
from cors_addon.fetch.load import Arrival, Block, Destination, Load, Page


class LoadTrial(NamedTuple):
    """One policy to be tried."""

    by: object
    """Whose trial it is, by identity."""
    answer: Callable[[Observation], Fields | None]
    """The header list that it gives an answer; None where it does not concern that."""
    note: Callable[[str], object] = lambda _flow_id: None
    """Told each flow that it is tried on."""


def check(engine: str, load: Load, arrival: Arrival) -> Block | None:
    """What stops a load in an engine; a document that is no frame is nobody's load."""
    gates = None if load.destination is Destination.DOCUMENT else GATES.get(engine)
    return None if gates is None else gates.check(load, arrival)


def own_fields(observation: Observation) -> Fields:
    """The header list as the server itself sent it."""
    return observation.response if observation.rewritten is None else observation.rewritten[2]


def page_under(trial: LoadTrial, document: Document) -> Page | None:
    """What a document would demand; None where the policy does not concern it."""
    if trial.by not in document.tried:
        fields = None if document.observation is None else trial.answer(document.observation)
        document.tried[trial.by] = None if fields is None else _page_of(document, fields)
    return document.tried[trial.by]


def _page_of(document: Document, fields: Fields) -> Page:
    made = page_from(document.url, fields)
    # what is in the markup, and what a worker has of its page, does not depend on its headers
    return document.page._replace(
        embedder=made.embedder,
        isolation=made.isolation if made.isolation.isolates or not document.worker else document.headers.isolation,
        policies=(*made.policies, *document.markup.policies),
    )


def try_all(
    trials: Iterable[LoadTrial], engine: str, seen: tuple[Observation, Document | None], load: Load, arrival: Arrival
) -> tuple[Tried, ...]:
    """What stops one load under each policy that concerns it or its page; `seen`: its exchange, and that page."""
    observation, document = seen
    if load.destination is Destination.DOCUMENT:
        return ()
    own = arrival._replace(fields=own_fields(observation))
    found = []
    for trial in trials:
        fields = trial.answer(observation)
        page = None if document is None else page_under(trial, document)
        if fields is None and page is None:
            continue
        trial.note(observation.flow_id)
        then = load if page is None else load._replace(page=page)
        after = check(engine, then, own if fields is None else own._replace(fields=fields))
        found.append(Tried(trial.by, check(engine, load, own), after))
    return tuple(found)
