"""The official OpenAI SDK with Tidegate in between: `pip install openai`, then
`python3 sdk.py [http://127.0.0.1:8080]`."""

import sys

from openai import OpenAI

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
client = OpenAI(base_url=f"{url}/v1", api_key="not needed")

# `auto`: the policy chooses. Headers name the task and the role, for cost and to stay on one model.
answer = client.chat.completions.with_raw_response.create(
    model="auto",
    messages=[{"role": "user", "content": "Why do tides come twice a day?"}],
    extra_headers={"x-tidegate-task": "tides", "x-tidegate-role": "teacher"},
)
print(answer.parse().choices[0].message.content)
print(f"\n{answer.headers['x-tidegate-model']}, since\n{answer.headers['x-tidegate-reason']}")
