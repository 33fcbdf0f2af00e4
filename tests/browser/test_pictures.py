"""The README's pictures of the gallery are taken of the page as it is."""

from playwright.sync_api import Browser

from scripts.gallery_pictures import OPENED, taken
from tests.support.gallery import GalleryApp
from tests.support.pictures import image_bytes, plain


def test_the_wall_and_a_picture_are_taken_in_light_and_in_dark(
    running: GalleryApp, browser: Browser
) -> None:
    running.caption(OPENED, image_bytes(plain(80, 60)))

    light = dict(taken(browser, running.url, "light"))
    dark = dict(taken(browser, running.url, "dark"))

    assert list(light) == list(dark) == ["gallery", "picture"]
    assert all(picture.getpixel((0, 0)) > (200, 200, 200) for picture in light.values())
    assert all(picture.getpixel((0, 0)) < (60, 60, 60) for picture in dark.values())
    assert light["gallery"].tobytes() != light["picture"].resize(light["gallery"].size).tobytes()
