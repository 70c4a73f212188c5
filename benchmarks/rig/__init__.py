"""The rig of the end-to-end benchmarks: processes, proxies and one module per kind of figure."""
