import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createMailGateway, senderAddress } from '../../activities/gateways/mail.ts';
import { createOutboundHttp } from '../../activities/gateways/outbound-http.ts';
import { createCardGateway } from '../../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import { CONSUMERS, type OutboxDeps } from '../../activities/outbox/consumers.ts';
import { startRelay, type Relay } from '../../activities/outbox/relay.ts';
import { type Dispatcher, startDispatcher } from '../../activities/webhooks/dispatcher.ts';
import { type SendDeps, createWebhookCall } from '../../activities/webhooks/send.ts';
import { serveMetrics } from '../../activities/metrics/metrics.ts';
import type { Settings } from '../../config/settings.ts';
import { createClientDataConverter, createDataConverter } from '../../crypto/data-converter.ts';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { createSealer } from '../../db/audit/sealer.ts';
import { openDatabase } from '../../db/knex.ts';
import { provideWorkflowBundle } from '../bundle.ts';
import { endWhenFailed, nameOf, runProcess, serveHealth } from '../process.ts';
import { ensureSchedules } from './schedules.ts';
import { becomeCurrent, deploymentOf } from '../versioning.ts';
import { createCoreWorker } from './worker.ts';

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
    deps: {
      ...gatewaysOf(settings),
      knex,
      temporal: client,
      mail,
      cipher,
      onDangerFault: ({ responseId, error }) =>
        log.error({ responseId, error: nameOf(error) }, 'a questionnaire could call nobody'),
    },
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
  const metrics = settings.metrics === null ? null : serveMetrics(knex, settings.metrics.worker);
  log.info('the core worker runs');
  endWhenFailed(running, 'core', log);
  return async () => {
    worker.shutdown();
    await Promise.all([running, relay.close(), dispatcher.close()]);
    health.close();
    metrics?.close();
    await sealer.close();
    mail.close();
    await clientConnection.close();
    await connection.close();
    await knex.destroy();
  };
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

await runProcess({ name: 'core', start });
