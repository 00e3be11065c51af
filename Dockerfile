# One image for the API, the workers and the migrations: the command decides which it is.
#   API       audience-export serve --workers 0   (the default)
#   worker    audience-export worker
#   schema    audience-export migrate
# It has no embedded servers and refuses to start without DATABASE_URL and REDIS_URL.

# the version the tests run on, 3.11.16 by the index of all platforms; how a digest is renewed: docs/production.md
ARG PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-tools.lock requirements-image.lock ./
# every wheel is checked against the hash in the lock; the tools build the package without network
RUN python -m venv /tools \
 && /tools/bin/python -m pip install --require-hashes -r requirements-tools.lock \
 && python -m venv --without-pip /opt/audience-export \
 && /tools/bin/uv pip sync --no-cache --compile-bytecode --require-hashes \
      --python /opt/audience-export/bin/python requirements-image.lock
COPY pyproject.toml README.md ./
COPY app app
COPY workers workers
COPY sandbox sandbox
COPY migrations migrations
RUN /tools/bin/python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /dist . \
 && /tools/bin/uv pip install --no-cache --compile-bytecode --no-deps --no-index \
      --python /opt/audience-export/bin/python /dist/*.whl

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent audience \
 && install -d -o audience -g audience -m 0700 /data
COPY --from=build /opt/audience-export /opt/audience-export
ENV PATH=/opt/audience-export/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AUDIENCE_EXPORT_IMAGE=1 \
    DATA_DIR=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# for the API; compose.yaml switches it off for the workers
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["audience-export"]
CMD ["serve", "--host", "0.0.0.0", "--workers", "0"]
