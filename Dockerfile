# One image for all parts: `concord api`, `concord worker`, `concord mlflow`.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/concord \
 && /opt/concord/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY optimizers optimizers
COPY experiments experiments
COPY service service
RUN /opt/concord/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 concord && install -d -o concord /data
COPY --from=build /opt/concord /opt/concord
ENV PATH=/opt/concord/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CONCORD_HOME=/data
USER concord
WORKDIR /data
VOLUME /data
CMD ["concord", "up"]
