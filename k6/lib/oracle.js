// What a right answer is, worked out in the script from the documents that it read at the start.

// Text in the order of its code points, which is the order of its UTF-8 bytes. JavaScript's own order is
// that of UTF-16 units and puts emoji before some letters, so surrogates are given a weight above them.
const weight = (unit) => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

const SURROGATE = /[\ud800-\udfff]/;

function compareText(a, b) {
  // Without surrogates the two orders are the same, and JavaScript's own takes a fraction of the time.
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return weight(x) - weight(y);
  }
  return a.length - b.length;
}

// Null comes before everything. Numbers by value, text by its code points.
function compareValues(a, b) {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return typeof a === 'number' ? a - b : compareText(a, b);
}

// How a field's values are compared: a Decimal comes as text.
const keys = { price: Number };
export const comparable = (field, row) =>
  keys[field] && row[field] !== null ? keys[field](row[field]) : row[field];

// Compares two rows in an order such as [{ field: 'price', direction: 'DESC' }]; ties go by id.
export function comparer(order) {
  return (a, b) => {
    for (const { field, direction } of order) {
      const result = compareValues(comparable(field, a), comparable(field, b));
      if (result !== 0) return direction === 'DESC' ? -result : result;
    }
    return compareText(a.id, b.id);
  };
}

const lists = new Map();

// The whole list: rows that pass, in order. `name` says which list it is: each is worked out once per VU.
export function list(name, rows, passes, order) {
  const key = JSON.stringify([name, order]);
  if (!lists.has(key)) lists.set(key, rows.filter(passes).sort(comparer(order)));
  return lists.get(key);
}

// The order as the API takes it.
export const orderBy = (order) =>
  order.map(({ field, direction }) => ({ field: field.toUpperCase(), direction }));

// What is wrong with a page, or null. `want` is the whole list; without `exact` its rows may have
// changed since and only what holds of any page is checked.
export function faultOfPage(page, want, { passes, order, first, offset = 0, exact }) {
  const { nodes, totalCount, pageInfo } = page;
  const length = Math.max(0, Math.min(first, totalCount - offset));
  if (nodes.length !== length) {
    return `${nodes.length} rows instead of ${length} (first ${first}, offset ${offset}) of ${totalCount}`;
  }
  const stranger = nodes.find((row) => !passes(row));
  if (stranger) return `a row that the filter excludes: ${JSON.stringify(stranger)}`;
  const compare = comparer(order);
  for (let i = 1; i < nodes.length; i++) {
    if (compare(nodes[i - 1], nodes[i]) >= 0) {
      return `rows ${i - 1} and ${i} out of order: ${JSON.stringify([nodes[i - 1], nodes[i]])}`;
    }
  }
  if (pageInfo && pageInfo.hasNextPage !== offset + nodes.length < totalCount) {
    return `hasNextPage is ${pageInfo.hasNextPage} at ${offset}+${nodes.length} of ${totalCount}`;
  }
  if (!exact) return null;
  if (totalCount !== want.length) return `totalCount is ${totalCount} instead of ${want.length}`;
  for (let i = 0; i < nodes.length; i++) {
    const fault = faultOfRow(nodes[i], want[offset + i]);
    if (fault) return `row ${i}: ${fault}`;
  }
  return null;
}

// What is wrong with a row, or null: each of its plain fields must be as in the row that is wanted.
export function faultOfRow(row, want) {
  if (!row) return `nothing instead of ${JSON.stringify(want)}`;
  if (row.id !== want.id) return `${row.id} instead of ${want.id}`;
  for (const field of Object.keys(row)) {
    const value = row[field];
    if (value !== null && typeof value === 'object') continue;
    if (want[field] !== value) {
      return `${field} is ${JSON.stringify(value)} instead of ${JSON.stringify(want[field])}`;
    }
  }
  return null;
}
