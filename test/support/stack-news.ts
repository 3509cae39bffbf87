/** The stand-ins keep their webhooks back, as when the network is bad, until they are released. */
export async function holdNews(sandboxUrl: string): Promise<void> {
  await letNews(sandboxUrl, false);
}

export async function releaseNews(sandboxUrl: string): Promise<void> {
  await letNews(sandboxUrl, true);
}

async function letNews(sandboxUrl: string, isFlowing: boolean): Promise<void> {
  const stripe = `${sandboxUrl}/control/stripe/webhooks/${isFlowing ? 'resume' : 'pause'}`;
  const answers = [
    await fetch(stripe, { method: 'POST' }),
    await fetch(`${sandboxUrl}/control/twilio/callbacks`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ paused: !isFlowing }),
    }),
  ];
  for (const { ok, url } of answers) if (!ok) throw new Error(`${url} was refused.`);
}
