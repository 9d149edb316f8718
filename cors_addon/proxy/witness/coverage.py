"""Which documents and workers were observed, and why others were not."""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from cors_addon.exchange.page_call import Scene

MAX_SCENES = 1000
UNSEEN = {
    "blank-frame": "empty frames that its script fills",
    "blob-frame": "frames of blob: URLs",
    "blob-worker": "workers of blob: URLs",
    "data-frame": "frames of data: URLs",
    "data-worker": "workers of data: URLs",
    "http-worker": "workers over plain http, whose requests do not say what they are",
    "srcdoc-frame": "frames of srcdoc",
}
"""What runs scripts and does not come through the proxy as such, by the witness's names."""


@dataclass(slots=True)
class Observed:
    """One document or worker."""

    realm: str
    url: str
    hindrance: str = ""
    """Why the witness was not put into it; empty where it was."""
    answers: bool = False
    """It has reported."""
    calls: int = 0
    """How many calls it has told."""
    unseen: Counter[str] = field(default_factory=Counter)
    """What it made that is not observed: how many of each of `UNSEEN`."""

    @property
    def state(self) -> str:
        """As people read it."""
        if self.hindrance:
            return f"not observed: {self.hindrance}"
        return f"observed{_without(self.unseen)}" if self.answers else "not observed so far: nothing came from it"


class Coverage:
    """The latest of them, by flow id."""

    def __init__(self) -> None:
        """Begin with none."""
        self.scenes: OrderedDict[str, Observed] = OrderedDict()

    def note(self, scene: Scene, realm: str, url: str, hindrance: str = "") -> None:
        """One was answered."""
        self.scenes[scene.flow_id] = Observed(realm, url, hindrance)
        self.scenes.move_to_end(scene.flow_id)
        if len(self.scenes) > MAX_SCENES:
            self.scenes.popitem(last=False)

    def heard(self, scene: Scene, calls: int, unseen: Iterable[str] = ()) -> None:
        """One has reported so many calls, and what it made that is not observed."""
        found = self.scenes.get(scene.flow_id)
        if found is not None:
            found.answers = True
            found.calls += calls
            found.unseen.update(each for each in unseen if each in UNSEEN)

    def summary(self) -> str:
        """All of them in a line."""
        if not self.scenes:
            return "No document has passed yet."
        seen = sum(1 for each in self.scenes.values() if each.answers)
        words = f"{seen} of {len(self.scenes)} documents and workers observed"
        why = Counter(each.hindrance for each in self.scenes.values() if each.hindrance)
        words += "".join(f"; {count} not: {reason}" for reason, count in why.most_common(5))
        return words + _without(sum((each.unseen for each in self.scenes.values()), Counter())) + "."


def _without(unseen: Counter[str]) -> str:
    """What is missing of what was observed, as people read it."""
    named = ", ".join(f"{UNSEEN[each]} ({count})" for each, count in sorted(unseen.items()))
    return f"; not observed inside: {named}" if named else ""
