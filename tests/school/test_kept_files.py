"""Files are what their content says, pictures come out clean, names and links are safe, and what a provider holds is fetched and deleted once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from data.attention import Attention, Need
from data.inbox import InboxState, Received
from data.kept_files import FileLink, IncomingFile, IncomingState, KeptFile
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, Guardianship
from data.store import Store
from school import School, SchoolSettings, addresses, attention, file_links, kept_files
from school.errors import NotAllowed, NotYourChild, TooLarge
from school.file_kinds import Why, clean_name, media_type
from tests.school.files_to_try import AMR, HTML, MP3, PDF, SVG, VOICE, bomb, mp4, photo_of_a_phone, picture
from tests.school.heic_files import photo
from tests.school.small import a_child, an_adult, for_now, london

MONDAY = london("2026-03-02 09:10")


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, MONDAY, SchoolSettings())


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


# What is kept

KINDS = {
    "image/jpeg": picture(),
    "image/png": picture("PNG"),
    "image/gif": picture("GIF"),
    "image/webp": picture("WEBP"),
    "image/heic": photo(),
    "application/pdf": PDF,
    "audio/ogg": VOICE,
    "audio/mpeg": MP3,
    "audio/mp4": mp4(b"M4A ", b"soun"),
    "audio/amr": AMR,
    "audio/amr-wb": b"#!AMR-WB\n" + bytes(40),
    "audio/3gpp": mp4(b"3gp5", b"soun"),
    "video/3gpp": mp4(b"3gp5", b"soun", b"vide"),
}
NOT_KEPT = {
    "html": HTML,
    "svg": SVG,
    "a film": mp4(b"isom", b"soun", b"vide"),
    "an mp4 without tracks": mp4(b"isom"),
    "avif": mp4(b"avif", also=b"mif1avif"),
    "theora": b"OggS\0\x02" + bytes(22) + b"\x80theora" + bytes(100),
    "html that begins with a tag of music": b"ID3\x04\0\0\0\0\0\x0a" + HTML,
    "a program": b"\x7fELF" + bytes(100),
    "a zip": b"PK\x03\x04" + bytes(100),
    "nothing": b"",
    "a byte": b"\xff",
    "pdf further on": b"\n" * 100 + PDF,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_told_by_its_content(kind: str) -> None:
    assert media_type(KINDS[kind]) == kind


@pytest.mark.parametrize("content", NOT_KEPT.values(), ids=NOT_KEPT.keys())
def test_what_is_of_no_known_kind_is_refused_whatever_it_claims(content: bytes) -> None:
    for claimed in ("image/png", "application/pdf", "audio/ogg"):
        with pytest.raises(NotAllowed) as told:
            kept_files.examine(content, claimed, most=5_000_000)
        assert (told.value.claimed, told.value.why) == (claimed, Why.KIND)


def test_a_png_that_claims_to_be_a_jpeg_is_kept_as_a_png(school: School) -> None:
    kept = kept_files.keep(school, picture("PNG"), "image/jpeg", name="photo.jpg")
    assert (kept.media_type, kept.name, opened(kept.content).format) == ("image/png", "photo.png", "PNG")


def test_a_photo_is_kept_upright_and_without_where_it_was_taken(school: School) -> None:
    photo = photo_of_a_phone()
    assert opened(photo).getexif()
    kept = kept_files.keep(school, photo, "image/jpeg")
    shown = opened(kept.content)
    assert shown.size == (48, 64)
    top, bottom = shown.convert("RGB").getpixel((24, 5)), shown.convert("RGB").getpixel((24, 58))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 150, bottom[2] > 150) == (True, True)
    assert not shown.getexif()
    assert b"SECRET" not in kept.content + (kept.thumbnail or b"")
    assert b"Exif" not in kept.content


def test_a_large_photo_is_made_smaller_and_has_a_thumbnail(school: School) -> None:
    kept = kept_files.keep(school, picture(size=(4000, 3000)), "image/jpeg")
    assert opened(kept.content).size == (2560, 1920)
    assert kept.thumbnail is not None
    assert (opened(kept.thumbnail).size, opened(kept.thumbnail).format) == ((320, 240), "JPEG")


@pytest.mark.parametrize(
    "content, becomes",
    [
        (picture(mode="L"), "image/jpeg"),
        (picture(mode="CMYK"), "image/jpeg"),
        (picture("PNG", mode="P"), "image/png"),
        (picture("PNG", mode="RGBA"), "image/png"),
        (picture("PNG", mode="1"), "image/png"),
        (picture("GIF"), "image/png"),
        (picture("WEBP"), "image/jpeg"),
        (picture("WEBP", mode="RGBA", lossless=True), "image/png"),
    ],
)
def test_a_picture_of_any_sort_is_made_anew(school: School, content: bytes, becomes: str) -> None:
    kept = kept_files.keep(school, content, "image/whatever")
    assert kept.media_type == becomes
    assert kept.size == len(kept.content)
    assert opened(kept.content).size == (64, 48)


def test_what_is_no_picture_is_kept_as_it_came(school: School) -> None:
    for kind in ("application/pdf", "audio/ogg"):
        kept = kept_files.keep(school, KINDS[kind], "application/octet-stream")
        assert (kept.media_type, kept.content, kept.thumbnail) == (kind, KINDS[kind], None)


def test_a_bomb_is_refused_before_it_is_read() -> None:
    with pytest.raises(NotAllowed) as told:
        kept_files.examine(bomb(), "image/png", most=5_000_000)
    assert told.value.why == Why.PIXELS


@pytest.mark.parametrize("content", [picture(size=(400, 300))[:-3000], b"\xff\xd8\xff\xe0 no more", picture("PNG")[:60], bomb(40, 40), picture("GIF")[:30]])
def test_a_broken_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAllowed) as told:
        kept_files.examine(content, "image/jpeg", most=5_000_000)
    assert told.value.why == Why.BROKEN


def test_too_large_is_refused_with_both_sizes(school: School) -> None:
    with pytest.raises(TooLarge) as told:
        kept_files.keep(School(school.session, MONDAY, SchoolSettings(largest_file=100)), PDF + bytes(100), "application/pdf")
    assert (told.value.size, told.value.most) == (len(PDF) + 100, 100)
    assert school.session.scalars(select(KeptFile)).all() == []


def test_it_is_kept_whose_it_is_and_whom_it_is_about(school: School) -> None:
    child = a_child(school)
    adult = an_adult(school, child)
    kept = kept_files.keep(school, PDF, "application/pdf", name="letter.pdf", adult=adult, child=child)
    assert (kept.adult_id, kept.child_id, kept.made_at, kept.is_picture, kept.is_sound) == (adult.id, child.id, MONDAY, False, False)
    assert kept_files.of_child(school, child) == [kept]
    assert kept_files.find(school, kept.id) is kept


# Names


@pytest.mark.parametrize(
    "name, kind, cleaned",
    [
        ("../../etc/passwd", "application/pdf", "passwd.pdf"),
        ("C:\\Users\\Amina\\my letter.PDF", "application/pdf", "my letter.pdf"),
        ("photo\u202egpj.exe", "image/jpeg", "photogpj.jpg"),
        ("<script>alert(1)</script>.png", "image/png", "script.png"),
        ('a"; filename="evil.html', "image/png", "a filenameevil.png"),
        ("a\r\nSet-Cookie: x=1.png", "image/png", "aSet-Cookie x1.png"),
        ("warqad caafimaad.pdf", "application/pdf", "warqad caafimaad.pdf"),
        ("চিঠি.pdf", "application/pdf", "চিঠি.pdf"),
        ("letter.html", "application/pdf", "letter.pdf"),
        ("...", "audio/ogg", "voice.ogg"),
        ("", "image/heic", "photo.heic"),
        ("\0\0", "application/pdf", "document.pdf"),
        ("x" * 500 + ".pdf", "application/pdf", "x" * 80 + ".pdf"),
    ],
)
def test_a_name_is_safe_on_every_computer(name: str, kind: str, cleaned: str) -> None:
    assert clean_name(name, kind) == cleaned


def test_a_browser_may_show_pictures_alone(school: School) -> None:
    photo, letter = kept_files.keep(school, picture(), "image/jpeg", name="চিঠি.jpg"), kept_files.keep(school, PDF, "application/pdf")
    shown, saved = kept_files.headers(photo, inline=True), kept_files.headers(letter, inline=True)
    assert shown["Content-Disposition"] == "inline; filename=\"____.jpg\"; filename*=UTF-8''%E0%A6%9A%E0%A6%BF%E0%A6%A0%E0%A6%BF.jpg"
    assert saved["Content-Disposition"].startswith("attachment; ")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    assert shown["Content-Security-Policy"].endswith("sandbox")


# Links


@pytest.fixture
def family(school: School) -> tuple[Adult, KeptFile]:
    child = a_child(school)
    return an_adult(school, child, language="so"), kept_files.keep(school, PDF, "application/pdf", child=child)


def token_of(path: str) -> str:
    assert path.startswith("/m/")
    return path.removeprefix("/m/")


def test_a_link_opens_once(school: School, family: tuple[Adult, KeptFile]) -> None:
    adult, file = family
    token = token_of(file_links.new(school, file, adult))
    assert [file_links.is_open(school, token) for _ in range(3)] == [True] * 3
    assert file_links.redeem(school, token) is file
    assert file_links.redeem(school, token) is None
    assert not file_links.is_open(school, token)
    assert file_links.language_of(school, token) == "so"


def test_of_a_link_only_a_hash_is_kept(school: School, family: tuple[Adult, KeptFile]) -> None:
    token = token_of(file_links.new(school, family[1], family[0]))
    row = school.session.scalars(select(FileLink)).one()
    assert token not in repr(vars(row))
    assert len(token) >= 32


def test_a_link_is_of_no_use_after_a_week(school: School, family: tuple[Adult, KeptFile]) -> None:
    token = token_of(file_links.new(school, family[1], family[0]))
    with for_now(school, MONDAY + timedelta(days=7)) as later:
        assert file_links.redeem(later, token) is None
    assert file_links.redeem(school, "x" * 32) is None
    assert file_links.language_of(school, "x" * 32) is None


def test_who_may_not_hear_of_the_child_opens_nothing(school: School, family: tuple[Adult, KeptFile]) -> None:
    adult, file = family
    token = token_of(file_links.new(school, file, adult))
    assert file.child_id is not None
    school.session.get_one(Guardianship, (adult.id, file.child_id)).may_hear = False
    school.session.flush()
    assert file_links.redeem(school, token) is None
    with pytest.raises(NotYourChild):
        file_links.new(school, file, an_adult(school))


def test_a_token_is_forgotten_once_its_link_is_over(school: School, family: tuple[Adult, KeptFile]) -> None:
    adult, file = family
    message = Message(uid="u", key="k", trace="t", adult_id=adult.id, kind="reply", lane=Lane.REPLY, created_at=MONDAY, state=OutboxState.SENDING, text="")
    school.session.add(message)
    token = token_of(file_links.new(school, file, adult, message=message))
    message.text = f"A photo: https://school.example/m/{token} Thank you"
    file_links.redeem(school, token)
    file_links.forget_tokens(school)
    assert token in message.text  # on its way still: a look-up seeks these very words
    message.state = OutboxState.SENT
    school.session.flush()
    file_links.forget_tokens(school)
    assert message.text == "A photo: https://school.example/m/… Thank you"


# What a provider holds


def received(school: School, adult: Adult | None, *media: str, kind: str = "photo", state: InboxState = InboxState.HANDLED, at: datetime = MONDAY) -> Received:
    """A message with files, as the inbox stores it, after its turn."""
    address = addresses.at(school, "whatsapp", "phone", "+447700900150")
    if adult is not None:
        addresses.reach(school, adult, address, 0)
    thread = f"a{adult.id}" if adult else f"x{address.id}"
    row = Received(trace="t", provider_id=f"SM{at}", address=address, thread=thread, kind=kind, text="", media=list(media), received_at=at, state=state)
    school.session.add(row)
    kept_files.count_on(school, row)
    return row


def test_a_file_is_fetched_kept_and_then_deleted_there(school: School) -> None:
    adult = an_adult(school)
    row = received(school, adult, "https://api.twilio.com/1")
    [wanted] = kept_files.to_fetch(school, 10)
    assert kept_files.to_forget(school, 10) == []
    kept = kept_files.fetched(school, wanted.id, kept_files.examine(VOICE, "audio/ogg", most=1_000))
    assert kept is not None
    assert (kept.adult_id, kept.received_id, kept_files.of_received(school, row.id)) == (adult.id, row.id, [kept])
    assert kept_files.to_fetch(school, 10) == []
    assert kept_files.to_forget(school, 10) == [wanted]
    kept_files.forgotten(school, wanted.id)
    assert kept_files.to_forget(school, 10) == []


def test_a_file_is_kept_once_whoever_fetched_it(school: School) -> None:
    received(school, an_adult(school), "https://api.twilio.com/1")
    [wanted] = kept_files.to_fetch(school, 10)
    examined = kept_files.examine(VOICE, "audio/ogg", most=1_000)
    assert kept_files.fetched(school, wanted.id, examined) is not None
    assert kept_files.fetched(school, wanted.id, examined) is None
    kept_files.refused(school, wanted.id, "too late")
    assert (wanted.state, len(school.session.scalars(select(KeptFile)).all())) == (IncomingState.KEPT, 1)


def test_a_file_waits_until_its_message_had_its_turn(school: School) -> None:
    received(school, an_adult(school), "1", state=InboxState.NEW)
    assert kept_files.to_fetch(school, 10) == []


def test_on_a_shared_phone_it_waits_an_hour_for_who_sent_it(school: School) -> None:
    row = received(school, None, "1", state=InboxState.ASIDE)
    assert kept_files.to_fetch(school, 10) == []
    with for_now(school, MONDAY + timedelta(hours=1)) as later:
        assert len(kept_files.to_fetch(later, 10)) == 1
    [wanted] = school.session.scalars(select(IncomingFile)).all()
    kept = kept_files.fetched(school, wanted.id, kept_files.examine(VOICE, "audio/ogg", most=1_000))
    adult = an_adult(school)
    kept_files.belong_to(school, school.session.scalars(select(Received)).one().id, adult)
    assert kept is not None
    school.session.refresh(kept)
    assert (kept.adult_id, kept.received_id) == (adult.id, row.id if row in school.session else kept.received_id)


def test_a_file_is_asked_for_at_growing_waits_and_then_shown_to_staff(school: School) -> None:
    adult = an_adult(school)
    row = received(school, adult, "1")
    attention.call_for_a_person(school, Need.MEDIA, key=f"media:inbox:{row.id}", adult=adult, detail="photo")
    waits, now = [], MONDAY
    for _ in range(kept_files.TRIES):
        [wanted] = kept_files.to_fetch(School(school.session, now, school.settings), 10)
        kept_files.not_fetched(School(school.session, now, school.settings), wanted.id, "no answer 503")
        waits.append((wanted.next_at - now).total_seconds() if wanted.next_at else 0)
        now = wanted.next_at or now
    assert waits == [30, 120, 480, 1920, 7680, 0]
    [need] = attention.open_needs(school)
    assert need.detail == "photo; a file was not kept: no answer 503"
    [lost] = kept_files.not_kept(school, need)
    assert (lost.state, lost.reason, kept_files.of_attention(school, need)) == (IncomingState.NOT_KEPT, "no answer 503", [])


def test_what_was_not_kept_stays_with_the_provider_for_a_month(school: School) -> None:
    received(school, an_adult(school), "1")
    [wanted] = kept_files.to_fetch(school, 10)
    kept_files.refused(school, wanted.id, "too large")
    assert kept_files.to_forget(school, 10) == []
    with for_now(school, MONDAY + timedelta(days=30)) as later:
        assert len(kept_files.to_forget(later, 10)) == 1


def test_a_provider_that_does_not_delete_is_asked_for_a_week(school: School) -> None:
    received(school, an_adult(school), "1")
    [wanted] = kept_files.to_fetch(school, 10)
    kept_files.refused(school, wanted.id, "too large")
    asked, due = [], wanted.forget_at
    while due is not None:
        asked.append(due)
        kept_files.not_forgotten(School(school.session, due, school.settings), wanted.id, "no answer")
        due = wanted.forget_at
    assert len(asked) == kept_files.FORGET_TRIES
    assert timedelta(days=2) < asked[-1] - asked[0] < timedelta(days=8)
    assert [need.need for need in attention.open_needs(school)] == [Need.MEDIA, Need.FAILED]


@pytest.mark.parametrize("key", ["media:inbox:{}", "safeguarding:inbox:{}", "for_office:inbox:{}", "late:{}", "failed:{}"])
def test_whatever_staff_were_told_of_a_message_leads_to_its_files(school: School, key: str) -> None:
    adult = an_adult(school)
    row = received(school, adult, "1", "2")
    attention.call_for_a_person(school, Need.SAFEGUARDING if "safe" in key else Need.MEDIA, key=key.format(row.id), adult=adult)
    for wanted in kept_files.to_fetch(school, 10):
        kept_files.fetched(school, wanted.id, kept_files.examine(PDF, "application/pdf", most=1_000))
    [need] = attention.open_needs(school)
    files = kept_files.of_attention(school, need)
    assert [file.name for file in files] == ["document.pdf"] * 2
    assert [kept_files.for_the_lead_alone(school, file) for file in files] == ["safe" in key] * 2


def test_a_strangers_file_is_shown_to_staff_by_itself(school: School) -> None:
    received(school, None, "1")
    [wanted] = kept_files.to_fetch(school, 10)
    kept = kept_files.fetched(school, wanted.id, kept_files.examine(PDF, "application/pdf", most=1_000))
    [need] = attention.open_needs(school)
    assert (need.need, need.adult, need.address, need.detail) == (Need.MEDIA, None, wanted.received.address, "photo")
    assert kept_files.of_attention(school, need) == [kept]


def test_other_causes_lead_to_no_files(school: School) -> None:
    attention.call_for_a_person(school, Need.NOT_DELIVERED, key="outbox:7")
    [need] = attention.open_needs(school)
    assert (kept_files.of_attention(school, need), kept_files.not_kept(school, need)) == ([], [])


def test_of_one_address_only_so_many_are_fetched_in_a_day(school: School) -> None:
    adult = an_adult(school)
    for minute in range(8):
        received(school, adult, *"0123456789", at=MONDAY + timedelta(minutes=minute))
    assert len(kept_files.to_fetch(school, 1_000)) == kept_files.MOST_A_DAY


def test_of_a_stranger_only_three_are_fetched_in_a_day(school: School) -> None:
    received(school, None, *"01")
    received(school, None, *"0123", at=MONDAY + timedelta(minutes=1))
    assert len(kept_files.to_fetch(school, 1_000)) == 3


def test_what_is_held_is_told_and_can_be_erased(school: School) -> None:
    adult, other = an_adult(school), an_adult(school)
    received(school, adult, "1", "2")
    first, second = kept_files.to_fetch(school, 10)
    kept_files.fetched(school, first.id, kept_files.examine(PDF, "application/pdf", most=1_000))
    theirs = kept_files.keep(school, PDF, "application/pdf", adult=other)
    capability = kept_files.capability
    assert capability.export is not None
    assert capability.erase is not None
    assert [file["name"] for file in capability.export(school, adult)["files"]] == ["document.pdf"]
    capability.erase(school, adult)
    assert school.session.scalars(select(KeptFile.id)).all() == [theirs.id]
    school.session.expire_all()
    assert kept_files.to_fetch(school, 10) == []
    assert kept_files.to_forget(school, 10) == [first, second]


def test_a_photo_that_staff_ticked_off_early_is_shown_again(school: School) -> None:
    adult = an_adult(school)
    row = received(school, adult, "1")
    attention.call_for_a_person(school, Need.MEDIA, key=f"media:inbox:{row.id}", adult=adult)
    attention.tick_off(school, attention.open_needs(school)[0].id)
    [wanted] = kept_files.to_fetch(school, 10)
    kept_files.fetched(school, wanted.id, kept_files.examine(PDF, "application/pdf", most=1_000))
    assert [need.adult for need in attention.open_needs(school)] == [adult]
    assert len(school.session.scalars(select(Attention)).all()) == 2
