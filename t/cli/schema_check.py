#!/usr/bin/env python3
"""Does an independent validator see what the parser sees?

usage: schema_check.py SCHEMAS SOURCE CASES

SCHEMAS has node.json and graph.json, as `millrace schema' prints them, and node.KEY.json and graph.KEY.json
for each key at their tops; SOURCE is the top of the source
tree; CASES has a line of JSON for each bad value, and for each other document that the parser was given
(settings_print).
"""
import glob
import json
import re
import sys

from jsonschema import Draft202012Validator

schemas, source, cases = sys.argv[1:]
failed = []
count = {"shown": 0, "bad": 0, "unseen": 0, "judged": 0}


def read(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def load(name):
    schema = read("%s/%s.json" % (schemas, name))
    Draft202012Validator.check_schema(schema)
    if schema["$id"] != "urn:millrace:schema:" + name:
        failed.append("%s: $id is %s" % (name, schema["$id"]))
    return Draft202012Validator(schema)


validator = {name: load(name) for name in ("node", "graph")}


def load_part(name, key):
    schema = read("%s/%s.%s.json" % (schemas, name, key))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


part = {name: {key: load_part(name, key) for key in validator[name].schema["properties"]} for name in validator}


def parts_accept(name, doc):
    return all(part[name][key].is_valid(value) for key, value in doc.items() if key in part[name])


def accepts(name, doc, what):
    error = next(validator[name].iter_errors(doc), None)
    if error:
        failed.append("%s: refused at %s: %s" % (what, list(error.absolute_path), error.message[:200]))
    elif not parts_accept(name, doc):
        failed.append("%s: accepted, and refused by the schema of one of its keys" % what)


# What is shown: the graphs that come along, and every whole example in the documents.
NPUB = "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m"


kinds = {name[5:] for name in validator["graph"].schema["$defs"] if name.startswith("kind-")}


def kinds_of(doc):
    return {stage.get("kind", name) for name, stage in doc.get("stages", {}).items()}


def examples(path):
    with open(path, encoding="utf-8") as f:
        text = f.read().replace("npub1...", NPUB)
    blocks = re.findall(r"```json[^\n]*\n(.*?)```", text, re.S)
    blocks += re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.S | re.M)
    blocks += re.findall(r"(?:^(?:    .*)?\n)+", text, re.M)
    for block in blocks:
        try:
            doc = json.loads(block)
        except ValueError:
            continue
        for name in ("graph", "node"):
            schema = validator[name].schema  # a part of a file is none
            if isinstance(doc, dict) and (
                set(schema.get("required", [])) <= doc.keys() <= schema["properties"].keys()
            ):
                yield name, doc
                break


for path in sorted(glob.glob(source + "/graphs/*.json")):
    accepts("graph", read(path), path)
    count["shown"] += 1
pages = ["README", "doc/*.md", "doc/*/*.md", "stages/*/*.md", "plugins/*/*.md", "contrib/*/README*", "man/*"]
for page in sorted(p for pattern in pages for p in glob.glob("%s/%s" % (source, pattern))):
    for name, doc in examples(page):
        if not kinds_of(doc) <= kinds:
            continue  # of a plugin that is written there
        accepts(name, doc, page)
        count["shown"] += 1

# What is bad is refused, but for what only the parser can see, which is marked as such.
with open(cases, encoding="utf-8") as lines:
    for line in lines:
        case = json.loads(line)
        valid = validator[case["file"]].is_valid(case["doc"])
        if "parser" in case:
            count["judged"] += 1
            if case["parser"] and not valid:
                failed.append("%s: the parser accepts it, the schema does not" % case["at"])
            continue
        count["unseen" if case["unseen"] else "bad"] += 1
        if valid and not case["unseen"]:
            failed.append("%s: accepted (%s): %s" % (case["at"], case["says"], line[:300]))
        elif case["unseen"] and not valid:
            failed.append("%s: refused, though only the parser was to see it: %s" % (case["at"], line[:300]))

for text in failed[:40]:
    print(text)
print("%(shown)d examples are valid, %(bad)d bad values refused, %(unseen)d for the parser alone, "
      "%(judged)d documents that the parser judged" % count)
if min(count.values()) < 5:
    failed.append("too little was looked at")
    print(failed[-1])
sys.exit(bool(failed))
