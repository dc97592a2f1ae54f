# syntax=docker/dockerfile:1
# One static binary in an otherwise empty image. docs/operations/docker.md says how to run it.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# Naming the target keeps `crt-static` away from build scripts and procedural macros.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS="-C target-feature=+crt-static" \
       cargo build --release --locked --package doorward --target "$target" \
    && mkdir -p /image/usr/bin /image/etc/ssl/certs /image/etc/doorward /image/tmp /image/var/lib/doorward \
    && cp "target/$target/release/doorward" /image/usr/bin/doorward \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && chmod 1777 /image/tmp \
    && chmod 0700 /image/var/lib/doorward \
    && chown 65532:65532 /image/var/lib/doorward

FROM scratch
LABEL org.opencontainers.image.title="Doorward" \
      org.opencontainers.image.description="Users and login for any HTTP service" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image/ /
ENV PATH=/usr/bin \
    DOORWARD_LISTEN=0.0.0.0:8080 \
    DOORWARD_DATABASE=sqlite:///var/lib/doorward/doorward.db \
    DOORWARD_KEYS__SEAL_KEY_FILE=/var/lib/doorward/seal.key
USER 65532:65532
WORKDIR /var/lib/doorward
VOLUME /var/lib/doorward
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=15s --retries=3 CMD ["doorward", "health"]
ENTRYPOINT ["doorward"]
CMD ["serve"]
