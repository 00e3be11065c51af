"""`/v1/webhooks`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from app.access.caller_names import with_names
from app.access.dependencies import AdministratorDep
from app.db.listing import TimeSort
from app.http.dependencies import MadeDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.pagination import Page, cut_page
from app.http.schemas import Moment, changes
from app.webhooks import schemas, service
from app.webhooks.events import EventType
from app.webhooks.sending import Sender
from app.webhooks.views import delivery_view

router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=IdempotentRoute)

WebhookId = Annotated[str, Path(max_length=80, examples=["whk_0193…"])]


async def get_sender(request: Request) -> Sender:
    """Whoever reaches receivers, and knows which addresses may be reached."""
    sender: Sender = request.app.state.webhook_sender
    return sender


SenderDep = Annotated[Sender, Depends(get_sender)]


# an answer that is kept for an Idempotency-Key is sealed, as the secret itself is, and is gone after a day
@router.post("/webhooks", operation_id="create_webhook", status_code=status.HTTP_201_CREATED)
async def create_webhook(
    body: schemas.WebhookCreate,
    request: Request,
    response: Response,
    session: SessionDep,
    sender: SenderDep,
    caller: AdministratorDep,
) -> schemas.WebhookCreated:
    """Have events sent to an address; the answer is the only time the secret is shown."""
    await sender.check(body.url)
    row, secret = await service.create_webhook(
        session,
        request.app.state.vault,
        caller=caller,
        url=body.url,
        events=[event.value for event in body.events],
    )
    response.headers["Location"] = f"/v1/webhooks/{row.id}"
    return _with_secret(await _shown(session, row), secret)


@router.get("/webhooks", operation_id="list_webhooks")
async def list_webhooks(
    session: SessionDep,
    page: PageDep,
    made: MadeDep,
    _: AdministratorDep,
    q: Annotated[str | None, Query(max_length=200, description="in the address")] = None,
    event: EventType | None = None,
    enabled: Annotated[bool | None, Query()] = None,
    sort: TimeSort = TimeSort.NEWEST,
) -> Page[schemas.Webhook]:
    """Webhooks, newest first unless sorted otherwise."""
    filters = {"q": q, "event": event, "enabled": enabled, **made}
    scope = f"webhooks|{filters}|{sort}"
    rows = await service.list_webhooks(
        session, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope)
    shown = await with_names(session, schemas.Webhook, items, "created_by")
    return Page(items=shown, next_cursor=cursor)


@router.get("/webhooks/{webhook_id}", operation_id="get_webhook")
async def get_webhook(
    webhook_id: WebhookId, session: SessionDep, _: AdministratorDep
) -> schemas.Webhook:
    """A webhook, without its secret."""
    return await _shown(session, await service.get_webhook(session, webhook_id))


@router.patch("/webhooks/{webhook_id}", operation_id="update_webhook")
async def update_webhook(
    webhook_id: WebhookId,
    body: schemas.WebhookUpdate,
    session: SessionDep,
    sender: SenderDep,
    caller: AdministratorDep,
) -> schemas.Webhook:
    """Change the address or the events, switch it off or on again."""
    given = changes(body)
    if "url" in given:
        await sender.check(body.url)
    row = await service.update_webhook(session, webhook_id, caller=caller, given=given)
    return await _shown(session, row)


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="delete_webhook",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def delete_webhook(
    webhook_id: WebhookId, session: SessionDep, caller: AdministratorDep
) -> Response:
    """Forget a webhook and what was still to be sent to it."""
    await service.delete_webhook(session, webhook_id, caller=caller)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/webhooks/{webhook_id}/rotate", operation_id="rotate_webhook_secret")
async def rotate_webhook_secret(
    webhook_id: WebhookId, request: Request, session: SessionDep, caller: AdministratorDep
) -> schemas.WebhookCreated:
    """A new secret, shown once; for 24 hours messages are signed with both."""
    row, secret = await service.rotate_secret(
        session, request.app.state.vault, webhook_id, caller=caller
    )
    return _with_secret(await _shown(session, row), secret)


@router.post(
    "/webhooks/{webhook_id}/test",
    operation_id="send_test_webhook",
    status_code=status.HTTP_202_ACCEPTED,
)
async def send_test_webhook(
    webhook_id: WebhookId, session: SessionDep, caller: AdministratorDep
) -> schemas.Delivery:
    """Send an event of type `webhook.test`; the list of deliveries says how it went."""
    return delivery_view(await service.send_test(session, webhook_id, caller=caller))


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
    operation_id="resend_webhook_delivery",
    status_code=status.HTTP_202_ACCEPTED,
)
async def resend_webhook_delivery(
    webhook_id: WebhookId,
    delivery_id: Annotated[str, Path(max_length=80, examples=["whd_0193…"])],
    session: SessionDep,
    caller: AdministratorDep,
) -> schemas.Delivery:
    """Send an event again, at once and with the same `webhook-id`."""
    return delivery_view(await service.resend(session, webhook_id, delivery_id, caller=caller))


@router.post(
    "/webhooks/{webhook_id}/recover",
    operation_id="recover_webhook",
    status_code=status.HTTP_202_ACCEPTED,
)
async def recover_webhook(
    webhook_id: WebhookId,
    body: schemas.WebhookRecover,
    session: SessionDep,
    caller: AdministratorDep,
) -> schemas.WebhookRecovered:
    """Send again what a receiver has missed since a moment, each event with the same `webhook-id`."""
    number = await service.recover(
        session, webhook_id, caller=caller, since=body.since, delivered=body.delivered
    )
    return schemas.WebhookRecovered(deliveries=number)


@router.get("/webhooks/{webhook_id}/deliveries", operation_id="list_webhook_deliveries")
async def list_webhook_deliveries(
    webhook_id: WebhookId,
    session: SessionDep,
    page: PageDep,
    _: AdministratorDep,
    status: schemas.DeliveryStatus | None = None,
    event_type: schemas.DeliveryEventFilter | None = None,
    subject: Annotated[str | None, Query(max_length=80, examples=["run_0193…"])] = None,
    created_after: Moment | None = None,
    created_before: Moment | None = None,
    sort: TimeSort = TimeSort.NEWEST,
) -> Page[schemas.Delivery]:
    """What was sent to a webhook in the last 30 days, and what is still to be sent."""
    filters = {
        "status": status,
        "event_type": event_type,
        "subject": subject,
        "created_after": created_after,
        "created_before": created_before,
    }
    scope = f"deliveries|{webhook_id}|{filters}|{sort}"
    rows = await service.list_deliveries(
        session, webhook_id, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope)
    return Page(items=[delivery_view(row) for row in items], next_cursor=cursor)


async def _shown(session: SessionDep, row: Any) -> schemas.Webhook:
    (shown,) = await with_names(session, schemas.Webhook, [row], "created_by")
    return shown


def _with_secret(shown: schemas.Webhook, secret: str) -> schemas.WebhookCreated:
    fields = {**shown.model_dump(), "previous_until": shown.previous_secret_until}
    return schemas.WebhookCreated(**fields, secret=secret)
