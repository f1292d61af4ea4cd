"""Who may use the simulator: a browser on this computer, on the simulator's own page.

There is no log-in, so a page from elsewhere must not be able to speak for a demo parent, be it through a form or through a name that it has pointed at us.
"""

from __future__ import annotations

import ipaddress

from fastapi import HTTPException, Request, Response

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with 'no-referrer' a browser would send 'Origin: null' with our own forms
    "Cache-Control": "no-store",
}


def only_here(request: Request) -> None:
    """Refuses with 403 a caller who asked for another host than this computer: its name may have been pointed at us (DNS rebinding)."""
    if not is_loopback(request.url.hostname or "") or not is_loopback(request.client.host if request.client else ""):
        raise HTTPException(403, "The demo's phones are for this computer alone.")


def only_from_our_page(request: Request) -> None:
    """Refuses with 403 a form of another site. A browser says where a form comes from; what says nothing is no browser."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = f"{request.url.scheme}://{request.url.netloc}"
    if site not in (None, "same-origin", "none") or origin not in (None, ours):
        raise HTTPException(403, "Another site may not write for the demo's parents.")


def headers(response: Response) -> None:
    """Put the headers on a response that every page of the simulator has."""
    response.headers.update(HEADERS)


def is_loopback(host: str) -> bool:
    """Whether a host is this computer by its address, or is called localhost."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
