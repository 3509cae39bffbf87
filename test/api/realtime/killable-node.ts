import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PresenceTimes } from '../../../api/realtime/presence.ts';
import type { TestApi } from '../../support/api.ts';
import { startProcess } from '../../support/stack-process.ts';
import type { StackProcess } from '../../support/stack-process.ts';

const ENTRY = join(import.meta.dirname, 'node-entry.ts');

/** An API in a process of its own, whose keys are in `keysFile`. */
export async function startKillableNode(
  api: TestApi,
  keysFile: string,
  presence: Partial<PresenceTimes>,
): Promise<StackProcess & { readonly url: string }> {
  const env = {
    HOLDFAST_HOME: join(tmpdir(), 'holdfast-test-home'),
    HOLDFAST_KEYS_FILE: keysFile,
    HOLDFAST_SANDBOX: '1',
    DATABASE_URL: api.databaseUrl,
    PUBLIC_URL: api.deps.http.publicUrl,
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    STRIPE_SECRET_KEY: 'sk_test_node0123456789',
    STRIPE_WEBHOOK_SECRET: 'whsec_node0123456789',
    TWILIO_ACCOUNT_SID: `AC${'5'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'node-token',
    TWILIO_FROM: '+15005550006',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'Clinic <clinic@test.example>',
  };
  const started = await startProcess(ENTRY, [JSON.stringify(presence)], env, 'listens on');
  const port = /listens on (\d+)\./.exec(started.output())?.[1];
  return { ...started, url: `http://127.0.0.1:${String(port)}` };
}
