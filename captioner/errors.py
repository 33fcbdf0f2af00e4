"""Everything that can go wrong, as one tree.

    CaptionerError
    ├── ImageError                 the bytes are not a picture that can be captioned; permanent
    │   ├── EmptyImage             empty_image
    │   ├── UnsupportedImage       unsupported_image
    │   ├── CorruptImage           corrupt_image
    │   └── ImageTooLarge          image_too_large
    ├── SourceError                where an image was to come from, it could not be had
    │   ├── FileUnreadable         file_unreadable
    │   ├── UrlError               the URL is not one that is fetched; permanent
    │   │   ├── InvalidUrl         invalid_url
    │   │   ├── UrlNotAllowed      url_not_allowed; its scheme or its port
    │   │   ├── HostDenied         host_denied; by the lists in the settings
    │   │   ├── BlockedAddress     blocked_address
    │   │   └── NotAStorageHost    not_a_storage_host
    │   ├── SasError               the shared access signature does not open the directory
    │   │   ├── SasMissing         sas_missing
    │   │   ├── SasExpired         sas_expired
    │   │   ├── SasTooNarrow       sas_too_narrow; another kind of SAS or permission is needed
    │   │   └── SasRefused         sas_refused
    │   └── DownloadError          the other server did not give what the URL names
    │       ├── HostNotFound       host_not_found
    │       ├── TlsFailed          tls_failed
    │       ├── TooManyRedirects   too_many_redirects; permanent
    │       ├── DownloadTooLarge   download_too_large; permanent
    │       ├── DownloadTooSlow    download_too_slow
    │       ├── NothingThere       nothing_there; permanent
    │       ├── DownloadRefused    download_refused; permanent
    │       └── DownloadFailed     download_failed
    ├── VisionError                Azure AI Vision gave no caption
    │   ├── VisionUnauthorized     vision_unauthorized
    │   ├── VisionThrottled        vision_throttled
    │   ├── VisionUnavailable      vision_unavailable
    │   ├── VisionRejected         vision_rejected; permanent: Vision will not take this one
    │   └── VisionBadResponse      vision_bad_response
    ├── BundleError                the model cannot be used
    │   ├── BundleMissing          bundle_missing
    │   ├── BundleInvalid          bundle_invalid
    │   ├── BundleUnreachable      bundle_unreachable
    │   └── BundleNotKept          bundle_not_kept; local disk has no room for it
    ├── WishError                  a captioner cannot do what was asked of it; permanent
    │   ├── LanguageUnsupported    language_unsupported
    │   └── CaptionerNotConfigured captioner_not_configured
    ├── CaptionBlocked             caption_blocked; permanent: all that was said is not wanted
    ├── CaptioningFailed           captioning_failed; given up after the platform's retries
    ├── CaptionerTimeout           captioner_timeout
    ├── CaptionerBusy              captioner_busy; too many images wait for it
    ├── StoreError                 Blob or Queue Storage did not do as asked
    │   ├── ImageNotFound          image_not_found
    │   ├── RecordNotFound         record_not_found
    │   ├── RecordUnreadable       record_unreadable
    │   ├── StoreConflict          store_conflict
    │   ├── EditConflict           edit_conflict; the version that a person saw is not the last
    │   ├── ImageExists            image_exists
    │   ├── NothingKept            nothing_kept; nobody ever wrote of this image
    │   ├── StoreRefused           store_refused
    │   └── StoreUnavailable       store_unavailable
    ├── AttentionUnavailable       attention_unavailable; the model does not tell where it looks
    ├── NoAltText                  no_alt_text; what is made of alt texts cannot be made
    ├── JobError                   a job cannot do what is asked of it
    │   ├── JobNotFound            job_not_found
    │   └── JobEnded               job_ended
    ├── SearchError                images cannot be searched for now
    │   ├── SearchRefused          search_refused
    │   └── SearchUnavailable      search_unavailable
    ├── CollectionUnavailable      collection_unavailable; the images cannot be listed for now
    ├── RequestError               the HTTP request cannot be served as it is
    │   ├── InvalidRequest         invalid_request; it is not as the OpenAPI document has it
    │   ├── InvalidCursor          invalid_cursor
    │   ├── InvalidQuery           invalid_query
    │   ├── ContradictoryRequest   contradictory_request
    │   ├── ModelUnknown           model_unknown; nobody knows how old that version is
    │   ├── RequestTooLarge        request_too_large
    │   ├── PreconditionMissing    precondition_missing; an edit without the version it is of
    │   ├── PageFileNotFound       page_file_not_found
    │   ├── SaveRefused            save_refused; records of these images have another place
    │   └── UnsupportedMediaType   unsupported_media_type
    └── SettingsError              settings_invalid

`code` is stable: clients and records keep it. `permanent` says that the same bytes will fail the
same way again, so that nothing retries them. `meaning` is what the documents tell of the code.
Messages are one sentence that a person can act on, and never hold a secret.

Over HTTP, 400 says that a request is not as the OpenAPI document has it, 422 that it is and still
cannot be done, 5xx that the fault lies elsewhere.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar


class CaptionerError(Exception):
    """Base of every error that captioner raises on purpose."""

    code: ClassVar[str] = "internal_error"
    meaning: ClassVar[str] = "Something unforeseen; the log tells what."
    status: ClassVar[int] = 500
    permanent: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class ImageError(CaptionerError):
    status = 422
    permanent = True


class EmptyImage(ImageError):
    code = "empty_image"
    meaning = "The file has no bytes."


class UnsupportedImage(ImageError):
    code = "unsupported_image"
    meaning = "The bytes are not an image of a kind that is taken."
    status = 415


class CorruptImage(ImageError):
    code = "corrupt_image"
    meaning = "The image is damaged or cut short."


class ImageTooLarge(ImageError):
    code = "image_too_large"
    meaning = (
        "More bytes or pixels than `MAX_IMAGE_BYTES`, `MAX_IMAGE_PIXELS` or `MAX_IMAGE_MEMORY` "
        "allow."
    )
    status = 413


class SourceError(CaptionerError):
    status = 422


class FileUnreadable(SourceError):
    code = "file_unreadable"
    meaning = "In the terminal: the file is not there or may not be read."


class UrlError(SourceError):
    permanent = True


class InvalidUrl(UrlError):
    code = "invalid_url"
    meaning = "The URL cannot be read, or holds a user name or password."


class UrlNotAllowed(UrlError):
    code = "url_not_allowed"
    meaning = "The URL's scheme or port is not one that images are fetched by."


class HostDenied(UrlError):
    code = "host_denied"
    meaning = (
        "`SOURCE_ALLOWED_HOSTS` or `SOURCE_DENIED_HOSTS` keeps images from being fetched there."
    )


class BlockedAddress(UrlError):
    code = "blocked_address"
    meaning = "The URL's host is not on the public internet."


class NotAStorageHost(UrlError):
    code = "not_a_storage_host"
    meaning = "A directory's URI is not one of Azure Blob Storage."


class SasError(SourceError):
    pass


class SasMissing(SasError):
    code = "sas_missing"
    meaning = "A directory's URI has no shared access signature, or a damaged one."


class SasExpired(SasError):
    code = "sas_expired"
    meaning = "The shared access signature's time is over."


class SasTooNarrow(SasError):
    code = "sas_too_narrow"
    meaning = (
        "The shared access signature is not for a container or directory, or lacks a permission."
    )


class SasRefused(SasError):
    code = "sas_refused"
    meaning = "Storage does not take the shared access signature; a network rule may be why."


class DownloadError(SourceError):
    pass


class HostNotFound(DownloadError):
    code = "host_not_found"
    meaning = "The URL's host has no address."


class TlsFailed(DownloadError):
    code = "tls_failed"
    meaning = "The host's certificate is not to be trusted, or is another host's."


class TooManyRedirects(DownloadError):
    code = "too_many_redirects"
    meaning = "The URL redirects more than three times."
    permanent = True


class DownloadTooLarge(DownloadError):
    code = "download_too_large"
    meaning = "What the URL gives has more bytes than `MAX_IMAGE_BYTES` allows."
    status = 413
    permanent = True


class DownloadTooSlow(DownloadError):
    code = "download_too_slow"
    meaning = "The image was not there within `SOURCE_TIMEOUT_SECONDS`."
    status = 504


class NothingThere(DownloadError):
    code = "nothing_there"
    meaning = "The host has nothing at this URL, or storage no such container or blob."
    permanent = True


class DownloadRefused(DownloadError):
    code = "download_refused"
    meaning = "The host answers with a status other than 200; the message tells it."
    permanent = True


class DownloadFailed(DownloadError):
    code = "download_failed"
    meaning = "The host does not answer, breaks off, or is out of order for now."
    status = 502


class VisionError(CaptionerError):
    status = 502


class VisionUnauthorized(VisionError):
    code = "vision_unauthorized"
    meaning = "Azure AI Vision refuses the key, or its network rules the request."


class VisionThrottled(VisionError):
    code = "vision_throttled"
    meaning = "Azure AI Vision, or `VISION_REQUESTS_PER_MINUTE`, allows no more requests for now."
    status = 503


class VisionUnavailable(VisionError):
    code = "vision_unavailable"
    meaning = "Azure AI Vision is down or not reached in time."
    status = 503


class VisionRejected(VisionError):
    code = "vision_rejected"
    meaning = "Azure AI Vision will not describe this picture; asking again does not help."
    status = 422
    permanent = True


class VisionBadResponse(VisionError):
    code = "vision_bad_response"
    meaning = "What answers at `VISION_ENDPOINT` does not speak as Azure AI Vision does."


class BundleError(CaptionerError):
    status = 503


class BundleMissing(BundleError):
    code = "bundle_missing"
    meaning = "`MODEL_DIR` or `MODEL_URI` holds no model, or not all of one."


class BundleInvalid(BundleError):
    code = "bundle_invalid"
    meaning = "The model's files are damaged or do not belong together."


class BundleUnreachable(BundleError):
    code = "bundle_unreachable"
    meaning = "Storage does not give what is at `MODEL_URI`, for now or to this app."


class BundleNotKept(BundleError):
    code = "bundle_not_kept"
    meaning = "The disk of `MODEL_CACHE_DIR` is full or cannot be written."


class WishError(CaptionerError):
    status = 422
    permanent = True


class LanguageUnsupported(WishError):
    code = "language_unsupported"
    meaning = "The captioner does not write the language that the request asks for."


class CaptionerNotConfigured(WishError):
    code = "captioner_not_configured"
    meaning = "The request asks for a captioner that is not set up here."


class CaptionBlocked(CaptionerError):
    code = "caption_blocked"
    meaning = "Every caption holds one of your `BLOCKED_TERMS`; describe the image by hand."
    status = 422
    permanent = True


class CaptioningFailed(CaptionerError):
    code = "captioning_failed"
    meaning = "Given up after several tries; the log tells why."


class CaptionerTimeout(CaptionerError):
    code = "captioner_timeout"
    meaning = "A captioner took far too long."
    status = 503


class CaptionerBusy(CaptionerError):
    code = "captioner_busy"
    meaning = "More images wait for a captioner than it gets done in time; ask again later."
    status = 503


class StoreError(CaptionerError):
    status = 503


class ImageNotFound(StoreError):
    code = "image_not_found"
    meaning = "There is no such image in the container."
    status = 404


class RecordNotFound(StoreError):
    code = "record_not_found"
    meaning = "There is no record of this image, or not yet."
    status = 404


class RecordUnreadable(StoreError):
    code = "record_unreadable"
    meaning = "The sidecar is not a record of this version."
    status = 500


class StoreConflict(StoreError):
    code = "store_conflict"
    meaning = "Somebody else wrote the same thing at the same moment."
    status = 409


class EditConflict(StoreError):
    code = "edit_conflict"
    meaning = "Somebody has changed the record since it was read; read it again and say what holds."
    status = 412


class ImageExists(StoreError):
    code = "image_exists"
    meaning = "There is an image of that name; only a request that may replace it does."
    status = 412


class NothingKept(StoreError):
    code = "nothing_kept"
    meaning = "There is no record of this image, and nobody's text is kept from before."
    status = 404


class StoreRefused(StoreError):
    code = "store_refused"
    meaning = "The storage account does not let the app in, or lacks what it should hold."


class StoreUnavailable(StoreError):
    code = "store_unavailable"
    meaning = "The storage account is busy or cannot be reached."


class AttentionUnavailable(CaptionerError):
    code = "attention_unavailable"
    meaning = "There is no caption of the model's to explain, or the model tells no attention."
    status = 422


class NoAltText(CaptionerError):
    code = "no_alt_text"
    meaning = "The image has no alt text, which the form asked for is made of."
    status = 422


class JobError(CaptionerError):
    status = 409


class JobNotFound(JobError):
    code = "job_not_found"
    meaning = "There is no such job."
    status = 404


class JobEnded(JobError):
    code = "job_ended"
    meaning = "The job has ended, and takes nothing more."


class SearchError(CaptionerError):
    status = 503


class SearchRefused(SearchError):
    code = "search_refused"
    meaning = "Azure AI Search does not take the key or the app's identity."


class SearchUnavailable(SearchError):
    code = "search_unavailable"
    meaning = (
        "The search index cannot be used for now: Azure AI Search is busy or not reached, or "
        "`SEARCH_DIR` cannot be written."
    )


class CollectionUnavailable(CaptionerError):
    code = "collection_unavailable"
    meaning = "The images cannot be listed for now: `SEARCH_DIR` cannot be written."
    status = 503


class RequestError(CaptionerError):
    status = 400


class InvalidRequest(RequestError):
    code = "invalid_request"
    meaning = (
        "The request is empty, or one of its options or its form is wrong; the message says which."
    )


class InvalidCursor(RequestError):
    code = "invalid_cursor"
    meaning = "The cursor is none that a header `Link` gave."
    status = 422


class InvalidQuery(RequestError):
    code = "invalid_query"
    meaning = "The query of a search holds no word, or too many."
    status = 422


class ContradictoryRequest(RequestError):
    code = "contradictory_request"
    meaning = "Parts of the request do not go together; the message says which."
    status = 422


class ModelUnknown(RequestError):
    code = "model_unknown"
    meaning = "`model_older_than` names a version that is not registered at `MODEL_URI`."
    status = 422


class RequestTooLarge(RequestError):
    code = "request_too_large"
    meaning = "The JSON or list in the request has more bytes than are read; send it in parts."
    status = 413


class PreconditionMissing(RequestError):
    code = "precondition_missing"
    meaning = "The change has no header `If-Match` with the `ETag` of the record it is made to."
    status = 428


class PageFileNotFound(RequestError):
    code = "page_file_not_found"
    meaning = "The page has no file of that name."
    status = 404


class SaveRefused(RequestError):
    code = "save_refused"
    meaning = "`save` with one of the app's own containers, whose records have another place."
    status = 422


class UnsupportedMediaType(RequestError):
    code = "unsupported_media_type"
    meaning = (
        "The body is of a kind that this route does not take, or JSON without the header "
        "`Content-Type: application/json`."
    )
    status = 415


class SettingsError(CaptionerError):
    code = "settings_invalid"
    meaning = "An app setting has a value that cannot work; the message names it."


def kinds_of(fault: type[CaptionerError]) -> Iterator[type[CaptionerError]]:
    """Give the errors below one in the tree that have a code; itself where there are none."""
    below = [each for each in fault.__subclasses__() if each.__module__ == __name__]
    if not below:
        yield fault
    for each in below:
        yield from kinds_of(each)
