"""The texts whose ids are kept: written by hand, and random strings from a fixed seed."""
import random
import unicodedata

# One line in each of many languages and scripts: part of the training text and of the cases.
LINES = (
    "The bridge was closed, so we walked along the river until we found a boat.",
    "Die Brücke war gesperrt, also gingen wir am Fluss entlang, bis wir ein großes Boot fanden.",
    "Le pont était fermé ; nous avons donc longé la rivière jusqu'à trouver un bateau à l'île.",
    "El puente estaba cerrado, así que caminamos por el río. ¿Dónde está el señor? ¡Aquí!",
    "A ponte estava fechada, então caminhámos até à povoação, onde não havia ninguém.",
    "Il ponte era chiuso, perciò camminammo lungo il fiume finché non trovammo una città.",
    "De brug was dicht, dus liepen we langs de rivier; dat was geen probleem, zei het oude vrouwtje.",
    "Bron var stängd, så vi gick längs ån tills vi fann en båt på östra stranden.",
    "Silta oli suljettu, joten kävelimme jokea pitkin, kunnes löysimme veneen hämärässä yössä.",
    "Most był zamknięty, więc szliśmy wzdłuż rzeki, aż znaleźliśmy łódź. Żółć, gęś, jaźń.",
    "Most byl zavřený, a tak jsme šli podél řeky, až jsme našli loď. Příliš žluťoučký kůň.",
    "A híd le volt zárva, ezért a folyó mentén sétáltunk, amíg hajót nem találtunk. Árvíztűrő tükörfúrógép.",
    "Köprü kapalıydı, biz de nehir boyunca yürüdük; İstanbul'da ışık, ılık ve iyiydi.",
    "Cây cầu bị đóng, nên chúng tôi đi dọc theo sông cho đến khi tìm thấy một chiếc thuyền.",
    "Мост был закрыт, поэтому мы шли вдоль реки, пока не нашли лодку. Ёжик съел ещё щавеля.",
    "Міст був закритий, тож ми йшли вздовж річки, їли яблука й шукали човен на її березі.",
    "Η γέφυρα ήταν κλειστή, γι' αυτό περπατήσαμε δίπλα στο ποτάμι μέχρι που βρήκαμε μια βάρκα.",
    "הגשר היה סגור, לכן הלכנו לאורך הנהר עד שמצאנו סירה.",
    "كان الجسر مغلقًا، فمشينا على طول النهر حتى وجدنا قاربًا. العدد ١٢٣٤٥.",
    "پل بسته بود، بنابراین کنار رودخانه راه رفتیم تا قایقی پیدا کردیم. می‌خواهم ۴۵۶.",
    "पुल बंद था, इसलिए हम नदी के किनारे चलते रहे जब तक हमें नाव नहीं मिली। १२३४",
    "সেতুটি বন্ধ ছিল, তাই আমরা নদীর ধারে হাঁটলাম যতক্ষণ না একটি নৌকা পেলাম।",
    "பாலம் மூடப்பட்டிருந்தது, எனவே நாங்கள் ஆற்றங்கரையில் நடந்தோம்.",
    "สะพานปิดอยู่ เราจึงเดินเลียบแม่น้ำไปจนพบเรือลำหนึ่ง ๑๒๓",
    "桥封了，我们就沿着河走，直到找到一条船。第二天是2024年3月5日。",
    "橋は閉まっていたので、川に沿って歩いて、船を見つけました。ｶﾀｶﾅ　テスト、１２３。",
    "다리가 막혀 있어서 우리는 배를 찾을 때까지 강을 따라 걸었다. 값은 3만 원이다.",
    "ხიდი დაკეტილი იყო, ამიტომ მდინარის გასწვრივ წავედით.",
    "Կամուրջը փակ էր, ուստի քայլեցինք գետի երկայնքով։",
    "ድልድዩ ተዘግቶ ነበር፣ ስለዚህ በወንዙ ዳር ሄድን። ፩፪፫",
)

