"""HTTP of matching: who may ask what, and the answers' status."""

# annotations are evaluated here: FastAPI must see the dependency `caller`, which is a local

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from crosstie.door import strict_json
from crosstie.door.faults import of_model
from crosstie.errors import Rejected
from crosstie.events import Person
from crosstie.runtime.auth import Platform, platform_of
from crosstie.runtime.limits import documented
from crosstie.runtime.shares import Over
from crosstie.runtime.unanswered import tell_when_away, unknown
from services.matching.previewed import Asked, PreviewShown
from services.matching.previews import Busy
from services.matching.reads import Desk, Rounds, Suggestions

_MOST_ROUNDS = 1000


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


_PROBLEMS_OF_ALL: dict[int | str, dict[str, Any]] = documented(Problem) | {
    401: {"model": Problem, "description": "No API key, or a wrong one."},
    403: {"model": Problem, "description": "This key may not read."},
    429: {"model": Problem, "description": "Too many requests for this key; see Retry-After."},
    503: {
        "model": Problem,
        "description": "Starting, too many previews at once, or PostgreSQL is away; see "
        "Retry-After.",
    },
}
_PROBLEMS = _PROBLEMS_OF_ALL | {
    404: {"model": Problem, "description": "Nobody of your authorities is known by that name."},
}


_UNREADABLE: dict[int | str, dict[str, Any]] = {
    422: {"model": Problem, "description": "The body is not what is asked for: `detail` says why."},
}


def routes(api: FastAPI, desk: Desk) -> None:
    """Add the reads to `api`."""
    caller = platform_of(desk.keys)
    router = APIRouter(prefix="/v1", tags=["reads"])

    @router.get(
        "/members/{authority}/{id}/suggestions",
        summary="What is suggested to this person",
        responses=_PROBLEMS,
    )
    async def suggestions(
        platform: Annotated[Platform, Depends(caller)],
        authority: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")],
        id: Annotated[str, Path(pattern=r"^[A-Za-z0-9._:@-]{1,128}$")],
    ) -> Suggestions:
        found = None
        if authority in platform.authorities:  # people of others are as unknown as nobody
            found = await desk.suggestions(Person(authority=authority, id=id), platform.authorities)
        if found is None:
            raise unknown()
        return found

    @router.get("/rounds", summary="The last rounds", responses=_PROBLEMS_OF_ALL)
    async def rounds(
        _: Annotated[Platform, Depends(caller)],
        limit: Annotated[int, Query(ge=1, le=_MOST_ROUNDS)] = 20,
    ) -> Rounds:
        return await desk.rounds(limit)

    @router.post(
        "/preview",
        summary="Whom this person would be suggested now",
        responses=_PROBLEMS | _UNREADABLE,
        openapi_extra={"requestBody": _asked_schema()},
    )
    async def preview(
        platform: Annotated[Platform, Depends(caller)], request: Request
    ) -> PreviewShown:
        asked = _asked(await request.body())  # read here: FastAPI would before it looks at the key
        person, found = asked.person, None
        if person.authority in platform.authorities:
            found = await desk.preview(person, asked.limit, platform)
        if found is None:
            raise unknown()
        return found

    @api.exception_handler(Busy)
    async def busy(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, {"Retry-After": "1"})

    @api.exception_handler(Over)
    async def over(_: Request, error: Exception) -> JSONResponse:
        detail = f"too many previews at once: {error}; try again"
        return JSONResponse({"detail": detail}, 503, {"Retry-After": "1"})

    tell_when_away(api)
    api.include_router(router)


def _asked(body: bytes) -> Asked:
    """What is asked for. Raises what is answered with 422."""
    try:
        asked = strict_json.parsed(body)
        strict_json.sound(asked)
        return Asked.model_validate(asked)
    except Rejected as error:
        raise HTTPException(422, str(error)) from error
    except ValidationError as error:
        first = of_model(error, "", "see /v1/preview in the OpenAPI document")
        raise HTTPException(422, "; ".join(map(str, (first, *first.others)))) from error


def _asked_schema() -> dict[str, Any]:
    schema = Asked.model_json_schema()
    schema["properties"]["person"] = schema.pop("$defs")["Person"]
    return {"required": True, "content": {"application/json": {"schema": schema}}}
