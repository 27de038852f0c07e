// Traces: their table, the steps of one along time, what a step holds, what is thought of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, alive, fits, keep, logTrace, open, quiet, world } from './runmark.mjs';

let w;
let page;
let experiment;
let run;

const asked = (operation, body) => w.asked(operation, body);

const table = () => page.getByRole('table', { name: 'Traces' });
const lines = () => table().locator('tbody tr');
const steps = () => page.getByRole('treegrid', { name: 'Steps' });
const step = (name) => steps().getByRole('link', { name, exact: true });
const panel = () => page.getByRole('region', { name: 'Chosen step' });
const address = (id, query = '') => `/experiments/${experiment}/traces/${id}${query}`;
const names = () => steps().locator('tbody tr:not([hidden]) .span-line a').allTextContents();

/** Waits until something holds. */
async function until(what) {
  for (let waited = 0; !(await what()); waited += 50) {
    assert(waited < 10_000, `never: ${what}`);
    await page.waitForTimeout(50);
  }
}

function journey(name, where, walk) {
  test(name, async () => {
    page.complaints.length = 0;
    await open(page, w, where());
    await walk();
    await alive(page);
    quiet(page);
  });
}

let trace;
before(async () => {
  w = await world({ runs: false });
  page = await w.person();
  experiment = (await asked('experiments/create', { name: 'Support' })).experiment_id;
  run = (await asked('runs/create', { experiment_id: experiment, run_name: 'eval', start_time: Date.now() })).run.info.run_id;
});
after(() => w?.end());

journey('an experiment without traces has no tab for them', () => `/experiments/${experiment}`, async () => {
  const tabs = page.getByRole('navigation', { name: 'Experiment' });
  await tabs.getByRole('link', { name: 'Charts' }).waitFor();
  assert.equal(await tabs.getByRole('link', { name: 'Traces' }).count(), 0);
  trace = await logTrace(w, experiment, { metadata: { 'mlflow.sourceRun': run }, tags: { team: 'search' } });
  await logTrace(w, experiment, { number: 2 });
  await page.reload();
  await alive(page);
  await tabs.getByRole('link', { name: 'Traces' }).click();
  await lines().nth(1).waitFor();
  await table().getByRole('cell', { name: '1,234' }).first().waitFor();
  await table().getByText('team: search').waitFor();
});

journey('traces are found, and a mistake is marked', () => `/experiments/${experiment}?tab=traces`, async () => {
  const box = page.getByRole('combobox', { name: 'Filter' });
  await box.fill("tags.team = 'search'");
  await box.press('Enter');
  await until(async () => (await lines().count()) === 1);
  assert.match(page.url(), /where=tags/);
  await box.fill('nonsense = 1');
  await box.press('Enter');
  await page.getByText('The filter has a mistake').waitFor();
  assert((await page.locator('.filter-mistake').textContent()).includes('nonsense'));
  await page.getByRole('link', { name: 'Clear filter' }).click();
  await lines().nth(1).waitFor();
  page.complaints.length = 0;
});

journey('a filter of traces is written from what is offered', () => `/experiments/${experiment}?tab=traces`, async () => {
  const box = page.getByRole('combobox', { name: 'Filter' });
  const option = (name) => page.getByRole('option', { name, exact: true });
  const chosen = (name) => page.getByRole('option', { name, selected: true });
  await box.pressSequentially('tag');
  await chosen(/^tags\.$/).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await box.inputValue(), 'tags.');
  await option('team').waitFor();
  await page.keyboard.type('te');
  await chosen('team').waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await box.inputValue(), 'tags.team ');
  await option('=').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await option('search').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await box.inputValue(), "tags.team = 'search'");
  assert.equal(await box.getAttribute('aria-expanded'), 'false');
  await page.keyboard.type(' a');
  await chosen('AND').waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.type('span.ty');
  await chosen('type').waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.type('= l');
  await chosen('LLM').waitFor();
  await page.keyboard.press('Enter');
  const filter = "tags.team = 'search' AND span.type = 'LLM'";
  assert.equal(await box.inputValue(), filter);
  assert(!page.url().includes('where='), 'nothing is asked before it is sent');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('where') === filter);
  await until(async () => (await lines().count()) === 1);
});

journey('states and steps are offered where they fit', () => `/experiments/${experiment}/runs/${run}?tab=traces`, async () => {
  const box = page.getByRole('combobox', { name: 'Filter' });
  const option = (name) => page.getByRole('option', { name, exact: true });
  await box.pressSequentially('status = ');
  await option('IN_PROGRESS').waitFor();
  await box.fill('span.name = ');
  await option('read page').waitFor();
  await box.fill('span.attributes.to');
  await option('attributes.tokens').click();
  assert.equal(await box.inputValue(), 'span.attributes.tokens ');
  await option('NOT IN').waitFor();
  await box.fill('');
  await page.keyboard.press('Escape');
});

journey('new traces come while the table is looked at', () => `/experiments/${experiment}?tab=traces`, async () => {
  const oldest = table().getByRole('link', { name: 'chat' }).last();
  await oldest.focus();
  const before = await lines().count();
  await logTrace(w, experiment, { number: 5 });
  await until(async () => (await lines().count()) === before + 1);
  const hasFocus = () => oldest.evaluate((link) => link === document.activeElement);
  assert(await hasFocus(), 'the focus stays where it was');
  await w.asked(`traces/${trace}/tags`, { key: 'seen', value: 'yes' }, 'PATCH');
  await table().getByText('seen: yes').waitFor();
  await until(hasFocus);
});