TEXTS = LINES + (
    "", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "a", " a", "a ", " a ", "  a  ", "A", "é", "1", " 1", "!", " !", "'", " '", "''",
    "Hello", " Hello", "Hello world", "Hello  world", "Hello   world", "Hello world ", "Hello\nworld", "Hello\n world", "Hello \nworld",
    "Hello\n\nworld", "Hello\n\n\n  world", "Hello\tworld", "Hello \t world", "Hello\r\nworld\r\n", " \n \n ", "\n a", "\n\n a", "\n  a",
    " \n", "  \n", "\n ", "\n  ", "\t\t\tdeep", "    four", "     five", "x    ", "x\n    y\n        z\n",
    # contractions: lower case alone is split, and only these
    "I'm you're he's she'd they'll we've don't can't it's", "I'M YOU'RE HE'S SHE'D THEY'LL WE'VE DON'T", "I'm'll've", "'s't're've'm'll'd",
    "'S 'T 'RE", " 's 't", "'sing 'tis 'real 'very 'more 'llama 'dog", "rock 'n' roll", "l'été d'une fois", "he’s don’t it’s", "x's's's", "''s", "'\n's",
    "s'", "'l 'v 'r 'k", "o'clock o'er 'em", "dogs' cats's",
    # digits and other numbers
    "0", "12", "123", "1234567890", "3.14159", "1,000,000.00", "1e-10", "0x7fff", "12th 3rd", "a1b2c3", "  42  ", "2024-03-05T10:20:30Z", "v1.2.3-rc4",
    "½ ¼ ² ³ ¹", "Ⅳ Ⅷ ⅻ", "①②③", "٣٤٥", "१२३", "１２３", "10km/h", "50%", "$5.99 €10 £3 ¥100 ₹7",
    # punctuation and source code
    "!!!", "...", "…", "?!", "--", "—", "–", "(a)", "[b]{c}", "\"quoted\"", "“curly” ‘quotes’", "«guillemets»", "a.b,c;d:e", "a . b , c", "end.\"\n\n\"Start",
    "___", "snake_case_name", "CamelCaseName", "kebab-case", "user@example.org", "https://example.org/a?b=c&d=%20#e", "/usr/bin/env", "C:\\Temp\\new",
    "int main(void) {\n    return 0;\n}\n", "\tif (x == y && z != w) { x += 1; }", "for i in range(10):\n        print(i)\n", "#include <stdio.h>",
    "<html><body class=\"a\">&nbsp;</body></html>", "a=b+c*d/e-f^g%h", "~`|\\", "****", "# Title\n\n- item\n- item\n\n1. one\n", "{\"k\": [1, 2.5, null, true]}",
    "SELECT * FROM t WHERE a = 'b';", "=====", "=-=-=-=", "->=>", "::", "a::b", "//comment", "/* c */", "100%!", "#1", "@a", "a@", "(", ")", " ( )",
    # runs
    "a" * 300, "ab" * 150, "aaaaab" * 30, "ha" * 40 + "!", " " * 100, " " * 101 + "x", "\n" * 100, "\t" * 33, "\r" * 5, "0" * 70, "." * 90, "-" * 80, "é" * 60,
    "the" * 50, " the" * 50, "the " * 50, "\n \n \n " * 10, "👍" * 20, "漢" * 50, "\u0301" * 40, "e\u0301" * 30, "\u00a0" * 12, "x" + "\u200d" * 9,
    # emoji, with joiners, skin tones, flags, keycaps
    "😀", "😀😃😄", " 😀 ", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷🇯🇵", "1️⃣2️⃣", "❤️", "☃", "I ❤️ NY", "ok👌ok", "🧑🏿‍🚀🚀", "♥♦♣♠", "✓✔✗", "→←↔", "🤷🏽‍♀️.", "🦀's",
    # combining marks
    "e\u0301", "é vs e\u0301", "a\u0308o\u0308u\u0308", "Z\u0351\u036b\u0343a\u0334l\u0335g\u0336o\u0337", "\u0301alone", " \u0301blank", "n\u0303o", "ко\u0301т", "हिन्दी", "ไม้เอก", "שָׁלוֹם", "مُحَمَّد", "가 각", "ａｂｃ", "ﬁ ﬂ ﬀ", "ǅ ǆ Ǆ", "ß ẞ", "ſ", "İ ı", "ŉ", "ª º",
    # unicode blanks, and characters that look like blanks but are none
    "a\u00a0b", "a\u1680b", "a\u2000b\u2001c\u2002d\u2003e", "a\u2009b\u200ac", "a\u2028b\u2029c", "a\u202fb", "a\u205fb", "a\u3000b", " \u3000x", "\u3000 x", "\u00a0\u00a0x", "x\u00a0",
    "a\u200bb", "a\u200cb\u200dc", "\ufeffbom", "a\ufeffb", "a\u180eb", " \u180ex", "a\u2060b", "a\u00adb", "a\u0085b", "\u0085\u0085x", "x\u0085 y", "a\u2800b", "a\u3164b", "\u200e\u200fx",
    # control bytes
    "\x01\x02\x03", "a\x07b", "\x1b[31mred\x1b[0m", "a\x0bb\x0cc", "\x0b\x0b x", " \x0c x", "\x1c\x1d\x1e\x1f", "a\x1cb", "a\x1f b", "\x7f", "x\x7fy", "\x08\x08", "\x80\x81", "\x9f",
    # other planes, and the ends of the ranges
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𝟙𝟚𝟛", "𐌰𐌱𐌲", "𠜎𠜱", "𓀀𓁐", "\ufffd", "\uffff", "\ue000", "\U0010ffff", "\U000f0000", "\u0378", "߿", "ࠀ", "\ud7ff", "\U00010000", "\u07ff\u0800",
    # mixtures
    "naïve café résumé", "Ünïcödé tëxt", "日本語とEnglishの混在", "Привет, world!", "שלום world", "مرحبا 123 world", "3の2", "x²+y²=z²", "Straße-12a", "H₂O", "10⁻³", "Ω≈ç√∫",
    "price:5€", "l'Œuvre", "ÆØÅ æøå", "Þórr Ðí", "mañana—hoy", "a\u0301b1\u0302!", "tabs\tand  blanks \n\nand\r\nlines  ", "END", "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> ", "<|endoftext", "<|user|>", "<name>",
)

