"""Plain English of many subjects, written for this probe: nothing that a model can have learnt by heart."""

_WRITTEN = """\
The harbour was quiet before dawn. Two men mended a net under a lamp, and the only other sound was water
knocking against the hulls.

Heat moves from warm things to cold ones. A metal spoon feels colder than a wooden one in the same drawer
because it carries the warmth of your hand away faster.

To bake a plain loaf, mix flour, water, salt and yeast, let the dough rest until it has doubled, fold it,
shape it, and bake it in a hot oven until the crust is brown and the bottom sounds hollow.

My grandmother kept her letters in a biscuit tin. When we opened it after the funeral, the oldest one was from
a man none of us had heard of.

A triangle with sides of three, four and five has a right angle, and builders have used a knotted rope to make
one for a very long time.

The council voted to close the bridge for repairs in spring. Shopkeepers on the north bank said that they had
not been asked.

Bees tell each other where flowers are by dancing. The angle of the dance shows the direction, and its length
shows how far away they are.

If you lend money to a friend, write down how much it was and when it is due. It is easier to agree on a sum
before the money has changed hands.

The train was late again, so she sat on her suitcase and read the last chapter twice.

Rivers carry sand to the sea. Where the water slows down, the sand sinks, and over thousands of years a delta
grows out into the waves.

He spoke slowly, as people do who have learnt a language from books, and he never once used the wrong tense.

A vaccine shows the body a harmless piece of a germ, so that it can practise. When the germ itself arrives,
the body already knows what to do.

First check that the plug is out. Then remove the two screws at the back, lift the cover, and blow the dust
off the fan without letting it spin.

In the oldest part of the city the streets follow the paths of cattle, which is why no two of them meet at a
right angle.

The team lost its first three matches and won the rest. Nobody on the bench could say what had changed.

Interest that is paid on interest grows slowly at first and then quickly. At seven percent a year, a sum
doubles in about ten years.

There was a knock, and then a second one, softer, as if whoever stood outside had already begun to doubt.

Glass is made from sand that is melted with soda and lime. It has no crystals, and so it breaks in curves.

The contract ends on the last day of June unless one of the parties gives notice three months before.

Old maps show an island here. Three ships were sent to find it, and each came back with a different reason why
it had not.

When the moon stands between the sun and the earth, its shadow crosses the land at the speed of a jet.

She planted beans along the fence, peas under the window and, against all advice, a fig tree by the gate.

A good question is one whose answer would change what you do next.

The museum keeps most of its paintings in the cellar, where it is dark, dry and a little too cold for
visitors.
"""

TEXTS: tuple[str, ...] = tuple(" ".join(text.split()) for text in _WRITTEN.split("\n\n"))
