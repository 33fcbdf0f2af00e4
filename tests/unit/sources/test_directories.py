"""Containers and directories opened by SAS URIs, against a real emulator of storage."""

import gzip
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from azure.storage.blob import (
    AccessPolicy,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)
from msgspec import UNSET

from captioner.errors import (
    DownloadTooLarge,
    InvalidUrl,
    NotAStorageHost,
    NothingThere,
    RecordNotFound,
    RecordUnreadable,
    SasError,
    SasExpired,
    SasMissing,
    SasRefused,
    SasTooNarrow,
    StoreConflict,
    UrlNotAllowed,
)
from captioner.records import CaptionRecord, ImageFacts, now
from captioner.settings import Settings, StorageConnection
from captioner.sources import Directory, Sources
from scripts.azurite import ACCOUNT, ACCOUNT_KEY
from tests.support.azurite import Azurite

LIMIT = 9 * 2**20  # more than is asked for at once
LATER = datetime.now(UTC) + timedelta(hours=1)
FULL = "rlcw"

type Uri = Callable[..., str]


@pytest.fixture
def container(blobs: BlobServiceClient, unique_name: Callable[[str], str]) -> ContainerClient:
    return blobs.create_container(unique_name("pictures"))


@pytest.fixture
def sources(azurite: Azurite) -> Iterator[Sources]:
    emulator = StorageConnection(connection_string=azurite.connection_string).emulator
    with Sources.of(Settings(max_image_bytes=LIMIT), emulator=emulator) as sources:
        yield sources


@pytest.fixture
def uri(container: ContainerClient) -> Uri:
    """Make the SAS URI of the container, or of a directory in it."""

    def make(permission: str = "rl", *, path: str = "", expiry: datetime = LATER) -> str:
        sas = generate_container_sas(
            ACCOUNT,
            container.container_name,
            account_key=ACCOUNT_KEY,
            permission=permission,
            expiry=expiry,
        )
        return f"{container.url}{path}?{sas}"

    return make


def names_in(directory: Directory, **options: int) -> list[str]:
    names: list[str] = []
    token = None
    while True:
        page = directory.page(token, **options)
        names += [image.name for image in page.images]
        if (token := page.next) is None:
            return names


def record_of(name: str) -> CaptionRecord:
    moment = now()
    return CaptionRecord(
        image=ImageFacts(name=name),
        captions=(),
        alt_text=None,
        problems=(),
        created=moment,
        updated=moment,
    )


