import { createServer } from 'node:http';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import { createMailGateway, senderAddress } from '../../activities/gateways/mail.ts';
import { createOutboundHttp } from '../../activities/gateways/outbound-http.ts';
import { createCardGateway } from '../../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import { CONSUMERS, type OutboxDeps } from '../../activities/outbox/consumers.ts';
import { startRelay, type Relay } from '../../activities/outbox/relay.ts';
import { type Dispatcher, startDispatcher } from '../../activities/webhooks/dispatcher.ts';
import { type SendDeps, createWebhookCall } from '../../activities/webhooks/send.ts';
import { type Settings, SettingsFault, loadSettings } from '../../config/settings.ts';
import { createClientDataConverter, createDataConverter } from '../../crypto/data-converter.ts';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { createSealer } from '../../db/audit/sealer.ts';
import { openDatabase } from '../../db/knex.ts';
import { provideWorkflowBundle } from './bundle.ts';
import { ensureSchedules } from './schedules.ts';
import { becomeCurrent, deploymentOf } from './versioning.ts';
import { createCoreWorker } from './worker.ts';

/** Hands the SDK's own messages to the log: their codes and ids, never a payload. */
function installRuntime(log: Logger): void {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    const { workflowId, activityType, taskQueue } = meta ?? {};
    log.warn({ level, workflowId, activityType, taskQueue }, message);
  });
  Runtime.install({ logger, shutdownSignals: [] });
}

/** What reaches outside and has nothing to close. */
function gatewaysOf(settings: Settings) {
  const { publicUrl } = settings.api;
  return {
    sms: createTwilioGateway({ ...settings.twilio, publicUrl }),
    cards: createCardGateway(settings.stripe),
    outbound: createOutboundHttp({ allowPrivateHosts: settings.sandbox }),
    organizer: senderAddress(settings.mail.from),
    publicUrl,
  };
}

async function start(settings: Settings, log: Logger): Promise<() => Promise<void>> {
  const { database, temporal } = settings;
  const keyRing = await loadKeyRing(settings.keysFile);
  const knex = openDatabase(database.url, {
    maxConnections: database.poolSize,
    applicationName: 'holdfast-core',
  });
  const [connection, clientConnection, workflowBundle] = await Promise.all([
    NativeConnection.connect({ address: temporal.address }),
    Connection.connect({ address: temporal.address }),
    provideWorkflowBundle(join(settings.home, 'bundles')),
  ]);
  const client = new Client({
    connection: clientConnection,
    namespace: temporal.namespace,
    dataConverter: createClientDataConverter(keyRing),
  });
  const deployment = deploymentOf(workflowBundle.codePath);
  const mail = createMailGateway(settings.mail);
  const cipher = createFieldCipher(keyRing);
  const worker = await createCoreWorker({
    connection,
    namespace: temporal.namespace,
    dataConverter: createDataConverter(keyRing),
    workflowBundle,
    deployment,
    deps: { ...gatewaysOf(settings), knex, temporal: client, mail, cipher },
  });
  const sealer = createSealer(knex, keyRing, {
    onFault: (error) => log.error({ error: error.name }, error.message),
  });
  const relay = openRelay({ knex, temporal: client, cipher }, log);
  const dispatcher = openDispatcher(settings, { knex, cipher }, log);
  const running = worker.run();
  await becomeCurrent(clientConnection, temporal.namespace, deployment.version);
  await ensureSchedules(client);
  const health = serveHealth(worker, settings.worker.healthPort);
  log.info('the core worker runs');
  running.catch((error: unknown) => endAtOnce(error, log));
  return async () => {
    worker.shutdown();
    await Promise.all([running, relay.close(), dispatcher.close()]);
    health.close();
    await sealer.close();
    mail.close();
    await clientConnection.close();
    await connection.close();
    await knex.destroy();
  };
}

/** Whoever supervises the process starts another. */
function endAtOnce(error: unknown, log: Logger): void {
  log.fatal({ error: nameOf(error) }, 'the core worker failed');
  process.exit(1);
}

function openRelay(deps: OutboxDeps, log: Logger): Relay {
  return startRelay(deps, CONSUMERS, {
    onFault: ({ consumer, outboxId, error }) =>
      log.warn({ consumer, outboxId, error: nameOf(error) }, 'an event was not handed over'),
  });
}

function openDispatcher(
  { webhooks }: Settings,
  deps: Omit<SendDeps, 'call'>,
  log: Logger,
): Dispatcher {
  return startDispatcher(
    { ...deps, call: createWebhookCall(webhooks) },
    { onFault: (error) => log.warn({ error: nameOf(error) }, 'a webhook was not called') },
  );
}

function serveHealth(worker: Worker, port: number): ReturnType<typeof createServer> {
  const server = createServer((_request, response) => {
    const state = worker.getState();
    response.writeHead(state === 'RUNNING' ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: state === 'RUNNING' ? 'ok' : 'unavailable', state }));
  });
  return server.listen(port, '127.0.0.1');
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}

async function main(): Promise<void> {
  const settings = loadSettings();
  const log = pino({ level: settings.logLevel, base: { process: 'core' } });
  installRuntime(log);
  const stop = await start(settings, log);
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) return;
    isStopping = true;
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

await main().catch((fault: unknown) => {
  const known = fault instanceof SettingsFault ? fault.message : null;
  console.error(
    known ?? (fault instanceof Error ? fault.message : 'The core worker did not start.'),
  );
  process.exit(1);
});
