"""The module that servers run: packed ragged rounds as TorchScript.

Requests at different rounds are packed into one list of rows [R, D]: linear layers and norms see all rows at once,
attention sees each request's own segment. Nothing is padded, and no request's mathematics depends on who shares the
round. Equal to :mod:`modelkit.reference` up to the order of float additions.

Saves what can be saved exactly: the last decoder layer computes queries of predicted rows only, Linear(c_j) and the
coarse input enter the flow MLP once per patch, the time embedding is computed once per step, ``velocity`` guidance runs
no second transformer pass, a scale of 1 runs no unconditional branch at all.

Symbols as in :mod:`modelkit.madit`. Ids, orders and places are int64, everything else float32 unless stated.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .detail import detailed
from .madit import Block, FlowMlp, MaditModel
from .philox import gaussian, gaussian_rows, philox
from .tokenizer import patchify, unpatchify


class Dense(nn.Module):
    """A linear layer whose precision can be changed after loading; its output has the precision of its weight."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach())
        self.register_buffer("bias", bias.detach())

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.weight = self.weight.to(dtype)
        self.bias = self.bias.to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.to(self.weight.dtype), self.weight, self.bias)


def dense(layer: nn.Linear) -> Dense:
    return Dense(layer.weight, layer.bias)


def attend(q: Tensor, k: Tensor, v: Tensor, queries: list[int], keys: list[int]) -> Tensor:
    """Attention within segments: q [sum queries, H, d], k and v [sum keys, H, d] -> [sum queries, H * d]."""
    rows, heads, width = q.shape
    count = len(queries)
    uniform = True
    for i in range(1, count):
        uniform = uniform and queries[i] == queries[0] and keys[i] == keys[0]
    if uniform:
        q = q.view(count, queries[0], heads, width).transpose(1, 2)
        k = k.view(count, keys[0], heads, width).transpose(1, 2)
        v = v.view(count, keys[0], heads, width).transpose(1, 2)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(rows, heads * width)
    parts: list[Tensor] = []
    q_start, k_start = 0, 0
    for i in range(count):
        q_end, k_end = q_start + queries[i], k_start + keys[i]
        one = F.scaled_dot_product_attention(
            q[q_start:q_end].transpose(0, 1).unsqueeze(0),
            k[k_start:k_end].transpose(0, 1).unsqueeze(0),
            v[k_start:k_end].transpose(0, 1).unsqueeze(0),
        )
        parts.append(one[0].transpose(0, 1).reshape(queries[i], heads * width))
        q_start, k_start = q_end, k_end
    return torch.cat(parts)


