"""Packs in the browser: today's bags, out and back by tap and by label, counting, the weekly loan, and who may see whose."""

from __future__ import annotations

import re
from datetime import date

import pytest

from console.desk import HOME
from console.pages import pages
from school.pack_queue import Way
from tests.console.packs_to_lend import Packs
from tests.console.staff import Browser, Console, hidden
from tests.world import World

AT = "/console/packs"


@pytest.fixture
def packs(world: World) -> Packs:
    return Packs(world)


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


@pytest.fixture
def maple(console: Console) -> Browser:
    """The team of Maple, the class of Leo, Ayaan and Mateo."""
    return console.as_("Miss Turner")


def text(html: str) -> str:
    """What a page says, without its tags."""
    body = html[html.index("<main") :] if "<main" in html else html
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def said(html: str) -> str:
    """What was said of what was just done."""
    found = re.search(r'<p class="said" role="status">([^<]*)</p>', html)
    return found[1] if found else ""


class TestToday:
    def test_says_what_goes_into_which_bag_and_who_collects_until_when(self, packs: Packs, office: Browser) -> None:
        packs.asks("Story sack", "Ayaan")
        packs.asks("Counting bears", "Leo", Way.COLLECT)
        html = text(office.get(AT))
        assert "Into the bags on Fri 6 March Ayaan Yusuf P0006 Story sack It is in the bag" in html
        assert "Leo Reed P0007 Counting bears Tom Reed collects it, until Mon 9 March Hand it out" in html
        assert "Nothing today:" in html

    def test_says_what_is_due_and_late_and_whom_to_ask_oneself(self, packs: Packs, office: Browser) -> None:
        packs.lends("Story sack", "Ayaan", due=date(2026, 3, 2))
        packs.lends("Counting bears", "Leo", due=date(2026, 2, 20), reminded=2)
        packs.lends("First words", "Nour", due=date(2026, 2, 27), reminded=1)
        packs.lends("Getting dressed", "Nour", due=date(2026, 3, 3))
        html = text(office.get(f"{AT}/loans"))
        assert "Getting dressed due Tue 3 March" in html
        assert "Story sack due today" in html
        assert "Counting bears late since Fri 20 February ask them yourself 2 reminders sent" in html
        assert "First words late since Fri 27 February 1 reminder sent" in html
        assert "Getting dressed" not in text(office.get(f"{AT}/loans?late=1"))

    def test_a_quiet_day_says_so(self, packs: Packs, office: Browser) -> None:
        html = text(office.get(AT))
        assert "No pack goes out or is due back today." in html
        assert "P0005 Sensory box from Mateo" in html
        packs.empty()
        assert "Nothing waits to be counted." in text(office.get(AT))

    def test_handed_out_by_tap_and_undone(self, packs: Packs, office: Browser) -> None:
        hold = packs.asks("Story sack", "Ayaan")
        office.get(AT)
        html = office.post(f"{AT}/holds/{hold}/out")
        assert said(html) == "P0006 Story sack goes home with Ayaan Yusuf. It is due back on Mon 9 March."
        assert "✓ went home 09:10 Undo" in text(html)
        loan = re.findall(r"loans/(\d+)/undo", html)[0]
        assert said(office.post(f"{AT}/loans/{loan}/undo")) == "Undone. P0006 is set aside for Ayaan Yusuf as before."
        assert packs.state("P0006") == "kept"

    def test_handed_out_by_two_at_once_it_goes_once(self, packs: Packs, console: Console, office: Browser) -> None:
        hold = packs.asks("Story sack", "Ayaan")
        other = console.as_("Miss Turner")
        other.get(AT)
        office.get(AT)
        office.post(f"{AT}/holds/{hold}/out")
        assert "Story sack is not set aside for Ayaan Yusuf any more" in said(other.post(f"{AT}/holds/{hold}/out"))

    def test_back_by_tap_all_there_and_undone(self, packs: Packs, office: Browser) -> None:
        packs.lends("Story sack", "Ayaan", due=date(2026, 3, 2))
        copy = packs.copy("Story sack")
        office.get(AT)
        html = office.post(f"{AT}/copies/{copy}/back", {"counted": "1"})
        assert said(html) == "P0006 Story sack is back from Ayaan Yusuf. It is on the shelf."
        assert "✓ back 09:10 Undo" in text(html)
        assert said(office.post(f"{AT}/copies/{copy}/not-back")) == "Undone. P0006 is out again, due back on Mon 2 March."
        assert packs.state("P0006") == "out"

    def test_back_twice_says_who_took_it_and_when(self, world: World, packs: Packs, console: Console) -> None:
        packs.lends("Story sack", "Ayaan", due=date(2026, 3, 2))
        copy = packs.copy("Story sack")
        first, second = console.as_("Mrs Doyle"), console.as_("Miss Turner")
        first.get(AT)
        second.get(AT)
        first.post(f"{AT}/copies/{copy}/back")
        assert said(second.post(f"{AT}/copies/{copy}/back")) == "P0006 is not out: it came back at 09:10, taken back by Mrs Doyle. Now it is to be counted."

    def test_what_is_set_aside_for_the_next_is_not_undone(self, packs: Packs, office: Browser) -> None:
        packs.lends("Story sack", "Ayaan", due=date(2026, 3, 2))
        packs.asks("Story sack", "Leo")
        copy = packs.copy("Story sack")
        office.get(AT)
        assert "It is set aside for the next family." in said(office.post(f"{AT}/copies/{copy}/back", {"counted": "1"}))
        assert "cannot be undone" in said(office.post(f"{AT}/copies/{copy}/not-back"))
        assert packs.state("P0006") == "kept"

    def test_what_a_family_told_is_looked_at_before_the_next_has_it(self, packs: Packs, office: Browser) -> None:
        loan = packs.lends("Story sack", "Ayaan", due=date(2026, 3, 2))
        problem = packs.tells(loan)
        html = office.get(AT)
        assert "P0006 Story sack story book missing Ayaan Yusuf, Maple" in text(html)
        html = office.post(f"{AT}/copies/{packs.copy('Story sack')}/back", {"counted": "1"})
        assert "look at it first" in said(html)
        assert packs.state("P0006") == "counting"
        html = office.get(f"{AT}/copies/{packs.copy('Story sack')}")
        assert "story book known: missing" in text(html)
        assert "Settled" in said(office.post(f"{AT}/problems/{problem}/mended"))

    def test_the_bags_are_filled_by_a_button(self, packs: Packs, office: Browser) -> None:
        for each in ("Ayaan", "Leo"):
            packs.joins(each)
        office.get(AT)
        html = office.post(f"{AT}/fill")
        assert said(html) == "3 bags are filled; nobody goes without."
        assert text(html).count("weekly loan It is in the bag") == 3
        assert said(office.post(f"{AT}/fill")) == "No bag was filled; nobody goes without."

    def test_who_goes_without_is_named(self, packs: Packs, office: Browser) -> None:
        packs.repairs_all()
        office.get(AT)
        html = office.post(f"{AT}/fill")
        assert said(html) == "No bag was filled; 1 child goes without."
        assert "Went without on Mon 2 March: Mateo Gómez, Maple" in text(html)
        assert "went without on Mon 2 March" in text(office.get(f"{AT}/weekly"))

    def test_one_class_has_a_list_for_paper(self, packs: Packs, office: Browser, maple: Browser) -> None:
        packs.asks("Story sack", "Ayaan")
        packs.lends("Counting bears", "Leo", due=date(2026, 2, 27))
        for browser in (office, maple):
            html = text(browser.get(f"{AT}/bags/{packs.of_class('Leo')}"))
            assert "☐ Ayaan Yusuf Story sack P0006 asked for" in html
            assert "☐ Leo Reed Counting bears P0007 was due Fri 27 February" in html
        maple.get(f"{AT}/bags/{packs.of_class('Nour')}", 404)


