// The page of a run: what it comes from and what came of it, its pictures and tables, and the word that it should stop.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { alive, chart, drawn, fits, keep, open, quiet, world } from './runmark.mjs';

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const COMMIT = '5f3759df'.repeat(5);

let w;
let page;
let experiment;
let run;
let parent;

const headers = () => ({ authorization: `Bearer ${w.server.token}`, 'content-type': 'application/json' });

const asked = (operation, body) => w.asked(operation, body);

const tagsOf = async (id) => {
  const response = await fetch(`${w.url}/api/2.0/mlflow/runs/get?run_id=${id}`, { headers: headers() });
  return Object.fromEntries((await response.json()).run.data.tags.map((tag) => [tag.key, tag.value]));
};

const newRun = async (name, tags = {}) => {
  const pairs = Object.entries(tags).map(([key, value]) => ({ key, value }));
  const made = await asked('runs/create', { experiment_id: experiment, run_name: name, start_time: Date.now(), tags: pairs });
  return made.run.info.run_id;
};

const upload = (path, body) => w.upload({ experiment, id: run }, path, body);

before(async () => {
  w = await world({ runs: false });
  page = await w.person();
  experiment = (await asked('experiments/create', { name: 'Cats' })).experiment_id;
  parent = await newRun('sweep');
  run = await newRun('best trial', {
    'mlflow.parentRunId': parent,
    'mlflow.source.name': '/home/alice/cats/train.py',
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.git.commit': COMMIT,
    'mlflow.source.git.repoURL': 'https://token@git.example/alice/cats.git',
    'mlflow.user': 'alice',
  });
  const now = Date.now();
  await asked('runs/log-batch', {
    run_id: run,
    metrics: [1, 2, 3].flatMap((step) => [
      { key: 'loss', value: 1 / step, step, timestamp: now + step },
      { key: 'system/cpu', value: 10 * step, step, timestamp: now + step },
    ]),
    params: [{ key: 'lr', value: '0.1' }, { key: 'note', value: "it's; rm -rf ~" }],
  });
  const dataset = { name: 'cats', digest: 'abc123', source_type: 'local', source: '/data/cats' };
  await asked('runs/log-inputs', { run_id: run, datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }] });
  const model = (await asked('logged-models', { experiment_id: experiment, name: 'classifier', source_run_id: run })).model.info.model_id;
  await asked('runs/outputs', { run_id: run, models: [{ model_id: model, step: 3 }] });
  await asked('registered-models/create', { name: 'cat finder' });
  await asked('model-versions/create', { name: 'cat finder', source: `models:/${model}`, run_id: run, model_id: model });
  await upload('requirements.txt', 'torch\n');
  for (const step of [2, 10, 30]) await upload(`images/cat+step+${step}+timestamp+${now + step}+g${step}.png`, PICTURE);
  await upload('images/dog+step+10+timestamp+1+h.png', PICTURE);
  await upload('answers.json', JSON.stringify({ columns: ['question', 'answer'], data: [['Is it a cat?', 'yes'], ['And this?', null]] }));
});
after(() => w?.end());

const address = (id, query = '') => `/experiments/${experiment}/runs/${id}${query}`;

/** Opens a page, does something there, and hears no complaint. */
function journey(name, where, walk) {
  test(name, async () => {
    page.complaints.length = 0;
    await open(page, w, where());
    await walk();
    await alive(page);
    quiet(page);
  });
}

const card = (page, name) => page.locator('section.card').filter({ has: page.getByRole('heading', { name, exact: true }) });

journey('a run leads to its parent, and the parent to its runs', () => address(run), async () => {
  await card(page, 'Nested runs').getByRole('link', { name: 'sweep' }).click();
  await page.waitForURL((url) => url.pathname.endsWith(parent));
  await page.getByRole('table', { name: 'Child runs' }).getByRole('link', { name: 'best trial' }).waitFor();
  await card(page, 'Nested runs').getByRole('link', { name: 'Show it in the table' }).click();
  await page.waitForURL(/filter=tags.mlflow.parentRunId/);
  await page.getByRole('link', { name: 'best trial', exact: true }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'sweep', exact: true }).count(), 0);
});

