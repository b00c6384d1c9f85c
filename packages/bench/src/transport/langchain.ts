/** LangChain's model for APIs compatible with OpenAI's, on openai-node. */
import { ChatOpenAI } from "@langchain/openai"
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"

export const make = (): Contestant => {
  const clients = new Map<string, ChatOpenAI>()
  const clientOf = (baseURL: string): ChatOpenAI => {
    const client = clients.get(baseURL) ?? new ChatOpenAI({ model, apiKey, maxRetries: 0, configuration: { baseURL } })
    clients.set(baseURL, client)
    return client
  }

  return {
    name: "langchain",
    chat: async (baseUrl) => (await clientOf(baseUrl).invoke(messages)).text,
    stream: async (baseUrl) => {
      let count = 0
      for await (const chunk of await clientOf(baseUrl).stream(messages)) if (chunk.text !== "") count++
      return count
    },
    hold: (baseUrl) =>
      new Promise((resolve, reject) => {
        const run = async () => {
          for await (const chunk of await clientOf(baseUrl).stream(messages)) if (chunk.text !== "") resolve()
        }
        run().catch(reject)
      }),
    close: () => Promise.resolve()
  }
}
