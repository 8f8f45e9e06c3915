"""`python -m tests.fuzz.questions`: questions spoilt in any number of ways; each is read or refused, soon.

    python -m tests.fuzz.questions --cases 1000000 --seed 7

Every text must come out as a `Query` that can be stored and read back, or as an explained refusal, within
`GOAL_WORST_S` of processor time. Status 1 where anything else came out; a slow case is timed again, three times, before
it counts, since a shared machine stops programs as it likes. A case is repeated by its seed and number:
`--seed 7 --first 1234 --cases 1`.
"""

import argparse
import statistics
import string
import sys
import time
from random import Random
from typing import Final

from bot.question import Query, QuestionError, parse
from bot.question.normalise import MAX_CHARACTERS
from bot.question.stored import restored, stored
from tests.bot.question.phrasings import DOUBTED, REFUSED, UNDERSTOOD
from tests.bot.question.test_typed import rows

GOAL_MEDIAN_S: Final = 300e-6
GOAL_WORST_S: Final = 20e-3
SHOWN: Final = 10
PIECES: Final = (
    "(" * 40, "[" * 40, "<@U1|" * 9, "&amp;" * 9, "**" * 20, "`" * 30, "1" * 60, "9," * 40, "-" * 60, "x" * 60,
    "8x" * 40, "h100 " * 30, "llama-" * 30, "3.1" * 30, "a/b " * 30, "--tp " * 20, "--model x/y-7b ",
    "= " * 30, "\u200b" * 20,
    "\u202e", "\u00a0" * 20, "\uff18\uff42" * 9, "卡" * 30, "两张" * 20, "😀" * 10, "\n" * 20, "\t", "$10/hour ",
    "1e9 ",
    "q4_k_m " * 9, "at 32k " * 9, "64 users " * 9, "and " * 20, "? " * 20, "vs " * 20, "'" * 20, '"' * 20, "\\" * 20,
    "how many ", "vllm serve ", "docker run ", "2 nodes of ", "https://hf.co/a/b ", "kv ", "%" * 9, "0" * 40,
    "\uff11\uff12", "\u0663",
)  # fmt: skip
"""Junk that has broken parsers: nesting, repetition, look-alikes, digits without end."""


def real_questions() -> tuple[str, ...]:
    """Every text of the project's own lists."""
    typed = [row.text for name in ("typed.txt", "typed_later.txt") for row in rows(name)]
    told = [*(row[0] for row in UNDERSTOOD), *(row[0] for row in DOUBTED), *(row[0] for row in REFUSED)]
    return tuple(text for text in (*typed, *told) if text.strip())


def spoilt(number: int, seed: int, real: tuple[str, ...]) -> str:
    """One case: the same for the same seed and number."""
    dice = Random(f"{seed}:{number}")  # noqa: S311  # dice, no secrets
    text = dice.choice(real)
    for _ in range(dice.randint(1, 6)):
        text = dice.choice(_MUTATIONS)(text, dice, real)
    return text[: MAX_CHARACTERS + dice.choice((0, 0, 0, 5))]


def _swap_letters(text: str, dice: Random, real: tuple[str, ...]) -> str:
    del real
    letters = list(text)
    for _ in range(dice.randint(1, 5)):
        letters[dice.randrange(len(letters))] = dice.choice(string.printable)
    return "".join(letters)


def _random_letters(text: str, dice: Random, real: tuple[str, ...]) -> str:
    del real
    at = dice.randrange(len(text))
    junk = "".join(chr(dice.choice((dice.randrange(32, 0x250), dice.randrange(0x2000, 0xD7FF)))) for _ in range(9))
    return f"{text[:at]}{junk}{text[at:]}"


def _cut(text: str, dice: Random, real: tuple[str, ...]) -> str:
    del real
    first, last = sorted((dice.randrange(len(text)), dice.randrange(len(text))))
    return text[:first] + text[last:] or "?"


def _repeated(text: str, dice: Random, real: tuple[str, ...]) -> str:
    del real
    first = dice.randrange(len(text))
    part = text[first : first + dice.randint(1, 40)]
    return text[:first] + part * dice.randint(2, 60) + text[first:]


def _joined(text: str, dice: Random, real: tuple[str, ...]) -> str:
    return dice.choice((" ", "", "; ", "\n", " vs ", "/")).join((text, dice.choice(real)))


def _shuffled(text: str, dice: Random, real: tuple[str, ...]) -> str:
    del real
    words = text.split() or ["?"]
    dice.shuffle(words)
    return dice.choice((" ", " ", "", "-", "/")).join(words)


def _with_piece(text: str, dice: Random, real: tuple[str, ...]) -> str:
    del real
    at = dice.randrange(len(text) + 1)
    return f"{text[:at]}{dice.choice(PIECES)}{text[at:]}"


_MUTATIONS: Final = (_swap_letters, _random_letters, _cut, _repeated, _joined, _shuffled, _with_piece, _with_piece)


def read(text: str) -> tuple[str | None, float]:
    """What went wrong with a text, and the processor's time that it took."""
    start = time.process_time()
    try:
        query = parse(text)
    except QuestionError as error:
        return (None if error.message else "a refusal without a word"), time.process_time() - start
    except Exception as error:  # noqa: BLE001  # whatever it is: it is what the fuzzer looks for
        return f"{type(error).__name__}: {error}", time.process_time() - start
    took_s = time.process_time() - start
    return (None if _is_carried(query) else "lost in the store"), took_s


def _is_carried(query: Query) -> bool:
    return restored(stored(query)) == query


def main() -> int:
    """Run the cases that the command line asks for; 1 where one failed or took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    real = real_questions()
    for text in real:
        read(text)  # compiles what each needs
    plain_s = statistics.median(read(text)[1] for text in real)
    faults, worst_s, times = 0, 0.0, []
    for number in range(asked.first, asked.first + asked.cases):
        text = spoilt(number, asked.seed, real)
        fault, took_s = read(text)
        if took_s > GOAL_WORST_S / 2:
            took_s = min(took_s, *(read(text)[1] for _ in range(3)))
        times.append(took_s)
        worst_s = max(worst_s, took_s)
        if fault or took_s > GOAL_WORST_S:
            faults += 1
            if faults <= SHOWN:
                sys.stdout.write(f"case {number}: {fault or f'{took_s * 1e3:.1f} ms'}: {text[:200]!r}\n")
    median_s = statistics.median(times)
    sys.stdout.write(
        f"{asked.cases:,} texts: {faults} faults, median {median_s * 1e6:.0f} us, worst {worst_s * 1e3:.1f} ms; "
        f"real questions: median {plain_s * 1e6:.0f} us "
        f"(goals: {GOAL_MEDIAN_S * 1e6:.0f} us for those, worst {GOAL_WORST_S * 1e3:.0f} ms)\n"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
