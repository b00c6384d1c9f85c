/** The platform's `fetch`, which does not retry: the lower bound of the latency, and of the success rate. */
import { apiKey, model } from "../transport/Contestant.ts"
import { type Contestant, messagesOf } from "./Contestant.ts"

interface Completion {
  readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }>
}

interface Chunk {
  readonly choices: ReadonlyArray<{ readonly delta: { readonly content?: string } }>
}

const textOfEvent = (event: string): string => {
  const data = event.slice("data: ".length)
  if (data === "" || data === "[DONE]") return ""
  return (JSON.parse(data) as Chunk).choices[0]?.delta.content ?? ""
}

export const make = (baseUrl: string): Contestant => {
  const post = async (call: number, stream: boolean): Promise<Response> => {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: messagesOf(call), ...(stream ? { stream } : {}) })
    })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return response
  }

  return {
    chat: async (call) => ((await (await post(call, false)).json()) as Completion).choices[0]?.message.content ?? "",
    stream: async (call) => {
      const events = (await (await post(call, true)).text()).split("\n\n")
      return events.map(textOfEvent).join("")
    },
    close: () => Promise.resolve()
  }
}
