"""Documents and messages against a real emulator of storage."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient, TextBase64DecodePolicy

from captioner.errors import StoreConflict
from captioner.store import Documents, MessageQueue


@pytest.fixture
def documents(blobs: BlobServiceClient, unique_name: Callable[[str], str]) -> Documents:
    return Documents(blobs.get_container_client(unique_name("documents")))


def test_before_the_first_there_are_none(documents: Documents) -> None:
    assert documents.read("a") is None
    assert documents.look("a") is None
    assert documents.read_part("a", 0, 1) is None
    assert documents.every("") == []
    documents.delete("a")


def test_the_first_writing_counts(documents: Documents) -> None:
    assert documents.create("a", b"first", metadata={"n": "1"})
    assert not documents.create("a", b"second", metadata={"n": "2"})
    found = documents.read("a")
    assert found is not None
    assert (found.data, found.metadata) == (b"first", {"n": "1"})
    assert "first" not in repr(found)


def test_only_what_was_read_is_replaced(documents: Documents) -> None:
    documents.put("a", b"1")
    before = documents.look("a")
    assert before is not None
    documents.replace("a", b"2", before.etag)
    for write in (documents.replace, lambda *args: documents.describe("a", {}, args[2])):
        with pytest.raises(StoreConflict):
            write("a", b"3", before.etag)
    with pytest.raises(StoreConflict):
        documents.replace("none", b"3", before.etag)


def test_descriptions_are_listed(documents: Documents) -> None:
    for name in ("a/1", "a/2", "a/3", "b"):
        documents.put(name, b"x")
    entry = documents.look("a/2")
    assert entry is not None
    documents.describe("a/2", {"n": "7"}, entry.etag)
    assert [(each.name, each.metadata) for each in documents.every("a/")] == [
        ("a/1", {}),
        ("a/2", {"n": "7"}),
        ("a/3", {}),
    ]
    first = documents.page("a/", size=2)
    rest = documents.page("a/", token=first.next, size=2)
    assert [each.name for each in (*first.entries, *rest.entries)] == ["a/1", "a/2", "a/3"]
    assert rest.next is None


def test_a_part_is_read(documents: Documents) -> None:
    documents.put("a", b"0123456789")
    assert documents.read_part("a", 3, 6) == b"345"


def test_messages_wait_and_do_not_expire(
    queues: QueueServiceClient, unique_name: Callable[[str], str]
) -> None:
    name = unique_name("queue")
    queue = MessageQueue.of(queues, name)
    queue.send('{"é": 1}'.encode())
    queue.send(b"later", delay=timedelta(hours=1))
    reader = queues.get_queue_client(name, message_decode_policy=TextBase64DecodePolicy())
    (message,) = reader.receive_messages()
    assert message.content == '{"é": 1}'
    assert message.expires_on is None or message.expires_on.year > 2100
    assert reader.get_queue_properties().approximate_message_count == 2
