"""Harm whole files as their kind of file is built: a value of another type, a chunk too long, a name that leads out."""

import io
import json
import pickle
import struct
import zipfile
import zlib

import yaml

VALUES = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    -(10**30),
    0.5,
    1e300,
    "",
    "x",
    "none",
    "../x",
    "/etc/passwd",
    "a;b",
    "$(touch x)",
    "${threads}",
    "-x",
    "a\nb",
    "\0",
    "x" * 5000,
    "1e5",
    "nan",
    "2024-01-01",
    [],
    {},
    [1],
    [[]],
    {"a": 1},
    [None] * 300,
    {"": ""},
    "\N{BELL}",
    "<script>",
    "{x.__class__}",
    "{x:999999999d}",
    "{",
    "\u202e",
    "\x85",
)
"""What stands in a value's place, or a key's, once it is text."""
YAML = (
    "2024-13-45",
    "!!int x",
    "!!float x",
    "!!binary x",
    "!!python/object/apply:os.system [touch x]",
    "&a [*a]",
    "*none",
    "1:30",
    "0b1",
    "010",
    "1_0",
    ".inf",
    ".nan",
    "0x" + "f" * 900,
    "9" * 5000,
    "!!set {a}",
    "!!omap [a: 1]",
    "!!timestamp x",
    "<<: {a: 1}",
    "=",
    "!!value =",
    "'",
    '"',
    "\t",
    "%YAML 9.9",
    "---",
    "&a !!str",
    "[" * 250,
    "? " * 300,
    "\ufeff",
    "\x00",
    "&b [x,x,x,x,x,x,x,x,x,x], &c [*b,*b,*b,*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c,*c,*c,*c]",
    "| ",
    "yes",
    "~",
    "2024-01-01",
)
JSON = (
    "NaN",
    "Infinity",
    "1e999",
    "-0",
    "1E400",
    '"\\ud800"',
    "9" * 5000,
    "[" * 3000,
    '{"a":' * 3000,
    "nul",
    "'a'",
    "01",
    '{"a":1,"a":2}',
    "",
    ",",
    "}",
    "\x00",
    "\ufeff",
)
CELLS = (
    "",
    "NA",
    "nan",
    "inf",
    "-inf",
    "1,5",
    "1e400",
    "9" * 40,
    "-1",
    "0x10",
    "../x",
    "/x",
    "a;b",
    "\0",
    '"',
    '"a\nb"',
    "x" * 5000,
    "\u0661",
    "1_0",
    " 1",
    "True",
    "true",
    "=1+1",
    "..",
    ".",
    "a/b",
    "\ufeff",
    "\x85",
    "1" * 4400,
    "\ud7ff",
    "\u202e",
)
BYTES = (
    b"\xff" * 4,
    b"\0" * 8,
    b"\x7f\xff\xff\xff",
    b"\x80",
    b"PK\x05\x06",
    b"[[[[",
    b"\n\n",
    b'"',
    b"\xff" * 8,
    b"\0\0\x01",
    b"-1",
    b"\xfe\xff",
    b"\x80\x04",
    b"c__builtin__\neval\n",
    b"\xc3\x28",
    b"9" * 20,
    b"\r",
    b"{",
)


