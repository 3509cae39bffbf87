import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import twilio from 'twilio';
import { readTwiml } from '../../sandbox/twilio/twiml.ts';

const printable = fc
  .string({ unit: 'grapheme' })
  // XML has no way to write control characters.
  .filter((text) => !/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u.test(text));

describe('TwiML', () => {
  test('reads back what the SDK writes, whatever the text', () => {
    fc.assert(
      fc.property(printable, printable, (said, action) => {
        const response = new twilio.twiml.VoiceResponse();
        response.gather({ action, numDigits: 1 }).say({ voice: 'alice' }, said);
        response.hangup();
        const document = readTwiml(response.toString());
        const [gather, hangup] = document.children;
        expect(gather?.attributes).toMatchObject({ action, numDigits: '1' });
        expect(gather?.children[0]?.text).toBe(said);
        expect(hangup?.name).toBe('Hangup');
      }),
    );
  });

  test.each([
    '',
    'Hello',
    '{"not":"xml"}',
    '<html></html>',
    '<Response>',
    '<Response></Respond>',
    '<Response><Say></Response></Say>',
    '<Response/><Response/>',
    '<Response/>trailing',
    '<Response><Say</Response>',
  ])('refuses %j', (text) => {
    expect(() => readTwiml(text)).toThrow(SyntaxError);
  });
});
