"""What local workers are forks of: a process that imports this, has one thread and computes nothing itself."""

import gc

import elvmass_core.batch.work  # noqa: F401

gc.freeze()  # a worker's collections leave these objects alone, so that their memory stays shared
