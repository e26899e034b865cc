"""The description of the API: in OpenAPI for programs, and as a page of our own for people."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from newsletter.api.service import Api
from newsletter.models.api import SCOPES
from newsletter.models.webhook import KINDS


@require_safe
@cache_control(public=True, max_age=300)
def openapi(request: HttpRequest, api: Api) -> HttpResponse:
    """The description in OpenAPI 3.1."""
    return JsonResponse(
        api.get_openapi_schema(path_prefix="api/v1"), json_dumps_params={"indent": 1}
    )


@require_safe
@cache_control(public=True, max_age=300)
def reference(request: HttpRequest, api: Api) -> HttpResponse:
    """The same as a page, which takes no script."""
    schema = api.get_openapi_schema(path_prefix="api/v1")
    groups: dict[str, list[dict[str, Any]]] = {}
    for address, methods in schema["paths"].items():
        for method, found in methods.items():
            groups.setdefault(found["tags"][0], []).append(_operation(method, address, found))
    context = {
        "description": _plain(schema["info"]["description"]).split("\n\n"),
        "groups": groups,
        "scopes": SCOPES,
        "kinds": KINDS,
        "schemas": [
            (name, list(_fields(schema, one)))
            for name, one in sorted(schema["components"]["schemas"].items())
            if "properties" in one
        ],
    }
    return render(request, "newsletter/api.html", context)


def _operation(method: str, address: str, found: dict[str, Any]) -> dict[str, Any]:
    body = found.get("requestBody", {}).get("content", {}).get("application/json", {})
    ok = next(status for status in found["responses"] if status.startswith("2"))
    content = found["responses"][ok].get("content", {}).get("application/json", {})
    return {
        "method": method.upper(),
        "address": address,
        "id": found["operationId"],
        "description": _plain(found["description"]),
        "scope": found.get("x-scope", ""),
        "parameters": [
            (one["name"], _type(one["schema"]), one["schema"].get("description", ""))
            for one in found.get("parameters", ())
        ],
        "body": _type(body.get("schema", {})),
        "answer": _type(content.get("schema", {})),
        "statuses": sorted(found["responses"]),
    }


def _plain(text: str) -> str:
    """The text without the marks of Markdown that we use."""
    return text.replace("`", "")


def _fields(schema: Any, one: dict[str, Any]) -> Any:
    for name, found in one["properties"].items():
        is_needed = name in one.get("required", ())
        yield name, _type(found), is_needed, found.get("description", "")


def _type(found: dict[str, Any]) -> str:
    """What a schema takes, in a few words."""
    if "$ref" in found:
        return str(found["$ref"]).rpartition("/")[2]
    if "anyOf" in found:
        return " or ".join(dict.fromkeys(_type(one) for one in found["anyOf"]))
    if "enum" in found:
        values = [str(one) for one in found["enum"]]
        return " | ".join(values) if len(values) <= 8 else f"one of {len(values)} names"
    if found.get("type") == "array":
        return f"list of {_type(found.get('items', {}))}"
    if found.get("format"):
        return str(found["format"])
    return str(found.get("type", ""))
