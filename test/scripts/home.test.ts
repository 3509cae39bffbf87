import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadLauncherSettings } from '../../config/launcher-settings.ts';
import { loadSettings } from '../../config/settings.ts';
import { productEnvironment } from '../../scripts/launcher/environment.ts';
import { homePaths, makeHome, readOrMakeSecrets, removeData } from '../../scripts/launcher/home.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder();

function filledHome(name: string): ReturnType<typeof homePaths> {
  const paths = homePaths(join(folder, name));
  makeHome(paths.home);
  mkdirSync(paths.postgres);
  for (const path of [paths.keys, paths.temporal, `${paths.temporal}-wal`, paths.demo]) {
    writeFileSync(path, 'old');
  }
  readOrMakeSecrets(paths.secrets);
  writeFileSync(join(paths.home, 'thesis.txt'), 'mine');
  return paths;
}

test('beginning anew removes what the product keeps, and never what it does not know', () => {
  const paths = filledHome('fresh');
  removeData(paths, { database: true });
  const gone = [paths.postgres, paths.keys, paths.secrets, paths.temporal, `${paths.temporal}-wal`];
  expect(gone.filter((path) => existsSync(path))).toEqual([]);
  expect(readFileSync(join(paths.home, 'thesis.txt'), 'utf8')).toBe('mine');
});

test("the keys of an outside database's data are kept", () => {
  const paths = filledHome('outside');
  removeData(paths, { database: false });
  expect([paths.keys, paths.temporal, paths.demo].map((path) => existsSync(path))).toEqual([
    true,
    false,
    false,
  ]);
});

test('the folder and its secrets are out of reach of others and of version control', () => {
  const paths = filledHome('private');
  expect(statSync(paths.home).mode & 0o066).toBe(0);
  expect(statSync(paths.secrets).mode & 0o077).toBe(0);
  expect(readFileSync(join(paths.home, '.gitignore'), 'utf8')).toBe('*\n');
});

const addresses = { databaseUrl: 'postgresql://h/n', temporalAddress: 'h:7233' };

test('stand-ins need no variable at all, and a real provider replaces only its own', () => {
  const secrets = readOrMakeSecrets(join(folder, 'secrets.json'));
  expect(readOrMakeSecrets(join(folder, 'secrets.json'))).toEqual(secrets);
  const embedded = productEnvironment(loadLauncherSettings({}), secrets, addresses);
  expect(loadSettings(embedded)).toMatchObject({
    sandbox: true,
    stripe: { secretKey: secrets.stripeSecretKey, apiUrl: 'http://127.0.0.1:5100' },
    mail: { smtpUrl: 'smtp://127.0.0.1:5125' },
    eligibility: { url: 'http://127.0.0.1:5100/fhir' },
  });
  const real = { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
  const mixed = productEnvironment(loadLauncherSettings(real), secrets, addresses);
  expect(mixed).not.toHaveProperty('STRIPE_API_URL');
  expect(mixed).toHaveProperty('TWILIO_API_URL');
});
