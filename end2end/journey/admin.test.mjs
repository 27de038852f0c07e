// What admins do on their pages, and what others then see.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EXPERIMENT, fits, keep, open, quiet, world } from './runmark.mjs';

let w;
before(async () => (w = await world()));
after(() => w?.end());

/** A page for admins: another document than the rest of the site, without scripts. */
async function visit(page, path) {
  await page.goto(new URL(path, w.url).href);
  await page.getByRole('navigation', { name: 'Admin pages' }).waitFor();
}

const said = (page, text) => page.getByRole('status').getByText(text).waitFor();

test('a colleague is invited, sees nothing private, is given READ and sees it', async () => {
  const admin = await w.person();
  await open(admin, w, '/experiments');
  await admin.getByRole('link', { name: 'Admin', exact: true }).click();
  await admin.getByRole('heading', { name: 'People' }).waitFor();

  // Nobody but who was given more sees the experiment.
  await visit(admin, '/admin/permissions');
  await admin.getByLabel(`What everyone may do to ${EXPERIMENT}`).selectOption('NO_PERMISSIONS');
  await admin.getByRole('button', { name: 'Save changes' }).click();
  await said(admin, 'One permission is changed.');

  await visit(admin, '/admin/people');
  await admin.getByLabel('Name', { exact: true }).fill('erin');
  await admin.getByRole('button', { name: 'Create account' }).click();
  const link = await admin.getByRole('status').locator('code').innerText();
  w.secrets.push(link.split('token=')[1]);
  await admin.reload();

  const erin = await w.page();
  await w.follow(erin, link);
  await erin.getByRole('heading', { name: 'Experiments' }).waitFor();
  assert.equal(await erin.getByRole('link', { name: EXPERIMENT }).count(), 0);
  assert.equal(await erin.getByRole('link', { name: 'Admin', exact: true }).count(), 0);
  const hidden = await erin.goto(new URL(w.experiment, w.url).href);
  assert.equal(hidden.status(), 404);

  // By link she chooses a password, without an old one.
  await open(erin, w, '/account');
  assert.equal(await erin.getByLabel('Current password').count(), 0);
  await erin.getByLabel('New password').fill('a good password of erin');
  await erin.getByRole('button', { name: 'Change password' }).click();
  await erin.getByText('Your password is changed.').waitFor();

  await visit(admin, '/admin/permissions?users=erin');
  await admin.getByText('NO_PERMISSIONS by everyone').first().waitFor();
  await admin.getByLabel(`What user erin may do to ${EXPERIMENT}`).selectOption('READ');
  await admin.getByRole('button', { name: 'Save changes' }).click();
  await said(admin, 'One permission is changed.');

  await open(erin, w, '/experiments');
  await erin.getByRole('link', { name: EXPERIMENT }).click();
  await erin.getByRole('heading', { name: EXPERIMENT }).waitFor();

  // She tries to delete it, and is told why not.
  await open(erin, w, '/account');
  await erin.getByLabel('Name of the new token').fill('job');
  await erin.getByRole('button', { name: 'Create token' }).click();
  const token = await erin.locator('.secret code').innerText();
  w.secrets.push(token);
  const refused = await fetch(`${w.url}/api/2.0/mlflow/experiments/delete`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_id: w.alice.experiment }),
  });
  assert.equal(refused.status, 403);
  assert.match((await refused.json()).message, /this needs MANAGE, and the token of erin has READ/);

  // The admin sees that she tried, and takes her token away.
  await admin.waitForTimeout(1500);
  await visit(admin, '/admin/audit?actor=erin&done=no');
  await admin.getByRole('row', { name: /erin by token job access\.denied Refused/ }).waitFor();
  await visit(admin, '/admin/tokens');
  await admin.getByRole('button', { name: 'Revoke job of erin' }).click();
  await said(admin, 'The token no longer works.');
  const gone = await fetch(`${w.url}/api/2.0/mlflow/experiments/get?experiment_id=0`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(gone.status, 401);
  quiet(admin);
  quiet(erin, /status of 404/);
});

