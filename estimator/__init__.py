"""The physics: a model spec, a machine and a workload in; memory, latency, throughput and cost out.

Pure: nothing here opens a file or a socket, reads a clock or the environment, or writes a log.
"""
