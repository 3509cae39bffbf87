import { join } from 'node:path';
import { loadSettings, type Settings, SettingsFault } from '../config/settings.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from './server.ts';

/** Stands in for those providers that the settings point at this machine. */
function optionsFrom({ home, ports, api, stripe, twilio, mail }: Settings): SandboxOptions {
  const { hostname, port } = new URL(mail.smtpUrl);
  const ownMail = isLoopback(hostname) && port === String(ports.smtp);
  return {
    port: ports.sandbox,
    dataFolder: join(home, 'sandbox'),
    stripe:
      stripe.apiUrl === null ? null : { ...stripe, webhookUrl: `${api.publicUrl}/webhooks/stripe` },
    twilio:
      twilio.apiUrl === null
        ? null
        : {
            accountSid: twilio.accountSid,
            authToken: twilio.authToken,
            // A messaging service picks one of its numbers; here there is only this one.
            number: twilio.from.startsWith('+') ? twilio.from : '+15005550006',
            inboundSmsUrl: `${api.publicUrl}/webhooks/twilio/inbound`,
          },
    mail: ownMail ? { port: ports.smtp } : null,
  };
}

function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** Ends the process on a signal, once the stand-ins have closed. */
function stopOnSignal(sandbox: Sandbox): void {
  const stop = (): void => {
    sandbox.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

async function main(): Promise<void> {
  const sandbox = await startSandbox(optionsFrom(loadSettings()));
  stopOnSignal(sandbox);
  process.stdout.write(`The sandbox listens on ${sandbox.url}\n`);
}

main().catch((error: unknown) => {
  const known = error instanceof SettingsFault || (error instanceof Error && 'port' in error);
  const text = known ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`The sandbox cannot start: ${text ?? ''}\n`);
  process.exit(1);
});
