// Webhooks: what admins do with them on their page. That they are told anything, `wire/test_webhooks.py` shows.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fits, keep, quiet, world } from './runmark.mjs';

let w;
before(async () => (w = await world()));
after(() => w?.end());

async function visit(page) {
  await page.goto(new URL('/admin/webhooks', w.url).href);
  await page.getByRole('navigation', { name: 'Admin pages' }).waitFor();
}

const said = (page, text) => page.getByRole('status').getByText(text).waitFor();

async function create(page, name, url) {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('URL', { exact: true }).fill(url);
  await page.getByLabel(/^Secret/).fill('open sesame');
  await page.getByRole('checkbox', { name: 'model_version.created', exact: true }).check();
  await page.getByRole('button', { name: 'Create webhook' }).click();
}

test('a webhook is made, switched off and deleted', async () => {
  const admin = await w.person();
  await visit(admin);
  await admin.getByText('There are no webhooks.').waitFor();

  // What only this machine can reach isn't for webhooks.
  await create(admin, 'inner', 'http://127.0.0.1:9/');
  await admin.getByRole('alert').getByText(/non-public IP address/).waitFor();

  await create(admin, 'ci', 'https://93.184.215.14/hook');
  await said(admin, 'The webhook ci is there.');
  const row = admin.getByRole('row', { name: /^ci/ });
  await row.getByText('model_version.created').waitFor();
  await row.getByText('never').waitFor();
  assert(!(await admin.content()).includes('open sesame'));

  await admin.getByRole('button', { name: 'Disable ci' }).click();
  await said(admin, 'ci is told nothing any more.');
  await row.getByText('Off').waitFor();
  await admin.getByRole('button', { name: 'Enable ci' }).click();
  await said(admin, 'ci is told again.');

  await admin.getByRole('button', { name: 'Delete ci' }).click();
  await admin.getByRole('heading', { name: 'Delete the webhook ci?' }).waitFor();
  await admin.getByRole('link', { name: 'Keep it' }).click();
  await row.waitFor();
  await admin.getByRole('button', { name: 'Delete ci' }).click();
  await admin.getByRole('button', { name: 'Delete', exact: true }).click();
  await said(admin, 'The webhook is deleted.');
  await admin.getByText('There are no webhooks.').waitFor();
  quiet(admin);
});

for (const [theme, width] of [['light', 1280], ['dark', 1280], ['light', 400]]) {
  test(`the page of webhooks fits, ${theme} at ${width}`, async () => {
    const page = await w.person('admin', { viewport: { width, height: 800 }, colorScheme: theme });
    await visit(page);
    await create(page, `hook-${theme}-${width}`, `https://93.184.215.14/${'a-long-way/'.repeat(20)}`);
    await said(page, 'is there.');
    await fits(page);
    await keep(page, `admin-webhooks-${theme}-${width}`);
    quiet(page);
  });
}
