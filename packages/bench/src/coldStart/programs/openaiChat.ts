/** The same chat with openai-node. */
import OpenAI from "openai"

const client = new OpenAI({ apiKey: "sk-bench-0123456789", baseURL: process.argv[2], maxRetries: 0 })

const { choices } = await client.chat.completions.create({
  model: "kimi-k3",
  messages: [{ role: "user", content: "Hello!" }]
})
process.stdout.write(choices[0]?.message.content ?? "")
