/** The lower bound: `undici.request`, `JSON.parse`, and lines split by hand. */
import { Agent, request } from "undici"
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"

interface Chunk {
  readonly choices: ReadonlyArray<{
    readonly delta: { readonly content?: string; readonly reasoning_content?: string }
  }>
}

interface Completion {
  readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }>
}

export const make = (): Contestant => {
  const dispatcher = new Agent({ connections: 1024 })

  const post = (baseUrl: string, stream: boolean) =>
    request(`${baseUrl}/chat/completions`, {
      dispatcher,
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) })
    })

  const read = async (baseUrl: string, onPiece: () => Promise<void> | undefined): Promise<void> => {
    const { body } = await post(baseUrl, true)
    const decoder = new TextDecoder()
    let rest = ""
    for await (const bytes of body) {
      rest += decoder.decode(bytes, { stream: true })
      const events = rest.split("\n\n")
      rest = events.pop() ?? ""
      for (const event of events) {
        const data = event.slice(6)
        if (data === "[DONE]") continue
        const delta = (JSON.parse(data) as Chunk).choices[0]?.delta
        if (delta?.content || delta?.reasoning_content) await onPiece()
      }
    }
  }

  return {
    name: "undici",
    chat: async (baseUrl) => {
      const { body } = await post(baseUrl, false)
      return ((await body.json()) as Completion).choices[0]?.message.content ?? ""
    },
    stream: async (baseUrl) => {
      let count = 0
      await read(baseUrl, () => {
        count++
        return undefined
      })
      return count
    },
    hold: (baseUrl) =>
      new Promise((resolve) => {
        void read(baseUrl, () => {
          resolve()
          return new Promise(() => undefined)
        })
      }),
    close: () => dispatcher.destroy()
  }
}
