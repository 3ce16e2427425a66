"""A language model that draws, against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import LogitsProcessorList

from madit_client import InvalidRequest, ModelNotFound, Picture
from madit_client.huggingface import PictureGrammar, VisualTokenStreamer, VisualVocabulary

EXAMPLE = Path(__file__).parents[1] / "examples" / "draw_with_transformers.py"
BEGIN, END, OFFSET = 4, 5, 10
VOCABULARY = VisualVocabulary(offset=OFFSET, size=64, token_count=16, begin_image=BEGIN, end_image=END)
WORDS = OFFSET + 64 + 3
IDS = list(range(16))
VISUAL = [OFFSET + each for each in IDS]


def allowed(*rows):
    scores = PictureGrammar(VOCABULARY)(torch.tensor(rows), torch.zeros(len(rows), WORDS))
    return [torch.isfinite(row).nonzero().flatten().tolist() for row in scores]


def test_grammar_each_row_has_its_own_state():
    text = [word for word in range(WORDS) if word != END and not VOCABULARY.is_visual(word)]
    visual = list(range(OFFSET, OFFSET + 64))
    rows = [
        [0] * 18,  # no picture
        [0] * 17 + [BEGIN],
        [0, 0, BEGIN, *VISUAL[:15]],  # one is missing
        [0, BEGIN, *VISUAL],
        [BEGIN, *VISUAL, END],
    ]
    assert allowed(*rows) == [text, visual, visual, [END], text]


def test_grammar_keeps_the_scores_of_what_is_allowed():
    scores = torch.randn(1, WORDS)
    kept = PictureGrammar(VOCABULARY)(torch.tensor([[BEGIN]]), scores)
    assert torch.equal(kept[0, OFFSET : OFFSET + 64], scores[0, OFFSET : OFFSET + 64])


def test_grammar_random_writing_is_whole_pictures():
    torch.manual_seed(1)
    processors = LogitsProcessorList([PictureGrammar(VOCABULARY)])
    ids = torch.zeros(2, 1, dtype=torch.long)
    for _ in range(200):
        scores = torch.zeros(2, WORDS)
        scores[:, BEGIN] = 3
        chosen = torch.multinomial(torch.softmax(processors(ids, scores), -1), 1)
        ids = torch.cat([ids, chosen], 1)
    for row in ids.tolist():
        kinds = "".join({BEGIN: "(", END: ")"}.get(each, "v" if VOCABULARY.is_visual(each) else "t") for each in row)
        assert re.fullmatch(r"t+(\(v{16}\)t*)+(\(v{0,16})?", kinds), kinds


def test_generating_model_streams_and_saves_its_picture(server, client, tmp_path):
    path = tmp_path / "drawn.png"
    environment = {**os.environ, "MADIT_SERVER": server.address}
    command = [sys.executable, EXAMPLE, path]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    written = [int(word) for word in run.stdout.split()]
    assert written[:4] == [5, 6, 7, 32]
    assert written[-1] == 33
    picture = client.detokenize(written[4:-1], vocabulary_offset=34, seed=7)
    assert Image.open(path).tobytes() == picture.image().tobytes()
    assert "picture 0: rounds" in run.stderr


def put(streamer, rows):
    streamer.put(torch.tensor(rows))


def test_streamer_rows_draw_their_own_pictures(client):
    streamer = VisualTokenStreamer(client, VOCABULARY, seed=7)
    put(streamer, [[0, BEGIN], [0, 0]])
    second = [BEGIN, *reversed(VISUAL), END, 0]
    for pair in zip([*VISUAL, END, 0, 0], second):
        put(streamer, list(pair))
    streamer.end()
    for picture, ids in zip(streamer.pictures(), (IDS, IDS[::-1])):
        wanted = client.detokenize(ids, seed=7)
        assert max(abs(a - b) for a, b in zip(picture.image().tobytes(), wanted.image().tobytes())) <= 3


def test_streamer_prompt_with_whole_pictures_draws_only_the_open_one(client):
    streamer = VisualTokenStreamer(client, VOCABULARY)
    put(streamer, [[BEGIN, *VISUAL, END, 0, BEGIN, *VISUAL[:3]]])
    for each in VISUAL[3:]:
        put(streamer, [each])
    put(streamer, [END])
    streamer.end()
    assert len(streamer.pictures()) == 1


def test_streamer_takes_several_tokens_at_once(client):
    events = []
    streamer = VisualTokenStreamer(client, VOCABULARY, on_event=lambda number, event: events.append((number, event)))
    put(streamer, [[0]])
    put(streamer, [[BEGIN, *VISUAL, END]])
    streamer.end()
    (picture,) = streamer.pictures()
    assert events[-1] == (0, picture)
    assert isinstance(picture, Picture)


def test_streamer_end_without_all_ids_fails_the_picture(client):
    streamer = VisualTokenStreamer(client, VOCABULARY)
    put(streamer, [[BEGIN, *VISUAL[:4]]])
    streamer.end()
    with pytest.raises(InvalidRequest):
        streamer.pictures()


def test_streamer_text_inside_a_picture_is_refused(client):
    streamer = VisualTokenStreamer(client, VOCABULARY)
    put(streamer, [[BEGIN]])
    with pytest.raises(ValueError, match="inside a picture an id must be 10 to 73, or 5 to end it, is 1"):
        put(streamer, [1])


def test_streamer_refused_picture_stops_the_model(client):
    streamer = VisualTokenStreamer(client, VOCABULARY, model="none")
    put(streamer, [[BEGIN]])
    with pytest.raises(ModelNotFound):
        streamer.pictures()
    with pytest.raises(ModelNotFound):
        put(streamer, [VISUAL[0]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 0}, "size must be at least 1, is 0"),
        ({"begin_image": 12}, "begin_image must not be a visual id, is 12"),
        ({"end_image": BEGIN}, "begin_image and end_image must differ, both are 4"),
    ],
)
def test_vocabulary_refuses_what_cannot_be_read(change, message):
    fields = {"offset": OFFSET, "size": 64, "token_count": 16, "begin_image": BEGIN, "end_image": END}
    with pytest.raises(ValueError, match=message):
        VisualVocabulary(**{**fields, **change})
