from gner.prompting import OFFICIAL_INSTRUCTION, GnerFormat
from gner.prompting.boundaries import BOUNDARIES, marks_of
from gner.prompting.instructions import INSTRUCTIONS
from tests.conftest import make_example


def test_each_instruction_explains_the_marks_of_its_answers() -> None:
    for boundaries in BOUNDARIES:
        prefixes = {mark[:2] for mark in marks_of(["city"], boundaries)} - {"O"} if boundaries != "none" else set()
        explained = {prefix for prefix in ("B-", "I-", "E-", "S-") if f". {prefix} (" in INSTRUCTIONS[boundaries]}
        assert explained == prefixes
        assert ". O (Outside) denotes" in INSTRUCTIONS[boundaries]
        assert INSTRUCTIONS[boundaries].splitlines()[:2] == OFFICIAL_INSTRUCTION.splitlines()[:2]


def test_the_default_goes_with_the_boundaries_and_another_is_taken_as_it_is() -> None:
    example = make_example("London/B-place calling/O")
    for boundaries in BOUNDARIES:
        [query] = GnerFormat(boundaries=boundaries).queries(example)
        assert query.prompt.startswith(f"{INSTRUCTIONS[boundaries]}\nUse the specific")
        [query] = GnerFormat("Do it.", boundaries=boundaries).queries(example)
        assert query.prompt.startswith("Do it.\nUse the specific")
        [query] = GnerFormat(None, boundaries=boundaries).queries(example)
        assert query.prompt.startswith("Use the specific")
