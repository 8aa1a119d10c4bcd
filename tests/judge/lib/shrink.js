// A failing document made small: whatever can go, goes.

import { Kind, parse, print, visit } from 'graphql';

import { join, tokens } from './spelling.js';

const CLOSING = { '{': '}', '(': ')', '[': ']' };
const MOST = 300;

// The smallest text found for which `fails(text)` still holds.
export async function shrink(text, fails) {
  const budget = (most) => {
    let tries = 0;
    return async (shorter) => {
      tries += 1;
      return tries <= most && fails(shorter);
    };
  };
  const tree = await ofTree(text, budget(MOST));
  return ofTokens(tree, budget(MOST));
}

async function ofTree(text, still) {
  let document;
  try {
    document = parse(text);
  } catch {
    return text;
  }
  let spell;
  for (const way of SPELLINGS) if (!spell && (await still(way(document)))) spell = way;
  if (!spell) return text;
  for (let place = 0; ; ) {
    const shorter = without(document, place);
    if (!shorter) return spell(document);
    if (shorter.definitions.length > 0 && (await still(spell(shorter)))) document = shorter;
    else place += 1;
  }
}

// How a document may be written so that it fails: plainly; with something odd between all tokens, or before or after one
// kind of them; with strings that are all escapes.
const GAPS = ['#\n', ',', '\ufeff'];
const SIGNS = ['...', ':', '$', '@', '=', '!', '{', '}', '(', ')', '[', ']'];
const spaced = (gap) => (document) => join(tokens(print(document)), gap);
const escaped = (escape) => (document) => {
  const text = (value) => `"${[...Array(value.length).keys()].map((place) => escape(value.charCodeAt(place).toString(16))).join('')}"`;
  const list = tokens(print(document)).map((token) => (/String/.test(token.kind) ? { ...token, text: text(token.value) } : token));
  return join(list, () => ' ');
};
const SPELLINGS = [
  print,
  ...[' ', ...GAPS, ''].map((gap) => spaced(() => gap)),
  escaped((code) => `\\u{${code}}`),
  escaped((code) => `\\u${code.padStart(4, '0')}`),
  ...GAPS.flatMap((gap) => SIGNS.flatMap((sign) => [
    spaced((before, after) => (after.text === sign ? gap : ' ')),
    spaced((before) => (before.text === sign ? gap : ' ')),
  ])),
];

// The document without one of its parts, the largest parts first, and without what nothing uses any more.
function without(document, place) {
  const parts = [];
  visit(document, {
    enter(node, key, parent, path) {
      if (typeof key === 'number') parts.push(path.join());
      if (node.kind === Kind.FIELD && node.alias) parts.push([...path, 'alias'].join());
    },
  });
  if (place >= parts.length) return undefined;
  parts.sort((one, other) => one.length - other.length);
  const left = visit(document, {
    enter(node, key, parent, path) {
      return path.join() === parts[place] ? null : undefined;
    },
  });
  return tidied(left);
}

function tidied(document) {
  const used = new Set();
  visit(document, {
    FragmentSpread: (node) => void used.add(`...${node.name.value}`),
    Variable: (node, key, parent) => void (parent?.kind !== Kind.VARIABLE_DEFINITION && used.add(node.name.value)),
  });
  const left = visit(document, {
    FragmentDefinition: (node) => (used.has(`...${node.name.value}`) ? undefined : null),
    VariableDefinition: (node) => (used.has(node.variable.name.value) ? undefined : null),
  });
  const again = left.definitions.length < document.definitions.length;
  return again ? tidied(left) : left;
}

async function ofTokens(text, still) {
  let pieces = piecesOf(text);
  for (let again = true; again; ) {
    again = false;
    for (let at = 0; at < pieces.length; at += 1) {
      for (const end of ends(pieces, at)) {
        const shorter = [...pieces.slice(0, at), ...pieces.slice(end)];
        if (shorter.length > 0 && (await still(shorter.join('')))) {
          [pieces, again] = [shorter, true];
          at -= 1;
          break;
        }
      }
    }
  }
  const plain = pieces.map((piece) => piece.replace(/^[\s,\ufeff]+/, ' ')).join('').trim();
  return (await still(plain)) ? plain : pieces.join('');
}

// Tokens, each with what stands before it; words and signs where a text has no tokens.
function piecesOf(text) {
  let at = 0;
  try {
    const found = tokens(text).map((token) => {
      const piece = text.slice(at, token.end);
      at = token.end;
      return piece;
    });
    return [...found, text.slice(at)].filter((piece) => piece !== '');
  } catch {
    return text.match(/\s*(?:\w+|\S)|\s+$/g) ?? [text];
  }
}

// Where a part that begins here may end: groups whole, the longest first, then one to three pieces.
function ends(pieces, at) {
  const found = [];
  for (let open = at; open < Math.min(pieces.length, at + 6); open += 1) {
    const [bracket, close] = [pieces[open].trim(), CLOSING[pieces[open].trim()]];
    let depth = 0;
    for (let last = open; close && last < pieces.length; last += 1) {
      depth += Number(pieces[last].trim() === bracket) - Number(pieces[last].trim() === close);
      if (depth === 0) {
        found.push(last + 1);
        break;
      }
    }
  }
  return [...found.reverse(), at + 3, at + 2, at + 1].filter((end) => end <= pieces.length);
}
