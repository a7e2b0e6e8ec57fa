"""Rules as oslo.policy reads them: apps register defaults, an operator's `policy.yaml` overrides them.

``enforce(actor, rule, target)`` answers yes or no; what a refusal means (403 or 404) is the app's to say.
Only overrides are read from the file; a rule in it that nobody asks is told at start-up (`settings.checks`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from catalog.actors import Actor
from catalog.conf import CatalogConfig, ConfigurationError, section
from catalog.errors import WrongScope
from catalog.registry import Registry

_defaults: Registry[policy.RuleDefault] = Registry("policy rule")


def register(defaults: Iterable[policy.RuleDefault]) -> None:
    """Make rules known; called from `AppConfig.ready`."""
    for default in defaults:
        _defaults.register(default.name, default)
    for remembered in (enforcer, _answer, _target_names, _asks_outside):
        remembered.cache_clear()


def registered() -> Mapping[str, policy.RuleDefault]:
    return dict(_defaults)


def build(file: Path | None) -> policy.Enforcer:
    """An enforcer over the registered defaults and the overrides of `file`; ConfigurationError when it is none."""
    conf = cfg.ConfigOpts()
    conf([], project="vitrine", default_config_files=[], default_config_dirs=[])
    built = policy.Enforcer(conf, policy_file=str(file or "no policy file"))
    conf.set_override("policy_dirs", [], group="oslo_policy")
    built.suppress_deprecation_warnings = True
    built.suppress_default_change_warnings = True
    for default in _defaults.values():
        built.register_default(default)
    try:
        built.load_rules()
    except (
        OSError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # as oslo.policy reads what is no mapping
        reason = " ".join(str(error).split())
        raise ConfigurationError([f"VITRINE_POLICY_FILE: cannot read {file}: {reason}"]) from None
    for name, default in built.file_rules.items():
        # What oslo.policy cannot read it takes for "never", which is written "!".
        if "!" in str(default.check) and "!" not in str(default.check_str):
            sentence = f"the rule {name!r} is not understood: {default.check_str!r}"
            raise ConfigurationError([f"VITRINE_POLICY_FILE: cannot read {file}: {sentence}"])
    if "default" not in built.file_rules:
        # For oslo.policy a rule of this name decides on every name that is unknown, misspelt ones too; Glance's own,
        # which holds for everybody, must not. One that the file writes may.
        built.default_rule = built.rules.default_rule = None
    built.use_conf = False  # or every question would look at the file again; a restart reads it
    return built


@lru_cache(maxsize=1)
def enforcer() -> policy.Enforcer:
    """The enforcer of the running service, built once."""
    return build(section(CatalogConfig).policy_file)


def enforce(actor: Actor, rule: str, target: Mapping[str, Any] | None = None) -> bool:
    """Whether `rule` holds for `actor` on `target` (keys as the rules name them: project_id, owner, visibility…).

    Answers are remembered by what the rule can read of the target: oslo.policy takes some 0.2 ms for each.
    """
    known = dict(target or {})
    if _asks_outside():
        return bool(enforcer().enforce(rule, known, actor.credentials()))
    read = tuple((name, known[name]) for name in _target_names() if name in known)
    return _answer(rule, read, replace(actor, request_id="", audit_ids=()))


def require_project_scope(actor: Actor) -> None:
    """WrongScope for a token scoped to the system or to a domain, which OpenStack's images and definitions refuse
    whatever roles it carries.
    """
    scope = "the system" if actor.system else "a domain" if actor.domain_id is not None else None
    if scope is not None:
        raise WrongScope(
            f"This needs a token scoped to a project; yours is scoped to {scope}.",
            scope="system" if actor.system else "domain",
        )


@lru_cache(maxsize=16384)
def _answer(rule: str, target: tuple[tuple[str, Any], ...], actor: Actor) -> bool:
    return bool(enforcer().enforce(rule, dict(target), actor.credentials()))


@lru_cache(maxsize=1)
def _target_names() -> tuple[str, ...]:
    """Every `%(name)s` that any rule reads."""
    found = re.findall(
        r"%\(([^)]+)\)s", " ".join(str(check) for check in enforcer().rules.values())
    )
    return tuple(sorted(set(found)))


@lru_cache(maxsize=1)
def _asks_outside() -> bool:
    """Whether an override asks another service, whose answer may change."""
    return any(re.search(r"\bhttps?:", str(check)) for check in enforcer().rules.values())
