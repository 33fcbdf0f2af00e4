"""Settings that the SDK would stumble over are refused with a sentence, before anything is sent."""

import pytest

from captioner.errors import SettingsError
from captioner.settings import load_settings

GOOD = {"VISION_ENDPOINT": "https://a.cognitiveservices.azure.com/", "VISION_KEY": "0a1b"}


def test_good_settings_are_taken():
    settings = load_settings({**GOOD, "CAPTION_LANGUAGE": "ja"})
    assert settings.vision_configured
    assert settings.vision_endpoint == "https://a.cognitiveservices.azure.com"
    assert settings.language == "ja"


@pytest.mark.parametrize("key", ["two words", "two\nlines", "schlüssel", "“quoted”"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key):
    with pytest.raises(SettingsError, match="VISION_KEY must be the key alone") as raised:
        load_settings({**GOOD, "VISION_KEY": key})
    assert key not in raised.value.message


@pytest.mark.parametrize(
    "endpoint", ["a.cognitiveservices.azure.com", "https://", "ftp://a", "http://a b", "http://{a}"]
)
def test_an_endpoint_that_is_no_address_is_refused(endpoint):
    with pytest.raises(SettingsError, match="VISION_ENDPOINT must be a URL such as https://"):
        load_settings({**GOOD, "VISION_ENDPOINT": endpoint})


@pytest.mark.parametrize("language", ["fr", "EN", "english"])
def test_a_language_that_vision_does_not_write_is_refused(language):
    with pytest.raises(SettingsError, match="CAPTION_LANGUAGE must be one of en, es, ja, pt, zh"):
        load_settings({"CAPTION_LANGUAGE": language})
