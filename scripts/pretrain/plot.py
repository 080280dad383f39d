"""Draw RUN/log.csv as an SVG: the running mean of the training loss and the held-out loss against tokens."""
import csv
import pathlib

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 400, 56, 44, 20, 16


def add_plot_arguments(parser):
    parser.add_argument("log", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--title", default="Loss in nats per token")


def read(path):
    """[(tokens, mean)], [(tokens, held-out loss)], the token counts where the rate began to fall.

    Lines of a stretch that was lost with a killed process, or of an older decay, are left out.
    """
    rows = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            while rows and int(row["tokens"]) <= int(rows[-1]["tokens"]):
                rows.pop()
            rows.append(row)
    means = [(int(row["tokens"]), float(row["mean"])) for row in rows]
    held = [(int(row["tokens"]), float(row["validation"])) for row in rows if row["validation"]]
    decays = [int(row["tokens"]) for before, row in zip(rows, rows[1:]) if row["decaying"] > before["decaying"]]
    return means, held, decays


def run_plot(args):
    means, held, decays = read(args.log)
    args.out.write_text(draw(args.title, means, held, decays), encoding="utf-8")
    return 0


def draw(title, means, held, decays):
    last = max(tokens for tokens, _ in means)
    losses = [loss for _, loss in means + held]
    low, high = int(min(losses)), int(max(losses)) + 1

    def x(tokens):
        return LEFT + (WIDTH - LEFT - RIGHT) * tokens / last

    def y(loss):
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low)

    def line(points, colour):
        path = " ".join(f"{x(tokens):.1f},{y(loss):.1f}" for tokens, loss in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'

    def text(at_x, at_y, words, anchor="middle", colour="#333"):
        return f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for loss in range(low, high + 1):
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(loss):.1f}" y2="{y(loss):.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 8, y(loss) + 4, loss, "end"))
    for part in range(5):
        out.append(text(x(last * part / 4), HEIGHT - BOTTOM + 18, f"{last * part / 4e6:.1f} M",
                        "end" if part == 4 else "middle"))
    for tokens in decays:
        out.append(f'<line x1="{x(tokens):.1f}" x2="{x(tokens):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
                   'stroke="#999" stroke-dasharray="4 3"/>')
    out += [line(means, "#27c"), line(held, "#c42"), text(WIDTH / 2, HEIGHT - 8, "tokens"), text(WIDTH / 2, 14, title),
            text(WIDTH - RIGHT, TOP + 16, "training (running mean)", "end", "#27c"),
            text(WIDTH - RIGHT, TOP + 32, "held-out books", "end", "#c42"), "</svg>"]
    return "\n".join(out) + "\n"
