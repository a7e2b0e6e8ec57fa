"""A dispatcher that only remembers: tests run jobs themselves."""

remembered: list[str] = []


def remember(job_id: str) -> None:
    remembered.append(job_id)
