"""The doctor: looks at everything that Hitpoint needs, changes nothing, and says what to do about what it finds."""

from __future__ import annotations

from daemon.checks.engines import engines
from daemon.checks.finding import Finding
from daemon.checks.hosts import hosts
from daemon.checks.house import house
from daemon.checks.libraries import libraries
from daemon.home import Home

__all__ = ["Finding", "examine", "healthy"]


def examine(home: Home) -> list[Finding]:
    """Everything that was found, in the order in which a start needs it. No daemon is started and no folder made."""
    return [*libraries(), *house(home), *engines(), *hosts(home)]


def healthy(findings: list[Finding]) -> bool:
    """Whether nothing is a problem."""
    return all(finding.state != "problem" for finding in findings)
