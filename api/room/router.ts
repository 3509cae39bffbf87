import { randomBytes } from 'node:crypto';
import { type Response, Router } from 'express';
import type { RoomPage } from './page.ts';

/** Tells whether rooms can be opened here, and gives the page that opens them. */
export interface RoomPages {
  isAvailable(): Promise<boolean>;
  page(): Promise<RoomPage>;
}

/**
 * Where the links of reminders and calendar entries lead: the page of a session's room. It knows
 * nothing about the session: whoever opens it learns nothing. Where there is no video, a person who
 * follows the link is told so and what to do.
 */
export function roomRouter(rooms: RoomPages): Router {
  const router = Router();
  router.get('/assets/page.js', (_request, response) => asset(rooms, response, 'js'));
  router.get('/assets/page.css', (_request, response) => asset(rooms, response, 'css'));
  router.get('/:id', async (_request, response) => {
    const page = (await isOpen(rooms)) ? await rooms.page().catch(() => null) : null;
    if (page === null) showUnavailable(response);
    else showPage(response, page);
  });
  return router;
}

/** A database that is away is no reason to turn people away: the page tries again by itself. */
function isOpen(rooms: RoomPages): Promise<boolean> {
  return rooms.isAvailable().catch(() => true);
}

/** Signalling is on other ports and, with several hosts, on other machines. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' ws: wss:",
  'media-src blob: mediastream:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

function showPage(response: Response, { html }: RoomPage): void {
  response.set({
    'Content-Security-Policy': POLICY,
    'Permissions-Policy': 'camera=(self), microphone=(self), display-capture=(self)',
    'Cache-Control': 'no-store',
  });
  response.type('html').send(html);
}

async function asset(rooms: RoomPages, response: Response, kind: 'js' | 'css'): Promise<void> {
  const page = await rooms.page().catch(() => null);
  if (page === null) {
    response.status(503).end();
    return;
  }
  response.set('Cache-Control', 'no-cache');
  response.type(kind).send(kind === 'js' ? page.script : page.css);
}

function showUnavailable(response: Response): void {
  const nonce = randomBytes(16).toString('base64');
  response.set({
    'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`,
    'Cache-Control': 'no-store',
  });
  response.status(503).type('html').send(page(nonce));
}

function page(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your appointment</title>
<style nonce="${nonce}">body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}</style>
</head>
<body>
<main>
<h1>Your appointment</h1>
<p>Video rooms are not available here. Your clinic will tell you how to meet.</p>
<p>If you need help right away, call your local emergency number.</p>
</main>
</body>
</html>
`;
}
