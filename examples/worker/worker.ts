/**
 * A worker for runtimes with `fetch` and without Node, such as those at the edge: it imports no module of Node, and
 * reads no file and no environment.
 */
import { Kimi } from "@kimi-effect/client/promise"
import { isKimiError } from "@kimi-effect/core/KimiError"

interface Env {
  readonly KIMI_API_KEY: string
  readonly KIMI_BASE_URL?: string
}

let client: Kimi.Kimi | undefined

/** One client for all requests of an instance, so that they share limits and circuits. */
const clientOf = ({ KIMI_API_KEY: apiKey, KIMI_BASE_URL: baseUrl }: Env): Kimi.Kimi =>
  (client ??= Kimi.make({ apiKey, ...(baseUrl === undefined ? {} : { baseUrl }), deadline: "25 seconds" }))

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const question = new URL(request.url).searchParams.get("question")
    if (question === null) return Response.json({ error: "The parameter `question` is missing" }, { status: 400 })
    const messages = [{ role: "user", content: question }] as const
    // The connection to Kimi closes when the reader leaves.
    if (request.headers.get("accept") === "text/event-stream") {
      return clientOf(env).streamResponse({ messages }, { signal: request.signal })
    }
    try {
      const { text } = await clientOf(env).chat({ messages }, { signal: request.signal })
      return Response.json({ text })
    } catch (error) {
      if (!isKimiError(error)) throw error
      return Response.json({ error: error._tag, isRetryable: error.isRetryable }, { status: 503 })
    }
  }
}
