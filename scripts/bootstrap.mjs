// Plain JavaScript for whichever Node the machine has, from 20 on: it installs what is missing and
// hands over to the product's own Node, which runs the TypeScript sources as they are.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const ownNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const entries = {
  start: 'scripts/start.ts',
  test: 'scripts/test.ts',
  demo: 'scripts/demo.ts',
  bench: 'bench/main.ts',
  'keys:rotate': 'scripts/keys-rotate.ts',
  'audit:verify': 'scripts/audit-verify.ts',
};

/** Says one sentence and ends. */
function refuse(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** npm leaves a copy of the lock file in node_modules when it is done; an older one is out of date. */
function isInstalled() {
  const stamp = join(modules, '.package-lock.json');
  if (!existsSync(stamp) || !existsSync(ownNode)) return false;
  return statSync(stamp).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function install() {
  console.log('Installing the packages (npm ci); the first time takes a minute or two ...');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  // The media worker is provided at the start, where it can be: its package must not build one here.
  const env = { MEDIASOUP_WORKER_BIN: 'provided at the start', ...process.env };
  const { status, error } = spawnSync(command, [...args, 'ci'], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  if (error) refuse(`npm could not be run: ${error.message}.`);
  if (status !== 0) refuse('npm ci failed; its message above says why.');
  if (!existsSync(ownNode)) {
    refuse('npm ci left no Node 24 in node_modules/node: allow its install script and try again.');
  }
}

/** npm passes a signal only to the shell between us, which dies of it and tells nobody. */
function endWithParent(child) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 250);
}

/** Runs the entry to its end. It learns of this process's end through the channel between them. */
function handOver(entry, args) {
  const path = `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}`;
  const child = spawn(
    ownNode,
    ['--disable-warning=ExperimentalWarning', join(root, entry), ...args],
    {
      cwd: process.cwd(),
      env: { ...process.env, PATH: path },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    },
  );
  child.once('error', (fault) => refuse(`Node 24 could not be run: ${fault.message}.`));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
  if (process.env.npm_lifecycle_event) endWithParent(child);
}

const [command, ...args] = process.argv.slice(2);
const entry = entries[command];
if (entry === undefined) refuse(`Unknown command; use one of ${Object.keys(entries).join(', ')}.`);
if (Number(process.versions.node.split('.')[0]) < 20) {
  refuse(`Node 20 or newer is needed; this is ${process.version}.`);
}
if (!isInstalled()) install();
handOver(entry, args);
