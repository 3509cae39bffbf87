import type { Answer, HandlerMap, PublicCall } from '../http/handler.ts';
import { signInAnonymously } from './anonymous.ts';
import { changePassword } from './change-password.ts';
import { getMe, putProfile, verifyToken } from './profile.ts';
import { register } from './register.ts';
import { forgotPassword, resetPassword } from './reset-password.ts';
import { login, logout, refresh } from './sign-in.ts';
import { verifyEmail } from './verify-email.ts';

/** `GET /.well-known/jwks.json`: the keys with which others may check our tokens. */
async function getJwks({ deps }: PublicCall): Promise<Answer> {
  const headers = { 'cache-control': 'public, max-age=300' };
  return { status: 200, headers, body: deps.keyRing.publicJwks() };
}

export const authHandlers = {
  register,
  login,
  refresh,
  logout,
  getMe,
  putProfile,
  changePassword,
  forgotPassword,
  resetPassword,
  signInAnonymously,
  verifyToken,
  verifyEmail,
  getJwks,
} satisfies Partial<HandlerMap>;
