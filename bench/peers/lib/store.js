// Reads books and bookstores from the very collections that oponn keeps them in, as plain rows that can go
// into any cache as JSON: ids as hex digits, prices as text.

import { Decimal128, MongoClient, ObjectId } from 'mongodb';

const IDS = new Set(['_id', 'storeId']);
const FIELDS = { STORE_ID: 'storeId', ID: '_id' };
const OPERATORS = { eq: '$eq', ne: '$ne', in: '$in', lt: '$lt', lte: '$lte', gt: '$gt', gte: '$gte' };

const toBook = (row) => ({
  id: row._id.toHexString(),
  isbn: row.isbn,
  title: row.title,
  author: row.author ?? null,
  year: row.year ?? null,
  price: row.price?.toString() ?? null,
  storeId: row.storeId.toHexString(),
});

const toBookstore = (row) => ({
  id: row._id.toHexString(),
  name: row.name,
  city: row.city ?? null,
  country: row.country ?? null,
  founded: row.founded ?? null,
});

/** Opens the store that the environment names and gives the reads that resolvers need. */
export async function openStore(url = process.env.STORE) {
  const client = new MongoClient(url, { minPoolSize: 8, maxPoolSize: 100 });
  await client.connect();
  const database = client.db();
  const types = {
    Book: { rows: database.collection('books'), shown: toBook },
    Bookstore: { rows: database.collection('bookstores'), shown: toBookstore },
  };

  return {
    /** A page of a list. */
    async list(type, { where, orderBy, first = 20, offset = 0 }) {
      const { rows, shown } = types[type];
      const options = { sort: sort(orderBy), limit: first, skip: offset, batchSize: first };
      return (await rows.find(condition(where), options).toArray()).map(shown);
    },
    /** One document, or null. */
    async one(type, id) {
      if (!ObjectId.isValid(id)) return null;
      const { rows, shown } = types[type];
      const row = await rows.findOne({ _id: new ObjectId(id) });
      return row && shown(row);
    },
    /** The documents of several ids, in their order, by one operation. */
    async many(type, ids) {
      const { rows, shown } = types[type];
      const unique = [...new Set(ids)].map((id) => new ObjectId(id));
      const found = new Map();
      for (const row of await rows.find({ _id: { $in: unique } }).toArray()) {
        found.set(row._id.toHexString(), shown(row));
      }
      return ids.map((id) => found.get(id) ?? null);
    },
    /** The same page for each of several parents. The finds go out together, on the pool's connections. */
    lists(type, field, values, page) {
      return Promise.all(
        values.map((value) => this.list(type, { ...page, where: { ...page.where, [field]: { eq: value } } })),
      );
    },
    close: () => client.close(),
  };
}

function condition(where) {
  const filter = {};
  for (const [name, wanted] of Object.entries(where ?? {})) {
    const field = name === 'id' ? '_id' : name;
    filter[field] = {};
    for (const [operator, value] of Object.entries(wanted)) {
      filter[field][OPERATORS[operator]] = Array.isArray(value)
        ? value.map((item) => stored(field, item))
        : stored(field, value);
    }
  }
  return filter;
}

function stored(field, value) {
  if (value === null) return null;
  if (IDS.has(field)) return new ObjectId(value);
  return field === 'price' ? Decimal128.fromString(String(value)) : value;
}

/** What oponn does too: the id decides last. */
function sort(orderBy = []) {
  const by = {};
  for (const { field, direction } of orderBy) {
    by[FIELDS[field] ?? field.toLowerCase()] = direction === 'DESC' ? -1 : 1;
  }
  by._id ??= 1;
  return by;
}
