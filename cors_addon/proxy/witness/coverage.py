"""Which documents and workers were observed, and why others were not."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from cors_addon.exchange.page_call import Scene

MAX_SCENES = 1000


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

    @property
    def state(self) -> str:
        """As people read it."""
        if self.hindrance:
            return f"not observed: {self.hindrance}"
        return "observed" if self.answers else "not observed so far: nothing came from it"


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

    def heard(self, scene: Scene, calls: int) -> None:
        """One has reported."""
        found = self.scenes.get(scene.flow_id)
        if found is not None:
            found.answers = True
            found.calls += calls

    def summary(self) -> str:
        """All of them in a line."""
        if not self.scenes:
            return "No document has passed yet."
        seen = sum(1 for each in self.scenes.values() if each.answers)
        words = f"{seen} of {len(self.scenes)} documents and workers observed"
        why = Counter(each.hindrance for each in self.scenes.values() if each.hindrance)
        return words + "".join(f"; {count} not: {reason}" for reason, count in why.most_common(5)) + "."
