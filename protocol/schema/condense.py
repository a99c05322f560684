#!/usr/bin/env python3
"""Condenses a checkout of Apple's device-management schema into the tables beside this script.

    python3 protocol/schema/condense.py CHECKOUT [--overlay FILE] [--out DIR] [--schema NAME]

Run by hand when Apple publishes a new release; then read the difference of tables/*.json and review overlay.json.
The tables hold facts only (names, types, presence, values, ranges, formats, versions, rights, channels, enrollment
kinds), of macOS only. What a checkout says that this script does not know is an error, never a guess.
README.md describes the form. Needs PyYAML.
"""
import argparse
import json
import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent


class Unknown(Exception):
    """The schema says something that this script does not know."""


class Loader(yaml.SafeLoader):
    """Versions and dates stay text: "10.10" is no number and a timestamp no date."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", "float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?\d+\.\d+(e[-+]?\d+)?$"), list("-0123456789"))

TOP = {"title", "description", "payload", "payloadkeys", "responsekeys", "reasons", "related-status-items", "notes",
       "examples"}
PAYLOAD = {"payloadtype", "requesttype", "declarationtype", "statusitemtype", "credentialtype", "supportedOS", "apply",
           "beta", "content"}
NODE = {"key", "title", "supportedOS", "type", "subtype", "assettypes", "asset-content-types", "presence", "rangelist",
        "range", "default", "format", "repetition", "combinetype", "content", "subkeytype", "subkeys"}
MARKS = {"introduced", "deprecated", "removed", "accessrights", "multiple", "devicechannel", "userchannel",
         "supervised", "requiresdep", "userapprovedmdm", "allowmanualinstall", "allowed-enrollments",
         "allowed-scopes", "userenrollment", "always-skippable", "beta"}
SYSTEMS = {"iOS", "macOS", "tvOS", "visionOS", "watchOS"}
TYPES = {"<string>", "<integer>", "<real>", "<boolean>", "<date>", "<data>", "<array>", "<dictionary>", "<any>"}
SUBTYPES = {"<url>", "<hostname>", "<email>"}
COMBINE = {"boolean-or", "boolean-and", "number-min", "number-max", "enum-first", "enum-last", "first",
           "array-append", "set-union", "set-intersection"}
# Free names that do not start with ANY, and names on the wire that do have spaces: nothing in the files tells the two
# apart, so a new name with a space has to be entered here.
FREE_NAMES = {"Category Name", "AppleID domain"}
SPACED_NAMES = {"Display Sleep Timer", "Disk Sleep Timer", "System Sleep Timer", "Reduce Processor Speed",
                "Dynamic Power Step", "Wake on LAN", "Wake On Modem Ring", "Automatic Restart On Power Loss",
                "Key Type", "Key Usage", "Script Menu.menu", "Profanity Allowed", "Ironwood Allowed", "External Path"}
# The expressions are not safe as they stand (one has an alternation outside of its anchors): each is known by sight,
# and the reader of the tables has a matcher of its own for it.
FORMATS = {
    "^[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}$": "uuid",
    "^https://.*$": "https",
    "^([0-9A-Fa-f]{2}:){5}([0-9A-Fa-f]{2})$": "mac-address",
    "^([0-9A-Za-z]{6})|([0-9A-Za-z]{9})$": "organization-identifier",
    "^[0-9]{6}$": "six-digits",
}


def check(known, given, where):
    for name in given:
        if name not in known:
            raise Unknown(f"{where}: {name!r} is not known")


def numbers(version):
    if not re.fullmatch(r"\d+(\.\d+){0,2}", version):
        raise Unknown(f"{version!r} is no version")
    return [int(part) for part in version.split(".")]


def later(a, b):
    return b if a is None or (b is not None and numbers(b) > numbers(a)) else a


def earlier(a, b):
    return b if a is None or (b is not None and numbers(b) < numbers(a)) else a


class Marks:
    """What supportedOS.macOS says, with what the surrounding node said."""

    def __init__(self, area):
        self.since = self.dep = self.gone = None
        self.device = self.user = True
        self.right = None
        self.ue = "allowed"
        self.needs = ()
        self.enrollments = self.scopes = None
        self.multiple = self.manual = self.skippable = None
        self.area = area
        self.supported = True

    def under(self, given, rights, where):
        """These marks with those of one macOS entry on top."""
        own = Marks(self.area)
        own.__dict__.update(self.__dict__)
        if given is None:
            return own
        check(MARKS, given, where)
        text = {k: str(v) for k, v in given.items() if k in ("introduced", "deprecated", "removed")}
        introduced = text.get("introduced")
        if introduced == "n/a" or text.get("removed") == "0" or given.get("beta"):
            own.supported = False
            return own
        if introduced is not None and introduced != "all":  # "all": since ever
            own.since = later(self.since, introduced)
        own.dep = text.get("deprecated", self.dep)
        own.gone = earlier(self.gone, text.get("removed"))
        own.device = given.get("devicechannel", self.device)
        own.user = given.get("userchannel", self.user)
        own.supported = own.device or own.user
        if "accessrights" in given:
            if given["accessrights"] not in rights:
                raise Unknown(f"{where}: the right {given['accessrights']!r} is not in the overlay's map")
            own.right = rights[given["accessrights"]]
        if "userenrollment" in given:
            check({"mode", "behavior"}, given["userenrollment"], where)
            own.ue = given["userenrollment"]["mode"]
            if own.ue not in ("allowed", "required", "forbidden", "ignored"):
                raise Unknown(f"{where}: userenrollment {own.ue!r}")
        needs = set(self.needs)
        for mark, need in (("supervised", "supervised"), ("requiresdep", "ade"), ("userapprovedmdm", "user-approved")):
            if mark in given:
                needs = needs | {need} if given[mark] else needs - {need}
        own.needs = tuple(sorted(needs))
        own.enrollments = given.get("allowed-enrollments", self.enrollments)
        own.scopes = given.get("allowed-scopes", self.scopes)
        own.multiple = given.get("multiple", self.multiple)
        own.manual = given.get("allowmanualinstall", self.manual)
        own.skippable = given.get("always-skippable", self.skippable)
        return own

    def beyond(self, outer):
        """The fields of a table in which these differ from the marks around them."""
        out = {}
        versions = {k: getattr(self, k) for k in ("since", "dep", "gone") if getattr(self, k) != getattr(outer, k)}
        if versions:
            out["os"] = versions
        if self.right != outer.right:
            out["right"] = self.right
        if (self.device, self.user) != (outer.device, outer.user):
            out["chan"] = ("D" if self.device else "") + ("U" if self.user else "")
        if self.ue != outer.ue:
            out["ue"] = {"allowed": "yes", "forbidden": "no", "required": "only", "ignored": "ignored"}[self.ue]
        if self.needs != outer.needs:
            out["needs"] = list(self.needs)
        if self.enrollments != outer.enrollments:
            out["enrol"] = sorted(self.enrollments)
        if self.scopes != outer.scopes:
            out["scope"] = sorted(self.scopes)
        for name in ("multiple", "manual", "skippable"):
            if getattr(self, name) != getattr(outer, name):
                out[name] = getattr(self, name)
        return out


class Walk:
    """Nodes of one file. `stack` holds the nodes around the present one, for anchors that lead back to one of them."""

    def __init__(self, rights, where):
        self.rights, self.where = rights, where
        self.stack = []

    def marks(self, node, outer, where):
        supported = node.get("supportedOS") or {}
        check(SYSTEMS, supported, where)
        return outer.under(supported.get("macOS"), self.rights, where)

    def nodes(self, given, outer, pointer, where):
        out, names = [], set()
        for node in given:
            made = self.node(node, outer, f"{pointer}/{len(out)}", where)
            if made is None:
                continue
            name = made.get("k")
            if name in names:
                raise Unknown(f"{where}: two keys {name!r}")
            if name is not None:
                names.add(name)
            out.append(made)
        return out

    def node(self, node, outer, pointer, where, element=False):
        where = f"{where}/{node.get('key')}"
        check(NODE, node, where)
        if node["type"] not in TYPES:
            raise Unknown(f"{where}: the type {node['type']!r}")
        marks = self.marks(node, outer, where)
        if not marks.supported:
            return None
        out = {}
        key = node["key"]
        if not element:
            if key.startswith("ANY") or key in FREE_NAMES:
                out["wild"] = True
            elif " " in key and key not in SPACED_NAMES:
                raise Unknown(f"{where}: is this name with a space one of the wire or a free one?")
            else:
                out["k"] = key
        out["t"] = node["type"][1:-1]
        presence = node.get("presence", "optional")
        if presence not in ("required", "optional"):
            raise Unknown(f"{where}: presence {presence!r}")
        if presence == "required" and not element:
            out["req"] = True
        self.values(node, out, where)
        out.update(marks.beyond(outer))
        self.shape(node, out, marks, pointer, where)
        return out

    @staticmethod
    def values(node, out, where):
        if "rangelist" in node:
            out["vals"] = node["rangelist"]
            kinds = {"string": (str,), "integer": (int,), "real": (int, float), "boolean": (bool,)}.get(out["t"], ())
            for v in out["vals"]:
                if type(v) not in kinds:
                    raise Unknown(f"{where}: the value {v!r} of a {out['t']}")
        if "range" in node:
            check({"min", "max"}, node["range"], where)
            out.update(node["range"])
        if "default" in node:
            out["def"] = node["default"]
        if "format" in node:
            if node["format"] not in FORMATS:
                raise Unknown(f"{where}: the format {node['format']!r}")
            out["re"] = FORMATS[node["format"]]
        if "repetition" in node:
            check({"min", "max"}, node["repetition"], where)
            out["n"] = [node["repetition"]["min"], node["repetition"]["max"]]
        if "subtype" in node:
            check(SUBTYPES, [node["subtype"]], where)
            out["form"] = node["subtype"][1:-1]
        if "assettypes" in node:
            out["asset"] = sorted(node["assettypes"])
        if "asset-content-types" in node:
            out["mime"] = sorted(node["asset-content-types"])
        if "combinetype" in node:
            check(COMBINE, [node["combinetype"]], where)
            out["comb"] = node["combinetype"]

    def shape(self, node, out, marks, pointer, where):
        given = node.get("subkeys")
        if not given:
            return
        for around, at in self.stack:
            if around is node:
                out["ref"] = at
                return
        self.stack.append((node, pointer))
        if out["t"] == "dictionary":
            out["sub"] = self.nodes(given, marks, f"{pointer}/sub", where)
        elif out["t"] == "array" and len(given) == 1:
            element = self.node(given[0], marks, f"{pointer}/el", where, element=True)
            if element is not None:
                out["el"] = element
        elif out["t"] == "array":
            out["union"] = self.union(given, marks, f"{pointer}/union/of", where)
        elif out["t"] == "string":  # the names of the subkeys are the values that the string may have
            alternatives = self.nodes(given, marks, f"{pointer}/enumOf", where)
            out["enumOf"] = [{k: v for k, v in a.items() if k in ("k", "os", "right", "chan", "ue", "needs")}
                             for a in alternatives]
        else:
            raise Unknown(f"{where}: subkeys of a {out['t']}")
        self.stack.pop()

    def union(self, given, marks, pointer, where):
        members = []
        for node in given:
            made = self.node(node, marks, f"{pointer}/{len(members)}", where, element=True)
            if made is None:
                continue
            item = [n for n in made.get("sub", []) if n.get("k") == "Item"]
            if made["t"] != "dictionary" or len(item) != 1 or len(item[0].get("vals", [])) != 1:
                raise Unknown(f"{where}: a member of the array's union is not told apart by Item")
            members.append(made)
        return {"by": "Item", "of": members}


def reasons(given, where):
    out = []
    for reason in given:
        check({"value", "description", "details"}, reason, where)
        made = {"code": reason["value"]}
        for detail in reason.get("details") or []:
            check({"key", "type", "description", "valuetype"}, detail, where)
            made.setdefault("details", []).append({"k": detail["key"], "t": detail["type"][1:-1]})
        out.append(made)
    return out


AREAS = {  # folder: area, section, kind
    "mdm/checkin": ("checkin", "req", None),
    "mdm/commands": ("command", "req", None),
    "mdm/errors": ("error", "keys", None),
    "mdm/profiles": ("profile", "keys", None),
    "declarative/declarations": ("declaration", "keys", "base"),
    "declarative/declarations/activations": ("declaration", "keys", "activation"),
    "declarative/declarations/assets": ("declaration", "keys", "asset"),
    "declarative/declarations/assets/credentials": ("declaration", "keys", "credential"),
    "declarative/declarations/configurations": ("declaration", "keys", "configuration"),
    "declarative/declarations/management": ("declaration", "keys", "management"),
    "declarative/protocol": ("other", "keys", "protocol"),
    "declarative/status": ("status", "keys", None),
    "other": ("other", "keys", None),
}


def name_of(path, document, payload):
    names = [payload[k] for k in ("requesttype", "payloadtype", "declarationtype", "statusitemtype", "credentialtype")
             if k in payload]
    if not names:  # an error document: by its code
        codes = [k["rangelist"] for k in document["payloadkeys"] if k["key"] == "code"]
        names = codes[0] if codes and len(codes[0]) == 1 else []
    if len(names) != 1:
        raise Unknown(f"{path}: what is its name?")
    variant = re.search(r"\(.+\)$", path.stem)  # com.apple.MCX(WiFi).yaml: one of several of that type
    return names[0], names[0] + variant.group(0) if variant else names[0]


def condense_file(path, folder, rights):
    area, section, kind = AREAS[folder]
    document = yaml.load(path.read_text(encoding="utf-8"), Loader)
    where = f"{folder}/{path.name}"
    check(TOP, document, where)
    payload = document["payload"]
    check(PAYLOAD, payload, where)
    if payload.get("beta"):
        return None
    type_name, name = name_of(path, document, payload)
    walk = Walk(rights, where)
    outer = Marks(area)
    marks = walk.marks(payload, outer, where)
    # A payload without supportedOS says nothing; one that lists other systems only is not for macOS.
    if not marks.supported or (payload.get("supportedOS") and "macOS" not in payload["supportedOS"]):
        return None
    entry = {}
    if type_name != name:
        entry["type"] = type_name
    if kind:
        entry["kind"] = kind
    entry.update(marks.beyond(outer))
    if "apply" in payload:
        entry["apply"] = payload["apply"]
    keys = walk.nodes(document.get("payloadkeys") or [], marks, f"/{section}", where)
    if keys:
        entry[section] = keys
    answer = walk.nodes(document.get("responsekeys") or [], marks, "/ans", where)
    if answer:
        entry["ans"] = answer
    if "reasons" in document:
        entry["reasons"] = reasons(document["reasons"], where)
    return area, name, entry


def find(nodes, name, where):
    for node in nodes:
        if node.get("k") == name or (name == "*" and node.get("wild")):
            return node
    raise Unknown(f"overlay: {where} has no {name!r}")


def lead(entry, steps, where):
    """The node of a path: a section, then key names, [] for an array's element, {X} for a member of a union or a value."""
    nodes, node = entry.setdefault(steps[0], []), None
    for step in steps[1:]:
        if node is not None and step == "[]":
            node = node["el"]
            nodes = node.get("sub", [])
            continue
        if step.startswith("{"):
            of = node["union"]["of"] if "union" in node else node["enumOf"]
            wanted = step[1:-1]
            node = next((n for n in of if n.get("k") == wanted or
                         any(s.get("k") == "Item" and s.get("vals") == [wanted] for s in n.get("sub", []))), None)
            if node is None:
                raise Unknown(f"overlay: {where} has no {step}")
        else:
            node = find(nodes, step, where)
        nodes = node.get("sub", [])
    return node


