"""Addresses of entries: one fit to click on, and one that says what it stands for.

`tidy` changes nothing that could make a link fail: it takes tracking and fragments away. `ref`
is the identity: two entries with the same one report the same page or paper.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

import idna
from w3lib.url import canonicalize_url

_TRACKING: Final = re.compile(
    r"utm_.*|mc_.*|_hs.*|hs[ac]_.*|guce_.*|guccounter|vero_.*|at_.*|pk_.*|mtm_.*|ga_.*|_g[al]"
    r"|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|li_fat_id|mkt_tok|igshid|igsh"
    r"|ref|ref_src|ref_url|referrer|source|share|sr_share|shared|cmp|cmpid|cid|s_cid|ncid|ocid|smid"
    r"|spm|xtor|taid|feature|partner|leadsource|trk|fb_.*|mbid|amp|outputtype|rss|ito|ns_.*|wt\..*",
    re.IGNORECASE,
)
_HOST_PREFIX: Final = re.compile(r"^(?:www\d?|m|mobile|amp)\.(?=[^.]+\.)")
_AMP_CACHE: Final = re.compile(
    r"^https?://(?:(?:www\.)?google\.[a-z.]+/amp|[^/]*\.?cdn\.ampproject\.org/[cv])/(s/)?(.+)$",
    re.IGNORECASE,
)
_ARXIV_HOST: Final = re.compile(
    r"^(?:(?:www|export|browse|rss)\.)?arxiv\.org$|^(?:www\.)?(?:alphaxiv|ar5iv)\.org$"
    r"|^ar5iv\.labs\.arxiv\.org$"
)
_ARXIV_ID: Final = r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
_ARXIV_PATH: Final = re.compile(
    rf"^/(?:abs|pdf|html|format|ps|overview|src)/{_ARXIV_ID}(?:\.pdf)?/?$"
)
_PAPERS_PATH: Final = re.compile(rf"^/papers/{_ARXIV_ID}/?$")
_DOI_PATH: Final = re.compile(rf"^/10\.48550/arxiv\.{_ARXIV_ID}/?$", re.IGNORECASE)
_LONGEST: Final = 2000


def tidy(url: str) -> str:
    """The link as readers get it, "" where it is none that may be followed.

    http(s) only, no user name, host lower case in IDNA, no default port, fragment or tracking
    parameter, query sorted. An arXiv paper becomes its abstract page, without the version.
    """
    parts = _clean(url)
    if parts is None:
        return ""
    paper = _arxiv(parts)
    return f"https://arxiv.org/abs/{paper}" if paper else urlunsplit(parts)


def ref(url: str) -> str:
    """What the link stands for: ``arxiv:2006.11239``, else its canonical URL; "" for no link.

    Beyond `tidy`, the canonical URL is https, without www, m and amp, without the AMP form of a
    path, and without a trailing slash: an identity, perhaps not an address that answers.
    """
    parts = _clean(url)
    if parts is None:
        return ""
    paper = _arxiv(parts)
    if paper:
        return f"arxiv:{paper}"
    host = parts.netloc
    while host != (shorter := _HOST_PREFIX.sub("", host)):
        host = shorter
    path = parts.path.rstrip("/")
    while path.lower().endswith("/amp"):
        path = path[:-4].rstrip("/")
    return urlunsplit(("https", host, path or "/", parts.query, ""))


def _clean(url: str) -> SplitResult | None:
    url = url.strip()
    for _ in range(3):
        wrapped = _AMP_CACHE.match(url)
        if wrapped is None:
            break
        url = f"http{'s' if wrapped[1] else ''}://{wrapped[2]}"
    if not url or len(url) > _LONGEST or not url.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(canonicalize_url(url))
        host = _host(parts.hostname or "")
        port = parts.port
    except (ValueError, UnicodeError):
        return None
    if not host:
        return None
    default = {"http": 80, "https": 443}[parts.scheme]
    netloc = host if port in {None, default} else f"{host}:{port}"
    query = "&".join(
        pair
        for pair in parts.query.split("&")
        if pair and not _TRACKING.fullmatch(pair.partition("=")[0])
    )
    return SplitResult(parts.scheme, netloc, parts.path or "/", query, "")


def _host(name: str) -> str:
    """In lower case and IDNA (UTS 46), "" where it cannot be a host. Brackets around IPv6."""
    name = name.rstrip(".")
    if ":" in name:
        return f"[{name.lower()}]"
    if name.isascii():
        lower = name.lower()
        return lower if re.fullmatch(r"[a-z0-9_.-]+", lower) and ".." not in lower else ""
    return idna.encode(name, uts46=True).decode("ascii")


def _arxiv(parts: SplitResult) -> str:
    """The arXiv id without its version, "" for another address."""
    host = parts.netloc
    if _ARXIV_HOST.match(host):
        found = _ARXIV_PATH.match(parts.path)
    elif host in {"huggingface.co", "www.huggingface.co", "hf.co"}:
        found = _PAPERS_PATH.match(parts.path)
    elif host in {"doi.org", "dx.doi.org", "www.doi.org"}:
        found = _DOI_PATH.match(parts.path)
    else:
        return ""
    return found[1] if found else ""
