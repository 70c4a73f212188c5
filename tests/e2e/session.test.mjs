// A session as Claude Code leads it: 40 turns of thinking and tools on the Messages surface, sent to
// DeepSeek, then to Claude, then back, with changes in the middle of tool loops.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { startGateway, startSimulator } from './harness.mjs';

const turns = 40;
const deepseek = 'deepseek-v4-pro';
const claude = 'claude-opus-4.7';
const modelOf = (turn) => (turn < 15 || turn >= 28 ? deepseek : claude);

const system = [
  { type: 'text', text: 'You are an agent for the harbour.', cache_control: { type: 'ephemeral' } },
];
const tools = [
  {
    name: 'Bash',
    description: 'Runs a command',
    input_schema: {
      type: 'object',
      properties: { command: { type: 'string' } },
      required: ['command'],
    },
  },
];

let simulator;
let gateway;
let client;

before(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    providers: {
      deepseek: simulator.provider('deepseek', 'deepseek'),
      anthropic: simulator.provider('anthropic', 'anthropic'),
    },
    retry: { attempts: 1 },
  });
  client = new Anthropic({
    baseURL: gateway.url,
    apiKey: 'any',
    maxRetries: 0,
    defaultHeaders: { 'x-sim-rate': '100000', 'x-sim-first-token': '0ms' },
  });
});
after(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

/** Strings of a stored request that the model thought about, by what the simulator understood. */
const reached = (entry) => entry.reasoning.join('\n');

it('forty turns over two changes of model, and no reasoning is lost', async () => {
  const messages = [];
  const thoughts = []; // {maker, text}: what the client was shown
  let requests = 0;
  for (let turn = 0; turn < turns; ++turn) {
    messages.push({ role: 'user', content: `Turn ${turn}. Please use the tool in 2 steps.` });
    let model = modelOf(turn);
    for (;;) {
      await simulator.reset();
      const message = await client.messages
        .stream({
          model,
          max_tokens: 8000,
          system,
          tools,
          messages,
          thinking: { type: 'adaptive', display: 'summarized' },
          metadata: { user_id: 'user_1_account__session_2' },
        })
        .finalMessage();
      ++requests;
      const [sent] = await simulator.log();
      assert.equal(sent.status, 200);
      if (model === deepseek) {
        // DeepSeek takes all reasoning in plain text, whoever made it.
        for (const thought of thoughts) {
          assert.ok(reached(sent).includes(thought.text), `turn ${turn}: ${thought.text}`);
        }
      } else {
        // Claude takes back its own, unbroken: the simulator has verified each signature.
        const own = thoughts.filter((thought) => thought.maker === claude);
        for (const thought of own) assert.ok(reached(sent).includes(thought.text), thought.text);
        assert.ok(!sent.body.includes('tidegate1.'), 'an envelope of ours went to the provider');
      }
      for (const block of message.content) {
        if (block.type !== 'thinking') continue;
        assert.ok(block.signature, 'a thinking block needs a signature');
        if (block.thinking) thoughts.push({ maker: model, text: block.thinking });
      }
      messages.push({ role: 'assistant', content: message.content });
      const calls = message.content.filter((block) => block.type === 'tool_use');
      assert.equal(message.stop_reason, calls.length ? 'tool_use' : 'end_turn');
      if (calls.length === 0) break;
      messages.push({
        role: 'user',
        content: [
          ...calls.map((call) => ({
            type: 'tool_result',
            tool_use_id: call.id,
            content: [{ type: 'text', text: `done: ${call.input.command}` }],
          })),
          { type: 'text', text: '<system-reminder>Keep going.</system-reminder>' },
        ],
      });
      // Now and then the other model goes on with an open tool loop.
      if (turn % 7 === 3) model = model === deepseek ? claude : deepseek;
    }
  }
  assert.equal(requests, 3 * turns);
  assert.ok(thoughts.filter((thought) => thought.maker === deepseek).length > turns);
  assert.ok(thoughts.some((thought) => thought.maker === claude));
});
