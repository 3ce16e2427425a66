# The server. Before: container/prepare, which lays out target/container. `./madit image` does both, for CPUs, and
# `./madit image --cuda` for GPUs: only the native libraries differ.
#
# BASE: Linux with glibc, a Java runtime of 17 or later, and tini as /usr/bin/tini.
ARG BASE=local/jre:17

# Starts the server once: what it unpacks is kept, and an image that cannot serve is not made.
FROM ${BASE} AS first-start
COPY target/container/lib /opt/madit/lib
COPY target/container/natives /opt/madit/natives
COPY target/container/models /opt/madit/models
COPY target/container/bin /opt/madit/bin
COPY target/container/app /opt/madit/app
ENV PYTORCH_LIBRARY_PATH=/opt/madit/natives LD_LIBRARY_PATH=/opt/madit/natives PYTORCH_VERSION=2.7.1 \
    DJL_CACHE_DIR=/opt/madit/cache DJL_OFFLINE=true OPT_OUT_TRACKING=true
RUN set -eu; \
    /opt/madit/bin/madit-serve --model /opt/madit/models/madit-nano & server=$!; \
    tries=0; \
    until /opt/madit/bin/madit-health; do \
      tries=$((tries + 1)); [ "$tries" -lt 120 ] && kill -0 "$server"; sleep 1; \
    done; \
    kill "$server"; wait "$server"; \
    chmod -R a+rX /opt/madit/cache

FROM ${BASE}
ARG VERSION=development
ARG REVISION=unknown
LABEL org.opencontainers.image.title="madit-serving" \
      org.opencontainers.image.description="Visual token ids to pictures, over gRPC" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Least changed first.
COPY target/container/natives /opt/madit/natives
COPY target/container/lib /opt/madit/lib
COPY target/container/models /opt/madit/models
COPY --from=first-start /opt/madit/cache /opt/madit/cache
COPY target/container/share /opt/madit/share
COPY target/container/bin /opt/madit/bin
COPY target/container/app /opt/madit/app

# All interfaces, so the server refuses to start until TLS is configured or plain text is asked for by --insecure.
ENV MADIT_HOST=0.0.0.0 MADIT_MODEL=/opt/madit/models/madit-nano \
    PYTORCH_LIBRARY_PATH=/opt/madit/natives LD_LIBRARY_PATH=/opt/madit/natives PYTORCH_VERSION=2.7.1 \
    DJL_CACHE_DIR=/opt/madit/cache DJL_OFFLINE=true OPT_OUT_TRACKING=true \
    OMP_WAIT_POLICY=PASSIVE ONEDNN_PRIMITIVE_CACHE_CAPACITY=64 \
    PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True PYTORCH_KERNEL_CACHE_PATH=/tmp/kernels
USER 10001:10001
EXPOSE 8500 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=120s --interval=30s --timeout=10s CMD ["/opt/madit/bin/madit-health"]
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/madit/bin/madit-serve"]