test('accounts are managed several at once', async () => {
  const admin = await w.person();
  for (const name of ['finn', 'gina']) await w.linkFor(name);
  const choose = async (...names) => {
    await visit(admin, '/admin/people');
    for (const name of names) await admin.getByLabel(`Choose ${name}`).check();
  };
  await visit(admin, '/admin/groups');
  await admin.getByLabel('Name', { exact: true }).fill('vision');
  await admin.getByRole('button', { name: 'Create group' }).click();
  await said(admin, 'The group vision is there.');

  await choose('finn', 'gina');
  await admin.getByRole('button', { name: 'Add to group' }).click();
  await said(admin, 'Done for finn, gina.');
  await admin.getByRole('row', { name: /gina User Active vision/ }).waitFor();
  await choose('finn', 'gina');
  await admin.getByRole('button', { name: 'Disable' }).click();
  await admin.getByRole('row', { name: /finn User Disabled/ }).waitFor();

  await choose('admin');
  await admin.getByRole('button', { name: 'Disable' }).click();
  await admin.getByRole('alert').getByText('This is the last admin.').waitFor();
  await choose();
  await admin.getByRole('button', { name: 'Disable' }).click();
  await admin.getByRole('alert').getByText('Choose somebody first.').waitFor();

  await choose('finn');
  await admin.getByRole('button', { name: 'Delete …' }).click();
  await admin.getByRole('button', { name: 'Delete', exact: true }).click();
  await said(admin, 'Done for finn.');
  assert.equal(await admin.getByLabel('Choose finn').count(), 0);

  await admin.getByRole('link', { name: 'Rename gina' }).click();
  await admin.getByLabel('New name').fill('georgina');
  await admin.getByRole('button', { name: 'Rename' }).click();
  await said(admin, 'gina is called georgina now.');
  quiet(admin);
});

test('permissions of registered models are given in place', async () => {
  const { token } = w.server;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const made = await fetch(`${w.url}/api/2.0/mlflow/registered-models/create`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name: 'detector' }),
  });
  assert.equal(made.status, 200);
  const admin = await w.person();
  await visit(admin, '/admin/permissions');
  await admin.getByRole('link', { name: 'Registered models' }).click();
  await admin.getByLabel('What everyone may do to detector').selectOption('EDIT');
  await admin.getByRole('button', { name: 'Save changes' }).click();
  await said(admin, 'One permission is changed.');
  await admin.getByRole('row', { name: /detector/ }).waitFor();
  assert.equal(await admin.getByLabel('What everyone may do to detector').inputValue(), 'EDIT');
  quiet(admin);
});

test('storage and health are told, and links for anybody are switched off', async () => {
  const admin = await w.person();
  await visit(admin, '/admin/storage');
  await admin.getByRole('row', { name: new RegExp(`${EXPERIMENT} .* 2 `) }).waitFor();
  await visit(admin, '/admin/server');
  await admin.getByText(/^SQLite \d/).waitFor();
  const anybody = admin.getByRole('checkbox', { name: /^Links for anybody/ });
  assert(await anybody.isChecked());
  await anybody.uncheck();
  await admin.getByRole('button', { name: 'Save' }).click();
  await said(admin, 'It is set.');
  assert(!(await anybody.isChecked()));
  await admin.goto(new URL(`/share?of=${encodeURIComponent(w.aliceRun)}`, w.url).href);
  await admin.getByRole('radio', { name: /^Members/ }).waitFor();
  assert.equal(await admin.getByRole('radio', { name: /^Anybody/ }).count(), 0);
  await visit(admin, '/admin/server');
  await anybody.check();
  await admin.getByRole('button', { name: 'Save' }).click();
  await said(admin, 'It is set.');
  quiet(admin);
});

test('the audit log is exported', async () => {
  const admin = await w.person();
  await visit(admin, '/admin/audit?action=run.create');
  const [download] = await Promise.all([admin.waitForEvent('download'), admin.getByRole('link', { name: 'CSV' }).click()]);
  const stream = await download.createReadStream();
  let text = '';
  for await (const part of stream) text += part;
  assert.match(text, /^place,time,actor,token,address,action,kind,object,done,detail\n/);
  assert.equal(text.trim().split('\n').length, 3, text);
});

for (const [theme, width] of [['light', 1280], ['dark', 1280], ['light', 400]]) {
  test(`pages for admins fit, ${theme} at ${width}`, async () => {
    const page = await w.person('admin', { viewport: { width, height: 800 }, colorScheme: theme });
    for (const name of ['people', 'groups', 'permissions', 'tokens', 'audit', 'storage', 'server']) {
      await visit(page, `/admin/${name}`);
      await fits(page);
      await keep(page, `admin-${name}-${theme}-${width}`);
    }
    quiet(page);
  });
}
