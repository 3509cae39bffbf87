import type { BenchPerson } from './clinic.ts';
import type { BenchContext } from './context.ts';
import { type HttpClient, openHttp } from './http.ts';
import { inParallel, interleave, percentile } from './measure.ts';
import { type Finding, compared } from './report.ts';

/** Of fewer, what else the machine does in the slowest hundredth decides, not what a turn costs. */
const TURNS = 6_000;
const PEOPLE = 60;

/** What people say, exercises and answers among it. */
const SAID = [
  "I've been feeling really anxious lately and I don't know how to cope",
  'yes please',
  '7',
  'no',
  'done',
  "it's mostly the evenings that are hard, when the kids are in bed and it gets quiet",
  'I have three exams next week and two assignments due',
  'something else',
  'I slept about five hours. Better than last week!',
  'could we look at the plan for the exam next week? I keep putting it off',
  'thanks, that helps a bit',
];
/** Answers are alike; nobody tells anything in the words of somebody else, which might be remembered. */
const LONGEST_ANSWER = 20;

interface Talk {
  readonly person: BenchPerson;
  readonly conversationId: string;
}

/** A turn without a model through the whole stack against the same stack with a fixed answer. */
export async function measureCompanion(context: BenchContext): Promise<Finding[]> {
  const count = Math.ceil(TURNS * context.scale);
  const clinic = await context.openClinic({ therapists: 1, clients: PEOPLE });
  const { url } = await context.stack.startApi('bench/baseline/fixed-answer.ts');
  const [http, fixed] = [openHttp(context.stack.apiUrl, 8), openHttp(url, 8)];
  const talks = await begun(http, clinic.clients);
  let [next, other] = [0, 0];
  const ours = (): Promise<void> => turn(http, talks, next++);
  const baseline = (): Promise<void> => turn(fixed, talks, other++);
  // Both have had as many requests before.
  await inParallel(count, 8, ours);
  await inParallel(count, 8, baseline);
  const [oursMs, baselineMs] = await interleave(count, [ours, baseline]);
  http.close();
  fixed.close();
  const latency = (name: string, q: number, atMost: number | null): Finding =>
    compared({
      measure: `a companion's turn without a model, ${name}`,
      ours: percentile(oursMs!, q),
      baseline: percentile(baselineMs!, q),
      unit: 'ms',
      target: atMost === null ? null : { atMost },
    });
  return [latency('p50', 0.5, null), latency('p99', 0.99, 2)];
}

async function begun(http: HttpClient, people: readonly BenchPerson[]): Promise<Talk[]> {
  const talks: Talk[] = [];
  await inParallel(people.length, 8, async (index) => {
    const person = people[index]!;
    const text = await post(http, person, 'chat', { message: 'Hello there' });
    const { metadata } = JSON.parse(text) as { metadata: { conversationId: string } };
    talks.push({ person, conversationId: metadata.conversationId });
  });
  return talks;
}

async function turn(http: HttpClient, talks: readonly Talk[], at: number): Promise<void> {
  const { person, conversationId } = talks[at % talks.length]!;
  const said = SAID[Math.floor(at / talks.length) % SAID.length]!;
  const message = said.length > LONGEST_ANSWER ? `${said}, day ${at}` : said;
  await post(http, person, 'continue', { conversationId, message });
}

async function post(
  http: HttpClient,
  { token }: BenchPerson,
  path: string,
  body: unknown,
): Promise<string> {
  const { status, text } = await http.send('POST', `/api/ai/${path}`, token, body);
  if (status !== 200) throw new Error(`A turn was answered ${status}: ${text}`);
  return text;
}
