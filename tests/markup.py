"""What every page of the site must hold, whatever stands in it: well-formed, and nothing inline."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "base", "col", "source", "wbr"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.headings: list[int] = []
        self.text: list[str] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        where = f"<{tag}> at line {self.getpos()[0]}"
        if len(found) != len(attrs):
            self.problems.append(f"{where} says an attribute twice")
        if tag not in VOID and tag not in {"path", "polyline", "polygon", "circle"}:
            self.open.append(tag)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "style" or "style" in found or any(name.startswith("on") for name in found):
            self.problems.append(f"{where} has something inline")
        if tag == "script" and not found.get("src") and found.get("type") != "application/ld+json":
            self.problems.append(f"{where} is an inline script")
        if tag in {"img", "base", "object", "embed"}:
            self.problems.append(f"{where} has no place here")
        if any(name.startswith("hx-") for name in found):
            self.problems.append(
                f"{where} has an attribute that HTML does not know: write data-hx-"
            )
        for name in ("href", "src", "action"):
            address = found.get(name) or ""
            if address.partition(":")[0].lower() in {"javascript", "data", "vbscript"}:
                self.problems.append(f"{where} leads to {address[:40]}")
        if tag in {"link", "script", "img", "iframe"} and found.get("rel") != "canonical":
            address = found.get("href") or found.get("src") or ""
            if address and not address.startswith("/"):
                self.problems.append(f"{where} loads {address[:60]}")
        if tag == "label":
            self.labelled.add(found.get("for") or "")
        if tag in {"input", "select", "textarea"} and found.get("type") not in {"hidden", "submit"}:
            self.inputs.append(found | {"_in_label": "yes" if "label" in self.open else None})
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in {"path", "polyline", "polygon", "circle"}:
            self.problems.append(f"</{tag}> at line {self.getpos()[0]} closes {self.open[-1:]}")

    def handle_data(self, data: str) -> None:
        if "script" not in self.open:
            self.text.append(data)


def read(html: str) -> tuple[str, list[str]]:
    """The text of a page as a reader sees it, and what is wrong with the page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    problems = list(reader.problems)
    if not html.startswith("<!doctype html>"):
        problems.append("no doctype")
    if reader.open:
        problems.append(f"never closed: {reader.open}")
    twice = {each for each in reader.ids if reader.ids.count(each) > 1}
    if twice:
        problems.append(f"ids used twice: {sorted(twice)}")
    if reader.headings.count(1) != 1:
        problems.append(f"{reader.headings.count(1)} first headings")
    for field in reader.inputs:
        named = field.get("aria-label") or field["_in_label"] or field.get("id") in reader.labelled
        if not named:
            problems.append(f"a field without a label: {field}")
    return " ".join(" ".join(reader.text).split()), problems
