/** Kimi without Effect: promises, `for await`, `AbortSignal`, and errors as classes. */
import { Kimi } from "@kimi-effect/client/node"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"

// The key is read from KIMI_API_KEY. Give `{ apiKey }` to use another one.
const kimi = Kimi.make({ model: "kimi-k3", maxConcurrency: 10 })

const messages = [{ role: "user", content: "Hello world!" }] as const

try {
  const response = await kimi.chat({ messages }, { timeout: "1 minute" })
  process.stdout.write(`${response.text}\n`)
} catch (error) {
  if (error instanceof RateLimitError) process.stdout.write(`Too many calls: ${error.hint}\n`)
  else throw error
}

const stream = kimi.stream({ messages })
for await (const event of stream) {
  if (event._tag === "TextDelta") process.stdout.write(event.text)
  if (event._tag === "Finish") process.stdout.write("\n")
}
const { usage } = await stream.response()
process.stdout.write(`${usage?.completion_tokens} tokens\n`)

try {
  await kimi.chat({ messages }, { signal: AbortSignal.timeout(0) })
} catch (error) {
  process.stdout.write(`${error instanceof DOMException ? error.name : String(error)}\n`)
}

// On a server, call it when the process receives SIGTERM. `await using kimi = …` does it at the end of a block.
await kimi.close()
