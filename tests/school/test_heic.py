"""What a telephone wrote into a HEIC picture is gone, and the picture is as it was.

Nothing here writes HEIC. AVIF has the same boxes with another coder's pictures in them, and Pillow writes it: so a real AVIF picture that calls itself HEIC
is made clean, is called AVIF again, and is looked at.
"""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from school import heic, kept_files
from school.errors import NotAllowed
from tests.school.heic_files import as_avif, photo

PLACE = b"51 deg 31"
XMP = b"<x:xmpmeta>taken near the canal</x:xmpmeta>"


def test_where_it_was_taken_is_gone_and_the_picture_is_as_it_was() -> None:
    content = photo()
    assert PLACE in content
    assert XMP in content
    clean = heic.without_what_the_camera_wrote(content)
    assert len(clean) == len(content)
    assert PLACE not in clean
    assert XMP not in clean
    before, after = (Image.open(io.BytesIO(as_avif(each))) for each in (content, clean))
    assert before.getexif().get_ifd(0x8825) != {}
    assert dict(after.getexif()) == {}
    assert after.getexif().get_ifd(0x8825) == {}
    assert after.tobytes() == before.tobytes()


def test_it_is_kept_so() -> None:
    kept = kept_files.examine(photo(), "image/heic", most=5_000_000, name="IMG_1.HEIC")
    assert kept.media_type == "image/heic"
    assert PLACE not in kept.content


@pytest.mark.parametrize("cut", [40, 60, 120, 200, 300])
def test_what_cannot_be_made_clean_is_not_kept(cut: int) -> None:
    with pytest.raises(NotAllowed):
        kept_files.examine(photo()[:cut], "image/heic", most=5_000_000)


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_file_that_lies_is_refused_or_as_long_as_before(changes: list[tuple[int, int]]) -> None:
    content = bytearray(photo())
    for at, byte in changes:
        content[at] = byte
    try:
        clean = heic.without_what_the_camera_wrote(bytes(content))
    except heic.Unreadable:
        return
    assert len(clean) == len(content)
