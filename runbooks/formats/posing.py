"""What a file really is, whatever its name says: an export named .xls may be a web page, a .csv may be RTF."""

from __future__ import annotations

from pathlib import Path

from cutover.core.errors import Invalid, Problem
from cutover.store.documents import read_bytes

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
_MEND_CSV = "open it in the program that made it and save as CSV UTF-8"
_KINDS: tuple[tuple[tuple[bytes, ...], str, str], ...] = (
    ((b"{\\rtf",), "RTF", "open it in a word processor and save as plain text, then name it .csv"),
    ((b"%pdf",), "a PDF", "the sheet the PDF was made of"),
    (
        (ZIP, b"pk\x05\x06"),
        "a ZIP archive or a workbook (XLSX, ODS)",
        "its true name: rename it .xlsx or .ods",
    ),
    (
        (OLE,),
        "a binary Office file (XLS, MPP, DOC)",
        "its true name, .xls for a workbook; else save it as .xlsx",
    ),
    (
        (b"<!doctype html", b"<html", b"<table", b"<head", b"<meta"),
        "a web page (HTML)",
        "open it in Excel and save as .xlsx",
    ),
    (
        (b"<?xml", b"<workbook", b"<project"),
        "XML",
        "MS Project's as .xml; a sheet opened in Excel and saved as .xlsx",
    ),
)


def read_filled(path: Path) -> bytes:
    """The bytes of a file that says anything. Raises Invalid when it is missing, empty or cannot be read."""
    raw = read_bytes(path)
    if not raw.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        raise Invalid(Problem("the file is empty", file=str(path)))
    return raw


def refuse_posing(path: Path, raw: bytes, wanted: str, allowed: bytes = b"") -> None:
    """Raises Invalid when the file begins like another kind than `wanted`; `allowed` is how it may begin."""
    if allowed and raw.startswith(allowed):
        return
    start = raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    for beginnings, what, mend in _KINDS:
        if start.startswith(tuple(b.lower() for b in beginnings)):
            raise Invalid(Problem(f"this is {what}, not {wanted}", str(path), expected=mend))
    if allowed:
        text = b"\x00" not in raw[:1024]
        what = "plain text" if text else "no workbook"
        expected = "its true name: rename it .csv" if text else "a workbook that Excel opens"
        raise Invalid(Problem(f"this is {what}, not {wanted}", str(path), expected=expected))


def decode(path: Path, raw: bytes) -> str:
    """Text of UTF-8, or of UTF-16 with its mark, as Excel's `Unicode Text` is. Raises Invalid for others."""
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and raw.count(b"\x00") * 4 > len(raw):  # UTF-16 that lost its mark, or no text at all
        problem = Problem("this is not text: it is full of NUL bytes", str(path), expected=_MEND_CSV)
        raise Invalid(problem)
    try:
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide:
            raise Invalid(Problem("not UTF-16 to its end", str(path), expected=_MEND_CSV)) from error
        line = raw[: error.start].count(b"\n") + 1
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        expected = "a UTF-8 file: save it again as CSV UTF-8"
        raise Invalid(Problem(what, str(path), line, expected=expected)) from error
