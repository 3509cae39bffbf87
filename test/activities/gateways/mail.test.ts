import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createMailGateway,
  type Mail,
  type MailGateway,
} from '../../../activities/gateways/mail.ts';
import { type MailFault, type MailSandbox, startMailSandbox } from '../../../sandbox/mail/index.ts';

const FROM = 'Demo Clinic <clinic@example.test>';
const MAIL: Mail = {
  to: 'Ana@example.test',
  subject: 'You have an appointment — Grüße',
  text: 'Tomorrow at ten.',
  html: '<p>Tomorrow at ten.</p>',
  ics: {
    filename: 'appointment.ics',
    content: 'BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n',
  },
  messageId: '<reminder-1@example.test>',
};

let inbox: MailSandbox;

function gatewayAt(port: number, timeoutMs = 20_000, query = ''): MailGateway {
  return createMailGateway({
    smtpUrl: `smtp://127.0.0.1:${String(port)}${query}`,
    from: FROM,
    timeoutMs,
  });
}

beforeEach(async () => {
  inbox = await startMailSandbox({ port: 0 });
});

afterEach(async () => {
  await inbox.close();
});

describe('sendMail', () => {
  test('delivers every part under the Message-ID that the caller chose', async () => {
    const sent = await gatewayAt(inbox.port).sendMail(MAIL);
    expect(sent).toEqual({ kind: 'accepted', id: MAIL.messageId });
    const [mail] = inbox.messages('ana@EXAMPLE.test');
    expect(mail).toMatchObject({
      to: ['ana@example.test'],
      from: 'clinic@example.test',
      messageId: MAIL.messageId,
      subject: MAIL.subject,
      html: expect.stringContaining('<p>Tomorrow at ten.</p>'),
    });
    expect(mail?.text.trim()).toBe(MAIL.text);
    expect(mail?.headers).toContainEqual({ key: 'auto-submitted', value: 'auto-generated' });
    const [calendar] = mail?.attachments ?? [];
    expect(calendar).toMatchObject({
      filename: 'appointment.ics',
      mimeType: 'text/calendar',
      method: 'CANCEL',
    });
    const content = Buffer.from(calendar?.contentBase64 ?? '', 'base64').toString();
    // The parser of the inbox writes the line ends of text parts in its own way.
    expect(content.replaceAll('\n', '\r\n')).toBe(MAIL.ics?.content);
  });

  test('a line break in a header adds no recipient and no header', async () => {
    await gatewayAt(inbox.port).sendMail({
      ...MAIL,
      subject: 'Hello\r\nBcc: eve@example.test\r\nX-Evil: 1',
    });
    const [mail] = inbox.messages();
    expect(mail?.to).toEqual(['ana@example.test']);
    expect(mail?.headers.map(({ key }) => key)).not.toContain('x-evil');
    expect(inbox.messages('eve@example.test')).toEqual([]);
  });

  test.each<[MailFault, unknown, number]>([
    ['reject', { kind: 'refused', reason: 'rejected', code: '550' }, 0],
    ['reject_later', { kind: 'unavailable', code: '451' }, 0],
    ['timeout_after', { kind: 'ambiguous', code: expect.any(String) }, 1],
    ['drop_after', { kind: 'ambiguous', code: 'ECONNECTION' }, 1],
    ['drop_before', { kind: 'ambiguous', code: 'ECONNECTION' }, 0],
  ])('%s is %j, and is never sent twice', async (fault, expected, kept) => {
    inbox.faults.add(fault);
    const timeoutMs = fault === 'timeout_after' ? 2000 : 20_000;
    expect(await gatewayAt(inbox.port, timeoutMs).sendMail(MAIL)).toEqual(expected);
    expect(inbox.messages()).toHaveLength(kept);
  });

  test('an address that can not be one is refused before anything is sent', async () => {
    const sent = await gatewayAt(inbox.port).sendMail({ ...MAIL, to: '' });
    expect(sent).toEqual({ kind: 'refused', reason: 'bad_address', code: 'EENVELOPE' });
  });
});

describe('a relay that is not there', () => {
  test('refusing connections means that nothing was sent', async () => {
    const { port } = inbox;
    await inbox.close();
    expect(await gatewayAt(port).sendMail(MAIL)).toMatchObject({ kind: 'unavailable' });
    inbox = await startMailSandbox({ port: 0 });
  });

  test('saying nothing at all means that nothing was sent', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const { port } = silent.address() as AddressInfo;
    expect(await gatewayAt(port, 100).sendMail(MAIL)).toEqual({
      kind: 'unavailable',
      code: 'ETIMEDOUT',
    });
    silent.close();
  });
});

describe('TLS', () => {
  test('is taken up where it is offered, and an unknown certificate is not trusted', async () => {
    const offering = await startMailSandbox({ port: 0, offerTls: true });
    expect(await gatewayAt(offering.port).sendMail(MAIL)).toMatchObject({ kind: 'unavailable' });
    expect(offering.messages()).toEqual([]);
    const trusting = gatewayAt(offering.port, 20_000, '?tls.rejectUnauthorized=false');
    expect(await trusting.sendMail(MAIL)).toMatchObject({ kind: 'accepted' });
    await offering.close();
  });

  test('a URL that demands it sends nothing to a relay without it', async () => {
    const gateway = gatewayAt(inbox.port, 20_000, '?requireTLS=true');
    expect(await gateway.sendMail(MAIL)).toMatchObject({ kind: 'unavailable' });
    expect(inbox.messages()).toEqual([]);
  });
});
