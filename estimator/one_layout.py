"""A set-up under one layout: how many replicas, what a GPU holds, what the times are read from."""

import math

from estimator.calibration import ERA_FROM, ERA_UNTIL
from estimator.deployment import Deployment
from estimator.engine_settings import usual_batched_tokens
from estimator.engines import parse_version
from estimator.memory import MemoryEstimate, memory_estimate
from estimator.parallelism import Layout
from estimator.setup import Request, Setup
from estimator.workload import MOST_GPUS


def replicas_of(setup: Setup, layout: Layout) -> int:
    """Copies of the layout that the machine holds."""
    return max(1, setup.request.gpus // layout.gpus)


def busy_replicas(setup: Setup, layout: Layout) -> int:
    """Replicas that have work: fewer requests than replicas leave the others idle."""
    return min(replicas_of(setup, layout), setup.request.load.concurrency or MOST_GPUS)


def asked_of_one(setup: Setup, layout: Layout) -> float:
    """Requests in flight in one replica; one where none were given."""
    concurrency = setup.request.load.concurrency
    return 1.0 if concurrency is None else max(1.0, concurrency / replicas_of(setup, layout))


def memory_of(setup: Setup, layout: Layout) -> MemoryEstimate:
    """The fullest GPU under that layout, worked out once for each split."""
    split = (layout.tensor, layout.pipeline, layout.data)  # spread or sliced, a GPU holds as much of the experts
    if split not in setup.memory_by_split:
        setup.memory_by_split[split] = memory_estimate(
            setup.memory,
            layout,
            capacity_bytes=setup.request.gpu.engine_memory_bytes,
            context_tokens=setup.request.load.context_tokens,
            sequences=asked_of_one(setup, layout),
        )
    return setup.memory_by_split[split]


def deployment_of(setup: Setup, layout: Layout) -> Deployment:
    """What the time formulas read of one replica."""
    if not setup.deployments:
        setup.deployments.append(
            Deployment(
                spec=setup.request.spec,
                gpu=setup.request.gpu,
                plan=setup.plan,
                layout=layout,
                engine=setup.engine.name,
                cache_format=setup.cache_format,
                has_eager_offline_steps=_has_eager_offline_steps(setup),
                speculation=setup.request.speculation,
                chunk_tokens=setup.request.max_num_batched_tokens,
                usual_chunk_tokens=usual_batched_tokens(setup.request.gpu.engine_memory_bytes),
            )
        )
    setup.deployments[0] = setup.deployments[0].cut_as(layout)  # with the sums that the last one made
    return setup.deployments[0]


def engine_date(request: Request) -> float:
    """When the engine was built: as said, today's where no version is named, the middle of the data where one is."""
    return request.date or (ERA_FROM if request.engine_version else ERA_UNTIL)


def capacity_of(setup: Setup, memory: MemoryEstimate, layout: Layout) -> float:
    """Requests that run at once in a replica: what the cache holds at their mean length, and what the engine admits.

    Paged caches grow with the answer, so requests under way hold their prompt and half of their output in the mean.
    """
    if setup.engine.name == "llama.cpp":
        return max(1.0, memory.max_concurrency)  # its slots are cut for the whole context
    held = memory.sequence_cache.bytes_at(math.ceil(setup.request.load.mean_context_tokens))
    in_cache = layout.data * memory.kv_pool_bytes / held if held else math.inf
    most = min(in_cache, float(setup.settings.max_num_seqs * layout.data))
    return max(1.0, math.floor(most))


def _has_eager_offline_steps(setup: Setup) -> bool:
    """TensorRT-LLM's PyTorch backend, the default from 1.0 on."""
    version = parse_version(setup.request.engine_version)
    return setup.engine.name == "trtllm" and (version is None or (1, 0) <= version < (10, 0))
