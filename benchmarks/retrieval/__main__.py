"""Measures how well memories are found.

    python -m benchmarks.retrieval run --data locomo10.json --format locomo
    python -m benchmarks.retrieval run
    python -m benchmarks.retrieval guard
    python -m benchmarks.retrieval build
    python -m benchmarks.retrieval generate training.jsonl --seed 1

Without `--data` our own set is asked. `--ours NAME:SETTING=VALUE,…` measures a server with other
settings, by their names without the prefix, and may be given more than once. `--data` can come from
the environment as RETRIEVAL_DATA.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import anyio

from benchmarks.retrieval import build, guard
from benchmarks.retrieval.asking import TOP_K, Answer, Wish, asked
from benchmarks.retrieval.generate import training_set
from benchmarks.retrieval.legs import alone
from benchmarks.retrieval.lines import write_lines
from benchmarks.retrieval.reading import FORMATS, OWN, read
from benchmarks.retrieval.records import DataSet
from benchmarks.retrieval.report import as_json, table
from benchmarks.retrieval.serving import Address, served


def main() -> None:
    """Run what the command line names."""
    options = _parser().parse_args()
    match options.verb:
        case "guard":
            sys.exit("\n".join(anyio.run(guard.check)) or None)
        case "build":
            build.write()
        case "generate":
            data = training_set(options.seed, options.conversations)
            options.into.write_text("".join(f"{line}\n" for line in write_lines(data)), "utf-8")
        case _:
            anyio.run(_run, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="measure a data set")
    run.add_argument("--data", type=Path, default=os.environ.get("RETRIEVAL_DATA"))
    run.add_argument("--format", choices=sorted(FORMATS), default="jsonl")
    run.add_argument("--only", type=_pairs, default={}, help="labels, as kind=temporal,split=dev")
    run.add_argument("--bare", action="store_true", help="tell neither speakers nor times")
    run.add_argument("--ours", type=_variant, action="append", metavar="NAME[:SETTING=VALUE,…]")
    run.add_argument("--url", help="of a server that runs already, instead of one of our own")
    run.add_argument("--key", help="that it asks for")
    run.add_argument("--top-k", type=int, default=TOP_K)
    run.add_argument("--threshold", type=float, help="the contract's own without")
    run.add_argument("--json", type=Path, help="where to write the figures")
    verbs.add_parser("build", help="write our own sets anew")
    generate = verbs.add_parser("generate", help="write conversations to train a ranker on")
    generate.add_argument("into", type=Path)
    generate.add_argument("--seed", type=int, default=1)
    generate.add_argument("--conversations", type=int, default=20)
    verbs.add_parser("guard", help="fail where our ranking is worse than BM25 alone")
    return parser


async def _run(options: argparse.Namespace) -> None:
    path = Path(options.data or OWN / "everyday.jsonl")
    data = read(path, options.format).only(options.only)
    data = data.bare() if options.bare else data
    wish = Wish(options.top_k, options.threshold)
    answers: dict[str, Mapping[str, Answer]] = dict(await alone(data, top_k=options.top_k))
    seconds: dict[str, dict[str, float]] = {}
    variants: list[tuple[str, dict[str, str]]] = options.ours or [("ours", {})]
    for name, settings in variants:
        if options.url:
            address = Address(options.url, options.key)
            answers[name], seconds[name] = await measured(address, data, wish)
            continue
        with served(settings) as address:
            answers[name], seconds[name] = await measured(address, data, wish)
    print(table(data, answers))
    print(f"\nseconds: {seconds}")
    if options.json:
        about = {
            "data": path.name,
            "format": options.format,
            "asked": asdict(wish),
            "seconds": seconds,
        }
        told = json.dumps(as_json(data, answers, about), indent=1, ensure_ascii=False)
        options.json.write_text(told, "utf-8")


async def measured(
    address: Address, data: DataSet, wish: Wish
) -> tuple[dict[str, Answer], dict[str, float]]:
    """What a server answers to every question, and the seconds that loading and asking took."""
    async with asked(address, data) as store:
        start = time.perf_counter()
        await store.load()
        loaded = time.perf_counter()
        answers = await store.answers(wish)
    done = time.perf_counter()
    return answers, {"load": round(loaded - start, 1), "ask": round(done - loaded, 1)}


def _variant(written: str) -> tuple[str, dict[str, str]]:
    name, _, settings = written.partition(":")
    return name, _pairs(settings)


def _pairs(written: str) -> dict[str, str]:
    pairs: Sequence[str] = [each for each in written.split(",") if each]
    if not all("=" in pair for pair in pairs):
        raise argparse.ArgumentTypeError(f"{written!r} is not NAME=VALUE,NAME=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    main()
