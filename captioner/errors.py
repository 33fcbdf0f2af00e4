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
    ├── BundleError                the model's folder cannot be used
    │   ├── BundleMissing          bundle_missing
    │   └── BundleInvalid          bundle_invalid
    ├── WishError                  a captioner cannot do what was asked of it; permanent
    │   ├── LanguageUnsupported    language_unsupported
    │   └── CaptionerNotConfigured captioner_not_configured
    ├── CaptionBlocked             caption_blocked; permanent: all that was said is not wanted
    ├── CaptioningFailed           captioning_failed; given up after the platform's retries
    ├── CaptionerTimeout           captioner_timeout
    ├── StoreError                 Blob or Queue Storage did not do as asked
    │   ├── ImageNotFound          image_not_found
    │   ├── RecordNotFound         record_not_found
    │   ├── RecordUnreadable       record_unreadable
    │   ├── StoreConflict          store_conflict
    │   ├── StoreRefused           store_refused
    │   └── StoreUnavailable       store_unavailable
    ├── JobError                   a job cannot do what is asked of it
    │   ├── JobNotFound            job_not_found
    │   └── JobEnded               job_ended
    ├── SearchError                images cannot be searched for now
    │   ├── SearchRefused          search_refused
    │   └── SearchUnavailable      search_unavailable
    ├── RequestError               the HTTP request cannot be served as it is
    │   ├── InvalidRequest         invalid_request
    │   ├── SaveRefused            save_refused; records of these images have another place
    │   └── UnsupportedMediaType   unsupported_media_type
    └── SettingsError              settings_invalid

`code` is stable: clients and records keep it. `permanent` says that the same bytes will fail the
same way again, so that nothing retries them. Messages are one sentence that a person can act on,
and never hold a secret.
"""

from datetime import timedelta
from typing import ClassVar


class CaptionerError(Exception):
    """Base of every error that captioner raises on purpose."""

    code: ClassVar[str] = "internal_error"
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


class UnsupportedImage(ImageError):
    code = "unsupported_image"
    status = 415


class CorruptImage(ImageError):
    code = "corrupt_image"


class ImageTooLarge(ImageError):
    code = "image_too_large"
    status = 413


class SourceError(CaptionerError):
    status = 502


class FileUnreadable(SourceError):
    code = "file_unreadable"


class UrlError(SourceError):
    status = 422
    permanent = True


class InvalidUrl(UrlError):
    code = "invalid_url"
    status = 400


class UrlNotAllowed(UrlError):
    code = "url_not_allowed"


class HostDenied(UrlError):
    code = "host_denied"


class BlockedAddress(UrlError):
    code = "blocked_address"


class NotAStorageHost(UrlError):
    code = "not_a_storage_host"


class SasError(SourceError):
    status = 422


class SasMissing(SasError):
    code = "sas_missing"


class SasExpired(SasError):
    code = "sas_expired"


class SasTooNarrow(SasError):
    code = "sas_too_narrow"


class SasRefused(SasError):
    code = "sas_refused"


class DownloadError(SourceError):
    pass


class HostNotFound(DownloadError):
    code = "host_not_found"


class TlsFailed(DownloadError):
    code = "tls_failed"


class TooManyRedirects(DownloadError):
    code = "too_many_redirects"
    permanent = True


class DownloadTooLarge(DownloadError):
    code = "download_too_large"
    status = 413
    permanent = True


class DownloadTooSlow(DownloadError):
    code = "download_too_slow"
    status = 504


class NothingThere(DownloadError):
    code = "nothing_there"
    status = 422
    permanent = True


class DownloadRefused(DownloadError):
    code = "download_refused"
    permanent = True


class DownloadFailed(DownloadError):
    code = "download_failed"


class VisionError(CaptionerError):
    status = 502


class VisionUnauthorized(VisionError):
    code = "vision_unauthorized"


class VisionThrottled(VisionError):
    code = "vision_throttled"
    status = 503


class VisionUnavailable(VisionError):
    code = "vision_unavailable"
    status = 503


class VisionRejected(VisionError):
    code = "vision_rejected"
    permanent = True


class VisionBadResponse(VisionError):
    code = "vision_bad_response"


class BundleError(CaptionerError):
    status = 503


class BundleMissing(BundleError):
    code = "bundle_missing"


class BundleInvalid(BundleError):
    code = "bundle_invalid"


class WishError(CaptionerError):
    status = 422
    permanent = True


class LanguageUnsupported(WishError):
    code = "language_unsupported"


class CaptionerNotConfigured(WishError):
    code = "captioner_not_configured"


class CaptionBlocked(CaptionerError):
    code = "caption_blocked"
    status = 422
    permanent = True


class CaptioningFailed(CaptionerError):
    code = "captioning_failed"


class CaptionerTimeout(CaptionerError):
    code = "captioner_timeout"
    status = 503


class StoreError(CaptionerError):
    status = 503


class ImageNotFound(StoreError):
    code = "image_not_found"
    status = 404


class RecordNotFound(StoreError):
    code = "record_not_found"
    status = 404


class RecordUnreadable(StoreError):
    code = "record_unreadable"
    status = 500


class StoreConflict(StoreError):
    code = "store_conflict"
    status = 409


class StoreRefused(StoreError):
    code = "store_refused"


class StoreUnavailable(StoreError):
    code = "store_unavailable"


class JobError(CaptionerError):
    status = 409


class JobNotFound(JobError):
    code = "job_not_found"
    status = 404


class JobEnded(JobError):
    code = "job_ended"


class SearchError(CaptionerError):
    status = 503


class SearchRefused(SearchError):
    code = "search_refused"


class SearchUnavailable(SearchError):
    code = "search_unavailable"


class RequestError(CaptionerError):
    status = 400


class InvalidRequest(RequestError):
    code = "invalid_request"


class SaveRefused(RequestError):
    code = "save_refused"
    status = 422


class UnsupportedMediaType(RequestError):
    code = "unsupported_media_type"
    status = 415


class SettingsError(CaptionerError):
    code = "settings_invalid"
