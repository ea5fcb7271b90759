"""Texts and types to try a model on."""

TYPES = ["person", "place"]
TEXTS = [
    "Ada Lovelace wrote to London.",
    "",
    " \n\t ",
    "在东京的 Ada (Tokyo)",
    "the\u200bend\x00 of\xa0it 🙂👨‍👩‍👧",
    "half a pair \ud83d and a tab\t.",
    "Grace Hopper met Ada in New York (1950).",
]