journey('a run has the traces that were made in it', () => `/experiments/${experiment}/runs/${run}`, async () => {
  await page.getByRole('navigation', { name: 'Run' }).getByRole('link', { name: 'Traces' }).click();
  await lines().first().waitFor();
  assert.equal(await lines().count(), 1);
  await table().getByRole('link', { name: 'chat' }).click();
  await page.getByRole('heading', { name: 'chat', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'eval' }).waitFor();
});

journey('the steps of a trace are read along time', () => address(trace), async () => {
  assert.deepEqual(await names(), ['chat', 'look up', 'read page', 'think']);
  await page.getByRole('heading', { name: 'chat', level: 2 }).waitFor();
  await panel().getByText('Why is the sky blue?').first().waitFor();
  // The bar of what took two thirds is as long.
  const wide = await steps().locator('tr', { hasText: 'think' }).locator('rect').getAttribute('width');
  assert.equal(wide, '65.000%');
  await step('read page').click();
  await panel().getByText('KeyError: no such page').waitFor();
  assert.match(page.url(), /span=0000000000000003/);
  await panel().getByText('Stack').click();
  await panel().getByText('line 7').waitFor();
  await step('think').click();
  await panel().locator('.chat-user').getByText('Why is the sky blue?').waitFor();
  await panel().getByRole('row', { name: 'tokens 17' }).waitFor();
  await page.reload();
  await alive(page);
  await panel().locator('.chat-system').getByText('Be brief.').waitFor();
  await accessible(page);
});

journey('keys lead from step to step', () => address(trace), async () => {
  await step('chat').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await step('read page').waitFor({ state: 'hidden' });
  assert.deepEqual(await names(), ['chat', 'look up', 'think']);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await panel().getByRole('heading', { name: 'think' }).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowRight');
  await step('read page').waitFor();
  assert.deepEqual(await names(), ['chat', 'look up', 'read page', 'think']);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'chat');
  await page.keyboard.press('End');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'think');
});

journey('a text is found in steps', () => address(trace), async () => {
  await page.getByRole('searchbox', { name: 'Find in steps' }).fill('PAGE');
  await until(async () => (await names()).join() === 'chat,look up,read page');
  await page.getByText('in 2 steps').waitFor();
  await page.getByRole('searchbox', { name: 'Find in steps' }).fill('nowhere');
  await page.getByText('No step has this in it.').waitFor();
});

journey('people say what they think of a trace', () => address(trace), async () => {
  await page.getByText('Say what you think').click();
  const form = page.getByRole('form', { name: 'Assess this trace' });
  await form.getByText('Bad', { exact: true }).click();
  await form.getByLabel('Comment').fill('It never says why.');
  await form.getByRole('button', { name: 'Add' }).click();
  await page.getByText('It never says why.').waitFor();
  await form.getByText('Expected', { exact: true }).click();
  await form.getByLabel('Name').fill('answer');
  await form.getByLabel('Expected value').fill('42');
  await form.getByRole('button', { name: 'Add' }).click();
  const said = page.locator('.thoughts li').filter({ hasText: 'answer' });
  await said.getByText('42').waitFor();
  await said.getByRole('button', { name: 'Delete assessment answer' }).click();
  await said.waitFor({ state: 'detached' });
  await open(page, w, `/experiments/${experiment}?tab=traces`);
  await table().getByText('good: no').waitFor();
});

journey('a trace grows while it is looked at', () => '/experiments', async () => {
  const id = await logTrace(w, experiment, { number: 3, told: false });
  await open(page, w, address(id));
  await page.getByText('In progress').waitFor();
  await panel().getByText('still running').waitFor();
  const late = { id: 9, parent: 1, name: 'late', from: 960, to: 990 };
  await logTrace(w, experiment, { number: 3, more: [late] });
  await step('late').waitFor();
  await page.locator('h1 ~ .status').getByText('OK').waitFor();
  await panel().getByText('still running').waitFor({ state: 'detached' });
});

journey('a huge trace comes in parts', () => '/experiments', async () => {
  const more = Array.from({ length: 1200 }, (_, at) => ({ id: 100 + at, parent: 4, name: `call ${at}`, from: 300 + at, to: 301 + at }));
  const id = await logTrace(w, experiment, { number: 4, more });
  await open(page, w, address(id));
  assert.equal(await steps().locator('tbody tr').count(), 500);
  await page.getByRole('link', { name: /Show more/ }).click();
  await until(async () => (await steps().locator('tbody tr').count()) === 1000);
});

test('without scripts a trace is a list of its steps', async () => {
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}${address(trace)}`);
  await still.getByRole('link', { name: 'think', exact: true }).click();
  await still.locator('.chat-user').getByText('Why is the sky blue?').waitFor();
  await still.goto(`${w.url}/experiments/${experiment}?tab=traces`);
  await still.getByRole('table', { name: 'Traces' }).locator('tbody tr').nth(1).waitFor();
  quiet(still);
  await still.context().close();
});

test('a narrow window has all of it', async () => {
  const narrow = await w.person('admin', { viewport: { width: 400, height: 800 } });
  for (const [name, where] of [
    ['trace', address(trace)],
    ['traces', `/experiments/${experiment}?tab=traces`],
  ]) {
    await open(narrow, w, where);
    await fits(narrow);
    await accessible(narrow);
    await keep(narrow, `${name}-narrow`);
  }
  quiet(narrow);
  await narrow.context().close();
});

journey('traces are deleted for good', () => `/experiments/${experiment}?tab=traces`, async () => {
  const before = await lines().count();
  await page.getByRole('checkbox', { name: /^Select chat/ }).first().check();
  const bar = page.getByRole('toolbar', { name: 'Chosen traces' });
  await bar.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByText('1 trace deleted.').waitFor();
  await until(async () => (await lines().count()) === before - 1);
});
