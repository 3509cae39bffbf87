import { Call } from './call.ts';
import { prepareDevice } from './device.ts';
import { checkDevices } from './devices.ts';
import { el, field } from './dom.ts';
import { type Key, firstPass, forget, remember, rememberedKey, signIn } from './door.ts';
import { RoomScreen } from './room-screen.ts';

// The page that a session's link opens: who are you, is your camera right, and in.
const page = document.getElementById('page')!;
const sessionId = location.pathname.split('/').at(-1) ?? '';

/** With an account or with the access code from the invitation. */
function askWho(fault: string): Promise<Key> {
  return new Promise((resolve) => {
    const email = el('input', { type: 'email', autocomplete: 'username', required: true });
    const password = el('input', {
      type: 'password',
      autocomplete: 'current-password',
      required: true,
    });
    const code = el('input', { autocomplete: 'off', required: true, autocapitalize: 'characters' });
    const problem = el('p', { role: 'alert' }, fault);
    const account = form('Sign in', [field('E-mail', email), field('Password', password)], () =>
      signIn(email.value, password.value).then(resolve, (error: Error) => {
        problem.textContent = error.message;
      }),
    );
    const guest = form('Use the code', [field('Access code', code)], async () => {
      resolve(remember({ code: code.value }));
    });
    page.replaceChildren(
      el('div', { class: 'narrow' }, el('h1', {}, 'Your appointment'), problem, account, guest),
    );
    email.focus();
  });
}

function form(
  action: string,
  fields: readonly HTMLElement[],
  submit: () => Promise<void>,
): HTMLElement {
  const button = el('button', { class: 'main' }, action);
  const made = el('form', { class: 'panel' }, ...fields, el('div', { class: 'bar' }, button));
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    button.disabled = true;
    void submit().finally(() => {
      button.disabled = false;
    });
  });
  return made;
}

async function begin(): Promise<void> {
  const key = rememberedKey() ?? (await askWho(''));
  await come(key);
}

async function come(key: Key): Promise<void> {
  const pass = await firstPass(sessionId, key);
  // Whoever has no WebRTC is told in the room, where they can write all the same.
  if (pass.mode !== 'text') prepareDevice().catch(() => undefined);
  const devices = await checkDevices(page, pass.mode);
  let screen: RoomScreen | null = null;
  const call = new Call(pass.join, {
    changed: () => screen?.update(),
    chat: (message, age) => screen?.addChat(message, age),
    notice: (text) => screen?.tellAll(text),
    muteRequested: (kind) => screen?.askToMute(kind),
    replaced: () => screen?.notice('This is going on in another tab of yours.'),
  });
  screen = new RoomScreen(page, call, {
    again: () => void come(key),
    asSomebodyElse: () => {
      forget();
      void askWho('').then(come);
    },
  });
  await screen.bring('microphone', devices.microphone);
  await screen.bring('camera', devices.camera);
  screen.update();
  await call.start();
}

void begin();
