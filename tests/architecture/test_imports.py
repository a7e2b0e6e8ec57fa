"""The contracts about who may import whom (`pyproject.toml`) hold, and say what they are meant to say."""

import tomllib

from importlinter.api import read_configuration

from tests.architecture import source


def test_every_package_is_under_contract() -> None:
    config = read_configuration(str(source.ROOT / "pyproject.toml"))
    assert set(config["session_options"]["root_packages"]) == set(source.PACKAGES)


def test_layers_are_those_of_the_architecture() -> None:
    document = tomllib.loads((source.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {c["name"]: c for c in document["tool"]["importlinter"]["contracts"]}
    assert contracts["Apps point down to the kernel"]["layers"] == [
        "settings",
        "console",
        "search | images",
        "artifacts",
        "metadefs",
        "catalog",
    ]
