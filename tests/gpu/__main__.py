"""`python -m tests.gpu CARD`: predicted against measured on the GPU of this machine (needs torch; 24 GiB free).

    python -m tests.gpu h200-sxm-141gb
    python -m tests.gpu cpu-desktop-ddr5 --tiny        the same on a CPU, at a size that only shows that it runs

No results of it have been taken yet: no machine with a GPU was at hand when it was written, and nothing in
`estimator/calibration.py` rests on it. Where one is, its table with date and device belongs in that file's sources.
"""

import argparse
import platform
import sys
from datetime import UTC, datetime

import torch

from estimator.gpus import find_gpu
from tests.gpu.decoder import Shape
from tests.gpu.measure import Sizes, measure

TINY = Shape(2, 64, 4, 2, 16, 128, 256)
TINY_SIZES = Sizes(rows=(1, 16), steps=((1, 32), (4, 64)), prompts=(32, 64), repeats=3)


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    asked = argparse.ArgumentParser(prog="python -m tests.gpu", description="predicted against measured")
    asked.add_argument("card", help="the card that is here, by its id in `hubgauge hardware`")
    asked.add_argument("--tiny", action="store_true", help="a tiny shape on the CPU")
    words = asked.parse_args()
    gpu, device = find_gpu(words.card), "cpu" if words.tiny else "cuda"
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("no GPU is here; --tiny shows the same on the CPU")
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {name}, torch {torch.__version__}, predicted for {gpu.id}")
    print(f"{'':<42} {'predicted':>12} {'measured':>12} {'ratio':>7}")
    for row in measure(TINY if words.tiny else Shape(), gpu, device, TINY_SIZES if words.tiny else Sizes()):
        print(f"{row.what:<42} {row.predicted_s * 1e3:>9.3f} ms {row.measured_s * 1e3:>9.3f} ms {row.ratio:>7.2f}")


if __name__ == "__main__":
    main()
