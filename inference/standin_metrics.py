"""The stand-in's metrics page, under the real server's names."""

from collections.abc import Mapping

from inference.standin_wire import MODEL


def metrics(running: int, waiting: int, seats: int, counts: Mapping[str, int], model: str = MODEL) -> str:
    """Prometheus text. `counts` holds calls by finish reason (stop, length, abort), tokens and rejections."""
    everywhere = f'engine="0",model_name="{model}"'
    gauges = {
        "num_requests_running": running,
        "num_requests_waiting": waiting,
        "kv_cache_usage_perc": round(running / seats, 4),
    }
    totals = {
        "prefix_cache_queries_total": counts.get("prompt", 0),
        "prefix_cache_hits_total": counts.get("cached", 0),
        "prompt_tokens_total": counts.get("prompt", 0),
        "prompt_tokens_cached_total": counts.get("cached", 0),
        "generation_tokens_total": counts.get("generated", 0),
        "num_preemptions_total": 0,
    }
    lines = [_line(name, "gauge", everywhere, value) for name, value in gauges.items()]
    lines += [_line(name, "counter", everywhere, value) for name, value in totals.items()]
    lines.append("# TYPE vllm:request_success_total counter\n")
    for reason in ("stop", "length", "abort"):
        labels = f'engine="0",finished_reason="{reason}",model_name="{model}"'
        lines.append(f"vllm:request_success_total{{{labels}}} {float(counts.get(reason, 0))}\n")
    labels = f'model_name="{model}",reason="max_num_queued_reqs"'
    lines.append(_line("admission_rejections_total", "counter", labels, counts.get("rejected", 0)))
    return "".join(lines)


def _line(name: str, kind: str, labels: str, value: float) -> str:
    return f"# TYPE vllm:{name} {kind}\nvllm:{name}{{{labels}}} {float(value)}\n"
