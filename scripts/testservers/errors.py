"""What goes wrong in words for the person at the terminal."""


class ServiceError(Exception):
    """A command that cannot be carried out; the message says why and, where known, what to do."""


class StartFailed(ServiceError):
    """A server that ended or never became healthy; its log tells more."""
