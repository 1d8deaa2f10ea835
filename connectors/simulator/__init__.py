"""A local server that speaks the providers' APIs, for the demo, the tests and the benchmarks."""
