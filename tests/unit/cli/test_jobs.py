"""What the command `job` makes of its arguments."""

import pytest

from captioner.cli.jobs import App, Wishes, _duration, job_named, request_of
from captioner.errors import DownloadFailed, FileUnreadable, InvalidRequest
from captioner.ondemand import ManyUrls, OneDirectory

ID = "e5df6874d85793e0f025a1f1970"


def test_a_uri_is_a_directory():
    request = request_of(["https://a/b?sig=c"], Wishes(save=True, force=True, neutral=False))
    assert request == OneDirectory(
        directory="https://a/b?sig=c", save=True, force=True, neutral=False
    )


def test_files_are_lists_of_urls(tmp_path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_bytes(b"\xef\xbb\xbfhttps://a\r\n\r\nhttps://b")
    other.write_text(" https://c \n")
    request = request_of([str(one), str(other)], Wishes(neutral=True))
    assert request == ManyUrls(urls=("https://a", "https://b", "https://c"), neutral=True)


@pytest.mark.parametrize("wishes", [Wishes(save=True), Wishes(force=True)])
def test_records_are_kept_in_directories_alone(wishes):
    with pytest.raises(InvalidRequest, match="for directories"):
        request_of(["urls.txt"], wishes)


def test_there_is_one_directory_at_a_time():
    with pytest.raises(InvalidRequest, match="one directory"):
        request_of(["https://a?sig=b", "urls.txt"], Wishes())


@pytest.mark.parametrize(("content", "fault"), [(b"\n", InvalidRequest), (b"\xff", FileUnreadable)])
def test_a_list_that_is_none_is_told(tmp_path, content, fault):
    (tmp_path / "urls.txt").write_bytes(content)
    with pytest.raises(fault):
        request_of([str(tmp_path / "urls.txt")], Wishes())


def test_a_list_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileUnreadable, match="No such file"):
        request_of([str(tmp_path / "urls.txt")], Wishes())


def test_a_job_is_named_by_its_id_unless_a_file_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert job_named([ID]) == ID
    assert job_named([ID, ID]) is None
    assert job_named(["urls.txt"]) is None
    (tmp_path / ID).touch()
    assert job_named([ID]) is None


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (29, "29 s"), (31, "1 min"), (3600, "60 min"), (7300, "2 h")],
)
def test_durations_are_rough(seconds, told):
    assert _duration(seconds) == told


def test_an_app_that_does_not_answer_is_told_without_the_signature():
    with App("http://127.0.0.1:1", None) as app, pytest.raises(DownloadFailed) as fault:
        app.start(OneDirectory(directory="https://a?sig=secret"))
    assert "127.0.0.1:1" in fault.value.message
    assert fault.value.__cause__ is None
