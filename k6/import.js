// Reads go on, every answer checked, while an importer runs beside. README.md says how to start the two.

import exec from 'k6/execution';
import { Counter, Gauge } from 'k6/metrics';
import { reading } from './lib/catalogue.js';
import { send } from './lib/http.js';
import { passing } from './lib/filter.js';
import { PART, RECORDS, byIsbn, isbnOf, likeOf, numberOf } from './lib/imported.js';
import { stale, wrong } from './lib/judge.js';
import { finish, readSample, warm } from './lib/lifecycle.js';
import { Mixed, OFTEN, RARE } from './lib/mix.js';
import { comparer, faultOfRow } from './lib/oracle.js';
import { common, strict } from './lib/options.js';
import { chance, pick, seed } from './lib/random.js';
import { count, duration, number, settings } from './lib/settings.js';
import { answersLine, operationsTable, settingsLine, summary, valuesOf, whole } from './lib/summary.js';
import { types } from './lib/types.js';
import { until } from './lib/wait.js';

const records = count('RECORDS', RECORDS);
const DURATION = duration('DURATION', '30s');
// How long the importer may go on after that.
const WAIT = duration('WAIT', '2m');

// Each part of an import makes what is cached of its types void, so reads are slower than otherwise.
const bounds = { p95: number('P95_MS', 2000), p99: number('P99_MS', 5000) };

// Answers that showed some of the records, but not yet all.
const midway = new Counter('answers_midway');
const imported = new Gauge('imported_records');

export const options = {
  ...common,
  scenarios: {
    import: { executor: 'constant-vus', vus: settings.vus, duration: `${DURATION}ms`, gracefulStop: '5s' },
  },
  thresholds: {
    ...strict([...OFTEN, 'imported'], RARE, bounds),
    stale_answers: ['rate==0'],
    // Else the two did not run at the same time.
    answers_midway: ['count>0'],
    imported_records: [`value==${records}`],
    'http_reqs{scenario:import}': ['count>0'],
  },
};

const MARKED = types.Book.where;
const query = `query imported($where: BookWhere, $orderBy: [BookOrder!], $first: Int) {
  books(where: $where, orderBy: $orderBy, first: $first) {
    totalCount pageInfo { hasNextPage } nodes { ${types.Book.selection} }
  }
}`;

// Records that a client has seen. Nobody changes or deletes them, so they stay, and in every list: as soon as they
// are acknowledged, which those of a part are when one of a later part is there.
class Seen {
  constructor() {
    this.rows = new Map();
    this.newest = 0;
  }

  // How many of the first records are acknowledged, as far as this client can know.
  settled() {
    return Math.floor(Math.max(0, this.newest - 1) / PART) * PART;
  }

  of(root) {
    const settled = this.settled();
    return root === 'books' ? [...this.rows.values()].filter((row) => numberOf(row.isbn) <= settled) : [];
  }

  removed() {
    return false;
  }

  // Some are enough, and more would make every judgement slow.
  add(row) {
    this.newest = Math.max(this.newest, numberOf(row.isbn));
    if (this.rows.size < 50 || this.rows.has(row.id)) this.rows.set(row.id, row);
  }
}

class Reader extends Mixed {
  constructor(data) {
    super(data);
    this.own = new Seen();
    this.books = byIsbn(data.snapshot.books);
  }

  step(number) {
    seed(settings.seed, number);
    if (chance(0.2)) this.settle('read', () => this.imported());
    else this.iterate(number, 0);
  }

  // A page like any other; besides, each record in it must be what the file has under its number.
  judge(list, page) {
    const fault = super.judge(list, page);
    if (fault || list.root !== 'books') return fault;
    for (const row of page.nodes) {
      if (types.Book.owner(row) === null) continue;
      const text = this.faultOfRecord(row);
      if (text) return wrong(text);
      this.own.add(row);
    }
    return null;
  }

  faultOfRecord(row) {
    const n = numberOf(row.isbn);
    if (!(n >= 1 && n <= records)) return `${row.isbn} is not among the records`;
    const like = likeOf(this.books, n);
    return faultOfRow(row, { ...like, id: row.id, isbn: isbnOf(n), version: row.version });
  }

  // The first or last records by number: there are never fewer than are acknowledged.
  imported() {
    const order = [{ field: 'isbn', direction: pick(['ASC', 'DESC']) }];
    const settled = this.own.settled();
    const list = { root: 'books', where: MARKED, order, first: 20, total: 0, sample: [] };
    const variables = reading(list)[2];
    const { data, error } = send('imported', query, variables, this.options);
    if (error) return wrong(`imported: ${error}`);
    const { totalCount } = data.books;
    const fault = this.judge({ ...list, passes: passing(MARKED), compare: comparer(order) }, data.books);
    if (fault) return fault;
    if (totalCount < settled) return stale(`${totalCount} records, and ${settled} are acknowledged`);
    if (totalCount > 0 && totalCount < records) midway.add(1);
    return totalCount > records ? wrong(`${totalCount} records instead of ${records}`) : null;
  }
}

export function setup() {
  // Not `prepare`, which deletes what the importer may already have brought in.
  const data = readSample();
  warm(data);
  return data;
}

let reader;

export default function (data) {
  reader = reader || new Reader(data);
  reader.step(exec.scenario.iterationInTest);
}

// Waits for the importer.
export function teardown(data) {
  const end = Date.now() + WAIT;
  let found;
  do {
    const { data: answer, error } = send('setup', query, { where: MARKED, first: 1 }, { kind: 'setup' });
    if (error) throw new Error(error);
    found = answer.books.totalCount;
    if (found < records) until(Date.now() + 200);
  } while (found < records && Date.now() < end);
  imported.add(found);
  finish(data);
}

export function handleSummary(data) {
  const { count: requests = 0 } = valuesOf(data, 'http_reqs{scenario:import}');
  const { count: partly = 0 } = valuesOf(data, 'answers_midway');
  const { value: found = 0 } = valuesOf(data, 'imported_records');
  const perSecond = requests / (DURATION / 1000);
  return summary(data, {
    title: 'oponn: reads while an importer runs',
    parts: [
      settingsLine(`${settings.vus} VUs`, `${DURATION / 1000} s`, `${records} records`),
      operationsTable(data, [...OFTEN, ...RARE, 'imported']),
      `${requests} reads, ${whole(perSecond)} per second. ${answersLine(data)} ${partly} answers showed the import ` +
        `half done; in the end there were ${found} of ${records} records.`,
    ],
    results: { requests, perSecond, answersMidway: partly, imported: found },
  });
}
