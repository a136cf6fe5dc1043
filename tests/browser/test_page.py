"""The page in a real browser: what a person sees, clicks and types."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from opened import Opened
from plans import edit, imported, keyword, plan, use
from playwright.sync_api import expect
from records import edge, package, resolution
from scale import image_like

from overlaytool.model.resolution import DepClass, Notice, Resolution, State
from overlaytool.report import graph
from overlaytool.report.records import Graph, Selection

pytestmark = pytest.mark.browser

Open = Callable[..., Opened]

HTOP, SCREEN = "sys-process/htop-3", "app-misc/screen-5"
NCURSES, GPM, GLIBC = "sys-libs/ncurses-6", "sys-libs/gpm-1", "sys-libs/glibc-2"
UPDATE, TMPFILES, PKGCONF = "dev-libs/update-4", "virtual/tmpfiles-0", "host:dev-util/pkgconf-2"
HOSTILE = "</script><img src=x onerror=alert(1)><script>alert(2)</script>{{data}}<!--&lt;b&gt;"


def plan_like(description: str = "An interactive process viewer") -> Resolution:
    """Two requests, an update, a provided package, the build host, a cycle."""
    return resolution(
        [
            package(PKGCONF),
            package(GLIBC, size=1000),
            package(GPM),
            package(NCURSES, size=3000),
            package(UPDATE, State.UPDATE, size=5000),
            package(TMPFILES, State.PROVIDED),
            package(SCREEN, State.ADD, size=70000),
            package(
                HTOP,
                State.ADD,
                size=9000,
                description=description,
                homepage="javascript:alert(3) https://htop.example.org/",
                iuse=("caps", "debug"),
                use=("caps",),
            ),
        ],
        [
            edge(None, HTOP),
            edge(None, SCREEN),
            edge(HTOP, PKGCONF, DepClass.BDEPEND),
            edge(HTOP, NCURSES, DepClass.DEPEND, ">=sys-libs/ncurses-5:0"),
            edge(HTOP, NCURSES),
            edge(HTOP, UPDATE),
            edge(SCREEN, NCURSES),
            edge(SCREEN, TMPFILES),
            edge(NCURSES, GLIBC),
            edge(NCURSES, GPM),
            edge(GPM, NCURSES, DepClass.PDEPEND),
        ],
        notices=(Notice(reference="image-masked", message="perl is masked", hint="leave it out"),),
    )


@pytest.fixture
def report(open_report: Open) -> Opened:
    return open_report(graph.build(plan_like()))


@pytest.fixture(scope="module")
def image() -> Graph:
    return graph.build(image_like(400, imports=0))


def test_the_summary_says_what_is_copied_and_what_to_look_out_for(report: Opened) -> None:
    header = report.page.locator("body > header")
    expect(header).to_contain_text("sys-process/htop app-misc/screen")
    expect(header).to_contain_text("2 packages added")
    expect(header).to_contain_text("1 package updated")
    expect(header).to_contain_text("82 KiB of sources to download")
    expect(header).to_contain_text("perl is masked (leave it out)")
    expect(header).to_contain_text("dev-libs/update-4 updated from gentoo")


def test_requested_packages_stand_on_top_and_each_below_what_asks_for_it(report: Opened) -> None:
    top = {name: report.node(name).bounding_box()["y"] for name in report.nodes()}
    assert top[HTOP] == top[SCREEN] == min(top.values())
    assert top[HTOP] < top[NCURSES] < top[GLIBC]
    assert top[NCURSES] < top[GPM]


def test_twenty_packages_can_be_read_without_zooming(open_report: Open) -> None:
    opened = open_report(graph.build(image_like(20, imports=3)))
    sizes = opened.page.locator("#drawing .node .label").evaluate_all(
        "all => all.map(text => text.getBoundingClientRect().height)"
    )
    assert len(sizes) == 20
    assert min(sizes) >= 10


def test_a_click_shows_everything_about_a_package(report: Opened) -> None:
    report.node(HTOP).click()
    text = report.details()
    for fact in (
        HTOP,
        "An interactive process viewer",
        "added gentoo",
        "caps -debug",
        "amd64 arm64",
        "GPL-2",
    ):
        assert fact in text
    assert "Only this brings 2 more packages; with it, 14 KiB of sources" in text
    assert report.page.locator("#details a").all_inner_texts() == ["https://htop.example.org/"]
    assert "javascript:alert(3)" in text


def test_details_tell_why_a_package_is_there(report: Opened) -> None:
    report.node(NCURSES).click()
    text = report.details()
    assert f"{HTOP} DEPEND >=sys-libs/ncurses-5:0" in text
    assert f"{GPM} PDEPEND sys-libs/ncurses" in text
    assert f"{HTOP} RDEPEND sys-libs/ncurses" in text
    assert "Asked for by 3" in text
    report.page.locator("#details").get_by_role("button", name=SCREEN).first.click()
    assert report.details().startswith(SCREEN)


def test_the_pointer_on_a_package_lights_its_chain_from_the_request(report: Opened) -> None:
    report.node(GLIBC).hover()
    assert report.lit() == sorted([SCREEN, NCURSES, GLIBC])
    report.page.mouse.move(5, 5)
    assert report.lit() == []


def test_search_lights_what_matches_and_enter_goes_there(report: Opened) -> None:
    report.page.keyboard.press("/")
    report.page.keyboard.type("curses")
    assert report.lit() == [NCURSES]
    assert report.rows() == [NCURSES]
    expect(report.page.locator("#status")).to_have_text("1 package matches")
    report.page.keyboard.press("Enter")
    assert report.details().startswith(NCURSES)
    report.page.keyboard.press("Escape")
    assert len(report.rows()) == 8
    assert report.lit() == []


def test_filters_for_root_state_and_class_decide_what_is_drawn(report: Opened) -> None:
    everything = report.nodes()
    report.filter("host", False)
    assert report.nodes() == sorted(set(everything) - {PKGCONF})
    report.filter("host", True)
    report.filter("board", False)
    assert report.nodes() == [PKGCONF]
    report.filter("board", True)
    report.filter("present", False)
    assert report.nodes() == sorted([HTOP, SCREEN, UPDATE, TMPFILES])
    report.filter("present", True)
    report.filter("RDEPEND", False)
    assert report.nodes() == sorted([HTOP, SCREEN, NCURSES, PKGCONF])
    assert sorted(report.rows()) == sorted([HTOP, SCREEN, NCURSES, "dev-util/pkgconf-2"])


def test_the_drawing_can_be_cut_down_to_what_is_around_a_package(report: Opened) -> None:
    report.node(UPDATE).click()
    report.page.get_by_role("button", name="Draw only what is around it").click()
    assert report.nodes() == sorted([UPDATE, HTOP])
    report.page.locator("#scope").select_option("everything")
    assert len(report.nodes()) == 8


def test_the_table_sorts_and_its_names_lead_to_the_drawing(report: Opened) -> None:
    report.page.get_by_role("button", name="Download").click()
    assert report.rows()[:3] == [SCREEN, HTOP, UPDATE]
    header = report.page.get_by_role("columnheader", name="Download")
    assert header.get_attribute("aria-sort") == "descending"
    report.page.get_by_role("button", name="Download").click()
    assert report.rows()[-1] == SCREEN
    report.page.locator("#table").get_by_role("button", name=UPDATE).click()
    assert report.node(UPDATE).get_attribute("aria-pressed") == "true"
    assert report.details().startswith(UPDATE)


def test_the_drawing_pans_and_zooms(report: Opened) -> None:
    start = report.node(HTOP).bounding_box()
    canvas = report.page.locator(".canvas").bounding_box()
    report.page.mouse.move(canvas["x"] + 20, canvas["y"] + canvas["height"] - 20)
    report.page.mouse.wheel(0, -300)
    zoomed = report.node(HTOP).bounding_box()
    assert zoomed["width"] > start["width"] * 1.2
    report.page.mouse.down()
    report.page.mouse.move(canvas["x"] + 80, canvas["y"] + canvas["height"] - 60)
    report.page.mouse.up()
    moved = report.node(HTOP).bounding_box()
    assert round(moved["x"] - zoomed["x"]) == 60
    assert round(moved["y"] - zoomed["y"]) == -40


def test_the_keyboard_alone_goes_through_the_drawing(report: Opened) -> None:
    keys = report.page.keyboard
    report.page.locator("#drawing g.node[tabindex='0']").focus()
    focused = "document.activeElement.dataset.id"
    assert report.page.evaluate(focused) == SCREEN
    keys.press("ArrowDown")
    below = report.page.evaluate(focused)
    assert below in (NCURSES, TMPFILES)
    keys.press("Enter")
    assert report.details().startswith(below)
    keys.press("ArrowUp")
    assert report.page.evaluate(focused) in (HTOP, SCREEN)
    size = report.node(HTOP).bounding_box()["width"]
    keys.press("+")
    expect(report.page.locator("#drawing")).to_be_visible()
    report.page.wait_for_timeout(300)
    assert report.node(HTOP).bounding_box()["width"] > size
    assert re.search(r"added.*requested.*needs 3", report.node(HTOP).get_attribute("aria-label") or "")


def test_a_cycle_is_listed_and_its_closing_line_drawn_as_such(report: Opened) -> None:
    assert report.page.locator("#drawing path.link.cut").count() == 1
    expect(report.page.locator("#legend")).to_contain_text("closes a cycle")
    expect(report.page.locator("#summary")).to_contain_text(f"{GPM} ⇄ {NCURSES}")
    report.node(NCURSES).click()
    assert f"In a cycle with 1 package\n{GPM}" in report.details()


def test_hostile_text_of_an_ebuild_is_shown_and_does_not_run(open_report: Open) -> None:
    opened = open_report(graph.build(plan_like(HOSTILE)))
    opened.node(HTOP).click()
    assert HOSTILE in opened.details()
    assert opened.page.locator("img").count() == 0
    assert opened.node(HTOP).locator("title").text_content() == f"{HTOP}\n{HOSTILE}"


def test_a_script_that_got_in_would_not_be_run(open_report: Open) -> None:
    opened = open_report(graph.build(plan_like()))
    opened.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        " document.body.append(s); }"
    )
    assert opened.page.evaluate("window.ran") is None
    assert len(opened.faults) == 1
    assert "Content Security Policy" in opened.faults.pop()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("chosen", [None, HTOP], ids=["at first", "with details"])
def test_no_accessibility_fault_of_any_gravity(open_report: Open, dark: bool, chosen: str | None) -> None:
    opened = open_report(graph.build(plan_like()), dark=dark)
    if chosen:
        opened.node(chosen).click()
        opened.page.mouse.move(5, 5)
    assert _faults(opened) == []


def test_four_hundred_packages_open_and_can_be_used(open_report: Open, image: Graph) -> None:
    opened = open_report(image)
    assert len(opened.nodes()) == 400
    opened.page.wait_for_function("performance.getEntriesByName('interactive').length === 1")
    wanted = image.nodes[-1]
    opened.page.fill("#query", wanted.name)
    opened.page.press("#query", "Enter")
    assert opened.details().startswith(wanted.cpv)
    opened.page.get_by_role("button", name="Draw only what is around it").click()
    assert 1 < len(opened.nodes()) < 40
    assert _faults(opened) == []


def test_four_hundred_packages_fit_the_window_without_covering_each_other(
    open_report: Open, image: Graph
) -> None:
    opened = open_report(image)
    boxes = opened.page.locator("#drawing g.node rect").evaluate_all(
        "all => all.map(it => it.getBoundingClientRect()).map(it => [it.x, it.y, it.width, it.height])"
    )
    canvas = opened.page.locator(".canvas").bounding_box()
    for x, y, width, height in boxes:
        assert canvas["x"] <= x <= x + width <= canvas["x"] + canvas["width"]
        assert canvas["y"] <= y <= y + height <= canvas["y"] + canvas["height"]
    cells = {(round(x), round(y)) for x, y, _, _ in boxes}
    assert len(cells) == 400


def test_a_plan_among_four_hundred_packages_opens_on_what_is_new(open_report: Open) -> None:
    made = graph.build(image_like(400, imports=4))
    opened = open_report(made)
    assert {node.id for node in made.imports} < set(opened.nodes())
    assert len(opened.nodes()) < 45
    opened.page.locator("#scope").select_option("everything")
    assert len(opened.nodes()) == 400


def test_choosing_a_package_that_is_not_drawn_draws_everything(report: Opened) -> None:
    report.node(UPDATE).click()
    report.page.get_by_role("button", name="Draw only what is around it").click()
    report.page.locator("#summary").get_by_role("button", name=GPM).click()
    assert len(report.nodes()) == 8
    assert report.node(GPM).get_attribute("aria-pressed") == "true"


def test_a_phone_shows_the_table_first_and_details_as_a_sheet(open_report: Open) -> None:
    opened = open_report(graph.build(plan_like()), width=390, height=800)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    table, drawing = (opened.page.locator(name).bounding_box() for name in ("#table", ".canvas"))
    assert drawing["y"] >= table["y"] + min(table["height"], 0.7 * 800)
    expect(opened.page.locator("#query")).to_be_hidden()
    opened.page.get_by_role("button", name="Search and filters").click()
    expect(opened.page.locator("#query")).to_be_visible()
    opened.page.locator("#table").get_by_role("button", name=HTOP).click()
    sheet = opened.page.locator("#details").bounding_box()
    assert sheet["width"] == 390
    assert round(sheet["y"] + sheet["height"]) == 800


def test_details_are_closed_until_a_package_is_chosen(report: Opened) -> None:
    expect(report.page.locator("#details")).to_be_hidden()
    report.node(HTOP).click()
    expect(report.page.locator("#details")).to_be_visible()
    report.page.get_by_role("button", name="Close the details").click()
    expect(report.page.locator("#details")).to_be_hidden()


def test_an_address_with_a_package_opens_its_details(report: Opened) -> None:
    report.node(HTOP).click()
    address = report.page.url
    assert address.endswith("#sys-process/htop")
    report.page.evaluate("location.hash = '#app-misc/screen'")
    report.page.wait_for_timeout(200)
    assert report.details().startswith(SCREEN)


def test_the_pane_can_be_dragged_wider(report: Opened) -> None:
    before = report.page.locator(".side").bounding_box()
    report.page.mouse.move(before["x"], 500)
    report.page.mouse.down()
    report.page.mouse.move(before["x"] - 200, 500)
    report.page.mouse.up()
    after = report.page.locator(".side").bounding_box()
    assert abs(after["width"] - before["width"] - 200) < 20


def test_a_column_that_says_the_same_everywhere_is_left_out(open_report: Open) -> None:
    same = resolution([package(HTOP), package(NCURSES)], [edge(None, HTOP), edge(HTOP, NCURSES)])
    titles = open_report(graph.build(same)).page.locator("#table thead th").all_inner_texts()
    assert "State" not in titles
    assert "Root" not in titles
    assert titles[0].startswith("Package")


def test_the_changes_tab_has_the_sections_of_the_plan(open_report: Open) -> None:
    made = plan(
        request=("sys-process/htop",),
        imports=(imported("sys-process/htop", HTOP),),
        keywords=(keyword(f"={HTOP}", "~arm64"),),
        use=(use("sys-libs/ncurses", "tinfo", parent=HTOP),),
        metapackage=edit("sys-process/htop"),
        new_in_image=(HTOP,),
        warnings=(Notice(reference="x", message="perl is masked", hint="leave it out"),),
    )
    page = open_report(graph.build(plan_like(), made)).page
    page.get_by_role("button", name="Changes").click()
    tab = page.locator("#changes")
    titles = ["Copy", "Accept keywords", "Set USE", "Metapackage", "The image gains", "Warnings"]
    assert [each.split(" coreos/")[0] for each in tab.locator("h2").all_inner_texts()] == titles
    expect(tab).to_contain_text("sys-process/htop 3")
    expect(tab).to_contain_text("add from gentoo, for amd64-usr; asked for by you")
    expect(tab).to_contain_text("base/package.accept_keywords")
    expect(tab).to_contain_text("sys-libs/ncurses tinfo")
    expect(tab).to_contain_text("+ sys-process/htop")
    expect(page.locator("#packages")).to_be_hidden()
    page.get_by_role("button", name="Packages").click()
    expect(tab).to_be_hidden()


def test_what_pulls_a_package_in_is_titled_and_the_package_marked(open_report: Open) -> None:
    opened = open_report(graph.reverse(graph.build(plan_like()), "sys-libs/ncurses"))
    expect(opened.page.locator("h1")).to_have_text("What pulls in sys-libs/ncurses")
    assert opened.page.title().startswith("What pulls in sys-libs/ncurses (sys-process/htop")
    marked = opened.page.locator("#drawing .node.target")
    expect(marked).to_have_count(1)
    expect(marked).to_have_attribute("data-id", NCURSES)
    expect(opened.page.locator("#legend")).to_contain_text("the package asked about")


def test_a_name_of_several_categories_has_its_category_from_afar_too(open_report: Open) -> None:
    made = resolution(
        [package("acct-user/htop-0"), package(HTOP), package(NCURSES)],
        [edge(None, HTOP), edge(HTOP, "acct-user/htop-0"), edge(HTOP, NCURSES)],
    )
    opened = open_report(graph.build(made))
    afar = {name: opened.node(name).locator(".far-label").text_content() for name in opened.nodes()}
    assert afar == {HTOP: "sys-process/htop", "acct-user/htop-0": "acct-user/htop", NCURSES: "ncurses"}


def test_names_in_the_table_break_behind_the_category_alone(open_report: Open) -> None:
    long = "app-containers/containers-image-registries-1.2.3_p20260515-r1"
    opened = open_report(graph.build(resolution([package(long)], [edge(None, long)])))
    name = opened.page.locator("#table .whole")
    assert name.evaluate("each => each.getClientRects().length") == 1
    assert name.inner_text() == "containers-image-registries-1.2.3_p20260515-r1"


def test_print_leaves_the_controls_out_and_the_whole_table_in(report: Opened) -> None:
    report.page.emulate_media(media="print")
    expect(report.page.locator(".toolbar")).to_be_hidden()
    expect(report.page.locator("#table tbody tr").last).to_be_visible()


def test_the_whole_drawing_is_printed_whatever_the_window_showed(report: Opened) -> None:
    report.page.locator("#closer").click(click_count=4)
    report.page.wait_for_timeout(300)
    window = report.node(HTOP).bounding_box()
    report.page.emulate_media(media="print")
    report.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = report.page.locator(".canvas").bounding_box()
    for name in report.nodes():
        box = report.node(name).bounding_box()
        assert paper["y"] <= box["y"] <= box["y"] + box["height"] <= paper["y"] + paper["height"]
    report.page.emulate_media(media="screen")
    report.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert report.node(HTOP).bounding_box() == window


def test_a_plan_that_imports_nothing_says_so(open_report: Open) -> None:
    nothing = resolution([package(HTOP)], [edge(None, HTOP)])
    opened = open_report(graph.build(nothing, selection=Selection(imports_only=True)))
    expect(opened.page.locator("#nothing")).to_be_visible()
    assert opened.nodes() == []


def _faults(opened: Opened) -> list[str]:
    found = Axe().run(opened.page).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]
