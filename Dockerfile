# docker build -t gner .                                 on CPU cores
# docker build -t gner --build-arg DEVICE=cuda .         with CUDA, which PyPI's torch brings along; the host needs a driver
# docker run --rm -v "$PWD:/work" gner fit --config quickstart.yaml
# docker run --rm --gpus all -v "$PWD:/work" gner predict --model runs/mine --labels person texts.txt
ARG PYTHON=3.12
FROM python:${PYTHON}-slim

ARG DEVICE=cpu
ARG CPU_INDEX=https://download.pytorch.org/whl/cpu
COPY constraints.txt setup.cfg pyproject.toml MANIFEST.in LICENSE CITATION.cff CHANGELOG.md constraints-lowest.txt /source/
COPY configs /source/configs
COPY docs/package.md /source/docs/package.md
COPY gner /source/gner
RUN if [ "$DEVICE" = cpu ]; then \
        grep -E '^torch==' /source/constraints.txt > /tmp/torch.txt \
        && pip install --no-cache-dir --index-url "$CPU_INDEX" -r /tmp/torch.txt; \
    fi \
    && pip install --no-cache-dir -c /source/constraints.txt /source \
    && rm -r /source

# Files in the mounted folder belong to whoever runs the container: `--user "$(id -u):$(id -g)"` if that is not 1000.
RUN useradd --create-home --uid 1000 gner && mkdir /work && chown gner /work
USER gner
WORKDIR /work
ENTRYPOINT ["gner"]
