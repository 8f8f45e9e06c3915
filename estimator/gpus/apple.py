"""Apple silicon: the GPU shares the memory; what Metal lets it use is a share of it (see hardware.py).

Rates repeat the fp32 shader rate (no native bf16 on M1); M5 has matrix units whose rate no one has published.
"""

# fmt: off
# A row is a table of facts, one line for each kind of fact; the formatter would give each number a line.

from typing import Final

from estimator.hardware import Gpu

CORES_AND_BANDWIDTH: Final = "huggingface.js hardware.ts (fp32 TFLOPS, memory options, power); llmfit (bandwidth)"

APPLE: Final = (
    # M1
    Gpu(
        id="m1", vendor="Apple", architecture="Apple M1", year=2020, tdp_w=15,
        aliases=("apple m1",),
        sold_memory_gb=16, memory_options_gb=(8, 16), memory_type="LPDDR unified", memory_gb_per_s=68.3,
        tflops={"fp32": 2.6, "bf16": 2.6, "fp16": 2.6},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m1-pro", vendor="Apple", architecture="Apple M1", year=2021, tdp_w=30,
        sold_memory_gb=32, memory_options_gb=(16, 32), memory_type="LPDDR unified", memory_gb_per_s=204.8,
        tflops={"fp32": 5.2, "bf16": 5.2, "fp16": 5.2},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m1-max", vendor="Apple", architecture="Apple M1", year=2021, tdp_w=60,
        sold_memory_gb=64, memory_options_gb=(32, 64), memory_type="LPDDR unified", memory_gb_per_s=409.6,
        tflops={"fp32": 10.4, "bf16": 10.4, "fp16": 10.4},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m1-ultra", vendor="Apple", architecture="Apple M1", year=2022, tdp_w=120,
        sold_memory_gb=128, memory_options_gb=(64, 128), memory_type="LPDDR unified", memory_gb_per_s=819.2,
        tflops={"fp32": 21, "bf16": 21, "fp16": 21},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    # M2
    Gpu(
        id="m2", vendor="Apple", architecture="Apple M2", year=2022, tdp_w=20,
        aliases=("apple m2",),
        sold_memory_gb=24, memory_options_gb=(8, 16, 24), memory_type="LPDDR unified", memory_gb_per_s=102.4,
        tflops={"fp32": 3.6, "bf16": 3.6, "fp16": 3.6},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m2-pro", vendor="Apple", architecture="Apple M2", year=2023, tdp_w=35,
        sold_memory_gb=32, memory_options_gb=(16, 32), memory_type="LPDDR unified", memory_gb_per_s=204.8,
        tflops={"fp32": 6.8, "bf16": 6.8, "fp16": 6.8},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m2-max", vendor="Apple", architecture="Apple M2", year=2023, tdp_w=80,
        sold_memory_gb=96, memory_options_gb=(32, 64, 96), memory_type="LPDDR unified", memory_gb_per_s=409.6,
        tflops={"fp32": 13.5, "bf16": 13.5, "fp16": 13.5},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m2-ultra", vendor="Apple", architecture="Apple M2", year=2023, tdp_w=150,
        sold_memory_gb=192, memory_options_gb=(64, 128, 192), memory_type="LPDDR unified", memory_gb_per_s=819.2,
        tflops={"fp32": 27.2, "bf16": 27.2, "fp16": 27.2},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    # M3
    Gpu(
        id="m3", vendor="Apple", architecture="Apple M3", year=2023, tdp_w=22,
        aliases=("apple m3",),
        sold_memory_gb=24, memory_options_gb=(8, 16, 24), memory_type="LPDDR unified", memory_gb_per_s=102.4,
        tflops={"fp32": 4.1, "bf16": 4.1, "fp16": 4.1},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m3-pro", vendor="Apple", architecture="Apple M3", year=2023, tdp_w=40,
        sold_memory_gb=36, memory_options_gb=(18, 36), memory_type="LPDDR unified", memory_gb_per_s=153.6,
        tflops={"fp32": 7.4, "bf16": 7.4, "fp16": 7.4},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
        note="bandwidth below the M2 Pro's",
    ),
    Gpu(
        id="m3-max-30core", vendor="Apple", architecture="Apple M3", year=2023, tdp_w=80,
        aliases=("m3 max 30",),
        sold_memory_gb=96, memory_options_gb=(36, 96), memory_type="LPDDR unified", memory_gb_per_s=307.2,
        tflops={"fp32": 10.7, "bf16": 10.7, "fp16": 10.7},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
        note="the 30-core bin",
    ),
    Gpu(
        id="m3-max-40core", vendor="Apple", architecture="Apple M3", year=2023, tdp_w=90,
        aliases=("m3 max", "m3 max 40"),
        sold_memory_gb=128, memory_options_gb=(48, 64, 128), memory_type="LPDDR unified", memory_gb_per_s=409.6,
        tflops={"fp32": 14.2, "bf16": 14.2, "fp16": 14.2},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m3-ultra", vendor="Apple", architecture="Apple M3", year=2025, tdp_w=180,
        sold_memory_gb=512, memory_options_gb=(96, 256, 512), memory_type="LPDDR unified", memory_gb_per_s=819.2,
        tflops={"fp32": 28.4, "bf16": 28.4, "fp16": 28.4},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    # M4
    Gpu(
        id="m4", vendor="Apple", architecture="Apple M4", year=2024, tdp_w=22,
        aliases=("apple m4",),
        sold_memory_gb=32, memory_options_gb=(16, 24, 32), memory_type="LPDDR unified", memory_gb_per_s=120,
        tflops={"fp32": 4.6, "bf16": 4.6, "fp16": 4.6},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m4-pro", vendor="Apple", architecture="Apple M4", year=2024, tdp_w=45,
        sold_memory_gb=64, memory_options_gb=(24, 48, 64), memory_type="LPDDR unified", memory_gb_per_s=273,
        tflops={"fp32": 9.2, "bf16": 9.2, "fp16": 9.2},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
    ),
    Gpu(
        id="m4-max-32core", vendor="Apple", architecture="Apple M4", year=2024, tdp_w=80,
        aliases=("m4 max 32",),
        sold_memory_gb=36, memory_type="LPDDR unified", memory_gb_per_s=410,
        tflops={"fp32": 14.7, "bf16": 14.7, "fp16": 14.7},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
        note="the 32-core bin",
    ),
    Gpu(
        id="m4-max-40core", vendor="Apple", architecture="Apple M4", year=2024, tdp_w=100,
        aliases=("m4 max", "m4 max 40"),
        sold_memory_gb=128, memory_options_gb=(48, 64, 128), memory_type="LPDDR unified", memory_gb_per_s=546,
        tflops={"fp32": 18.4, "bf16": 18.4, "fp16": 18.4},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="med",
        note="there is no M4 Ultra",
    ),
    # M5
    Gpu(
        id="m5", vendor="Apple", architecture="Apple M5", year=2025, tdp_w=25,
        aliases=("apple m5",),
        sold_memory_gb=32, memory_options_gb=(16, 24, 32), memory_type="LPDDR unified", memory_gb_per_s=153.6,
        tflops={"fp32": 5.7, "bf16": 17, "fp16": 17},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="low",
        note="matmul units: fp16 estimated near 4x the shader rate; no vendor figure",
    ),
    Gpu(
        id="m5-pro", vendor="Apple", architecture="Apple M5", year=2026, tdp_w=50,
        sold_memory_gb=64, memory_options_gb=(24, 48, 64), memory_type="LPDDR unified", memory_gb_per_s=307,
        tflops={"fp32": 11.4, "bf16": 35, "fp16": 35},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="low",
        note="fp16 estimated from a third party's 70 for 40 cores",
    ),
    Gpu(
        id="m5-max-32core", vendor="Apple", architecture="Apple M5", year=2026, tdp_w=90,
        aliases=("m5 max 32",),
        sold_memory_gb=36, memory_type="LPDDR unified", memory_gb_per_s=460,
        tflops={"fp32": 18.2, "bf16": 56, "fp16": 56},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="low",
        note="fp16 estimated from a third party's 70 for 40 cores; bandwidth recalled",
    ),
    Gpu(
        id="m5-max-40core", vendor="Apple", architecture="Apple M5", year=2026, tdp_w=110,
        aliases=("m5 max", "m5 max 40"),
        sold_memory_gb=128, memory_options_gb=(48, 64, 128), memory_type="LPDDR unified", memory_gb_per_s=614,
        tflops={"fp32": 22.8, "bf16": 70, "fp16": 70},
        link="Thunderbolt",
        source=CORES_AND_BANDWIDTH, confidence="low",
        note="fp16 is a third party's estimate",
    ),
)
