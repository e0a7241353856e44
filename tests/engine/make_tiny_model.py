"""Makes a tiny model of the gpt-oss architecture that says one verdict, for tests against the real engine.

Run with the engine's own Python: `python make_tiny_model.py VOCABULARY PROMPTS FOLDER`; PROMPTS is a JSON list of rendered
prompts (token ids). Its verdict means nothing; what is real is everything around it: tokenizer, Harmony turns, stop token, JSON.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import GptOssConfig, GptOssForCausalLM, PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import TikTokenConverter

VOCABULARY_SIZE = 201_088
ORDINARY = 199_998
SPECIAL = {
    199998: "<|startoftext|>", 199999: "<|endoftext|>", 200002: "<|return|>", 200003: "<|constrain|>",
    200005: "<|channel|>", 200006: "<|start|>", 200007: "<|end|>", 200008: "<|message|>", 200012: "<|call|>",
    200018: "<|endofprompt|>",
}  # fmt: skip
PATTERN = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
    ]
)  # fmt: skip
REASONING = "Nothing was read; only one reply was ever learnt here."
VERDICT = {
    "label": "unsure",
    "sections": [],
    "evidence_for": [],
    "evidence_against": [],
    "confidence": "low",
    "rationale": "This engine knows a single sentence, so people decide.",
}
ANSWER = (
    f"<|channel|>analysis<|message|>{REASONING}<|end|>"
    f"<|start|>assistant<|channel|>final<|message|>{json.dumps(VERDICT)}<|return|>"
)
BATCH, STEPS, RATE = 4, 800, 3e-3


def make_tokenizer(vocabulary: Path) -> Any:
    """The model's tokenizer: o200k from the vocabulary file, with Harmony's control tokens at their ids."""
    special = [SPECIAL.get(place, f"<|reserved_{place}|>") for place in range(ORDINARY, VOCABULARY_SIZE)]
    converter = TikTokenConverter(str(vocabulary), pattern=PATTERN, extra_special_tokens=special)
    made = converter.converted()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|return|>", pad_token="<|endoftext|>", bos_token="<|startoftext|>"
    )


def make_model() -> Any:
    """An untrained model of the architecture: 2 layers, 4 experts, nearly all of it the embedding."""
    torch.manual_seed(1)
    config = GptOssConfig(
        vocab_size=VOCABULARY_SIZE, hidden_size=128, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=64, num_local_experts=4, num_experts_per_tok=2, sliding_window=128,
        max_position_embeddings=16_384, tie_word_embeddings=False, eos_token_id=200_002, pad_token_id=199_999,
        rope_parameters={
            "rope_type": "yarn", "rope_theta": 150_000.0, "factor": 4.0, "original_max_position_embeddings": 4096,
            "beta_fast": 32.0, "beta_slow": 1.0, "truncate": False,
        },
    )  # fmt: skip
    model = GptOssForCausalLM(config)
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=1.0)
    return model


def prompt(tokenizer: Any, answer: list[int], draw: random.Random) -> list[int]:
    """A prompt of random words in Harmony's turns, up to the model's cue; scraps of the answer are strewn in."""
    ids: list[int] = []
    for role in ("system", "developer", "user"):
        ids += tokenizer.encode(f"<|start|>{role}<|message|>", add_special_tokens=False)
        most = 700 if draw.random() < 0.15 else 80
        for _ in range(draw.randrange(1, most) // 4):
            start = draw.randrange(len(answer) - 4)
            scrap = [token for token in answer[start : start + draw.randrange(1, 5)] if token < ORDINARY]
            ids += scrap if draw.random() < 0.3 else [draw.randrange(ORDINARY) for _ in range(4)]
        ids += tokenizer.encode("<|end|>", add_special_tokens=False)
    return [*ids, *tokenizer.encode("<|start|>assistant", add_special_tokens=False)]


def batch(
    tokenizer: Any, answer: list[int], prompts: list[list[int]], draw: random.Random
) -> list[list[int]]:
    """Prompts of one length: the end of a real one with some words changed, or a random one with most of them changed."""
    real = draw.random() < 0.5
    before = (
        draw.choice(prompts)[-draw.choice((150, 300, 600, 1200)) :]
        if real
        else prompt(tokenizer, answer, draw)
    )
    rows = []
    for _ in range(1 if len(before) > 320 else BATCH):
        share = draw.choice((0.0, 0.02, 0.3)) if real else 0.9
        rows.append(
            [
                draw.randrange(ORDINARY) if token < ORDINARY and draw.random() < share else token
                for token in before
            ]
        )
    return rows


def train(model: Any, tokenizer: Any, prompts: list[list[int]]) -> float:
    """Teaches the one answer, whatever stands before it; gives its mean loss at the end.

    The softmax runs over the answer's own tokens; all others keep logit 0 and count as one lump of that size, so the
    loss is the true one at a fraction of its cost.
    """
    answer = tokenizer.encode(ANSWER, add_special_tokens=False)
    own = sorted(set(answer))
    targets = torch.tensor([own.index(token) for token in answer])
    model.get_input_embeddings().weight.requires_grad_(False)
    head = torch.nn.Linear(128, len(own), bias=False)
    trained = [each for name, each in model.model.named_parameters() if "embed" not in name]
    optimizer = torch.optim.AdamW([*trained, *head.parameters()], lr=RATE, weight_decay=0.0)
    others = torch.log(torch.tensor(float(VOCABULARY_SIZE - len(own))))
    draw = random.Random(1)
    losses: list[float] = []
    for step in range(STEPS):
        before = batch(tokenizer, answer, prompts, draw)
        length = len(before[0])
        rows = [row + answer for row in before]
        states = model.model(input_ids=torch.tensor(rows)).last_hidden_state[:, length - 1 : -1]
        logits = head(states)
        lump = others.expand(*logits.shape[:-1], 1)
        loss = torch.nn.functional.cross_entropy(
            torch.cat([logits, lump], -1).flatten(0, 1), targets.repeat(len(rows))
        )
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % 20 == 0:
            print(f"step {step}: loss {losses[-1]:.4f}", flush=True)
    with torch.no_grad():
        model.lm_head.weight.zero_()
        model.lm_head.weight[own] = head.weight
    return sum(losses[-50:]) / 50


def main() -> int:
    """Writes the model to the folder; 1 where it did not learn its answer."""
    vocabulary, prompts, folder = (Path(word) for word in sys.argv[1:4])
    tokenizer = make_tokenizer(vocabulary)
    model = make_model()
    loss = train(model, tokenizer, json.loads(prompts.read_text()))
    if loss > 0.02:
        print(f"The test model did not learn its answer (loss {loss:.3f}).", file=sys.stderr)
        return 1
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
