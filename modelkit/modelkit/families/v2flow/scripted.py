"""The served V2Flow modules, one per flow head."""

import torch
from torch import Tensor, nn

from ..packed import PackedMasked
from .dpm_solver import data_prediction, multistep, solver_times
from .heads import CondOtHead
from .model import LINEAR, V2Flow


class ScriptedV2Flow(PackedMasked):
    """Entry points of :class:`PackedMasked`, with codeword ids as the condition, and the tokenizer."""

    def __init__(self, model: V2Flow, vae: nn.Module | None = None) -> None:
        super().__init__(model, model.flowloss.net, model.config.flow_method != LINEAR, vae)
        self.downsampler, self.quantizer, self.projector = model.downsampler, model.quantizer, model.projector
        self.mixes_words = model.config.vocabulary > 0
        words = model.llm_embed_tokens if self.mixes_words else torch.zeros(0, model.config.code_dim)
        self.register_buffer("words", words)

    @torch.jit.export
    def nearest(self, tokens: Tensor) -> Tensor:
        """Continuous tokens [L, code_dim] -> ids int64 [L] of the codewords with the largest cosine."""
        return self.quantizer.nearest(tokens)

    @torch.jit.export
    def condition(self, ids: Tensor, text: Tensor) -> Tensor:
        """ids int64 [L] (-1 = missing: the unconditional slot) -> condition slots [L, D]; ``text`` is not used."""
        slots = self.projector(self.quantizer.lookup(ids.clamp_min(0)))
        return torch.where(ids.unsqueeze(1) >= 0, slots, self.uncond)

    @torch.jit.export
    def condition_tokens(self, tokens: Tensor, text: Tensor) -> Tensor:
        """Like :meth:`condition`, from continuous tokens [L, code_dim] in place of codewords."""
        return self.projector(tokens)

    @torch.jit.export
    def tokens_of(self, latents: Tensor, gumbel: Tensor) -> Tensor:
        """Scaled latents [C, h, w] -> continuous tokens [L, code_dim].

        ``gumbel`` [L, V]: noise on the logits over the language model's vocabulary; [0, V] for none.
        """
        down = self.downsampler
        tokens = down.read_out(down.second(down.first(latents.unsqueeze(0))))[0]
        if not self.mixes_words:
            return tokens
        if gumbel.shape[0] > 0:
            tokens = tokens + gumbel
        return torch.softmax(tokens, 1) @ self.words

    @torch.jit.export
    def ids_of(self, latents: Tensor) -> Tensor:
        """Scaled latents [C, h, w] -> ids int64 [L], without noise."""
        return self.quantizer.nearest(self.tokens_of(latents, torch.empty([0, self.words.shape[0]])))

    @torch.jit.export
    def encode(self, rgb: Tensor) -> Tensor:
        """Picture uint8 [H, W, 3] -> ids int64 [L]."""
        return self.ids_of(self.encode_latents(rgb))


class ScriptedLinear(ScriptedV2Flow):
    """With the DPM-Solver++ head; guidance enters at the head, with ``fake_latent`` as the context."""

    def _sample(
        self, x: Tensor, contexts: Tensor, guidance: Tensor, noise: Tensor, steps: int, sizes: list[int]
    ) -> Tensor:
        """Integrates x [M, P] in ``steps``; contexts [M or 2 M, D]. Without guidance both branches are the same."""
        times = solver_times(steps).to(x.device)
        embedded = self.head.time(1000 * times)
        conditions = self.head.condition(contexts)
        rows = x.shape[0]
        twice = contexts.shape[0] > rows
        before = x
        for step in range(steps):
            output = self.head(torch.cat([x, x]) if twice else x, embedded[step] + conditions)
            velocity, uncond = output[:rows], output[rows:] if twice else output
            data = data_prediction(x, velocity, uncond, guidance, times[step])
            x, before = multistep(x, data, before, times, step), data
        return x


class ScriptedCondOt(ScriptedV2Flow):
    """With the adaptive head; guidance runs through the transformer. ``flow_steps`` is not used."""

    def __init__(self, model: V2Flow, vae: nn.Module | None = None) -> None:
        super().__init__(model, vae)
        self.solver = CondOtHead(self.head)
        self.adaptive = True

    def _sample(
        self, x: Tensor, contexts: Tensor, guidance: Tensor, noise: Tensor, steps: int, sizes: list[int]
    ) -> Tensor:
        """Integrates x [M, P], every request (``sizes`` rows) with its own steps; contexts [M or 2 M, D]."""
        return self.solver.integrate(x, contexts, guidance, sizes)[0]


def scripted(model: V2Flow, vae: nn.Module | None = None) -> ScriptedV2Flow:
    """The module for the model's head."""
    return ScriptedLinear(model, vae) if model.config.flow_method == LINEAR else ScriptedCondOt(model, vae)
