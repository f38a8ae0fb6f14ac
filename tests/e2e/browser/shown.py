"""What a tab shows, through all shadow roots: its texts, and which of them are cut off.

Activity is left out of the latter: beside a long time it cuts any name.
"""

from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page

_READ: Final = """() => {
    const texts = new Set(), cut = new Set(), unlabeled = new Set();
    const visible = (element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && box.height > 0
            && element.checkVisibility({opacityProperty: true, visibilityProperty: true});
    };
    const parent = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host;
    const covered = (element) => {
        const box = element.getBoundingClientRect();
        const x = box.left + Math.min(box.width / 2, 20), y = box.top + box.height / 2;
        if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return false;
        let top = document.elementFromPoint(x, y);
        while (top?.shadowRoot?.elementFromPoint(x, y) && top.shadowRoot.elementFromPoint(x, y) !== top)
            top = top.shadowRoot.elementFromPoint(x, y);
        for (let each = top; each; each = parent(each)) if (each === element) return false;
        for (let each = element; each; each = parent(each)) if (each === top) return false;
        return true;
    };
    const scrolls = (element) => {
        for (let each = element; each instanceof Element; each = parent(each)) {
            const scrollable = ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
            if (scrollable && each.scrollWidth > each.clientWidth + 1) return true;
        }
        return false;
    };
    const visit = (root) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.shadowRoot) visit(element.shadowRoot);
            if (["STYLE", "SCRIPT", "TITLE"].includes(element.tagName) || !visible(element)) continue;
            if (element.tagName === "HA-SELECTOR" && root.host?.tagName.startsWith("HA-FORM") && !element.label)
                unlabeled.add(element.parentElement?.schema?.name ?? element.outerHTML);
            const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
                .map((node) => node.data.trim()).join(" ").trim();
            for (const name of ["aria-label", "placeholder", "title", "label", "alt"])
                if (element.getAttribute(name)) texts.add(element.getAttribute(name));
            if (own) texts.add(own);
            const style = getComputedStyle(element);
            const slot = element.querySelector(":scope > slot");
            const content = own || (slot && slot.assignedNodes({flatten: true}).map((node) => node.textContent.trim())
                .join(" ").trim());
            if (!content || root.host?.tagName.startsWith("HA-LOGBOOK")) continue;
            if (covered(element) || scrolls(element)) continue;
            const hidden = ["hidden", "clip"].includes(style.overflowX);
            if (hidden && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1) cut.add(content);
            if (style.webkitLineClamp !== "none" && element.scrollHeight > element.clientHeight + 2) cut.add(content);
            const box = element.getBoundingClientRect();
            if (own && (box.right > innerWidth + 1 || box.left < -1) && box.bottom > 0 && box.top < innerHeight)
                cut.add(own);
        }
    };
    visit(document);
    return {texts: [...texts], cut: [...cut], unlabeled: [...unlabeled]};
}"""


@dataclass(frozen=True, slots=True)
class Shown:
    """The texts that can be seen or are read out, those that don't fit, and the fields of forms without a label."""

    texts: frozenset[str]
    cut: frozenset[str]
    unlabeled: frozenset[str]


async def shown_in(page: Page) -> Shown:
    """Read what a tab shows."""
    read = await page.evaluate(_READ)
    return Shown(frozenset(read["texts"]), frozenset(read["cut"]), frozenset(read["unlabeled"]))
