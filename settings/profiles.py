"""What each profile presets; everything can be overridden by its own setting."""

EMBEDDED: dict[str, str] = {}

PRODUCTION: dict[str, str] = {
    "VITRINE_SEARCH_ENGINE": "elasticsearch",
    "VITRINE_WEB_WORKERS": "2",
}

REQUIRED_IN_PRODUCTION = ("VITRINE_DATABASE_URL", "VITRINE_BROKER_URL", "VITRINE_SEARCH_URL")
