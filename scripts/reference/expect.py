"""expect.txt: the expected numbers of one model, one fact per line, as a C test reads them with fgets and strtok.

    KEY VALUE [VALUE...]        values are decimal numbers or words without blanks; '#' begins a comment line

Texts are hex strings of their bytes, so that no line needs quoting. The keys are explained in tests/data/README.md.
"""


def write(path, facts, comment):
    """Write facts, a list of (key, value or list of values), to path."""
    with open(path, "w", encoding="ascii") as out:
        for line in comment.strip().splitlines():
            out.write(f"# {line}\n")
        for key, value in facts:
            values = value if isinstance(value, (list, tuple)) else [value]
            out.write(" ".join([key] + [format_value(v) for v in values]) + "\n")


def format_value(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return f"{value:.9g}"
    return str(value)


def read(path):
    """The facts of a file as a dictionary of lists of strings; a key that occurs again begins with its last value."""
    facts = {}
    for line in path.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            key, *values = line.split(" ")
            facts[key] = values
    return facts