def place_in(node, entry, steps, where):
    """The list that `add` appends to."""
    if node is None:
        return entry.setdefault(steps[0], [])
    if node["t"] == "dictionary":
        return node.setdefault("sub", [])
    if "enumOf" in node:
        return node["enumOf"]
    raise Unknown(f"overlay: nothing can be added to {where}")


def apply_overlay(tables, overlay):
    for line in overlay["changes"]:
        check({"at", "set", "drop", "add", "entry", "why"}, line, "overlay")
        if not line.get("why"):
            raise Unknown(f"overlay: {line['at']} has no reason")
        area, name, *steps = line["at"].split("/")
        if "entry" in line:
            if name in tables[area]:
                raise Unknown(f"overlay: {line['at']} is there already")
            tables[area][name] = {**line["entry"], "ov": True}
            continue
        if name not in tables[area]:
            if line.get("add") or line.get("set"):
                raise Unknown(f"overlay: {area} has no {name!r}")
            continue
        entry = tables[area][name]
        node = lead(entry, steps, line["at"]) if steps else entry
        if "set" in line:
            target = node
            for field, value in line["set"].items():
                if field == "os":
                    target.setdefault("os", {}).update(value)
                else:
                    target[field] = value
            for field in line.get("drop", []):
                target.pop(field, None)
            target["ov"] = True
        for added in line.get("add", []):
            nodes = place_in(node, entry, steps, line["at"])
            if any(n.get("k") == added.get("k") for n in nodes):
                raise Unknown(f"overlay: {line['at']} has {added.get('k')!r} already")
            nodes.append({**added, "ov": True})


