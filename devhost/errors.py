"""What stops the devhost before it serves anything."""


class HostError(Exception):
    """The app, its `host.json` or its settings cannot be run; the message says what to do."""
