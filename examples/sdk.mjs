// The official OpenAI SDK with Tidegate in between: `npm install openai`, then
// `node sdk.mjs [http://127.0.0.1:8080]`.
import OpenAI from 'openai';

const baseURL = `${process.argv[2] ?? 'http://127.0.0.1:8080'}/v1`;
const client = new OpenAI({ baseURL, apiKey: 'not needed' });

// `auto`: the policy chooses. Headers name the task and the role, for cost and to stay on one model.
const { data: stream, response } = await client.chat.completions
  .create(
    {
      model: 'auto',
      stream: true,
      messages: [{ role: 'user', content: 'Why do tides come twice a day?' }],
    },
    { headers: { 'x-tidegate-task': 'tides', 'x-tidegate-role': 'teacher' } },
  )
  .withResponse();

for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
console.log(`\n\n${response.headers.get('x-tidegate-model')}, since`);
console.log(response.headers.get('x-tidegate-reason'));