class TestByLabel:
    @pytest.mark.parametrize("typed", ["P0006", "p6", "0006", "6", " http://127.0.0.1:8000/console/packs/label/P0006 "])
    def test_what_is_out_is_taken_back(self, packs: Packs, office: Browser, typed: str) -> None:
        packs.lends("Story sack", "Ayaan")
        html = office.post(f"{AT}/label", {"label": typed}, of=AT)
        assert said(html) == "P0006 Story sack is back from Ayaan Yusuf. Its pieces are still to be counted."
        assert "Count it It came back from Ayaan Yusuf, Maple" in text(html)
        html = office.post(f"{AT}/copies/{packs.copy('Story sack')}/not-back", {"from": f"copies/{packs.copy('Story sack')}"})
        assert "Undone." in said(html)
        assert "answers for it" in html

    def test_what_is_set_aside_shows_for_whom_and_is_handed_out(self, packs: Packs, office: Browser) -> None:
        packs.asks("Story sack", "Ayaan")
        html = office.post(f"{AT}/label", {"label": "P0006"}, of=AT)
        assert "For Ayaan Yusuf, Maple It goes into the book bag." in text(html)
        assert packs.state("P0006") == "kept"
        assert "goes home with Ayaan Yusuf" in said(office.post(f"{AT}/copies/{packs.copy('Story sack')}/out"))

    def test_what_is_on_the_shelf_is_handed_to_a_child_who_is_chosen(self, packs: Packs, office: Browser) -> None:
        copy = packs.copy("Story sack")
        html = office.post(f"{AT}/label", {"label": "P0006"}, of=AT)
        assert "To which child?" in html
        html = office.get(f"{AT}/copies/{copy}?q=leo")
        assert f'name="to" value="{packs.to("Leo")}"' in html
        assert "goes home with Leo Reed" in said(office.post(f"{AT}/copies/{copy}/out", {"to": packs.to("Leo")}))
        loan = re.findall(r"loans/(\d+)/undo", office.get(AT))[0]
        assert said(office.post(f"{AT}/loans/{loan}/undo")) == "Undone. P0006 is on the shelf."
        assert "Nobody fits that." in office.get(f"{AT}/copies/{packs.copy('Counting bears')}?q=nobodyatall")

    def test_nobody_chosen_is_told(self, packs: Packs, office: Browser) -> None:
        copy = packs.copy("Story sack")
        office.get(f"{AT}/copies/{copy}")
        assert "Choose the child first." in office.post(f"{AT}/copies/{copy}/out", status=422)

    def test_a_label_that_is_not_there_is_told_and_kept(self, office: Browser) -> None:
        html = office.post(f"{AT}/label", {"label": "X99 <b>"}, 422, of=AT)
        assert "No copy has the label X99&lt;B&gt;." in html
        assert 'value="X99 &lt;b&gt;"' in html
        assert "Type the label, or scan it." in office.post(f"{AT}/label", {"label": ""}, 422, of=AT)

    def test_a_code_scanned_by_a_telephone_shows_and_changes_nothing(self, packs: Packs, office: Browser) -> None:
        packs.lends("Story sack", "Ayaan")
        answer = office.client.get(f"{AT}/label/P0006")
        assert answer.headers["location"] == f"{AT}/copies/{packs.copy('Story sack')}"
        assert packs.state("P0006") == "out"
        office.get(f"{AT}/label/P9999", 404)

    def test_more_than_is_allowed_only_the_office_hands_out_all_the_same(self, packs: Packs, office: Browser, maple: Browser) -> None:
        packs.lends("Counting bears", "Leo")
        packs.lends("First words", "Leo")
        copy, to = packs.copy("Story sack"), packs.to("Leo")
        maple.get(f"{AT}/copies/{copy}")
        html = maple.post(f"{AT}/copies/{copy}/out", {"to": to, "q": "leo", "beyond": "1"}, 422)
        assert "has as many packs as the school allows. Only the office can" in text(html)
        assert 'value="leo"' in html
        office.get(f"{AT}/copies/{copy}")
        assert "Hand it out all the same" in office.post(f"{AT}/copies/{copy}/out", {"to": to, "q": "leo"}, 422)
        assert "goes home with Leo Reed" in said(office.post(f"{AT}/copies/{copy}/out", {"to": to, "beyond": "1"}))

    def test_what_is_out_already_says_since_when_and_with_whom(self, packs: Packs, office: Browser, console: Console) -> None:
        copy, to = packs.copy("Story sack"), packs.to("Leo")
        office.get(f"{AT}/copies/{copy}?q=leo")
        packs.lends("Story sack", "Ayaan")
        assert "P0006 is out already: it went home with Ayaan Yusuf at 09:10." in office.post(f"{AT}/copies/{copy}/out", {"to": to}, 422)


