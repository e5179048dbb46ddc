"""What any XML parser could be hurt by is refused before a format module sees it; the oracles are the known attacks."""

import pytest

from elvmass_core.errors import LimitError, UnreadableError, UnsupportedError
from elvmass_core.io.xml_guard import MAX_DEPTH, MAX_ELEMENTS, checked_root, pruned

BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><lolz>&lol3;</lolz>"""


@pytest.mark.parametrize(
    "document",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://localhost/x.dtd"> %p;]><a/>',
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "' + b"x" * 1000 + b'">]><a/>',
        b"<!DOCTYPE a [<!ELEMENT a ANY>]><a/>",
        b'<!DOCTYPE a SYSTEM "a.dtd" [<!ENTITY e "x">]><a>&e;</a>',
        b'<!DOCTYPE a SYSTEM "a.dtd"><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    ],
)
def test_entities_and_internal_document_types_are_refused_in_any_encoding(document):
    for content in (document, document.decode().encode("utf-16")):
        with pytest.raises(UnsupportedError, match="document type or entities"):
            checked_root(content)


def test_a_bare_document_type_is_allowed_and_the_file_it_names_is_never_opened(tmp_path):
    definition = tmp_path / "restecg.dtd"
    definition.write_text('<!ENTITY secret "SECRET">')
    head = f'<?xml version="1.0"?>\n<!DOCTYPE RestingECG SYSTEM "{definition}">\n'
    assert checked_root(f"{head}<RestingECG><a>1</a></RestingECG>".encode()).findtext("a") == "1"
    with pytest.raises(UnreadableError):
        checked_root(f"{head}<RestingECG>&secret;</RestingECG>".encode())
    assert checked_root(b'<!DOCTYPE a PUBLIC "-//X//EN" "http://localhost/a.dtd"><a/>').tag == "a"


def test_depth_is_allowed_up_to_the_limit_and_refused_beyond_it():
    assert checked_root(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).tag == "a"
    for depth in (MAX_DEPTH + 1, 10_000, 1_000_000):
        with pytest.raises(LimitError, match=r"deep|elements"):
            checked_root(b"<a>" * depth + b"</a>" * depth)


@pytest.mark.usefixtures("in_a_childs_time")
def test_too_many_elements_are_refused_at_once():
    for n_elements in (MAX_ELEMENTS, 2_000_000):
        with pytest.raises(LimitError, match="elements"):
            checked_root(b"<r>" + b"<a/>" * n_elements + b"</r>")


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "windows-1252"]
)
def test_a_document_is_the_same_in_every_encoding_that_is_known(codec):
    declared = codec.replace("-sig", "").removesuffix("-le").removesuffix("-be")
    content = f'<?xml version="1.0" encoding="{declared}"?><a><b>µV é</b></a>'.encode(codec)
    assert checked_root(content).findtext("b") == "µV é"


def test_what_contradicts_its_declared_encoding_loses_words_but_no_digits():
    assert checked_root(b'<?xml version="1.0" encoding="UTF-16"?><a>1 2</a>').text == "1 2"
    assert checked_root('<?xml version="1.0" encoding="UTF-8"?><a n="é">3 4</a>'.encode("iso-8859-1")).text == "3 4"
    assert checked_root('<?xml version="1.0" encoding="gb2312"?><a>窦性 5</a>'.encode("gb18030")).text == "窦性 5"


@pytest.mark.parametrize(
    ("content", "error", "word"),
    [
        (b"", UnreadableError, "damaged"),
        (b"<a><b></a>", UnreadableError, "damaged"),
        (b"<a>", UnreadableError, "cut off"),
        (b"<a>\x01</a>", UnreadableError, "damaged"),
        (b"<a>1\x002</a>", UnreadableError, "no text"),
        (b"<a>&unknown;</a>", UnreadableError, "damaged"),
        (b'<?xml version="1.0" encoding="rot13"?><a/>', UnreadableError, "encoding"),
        ("<a/>".encode("utf-32"), UnsupportedError, "UTF-32"),
    ],
)
def test_what_is_no_xml_is_refused_in_a_sentence(content, error, word):
    with pytest.raises(error, match=word):
        checked_root(content)


def test_namespaces_are_taken_off_tags_and_attributes():
    root = checked_root(b'<p:a xmlns:p="urn:x" xmlns="urn:y" p:k="1"><b/></p:a>')
    assert (root.tag, root.get("k"), root[0].tag) == ("a", "1", "b")


def test_pruning_keeps_allowed_elements_only_and_no_dates():
    root = checked_root(b'<a date="2020-01-01" k="1"><b time="10:00">x<name>N</name></b><name>N<b/></name></a>')
    copy = pruned(root, frozenset({"b"}))
    assert (copy.attrib, [child.tag for child in copy], copy[0].attrib, len(copy[0])) == ({"k": "1"}, ["b"], {}, 0)
