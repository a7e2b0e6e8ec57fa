"""Requests made from the OpenAPI document: nothing is a 500, nothing hangs, and answers are as documented.

`VITRINE_TEST_FUZZ_CASES` is how many for a profile, and each operation gets its share; `make test` runs both profiles.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.api.stage import Stage, staged
from tests.api.stage import seed as chosen_seed
from tests.architecture import source


@schemathesis.serializer(
    "application/openstack-images-v2.0-json-patch", "application/openstack-images-v2.1-json-patch"
)
def patch_as_json(_: Any, value: Any) -> bytes:
    return json.dumps(value).encode()


@schemathesis.serializer("application/offset+octet-stream")
def chunk_as_it_is(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


DOCUMENT = json.loads((source.ROOT / "docs" / "reference" / "openapi.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    f"{one.ok().method.upper()} {one.ok().path}": one.ok() for one in SCHEMA.get_all_operations()
}
CASES = int(os.environ.get("VITRINE_TEST_FUZZ_CASES", "2800"))
EACH = max(1, -(-CASES // len(OPERATIONS)))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
SECONDS = 60

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("fuzz")) as found:
        yield found


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operation(name: str, stage: Stage) -> None:
    operation: Any = OPERATIONS[name]

    @seed(chosen_seed())
    @settings(
        max_examples=EACH,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(),
        caller=st.sampled_from(["admin", "member"]),
        data=st.data(),
    )
    def throw(case: Any, caller: str, data: st.DataObject) -> None:
        for parameter, values in stage.known.items():
            if parameter in (case.path_parameters or {}) and data.draw(st.integers(0, 3)):
                case.path_parameters[parameter] = data.draw(st.sampled_from(values))
        response = case.call(
            base_url=stage.service.url,
            headers={"X-Auth-Token": stage.tokens[caller]},
            timeout=SECONDS,
            allow_redirects=False,
        )
        case.validate_response(response, checks=CHECKS)

    throw()
    assert stage.alive()
