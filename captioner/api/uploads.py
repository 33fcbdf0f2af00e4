"""The image in a request: its body as it is, or the one file of a form."""

from contextlib import ExitStack, closing

import azure.functions as func

from captioner.errors import InvalidRequest, UnsupportedMediaType

_UNNAMED = "image"


def image_in(request: func.HttpRequest) -> tuple[str, bytes]:
    """Give the image's name and bytes.

    The name is the query's `name`, else the file's, else "image". The declared type decides only
    between form and plain bytes: what an image is, its bytes tell. Raises `InvalidRequest` or
    `UnsupportedMediaType`.
    """
    name = request.params.get("name")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json" or content_type.endswith("+json"):
        raise UnsupportedMediaType(
            "JSON is not taken here; send the image's bytes as the body, or a form with one file."
        )
    if content_type == "multipart/form-data":
        filename, data = _file_in(request)
        return name or filename, data
    if not request.get_body():
        raise InvalidRequest("The request is empty; send the image's bytes as its body.")
    return name or _UNNAMED, request.get_body()


def _file_in(form: func.HttpRequest) -> tuple[str, bytes]:
    with ExitStack() as parts:
        files = [parts.enter_context(closing(file)) for _, file in form.files.items(multi=True)]
        if len(files) != 1:
            raise InvalidRequest(
                f"The form holds {len(files) or 'no'} files; send exactly one image in it."
            )
        return files[0].filename or _UNNAMED, files[0].read()