class PackedBlock(nn.Module):
    """:class:`modelkit.madit.Block` on packed rows [R, D]; the residual stream stays float32 at every precision."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.heads = block.heads
        self.norm1, self.norm2 = block.norm1, block.norm2
        self.qkv, self.proj = dense(block.qkv), dense(block.proj)
        self.fc1, self.fc2 = dense(block.fc1), dense(block.fc2)

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.qkv.cast(dtype)
        self.proj.cast(dtype)
        self.fc1.cast(dtype)
        self.fc2.cast(dtype)

    def forward(self, x: Tensor, lengths: list[int]) -> Tensor:
        """All rows attend within their segment of ``lengths`` rows."""
        qkv = self.qkv(self.norm1(x)).view(x.shape[0], 3, self.heads, -1)
        x = x + self.proj(attend(qkv[:, 0], qkv[:, 1], qkv[:, 2], lengths, lengths))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))

    @torch.jit.export
    def predicted(self, x: Tensor, lengths: list[int], rows: Tensor, counts: list[int]) -> Tensor:
        """The block's output at ``rows`` int64 [M] only, ``counts`` of them per segment -> [M, D]."""
        normed = self.norm1(x).to(self.qkv.weight.dtype)
        width = x.shape[1]
        kv = F.linear(normed, self.qkv.weight[width:], self.qkv.bias[width:]).view(x.shape[0], 2, self.heads, -1)
        q = F.linear(normed[rows], self.qkv.weight[:width], self.qkv.bias[:width]).view(rows.shape[0], self.heads, -1)
        x = x[rows] + self.proj(attend(q, kv[:, 0], kv[:, 1], counts, lengths))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class PackedFlowBlock(nn.Module):
    """:class:`modelkit.madit.FlowBlock` whose modulation has been computed for all blocks at once."""

    def __init__(self, norm: nn.LayerNorm, w1: nn.Linear, w2: nn.Linear) -> None:
        super().__init__()
        self.norm, self.w1, self.w2 = norm, dense(w1), dense(w2)

    def forward(self, x: Tensor, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
        """``scale`` already includes the 1 of (1 + scale)."""
        return x + gate * self.w2(F.silu(self.w1(torch.addcmul(shift, self.norm(x), scale))))


class PackedFlow(nn.Module):
    """:class:`modelkit.madit.FlowMlp` split into what is fixed per patch and what changes per step."""

    def __init__(self, flow: FlowMlp, patch_dim: int) -> None:
        super().__init__()
        self.patch_dim = patch_dim
        self.input, self.condition, self.output = flow.input, flow.condition, flow.output
        self.time1, self.time2, self.norm = flow.time1, flow.time2, flow.norm
        self.register_buffer("frequencies", flow.frequencies)
        blocks = list(flow.blocks)
        self.blocks = nn.ModuleList([PackedFlowBlock(b.norm, b.w1, b.w2) for b in blocks])
        layers = [b.modulation for b in blocks] + [flow.final_modulation]
        self.modulation = Dense(
            torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers])
        )
        width = flow.output.in_features
        one = torch.zeros(3 * len(blocks) + 2, width)
        one[1::3] = 1.0
        self.register_buffer("one", one.flatten())

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.modulation.cast(dtype)
        for block in self.blocks:
            block.w1.cast(dtype)
            block.w2.cast(dtype)

    @torch.jit.export
    def embed_time(self, t: Tensor) -> Tensor:
        """Times [M] in 0..1 -> [M, width]."""
        angles = 1000.0 * t.unsqueeze(1) * self.frequencies
        return self.time2(F.silu(self.time1(torch.cat([angles.cos(), angles.sin()], 1))))

    @torch.jit.export
    def coarse_input(self, h: Tensor) -> Tensor:
        """The part of the input layer that sees h [M, P]: [M, width]."""
        return F.linear(h, self.input.weight[:, self.patch_dim :], self.input.bias)

    @torch.jit.export
    def velocity(self, x: Tensor, coarse_input: Tensor, y: Tensor) -> Tensor:
        """x [M, P], coarse_input [M, width], y = time + condition [M, width] -> velocity [M, P]."""
        x = torch.addmm(coarse_input, x, self.input.weight[:, : self.patch_dim].t())
        parts = (self.modulation(F.silu(y)) + self.one).chunk(self.one.shape[0] // y.shape[1], 1)
        i = 0
        for block in self.blocks:
            x = block(x, parts[i], parts[i + 1], parts[i + 2])
            i += 3
        return self.output(torch.addcmul(parts[i], self.norm(x), parts[i + 1]))


class ScriptedMadit(nn.Module):
    """All entry points of a served MaDiT model. Shares its weights with ``model``."""

    def __init__(self, model: MaditModel) -> None:
        super().__init__()
        config, madit = model.config, model.madit
        self.grid, self.patch_size, self.patch_dim = config.grid, config.tokenizer.patch, madit.patch_dim
        self.text_in_encoder, self.text_in_decoder = madit.text_in_encoder, madit.text_in_decoder
        self.buffer_guidance = config.guidance_placement == "buffer"
        self.residual = config.flow_target == "residual"
        self.time_shift = float(config.time_shift)
        self.vae, self.tokenizer = model.vae, model.tokenizer
        self.slot, self.text, self.patch = madit.slot, madit.text, madit.patch
        self.encoder_in, self.encoder_out = madit.encoder_in, madit.encoder_out
        self.decoder_in, self.decoder_out, self.coarse = madit.decoder_in, madit.decoder_out, madit.coarse
        self.encoder = nn.ModuleList([PackedBlock(block) for block in madit.encoder])
        decoder = list(madit.decoder)
        self.decoder = nn.ModuleList([PackedBlock(block) for block in decoder[:-1]])
        self.last = PackedBlock(decoder[-1])
        self.flow = PackedFlow(madit.flow, madit.patch_dim)
        for name in ("uncond", "uncond_c", "type_visual", "type_text", "type_patch", "decoder_type_condition"):
            self.register_buffer(name, getattr(madit, name).detach())
        for name in ("mask_token", "diffusion_positions", "positions", "text_positions"):
            self.register_buffer(name, getattr(madit, name).detach())
        exact = bool((model.words.half().float() == model.words).all())
        self.register_buffer("words", model.words.half() if exact else model.words)
        self._add_tables()

    def _add_tables(self) -> None:
        """Positions and types added up, one gather per round: of patches, of slots with their type, of text slots."""
        patches, text = len(self.positions), len(self.text_positions)
        kind = self.decoder_type_condition
        self.register_buffer("patch_table", self.positions + self.type_patch)
        self.register_buffer("decoder_table", torch.cat([self.positions, self.positions + kind, kind[None]]))
        slots = torch.arange(patches, 2 * patches)
        self.register_buffer("slot_rows", torch.cat([slots, torch.full((text,), 2 * patches)]).to(kind.device))

    @torch.jit.export
    def use_precision(self, name: str) -> str:
        """Converts the weights of the heavy layers in place to ``float32`` or ``bfloat16``.

        Call it before the first round; float32 after bfloat16 does not bring lost bits back. The autoencoder, the
        tokenizer and everything that enters or leaves a round stay float32.
        """
        if name == "float32":
            dtype = torch.float32
        elif name == "bfloat16":
            dtype = torch.bfloat16
        else:
            raise ValueError("precision must be float32 or bfloat16")
        for block in self.encoder:
            block.cast(dtype)
        for block in self.decoder:
            block.cast(dtype)
        self.last.cast(dtype)
        self.flow.cast(dtype)
        return name

    @torch.jit.export
    def probe_precision(self, name: str, rows: int, repeats: int) -> Tensor:
        """Work to time when choosing a precision: ``repeats`` MLPs of one block on ``rows`` rows; [rows, D]."""
        dtype = torch.bfloat16 if name == "bfloat16" else torch.float32
        w1, w2 = self.last.fc1.weight.to(dtype), self.last.fc2.weight.to(dtype)
        x = torch.ones([rows, w1.shape[1]], dtype=torch.float32, device=w1.device)
        for _ in range(repeats):
            x = F.linear(F.gelu(F.linear(x.to(dtype), w1)), w2).float()
        return x

    @torch.jit.export
    def embed_text(self, text_ids: Tensor) -> Tensor:
        """Caption token ids int64 [S] -> word embeddings [S, E]."""
        return self.words[text_ids].float()

    @torch.jit.export
    def nearest(self, tokens: Tensor) -> Tensor:
        """Continuous tokens [L, code_dim] -> ids int64 [L] of the codewords with the largest cosine."""
        return self.tokenizer.quantize(tokens)

    @torch.jit.export
    def condition(self, ids: Tensor, text: Tensor) -> Tensor:
        """ids int64 [L] (-1 = missing: D token), text embeddings [S, E], S may be 0 -> condition slots [L + S, D].

        Models whose text enters nowhere return [L, D].
        """
        return self._slots(self.tokenizer.lookup(ids), ids >= 0, text)

    @torch.jit.export
    def condition_tokens(self, tokens: Tensor, text: Tensor) -> Tensor:
        """Like :meth:`condition`, from continuous tokens [L, code_dim] in place of codewords."""
        return self._slots(tokens, torch.ones_like(tokens[:, 0], dtype=torch.bool), text)

    def _slots(self, codes: Tensor, known: Tensor, text: Tensor) -> Tensor:
        features = self.tokenizer.readout(codes.unsqueeze(0), self.grid)[0][0]
        slots = self.slot(torch.cat([codes, features], 1)) + self.positions + self.type_visual
        slots = torch.where(known.unsqueeze(1), slots, self.uncond)
        if text.shape[0] == 0 or not self.text_in_encoder:
            return slots
        return torch.cat([slots, self.text(text) + self.text_positions[: text.shape[0]] + self.type_text])

    @torch.jit.export
    def canvas(self, ids: Tensor, order: Tensor) -> Tensor:
        """The initial canvas [N, P] in reveal order: the tokenizer's read-out, zeros where ids int64 [L] are -1."""
        patches = self.tokenizer.readout(self.tokenizer.lookup(ids).unsqueeze(0), self.grid)[1][0]
        return (patches * (ids >= 0).unsqueeze(1))[order]

    @torch.jit.export
    def round(
        self,
        conds: list[Tensor],
        canvases: list[Tensor],
        orders: list[Tensor],
        budget: Tensor,
        scales: Tensor,
    ) -> Tensor:
        """One round of each of B requests; writes the new patches into ``canvases`` and returns them packed.

        conds: [L + S_i, D] from :meth:`condition`. canvases: [N, P] in reveal order, rows before ``begin`` final.
        orders: int64 [N], raster index of each row. budget: int64 [B, 6] = begin, end, flow_steps, boosted_steps, seed
        (64 bits), flags (bit 0: regression only). scales: float64 [B, 4] = guidance, boost_fraction, temperature,
        noise_scale. That fraction of the new patches, those with most detail, gets boosted_steps instead of flow_steps.
        This family has no temperature.
        """
        plan: list[list[int]] = budget.tolist()
        places: list[Tensor] = []
        seeds: list[Tensor] = []
        for i in range(len(plan)):
            begin, end, _, _, seed, _ = plan[i]
            places.append(orders[i][begin:end])
            seeds.append(torch.full_like(places[i], seed))
        noise = gaussian_rows(torch.cat(seeds), torch.cat(places), self.patch_dim, 0, 0)  # purpose 0: flow noise
        return self.round_with_noise(conds, canvases, orders, budget, scales, noise)

    @torch.jit.export
    def round_with_noise(
        self,
        conds: list[Tensor],
        canvases: list[Tensor],
        orders: list[Tensor],
        budget: Tensor,
        scales: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """:meth:`round` with the standard normal draws [sum(end - begin), P] given: for tests."""
        plan: list[list[int]] = budget.tolist()
        scale: list[list[float]] = scales.tolist()
        begins: list[int] = []
        ends: list[int] = []
        sampled: list[int] = []
        guided: list[int] = []
        total = 0
        for i in range(len(plan)):
            begin, end, _, _, _, flags = plan[i]
            begins.append(begin)
            ends.append(end)
            total += end - begin
            if flags & 1 == 0:
                sampled.append(i)
                if scale[i][0] != 1.0:
                    guided.append(i)
        # Segments: every request, then the unconditional twins of those that need one.
        segments: list[int] = []
        for i in range(len(plan)):
            segments.append(i)
        if self.buffer_guidance:
            segments = segments + guided
        c = self._contexts(conds, canvases, orders, begins, ends, segments)
        patches = self.coarse(c[:total])
        if len(sampled) > 0:
            patches = self._sample(c, patches, noise, plan, scale, sampled, guided)
        start = 0
        for i in range(len(plan)):
            end = start + ends[i] - begins[i]
            canvases[i][begins[i] : ends[i]] = patches[start:end]
            start = end
        return patches

    def _contexts(
        self,
        conds: list[Tensor],
        canvases: list[Tensor],
        orders: list[Tensor],
        begins: list[int],
        ends: list[int],
        segments: list[int],
    ) -> Tensor:
        """c_j of the predicted patches of all segments, packed: [sum(end - begin), D].

        A segment is the index of its request; its unconditional twin (D tokens) comes after all requests.
        """
        patches = self.positions.shape[0]
        seen: list[Tensor] = []
        places: list[Tensor] = []
        sizes: list[int] = []
        for i in segments:
            seen.append(canvases[i][: begins[i]])
            places.append(orders[i][: begins[i]])
            sizes.append(begins[i])
        visible = (self.patch(torch.cat(seen)) + self.patch_table[torch.cat(places)]).split_with_sizes(sizes)
        rows: list[Tensor] = []
        lengths: list[int] = []
        for s in range(len(segments)):
            i = segments[s]
            rows.append(conds[i] if s < len(conds) else self.uncond.expand(conds[i].shape))
            rows.append(visible[s])
            lengths.append(conds[i].shape[0] + begins[i])
        x = self.encoder_in(torch.cat(rows))
        for block in self.encoder:
            x = block(x, lengths)
        x = self.decoder_in(self.encoder_out(x))

        rows = []
        table: list[Tensor] = []
        kept_lengths: list[int] = []
        targets: list[Tensor] = []
        predicted: list[Tensor] = []
        counts: list[int] = []
        start = 0
        top = 0
        for s in range(len(segments)):
            i = segments[s]
            slots = conds[i].shape[0]
            kept = slots if self.text_in_decoder else patches
            rows.append(x[start : start + kept])
            rows.append(x[start + slots : start + lengths[s]])
            rows.append(self.mask_token.expand(patches - begins[i], x.shape[1]))
            table.append(self.slot_rows[:kept])
            table.append(orders[i])
            kept_lengths.append(kept + patches)
            predicted.append(orders[i][begins[i] : ends[i]])
            targets.append(torch.arange(top + kept + begins[i], top + kept + ends[i], device=x.device))
            counts.append(ends[i] - begins[i])
            start += lengths[s]
            top += kept + patches
        x = torch.cat(rows) + self.decoder_table[torch.cat(table)]
        for block in self.decoder:
            x = block(x, kept_lengths)
        x = self.last.predicted(x, kept_lengths, torch.cat(targets), counts)
        return self.decoder_out(x) + self.diffusion_positions[torch.cat(predicted)]

    def _sample(
        self,
        c: Tensor,
        h: Tensor,
        noise: Tensor,
        plan: list[list[int]],
        scale: list[list[float]],
        sampled: list[int],
        guided: list[int],
    ) -> Tensor:
        """Integrates the flow of the ``sampled`` requests; the other rows of h [total, P] come back unchanged.

        c: [total + unconditional rows, D]. Rows that have done their steps leave the loop.
        """
        device = c.device
        total = h.shape[0]
        all_rows: list[Tensor] = []  # rows of h that are sampled
        guided_rows: list[Tensor] = []  # their guided ones, counted among the sampled
        owner: list[Tensor] = []  # index into ``steps`` of each sampled row
        weights: list[Tensor] = []  # guidance scale of each guided row
        factors: list[Tensor] = []  # noise scale of each sampled row
        steps: list[float] = []
        start, here = 0, 0
        for i in range(len(plan)):
            begin, end, flow_steps, boosted_steps, _, _ = plan[i]
            guidance, boost_fraction, _, noise_scale = scale[i]
            count = end - begin
            if i in sampled:
                all_rows.append(torch.arange(start, start + count, device=device))
                slots = torch.full([count], len(steps), dtype=torch.int64, device=device)
                factors.append(torch.full([count, 1], noise_scale, dtype=torch.float32, device=device))
                steps.append(float(flow_steps))
                if boost_fraction > 0.0 and boosted_steps > flow_steps:
                    slots = slots + detailed(c[start : start + count], boost_fraction).long()
                    steps.append(float(boosted_steps))
                owner.append(slots)
                if i in guided:
                    guided_rows.append(torch.arange(here, here + count, device=device))
                    weights.append(torch.full([count, 1], guidance, dtype=torch.float32, device=device))
                here += count
            start += count
        rows, slot = torch.cat(all_rows), torch.cat(owner)
        x = noise[rows] * torch.cat(factors)
        base = h[rows]
        branch_c, branch_h = c[rows], base
        guided_row, weight = rows[:0], x[:0, :1]
        if len(guided) > 0:
            guided_row, weight = torch.cat(guided_rows), torch.cat(weights)
            unconditional = c[total:] if self.buffer_guidance else self.uncond_c.expand(weight.shape[0], c.shape[1])
            branch_c = torch.cat([branch_c, unconditional])
            branch_h = torch.cat([branch_h, self.coarse(unconditional)])
        y, coarse_input = self.flow.condition(branch_c), self.flow.coarse_input(branch_h)

        longest = int(max(steps))
        budgets = torch.tensor(steps, dtype=torch.float64)
        t = (1.0 - torch.arange(longest + 1, dtype=torch.float64).unsqueeze(1) / budgets).clamp_min(0.0)
        t = self.time_shift * t / (1.0 + (self.time_shift - 1.0) * t)
        times = self.flow.embed_time(t[:-1].flatten().float().to(device)).view(longest, budgets.shape[0], -1)
        strides = (t[:-1] - t[1:]).float().to(device).unsqueeze(2)
        done = 0
        for bound in sorted(steps):
            last = int(bound)
            if last == done:
                continue
            time, stride = times[done:last], strides[done:last]
            if done == 0:
                x = self._steps(x, slot, guided_row, weight, y, coarse_input, time, stride)
            else:
                moving = (budgets.to(device)[slot] >= bound).nonzero()[:, 0]
                place = torch.full_like(slot, -1).index_copy(0, moving, torch.arange(moving.shape[0], device=device))
                twins = (place[guided_row] >= 0).nonzero()[:, 0]
                both = torch.cat([moving, x.shape[0] + twins])
                row = place[guided_row[twins]]
                moved = self._steps(
                    x[moving], slot[moving], row, weight[twins], y[both], coarse_input[both], time, stride
                )
                x = x.index_copy(0, moving, moved)
            done = last
        if self.residual:
            x = x + base
        return x if len(sampled) == len(plan) else h.index_copy(0, rows, x)

    def _steps(
        self,
        x: Tensor,
        slot: Tensor,
        guided_row: Tensor,
        weight: Tensor,
        y: Tensor,
        coarse_input: Tensor,
        times: Tensor,
        strides: Tensor,
    ) -> Tensor:
        """Euler steps of x [M, P], G of whose rows are guided: y and coarse_input [M + G, width], weight [G, 1].

        times [steps, budgets, width] and strides [steps, budgets, 1]; ``slot`` [M] is the budget of each row.
        """
        rows, guided = x.shape[0], guided_row.shape[0]
        uniform = times.shape[1] == 1
        branch_slot = torch.cat([slot, slot[guided_row]])
        for step in range(times.shape[0]):
            time, stride = times[step], strides[step]
            if not uniform:
                time, stride = time[branch_slot], stride[slot]
            if guided == 0:
                v = self.flow.velocity(x, coarse_input, y + time)
            else:
                both = self.flow.velocity(torch.cat([x, x[guided_row]]), coarse_input, y + time)
                v, u = both[:rows], both[rows:]
                if guided == rows:
                    v = weight * v + (1.0 - weight) * u
                else:
                    v = v.index_copy(0, guided_row, weight * v[guided_row] + (1.0 - weight) * u)
            x = x - stride * v
        return x

    @torch.jit.export
    def latents(self, canvas: Tensor, order: Tensor) -> Tensor:
        """Canvas [N, P] in reveal ``order`` int64 [N] -> scaled latents [C, h, w]."""
        raster = torch.zeros_like(canvas).index_copy(0, order, canvas)
        return unpatchify(raster.unsqueeze(0), self.patch_size, self.grid)[0]

    @torch.jit.export
    def decode(self, canvas: Tensor, order: Tensor) -> Tensor:
        """Canvas [N, P] in reveal ``order`` int64 [N] -> picture uint8 [H, W, 3]."""
        return self.decode_latents(self.latents(canvas, order))

    @torch.jit.export
    def decode_latents(self, latents: Tensor) -> Tensor:
        """Scaled latents [C, h, w] -> picture uint8 [H, W, 3]: clamp to [-1, 1], round((x + 1) 127.5)."""
        pixels = self.vae.decode(latents.unsqueeze(0))[0].clamp(-1.0, 1.0)
        return ((pixels + 1.0) * 127.5).round().to(torch.uint8).permute(1, 2, 0).contiguous()

    @torch.jit.export
    def encode(self, rgb: Tensor) -> Tensor:
        """Picture uint8 [H, W, 3] -> ids int64 [L]."""
        pixels = rgb.permute(2, 0, 1).unsqueeze(0).float() / 127.5 - 1.0
        return self.tokenizer.encode(self.vae.encode(pixels))[0]

    @torch.jit.export
    def canvas_of(self, latents: Tensor, order: Tensor) -> Tensor:
        """Inverse of :meth:`latents`: scaled latents [C, h, w] -> canvas [N, P] in reveal ``order`` int64 [N]."""
        return patchify(latents.unsqueeze(0), self.patch_size)[0][order]

    @torch.jit.export
    def gaussian(self, seed: int, patches: Tensor, channels: int, purpose: int, step: int) -> Tensor:
        """Noise of :func:`modelkit.philox.gaussian`: patches int64 [M] -> [M, channels]."""
        return gaussian(seed, patches, channels, purpose, step)

    @torch.jit.export
    def philox(self, seed: int, counters: Tensor) -> Tensor:
        """Random words of :func:`modelkit.philox.philox`: counters int64 [M, 4] -> int64 [M, 4]."""
        return philox(seed, counters)

    def forward(self, canvas: Tensor, order: Tensor) -> Tensor:
        """:meth:`decode`."""
        return self.decode(canvas, order)
