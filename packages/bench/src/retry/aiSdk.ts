/** The Vercel AI SDK with its Moonshot provider and its defaults: two retries. */
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { generateText, streamText } from "ai"
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const chatModel = createMoonshotAI({ baseURL, apiKey })(model)
  return {
    chat: async (call) => (await generateText({ model: chatModel, messages: messagesOf(call) })).text,
    stream: async (call) => {
      let text = ""
      // Errors are parts of the stream; without `onError` they are also logged.
      const result = streamText({ model: chatModel, messages: messagesOf(call), onError: () => undefined })
      for await (const part of result.fullStream) {
        if (part.type === "error") throw part.error
        if (part.type === "text-delta") text += part.text
      }
      return text
    },
    close: () => Promise.resolve()
  }
}
