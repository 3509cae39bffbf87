import { randomBytes } from 'node:crypto';
import { type Request, type Response, Router } from 'express';

/**
 * Where the links of reminders and calendar entries lead. This installation runs without a
 * media server, and a person who follows the link is told so and what to do. The page knows
 * nothing about the session: whoever opens it learns nothing.
 */
export function roomRouter(): Router {
  const router = Router();
  router.get('/:id', showUnavailable);
  return router;
}

function showUnavailable(_request: Request, response: Response): void {
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
