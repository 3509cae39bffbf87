import express, { type Router } from 'express';
import helmet from 'helmet';
import type { MailRecord } from '../mail/index.ts';
import type { CallRecord, MessageRecord } from '../twilio/index.ts';
import { html, linked, type Markup } from './html.ts';
import { STYLE } from './style.ts';

export interface Payment {
  readonly id: string;
  readonly kind: 'payment' | 'refund';
  readonly createdAt: number;
  readonly amountCents: number;
  readonly currency: string;
  readonly status: string;
}

/** Where the page gets what was sent; each newest first. */
export interface PageSources {
  messages(): readonly MessageRecord[];
  calls(): readonly CallRecord[];
  mails(): readonly MailRecord[];
  payments(): Promise<readonly Payment[]>;
}

const SHOWN = 100;

/** The page at `/`: what would have reached people and cards, had the providers been real. */
export function createPage(sources: PageSources): Router {
  const router = express.Router();
  router.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: ["'self'"],
          formAction: ["'none'"],
          baseUri: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      // The page is served on loopback without TLS.
      strictTransportSecurity: false,
    }),
  );
  router.get('/', (_req, res, next) => {
    present(sources).then(({ markup }) => {
      res.set('Cache-Control', 'no-store').type('html').send(markup);
    }, next);
  });
  router.get('/style.css', (_req, res) => {
    res.type('css').send(STYLE);
  });
  return router;
}

async function present(sources: PageSources): Promise<Markup> {
  const payments = await sources.payments();
  const sections = [
    section('sms', 'Text messages', sources.messages(), MESSAGE_COLUMNS, messageRow),
    section('calls', 'Calls', sources.calls(), CALL_COLUMNS, callRow),
    section('mails', 'E-mails', sources.mails(), MAIL_COLUMNS, mailRow),
    section('payments', 'Payments and refunds', payments, PAYMENT_COLUMNS, paymentRow),
  ];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>What was sent · Holdfast sandbox</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to what was sent</a>
        <header>
          <h1>What was sent</h1>
          <p>Nothing here left this machine: the sandbox stands in for the providers.</p>
          <nav aria-label="Kinds">
            <ul>
              ${sections.map(({ link }) => link)}
            </ul>
          </nav>
        </header>
        <main id="main">${sections.map(({ body }) => body)}</main>
      </body>
    </html> `;
}

function section<T>(
  id: string,
  title: string,
  records: readonly T[],
  columns: readonly string[],
  row: (record: T) => Markup,
): { link: Markup; body: Markup } {
  const count = records.length;
  const shown = records.slice(0, SHOWN);
  const table = html`<div class="table" role="region" aria-labelledby="${id}-title" tabindex="0">
    <table>
      <caption>
        ${count > SHOWN ? `The last ${SHOWN} of ${count}` : `${count} in all`}, newest first
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${shown.map(row)}
      </tbody>
    </table>
  </div>`;
  return {
    link: html`<li><a href="#${id}">${title} (${count})</a></li>`,
    body: html`<section id="${id}">
      <h2 id="${id}-title">${title}</h2>
      ${count === 0 ? html`<p>None yet.</p>` : table}
    </section>`,
  };
}

const MESSAGE_COLUMNS = ['Time', 'From', 'To', 'Text', 'Status'];

function messageRow(message: MessageRecord): Markup {
  const error = message.errorCode === null ? '' : ` (${String(message.errorCode)})`;
  return html`<tr>
    <td>${time(message.createdAt)}</td>
    <td>${message.from}</td>
    <td>${message.to}</td>
    <td class="text">${linked(message.body)}</td>
    <td>${message.status}${error}</td>
  </tr>`;
}

const CALL_COLUMNS = ['Time', 'To', 'Status', 'What happened'];

function callRow(call: CallRecord): Markup {
  return html`<tr>
    <td>${time(call.createdAt)}</td>
    <td>${call.to}</td>
    <td>${call.status}${call.answeredBy === null ? '' : ` (${call.answeredBy})`}</td>
    <td class="text">${call.transcript.join('\n')}</td>
  </tr>`;
}

const MAIL_COLUMNS = ['Time', 'To', 'Subject', 'Text', 'Files'];

function mailRow(mail: MailRecord): Markup {
  return html`<tr>
    <td>${time(mail.receivedAt)}</td>
    <td>${mail.to.join(', ')}</td>
    <td>${mail.subject}</td>
    <td class="text">${linked(mail.text.trim())}</td>
    <td>${mail.attachments.map(({ filename }) => filename ?? 'unnamed').join(', ')}</td>
  </tr>`;
}

const PAYMENT_COLUMNS = ['Time', 'Kind', 'Amount', 'Status', 'Id'];

function paymentRow(payment: Payment): Markup {
  return html`<tr>
    <td>${time(payment.createdAt)}</td>
    <td>${payment.kind}</td>
    <td class="amount">${amount(payment)}</td>
    <td>${payment.status}</td>
    <td>${payment.id}</td>
  </tr>`;
}

function amount({ amountCents, currency }: Payment): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountCents / 10 ** digits);
}

function time(atMs: number): Markup {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}
