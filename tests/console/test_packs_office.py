"""What the office alone does with packs in the browser: the catalogue, labels, holiday packs, rules, figures, and a list brought in."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from PIL import Image

from school import School, demo, holiday_packs, pack_rules
from school.holiday_packs import Plan
from school.pack_queue import Way
from tests.console.packs_to_lend import Packs
from tests.console.staff import Browser, Console
from tests.console.test_packs import AT, said, text
from tests.world import World

WEATHER: Mapping[str, Any] = {
    "title": "Weather box",
    "about": "Wind, rain and sun to play with.",
    "items": "rain stick\ncloud cards | 12\n\n  pin wheel|2 ",
    "stage": "Early years",
    "skill": ["sensory", "reading"],
    "language": ["en"],
    "other_languages": "Yoruba, ti",
    "copies": "2",
}
RULES = {
    **{name: str(value) for name, value in vars(pack_rules.PackRules()).items() if not isinstance(value, bool)},
    "first_loan_first": "no",
    "may_collect": "yes",
}


@pytest.fixture
def packs(world: World) -> Packs:
    return Packs(world)


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


class TestTheCatalogue:
    def test_says_what_there_is_and_finds_it(self, packs: Packs, office: Browser) -> None:
        packs.lends("Story sack", "Ayaan")
        packs.asks("Story sack", "Leo")
        html = text(office.get(f"{AT}/catalogue"))
        assert "First words 2 of 2 on the shelf Early years · Communication, Reading · English, Spanish, Somali" in html
        assert "Story sack none of 1 on the shelf 1 family waits" in html
        assert "Story sack" in office.get(f"{AT}/catalogue?language=bn&q=animals")
        assert "No pack fits that." in office.get(f"{AT}/catalogue?skill=maths&q=story")

    def test_without_any_it_says_what_to_do(self, packs: Packs, office: Browser, console: Console) -> None:
        packs.empty()
        assert "Add one, or bring in a list" in office.get(f"{AT}/catalogue")
        assert "The office adds them." in console.as_("Miss Turner").get(f"{AT}/catalogue")
        assert "There is no copy to be labelled." in office.get(f"{AT}/labels")

    def test_a_pack_is_made_with_items_and_copies(self, office: Browser) -> None:
        html = office.post(f"{AT}/new", WEATHER, of=f"{AT}/new")
        assert said(html) == "It is in the catalogue. Its labels: P0008, P0009."
        assert "Good for Sensory, Reading Languages English, Tigrinya, Yoruba What is in it rain stick 12 × cloud cards 2 × pin wheel" in text(html)
        assert "P0008 on the shelf P0009 on the shelf" in text(html)

    def test_everything_that_is_wrong_is_told_at_once_and_nothing_typed_is_lost(self, office: Browser) -> None:
        wrong = {"title": "first  WORDS", "items": "cards | many", "stage": "x" * 61, "other_languages": "Klingonish", "copies": "99"}
        html = office.post(f"{AT}/new", {**WEATHER, **wrong}, 422, of=f"{AT}/new")
        assert re.findall(r'id="(\w+)-fault"', html) == ["title", "items", "stage", "other_languages", "copies"]
        assert "Another pack is called so." in html
        assert "Not understood: &#39;cards | many&#39;." in html
        for kept in ("first  WORDS", "cards | many", "Wind, rain and sun", "Klingonish", 'value="sensory" checked'):
            assert kept in html

    @pytest.mark.parametrize(
        "typed, told",
        [
            ({"title": ""}, "Say what it is called."),
            ({"title": "x" * 81}, "At most 80 letters."),
            ({"items": "a | 0"}, "at least one piece"),
            ({"items": "card\nCard | 2"}, "One item stands there twice."),
            ({"items": "x" * 81}, "The name of an item has at most 80 letters."),
            ({"items": "| 3"}, "Not understood"),
            ({"copies": "some"}, "Write a number from 0 to 50."),
        ],
    )
    def test_each_fault_is_told_in_words(self, office: Browser, typed: dict[str, str], told: str) -> None:
        assert told in office.post(f"{AT}/new", {**WEATHER, **typed}, 422, of=f"{AT}/new")

    def test_a_pack_is_changed_but_not_over_another_s_change(self, world: World, packs: Packs, office: Browser) -> None:
        pack = packs.pack("Story sack")
        first = office.get(f"{AT}/{pack}/edit")
        assert "story book | 1\nanimals | 6" in first
        seen = re.findall(r'name="seen" value="([^"]*)"', first)[0]
        typed = {"title": "Story sack", "items": "animals | 7", "language": "en", "seen": seen}
        world.pass_time(timedelta(minutes=1))
        assert "7 × animals" in text(office.post(f"{AT}/{pack}/edit", typed))
        html = office.post(f"{AT}/{pack}/edit", typed, 422, of=f"{AT}/{pack}/edit")
        assert "Someone changed this pack after you opened it." in html

    def test_copies_are_added_under_own_labels_or_the_next_numbers(self, packs: Packs, office: Browser) -> None:
        pack = packs.pack("Story sack")
        office.get(f"{AT}/{pack}")
        assert "Added: P0008, P0009. Print their labels." in said(office.post(f"{AT}/{pack}/copies", {"copies": "2"}))
        assert "Added: STORY-3." in said(office.post(f"{AT}/{pack}/copies", {"copies": "1", "new_label": "story-3"}))
        assert "Another copy has the label P0001." in office.post(f"{AT}/{pack}/copies", {"new_label": "p0001"}, 422)
        assert "at most 12 letters, digits and hyphens" in office.post(f"{AT}/{pack}/copies", {"new_label": "under_score"}, 422)
        assert "Write a number from 1 to 50, or a label." in office.post(f"{AT}/{pack}/copies", {"copies": "0"}, 422)
        assert packs.labels()[-2:] == ["P0009", "STORY-3"]

    def test_a_copy_that_is_added_goes_to_whoever_waits(self, packs: Packs, office: Browser) -> None:
        packs.lends("Story sack", "Ayaan")
        hold = packs.asks("Story sack", "Leo")
        office.get(AT)
        office.post(f"{AT}/{packs.pack('Story sack')}/copies", {"copies": "1"})
        assert packs.copy_of_hold(hold) is not None

    def test_labels_are_drawn_with_their_codes(self, packs: Packs, office: Browser) -> None:
        html = office.get(f"{AT}/labels")
        assert html.count("<svg") == 7
        assert "P0006 Story sack Cherry Garden" in text(html)
        assert office.get(f"{AT}/labels?pack={packs.pack('First words')}").count("<svg") == 2
        assert office.get(f"{AT}/labels?copy={packs.copy('First words')}").count("<svg") == 1
        assert "style=" not in html

    def test_a_pack_is_retired_and_lent_again(self, packs: Packs, office: Browser) -> None:
        loan_of = packs.pack("Story sack")
        packs.lends("Story sack", "Ayaan")
        office.get(f"{AT}/{loan_of}")
        assert "Take it back first" in office.post(f"{AT}/{loan_of}/retire", status=422)
        other = packs.pack("Counting bears")
        assert "It is lent no more." in said(office.post(f"{AT}/{other}/retire"))
        assert "Counting bears" in office.get(f"{AT}/catalogue?retired=1")
        assert "Counting bears" not in office.get(f"{AT}/catalogue")
        office.get(f"{AT}/{other}")
        assert "It is lent again." in said(office.post(f"{AT}/{other}/again"))

    def test_a_picture_is_kept_shown_and_taken_away(self, packs: Packs, office: Browser, console: Console) -> None:
        pack, drawn = packs.pack("Story sack"), io.BytesIO()
        Image.new("RGB", (40, 30), "red").save(drawn, "PNG")
        office.get(f"{AT}/{pack}")
        assert "The picture is kept." in office.post(f"{AT}/{pack}/picture", files={"picture": ("a.png", drawn.getvalue(), "image/png")})
        assert console.as_("Miss Turner").client.get(f"{AT}/{pack}/picture").headers["content-type"] == "image/png"
        office.get(f"{AT}/{pack}")
        assert "Choose a picture" in office.post(f"{AT}/{pack}/picture", status=422, files={"picture": ("a.txt", b"hello", "text/plain")})
        office.get(f"{AT}/{pack}")
        assert "The picture is gone." in office.post(f"{AT}/{pack}/picture/remove")
        office.get(f"{AT}/{pack}/picture", 404)


class TestHolidayPacks:
    def made(self, packs: Packs, stock: int | None = 10) -> int:
        """An Easter pack that Tom wants for Leo."""

        def make(school: School) -> int:
            pack = holiday_packs.make(school, Plan("Easter pack", date(2026, 3, 20), "", date(2026, 3, 2), stock))
            holiday_packs.answer(school, pack, demo.adult(school, "Tom"), {demo.child(school, "Leo"): True})
            holiday_packs.answer(school, pack, demo.adult(school, "Amina"), {demo.child(school, "Ayaan"): False})
            return pack.id

        return packs(make)

    def test_one_is_made_and_changed(self, office: Browser) -> None:
        assert "There is none yet." in office.get(f"{AT}/holidays")
        typed = {"title": "Easter pack", "about": "Seeds.", "offer_on": "2026-03-09", "answer_by": "2026-03-20", "stock": "30"}
        html = office.post(f"{AT}/holidays/new", typed, of=f"{AT}/holidays/new")
        assert "offered on Mon 9 March answers until Fri 20 March 0 wanted 0 not wanted 30 left of 30" in text(html)
        number = re.findall(r"holidays/(\d+)/edit", html)[0]
        html = office.post(f"{AT}/holidays/{number}/edit", {**typed, "offer_on": "", "stock": ""}, of=f"{AT}/holidays/{number}/edit")
        assert "not offered yet" in html
        assert "Easter pack not offered yet answers until Fri 20 March" in text(office.get(f"{AT}/holidays"))

    @pytest.mark.parametrize(
        "typed, told",
        [
            ({"title": ""}, "Say what it is called."),
            ({"title": "x" * 81}, "At most 80 letters."),
            ({"answer_by": ""}, "Say until which day families answer."),
            ({"answer_by": "soon"}, "Write the day as 2026-03-31."),
            ({"answer_by": "2026-03-01"}, "That day is over."),
            ({"offer_on": "2026-03-21"}, "That is after the last day for answers."),
            ({"stock": "many"}, "Write a whole number."),
        ],
    )
    def test_each_fault_is_told_and_nothing_typed_is_lost(self, office: Browser, typed: dict[str, str], told: str) -> None:
        right = {"title": "Easter pack", "about": "Seeds and a pot.", "offer_on": "2026-03-09", "answer_by": "2026-03-20"}
        html = office.post(f"{AT}/holidays/new", {**right, **typed}, 422, of=f"{AT}/holidays/new")
        assert told in html
        assert "Seeds and a pot." in html

    def test_fewer_than_are_promised_there_cannot_be(self, packs: Packs, office: Browser) -> None:
        number = self.made(packs)
        typed = {"title": "Easter pack", "answer_by": "2026-03-20", "stock": "0"}
        assert "More than these are promised already." in office.post(f"{AT}/holidays/{number}/edit", typed, 422, of=f"{AT}/holidays/{number}/edit")

    def test_it_is_given_by_tap_and_undone_and_closed(self, packs: Packs, office: Browser, console: Console) -> None:
        number = self.made(packs)
        html = office.get(f"{AT}/holidays/{number}")
        assert "1 wanted 1 not wanted 9 left of 10 0 given" in text(html)
        address = re.findall(rf'action="({AT}/holidays/{number}/given/[^"]*)"', html)[0]
        assert "☑ Leo Reed" in text(office.post(address))
        assert "☐ Leo Reed" in text(office.post(address, {"undo": "1"}))
        oak = console.as_("Mr Whitfield")
        assert "Leo" not in oak.get(f"{AT}/holidays/{number}")
        oak.post(address, status=404)
        office.get(f"{AT}/holidays/{number}")
        assert "no more answers are taken" in said(office.post(f"{AT}/holidays/{number}/close"))


class TestRules:
    def test_they_are_changed_and_hold(self, packs: Packs, office: Browser) -> None:
        html = office.get(f"{AT}/rules")
        assert 'id="loan_days" name="loan_days" type="number" value="6"' in html
        typed = {**RULES, "loan_days": "13", "bag_day": "3", "first_loan_first": "yes", "may_collect": []}
        html = office.post(f"{AT}/rules", typed)
        assert "Saved." in said(html)
        rules = packs(pack_rules.rules)
        assert (rules.loan_days, rules.bag_day, rules.first_loan_first, rules.may_collect) == (13, 3, True, False)

    def test_numbers_out_of_bounds_are_told_with_the_bounds(self, office: Browser) -> None:
        html = office.post(f"{AT}/rules", {**RULES, "loan_days": "0", "overdue_times": "99", "reminder_days": "3"}, 422, of=f"{AT}/rules")
        assert re.findall(r'id="(\w+)-fault"', html) == ["loan_days", "overdue_times"]
        assert "Write a number from 1 to 90." in html
        assert 'name="reminder_days" type="number" value="3"' in html
        assert "Write a number from 1 to 20." in office.post(f"{AT}/rules", {**RULES, "holds": "many"}, 422)

    def test_whoever_waited_for_more_room_has_it(self, packs: Packs, office: Browser) -> None:
        packs.lends("Counting bears", "Leo")
        packs.lends("First words", "Leo")
        hold = packs.asks("Story sack", "Leo", Way.BAG)
        assert packs.copy_of_hold(hold) is None
        office.post(f"{AT}/rules", {**RULES, "per_child": "3"}, of=f"{AT}/rules")
        assert packs.copy_of_hold(hold) is not None


class TestFigures:
    def test_say_what_is_lent_and_what_is_not(self, packs: Packs, office: Browser) -> None:
        packs.lends("First words", "Leo")
        html = text(office.get(f"{AT}/figures"))
        assert "4 loans" in html
        assert "First words 1 0 1" in html
        assert "Never borrowed Feelings and faces Getting dressed" in html
        assert "all languages 4 2" in html
        assert "No pack was lent since then." in office.get(f"{AT}/figures?since=2026-03-03")

    def test_say_how_long_families_waited(self, world: World, packs: Packs, console: Console) -> None:
        packs.lends("Story sack", "Ayaan")
        packs.asks("Story sack", "Leo")
        world.pass_time(timedelta(days=4))
        office = console.as_("Mrs Doyle")
        office.get(AT)
        office.post(f"{AT}/copies/{packs.copy('Story sack')}/back", {"counted": "1"})
        office.post(f"{AT}/copies/{packs.copy('Story sack')}/out")
        assert "4 days waited (median) 4 days waited (longest)" in text(office.get(f"{AT}/figures"))

    def test_are_a_sheet(self, packs: Packs, office: Browser) -> None:
        packs.lends("First words", "Leo")
        sheet = office.get(f"{AT}/figures.csv")
        assert "pack,First words,1,1,0,1,," in sheet
        assert "pack,Getting dressed,0,0,0,0,," in sheet
        assert "class,Maple,4,2,0,1,," in sheet


class TestBringingInAList:
    LIST = (
        "title,about,skills,languages,items,copies,labels\nWeather box,Wind and rain.,sensory; reading,English; Somali,cloud cards | 12; rain stick,3,W1; W2\n"
    )

    def bring(self, office: Browser, content: str, status: int = 303) -> str:
        office.get("/console/school/import?what=packs")
        return office.post("/console/school/import", {"what": "packs"}, status, files={"file": ("packs.csv", content.encode(), "text/csv")})

    def test_it_is_shown_first_and_then_done(self, packs: Packs, office: Browser) -> None:
        html = self.bring(office, self.LIST)
        assert "1 new" in html
        assert "Weather box: 2 items, 3 copies" in html
        assert "W1" not in packs.labels()
        number = re.findall(r"import/(\d+)/do", html)[0]
        html = office.post(f"/console/school/import/{number}/do")
        assert "Done: 1 new, 0 changed, 0 removed." in said(html)
        assert "Weather box" in html
        assert packs.labels()[-3:] == ["P0008", "W1", "W2"]
        assert "1 as before" in self.bring(office, self.LIST)

    def test_faults_are_told_by_row_and_nothing_is_kept(self, packs: Packs, office: Browser) -> None:
        wrong = self.LIST + "Weather  BOX,,,,,,\nKites,,flying,Elvish,string | 0,many,P0001; no_label\nBalls,,,,,,P0001\n"
        html = text(self.bring(office, wrong))
        for fault in (
            "3 title stands in line 2 too",
            "4 skills &#39;flying&#39; is no skill I know",
            "4 languages &#39;Elvish&#39; is no language I know",
            "4 copies &#39;many&#39; is no number of copies from 0 to 50",
            "4 labels &#39;NO_LABEL&#39; cannot be a label",
        ):
            assert fault in html
        assert "Weather box" not in office.get(f"{AT}/catalogue")
        html = text(self.bring(office, self.LIST + "Balls,,,,ball | 0,,P0001\n"))
        assert "3 items has an item with fewer than one piece" in html
        assert "3 labels &#39;P0001&#39; is on a copy of another pack" in text(self.bring(office, self.LIST + "Balls,,,,,,P0001\n"))

    def test_the_advisor_brings_in_packs_and_nothing_else(self, console: Console) -> None:
        advisor = console.as_("Ms Duarte")
        html = advisor.get("/console/school/import")
        assert re.findall(r'name="what" value="(\w+)"', html) == ["packs"]
        advisor.post("/console/school/import", {"what": "families", "pasted": "name"}, 404)
        assert "1 new" in self.bring(advisor, self.LIST)
        assert 'value="packs"' not in console.as_("Mr Penrose").get("/console/school/import")

    def test_there_is_a_file_to_begin_with(self, office: Browser) -> None:
        assert office.get(f"{AT}/template.csv").startswith("\ufefftitle,about,stage,skills,languages,items,copies,labels")
