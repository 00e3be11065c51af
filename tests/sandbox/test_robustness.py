"""Nothing a client sends makes the sandbox itself fail: every answer is Meta's envelope or a node."""

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import world
from sandbox.main import create_app
from sandbox.state import SandboxState

NAMES = [
    "fields",
    "limit",
    "after",
    "filtering",
    "name",
    "subtype",
    "customer_file_source",
    "retention_days",
    "payload",
    "session",
    "audience_labels",
    "is_value_based",
    "origin_audience_id",
    "access_token",
    "method",
    "description",
]
leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70).filter(lambda number: -(2**63) <= number < 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "id", "CUSTOM", "EMAIL", "a" * 64, "[", '["id"', "EQUAL", "x,y{z}"]),
)
value = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["schema", "data", "session_id", "batch_seq", "field", "operator"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
params = st.dictionaries(st.sampled_from(NAMES), value, max_size=5)
target = st.sampled_from(
    [
        ("GET", "/act_1001/customaudiences"),
        ("POST", "/act_1001/customaudiences"),
        ("POST", f"/{world.CUSTOMER_LIST}"),
        ("GET", f"/{world.CUSTOMER_LIST}"),
        ("POST", f"/{world.CUSTOMER_LIST}/users"),
        ("DELETE", f"/{world.CUSTOMER_LIST}/users"),
        ("POST", f"/{world.VALUE_BASED}/usersreplace"),
        ("DELETE", "/act_1001/usersofanyaudience"),
        ("POST", "/oauth/access_token"),
        ("GET", "/me/adaccounts"),
    ]
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(target, params)
@pytest.mark.timeout(60)
async def test_any_parameters(target, params):
    transport = httpx.ASGITransport(create_app(SandboxState()))
    headers = {"authorization": f"Bearer {world.USER_TOKEN}", "content-type": "application/json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://graph.test") as client:
        response = await client.request(
            target[0], f"/v26.0{target[1]}", content=orjson.dumps(params), headers=headers
        )
    body = response.json()
    assert response.status_code == 200 or body["error"]["code"]
