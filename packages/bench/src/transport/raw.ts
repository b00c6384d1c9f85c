/** The lower bound: `undici.request`, with bodies read by hand. */
import { Agent, request } from "undici"
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"
import { type Completion, readPieces } from "./rawBody.ts"

export const make = (): Contestant => {
  const dispatcher = new Agent({ connections: 1024 })

  const post = (baseUrl: string, stream: boolean) =>
    request(`${baseUrl}/chat/completions`, {
      dispatcher,
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) })
    })

  const read = async (baseUrl: string, onPiece: () => Promise<void> | undefined): Promise<void> =>
    readPieces((await post(baseUrl, true)).body, onPiece)

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
