// Registered models: found, changed, compared; and how a model of a run becomes one.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, BOB, alive, fits, open, quiet, world } from './runmark.mjs';

let w;
let page;
let forest;
before(async () => {
  w = await world();
  page = await w.person();
  forest = await logModel(w.alice, 'forest');
  for (const name of ['churn', 'Blüten 50%25']) await ask('POST', 'registered-models/create', { name, description: name === 'churn' ? '# For the shop\n\nIt **works**.' : '' });
  await ask('POST', 'model-versions/create', { name: 'churn', source: `models:/${forest}` });
  await ask('POST', 'model-versions/create', { name: 'churn', source: `models:/${await logModel(w.bob, 'tree')}` });
  await ask('POST', 'registered-models/alias', { name: 'churn', alias: 'champion', version: '1' });
});
after(() => w?.end());

const ask = (method, operation, body) => w.asked(operation, body, method);

/** A logged model that a run made, with one file. */
async function logModel(run, name) {
  const { model } = await ask('POST', 'logged-models', { experiment_id: run.experiment, name, source_run_id: run.id });
  const id = model.info.model_id;
  await ask('POST', 'runs/outputs', { run_id: run.id, models: [{ model_id: id, step: 0 }] });
  const file = `${w.url}/api/2.0/mlflow-artifacts/artifacts/${run.experiment}/models/${id}/artifacts/MLmodel`;
  const headers = { authorization: `Bearer ${w.server.token}` };
  const sent = await fetch(file, { method: 'PUT', headers, body: `flavor: ${name}\n` });
  assert(sent.ok, `${file}: ${sent.status}`);
  return id;
}

/** Opens a page, does something there, and hears no complaint. */
function journey(name, address, walk) {
  test(name, async () => {
    page.complaints.length = 0;
    await open(page, w, address());
    await walk();
    await alive(page);
    quiet(page);
  });
}

const link = (name) => page.getByRole('link', { name, exact: true });
const row = (name) => page.getByRole('row', { name });

/** Opens the menu of a thing and chooses what to do. */
async function menu(thing, what) {
  await page.getByRole('button', { name: `Change ${thing}` }).click();
  const panel = page.getByRole('dialog', { name: `Change ${thing}` });
  await panel.getByRole('button', { name: what }).click();
  return panel;
}

journey('models are found by name', () => '/experiments', async () => {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Models' }).click();
  await page.waitForURL(/\/models$/);
  assert.match(await row(/churn/).innerText(), /For the shop\s+2\s+2\s+champion → 1/);
  await page.getByRole('searchbox', { name: 'Find a model' }).fill('nothing like it');
  await page.waitForURL(/q=/);
  await page.getByText('No model has “nothing like it” in its name.').waitFor();
  await page.getByRole('searchbox', { name: 'Find a model' }).fill('Chu');
  await link('churn').waitFor();
  await link('Blüten 50%25').waitFor({ state: 'detached' });
  await page.getByRole('searchbox', { name: 'Find a model' }).fill('');
  await link('Blüten 50%25').waitFor();
  await link('Last change').click();
  await page.locator('th[aria-sort=descending]').waitFor();
  await alive(page);
  assert.equal(await page.locator('.model-table tbody th a').first().innerText(), 'churn');
});

journey('odd names have pages', () => '/models', async () => {
  await link('Blüten 50%25').click();
  await page.getByRole('heading', { name: 'Blüten 50%25' }).waitFor();
  await page.getByText('No versions.').waitFor();
  await page.reload();
  await alive(page);
  await page.getByRole('heading', { name: 'Blüten 50%25' }).waitFor();
});

