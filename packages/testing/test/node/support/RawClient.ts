/**
 * A client that reports what it receives, without interpretation.
 */
import * as http from "node:http"
import * as Effect from "effect/Effect"

export interface Observed {
  readonly status: number | undefined
  readonly headers: http.IncomingHttpHeaders
  /** The body in the parts in which it arrived. */
  readonly chunks: ReadonlyArray<Buffer>
  readonly text: string
  /** `end`, the code of the error, or `disconnected` after `disconnectAfter`. */
  readonly outcome: string
  /** Milliseconds from the request to the headers; `NaN` when none came. */
  readonly headersAfter: number
  /** Milliseconds from the request to the end. */
  readonly endAfter: number
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  /** Milliseconds after sending the request until the client disconnects. */
  readonly disconnectAfter?: number
  readonly agent?: http.Agent
}

export const request = (url: string, options: RequestOptions = {}): Effect.Effect<Observed> =>
  Effect.callback<Observed>((resume) => {
    const disconnect = send(url, options, (observed) => resume(Effect.succeed(observed)))
    return Effect.sync(disconnect)
  })

export const question = { model: "kimi-k3", messages: [{ role: "user", content: "Hello world!" }] }

export const chat = (url: string, body: object = {}, options: RequestOptions = {}): Effect.Effect<Observed> =>
  request(`${url}/chat/completions`, { ...options, body: { ...question, ...body } })

const send = (url: string, options: RequestOptions, onObserved: (observed: Observed) => void): (() => void) => {
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
      method: options.method ?? (options.body === undefined ? "GET" : "POST"),
      agent: options.agent ?? new http.Agent({ keepAlive: false }),
      headers: { authorization: "Bearer sk-test", "content-type": "application/json", ...options.headers }
    },
    (incoming) => {
      response = incoming
      headersAfter = performance.now() - began
      incoming.on("data", (part: Buffer) => void chunks.push(part))
      incoming.once("end", () => settle("end"))
      incoming.once("error", fail)
    }
  )
  const disconnect = () => {
    clearTimeout(timer)
    outgoing.destroy()
  }
  const { disconnectAfter } = options
  if (disconnectAfter !== undefined) {
    outgoing.once("finish", () => {
      timer = setTimeout(() => {
        settle("disconnected")
        disconnect()
      }, disconnectAfter)
    })
  }
  // An error after the end of the response is irrelevant, but an unhandled one would end the process.
  outgoing.on("error", fail)
  outgoing.end(typeof options.body === "object" ? JSON.stringify(options.body) : options.body)
  return disconnect
}
