"""Rules as oslo.policy reads them: apps register defaults, an operator's `policy.yaml` overrides them.

``enforce(actor, rule, target)`` answers yes or no; what a refusal means (403 or 404) is the app's to say.
Only overrides are read from the file; a rule that nobody registered is refused at start-up (`catalog.checks`).
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from catalog.actors import Actor
from catalog.conf import CatalogConfig, section

_defaults: dict[str, policy.RuleDefault] = {}


def register(defaults: Iterable[policy.RuleDefault]) -> None:
    """Make rules known; called from `AppConfig.ready`."""
    for default in defaults:
        if default.name in _defaults and _defaults[default.name] != default:
            raise ValueError(f"policy rule {default.name} is registered twice")
        _defaults[default.name] = default
    enforcer.cache_clear()


def registered() -> Mapping[str, policy.RuleDefault]:
    return dict(_defaults)


def build(file: Path | None) -> policy.Enforcer:
    """An enforcer over the registered defaults and the overrides of `file`."""
    conf = cfg.ConfigOpts()
    conf([], project="vitrine", default_config_files=[], default_config_dirs=[])
    built = policy.Enforcer(conf, policy_file=str(file or "no policy file"))
    conf.set_override("policy_dirs", [], group="oslo_policy")
    built.suppress_deprecation_warnings = True
    built.suppress_default_change_warnings = True
    for default in _defaults.values():
        built.register_default(default)
    built.load_rules()
    built.use_conf = False  # or every question would look at the file again; a restart reads it
    return built


@lru_cache(maxsize=1)
def enforcer() -> policy.Enforcer:
    """The enforcer of the running service, built once."""
    return build(section(CatalogConfig).policy_file)


def enforce(actor: Actor, rule: str, target: Mapping[str, Any] | None = None) -> bool:
    """Whether `rule` holds for `actor` on `target` (keys as the rules name them: project_id, owner, visibility…)."""
    allowed: bool = enforcer().enforce(rule, dict(target or {}), actor.credentials())
    return allowed
