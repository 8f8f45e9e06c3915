"""Rows of the clouds' files as they were seen in the catalogue, each with its quirk."""

import pytest

from estimator.gpus import GPUS
from ingest.prices.skypilot import _PCIE, _SXM, NoCatalogue, Offer, read_cloud

COLUMNS = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,Region,GpuInfo,SpotPrice\n"


def offers(cloud: str, *rows: str) -> list[Offer]:
    return read_cloud(cloud, COLUMNS + "\n".join(rows)).offers


def test_a_price_is_of_the_whole_instance() -> None:
    # lambda/vms.csv: eight V100 for 6.32
    assert offers("lambda", "gpu_8x_v100,V100,8.0,92.0,448.0,6.32,us-east-1,,") == [
        Offer("lambda", "v100-sxm2-16gb", 0.79)
    ]


def test_the_least_of_regions_and_sizes_stands_for_a_provider() -> None:
    rows = ("gpu_2x_a6000,A6000,2.0,28,200,2.18,us-east-1,,", "gpu_1x_a6000,A6000,1.0,14,100,1.19,us-east-2,,")
    assert offers("lambda", *rows) == [Offer("lambda", "rtx-a6000", 1.09)]


def test_a_reseller_names_who_offers() -> None:
    # shadeform/vms.csv
    found = offers("shadeform", "scaleway_L4x4,L4,4.0,32.0,192,3.8,warsaw-poland-1,,")
    assert found == [Offer("scaleway (shadeform)", "l4", 0.95)]


@pytest.mark.parametrize(
    ("cloud", "instance", "name", "card"),
    [
        ("verda", "1H100.80S.32V", "H100", "h100-sxm-80gb"),
        ("verda", "1RTXPRO6000.30V", "RTX-PRO-6000", "rtx-pro-6000-blackwell-server"),
        ("verda", "1RTX6000ADA.10V", "RTX-6000-Ada", "rtx-6000-ada"),
        ("spheron", "a100-pcie-1x", "A100-80GB", "a100-pcie-80gb"),
        ("runpod", "1x_A100-80GB_SECURE", "A100-80GB", "a100-pcie-80gb"),
        ("runpod", "1x_A100-80GB-SXM_SECURE", "A100-80GB-SXM", "a100-sxm-80gb"),
        ("runpod", "1x_H100-NVL_SECURE", "H100-NVL", "h100-nvl-94gb"),
        ("hyperstack", "n3-H100-PCIe-NVLinkx8", "H100", "h100-pcie-80gb"),
    ],
)
def test_a_card_is_known_by_its_names(cloud: str, instance: str, name: str, card: str) -> None:
    assert [offer.gpu_id for offer in offers(cloud, f"{instance},{name},1,8,64,2.0,x,,")] == [card]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2B300.60V,B300,2.0,60,550,,FIN-03,,4.893", "no price on demand"),  # verda/vms.csv
        ("g6f.large,L4,0,2,8,0.2,us-east-1,,", "no whole number of cards"),  # aws: a quarter of a card
        ("g6f.large,L4,0.25,2,8,0.2,us-east-1,,", "no whole number of cards"),
        ("a3,H100,1,8,64,700.0,us,,", "a price that cannot be"),  # GCP's "no price"
        ("x,Radeon Pro V520,1,8,64,0.4,us,,", "an accelerator without a row here"),
        ("x,H100,1,8,64,cheap,us,,", "no price on demand"),
        ("x,H100,1,8,64,inf,us,,", "no price on demand"),
        ("x,H100,nan,8,64,2.0,us,,", "no whole number of cards"),
        ("x,H100,1,8,64,-2.0,us,,", "a price that cannot be"),
    ],
)
def test_a_row_that_cannot_be_used_is_counted(row: str, why: str) -> None:
    found = read_cloud("aws", COLUMNS + row)
    assert found.offers == []
    assert found.skipped == {why: 1}


def test_a_host_without_cards_offers_nothing_and_is_no_fault() -> None:
    found = read_cloud("lambda", COLUMNS + "cpu_4x_general,,,4.0,16.0,0.2,us-east-1,,")
    assert (found.offers, found.skipped) == ([], {})


@pytest.mark.parametrize("text", ["", "<html>", "a,b\n1,2", "InstanceType,Price\n", COLUMNS + '"' + "x" * 200_000])
def test_what_is_no_catalogue_is_refused(text: str) -> None:
    with pytest.raises(NoCatalogue):
        read_cloud("aws", text)


def test_a_short_row_ends_no_reading() -> None:
    assert offers("lambda", "gpu_1x_a10", "gpu_1x_a10,A10,1,30,200,1.29,x,,") == [Offer("lambda", "a10", 1.29)]


def test_every_name_means_a_card_that_we_know() -> None:
    assert set(_SXM.values()) | set(_PCIE.values()) <= set(GPUS)
