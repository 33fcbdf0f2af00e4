"""What is in the collection of an app: found, and its catalogue put right."""

from captioner.catalogue import Upkeep
from captioner.cli.terminal import Terminal
from captioner.composition import build_search
from captioner.search import parse
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs, ImageStore


def search_and_show(
    text: str, limit: int, settings: Settings, connection: StorageConnection, terminal: Terminal
) -> bool:
    """Show the images that a query finds, and tell whether there are any.

    Raises `InvalidRequest` where the query asks for nothing, `SearchError` or `StoreError`.
    """
    query = parse(text)
    with (
        CatalogueBlobs.connect(connection, settings) as blobs,
        ImageStore.connect(connection, settings) as store,
    ):
        search = build_search(settings, blobs, store)
        search.follow()
        answer = search.search(query, limit=limit)
    for correction in answer.corrections:
        terminal.complain(f"Nothing says '{correction.word}'; this is '{correction.instead}'.")
    for hit in answer.results:
        terminal.entry(hit.image)
    shown = len(answer.results)
    terminal.complain(f"{shown:,} of {answer.total:,} images" if shown else "Nothing was found.")
    return shown > 0


def rebuild_and_show(settings: Settings, connection: StorageConnection, terminal: Terminal) -> bool:
    """Put the catalogue right, say what was wrong, and tell whether all sidecars are in it."""
    with (
        CatalogueBlobs.connect(connection, settings) as blobs,
        ImageStore.connect(connection, settings) as store,
    ):
        upkeep = Upkeep(blobs, store)
        mended = upkeep.reconcile()
        if mended is None:
            terminal.complain("Another process compares the catalogue now; try again in a minute.")
            return False
        upkeep.compact(force=True)
    terminal.line(f"{mended.sidecars:,} sidecars, {mended.told:,} corrections of the catalogue")
    if mended.unreadable:
        terminal.complain(
            f"{mended.unreadable:,} sidecars are no records and are left out: mend or delete them."
        )
    return not mended.unreadable
