"""Chat templates of our own, and what transformers (Jinja2) renders from them.

    *.jinja           written by hand; together they use every construct that quill supports
    requests.jsonl    the conversations of scripts/reference/chats.py
    expect.jsonl      a line for each template and conversation: the text, or where rendering fails "raised": whether by
                      raise_exception
"""
import json

from . import chats

CHOSEN = ("one_closed", "system", "many", "parts", "calls", "call_last", "reasoning", "think_inline", "thinking_off",
          "documents", "injected", "unicode", "not_alternating", "no_messages")


def add_arguments(parser):
    pass


def run(args):
    root = args.data / "chat"
    with open(root / "requests.jsonl", "w", encoding="utf-8") as out:
        for name in CHOSEN:
            request = json.loads(chats.request(chats.CONVERSATIONS[name]))
            out.write(json.dumps({"name": name, **request}, ensure_ascii=False) + "\n")
    with open(root / "expect.jsonl", "w", encoding="utf-8") as out:
        for path in sorted(root.glob("*.jinja")):
            template = path.read_text(encoding="utf-8")
            for name in CHOSEN:
                kind, text = chats.render(template, chats.CONVERSATIONS[name])
                result = {"text": text} if kind == "ok" else {"raised": text.startswith("TemplateError: ")}
                out.write(json.dumps({"template": path.name, "request": name, **result}, ensure_ascii=False) + "\n")
