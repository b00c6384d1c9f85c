/** openai-node with its defaults: two retries. */
import OpenAI from "openai"
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const client = new OpenAI({ baseURL, apiKey })
  return {
    chat: (call) => client.chat.completions.create({ model, messages: messagesOf(call) }),
    close: () => Promise.resolve()
  }
}
