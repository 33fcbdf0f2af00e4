"""Examples of what people decide, made of the types themselves."""

from datetime import timedelta

from captioner.api.openapi.examples import RECORD
from captioner.api.requests import NewAltText
from captioner.curation import Current, History
from captioner.curation.publishing import published
from captioner.curation.versions import versions_of

NEW = NewAltText("A brown dog leaps through fresh snow.")
EDITED = published(RECORD, NEW.text, by="ada@example.org", at=RECORD.updated + timedelta(minutes=5))
HISTORY = History(EDITED.image.name, deleted=False, versions=versions_of(EDITED))
CURRENT = Current('"0x8DE2B"', EDITED.alt_text)
