"""JSON from outside, read into types: whatever is wrong with it is one error."""

import msgspec


def read[T](data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode JSON.

    Raises `msgspec.DecodeError`, or its kind `msgspec.ValidationError` for JSON of another type;
    nothing else. The decoder by itself lets through what Python says of text that is not UTF-8, and
    of lists in lists in lists.
    """
    try:
        return decoder.decode(data)
    except UnicodeDecodeError:
        raise msgspec.DecodeError("it is not text in UTF-8") from None
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None
