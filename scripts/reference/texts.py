"""Texts the references are made from, written for this purpose."""

# Trains the vocabularies of the tiny models and gives their prompts.
STORY = """\
The ferry to the northern islands left at six in the morning, and Marta was late. She ran down the hill with one shoe
in her hand, past the bakery, past the old customs house, past the dog that barked at everybody, and she shouted that
they should wait. Nobody waited. The captain had waited for Marta on Monday, on Tuesday, and twice on Wednesday, and
he had told her that he would not wait again.

"You could swim," said the man who sold the tickets. He had sold tickets for thirty years and had seen the ferry leave
without somebody on most of those days. "It's only eleven miles. The water isn't cold before October."

"It's November," said Marta.

"Then I wouldn't," said the man.

She sat down on a wooden box and put on the shoe. There was a letter in her bag that had to reach the lighthouse before
the lamp was lit, and the lamp was lit at five. She did not know what the letter said. It had been given to her by a
woman in a green coat who had paid her with three silver coins, and who had told her not to read it, not to lose it,
and not to speak about it, least of all to the man who sold the tickets.

"What's in the bag?" asked the man who sold the tickets.

"Bread," said Marta. There was bread in the bag as well, so that it was not a lie; it was only a small part of the
truth, as most answers are. The man looked at the bag and then at the sea, where the ferry was already no bigger than
a beetle on a blue cloth, and he seemed to think about something that had happened a long time ago.

"My brother has a boat," he said at last. "It's a bad boat. It leaks, and the sail has been mended so often that there
is more thread in it than sail. But it floats, mostly, and he'll take you for the half of your bread."

So they walked along the harbour, and they found the brother asleep under his boat with a hat upon his face. They woke
him. He counted the loaves, he looked at the clouds, he licked his thumb and held it up into the wind, and he said that
they would be at the lighthouse by four o'clock, or else at the bottom of the sea by half past two, and that he couldn't
yet say which. Marta thought of the lamp, and of the three silver coins, and of the woman in the green coat. Then she
stepped into the boat. It was, as she had been promised, a bad boat.
"""
