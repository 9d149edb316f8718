"""What to change, who must change it, and what really happened: decided here, of whatever tells of a refusal."""
