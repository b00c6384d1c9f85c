/** LangChain's model for APIs compatible with OpenAI's, with its defaults: six retries. */
import { ChatOpenAI } from "@langchain/openai"
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const client = new ChatOpenAI({ model, apiKey, configuration: { baseURL } })
  return { chat: (call) => client.invoke(messagesOf(call)), close: () => Promise.resolve() }
}
