// Coming in and going out, and what is seen without scripts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, EXPERIMENT, open, quiet, world } from './runmark.mjs';

let w;
before(async () => (w = await world()));
after(() => w?.end());

async function signIn(page, name, password) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a wrong password says so, the right one leads back', async () => {
  const page = await w.page();
  await open(page, w, w.comparison);
  assert.equal(new URL(page.url()).pathname, '/sign-in');
  await signIn(page, 'admin', 'wrong');
  await page.getByRole('alert').getByText('Name or password is wrong.').waitFor();
  assert(!page.url().includes('wrong'), 'no password is in the address');
  await signIn(page, 'admin', w.server.password);
  await page.getByRole('heading', { name: 'Comparison' }).waitFor();
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, w.comparison);
  quiet(page);
});

test('signing in leads nowhere else', async () => {
  const page = await w.page();
  for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
    await page.context().clearCookies();
    await open(page, w, `/sign-in?next=${encodeURIComponent(next)}`);
    await signIn(page, 'admin', w.server.password);
    await page.getByRole('heading', { name: 'Experiments' }).waitFor();
    assert.equal(new URL(page.url()).origin, w.url);
  }
});

test('signing out ends the session', async () => {
  const page = await w.person();
  await open(page, w, w.experiment);
  const [cookie] = await page.context().cookies();
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Lax');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Runmark' }).waitFor();
  // The old cookie, kept by somebody, opens nothing.
  await page.context().addCookies([cookie]);
  await page.goto(w.url + w.experiment);
  await page.getByRole('heading', { name: 'Sign in to Runmark' }).waitFor();
  quiet(page);
});

test('a session that ended leads to sign-in and back', async () => {
  const page = await w.person();
  await open(page, w, '/experiments');
  await page.context().clearCookies();
  await page.getByRole('link', { name: EXPERIMENT }).click();
  await page.getByRole('heading', { name: 'Sign in to Runmark' }).waitFor();
  await signIn(page, 'admin', w.server.password);
  await page.getByRole('heading', { name: EXPERIMENT }).waitFor();
  quiet(page, /status of 401/);
});

test('a new password holds and the old one does not', async () => {
  const page = await w.page();
  const name = 'dora';
  await w.follow(page, await w.linkFor(name));
  await page.getByRole('heading', { name: 'Experiments' }).waitFor();
  const admin = await w.page();
  await open(admin, w, '/sign-in?next=/account');
  await signIn(admin, 'admin', w.server.password);
  await admin.getByRole('heading', { name: 'admin' }).waitFor();
  await admin.waitForLoadState('networkidle');
  const change = async (old, fresh) => {
    await admin.getByLabel('Current password').fill(old);
    await admin.getByLabel('New password').fill(fresh);
    await admin.getByRole('button', { name: 'Change password' }).click();
  };
  const fresh = 'correct horse battery staple';
  w.secrets.push(fresh);
  await change('not it', fresh);
  await admin.locator('.banner.danger').waitFor();
  await change(w.server.password, fresh);
  await admin.getByText('Your password is changed.').waitFor();
  quiet(admin, /status of 40[013]/);

  await page.context().clearCookies();
  await open(page, w, '/sign-in');
  await signIn(page, 'admin', w.server.password);
  await page.getByRole('alert').waitFor();
  await signIn(page, 'admin', fresh);
  await page.getByRole('heading', { name: 'Experiments' }).waitFor();
  w.server.password = fresh;
});

test('what one may not see is not there', async () => {
  const name = 'eve';
  const page = await w.person(name);
  await w.server.say('grant', '--user', name, '--experiment', w.alice.experiment, 'NO_PERMISSIONS');
  await open(page, w, '/experiments');
  assert.equal(await page.getByRole('link', { name: EXPERIMENT }).count(), 0);
  for (const address of [w.experiment, w.aliceRun]) {
    assert.equal((await open(page, w, address)).status(), 404);
    assert(!(await page.content()).includes('Churn'), address);
  }
  await open(page, w, w.comparison);
  await page.getByText('not found or not visible to you').waitFor();
});

test('without scripts all is there to read', async () => {
  const page = await w.page({ javaScriptEnabled: false });
  await page.goto(w.url + w.experiment);
  await signIn(page, 'admin', 'wrong');
  await page.getByText('Name or password is wrong.').waitFor();
  await signIn(page, 'admin', w.server.password);
  await page.getByRole('heading', { name: EXPERIMENT }).waitFor();
  for (const text of [ALICE, BOB, 'liblinear', 'val/accuracy']) await page.getByText(text).first().waitFor();
  await page.goto(`${w.url}${w.experiment}?filter=params.C+%3D+%222.0%22`);
  assert.deepEqual(await page.locator('.run-table tbody th a').allInnerTexts(), [BOB]);
  await page.goto(w.url + w.comparison);
  const preview = page.getByAltText('loss');
  await preview.scrollIntoViewIfNeeded();
  await page.waitForTimeout(500);
  assert((await preview.evaluate((image) => image.naturalWidth)) > 0, 'the curves are a picture');
  await page.goto(w.url + w.aliceRun);
  await page.getByRole('rowheader', { name: 'random_state' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Runmark' }).waitFor();
});

test('no other site may use the session', async () => {
  const page = await w.person();
  const { request } = page.context();
  const origin = { headers: { origin: 'https://evil.example' } };
  assert.equal((await request.post(`${w.url}/ui/sign_out`, origin)).status(), 403);
  await open(page, w, '/experiments');
  await page.getByRole('heading', { name: 'Experiments' }).waitFor();
});
