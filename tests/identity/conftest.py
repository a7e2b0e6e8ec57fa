from tests.support.identity import *  # noqa: F403 - the fixtures are for here
