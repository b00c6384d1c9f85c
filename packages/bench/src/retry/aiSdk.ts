/** The Vercel AI SDK with its Moonshot provider and its defaults: two retries. */
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { generateText } from "ai"
import { apiKey, messages, model } from "../transport/Contestant.ts"
import type { Contestant } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const chatModel = createMoonshotAI({ baseURL, apiKey })(model)
  return { chat: () => generateText({ model: chatModel, messages }), close: () => Promise.resolve() }
}
