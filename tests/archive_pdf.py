"""Does a PDF keep ISO 19005-2 level A: its clauses read off the file by another library than the one that wrote it.

No free validator can be installed as a package, so the clauses a printed document of ours could break are checked one
by one: file structure 6.1, colours, graphics and fonts 6.2, annotations 6.3, actions 6.5, metadata 6.6, tags 6.7,
attached files 6.8, and what the catalogue must not hold 6.10 and 6.11. Widths are compared with the font programs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pikepdf
from fontTools.ttLib import TTFont

BLENDS = {"Normal", "Compatible", "Multiply", "Screen", "Overlay", "Darken", "Lighten", "ColorDodge", "ColorBurn", "HardLight", "SoftLight", "Difference", "Exclusion", "Hue", "Saturation", "Color", "Luminosity"}  # fmt: skip
ACTIONS = {"/GoTo", "/GoToR", "/GoToE", "/Thread", "/URI", "/Named", "/SubmitForm"}  # what 6.5.1 leaves
TAGS = {"/Document", "/Part", "/Art", "/Sect", "/Div", "/BlockQuote", "/Caption", "/TOC", "/TOCI", "/Index", "/NonStruct", "/Private", "/P", "/H", "/H1", "/H2", "/H3", "/H4", "/H5", "/H6", "/L", "/LI", "/Lbl", "/LBody", "/Table", "/TR", "/TH", "/TD", "/THead", "/TBody", "/TFoot", "/Span", "/Quote", "/Note", "/Reference", "/BibEntry", "/Code", "/Link", "/Annot", "/Ruby", "/RB", "/RT", "/RP", "/Warichu", "/WT", "/WP", "/Figure", "/Formula", "/Form"}  # fmt: skip
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
PRINTED = 4  # annotation flag; hidden, no view and toggled view are 2, 32 and 256
UNSEEN = 1 | 2 | 32 | 256
DEEPEST = 28  # saved graphics states
SHOWS = ("Tj", "TJ", "'", '"')
Faults = Iterator[str]
Drawn = list[tuple[list[Any], str]]


def faults(content: bytes) -> list[str]:
    """Every breach found, by clause; empty for a document that keeps the standard as far as this reads it."""
    try:
        pdf = pikepdf.open(io.BytesIO(content))
    except pikepdf.PdfError as error:
        return [f"6.1: cannot be opened: {error}"]
    with pdf:
        return [*_structure(content, pdf), *(said for check in CHECKS for said in check(pdf))]


def _structure(content: bytes, pdf: pikepdf.Pdf) -> Faults:
    head = content.split(b"\n", 2)
    if (
        not content.startswith(b"%PDF-1.")
        or not head[1].startswith(b"%")
        or sum(b > 127 for b in head[1]) < 4
    ):
        yield "6.1.2: no header with its line of binary"
    if not content.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "6.1.3: something follows the end"
    if "/ID" not in pdf.trailer:
        yield "6.1.3: no identifier"
    if pdf.is_encrypted or "/Encrypt" in pdf.trailer:
        yield "6.1.3: encrypted"


def _streams(pdf: pikepdf.Pdf) -> Faults:
    for stream in (o for o in pdf.objects if isinstance(o, pikepdf.Stream)):
        if stream.keys() & {"/F", "/FFilter", "/FDecodeParms"}:
            yield "6.1.7.1: a stream lies outside the file"
        if {"/LZWDecode", "/Crypt"} & set(_names(stream.get("/Filter"))):
            yield "6.1.7.2: a filter that is barred"


def _catalogue(pdf: pikepdf.Pdf) -> Faults:
    barred = {"/Requirements": "6.11", "/AA": "6.5.2", "/AcroForm": "6.4", "/Collection": "6.8"}
    yield from (f"{clause}: {key} in the catalogue" for key, clause in barred.items() if key in pdf.Root)
    names = pdf.Root.get("/Names", {})
    yield from (
        f"6.8, 6.10, 6.5: {k} in the names"
        for k in ("/EmbeddedFiles", "/AlternatePresentations", "/JavaScript")
        if k in names
    )
    if "/OCProperties" in pdf.Root:
        yield "6.9: optional content"


def _intent(pdf: pikepdf.Pdf) -> Faults:
    ours = [i for i in pdf.Root.get("/OutputIntents", []) if i.get("/S") == "/GTS_PDFA1"]
    if len(ours) != 1 or "/DestOutputProfile" not in ours[0]:
        yield "6.2.3: not one output intent with its profile"
        return
    profile = ours[0].DestOutputProfile
    icc = profile.read_bytes()
    space = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}.get(icc[16:20])
    if icc[36:40] != b"acsp" or icc[8] > 4 or icc[12:16] not in (b"mntr", b"prtr") or space != profile.N:
        yield "6.2.3: the profile of the output intent is none"


def _graphics(pdf: pikepdf.Pdf) -> Faults:
    for one in (o for o in pdf.objects if isinstance(o, pikepdf.Dictionary | pikepdf.Stream)):
        if one.get("/Subtype") == "/Image" and (
            one.get("/Interpolate", False) or one.keys() & {"/Alternates", "/OPI"}
        ):
            yield "6.2.8: an image that is interpolated, or has another"
        if one.get("/Subtype") == "/PS" or (
            one.get("/Subtype") == "/Form" and one.keys() & {"/OPI", "/Ref", "/PS"}
        ):
            yield "6.2.9: PostScript or a reference"
        if "/BM" in one and not {str(n)[1:] for n in _names(one.BM)} <= BLENDS:
            yield "6.2.10: an unknown blend mode"
        if one.get("/Type") == "/ExtGState" and (
            "/TR" in one or one.get("/TR2", "/Default") != "/Default" or "/HTP" in one
        ):
            yield "6.2.5: a transfer function"


def _content(pdf: pikepdf.Pdf) -> Faults:
    """Each page as it is drawn: colours of the intent, resources that are there, text that is tagged or an artefact."""
    for number, page in enumerate(pdf.pages, 1):
        drawn = [(list(operands), str(operator)) for operands, operator in pikepdf.parse_content_stream(page)]
        yield from (
            f"{said.replace('PAGE', f'page {number}')}" for said in (*_colours(drawn), *_shown(page, drawn))
        )


def _colours(drawn: Drawn) -> Faults:
    depth = 0
    for operands, name in drawn:
        depth += {"q": 1, "Q": -1}.get(name, 0)
        if depth > DEEPEST:
            yield "6.1.13: PAGE saves its state too deeply"
        if name in ("k", "K") or (name in ("cs", "CS") and operands[0] == "/DeviceCMYK"):
            yield "6.2.4.3: PAGE is coloured for a press, its intent is a screen's"


def _shown(page: Any, drawn: Drawn) -> Faults:
    fonts, font, marked = page.get("/Resources", {}).get("/Font", {}), None, 0
    for operands, name in drawn:
        marked += {"BMC": 1, "BDC": 1, "EMC": -1}.get(name, 0)
        if name == "Tf":
            font = fonts.get(operands[0])
            if font is None:
                yield "6.2.2: PAGE names a font that it has not"
        elif name in SHOWS:
            if not marked:
                yield "6.7.2: PAGE shows text that is neither tagged nor an artefact"
            if font is not None and font.Subtype == "/Type0" and 0 in _codes(operands[-1]):
                yield "6.2.11.8: PAGE shows a glyph that is none"


def _fonts(pdf: pikepdf.Pdf) -> Faults:
    for font in (o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Font"):
        name = str(font.get("/BaseFont", "a font"))
        if font.Subtype in ("/Type0", "/Type3", "/TrueType", "/Type1") and "/ToUnicode" not in font:
            yield f"6.2.11.7: {name} does not say its letters"
        if font.Subtype == "/Type0" and font.Encoding not in ("/Identity-H", "/Identity-V"):
            yield f"6.2.11.3: {name} has an encoding of elsewhere"
        if font.Subtype == "/CIDFontType2" and "/CIDToGIDMap" not in font:
            yield f"6.2.11.3: {name} has no map to its glyphs"
        if font.Subtype not in ("/Type0", "/Type3"):
            yield from _embedded(font, name)


def _embedded(font: Any, name: str) -> Faults:
    descriptor = font.get("/FontDescriptor", {})
    programs = [descriptor[k] for k in ("/FontFile", "/FontFile2", "/FontFile3") if k in descriptor]
    if len(programs) != 1:
        yield f"6.2.11.4: {name} is not embedded"
    elif font.Subtype == "/CIDFontType2":
        program = TTFont(io.BytesIO(programs[0].read_bytes()), lazy=True)
        widths, scale = program["hmtx"].metrics, 1000 / program["head"].unitsPerEm
        true = [widths[glyph][0] * scale for glyph in program.getGlyphOrder()]
        off = [cid for cid, said in _widths(font.W).items() if cid >= len(true) or abs(true[cid] - said) > 1]
        if off:
            yield f"6.2.11.5: {name}: the widths of {len(off)} glyphs are not its program's"


def _annotations(pdf: pikepdf.Pdf) -> Faults:
    for number, page in enumerate(pdf.pages, 1):
        if "/AA" in page:
            yield f"6.5.2: page {number} acts by itself"
        for note in page.get("/Annots", []):
            flags = int(note.get("/F", 0))
            if note.Subtype in ("/3D", "/Sound", "/Screen", "/Movie"):
                yield f"6.3.1: page {number} has a {note.Subtype}"
            if note.Subtype != "/Popup" and (not flags & PRINTED or flags & UNSEEN):
                yield f"6.3.2: page {number} has an annotation that is not printed"
            if note.Subtype not in ("/Link", "/Popup") and "/AP" not in note:
                yield f"6.3.3: page {number} has an annotation without its appearance"


def _actions(pdf: pikepdf.Pdf) -> Faults:
    acting = [pdf.Root.OpenAction] if isinstance(pdf.Root.get("/OpenAction"), pikepdf.Dictionary) else []
    acting += [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Action"]
    acting += [note.A for page in pdf.pages for note in page.get("/Annots", []) if "/A" in note]
    yield from (f"6.5.1: an action {a.S}" for a in acting if str(a.get("/S", "/GoTo")) not in ACTIONS)


def _metadata(pdf: pikepdf.Pdf) -> Faults:
    if "/Metadata" not in pdf.Root:
        yield "6.6.2.1: no metadata"
        return
    try:
        tree = ET.fromstring(pdf.Root.Metadata.read_bytes().decode())
    except (ET.ParseError, UnicodeDecodeError) as error:
        yield f"6.6.2.1: metadata that is no XML: {error}"
        return
    said = [(tree.findtext(f".//{PDFAID}{k}"), want) for k, want in (("part", "2"), ("conformance", "A"))]
    if any(found != want for found, want in said):
        yield f"6.6.4: says it is PDF/A-{''.join(str(found) for found, _ in said)}"
    title = tree.findtext(f".//{{http://purl.org/dc/elements/1.1/}}title/{RDF}Alt/{RDF}li")
    if "/Title" in pdf.docinfo and str(pdf.docinfo.Title) != title:
        yield "6.6.3: two titles"


def _tags(pdf: pikepdf.Pdf) -> Faults:
    if not pdf.Root.get("/MarkInfo", {}).get("/Marked", False):
        yield "6.7.2.2: not marked as tagged"
    if not str(pdf.Root.get("/Lang", "")):
        yield "6.7.4: no language"
    root = pdf.Root.get("/StructTreeRoot")
    if root is None or "/K" not in root:
        yield "6.7.3: no structure"
        return
    roles = root.get("/RoleMap", {})
    for one in (
        o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/S" in o and "/P" in o and "/K" in o
    ):
        if str(roles.get(one.S, one.S)) not in TAGS:
            yield f"6.7.3.4: a tag {one.S} that nobody knows"
        if one.S in ("/Figure", "/Formula") and not (
            str(one.get("/Alt", "")) or str(one.get("/ActualText", ""))
        ):
            yield "6.7.5: a picture without a word for it"


def _names(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, pikepdf.Array) else [str(value)]


def _codes(shown: Any) -> Iterator[int]:
    for part in shown if isinstance(shown, pikepdf.Array) else [shown]:
        if isinstance(part, pikepdf.String):
            raw = bytes(part)
            yield from (int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw) - 1, 2))


def _widths(array: Any) -> dict[int, float]:
    """CID to width, from `c [w w]` and `first last w` (ISO 32000-1, 9.7.4.3)."""
    found: dict[int, float] = {}
    items = list(array)
    while items:
        first, second = int(items.pop(0)), items.pop(0)
        if isinstance(second, pikepdf.Array):
            found |= {first + n: float(w) for n, w in enumerate(second)}
        else:
            found |= dict.fromkeys(range(first, int(second) + 1), float(items.pop(0)))
    return found


CHECKS: tuple[Callable[[pikepdf.Pdf], Faults], ...] = (
    _streams, _catalogue, _intent, _graphics, _content, _fonts, _annotations, _actions, _metadata, _tags,
)  # fmt: skip
