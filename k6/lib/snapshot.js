// Reads the whole default application once, page by page, so that the run can draw filters from what is
// there and knows every right answer.

import { send } from './http.js';
import { roots } from './types.js';

const PAGE = 200;

function readAll(field, selection) {
  const query = `query All($first: Int!, $after: String) {
    ${field}(first: $first, after: $after) {
      totalCount nodes { ${selection} } pageInfo { hasNextPage endCursor }
    }
  }`;
  const rows = [];
  const seen = new Set();
  let after = null;
  for (;;) {
    const { data, error } = send('setup', query, { first: PAGE, after });
    if (error) throw new Error(`${field}: ${error}`);
    const page = data[field];
    for (const row of page.nodes) {
      if (seen.has(row.id)) throw new Error(`${field}: ${row.id} comes twice`);
      seen.add(row.id);
      rows.push(row);
    }
    if (!page.pageInfo.hasNextPage) {
      if (rows.length !== page.totalCount) {
        throw new Error(`${field}: ${rows.length} rows in pages, totalCount ${page.totalCount}`);
      }
      return rows;
    }
    if (page.nodes.length !== PAGE) {
      throw new Error(`${field}: ${page.nodes.length} rows instead of ${PAGE} before the next page`);
    }
    after = page.pageInfo.endCursor;
  }
}

export function readSnapshot() {
  const snapshot = {};
  for (const field of Object.keys(roots)) {
    snapshot[field] = readAll(field, roots[field].selection);
    if (snapshot[field].length === 0) {
      throw new Error(`${field}: there are none; run \`oponn import\` for the sample data first`);
    }
  }
  const stores = new Set(snapshot.bookstores.map((store) => store.id));
  const stray = snapshot.books.find((book) => !stores.has(book.storeId));
  if (stray) throw new Error(`books: ${stray.id} is in a store that is not there`);
  return snapshot;
}
