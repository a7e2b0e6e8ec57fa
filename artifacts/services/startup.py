"""What a process does once before it serves."""

from artifacts.services.reaping import sweep_partials


def sweep() -> None:
    """Remove what dead writers of this machine left in the stores."""
    sweep_partials()
