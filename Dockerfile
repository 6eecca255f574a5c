# The image of digest: a wheel built in one stage, installed with locked dependencies in the next.
#   docker build -t digest .        (BuildKit, or podman/buildah)

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY constraints-build.txt ./
RUN python -m pip install --only-binary :all: --require-hashes -r constraints-build.txt
COPY pyproject.toml README.md LICENSE LICENSE-Apache-2.0 NOTICE ./
COPY digest/ digest/
COPY content/ content/
COPY templates/ templates/
COPY migrations/ migrations/
RUN python -m build --no-isolation --outdir /dist .


FROM python:3.13-slim
LABEL org.opencontainers.image.title="digest" \
      org.opencontainers.image.description="One email a day that teaches machine learning." \
      org.opencontainers.image.licenses="MIT"
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/digest \
    PATH=/opt/digest/bin:$PATH

# The dependencies come before the wheel, so that a change of the program leaves their layer as it is.
RUN --mount=type=bind,source=constraints-run.txt,target=/tmp/constraints-run.txt \
    python -m venv /opt/digest \
    && /opt/digest/bin/python -m pip install --only-binary :all: --require-hashes \
        -r /tmp/constraints-run.txt
RUN --mount=type=bind,from=build,source=/dist,target=/tmp/dist \
    /opt/digest/bin/python -m pip install --no-deps --no-index /tmp/dist/*.whl \
    && /opt/digest/bin/python -m pip check

# A fixed number, so that the owner of a mounted folder can be set beforehand.
RUN groupadd --gid 10001 digest \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/digest \
        --shell /usr/sbin/nologin digest \
    && install --directory --owner=digest --group=digest --mode=0750 /var/lib/digest
USER 10001:10001
# The site, where `serve web` is what runs.
EXPOSE 8000
WORKDIR /var/lib/digest
VOLUME ["/var/lib/digest"]

# Reads every setting and secret file the way the program does. A container whose settings were
# broken after the start is unhealthy before its next restart shows it.
HEALTHCHECK --interval=60s --timeout=10s --start-period=20s --retries=3 \
    CMD ["digest", "config", "check"]
ENTRYPOINT ["digest"]
CMD ["serve", "scheduler"]
