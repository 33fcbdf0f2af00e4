"""What is refused of those who register and promote."""

from captioner.errors import CaptionerError


class RegisterError(CaptionerError):
    """The bundle cannot be registered as it is, or there."""

    code = "register_refused"
    permanent = True


class PromoteError(CaptionerError):
    """The version cannot be made the current one."""

    code = "promote_refused"
    permanent = True
