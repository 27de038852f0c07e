// Two-step sign-in: set up by its owner with the app that they have, asked for from then on.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fits, keep, open, quiet, world } from './runmark.mjs';

let w;
before(async () => (w = await world({ runs: false })));
after(() => w?.end());

const PASSWORD = 'a good password of ada';

/** What an app shows, so many steps from now (RFC 6238; the secret in Base32, RFC 4648). */
function shown(secret, steps = 0) {
  const bits = [...secret].map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac('sha1', key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

async function signIn(page, password) {
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('it is set up, asked for, and switched off', async () => {
  const ada = await w.person('ada');
  await open(ada, w, '/account');
  await ada.getByLabel('New password').fill(PASSWORD);
  await ada.getByRole('button', { name: 'Change password' }).click();
  await ada.getByText('Your password is changed.').waitFor();
  w.secrets.push(PASSWORD);

  await ada.getByRole('link', { name: 'Two-step sign-in' }).click();
  await ada.getByLabel('Your password').fill('a wrong password');
  await ada.getByRole('button', { name: 'Set it up' }).click();
  await ada.getByRole('alert').getByText('This is not your password.').waitFor();
  await ada.getByLabel('Your password').fill(PASSWORD);
  await ada.getByRole('button', { name: 'Set it up' }).click();
  await ada.getByRole('img', { name: 'What your app scans' }).waitFor();
  const secret = await ada.locator('.secret-text').innerText();
  w.secrets.push(secret);
  await keep(ada, 'second-factor-setup');
  await ada.getByLabel('Code', { exact: true }).fill('000000');
  await ada.getByRole('button', { name: 'Switch it on' }).click();
  await ada.getByRole('alert').getByText('This is not the code that your app shows now.').waitFor();
  const second = await ada.locator('.secret-text').innerText();
  assert.equal(second, secret, 'what was scanned is good for another try');
  await ada.getByLabel('Code', { exact: true }).fill(shown(second));
  await ada.getByRole('button', { name: 'Switch it on' }).click();
  await ada.getByRole('status').getByText('Two-step sign-in is on.').waitFor();
  const codes = await ada.locator('.recovery-codes code').allInnerTexts();
  assert.equal(codes.length, 10);
  w.secrets.push(...codes);
  await keep(ada, 'second-factor-codes');

  // Elsewhere the password alone is not enough.
  const there = await w.page();
  await open(there, w, '/sign-in?next=%2Faccount');
  await signIn(there, PASSWORD);
  await there.getByRole('heading', { name: 'One more step' }).waitFor();
  await there.goto(new URL('/experiments', w.url).href);
  assert.equal(new URL(there.url()).pathname, '/sign-in');
  await there.goto(new URL('/sign-in/code', w.url).href);
  await there.getByLabel(/^Code that your app shows/).fill('000000');
  await there.getByRole('button', { name: 'Sign in' }).click();
  await there.getByRole('alert').getByText('This code is not right, or was used before.').waitFor();
  await keep(there, 'second-factor-ask');
  await there.getByLabel(/^Code that your app shows/).fill(shown(second, 1));
  await there.getByRole('button', { name: 'Sign in' }).click();
  await there.getByRole('heading', { name: 'ada' }).waitFor();
  assert.equal(new URL(there.url()).pathname, '/account');

  // Programs need a token.
  const basic = `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`;
  const refused = await fetch(`${w.url}/api/2.0/mlflow/experiments/get?experiment_id=0`, { headers: { authorization: basic } });
  assert.equal(refused.status, 401);
  assert.match((await refused.json()).message, /use a token/);

  // A link that an admin sends asks, too; a recovery code opens, and switches it off.
  const lost = await w.page();
  const link = await w.server.say('user', 'link', 'ada', '--url', w.url);
  w.secrets.push(link.split('token=')[1]);
  await w.follow(lost, link);
  await lost.getByLabel(/^Code that your app shows/).fill(codes[0]);
  await lost.getByRole('button', { name: 'Sign in' }).click();
  await lost.getByRole('heading', { name: 'Experiments' }).waitFor();
  await lost.goto(new URL('/account/second-factor', w.url).href);
  await lost.getByText('9 recovery codes left').waitFor();
  await lost.getByLabel('Code, or a recovery code').fill(codes[1]);
  await lost.getByRole('button', { name: 'Switch it off' }).click();
  await lost.getByRole('status').getByText('Two-step sign-in is off.').waitFor();
  const now = await w.page();
  await open(now, w, '/sign-in');
  await signIn(now, PASSWORD);
  await now.getByRole('heading', { name: 'Experiments' }).waitFor();
  quiet(ada);
  quiet(there, /status of 401/);
  quiet(lost);
});

for (const [theme, width] of [['light', 1280], ['dark', 1280], ['light', 400]]) {
  test(`its pages fit, ${theme} at ${width}`, async () => {
    const page = await w.person('admin', { viewport: { width, height: 800 }, colorScheme: theme });
    await page.goto(new URL('/account/second-factor', w.url).href);
    await fits(page);
    await keep(page, `second-factor-off-${theme}-${width}`);
    await page.getByRole('button', { name: 'Set it up' }).click();
    await page.getByRole('img', { name: 'What your app scans' }).waitFor();
    await fits(page);
    await keep(page, `second-factor-setup-${theme}-${width}`);
    quiet(page);
  });
}
