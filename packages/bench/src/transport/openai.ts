/** openai-node, configured for the server as for Kimi. */
import OpenAI from "openai"
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"

export const make = (): Contestant => {
  const clients = new Map<string, OpenAI>()
  const clientOf = (baseURL: string): OpenAI => {
    const client = clients.get(baseURL) ?? new OpenAI({ baseURL, apiKey, maxRetries: 0 })
    clients.set(baseURL, client)
    return client
  }
  const open = (baseUrl: string) =>
    clientOf(baseUrl).chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true }
    })

  const isPiece = (delta: object | undefined): boolean =>
    delta !== undefined && (("content" in delta && delta.content !== "") || "reasoning_content" in delta)

  return {
    name: "openai",
    chat: async (baseUrl) => {
      const answer = await clientOf(baseUrl).chat.completions.create({ model, messages })
      return answer.choices[0]?.message.content ?? ""
    },
    stream: async (baseUrl) => {
      let count = 0
      for await (const chunk of await open(baseUrl)) if (isPiece(chunk.choices[0]?.delta)) count++
      return count
    },
    hold: (baseUrl) =>
      new Promise((resolve, reject) => {
        const run = async () => {
          for await (const chunk of await open(baseUrl)) if (isPiece(chunk.choices[0]?.delta)) resolve()
        }
        run().catch(reject)
      }),
    close: () => Promise.resolve()
  }
}
