"""Words that were retired do not come back: one idea has one word, the trade's own (`docs/explanation/glossary.md`)."""

import ast
import re
from collections.abc import Collection, Iterator

from tests.architecture import source

MODULES = {
    "catalog.line": "catalog.bulkhead",
    "catalog.presence": "catalog.circuit_breaker",
    "catalog.lapsing": "catalog.lease_watch",
    "catalog.aside": "catalog.outside_request",
    "catalog.tables": "catalog.migrations_state",
    "catalog.outages": "catalog.outage_log",
    "catalog.prepared": "catalog.sql.prepared",
    "catalog.postgresql": "catalog.sql.postgresql",
    "catalog.sqlite": "catalog.sql.sqlite",
    "catalog.api.later": "catalog.api.deferred",
    "catalog.api.carrying": "catalog.api.delegated",
    "catalog.api.notes": "catalog.api.warning_header",
    "catalog.events.claiming": "catalog.outbox.claiming",
    "catalog.events.waking": "catalog.outbox.waking",
    "catalog.events.parking": "catalog.parking",
    "catalog.api.openstack": "catalog.api.openstack_errors",
    "images.inspectors": "images.oslo_inspectors",
    "images.limits.sizes": "images.sizes",
    "settings.policies": "settings.content_security_policy",
    "identity.keystone.memory": "identity.keystone.cache",
    "identity.keystone.seals": "identity.keystone.encrypted_tokens",
    "catalog.api.dialects": "catalog.api.error_responses",
    "catalog.jobs.places": "catalog.jobs.concurrency",
    "settings.frame": "settings.asgi_middleware",
    "settings.spoken": "settings.error_dialects",
    "settings.purses": "settings.capacity",
    "settings.kept": "settings.storage_metrics",
    "settings.backlog": "settings.backlog_metrics",
    "settings.parts": "settings.health_metrics",
    "settings.operation": "settings.admin_index",
    "settings.shell": "settings.asgi_application",
    "settings.refusals": "settings.error_handlers",
    "metadefs.services.changes": "metadefs.services.transactions",
    "metadefs.services.frames": "metadefs.services.edits",
    "artifacts.stores": "artifacts.configured_stores",
    "artifacts.losses": "artifacts.missing_bytes",
    "artifacts.numbers": "artifacts.count_limits",
    "artifacts.rows": "catalog.sql.rows",
    "artifacts.api.handover": "artifacts.api.accel_redirect",
    "artifacts.api.holding": "artifacts.api.lease_renewal",
    "artifacts.api.inert": "artifacts.api.safe_content_type",
    "artifacts.api.shares": "artifacts.api.pool_partition",
    "artifacts.api.reading": "artifacts.api.prefetching",
    "artifacts.services.weighing": "artifacts.services.metadata_size",
    "artifacts.services.intake": "artifacts.services.upload_conditions",
    "images.places": "images.readable_locations",
    "images.locations": "images.location_patching",
    "images.handler": "images.artifact_type",
    "images.families": "images.image_aliases",
    "images.formats": "images.inspection",
    "images.references": "images.external_files",
    "images.refusals": "images.unsafe_image_messages",
    "images.services.adding": "images.services.locations.registering",
    "images.services.measuring": "images.services.locations.probing",
    "search.bound": "search.resolved_query",
    "search.binding": "search.query_resolver",
    "search.question": "search.caller_search",
    "search.keeping": "search.field_security",
    "search.opening": "search.opt_in",
    "search.spending": "search.deadline",
    "search.slips": "search.edit_distance",
    "search.places": "search.bulkhead",
    "search.supervised": "search.relay_process",
    "search.lexical": "search.engines.embedded.regexps",
    "search.compilers": "search.engines.*.compiler",
    "search.pricing": "search.query_cost",
    "search.upkeep": "search.index_maintenance",
    "identity.offers": "identity.service_catalog",
}
"""Modules that were renamed, and what they are called now."""
NAMES = {
    "Presence": "CircuitBreaker",
    "Crowded": "BulkheadFull",
    "owe": "add_deliveries",
    "Hole": "Placeholder",
    "Purse": "CapacityBudget",
    "Lot": "Reservation",
    "holder_of": "client_key",
    "Later": "Deferred",
    "Carried": "Delegated",
    "Keeping": "HiddenFields",
    "Spending": "Deadline",
    "Question": "CallerSearch, AssignmentFilter",
    "Looks": "WildcardMatch",
    "Begins": "PrefixMatch",
    "Frame": "OutermostMiddleware",
    "Passage": "RequestRecord",
    "Share": "PoolPartition",
    "Shares": "PoolPartitions",
    "Ahead": "PrefetchingReader",
    "Holder": "LeaseRenewer",
    "Measured": "Probed",
    "Bound": "ResolvedQuery",
    "kept_from": "hidden_from",
    "locations_of": "candidates",
    "with_implied_roles": "",
    "require_staging": "",
}
"""Names of classes and functions that were renamed or went, and what is said now."""
PROSE = {
    "debt": "delivery",
    "debts": "deliveries",
    "owe": "add a delivery",
    "owes": "adds a delivery",
    "owed": "outstanding",
    "stand in line": "queue",
    "yardstick": "reference",
}
"""Words of comments, docstrings and pages."""
PAGES = ("docs/explanation", "docs/how-to", "docs/tutorial")


def texts() -> Iterator[tuple[str, str]]:
    """Code and pages, by their paths."""
    pages = [page for one in PAGES for page in sorted((source.ROOT / one).rglob("*.md"))]
    for path in [*source.files(), *pages]:
        if path.name != "glossary.md":
            yield path.relative_to(source.ROOT).as_posix(), path.read_text(encoding="utf-8")


def found(words: Collection[str], flags: int = 0) -> list[str]:
    pattern = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", flags)
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def identifiers(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
            ):
                names.add(name)
            case ast.Name(id=name) | ast.alias(name=name) | ast.Attribute(attr=name):
                names.add(name)
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                names.add(name)
    return names


def test_no_module_is_called_as_it_was() -> None:
    there = {path.relative_to(source.ROOT).as_posix() for path in source.files()}
    paths = {one: one.replace(".", "/") for one in MODULES}
    back = {one for one, path in paths.items() if {f"{path}.py", f"{path}/__init__.py"} & there}
    assert {one: MODULES[one] for one in back} == {}


def test_nothing_speaks_of_modules_that_were_renamed() -> None:
    assert found(MODULES) == []


def test_pages_and_comments_use_no_retired_word() -> None:
    assert found(PROSE, re.IGNORECASE) == []


def test_nothing_has_a_retired_name() -> None:
    back = {path.name: identifiers(tree) & NAMES.keys() for path, tree in source.trees()}
    assert {name: names for name, names in back.items() if names} == {}
