import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import express from 'express';
import { escapeHtml, html, linked } from '../../sandbox/page/html.ts';
import { createPage } from '../../sandbox/page/index.ts';
import type { MailRecord } from '../../sandbox/mail/index.ts';
import type { MessageRecord } from '../../sandbox/twilio/index.ts';
import { serve } from './support/http.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom('<', '>', '"', "'", '&', '<script>', 'https://', '&lt;', ' onload='), {
      maxLength: 12,
    })
    .map((parts) => parts.join('')),
);

test('nothing that was sent gets out of its place in the markup', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(escapeHtml(text)).not.toMatch(/[<>"']/);
      const { markup } = html`<td title="${text}">${linked(text)}</td>`;
      const shape = markup
        .replace(/^<td title="[^"<>]*">/, '')
        .replace(/<\/td>$/, '')
        .replaceAll(/<a href="https?:\/\/[^"<>]*" rel="noreferrer">[^<>]*<\/a>/g, '');
      expect(shape).not.toMatch(/[<>"']/);
    }),
  );
});

const MESSAGE: MessageRecord = {
  sid: 'SM1',
  to: '+14155550111',
  from: '+15005550006',
  body: '<script>alert(1)</script> see https://clinic.example/s/1?a=1&b=2',
  direction: 'outbound-api',
  status: 'undelivered',
  errorCode: 30003,
  createdAt: Date.parse('2026-03-01T10:00:00Z'),
  updatedAt: 0,
  sentAt: null,
  statusCallback: null,
  messagingServiceSid: null,
};

const MAIL: MailRecord = {
  id: '1',
  receivedAt: 0,
  to: ['ana@example.test'],
  from: 'clinic@example.test',
  messageId: null,
  subject: '</td><img src=x onerror=alert(1)>',
  text: 'Hello',
  html: '<script>alert(1)</script>',
  headers: [],
  attachments: [],
};

test('shows what was sent as plain text under a policy that runs nothing', async () => {
  const app = express();
  app.use(
    createPage({
      messages: () => [MESSAGE],
      calls: () => [],
      mails: () => [MAIL],
      payments: () =>
        Promise.resolve([
          {
            id: 'pi_1',
            kind: 'payment',
            createdAt: 0,
            amountCents: 12_345,
            currency: 'usd',
            status: 'succeeded',
          },
        ]),
    }),
  );
  const server = await serve(app);
  const response = await fetch(server.url);
  const text = await response.text();
  await server.close();
  expect(response.headers.get('content-security-policy')).toBe(
    "default-src 'none';style-src 'self';form-action 'none';base-uri 'none';frame-ancestors 'none'",
  );
  expect(text).not.toMatch(/<script|<img|onerror=alert\(1\)>/);
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(text).toContain('href="https://clinic.example/s/1?a=1&amp;b=2"');
  expect(text).toContain('$123.45');
  expect(text).toContain('undelivered (30003)');
  expect(text).toContain('<html lang="en">');
});
