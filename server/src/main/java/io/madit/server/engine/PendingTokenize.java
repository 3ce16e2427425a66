package io.madit.server.engine;

import java.util.concurrent.CompletableFuture;

/** A picture that waits to be tokenized. */
record PendingTokenize(
    TokenizeCommand command, CompletableFuture<TokenizeResult> future, long arrivalNanos) {}
