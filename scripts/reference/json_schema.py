"""JSON schemas, and what the package jsonschema says of values under them.

    scripts/make-reference.py json_schema                       tests/data/schema/cases.txt
    scripts/make-reference.py json_schema --check PROGRAM [-n N] [--seed S]
                                    compares N random schemas with tests/try_schema: its random texts are valid, and of
                                    values and their changes it takes those, and only those, that jsonschema takes

    pip install jsonschema[format]

A line `S SCHEMA` of cases.txt begins a schema; `+ TEXT` is valid under it, `- TEXT` is not. Texts are as quill writes
them: members in the order of the schema, no blanks, no escapes without need.
"""
import copy
import json
import random
import re
import subprocess


def add_arguments(parser):
    parser.add_argument("--check", metavar="PROGRAM", help="compare with this program (build/tests/try_schema)")
    parser.add_argument("-n", type=int, default=500, help="random schemas to compare (default: 500)")
    parser.add_argument("--seed", type=int, default=1)


NAMES = ["a", "b", "name", "x-1", "x-2", "a b", "q\"", "é", "id", "kind", "n~m", "p/q"]
PATTERNS = ["^a+b?$", "^[A-Z][a-z]{0,4}$", "b", "^\\d{2,3}$", "^(?:on|off)$", "[\"\\\\]x", "^\\S+ \\S+$", "^$", "é|😀",
            "^[^a-z]*$", "\\bab\\b", "^\\w+@\\w+\\.\\w{2}$", "^a.c$", "x$", "^(ab|cd){1,2}$"]
FORMATS = ["date", "time", "date-time", "uuid", "email", "ipv4", "ipv6", "hostname", "duration", "uri", "json-pointer"]
STRINGS = ["", "a", "ab", "b", "aab", "Ab", "Zoe", "on", "off", "12", "123", "x", "abc", "ab cd", "é", "😀", "\"x", "\\x",
           "\n", "tab\there", "héllo", "2024-02-29", "2023-02-29", "1999-12-31", "12:30:00Z", "25:00:00Z",
           "2024-02-29T12:30:00Z", "2024-13-01T00:00:00Z", "me@ab.cd", "1.2.3.4", "1.2.3.256", "::1", "example.org",
           "P1D", "http://a.b/c?d#e", "/a/b~1c", "123e4567-e89b-12d3-a456-426614174000", "abab", "xx", "a\nc", "AB!"]


def one_string(r):
    s = {"type": "string"}
    kind = r.randrange(6)
    if kind == 0:
        s["pattern"] = r.choice(PATTERNS)
    elif kind == 1:
        s["format"] = r.choice(FORMATS)
    elif kind == 2:
        s["pattern"] = r.choice(PATTERNS)
        s["maxLength"] = r.randrange(2, 12)
    if kind in (3, 4):
        low = r.randrange(0, 4)
        if r.random() < 0.7:
            s["minLength"] = low
        if r.random() < 0.7:
            s["maxLength"] = low + r.randrange(0, 6)
    return s


def one_number(r):
    s = {"type": r.choice(["integer", "integer", "number"])}
    def bound():
        return r.choice([0, 1, -1, 5, 10, 99, 100, 1000, -17, 12345, 10**12]) if s["type"] == "integer" and r.random() < 0.8 \
            else r.choice([0.5, -0.25, 1.75, 3.14, 1e-3, -2.5, 99.9, 0.1])
    low, high = sorted((bound(), bound()))
    if r.random() < 0.6:
        s[r.choice(["minimum", "exclusiveMinimum"])] = low
    if r.random() < 0.6:
        s[r.choice(["maximum", "exclusiveMaximum"])] = high
    return s


def any_value(r, depth):
    kind = r.randrange(7 if depth > 0 else 5)
    if kind == 0:
        return r.choice([None, True, False])
    if kind in (1, 2):
        return r.choice(STRINGS)
    if kind in (3, 4):
        return r.choice([0, 1, -1, 2, 5, 10, 99, 100, 101, 1000, 0.5, -0.25, 1.75, 1.5, 3.14, -2.5, 12345, 7, 10**12])
    if kind == 5:
        return [any_value(r, depth - 1) for _ in range(r.randrange(4))]
    return {n: any_value(r, depth - 1) for n in r.sample(NAMES, r.randrange(4))}