RANDOM_TEXTS = 260


def all_texts():
    return list(TEXTS) + random_texts()


def random_texts():
    """Strings of 1 to 24 characters: mixtures of the kinds that the split tells apart. Only characters that Unicode
    had in version 3.2 already, with the category they have now, so that no table's age matters."""
    rng = random.Random(20240229)
    old = unicodedata.ucd_3_2_0
    settled = [c for c in map(chr, range(1, 0x30000)) if old.category(c) == unicodedata.category(c) and old.category(c)[0] != "C"]
    kinds = {kind: [c for c in settled if unicodedata.category(c)[0] == kind] for kind in "LMNPSZ"}
    near = {kind: [c for c in characters if ord(c) < 0x250] for kind, characters in kinds.items()}
    pools = [list("abcdefghijklmnopqrstuvwxyz"), list("etaoin"), list("ABCXYZ"), list("0123456789"), list("   "), [" "], ["\n"], list(" \t\r\n\v\f"),
             ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'"], list(".,;:!?-\"()"), kinds["L"], kinds["M"], kinds["N"], kinds["P"], kinds["S"], kinds["Z"],
             near["L"], near["P"], list("的一是不了人我在有"), list("оеаинтсрв"), list("😀👍🏽🇩\u200d\ufe0f")]
    texts = []
    for _ in range(RANDOM_TEXTS):
        few = rng.sample(pools, rng.randint(1, 5))
        text = "".join(rng.choice(rng.choice(few)) for _ in range(rng.randint(1, 24)))
        texts.append(text)
    return texts


def around(added, special):
    """Texts that hold added and special tokens: alone, between words, doubled, cut short, next to each other."""
    texts = []
    for token in added + special:
        texts += [token, token * 2, token * 3, f"one{token}two", f"one {token} two", f" {token}", f"{token} ", token[:-1], token[1:], token + "\n" + token,
                  token + "x", f"'s{token}'s", f"1{token}2", f"é{token}é"]
    for first in added + special:
        for second in added + special:
            texts.append(first + second)
    texts += [" " * count + "x" for count in range(1, 19)] + ["\t" * count + "x" for count in range(1, 6)]
    texts += ["<name", "name>", "<<name>>", "<na<name>me>", "l'été, l'étés et l'étét", "ÉTÉ", "e\u0301te\u0301"]
    return texts
