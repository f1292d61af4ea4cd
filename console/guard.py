"""What every answer of the console carries, and which calls are ours."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import Request

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""No script and no style but our own files. Pictures may stand in a style sheet (`data:`): Pico draws its arrows and ticks so."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "Cache-Control": "no-store",
}
WITH_CAMERA = "camera=(self), microphone=(), geolocation=(), interest-cohort=()"
"""The policy of pages on which the code of a label is scanned."""
HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def headers(public_url: str | None) -> Mapping[str, str]:
    """The headers of every answer; where the school is reached over TLS, browsers are told never to try without."""
    return HEADERS | (HSTS if is_secure(public_url) else {})


def is_secure(public_url: str | None) -> bool:
    """Whether the school is reached over TLS."""
    return (public_url or "").startswith("https://")


def is_from_our_page(request: Request, public_url: str | None) -> bool:
    """Whether a form was sent by a page of ours. A browser says where a form comes from; what says nothing is no browser, and has no cookie of ours."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = {f"{request.url.scheme}://{request.url.netloc}", *([_origin(public_url)] if public_url else [])}
    return site in (None, "same-origin", "none") and (origin is None or origin in ours)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
