# The dashboard is only files; Node.js stays in this stage.
FROM node:24-slim AS dashboard

WORKDIR /src/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY ui .
RUN npm run build


FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
RUN pip install uv==0.13.9
WORKDIR /src

# The dependencies first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN uv export --frozen --no-dev --all-extras --no-emit-project --quiet --output-file locked.txt \
    && uv venv --python /usr/local/bin/python /opt/openmemory \
    && uv pip install --python /opt/openmemory --compile-bytecode -r locked.txt

COPY README.md LICENSE CHANGELOG.md ./
COPY openmemory_mcp openmemory_mcp
COPY api api
COPY --from=dashboard /src/api/openmemory_api/static api/openmemory_api/static
RUN uv build --wheel --out-dir /dist \
    && uv pip install --python /opt/openmemory --compile-bytecode --no-deps /dist/*.whl


FROM python:3.13-slim

RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin openmemory \
    && install --directory --owner=openmemory --mode=0700 /data
COPY --from=build /opt/openmemory /opt/openmemory

# 0.0.0.0 is the container's own network: without OPENMEMORY_API_KEY the server refuses to start.
ENV PATH=/opt/openmemory/bin:$PATH PYTHONUNBUFFERED=1 \
    OPENMEMORY_HOST=0.0.0.0 \
    OPENMEMORY_PORT=8000 \
    OPENMEMORY_DATA_DIR=/data

USER openmemory
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import json, os, urllib.request as r; raise SystemExit(json.load(r.urlopen('http://127.0.0.1:' + os.environ['OPENMEMORY_PORT'] + '/health'))['status'] not in ('ok', 'degraded'))"]
CMD ["openmemory", "serve"]