class TestCounting:
    def counted(self, packs: Packs, office: Browser, *, repair: bool = False) -> str:
        packs.lends("Story sack", "Ayaan")
        html = office.post(f"{AT}/label", {"label": "P0006"}, of=AT)
        item = re.findall(r'name="(item_\d+)"', html)[0]
        return office.post(f"{AT}/copies/{packs.copy('Story sack')}/count", {item: "missing", **({"repair": "1"} if repair else {})})

    def test_what_is_missing_is_written_down_and_it_is_lent_again(self, packs: Packs, office: Browser) -> None:
        html = self.counted(packs, office)
        assert said(html) == "P0006 is counted. 1 thing is written down as missing or damaged. It is on the shelf."
        assert "Missing or damaged story book missing found when counted" in text(html)
        assert packs.state("P0006") == "shelf"

    def test_it_goes_into_repair_and_is_lent_again(self, packs: Packs, office: Browser) -> None:
        assert "It goes into repair." in said(self.counted(packs, office, repair=True))
        copy = packs.copy("Story sack")
        assert "P0006 is lent again: it is on the shelf." in said(office.post(f"{AT}/copies/{copy}/again"))
        assert "it is lent already" in office.post(f"{AT}/copies/{copy}/again", status=422)

    def test_whoever_waits_has_it_next(self, packs: Packs, office: Browser) -> None:
        packs.lends("Story sack", "Ayaan")
        hold = packs.asks("Story sack", "Leo")
        copy = packs.copy("Story sack")
        office.post(f"{AT}/label", {"label": "P0006"}, of=AT)
        html = office.post(f"{AT}/copies/{copy}/count")
        assert "All is there. It is set aside for the next family." in said(html)
        assert "For Leo Reed, Maple" in text(html)
        assert packs.copy_of_hold(hold) == copy

    def test_counted_twice_is_told(self, packs: Packs, office: Browser) -> None:
        self.counted(packs, office)
        assert "does not wait to be counted: it is on the shelf." in office.post(f"{AT}/copies/{packs.copy('Story sack')}/count", status=422)

    def test_a_copy_is_repaired_retired_lost_and_noted(self, packs: Packs, office: Browser) -> None:
        copy = packs.copy("Story sack")
        office.get(f"{AT}/copies/{copy}")
        assert "in repair" in said(office.post(f"{AT}/copies/{copy}/repair"))
        assert "lent no more" in said(office.post(f"{AT}/copies/{copy}/retire"))
        office.post(f"{AT}/copies/{copy}/again")
        assert "P0006 is not out: it came back on Sun" in office.post(f"{AT}/copies/{copy}/lost", status=422)
        packs.lends("Story sack", "Ayaan")
        for what in ("repair", "retire"):
            assert "is out: it must be back first." in office.post(f"{AT}/copies/{copy}/{what}", status=422)
        html = office.post(f"{AT}/copies/{copy}/lost")
        assert "The family is not reminded any more." in said(html)
        assert "Box is torn" in office.post(f"{AT}/copies/{copy}/note", {"note": "Box is torn"})