journey('a model shows its versions, and they are compared', () => '/models', async () => {
  await link('churn').click();
  await page.waitForURL(/\/models\/churn$/);
  await page.locator('.note').getByText('works').waitFor();
  await link('champion → 1').waitFor();
  assert.deepEqual(await page.locator('.model-table tbody th a').allInnerTexts(), ['2', '1']);
  await link(ALICE).waitFor();
  await link(BOB).waitFor();
  const compare = page.getByRole('button', { name: 'Compare' });
  assert(await compare.isDisabled());
  for (const version of [1, 2]) await page.getByRole('checkbox', { name: `Select version ${version}` }).check();
  await compare.click();
  await page.waitForURL(/\/models\/churn\/compare\?versions=1,2$/);
  await page.getByRole('heading', { name: 'Comparison' }).waitFor();
  assert.match(await row(/^Aliases/).innerText(), /champion\s+–/);
  assert.match(await row(/^Run/).innerText(), new RegExp(`${ALICE}[^]*${BOB}`));
  assert.match(await row(/^loss/).innerText(), /better|worse/);
  await row(/^C\s/).waitFor();
  // What is the same comes when it is wanted.
  assert.equal(await row(/^solver/).count(), 0);
  await link('Also what is the same').click();
  await row(/^solver/).waitFor();
  await link('Set as baseline: version 2').click();
  await page.waitForURL(/baseline=2/);
  await page.locator('thead th').first().getByText('Version 2').waitFor();
  await link('Only what differs').click();
  await row(/^solver/).waitFor({ state: 'detached' });
  await link('Compare the runs').click();
  await page.waitForURL(/\/compare\?runs=/);
  await page.getByRole('heading', { name: 'Comparison' }).waitFor();
});

journey('a version tells where it comes from', () => '/models/churn', async () => {
  await page.getByRole('rowheader').getByRole('link', { name: '1', exact: true }).click();
  await page.waitForURL(/\/models\/churn\/versions\/1$/);
  await page.getByRole('heading', { name: 'Version 1' }).waitFor();
  for (const text of ['models:/churn/1', `models:/${forest}`, 'liblinear']) {
    await page.getByText(text, { exact: true }).first().waitFor();
  }
  await link(ALICE).waitFor();
  await link('forest').waitFor();
  await page.getByRole('row', { name: /^loss/ }).waitFor();
  await page.getByRole('link', { name: /MLmodel/ }).click();
  await page.getByText('flavor: forest').waitFor();
  await page.reload();
  await alive(page);
  await page.getByText('flavor: forest').waitFor();
});

journey('a version gets an alias, a stage and a description, and loses the alias', () => '/models/churn/versions/2', async () => {
  let form = await menu('version 2', 'Add an alias');
  await form.getByRole('textbox').fill('challenger');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('“challenger” is version 2 now.').waitFor();
  await page.locator('.page-title .chip').getByText('challenger').waitFor();
  form = await menu('version 2', 'Change the stage');
  await form.getByRole('combobox').selectOption('Staging');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.locator('.page-title .chip').getByText('Staging').waitFor();
  form = await menu('version 2', 'Edit the description');
  await form.getByRole('textbox').fill('Learnt **more**.');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.locator('.note').getByText('more').waitFor();
  await menu('version 2', 'Remove alias “challenger”');
  await page.locator('.page-title .chip').getByText('challenger').waitFor({ state: 'detached' });
  form = await menu('version 2', 'Add an alias');
  await form.getByRole('textbox').fill('latest');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText(/'latest' alias name .* is reserved/).waitFor();
  assert.equal(page.complaints.filter((said) => /status of 400/.test(said)).length, 1);
  page.complaints.length = 0;
});

journey('a model of a run is registered on its page, and the version deleted again', () => w.aliceRun, async () => {
  await page.getByRole('button', { name: 'Register forest' }).click();
  const form = page.getByRole('dialog', { name: 'Register forest' });
  await form.getByRole('combobox').fill('churn');
  await form.getByRole('button', { name: 'Register' }).click();
  await form.getByRole('link', { name: 'version 3 of churn' }).click();
  await page.getByRole('heading', { name: 'Version 3' }).waitFor();
  await link('churn').click();
  await page.waitForURL(/\/models\/churn$/);
  let panel = await menu('version 3', 'Delete…');
  await panel.getByText(/Delete version 3 for good\?/).waitFor();
  await panel.getByRole('button', { name: 'Keep' }).click();
  await panel.getByRole('button', { name: 'Delete…' }).click();
  await panel.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByText('Version 3 deleted.').waitFor();
  await page.getByRole('button', { name: 'Change version 3' }).waitFor({ state: 'detached' });
});

