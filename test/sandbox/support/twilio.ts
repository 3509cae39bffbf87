import express from 'express';
import twilio from 'twilio';
import {
  createTwilioSandbox,
  type TwilioSandbox,
  type TwilioSandboxOptions,
} from '../../../sandbox/twilio/index.ts';
import { type RunningServer, serve } from './http.ts';

export const ACCOUNT_SID = `AC${'0123456789abcdef'.repeat(2)}`;
export const AUTH_TOKEN = 'f'.repeat(32);
export const NUMBER = '+15005550006';

export interface RunningTwilio extends RunningServer {
  readonly sandbox: TwilioSandbox;
  /** The official SDK, talking to the stand-in. */
  readonly client: twilio.Twilio;
}

/** The stand-in on a free port, with hardly a pause between the states of a text or call. */
export async function startTwilio(
  options: Partial<TwilioSandboxOptions> = {},
): Promise<RunningTwilio> {
  const sandbox = createTwilioSandbox({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    number: NUMBER,
    stepDelayMs: 1,
    secondMs: 1,
    ...options,
  });
  const app = express();
  app.use('/2010-04-01', sandbox.router);
  app.use('/control/twilio', sandbox.control);
  const server = await serve(app);
  return {
    ...server,
    sandbox,
    client: sdkAt(server.url),
    async close() {
      sandbox.close();
      await server.close();
    },
  };
}

export function sdkAt(url: string, authToken = AUTH_TOKEN): twilio.Twilio {
  const httpClient = new twilio.RequestClient({ timeout: 30_000 });
  const send = httpClient.request.bind(httpClient);
  httpClient.request = (options) =>
    send({ ...options, uri: options.uri.replace('https://api.twilio.com', url) });
  return twilio(ACCOUNT_SID, authToken, { httpClient });
}
