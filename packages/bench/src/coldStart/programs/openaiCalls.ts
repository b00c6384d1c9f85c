/** Chats with openai-node, for `memory.ts`. */
import OpenAI from "openai"

export const make = (baseURL: string): (() => Promise<string>) => {
  const client = new OpenAI({ baseURL, apiKey: "sk-bench-0123456789", maxRetries: 0 })
  const request = {
    model: "kimi-k3",
    messages: [{ role: "user" as const, content: "Reply with exactly one word: hello." }]
  }
  return async () => (await client.chat.completions.create(request)).choices[0]?.message.content ?? ""
}
