"""Events of images as the platform delivers them, written straight into its queues."""

import json
from contextlib import suppress

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from tests.support.bad_day import BadDay
from tests.support.host import DevHost


def queue_of(day: BadDay, name: str) -> QueueClient:
    """Give a queue, made where it is missing, that takes messages as hosts write them."""
    queue = day.azurite.queues().get_queue_client(
        name, message_encode_policy=TextBase64EncodePolicy()
    )
    with suppress(ResourceExistsError):  # the host was first
        queue.create_queue()
    return queue


def blob_notice(day: BadDay, host: DevHost, name: str, etag: str) -> None:
    """Tell a host of a version of an image once more."""
    notice = {
        "Type": "BlobTrigger",
        "FunctionId": "Host.Functions.image_landed",
        "BlobType": "BlockBlob",
        "ContainerName": day.settings["IMAGES_CONTAINER"],
        "BlobName": name,
        "ETag": etag.strip('"'),
    }
    queue = queue_of(day, f"azure-webjobs-blobtrigger-{host.host_id}")
    queue.send_message(json.dumps(notice))


def poison_notice(day: BadDay, name: str, etag: str) -> None:
    """Tell that the platform gave up on a version of an image."""
    poison = {
        "ContainerName": day.settings["IMAGES_CONTAINER"],
        "BlobName": name,
        "ETag": etag.strip('"'),
    }
    queue_of(day, "webjobs-blobtrigger-poison").send_message(json.dumps(poison))
