"""`python -m tests.bench`: times of what must be fast, each against a floor of the same run.

A missed goal is printed, never an error: a shared machine is no judge. What cannot run at all ends with status 1.
"""

import sys

from tests.bench import corpus, in_process, scans, searches, start_up


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    for rows in (start_up.rows(), in_process.rows(), searches.rows(), corpus.rows(), scans.rows()):
        for row in rows:
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
