/**
 * A client that reports what came over the wire and judges nothing.
 */
import * as http from "node:http"
import * as Effect from "effect/Effect"

export interface Observed {
  readonly status: number | undefined
  readonly headers: http.IncomingHttpHeaders
  /** The body, as the network cut it. */
  readonly chunks: ReadonlyArray<Buffer>
  readonly text: string
  /** `end`, the code of the error that ended it, or `left` when patience ran out. */
  readonly outcome: string
  /** Milliseconds from the request to the headers; `NaN` when none came. */
  readonly headersAfter: number
  /** Milliseconds from the request to the end. */
  readonly endAfter: number
}

export interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  /** Milliseconds after which the client leaves, counted from when the request is out. */
  readonly patience?: number
  readonly agent?: http.Agent
}

export const request = (url: string, asked: Asked = {}): Effect.Effect<Observed> =>
  Effect.callback<Observed>((resume) => {
    const leave = send(url, asked, (observed) => resume(Effect.succeed(observed)))
    return Effect.sync(leave)
  })

export const question = { model: "kimi-k3", messages: [{ role: "user", content: "Hello world!" }] }

export const chat = (url: string, body: object = {}, asked: Asked = {}): Effect.Effect<Observed> =>
  request(`${url}/chat/completions`, { ...asked, body: { ...question, ...body } })

const send = (url: string, asked: Asked, onObserved: (observed: Observed) => void): (() => void) => {
  const began = performance.now()
  const chunks: Array<Buffer> = []
  let response: http.IncomingMessage | undefined
  let headersAfter = Number.NaN
  let timer: NodeJS.Timeout | undefined
  const settle = (outcome: string) => {
    clearTimeout(timer)
    onObserved({
      status: response?.statusCode,
      headers: response?.headers ?? {},
      chunks,
      text: Buffer.concat(chunks).toString("utf8"),
      outcome,
      headersAfter,
      endAfter: performance.now() - began
    })
  }
  const fail = (error: NodeJS.ErrnoException) => settle(error.code ?? error.message)
  const outgoing = http.request(
    url,
    {
      method: asked.method ?? (asked.body === undefined ? "GET" : "POST"),
      agent: asked.agent ?? new http.Agent({ keepAlive: false }),
      headers: { authorization: "Bearer sk-test", "content-type": "application/json", ...asked.headers }
    },
    (incoming) => {
      response = incoming
      headersAfter = performance.now() - began
      incoming.on("data", (part: Buffer) => void chunks.push(part))
      incoming.once("end", () => settle("end"))
      incoming.once("error", fail)
    }
  )
  const leave = () => {
    clearTimeout(timer)
    outgoing.destroy()
  }
  const { patience } = asked
  if (patience !== undefined) {
    outgoing.once("finish", () => {
      timer = setTimeout(() => {
        settle("left")
        leave()
      }, patience)
    })
  }
  // An error after the answer has ended tells nothing new, but must not go unheard.
  outgoing.on("error", fail)
  outgoing.end(typeof asked.body === "object" ? JSON.stringify(asked.body) : asked.body)
  return leave
}
