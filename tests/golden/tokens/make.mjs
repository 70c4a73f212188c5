// Makes the samples of operators, python and tool_results; count.mjs then writes their counts. The
// same seed gives the same choices, but excerpts follow the sources of this repository: make
// samples anew only to change what they cover.
//   node tests/golden/tokens/make.mjs
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

const root = new URL('../../../', import.meta.url);
let seed = 20;
const below = (n) => Math.floor((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648 * n);
const one = (list) => list[below(list.length)];
const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));

const sources = (folder, end) =>
  readdirSync(new URL(folder, root), { recursive: true })
    .filter((name) => name.endsWith(end) && !name.includes('node_modules'))
    .sort()
    .map((name) => ({ path: folder + name, text: readFileSync(new URL(folder + name, root), 'utf8') }))
    .filter(({ text }) => text.length > 3000);
const excerpt = (files) => {
  const { path, text } = one(files);
  const size = 900 + below(1100);
  return { path, text: text.slice(below(text.length - size)).slice(0, size) };
};

// Arithmetic as ciphers, checksums and codecs are written: short names, indices, shifts, masks.
const names = ['a', 'b', 'c', 'x0', 'x1', 'x7', 't1', 'acc', 'lo', 'hi', 'carry', 'sum', 'src[i]', 'dst[j+1]',
  'state[3]', 'k[i&15]', 's.buf[n-1]', 'len(p)', 'uint32(v)', 'rotl(h, 13)'];
const number = () => one([() => `${below(64)}`, () => `0x${below(2 ** 31).toString(16)}`,
  () => '0xff', () => `1<<${below(31)}`])();
const term = (depth) => depth > 0 && below(3) > 0
  ? `(${term(depth - 1)}${one([' ^ ', ' + ', '*', '>>', '<<', '&', ' | ', '-', '&^', ' % '])}${term(depth - 1)})`
  : below(3) > 0 ? one(names) : number();
const bare = (depth) => term(depth).replace(/^\((.*)\)$/, (whole, inner) => (inner.startsWith('(') ? whole : inner));
const statement = (indent) => one([
  () => `${one(names)} ${one(['=', ':=', '^=', '+=', '|=', '<<='])} ${bare(3)}`,
  () => `if ${bare(1)} ${one(['>=', '!=', '==', '<'])} ${bare(1)} {\n${indent}\t${one(names)}--\n${indent}}`,
  () => `for i := ${below(4)}; i < ${bare(1)}; i += ${1 << below(4)} {\n${indent}\t${statement(indent + '\t')}\n${indent}}`,
  () => `x${below(8)}, carry = bits.Add64(${bare(1)}, ${bare(1)}, carry)`,
  () => `// ${one(['Carry into the high limb.', 'Mix the last block.', 'Branch free: both sides are computed.'])}`,
  () => `return ${bare(2)}, ${bare(1)}`,
])();
const operators = () => `func round${below(20)}(dst, src []byte, k *[16]uint32) uint32 {\n`
  + times(14 + below(22), () => `\t${statement('\t')}\n`).join('') + '}\n';

const python = sources('tests/', '.py');
const code = [...sources('src/', '.cpp'), ...python, ...sources('tests/', '.mjs')];
const numbered = (text) => text.split('\n').map((line, i) => `${String(i + 1).padStart(6)}\t${line}`).join('\n');
// What a coding agent's tools answer: a file's lines, an edit, matches of a search.
const result = (i) => {
  const { path, text } = i % 4 === 3 ? { path: 'cipher/round.go', text: operators() } : excerpt(code);
  const half = text.length >> 1;
  return JSON.stringify(one([
    () => ({ path, start_line: 1, content: numbered(text) }),
    () => ({ ok: true, path, edits: [{ old_string: text.slice(0, half), new_string: text.slice(half) }] }),
    () => ({ matches: text.split('\n').map((line, n) => ({ file: path, line: n + 1, text: line })), truncated: false }),
  ])());
};

const kinds = { operators, python: () => excerpt(python).text, tool_results: result };
for (const [kind, make] of Object.entries(kinds)) {
  const lines = times(32, (i) => JSON.stringify({ text: make(i) }));
  writeFileSync(new URL(`${kind}.jsonl`, import.meta.url), lines.join('\n') + '\n');
}
