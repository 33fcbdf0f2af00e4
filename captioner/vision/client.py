"""The Computer Vision SDK, made safe to call: no retries, redirects or errors of its own kind.

Importing this module imports the SDK (about 0.2 s), so only `AzureVisionCaptioner` does, when one
is made.
"""

from io import BytesIO
from typing import Any

from azure.cognitiveservices.vision.computervision import ComputerVisionClient
from azure.cognitiveservices.vision.computervision.models import ImageDescription
from azure.core.exceptions import DeserializationError
from msrest.authentication import CognitiveServicesCredentials
from msrest.exceptions import ClientRequestError
from requests import Response, Session, Timeout
from requests.adapters import HTTPAdapter
from urllib3 import Timeout as TimeLimit

from captioner.errors import VisionBadResponse, VisionUnavailable
from captioner.vision.faults import fault_of

_BLOCK_BYTES = 64 * 1024  # the SDK sends 4 KiB at a time if left alone
_CONNECTIONS = 32


class VisionClient:
    """One pool of connections to one resource, for all threads."""

    def __init__(self, endpoint: str, key: str) -> None:
        # The SDK gives every thread a session of its own, whose connections try three times more.
        # This adapter, mounted on each of them, is shared and sends a request once.
        self._adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=0)
        # The SDK calls itself typed, but its functions are not.
        self._sdk: Any = ComputerVisionClient(endpoint, CognitiveServicesCredentials(key))  # type: ignore[no-untyped-call]
        config: Any = self._sdk.config
        config.session_configuration_callback = self._share_connections
        # Runs before the SDK reads an error (its exception cannot be made of an empty body) and
        # before a redirect is followed (which would carry the key to another host).
        config.hooks.append(_raise_fault)
        config.connection.data_block_size = _BLOCK_BYTES

    def describe(
        self, image: bytes, *, language: str, max_candidates: int, timeout_s: float
    ) -> ImageDescription:
        """Send one request, and give what the service says of the image.

        Raises `VisionError` only. Tracebacks end here: those of the libraries below may tell what
        the headers held.
        """
        description: ImageDescription | None
        try:
            description = self._sdk.describe_image_in_stream(
                BytesIO(image),
                max_candidates=max_candidates,
                language=language,
                timeout=TimeLimit(total=timeout_s),
            )
        except ClientRequestError as fault:
            if isinstance(fault.inner_exception, Timeout):
                message = (
                    f"Azure AI Vision did not answer within {timeout_s:.0f} s; "
                    "ask for the caption again later."
                )
            else:
                message = (
                    "Azure AI Vision cannot be reached; "
                    "check VISION_ENDPOINT and the network, or ask for the caption again later."
                )
            raise VisionUnavailable(message) from None
        except (DeserializationError, RecursionError):
            description = None
        if description is None or description.captions is None:
            raise VisionBadResponse(
                "Azure AI Vision gave an answer that is not a description; check VISION_ENDPOINT "
                "and any proxy on the way."
            )
        return description

    def _share_connections(self, session: Session, *_configs: Any, **_request: Any) -> None:
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)


def _raise_fault(response: Response, *_args: Any, **_request: Any) -> None:
    if response.status_code != 200:
        raise fault_of(response.status_code, response.headers, response.content)