journey('a model is described, tagged, renamed and deleted', () => '/models/churn', async () => {
  let form = await menu('this model', 'Edit the description');
  await form.getByRole('textbox').fill('Said **anew**');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.locator('.note').getByText('anew').waitFor();
  form = await menu('this model', 'Set a tag');
  await form.getByLabel('Key').fill('team');
  await form.getByLabel('Value').fill('shop');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('team: shop').waitFor();
  form = await menu('this model', 'Rename');
  await form.getByLabel('Name').fill('churn 2');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/models\/churn%202$/);
  await page.getByRole('heading', { name: 'churn 2' }).waitFor();
  form = await menu('this model', 'Delete…');
  await form.getByText('Delete “churn 2” with 2 versions for good?').waitFor();
  await form.getByRole('button', { name: 'Delete for good' }).click();
  await page.waitForURL(/\/models$/);
  await page.getByText('Model “churn 2” deleted.').waitFor();
  await link('Blüten 50%25').waitFor();
  await link('churn 2').waitFor({ state: 'detached' });
});

test('readers are offered nothing that they may not do', async () => {
  const reader = await w.person('reader');
  await open(reader, w, '/models/Bl%C3%BCten%2050%2525');
  await reader.getByRole('heading', { name: 'Blüten 50%25' }).waitFor();
  assert.equal(await reader.getByRole('button', { name: 'Change this model' }).count(), 0);
  quiet(reader);
});

test('versions of a model with an odd name are compared, and stay themselves', async () => {
  page.complaints.length = 0;
  const name = '50%25 of all';
  const path = '/models/50%2525%20of%20all';
  await ask('POST', 'registered-models/create', { name });
  for (let version = 1; version <= 51; version += 1) {
    await ask('POST', 'model-versions/create', { name, source: `models:/${forest}`, tags: [{ key: 'number', value: String(version) }] });
  }
  await open(page, w, path);
  // Links that the router would change are followed by the browser.
  await link('Next page').click();
  await page.waitForURL(`${w.url}${path}?page=2`);
  await page.reload();
  await alive(page);
  assert.deepEqual(await page.locator('.model-table tbody th a').allInnerTexts(), ['1']);
  await open(page, w, path);
  for (const version of [51, 50]) await page.getByRole('checkbox', { name: `Select version ${version}`, exact: true }).check();
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.waitForURL(`${w.url}${path}/compare?versions=51,50`);
  await row(/^number/).getByText('50').waitFor();
  await link('Set as baseline: version 50').click();
  await page.waitForURL(`${w.url}${path}/compare?versions=51,50&baseline=50`);
  await page.reload();
  await alive(page);
  await page.locator('thead th').first().getByText('Version 50').waitFor();
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { name }).waitFor();
  await open(page, w, `${path}/versions/1?of=model&path=MLmodel`);
  await page.getByText('flavor: forest').waitFor();
  // Beside the files it needs no way back.
  await page.setViewportSize({ width: 400, height: 800 });
  await page.getByRole('link', { name: 'All files' }).click();
  await page.waitForURL(`${w.url}${path}/versions/1?of=model`);
  await page.reload();
  await alive(page);
  await page.getByRole('heading', { name: 'Version 1' }).waitFor();
  quiet(page);
});

test('pages of models fit into a narrow window, and need no scripts', async () => {
  await ask('POST', 'registered-models/create', { name: 'narrow', description: 'long '.repeat(100) });
  await ask('POST', 'model-versions/create', { name: 'narrow', source: `models:/${forest}` });
  await page.setViewportSize({ width: 400, height: 800 });
  await ask('POST', 'model-versions/create', { name: 'narrow', source: `models:/${forest}`, tags: [{ key: 'second', value: 'yes' }] });
  for (const address of ['/models', '/models/narrow', '/models/narrow/versions/1', '/models/narrow/compare?versions=1,2']) {
    await open(page, w, address);
    await fits(page);
  }
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}/models/narrow/versions/1`);
  await still.getByText('liblinear').waitFor();
  await still.goto(`${w.url}/models/narrow`);
  for (const version of [2, 1]) await still.getByRole('checkbox', { name: `Select version ${version}` }).check();
  await still.getByRole('button', { name: 'Compare' }).click();
  await still.waitForURL(/\/models\/narrow\/compare\?versions=2&versions=1$/);
  await still.getByRole('row', { name: /^second/ }).waitFor();
  await still.getByRole('link', { name: 'Also what is the same' }).click();
  await still.getByRole('row', { name: /^solver/ }).waitFor();
  await still.goto(`${w.url}/models?q=narr`);
  await still.getByRole('link', { name: 'narrow' }).waitFor();
  await still.getByRole('link', { name: 'Blüten 50%25' }).waitFor({ state: 'detached' });
});
