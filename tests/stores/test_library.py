"""The library as others see it: names, errors, configuration, and that it stands alone."""

import ast
import gc
import importlib
import inspect
import pickle
import pkgutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import stores
from stores import BlobNotFound, FileStore, MemoryStore, StoreConfig, StoreError, StoreMisconfigured
from stores import errors as errors_module
from stores import registry as registry_module

INTERNAL = {
    "conformance",
    "conformance_powers",
    "conformance_reading",
    "fileio",
    "httpwire",
    "layout",
    "overriding",
    "partial",
    "passes",
    "posix",
}
MODULES = {info.name for info in pkgutil.iter_modules(stores.__path__)}


def all_errors() -> list[type[StoreError]]:
    found = vars(errors_module).values()
    return [one for one in found if inspect.isclass(one) and issubclass(one, StoreError)]


def test_public_names_are_complete() -> None:
    assert len(stores.__all__) == len(set(stores.__all__))
    assert all(hasattr(stores, name) for name in stores.__all__)
    for module in MODULES - INTERNAL:
        loaded = importlib.import_module(f"stores.{module}")
        for name, value in vars(loaded).items():
            if getattr(value, "__module__", None) == loaded.__name__ and name[0] != "_":
                assert name in stores.__all__, f"{module}.{name} is neither public nor internal"


def parsed(source: str) -> ast.Module:
    """CPython 3.11 may end ast.parse with SystemError when the collector runs inside it (gh-106905)."""
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_nothing_but_the_standard_library_is_imported(module: str) -> None:
    source = Path(stores.__path__[0], f"{module}.py").read_text()
    found = set()
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            found.add((node.module or "").split(".")[0])
    allowed = {
        "conformance": {"pytest"},
        "conformance_powers": {"pytest"},
        "conformance_reading": {"pytest"},
        "overriding": {"typing_extensions"},
    }.get(module, set())
    assert found - sys.stdlib_module_names - {"stores"} <= allowed


# -- errors


def test_codes_are_unique_and_drawn() -> None:
    codes = [kind.code for kind in all_errors()]
    assert len(codes) == len(set(codes)) > 10
    for kind in all_errors():
        assert kind.__name__ in (errors_module.__doc__ or "")
        assert "code" in vars(kind), f"{kind.__name__} has no code of its own"


@pytest.mark.parametrize("kind", all_errors())
def test_errors_carry_facts(kind: type[StoreError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what happened", key="k", size=3)))
    assert type(error) is kind
    assert (error.message, error.facts) == ("what happened", {"key": "k", "size": 3})
    assert str(error) == "what happened (key='k', size=3)"
    assert str(kind("plain")) == "plain"


# -- configuration


def test_stores_by_alias(tmp_path: Path) -> None:
    built = stores.build(
        {
            "fast": StoreConfig(backend="file", options={"root": tmp_path, "fsync": False}),
            "small": StoreConfig(backend="stores.memory.MemoryStore", options={"capacity": 1}),
            "other": StoreConfig(backend="stores.memory:MemoryStore"),
        }
    )
    assert list(built) == ["fast", "small", "other"]
    assert isinstance(built["fast"], FileStore)
    assert isinstance(built["other"], MemoryStore)
    with pytest.raises(BlobNotFound) as caught:
        built["small"].stat("key")
    assert caught.value.facts["store"] == "small"
    with pytest.raises(TypeError):
        built["new"] = MemoryStore()  # type: ignore[index]


@pytest.mark.parametrize(
    ("backend", "options", "message"),
    [
        ("nothing", {}, "no such driver"),
        ("", {}, "no such driver"),
        ("no.such.module.Store", {}, "cannot be imported"),
        ("stores.file.NoSuchStore", {}, "cannot be imported"),
        (".Store", {}, "cannot be imported"),
        ("pathlib.Path", {}, "no BlobStore"),
        ("stores.build", {}, "no BlobStore"),
        ("stores.BlobStore", {}, "abstract"),
        ("file", {}, "missing a required argument: 'root'"),
        ("memory", {"root": "x"}, "unexpected keyword argument 'root'"),
    ],
)
def test_wrong_configuration_is_named(
    backend: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(StoreMisconfigured, match=message) as caught:
        stores.build({"alias": StoreConfig(backend=backend, options=options)})
    assert caught.value.facts["alias"] == "alias"
    assert caught.value.facts["backend"] == backend


def offer(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    found = [EntryPoint(name, value, registry_module.GROUP) for name, value in points]
    monkeypatch.setattr(registry_module, "entry_points", lambda **_group: found)


def test_drivers_of_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("theirs", "stores.memory:MemoryStore"), ("broken", "no.such:Store"))
    built = stores.build({"a": StoreConfig(backend="theirs")})
    assert isinstance(built["a"], MemoryStore)
    with pytest.raises(StoreMisconfigured, match="cannot be imported"):
        stores.build({"a": StoreConfig(backend="broken")})


@pytest.mark.parametrize("name", ["theirs", "file"])
def test_a_name_taken_twice_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    offer(monkeypatch, (name, "one:Store"), (name, "other:Store"))
    with pytest.raises(StoreMisconfigured, match="two drivers of one name"):
        stores.build({})


def test_a_name_offered_twice_alike_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("file", registry_module.BUILT_IN["file"]))
    assert dict(stores.build({})) == {}
