// The clients of examples/watchlist: viewers who open the application, watch, pause, seek, and reach the end. README.md
// says how to run it, over one server or several.

import { check, sleep } from 'k6';
import encoding from 'k6/encoding';
import exec from 'k6/execution';
import http from 'k6/http';
import { common, strict } from './lib/options.js';
import { below, chance, pick, seed } from './lib/random.js';
import { duration, settings, words } from './lib/settings.js';
import { answersLine, operationsTable, settingsLine, summary, valuesOf } from './lib/summary.js';

// How often a player tells where it is.
const EVERY = duration('EVERY', '3s') / 1000;
// What there is to watch, with the length in seconds: the catalogue in examples/watchlist/loaders.
const ASSETS = words(
  'ASSETS',
  '37fc12f8-5c7f-4a0d-bcdb-32890b3911de=5400,ccb380b2-115b-4197-8c6c-977582f08d99=3100,c7a859bd-603c-415c-8f47-dcac1aaed5bf=7260',
).map((word) => ({ id: word.split('=')[0], duration: Number(word.split('=')[1]) }));
const COUNTRY = __ENV.COUNTRY || 'US';
const OPERATIONS = ['open', 'put_progress', 'get_progress', 'delete_progress', 'put_entry', 'delete_entry'];

export const options = {
  ...common,
  scenarios: {
    viewers: { executor: 'constant-vus', vus: settings.vus, duration: settings.duration, gracefulStop: '30s' },
  },
  thresholds: strict(['open', 'put_progress', 'get_progress'], ['delete_progress', 'put_entry', 'delete_entry']),
};

const base64 = (json) => encoding.b64encode(JSON.stringify(json), 'rawurl');
// As a gateway passes it on.
const tokenOf = (user) => `${base64({ alg: 'none' })}.${base64({ sub: user, country: COUNTRY })}.eA`;
const userOf = (number) => `k6-${number}`;

// Several servers are asked in turn, so that what one has written is read from another.
let turn = Math.floor(Math.random() * settings.urls.length);

function send(user, op, method, path, body) {
  turn = (turn + 1) % settings.urls.length;
  const kind = op === 'open' || op === 'get_progress' ? 'read' : 'write';
  const response = http.request(method, `${settings.urls[turn]}/v1${path}`, body && JSON.stringify(body), {
    headers: { Authorization: `Bearer ${tokenOf(user)}`, 'Content-Type': 'application/json' },
    tags: { op, kind, name: op },
    // Nothing watched yet is an answer.
    responseCallback: http.expectedStatuses(200, op === 'get_progress' ? 404 : 200),
  });
  return { status: response.status, body: response.body ? response.json() : undefined, text: response.body };
}

// What this viewer has done so far, which every answer has to show.
const seen = new Map();
const listed = new Set();
let isKnown = false;

// What tells an answer from others: its values, in whatever order its members and items came.
const told = (value) =>
  Array.isArray(value) ? value.map(told).sort().join() : value && value.asset ? `${value.asset} ${value.progress}` : `${value}`;

function expects(answer, status, body, what) {
  const right = answer.status === status && (status !== 200 || told(answer.body) === told(body));
  check(right, { 'the answer is right': (found) => found });
  if (!right) console.error(`${what}: ${answer.status} ${String(answer.text).slice(0, 300)}, not ${status} ${JSON.stringify(body)}`);
}

// Opening the application shows everything.
function opens(user) {
  const progress = send(user, 'open', 'GET', '/progress');
  const list = send(user, 'open', 'GET', '/watchlist');
  const known = [...seen].map(([asset, at]) => ({ asset, progress: at }));
  expects(progress, 200, known, 'all progress');
  expects(list, 200, [...listed], 'the watchlist');
}

function puts(user, asset, at) {
  expects(send(user, 'put_progress', 'PUT', `/progress/${asset.id}`, { progress: at }), 200, { asset: asset.id, progress: at }, 'a put');
  seen.set(asset.id, at);
}

// The page of an asset shows how far it has been watched.
function looksAt(user, asset) {
  const at = seen.get(asset.id);
  const answer = send(user, 'get_progress', 'GET', `/progress/${asset.id}`);
  expects(answer, at === undefined ? 404 : 200, { asset: asset.id, progress: at }, 'a look');
}

function forgets(user, asset) {
  const answer = send(user, 'delete_progress', 'DELETE', `/progress/${asset.id}`);
  const at = seen.get(asset.id);
  if (isKnown) expects(answer, 200, at === undefined ? null : { asset: asset.id, progress: at }, 'a delete');
  seen.delete(asset.id);
}

function unlists(user, asset) {
  const answer = send(user, 'delete_entry', 'DELETE', `/watchlist/${asset.id}`);
  if (isKnown) expects(answer, 200, listed.has(asset.id) ? asset.id : null, 'an entry deleted');
  listed.delete(asset.id);
}

export default function () {
  const user = userOf(exec.vu.idInTest);
  seed(settings.seed, exec.scenario.iterationInTest);
  if (!isKnown) {
    // An earlier run may have left something.
    for (const asset of ASSETS) {
      forgets(user, asset);
      unlists(user, asset);
    }
    isKnown = true;
    // Not all at the same moment.
    sleep(EVERY * Math.random());
  }
  opens(user);
  const asset = pick(ASSETS);
  looksAt(user, asset);
  if (chance(0.5)) {
    expects(send(user, 'put_entry', 'PUT', `/watchlist/${asset.id}`), 200, asset.id, 'an entry');
    listed.add(asset.id);
  }
  let at = seen.get(asset.id) || 0;
  for (let beat = 0; beat < 5; beat += 1) {
    // Most go on; some seek, forward or back.
    at = chance(0.9) ? at + Math.ceil(EVERY) : below(asset.duration);
    if (at >= asset.duration) {
      forgets(user, asset);
      unlists(user, asset);
      break;
    }
    puts(user, asset, at);
    sleep(EVERY);
  }
  // A pause is told at once, and another device goes on from there.
  if (seen.has(asset.id)) {
    puts(user, asset, Math.min(at + 1, asset.duration));
    looksAt(user, asset);
  }
}

export function teardown() {
  for (let number = 1; number <= settings.vus; number += 1) {
    for (const asset of ASSETS) {
      send(userOf(number), 'cleanup', 'DELETE', `/progress/${asset.id}`);
      send(userOf(number), 'cleanup', 'DELETE', `/watchlist/${asset.id}`);
    }
  }
}

export function handleSummary(data) {
  const { count = 0, rate = 0 } = valuesOf(data, 'http_reqs');
  return summary(data, {
    title: 'oponn: viewers of the watchlist',
    parts: [
      settingsLine(`${settings.vus} viewers`, `a put each ${EVERY} s`, settings.duration),
      operationsTable(data, OPERATIONS),
      `${count} requests, ${rate.toFixed(0)} per second. ${answersLine(data)}`,
    ],
    results: { viewers: settings.vus, every: EVERY, perSecond: rate },
  });
}
