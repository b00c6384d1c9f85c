/** openai-node with its defaults: two retries. */
import OpenAI from "openai"
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const client = new OpenAI({ baseURL, apiKey })
  return {
    chat: async (call) => {
      const answer = await client.chat.completions.create({ model, messages: messagesOf(call) })
      return answer.choices[0]?.message.content ?? ""
    },
    stream: async (call) => {
      let text = ""
      const chunks = await client.chat.completions.create({ model, messages: messagesOf(call), stream: true })
      for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? ""
      return text
    },
    close: () => Promise.resolve()
  }
}
