"""A language model that draws, from its own process: draw_with_transformers.py PICTURE.png

The model is tiny and its weights are random, so the picture is one, but of nothing. With a real model only the vocabulary
and the prompt are others.
"""

import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM, LogitsProcessorList

from madit_client import MaditClient, Progress
from madit_client.huggingface import PictureGrammar, VisualTokenStreamer, VisualVocabulary

BEGIN_IMAGE, END_IMAGE, FIRST_VISUAL = 32, 33, 34  # the words of the text are 0 to 31


def random_model(words: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=words,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return LlamaForCausalLM(config).eval()


def show(number: int, event: object) -> None:
    if isinstance(event, Progress):
        print(
            f"picture {number}: {event.phase}, {event.tokens_received} ids, round {event.rounds_done}", file=sys.stderr
        )


with MaditClient() as client:
    served = client.model()
    vocabulary = VisualVocabulary(
        offset=FIRST_VISUAL,
        size=served.codebook_size,
        token_count=served.default_token_count,
        begin_image=BEGIN_IMAGE,
        end_image=END_IMAGE,
    )
    model = random_model(FIRST_VISUAL + served.codebook_size)
    streamer = VisualTokenStreamer(client, vocabulary, seed=7, on_event=show)
    written = model.generate(
        torch.tensor([[5, 6, 7, BEGIN_IMAGE]]),
        do_sample=True,
        max_new_tokens=vocabulary.token_count + 1,
        logits_processor=LogitsProcessorList([PictureGrammar(vocabulary)]),
        streamer=streamer,
    )
    (picture,) = streamer.pictures()
    picture.save(sys.argv[1])
    print(*written[0].tolist())