def mark_query_answers(command):
    """Where a command asks by name (DeviceInformation), the marks that a name has count for its answer, which the files
    leave without. Not the versions: where both have one they differ by slips, and the mark at the key wins."""
    for question in command.get("req", []):
        names = {n["k"]: n for n in question.get("el", {}).get("enumOf", [])}
        for container in command.get("ans", []) if names else []:
            for answer in container.get("sub", []):
                for field in ("ue", "chan", "needs"):
                    if field in names.get(answer.get("k"), {}):
                        answer.setdefault(field, names[answer["k"]][field])


def condense(checkout, overlay, release):
    rights = {}
    for line in overlay["rights"]:
        rights[line["word"]] = line["right"]
    tables = {area: {} for area, _, _ in AREAS.values()}
    for folder in sorted(AREAS):
        for path in sorted((checkout / folder).glob("*.yaml")):
            made = condense_file(path, folder, rights)
            if made is None:
                continue
            area, name, entry = made
            if name in tables[area]:
                raise Unknown(f"{folder}/{path.name}: {name} is there already")
            tables[area][name] = entry
    apply_overlay(tables, overlay)
    for command in tables["command"].values():
        mark_query_answers(command)
    return {area: {"schema": release, "area": area, "entries": dict(sorted(entries.items()))}
            for area, entries in tables.items()}


