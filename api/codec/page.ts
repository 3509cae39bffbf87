const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 4rem auto; padding: 0 1rem }
  label { display: block; margin-top: 1rem }
  input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem }
  button { font: inherit; margin-top: 1.5rem; padding: .4rem 1.2rem }
  [role=alert] { color: #a40000 }`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function page(nonce: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast: read workflows in Temporal UI</title>
<style nonce="${escaped(nonce)}">${STYLE}</style>
</head>
<body>
<main>
<h1>Workflow data</h1>
${body}
</main>
</body>
</html>
`;
}

/** The form that staff sign in with, so that Temporal UI may show payloads in clear. */
export function loginPage(nonce: string, message: string | null): string {
  const alert = message === null ? '' : `<p role="alert">${escaped(message)}</p>`;
  return page(
    nonce,
    `<p>Sign in as staff or admin, and Temporal UI shows the data of workflows for eight hours.
What it decrypts is recorded.</p>
${alert}
<form method="post" action="login">
<label>E-mail <input type="email" name="email" required autocomplete="username" autofocus></label>
<label>Password
<input type="password" name="password" required autocomplete="current-password"></label>
<button type="submit">Sign in</button>
</form>`,
  );
}

/** What someone who has signed in sees. */
export function signedInPage(nonce: string, uiOrigin: string): string {
  return page(
    nonce,
    `<p>You are signed in. Temporal UI shows the data of workflows once its codec server sends
cross-origin credentials (a setting behind the glasses icon).</p>
<p><a href="${escaped(uiOrigin)}">Go to Temporal UI</a></p>
<form method="post" action="logout"><button type="submit">Sign out</button></form>`,
  );
}
