// Texts that are broken: tokens and characters gone, twice, elsewhere, or others.

import { join, tokens } from './spelling.js';

const ODD = [
  '{', '}', '(', ')', '[', ']', '{}', '()', '[]', '!', '$', ':', '=', '@', '...', '|', '&', '.', '..', ';', '?', '<', '-', '+', '%', "'a'", '`',
  'on', 'null', 'true', 'false', 'query', 'mutation', 'subscription', 'fragment', 'type', 'input', 'extend', '__typename', '$a', '@skip',
  '@skip(if: true)', '@include(if: false)', '@deprecated', '@oneOf', '@unknown', '...on', '...F', 'a:', 'a', '"', '""', '"""', '""""""', '"a', '"""a',
  '"\\x"', '"\\u12"', '"\\u{110000}"', '"\\u{}"', '"\\uD800"', '"\\uDC00\\uD800"', '"\\u{D83D}"', '"\\ud83d\\ude00"', '"\n"', '"""\n a\n"""', '"a""b"',
  '0', '00', '01', '-0', '-01', '1.', '.5', '1.e1', '1e', '1e+', '1E5', '0x1', '1_000', '1a', '1.0a', '-', '--1', '+1', '0.0', '1e999', '-1.5e-3',
  '9223372036854775808', '99999999999999999999', 'NaN', 'é', '\u0000', '\u0007', '\ufeff', '\u00a0', '\u2028', '#', '# a', '#\u0000', ',', '\r', '{a}', '{a:1}',
  '[1,]', '(a:1)', '$', '$1', '$$a', '@', '1.0', 'a-b', 'a.b', '...{__typename}', 'query Q', 'query{__typename}', '{__typename}',
  'subscription{__typename}', 'schema{query:Query}', 'type A{a:Int}', 'extend type Query{a:Int}', 'scalar A', '"text" query D{__typename}', '"text"{__typename}',
];

// One to three changes of a text that parses.
export function breakText(text, random) {
  let list = tokens(text);
  const changes = random.chance(0.75) ? 1 : 2 + random.below(2);
  for (let change = 0; change < changes && list.length > 0; change += 1) list = changed(list, random);
  const joined = join(list, () => (random.chance(0.02) ? '' : ' '));
  return random.chance(0.1) ? ofCharacters(joined, random) : joined;
}

function changed(list, random) {
  const at = random.below(list.length);
  const end = Math.min(list.length, at + 1 + (random.chance(0.2) ? random.below(4) : 0));
  const [before, here, after] = [list.slice(0, at), list.slice(at, end), list.slice(end)];
  const odd = () => ({ kind: 'odd', text: random.pick(ODD) });
  return random.weighted([
    [3, () => [...before, ...after]],
    [2, () => [...before, ...here, ...here, ...after]],
    [2, () => [...before, ...after.slice(0, 1), ...here, ...after.slice(1)]],
    [2, () => [...before, random.pick(list), ...after]],
    [3, () => [...before, odd(), ...here, ...after]],
    [2, () => [...before, odd(), ...after]],
  ])();
}

function ofCharacters(text, random) {
  const at = random.below(text.length);
  const other = random.pick(['', '"', '\\', '{', '}', '#', ' ', '\n', '.', '0', 'a', '\u0000', '\\u', '"""']);
  return text.slice(0, at) + other + text.slice(at + 1);
}
