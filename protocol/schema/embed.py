#!/usr/bin/env python3
"""Turns tables/*.json into one C++ file of constexpr arrays. Run by the build.

    python3 embed.py OUTPUT TABLE.json...

Everything refers to everything else by index, and to text by its place in one string: nothing is parsed or relocated
when the program starts, and its processes share the memory. The records are those of
include/pomona/protocol/schema/tables.hpp. Standard library only.
"""
import json
import sys

AREAS = ["command", "checkin", "error", "profile", "declaration", "status", "other"]
TYPES = ["string", "integer", "real", "boolean", "date", "data", "array", "dictionary", "any"]
SHAPES = {"sub": "dictionary", "el": "array", "union": "any_of", "enumOf": "names"}
FORMATS = ["none", "uuid", "https", "mac-address", "organization-identifier", "six-digits"]
FORMS = ["none", "url", "hostname", "email"]
COMBINE = ["none", "boolean-or", "boolean-and", "number-min", "number-max", "enum-first", "enum-last", "first",
           "array-append", "set-union", "set-intersection"]
KINDS = ["none", "base", "activation", "configuration", "asset", "credential", "management", "protocol", "envelope"]
APPLY = ["none", "single", "multiple", "combined"]
CHANNELS = {None: 0, "D": 1, "U": 2, "DU": 3}
USER_ENROLLMENT = {None: 0, "yes": 1, "no": 2, "only": 3, "ignored": 4}
NEEDS = {"supervised": 1, "ade": 2, "user-approved": 4}
ENROLLMENTS = {"supervised": 1, "device": 2, "user": 4, "local": 8}
SCOPES = {"system": 1, "user": 2}
NODE_FIELDS = {"k", "wild", "t", "req", "vals", "min", "max", "def", "re", "form", "n", "len", "asset", "mime", "comb",
               "os", "chan", "ue", "needs", "right", "enrol", "scope", "multiple", "manual", "skippable", "sub", "el",
               "union", "enumOf", "ref", "ov", "single"}
ENTRY_FIELDS = {"type", "kind", "os", "right", "chan", "ue", "needs", "enrol", "scope", "multiple", "manual",
                "skippable", "apply", "req", "keys", "ans", "reasons", "ov"}
NONE = 0xffff


class Blob:
    def __init__(self):
        self.text, self.at = "", {}

    def put(self, text):
        raw = text.encode("utf-8").decode("latin-1")
        if raw not in self.at:
            self.at[raw] = self.text.find(raw)
            if self.at[raw] < 0:
                self.at[raw] = len(self.text)
                self.text += raw
        return f"{{{self.at[raw]}, {len(raw)}}}"

    def literal(self):
        out = []
        for start in range(0, len(self.text), 96):
            piece = "".join(c if 32 <= ord(c) < 127 and c not in '\\"?' else f"\\{ord(c):03o}"
                            for c in self.text[start:start + 96])
            out.append(f'    "{piece}"')
        return "\n".join(out)


def version(text):
    if text is None:
        return 0
    parts = [int(p) for p in text.split(".")] + [0, 0]
    return parts[0] << 16 | parts[1] << 8 | parts[2]


def bits(names, given):
    return sum(names[n] for n in given)