def write(table):
    """One entry a line of JSON objects, one node a line: a difference shows what Apple changed."""
    lines = [f'{{"schema": {json.dumps(table["schema"])}, "area": {json.dumps(table["area"])},', '"entries": {']
    names = list(table["entries"])
    for name in names:
        entry = table["entries"][name]
        end = "" if name == names[-1] else ","
        facts = {k: v for k, v in entry.items() if k not in ("req", "ans", "keys")}
        sections = [k for k in ("req", "keys", "ans") if k in entry]
        head = json.dumps(facts)[:-1]
        if not sections:
            lines.append(f"{json.dumps(name)}: {head}}}{end}")
            continue
        lines.append(f'{json.dumps(name)}: {head}{"," if facts else ""}')
        for section in sections:
            last = section == sections[-1]
            lines.append(f' "{section}": [')
            nodes = entry[section]
            lines += [f'  {json.dumps(n)}{"" if i + 1 == len(nodes) else ","}' for i, n in enumerate(nodes)]
            lines.append(f" ]{f'}}{end}' if last else ','}")
    return "\n".join(lines + ["}}"]) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("checkout", type=pathlib.Path, help="folder with mdm/, declarative/ and other/")
    arguments.add_argument("--overlay", type=pathlib.Path, default=HERE / "overlay.json")
    arguments.add_argument("--out", type=pathlib.Path, default=HERE / "tables")
    arguments.add_argument("--schema", default="macOS 15, 26 and a seed of 27", help="what the tables say they are of")
    given = arguments.parse_args()
    if not (given.checkout / "mdm" / "commands").is_dir():
        sys.exit(f"{given.checkout} has no mdm/commands: the argument is a checkout of Apple's device-management")
    try:
        tables = condense(given.checkout, json.loads(given.overlay.read_text(encoding="utf-8")), given.schema)
    except Unknown as unknown:
        sys.exit(f"condense.py: {unknown}")
    given.out.mkdir(parents=True, exist_ok=True)
    for area, table in tables.items():
        (given.out / f"{area}.json").write_text(write(table), encoding="utf-8")
        print(f"{area}: {len(table['entries'])} entries")


if __name__ == "__main__":
    main()
