"""IPTC-IIM 4.2, the older metadata of press photographs, and Adobe's blocks that it lies in."""

from collections.abc import Iterator

from captioner.images.metadata.text import Text, decoded

_CAPTION = (2, 120)
_ENCODING = (1, 90)
_UTF_8 = b"\x1b%G"
_MOST_ENTRIES = 10_000


def texts_in(iim: bytes) -> list[Text]:
    """Give the captions of a block of IIM datasets."""
    is_utf8 = False
    captions = []
    for dataset, value in _datasets(iim):
        if dataset == _ENCODING:
            is_utf8 = value.startswith(_UTF_8)
        elif dataset == _CAPTION:
            captions.append(value)
    return [Text("iptc-caption", decoded(each, is_utf8=is_utf8)) for each in captions]


def iim_in(resources: bytes) -> bytes:
    """Find the IIM block (0x0404) among Photoshop's image resources; empty where there is none."""
    at = 0
    for _ in range(_MOST_ENTRIES):
        if resources[at : at + 4] != b"8BIM":
            break
        number = resources[at + 4 : at + 6]
        at += 6 + _even(1 + int.from_bytes(resources[at + 6 : at + 7]))  # a name, length first
        size = int.from_bytes(resources[at : at + 4])
        if number == b"\x04\x04":
            return resources[at + 4 : at + 4 + size]
        at += 4 + _even(size)
    return b""


def _datasets(iim: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    for _ in range(_MOST_ENTRIES):
        if iim[at : at + 1] != b"\x1c" or len(iim) < at + 5:
            break
        record, number = iim[at + 1], iim[at + 2]
        size = int.from_bytes(iim[at + 3 : at + 5])
        at += 5
        if size & 0x8000:  # the length of the length, for what is longer than 32,767 bytes
            digits = size & 0x7FFF
            if digits > 8:
                break
            size = int.from_bytes(iim[at : at + digits])
            at += digits
        yield (record, number), iim[at : at + size]
        at += size


def _even(size: int) -> int:
    return size + size % 2
