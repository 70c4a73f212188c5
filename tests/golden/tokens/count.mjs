// Writes the reference token counts into the samples beside this file. Needed only when samples change:
//   npm install --no-save gpt-tokenizer && node tests/golden/tokens/count.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { encode as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { encode as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';

for (const kind of ['prose', 'code', 'chinese', 'json', 'operators', 'python', 'tool_results']) {
  const file = new URL(`${kind}.jsonl`, import.meta.url);
  const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => {
    const { text } = JSON.parse(line);
    return JSON.stringify({ o200k_base: o200k(text).length, cl100k_base: cl100k(text).length, text });
  });
  writeFileSync(file, lines.join('\n') + '\n');
}
