/** The Vercel AI SDK with its Moonshot provider. */
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { generateText, streamText } from "ai"
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"

export const make = (): Contestant => {
  const modelAt = (baseURL: string) => createMoonshotAI({ baseURL, apiKey })(model)
  const isPiece = (part: { readonly type: string }): boolean =>
    part.type === "text-delta" || part.type === "reasoning-delta"

  return {
    name: "ai-sdk",
    chat: async (baseUrl) => (await generateText({ model: modelAt(baseUrl), messages, maxRetries: 0 })).text,
    stream: async (baseUrl) => {
      let count = 0
      for await (const part of streamText({ model: modelAt(baseUrl), messages, maxRetries: 0 }).fullStream) {
        if (isPiece(part)) count++
      }
      return count
    },
    hold: (baseUrl) =>
      new Promise((resolve, reject) => {
        const run = async () => {
          for await (const part of streamText({ model: modelAt(baseUrl), messages, maxRetries: 0 }).fullStream) {
            if (isPiece(part)) resolve()
          }
        }
        run().catch(reject)
      }),
    close: () => Promise.resolve()
  }
}
