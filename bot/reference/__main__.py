"""`python -m bot.reference docs`: write every page that comes from a table."""

import argparse
from pathlib import Path

from bot.reference.pages import PAGES

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
