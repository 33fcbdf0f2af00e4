"""Examples of images that are sent and looked at."""

from captioner.api.openapi import examples
from captioner.attention import Attention, WordAttention
from captioner.records import ModelName
from captioner.uploads import Upload

UPLOAD = Upload(
    name=examples.RECORD.image.name,
    etag='"0x8DE2A"',
    version="9f86d081884c7d65",
    content_type="image/jpeg",
    width=1024,
    height=768,
    bytes=184_320,
)

ATTENTION = Attention(
    model=ModelName("flickr8k-lite2-tags", "a2f959c7be59"),
    text="a dog",
    side=2,
    words=(
        WordAttention("a", "upper left", (0.4, 0.2, 0.2, 0.1)),
        WordAttention("dog", "lower right", (0.05, 0.1, 0.15, 0.6)),
    ),
)