class TestListing:
    def test_images_are_listed_with_their_size_and_version(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        written = container.upload_blob("a.jpg", b"pixels")
        page = sources.directory(uri()).page()

        (image,) = page.images
        assert (image.name, image.size) == ("a.jpg", 6)
        assert image.etag == written.get_blob_properties().etag
        assert page.next is None

    def test_only_what_is_likely_an_image_is_listed(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        for name in (
            "b.JPEG",
            "c.heic",
            "d.avif",
            "e.webp",
            "a.jpg.json",
            "f.txt",
            "notes",
            "g.mp4",
        ):
            container.upload_blob(name, b"x")
        picture = ContentSettings(content_type="image/png")
        container.upload_blob("scan 0001", b"x", content_settings=picture)
        container.upload_blob("folder.jpg", b"", metadata={"hdi_isfolder": "true"})

        assert names_in(sources.directory(uri())) == [
            "b.JPEG",
            "c.heic",
            "d.avif",
            "e.webp",
            "scan 0001",
        ]

    def test_page_by_page_in_any_process(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        for each in range(7):
            container.upload_blob(f"{each}.jpg", b"x")
            container.upload_blob(f"{each}.txt", b"x")
        first = sources.directory(uri()).page(size=4)
        second = sources.directory(uri()).page(first.next, size=4)

        assert [image.name for image in first.images] == ["0.jpg", "1.jpg"]
        assert [image.name for image in second.images] == ["2.jpg", "3.jpg"]
        assert names_in(sources.directory(uri()), size=4) == [f"{each}.jpg" for each in range(7)]

    def test_a_page_without_images_may_have_a_next_one(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        for name in ("a.txt", "b.txt", "c.jpg"):
            container.upload_blob(name, b"x")
        page = sources.directory(uri()).page(size=2)

        assert page.images == ()
        assert page.next is not None

    def test_an_empty_container(self, sources: Sources, uri: Uri) -> None:
        assert names_in(sources.directory(uri())) == []

    @pytest.mark.parametrize("path", ["/2026", "/2026/", "/2026//"])
    def test_a_directory_is_what_lies_below_it(
        self, container: ContainerClient, sources: Sources, uri: Uri, path: str
    ) -> None:
        for name in ("2026/a.jpg", "2026/x y/b.jpg", "2026-old/c.jpg", "d.jpg"):
            container.upload_blob(name, b"x")

        assert names_in(sources.directory(uri(path=path))) == ["2026/a.jpg", "2026/x y/b.jpg"]
        assert names_in(sources.directory(uri(path="/2026/x%20y"))) == ["2026/x y/b.jpg"]

    def test_a_signature_for_the_account_will_do(
        self, container: ContainerClient, sources: Sources
    ) -> None:
        container.upload_blob("a.jpg", b"x")
        sas = generate_account_sas(
            ACCOUNT, ACCOUNT_KEY, resource_types="co", permission="rl", expiry=LATER
        )
        assert names_in(sources.directory(f"{container.url}?{sas}")) == ["a.jpg"]

    def test_a_policy_that_is_stored_with_the_container_will_do(
        self, container: ContainerClient, sources: Sources
    ) -> None:
        container.upload_blob("a.jpg", b"x")
        allowed = AccessPolicy(permission="rl", expiry=LATER, start=LATER - timedelta(days=1))
        container.set_container_access_policy({"readers": allowed})
        sas = generate_container_sas(
            ACCOUNT, container.container_name, account_key=ACCOUNT_KEY, policy_id="readers"
        )
        directory = sources.directory(f"{container.url}?restype=container&comp=list&{sas}")

        assert names_in(directory) == ["a.jpg"]
        assert directory.fetch("a.jpg").data == b"x"
        with pytest.raises(SasTooNarrow):
            directory.put_record(record_of("a.jpg"), None)


class TestFetching:
    @pytest.mark.parametrize(
        "name", ["a.jpg", "attic/my photo.jpg", "a b+#%é.jpg", "50%25off.jpg", "日本語/写真.jpg"]
    )
    def test_an_image_comes_with_what_is_known_of_it(
        self, container: ContainerClient, sources: Sources, uri: Uri, name: str
    ) -> None:
        written = container.upload_blob(name, b"pixels")
        fetched = sources.directory(uri()).fetch(name)

        assert fetched.data == b"pixels"
        assert fetched.facts.name == name
        assert fetched.facts.container == container.container_name
        assert fetched.facts.url == written.url.partition("?")[0]
        assert fetched.facts.etag == written.get_blob_properties().etag

    def test_what_is_known_of_it_is_known_before(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        container.upload_blob("dir/a b+é.jpg", b"pixels")
        directory = sources.directory(uri())
        (listed,) = directory.page().images

        assert directory.find("dir/a b+é.jpg") == listed
        known = directory.facts_of(listed)
        assert known.bytes == 6
        assert msgspec.structs.replace(known, bytes=UNSET) == directory.fetch(listed.name).facts

    def test_one_that_is_gone_is_not_found(self, sources: Sources, uri: Uri) -> None:
        with pytest.raises(NothingThere, match=r"a\.jpg"):
            sources.directory(uri()).find("a.jpg")

    def test_a_large_one_comes_whole(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        data = bytes(range(256)) * (LIMIT // 256)
        container.upload_blob("large.jpg", data)

        assert sources.directory(uri()).fetch("large.jpg").data == data

    def test_an_empty_one_comes_empty(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        container.upload_blob("empty.jpg", b"")
        assert sources.directory(uri()).fetch("empty.jpg").data == b""

    def test_one_over_the_limit_is_refused(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        container.upload_blob("large.jpg", b"x" * (LIMIT + 1))
        with pytest.raises(DownloadTooLarge):
            sources.directory(uri()).fetch("large.jpg")

    def test_one_that_says_it_is_compressed_is_not_unfolded(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        bomb = gzip.compress(bytes(LIMIT * 2))
        packed = ContentSettings(content_type="image/png", content_encoding="gzip")
        container.upload_blob("bomb.png", bomb, content_settings=packed)

        assert sources.directory(uri()).fetch("bomb.png").data == bomb

    def test_one_that_is_gone_is_told(self, sources: Sources, uri: Uri) -> None:
        with pytest.raises(NothingThere, match=r"a\.jpg"):
            sources.directory(uri()).fetch("a.jpg")

    def test_its_url_may_be_fetched_as_any_other(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        container.upload_blob("a.jpg", b"pixels")
        fetched = sources.fetch(uri(path="/a.jpg"))

        assert (fetched.data, fetched.facts.name) == (b"pixels", "a.jpg")
        assert fetched.facts.url == f"{container.url}/a.jpg"


class TestRecords:
    def test_a_record_is_written_beside_its_image_and_read_back(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        directory = sources.directory(uri(FULL))
        record = record_of("attic/a.jpg")
        etag = directory.put_record(record, None)

        assert directory.get_record("attic/a.jpg") == (record, etag)
        written = container.get_blob_client("attic/a.jpg.json").get_blob_properties()
        assert written.content_settings.content_type == "application/json"

    def test_only_the_version_that_is_known_is_replaced(self, sources: Sources, uri: Uri) -> None:
        directory = sources.directory(uri(FULL))
        first = directory.put_record(record_of("a.jpg"), None)
        with pytest.raises(StoreConflict):
            directory.put_record(record_of("a.jpg"), None)
        second = directory.put_record(record_of("a.jpg"), first)
        with pytest.raises(StoreConflict):
            directory.put_record(record_of("a.jpg"), first)
        assert directory.get_record("a.jpg")[1] == second

    def test_what_somebody_else_wrote_there_is_not_a_record(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        container.upload_blob("a.jpg.json", b'{"title": "Mezzetin"}')
        with pytest.raises(RecordUnreadable, match=r"a\.jpg"):
            sources.directory(uri(FULL)).get_record("a.jpg")

    def test_there_may_be_none(self, sources: Sources, uri: Uri) -> None:
        with pytest.raises(RecordNotFound):
            sources.directory(uri(FULL)).get_record("a.jpg")

    @pytest.mark.parametrize(
        ("permission", "may_write"), [("rl", False), ("rlc", True), ("rlw", True)]
    )
    def test_the_signature_says_whether_records_may_be_written(
        self, sources: Sources, uri: Uri, permission: str, may_write: bool
    ) -> None:
        directory = sources.directory(uri(permission))

        assert directory.may_write is may_write
        if may_write:
            directory.put_record(record_of("a.jpg"), None)
        else:
            with pytest.raises(SasTooNarrow, match="write"):
                directory.put_record(record_of("a.jpg"), None)

    def test_to_create_is_not_to_replace(self, sources: Sources, uri: Uri) -> None:
        directory = sources.directory(uri("rlc"))
        etag = directory.put_record(record_of("a.jpg"), None)
        with pytest.raises(SasTooNarrow, match="write"):
            directory.put_record(record_of("a.jpg"), etag)


class TestRefusals:
    def test_an_expired_signature_is_told_before_anything_is_sent(
        self, sources: Sources, uri: Uri
    ) -> None:
        past = datetime(2020, 1, 2, 3, 4, tzinfo=UTC)
        with pytest.raises(SasExpired, match="2020-01-02 03:04"):
            sources.directory(uri(expiry=past))

    @pytest.mark.parametrize(
        ("permission", "missing"), [("r", "list"), ("l", "read"), ("w", "read")]
    )
    def test_a_missing_permission_is_told(
        self, sources: Sources, uri: Uri, permission: str, missing: str
    ) -> None:
        with pytest.raises(SasTooNarrow, match=missing):
            sources.directory(uri(permission))

    def test_a_signature_for_one_blob_is_told(
        self, container: ContainerClient, sources: Sources
    ) -> None:
        sas = generate_blob_sas(
            ACCOUNT,
            container.container_name,
            "a.jpg",
            account_key=ACCOUNT_KEY,
            permission="r",
            expiry=LATER,
        )
        with pytest.raises(SasTooNarrow, match="container or a directory"):
            sources.directory(f"{container.url}/a.jpg?{sas}")

    def test_no_signature_is_told(self, container: ContainerClient, sources: Sources) -> None:
        with pytest.raises(SasMissing):
            sources.directory(container.url)

    def test_a_forged_signature_is_told_by_storage(self, sources: Sources, uri: Uri) -> None:
        honest, _, _ = uri().rpartition("sig=")
        with pytest.raises(SasRefused):
            sources.directory(f"{honest}sig=Zm9yZ2Vk").page()

    def test_permissions_that_were_written_in_are_told_by_storage(
        self, sources: Sources, uri: Uri
    ) -> None:
        with pytest.raises(SasError):
            sources.directory(uri("r").replace("sp=r", "sp=rl")).page()

    def test_a_container_that_is_not_there_is_told(
        self, container: ContainerClient, sources: Sources, uri: Uri
    ) -> None:
        directory = sources.directory(uri())
        container.delete_container()
        with pytest.raises(NothingThere, match=container.container_name):
            directory.page()

    def test_a_uri_without_a_container_is_told(self, azurite: Azurite, sources: Sources) -> None:
        emulator = StorageConnection(connection_string=azurite.connection_string).emulator
        with pytest.raises(InvalidUrl, match="no container"):
            sources.directory(f"{emulator}?sig=x&sr=c&sp=rl")

    @pytest.mark.parametrize(
        "host",
        [
            "https://blob.core.windows.net",
            "https://images.example",
            "https://account.blob.core.windows.net.images.example",
            "https://accountblob.core.windows.net",
            "https://a.b.blob.core.windows.net",
            "https://account.file.core.windows.net",
            "https://account.dfs.core.windows.net",
            "https://account.blob.core.windows.com",
            "https://account.zz.blob.storage.azure.net",
            "https://account.blob.storage.azure.net",
            "https://ac_count.blob.core.windows.net",
            "https://xn--accunt-gxa.blob.core.windows.net",
            "https://169.254.169.254",
            "https://[::1]",
            "http://127.0.0.1:1/devstoreaccount1",
        ],
    )
    def test_only_azures_own_hosts_get_a_signature(self, sources: Sources, host: str) -> None:
        with pytest.raises(NotAStorageHost):
            sources.directory(f"{host}/pictures?sv=1&sr=c&sp=rl&sig=s3cret")

    @pytest.mark.parametrize(
        "host",
        [
            "account.blob.core.windows.net",
            "ACCOUNT.BLOB.CORE.WINDOWS.NET",
            "account.blob.core.windows.net.",
            "account-secondary.blob.core.windows.net",
            "account.z37.blob.storage.azure.net",
            "account.blob.core.usgovcloudapi.net",
            "account.blob.core.chinacloudapi.cn",
        ],
    )
    def test_all_of_azures_clouds_are_known(self, sources: Sources, host: str) -> None:
        directory = sources.directory(f"https://{host}/pictures/2026?sr=c&sp=rl&sig=s3cret")

        assert directory.url == f"https://{host.lower().removesuffix('.')}/pictures/2026/"

    def test_never_by_http(self) -> None:
        with Sources.of(Settings(source_http=True)) as sources, pytest.raises(UrlNotAllowed):
            sources.directory("http://account.blob.core.windows.net/c/?sr=c&sp=rl&sig=s")

    def test_the_emulator_is_no_storage_where_it_is_not_configured(self, uri: Uri) -> None:
        with Sources.of(Settings()) as sources, pytest.raises(NotAStorageHost):
            sources.directory(uri())


def test_no_signature_is_told_by_errors_logs_or_what_is_printed(
    container: ContainerClient, sources: Sources, uri: Uri, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    container.upload_blob("a.jpg", b"x")
    opened = uri(FULL)
    secret = opened.rpartition("sig=")[2].partition("&")[0]
    caplog.clear()
    directory = sources.directory(opened)
    directory.page()
    directory.fetch("a.jpg")
    directory.put_record(record_of("a.jpg"), None)
    with pytest.raises(NothingThere) as gone:
        directory.fetch("b.jpg")
    sources.fetch(uri(path="/a.jpg"))

    assert "GET" in caplog.text  # the libraries did log
    shown = [caplog.text, str(gone.value), repr(gone.value), directory.url]
    shown += [repr(directory), repr(directory.place), repr(directory.place.sas)]
    shown += [repr(vars(each)) for each in caplog.records]
    assert not [each for each in shown if secret in each or "sig=" in each]
