// The data: bookstores and books that are the same at every run, however many are asked for.
//
// Every store has books of different authors, and every author's books are in different stores, so that a
// list by store, a list by author and the stores of a list all have their full size.

import { copyFileSync, createWriteStream, mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';

const BOOKS_PER_AUTHOR = 40;
const STORES_PER_CITY = 5;
const WORDS = `amber anchor autumn basket beacon border bridge candle canyon carbon cedar chapel cipher copper coral
crystal desert distant ember emerald falcon feather forest garden glacier granite harbour hidden hollow island ivory
lantern letter meadow midnight mirror morning mountain northern ocean orchard paper pilgrim quarry quiet raven river
saffron shadow silent silver stone summer thunder timber twilight valley velvet violet voyage willow winter`.split(/\s+/);

const country = ['Sweden', 'Japan', 'Czechia', 'Portugal', 'Kenya', 'Chile', 'Canada', 'India', 'Greece', 'Norway'];

/** A small generator of random numbers that a seed decides: mulberry32. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pad = (n, width) => String(n).padStart(width, '0');
const capital = (word) => word[0].toUpperCase() + word.slice(1);

export const cityName = (n) => `${capital(WORDS[n % WORDS.length])} ${pad(n, 3)}`;
export const authorName = (n) => `${capital(WORDS[(n * 7) % WORDS.length])} ${capital(WORDS[(n * 13 + 5) % WORDS.length])} ${pad(n, 4)}`;
export const isbn = (n) => `978${pad(n, 10)}`;
export const cities = (stores) => Math.ceil(stores / STORES_PER_CITY);
export const authors = (books) => Math.max(1, Math.floor(books / BOOKS_PER_AUTHOR));

export function* bookstores(count) {
  const next = random(1);
  for (let n = 0; n < count; n += 1) {
    yield {
      name: `${capital(WORDS[Math.floor(next() * WORDS.length)])} Books ${pad(n, 4)}`,
      city: cityName(n % cities(count)),
      country: country[n % country.length],
      founded: 1800 + Math.floor(next() * 220),
    };
  }
}

export function* books(count, stores) {
  const next = random(2);
  const names = [...bookstores(stores)].map((store) => store.name);
  const word = () => WORDS[Math.floor(next() * WORDS.length)];
  for (let n = 0; n < count; n += 1) {
    // 13 has no divisor in common with sizes that people choose, so a walk by 13 meets every author.
    const author = (n + 13 * Math.floor(n / stores)) % authors(count);
    yield {
      isbn: isbn(n),
      title: capital(`${word()} ${word()} of the ${word()} ${word()}`),
      author: authorName(author),
      year: 1800 + Math.floor(next() * 220),
      price: `${3 + Math.floor(next() * 57)}.${pad(Math.floor(next() * 100), 2)}`,
      store: names[n % stores],
    };
  }
}

async function write(path, records) {
  const file = createWriteStream(path);
  for (const record of records) {
    if (!file.write(`${JSON.stringify(record)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

/** Writes the files, and the loaders beside them, into a new folder. */
export async function writeData(folder, here, counts) {
  mkdirSync(folder, { recursive: true });
  for (const loader of ['bookstores.toml', 'books.toml']) {
    copyFileSync(join(here, 'loaders', loader), join(folder, loader));
  }
  await write(join(folder, 'bookstores.ndjson'), bookstores(counts.stores));
  await write(join(folder, 'books.ndjson'), books(counts.books, counts.stores));
}
