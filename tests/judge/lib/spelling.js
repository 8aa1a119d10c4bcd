// The same document in other words: tokens with whatever may stand between them, strings as they may be written.

import { Lexer, print, Source, TokenKind } from 'graphql';

const WORDS = new Set([TokenKind.NAME, TokenKind.INT, TokenKind.FLOAT]);
const GAPS = [' ', ' ', ' ', '  ', '\n', '\r\n', '\t', ',', ', ', ',,', ' # {"a"}\n', '#\n', '\ufeff'];

// The tokens of a text: `{ kind, text, value }`. Throws what the lexer throws.
export function tokens(text) {
  const source = new Source(text);
  const lexer = new Lexer(source);
  const found = [];
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    found.push({ kind: token.kind, text: text.slice(token.start, token.end), value: token.value, end: token.end });
  }
  return found;
}

// Tokens as one text, each apart from those that it would melt into.
export function join(list, gap = () => '') {
  let text = '';
  for (const [place, token] of list.entries()) {
    const before = list[place - 1];
    let between = place === 0 ? '' : gap(before, token);
    const apart =
      before && between === '' &&
      ((WORDS.has(before.kind) && (WORDS.has(token.kind) || token.kind === TokenKind.SPREAD)) ||
        (/"$/.test(before.text) && /^"/.test(token.text)));
    if (apart) between = ' ';
    text += between + token.text;
  }
  return text;
}

const ESCAPES = { '"': '\\"', '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const unit = (code) => `\\u${code.toString(16).padStart(4, '0')}`;

// A string of this value, written in one of many ways.
export function string(value, random) {
  const block = !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\r]/.test(value) && value.trim() === value && !value.includes('\n') && !value.endsWith('\\') && value !== '';
  if (block && random.chance(0.15)) {
    const inside = value.replaceAll('"""', '\\"""');
    return random.chance(0.5) || inside.endsWith('"') ? `"""\n  ${inside}\n"""` : `"""${inside}"""`;
  }
  let text = '"';
  for (const char of value) {
    const code = char.codePointAt(0);
    if (ESCAPES[char] && (code < 0x20 || char === '"' || char === '\\') && !random.chance(0.1)) text += ESCAPES[char];
    else if (code < 0x20 || char === '"' || char === '\\' || random.chance(0.1)) text += escape(char, code, random);
    else if (char === '/' && random.chance(0.5)) text += '\\/';
    else text += char;
  }
  return `${text}"`;
}

function escape(char, code, random) {
  if (random.chance(0.4)) return `\\u{${random.chance(0.2) ? '00' : ''}${code.toString(16)}}`;
  const units = [...Array(char.length).keys()].map((place) => unit(char.charCodeAt(place)));
  return random.chance(0.5) ? units.join('') : units.join('').replace(/[a-f]/g, (digit) => digit.toUpperCase());
}

// A document as text, written anyhow.
export function spell(document, random) {
  const plain = print(document);
  if (random.chance(0.3)) return plain;
  const list = tokens(plain).map((token) =>
    token.kind === TokenKind.STRING || token.kind === TokenKind.BLOCK_STRING
      ? { ...token, text: string(token.value, random) }
      : token,
  );
  const dense = random.chance(0.3);
  const text = join(list, () => (dense && random.chance(0.8) ? '' : random.pick(GAPS)));
  return (random.chance(0.1) ? '\ufeff' : '') + text + (random.chance(0.1) ? random.pick(['#', '# end', ',', '\n']) : '');
}