journey('a run shows its way from data to a version, also without scripts', () => address(run), async () => {
  const still = await w.page({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await still.goto(`${w.url}${address(run)}`);
  for (const one of [page, still]) {
    const stages = await card(one, 'Lineage').locator('.lineage > li').allInnerTexts();
    assert.equal(stages.length, 4);
    assert.match(stages[0], /Datasets[\s\S]*cats[\s\S]*abc123[\s\S]*training/);
    assert.match(stages[1], /This run[\s\S]*best trial/);
    assert.match(stages[2], /Logged models[\s\S]*classifier[\s\S]*step 3/);
    assert.match(stages[3], /Registered versions[\s\S]*cat finder version 1/);
    const version = card(one, 'Lineage').getByRole('link', { name: /cat finder/ });
    assert.equal(await version.getAttribute('href'), '/models/cat%20finder/versions/1');
  }
  await still.context().close();
});

journey('a run tells how it may be done again', () => address(run), async () => {
  const lines = (await card(page, 'Reproduce').locator('pre').innerText()).trim().split('\n');
  assert.deepEqual(lines, [
    `export MLFLOW_TRACKING_URI=${w.url}`,
    'git clone -- https://git.example/alice/cats.git cats',
    'cd cats',
    `git checkout ${COMMIT}`,
    `mlflow artifacts download --run-id=${run} --artifact-path=requirements.txt --dst-path environment`,
    'python -m pip install --requirement environment/requirements.txt',
    "python train.py --lr 0.1 --note 'it'\\''s; rm -rf ~'",
  ]);
  await card(page, 'Reproduce').getByText(/The command is a guess/).waitFor();
  assert.equal(await card(page, 'Reproduce').getByRole('link').count(), 0);
  await card(page, 'Reproduce').getByRole('button', { name: 'Copy shell lines' }).waitFor();
  await open(page, w, address(parent));
  assert.equal(await card(page, 'Reproduce').count(), 0);
});

journey('what the machine did has a tab of its own', () => address(run), async () => {
  const tabs = page.getByRole('navigation', { name: 'Run' });
  assert.equal(await page.getByRole('row', { name: /^system/ }).count(), 0);
  await page.getByRole('link', { name: '1 system metric', exact: true }).click();
  await drawn(page, 'system/cpu');
  assert.equal(await chart(page, 'loss').count(), 0);
  await tabs.getByRole('link', { name: 'Charts' }).click();
  await drawn(page, 'loss');
  assert.equal(await chart(page, 'system/cpu').count(), 0);
  await open(page, w, address(parent));
  assert.equal(await tabs.getByRole('link', { name: 'System metrics' }).count(), 0);
  assert.equal(await tabs.getByRole('link', { name: 'Media' }).count(), 0);
});

journey('pictures are looked through step by step', () => address(run), async () => {
  await page.getByRole('navigation', { name: 'Run' }).getByRole('link', { name: 'Media' }).click();
  await page.getByRole('img', { name: 'cat, step 30' }).waitFor();
  await page.getByRole('img', { name: 'dog, step 10' }).waitFor();
  const slider = page.getByRole('slider', { name: 'Step of cat' });
  await slider.press('Home');
  await page.waitForURL(/step=2(&|$)/);
  await page.getByRole('img', { name: 'cat, step 2' }).waitFor();
  await slider.press('ArrowRight');
  await page.waitForURL(/step=10(&|$)/);
  const picture = page.getByRole('img', { name: 'cat, step 10' });
  await picture.waitFor();
  await picture.evaluate((image) => image.decode());
  assert.equal(await slider.getAttribute('aria-valuetext'), 'step 10');
  await page.reload();
  await picture.waitFor();
  await page.setViewportSize({ width: 400, height: 800 });
  await fits(page);
  await keep(page, 'run-media-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
});

journey('a logged table is shown as one', () => address(run, '?tab=artifacts&path=answers.json'), async () => {
  await page.getByRole('columnheader', { name: 'question' }).waitFor();
  await page.getByRole('row', { name: /Is it a cat\? yes/ }).waitFor();
  await page.getByText('2 rows × 2 columns').waitFor();
});

journey('a run is asked to stop, and not any more', () => address(run), async () => {
  await page.getByRole('button', { name: 'Ask to stop' }).click();
  await page.getByText(/Stop asked for by admin/).waitFor();
  assert.match((await tagsOf(run))['runmark.stop_requested'], /^admin \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  await page.getByText('How a script sees it').click();
  await page.getByText(/data\.tags\.get\("runmark\.stop_requested"\)/).waitFor();
  await page.setViewportSize({ width: 400, height: 800 });
  await fits(page);
  await keep(page, 'run-asked-to-stop-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
  await keep(page, 'run-asked-to-stop');
  await page.getByRole('button', { name: 'Take the request back' }).click();
  await page.getByText(/Stop asked for by/).waitFor({ state: 'detached' });
  assert.equal((await tagsOf(run))['runmark.stop_requested'], undefined);
  await asked('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() });
  await page.getByRole('button', { name: 'Ask to stop' }).waitFor({ state: 'detached' });
});