def one_object(r, depth, defs):
    names = r.sample(NAMES, r.randrange(0, 5))
    s = {"type": "object", "properties": {n: one_schema(r, depth - 1, defs) for n in names}}
    required = [n for n in names if r.random() < 0.5]
    if r.random() < 0.1:
        required.append("extra")
    if required:
        s["required"] = required
    kind = r.randrange(6)
    if kind < 3:
        s["additionalProperties"] = False
    elif kind == 3:
        s["additionalProperties"] = one_schema(r, 0, defs)
    if r.random() < 0.2:
        s["patternProperties"] = {r.choice(["^x-", "b", "\\d$"]): one_schema(r, 0, defs)}
    if r.random() < 0.15:
        s["minProperties"] = r.randrange(0, len(names) + 1)
    if r.random() < 0.15:
        s["maxProperties"] = r.randrange(max(len(required), 1), 6)
    if r.random() < 0.1:
        s["propertyNames"] = {"maxLength": r.randrange(1, 6)}
    return s


def one_array(r, depth, defs):
    s = {"type": "array"}
    if r.random() < 0.3:
        s["prefixItems"] = [one_schema(r, depth - 1, defs) for _ in range(r.randrange(1, 4))]
    if r.random() < 0.8:
        s["items"] = one_schema(r, depth - 1, defs) if r.random() < 0.9 else False
    low = r.randrange(0, 3)
    if r.random() < 0.4:
        s["minItems"] = low
    if r.random() < 0.5:
        s["maxItems"] = low + r.randrange(0, 4)
    return s


def one_schema(r, depth, defs):
    kind = r.randrange(14 if depth > 0 else 8)
    if kind < 2:
        return one_string(r)
    if kind < 4:
        return one_number(r)
    if kind == 4:
        return {"type": r.choice(["boolean", "null", ["string", "null"], ["integer", "boolean"]])}
    if kind == 5:
        return {"enum": [any_value(r, 1) for _ in range(r.randrange(1, 4))]}
    if kind == 6:
        return r.choice([True, {}, {"const": any_value(r, 2)}, {"minimum": 3}, {"maxLength": 2, "maximum": 7}])
    if kind == 7 and defs:
        return {"$ref": "#/$defs/" + r.choice(defs)}
    if kind in (7, 8, 9):
        return one_object(r, depth, defs)
    if kind in (10, 11):
        return one_array(r, depth, defs)
    if kind == 12:
        return {r.choice(["anyOf", "anyOf", "oneOf"]): [one_schema(r, depth - 1, defs) for _ in range(r.randrange(1, 4))]}
    first, second = one_object(r, depth, defs), one_object(r, depth, defs)
    first.pop("additionalProperties", None)
    return {"allOf": [first, second]} if r.random() < 0.5 else dict(first, allOf=[second])


def random_schema(r):
    defs = ["t"] if r.random() < 0.4 else []
    s = one_schema(r, 3, defs)
    if isinstance(s, bool):
        s = {"type": "object"}
    if defs:
        tree = {"type": "object", "properties": {"v": one_schema(r, 0, []), "next": {"$ref": "#/$defs/t"}},
                "additionalProperties": False}
        s = dict(s, **{"$defs": {"t": r.choice([tree, {"anyOf": [{"type": "null"}, tree]},
                                                {"type": "array", "items": {"$ref": "#/$defs/t"}}])}})
    return s


# ---- what is valid, and as what text ----

