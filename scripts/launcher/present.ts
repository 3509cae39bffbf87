import type { SeededClinic } from '../../db/seed.ts';
import { loadSettings } from '../../config/settings.ts';
import { messageOf } from '../provision/progress.ts';
import { signInAll, writeDemoFile } from './demo-file.ts';
import type { DemoFile } from './demo-file.ts';
import { hasStandIns } from './environment.ts';
import type { Run } from './run.ts';
import { columns } from './table.ts';

/** What there is of video, recordings and transcripts, in words for a person. */
interface MediaWords {
  readonly video: string;
  readonly recording: string;
  readonly transcripts: string;
}

/** Writes the demo file, keeps its tokens fresh, and prints what runs where and for whom. */
export async function presentRun(
  run: Run,
  clinic: SeededClinic | null,
  media: MediaWords,
): Promise<void> {
  const demo = await refreshDemoFile(run, clinic);
  const halfLifeMs = loadSettings(run.env).auth.accessTokenTtlMs / 2;
  setInterval(() => {
    refreshDemoFile(run, clinic).catch((fault: unknown) =>
      console.error(`  The demo tokens could not be renewed: ${messageOf(fault)}`),
    );
  }, halfLifeMs).unref();
  console.log(presentation(run, demo, media));
}

async function refreshDemoFile(run: Run, clinic: SeededClinic | null): Promise<DemoFile> {
  const { ports, temporalAddress } = run.settings;
  const apiUrl = `http://localhost:${ports.api}`;
  const demo: DemoFile = {
    apiUrl,
    temporalAddress: run.temporalAddress,
    temporalUiUrl: temporalAddress === null ? `http://localhost:${ports.temporalUi}` : '',
    databaseUrl: run.databaseUrl,
    sandboxUrl: hasStandIns(run.settings) ? `http://localhost:${ports.sandbox}` : '',
    clinicId: clinic?.clinicId ?? '',
    people: clinic ? await signInAll(apiUrl, clinic) : [],
  };
  writeDemoFile(run.paths.demo, demo);
  return demo;
}

function presentation(run: Run, demo: DemoFile, media: MediaWords): string {
  const { totalMs, parts } = run.stopwatch.report();
  const shares = parts.map(({ part, tookMs }) => `${part} ${seconds(tookMs)}`).join(', ');
  return [
    `\n  Holdfast is up after ${seconds(totalMs)} s (seconds: ${shares})\n`,
    `${placesOf(run, demo, media)}\n`,
    ...(demo.people.length > 0 ? peopleOf(run, demo) : []),
    '  Ctrl-C stops everything; "npm start -- --fresh" begins anew.',
  ].join('\n');
}

function placesOf({ settings, paths }: Run, demo: DemoFile, media: MediaWords): string {
  const database = settings.databaseUrl === null ? `port ${settings.ports.postgres}` : '(your own)';
  return columns([
    ['API', demo.apiUrl],
    ['Video', media.video],
    ['Recording', media.recording],
    ['Transcripts', media.transcripts],
    ['Temporal UI', demo.temporalUiUrl || '(your own)'],
    ['Temporal', demo.temporalAddress],
    ['Sent messages', demo.sandboxUrl || '(real providers)'],
    ['Database', database],
    ['Data', paths.home],
    ['Logs', paths.logs],
  ]);
}

function peopleOf({ paths }: Run, { people }: DemoFile): string[] {
  const rows = people.map(({ role, id, email, password, therapistId }) => [
    therapistId === undefined ? role : 'therapist',
    id,
    email,
    password,
  ]);
  const tokens = people.map(({ email, accessToken }) => [email, accessToken]);
  return [
    `${columns([['Demo person', 'Id', 'E-mail', 'Password'], ...rows])}\n`,
    `  Their access tokens:\n${columns(tokens)}\n`,
    `  The same as JSON, with tokens renewed while this runs: ${paths.demo}\n`,
  ];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