def harm(form, whole, steps):
    """Return whole changed by steps, each three numbers; the last of them may be of bytes, whatever the form."""
    for kind, where, what in steps:
        change = _FORMS.get(form, _bytes) if kind % 4 else _bytes
        try:
            whole = change(whole, kind // 4, where, what)
        except (
            ValueError,
            KeyError,
            struct.error,
            zipfile.BadZipFile,
            yaml.YAMLError,
            EOFError,
            RecursionError,
            ZeroDivisionError,
            OverflowError,
            NotImplementedError,
            AttributeError,
            TypeError,
            IndexError,
            zlib.error,
        ):
            whole = _bytes(whole, kind // 4, where, what)  # it is no such file any more
    return whole


def _bytes(whole, kind, where, what):
    at, new = where % (len(whole) + 1), BYTES[what % len(BYTES)]
    length = 1 + what % 64
    return (
        whole[:at] + bytes([whole[at] ^ 1 << what % 8]) + whole[at + 1 :] if at < len(whole) else whole,
        whole[:at] + new + whole[at + len(new) :],
        whole[:at] + new + whole[at:],
        whole[:at],
        whole[:at] + whole[at + length :],
        whole[:at] + whole[at : at + length] * (1 + what % 40) + whole[at + length :],
    )[kind % 6]


def _places(tree):
    """Every container and key in a tree of mappings and lists."""
    todo, found = [tree], []
    while todo:
        node = todo.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            found.append((node, key))
            todo.append(node[key])
    return found


_MARK = "fuzz-fragment"


def _tree(tree, kind, where, what):
    """Change a tree in place; returns it, or what takes its place."""
    places = _places(tree)
    if not places:
        return VALUES[what % len(VALUES)]
    node, key = places[where % len(places)]
    value = VALUES[what % len(VALUES)]
    match kind % 7:
        case 0 | 1:
            node[key] = value
        case 2:
            del node[key]
        case 3 if isinstance(node, dict):
            node[str(value)] = node.pop(key)
        case 4:
            node[key] = [node[key]] * (what % 3)
        case 5:
            node[key] = {"a": node[key]}
        case _:
            node[key] = _MARK
    return tree


def _yaml(whole, kind, where, what):
    if b"*" in whole:  # aliases, which writing them out again would make many
        return _bytes(whole, kind, where, what)
    tree = _tree(yaml.safe_load(whole), kind, where, what)
    return yaml.safe_dump(tree, sort_keys=False).replace(_MARK, YAML[what % len(YAML)]).encode("utf-8", "replace")


def _json(whole, kind, where, what):
    text = json.dumps(_tree(json.loads(whole), kind, where, what))
    return text.replace(f'"{_MARK}"', JSON[what % len(JSON)]).encode("utf-8", "replace")


def _csv(whole, kind, where, what):
    rows = [line.split(",") for line in whole.decode("utf-8", "replace").split("\n")]
    row = rows[where % len(rows)]
    column, cell = (where // len(rows)) % len(row), CELLS[what % len(CELLS)]
    match kind % 7:
        case 0 | 1 | 2:
            row[column] = cell
        case 3:
            rows.insert(where % len(rows), list(row))
        case 4:
            for each in rows:
                del each[column % len(each) : column % len(each) + 1]
        case 5:
            row.insert(column, cell)
        case 6:
            rows[0][column % len(rows[0])] = cell
    return "\n".join(map(",".join, rows)).encode("utf-8", "replace")


NAMES = (
    "../x.png",
    "/x.png",
    "GOPRO/../../x/blur/1.png",
    "GOPRO/v/blur/\0.png",
    "C:\\x",
    "a\\..\\..\\x",
    "GOPRO/v/blur/" + "n" * 300 + ".png",
    "",
    "GOPRO/v/blur/1.png",
    "archive/data.pkl",
    "archive/data/0",
    "GOPRO/v/blur/\n.png",
    "x" * 60000,
)


def _zip(whole, kind, where, what):
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = [(member, archive.read(member)) for member in archive.infolist()]
    at = where % len(members)
    member, content = members[at]
    match kind % 6:
        case 0:
            member.filename = NAMES[what % len(NAMES)]
        case 1:
            members[at] = member, _bytes(content, what, where // 7, what // 6)
        case 2:
            members[at] = member, b"\0" * (1 << what % 23)
            member.compress_type = zipfile.ZIP_DEFLATED
        case 3:
            del members[at]
        case 4:
            members.append(members[at])
        case 5:
            member.external_attr = what << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member, content in members:
            archive.writestr(member, content)
    return out.getvalue()


class _Calls:
    def __init__(self, function, *arguments):
        self._call = function, arguments

    def __reduce__(self):
        return self._call


def hostile_pickles(canary):
    """Pickles that would touch the file canary, and others that ask for time or memory."""
    import os

    deep = b"]" * 30000 + b"a" * 29999
    yield from (pickle.dumps(_Calls(os.system, f"touch {canary}"), protocol) for protocol in (0, 2, 4))
    yield pickle.dumps({"a": _Calls(eval, f"open({str(canary)!r}, 'w')")}, 2)
    yield pickle.dumps(_Calls(open, str(canary), "w"), 2)
    yield b"\x80\x02" + deep + b"."
    yield b"\x80\x02X\xff\xff\xff\x7f."
    yield b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"."
    yield b"\x80\x02\x8b\xff\xff\xff\x7f."
    yield b"\x80\x02" + b"]q\0h\0a" * 20000 + b"."
    yield b"\x80\x02cposix\nsystem\n(X\x01\0\0\0atR."
    yield b"\x80\x04\x8c\x05posix\x8c\x06system\x93."
    yield b"\x80\x02K\x01" + b"0K\x01" * 2_000_000 + b"."


def _pickle(whole, kind, where, what):
    if kind % 3:
        return _zip(whole, kind // 3, where, what)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = [(member, archive.read(member)) for member in archive.infolist()]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member, content in members:
            if member.filename.endswith("data.pkl"):
                content = _bytes(content, kind // 3, where, what)
            archive.writestr(member, content)
    return out.getvalue()


def _safetensors(whole, kind, where, what):
    (length,) = struct.unpack_from("<Q", whole)
    header, rest = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    own = json.loads(header.get("__metadata__", {}).get("pvdbench", "{}"))
    if kind % 2 and own:
        header["__metadata__"]["pvdbench"] = _json(json.dumps(own).encode(), kind // 2, where, what).decode()
        text = json.dumps(header).encode()
    else:
        text = _json(json.dumps(header).encode(), kind // 2, where, what)
    return struct.pack("<Q", len(text)) + text + rest


_CHUNKS = (
    (b"tEXt", b"a\0" + b"x" * 2_000_000),
    (b"zTXt", b"a\0\0" + zlib.compress(b"\0" * (1 << 25))),
    (b"iCCP", b"a\0\0" + zlib.compress(b"\0" * 9999)),
    (b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"),
    (b"acTL", b"\0\0\0\x09\0\0\0\0"),
    (b"tRNS", b"\0" * 6),
    (b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"\0" * (1 << 25))),
    (b"PLTE", b"\0" * 7),
    (b"IDAT", b""),
    (b"IEND", b""),
    (b"gAMA", b"\0"),
    (b"fcTL", b"\0" * 26),
    (b"eXIf", b"\xff" * 40),
    (b"cHRM", b"\xff" * 32),
    (b"pHYs", b"\0" * 9),
    (b"ABCD", b"x"),
)


def _png(whole, kind, where, what):
    chunks, at = [], 8
    while at + 12 <= len(whole):
        length, name = struct.unpack_from(">I4s", whole, at)
        chunks.append((name, whole[at + 8 : at + 8 + length]))
        at += 12 + length
    at = where % len(chunks)
    match kind % 5:
        case 0:
            chunks.insert(at, _CHUNKS[what % len(_CHUNKS)])
        case 1:
            name, content = chunks[at]
            chunks[at] = name, _bytes(content, what, where, what // 6)
        case 2:
            del chunks[at]
        case 3:
            chunks.append(chunks.pop(at))
        case 4:
            sizes = (0, 1, 2**31 - 1, 9000, 64, 65536)
            head = struct.pack(
                ">IIBBBBB",
                sizes[what % 6],
                sizes[where % 6],
                (8, 16, 1, 3)[what % 4],
                (2, 0, 6, 3)[where % 4],
                0,
                0,
                what % 3,
            )
            chunks[0] = b"IHDR", head
    packed = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return whole[:8] + b"".join(packed)


_FORMS = {
    "yaml": _yaml,
    "json": _json,
    "csv": _csv,
    "zip": _zip,
    "pickle": _pickle,
    "safetensors": _safetensors,
    "png": _png,
}
