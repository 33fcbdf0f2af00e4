"""What can go wrong on somebody's machine before the app runs."""


class SetupError(Exception):
    """Something is missing or in the way; the message is a sentence that says what to do."""
