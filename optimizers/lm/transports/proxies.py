"""The proxy that the environment names for an address.

aiohttp can look for it by itself, but does so in a thread and anew for every request, and looks into ~/.netrc
for passwords, which it then refuses to send beside a key.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """The proxy's address with its scheme; `None` where there is none, or NO_PROXY excepts the server.

    Raises:
        ValueError: the proxy does not speak HTTP.
    """
    parts = urlsplit(url)
    proxies = {} if proxy_bypass(parts.hostname or "") else getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy.startswith(("http://", "https://")):
        return proxy
    scheme, separator, _ = proxy.partition("://")
    if separator:
        raise ValueError(f"the environment's proxy must be http:// or https://, got {scheme}://")
    return f"http://{proxy}"
