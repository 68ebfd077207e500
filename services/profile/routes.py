"""HTTP of profile: who may ask what, and the answers' status."""

# annotations are evaluated here: FastAPI must see the dependency `caller`, which is a local

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response
from fastapi.responses import JSONResponse

from crosstie.events import Person
from crosstie.runtime.auth import Keys, Platform, platform_of
from crosstie.runtime.limits import documented
from crosstie.runtime.shares import Over
from crosstie.runtime.unanswered import tell_when_away, unknown
from services.profile.reads import Reads
from services.profile.shapes import MapShown, MemberShown, Problem

T = TypeVar("T")

_PROBLEMS: dict[int | str, dict[str, Any]] = documented(Problem) | {
    401: {"model": Problem, "description": "No API key, or a wrong one."},
    403: {"model": Problem, "description": "This key may not read."},
    429: {"model": Problem, "description": "Too many requests or maps at once; see Retry-After."},
    404: {"model": Problem, "description": "Nobody of your authorities is known by that name."},
    503: {"model": Problem, "description": "PostgreSQL is away; see Retry-After."},
}

Authority = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]
ExternalId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:@-]{1,128}$")]


def routes(api: FastAPI, keys: Keys, reads: Reads) -> None:
    """Add the reads to `api`."""
    caller = Depends(platform_of(keys))
    router = APIRouter(prefix="/v1/members", tags=["reads"], responses=_PROBLEMS)

    @router.get("/{authority}/{id}", summary="What is known of this person")
    async def member(
        platform: Annotated[Platform, caller], authority: Authority, id: ExternalId
    ) -> MemberShown:
        return _found(await reads.member(_own(platform, authority, id), platform.authorities))

    @router.get(
        "/{authority}/{id}/map",
        summary="This person's network, and who is missing in it",
        response_model=MapShown,
    )
    async def map_(
        platform: Annotated[Platform, caller], authority: Authority, id: ExternalId
    ) -> Response:
        found = _found(await reads.map(_own(platform, authority, id), platform))
        return Response(found, media_type="application/json")

    @api.exception_handler(Over)
    async def over(_: Request, error: Exception) -> JSONResponse:
        detail = f"too many maps at once: {error}; come again later"
        return JSONResponse({"detail": detail}, 429, {"Retry-After": "1"})

    tell_when_away(api)
    api.include_router(router)


def _own(platform: Platform, authority: str, id: str) -> Person:
    """Whom the platform asks about; people of others are as unknown as nobody."""
    if authority not in platform.authorities:
        raise unknown()
    return Person(authority=authority, id=id)


def _found(answer: T | None) -> T:
    if answer is None:
        raise unknown()
    return answer
