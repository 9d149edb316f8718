"""What there is to say of one file that was read, whatever was in it."""

from dataclasses import dataclass, field

MAX_NOTES = 50


@dataclass(slots=True)
class Input:
    """One file, and how its reading went."""

    name: str
    kind: str = ""
    flows: int = 0
    """HTTP exchanges in it, judged or not."""
    damage: str | None = None
    offset: int | None = None
    notes: dict[str, int] = field(default_factory=dict)
    """What this file cannot tell, and of how many exchanges."""

    @property
    def title(self) -> str:
        """What people call it."""
        return "standard input" if self.name == "-" else self.name

    @property
    def usable(self) -> bool:
        """Whether it was read to its end."""
        return self.damage is None

    def note(self, text: str, count: int = 1) -> None:
        """Something that the file cannot tell."""
        if text in self.notes or len(self.notes) < MAX_NOTES:
            self.notes[text] = self.notes.get(text, 0) + count
