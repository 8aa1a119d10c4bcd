// Writes what `import.js` expects to be imported into the folder IMPORT_DIR: a file of records, a loader, and
// a configuration for `oponn --config` that names the folder.
// README.md says how the two go together.

import { count } from './lib/settings.js';
import { RECORDS, byIsbn, isbnOf, likeOf } from './lib/imported.js';
import { cleanUp } from './lib/owned.js';
import { readSnapshot } from './lib/snapshot.js';

const folder = (__ENV.IMPORT_DIR || '').replace(/\/+$/, '');
if (!folder) throw new Error('IMPORT_DIR: write the folder, which must exist, for the records and the loader');
const records = count('RECORDS', RECORDS);

export const options = { iterations: 1, setupTimeout: '5m' };

export function setup() {
  cleanUp();
  const { books, bookstores } = readSnapshot();
  return { books: byIsbn(books), names: Object.fromEntries(bookstores.map(({ id, name }) => [id, name])) };
}

export default function () {}

const LOADER = `# Books that are imported while others read.

[source]
kind = "ndjson"
path = "books.ndjson"

[target]
type = "Book"
on = "isbn"

[fields]
isbn = "isbn"
title = "title"
author = "author"
year = "year"
price = "price"
storeId = { references = { type = "Bookstore", key = "name", from = "store" } }
`;

export function handleSummary({ setup_data: found }) {
  if (!found) return { stdout: 'Nothing was written: the server could not be read.\n' };
  const lines = [];
  for (let n = 1; n <= records; n++) {
    const { title, author, year, price, storeId } = likeOf(found.books, n);
    lines.push(JSON.stringify({ isbn: isbnOf(n), title, author, year, price, store: found.names[storeId] }));
  }
  return {
    [`${folder}/books.ndjson`]: `${lines.join('\n')}\n`,
    [`${folder}/books.toml`]: LOADER,
    // Not *.toml: that would be a loader.
    [`${folder}/oponn.conf`]: 'loaders = "."\n',
    stdout: `${records} records for the importer are in ${folder}\n`,
  };
}
