"""One accelerator as JSON: its facts with their source."""

from bot.prices import current_prices
from estimator.hardware import Gpu
from estimator.prices import price_of


def card_json(gpu: Gpu) -> dict[str, object]:
    """The facts of the card as `hubgauge hardware --json` prints them."""
    price = price_of(gpu.id, current_prices())
    return {
        "id": gpu.id,
        "vendor": gpu.vendor,
        "architecture": gpu.architecture,
        "aliases": list(gpu.aliases),
        "memory_gb_sold": gpu.sold_memory_gb,
        "memory_bytes_engine": round(gpu.engine_memory_bytes),
        "memory_source": gpu.memory_source,
        "memory_bytes_per_s": gpu.memory_bytes_per_s,
        "tflops_dense": dict(gpu.tflops),
        "link": gpu.link,
        "link_bytes_per_s_one_way": gpu.link_bytes_per_s,
        "link_domain_gpus": gpu.link_domain_gpus,
        "tdp_w": gpu.tdp_w,
        "usd_per_hour_median": price.median_usd_per_hour if price else None,
        "source": gpu.source,
        "confidence": gpu.confidence,
        "note": gpu.note,
    }
