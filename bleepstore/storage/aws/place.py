"""Where the bucket is: URLs of the objects in it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from attrs import frozen

from ...config.gateways import AwsSection
from ...errors import ConfigError

_DEFAULT_REGION = "us-east-1"


@frozen
class Place:
    """A bucket upstream.

    Attributes:
        base: the URL of the bucket, without a slash at its end.
        host: as it stands in requests, with the port unless it is the scheme's own.
    """

    bucket: str
    region: str
    base: str
    host: str

    def url(self, name: str, query: Mapping[str, str]) -> str:
        """The URL of an object, or of the bucket for an empty name, percent-encoded as it is signed."""
        url = f"{self.base}/{escaped(name)}"
        fields = "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(query.items()))
        return f"{url}?{fields}" if fields else url


def escaped(name: str) -> str:
    """A name as it stands in a path."""
    return quote(name, safe="/~")


def find_place(section: AwsSection, environment: Mapping[str, str]) -> Place:
    """Where the configuration says that the bucket is.

    Raises:
        ConfigError: it does not say so, or in a way that nobody understands.
    """
    bucket = section.bucket
    if not bucket:
        raise setting("bucket", "expected the name of a bucket upstream")
    if (section.prefix or "").startswith("/"):
        raise setting("prefix", "expected a prefix that does not begin with a slash")
    named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    region = section.region or named or _DEFAULT_REGION
    scheme, host, path = _endpoint(section, region)
    if section.use_path_style or not _can_be_hosted(bucket, scheme, host):
        return Place(bucket, region, f"{scheme}://{host}{path}/{bucket}", host)
    host = f"{bucket}.{host}"
    return Place(bucket, region, f"{scheme}://{host}{path}", host)


def setting(key: str, expected: str) -> ConfigError:
    """An error of the section ``storage.aws``."""
    return ConfigError("configuration", f"storage.aws.{key}", expected)


def _endpoint(section: AwsSection, region: str) -> tuple[str, str, str]:
    """Scheme, host with port, and path of the service."""
    if section.endpoint_url is None:
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return "https", f"s3.{region}.{domain}", ""
    try:
        url = urlsplit(section.endpoint_url)
        host, port = url.hostname, url.port
    except ValueError:
        host = None
    if not host or url.scheme not in ("http", "https") or url.query or url.fragment:
        raise setting("endpoint_url", "expected a URL such as http://localhost:9000")
    host = f"[{host}]" if ":" in host else host
    is_usual = port in (None, {"http": 80, "https": 443}[url.scheme])
    return url.scheme, host if is_usual else f"{host}:{port}", url.path.rstrip("/")


def _can_be_hosted(bucket: str, scheme: str, host: str) -> bool:
    """Whether the bucket's name can stand before that of the host.

    Addresses, ``localhost`` and names that only a local network knows have no names below them,
    and a certificate for ``*.host`` is for none with more dots.
    """
    name = urlsplit(f"//{host}").hostname or ""
    is_dotted = "." in bucket and scheme == "https"
    return "." in name and not _is_address(name) and not is_dotted


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
