"""A security finding as a value: what the traffic shows of a server, whether or not a browser refused anything."""

from enum import StrEnum
from typing import NamedTuple


class FindingName(StrEnum):
    """What is, never the cure."""

    NULL_ORIGIN_WITH_CREDENTIALS = "null-origin-with-credentials"
    UNRELATED_ORIGINS_WITH_CREDENTIALS = "unrelated-origins-with-credentials"
    LOOKALIKE_ORIGIN_WITH_CREDENTIALS = "lookalike-origin-with-credentials"
    INSECURE_ORIGIN_WITH_CREDENTIALS = "insecure-origin-with-credentials"
    VARY_ORIGIN_MISSING = "vary-origin-missing"
    NOT_READY_FOR_ISOLATION = "not-ready-for-isolation"
    ANY_SUBDOMAIN_WITH_CREDENTIALS = "any-subdomain-with-credentials"
    LOCAL_ORIGIN_WITH_CREDENTIALS = "local-origin-with-credentials"
    PRIVATE_SERVER_OPEN_TO_ALL = "private-server-open-to-all"
    PRIVATE_ANSWER_OPEN_TO_ALL = "private-answer-open-to-all"
    DENIED_YET_ACCEPTED = "denied-yet-accepted"


class Finding(NamedTuple):
    """One finding about one exchange; `detail` is the value that shows it, or None where the name says all."""

    name: FindingName
    detail: str | None = None
