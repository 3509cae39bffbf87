import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import type { TwilioGatewaySettings } from '../../activities/gateways/twilio.ts';
import { createPaging, noop } from './activities.ts';
import { BARE_TASK_QUEUE } from './messages.ts';

/** A worker with nothing but Temporal in it, on the limits of the product's. */
const address = process.argv[2]!;
const texting = JSON.parse(process.argv[3]!) as TwilioGatewaySettings;
Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: BARE_TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities: { noop, ...createPaging(createTwilioGateway(texting)) },
  maxConcurrentActivityTaskExecutions: 50,
  maxConcurrentLocalActivityExecutions: 50,
  maxCachedWorkflows: 500,
});
process.once('SIGTERM', () => worker.shutdown());
const running = worker.run();
console.log('the bare worker runs');
await running;
await connection.close();
