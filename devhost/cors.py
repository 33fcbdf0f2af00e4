"""Cross-origin requests, as `Host.CORS` of `local.settings.json` allows them."""

from aiohttp import web

from devhost.settings import HostSection

_ANY = "*"


class Cors:
    """Origins that browsers let call the app; none by default."""

    def __init__(self, options: HostSection) -> None:
        self._origins = {each.strip() for each in options.CORS.split(",") if each.strip()}
        self._credentials = options.CORSCredentials

    def preflight(self, request: web.Request) -> web.Response | None:
        """Answer a browser's question whether it may call, or give None where it asks none."""
        asked = request.headers.get("Access-Control-Request-Method")
        if request.method != "OPTIONS" or asked is None or not self._allows(request):
            return None
        headers = {"Access-Control-Allow-Methods": asked}
        if wanted := request.headers.get("Access-Control-Request-Headers"):
            headers["Access-Control-Allow-Headers"] = wanted
        return web.Response(status=204, headers=headers)

    def allow(self, request: web.Request, response: web.StreamResponse) -> None:
        """Tell the browser that the page may read the answer."""
        if not self._allows(request):
            return
        response.headers["Access-Control-Allow-Origin"] = (
            _ANY if _ANY in self._origins else request.headers["Origin"]
        )
        response.headers["Vary"] = "Origin"
        if self._credentials:
            response.headers["Access-Control-Allow-Credentials"] = "true"

    def _allows(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin")
        return origin is not None and bool(self._origins & {origin, _ANY})
