# Where `.ci/run` runs in the pipeline: Debian with Rust and Go. What else it needs it installs.
FROM public.ecr.aws/docker/library/golang:1.25-bookworm AS go
FROM public.ecr.aws/docker/library/rust:1.95-bookworm
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/usr/local/go/bin:$PATH
