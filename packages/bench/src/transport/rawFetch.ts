/** The platform's `fetch`, with bodies read by hand. */
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"
import { type Completion, readPieces } from "./rawBody.ts"

const post = async (baseUrl: string, stream: boolean): Promise<Response> =>
  fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) })
  })

const read = async (baseUrl: string, onPiece: () => Promise<void> | undefined): Promise<void> => {
  const { body } = await post(baseUrl, true)
  if (body === null) throw new Error("The response has no body")
  await readPieces(body, onPiece)
}

export const make = (): Contestant => ({
  name: "fetch",
  chat: async (baseUrl) => {
    const response = await post(baseUrl, false)
    return ((await response.json()) as Completion).choices[0]?.message.content ?? ""
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
    new Promise((resolve, reject) => {
      read(baseUrl, () => {
        resolve()
        return new Promise(() => undefined)
      }).catch(reject)
    }),
  close: () => Promise.resolve()
})
