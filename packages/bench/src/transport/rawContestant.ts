/** Requests and bodies as programs without a library write and read them: `JSON.parse`, and events split by hand. */
import { type Contestant, messages, model } from "./Contestant.ts"

interface Completion {
  readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }>
}

interface Chunk {
  readonly choices: ReadonlyArray<{
    readonly delta: { readonly content?: string; readonly reasoning_content?: string }
  }>
}

/** Reads a stream to its end, and waits at each piece of content for what `onPiece` returns. */
const readPieces = async (body: AsyncIterable<Uint8Array>, onPiece: () => Promise<void> | undefined): Promise<void> => {
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

/** What a raw client receives. */
interface RawResponse {
  readonly json: () => Promise<unknown>
  readonly body: AsyncIterable<Uint8Array>
}

/** How a raw client sends a body to a URL. */
export type Post = (url: string, body: string) => Promise<RawResponse>

const bodyOf = (stream: boolean): string =>
  JSON.stringify({ model, messages, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) })

/** A contestant without a library. */
export const rawContestant = (name: string, post: Post, close: () => Promise<void>): Contestant => {
  const send = (baseUrl: string, stream: boolean) => post(`${baseUrl}/chat/completions`, bodyOf(stream))
  const read = async (baseUrl: string, onPiece: () => Promise<void> | undefined): Promise<void> =>
    readPieces((await send(baseUrl, true)).body, onPiece)

  return {
    name,
    chat: async (baseUrl) => {
      const response = await send(baseUrl, false)
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
    close
  }
}