def ecma_pattern(validator, pattern, instance, schema):
    """ECMA-262's classes are of ASCII, and its $ is the very end, unlike those of Python's re."""
    import jsonschema
    if validator.is_type(instance, "string") and not re.search(pattern.replace("$", "\\Z"), instance, re.ASCII):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def validator(schema):
    import jsonschema
    cls = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": ecma_pattern})
    return cls(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def resolve(root, ref):
    at = root
    for part in ref[2:].split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        at = at[int(part)] if isinstance(at, list) else at[part]
    return at


def parts(root, schema, value):
    """The schemas that speak of this value, in order: themselves, $ref, allOf, and the branches that hold."""
    if not isinstance(schema, dict):
        return
    yield schema
    below = ([resolve(root, schema["$ref"])] if "$ref" in schema else []) + schema.get("allOf", [])
    for branch in schema.get("anyOf", []) + schema.get("oneOf", []):
        test = dict(branch, **{"$defs": root.get("$defs", {})}) if isinstance(branch, dict) else branch
        if validator(test).is_valid(value):
            below.append(branch)
            break
    for s in below:
        yield from parts(root, s, value)


def in_order(root, schemas, value):
    """The value with its members in the order in which quill writes them."""
    all_parts = [p for s in schemas for p in parts(root, s, value)]
    if isinstance(value, list):
        return [in_order(root, [p["prefixItems"][i] if i < len(p.get("prefixItems", [])) else p.get("items", {})
                                for p in all_parts], v) for i, v in enumerate(value)]
    if not isinstance(value, dict):
        return value
    names = {}
    for p in all_parts:
        names.update(dict.fromkeys(p.get("properties", {})))
    for p in all_parts:
        names.update(dict.fromkeys(p.get("required", [])))
    ordered = [n for n in names if n in value] + [n for n in value if n not in names]
    def below(n):
        for p in all_parts:
            found = [p["properties"][n]] if n in p.get("properties", {}) else []
            found += [s for k, s in p.get("patternProperties", {}).items() if re.search(k, n)]
            yield from found or [p.get("additionalProperties", {})]
    return {n: in_order(root, list(below(n)), value[n]) for n in ordered}


def fixed(schema):
    """Whether values are given, whose texts are as they are written: other texts of them are not taken."""
    return any(w in json.dumps(schema) for w in ('"enum"', '"const"'))


def text_of(schema, value):
    return json.dumps(in_order(schema, [schema], value), ensure_ascii=False, separators=(",", ":"))


def sample(r, root, schema, depth=0):
    """A value that is likely to be valid."""
    if schema is True or schema is False or depth > 6:
        return any_value(r, 0)
    if "$ref" in schema:
        return sample(r, root, resolve(root, schema["$ref"]), depth + 1)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return sample(r, root, r.choice(schema[word]), depth + 1)
    if "enum" in schema:
        return copy.deepcopy(r.choice(schema["enum"]))
    if "const" in schema:
        return copy.deepcopy(schema["const"])
    kinds = schema.get("type", "object" if "allOf" in schema else None)
    kind = r.choice(kinds) if isinstance(kinds, list) else kinds
    if kind == "null":
        return None
    if kind == "boolean":
        return r.random() < 0.5
    if kind == "string":
        fit = [s for s in STRINGS if validator(schema).is_valid(s)]
        return r.choice(fit or STRINGS)
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", -20))
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 40))
        return r.choice([int(low), int(high), int(low) + 1, round(r.uniform(low, high))] +
                        ([round(r.uniform(low, high), r.randrange(1, 6)), low, high] if kind == "number" else []))
    if kind == "array":
        n = r.randrange(schema.get("minItems", 0), schema.get("maxItems", 3) + 1) if schema.get("maxItems", 3) >= schema.get("minItems", 0) else 0
        prefix = schema.get("prefixItems", [])
        return [sample(r, root, prefix[i] if i < len(prefix) else schema.get("items", True), depth + 1) for i in range(n)]
    if kind == "object":
        value = {}
        for part in [schema] + schema.get("allOf", []):
            for n, s in part.get("properties", {}).items():
                if n in part.get("required", []) or r.random() < 0.5:
                    value[n] = sample(r, root, s, depth + 1)
            for n in part.get("required", []):
                value.setdefault(n, any_value(r, 0))
        if r.random() < 0.2:
            value[r.choice(["zz", "x-9", "bb", "k7"])] = any_value(r, 1)
        return value
    return any_value(r, 1)