class Tables:
    def __init__(self):
        self.blob = Blob()
        self.nodes, self.values, self.extras, self.entries, self.reasons, self.areas = [], [], [], [], [], []

    def value(self, v):
        if isinstance(v, bool):
            return f"{{value_kind::boolean, {int(v)}, 0, {{}}}}"
        if isinstance(v, int):
            return f"{{value_kind::integer, {v}, 0, {{}}}}"
        if isinstance(v, float):
            return f"{{value_kind::real, 0, {v!r}, {{}}}}"
        return f"{{value_kind::text, 0, 0, {self.blob.put(v)}}}"

    def list_of(self, given):
        first = len(self.values)
        self.values += [self.value(v) for v in given]
        return f"{{{first if given else 0}, {len(given)}}}"

    def extra(self, n):
        if not any(f in n for f in ("min", "max", "re", "form", "n", "len", "asset", "mime", "comb")):
            return NONE
        limit = [repr(float(n[k])) if k in n else ("-unbounded" if k == "min" else "unbounded") for k in ("min", "max")]
        repeat = n.get("n", [0, "unlimited"])
        length = n.get("len", [0, "unlimited"])
        self.extras.append(
            f"{{{limit[0]}, {limit[1]}, {repeat[0]}, {repeat[1]}, {length[0]}, {length[1]}, "
            f"{self.list_of(n.get('asset', []))}, {self.list_of(n.get('mime', []))}, "
            f"static_cast<text_format>({FORMATS.index(n.get('re', 'none'))}), "
            f"static_cast<text_form>({FORMS.index(n.get('form', 'none'))}), "
            f"static_cast<combination>({COMBINE.index(n.get('comb', 'none'))})}}")
        return len(self.extras) - 1

    def record(self, n, order, children, shape):
        for field in n:
            if field not in NODE_FIELDS | ENTRY_FIELDS:
                sys.exit(f"embed.py: the field {field!r} is not known")
        os = n.get("os", {})
        right = n.get("right")
        right = NONE if right is None else 0xfffe if right == "query" else right
        flags = sum(bit for bit, f in ((1, "req"), (2, "wild"), (4, "ov"), (8, "single")) if n.get(f))
        needs = bits(NEEDS, n["needs"]) if "needs" in n else 0
        default = NONE
        values = self.list_of(n.get("vals", []))
        if "def" in n:
            default = len(self.values)
            self.values.append(self.value(n["def"]))
        yes_no = [0 if f not in n else 1 if n[f] else 2 for f in ("multiple", "manual", "skippable")]
        return (f"{{{self.blob.put(n.get('k', ''))}, {version(os.get('since'))}, {version(os.get('dep'))}, "
                f"{version(os.get('gone'))}, {children[0]}, {children[1]}, {order}, {values}, {default}, "
                f"{self.extra(n)}, {right}, static_cast<value_type>({TYPES.index(n.get('t', 'string'))}), "
                f"shape_kind::{shape}, {CHANNELS[n.get('chan')]}, {USER_ENROLLMENT[n.get('ue')]}, {needs}, {flags}, "
                f"{bits(ENROLLMENTS, n.get('enrol', []))}, {bits(SCOPES, n.get('scope', []))}, "
                f"{yes_no[0]}, {yes_no[1]}, {yes_no[2]}}}")

    def place(self, given, pointer, seen):
        """The nodes of one list, sorted by name (free keys first: they have none), and then what is below them."""
        if len(given) > 255:
            sys.exit(f"embed.py: {len(given)} keys at {pointer}")
        first = len(self.nodes)
        order = sorted(range(len(given)), key=lambda i: given[i].get("k", "").encode())
        self.nodes += [None] * len(given)
        for at, i in enumerate(order):
            n = given[i]
            children, shape = self.below(n, f"{pointer}/{i}", seen, first + at)
            self.nodes[first + at] = self.record(n, i, children, shape)
        return first, len(given)

    def below(self, n, pointer, seen, place):
        if "ref" in n:
            seen.setdefault("refs", []).append((place, n, pointer))
            return ("REF", n["ref"]), "dictionary" if n["t"] == "dictionary" else "array"
        for field, shape in SHAPES.items():
            if field not in n:
                continue
            below = {"sub": n.get("sub"), "enumOf": n.get("enumOf"), "el": [n["el"]] if "el" in n else None,
                     "union": n["union"]["of"] if "union" in n else None}[field]
            at = f"{pointer}/{field}" + ("/of" if field == "union" else "")
            if field == "el":  # the pointer of an element has no number
                children = self.element(n["el"], at, seen)
            else:
                children = self.place(below, at, seen)
            seen[pointer] = (children, shape)
            return children, shape
        return (0, 0), "none"

    def element(self, n, pointer, seen):
        first = len(self.nodes)
        self.nodes.append(None)
        children, shape = self.below(n, pointer, seen, first)
        self.nodes[first] = self.record(n, 0, children, shape)
        return first, 1

    def section(self, entry, names):
        for name in names:
            if name in entry:
                seen = {}
                placed = self.place(entry[name], f"/{name}", seen)
                for at, n, _ in seen.get("refs", []):  # back to a node that stands around this one
                    children, _ = seen[n["ref"]]
                    self.nodes[at] = self.nodes[at].replace(f"REF, {n['ref']}", f"{children[0]}, {children[1]}")
                return placed
        return 0, 0

    def entry(self, name, e):
        for field in e:
            if field not in ENTRY_FIELDS:
                sys.exit(f"embed.py: the field {field!r} of {name} is not known")
        first_reason = len(self.reasons)
        for r in e.get("reasons", []):
            self.reasons.append(f"{{{self.blob.put(r['code'])}, {self.list_of([d['k'] for d in r.get('details', [])])}}}")
        keys, answer = self.section(e, ("req", "keys")), self.section(e, ("ans",))
        root = self.record({**{k: v for k, v in e.items() if k not in ("type", "kind", "apply")}, "k": name,
                            "t": "dictionary"}, 0, keys, "dictionary")
        self.entries.append(
            f"{{{root}, {self.blob.put(e.get('type', name))}, {answer[0]}, {answer[1]}, {first_reason}, "
            f"{len(self.reasons) - first_reason}, static_cast<entry_kind>({KINDS.index(e.get('kind', 'none'))}), "
            f"static_cast<application>({APPLY.index(e.get('apply', 'none'))})}}")

    def area(self, table):
        first = len(self.entries)
        entries = table["entries"]
        for name in sorted(entries, key=lambda n: (entries[n].get("type", n).encode(), n.encode())):
            self.entry(name, entries[name])
        self.areas.append(f"{{{first}, {len(self.entries) - first}}}")


def array(kind, name, rows):
    return f"constexpr {kind} {name}[] = {{\n" + ",\n".join(f"    {r}" for r in rows or ["{}"]) + "};\n"


def main():
    output, *paths = sys.argv[1:]
    by_area = {}
    for path in paths:
        with open(path, encoding="utf-8") as f:
            table = json.load(f)
        by_area[table["area"]] = table
    tables = Tables()
    release = by_area["command"]["schema"]
    for area in AREAS:
        tables.area(by_area[area])
    parts = [
        "// Made by protocol/schema/embed.py out of protocol/schema/tables: not to be edited.",
        '#include "pomona/protocol/schema/tables.hpp"\n#include "schema/store.hpp"\n',
        "namespace pomona::schema::store {\nnamespace {\n",
        f"constexpr char text_data[] =\n{tables.blob.literal()};\n",
        array("constant", "value_data", tables.values), array("extra_facts", "extra_data", tables.extras),
        array("node", "node_data", tables.nodes), array("entry", "entry_data", tables.entries),
        array("reason", "reason_data", tables.reasons), array("area_range", "area_data", tables.areas),
        "} // namespace\n",
        "const char* const text = text_data;", "const constant* const values = value_data;",
        "const extra_facts* const extras = extra_data;", "const node* const nodes = node_data;",
        "const entry* const entries = entry_data;", "const reason* const reasons = reason_data;",
        "const area_range* const areas = area_data;", f"const char* const release = {json.dumps(release)};",
        f"const std::size_t node_count = {len(tables.nodes)};\n",
        "} // namespace pomona::schema::store"]
    with open(output, "w", encoding="utf-8") as f:
        f.write("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
