"""Bearer tokens of an OpenID Connect issuer: a local one, whose keys are real and whose wire is respx."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import jwt
import pytest
import respx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app import clock
from app.access.oidc import OidcVerifier
from app.errors import Unauthenticated, Unavailable
from tests.access.deployments import deployed
from tests.flows.journey import expect

ISSUER = "https://login.example.com/tenant"
AUDIENCE = "audience-export"
KEYS = f"{ISSUER}/keys"

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_NEXT = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, key_id: str | None, **more: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else None
    algorithm = algorithm or jwt.algorithms.ECAlgorithm
    found = json.loads(algorithm.to_jwk(key.public_key()))
    return found | ({} if key_id is None else {"kid": key_id}) | {"use": "sig"} | more


def token(key: Any = RSA, alg: str = "RS256", kid: str | None = "one", **changes: Any) -> str:
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-17",
        "iat": now,
        "exp": now + 300,
        "roles": ["contributor"],
        "name": "Ada",
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims, key, algorithm=alg, headers=headers)


class Issuer:
    """Discovery and keys at the wire."""

    def __init__(self, wire: respx.MockRouter) -> None:
        self.keys = [public(RSA, "one"), public(EC, "two")]
        self.discovery = wire.get(f"{ISSUER}/.well-known/openid-configuration").mock(
            return_value=httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": KEYS})
        )
        self.jwks = wire.get(KEYS).mock(
            side_effect=lambda _: httpx.Response(200, json={"keys": self.keys})
        )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with respx.mock(assert_all_called=False, assert_all_mocked=False) as wire:
        wire.route(host="127.0.0.1").pass_through()
        yield Issuer(wire)


@pytest.fixture
async def api(make_settings: Any, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(oidc_issuer=ISSUER, oidc_audience=AUDIENCE)
    async with deployed(settings) as client:
        yield client


async def me(api: httpx.AsyncClient, credential: str) -> httpx.Response:
    return await api.get("/v1/me", headers={"Authorization": f"Bearer {credential}"})


@pytest.mark.parametrize(
    ("key", "alg", "kid"), [(RSA, "RS256", "one"), (RSA, "PS384", "one"), (EC, "ES256", "two")]
)
async def test_a_token_of_the_issuer_is_a_caller(
    api: httpx.AsyncClient, key: Any, alg: str, kid: str
) -> None:
    body = await expect(await me(api, token(key, alg, kid)), 200)
    assert body == {"id": "oidc:user-17", "role": "contributor", "display_name": "Ada"}


async def test_an_api_key_works_beside_it(api: httpx.AsyncClient) -> None:
    made = await expect(
        await api.post("/v1/api-keys", json={"display_name": "k", "role": "viewer"}), 201
    )
    assert (await expect(await me(api, made["key"]), 200))["role"] == "viewer"


def unsigned() -> str:
    return token(None, "none")


def with_the_public_key_as_a_secret() -> str:
    """The classic confusion: HS256, keyed by what everybody knows."""
    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def part(value: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = jwt.decode(token(), options={"verify_signature": False})
    signed = part({"alg": "HS256", "kid": "one", "typ": "JWT"}) + b"." + part(claims)
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return (
        signed + b"." + base64.urlsafe_b64encode(algorithm.sign(signed, pem)).rstrip(b"=")
    ).decode()


def tampered() -> str:
    head, body, mark = token().split(".")
    other = token(roles=["administrator"]).split(".")[1]
    assert other != body
    return f"{head}.{other}.{mark}"


@pytest.mark.parametrize(
    "make",
    [
        unsigned,
        with_the_public_key_as_a_secret,
        tampered,
        lambda: token(iss="https://login.example.com/other"),
        lambda: token(iss=None),
        lambda: token(aud="another-service"),
        lambda: token(aud=None),
        lambda: token(exp=int(clock.now().timestamp()) - 60),
        lambda: token(exp=None),
        lambda: token(nbf=int(clock.now().timestamp()) + 600),
        lambda: token(sub=None),
        lambda: token(sub=""),
        lambda: token(sub="a\x00b"),
        lambda: token(sub="x" * 256),
        lambda: token(kid="nobody-knows"),
        lambda: token(kid=None),
        lambda: token(RSA_NEXT),
        lambda: token(EC, "ES256", "one"),
        lambda: token(RSA, "RS256", "two"),
        lambda: "a.b.c",
        lambda: "..",
        lambda: token()[:-10],
    ],
)
async def test_nothing_else_is(api: httpx.AsyncClient, make: Any) -> None:
    answer = await me(api, make())
    problem = await expect(answer, 401)
    # the same for everything that can be wrong with it
    assert problem["code"] == "unauthenticated"
    assert "Bearer <key>" in problem["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("claim", "claims", "role"),
    [
        ("roles", {"roles": ["viewer"]}, "viewer"),
        ("roles", {"roles": "administrator"}, "administrator"),
        ("roles", {"roles": "openid viewer"}, "viewer"),
        ("roles", {"roles": ["viewer", "administrator", {"odd": 1}, 7]}, "administrator"),
        ("realm_access.roles", {"realm_access": {"roles": ["contributor"]}}, "contributor"),
        ("https://example.com/roles", {"https://example.com/roles": ["viewer"]}, "viewer"),
        ("roles", {"roles": None}, None),
        ("roles", {"roles": []}, None),
        ("roles", {"roles": ["Administrators", "ADMINISTRATOR"]}, None),
        ("roles", {"roles": {"administrator": True}}, None),
        ("realm_access.roles", {"realm_access": ["administrator"]}, None),
    ],
)
async def test_the_role_is_where_the_settings_say(
    make_settings: Any, issuer: Issuer, claim: str, claims: dict[str, Any], role: str | None
) -> None:
    settings = make_settings(oidc_issuer=ISSUER, oidc_audience=AUDIENCE, oidc_roles_claim=claim)
    async with deployed(settings) as api:
        answer = await me(api, token(**({"roles": None} | claims)))
    if role is None:
        assert (await expect(answer, 403))["code"] == "role-missing"
    else:
        assert (await expect(answer, 200))["role"] == role


async def test_a_rotated_key_is_fetched_and_the_old_one_ends(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    await expect(await me(api, token()), 200)
    issuer.keys = [public(RSA_NEXT, "three")]
    await expect(await me(api, token(RSA_NEXT, kid="three")), 200)
    await expect(await me(api, token()), 401)
    assert issuer.jwks.call_count <= 3


async def test_keys_are_kept_and_made_up_ids_fetch_them_rarely(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    for _ in range(5):
        await expect(await me(api, token()), 200)
    assert issuer.jwks.call_count == 1
    for number in range(20):
        await expect(await me(api, token(kid=f"made-up-{number}")), 401)
    assert issuer.jwks.call_count <= 3


class Clockwork:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_an_issuer_that_is_away_is_asked_again_and_known_keys_go_on(issuer: Issuer) -> None:
    ticks = Clockwork()
    async with httpx.AsyncClient() as http:
        verifier = OidcVerifier(ISSUER, AUDIENCE, "roles", http, ticks)
        issuer.discovery.mock(side_effect=httpx.ConnectError("away"))
        for _ in range(3):
            with pytest.raises(Unavailable) as raised:
                await verifier.verify(token(), request_id=None)
        assert raised.value.code == "issuer-unavailable"
        assert issuer.discovery.call_count == 1
        ticks.now += 6
        found = httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": KEYS})
        issuer.discovery.mock(side_effect=None, return_value=found)
        caller = await verifier.verify(token(), request_id="req_1")
        assert (caller.id, caller.request_id) == ("oidc:user-17", "req_1")
        # away again, past the time the keys are kept: they go on, and a new one waits
        issuer.discovery.mock(side_effect=httpx.ConnectError("away"))
        ticks.now += 3600
        await verifier.verify(token(), request_id=None)
        with pytest.raises(Unauthenticated):
            await verifier.verify(token(RSA_NEXT, kid="three"), request_id=None)


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://elsewhere.example", "jwks_uri": KEYS},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": 7},
        ["issuer"],
        {"issuer": ISSUER, "jwks_uri": "not an address"},
        {"issuer": ISSUER, "jwks_uri": "http://login.example.com/keys"},
        {"issuer": ISSUER, "jwks_uri": "HTTP://[2001:db8::1]/keys"},
        {"issuer": ISSUER, "jwks_uri": "//login.example.com/keys"},
        {"issuer": ISSUER, "jwks_uri": "https://[/keys"},
        {"issuer": ISSUER, "jwks_uri": KEYS, "token_endpoint": "http://login.example.com/token"},
        {"issuer": ISSUER, "jwks_uri": KEYS, "token_endpoint": ["https://login.example.com/token"]},
        {"issuer": ISSUER, "jwks_uri": KEYS, "authorization_endpoint": "http://10.0.0.1/authorize"},
        {"issuer": ISSUER, "jwks_uri": KEYS, "authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_strange_discovery_document_gives_no_keys(
    api: httpx.AsyncClient, issuer: Issuer, document: Any
) -> None:
    issuer.discovery.mock(return_value=httpx.Response(200, json=document))
    answer = await me(api, token())
    assert (await expect(answer, 503))["code"] == "issuer-unavailable"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("http://127.0.0.1:8081/keys", False),
        ("http://[::1]:8081/keys", False),
        ("http://localhost:8081/keys", False),
        ("http://login.internal/keys", True),
    ],
)
async def test_plain_http_is_for_this_machine_unless_it_is_allowed(
    address: str, allowed: bool
) -> None:
    """What an issuer names is held to what the issuer itself is."""
    found = {"issuer": ISSUER, "jwks_uri": address, "token_endpoint": address}

    def answer(request: httpx.Request) -> httpx.Response:
        keys = {"keys": [public(RSA, "one")]}
        return httpx.Response(200, json=keys if str(request.url) == address else found)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        verifier = OidcVerifier(ISSUER, AUDIENCE, "roles", http, allow_plain_http=allowed)
        assert await verifier.endpoints() == found
        assert (await verifier.verify(token(), request_id=None)).id == "oidc:user-17"


@pytest.mark.parametrize(
    "keys", [{}, {"keys": 7}, {"keys": []}, {"keys": [{"kty": "oct", "k": "x"}]}]
)
async def test_a_strange_key_set_gives_no_keys(
    api: httpx.AsyncClient, issuer: Issuer, keys: Any
) -> None:
    issuer.jwks.mock(side_effect=None, return_value=httpx.Response(200, json=keys))
    assert (await me(api, token())).status_code in {401, 503}


async def test_a_key_for_encryption_signs_nothing(api: httpx.AsyncClient, issuer: Issuer) -> None:
    issuer.keys = [public(RSA, "one", use="enc"), public(EC, "two")]
    await expect(await me(api, token()), 401)
    await expect(await me(api, token(EC, "ES256", "two")), 200)


async def test_one_key_without_an_id_needs_none(api: httpx.AsyncClient, issuer: Issuer) -> None:
    issuer.keys = [public(RSA, None)]
    await expect(await me(api, token(kid=None)), 200)


async def test_a_callers_own_role_guards_what_they_may_do(api: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {token(roles=['viewer'])}"}
    assert (await api.get("/v1/exports", headers=headers)).status_code == 200
    assert (await api.get("/v1/connections", headers=headers)).status_code == 403
    body = {"display_name": "n"}
    admin = {"Authorization": f"Bearer {token(roles=['administrator'])}"}
    made = await expect(await api.post("/v1/connections", json=body, headers=admin), 201)
    assert made["created_by"] == "oidc:user-17"


async def test_a_key_signs_nothing_but_what_it_names(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    """RFC 7517, section 4.4."""
    issuer.keys = [public(RSA, "named") | {"alg": "RS256"}]
    assert (await me(api, token(kid="named"))).status_code == 200
    for alg in ("RS512", "PS256"):
        assert (await me(api, token(alg=alg, kid="named"))).status_code == 401
