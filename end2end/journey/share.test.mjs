// Share links: made on a page, opened by people with an account and by people without one.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { ALICE, BOB, EXPERIMENT, fits, keep, open, quiet, world } from './runmark.mjs';

let w;
before(async () => (w = await world()));
after(() => w?.end());

/** Makes a link to a page, from the page, and says where it leads. */
async function share(page, address, audience, { password = '', files = false } = {}) {
  await open(page, w, address);
  await page.getByRole('link', { name: 'Share', exact: true }).click();
  await page.getByRole('heading', { name: 'Share a page' }).waitFor();
  await page.getByRole('radio', { name: audience }).check();
  if (files) await page.getByRole('checkbox', { name: /^With the files/ }).check();
  if (password) await page.getByLabel('Password, for links for anybody').fill(password);
  await page.getByRole('button', { name: 'Create link' }).click();
  return page.getByRole('status').locator('code').innerText();
}

const ANYBODY = /^Anybody who has the link Read-only/;
const SNAPSHOT = /as it is now/;
const MEMBERS = /^Members/;

test('a public link opens without an account, and its neighbour does not', async () => {
  const admin = await w.person();
  const link = await share(admin, `${w.aliceRun}?tab=charts`, ANYBODY);
  assert.match(link, /\/s\/[\w-]{16}$/);

  const stranger = await w.page();
  const response = await stranger.goto(link);
  assert.equal(response.status(), 200);
  assert.equal(response.headers()['set-cookie'], undefined);
  await stranger.getByRole('heading', { name: ALICE }).waitFor();
  await stranger.getByRole('img', { name: /loss/ }).first().waitFor();
  await stranger.getByRole('rowheader', { name: 'solver', exact: true }).waitFor();
  assert.equal(await stranger.getByText(BOB).count(), 0);

  // Neither the neighbour nor anything else is there, also for whoever has the link.
  for (const address of [w.comparison, w.experiment, `${w.experiment}/runs/${w.bob.id}`, '/account']) {
    await stranger.goto(new URL(address, w.url).href);
    assert.equal(new URL(stranger.url()).pathname, '/sign-in', address);
  }
  const other = await fetch(`${w.url}/preview/chart.svg?runs=${w.bob.id}&metric=loss`);
  assert.equal(other.status, 401);

  // As a card where links unfold.
  const html = await (await fetch(link)).text();
  assert.match(html, new RegExp(`property="og:title" content="${ALICE.replace("'", '(&#x27;|&#39;|\')')}"`));

  // Deleted, it is gone at once.
  await admin.goto(new URL('/share', w.url).href);
  await admin.getByRole('button', { name: `Delete the link ${ALICE}` }).click();
  await admin.getByRole('status').getByText('The link no longer works.').waitFor();
  const gone = await stranger.goto(link);
  assert.equal(gone.status(), 404);
  await stranger.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  quiet(admin);
  quiet(stranger, /status of 40[14]/);
});

test('files are there where they were ticked', async () => {
  const put = await fetch(`${w.url}/api/2.0/mlflow-artifacts/artifacts/${w.alice.experiment}/${w.alice.id}/artifacts/deep/notes%20%26%201.html`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${w.server.token}` },
    body: '<script>alert(1)</script>',
  });
  assert.equal(put.status, 200, await put.text());
  const admin = await w.person();
  const without = await share(admin, w.aliceRun, ANYBODY);
  const link = await share(admin, w.aliceRun, ANYBODY, { files: true });
  const stranger = await w.page();
  await stranger.goto(without);
  assert.equal(await stranger.getByRole('heading', { name: 'Files' }).count(), 0);
  await stranger.goto(link);
  const file = stranger.getByRole('link', { name: 'deep/notes & 1.html' });
  const address = await file.getAttribute('href');
  const [download] = await Promise.all([stranger.waitForEvent('download'), file.click()]);
  assert.equal(await readFile(await download.path(), 'utf8'), '<script>alert(1)</script>');
  await keep(stranger, 'share-files');
  const answer = await fetch(new URL(address, w.url));
  assert.match(answer.headers.get('content-disposition'), /^attachment/);
  assert.match(answer.headers.get('content-security-policy'), /^sandbox;/);
  // Of another run, and by the other link, it is not there.
  const codes = [link, without].map((each) => each.split('/s/')[1]);
  assert.equal((await fetch(new URL(address.replace(w.alice.id, w.bob.id), w.url))).status, 404);
  assert.equal((await fetch(new URL(address.replace(codes[0], codes[1]), w.url))).status, 404);
  quiet(stranger);
});

test('a link for members leads whoever signs in to the page', async () => {
  const admin = await w.person();
  const link = await share(admin, `${w.comparison}&smooth=0.50`, MEMBERS);
  await admin.goto(link);
  await admin.getByRole('heading', { name: 'Comparison' }).waitFor();
  assert.match(admin.url(), /smooth=0\.50/);

  const stranger = await w.page();
  await stranger.goto(link);
  assert.match(stranger.url(), /\/sign-in\?next=(%2F|\/)s(%2F|\/)/);
  quiet(admin);
  quiet(stranger);
});

test('a password is asked for once', async () => {
  const admin = await w.person();
  const link = await share(admin, w.comparison, ANYBODY, { password: 'open sesame' });
  w.secrets.push('open sesame');
  const stranger = await w.page();
  await stranger.goto(link);
  await stranger.getByRole('heading', { name: 'This link has a password' }).waitFor();
  await stranger.getByLabel('Password').fill('simsalabim');
  await stranger.getByRole('button', { name: 'Show' }).click();
  await stranger.getByRole('alert').getByText('This is not its password.').waitFor();
  await stranger.getByLabel('Password').fill('open sesame');
  await stranger.getByRole('button', { name: 'Show' }).click();
  await stranger.getByRole('columnheader', { name: BOB }).waitFor();
  await stranger.reload();
  await stranger.getByRole('columnheader', { name: BOB }).waitFor();
  quiet(stranger, /status of 401/);
});

test('a snapshot stays as it was, a live link does not', async () => {
  const admin = await w.person();
  const live = await share(admin, w.comparison, ANYBODY);
  const kept = await share(admin, w.comparison, SNAPSHOT);
  const rename = async (name) => {
    const done = await fetch(`${w.url}/api/2.0/mlflow/runs/update`, {
      method: 'POST',
      headers: { authorization: `Bearer ${w.server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ run_id: w.bob.id, run_name: name }),
    });
    assert.equal(done.status, 200);
  };
  await rename('another name');
  const stranger = await w.page();
  await stranger.goto(live);
  await stranger.getByRole('columnheader', { name: 'another name' }).waitFor();
  await stranger.goto(kept);
  await stranger.getByRole('columnheader', { name: BOB }).waitFor();
  await stranger.getByText(/^As it was on 20/).waitFor();
  await rename(BOB);
  quiet(stranger);
});

