"""Packs in a real browser: staff's day with the bags, on a desk and on a phone."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from school import School, demo, holiday_packs
from school.holiday_packs import Plan
from school.pack_queue import Way
from tests.console.conftest import OnMonday
from tests.console.packs_to_lend import Packs
from tests.console.test_events_browser import is_in_order
from tests.world import World


@pytest.fixture
def packs(world: World) -> Packs:
    return Packs(world)


def told(page: Page, words: str) -> None:
    expect(page.get_by_role("status").first).to_contain_text(words)
    is_in_order(page)


@pytest.mark.parametrize("width", [1280, 360])
def test_a_day_with_packs_from_the_bag_to_the_next_family(packs: Packs, on_monday: OnMonday, width: int) -> None:
    packs.joins("Leo")
    packs.lends("Story sack", "Ayaan", due=date(2026, 3, 2))
    packs.asks("Story sack", "Nour")
    page = on_monday.as_("Office", width)
    page.goto(f"{on_monday.home}/packs")
    is_in_order(page)
    page.get_by_role("button", name="Fill the bags now").click()
    told(page, "2 bags are filled; nobody goes without.")
    button = page.get_by_role("button", name="It is in the bag: P0002, Leo Reed")
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= (44 if width < 400 else 40)
    button.click()
    told(page, "goes home with Leo Reed")
    page.get_by_role("button", name="Undo:").click()
    told(page, "Undone.")
    page.get_by_role("button", name="It is in the bag: P0002, Leo Reed").click()
    page.get_by_label("Label").fill("p0006")
    page.get_by_role("button", name="Go", exact=True).click()
    told(page, "P0006 Story sack is back from Ayaan Yusuf.")
    page.get_by_role("group", name="6 × animals").get_by_label("missing").check()
    page.get_by_role("button", name="Lend it again").click()
    told(page, "1 thing is written down as missing or damaged. It is set aside for the next family.")
    expect(page.get_by_role("heading", name="For Nour Haddad, Oak")).to_be_visible()
    page.get_by_role("button", name="Hand it out").click()
    told(page, "goes home with Nour Haddad")


def test_a_class_takes_back_and_counts_on_a_small_screen_without_script(packs: Packs, on_monday: OnMonday) -> None:
    packs.lends("Story sack", "Ayaan", due=date(2026, 3, 2))
    page = on_monday.open_page(f"{on_monday.home}/log-in", 360, script=False)
    page.get_by_role("button", name="Miss Turner").click()
    page.goto(f"{on_monday.home}/packs")
    expect(page.get_by_role("button", name="Scan", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Back, count later: P0006 from Ayaan Yusuf").click()
    expect(page.get_by_role("status").first).to_contain_text("is back from Ayaan Yusuf")
    page.get_by_role("button", name="Undo: P0006 is back").click()
    expect(page.get_by_role("status").first).to_contain_text("P0006 is out again")


def test_the_code_on_a_label_is_read_where_the_browser_can(packs: Packs, on_monday: OnMonday) -> None:
    packs.lends("Story sack", "Ayaan")
    page = on_monday.as_("Office", 360)
    page.add_init_script(
        """
        window.BarcodeDetector = class {
          static async getSupportedFormats() { return ["qr_code"]; }
          async detect() { return [{ rawValue: `${location.origin}/console/packs/label/P0006` }]; }
        };
        const canvas = document.createElement("canvas");
        setInterval(() => canvas.getContext("2d").fillRect(0, 0, 9, 9), 50);
        Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: async () => canvas.captureStream(5) } });
        """
    )
    page.goto(f"{on_monday.home}/packs")
    page.get_by_role("button", name="Scan", exact=True).click()
    told(page, "P0006 Story sack is back from Ayaan Yusuf.")
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error()); }")
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(page.get_by_text("The camera cannot be used: type the label.")).to_be_visible()
    is_in_order(page)
    page.get_by_role("button", name="Stop scanning").click()
    expect(page.get_by_role("button", name="Stop scanning")).to_be_hidden()


def in_use(packs: Packs) -> dict[str, int]:
    """Packs out, late, set aside, waited for and told of; and a holiday pack that Tom wants."""
    loan = packs.lends("Story sack", "Ayaan", due=date(2026, 2, 20), reminded=2)
    packs.tells(loan)
    packs.asks("Story sack", "Leo")
    packs.asks("Counting bears", "Leo", Way.COLLECT)

    def make(school: School) -> int:
        pack = holiday_packs.make(school, Plan("Easter pack", date(2026, 3, 20), "Seeds.", date(2026, 3, 2), 20))
        holiday_packs.answer(school, pack, demo.adult(school, "Tom"), {demo.child(school, "Leo"): True})
        return pack.id

    return {"holiday": packs(make), "class": packs.of_class("Leo"), "pack": packs.pack("Story sack")}


@pytest.mark.parametrize("scheme, width", [("light", 360), ("dark", 1280)])
def test_every_page_of_packs_can_be_read(packs: Packs, on_monday: OnMonday, scheme: Literal["light", "dark"], width: int) -> None:
    ids = in_use(packs)
    page = on_monday.as_("Office", width)
    page.emulate_media(color_scheme=scheme)
    pack, easter = ids["pack"], ids["holiday"]
    copies = [f"copies/{packs.copy(title)}?q=leo" for title in ("Story sack", "Counting bears", "Sensory box", "Getting dressed")]
    of_packs = ["catalogue", "catalogue?retired=1", "new", f"{pack}", f"{pack}/edit", f"{pack}/reserve?q=leo", "labels"]
    of_loans = ["loans", "loans?late=1", "weekly?q=leo", f"bags/{ids['class']}", "rules", "figures"]
    of_holidays = ["holidays", f"holidays/{easter}", "holidays/new", f"holidays/{easter}/edit"]
    for address in (*copies, *of_packs, *of_loans, *of_holidays, ""):
        page.goto(f"{on_monday.home}/packs/{address}".rstrip("/"))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        is_in_order(page)


def test_labels_stand_three_beside_each_other_on_paper(packs: Packs, on_monday: OnMonday) -> None:
    page = on_monday.as_("Office", 794)
    page.goto(f"{on_monday.home}/packs/labels")
    page.emulate_media(media="print")
    places = [label.bounding_box() for label in page.locator(".labels li").all()]
    tops = [place["y"] for place in places if place is not None]
    assert [tops.count(top) for top in sorted(set(tops))] == [3, 3, 1]
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
