"""What tests of telemetry share."""

from tests.support.telemetry import captured

__all__ = ["captured"]
