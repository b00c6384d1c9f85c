/** The platform's `fetch`, which does not retry: the lower bound of the latency, and of the success rate. */
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

export const make = (baseUrl: string): Contestant => ({
  chat: async (call) => {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: messagesOf(call) })
    })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return response.json()
  },
  close: () => Promise.resolve()
})
