"""Whether everyone can use a page: axe-core's rules, reflow, and the keyboard.

`assert_accessible` runs every rule for WCAG 2.0, 2.1 and 2.2 at levels A and AA and axe-core's best
practices; machines find about half of what hinders people, so the tests also walk by keyboard.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from playwright.sync_api import Page

from scripts.web import AXE

_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN = """
(tags) => axe.run(document, {
  runOnly: { type: "tag", values: tags },
  rules: { "target-size": { enabled: true } },
  resultTypes: ["violations"],
  preload: false,
})
"""
_OVERFLOWING = """
() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => /auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX);
  const contained = (element) => {
    for (let above = element.parentElement; above; above = above.parentElement) {
      if (above !== document.body && above !== document.documentElement && scrolls(above)) {
        return true;
      }
    }
    return false;
  };
  const names = [...document.body.querySelectorAll("*")]
    .filter((element) => element.getClientRects().length && !contained(element))
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 120));
  const scrolled = document.documentElement.scrollWidth;
  return scrolled > width || names.length ? { width, scrolled, names } : null;
}
"""
_FOCUSED = """
() => {
  const element = document.activeElement;
  if (!element || element === document.body) return "outside";
  if ("reached" in element.dataset) return "again";
  element.dataset.reached = "";
  const label = element.closest("label") ?? element.labels?.[0];
  const outline = (each) => {
    const style = each ? getComputedStyle(each) : null;
    return !style || style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  };
  const box = element.getBoundingClientRect();
  const shown = (across, down) => {
    const top = document.elementFromPoint(
      box.left + box.width * across, box.top + box.height * down);
    return !!top && (element.contains(top) || top.contains(element) || !!label?.contains(top));
  };
  const shares = [0.1, 0.5, 0.9];
  return {
    html: element.outerHTML.slice(0, 160),
    outline: Math.max(...[element, label, element.closest("li")].map(outline)),
    seen: shares.some((across) => shares.some((down) => shown(across, down))),
  };
}
"""
_UNREACHED = """
() => {
  const controls = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
  return [...(modal ?? document).querySelectorAll(controls)]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled)
    .filter((each) => each.tabIndex >= 0 && !each.closest("[inert]"))
    .filter((each) => !(each.type === "radio" && each.name))
    .filter((each) => !("reached" in each.dataset))
    .map((each) => each.outerHTML.slice(0, 160));
}
"""
_FORGET = """
() => {
  document.activeElement?.blur();
  document.querySelectorAll("[data-reached]").forEach((each) => delete each.dataset.reached);
}
"""
_MOST_STOPS = 400


def assert_accessible(page: Page) -> None:
    """Hold a page, as it is now, to every rule, in light and in dark.

    Raises `AssertionError` that names each rule, why it is one, and where it is broken.
    """
    page.evaluate(_axe())
    told = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate(_RUN, list(_TAGS))["violations"]
        told += [line for violation in found for line in _told(violation, scheme)]
    page.emulate_media(color_scheme="null")
    assert not told, f"{page.url} is not accessible:\n" + "\n".join(told)


def assert_reflows(page: Page) -> None:
    """Hold a page to WCAG's reflow at its present width: nothing reaches beyond the right edge.

    What scrolls by itself, such as a wide table, may.
    """
    beyond = page.evaluate(_OVERFLOWING)
    assert beyond is None, f"{page.url} does not reflow: {beyond}"


def assert_operable_by_keyboard(page: Page) -> None:
    """Go once round a page by Tab: every control is reached, and one sees where the focus is.

    What shows it may be the outline of the control, of its label or of the item of a list around
    it. Of radio buttons with a name only one is asked for: the arrow keys reach the others.
    """
    page.evaluate(_FORGET)
    stops = list(_walk(page))
    unreached = page.evaluate(_UNREACHED)
    page.evaluate(_FORGET)
    assert stops, f"{page.url} has nothing to reach by keyboard"
    assert not unreached, f"Tab does not reach: {unreached}"
    faint = [stop["html"] for stop in stops if stop["outline"] < 2]
    assert not faint, f"the focus has no outline of 2 px or more on: {faint}"
    obscured = [stop["html"] for stop in stops if not stop["seen"]]
    assert not obscured, f"the focus is obscured on: {obscured}"


def _walk(page: Page) -> Iterator[dict[str, Any]]:
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop == "again":
            return
        if stop != "outside":  # after the last control it is the browser's own turn
            yield stop
    raise AssertionError(f"the focus did not come round in {_MOST_STOPS} steps")


def _told(violation: dict[str, Any], scheme: str) -> Iterator[str]:
    yield f"{violation['id']} in {scheme}: {violation['help']}"
    for node in violation["nodes"]:
        yield f"    {' '.join(map(str, node['target']))}: {node['html'][:200]}"
        yield f"        {' '.join(node['failureSummary'].split())}"


@cache
def _axe() -> str:
    return AXE.read_text()
