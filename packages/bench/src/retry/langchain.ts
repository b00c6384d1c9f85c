/** LangChain's model for APIs compatible with OpenAI's, with its defaults: six retries. */
import { ChatOpenAI } from "@langchain/openai"
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

export const make = (baseURL: string): Contestant => {
  const client = new ChatOpenAI({ model, apiKey, configuration: { baseURL } })
  return {
    chat: async (call) => (await client.invoke(messagesOf(call))).text,
    stream: async (call) => {
      let text = ""
      for await (const chunk of await client.stream(messagesOf(call))) text += chunk.text
      return text
    },
    close: () => Promise.resolve()
  }
}
