"""Security findings in words: what one exchange shows, and what to change."""

from cors_addon.audit.auditor import facts
from cors_addon.exchange.model import Judgement
from cors_addon.fetch.headers import readable
from cors_addon.reasons.finding import Finding
from cors_addon.reasons.findings import FINDINGS
from cors_addon.reasons.model import fix, message
from cors_addon.report.marks import MARK as MARK


def finding_phrase(judgement: Judgement, finding: Finding) -> str:
    """What was found, with its values, in one line."""
    return readable(message(FINDINGS[finding.name], finding, facts(judgement, finding)))


def finding_fix(judgement: Judgement, finding: Finding) -> str:
    """What to change; lines of headers, which are to be pasted, are indented."""
    return fix(FINDINGS[finding.name], finding, facts(judgement, finding))
