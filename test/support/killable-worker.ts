import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createMailGateway, senderAddress } from '../../activities/gateways/mail.ts';
import { createOutboundHttp } from '../../activities/gateways/outbound-http.ts';
import { createCardGateway } from '../../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import { loadSettings } from '../../config/settings.ts';
import { createClientDataConverter, createDataConverter } from '../../crypto/data-converter.ts';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import { createCoreWorker } from '../../workers/core/worker.ts';
import { deadlyAt } from './killable-points.ts';

// The core worker as the product makes it, over dependencies of which one kills this process.
const settings = loadSettings();
const { temporal, api } = settings;
const keyRing = await loadKeyRing(settings.keysFile);
const connection = await NativeConnection.connect({ address: temporal.address });
const worker = await createCoreWorker({
  connection,
  namespace: temporal.namespace,
  dataConverter: createDataConverter(keyRing),
  workflowBundle: await provideWorkflowBundle(join(settings.home, 'bundles')),
  deps: deadlyAt(process.argv[2] ?? '', {
    knex: openDatabase(settings.database.url, {
      maxConnections: settings.database.poolSize,
      acquireTimeoutMs: 30_000,
    }),
    temporal: new Client({
      connection: await Connection.connect({ address: temporal.address }),
      namespace: temporal.namespace,
      dataConverter: createClientDataConverter(keyRing),
    }),
    mail: createMailGateway(settings.mail),
    sms: createTwilioGateway({ ...settings.twilio, publicUrl: api.publicUrl }),
    cards: createCardGateway(settings.stripe),
    publicUrl: api.publicUrl,
    organizer: senderAddress(settings.mail.from),
    cipher: createFieldCipher(keyRing),
    outbound: createOutboundHttp({ allowPrivateHosts: true }),
  }),
});
process.stdout.write('the core worker runs\n');
await worker.run();
