/** The Vercel AI SDK with its Moonshot provider and its defaults: two retries. */
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { generateText } from "ai"
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const chatModel = createMoonshotAI({ baseURL, apiKey })(model)
  return {
    chat: (call) => generateText({ model: chatModel, messages: messagesOf(call) }),
    close: () => Promise.resolve()
  }
}