class TestWhoHasWhat:
    def test_a_loan_is_renewed_and_by_the_office_beyond_the_rules(self, packs: Packs, office: Browser, maple: Browser) -> None:
        loan = packs.lends("Story sack", "Ayaan")
        office.get(f"{AT}/loans")
        assert "Ayaan Yusuf may keep P0006 Story sack until Mon 16 March." in said(office.post(f"{AT}/loans/{loan}/renew"))
        packs.asks("Story sack", "Leo")
        for browser, offered in ((maple, "Only the office can renew it"), (office, "Renew it all the same")):
            browser.get(f"{AT}/loans")
            html = browser.post(f"{AT}/loans/{loan}/renew", status=422)
            assert "is not renewed: another family waits for it." in html
            assert offered in html
        maple.post(f"{AT}/loans/{loan}/renew", {"anyway": "1"}, 422)
        assert "until Mon 23 March" in said(office.post(f"{AT}/loans/{loan}/renew", {"anyway": "1"}))

    def test_too_often_says_how_often(self, packs: Packs, office: Browser) -> None:
        loan = packs.lends("Story sack", "Ayaan")
        office.get(f"{AT}/loans")
        office.post(f"{AT}/loans/{loan}/renew")
        office.post(f"{AT}/loans/{loan}/renew")
        assert "it was renewed 2 times, which is as often as the school allows" in office.post(f"{AT}/loans/{loan}/renew", status=422)

    def test_asked_for_by_telephone_it_is_set_aside_or_waits(self, packs: Packs, office: Browser) -> None:
        pack = packs.pack("Story sack")
        html = office.get(f"{AT}/{pack}/reserve?q=ayaan")
        assert f'value="{packs.to("Ayaan")}" checked' in html
        html = office.post(f"{AT}/{pack}/reserve", {"to": packs.to("Ayaan"), "way": "collect"})
        assert "P0006 is set aside for Ayaan Yusuf: they may collect it until Mon 9 March." in said(html)
        assert "A copy is set aside for Amina Yusuf already." in office.post(f"{AT}/{pack}/reserve", {"to": packs.to("Ayaan"), "q": "ayaan"}, 422)
        html = office.post(f"{AT}/{pack}/reserve", {"to": packs.to("Leo")})
        assert "Leo Reed is number 1 in the queue, perhaps on" in said(html)
        assert "1. Leo Reed, Maple Tom Reed, since Mon 2 March perhaps on" in text(html)
        assert "Choose the child." in office.post(f"{AT}/{pack}/reserve", {"q": "leo"}, 422)

    def test_a_hold_is_given_up_for_a_family(self, packs: Packs, office: Browser) -> None:
        hold = packs.asks("Story sack", "Ayaan")
        assert "Ayaan Yusuf, Maple Amina Yusuf Story sack set aside: P0006 goes into the bag" in text(office.get(f"{AT}/loans"))
        assert "Ayaan Yusuf does not wait for Story sack any more." in said(office.post(f"{AT}/holds/{hold}/give-up"))
        assert "nothing was changed" in said(office.post(f"{AT}/holds/{hold}/give-up"))
        assert packs.state("P0006") == "shelf"

    def test_a_child_is_signed_up_for_the_weekly_loan_and_taken_out(self, packs: Packs, office: Browser) -> None:
        html = office.get(f"{AT}/weekly?q=leo")
        assert f'value="{packs.to("Leo")}"' in html
        html = office.post(f"{AT}/weekly", {"to": packs.to("Leo")})
        assert "Leo Reed is in the weekly loan." in said(html)
        place = re.findall(r'weekly/(\d+)/leave"[^>]*>(?:(?!</form>).)*Take out: Leo', html, re.DOTALL)[0]
        assert "Leo Reed is not in the weekly loan any more." in said(office.post(f"{AT}/weekly/{place}/leave"))
        assert "Choose the child." in office.post(f"{AT}/weekly", status=422)