test('a table is shared with its filter', async () => {
  const admin = await w.person();
  const filter = encodeURIComponent(`attributes.run_name = "${BOB}"`);
  const link = await share(admin, `${w.experiment}?filter=${filter}`, ANYBODY);
  const stranger = await w.page();
  await stranger.goto(link);
  await stranger.getByRole('rowheader', { name: BOB }).waitFor();
  assert.equal(await stranger.getByText(ALICE).count(), 0);
  await stranger.getByText('1 to 1 of 1 run').waitFor();
  quiet(stranger);
});

test('one chart stands in a frame of another page', async () => {
  const admin = await w.person();
  const link = await share(admin, w.comparison, ANYBODY);
  const page = await w.page();
  const body = `<iframe src="${link}/chart?metric=loss" width="720" height="380"></iframe><iframe src="${link}"></iframe>`;
  const wiki = createServer((_, response) => response.setHeader('content-type', 'text/html').end(body));
  await new Promise((resolve) => wiki.listen(0, '127.0.0.1', resolve));
  await page.goto(`http://127.0.0.1:${wiki.address().port}/`);
  await page.frameLocator('iframe >> nth=0').getByRole('img', { name: /loss/ }).waitFor();
  assert.equal(await page.frameLocator('iframe >> nth=1').getByRole('heading').count(), 0, 'the page itself is not framed');
  const missing = await fetch(`${link}/chart?metric=nonsense`);
  assert.equal(missing.status, 404);
  quiet(page, /frame-ancestors|frame because/);
  await page.close();
  wiki.closeAllConnections();
  wiki.close();

  const picture = await fetch(`${link}/picture.png`);
  assert.equal(picture.headers.get('content-type'), 'image/png');
  const bytes = Buffer.from(await picture.arrayBuffer());
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [1200, 630]);
  const html = await (await fetch(link)).text();
  assert(html.includes(`property="og:image" content="${link}/picture.png"`));
});

test('a comparison is kept as one file', async () => {
  const admin = await w.person();
  await open(admin, w, w.comparison);
  await admin.getByRole('link', { name: 'Share', exact: true }).click();
  const link = admin.getByRole('link', { name: 'Download as one HTML file' });
  const [download] = await Promise.all([admin.waitForEvent('download'), link.click()]);
  const file = await download.path();
  const text = await readFile(file, 'utf8');
  assert(!text.includes('<script') && !text.includes('<link'), 'it needs nothing else');
  const page = await w.page();
  await page.setContent(text);
  await page.getByRole('columnheader', { name: ALICE }).waitFor();
  await page.getByRole('img', { name: /loss/ }).first().waitFor();
  quiet(page);
});

for (const [theme, width] of [['light', 1280], ['dark', 1280], ['light', 400]]) {
  test(`pages of links fit, ${theme} at ${width}`, async () => {
    const options = { viewport: { width, height: 800 }, colorScheme: theme };
    const admin = await w.person('admin', options);
    const comparison = await share(admin, w.comparison, ANYBODY);
    await fits(admin);
    await keep(admin, `share-made-${theme}-${width}`);
    const table = await share(admin, w.experiment, ANYBODY);
    const locked = await share(admin, w.aliceRun, ANYBODY, { password: 'open sesame' });
    await admin.goto(new URL(`/share?of=${encodeURIComponent(w.comparison)}`, w.url).href);
    await fits(admin);
    await keep(admin, `share-form-${theme}-${width}`);
    await admin.goto(new URL('/admin/links', w.url).href);
    await fits(admin);
    await keep(admin, `admin-links-${theme}-${width}`);
    const stranger = await w.page(options);
    for (const [name, link] of Object.entries({ comparison, table, locked })) {
      await stranger.goto(link);
      await fits(stranger);
      await keep(stranger, `shared-${name}-${theme}-${width}`);
    }
    await stranger.goto(`${comparison}x`);
    await keep(stranger, `shared-gone-${theme}-${width}`);
    quiet(admin);
    quiet(stranger, /status of 404/);
  });
}

test(`the page of ${EXPERIMENT} says why it can't be shared`, async () => {
  const admin = await w.person();
  const response = await admin.goto(new URL('/share?of=/account', w.url).href);
  assert.equal(response.status(), 400);
});
