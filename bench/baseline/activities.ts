import type { TwilioGateway } from '../../activities/gateways/twilio.ts';

/** Does nothing, and says so. */
export async function noop(): Promise<string> {
  return 'done';
}

/** One text to the provider, and nothing around it. */
export function createPaging(sms: TwilioGateway): { page(request: BarePage): Promise<string> } {
  return {
    page: async (text) => {
      const sent = await sms.sendSms(text);
      if (sent.kind !== 'accepted') throw new Error(`The provider: ${sent.kind}`);
      return sent.id;
    },
  };
}

export interface BarePage {
  readonly to: string;
  readonly body: string;
  readonly statusCallback: string;
}