class TestWhoMaySeeWhat:
    def test_a_class_sees_its_own_children_alone(self, packs: Packs, maple: Browser) -> None:
        packs.lends("Story sack", "Nour", due=date(2026, 2, 27))
        packs.lends("Counting bears", "Leo", due=date(2026, 2, 27))
        packs.asks("Story sack", "Leo")
        packs.asks("Feelings and faces", "Nour")
        for address in ("", "/loans", "/weekly", f"/{packs.pack('Story sack')}", f"/{packs.pack('Feelings and faces')}", f"/copies/{packs.copy('Story sack')}"):
            html = maple.get(f"{AT}{address}")
            assert "Nour" not in html, address
            assert "Farid" not in html, address
        assert "It is with a family of another class." in html
        assert "Leo Reed" in maple.get(AT)

    def test_a_queue_names_no_child_of_another_class(self, packs: Packs, maple: Browser) -> None:
        packs.lends("Story sack", "Leo")
        packs.asks("Story sack", "Nour")
        packs.asks("Story sack", "Ayaan")
        html = text(maple.get(f"{AT}/{packs.pack('Story sack')}"))
        assert "1. A child of another class" in html
        assert "2. Ayaan Yusuf, Maple" in html

    def test_what_is_another_class_s_is_the_same_as_none(self, packs: Packs, maple: Browser) -> None:
        loan, hold = packs.lends("Story sack", "Nour"), packs.asks("Feelings and faces", "Nour")
        copy, kept, place, problem = packs.copy("Story sack"), packs.copy("Feelings and faces"), packs.joins("Nour"), packs.tells(loan)
        maple.get(AT)
        for address in (
            f"holds/{hold}/out",
            f"holds/{hold}/give-up",
            f"loans/{loan}/undo",
            f"loans/{loan}/renew",
            f"copies/{copy}/back",
            f"copies/{copy}/lost",
            f"copies/{copy}/not-back",
            f"copies/{kept}/out",
            f"copies/{copy}/note",
            f"problems/{problem}/mended",
            f"weekly/{place}/leave",
        ):
            maple.post(f"{AT}/{address}", status=404, of=AT)
        maple.post(f"{AT}/weekly", {"to": packs.to("Nour")}, 404, of=AT)
        maple.post(f"{AT}/copies/{packs.copy('Counting bears')}/out", {"to": packs.to("Nour")}, 404, of=AT)
        assert packs.state("P0006") == "out"

    def test_a_label_of_another_class_takes_nothing_back(self, packs: Packs, maple: Browser) -> None:
        packs.lends("Story sack", "Nour")
        html = maple.post(f"{AT}/label", {"label": "P0006"}, of=AT)
        assert "It is with a family of another class. The office takes it back." in html
        assert packs.state("P0006") == "out"

    def test_what_the_office_alone_does_is_not_there_for_a_class(self, packs: Packs, maple: Browser) -> None:
        html = maple.get(AT)
        for hidden_from_them in ("Figures", "Rules", "Fill the bags"):
            assert hidden_from_them not in html
        token = hidden(html, "csrf")
        for page in pages():
            for route in page.routes:
                if route.path.startswith("/packs") and route.powers == {"edit_packs"}:
                    path = HOME + re.sub(r"\{[^}]*\}", "1", route.path)
                    assert maple.client.request(route.method, path, data={"csrf": token} if route.method == "POST" else None).status_code == 404, path

    def test_the_technician_sees_no_packs(self, console: Console) -> None:
        penrose = console.as_("Mr Penrose")
        assert "Packs" not in penrose.get("/console/account")
        penrose.get(AT, 404)
