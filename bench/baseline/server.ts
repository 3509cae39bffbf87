import express, { type Request, type Response } from 'express';
import { jwtVerify } from 'jose';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { goFirst } from '../../activities/crisis/go-first.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';

/** What a plain Express application does with the same request, and nothing else. */
interface Options {
  readonly port: number;
  readonly databaseUrl: string;
  readonly issuer: string;
  readonly keysFile: string;
  /** The product's own, with the reader's and the session's id as its parameters. */
  readonly query: string;
}

// As the product's API does.
goFirst();
const { port, databaseUrl, issuer, keysFile, query } = JSON.parse(process.argv[2]!) as Options;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
const keyRing = await loadKeyRing(keysFile);
const AUDIT = `INSERT INTO audit_entries
  (clinic_id, actor_id, actor_role, action, object_type, object_id, subject_id, outcome, request_id)
  VALUES ($1, $2, 'patient', 'session.read', 'session', $3, $2, 'allowed', $4)`;

async function show(req: Request<{ id: string }>, res: Response): Promise<void> {
  const token = req.headers.authorization?.slice('Bearer '.length) ?? '';
  const { payload } = await jwtVerify(
    token,
    async ({ kid }) => (await keyRing.verificationKey(kid ?? ''))!,
    { issuer, audience: 'holdfast' },
  );
  const { rows } = await pool.query(query, [payload.sub, req.params.id]);
  const session = rows[0];
  if (session === undefined || session.client_id !== payload.sub) {
    res.status(404).json({ success: false });
    return;
  }
  await pool.query(AUDIT, [session.clinic_id, payload.sub, session.id, newId()]);
  res.json({
    success: true,
    data: {
      session_id: session.id,
      session_type: session.session_type,
      therapist: {
        therapist_id: session.therapist_id,
        display_name: session.therapist_name,
        specializations: session.therapist_specializations,
      },
      client_id: session.client_id,
      scheduled_at: session.starts_at,
      ends_at: session.ends_at,
      timezone: session.time_zone,
      session_format: session.format,
      status: session.status,
      payment_status: session.payment,
      payment_amount: session.due_cents / 100,
      currency: session.currency,
      confirmation_deadline: session.answer_due_at,
      payment_deadline: session.payment_due_at,
      created_at: session.created_at,
      updated_at: session.updated_at,
    },
  });
}

const app = express();
app.disable('x-powered-by');
app.get('/api/therapy/sessions/:id', (req, res, next) => void show(req, res).catch(next));
const server = app.listen(port, '127.0.0.1', () => console.log('the plain server listens'));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void pool.end();
});
