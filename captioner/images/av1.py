"""How large the pictures coded in an AVIF file may be, whatever the file tells of its size.

A decoder makes room for what the coded data says, not for what its container says; so that is read
first. Boxes: ISO/IEC 14496-12, sections 4.2, 8.11.3 and 8.11.6. Coded data: AV1 Bitstream and
Decoding Process Specification, sections 5.3.1 and 5.5.1.
"""

from collections.abc import Iterator, Sequence

_CODED = b"av01"
_SEQUENCE_HEADER = 1
_MOST_PARTS = 100_000  # boxes, items and their pieces: a picture has a few dozen
_LONGEST_LENGTH = 8  # bytes
_LONGEST_HEADER = 256  # bytes
_HIGHEST_WITHOUT_TIER = 7

type _Span = tuple[int, int]


def largest_coded(avif: bytes) -> tuple[int, int]:
    """Give width and height in pixels of the largest picture that an item may hold; (0, 0) if none.

    Raises `ValueError` where the file has more parts than any program writes, `IndexError` where it
    ends before what it announces.
    """
    file = _File(avif)
    sizes = (size for spans in file.coded_items() for size in file.sizes(spans))
    return max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))


class _File:
    """An AVIF file, read with an end to it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts_left = _MOST_PARTS
        self._bytes_left = len(data)

    def coded_items(self) -> Iterator[Sequence[_Span]]:
        """Give where the pieces of each coded item lie."""
        for start, end in self._boxes(b"meta", (0, len(self._data))):
            inside = (start + 4, end)  # after version and flags
            coded = {
                item
                for listed in self._boxes(b"iinf", inside)
                for item in self._listed_as_coded(listed)
            }
            small = next(self._boxes(b"idat", inside), (end, end))
            for table in self._boxes(b"iloc", inside):
                for item, spans in self._places(table, small):
                    if item in coded:
                        yield spans

    def sizes(self, spans: Sequence[_Span]) -> Iterator[tuple[int, int]]:
        """Give the size that each sequence header in an item allows."""
        self._bytes_left -= sum(end - start for start, end in spans)
        if self._bytes_left < 0:  # pieces lie over each other
            raise ValueError("the AVIF has more in it than its bytes")
        coded = b"".join(self._data[start:end] for start, end in spans)
        at = 0
        while at < len(coded):
            self._count_part()
            head = coded[at]
            at += 2 if head & 4 else 1
            size = len(coded) - at
            if head & 2:
                size, at = _length(coded, at)
            if head >> 3 & 15 == _SEQUENCE_HEADER:
                yield _size(_Bits(coded[at : at + min(size, _LONGEST_HEADER)]))
            at += size

    def _boxes(self, kind: bytes, span: _Span) -> Iterator[_Span]:
        """Give where the content of each box of a kind lies."""
        at, end = span
        while at + 8 <= end:
            self._count_part()
            size, head = self._number(at, 4), 8
            if size == 1:
                size, head = self._number(at + 8, 8), 16
            last = end if size == 0 else min(at + max(size, head), end)
            if self._data[at + 4 : at + 8] == kind:
                yield at + head, last
            at = last

    def _listed_as_coded(self, span: _Span) -> Iterator[int]:
        start, end = span
        first = start + 4 + (4 if self._data[start] else 2)
        for at, _ in self._boxes(b"infe", (first, end)):
            width = 4 if self._data[at] > 2 else 2
            kind = at + 4 + width + 2
            if self._data[kind : kind + 4] == _CODED:
                yield self._number(at + 4, width)

    def _places(self, table: _Span, small: _Span) -> Iterator[tuple[int, list[_Span]]]:
        """Give each item's number and where it lies: in the file, or in the box of `small` data."""
        at, end_of_table = table
        version = self._data[at]
        widths = self._number(at + 4, 2)
        offset, length, base, index = (widths >> shift & 15 for shift in (12, 8, 4, 0))
        wide = 4 if version > 1 else 2
        fields = _Bits(self._data[at + 6 : end_of_table])
        for _ in range(fields.number(wide)):
            self._count_part()
            item = fields.number(wide)
            is_small = version > 0 and fields.number(2) & 15 == 1
            fields.number(2)  # in which file, as no decoder opens another
            start, end = small if is_small else (0, len(self._data))
            start += fields.number(base)
            spans = []
            for _ in range(fields.number(2)):
                self._count_part()
                fields.number(index if version > 0 else 0)
                first = min(start + fields.number(offset), end)
                size = fields.number(length)
                spans.append((first, min(first + size, end) if size else end))
            yield item, spans

    def _number(self, at: int, width: int) -> int:
        return int.from_bytes(self._data[at : at + width])

    def _count_part(self) -> None:
        self._parts_left -= 1
        if self._parts_left < 0:
            raise ValueError("the AVIF has too many parts")


def _length(coded: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first, and give the place after it."""
    value = 0
    for place, byte in enumerate(coded[at : at + _LONGEST_LENGTH]):
        value |= (byte & 127) << 7 * place
        at += 1
        if byte < 128:
            break
    return value, at


class _Bits:
    """Reads numbers one after the other, the highest bit first; what is beyond the end is 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, count: int) -> int:
        first, self._at = self._at, self._at + count
        last = -(-self._at // 8)
        value = int.from_bytes(self._data[first // 8 : last].ljust(last - first // 8, b"\0"))
        return value >> (last * 8 - self._at) & (1 << count) - 1

    def number(self, width: int) -> int:
        """Read a number of so many bytes."""
        return self.read(8 * width)

    def skip_long_number(self) -> None:
        """Pass over a number that is as long as the zeros before it."""
        zeros = 0
        while not self.read(1) and zeros < 32:
            zeros += 1
        self.read(zeros)


def _size(bits: _Bits) -> tuple[int, int]:
    """Read a sequence header as far as the largest width and height."""
    bits.read(3 + 1)  # profile, whether it is a still picture
    is_reduced = bool(bits.read(1))
    if is_reduced:
        bits.read(5)  # level
    else:
        _skip_timing(bits)
    widths = [bits.read(4) + 1 for _ in range(2)]
    highest = [bits.read(width) for width in widths]
    # A frame may tell another size in as many bits. Programs take no more than the highest needs.
    width, height = (
        told + 1 if is_reduced or max(told.bit_length(), 1) == count else 1 << count
        for told, count in zip(highest, widths, strict=True)
    )
    return width, height


def _skip_timing(bits: _Bits) -> None:
    delay = None
    if bits.read(1):
        bits.read(64)  # units of time
        if bits.read(1):
            bits.skip_long_number()
        if bits.read(1):
            delay = bits.read(5) + 1
            bits.read(32 + 5 + 5)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):  # operating points
        bits.read(12)
        if bits.read(5) > _HIGHEST_WITHOUT_TIER:
            bits.read(1)
        if delay is not None and bits.read(1):
            bits.read(2 * delay + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)
