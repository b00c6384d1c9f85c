/** A host that counts the bytes of an upload and keeps none of them. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Effect, Latch } from "effect"

interface UploadHost {
  readonly url: string
  /** Bytes of the bodies so far. */
  readonly received: () => number
  /** Completes when the head of an upload has arrived. */
  readonly begun: Effect.Effect<void>
  /** Completes when the connection of a request was closed before its response. */
  readonly aborted: Effect.Effect<void>
  /** Reads what a handler has not read: only then a host sees the end of a connection. */
  readonly resume: Effect.Effect<void>
}

const stored = JSON.stringify({ id: "f", bytes: 1, created_at: 1, filename: "a", purpose: "batch", status: "ready" })

/** Reads uploads to their end, then responds. */
export const readAll = (message: IncomingMessage, response: ServerResponse): void => {
  message.resume()
  message.once("end", () => response.end(stored))
}

/** Reads nothing of an upload and does not respond. */
export const readNothing = (message: IncomingMessage): void => void message.pause()

/** Responds as soon as the head of an upload has arrived, and reads nothing. */
export const refuseEarly = (_: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(401, { "content-type": "application/json", connection: "close" })
  response.end(JSON.stringify({ error: { message: "Invalid Authentication", type: "invalid_authentication_error" } }))
}

/** Starts a host for the lifetime of the scope. */
export const make = (handle: (message: IncomingMessage, response: ServerResponse) => void) =>
  Effect.gen(function* () {
    const begun = Latch.makeUnsafe(false)
    const aborted = Latch.makeUnsafe(false)
    const messages: Array<IncomingMessage> = []
    let received = 0
    const server = createServer((message, response) => {
      response.once("close", () => {
        if (!response.writableFinished) aborted.openUnsafe()
      })
      begun.openUnsafe()
      messages.push(message)
      handle(message, response)
      // A listener lets the body flow, unless the handler has paused it.
      if (!message.isPaused()) message.on("data", (part: Buffer) => (received += part.length))
    })
    const port = yield* Effect.acquireRelease(
      Effect.callback<number>((resume) => {
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          resume(typeof address === "object" && address !== null ? Effect.succeed(address.port) : Effect.die(address))
        })
      }),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const host: UploadHost = {
      url: `http://127.0.0.1:${port}/v1`,
      received: () => received,
      begun: begun.await,
      aborted: aborted.await,
      resume: Effect.sync(() => {
        for (const message of messages) message.resume()
      })
    }
    return host
  })
