// Single sign-on with a real identity provider: the certified `oidc-provider`, on this machine.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import Provider from 'oidc-provider';
import { keep, open, quiet, world } from './runmark.mjs';

/** What the provider knows of people, by the name that they type. */
const PEOPLE = {
  ada: { preferred_username: 'ada', groups: ['vision', 'elsewhere'] },
  olga: { preferred_username: 'olga', groups: ['ops'] },
  admin: { preferred_username: 'admin', groups: [] },
};

let w, http;
before(async () => {
  // Its address must be known before the server starts, and the server's before the provider does.
  let handle;
  http = createServer((request, response) => handle(request, response));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${http.address().port}`;
  const flags = ['--oidc-issuer', issuer, '--oidc-client-id', 'runmark', '--oidc-client-secret', 'a secret of the client'];
  w = await world({ flags: [...flags, '--oidc-admin-group', 'ops', '--oidc-label', 'Sign in with Example'] });
  w.secrets.push('a secret of the client');
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'runmark',
        client_secret: 'a secret of the client',
        redirect_uris: [`${w.url}/sign-in/oidc/callback`],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email'] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
    cookies: { keys: ['only for this test'] },
  });
  provider.on('server_error', (_, error) => console.error(error));
  handle = provider.callback();
});
after(async () => {
  await w?.end();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

/** Signs in at the provider, as people do, and comes back. */
async function signIn(page, name, from = '/sign-in') {
  await page.goto(new URL(from, w.url).href);
  await page.getByRole('link', { name: 'Sign in with Example' }).click();
  await page.getByPlaceholder('Enter any login').fill(name);
  await page.getByPlaceholder('and password').fill('anything');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL((url) => url.origin === new URL(w.url).origin);
}

test('somebody signs in with the provider, gets an account, and is in their groups', async () => {
  const admin = await w.person();
  await admin.goto(new URL('/admin/groups', w.url).href);
  await admin.getByLabel('Name', { exact: true }).fill('vision');
  await admin.getByRole('button', { name: 'Create group' }).click();

  const ada = await w.page();
  await open(ada, w, '/sign-in');
  await keep(ada, 'sign-in-provider');
  await signIn(ada, 'ada', `/sign-in?next=${encodeURIComponent(w.comparison)}`);
  await ada.getByRole('heading', { name: 'Comparison' }).waitFor();
  assert.equal(await ada.getByRole('link', { name: 'Admin', exact: true }).count(), 0);

  await admin.goto(new URL('/admin/people', w.url).href);
  await admin.getByRole('row', { name: /ada User Active vision/ }).waitFor();
  await admin.goto(new URL('/admin/audit?actor=ada', w.url).href);
  await admin.getByRole('row', { name: /session\.sign_in/ }).waitFor();

  // Disabled here, the provider's word doesn't help.
  await admin.goto(new URL('/admin/people', w.url).href);
  await admin.getByLabel('Choose ada').check();
  await admin.getByRole('button', { name: 'Disable' }).click();
  await admin.getByRole('row', { name: /ada User Disabled/ }).waitFor();
  await ada.goto(new URL('/experiments', w.url).href);
  assert.equal(new URL(ada.url()).pathname, '/sign-in');
  await ada.getByRole('link', { name: 'Sign in with Example' }).click();
  await ada.getByRole('alert').getByText('You have no account here that you may use.').waitFor();
  quiet(admin);
});

test('the group of admins makes an admin', async () => {
  const olga = await w.page();
  await signIn(olga, 'olga');
  await olga.getByRole('link', { name: 'Admin', exact: true }).click();
  await olga.getByRole('heading', { name: 'People' }).waitFor();
});

test('a name that is somebody else\'s here lets nobody in', async () => {
  const page = await w.page();
  await signIn(page, 'admin');
  await page.getByRole('alert').getByText('You have no account here that you may use.').waitFor();
});

test('what comes back must be what was begun', async () => {
  const back = `${w.url}/sign-in/oidc/callback?code=made-up&state=made-up`;
  const nobody = await fetch(back, { redirect: 'manual' });
  assert.equal(nobody.headers.get('location'), '/sign-in?error=provider');
  // Begun by this browser, but with the code or the state of somebody else.
  const begun = await fetch(`${w.url}/sign-in/oidc`, { redirect: 'manual' });
  const cookie = begun.headers.get('set-cookie').split(';')[0];
  const asked = new URL(begun.headers.get('location'));
  assert.equal(asked.searchParams.get('code_challenge_method'), 'S256');
  const forged = await fetch(back, { redirect: 'manual', headers: { cookie } });
  assert.equal(forged.headers.get('location'), '/sign-in?error=provider');
  const state = asked.searchParams.get('state');
  const again = await fetch(`${w.url}/sign-in/oidc/callback?code=made-up&state=${state}`, { redirect: 'manual', headers: { cookie } });
  assert.equal(again.headers.get('location'), '/sign-in?error=provider', 'it counts once');
});
