import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { startAuditor } from '../../activities/auditor/auditor.ts';
import { sendAuditRound } from '../../activities/crisis/audit-round.ts';
import { CRISIS_CONSUMERS } from '../../activities/crisis/consumers.ts';
import type { CrisisDeps } from '../../activities/crisis/deps.ts';
import { openKnowledge } from '../../activities/crisis/knowledge.ts';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import { goFirst } from '../../activities/crisis/go-first.ts';
import { startRelay, type Relay } from '../../activities/outbox/relay.ts';
import { serveMetrics } from '../../activities/metrics/metrics.ts';
import type { Settings } from '../../config/settings.ts';
import { createClientDataConverter, createDataConverter } from '../../crypto/data-converter.ts';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { beatOf } from '../../db/crisis-knowledge.ts';
import { openDatabase } from '../../db/knex.ts';
import { provideWorkflowBundle } from '../bundle.ts';
import { endWhenFailed, nameOf, runProcess, serveHealth } from '../process.ts';
import { becomeCurrent, deploymentOf } from '../versioning.ts';
import { createCrisisWorker } from './worker.ts';

const DEPLOYMENT = 'holdfast-crisis';
/** Whoever waits for a page waits no longer for a provider or the database, ms. */
const PROVIDER_TIMEOUT_MS = 6_000;
const ACQUIRE_TIMEOUT_MS = 1_500;
const QUERY_TIMEOUT_MS = 4_000;
/** An event that could not be handed over is tried again this soon, ms. */
const MAX_PAUSE_MS = 3_000;
const POLL_MS = 200;
const BEAT_EVERY_MS = 5_000;

function prepare(log: Logger): void {
  if (!goFirst()) log.info('the crisis worker has no more than its share of the processors');
}

async function openDeps(settings: Settings, connection: Connection, log: Logger) {
  const { database, crisis, temporal, twilio, api } = settings;
  const keyRing = await loadKeyRing(settings.keysFile);
  const knex = openDatabase(database.url, {
    maxConnections: crisis.poolSize,
    applicationName: 'holdfast-crisis',
    acquireTimeoutMs: ACQUIRE_TIMEOUT_MS,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
  });
  const { publicUrl } = api;
  const deps: CrisisDeps = {
    knex,
    temporal: new Client({
      connection,
      namespace: temporal.namespace,
      dataConverter: createClientDataConverter(keyRing),
    }),
    cipher: createFieldCipher(keyRing),
    keyRing,
    sms: createTwilioGateway({ ...twilio, publicUrl, timeoutMs: PROVIDER_TIMEOUT_MS }),
    publicUrl,
    knowledge: openKnowledge(knex, {
      onFault: (error) => log.warn({ error: nameOf(error) }, 'the last known people are paged'),
    }),
    log,
  };
  return { deps, dataConverter: createDataConverter(keyRing) };
}

async function start(settings: Settings, log: Logger): Promise<() => Promise<void>> {
  const { address, namespace } = settings.temporal;
  const [connection, clientConnection, workflowBundle] = await Promise.all([
    NativeConnection.connect({ address }),
    Connection.connect({ address }),
    provideWorkflowBundle(join(settings.home, 'bundles'), 'crisis'),
  ]);
  const { deps, dataConverter } = await openDeps(settings, clientConnection, log);
  const deployment = deploymentOf(workflowBundle.codePath, DEPLOYMENT);
  const worker = await createCrisisWorker({
    connection,
    namespace,
    dataConverter,
    workflowBundle,
    deployment,
    deps,
  });
  const relay = openRelay(deps, log);
  const auditor = startAuditor(
    {
      knex: deps.knex,
      temporal: deps.temporal,
      page: (round) => sendAuditRound(deps, round),
      onFault: (error) => log.error({ error: nameOf(error) }, 'the auditor could not watch'),
    },
    { databaseUrl: settings.database.url, host: 'crisis' },
  );
  const running = worker.run();
  await becomeCurrent(clientConnection, namespace, deployment.version);
  const health = serveHealth(worker, settings.crisis.healthPort);
  const metrics =
    settings.metrics === null ? null : serveMetrics(deps.knex, settings.metrics.crisisWorker);
  const heart = startHeart(deps, worker);
  log.info('the crisis worker runs');
  endWhenFailed(running, 'crisis', log);
  return async () => {
    heart.stop();
    worker.shutdown();
    await Promise.all([running, relay.close(), auditor.close()]);
    health.close();
    metrics?.close();
    await deps.knowledge.close();
    await clientConnection.close();
    await connection.close();
    await deps.knex.destroy();
  };
}

function openRelay({ knex, temporal, cipher }: CrisisDeps, log: Logger): Relay {
  return startRelay({ knex, temporal, cipher }, CRISIS_CONSUMERS, {
    lane: 'crisis',
    pollMs: POLL_MS,
    maxPauseMs: MAX_PAUSE_MS,
    leaseMs: 15_000,
    handleWithinMs: 6_000,
    onFault: ({ consumer, outboxId, error }) =>
      log.warn({ consumer, outboxId, error: nameOf(error) }, 'an event was not handed over'),
  });
}

/** Readiness tells an admin when it stops. */
function startHeart({ knex, knowledge }: CrisisDeps, worker: Worker): { stop(): void } {
  const beat = (): void => {
    if (worker.getState() === 'RUNNING') void knowledge.ask(() => beatOf(knex, 'worker', 'crisis'));
  };
  beat();
  const timer = setInterval(beat, BEAT_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

await runProcess({ name: 'crisis', prepare, start });
