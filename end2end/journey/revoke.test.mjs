// What is taken away is gone at once, also in a second process on the same Postgres.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyPostgres, open, world } from './runmark.mjs';

/** How long another process may take to hear of it. */
const SECOND = 1_500;

let w, other, postgres;
before(async () => {
  postgres = await emptyPostgres();
  w = await world({ database: postgres.database });
  other = await w.another();
});
after(async () => {
  await w?.end();
  await postgres?.remove();
});

/** The same place at the other process: a browser sends its cookies there, too. */
const there = (path) => new URL(path, other.url).href;

/** Somebody who is signed in, and has opened the experiment at the other process. */
async function atTheOther(name) {
  const page = await w.person(name);
  const response = await page.goto(there(w.experiment));
  assert.equal(response.status(), 200);
  return page;
}

test('a permission that is taken', async () => {
  const pat = await atTheOther('pat');
  await w.server.say('grant', '--user', 'pat', '--experiment', w.alice.experiment, 'NO_PERMISSIONS');
  assert.equal((await pat.goto(new URL(w.experiment, w.url).href)).status(), 404);
  await sleep(SECOND);
  assert.equal((await pat.goto(there(w.experiment))).status(), 404);
});

test('an account that is disabled', async () => {
  const admin = await w.person();
  const quin = await atTheOther('quin');
  await admin.goto(new URL('/admin/people', w.url).href);
  await admin.getByLabel('Choose quin').check();
  await admin.getByRole('button', { name: 'Disable' }).click();
  await admin.getByRole('row', { name: /quin User Disabled/ }).waitFor();
  for (const place of [new URL('/experiments', w.url).href, there('/experiments')]) {
    await quin.goto(place);
    assert.equal(new URL(quin.url()).pathname, '/sign-in', place);
    await sleep(SECOND);
  }
});

test('a share link that is deleted, and one whose maker may no longer see it', async () => {
  const rosa = await w.person('rosa');
  const share = async () => {
    await open(rosa, w, w.aliceRun);
    await rosa.getByRole('link', { name: 'Share', exact: true }).click();
    await rosa.getByRole('radio', { name: /^Anybody who has the link Read-only/ }).check();
    await rosa.getByRole('button', { name: 'Create link' }).click();
    return new URL(await rosa.getByRole('status').locator('code').innerText()).pathname;
  };
  const [deleted, lost] = [await share(), await share()];
  const status = async (path) => (await fetch(there(path))).status;
  assert.deepEqual([await status(deleted), await status(lost)], [200, 200]);
  await rosa.goto(new URL('/share', w.url).href);
  await rosa.getByRole('button', { name: /^Delete the link/ }).last().click();
  await rosa.getByRole('status').getByText('The link no longer works.').waitFor();
  const gone = [await status(deleted), await status(lost)].sort();
  assert.deepEqual(gone, [200, 404], 'at once: links are never remembered');
  await w.server.say('grant', '--user', 'rosa', '--experiment', w.alice.experiment, 'NO_PERMISSIONS');
  await sleep(SECOND);
  assert.deepEqual([await status(deleted), await status(lost)], [404, 404]);
});
