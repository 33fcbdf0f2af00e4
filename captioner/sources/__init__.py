"""Images by URL and by SAS directory, fetched safely on the open internet.

Whoever asks names the host, so the host is not trusted, nor is what it answers, its name's
addresses, or the places that it redirects to. `addresses` and `policy` say what may be reached,
`guard` looks a host up once and lets only its checked addresses through, `downloads` and `pinning`
connect to these and to nothing else. Everything raised is a `SourceError`, but for the errors of
records that lie in a directory, which are those of the store.
"""

from captioner.sources.directories import LARGEST_PAGE, Directory, Page, Place
from captioner.sources.downloads import MOST_REDIRECTS, Download
from captioner.sources.redaction import name_without_credentials
from captioner.sources.sources import Sources
from captioner.sources.urls import LONGEST_URL

__all__ = [
    "LARGEST_PAGE",
    "LONGEST_URL",
    "MOST_REDIRECTS",
    "Directory",
    "Download",
    "Page",
    "Place",
    "Sources",
    "name_without_credentials",
]
