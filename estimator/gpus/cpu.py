"""CPUs, one socket; every rate is derived from cores, width and clock: for orders of magnitude alone."""

# fmt: off
# A row is a table of facts, one line for each kind of fact; the formatter would give each number a line.

from typing import Final

from estimator.hardware import Gpu

CPU: Final = (
    Gpu(
        id="cpu-epyc-9654", vendor="AMD", architecture="Zen4 CPU", year=2022, tdp_w=360,
        aliases=("epyc 9654", "genoa", "cpu-epyc"),
        sold_memory_gb=768, memory_type="DDR5-4800 12ch", memory_gb_per_s=460.8,
        tflops={"fp32": 5.4, "bf16": 10.8, "int8": 21.6},
        source="derived (96c, AVX-512 BF16/VNNI); HF 5.0 TF fp32", confidence="low",
        note="per socket; derived",
    ),
    Gpu(
        id="cpu-epyc-9755", vendor="AMD", architecture="Zen5 CPU", year=2024, tdp_w=500,
        aliases=("epyc 9755", "turin"),
        sold_memory_gb=768, memory_type="DDR5-6000 12ch", memory_gb_per_s=576,
        tflops={"fp32": 11, "bf16": 22, "int8": 44},
        source="derived (128c, full 512b); HF 13.8", confidence="low",
        note="per socket; derived",
    ),
    Gpu(
        id="cpu-xeon-8480", vendor="Intel", architecture="Sapphire Rapids CPU", year=2023, tdp_w=350,
        aliases=("xeon 8480", "spr", "cpu-xeon"),
        sold_memory_gb=512, memory_type="DDR5-4800 8ch", memory_gb_per_s=307.2,
        tflops={"fp32": 7.2, "bf16": 115, "int8": 229},
        source="derived: AMX 1024 bf16 operations per clock and core (tomshardware) x 56 cores x 2.0 GHz",
        confidence="low",
        note="per socket; AMX clock assumed 2.0 GHz",
    ),
    Gpu(
        id="cpu-desktop-ddr5", vendor="generic", architecture="x86 desktop", year=2023, tdp_w=170,
        aliases=("cpu", "desktop cpu", "ryzen 7950x", "core i9"),
        sold_memory_gb=64, memory_type="DDR5-5600 2ch", memory_gb_per_s=89.6,
        tflops={"fp32": 1.5},
        source="LLM-Viewer (89.6 GB/s 13900k)", confidence="low",
        note="generic fallback",
    ),
)