def changed(r, value):
    """Something close to a value."""
    value = copy.deepcopy(value)
    if isinstance(value, list) and value and r.random() < 0.7:
        i = r.randrange(len(value))
        kind = r.randrange(3)
        if kind == 0:
            del value[i]
        elif kind == 1:
            value.append(copy.deepcopy(value[i]))
        else:
            value[i] = changed(r, value[i])
        return value
    if isinstance(value, dict) and value and r.random() < 0.8:
        n = r.choice(list(value))
        kind = r.randrange(4)
        if kind == 0:
            del value[n]
        elif kind == 1:
            value[r.choice(NAMES + ["zz", "x-9"])] = any_value(r, 1)
        else:
            value[n] = changed(r, value[n])
        return value
    if isinstance(value, str) and r.random() < 0.5:
        at = r.randrange(len(value) + 1)
        return value[:at] + r.choice(["", "a", "1", "é", "\"", " "]) + value[at + r.randrange(2):]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and r.random() < 0.6:
        return r.choice([value + 1, value - 1, -value, value + 0.5, value * 10])
    return any_value(r, 1)


def same(value):
    """Whether Python writes the numbers of a value as quill takes them: no exponent, no minus zero, no 1.0."""
    return not re.search(r"-0(?![.\d])|\d[eE]|\.0(?!\d)|\d{19}|\.\d{14}", re.sub(r'"(?:[^"\\]|\\.)*"', "", json.dumps(value)))


class Program:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")


def check(args):
    r, program = random.Random(args.seed), Program(args.check)
    counts = dict(schemas=0, refused=0, empty=0, walks=0, valid=0, invalid=0, narrower=0)
    wrong = 0
    def complain(*what):
        nonlocal wrong
        wrong += 1
        print(*what, sep="\n    ")
    while counts["schemas"] < args.n:
        schema = random_schema(r)
        v = validator(schema)
        answer = program.ask("S " + json.dumps(schema))
        if answer != "ok":
            counts["empty" if "no value is valid" in answer else "refused"] += 1
            if "no value is valid" in answer:
                for _ in range(20):
                    value = sample(r, schema, schema)
                    if v.is_valid(value):
                        complain("said to be empty", json.dumps(schema), json.dumps(value))
            elif "oneOf" not in answer and "names may come twice" not in answer:
                complain("refused: " + answer, json.dumps(schema))
            continue
        counts["schemas"] += 1
        for i in range(4):
            text = program.ask(f"W {i}")
            counts["walks"] += 1
            try:
                value = json.loads(text)
                if not v.is_valid(value):
                    complain("not valid", json.dumps(schema), text)
            except ValueError:
                complain("no JSON", json.dumps(schema), text)
        value = None
        for i in range(12):
            value = changed(r, value) if i % 3 else sample(r, schema, schema)
            valid = v.is_valid(value)
            if valid and (not same(value) or fixed(schema) and "." in json.dumps(value)):
                continue
            text = text_of(schema, value)
            said = program.ask("T " + text) == "1"
            if valid and not said and '"format"' in json.dumps(schema):
                counts["narrower"] += 1  # of some formats quill writes the usual texts alone
                continue
            counts["valid" if valid else "invalid"] += 1
            if said != valid:
                complain(f"jsonschema: {valid}, quill: {said}", json.dumps(schema), text)
    print(", ".join(f"{n} {what}" for what, n in counts.items()) + f"; {wrong} wrong")
    return 1 if wrong else 0


def make(args):
    r = random.Random(7)
    out = args.data / "schema"
    out.mkdir(parents=True, exist_ok=True)
    lines, n = [], 0
    while n < 150:
        schema = random_schema(r)
        written = json.dumps(schema, ensure_ascii=False)
        v = validator(schema)
        if "oneOf" in written or '"format"' in written or len(written) > 700:
            continue
        texts, value = {}, None
        for i in range(12):
            value = changed(r, value) if i % 2 else sample(r, schema, schema)
            valid = v.is_valid(value)
            if valid and (not same(value) or fixed(schema) and "." in json.dumps(value)):
                continue
            text = text_of(schema, value)
            if len(text) < 200:
                texts[text] = valid
        if sum(texts.values()) == 0:
            continue
        n += 1
        lines.append("S " + written)
        lines += [("+ " if valid else "- ") + text for text, valid in texts.items()]
    (out / "cases.txt").write_text("\n".join(lines) + "\n")
    return 0


def run(args):
    return check(args) if args.check else make(args)
