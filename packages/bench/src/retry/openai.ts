/** openai-node with its defaults: two retries. */
import OpenAI from "openai"
import { apiKey, messages, model } from "../transport/Contestant.ts"
import type { Contestant } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const client = new OpenAI({ baseURL, apiKey })
  return { chat: () => client.chat.completions.create({ model, messages }), close: () => Promise.resolve() }
}
