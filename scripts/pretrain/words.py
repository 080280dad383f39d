"""The words and phrases of the few-shot tasks."""

COLOURS = """\
red blue green yellow black white brown grey pink purple golden silver""".split()

ANIMALS = """\
dog cat horse cow sheep pig goat fox wolf bear lion tiger mouse rat rabbit hare deer monkey donkey duck goose hen
eagle owl crow sparrow swan frog snake fish whale bee ant spider""".split()

FOODS = """\
bread butter cheese milk honey cake soup meat ham egg apple pear plum cherry orange lemon potato onion carrot rice
sugar salt tea coffee wine beer pie jam""".split()

CLOTHES = """\
hat coat shoe boot glove shirt dress skirt cloak cap scarf stocking apron belt collar jacket""".split()

TOOLS = """\
hammer saw axe knife spade needle rope ladder bucket broom nail lamp plough wheel anvil basket""".split()

PLACES = """\
house castle church school shop mill farm garden forest river mountain village city harbour island
road bridge""".split()

PEOPLE = """\
king queen prince farmer soldier sailor doctor teacher priest servant merchant baker miller tailor
nurse boy girl""".split()

GROUPS = {
    "animal": ANIMALS, "food": FOODS, "colour": COLOURS, "clothes": CLOTHES, "tool": TOOLS, "place": PLACES,
    "person": PEOPLE}

NUMBERS = """\
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty""".split()


def pairs(text):
    return [tuple(pair.split("-")) for pair in text.split()]


OPPOSITES = pairs("""\
hot-cold big-small tall-short old-young rich-poor happy-sad good-bad light-dark day-night up-down in-out
left-right open-shut full-empty fast-slow hard-soft wet-dry clean-dirty loud-quiet strong-weak early-late
high-low near-far long-brief thick-thin wide-narrow deep-shallow heavy-airy love-hate laugh-cry begin-end
give-take buy-sell win-lose push-pull friend-enemy war-peace life-death truth-lie north-south east-west
summer-winter first-last always-never all-none more-less black-white brave-cowardly kind-cruel wise-foolish
sweet-bitter sharp-blunt smooth-rough right-wrong asleep-awake alive-dead above-below before-after
inside-outside over-under top-bottom front-back father-mother brother-sister son-daughter king-queen man-woman
boy-girl husband-wife uncle-aunt prince-princess come-go arrive-depart rise-fall remember-forget find-lose
ask-answer teach-learn lend-borrow save-spend build-destroy appear-vanish accept-refuse allow-forbid
proud-humble polite-rude generous-mean lazy-busy safe-dangerous simple-difficult cheap-dear ancient-modern
public-private true-false yes-no hello-goodbye morning-evening heaven-hell land-sea guilty-innocent noisy-silent
calm-stormy""")

IRREGULAR = pairs("""\
man-men woman-women child-children foot-feet tooth-teeth mouse-mice goose-geese wife-wives knife-knives
wolf-wolves leaf-leaves life-lives thief-thieves sheep-sheep deer-deer ox-oxen calf-calves half-halves
shelf-shelves loaf-loaves""")

PAST = pairs("""\
go-went see-saw come-came take-took give-gave find-found think-thought know-knew say-said tell-told run-ran
sit-sat stand-stood eat-ate drink-drank sing-sang begin-began break-broke speak-spoke write-wrote ride-rode
drive-drove fall-fell feel-felt keep-kept sleep-slept leave-left lose-lost make-made meet-met pay-paid send-sent
buy-bought bring-brought catch-caught teach-taught fight-fought hear-heard hold-held grow-grew fly-flew
throw-threw draw-drew wear-wore swim-swam walk-walked look-looked turn-turned open-opened call-called ask-asked
answer-answered cry-cried carry-carried live-lived love-loved help-helped wait-waited want-wanted need-needed
stop-stopped laugh-laughed jump-jumped climb-climbed""")

ADJECTIVES = """\
tall small big strong weak kind wise brave old young rich poor dark light cold warm soft hard quick slow loud deep
high low""".split()

GOOD = """\
delightful charming wonderful splendid excellent beautiful admirable lovely perfect superb pleasant brilliant fine
capital amusing merry touching noble clever fresh warm lively thrilling""".split()

BAD = """\
dull dreadful tedious horrible wretched stupid awful terrible tiresome poor clumsy miserable disgusting weak foolish
boring shameful ugly vulgar stale feeble dismal worthless""".split()

THINGS = """\
book play story novel song poem dinner concert picture performance opera meal chapter comedy tale lecture hotel
journey inn actor ending plot wine music""".split()

SENTENCES = (
    "The {t} was {a}.",
    "A {a} {t}.",
    "What a {a} {t}!",
    "I found the {t} {a}.",
    "We thought it a {a} {t}.",
    "The {t} is {a} from beginning to end.",
    "It was a {a} {t}, {b} and {c}.",
    "{A} and {b}, this {t} is.",
    "The {t} was {a} and the {u} was {b}.",
    "Never have I known so {a} a {t}.",
    "A {a}, {b} {t}.",
)
