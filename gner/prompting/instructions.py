"""What the GNER format tells a model to do, for each way to mark boundaries."""

from __future__ import annotations

from gner.prompting.boundaries import Boundaries

_TASK = """\
Please analyze the sentence provided, identifying the type of entity for each word on a token-by-token basis.
Output format is: word_1(label_1), word_2(label_2), ...
"""
OFFICIAL_INSTRUCTION = f"""\
{_TASK}We'll use the BIO-format to label the entities, where:
1. B- (Begin) indicates the start of a named entity.
2. I- (Inside) is used for words within a named entity but are not the first word.
3. O (Outside) denotes words that are not part of a named entity.
"""
"""The paper's, and the released checkpoints'."""
INSTRUCTIONS: dict[Boundaries, str] = {
    "bio": OFFICIAL_INSTRUCTION,
    "bioes": f"""\
{_TASK}We'll use the BIOES-format to label the entities, where:
1. B- (Begin) indicates the start of a named entity of several words.
2. I- (Inside) is used for words within a named entity but are neither the first nor the last word.
3. O (Outside) denotes words that are not part of a named entity.
4. E- (End) indicates the end of a named entity of several words.
5. S- (Single) is used for a named entity of one word.
""",
    "none": f"""\
{_TASK}We'll use the types of the entities as labels, where:
1. The type of a named entity is used for each of its words.
2. O (Outside) denotes words that are not part of a named entity.
""",
}
"""For BIOES and no boundaries the paper gives no text; these follow its own."""
